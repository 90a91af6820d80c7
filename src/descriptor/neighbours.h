/* Neighbour lists of centres: what every descriptor is evaluated on. Plain data and its making; not collective. */
#ifndef AFB_DESCRIPTOR_NEIGHBOURS_H
#define AFB_DESCRIPTOR_NEIGHBOURS_H

#include <stdint.h>

#include "core/status.h"
#include "descriptor/piece.h"

/* Element number of a centre that is a point of a grid and no atom. */
enum { AFB_GRID_POINT = -1 };

/* Neighbours of n centres. Centre c has the pairs first[c] ... first[c+1] - 1. The order within a centre depends on the
 * structure alone: not on the number of ranks, not on the block that the centre is in. */
typedef struct {
  int64_t n_centres;
  int32_t *centre_element;     /* [n_centres] or AFB_GRID_POINT */
  int64_t *centre;             /* [n_centres] own point of the piece; for a grid the number of the grid point */
  int64_t *first;              /* [n_centres + 1], first[0] = 0 */
  double *x, *y, *z;           /* [n_pairs] r_neighbour - r_centre, angstrom */
  int32_t *element;            /* [n_pairs] of the neighbour */
  int64_t *point;              /* [n_pairs] neighbour: a point of the piece */
  int bad_frame;               /* frame of the piece with atoms on top of each other, from 0; -1: none */
  int64_t centre_capacity, pair_capacity;
} afb_neighbours;

void afb_neighbours_clear(afb_neighbours *list);

/* Neighbours of own points first ... first + n - 1 of a piece, n <= n_own - first; for a piece of a grid, of its grid
 * points. Point j is a neighbour of i when 1e-20 A^2 < r^2 < R^2 with R = cutoff[e_i n_elements + e_j], angstrom; for a
 * grid point, grid_cutoff[e_j] instead (NULL where the piece is none of a grid). Cut-offs must not exceed the piece's.
 * Reuses the memory of *list, which begins as {0}. AFB_E_MEMORY. AFB_E_INPUT: two atoms closer than 1e-3 angstrom, both
 * named by their numbers from 1; list->bad_frame is the number of their frame in the piece, from 0, and the list is then
 * not valid. An atom at a grid point is no neighbour of it and no error. Cost: 0.3 to 0.4
 * microseconds a centre of 26 neighbours, 0.4 to 0.5 of 50. */
afb_status afb_neighbours_find(const afb_piece *piece, int n_elements, const double *cutoff, const double *grid_cutoff,
                               int64_t first, int64_t n, afb_neighbours *list);

#endif
