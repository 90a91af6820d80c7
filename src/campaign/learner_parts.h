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
};

/* Collective. Trains `model` on rows of the table until done, or at most about `seconds`. No valid rows: no calibration.
 * restart: from new weights. *steps and *loss may be NULL; metrics [AFB_N_LABELS] or NULL. */
afb_status afb_learner_fit(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                           int restart, uint64_t seed, double seconds, int64_t *steps, double *loss, afb_metrics *metrics);

/* Samples whose label of that target is known, and of these the ones labelled 1. */
void afb_count_labels(const afb_set_table *table, int target, int64_t *known, int64_t *positive);

#endif
