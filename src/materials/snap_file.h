/* SNAP potentials in the files that molecular-dynamics programs read. Rank 0 reads and writes; not collective. */
#ifndef AFB_MATERIALS_SNAP_FILE_H
#define AFB_MATERIALS_SNAP_FILE_H

#include "descriptor/potential.h"

/* Reads .snapcoeff and .snapparam. The potential's elements are those named in `element` (n of them, in that order; a name must be in the file).
 * AFB_E_INPUT: "file:line: what is wrong": missing or unknown keyword, number of coefficients that does not fit twojmax, quadratic and chem ...
 * AFB_E_IO, AFB_E_MEMORY. The caller clears *out. */
afb_status afb_snap_read(const char *coefficients, const char *parameters, int n, const char *const *element, afb_potential *out);

/* Names of the elements in a .snapcoeff: at most AFB_MAX_ELEMENTS names of 16 bytes. Statuses as above. */
afb_status afb_snap_elements(const char *coefficients, int *n, char name[AFB_MAX_ELEMENTS][16]);

/* Writes both files (17 digits); `comment` is their first line. AFB_E_IO. */
afb_status afb_snap_write(const char *coefficients, const char *parameters, const char *comment, const char *const *element,
                          const afb_potential *potential);

#endif
