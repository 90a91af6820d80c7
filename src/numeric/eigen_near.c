/* Few lowest eigenpairs of a dense matrix from near starts: Rayleigh-Ritz in a space that grows by solutions with one Cholesky factor
 * (generalised Davidson method; Morgan and Scott, SIAM J. Sci. Stat. Comput. 7, 817 (1986)).
 *
 * What is factored is A - mu + sum over the wanted vectors of c |x><x|, mu the last wanted Ritz value of the start, c > 0. When it is
 * positive, A has at most as many eigenvalues up to mu as levels are wanted (Weyl); Ritz values only fall as the space grows. So pairs
 * to which they converge are the lowest: none is overlooked. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/eigen_solver.h"
#include "numeric/lapack.h"

/* Rounds with all levels before a second attempt to factor, rounds in all, rounds with one factor. */
enum { FIRST = 2, ROUNDS = 12, SAME = 4 };
typedef struct {
  const afb_eigen_problem *problem;
  const double *a;             /* the shifted matrix, lower triangle */
  double unit, aim;            /* the scale to a power of two: the same on any number of ranks; what residual norms come to */
  int n, wanted, levels, most; /* rows; levels: with the extra ones; vectors that the basis may have */
  double *factor;              /* [n][n] */
  double *basis, *image;       /* [most][n]: V and A V */
  double *x, *ax;              /* [levels][n]: Ritz vectors, their residuals */
  double *theta, *small;       /* [most], [most][most] */
  double *overlap, *work;      /* [most], [6 most] */
} near;

static double *vector_of(const near *s, double *first, int k) { return first + (size_t)k * (size_t)s->n; }

static int allocate(near *s)
{
  size_t n = (size_t)s->n, m = (size_t)s->most, k = (size_t)s->levels;
  s->factor = malloc((n * (n + 2 * m + 2 * k) + m * (m + 8)) * sizeof *s->factor);
  if (!s->factor)
    return 0;
  s->basis = s->factor + n * n;
  s->image = s->basis + m * n;
  s->x = s->image + m * n;
  s->ax = s->x + k * n;
  s->theta = s->ax + k * n;
  s->small = s->theta + m;
  s->overlap = s->small + m * m;
  s->work = s->overlap + m;
  return 1;
}

/* Makes vector m of the basis orthonormal to those before; 0 when nothing is left of it. */
static int orthonormalise(near *s, int m)
{
  double *v = vector_of(s, s->basis, m), norm = cblas_dnrm2(s->n, v, 1);
  if (!(norm > 0 && norm < INFINITY))
    return 0;
  cblas_dscal(s->n, 1 / norm, v, 1);
  for (int pass = 0; pass < 2 && m > 0; pass++) {
    cblas_dgemv(CblasColMajor, CblasTrans, s->n, m, 1, s->basis, s->n, v, 1, 0, s->overlap, 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, s->n, m, -1, s->basis, s->n, s->overlap, 1, 1, v, 1);
    norm = cblas_dnrm2(s->n, v, 1);
    if (!(norm > 1e-8))
      return 0;
    cblas_dscal(s->n, 1 / norm, v, 1);
  }
  return 1;
}

/* Images of the vectors first ... last - 1 of the basis, then Ritz values, Ritz vectors and their residuals in all of it. The largest
 * residual norm of the wanted ones; INFINITY when LAPACK fails. */
static double project(near *s, int first, int last)
{
  int n = s->n, info = 0, lwork = 6 * s->most;
  double worst = 0;
  for (int k = first; k < last; k++)
    cblas_dsymv(CblasColMajor, CblasLower, n, 1, s->a, n, vector_of(s, s->basis, k), 1, 0, vector_of(s, s->image, k), 1);
  cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, last, last, n, 1, s->basis, n, s->image, n, 0, s->small, last);
  dsyev_("V", "L", &last, s->small, &last, s->theta, s->work, &lwork, &info);
  if (info != 0)
    return INFINITY;
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, s->levels, last, 1, s->basis, n, s->small, last, 0, s->x, n);
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, s->levels, last, 1, s->image, n, s->small, last, 0, s->ax, n);
  for (int l = 0; l < s->levels; l++) {
    cblas_daxpy(n, -s->theta[l], vector_of(s, s->x, l), 1, vector_of(s, s->ax, l), 1);
    double norm = cblas_dnrm2(n, vector_of(s, s->ax, l), 1);
    if (l < s->wanted && !(norm <= worst))
      worst = norm;
  }
  return worst;
}

