/* Memory of this process, as the system sees it (Linux; elsewhere unknown). Not collective but where it says so. */
#ifndef AFB_CORE_MEMORY_H
#define AFB_CORE_MEMORY_H

#include <mpi.h>

/* From here on the peak is watched. Returns the bytes that are in use, -1: unknown. What was freed but is kept for later use counts as not
 * in use; more than 16 MB of it is given back to the system. To within that. Cost: some 0.1 ms; a page that was given back costs 2 us
 * when it is needed again. */
double afb_memory_watch(void);
/* The most bytes that were resident since then; -1: unknown. */
double afb_memory_peak(void);

/* Collective on comm: 80 % of the machine's bytes, shared by the ranks on it; the smallest share of all. 0: unknown. */
double afb_memory_share(MPI_Comm comm);

#endif
