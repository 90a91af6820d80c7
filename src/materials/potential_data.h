/* Tables of atom-centred potentials: what is learned. */
#ifndef AFB_MATERIALS_POTENTIAL_DATA_H
#define AFB_MATERIALS_POTENTIAL_DATA_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "materials/structures.h"

/* alpha [n <= AFB_POTENTIAL_MAX_GAUSSIANS] from a CSV file with the columns k (1, 2 ... in this order) and one whose name begins with alpha, bohr^-2.
 * Rank 0 reads; collective on `comm`, the same on all ranks. AFB_E_INPUT "file:line: what is wrong". */
afb_status afb_potential_read_exponents(MPI_Comm comm, const char *path, int *n, double *alpha);

/* A [n_atoms][n], hartree, of all atoms of the structures in their order, from a CSV file with the columns model (name of the
 * frame), atom (from 1), A1 ... An; other columns and models are passed over. *a is allocated. Rank 0 reads; collective on `comm`, the same
 * on all ranks. AFB_E_INPUT "file:line: what is wrong": a column missing, an atom twice, not at all, or not in its model, names of
 * frames that are not unique. */
afb_status afb_potential_read_targets(MPI_Comm comm, const char *path, const afb_structures *structures, int n, double **a);

#endif
