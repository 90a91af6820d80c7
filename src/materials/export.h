/* Files of arrays as comma-separated values. Frames and atoms are numbered from 1, in the order of the structures' files; those of bad
 * frames are left out. Numbers have 17 digits, which read back to the same number. Not collective: `arrays` is open on this rank
 * alone. *n: rows that were written. Statuses of afb_arrays_read, AFB_E_FOREIGN for a file that lacks an array, AFB_E_IO,
 * AFB_E_MEMORY. Cost: about 13 microseconds for each row of 55 numbers; some megabytes of memory and 32 bytes a frame. */
#ifndef AFB_MATERIALS_EXPORT_H
#define AFB_MATERIALS_EXPORT_H

#include <stdio.h>

#include "store/arrays.h"

/* Of kind "descriptors": frame, atom, element, B_1 ... B_K; on a grid frame, ix, iy, iz, B_1 ... B_K, ix from 0 and fastest. */
afb_status afb_export_descriptors(afb_arrays *arrays, FILE *out, int64_t *n);

/* Of kind "forces": frame, atom, element, energy (of the atom, eV), fx, fy, fz (eV/angstrom), from /atoms/energy [atoms] and
 * /atoms/force [atoms][3]. */
afb_status afb_export_forces(afb_arrays *arrays, FILE *out, int64_t *n);

#endif
