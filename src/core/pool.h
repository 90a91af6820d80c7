/* The pool of communicators: groups of 1, 2, 4 ... ranks, built once.
 *
 * The ranks of a node, counted from 0 within the node, form a buddy tree: the group of size s that contains position p
 * holds the positions s*floor(p/s) ... s*floor(p/s) + s - 1, and exists when the node has all of them. Groups never
 * span nodes. With 3 ranks: {0} {1} {2}, {0 1}. */
#ifndef AFB_CORE_POOL_H
#define AFB_CORE_POOL_H

#include <mpi.h>

#include "core/status.h"

enum { AFB_POOL_LEVELS = 8 };          /* groups of at most 128 ranks */

typedef struct {
  MPI_Comm comm;                       /* every rank, those of a node next to each other; rank 0 stays rank 0 */
  int rank, size;                      /* in comm */
  int n_levels;                        /* sizes 1 ... 2^(n_levels - 1) exist somewhere */
  MPI_Comm group[AFB_POOL_LEVELS];     /* of 2^k ranks with this rank in it; MPI_COMM_NULL: none */
  int *node_start, *node_size;         /* [size] the first rank of each rank's node, and that node's ranks */
} afb_pool;

/* Collective on `comm`, of which rank 0 stays rank 0. Groups larger than `largest` ranks are not made (0: no limit).
 * AFB_E_MEMORY. The caller destroys *out, collectively. Cost: one MPI_Comm_split for each level, once. */
afb_status afb_pool_create(MPI_Comm comm, int largest, afb_pool **out);
void afb_pool_destroy(afb_pool **pool);

/* First rank (in pool->comm) of the group of `size`, a power of two, that contains `rank`; -1 when there is none.
 * Its members are the `size` ranks from there on. Not collective. */
int afb_pool_first(const afb_pool *pool, int rank, int size);
/* This rank's communicator of that size; MPI_COMM_NULL when there is none. Not collective. */
MPI_Comm afb_pool_group(const afb_pool *pool, int size);

#endif
