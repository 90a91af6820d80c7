/* What large batches cost in quality: one problem, learnt from the same number of samples in small and in large batches. */
#ifndef AFB_LEARN_LARGE_BATCH_H
#define AFB_LEARN_LARGE_BATCH_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

typedef struct {
  const char *optimiser;
  int64_t batch;
  double rate, warmup;         /* warmup: part of all steps */
  double constants;            /* as afb_train_options */
} afb_batch_recipe;

enum { AFB_BATCH_SEEDS = 3, AFB_BATCH_SEEN = 327680 /* samples of a training */ };
/* Ended by a row without an optimiser. */
extern const afb_batch_recipe afb_batch_recipes[];

/* [0] mean and [1] standard deviation over seeds, on sets that no training saw. */
typedef struct {
  double log_loss[2], auc[2];
  double seed_loss[AFB_BATCH_SEEDS];
  double seconds;              /* CPU seconds of all trainings, all ranks together */
} afb_batch_result;

/* Collective. A set transformer of 2 blocks of width 32 learns from 16,384 sets of 1 ... 10 tokens whether a set holds. It does
 * with probability 1 / (1 + exp(-3 s)), s = a_0 sum over tokens t of t_1 / sqrt(size) + g_0, a the added token: 8 features a token and 4 a set
 * that are normally distributed. The seed changes data, start and order of samples. recipe NULL: p itself, which nobody can beat.
 * 4,096 sets judge, some 30 CPU seconds a recipe. AFB_E_MEMORY; what the trainer returns. */
afb_status afb_bench_batch(MPI_Comm comm, const afb_batch_recipe *recipe, afb_batch_result *result);

#endif
