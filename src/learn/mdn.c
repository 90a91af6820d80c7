#include "learn/mdn_work.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/layers.h"

enum { STREAM_WEIGHTS = 9100 };

int64_t afb_mdn_member_weights(const afb_mdn_spec *s)
{
  int64_t n = 0, in = s->n_in;
  for (int l = 0; l < s->layers; l++, in = s->width)
    n += (in + 1) * s->width;
  return n + (in + 1) * afb_mdn_head_size(s);
}

/* Where layer l begins; l = layers is the last one. */
static int64_t layer_at(const afb_mdn_spec *s, int l)
{
  int64_t first = (int64_t)(s->n_in + 1) * s->width, other = (int64_t)(s->width + 1) * s->width;
  return l == 0 ? 0 : first + (l - 1) * other;
}

static int layer_in(const afb_mdn_spec *s, int l)
{
  return l == 0 ? s->n_in : s->width;
}

int afb_mdn_matrices(const afb_mdn_spec *s, afb_extent *out)
{
  for (int l = 0; l <= s->layers && out; l++)
    out[l] = (afb_extent){layer_at(s, l), (int64_t)layer_in(s, l) * (l < s->layers ? s->width : afb_mdn_head_size(s))};
  return s->layers + 1;
}

double *afb_mdn_input_mean(const afb_mdn *m) { return m->fixed; }
double *afb_mdn_input_inverse(const afb_mdn *m) { return m->fixed + m->spec.n_in; }
double *afb_mdn_target_mean(const afb_mdn *m) { return m->fixed + 2 * m->spec.n_in; }
double *afb_mdn_target_scale(const afb_mdn *m) { return afb_mdn_target_mean(m) + m->spec.n_out; }
double *afb_mdn_temperature(const afb_mdn *m) { return afb_mdn_target_scale(m) + 1; }
double *afb_mdn_linear(const afb_mdn *m, int member)
{
  return afb_mdn_temperature(m) + 1 + (int64_t)member * m->spec.n_out * (m->spec.n_in + 2);
}

static afb_status check(const afb_mdn_spec *s)
{
  if (s->loss != AFB_LOSS_LIKELIHOOD && s->n_in > 0 && s->n_out > 0 && s->members > 0 && s->components == 1 && s->layers >= 0 &&
      (s->layers == 0 || s->width > 0))
    return AFB_OK;
  if (s->n_in < 1 || s->n_out < 1 || s->n_out > AFB_MDN_MAX_OUT)
    return AFB_FAIL(AFB_E_INPUT, "a mixture density network needs inputs, and 1 to %d targets, not %d", AFB_MDN_MAX_OUT, s->n_out);
  if (s->components < 1 || s->members < 1 || s->components > AFB_MDN_MAX_COMPONENTS || s->layers < 0 || (s->layers > 0 && s->width < 1))
    return AFB_FAIL(AFB_E_INPUT, "components, members and width of a mixture density network must be above 0 (and components at most %d)", AFB_MDN_MAX_COMPONENTS);
  if (s->covariance == AFB_MDN_LOW_RANK && (s->rank < 0 || s->rank > s->n_out))
    return AFB_FAIL(AFB_E_INPUT, "the rank of a low-rank covariance of %d targets is 0 (diagonal) to %d, not %d", s->n_out, s->n_out, s->rank);
  if (!(s->floor > 0))
    return AFB_FAIL(AFB_E_INPUT, "the least deviation of a mixture density network must be above 0");
  return AFB_OK;
}

/* Hidden layers at the scale that keeps variances, the last one small: the network begins as its linear model. */
static void init_member(const afb_mdn_spec *s, int member, float *weight)
{
  int head = afb_mdn_head_size(s);
  for (int l = 0; l <= s->layers; l++) {
    int in = layer_in(s, l), out = l < s->layers ? s->width : head;
    double scale = (l < s->layers ? 1 : s->loss != AFB_LOSS_LIKELIHOOD ? 0 : 0.01) / sqrt(in);
    float *w = weight + layer_at(s, l);
    for (int64_t i = 0; i < (int64_t)in * out; i++)
      w[i] = (float)(scale * afb_random_normal(s->seed, STREAM_WEIGHTS + (uint64_t)member, (uint64_t)(w - weight + i)));
  }
  if (s->loss != AFB_LOSS_LIKELIHOOD)
    return;
  /* Components that coincide have the same gradients, and would coincide for ever; their mean stays that of the linear model. */
  float *mu = weight + layer_at(s, s->layers) + (int64_t)layer_in(s, s->layers) * head + s->components;
  for (int t = 0; t < s->n_out; t++) {
    float mean = 0;
    for (int k = 0; k < s->components; k++) {
      float *at = mu + k * s->n_out + t;
      *at = (float)(0.5 * afb_random_normal(s->seed, STREAM_WEIGHTS + (uint64_t)member, (uint64_t)(at - weight)));
      mean += *at / (float)s->components;
    }
    for (int k = 0; k < s->components; k++)
      mu[k * s->n_out + t] -= mean;
  }
}

