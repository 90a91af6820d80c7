#include "learn/head.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/logistic.h"

enum { LEAST_LABELS = 30, LEAST_OF_EACH = 5 };
static const float LEAST_LOG_DEVIATION = -4, MOST_LOG_DEVIATION = 2;
/* A unit of loss of a number or a class is worth less than one of a probability: these are there to rank by. */
static const double OTHER_WEIGHT = 0.5;

static afb_status add_head(afb_head_kind kind, int n, afb_heads *out)
{
  if (out->n == AFB_MAX_HEADS)
    return AFB_FAIL(AFB_E_INPUT, "more than %d targets", AFB_MAX_HEADS);
  if (kind == AFB_HEAD_SURVIVAL && out->n_survival < out->n)
    return AFB_FAIL(AFB_E_INPUT, "survivals (s) come before other targets");
  out->head[out->n++] = (afb_head){kind, out->n_out, n};
  out->n_out += n;
  out->n_survival += kind == AFB_HEAD_SURVIVAL;
  return AFB_OK;
}

afb_status afb_heads_parse(const char *text, int n_target, afb_heads *out)
{
  *out = (afb_heads){0};
  for (int i = 0; text[0] == '\0' && i < n_target; i++)
    AFB_TRY(add_head(AFB_HEAD_SURVIVAL, 1, out));
  for (const char *at = text; *at;) {
    char *end = NULL;
    long n = *at == 'c' ? strtol(at + 1, &end, 10) : 0;
    if (*at == 's')
      AFB_TRY(add_head(AFB_HEAD_SURVIVAL, 1, out));
    else if (*at == 'b')
      AFB_TRY(add_head(AFB_HEAD_YES_NO, 1, out));
    else if (*at == 'g')
      AFB_TRY(add_head(AFB_HEAD_NUMBER, 2, out));
    else if (*at == 'c' && n >= 2 && n <= AFB_MOST_CLASSES)
      AFB_TRY(add_head(AFB_HEAD_CLASS, (int)n, out));
    else
      return AFB_FAIL(AFB_E_INPUT, "targets \"%s\": letters s, b, g, and c with 2 ... %d classes", text, AFB_MOST_CLASSES);
    at = end ? end : at + 1;
  }
  if (out->n != n_target)
    return AFB_FAIL(AFB_E_INPUT, "targets \"%s\" are %d, not %d", text, out->n, n_target);
  return AFB_OK;
}

static double yes_no_loss(const float *z, double y, double share, float *gradient)
{
  double x = z[0];
  if (gradient)
    gradient[0] = (float)((1 / (1 + exp(-x)) - y) * share);
  return share * ((x > 0 ? x : 0) + log1p(exp(-fabs(x))) - y * x);
}

static float limited(float log_deviation)
{
  return fminf(fmaxf(log_deviation, LEAST_LOG_DEVIATION), MOST_LOG_DEVIATION);
}

static double number_loss(const float *z, const float *scale, double y, double share, float *gradient)
{
  double r = (y - scale[1]) / scale[0] - z[0], s = limited(z[1]), precision = exp(-2 * s);
  share *= OTHER_WEIGHT;
  if (gradient) {
    gradient[0] = (float)(-share * r * precision);
    gradient[1] = (double)z[1] == s ? (float)(share * (1 - r * r * precision)) : 0;
  }
  return share * (0.5 * r * r * precision + s);
}

static void softmax(int n, const float *z, double factor, double *p)
{
  double most = -INFINITY, sum = 0;
  for (int k = 0; k < n; k++)
    most = fmax(most, factor * z[k]);
  for (int k = 0; k < n; k++)
    sum += p[k] = exp(factor * z[k] - most);
  for (int k = 0; k < n; k++)
    p[k] /= sum;
}

static double class_loss(int n, const float *z, double factor, int label, double share, float *gradient)
{
  double p[AFB_MOST_CLASSES];
  softmax(n, z, factor, p);
  share *= OTHER_WEIGHT;
  for (int k = 0; gradient && k < n; k++)
    gradient[k] = (float)(share * factor * (p[k] - (k == label)));
  return -share * log(fmax(p[label], 1e-300));
}

