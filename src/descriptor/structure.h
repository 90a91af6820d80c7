/* Atoms in a cell. Plain data; not collective.
 *
 * Lengths are in angstrom, as everywhere in `descriptor` and `materials`: the potentials and parameters of the field are
 * given so. An element is a number from 0 in a list that the owner keeps (config: the order of `descriptor.elements`). */
#ifndef AFB_DESCRIPTOR_STRUCTURE_H
#define AFB_DESCRIPTOR_STRUCTURE_H

#include <stdint.h>

typedef struct {
  double cell[3][3];           /* rows a, b, c; zeros: no cell (then not periodic) */
  int periodic[3];             /* along a, b, c */
  int64_t n_atoms;
  const double *position;      /* [n_atoms][3] Cartesian; need not lie inside the cell */
  const int32_t *element;      /* [n_atoms] */
} afb_structure;

#endif
