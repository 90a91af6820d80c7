/* What the ranks spent, and how well they were used: rows of usage (store.h) in files of both kinds, their sums, and the efficiencies of the
 * POP Centre of Excellence (https://pop-coe.eu/node/69), without tracing: useful is what this program counts as computation. */
#ifndef AFB_STORE_USAGE_H
#define AFB_STORE_USAGE_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "store/arrays.h"
#include "store/store.h"

/* Collective on comm. One row for each rank, from its account (core/account.h) until now, on rank 0 (malloc'ed, *n of them; elsewhere NULL and
 * 0); `failed` is this rank's. AFB_E_MEMORY. */
afb_status afb_usage_gather(MPI_Comm comm, double failed, int *n, afb_store_usage **rows);

/* All rows of an open file, malloc'ed; none where the file is older or its program was ended by force. Not collective. AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_usage_of_store(afb_store *store, int64_t *n, afb_store_usage **rows);
/* Collective on the file's communicator; every rank gets them. AFB_E_FOREIGN: a group /usage that is none. */
afb_status afb_usage_of_arrays(afb_arrays *arrays, int64_t *n, afb_store_usage **rows);

/* Collective on comm, that of the file, which is open for writing: the rows of this session as /usage. */
afb_status afb_usage_write(MPI_Comm comm, afb_arrays *arrays);

/* Adds the seconds of a row to a sum of rows. */
void afb_usage_add(afb_store_usage *sum, const afb_store_usage *row);

/* Of one session. */
typedef struct {
  int ranks, nodes;
  double wall;                       /* of the rank with most of it, s */
  afb_store_usage sum;               /* over ranks, s; rank and node have no meaning */
  double load_balance;               /* mean useful / most useful; NaN where nothing was useful */
  double communication;              /* most useful / wall */
  double parallel;                   /* their product: mean useful / wall */
  double allocation;                 /* sum of run / (ranks x wall) */
  double energy_joule;               /* of all nodes; NaN when one has no source */
  char energy_source[AFB_STORE_NAME];
} afb_usage_sum;
/* Sums the rows of `session` among n; ranks is 0 when there are none. */
void afb_usage_sum_up(int64_t n, const afb_store_usage *rows, int32_t session, afb_usage_sum *out);

#endif
