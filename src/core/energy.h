/* Energy that the nodes of a job use, where the system counts it: /sys/cray/pm_counters/energy (the whole node, joule), else the packages of
 * /sys/class/powercap/intel-rapl:N/energy_uj (processors and what belongs to them, microjoule; often for root only). One rank of each node
 * reads. Counters begin again from 0 at max_energy_range_uj, some 20 minutes of a busy processor: hence the watch. */
#ifndef AFB_CORE_ENERGY_H
#define AFB_CORE_ENERGY_H

#include <mpi.h>

enum { AFB_ENERGY_SOURCE = 48 };        /* bytes of the name of a source */

/* Collective on comm. Chooses the reader of each node, and begins to count. `root` is the folder in which to look, "/sys". */
void afb_energy_begin(MPI_Comm comm, const char *root);
/* Not collective. Looks when the last look is a minute ago; `now` of afb_wall_seconds. */
void afb_energy_watch(double now);
/* Not collective. Joule of this rank's node since the beginning, and the name of the source ("pm_counters node", "powercap package-0, package-1");
 * NaN and "" when there is none, or when another rank reads for this node. */
double afb_energy_read(char source[AFB_ENERGY_SOURCE]);

#endif
