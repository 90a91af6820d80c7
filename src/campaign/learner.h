/* The learner of a campaign: every rank holds the same table of labelled sets and the same model; rank 0 has what is new.
 *
 * Validation is of two kinds, neither of which sees the tested sets while it trains or calibrates:
 *   ions    the ions are dealt to folds; every set is predicted by a model that was trained on the other folds
 *   size    models trained on sets of up to s configurations predict the larger ones (about a third of all)
 * Areas under the curve are means over the folds, weighted by their labels. Beside the model stand logistic regression on hand features and the majority class, fitted on the same parts. */
#ifndef AFB_CAMPAIGN_LEARNER_H
#define AFB_CAMPAIGN_LEARNER_H

#include <mpi.h>
#include <stdint.h>

#include "atomic/mcdhf.h"
#include "campaign/features.h"
#include "campaign/gain.h"
#include "campaign/graph.h"
#include "core/status.h"
#include "learn/metrics.h"
#include "learn/model.h"

/* A set whose outcome is, or is to be, known. */
typedef struct {
  afb_ion ion;
  const afb_candidates *candidates;
  const afb_node *node;
  int added;                   /* candidate; -1: none (a root) */
  const afb_node *start;       /* the set whose orbitals it starts from; NULL: start potential */
  int n_levels;
  double estimate;             /* core-seconds, from the input alone (engine/engine.h); NaN: unknown, and no cost is predicted */
  float label[AFB_N_LABELS];   /* NaN: unknown */
  int failed_n, failed_l;      /* label: the orbital that a failure was put down to; failed_n = 0: unknown */
} afb_sample;

/* Labels of a run. `gain` NULL: not known. Convergence is unknown where the outcome says nothing of it (infeasible, a resource limit ...), the rung of
 * an imported outcome too, the cost without an estimate. */
void afb_sample_label(afb_outcome outcome, int rung, double core_seconds, double estimate, const afb_gain *gain,
                      float label[AFB_N_LABELS]);

/* What the model says of a candidate. NaN: the set cannot be described; log_cost without an estimate. */
typedef struct {
  float p[AFB_N_TARGETS], spread[AFB_N_TARGETS];  /* converged at the cheapest rung; at all; standard deviation over the ensemble */
  float log_cost, log_cost_sd;                    /* natural log of core-seconds */
  float fresh;                                    /* probability that the run has a level led by the added configuration */
  float log_lowering;                             /* log10 of hartree, within -7 ... 1 */
  float p_lowering;                               /* probability that the lowering is at least AFB_USEFUL_LOWERING */
} afb_forecast;

typedef struct afb_learner afb_learner;

/* Collective on `comm`, which is duplicated. AFB_E_MEMORY. */
afb_status afb_learner_create(MPI_Comm comm, uint64_t seed, afb_learner **out);
void afb_learner_destroy(afb_learner **learner);

/* What is called between the steps of a training, often: 1 on rank 0 ends it with what was learnt so far. NULL: nothing. */
void afb_learner_watch(afb_learner *learner, int (*poll)(void *), void *context);

/* Trainings that can be interrupted: on a signal, at the end of an allocation. */
typedef struct {
  const char *path;            /* of the checkpoint: made now and then and when training is left, removed by the owner; NULL: there is none */
  int64_t identity;            /* of the input; that of the table is added */
  int (*stop)(void *context);  /* asked on every rank between steps: whether to leave off */
  void *context;
} afb_learner_keeping;
/* Before afb_learner_train, which then goes on from the checkpoint of the same input and table, if there is one, and ends with the same weights, bit for
 * bit, on the same number of ranks. Left, it and afb_learner_validate return AFB_OK without a result, and afb_learner_interrupted becomes 1. */
void afb_learner_keep(afb_learner *learner, const afb_learner_keeping *keeping);
int afb_learner_interrupted(const afb_learner *learner);

/* Rank 0: what the next training will learn as well. AFB_E_MEMORY. */
afb_status afb_learner_add(afb_learner *learner, const afb_sample *sample);

typedef struct {
  int64_t n_training, n_validation;
  int64_t steps;
  double loss;                 /* of the last slice of steps */
  double seconds;
  int validated;
  afb_metrics validation[AFB_N_LABELS];    /* on the ions that calibrate the model: not honest, for the trace only */
} afb_learner_round;

/* Collective. Hands the new samples to all ranks and goes on training for at most about `seconds`; from new weights whenever the
 * table has doubled since the last such start. AFB_OK without training when no label is known. The statuses of
 * learn/train.h and campaign/features.h. */
afb_status afb_learner_train(afb_learner *learner, double seconds, afb_learner_round *round);
/* Whether there is a model. The same on every rank. */
int afb_learner_ready(const afb_learner *learner);

/* Collective. Rank 0 gives n samples (labels ignored); it gets forecast[n]. Ranks share the work. AFB_E_MEMORY. */
afb_status afb_learner_predict(afb_learner *learner, int64_t n, const afb_sample *sample, afb_forecast *forecast);

typedef enum { AFB_SPLIT_IONS, AFB_SPLIT_SIZE, AFB_N_SPLITS } afb_split_kind;
typedef enum { AFB_METHOD_MODEL, AFB_METHOD_LOGISTIC, AFB_METHOD_MAJORITY, AFB_N_METHODS } afb_method;
const char *afb_method_name(afb_method method);

typedef struct {
  int done[AFB_N_SPLITS];      /* 0: too few labels or one class only */
  int largest_train;           /* of the split by size */
  int folds;
  double seconds;
  afb_metrics metrics[AFB_N_SPLITS][AFB_N_TARGETS][AFB_N_METHODS];
} afb_validation;

/* Collective. Hands the new samples to all ranks, then trains and tests apart from the learner's own model, for at most about `seconds`. The statuses of training. */
afb_status afb_learner_validate(afb_learner *learner, double seconds, afb_validation *validation);

/* The model, NULL when there is none. */
const afb_model *afb_learner_model(const afb_learner *learner);
/* Rank 0, with a model: its description for the file: the spec on the first line, then the model card, a JSON object: inputs, data, splits, targets
 * with what constants reach on them, and the metrics given. *text is malloc'ed. AFB_E_MEMORY. */
afb_status afb_learner_card(const afb_learner *learner, int n_metrics, const afb_store_metric *metric, char **text);
/* Collective. Takes a stored model up: spec as text (what follows its first line is not read), arrays and counts on rank 0. AFB_E_FOREIGN when they do not fit. */
afb_status afb_learner_restore(afb_learner *learner, const char *spec, int64_t step, int64_t n_parameters,
                               const float *parameters, int64_t n_optimiser, const float *optimiser);
/* How many samples taught the model that was taken up: it is trained from new weights when there are twice as many. The same on all ranks. */
void afb_learner_count_earlier(afb_learner *learner, int64_t n);
/* However many the new samples are, the model that was taken up goes on from its weights. The same on all ranks. */
void afb_learner_go_on(afb_learner *learner);
/* Arrays to store, malloc'ed: weight then scale; moment1 then moment2. AFB_E_MEMORY. */
afb_status afb_learner_arrays(const afb_learner *learner, int64_t *n_parameters, float **parameters,
                              int64_t *n_optimiser, float **optimiser);

#endif
