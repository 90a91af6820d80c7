/* The radial basis: P in B-splines of order 8, Q of order 9 on the same breakpoints (equal orders give spurious
 * states: Froese Fischer and Zatsarinny, Comput. Phys. Commun. 180, 879 (2009)), quadrature by Gauss-Legendre points
 * in every cell, and the operators of the Dirac-Coulomb Hamiltonian in it. Atomic units. Not collective.
 *
 * A radial function is one vector of n = 2 (n_cells + 8) numbers: Q spline i at 2i, P spline i at 2i + 1, so that every operator
 * is a symmetric matrix of half-bandwidth AFB_BAND. Splines that do not vanish at r = 0 or at r_max keep the
 * coefficient 0 (and so does the one slot that no P spline uses). On the points a function is p[n_points], q[n_points]. */
#ifndef AFB_ATOMIC_RADIAL_H
#define AFB_ATOMIC_RADIAL_H

#include "atomic/nucleus.h"
#include "core/status.h"
#include "numeric/band.h"

enum { AFB_P_ORDER = 8, AFB_Q_ORDER = 9, AFB_CELL_POINTS = 10, AFB_MAX_RANK = 16 };

typedef struct {
  double growth;       /* width of a cell over its distance from the nucleus, twice that inside 0.1/Z; 0: 0.16 */
  double max_width;    /* of a cell, bohr; 0: 4 */
  double r_max;        /* bohr */
  double speed_of_light;  /* 0: AFB_SPEED_OF_LIGHT */
} afb_radial_options;

typedef struct {
  afb_nucleus nucleus;
  double speed_of_light;
  int n_cells, n_points, n;
  double *breakpoint;            /* [n_cells + 1] */
  double *r, *weight;            /* [n_points]: quadrature points and weights dr */
  double *p_spline, *q_spline;   /* [n_points][8], [n_points][12]: the splines of the point's cell, zeros behind the ninth */
  double *p_column, *q_column;   /* the same by splines: [n_cells][8][12], [n_cells][9][12], zeros behind the tenth point */
  int *shape;                    /* [n_cells]: cells in a series, with the same splines but for scale, have one number */
  double *product;               /* [shapes][points][108]: products of a point's splines, see radial.c */
  double *overlap;               /* band */
  double *dirac_fixed;           /* band: c d/dr + V_nuc - 2c^2 (Q) ... */
  double *dirac_kappa;           /* band: the factor of kappa, c/r between P and Q */
  double *kernel[AFB_MAX_RANK];  /* [n_cells][points][12]: r<^k/r>^(k+1) within a cell; made when first used */
  double *inner[AFB_MAX_RANK];   /* [n_points]: r^k */
  double *outer[AFB_MAX_RANK];   /* [n_points]: r^-(k+1) */
} afb_radial;

/* AFB_E_MEMORY; AFB_E_LIMIT: more than 1000 cells. About 70 cells for r_max = 100. */
afb_status afb_radial_create(const afb_nucleus *nucleus, const afb_radial_options *options, afb_radial **out);
void afb_radial_destroy(afb_radial **radial);

/* One-electron Dirac operator of kappa as a band matrix: c sigma.p, V_nuc, energies without the rest energy
 * (Grant 2007, eq. 5.3); kinetic blocks  <Q_i| c (d/dr + kappa/r) |P_j>,  -2 c^2 on Q. */
void afb_radial_dirac(const afb_radial *radial, int kappa, double *band);
/* band += scale * (matrix of the local potential u, hartree, [n_points]). */
void afb_radial_add_potential(const afb_radial *radial, double scale, const double *u, double *band);
/* Rows and columns of the unused splines become those of the unit matrix. */
void afb_radial_fix_ends(const afb_radial *radial, double *band);

/* Function values on the points. */
void afb_radial_values(const afb_radial *radial, const double *vector, double *p, double *q);
/* vector_i = integral of (spline i) * (fp or fq) dr: the right-hand side that the functions stand for. */
void afb_radial_project(const afb_radial *radial, const double *fp, const double *fq, double *vector);

/* v(r) = integral of r<^k / r>^(k+1) rho(s) ds on the points (Y^k/r), from weighted_rho = weight * rho. The discrete kernel is
 * symmetric: sum(weighted_rho1 v[rho2]) = sum(weighted_rho2 v[rho1]) to rounding. AFB_E_MEMORY when the
 * rank is first used, AFB_E_LIMIT when k >= AFB_MAX_RANK. Cost: about n_points * 15 operations. */
afb_status afb_radial_prepare_rank(afb_radial *radial, int k);
void afb_radial_coulomb(const afb_radial *radial, int k, const double *weighted_rho, double *v);

#endif
