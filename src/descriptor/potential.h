/* Interatomic potentials on neighbour lists: linear and quadratic SNAP, and the screened repulsion of Ziegler, Biersack
 * and Littmark. Not collective. Energies in eV, lengths in angstrom. */
#ifndef AFB_DESCRIPTOR_POTENTIAL_H
#define AFB_DESCRIPTOR_POTENTIAL_H

#include "descriptor/bispectrum.h"

/* 1 eV/angstrom^3 in bar: the value that molecular-dynamics programs use, which stresses of theirs and fits to them agree with.
 * That of the SI is larger by a factor of 1 + 8.4e-8. */
#define AFB_BAR 1.6021765e6

/* E_ij(r) = e^2 Z_i Z_j / r phi(r/a) + S(r), r < outer, with phi the sum of four exponentials and a = 0.46850 A / (Z_i^0.23 + Z_j^0.23):
 * Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Matter (1985). With t = r - inner and c = outer - inner,
 *   S = C, and A t^3/3 + B t^4/4 more beyond `inner`;  A = (c E'' - 3 E')/c^2,  B = (2 E' - c E'')/c^3,  C = -E + c E'/2 - c^2 E''/12,
 * E, E', E'' those of the first term at `outer`: energy, force and curvature go to zero there.
 * e^2 = 14.399645 eV A, the value that molecular-dynamics programs use with these units. */
typedef struct {
  double charge, screening;    /* e^2 Z_i Z_j, 1/a */
  double a, b, c;              /* of S */
} afb_zbl_pair;

typedef struct {
  double inner, outer;
  int n_elements;
  afb_zbl_pair *pair;          /* [n_elements^2] */
} afb_zbl;

/* z [n]: nuclear charges. 0 < inner < outer, else AFB_E_INPUT; AFB_E_MEMORY. */
afb_status afb_zbl_create(double inner, double outer, int n, const int *z, afb_zbl *out);
void afb_zbl_clear(afb_zbl *zbl);
/* E_ij, and its derivative by r; zero from `outer` on. r > 0. */
double afb_zbl_energy(const afb_zbl *zbl, int element_i, int element_j, double r, double *derivative);

typedef struct {
  afb_bispectrum *bispectrum;  /* NULL: no SNAP part. Owned */
  double *constant;            /* [n_elements] eV */
  double *beta;                /* [n_elements][n_columns] eV */
  int n_elements;
  afb_zbl zbl;                 /* n_elements 0: no such part */
} afb_potential;

void afb_potential_clear(afb_potential *potential);

/* Cut-offs for afb_neighbours_find that serve both parts, cutoff [n_elements^2]; returns the largest. */
double afb_potential_cutoffs(const afb_potential *potential, double *cutoff);

/* Adds to what is there: energy [n_own] of the centres' atoms (each half of its ZBL pairs); force [n_points][3] eV/angstrom; virial
 * [n_points][6] in the order xx yy zz xy xz yz, eV: of each pair r_ij (x) f_j, f_j the force of the centre's energy on the neighbour, half
 * to either. The sum over points is minus the derivative of the energy by strain. Force and virial at images are folded by the caller
 * (afb_piece_fold). `list` may hold pairs beyond a part's own cut-off. AFB_E_MEMORY; what was to be added to is then as it was.
 * Cost: that of afb_bispectrum_energies. */
afb_status afb_potential_add(afb_potential *potential, const afb_neighbours *list, double *energy, double *force,
                             double *virial);

/* The same for all own points of a piece, neighbours being found in blocks. Statuses of afb_neighbours_find too. */
afb_status afb_potential_piece(afb_potential *potential, const afb_piece *piece, double *energy, double *force,
                               double *virial);

#endif
