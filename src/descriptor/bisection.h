/* Division of a frame's cells into one box a rank with about the same number of atoms in each. */
#ifndef AFB_DESCRIPTOR_BISECTION_H
#define AFB_DESCRIPTOR_BISECTION_H

#include <mpi.h>
#include <stdint.h>

#include "descriptor/cells.h"

/* Recursive bisection (Berger, Bokhari, IEEE Trans. Comput. C-36, 570 (1987)): a box for several ranks is cut across
 * its longest edge (angstrom) where the atoms on both sides are as the ranks. cell [n_atoms][3] of this rank's atoms;
 * box [ranks] receives all boxes, empty ones where there are more ranks than cells; rank_of [n_atoms] the rank in whose
 * box each atom lies. Collective on `comm`; the same status and boxes on all ranks. AFB_E_MEMORY. Cost: log2(ranks)
 * passes over the atoms, each with one Allreduce of at most ranks times the cells along a direction. */
afb_status afb_bisect(MPI_Comm comm, const afb_cells *cells, int64_t n_atoms, const int32_t *cell, afb_cell_box *box,
                      int32_t *rank_of);

#endif
