/* Linear least squares with many more rows than columns, the rows spread over the ranks: no rank holds the matrix. */
#ifndef AFB_NUMERIC_LEAST_SQUARES_H
#define AFB_NUMERIC_LEAST_SQUARES_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

/* This rank's rows, the caller's. Any of them, none too, in any order. */
typedef struct {
  int64_t m;
  int n;                       /* columns, at least 1; the same on all ranks */
  const double *a;             /* [m][n] */
  const double *b;             /* [m] */
  const double *weight;        /* [m] factors of rows of a and b; NULL: 1 */
  double ridge;                /* >= 0; the same on all ranks, as is tolerance */
  double tolerance;            /* singular values up to this times the largest count as zero */
} afb_least_squares;

typedef struct {
  int rank;                    /* singular values above the tolerance: n when the solution is determined by the rows */
  double condition;            /* the largest over the smallest singular value; infinite when that is 0 */
  double residual;             /* || W (A x - b) ||_2 */
} afb_least_squares_result;

/* x [n], the same on all ranks: the minimum of || W (A x - b) ||^2 + ridge ||x||^2. With a rank below n it is the x of
 * smallest norm among those of that minimum in the space of the singular values that count.
 * Each rank reduces its rows to a triangle by Householder reflections in blocks (LAPACK), ScaLAPACK reduces the triangles to one (TSQR:
 * Demmel, Grigori, Hoemmen, Langou, SIAM J. Sci. Comput. 34, A206 (2012)), and that one is solved by its singular values.
 * Collective on `comm`; the same status on all ranks: AFB_E_NUMERIC (a row is not finite, a library routine failed), AFB_E_MEMORY.
 * Cost: 2 m n^2 a rank, 2 n^3 log(ranks) and about 20 n^3 on rank 0; memory beyond the rows 16 n (n + 2000) bytes a rank. */
afb_status afb_least_squares_solve(MPI_Comm comm, const afb_least_squares *problem, double *x,
                                   afb_least_squares_result *result);

#endif
