/* What handing out runs costs on this machine, measured; and the real scheduler beside its simulation (campaign/simulate.h). */
#ifndef AFB_CAMPAIGN_SERVICE_H
#define AFB_CAMPAIGN_SERVICE_H

#include <mpi.h>

#include "campaign/simulate.h"
#include "core/status.h"

/* Collective. Measures what a result of ordinary size costs (Si I, three configurations): packing, sending and taking apart its order and itself, the way
 * between ranks 0 and 1 of comm (from rank 0 to itself where there is one alone), adding it to the file `scratch`, which is made and removed, and
 * committing it. Every time is the least of several. `plan` and the file system's rate stay as they are. Rank 0's result, on every rank.
 * AFB_E_IO, AFB_E_INPUT (scratch exists), AFB_E_MEMORY. Takes some seconds. */
afb_status afb_service_measure(MPI_Comm comm, const char *scratch, afb_service *service);

/* One comparison: simulation->runs runs that sleep for their lengths, on simulation->ranks ranks. */
typedef struct {
  double real, simulated;      /* part of all ranks' time that is runs */
  int64_t runs;                /* that came back */
} afb_service_trial;

/* Collective on comm, of which the first simulation->ranks take part; the others sleep meanwhile. *out is filled on rank 0. Layout SHARED; rank 0 spends simulation->service.store
 * seconds on each result. AFB_E_MEMORY. */
afb_status afb_service_try(MPI_Comm comm, const afb_simulation *simulation, afb_service_trial *out);

/* Collective. Waits without taking the processor from those that are not here yet. */
void afb_service_rest_until_all(MPI_Comm comm);

#endif
