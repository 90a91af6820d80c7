/* Whether it pays to start a campaign's model from one that learned from other ions: learning curves on ions that are new.
 *
 * Ions are dealt to folds; those of one are new. A third of their runs, by a hash, judge; of the others n are drawn to learn from, the smaller drafts being
 * parts of the larger ones. Predictors: what is trained on these n runs from new weights; what was trained on the runs of all other ions, as it is, and
 * trained on with the n runs (the way of model.start and campaign.pretrained); logistic regression on the hand features of the n runs. */
#ifndef AFB_CAMPAIGN_PRETRAINING_H
#define AFB_CAMPAIGN_PRETRAINING_H

#include <mpi.h>

#include "campaign/features.h"
#include "core/status.h"
#include "learn/set_table.h"

typedef enum { AFB_START_NEW, AFB_START_KEPT, AFB_START_TUNED, AFB_START_LOGISTIC, AFB_N_STARTS } afb_start;
enum { AFB_PRETRAINING_FOLDS = 4, AFB_PRETRAINING_GROUPS = 2 /* folds that are new in turn */, AFB_PRETRAINING_DRAFTS = 2, AFB_PRETRAINING_SIZES = 3,
       AFB_PRETRAINING_TURNS = AFB_PRETRAINING_GROUPS * AFB_PRETRAINING_DRAFTS };
extern const int afb_pretraining_size[AFB_PRETRAINING_SIZES];

/* Of each turn; NaN where a group has too few runs. */
typedef struct {
  double auc[AFB_PRETRAINING_SIZES][AFB_N_STARTS][AFB_N_TARGETS][AFB_PRETRAINING_TURNS];
  double log_loss[AFB_PRETRAINING_SIZES][AFB_N_STARTS][AFB_N_TARGETS][AFB_PRETRAINING_TURNS];
  double others[AFB_PRETRAINING_GROUPS], judged[AFB_PRETRAINING_GROUPS];   /* runs */
  double cpu_seconds;          /* of all ranks */
} afb_pretraining;

/* Collective; the table is the same on every rank, and so is the result. AFB_E_MEMORY, the statuses of training. Cost: for 20,000 runs some minutes of a
 * core. */
afb_status afb_pretraining_run(MPI_Comm comm, const afb_set_table *table, afb_pretraining *out);

#endif