/* Weights are zero. */
static void init_weights(afb_mdn *m)
{
  for (int k = 0; k < m->spec.members; k++)
    init_member(&m->spec, k, m->weight + k * afb_mdn_member_weights(&m->spec));
}

afb_status afb_mdn_create(const afb_mdn_spec *spec, afb_mdn **out)
{
  *out = NULL;
  AFB_TRY(check(spec));
  afb_mdn *m = calloc(1, sizeof *m);
  if (!m)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a network");
  m->spec = *spec;
  int64_t size = afb_mdn_member_weights(spec);
  m->n_weights = size * spec->members;
  m->n_fixed = 2 * spec->n_in + spec->n_out + 2 + (int64_t)spec->members * spec->n_out * (spec->n_in + 2);
  m->weight = calloc((size_t)m->n_weights, sizeof(float));
  m->moment1 = calloc((size_t)m->n_weights, sizeof(float));
  m->moment2 = calloc((size_t)m->n_weights, sizeof(float));
  m->fixed = calloc((size_t)m->n_fixed, sizeof(double));
  m->work = calloc(1, sizeof *m->work);
  if (!m->weight || !m->moment1 || !m->moment2 || !m->fixed || !m->work) {
    afb_mdn_destroy(&m);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a network of %lld weights", (long long)(size * spec->members));
  }
  for (int i = 0; i < spec->n_in; i++)
    afb_mdn_input_inverse(m)[i] = 1;
  *afb_mdn_target_scale(m) = *afb_mdn_temperature(m) = 1;
  init_weights(m);
  *out = m;
  return AFB_OK;
}

void afb_mdn_restart(afb_mdn *m)
{
  if (m->step == 0)
    return;
  memset(m->moment1, 0, (size_t)m->n_weights * sizeof(float));
  memset(m->moment2, 0, (size_t)m->n_weights * sizeof(float));
  memset(m->weight, 0, (size_t)m->n_weights * sizeof(float));
  init_weights(m);
  m->step = 0;
}

static void work_clear(struct afb_mdn_work *w)
{
  void *all[] = {w->input, w->x, w->slope, w->hidden, w->head, w->d_head, w->d_hidden, w->d_before, w->base, w->residual, w->nll, w->scratch, w->row, w->by_row};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    free(all[i]);
  memset(w, 0, sizeof *w);
}

void afb_mdn_destroy(afb_mdn **mdn)
{
  afb_mdn *m = *mdn;
  *mdn = NULL;
  if (!m)
    return;
  if (m->work)
    work_clear(m->work);
  free(m->work);
  free(m->weight);
  free(m->moment1);
  free(m->moment2);
  free(m->fixed);
  free(m);
}

/* Rows of a feature: whole vectors, and an odd number of them, so that features do not fall onto one another in the cache. */
static int leading(int64_t n) { return afb_padded((int)n) | AFB_MOST_LANES; }

static int place(struct afb_mdn_work *w, const afb_mdn_spec *s, size_t n)
{
  size_t ld = (size_t)leading((int64_t)n), in = (size_t)s->n_in, out = (size_t)s->n_out, width = (size_t)s->width;
  size_t widest = width > in ? width : in, head = (size_t)afb_mdn_head_size(s);
  w->input = malloc(n * in * sizeof(double));
  w->x = malloc(n * in * sizeof(float));
  w->slope = malloc((n * width * (size_t)s->layers + 1) * sizeof(float));
  w->hidden = malloc((n * width * (size_t)s->layers + 1) * sizeof(float));
  w->head = calloc(head * ld, sizeof(float));
  w->d_head = calloc(head * ld, sizeof(float));
  w->d_hidden = malloc(n * widest * sizeof(float));
  w->d_before = malloc(n * widest * sizeof(float));
  w->base = malloc(n * out * sizeof(double));
  w->residual = calloc(out * ld, sizeof(float));
  w->nll = malloc(ld * sizeof(float));
  w->scratch = malloc((size_t)s->components * (3 * out + 1) * AFB_MOST_LANES * sizeof(float));
  w->row = malloc(head * sizeof(float));
  w->by_row = malloc(head * sizeof(double));
  return w->input && w->x && w->slope && w->hidden && w->head && w->d_head && w->d_hidden && w->d_before && w->base && w->residual &&
         w->nll && w->scratch && w->row && w->by_row;
}

