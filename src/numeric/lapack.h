/* Prototypes of the Fortran routines of LAPACK that this program calls (LP64: integers are int). BLAS comes from
 * <cblas.h>. Column-major arrays; netlib.org/lapack describes every argument. Callers go through a wrapper of ours
 * (numeric/eigen.h ...), which turns `info` into a status. */
#ifndef AFB_NUMERIC_LAPACK_H
#define AFB_NUMERIC_LAPACK_H

#include <stddef.h>

/* Eigenpairs of a symmetric matrix, relatively robust representations. The trailing size_t are the hidden lengths of
 * the character arguments, as gfortran 8 and later pass them. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t jobz_length, size_t range_length, size_t uplo_length);

#endif
