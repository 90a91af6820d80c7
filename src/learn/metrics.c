#include "learn/metrics.h"

#include <math.h>
#include <stdlib.h>

enum { BINS = 10 };

typedef struct {
  float p, y;
} pair;

static int by_probability(const void *a, const void *b)
{
  float x = ((const pair *)a)->p, y = ((const pair *)b)->p;
  return (x > y) - (x < y);
}

/* Mann-Whitney: the mean rank of the positives, tied values sharing their mean rank. */
static double area_under_curve(int64_t n, const pair *sorted, int64_t n_positive)
{
  if (n_positive == 0 || n_positive == n)
    return NAN;
  double rank_sum = 0;
  for (int64_t i = 0, end; i < n; i = end) {
    int64_t positives = 0;
    for (end = i; end < n && sorted[end].p == sorted[i].p; end++)
      positives += sorted[end].y > 0.5f;
    rank_sum += (double)positives * 0.5 * (double)(i + 1 + end);
  }
  double np = (double)n_positive, nn = (double)(n - n_positive);
  return (rank_sum - 0.5 * np * (np + 1)) / (np * nn);
}

static double log_loss_of(double p, double y)
{
  p = p < 1e-7 ? 1e-7 : p > 1 - 1e-7 ? 1 - 1e-7 : p;
  return y > 0.5 ? -log(p) : -log1p(-p);
}

static void tally(int64_t n, const pair *sample, afb_metrics *out)
{
  double loss = 0, bin_p[BINS] = {0}, bin_y[BINS] = {0};
  int64_t right[2] = {0, 0}, count[2] = {0, 0};
  for (int64_t i = 0; i < n; i++) {
    int y = sample[i].y > 0.5f;
    double p = sample[i].p;
    int bin = p >= 1 ? BINS - 1 : p <= 0 ? 0 : (int)(p * BINS);
    count[y]++;
    right[y] += (p >= 0.5) == y;
    loss += log_loss_of(p, y);
    bin_p[bin] += p;
    bin_y[bin] += y;
  }
  out->n = n;
  out->n_positive = count[1];
  out->accuracy = (double)(right[0] + right[1]) / (double)n;
  out->balanced_accuracy = 0.5 * ((double)right[0] / (double)count[0] + (double)right[1] / (double)count[1]);
  out->log_loss = loss / (double)n;
  out->calibration_error = 0;
  for (int b = 0; b < BINS; b++)
    out->calibration_error += fabs(bin_p[b] - bin_y[b]) / (double)n;
}

afb_status afb_metrics_compute(int64_t n, const float *p, int p_stride, const float *label, int label_stride,
                               afb_metrics *out)
{
  *out = (afb_metrics){0, 0, NAN, NAN, NAN, NAN, NAN};
  pair *known = malloc((size_t)(n > 0 ? n : 1) * sizeof *known);
  if (!known)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the metrics of %lld samples", (long long)n);
  int64_t m = 0;
  for (int64_t i = 0; i < n; i++)
    if (!isnan(label[i * label_stride]))
      known[m++] = (pair){p[i * p_stride], label[i * label_stride]};
  if (m > 0) {
    qsort(known, (size_t)m, sizeof *known, by_probability);
    tally(m, known, out);
    out->auc = area_under_curve(m, known, out->n_positive);
  }
  free(known);
  return AFB_OK;
}

double afb_base_rate_log_loss(int64_t n, const float *label, int label_stride, double rate)
{
  double loss = 0;
  int64_t m = 0;
  for (int64_t i = 0; i < n; i++) {
    float y = label[i * label_stride];
    if (isnan(y))
      continue;
    loss += log_loss_of(rate, y);
    m++;
  }
  return m > 0 ? loss / (double)m : NAN;
}