afb_status afb_mdn_reserve(afb_mdn *m, int64_t n)
{
  if (n <= m->work->capacity)
    return AFB_OK;
  work_clear(m->work);
  if (n > INT_MAX / 2 || !place(m->work, &m->spec, (size_t)n)) {
    work_clear(m->work);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of a network", (long long)n);
  }
  m->work->capacity = n;
  return AFB_OK;
}

void afb_mdn_standardise(afb_mdn *m, int64_t n, const int64_t *row, const double *input)
{
  const double *mean = afb_mdn_input_mean(m), *inverse = afb_mdn_input_inverse(m);
  int n_in = m->spec.n_in;
  for (int64_t i = 0; i < n; i++) {
    const double *from = input + (row ? row[i] : i) * n_in;
    double *x = m->work->input + i * n_in;
    for (int j = 0; j < n_in; j++)
      x[j] = (from[j] - mean[j]) * inverse[j];
    for (int j = 0; j < n_in; j++)
      m->work->x[i * n_in + j] = (float)x[j];
  }
}

static const float *member_weight(const afb_mdn *m, int member)
{
  return m->weight + member * afb_mdn_member_weights(&m->spec);
}

/* What the last layer stands on. */
static const float *top_of(const afb_mdn *m, int n)
{
  return m->spec.layers > 0 ? m->work->hidden + (int64_t)(m->spec.layers - 1) * n * m->spec.width : m->work->x;
}

void afb_mdn_forward(afb_mdn *m, int member, int n)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  const float *weight = member_weight(m, member), *h = w->x;
  int64_t layer = (int64_t)n * s->width;
  for (int l = 0; l < s->layers; l++) {
    const float *at = weight + layer_at(s, l);
    float *slope = w->slope + l * layer, *out = w->hidden + l * layer;
    int in = layer_in(s, l);
    afb_linear_forward(n, in, s->width, h, at, at + (int64_t)in * s->width, NULL, slope);
    afb_gelu_forward(layer, slope, out, slope);
    for (int64_t i = 0; l > 0 && i < layer; i++)
      out[i] += h[i];
    h = out;
  }
  int in = layer_in(s, s->layers), head = afb_mdn_head_size(s);
  w->ld = leading(n);
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasTrans, head, n, in, 1, weight + layer_at(s, s->layers), head, h, in, 0, w->head, w->ld);
}

static const float *last_bias(const afb_mdn *m, int member)
{
  const afb_mdn_spec *s = &m->spec;
  return member_weight(m, member) + layer_at(s, s->layers) + (int64_t)layer_in(s, s->layers) * afb_mdn_head_size(s);
}

void afb_mdn_row_head(const afb_mdn *m, int member, int64_t i, float *head)
{
  int size = afb_mdn_head_size(&m->spec);
  const float *bias = last_bias(m, member);
  for (int j = 0; j < size; j++)
    head[j] = m->work->head[(int64_t)j * m->work->ld + i] + bias[j];
}

/* Gradients of the last layer, which are kept feature by feature, and of what it stands on. */
static void head_back(afb_mdn *m, int member, int n, float *gradient)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  int in = layer_in(s, s->layers), head = afb_mdn_head_size(s);
  int64_t at = layer_at(s, s->layers);
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasTrans, in, head, n, 1, top_of(m, n), in, w->d_head, w->ld, 1, gradient + at, head);
  afb_kernels_best()->row_sums(head, n, w->ld, w->d_head, gradient + at + (int64_t)in * head);
  if (s->layers > 0)
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasTrans, n, in, head, 1, w->d_head, w->ld, member_weight(m, member) + at, head, 0,
                w->d_hidden, in);
}

void afb_mdn_backward(afb_mdn *m, int member, int n, float *gradient, const afb_gradient_sink *sink)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  const float *weight = member_weight(m, member);
  int64_t layer = (int64_t)n * s->width, end = afb_mdn_member_weights(s), begin = layer_at(s, s->layers);
  head_back(m, member, n, gradient);
  if (sink)
    sink->ready(sink->owner, begin, end - begin);
  for (int l = s->layers - 1; l >= 0; l--) {
    const float *below = l > 0 ? w->hidden + (l - 1) * layer : w->x;
    int64_t in = layer_in(s, l);
    begin = layer_at(s, l);
    /* d_hidden stays as the residual path's gradient. */
    afb_gelu_backward(layer, w->slope + l * layer, w->d_hidden, w->d_before);
    afb_linear_backward(n, (int)in, s->width, below, weight + begin, w->d_before, 1, l > 0 ? w->d_hidden : NULL, gradient + begin,
                        gradient + begin + in * s->width);
    if (sink)
      sink->ready(sink->owner, begin, (in + 1) * s->width);
  }
}