double afb_head_loss(const afb_head *head, const float *z, const float *scale, float label, double share, float *gradient)
{
  int first = head->first;
  if (gradient)
    memset(gradient + first, 0, (size_t)head->n * sizeof *gradient);
  if (isnan(label))
    return 0;
  float *own = gradient ? gradient + first : NULL;
  switch (head->kind) {
  case AFB_HEAD_SURVIVAL:
  case AFB_HEAD_YES_NO:
    return yes_no_loss(z + first, label, share, own);
  case AFB_HEAD_NUMBER:
    return number_loss(z + first, scale + 2 * first, label, share, own);
  case AFB_HEAD_CLASS:
    return label >= 0 && label < (float)head->n ? class_loss(head->n, z + first, 1, (int)label, share, own) : 0;
  }
  return 0;
}

void afb_head_predict(const afb_head *head, const float *z, const float *scale, float *value)
{
  const float *x = z + head->first, *c = scale + 2 * head->first;
  float *v = value + head->first;
  double p[AFB_MOST_CLASSES];
  switch (head->kind) {
  case AFB_HEAD_SURVIVAL:
  case AFB_HEAD_YES_NO:
    v[0] = 1 / (1 + expf(-(c[0] * x[0] + c[1])));
    break;
  case AFB_HEAD_NUMBER:
    v[0] = c[0] * x[0] + c[1];
    v[1] = c[0] * expf(limited(x[1]) + c[3]);
    break;
  case AFB_HEAD_CLASS:
    softmax(head->n, x, c[0], p);
    for (int k = 0; k < head->n; k++)
      v[k] = (float)p[k];
  }
}

/* Platt scaling where both outcomes occur and there are enough of them. */
static void calibrate_yes_no(int64_t n, int n_out, const float *z, const float *label, int stride, float *c)
{
  int64_t known = 0, positive = 0;
  double w[2];
  for (int64_t i = 0; i < n; i++) {
    known += !isnan(label[i * stride]);
    positive += label[i * stride] > 0.5f;
  }
  c[0] = 1;
  c[1] = 0;
  if (known < LEAST_LABELS || positive < LEAST_OF_EACH || known - positive < LEAST_OF_EACH)
    return;
  if (afb_logistic_fit(n, 1, z, n_out, label, stride, 1, w) == AFB_OK && w[0] > 0.1 && w[0] < 10) {
    c[0] = (float)w[0];
    c[1] = (float)w[1];
  }
}

/* Deviations are right when (r - m) / exp(s) has a mean square of 1. */
static void calibrate_number(int64_t n, int n_out, const float *z, const float *label, int stride, float *c)
{
  double sum = 0;
  int64_t known = 0;
  for (int64_t i = 0; i < n; i++) {
    if (isnan(label[i * stride]))
      continue;
    double r = (((double)label[i * stride] - c[1]) / c[0] - z[i * n_out]) / exp(limited(z[i * n_out + 1]));
    sum += r * r;
    known++;
  }
  c[3] = known >= LEAST_LABELS && sum > 0 ? limited((float)(0.5 * log(sum / (double)known))) : 0;
}

static double class_loss_of_all(int classes, int64_t n, int n_out, const float *z, const float *label, int stride, double factor)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    if (label[i * stride] >= 0 && label[i * stride] < (float)classes)
      sum += class_loss(classes, z + i * n_out, factor, (int)label[i * stride], 1, NULL);
  return sum;
}

/* The factor of least loss, by golden sections: the loss is convex in it. */
static void calibrate_class(int classes, int64_t n, int n_out, const float *z, const float *label, int stride, float *c)
{
  const double golden = 0.6180339887498949;
  double low = 0.2, high = 3;
  int64_t known = 0;
  for (int64_t i = 0; i < n; i++)
    known += !isnan(label[i * stride]);
  c[0] = 1;
  for (int step = 0; step < 16 && known >= LEAST_LABELS; step++) {
    double a = high - golden * (high - low), b = low + golden * (high - low);
    if (class_loss_of_all(classes, n, n_out, z, label, stride, a) < class_loss_of_all(classes, n, n_out, z, label, stride, b))
      high = b;
    else
      low = a;
    c[0] = (float)(0.5 * (low + high));
  }
}

void afb_head_calibrate(const afb_head *head, int64_t n, int n_out, const float *z, const float *label, int stride, float *scale)
{
  const float *own = z + head->first;
  float *c = scale + 2 * head->first;
  switch (head->kind) {
  case AFB_HEAD_SURVIVAL:
  case AFB_HEAD_YES_NO:
    calibrate_yes_no(n, n_out, own, label, stride, c);
    break;
  case AFB_HEAD_NUMBER:
    calibrate_number(n, n_out, own, label, stride, c);
    break;
  case AFB_HEAD_CLASS:
    calibrate_class(head->n, n, n_out, own, label, stride, c);
  }
}