/* Factors A - mu with the first `count` Ritz vectors taken out upwards; 0 when another level is below mu, or nearly so. */
static int factorise(near *s, int count, double mu)
{
  int n = s->n, info = 0;
  size_t length = (size_t)n;
  memcpy(s->factor, s->a, length * length * sizeof *s->factor);
  for (int k = 0; k < count; k++)
    cblas_dsyr(CblasColMajor, CblasLower, n, s->unit + mu - s->theta[k], vector_of(s, s->x, k), 1, s->factor, n);
  for (size_t i = 0; i < length; i++)
    s->factor[i * (length + 1)] -= mu;
  dpotrf_("L", &n, s->factor, &n, &info);
  return info == 0;
}

/* Solutions for the residuals above the aim, of the levels up to `last`, behind the m vectors of the basis: the new number of vectors. */
static int expand(near *s, int m, int last)
{
  int fresh = 0, used = m, info;
  for (int l = 0; l < last; l++)
    if (cblas_dnrm2(s->n, vector_of(s, s->ax, l), 1) > 0.1 * s->aim)
      memcpy(vector_of(s, s->basis, m + fresh++), vector_of(s, s->ax, l), (size_t)s->n * sizeof *s->basis);
  dpotrs_("L", &s->n, &fresh, s->factor, &s->n, vector_of(s, s->basis, m), &s->n, &info);
  for (int k = m; k < m + fresh; k++) {
    if (k > used)
      memcpy(vector_of(s, s->basis, used), vector_of(s, s->basis, k), (size_t)s->n * sizeof *s->basis);
    used += orthonormalise(s, used);
  }
  return used;
}

/* 1 when the wanted levels are found. */
static int iterate(near *s)
{
  int m = 0, known = 0;
  for (int k = 0; k < s->problem->n_start && m < s->levels; k++) {
    memcpy(vector_of(s, s->basis, m), s->problem->start + (size_t)k * (size_t)s->n, (size_t)s->n * sizeof *s->basis);
    m += orthonormalise(s, m);
  }
  if (m < s->levels)
    return 0;
  double worst = project(s, 0, m);
  if (!(worst < INFINITY))
    return 0;
  if (!factorise(s, s->wanted, s->theta[s->wanted - 1])) {
    if (!factorise(s, s->levels, s->theta[0]))
      return 0;
    for (int round = 0; round < FIRST; round++) {
      known = m;
      m = expand(s, m, s->levels);
      worst = m > known ? project(s, known, m) : INFINITY;
      if (!(worst < INFINITY))
        return 0;
    }
    if (!factorise(s, s->wanted, s->theta[s->wanted - 1]))
      return 0;
  }
  for (int round = 0; round < ROUNDS && worst > s->aim; round++) {
    known = m;
    if (round > 0 && round % SAME == 0 && !factorise(s, s->wanted, s->theta[s->wanted - 1]))
      return 0;
    m = expand(s, m, round == 0 ? s->levels : s->wanted);
    if (m == known)
      return 0;
    worst = project(s, known, m);
  }
  return worst <= s->aim;
}

int afb_eigen_near(const afb_eigen_problem *problem, const double *a, afb_eigen_result *result)
{
  int n = problem->matrix->n, wanted = problem->n_wanted, levels = wanted + AFB_EIGEN_GUARD;
  int exponent;
  frexp(problem->scale, &exponent);
  double unit = ldexp(1.0, exponent);
  near s = {.problem = problem, .a = a, .n = n, .wanted = wanted, .levels = levels,
            .most = (2 + FIRST) * levels + ROUNDS * wanted,
            .unit = unit, .aim = 0.05 * problem->tolerance * unit};
  if (problem->n_start < levels || s.most > n || !allocate(&s))
    return 0;
  int found = iterate(&s);
  if (found) {
    memcpy(result->value, s.theta, (size_t)wanted * sizeof *result->value);
    memcpy(result->vector, s.x, (size_t)levels * (size_t)n * sizeof *result->vector);
    result->n_extra = levels - wanted;
  }
  free(s.factor);
  return found;
}