void afb_mdn_base(afb_mdn *m, int member, int n)
{
  int in = m->spec.n_in, out = m->spec.n_out, ld = in + 2;
  const double *linear = afb_mdn_linear(m, member);
  for (int i = 0; i < n; i++)
    for (int t = 0; t < out; t++)
      m->work->base[i * out + t] = linear[t * ld + in];
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, out, in, 1, m->work->input, in, linear, ld, 1, m->work->base, out);
}

/* Targets less their linear models, in deviations, feature by feature. */
static void fill_residuals(afb_mdn *m, int member, int n, const double *deviation, const double *target, const int64_t *row)
{
  struct afb_mdn_work *w = m->work;
  int out = m->spec.n_out;
  afb_mdn_base(m, member, n);
  for (int64_t i = 0; i < n; i++)
    for (int t = 0; t < out; t++)
      w->residual[(int64_t)t * w->ld + i] = (float)((target[(row ? row[i] : i) * out + t] - w->base[i * out + t]) / deviation[t]);
}

static double low_rank_nll(afb_mdn *m, int member, int n, double floor, const double *deviation, const double *target,
                           const int64_t *row, double share)
{
  struct afb_mdn_work *w = m->work;
  int size = afb_mdn_head_size(&m->spec), out = m->spec.n_out;
  double sum = 0;
  afb_mdn_base(m, member, n);
  for (int64_t i = 0; i < n; i++) {
    afb_mdn_row_head(m, member, i, w->row);
    sum += afb_mdn_row_nll(&m->spec, floor, w->row, w->base + i * out, deviation, target + (row ? row[i] : i) * out,
                           share > 0 ? w->by_row : NULL);
    for (int j = 0; j < size && share > 0; j++)
      w->d_head[(int64_t)j * w->ld + i] = (float)(share * w->by_row[j]);
  }
  return sum;
}

/* Unknown targets (NaN) add nothing. */
static double pointwise(afb_mdn *m, int member, int n, const double *target, const int64_t *row, double share)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  const float *bias = last_bias(m, member);
  double sum = 0, slope, part = 1.0 / s->n_out;
  afb_mdn_base(m, member, n);
  for (int t = 0; t < s->n_out; t++) {
    double deviation = afb_mdn_deviation_of(m, member, t), scale = part * share * deviation;
    const float *head = w->head + (int64_t)t * w->ld;
    float *by_head = w->d_head + (int64_t)t * w->ld;
    for (int64_t i = 0; i < n; i++) {
      double y = target[(row ? row[i] : i) * s->n_out + t], z = w->base[i * s->n_out + t] + deviation * (double)(head[i] + bias[t]);
      by_head[i] = 0;
      if (isnan(y))
        continue;
      sum += part * afb_loss_value(s->loss, deviation, y, z, &slope);
      by_head[i] = (float)(scale * slope);
    }
  }
  return sum;
}

double afb_mdn_nll(afb_mdn *m, int member, int n, double floor, const double *target, const int64_t *row, double share)
{
  const double half_ln_2pi = 0.9189385332046727;
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  double deviation[AFB_MDN_MAX_OUT], sum = 0;
  float width[AFB_MDN_MAX_OUT];
  if (s->loss != AFB_LOSS_LIKELIHOOD)
    return pointwise(m, member, n, target, row, share);
  afb_mdn_deviation(m, member, deviation);
  if (s->covariance == AFB_MDN_LOW_RANK && s->rank > 0)
    return low_rank_nll(m, member, n, floor, deviation, target, row, share);
  fill_residuals(m, member, n, deviation, target, row);
  for (int t = 0; t < s->n_out; t++)
    width[t] = (float)deviation[t];
  afb_density_shape shape = {n, w->ld, s->n_out, s->components, s->covariance == AFB_MDN_LOW_RANK, (float)floor, width, w->scratch};
  afb_kernels_best()->density(&shape, w->head, last_bias(m, member), w->residual, (float)share, w->nll, share > 0 ? w->d_head : NULL);
  for (int i = 0; i < n; i++)
    sum += (double)w->nll[i];
  return sum + n * s->n_out * half_ln_2pi;
}

