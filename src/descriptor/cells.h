/* The cells in which the atoms of a frame are sorted, and the part of them that a piece holds. For src/descriptor only;
 * not collective.
 *
 * s = x inverse(h) are the coordinates along the rows of h: the given cell; vectors of directions that are not periodic
 * and would leave h without volume are replaced by normals of the others. Along a periodic direction the cells divide 0
 * <= s < 1, otherwise the range of the atoms. They depend on the frame and the cut-off alone. Cell c + shift n holds
 * the images of cell c: a point's cell follows from its atom's without rounding, and every cell of a piece is filled
 * from one rank with one shift, in the order of that rank. */
#ifndef AFB_DESCRIPTOR_CELLS_H
#define AFB_DESCRIPTOR_CELLS_H

#include <stdint.h>

#include "core/status.h"
#include "descriptor/structure.h"

typedef struct {
  double h[3][3], inverse[3][3];
  double height[3];            /* distance of the planes s_k = 0 and s_k = 1, angstrom */
  double reach[3];             /* the cut-off along s, with a margin for rounding */
  double low[3], scale[3];     /* cell of s: floor((s - low) scale) */
  double cutoff;
  int periodic[3];
  int n[3];                    /* cells */
  int m[3];                    /* cells that the cut-off reaches beyond the own */
} afb_cells;

/* A box of cells first ... first + n - 1 along each direction, numbered with the first direction fastest. */
typedef struct {
  int first[3], n[3];
} afb_cell_box;

/* All but low, scale, n, m. AFB_E_INPUT: no volume along a periodic direction, a cut-off or cell that is not finite. */
afb_status afb_cells_init(const double cell[3][3], const int periodic[3], double cutoff, afb_cells *cells);

void afb_cells_coordinates(const afb_cells *cells, const double *x, double *s);

/* Widens low[3], high[3] to hold s of the atoms. Returns the number of the first atom whose position is not finite or
 * 1e9 cells away; -1: all are good. */
int64_t afb_cells_range(const afb_cells *cells, int64_t n, const double *position, double *low, double *high);

/* The rest of *cells, for n_atoms (of the whole frame) between low and high (both matter along directions that are not
 * periodic). AFB_E_INPUT: the cut-off reaches over more than a million images of an atom. */
afb_status afb_cells_divide(afb_cells *cells, const double *low, const double *high, int64_t n_atoms);

/* Wraps x into the cell: out, its coordinates s, its cell (0 ... n - 1). */
void afb_cells_place(const afb_cells *cells, const double *x, double *out, double *s, int *cell);

/* Cell of coordinate s, 0 <= s <= 1 where periodic; a number below 0 or above n - 1 where not: beyond all atoms. */
int afb_cells_number(const afb_cells *cells, int k, double s);

/* vector = shift h. Positions of images are position + this, nowhere else computed. */
void afb_cells_shift(const afb_cells *cells, const int *shift, double *vector);

/* Shifts along k that bring s between low and high: *first ... *last, none when *last < *first. Only 0 without
 * periodicity. */
static inline void afb_cells_images(const afb_cells *cells, int k, double s, double low, double high, int *first, int *last)
{
  int i = 0, j = 0;
  if (!cells->periodic[k]) {
    *first = 0;
    *last = s >= low && s <= high ? 0 : -1;
    return;
  }
  while (s + i < low)
    i++;
  while (s + i - 1 >= low)
    i--;
  j = i - 1;
  while (s + j + 1 <= high)
    j++;
  *first = i;
  *last = j;
}

/* The box that the cut-off reaches from cells first ... last. */
afb_cell_box afb_cells_around(const afb_cells *cells, const int *first, const int *last);

static inline int64_t afb_cell_box_size(const afb_cell_box *box) { return (int64_t)box->n[0] * box->n[1] * box->n[2]; }

/* Number of a cell in the box; -1: not in it. */
static inline int64_t afb_cell_box_index(const afb_cell_box *box, int c0, int c1, int c2)
{
  c0 -= box->first[0];
  c1 -= box->first[1];
  c2 -= box->first[2];
  if (c0 < 0 || c0 >= box->n[0] || c1 < 0 || c1 >= box->n[1] || c2 < 0 || c2 >= box->n[2])
    return -1;
  return ((int64_t)c2 * box->n[1] + c1) * box->n[0] + c0;
}

#endif
