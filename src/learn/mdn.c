#include "learn/mdn_work.h"

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
  if (s->n_in < 1 || s->n_out < 1 || s->n_out > AFB_MDN_MAX_OUT)
    return AFB_FAIL(AFB_E_INPUT, "a mixture density network needs inputs, and 1 to %d targets, not %d", AFB_MDN_MAX_OUT, s->n_out);
  if (s->components < 1 || s->members < 1 || s->components > AFB_MDN_MAX_COMPONENTS || s->layers < 0 || (s->layers > 0 && s->width < 1))
    return AFB_FAIL(AFB_E_INPUT, "components, members and width of a mixture density network must be above 0 (and components at most %d)", AFB_MDN_MAX_COMPONENTS);
  if (s->covariance == AFB_MDN_LOW_RANK && (s->rank < 1 || s->rank > s->n_out))
    return AFB_FAIL(AFB_E_INPUT, "the rank of a low-rank covariance of %d targets is 1 to %d, not %d", s->n_out, s->n_out, s->rank);
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
    double scale = (l < s->layers ? 1 : 0.01) / sqrt(in);
    float *w = weight + layer_at(s, l);
    for (int64_t i = 0; i < (int64_t)in * out; i++)
      w[i] = (float)(scale * afb_random_normal(s->seed, STREAM_WEIGHTS + (uint64_t)member, (uint64_t)(w - weight + i)));
  }
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
  for (int k = 0; k < spec->members; k++)
    init_member(spec, k, m->weight + k * size);
  *out = m;
  return AFB_OK;
}

static void work_clear(struct afb_mdn_work *w)
{
  free(w->x);
  free(w->before);
  free(w->hidden);
  free(w->head);
  free(w->d_head);
  free(w->d_hidden);
  free(w->d_before);
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

afb_status afb_mdn_reserve(afb_mdn *m, int64_t n)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  if (n <= w->capacity)
    return AFB_OK;
  work_clear(w);
  size_t rows = (size_t)n * sizeof(float), hidden = rows * (size_t)(s->width * s->layers + 1);
  size_t head = rows * (size_t)afb_mdn_head_size(s), widest = (size_t)(s->width > s->n_in ? s->width : s->n_in);
  w->x = malloc(rows * (size_t)s->n_in);
  w->before = malloc(hidden);
  w->hidden = malloc(hidden);
  w->head = malloc(head);
  w->d_head = malloc(head);
  w->d_hidden = malloc(rows * widest);
  w->d_before = malloc(rows * widest);
  if (!w->x || !w->before || !w->hidden || !w->head || !w->d_head || !w->d_hidden || !w->d_before) {
    work_clear(w);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of a network", (long long)n);
  }
  w->capacity = n;
  return AFB_OK;
}

void afb_mdn_standardise(afb_mdn *m, int64_t n, const int64_t *row, const double *input)
{
  const double *mean = afb_mdn_input_mean(m), *inverse = afb_mdn_input_inverse(m);
  int n_in = m->spec.n_in;
  for (int64_t i = 0; i < n; i++) {
    const double *from = input + (row ? row[i] : i) * n_in;
    for (int j = 0; j < n_in; j++)
      m->work->x[i * n_in + j] = (float)((from[j] - mean[j]) * inverse[j]);
  }
}

void afb_mdn_forward(afb_mdn *m, int member, int n)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  const float *weight = m->weight + member * afb_mdn_member_weights(s), *h = w->x;
  int64_t layer = (int64_t)n * s->width;
  for (int l = 0; l < s->layers; l++) {
    const float *at = weight + layer_at(s, l);
    float *before = w->before + l * layer, *out = w->hidden + l * layer;
    int in = layer_in(s, l);
    afb_linear_forward(n, in, s->width, h, at, at + (int64_t)in * s->width, 0, before);
    afb_gelu_forward(layer, before, out);
    for (int64_t i = 0; l > 0 && i < layer; i++)
      out[i] += h[i];
    h = out;
  }
  int in = layer_in(s, s->layers), head = afb_mdn_head_size(s);
  const float *at = weight + layer_at(s, s->layers);
  afb_linear_forward(n, in, head, h, at, at + (int64_t)in * head, 0, w->head);
}

