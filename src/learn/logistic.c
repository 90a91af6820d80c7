#include "learn/logistic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

typedef struct {
  int64_t n;
  int m;                   /* features and the constant */
  double ridge;
  double *x;               /* [n][m] standardised, last column 1 */
  double *y;
  double *mean, *inverse;  /* of the features */
  double *w, *trial, *gradient, *hessian;
  int *pivot;
} problem;

static double softplus(double z) { return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)); }

static void problem_clear(problem *p)
{
  free(p->x);
  free(p->pivot);
  memset(p, 0, sizeof *p);
}

/* One block of memory; p->n counts the samples with a label. */
static afb_status problem_init(int64_t n, int k, const float *x, int stride, const float *y, int y_stride, problem *p)
{
  memset(p, 0, sizeof *p);
  p->m = k + 1;
  for (int64_t i = 0; i < n; i++)
    p->n += !isnan(y[i * y_stride]);
  if (p->n == 0)
    return AFB_FAIL(AFB_E_INPUT, "logistic regression without a labelled sample");
  size_t m = (size_t)p->m, rows = (size_t)p->n;
  p->x = calloc(rows * m + rows + 5 * m + m * m, sizeof(double));
  p->pivot = malloc(m * sizeof(int));
  if (!p->x || !p->pivot) {
    problem_clear(p);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a logistic regression");
  }
  p->y = p->x + rows * m;
  p->mean = p->y + rows;
  p->inverse = p->mean + m;
  p->w = p->inverse + m;
  p->trial = p->w + m;
  p->gradient = p->trial + m;
  p->hessian = p->gradient + m;
  double *row = p->x;
  for (int64_t i = 0, j = 0; i < n; i++) {
    if (isnan(y[i * y_stride]))
      continue;
    for (int f = 0; f < k; f++)
      row[f] = x[i * stride + f];
    row[k] = 1;
    row += m;
    p->y[j++] = y[i * y_stride];
  }
  return AFB_OK;
}

static void standardise(problem *p)
{
  for (int f = 0; f < p->m - 1; f++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < p->n; i++)
      sum += p->x[i * p->m + f];
    double mean = sum / (double)p->n;
    for (int64_t i = 0; i < p->n; i++)
      square += (p->x[i * p->m + f] - mean) * (p->x[i * p->m + f] - mean);
    double deviation = sqrt(square / (double)p->n);
    p->mean[f] = mean;
    p->inverse[f] = deviation > 1e-9 * (1 + fabs(mean)) ? 1 / deviation : 0;
    for (int64_t i = 0; i < p->n; i++)
      p->x[i * p->m + f] = (p->x[i * p->m + f] - mean) * p->inverse[f];
  }
}

static double objective(const problem *p, const double *w)
{
  double sum = 0;
  for (int64_t i = 0; i < p->n; i++) {
    double z = 0;
    for (int f = 0; f < p->m; f++)
      z += w[f] * p->x[i * p->m + f];
    sum += softplus(z) - p->y[i] * z;
  }
  for (int f = 0; f < p->m - 1; f++)
    sum += 0.5 * p->ridge * w[f] * w[f];
  return sum;
}

static void derivatives(problem *p)
{
  int m = p->m;
  memset(p->gradient, 0, (size_t)m * sizeof(double));
  memset(p->hessian, 0, (size_t)m * (size_t)m * sizeof(double));
  for (int64_t i = 0; i < p->n; i++) {
    const double *x = p->x + i * m;
    double z = 0;
    for (int f = 0; f < m; f++)
      z += p->w[f] * x[f];
    double q = 1 / (1 + exp(-z)), curvature = q * (1 - q);
    for (int f = 0; f < m; f++) {
      p->gradient[f] += (q - p->y[i]) * x[f];
      for (int g = 0; g <= f; g++)
        p->hessian[f * m + g] += curvature * x[f] * x[g];
    }
  }
  for (int f = 0; f < m; f++) {
    p->hessian[f * m + f] += f < m - 1 ? p->ridge + 1e-10 * (double)p->n : 1e-10 * (double)p->n;
    p->gradient[f] += f < m - 1 ? p->ridge * p->w[f] : 0;
    for (int g = 0; g < f; g++)
      p->hessian[g * m + f] = p->hessian[f * m + g];
  }
}

/* One damped Newton step; *decrease is what the objective fell by. */
static afb_status newton_step(problem *p, double *value, double *decrease)
{
  int one = 1, info;
  derivatives(p);
  dgesv_(&p->m, &one, p->hessian, &p->m, p->pivot, p->gradient, &p->m, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "logistic regression: singular Hessian");
  double length = 1;
  for (int halving = 0; halving < 40; halving++, length *= 0.5) {
    for (int f = 0; f < p->m; f++)
      p->trial[f] = p->w[f] - length * p->gradient[f];
    double new_value = objective(p, p->trial);
    if (new_value <= *value) {
      memcpy(p->w, p->trial, (size_t)p->m * sizeof(double));
      *decrease = *value - new_value;
      *value = new_value;
      return AFB_OK;
    }
  }
  *decrease = 0;
  return AFB_OK;
}

static afb_status solve(problem *p)
{
  double value = objective(p, p->w), decrease = 0;
  for (int step = 0; step < 100; step++) {
    AFB_TRY(newton_step(p, &value, &decrease));
    if (decrease <= 1e-10 * (1 + fabs(value)))
      return AFB_OK;
  }
  return AFB_FAIL(AFB_E_NUMERIC, "logistic regression did not converge in 100 steps");
}

afb_status afb_logistic_fit(int64_t n, int n_features, const float *x, int stride, const float *y, int y_stride,
                            double ridge, double *weight)
{
  problem p;
  AFB_TRY(problem_init(n, n_features, x, stride, y, y_stride, &p));
  standardise(&p);
  p.ridge = ridge;
  afb_status status = solve(&p);
  weight[n_features] = p.w[n_features];
  for (int f = 0; f < n_features; f++) {
    weight[f] = p.w[f] * p.inverse[f];
    weight[n_features] -= weight[f] * p.mean[f];
  }
  problem_clear(&p);
  return status;
}

void afb_logistic_predict(int64_t n, int n_features, const float *x, int stride, const double *weight, float *p,
                          int p_stride)
{
  for (int64_t i = 0; i < n; i++) {
    double z = weight[n_features];
    for (int f = 0; f < n_features; f++)
      z += weight[f] * x[i * stride + f];
    p[i * p_stride] = (float)(1 / (1 + exp(-z)));
  }
}
