/* The metric of atom-centred potentials and their principal coordinates. Not collective. Hartree and bohr.
 *
 * V(r) = sum_k A_k exp(-alpha_k r^2); the distance of two potentials of a site is that of the functions,
 *   ||dV||^2 = integral |dV|^2 d^3r = dA^T S dA,  S_kl = (pi/(alpha_k + alpha_l))^1.5.
 * Coefficients are nearly degenerate in it: few coordinates z_p, orthonormal in S, say all: A = mean + sum_p z_p axis_p. */
#ifndef AFB_MATERIALS_POTENTIAL_METRIC_H
#define AFB_MATERIALS_POTENTIAL_METRIC_H

#include <stdint.h>

#include "core/status.h"

enum { AFB_POTENTIAL_MAX_GAUSSIANS = 64 };

/* ||dV||_S of da [n]. */
double afb_potential_distance(int n, const double *alpha, const double *da);

typedef struct {
  int n, n_parts;
  double alpha[AFB_POTENTIAL_MAX_GAUSSIANS];
  double *mean;                /* [n] */
  double *axis;                /* [n_parts][n] in decreasing order of variance */
} afb_potential_basis;

/* Mean and principal axes of the rows row[0 ... n_rows-1] of a [][n], as many as leave 1e-6 of the variance or at most `most`, at least one.
 * AFB_E_INPUT: exponents that are not above 0 or not all different; AFB_E_MEMORY, AFB_E_NUMERIC. */
afb_status afb_potential_basis_fit(int n, const double *alpha, int64_t n_rows, const int64_t *row, const double *a, int most,
                                   afb_potential_basis *basis);
void afb_potential_basis_clear(afb_potential_basis *basis);
/* z [n_parts] of a [n], and back. */
void afb_potential_to_parts(const afb_potential_basis *basis, const double *a, double *z);
void afb_potential_from_parts(const afb_potential_basis *basis, const double *z, double *a);

#endif