double afb_mdn_deviation_of(const afb_mdn *m, int member, int t)
{
  return exp(afb_mdn_linear(m, member)[(int64_t)t * (m->spec.n_in + 2) + m->spec.n_in + 1]);
}

void afb_mdn_deviation(const afb_mdn *m, int member, double *deviation)
{
  for (int t = 0; t < m->spec.n_out; t++)
    deviation[t] = afb_mdn_deviation_of(m, member, t);
}

/* Rows first ... first + n - 1 of one member, placed as components `at` ... of out's mixtures. */
static void predict_rows(afb_mdn *m, int member, int64_t first, int n, double share, int at, afb_mixtures *out)
{
  const afb_mdn_spec *s = &m->spec;
  int d = s->n_out;
  double scale = *afb_mdn_target_scale(m), t = *afb_mdn_temperature(m), deviation[AFB_MDN_MAX_OUT];
  afb_mdn_forward(m, member, n);
  afb_mdn_base(m, member, n);
  afb_mdn_deviation(m, member, deviation);
  for (int i = 0; i < n; i++) {
    int64_t to = (first + i) * out->m + at;
    double *weight = out->weight + to, *mean = out->mean + to * d, *covariance = out->covariance + to * d * d;
    afb_mdn_row_head(m, member, i, m->work->row);
    afb_mdn_row_mixture(s, s->floor / scale, m->work->row, m->work->base + (int64_t)i * d, deviation, weight, mean, covariance);
    for (int k = 0; k < s->components; k++)
      weight[k] *= share;
    for (int k = 0; k < s->components * d; k++)
      mean[k] = afb_mdn_target_mean(m)[k % d] + scale * mean[k];
    for (int k = 0; k < s->components * d * d; k++)
      covariance[k] *= scale * scale * t * t;
  }
}

enum { ROWS = 1024 };          /* predicted at once */

static void point_rows(afb_mdn *m, int member, int n, double *out)
{
  const afb_mdn_spec *s = &m->spec;
  const float *bias = last_bias(m, member);
  double scale = *afb_mdn_target_scale(m);
  afb_mdn_forward(m, member, n);
  afb_mdn_base(m, member, n);
  for (int t = 0; t < s->n_out; t++) {
    double deviation = afb_mdn_deviation_of(m, member, t), mean = afb_mdn_target_mean(m)[t];
    for (int64_t i = 0; i < n; i++) {
      double z = m->work->base[i * s->n_out + t] + deviation * (double)(m->work->head[(int64_t)t * m->work->ld + i] + bias[t]);
      out[i * s->n_out + t] = s->loss == AFB_LOSS_CROSS_ENTROPY ? 1 / (1 + exp(-z)) : mean + scale * z;
    }
  }
}

afb_status afb_mdn_points(afb_mdn *m, int64_t n, const double *input, int member, double *out)
{
  AFB_TRY(afb_mdn_reserve(m, n < ROWS ? n : ROWS));
  for (int64_t first = 0; first < n; first += ROWS) {
    int rows = n - first < ROWS ? (int)(n - first) : ROWS;
    afb_mdn_standardise(m, rows, NULL, input + first * m->spec.n_in);
    point_rows(m, member, rows, out + first * m->spec.n_out);
  }
  return AFB_OK;
}

afb_status afb_mdn_predict(afb_mdn *m, int64_t n, const double *input, int member, afb_mixtures *out)
{
  const afb_mdn_spec *s = &m->spec;
  int members = member < 0 ? s->members : 1;
  size_t all = (size_t)n * (size_t)(members * s->components), d = (size_t)s->n_out;
  *out = (afb_mixtures){n, members * s->components, s->n_out, malloc((all + 1) * sizeof(double)),
                        malloc((all * d + 1) * sizeof(double)), malloc((all * d * d + 1) * sizeof(double))};
  afb_status status = out->weight && out->mean && out->covariance ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions");
  if (status == AFB_OK)
    status = afb_mdn_reserve(m, n < ROWS ? n : ROWS);
  for (int64_t first = 0; first < n && status == AFB_OK; first += ROWS) {
    int rows = n - first < ROWS ? (int)(n - first) : ROWS;
    afb_mdn_standardise(m, rows, NULL, input + first * s->n_in);
    for (int k = 0; k < members; k++)
      predict_rows(m, member < 0 ? k : member, first, rows, 1.0 / members, k * s->components, out);
  }
  if (status != AFB_OK)
    afb_mixtures_clear(out);
  return status;
}
