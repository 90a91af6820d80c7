/* Memory of this process, as the system sees it (Linux; elsewhere unknown). Not collective but where it says so. */
#ifndef AFB_CORE_MEMORY_H
#define AFB_CORE_MEMORY_H

#include <mpi.h>

/* From here on the peak is watched. Returns the bytes that are resident, -1: unknown. More than `slack` bytes of what was freed but is kept
 * for later use are given back to the system first; less of it makes the peak above them look smaller by as much. Cost: some 0.1 ms; a page that was
 * given back costs 2 us when it is needed again, so that a slack of AFB_MEMORY_SLACK is for work of which the time counts. */
#define AFB_MEMORY_SLACK 16e6
double afb_memory_watch(double slack);
/* The most bytes that were resident since then; -1: unknown. */
double afb_memory_peak(void);

/* Collective on comm: 80 % of the machine's bytes, shared by the ranks on it; the smallest share of all. 0: unknown. */
double afb_memory_share(MPI_Comm comm);

#endif
