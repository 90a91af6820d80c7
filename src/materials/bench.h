/* What the bispectrum costs on this machine: displaced bcc tungsten (lattice constant 3.1803 A, normal displacements of 0.10 A in each
 * direction), as in the measurements of LAMMPS that are quoted beside it. Collective on `comm`: every rank measures the same at
 * the same time. */
#ifndef AFB_MATERIALS_BENCH_H
#define AFB_MATERIALS_BENCH_H

#include <mpi.h>

#include "core/status.h"
#include "descriptor/bispectrum.h"

typedef struct {
  const char *quantity;        /* "B", "dB", "forces", "grid", "neighbours", "output", "plain write" */
  int two_jmax;                /* -1: does not enter */
  double neighbours;           /* mean number */
  int64_t atoms;               /* in the structure */
  double microseconds;         /* CPU time per atom (grid: per point) on one core, mean over ranks; wall time for the last two */
  double peak;                 /* afb_peak_gflops around the measurement, mean over ranks */
  double lammps;               /* the same by LAMMPS, -O3 -march=native, where the peak was 58.6; 0: not measured */
  double target;               /* wanted ratio lammps 58.6 / (microseconds peak); 0: none */
} afb_bench_row;

enum { AFB_BENCH_ROWS = 32 };

/* Fills up to AFB_BENCH_ROWS rows, the same on all ranks. `show` (may be NULL) is called on rank 0 with each row when it is there. Files of some
 * 100 MB a rank are written beside `path` and removed. AFB_E_MEMORY, AFB_E_IO. About a minute. */
afb_status afb_bench_bispectrum(MPI_Comm comm, afb_kernel kernel, const char *path, void (*show)(const afb_bench_row *row),
                                int *n, afb_bench_row row[AFB_BENCH_ROWS]);

#endif
