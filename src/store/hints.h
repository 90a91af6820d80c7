/* How a file that all ranks write is best written: hints for MPI-IO, by file system and number of nodes. */
#ifndef AFB_STORE_HINTS_H
#define AFB_STORE_HINTS_H

#include <mpi.h>

enum { AFB_HINTS_BLOCK = 1 << 20 };   /* bytes: stripes, and where large arrays begin */

typedef struct {
  MPI_Info info;                /* MPI_INFO_NULL: none */
  char text[256];               /* of what was chosen, for people and for the file (`io_hints`) */
} afb_hints;

/* Collective on comm; none for one process. `path` as on rank 0, which looks at the file system of its folder. Aggregators: one a node. On Lustre also stripes of 1 MiB over as many
 * targets as there are nodes, 32 at most, which has effect on new files; no data sieving there and on GPFS. None where the environment has its own
 * (ROMIO_HINTS, MPICH_MPIIO_HINTS). */
void afb_hints_choose(MPI_Comm comm, const char *path, afb_hints *hints);
void afb_hints_clear(afb_hints *hints);

#endif
