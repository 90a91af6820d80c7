/* What a solver behind numeric/eigen.h provides. Only src/numeric includes this file. */
#ifndef AFB_NUMERIC_EIGEN_SOLVER_H
#define AFB_NUMERIC_EIGEN_SOLVER_H

#include "numeric/eigen.h"

/* A checked problem: the matrix is `matrix` minus shift times the unit matrix. */
typedef struct {
  const afb_symmetric *matrix;
  double shift, scale;
  int n_wanted; /* 1 ... n */
  double tolerance;
  int max_iterations;
  int n_start;
  const double *start;
} afb_eigen_problem;

typedef struct {
  afb_eigen_facts facts;
  /* Collective on `comm`. Fills n_converged, iterations, and the first n_converged of value (of the shifted matrix, any order)
   * and vector (orthonormal, any sign), equal on all ranks. Returns an agreed status. */
  afb_status (*solve)(MPI_Comm comm, const afb_eigen_problem *problem, afb_eigen_result *result);
} afb_eigen_solver;

extern const afb_eigen_solver afb_eigen_lapack, afb_eigen_slepc, afb_eigen_scalapack, afb_eigen_davidson;

/* Levels beyond the wanted ones that an iterative solver follows, so that none is overlooked: the room for n_extra vectors. */
enum { AFB_EIGEN_GUARD = 2 };

/* The wanted levels and AFB_EIGEN_GUARD rough vectors, of the shifted matrix a[n][n] (lower triangle) from near starts, on this rank alone; 0: not
 * found, or not known to be the lowest. Cost: n^3 / 3 and some n^2 a level. */
int afb_eigen_near(const afb_eigen_problem *problem, const double *a, afb_eigen_result *result);

/* Order, signs and bases of eigen.h for n_vectors pairs; vector may be NULL. Not collective. AFB_E_MEMORY. */
afb_status afb_eigen_canonical(int n, int n_vectors, double scale, double *value, double *vector);

#endif
