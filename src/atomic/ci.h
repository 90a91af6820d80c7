/* Configuration interaction within the J^pi blocks: Hamiltonian matrices from the angular part and the radial
 * integrals, the optimised levels, and what the levels give back to the radial equations. */
#ifndef AFB_ATOMIC_CI_H
#define AFB_ATOMIC_CI_H

#include <mpi.h>

#include "atomic/angular.h"
#include "atomic/csf.h"
#include "atomic/mcdhf.h"
#include "numeric/eigen.h"

typedef struct {
  int n, n_levels;        /* CSFs, optimised levels */
  int n_known;            /* eigenpairs that are held: n_levels or some more, n after a solution of the whole spectrum */
  double *value;          /* [n_known], ascending, without the constant energy of the closed subshells */
  double *vector;         /* [n_known + n_rough][n], largest component positive */
  int n_rough;            /* rough vectors behind the known ones, to start the next solution from */
  double *mixing;         /* [n][n_levels]: the optimised vectors, level index fastest; none for an average */
  double weight;          /* of each of its levels; (2J+1), normalised over all levels */
  afb_symmetric matrix;   /* of the last solution with `whole`, for blocks of more than AFB_CI_WHOLE CSFs; otherwise empty; this rank's rows */
  double *factor;         /* of afb_ci_response, made from `matrix` when first used */
} afb_ci_block;

typedef struct {
  int n_blocks;
  afb_ci_block *block;
  const char *eigensolver;/* of the optimised levels, borrowed; NULL or "auto": by size and demand */
  double tolerance;       /* of the vectors of the next solution, numeric/eigen.h; 0: its default */
  int average;            /* density of all CSFs, weight 2J+1, without mixing: extended average level */
} afb_ci;

/* Not collective. n_levels <= 0: all. AFB_E_MEMORY. */
afb_status afb_ci_create(const afb_csf_list *list, afb_optimise optimise, int n_levels, afb_ci *out);
void afb_ci_clear(afb_ci *ci);

/* Collective on comm; identical results on all ranks. y: the angular integrals' values. With `whole` all eigenpairs of blocks
 * of up to AFB_CI_WHOLE CSFs are kept, and the matrices of larger ones, for afb_ci_response. AFB_E_NUMERIC when an eigensolver fails,
 * and what afb_eigen_solve refuses. */
enum { AFB_CI_WHOLE = 64 };
afb_status afb_ci_solve(MPI_Comm comm, const afb_angular *angular, const double *y, int whole, afb_ci *ci);

/* gamma[n_integrals] = dE/dy. Collective on angular->comm; sums are exact to 1e-16, so that they do not depend on the number of ranks.
 * AFB_E_MEMORY. */
afb_status afb_ci_density(const afb_ci *ci, const afb_angular *angular, double *gamma);
/* Weighted mean energy of the optimised levels; for `average`, of all CSFs' diagonals: sum gamma y. Not collective. */
double afb_ci_energy(const afb_ci *ci, const afb_angular *angular, const double *gamma, const double *y);
/* First-order change of gamma by the change dy of the integrals: rotations of the optimised vectors into the others, by sum over
 * states where the block's spectrum is held, otherwise from (H - E_l) dc = -dh_l in the complement of the
 * optimised levels, where that operator is positive: by Cholesky factors, made at the first call, or for blocks of more than some
 * 800 CSFs by conjugate gradients; needs a solution with `whole`. Collective on angular->comm. AFB_E_MEMORY, AFB_E_NUMERIC. */
afb_status afb_ci_response(afb_ci *ci, const afb_angular *angular, const double *dy, double *dgamma);

#endif
