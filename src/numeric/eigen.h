/* Lowest eigenpairs of a real symmetric matrix, A x = lambda x, x'x = 1: one front end to LAPACK (dense, one rank),
 * SLEPc (sparse, few levels, all ranks of a communicator), a Davidson method (the same, from near starts, entries spread over the ranks) and ScaLAPACK (dense, many levels, all ranks).
 *
 * Every solver gives the same pairs to rounding, and the same bits to every rank of the communicator:
 * - eigenvalues ascend;
 * - the component of largest magnitude of a vector is positive; among components that tie to 1e-8, the first;
 * - vectors of eigenvalues that agree to 1e-13 of the matrix's scale span a space in which no basis is preferred: the one
 *   given is that of the pivoted Cholesky factor of the projector onto the space, which depends on the space alone.
 * A space that the last wanted level cuts through is not determined, and neither are its vectors.
 *
 * The middle of the diagonal's range is subtracted before a solver sees the matrix, so that accuracy refers to the spread
 * of the levels and not to a common offset (an atom's total energy). The scale of a matrix below is the largest
 * 2-norm of a row of what then remains; it is a lower bound of the spectral norm. */
#ifndef AFB_NUMERIC_EIGEN_H
#define AFB_NUMERIC_EIGEN_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

/* The lower triangle by rows, the caller's. The same on every rank of the communicator, or spread over the ranks. */
typedef struct {
  int n;                 /* rows, at least 1 */
  int spread;            /* 1: every row is on one rank and empty on the others; 0: all ranks have all rows */
  const int64_t *start;  /* [n + 1] from 0: entries of row r are start[r] ... start[r+1]-1 */
  const int32_t *column; /* from 0, at most the row, ascending in a row, none twice */
  const double *value;   /* finite; entries that are absent are zero */
} afb_symmetric;

typedef struct {
  const char *solver;  /* name of a solver; NULL or "auto": chosen by size and demand, see afb_eigen_choose */
  int n_wanted;        /* lowest levels; <= 0 or beyond n: all */
  double tolerance;    /* of iterative solvers, and of LAPACK from starts: ||Ax - lambda x|| over the scale; 0: 1e-11 */
  int max_iterations;  /* of iterative solvers; 0: 2,000 */
  int n_start;         /* guesses of the lowest vectors, used by iterative solvers and by LAPACK, which tries these first where few levels are wanted; 0: none */
  const double *start; /* [n_start][n], the same on every rank, need not be orthonormal */
} afb_eigen_request;

typedef struct {
  int n, n_wanted;
  int n_converged;    /* pairs found, at most n_wanted: fewer when an iterative solver gave up */
  int iterations;     /* of iterative solvers, otherwise 0 */
  const char *solver; /* name of the solver that was used; static */
  double *value;      /* [n_wanted] ascending, NaN from n_converged on */
  double *vector;     /* [n_wanted + n_extra][n], a vector contiguous; zero from n_converged to n_wanted */
  int n_extra;        /* rough vectors of the levels that follow, good for the start of a next solution */
} afb_eigen_result;

/* What is known of a solver, for `aufbau list`. */
typedef struct {
  const char *name;
  const char *description;
  const char *library;
  const char *reference;
  int max_rows; /* AFB_E_LIMIT beyond */
  int few;      /* 1: for a few levels; AFB_E_LIMIT for more than a quarter of those of more than 2,000 rows */
} afb_eigen_facts;

/* The solvers in the order of the list; *count is set. Not collective. */
const afb_eigen_facts *const *afb_eigen_solvers(int *count);

/* The solver that "auto" means, by name: "lapack" up to 2,000 rows; beyond, "slepc" when at most 16 levels or 1 % of
 * them are wanted, otherwise "scalapack" (on one rank "lapack"). "davidson" is for callers that have near starts, or a
 * matrix that no rank can hold. Not collective. */
const char *afb_eigen_choose(int n, int n_wanted, int n_ranks);

/* Collective on `comm`, with equal arguments on all its ranks; other ranks of the job need not take part. An iterative
 * solver that gives up is AFB_OK with n_converged < n_wanted. AFB_E_INPUT (not a lower triangle in order, unknown solver; the text
 * lists them), AFB_E_NUMERIC (an entry is not finite, a library routine failed), AFB_E_LIMIT, AFB_E_MEMORY: *result
 * is then empty. The caller clears *result in every case.
 * Cost: lapack O(n^3) and 8 n^2 bytes on one rank while the others wait; scalapack O(n^3 / ranks), 24 n^2 / ranks bytes;
 * slepc and davidson O(iterations * entries / ranks), davidson with the matrix where it lies, the others gather a spread one on
 * every rank. Each rank needs 8 n n_wanted bytes for the result. */
afb_status afb_eigen_solve(MPI_Comm comm, const afb_symmetric *matrix, const afb_eigen_request *request,
                           afb_eigen_result *result);
void afb_eigen_result_clear(afb_eigen_result *result);

/* Lowest eigenpairs of a small dense symmetric matrix, with the order, signs and bases of above. a: [n][n] column-major, only
 * the lower triangle (a[i + n j], i >= j) is read. value: [n_wanted], vector: [n_wanted][n] or NULL; the caller's.
 * 1 <= n_wanted <= n. Not collective. AFB_E_INPUT, AFB_E_NUMERIC, AFB_E_MEMORY. O(n^3). */
afb_status afb_eigen_dense(int n, const double *a, int n_wanted, double *value, double *vector);

/* ||A x - lambda x||_2 / ||x||_2. Not collective; NaN when memory is short. O(entries). */
double afb_eigen_residual(const afb_symmetric *matrix, double lambda, const double *x);

/* Before MPI_Finalize: gives back what the libraries hold. Not collective. Solving again afterwards is an error. */
void afb_eigen_finalize(void);

#endif
