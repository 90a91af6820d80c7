/* The key `structures` of inputs, and what is said of bad ones. */
#ifndef AFB_APP_STRUCTURES_INPUT_H
#define AFB_APP_STRUCTURES_INPUT_H

#include "config/inputs.h"
#include "materials/structures.h"

/* As afb_structures_read on `comm`; *seconds, or NULL: wall seconds summed over ranks. */
afb_status afb_structures_input_read(MPI_Comm comm, const afb_input_structures *files, int skip_bad, afb_structures *structures,
                                     double *seconds);

/* Names the first structures that were left out on standard error, so that nobody overlooks them. Not collective: rank 0. */
void afb_structures_input_warn(const afb_structures *structures);

#endif
