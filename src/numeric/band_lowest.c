/* Eigenvalues of a band pencil just above a gap of its spectrum, by the Lanczos method on the inverse of H - sigma A
 * (Ericsson and Ruhe, Math. Comp. 35, 1251 (1980)), A-orthogonalised in full; how many there are is known by the law of inertia. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/band.h"
#include "numeric/lapack.h"

enum { MOST = 120, LARGEST_COUNT = 40, CHECK = 6 };

typedef struct {
  int n;
  const double *h, *a;
  double *shifted, *factors;   /* of H - sigma A */
  int *pivots;
  double *basis, *dual;        /* [MOST + 1][n]: Lanczos vectors, and A times them */
  double diagonal[MOST], off[MOST];
  double *ritz, *theta;        /* [MOST][MOST], [MOST]: of the tridiagonal matrix */
} pencil;

/* Factors H - sigma A; the number of eigenvalues below sigma, -1 when it is not known. */
static int below(pencil *p, double sigma)
{
  size_t size = (size_t)p->n * AFB_BAND_LD;
  for (size_t i = 0; i < size; i++)
    p->shifted[i] = p->h[i] - sigma * p->a[i];
  return afb_band_factor(p->n, p->shifted, p->factors, p->pivots) == AFB_OK ? afb_band_negative(p->n, p->factors, p->pivots) : -1;
}

/* A shift with `want` eigenvalues between `bound` and itself, whose factors are then held: the wanted ones are then one end of the
 * inverse's spectrum. 0: none was found. */
static double choose_shift(pencil *p, double bound, int n_below, int want)
{
  const double unit = 1e-3;     /* below it shifts are chosen evenly, beyond by their logarithms */
  double low = asinh(bound / unit), high = asinh(1e3 / unit);
  for (int it = 0; it < 40; it++) {
    double sigma = unit * sinh(0.5 * (low + high));
    int count = below(p, sigma);
    if (count < 0)
      return 0;
    if (count - n_below == want)
      return sigma;
    if (count - n_below < want)
      low = 0.5 * (low + high);
    else
      high = 0.5 * (low + high);
  }
  return 0;
}

/* Makes basis vector j one of length 1, and its dual: returns its length before, 0 when it has none. */
static double make_unit(pencil *p, int j)
{
  double *v = p->basis + (size_t)j * (size_t)p->n, *w = p->dual + (size_t)j * (size_t)p->n;
  afb_band_multiply(p->n, p->a, v, w);
  double norm = sqrt(cblas_ddot(p->n, v, 1, w, 1));
  if (!(norm > 0) || !isfinite(norm))
    return 0;
  cblas_dscal(p->n, 1 / norm, v, 1);
  cblas_dscal(p->n, 1 / norm, w, 1);
  return norm;
}

/* Lanczos vector number j + 1. 0 when the space is exhausted or the arithmetic fails. */
static int extend(pencil *p, int j)
{
  size_t n = (size_t)p->n;
  double *v = p->basis + (size_t)(j + 1) * n, overlap[MOST];
  memcpy(v, p->dual + (size_t)j * n, n * sizeof *v);
  if (afb_band_solve(p->n, p->factors, p->pivots, 1, v) != AFB_OK)
    return 0;
  for (int pass = 0; pass < 2; pass++) {
    cblas_dgemv(CblasColMajor, CblasTrans, p->n, j + 1, 1, p->dual, p->n, v, 1, 0, overlap, 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, p->n, j + 1, -1, p->basis, p->n, overlap, 1, 1, v, 1);
    p->diagonal[j] = pass == 0 ? overlap[j] : p->diagonal[j] + overlap[j];
  }
  p->off[j] = make_unit(p, j + 1);
  return p->off[j] > 0;
}

/* Ritz pairs of m steps: theta[i] and ritz of the wanted ones, i = count - 1 ... 0 from the lowest, theta < 0. 0 when one is not there or not
 * converged. */
