/* A table as a network learns from it: divided into parts, surveyed, read in pools (learn/pool_train.h). Results do not depend on the number
 * of ranks but for the order of sums.
 *
 * Parts. What part a row is in depends on (seed, its group, or its number) alone: a group is never divided. Rows with an unknown input (NaN,
 * infinite) or mask 0 are left out, as are those with an unknown target of a network that learns a likelihood, or with no known target at all.
 *
 * Pools. A table is cut into blocks of consecutive rows, about 256 KB each, which each epoch puts into a new order, by (seed, epoch); so many of them as
 * hold `shuffle` rows make a pool. Where all are one pool, it is read once. Every rank reads its share of a pool and gets the others'. */
#ifndef AFB_TRAINING_DATASET_H
#define AFB_TRAINING_DATASET_H

#include <mpi.h>

#include "learn/loss.h"
#include "learn/pool_train.h"
#include "training/data_table.h"

typedef enum { AFB_PART_NONE, AFB_PART_FIT, AFB_PART_JUDGE, AFB_PART_TEST, AFB_N_PARTS } afb_part;

typedef struct {
  double validation, test;     /* parts of the rows, as far as an eighth of the memory holds them */
  double memory;               /* bytes of a rank for rows */
  int64_t shuffle;             /* rows of a pool; 0: what half of the memory holds */
  int members;                 /* each has an order of a pool's rows */
  afb_loss loss;
  uint64_t seed;
} afb_dataset_options;

typedef struct {
  MPI_Comm comm;
  afb_data_table *table;
  afb_dataset_options options;
  int64_t block, n_blocks;     /* rows; how many */
  int32_t *count[AFB_N_PARTS]; /* [n_blocks] rows of each part */
  int64_t n[AFB_N_PARTS];
  int complete;                /* no target of a row that fits is unknown */
  double *mean, *deviation;    /* [n_in + n_out] of the rows that fit, by which targets are scaled unless they are classes */
  uint64_t hash;               /* of all numbers */
  afb_rows judge, test;        /* on every rank, after afb_dataset_load */
  afb_pools pools;
  /* Private from here on. */
  double fraction[AFB_N_PARTS];
  int64_t blocks_per_pool, epoch;
  int32_t *order;              /* [n_blocks] of `epoch` */
  double *memory[AFB_N_PARTS], *buffer;
} afb_dataset;

/* Collective on `comm`, the same status on all ranks. Reads the table once: numbers of rows, means and deviations (in double precision, in one pass), hash.
 * AFB_E_INPUT: no row to learn from; targets of cross_entropy other than 0 and 1; shuffle beyond the memory. AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_dataset_survey(MPI_Comm comm, afb_data_table *table, const afb_dataset_options *options, afb_dataset *out);
/* Collective. Reads the judging and the testing rows. */
afb_status afb_dataset_load(afb_dataset *dataset);
void afb_dataset_clear(afb_dataset *dataset);

/* Collective. Calls `visit` on this rank's share of the rows that fit, piece by piece, targets scaled. Status agreed. */
afb_status afb_dataset_visit(afb_dataset *dataset, afb_status (*visit)(void *context, int64_t n, const double *input, const double *target),
                             void *context);

#endif
