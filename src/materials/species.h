/* What files call their atoms, and the elements of an input. */
#ifndef AFB_MATERIALS_SPECIES_H
#define AFB_MATERIALS_SPECIES_H

#include <stddef.h>

#include "materials/structures.h"

/* Number of the element that a species is: the one of its name, or the one of its number from 1 where files number their types,
 * or the one of its name but for capital letters where there is one such; -1: none. Not collective. */
int afb_species_element(const char *species, int n_elements, const char *const *element);

/* Where species `kind` occurs first: "file:line: frame NAME, atom 3", or "" when no atom is of it (one in a bad frame was). Collective on
 * `comm`; the same on all ranks. */
void afb_species_place(MPI_Comm comm, const afb_structures *structures, int kind, char *text, size_t size);

#endif
