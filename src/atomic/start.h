/* Orbitals to start from. Not collective. */
#ifndef AFB_ATOMIC_START_H
#define AFB_ATOMIC_START_H

#include "atomic/csf.h"
#include "atomic/mcdhf.h"
#include "atomic/radial.h"

/* The `count` lowest eigenvectors above the negative continuum of a one-electron operator, band matrix h (changed: its ends are
 * fixed), into vector[count][n], P positive near the nucleus. AFB_E_NUMERIC, AFB_E_MEMORY. Cost: about 5 ms. */
afb_status afb_start_lowest(const afb_radial *radial, double *h, int count, double *vector);

/* Eigenfunctions of a local Thomas-Fermi potential, V = V_nuc + (N-1)(1 - phi(x))/r, x = r Z^(1/3)/0.88534, with Latter's
 * rational fit of phi (Phys. Rev. 99, 510 (1955)); orthonormal by construction.
 * vector: [n_orbitals][radial->n]. AFB_E_NUMERIC, AFB_E_MEMORY. Cost: about 10 ms a kappa. */
afb_status afb_start_thomas_fermi(const afb_radial *radial, int n_electrons, int n_orbitals, const afb_orbital *orbital,
                                  double *vector);

/* Value at r of a spline function of this order on the breakpoints of `from`, 0 beyond the last one. *cell is where r is looked for
 * first and what later calls with larger r begin with; 0 before the first. */
double afb_start_spline_value(int order, const afb_orbitals *from, const double *coefficient, double r, int *cell);

/* Replaces those of vector[n_orbitals][radial->n] that `from` holds by its functions, projected on this basis, and
 * makes all of one kappa orthonormal, the given ones first. found[n_orbitals]: 1 where `from` had the orbital. AFB_E_NUMERIC: an orbital
 * is not finite; AFB_E_LIMIT: one is zero or a combination of others; AFB_E_MEMORY. */
afb_status afb_start_from(const afb_radial *radial, const afb_orbitals *from, int n_orbitals, const afb_orbital *orbital,
                          double *vector, uint8_t *found);

/* r_max (bohr) in which the orbitals of an ion of this charge are expected to fit: 2.5 n^2 + 20 n over charge + 1,
 * for the largest n, between 15 and 400; 400 for negative ions. */
double afb_start_box(int charge, int n_orbitals, const afb_orbital *orbital);

/* Growth of the radial cells (afb_radial_options): the wave number times r of a state is at most its number counted from the closed shells
 * of its kappa, about, and the error of its energy grows with the 15th power of that times the growth. 2e-10 of the orbital's energy up to
 * number 6, from there on more (hydrogenic 8f: 1e-9). */
double afb_start_growth(int n_orbitals, const afb_orbital *orbital, const uint8_t *closed);

#endif
