/* Linear least squares with many more rows than columns, the rows spread over the ranks: no rank holds the matrix. */
#ifndef AFB_NUMERIC_LEAST_SQUARES_H
#define AFB_NUMERIC_LEAST_SQUARES_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

/* A triangle into which each rank folds its rows as they come, in blocks; rows are not kept. */
typedef struct afb_least_squares afb_least_squares;

/* n >= 1 columns, the same on all ranks. Not collective. AFB_E_MEMORY. Memory: 8 (n + 1) (n + min(4 n, 2048)) bytes, however many rows come. */
afb_status afb_least_squares_create(int n, afb_least_squares **fit);
void afb_least_squares_destroy(afb_least_squares **fit);
/* One row: weight * a [n] against weight * b. Ranks may add unequal numbers of rows, none too, in any order. Not collective. AFB_E_NUMERIC: LAPACK
 * failed. Cost: 2 n^2 a row. */
afb_status afb_least_squares_add(afb_least_squares *fit, const double *a, double b, double weight);

typedef struct {
  int64_t rows;                /* of all ranks */
  int rank;                    /* singular values above the tolerance: n when the solution is determined by the rows */
  double condition;            /* the largest over the smallest singular value; infinite when that is 0 */
  double residual;             /* || W (A x - b) ||_2 */
} afb_least_squares_result;

/* x [n], the same on all ranks: the minimum of || W (A x - b) ||^2 + ridge ||x||^2 over the rows of all ranks. Singular values up to `tolerance` times
 * the largest count as zero; with a rank below n it is the x of smallest norm among those of that minimum in the space of the
 * singular values that count. ridge >= 0 and tolerance are the same on all ranks. Rows can be added afterwards, and it be solved again.
 * Each rank has reduced its rows to a triangle by Householder reflections in blocks (LAPACK), ScaLAPACK reduces the triangles to one (TSQR:
 * Demmel, Grigori, Hoemmen, Langou, SIAM J. Sci. Comput. 34, A206 (2012)), and that one is solved by its singular values.
 * Collective on `comm`; the same status on all ranks: AFB_E_NUMERIC (a row is not finite, a library routine failed), AFB_E_MEMORY.
 * Cost: 2 n^3 log(ranks) and about 20 n^3 on rank 0; memory 8 n^2 bytes a rank, four times that on rank 0. */
afb_status afb_least_squares_solve(MPI_Comm comm, afb_least_squares *fit, double ridge, double tolerance, double *x,
                                   afb_least_squares_result *result);

#endif
