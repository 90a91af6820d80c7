/* Descent of an ensemble in data parallel: what all models share when they are trained. For src/learn.
 *
 * An optimiser and a schedule (learn/optimiser.h) with linear warm-up over a flat array of weights, member after member. Batches come from
 * counter-based shuffles that depend on (seed, member, epoch) alone; each rank takes its contiguous share of a batch, by cost if the task tells it, and
 * gradients are summed over ranks by non-blocking reductions of the parts that are complete while the backward pass of the
 * others continues. What the loss is, the owner says. The loss curve is the same on any number of ranks up to the order of
 * summation.
 *
 * On one node the weights lie in memory that all ranks share (learn/exchange.h) from the first advance to the end; each rank adds up the
 * gradients of its share of them and makes its step, of which it alone has the current moments (Rajbhandari et al., SC 2020,
 * arXiv:1910.02054, stage 1), until afb_descent_gather. */
#ifndef AFB_LEARN_DESCENT_H
#define AFB_LEARN_DESCENT_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "learn/exchange.h"
#include "learn/model_kind.h"
#include "learn/optimiser.h"
#include "learn/patience.h"

typedef struct {
  int64_t batch;               /* rows a step, over all ranks */
  int64_t steps;               /* over which the schedule goes */
  int64_t warmup;              /* steps of linear rise */
  double rate, weight_decay, clip;
  const char *optimiser, *schedule;   /* names in learn/optimiser.h; NULL: adamw, cosine */
  double constants;            /* optimisers by matrix: factor of the steps of constants and gains, which have no norm to go by; 0: 1 */
  int64_t patience;            /* a member rests when its loss has not fallen for so many evaluations; 0: never */
  int64_t evaluate_every;      /* steps between evaluations */
  int64_t first_step;          /* number of the step at which the schedule began */
  uint64_t seed;               /* order of rows */
} afb_descent_options;

/* What one member is trained on and judged by: row numbers, whose meaning is the owner's. */
typedef struct {
  int64_t n_fit, *fit;         /* n_fit > 0 unless the task chooses rows */
  int64_t n_judge, *judge;     /* 0: no evaluation, the last weights are kept */
  double best_loss;
  int64_t stale;               /* evaluations since the best */
} afb_descent_part;

/* A batch: rows row[0 ... n-1], of which this rank has begin ... end-1. */
typedef struct {
  int member;
  int64_t n, begin, end;
  const int64_t *row;
} afb_descent_batch;

typedef struct {
  /* Adds the gradient of the batch's mean loss, this rank's rows only, to gradient[size], and calls the sink once for each
   * part of it; *loss: these rows' part of the mean. Not collective. */
  afb_status (*gradient)(void *owner, const afb_descent_batch *batch, float *gradient, double *loss,
                         const afb_gradient_sink *sink);
  /* The loss of the rows that judge a member. Collective; rank 0's number counts. */
  afb_status (*judge)(void *owner, int member, const afb_descent_part *part, double *loss);
  /* The n rows of a batch, step counted from options.first_step on; NULL: shuffled out of the part's rows. Called by all ranks for the same
   * members and steps; the same status on all ranks. */
  afb_status (*choose)(void *owner, int member, int64_t step, int64_t n, int64_t *row);
  /* What a row costs, in any unit, by which a batch is divided among ranks; NULL: all the same. */
  int64_t (*cost)(void *owner, int64_t row);
  void *owner;
} afb_descent_task;

typedef struct {
  MPI_Comm comm;               /* set by afb_descent_init, as are the next two */
  int rank, n_ranks;
  afb_descent_options options;
  afb_descent_task task;
  int members;
  int64_t size;                /* weights of a member */
  float **weight;                          /* the owner's pointer to [members][size], which leads to shared memory meanwhile */
  float *moment1, *moment2;                /* the owner's, [members][size] */
  int64_t *step;                           /* the owner's: steps made */
  int n_matrices;
  int by_messages;                         /* 1: by messages on one node, too */
  afb_descent_part *part;                  /* [members], filled by the owner after afb_descent_init, as are the */
  afb_extent *matrix;                      /* [n_matrices] matrices of a member's weights in ascending order */
  /* Private from here on. */
  int64_t n_fit, *order, *order_epoch, *row;   /* order [members][n_fit], of each member's epoch */
  const afb_optimiser *optimiser;
  const afb_rate_schedule *schedule;
  double *norm;                                /* [members] of the gradient */
  int begun, duplicated;                       /* comm is from the first advance on */
  int apart;                                   /* ranks have the moments of their shares only */
  afb_exchange *exchange;                      /* NULL: each rank makes the steps of all weights */
  float *own_weight;                           /* what the owner's pointer led to */
  float *gradient;                             /* [members][size]: in the exchange if there is one */
  double *number;                              /* in the exchange if there is one: see descent.c */
  float *best, *member_gradient;
  int64_t pending_first, pending_count;        /* finished part that is not yet summed over ranks */
  int n_requests;
  MPI_Request *request;
  afb_patience patience;
} afb_descent;

/* Room for parts of at most n_fit and n_judge rows; the fields from `options` up to `by_messages` are set before. Not collective: the ranks of comm,
 * which is duplicated by the first advance, agree on the status afterwards. AFB_E_INPUT: options out of range, unknown names. AFB_E_MEMORY. A
 * descent that failed here, or of zeros, can be cleared. */
afb_status afb_descent_init(MPI_Comm comm, int64_t n_fit, int64_t n_judge, afb_descent *descent);
/* Collective after the first advance. */
void afb_descent_clear(afb_descent *descent);

/* Collective. Makes up to n_steps steps, with an evaluation before the first; *finished = 1 when options.steps are done or all members rest. loss (or
 * NULL): mean loss of the steps made in this call, before their updates. AFB_E_NUMERIC when a gradient is not finite: weights are
 * then those before that step. */
afb_status afb_descent_advance(afb_descent *descent, int64_t n_steps, double *loss, int *finished);

/* Collective. Each rank gets all moments, of which after an advance it may have its share only. */
void afb_descent_gather(afb_descent *descent);

/* What an interrupted descent needs beside weights, moments and steps: the weights of least loss, that loss, and the evaluations since. */
typedef struct {
  int64_t n_weights;           /* of all members */
  int members;
  float *best;                 /* [n_weights] */
  double *best_loss;           /* [members] */
  int64_t *stale;              /* [members] */
} afb_descent_progress;
/* Not collective. AFB_E_MEMORY: it may then still be cleared. */
afb_status afb_descent_progress_init(int64_t n_weights, int members, afb_descent_progress *out);
void afb_descent_progress_clear(afb_descent_progress *progress);
/* Copies out, and gathers moments. Collective. */
void afb_descent_progress_of(afb_descent *descent, afb_descent_progress *out);
/* Goes on from there; weights, moments and steps are their owner's. Not collective. */
void afb_descent_progress_take(afb_descent *descent, const afb_descent_progress *progress);

/* Collective. Each member gets its best weights, if it was ever judged; all ranks those of rank 0. */
void afb_descent_finish(afb_descent *descent);

#endif
