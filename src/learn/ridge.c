#include "learn/ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

/* Means and inverse deviations of the rows with a known y; returns how many these are. */
static int64_t moments(int64_t n, int k, const float *x, int stride, const float *y, int y_stride, double *mean, double *inverse)
{
  int64_t known = 0;
  memset(mean, 0, (size_t)k * sizeof *mean);
  memset(inverse, 0, (size_t)k * sizeof *inverse);
  for (int64_t i = 0; i < n; i++) {
    if (isnan(y[i * y_stride]))
      continue;
    known++;
    for (int f = 0; f < k; f++) {
      double step = x[i * stride + f] - mean[f];
      mean[f] += step / (double)known;
      inverse[f] += step * (x[i * stride + f] - mean[f]);
    }
  }
  for (int f = 0; f < k && known > 0; f++) {
    double deviation = sqrt(inverse[f] / (double)known);
    inverse[f] = deviation > 1e-6 * (1 + fabs(mean[f])) ? 1 / deviation : 0;
  }
  return known;
}

/* a = X^T X + ridge (lower triangle), b = X^T y, of the standardised inputs and a constant last. */
static void normal_equations(int64_t n, int k, const float *x, int stride, const float *y, int y_stride, double ridge,
                             const double *mean, const double *inverse, double *row, double *a, double *b)
{
  int m = k + 1;
  memset(a, 0, (size_t)m * (size_t)m * sizeof *a);
  memset(b, 0, (size_t)m * sizeof *b);
  row[k] = 1;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(y[i * y_stride]))
      continue;
    for (int f = 0; f < k; f++)
      row[f] = (x[i * stride + f] - mean[f]) * inverse[f];
    for (int f = 0; f < m; f++) {
      b[f] += row[f] * y[i * y_stride];
      for (int g = 0; g <= f; g++)
        a[f * m + g] += row[f] * row[g];
    }
  }
  for (int f = 0; f < k; f++)
    a[f * m + f] += ridge + (inverse[f] == 0 ? 1 : 0);
}

double afb_ridge_value(int n_features, const float *x, const double *weight)
{
  double value = weight[n_features];
  for (int f = 0; f < n_features; f++)
    value += weight[f] * x[f];
  return value;
}

static double residual(int64_t n, int k, const float *x, int stride, const float *y, int y_stride, const double *weight)
{
  double sum = 0;
  int64_t known = 0;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(y[i * y_stride]))
      continue;
    double r = y[i * y_stride] - afb_ridge_value(k, x + i * stride, weight);
    sum += r * r;
    known++;
  }
  return sqrt(sum / (double)known);
}

afb_status afb_ridge_fit(int64_t n, int n_features, const float *x, int stride, const float *y, int y_stride, double ridge,
                         double *weight, double *deviation)
{
  int k = n_features, m = k + 1, one = 1, info = 0;
  double *mean = malloc(((size_t)m * (size_t)m + 3 * (size_t)m) * sizeof *mean);
  if (!mean)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for least squares with %d columns", m);
  double *inverse = mean + m, *row = inverse + m, *a = row + m;
  int64_t known = moments(n, k, x, stride, y, y_stride, mean, inverse);
  if (known > 0) {
    normal_equations(n, k, x, stride, y, y_stride, ridge, mean, inverse, row, a, weight);
    /* Row-major lower is Fortran's upper. */
    dposv_("U", &m, &one, a, &m, weight, &m, &info);
  }
  for (int f = 0; f < k && known > 0; f++) {
    weight[f] *= inverse[f];
    weight[k] -= weight[f] * mean[f];
  }
  free(mean);
  if (known == 0)
    return AFB_FAIL(AFB_E_INPUT, "least squares without a known value");
  double scatter = info == 0 ? residual(n, k, x, stride, y, y_stride, weight) : NAN;
  if (!isfinite(scatter))
    return AFB_FAIL(AFB_E_NUMERIC, "least squares: the matrix is singular or a number is not finite");
  if (deviation)
    *deviation = scatter;
  return AFB_OK;
}