/* One layer's gradient of its parameters, announced; dx may be NULL. */
static void linear_back(const afb_mdn_spec *s, int l, int n, int out, const float *x, const float *weight, const float *dy,
                        int add, float *dx, float *gradient, const afb_gradient_sink *sink)
{
  int64_t at = layer_at(s, l), in = layer_in(s, l);
  afb_linear_backward(n, (int)in, out, x, weight + at, dy, add, dx, gradient + at, gradient + at + in * out);
  sink->ready(sink->owner, at, (in + 1) * out);
}

void afb_mdn_backward(afb_mdn *m, int member, int n, float *gradient, const afb_gradient_sink *sink)
{
  struct afb_mdn_work *w = m->work;
  const afb_mdn_spec *s = &m->spec;
  const float *weight = m->weight + member * afb_mdn_member_weights(s);
  int64_t layer = (int64_t)n * s->width;
  const float *top = s->layers > 0 ? w->hidden + (s->layers - 1) * layer : w->x;
  linear_back(s, s->layers, n, afb_mdn_head_size(s), top, weight, w->d_head, 0, s->layers > 0 ? w->d_hidden : NULL, gradient,
              sink);
  for (int l = s->layers - 1; l >= 0; l--) {
    const float *below = l > 0 ? w->hidden + (l - 1) * layer : w->x;
    afb_gelu_backward(layer, w->before + l * layer, w->d_hidden, w->d_before);
    /* d_hidden stays as the residual path's gradient. */
    linear_back(s, l, n, s->width, below, weight, w->d_before, 1, l > 0 ? w->d_hidden : NULL, gradient, sink);
  }
}

void afb_mdn_base(const afb_mdn *m, int member, int64_t i, double *base)
{
  int n_in = m->spec.n_in;
  const double *linear = afb_mdn_linear(m, member);
  const float *x = m->work->x + i * n_in;
  for (int t = 0; t < m->spec.n_out; t++, linear += n_in + 2) {
    double sum = linear[n_in];
    for (int j = 0; j < n_in; j++)
      sum += linear[j] * (double)x[j];
    base[t] = sum;
  }
}

void afb_mdn_deviation(const afb_mdn *m, int member, double *deviation)
{
  for (int t = 0; t < m->spec.n_out; t++)
    deviation[t] = exp(afb_mdn_linear(m, member)[(int64_t)t * (m->spec.n_in + 2) + m->spec.n_in + 1]);
}

/* Rows first ... first + n - 1 of one member, placed as components `at` ... of out's mixtures. */
static void predict_rows(afb_mdn *m, int member, int64_t first, int n, double share, int at, afb_mixtures *out)
{
  const afb_mdn_spec *s = &m->spec;
  int d = s->n_out, head = afb_mdn_head_size(s);
  double scale = *afb_mdn_target_scale(m), t = *afb_mdn_temperature(m), base[AFB_MDN_MAX_OUT], deviation[AFB_MDN_MAX_OUT];
  afb_mdn_forward(m, member, n);
  afb_mdn_deviation(m, member, deviation);
  for (int i = 0; i < n; i++) {
    int64_t to = (first + i) * out->m + at;
    double *weight = out->weight + to, *mean = out->mean + to * d, *covariance = out->covariance + to * d * d;
    afb_mdn_base(m, member, i, base);
    afb_mdn_row_mixture(s, s->floor / scale, m->work->head + (int64_t)i * head, base, deviation, weight, mean, covariance);
    for (int k = 0; k < s->components; k++)
      weight[k] *= share;
    for (int k = 0; k < s->components * d; k++)
      mean[k] = afb_mdn_target_mean(m)[k % d] + scale * mean[k];
    for (int k = 0; k < s->components * d * d; k++)
      covariance[k] *= scale * scale * t * t;
  }
}

afb_status afb_mdn_predict(afb_mdn *m, int64_t n, const double *input, int member, afb_mixtures *out)
{
  enum { ROWS = 1024 };
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
