#include "materials/potential_metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

static const double PI = 3.141592653589793, VARIANCE_LEFT = 1e-6;

static double overlap(const double *alpha, int k, int l)
{
  return pow(PI / (alpha[k] + alpha[l]), 1.5);
}

double afb_potential_distance(int n, const double *alpha, const double *da)
{
  double sum = 0;
  for (int k = 0; k < n; k++)
    for (int l = 0; l < n; l++)
      sum += da[k] * overlap(alpha, k, l) * da[l];
  return sqrt(sum > 0 ? sum : 0);
}

/* Lower triangle of S = L L^T. 0: not positive definite to rounding. */
static int factor(int n, const double *alpha, double *l)
{
  for (int j = 0; j < n; j++)
    for (int i = j; i < n; i++) {
      double sum = overlap(alpha, i, j);
      for (int k = 0; k < j; k++)
        sum -= l[i * n + k] * l[j * n + k];
      if (i == j && !(sum > 1e-13 * overlap(alpha, i, i)))
        return 0;
      l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
    }
  return 1;
}

/* Eigenvalues rise; eigenvector p is c[p n ... p n + n - 1] afterwards. */
static afb_status eigen(int n, double *c, double *value)
{
  int info, size = 3 * n * n + 64;
  double *work = malloc((size_t)size * sizeof *work);
  if (!work)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for principal axes");
  dsyev_("V", "U", &n, c, &n, value, work, &size, &info);
  free(work);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "the principal axes of %d coefficients were not found", n);
}

/* y = L^T (a - mean). */
static void whiten(int n, const double *l, const double *mean, const double *a, double *y)
{
  for (int i = 0; i < n; i++) {
    y[i] = 0;
    for (int k = i; k < n; k++)
      y[i] += l[k * n + i] * (a[k] - mean[k]);
  }
}

/* x of L^T x = y. */
static void solve(int n, const double *l, const double *y, double *x)
{
  for (int i = n - 1; i >= 0; i--) {
    x[i] = y[i];
    for (int k = i + 1; k < n; k++)
      x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
}

afb_status afb_potential_basis_fit(int n, const double *alpha, int64_t n_rows, const int64_t *row, const double *a, int most,
                                   afb_potential_basis *b)
{
  enum { MOST = AFB_POTENTIAL_MAX_GAUSSIANS };
  *b = (afb_potential_basis){.n = n};
  if (n < 1 || n > MOST || n_rows < 1)
    return AFB_FAIL(AFB_E_INPUT, "potentials have 1 to %d Gaussians, not %d", MOST, n);
  memcpy(b->alpha, alpha, (size_t)n * sizeof *alpha);
  size_t square = (size_t)(n * n) * sizeof(double);
  double *l = calloc(1, square), *c = calloc(1, square), value[MOST], y[MOST], sum = 0, left;
  b->mean = calloc((size_t)n, sizeof *b->mean);
  b->axis = calloc(1, square);
  afb_status status = l && c && b->mean && b->axis ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for principal axes");
  for (int k = 0; k < n && status == AFB_OK; k++)
    if (!(alpha[k] > 0))
      status = AFB_FAIL(AFB_E_INPUT, "exponent %d of the potential is not above 0", k + 1);
  if (status == AFB_OK && !factor(n, alpha, l))
    status = AFB_FAIL(AFB_E_INPUT, "the exponents of the potential must all be different");
  if (status == AFB_OK) {
    for (int64_t i = 0; i < n_rows; i++)
      for (int k = 0; k < n; k++)
        b->mean[k] += a[row[i] * n + k] / (double)n_rows;
    for (int64_t i = 0; i < n_rows; i++) {
      whiten(n, l, b->mean, a + row[i] * n, y);
      for (int p = 0; p < n; p++)
        for (int q = 0; q < n; q++)
          c[p * n + q] += y[p] * y[q];
    }
    status = eigen(n, c, value);
  }
  if (status == AFB_OK) {
    for (int p = 0; p < n; p++)
      sum += value[p] > 0 ? value[p] : 0;
    left = sum;
    for (int p = n - 1; p >= 0 && b->n_parts < most && (b->n_parts == 0 || left > VARIANCE_LEFT * sum); p--) {
      solve(n, l, c + p * n, b->axis + b->n_parts++ * n);
      left -= value[p];
    }
  } else {
    afb_potential_basis_clear(b);
  }
  free(l);
  free(c);
  return status;
}

void afb_potential_basis_clear(afb_potential_basis *b)
{
  free(b->mean);
  free(b->axis);
  *b = (afb_potential_basis){0};
}

void afb_potential_to_parts(const afb_potential_basis *b, const double *a, double *z)
{
  int n = b->n;
  for (int p = 0; p < b->n_parts; p++) {
    z[p] = 0;
    for (int k = 0; k < n; k++)
      for (int l = 0; l < n; l++)
        z[p] += b->axis[p * n + k] * overlap(b->alpha, k, l) * (a[l] - b->mean[l]);
  }
}

void afb_potential_from_parts(const afb_potential_basis *b, const double *z, double *a)
{
  for (int k = 0; k < b->n; k++) {
    a[k] = b->mean[k];
    for (int p = 0; p < b->n_parts; p++)
      a[k] += z[p] * b->axis[p * b->n + k];
  }
}
