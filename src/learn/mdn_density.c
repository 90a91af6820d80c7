/* Mixtures of Gaussians of few dimensions: densities, gradients, moments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/mdn_work.h"

enum { D = AFB_MDN_MAX_OUT };
static const double LN_2PI = 1.8378770664093453;

int afb_mdn_cov_size(const afb_mdn_spec *s)
{
  return s->n_out + (s->covariance == AFB_MDN_LOW_RANK ? s->n_out * s->rank : s->n_out * (s->n_out - 1) / 2);
}

int afb_mdn_head_size(const afb_mdn_spec *s)
{
  if (s->loss != AFB_LOSS_LIKELIHOOD)
    return s->n_out;
  return s->components * (1 + s->n_out + afb_mdn_cov_size(s));
}

/* Lower Cholesky factor of a [n][n], in place; nothing above the diagonal is read or written. Positive definite by construction. */
static void cholesky(int n, double *a)
{
  for (int j = 0; j < n; j++) {
    for (int k = 0; k < j; k++)
      a[j * n + j] -= a[j * n + k] * a[j * n + k];
    a[j * n + j] = sqrt(a[j * n + j]);
    for (int i = j + 1; i < n; i++) {
      for (int k = 0; k < j; k++)
        a[i * n + j] -= a[i * n + k] * a[j * n + k];
      a[i * n + j] /= a[j * n + j];
    }
  }
}

/* Inverse of a lower triangle. */
static void invert_lower(int n, const double *l, double *inverse)
{
  memset(inverse, 0, (size_t)(n * n) * sizeof(double));
  for (int j = 0; j < n; j++) {
    inverse[j * n + j] = 1 / l[j * n + j];
    for (int i = j + 1; i < n; i++) {
      double sum = 0;
      for (int k = j; k < i; k++)
        sum += l[i * n + k] * inverse[k * n + j];
      inverse[i * n + j] = -sum / l[i * n + i];
    }
  }
}

static void low_rank_covariance(int n, int rank, double floor, const float *c, const double *deviation, double *spread,
                                double *f, double *a)
{
  for (int i = 0; i < n; i++) {
    spread[i] = deviation[i] * exp((double)c[i]);
    for (int r = 0; r < rank; r++)
      f[i * rank + r] = deviation[i] * (double)c[n + i * rank + r];
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      a[i * n + j] = i == j ? (floor + spread[i]) * (floor + spread[i]) : 0;
      for (int r = 0; r < rank; r++)
        a[i * n + j] += f[i * rank + r] * f[j * rank + r];
    }
}

/* ln N of a component with e = y - mean; derivatives by the mean and by its covariance parameters. By  d ln N / dC = (g g^T - C^-1) / 2,  g = C^-1 e. */
static double low_rank_density(int n, int rank, double floor, const float *c, const double *deviation, const double *e,
                               double *by_mean, double *by_cov)
{
  double spread[D], f[D * D], l[D * D], inverse[D * D], p[D * D], z[D], sum = -0.5 * n * LN_2PI;
  low_rank_covariance(n, rank, floor, c, deviation, spread, f, l);
  cholesky(n, l);
  invert_lower(n, l, inverse);
  for (int i = 0; i < n; i++) {
    z[i] = 0;
    for (int j = 0; j <= i; j++)
      z[i] += inverse[i * n + j] * e[j];
    sum += -log(l[i * n + i]) - 0.5 * z[i] * z[i];
  }
  for (int i = 0; i < n; i++) {
    by_mean[i] = 0;
    for (int k = i; k < n; k++)
      by_mean[i] += inverse[k * n + i] * z[k];
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      p[i * n + j] = by_mean[i] * by_mean[j];
      for (int k = i > j ? i : j; k < n; k++)
        p[i * n + j] -= inverse[k * n + i] * inverse[k * n + j];
    }
  for (int i = 0; i < n; i++) {
    by_cov[i] = p[i * n + i] * (floor + spread[i]) * spread[i];
    for (int r = 0; r < rank; r++) {
      double by_f = 0;
      for (int j = 0; j < n; j++)
        by_f += p[i * n + j] * f[j * rank + r];
      by_cov[n + i * rank + r] = by_f * deviation[i];
    }
  }
  return sum;
}

/* ln of the sum of exponentials. */
static double log_sum(int n, const double *x)
{
  double top = -INFINITY, sum = 0;
  for (int i = 0; i < n; i++)
    top = x[i] > top ? x[i] : top;
  for (int i = 0; i < n; i++)
    sum += exp(x[i] - top);
  return top + log(sum);
}

static double log_sum_float(int n, const float *x, int k, double *share)
{
  double top = -INFINITY, sum = 0;
  for (int i = 0; i < n; i++)
    top = (double)x[i] > top ? (double)x[i] : top;
  for (int i = 0; i < n; i++)
    sum += exp((double)x[i] - top);
  *share = exp((double)x[k] - top) / sum;
  return top + log(sum);
}

