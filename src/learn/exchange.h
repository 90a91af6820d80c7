/* Memory that the ranks of one node share (MPI-3 windows), for sums over ranks that cost less than messages. For src/learn. */
#ifndef AFB_LEARN_EXCHANGE_H
#define AFB_LEARN_EXCHANGE_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

typedef struct afb_exchange afb_exchange;

/* Collective on comm. Each rank gives n_floats floats and n_numbers doubles, zero at first, which all ranks may read and write. *out = NULL
 * where ranks do not share memory, or there is none to be had. AFB_E_MEMORY; the same on all ranks. */
afb_status afb_exchange_create(MPI_Comm comm, int64_t n_floats, int64_t n_numbers, afb_exchange **out);
/* Collective. */
void afb_exchange_destroy(afb_exchange **exchange);

float *afb_exchange_floats(const afb_exchange *exchange, int rank);
double *afb_exchange_numbers(const afb_exchange *exchange, int rank);

/* Collective: what any rank wrote before is seen by all after. */
void afb_exchange_wait(afb_exchange *exchange);

#endif
