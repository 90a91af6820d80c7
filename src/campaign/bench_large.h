/* What large expansions cost on this machine: lists of CSFs of which the lowest level of every J is optimised, some first-order iterations
 * on one rank and on all. Collective on `comm`. */
#ifndef AFB_CAMPAIGN_BENCH_LARGE_H
#define AFB_CAMPAIGN_BENCH_LARGE_H

#include <mpi.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/status.h"

typedef struct {
  const char *name;
  int n_ranks, n_csf, iterations;
  /* CPU seconds of the rank that has the most of them, the least of several measurements. */
  double iteration;               /* one iteration, without what was spent in MPI */
  double phase[AFB_N_PHASES];     /* the angular part as a whole, the others in an iteration */
  double peak;                    /* bytes of resident memory, the largest so far, summed over the ranks */
} afb_bench_large;

enum { AFB_BENCH_LARGE = 4 };

/* The small list on one rank and on all, then, when `whole`, the large one on all ranks and on one: *n rows, each given to `show` on rank 0 when
 * it is there. AFB_E_MEMORY. A minute; `whole`: several. */
afb_status afb_bench_large_expansions(MPI_Comm comm, int whole, void (*show)(const afb_bench_large *row));

#endif
