/* Symmetric band matrices and their bordered linear systems. Not collective.
 *
 * A symmetric n x n matrix of half-bandwidth AFB_BAND is stored as lower[i][d] = A(i+d, i), d = 0 ... AFB_BAND, row-major
 * with AFB_BAND + 1 numbers a column; entries beyond the matrix are zero. */
#ifndef AFB_NUMERIC_BAND_H
#define AFB_NUMERIC_BAND_H

#include "core/status.h"

enum { AFB_BAND = 16, AFB_BAND_LD = AFB_BAND + 1 };

/* y = A x. */
void afb_band_multiply(int n, const double *a, const double *x, double *y);
/* x^T A y. */
double afb_band_form(int n, const double *a, const double *x, const double *y);

/* Factors of A: L D L^T where that is stable, otherwise LU with partial pivoting (LAPACK dgbtrf). `factors` has n AFB_BAND_FACTOR_LD
 * numbers, `pivots` n. AFB_E_NUMERIC: an exact zero pivot. Cost: 250 n operations, LU four times that. */
enum { AFB_BAND_FACTOR_LD = 3 * AFB_BAND + 1 };
afb_status afb_band_factor(int n, const double *a, double *factors, int *pivots);
/* The number of negative eigenvalues of the matrix that was factored (Sylvester's law of inertia); -1: not known from LU. */
int afb_band_negative(int n, const double *factors, const int *pivots);
/* Solves for n_rhs right-hand sides, x[n_rhs][n], in place. */
afb_status afb_band_solve(int n, const double *factors, const int *pivots, int n_rhs, double *x);

/* Cholesky factorisation of A (lower band) and reduction of the dense eigenproblem H x = e A x is left to LAPACK:
 * eigenvalues number first ... last (from 0) with eigenvectors vector[last-first+1][n], normalised to x^T A x = 1.
 * AFB_E_NUMERIC when A is not positive definite or LAPACK fails. Cost: n^3. */
afb_status afb_band_eigen(int n, const double *h, const double *a, int first, int last, double *value, double *vector);

/* The `count` lowest eigenpairs of H x = e A x above `bound` < 0, which lies in a gap of the spectrum, ascending, x^T A x = 1, of either
 * sign. AFB_E_NUMERIC as above, or there are fewer. Cost: about 2,000 n operations for each of some 60 steps; n^3 when these fail. */
afb_status afb_band_lowest(int n, const double *h, const double *a, double bound, int count, double *value, double *vector);

#endif
