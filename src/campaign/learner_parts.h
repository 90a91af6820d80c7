/* Inside of the learner (campaign/learner.c, campaign/validation.c). */
#ifndef AFB_CAMPAIGN_LEARNER_PARTS_H
#define AFB_CAMPAIGN_LEARNER_PARTS_H

#include "campaign/learner.h"
#include "campaign/message.h"
#include "learn/set_table.h"
#include "learn/train.h"

typedef struct {
  afb_ion ion;
  afb_feature_ion *features;   /* NULL: the ion cannot be described */
} afb_known_ion;

struct afb_learner {
  MPI_Comm comm;
  int rank, size;
  uint64_t seed;
  afb_set_table table;         /* every labelled set, the same on every rank */
  afb_bytes pending;           /* rank 0: packed samples that the others have not got yet */
  int64_t n_pending;
  int n_ions, ion_capacity;
  afb_known_ion *ion;
  afb_model *model;
  int64_t started_with;        /* samples when training last started from new weights; -1: not known */
  int goes_on;                 /* never from new weights */
  int (*poll)(void *);         /* between steps; may be NULL */
  void *poll_context;
  afb_learner_keeping keeping;
  int interrupted;
  double saved;                /* time of the last checkpoint */
  int64_t first_step;          /* at which the training that is kept began */
  afb_descent_progress progress;
};

/* Collective. What an earlier training of the same input on the same table left: the learner's model and progress are that then. Statuses of files. */
afb_status afb_learner_resume(afb_learner *learner, int *resumed);
/* Collective. Makes the checkpoint. */
afb_status afb_learner_save(afb_learner *learner, afb_trainer *trainer);
int afb_learner_save_is_due(const afb_learner *learner);

/* Collective. Trains `model` on rows of the table until done, or at most about `seconds`. No valid rows: no calibration.
 * earlier: samples that taught the model so far, 0: it starts from new weights. When the learner keeps its training, the model's is gone on with from learner->first_step unless that is -1, and any may be
 * interrupted. *steps and *loss may be NULL; metrics [AFB_N_LABELS] or NULL. */
afb_status afb_learner_fit(afb_learner *learner, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                           int64_t earlier, uint64_t seed, double seconds, int64_t *steps, double *loss, afb_metrics *metrics);

/* Collective. Hands what is new to all ranks. */
afb_status afb_learner_share(afb_learner *learner);
/* Collective. A new model of the kind that this learner trains. */
afb_status afb_learner_new_model(const afb_learner *learner, afb_model **out);

/* Samples whose label of that target is known, and of these the ones labelled 1. */
void afb_count_labels(const afb_set_table *table, int target, int64_t *known, int64_t *positive);

#endif
