/* Interatomic potentials on neighbour lists: linear and quadratic SNAP, and the screened repulsion of Ziegler, Biersack
 * and Littmark. Not collective. Energies in eV, lengths in angstrom. */
#ifndef AFB_DESCRIPTOR_POTENTIAL_H
#define AFB_DESCRIPTOR_POTENTIAL_H

#include "descriptor/bispectrum.h"

/* E_ij = e^2 Z_i Z_j / r phi(r/a) + S(r), r < outer; a = 0.46850 A/(Z_i^0.23 + Z_j^0.23); S(r) makes energy, force and curvature go to
 * zero at `outer`, and begins at `inner`. Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Matter (1985). */
typedef struct {
  double inner, outer;
  int n_elements;
  int z[AFB_MAX_ELEMENTS];
} afb_zbl;

typedef struct {
  afb_bispectrum *bispectrum;  /* NULL: no SNAP part. Owned */
  double *constant;            /* [n_elements] eV */
  double *beta;                /* [n_elements][n_columns] eV */
  int has_zbl;
  afb_zbl zbl;
} afb_potential;

void afb_potential_clear(afb_potential *potential);

/* Cut-offs for afb_neighbours_find that serve both parts; returns the largest. n_elements as in the potential. */
double afb_potential_cutoffs(const afb_potential *potential, double *cutoff);

/* Adds to what is there: energy [n_own] of the centres' atoms (each half of its ZBL pairs); force [n_points][3] eV/angstrom; virial
 * [n_points][6] in the order xx yy zz xy xz yz, eV: sum over pairs of r_ij (x) f_ij shared as in the field's usual per-atom virial, its sum over
 * points being minus the derivative of the energy by strain. force and virial at images are folded by the caller
 * (afb_piece_fold). `list` may hold pairs beyond a part's own cut-off. AFB_E_MEMORY. */
afb_status afb_potential_add(afb_potential *potential, const afb_piece *piece, const afb_neighbours *list, double *energy,
                             double *force, double *virial);

#endif