static int converged(pencil *p, int m, double sigma, double bound, int count)
{
  double diagonal[MOST], off[MOST], work[5 * MOST], none = 0, tolerance = 0, largest = 0;
  int info, found, first = 1, integers[5 * MOST], failed[MOST];
  memcpy(diagonal, p->diagonal, (size_t)m * sizeof *off);
  memcpy(off, p->off, (size_t)m * sizeof *off);
  dstevx_("V", "I", &m, diagonal, off, &none, &none, &first, &count, &tolerance, &found, p->theta, p->ritz, &m, work, integers, failed, &info);
  for (int i = 0; i < m; i++)    /* at most as large as the largest eigenvalue */
    largest = fmax(largest, fabs(p->diagonal[i]));
  for (int i = 0; i < count && info == 0; i++)
    if (!(p->theta[i] < 0) || !(sigma + 1 / p->theta[i] > bound) ||
        !(p->off[m - 1] * fabs(p->ritz[(size_t)(i + 1) * (size_t)m - 1]) < 1e-12 * largest))
      return 0;
  return info == 0;
}

static int lanczos(pencil *p, double bound, int count, double *value, double *vector)
{
  int n_below = below(p, bound), m = 0;
  size_t n = (size_t)p->n;
  double sigma = n_below >= 0 ? choose_shift(p, bound, n_below, count) : 0;
  if (sigma == 0)
    return 0;
  for (int i = 0; i < p->n; i++)
    p->basis[i] = sin(1.0 + i * i);
  if (afb_band_solve(p->n, p->factors, p->pivots, 1, p->basis) != AFB_OK || !make_unit(p, 0))
    return 0;
  do {
    int next = m == 0 ? 14 + 2 * count : m + CHECK;
    if (next > MOST)
      return 0;
    for (; m < next; m++)
      if (!extend(p, m))
        return 0;
  } while (!converged(p, m, sigma, bound, count));
  for (int i = 0; i < count; i++) {
    int at = count - 1 - i;
    value[i] = sigma + 1 / p->theta[at];
    cblas_dgemv(CblasColMajor, CblasNoTrans, p->n, m, 1, p->basis, p->n, p->ritz + (size_t)at * (size_t)m, 1, 0,
                vector + (size_t)i * n, 1);
  }
  return 1;
}

/* The same from the whole spectrum of the dense matrices. */
static afb_status dense(int n, const double *h, const double *a, double bound, int count, double *value, double *vector)
{
  size_t size = (size_t)n;
  int first = 0;
  double *all = malloc((size * size + size) * sizeof *all);
  if (!all)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an eigenproblem of dimension %d", n);
  double *energy = all + size * size;
  afb_status status = afb_band_eigen(n, h, a, 0, n - 1, energy, all);
  while (status == AFB_OK && first < n && !(energy[first] > bound))
    first++;
  if (status == AFB_OK && first + count > n)
    status = AFB_FAIL(AFB_E_NUMERIC, "fewer than %d eigenvalues above %g", count, bound);
  if (status == AFB_OK) {
    memcpy(value, energy + first, (size_t)count * sizeof *value);
    memcpy(vector, all + (size_t)first * size, (size_t)count * size * sizeof *vector);
  }
  free(all);
  return status;
}

afb_status afb_band_lowest(int n, const double *h, const double *a, double bound, int count, double *value, double *vector)
{
  size_t size = (size_t)n, room = size * (AFB_BAND_LD + AFB_BAND_FACTOR_LD + 2 * (MOST + 1)) + MOST * (MOST + 1);
  double *work = malloc(room * sizeof *work);
  int *pivots = malloc(size * sizeof *pivots);
  if (!work || !pivots) {
    free(work);
    free(pivots);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an eigenproblem of dimension %d", n);
  }
  pencil p = {.n = n, .h = h, .a = a, .shifted = work, .pivots = pivots};
  p.factors = p.shifted + size * AFB_BAND_LD;
  p.basis = p.factors + size * AFB_BAND_FACTOR_LD;
  p.dual = p.basis + size * (MOST + 1);
  p.ritz = p.dual + size * (MOST + 1);
  p.theta = p.ritz + MOST * MOST;
  int found = count <= LARGEST_COUNT && n > MOST && lanczos(&p, bound, count, value, vector);
  free(work);
  free(pivots);
  return found ? AFB_OK : dense(n, h, a, bound, count, value, vector);
}
