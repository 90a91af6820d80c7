/* Descriptors of structures into a file of arrays: kind "descriptors".
 *
 * /files/name; /frames/name, group, file, line, cell, periodic, first_atom, n_atoms, first_row, energy, bad, reason; /atoms/element, position;
 * /elements/name; /components/two_j1, two_j2, two_j, element1, element2, element3, other; and in /descriptors one row for each
 * atom of the collection, or for each point of a grid over each frame (ix fastest), K being the number of components:
 *   grid    [3]                      points along a, b, c; zeros: rows are atoms
 *   B       [rows][K]
 *   dB      [rows][3 n_elements][K]  d/dr_a of the sum of B over all centres of element I; row 3 I + direction
 *   virial  [rows][6 n_elements][K]  sum over images a' of atom a of r_a' d/dr_a' of the same sum; row 6 I + xx yy zz yz xz xy,
 *                                    direction of the derivative first. Its sum over the atoms of a frame is the
 *                                    derivative by strain. Positions are those inside the cell.
 * The tables that LAMMPS calls snad/atom and snav/atom hold minus dB and minus the virial. */
#ifndef AFB_MATERIALS_DESCRIBE_H
#define AFB_MATERIALS_DESCRIBE_H

#include "descriptor/bispectrum.h"
#include "materials/structures.h"
#include "store/arrays.h"

#define AFB_DESCRIPTORS_KIND "descriptors"

enum { AFB_DESCRIBE_B = 1, AFB_DESCRIBE_DB = 2, AFB_DESCRIBE_VIRIAL = 4 };

typedef struct {
  unsigned quantities;         /* AFB_DESCRIBE_B ... or-ed; on a grid B alone */
  int grid[3];                 /* zeros: on atoms */
  int n_elements;
  const char *const *element;  /* their names */
  int64_t whole;               /* as in afb_evaluate */
  int skip_bad;
} afb_describe_options;

typedef struct {
  int64_t n_bad, rows;         /* frames left out; atoms or points */
  double neighbours, descriptors, output, total;   /* wall seconds, summed over ranks; the rest is moving and waiting */
} afb_describe_result;

/* Bytes of a row of all quantities together. Not collective. */
double afb_describe_row_bytes(const afb_bispectrum *bispectrum, const afb_describe_options *options);

/* Evaluates and writes everything into `arrays`, which is new. element as in afb_evaluate. Collective on `comm`, that of `arrays`; the
 * same status everywhere: those of afb_evaluate and of afb_arrays_write, and AFB_E_LIMIT when the rows of one frame do not fit into
 * the memory of the machine (says how much). Cost: that of the kernel; neighbours and output about a tenth of it at two_jmax 8. */
afb_status afb_describe(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_bispectrum *bispectrum,
                        const afb_describe_options *options, afb_arrays *arrays, afb_describe_result *result);

#endif
