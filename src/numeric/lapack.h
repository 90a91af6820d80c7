/* The Fortran LAPACK routines that are used, in the 32-bit integer interface; BLAS comes from <cblas.h>. */
#ifndef AFB_NUMERIC_LAPACK_H
#define AFB_NUMERIC_LAPACK_H

#include <complex.h>

void dgbtrf_(const int *m, const int *n, const int *kl, const int *ku, double *ab, const int *ldab, int *ipiv, int *info);
void dgbtrs_(const char *trans, const int *n, const int *kl, const int *ku, const int *nrhs, const double *ab,
             const int *ldab, const int *ipiv, double *b, const int *ldb, int *info);
void dsygv_(const int *itype, const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *b,
            const int *ldb, double *w, double *work, const int *lwork, int *info);
void dsygvx_(const int *itype, const char *jobz, const char *range, const char *uplo, const int *n, double *a,
             const int *lda, double *b, const int *ldb, const double *vl, const double *vu, const int *il, const int *iu,
             const double *abstol, int *m, double *w, double *z, const int *ldz, double *work, const int *lwork,
             int *iwork, int *ifail, int *info);
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info);
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
            const int *lwork, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b, const int *ldb, int *info);
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *info);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void dgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda, const int *ipiv, double *b,
             const int *ldb, int *info);
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b, const int *ldb, int *info);
void dgelsy_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *jpvt,
             const double *rcond, int *rank, double *work, const int *lwork, int *info);
void zgeev_(const char *jobvl, const char *jobvr, const int *n, double complex *a, const int *lda, double complex *w,
            double complex *vl, const int *ldvl, double complex *vr, const int *ldvr, double complex *work, const int *lwork,
            double *rwork, int *info);
void zgesv_(const int *n, const int *nrhs, double complex *a, const int *lda, int *ipiv, double complex *b, const int *ldb, int *info);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork, int *info);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu,
             double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info);
void dstev_(const char *jobz, const int *n, double *d, double *e, double *z, const int *ldz, double *work, int *info);
void dstevx_(const char *jobz, const char *range, const int *n, double *d, double *e, const double *vl, const double *vu,
             const int *il, const int *iu, const double *abstol, int *m, double *w, double *z, const int *ldz, double *work,
             int *iwork, int *ifail, int *info);

#endif
