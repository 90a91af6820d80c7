/* OLCAO's files of atom-centred potentials (scfV): V(r) = sum over sites and k of A_k exp(-alpha_k |r - R|^2) beside the nuclear
 * terms. Not collective. Hartree and bohr.
 *
 * The file: "NUM_TYPES n"; for each of the labels TOTAL__OR__SPIN_UP and SPIN_DN a line with it and then for each type its number of
 * Gaussians and as many rows "A alpha rho_total rho_valence rho_spin"; the line NUM__PLUSUJ__TERMS, the number of such terms, here
 * 0, and both labels once more. Coefficients of the charge serve only the program's output; it starts from A. */
#ifndef AFB_MATERIALS_SCFV_H
#define AFB_MATERIALS_SCFV_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  int64_t n_types;
  int64_t *first;              /* [n_types + 1] rows of type t: first[t] ... first[t+1] - 1 */
  double *alpha;               /* [rows] */
  double *up, *down;           /* [rows] A of both spins */
  double *charge;              /* [rows][3] rho_total, rho_valence, rho_spin of the first spin */
} afb_scfv;

void afb_scfv_clear(afb_scfv *scfv);
/* A file's content. AFB_E_INPUT "file:line: what is wrong" (truncated, other exponents for the second spin, terms of plus-U, which this
 * reader does not know), AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_scfv_read(const char *path, afb_scfv *scfv);

/* Writes n_types types of n exponents: a [n_types][n] for both spins, zeros for the charge. The file appears whole or not at all. AFB_E_IO. */
afb_status afb_scfv_write(const char *path, int64_t n_types, int n, const double *alpha, const double *a);

#endif
