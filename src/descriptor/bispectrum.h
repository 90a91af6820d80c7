/* Bispectrum components of atomic environments. Not collective.
 *
 * Bartok, Payne, Kondor, Csanyi, PRL 104, 136403 (2010); Thompson et al., J. Comput. Phys. 285, 316 (2015). For a centre i
 * with neighbours at r = (x, y, z):
 *   R = (R_i + R_j) rcutfac;  theta0 = rfac0 pi (r - rmin0)/(R - rmin0)
 *   a = cos theta0 - i (z/r) sin theta0,  b = (y - i x)/r sin theta0                        (Cayley-Klein)
 *   u^0 = 1;  u^j by the recursion of Varshalovich 4.8 in a*, b*;  U = self 1 + sum_j w_j fc(r) u(r)
 *   Z^{j1 j2 j} = C C U^{j1} U^{j2},  B_{j1 j2 j} = sum Re(conj(U^j) Z)
 * All angular momenta are given twice (two_j). fc(r) = (cos(pi (r - rmin0)/(R - rmin0)) + 1)/2, 1 below rmin0; times the inner
 * switching: 0 below s - d, 1 above s + d, (1 - cos(pi/2 + (r - s) pi/(2 d)))/2 between, s and d the means of the two elements'.
 * For a grid point R = 2 R_j rcutfac. docs/bispectrum.md has all definitions with their traps. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_H
#define AFB_DESCRIPTOR_BISPECTRUM_H

#include <stdint.h>

#include "core/status.h"
#include "descriptor/neighbours.h"

enum { AFB_BISPECTRUM_MAX_TWOJ = 30, AFB_MAX_ELEMENTS = 128 };

typedef enum { AFB_ADAPTIVE_NONE, AFB_ADAPTIVE_STEP, AFB_ADAPTIVE_SMOOTH } afb_adaptive;

/* How it is computed; all give the same to rounding. */
typedef enum {
  AFB_KERNEL_AUTO,             /* the widest vectors that this processor has */
  AFB_KERNEL_REFERENCE,        /* plain loops, for reading and for tests */
  AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8   /* vectors of so many doubles */
} afb_kernel;

typedef struct {
  int two_jmax;
  int n_elements;
  double radius[AFB_MAX_ELEMENTS], weight[AFB_MAX_ELEMENTS];
  double rcutfac, rfac0, rmin0;              /* angstrom, 1, angstrom */
  int switching;
  int inner_switching;
  double inner_s[AFB_MAX_ELEMENTS], inner_d[AFB_MAX_ELEMENTS];   /* angstrom */
  int bzero, bnorm, self_all, chem, quadratic;
  int channel[AFB_MAX_ELEMENTS];             /* of chem, by element: elements of one channel differ in radius and weight only */
  double self;                               /* weight of the centre itself: 1; 0 in the olcao convention */
  /* 0: all (j1, j2, j) with j2 <= j1 <= j <= two_jmax. Otherwise the components of the pairs (two_j1, two_j2), two_j1 >= two_j2, in this order, two_j from
   * two_j1 + two_j2 down to two_j1 - two_j2; two_jmax is then ignored. */
  int n_pairs;
  int pair[64][2];
  afb_adaptive adaptive;                     /* cut-off of a centre such that it has so many neighbours */
  double adaptive_number, adaptive_delta;
  afb_kernel kernel;
} afb_bispectrum_settings;

/* snap's defaults: rfac0 0.99363, rmin0 0, switching, bzero, self 1, all else off; no elements, weights 1, every element a channel. */
void afb_bispectrum_settings_default(afb_bispectrum_settings *settings);

typedef struct {
  int two_j1, two_j2, two_j;
  int element1, element2, element3;          /* channels of chem; -1 otherwise */
  int other;                                 /* quadratic: product with this linear component; -1: linear */
} afb_bispectrum_component;

typedef struct afb_bispectrum afb_bispectrum;   /* tables and work space: one thread at a time */

/* AFB_E_INPUT: a setting out of range (the message names it). AFB_E_LIMIT: more columns or memory than can be (says how much). AFB_E_MEMORY. */
afb_status afb_bispectrum_create(const afb_bispectrum_settings *settings, afb_bispectrum **out);
void afb_bispectrum_destroy(afb_bispectrum **bispectrum);
const afb_bispectrum_settings *afb_bispectrum_get(const afb_bispectrum *bispectrum);
/* Linear columns (n_channels^3 times as many with chem: triple of channels, third fastest, then component), and all. */
int afb_bispectrum_n_linear(const afb_bispectrum *bispectrum);
int afb_bispectrum_n_columns(const afb_bispectrum *bispectrum);
afb_bispectrum_component afb_bispectrum_column(const afb_bispectrum *bispectrum, int column);
/* Name of the kernel in use: "reference", "vector 8". */
const char *afb_bispectrum_kernel(const afb_bispectrum *bispectrum);
/* For afb_neighbours_find: cutoff [n_elements^2], grid_cutoff [n_elements]; the largest of both is returned. */
double afb_bispectrum_cutoffs(const afb_bispectrum *bispectrum, double *cutoff, double *grid_cutoff);

/* B [n_centres][n_columns]. AFB_E_MEMORY. Cost: 3 us a centre at two_jmax 8 and 26 neighbours. */
afb_status afb_bispectrum_values(afb_bispectrum *bispectrum, const afb_neighbours *list, double *B);

/* B as above or NULL; dB [n_pairs][3][n_columns] = d B_centre / d r_neighbour, 1/angstrom (the derivative with respect
 * to the centre is minus the sum over its pairs). AFB_E_MEMORY. With an adaptive cut-off: AFB_E_INPUT.
 * Cost: ten times that of B. */
afb_status afb_bispectrum_derivatives(afb_bispectrum *bispectrum, const afb_neighbours *list, double *B, double *dB);

/* Energy of a potential E_i = sum_k beta_k B_k (constant not included), its coefficients by the element of the centre: beta
 * [n_elements][n_columns]. energy [n_centres]; gradient [n_pairs][3] = dE_i / d r_neighbour, in beta's unit per angstrom,
 * or NULL. By the adjoint: cost about four times that of B, whatever the number of columns. */
afb_status afb_bispectrum_energies(afb_bispectrum *bispectrum, const afb_neighbours *list, const double *beta, double *energy,
                                   double *gradient);

#endif
