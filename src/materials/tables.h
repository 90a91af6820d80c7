/* Tables that several kinds of files of arrays have. Collective on `comm`, that of `arrays`, and the same status on all ranks: those of
 * afb_arrays_add and afb_arrays_write, AFB_E_MEMORY. */
#ifndef AFB_MATERIALS_TABLES_H
#define AFB_MATERIALS_TABLES_H

#include "descriptor/bispectrum.h"
#include "materials/structures.h"
#include "store/tables.h"

/* /files/name; /frames/name, group, file, line, cell, periodic, first_atom, n_atoms, energy, bad, reason; /atoms/element, position;
 * /elements/name, from `name`. element [n_species]: number of the element of each species. */
afb_status afb_tables_structures(MPI_Comm comm, afb_arrays *arrays, const afb_structures *structures, int n_elements,
                                 const char *const *name, const int32_t *element);

/* /components/two_j1, two_j2, two_j, element1, element2, element3, other: one row a column of the descriptor. */
afb_status afb_tables_components(MPI_Comm comm, afb_arrays *arrays, const afb_bispectrum *bispectrum);

#endif
