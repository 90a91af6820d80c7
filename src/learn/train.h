/* Training in data parallel.
 *
 * Minimises the mean over samples and targets with a known label of the losses of learn/head.h by AdamW (Loshchilov and Hutter,
 * ICLR 2019, arXiv:1711.05101) with linear warm-up and a cosine schedule. Every rank of the communicator
 * holds the same table and the same model. Batches come from counter-based shuffles that depend on (seed, epoch) alone; each rank takes its
 * contiguous share of a batch, and the gradient is summed over ranks by non-blocking reductions of the parts of the flat
 * gradient that are complete while the backward pass of the others continues. The loss curve is the same on any
 * number of ranks up to the order of summation.
 *
 * A trainer can be advanced in slices between which its owner does other things. */
#ifndef AFB_LEARN_TRAIN_H
#define AFB_LEARN_TRAIN_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "learn/descent.h"
#include "learn/metrics.h"
#include "learn/model.h"
#include "learn/set_table.h"

typedef struct {
  int64_t batch;               /* samples a step, over all ranks */
  int64_t steps;               /* of this training, over which the schedule goes */
  int64_t warmup;              /* steps of linear rise */
  double rate;                 /* largest learning rate */
  double weight_decay;
  double clip;                 /* gradient norm limit; 0: none */
  const char *optimiser, *schedule;   /* names in learn/optimiser.h; NULL: adamw, cosine */
  double constants;            /* as afb_descent_options */
  double blame;                /* weight of ln(part of the risk given to the token that failed); 0: not learnt from */
  int64_t patience;            /* stop when the validation loss has not fallen for so many evaluations; 0: never */
  int64_t evaluate_every;      /* steps between evaluations of the validation loss; 0: one epoch */
  int restart;                 /* 1: forget weights and moments first (a new start from spec.seed); 0: continue */
  int64_t first_step;          /* model->step at which this training began, to resume it on the same table; < 0: now */
  uint64_t seed;               /* order of samples, dropout */
} afb_train_options;

/* Sensible for n_train samples: batch, steps and patience grow with it. */
void afb_train_options_default(int64_t n_train, afb_train_options *options);
/* The same for a model that goes on from the weights that n_earlier samples taught. Where these were more, the largest rate is
 * sqrt(n_train/n_earlier) times as large, or a few samples would undo what many taught. */
void afb_train_options_again(int64_t n_train, int64_t n_earlier, afb_train_options *options);

typedef struct afb_trainer afb_trainer;

/* Collective on `comm` (duplicated inside). Copies nothing: model, train and valid must outlive the trainer and not change
 * while it lives. Fits the standardisation on `train` if the model has never been trained or on restart. A new start begins
 * from logistic regression on the globals where the kind of model can express it.
 * `valid` decides for each member of the ensemble which weights are kept (those of the least loss seen), and (a, b) of the
 * calibration. When valid is NULL or has fewer than 30 rows with a known label it is not used, and train, if it has at least 60, is
 * dealt to folds of whole groups: each member is trained without one fold, which decides for it; (a, b) and the metrics are fitted
 * to these predictions of what a member had not seen. This is the better use of little data. The folds depend on the table: on one
 * that has grown use restart, or members are judged by what they learnt before.
 * AFB_E_INPUT: no known label in train, widths differ, options out of range. AFB_E_MEMORY. The same on every rank. */
afb_status afb_trainer_create(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                              const afb_train_options *options, afb_trainer **out);

/* Collective. Makes up to n_steps steps; *finished = 1 when options.steps are done or patience ran out. loss (or NULL): mean training
 * loss of the steps made in this call, before their updates. AFB_E_NUMERIC when the loss is not finite: the model then
 * has the last good weights. */
afb_status afb_trainer_advance(afb_trainer *trainer, int64_t n_steps, double *loss, int *finished);

/* Collective. Puts the best weights into the model and fits the calibration; then destroys the trainer. With valid
 * metrics of target t in metrics[t] (NULL: not wanted); those of targets that are no probabilities are NaN. On failure the trainer is destroyed as well. */
afb_status afb_trainer_finish(afb_trainer **trainer, afb_metrics *metrics);
/* Collective. Destroys without finishing: the model keeps its current weights. */
void afb_trainer_destroy(afb_trainer **trainer);

/* For its progress (learn/descent.h). */
afb_descent *afb_trainer_descent(afb_trainer *trainer);

/* Collective. create, advance to the end, finish. */
afb_status afb_train(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                     const afb_train_options *options, afb_metrics *metrics);

#endif
