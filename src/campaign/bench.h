/* What MCDHF runs cost on this machine: every set of a table of runs (campaign/run_table.h) that starts from the start potential,
 * the lowest three levels of every J^pi. Collective on `comm`: the ions are dealt out to its ranks, each run takes one. */
#ifndef AFB_CAMPAIGN_BENCH_H
#define AFB_CAMPAIGN_BENCH_H

#include <mpi.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/status.h"
#include "engine/cost.h"

typedef struct {
  char ion[16];
  int ion_number;                 /* from 0, by first appearance */
  int n_configurations, n_orbitals, n_csf;   /* relativistic orbitals */
  int iterations, converged;
  int warm;                       /* 1: from the orbitals of the set without the configuration that was added last */
  double seconds;                 /* CPU of the whole run */
  double bytes;                   /* of memory at its peak; NaN: unknown */
  afb_work work;
  double phase[AFB_N_PHASES];     /* of these, what they were spent on */
  afb_engine_cost predicted;      /* from the input alone */
  double reference;               /* CPU seconds by the table's program; NaN: not in the table */
} afb_bench_run;

/* What the angular part costs, of one list of CSFs. */
typedef struct {
  const char *name;
  int n_csf;
  int64_t n_pairs;                /* of CSFs that interact */
  double seconds;                 /* CPU */
} afb_bench_angular;

enum { AFB_BENCH_ANGULAR = 4 };

/* *run: [*n], in the table's order, on rank 0 of `comm`, the caller's to free; elsewhere NULL and 0. With `warm`, a set is run once more
 * behind its first run, if the set from which it grew was in the table before it and converged. AFB_E_INPUT (a set that is
 * none), AFB_E_MEMORY, and what afb_run_table_read returns. */
afb_status afb_bench_atom(MPI_Comm comm, const char *path, int warm, int *n, afb_bench_run **run);
/* One or two configurations (the second may be NULL), and what arises when up to `electrons` of the shells `active`, named with blanks between,
 * move among these; *all is the caller's to free. Not collective. AFB_E_INPUT, AFB_E_MEMORY. */
afb_status afb_bench_configurations(const char *const configuration[2], int electrons, const char *active, int *n, afb_configuration **all);
/* Not collective: this rank alone. AFB_E_MEMORY. Seconds. */
afb_status afb_bench_angular_part(afb_bench_angular row[AFB_BENCH_ANGULAR]);
/* The same lists, two iterations each, for their memory: `seconds` and `iterations` of run[AFB_BENCH_ANGULAR] are 0. Not collective. AFB_E_MEMORY. A minute. */
afb_status afb_bench_lists(afb_bench_run run[AFB_BENCH_ANGULAR]);

#endif
