/* Oracle of the angular part: H in determinants of spin-orbitals (n kappa m), by the Slater-Condon rules, at M = J,
 * restricted to the states that J+ annihilates. Angular factors <kappa m|C^k_q|kappa' m'> are integrals of explicit
 * spherical spinors by Gauss-Legendre quadrature: nothing of the Racah algebra is used. Not collective. */
#ifndef AFB_TESTS_DETERMINANT_H
#define AFB_TESTS_DETERMINANT_H

#include "atomic/csf.h"

/* Radial integrals by orbital number; the same functions serve the CSF side. */
double test_radial_one(int a, int b);
double test_radial_two(int k, int a, int b, int c, int d);

/* Eigenvalues, ascending, of all states of the given J and parity of the configurations, closed orbitals of `list` left
 * out as the angular part does; malloc'ed. Returns their number, -1 on failure (memory, more than 64 spin-orbitals). */
int test_determinant_levels(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                            int two_j, int parity, double **energy);

/* Number of determinants of that M and parity. */
int test_determinant_count(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                           int two_m, int parity);

/* Trace of H over all determinants of the given M and parity. NaN on failure. */
double test_determinant_trace(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                              int two_m, int parity);

/* Eigenvalues, ascending; `matrix` becomes the eigenvectors, one after another. 0 on success. */
int test_symmetric_eigen(int n, double *matrix, double *energy);

#endif
