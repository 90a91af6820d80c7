/* Training of perceptrons (learn/mdn.h) on more rows than memory holds, by the common loop (learn/descent.h): rows come in pools.
 *
 * In an epoch every row is in one pool. A pool's rows are shuffled for each member by (seed, epoch, pool, member), and go into batches of equal size, the
 * last of which is filled up with the first rows. What the pools are, their owner says; batches are the same on any number of ranks.
 * The rows that judge stay in memory, and are the same for all members. */
#ifndef AFB_LEARN_POOL_TRAIN_H
#define AFB_LEARN_POOL_TRAIN_H

#include "learn/descent.h"
#include "learn/mdn.h"

/* Inputs [n][n_in] of any scale, targets [n][n_out] in the network's scaled units. */
typedef struct {
  int64_t n;
  const double *input, *target;
} afb_rows;

typedef struct {
  int64_t n_pools;
  int64_t largest;             /* most rows of a pool in any epoch */
  /* Rows of a pool, known before it is loaded. Not collective. */
  int64_t (*count)(void *owner, int64_t epoch, int64_t pool);
  /* The same rows on all ranks, valid until the next call. Collective; the same status on all ranks. */
  afb_status (*load)(void *owner, int64_t epoch, int64_t pool, afb_rows *rows);
  void *owner;
} afb_pools;

typedef struct afb_pool_trainer afb_pool_trainer;

/* Collective on `comm`, which is duplicated. The network, whose standardisation and linear models are there, the pools and the judging rows
 * must outlive the trainer. options->first_step: the network's step at which this training began. evaluate_every 0: about an epoch.
 * AFB_E_INPUT: no rows, options. AFB_E_MEMORY. */
afb_status afb_pool_trainer_create(MPI_Comm comm, afb_mdn *mdn, const afb_pools *pools, const afb_rows *judging,
                                   const afb_descent_options *options, afb_pool_trainer **out);
/* As afb_descent_advance; the statuses of loading, too. */
afb_status afb_pool_trainer_advance(afb_pool_trainer *trainer, int64_t n_steps, double *loss, int *finished);
/* Collective. Best weights, then destroys. */
void afb_pool_trainer_finish(afb_pool_trainer **trainer);
void afb_pool_trainer_destroy(afb_pool_trainer **trainer);

/* Steps of an epoch, the first one's. Not collective. */
int64_t afb_pools_steps(const afb_pools *pools, int64_t batch);

/* For its progress (learn/descent.h). */
afb_descent *afb_pool_trainer_descent(afb_pool_trainer *trainer);

#endif