double afb_mdn_row_nll(const afb_mdn_spec *s, double floor, const float *head, const double *base, const double *deviation,
                       const double *y, double *gradient)
{
  int n = s->n_out, parts = afb_mdn_cov_size(s), k_all = s->components;
  const float *mu = head + k_all, *c = mu + k_all * n;
  double joint[AFB_MDN_MAX_COMPONENTS], by_mean[D], by_cov[D + D * D], e[D], pi;
  for (int pass = 0; pass < (gradient ? 2 : 1); pass++) {
    double nll = pass ? -log_sum(k_all, joint) : 0;
    for (int k = 0; k < k_all; k++) {
      for (int i = 0; i < n; i++)
        e[i] = y[i] - base[i] - deviation[i] * (double)mu[k * n + i];
      double ln = low_rank_density(n, s->rank, floor, c + k * parts, deviation, e, by_mean, by_cov);
      double log_pi = (double)head[k] - log_sum_float(k_all, head, k, &pi);
      if (pass == 0) {
        joint[k] = log_pi + ln;
        continue;
      }
      double mine = exp(joint[k] + nll);
      gradient[k] = pi - mine;
      for (int i = 0; i < n; i++)
        gradient[k_all + k * n + i] = -mine * by_mean[i] * deviation[i];
      for (int i = 0; i < parts; i++)
        gradient[k_all * (n + 1) + k * parts + i] = -mine * by_cov[i];
    }
  }
  return -log_sum(k_all, joint);
}

/* C of the modified Cholesky form: C = B B^T, B = (1 + t)^-1 diag(d). */
static void full_covariance(int n, double floor, const float *c, const double *deviation, double *a)
{
  double unit[D * D] = {0}, b[D * D];
  for (int i = 0; i < n; i++) {
    unit[i * n + i] = 1;
    for (int j = 0; j < i; j++)
      unit[i * n + j] = (double)c[n + i * (i - 1) / 2 + j];
  }
  invert_lower(n, unit, b);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      a[i * n + j] = 0;
      for (int k = 0; k < n; k++) {
        double d = floor + deviation[k] * exp((double)c[k]);
        a[i * n + j] += b[i * n + k] * b[j * n + k] * d * d;
      }
    }
}

void afb_mdn_row_mixture(const afb_mdn_spec *s, double floor, const float *head, const double *base, const double *deviation,
                         double *weight, double *mean, double *covariance)
{
  int n = s->n_out, parts = afb_mdn_cov_size(s), k_all = s->components;
  const float *mu = head + k_all, *c = mu + k_all * n;
  double spread[D], f[D * D];
  for (int k = 0; k < k_all; k++) {
    log_sum_float(k_all, head, k, &weight[k]);
    for (int i = 0; i < n; i++)
      mean[k * n + i] = base[i] + deviation[i] * (double)mu[k * n + i];
    if (s->covariance == AFB_MDN_LOW_RANK)
      low_rank_covariance(n, s->rank, floor, c + k * parts, deviation, spread, f, covariance + k * n * n);
    else
      full_covariance(n, floor, c + k * parts, deviation, covariance + k * n * n);
  }
}

void afb_mixtures_clear(afb_mixtures *x)
{
  free(x->weight);
  free(x->mean);
  free(x->covariance);
  memset(x, 0, sizeof *x);
}

void afb_mixture_moments(const afb_mixtures *x, int64_t row, double *mean, double *covariance)
{
  int n = x->n_out;
  const double *w = x->weight + row * x->m, *m = x->mean + row * x->m * n, *c = x->covariance + row * x->m * n * n;
  for (int i = 0; i < n; i++) {
    mean[i] = 0;
    for (int k = 0; k < x->m; k++)
      mean[i] += w[k] * m[k * n + i];
  }
  for (int i = 0; covariance && i < n * n; i++) {
    covariance[i] = 0;
    for (int k = 0; k < x->m; k++)
      covariance[i] += w[k] * (c[k * n * n + i] + (m[k * n + i / n] - mean[i / n]) * (m[k * n + i % n] - mean[i % n]));
  }
}

double afb_mixture_nll(const afb_mixtures *x, int64_t row, const double *y)
{
  int n = x->n_out;
  double top = -INFINITY, sum = 0, l[D * D], inverse[D * D];
  for (int k = 0; k < x->m; k++) {
    const double *m = x->mean + (row * x->m + k) * n;
    memcpy(l, x->covariance + (row * x->m + k) * n * n, (size_t)(n * n) * sizeof(double));
    cholesky(n, l);
    invert_lower(n, l, inverse);
    double ln = log(x->weight[row * x->m + k]) - 0.5 * n * LN_2PI;
    for (int i = 0; i < n; i++) {
      double z = 0;
      for (int j = 0; j <= i; j++)
        z += inverse[i * n + j] * (y[j] - m[j]);
      ln -= log(l[i * n + i]) + 0.5 * z * z;
    }
    if (ln > top) {
      sum = sum * exp(top - ln) + 1;
      top = ln;
    } else {
      sum += exp(ln - top);
    }
  }
  return -top - log(sum);
}

double afb_mixture_below(const afb_mixtures *x, int64_t row, int j, double y)
{
  int n = x->n_out;
  double sum = 0;
  for (int k = 0; k < x->m; k++) {
    int64_t at = row * x->m + k;
    double deviation = sqrt(x->covariance[(at * n + j) * n + j]);
    sum += x->weight[at] * 0.5 * erfc(-(y - x->mean[at * n + j]) / (deviation * 1.4142135623730951));
  }
  return sum;
}
