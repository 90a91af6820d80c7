/* SNAP potentials in the two files that molecular-dynamics programs read.
 *
 * .snapcoeff: after comments (# to the end of a line) the number of elements and of coefficients each; then for each element
 * its name, radius and weight, its energy constant and its coefficients in the order of columns (descriptor/bispectrum.h).
 * .snapparam: a keyword and its value a line: rcutfac and twojmax, and where they differ from the defaults 0.99363, 0, 1, 1, 0 ...: rfac0,
 * rmin0, switchflag, bzeroflag, quadraticflag, chemflag, bnormflag, wselfallflag, switchinnerflag with sinner and dinner (a value for
 * each element, in the order of .snapcoeff). chunksize and parallelthresh are passed over. */
#ifndef AFB_MATERIALS_SNAP_FILE_H
#define AFB_MATERIALS_SNAP_FILE_H

#include <mpi.h>

#include "descriptor/potential.h"

enum { AFB_SNAP_NAME = 16 };

typedef struct {
  int n;
  char name[AFB_MAX_ELEMENTS][AFB_SNAP_NAME];
} afb_snap_elements;

/* The potential has the elements of the file in the file's order, and no repulsion. Rank 0 reads; collective on `comm`, the same on all
 * ranks. AFB_E_INPUT: "file:line: what is wrong", or the file cannot be read. AFB_E_MEMORY, AFB_E_LIMIT. The caller clears *out. */
afb_status afb_snap_read(MPI_Comm comm, const char *coefficients, const char *parameters, afb_snap_elements *elements,
                         afb_potential *out);

/* Writes both files, with as many digits as doubles have; each is there whole or not at all. `comment`, one line, is their first. Not
 * collective: call on one rank. AFB_E_INPUT: the descriptor has a setting that these files cannot express (named).
 * AFB_E_IO. */
afb_status afb_snap_write(const char *coefficients, const char *parameters, const char *comment,
                          const afb_snap_elements *elements, const afb_potential *potential);

#endif
