#include "learn/set_transformer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/layers.h"

/* Offsets of the weights of one member: embedding, blocks, readout; each part is contiguous. */
typedef struct {
  int64_t token, global, bias, block0, block_size, readout, total;
  int64_t norm1, qkv, qkv_bias, attended, attended_bias, norm2, up, up_bias, down, down_bias;   /* within a block */
  int64_t norm, hidden, hidden_bias, out, out_bias, skip, hazard, hazard_bias;                  /* from the start */
  int64_t value_hidden, value_hidden_bias, value_out, value_out_bias, value_skip;               /* of outputs that are no survivals */
  int survivals, values;
} layout;

typedef struct {
  float *input, *unit1, *qkv, *pairs, *attended, *middle, *unit2, *slope, *active;   /* per block; input [tokens][d] */
  float *mean1, *inverse1, *mean2, *inverse2;
} block_work;

typedef struct {
  afb_model_spec spec;
  layout at;
  int token_capacity, set_capacity;
  int64_t pair_capacity;
  float *arena;
  block_work *block;
  float *last, *final, *mean, *inverse;             /* input and output of the last normalisation */
  float *summary, *slope, *active, *set_logit;      /* readout */
  float *token_logit, *hazard;                      /* [tokens][survivals], H [sets][survivals] */
  float *value_slope, *value_active, *value;        /* readout of the other outputs; value [sets][values] */
  float *d_hidden, *d_stream, *d_wide, *d_narrow, *d_global, *scratch;
} work;

static int64_t take(int64_t *end, int64_t count)
{
  int64_t first = *end;
  *end += count;
  return first;
}

static layout layout_of(const afb_model_spec *s)
{
  afb_heads heads;
  if (afb_heads_parse(s->targets, s->n_target, &heads) != AFB_OK)
    heads = (afb_heads){0};
  int64_t d = s->width, t = heads.n_survival, v = heads.n_out - heads.n_survival, end = 0;
  layout a = {.survivals = heads.n_survival, .values = heads.n_out - heads.n_survival};
  a.token = take(&end, s->n_token * d);
  a.global = take(&end, s->n_global * d);
  a.bias = take(&end, d);
  a.block0 = end;
  end = 0;
  a.norm1 = take(&end, 2 * d);
  a.qkv = take(&end, 3 * d * d);
  a.qkv_bias = take(&end, 3 * d);
  a.attended = take(&end, d * d);
  a.attended_bias = take(&end, d);
  a.norm2 = take(&end, 2 * d);
  a.up = take(&end, 2 * d * d);
  a.up_bias = take(&end, 2 * d);
  a.down = take(&end, 2 * d * d);
  a.down_bias = take(&end, d);
  a.block_size = end;
  a.readout = end = a.block0 + s->layers * a.block_size;
  a.norm = take(&end, 2 * d);
  a.hidden = take(&end, 2 * d * d);
  a.hidden_bias = take(&end, d);
  a.out = take(&end, d * t);
  a.out_bias = take(&end, t);
  a.skip = take(&end, s->n_global * t);
  a.hazard = take(&end, d * t);
  a.hazard_bias = take(&end, t);
  a.value_hidden = take(&end, v ? 2 * d * d : 0);
  a.value_hidden_bias = take(&end, v ? d : 0);
  a.value_out = take(&end, d * v);
  a.value_out_bias = take(&end, v);
  a.value_skip = take(&end, s->n_global * v);
  a.total = end;
  return a;
}

static afb_status check(const afb_model_spec *s)
{
  if (s->width < 1 || s->width > 1024 || s->layers < 1 || s->layers > 64)
    return AFB_FAIL(AFB_E_INPUT, "set_transformer: width 1 ... 1024 and layers 1 ... 64, not %d and %d", s->width, s->layers);
  if (s->attention_heads < 1 || s->width % s->attention_heads)
    return AFB_FAIL(AFB_E_INPUT, "set_transformer: width %d is not a multiple of %d attention heads", s->width,
                    s->attention_heads);
  return AFB_OK;
}

static int64_t n_weights(const afb_model_spec *spec) { return layout_of(spec).total; }

static int matrices(const afb_model_spec *s, afb_extent *out)
{
  enum { OF_BLOCK = 4 };
  layout a = layout_of(s);
  int64_t d = s->width, t = s->n_target, g = s->n_global;
  int n = 0, all = 6 + OF_BLOCK * s->layers;
  if (!out)
    return all;
  out[n++] = (afb_extent){a.token, s->n_token * d};
  out[n++] = (afb_extent){a.global, g * d};
  for (int64_t l = 0, b = a.block0; l < s->layers; l++, b += a.block_size) {
    const afb_extent part[OF_BLOCK] = {{a.qkv, 3 * d * d}, {a.attended, d * d}, {a.up, 2 * d * d}, {a.down, 2 * d * d}};
    for (int i = 0; i < OF_BLOCK; i++)
      out[n++] = (afb_extent){b + part[i].first, part[i].count};
  }
  const afb_extent last[] = {{a.hidden, 2 * d * d}, {a.out, d * t}, {a.skip, g * t}, {a.hazard, d * t}};
  for (int i = 0; n < all; i++)
    out[n++] = last[i];
  return all;
}

static void draw(const afb_model_spec *s, int member, double deviation, int64_t first, int64_t count, float *weight)
{
  for (int64_t i = first; i < first + count; i++)
    weight[i] = (float)(deviation * afb_random_normal(s->seed, 100 + (uint64_t)member, (uint64_t)i));
}

/* Variance 1/inputs; what is added to the residual stream is smaller, so that depth does not inflate it. */
static void init(const afb_model_spec *s, int member, float *weight)
{
  layout a = layout_of(s);
  double d = s->width, residual = 1 / sqrt(2.0 * s->layers);
  int64_t w = s->width, t = a.survivals, v = a.values;
  memset(weight, 0, (size_t)a.total * sizeof *weight);
  draw(s, member, 1 / sqrt((double)s->n_token), a.token, s->n_token * w, weight);
  draw(s, member, 0.5 / sqrt((double)(s->n_global > 0 ? s->n_global : 1)), a.global, s->n_global * w, weight);
  for (int l = 0; l < s->layers; l++) {
    int64_t b = a.block0 + l * a.block_size;
    draw(s, member, 1 / sqrt(d), b + a.qkv, 3 * w * w, weight);
    draw(s, member, residual / sqrt(d), b + a.attended, w * w, weight);
    draw(s, member, 1 / sqrt(d), b + a.up, 2 * w * w, weight);
    draw(s, member, residual / sqrt(2 * d), b + a.down, 2 * w * w, weight);
  }
  draw(s, member, 1 / sqrt(2 * d), a.hidden, 2 * w * w, weight);
  draw(s, member, 0.1 / sqrt(d), a.out, w * t, weight);
  draw(s, member, 0.1 / sqrt(d), a.hazard, w * t, weight);
  draw(s, member, 1 / sqrt(2 * d), a.value_hidden, v ? 2 * w * w : 0, weight);
  draw(s, member, 0.1 / sqrt(d), a.value_out, w * v, weight);
  for (int64_t k = 0; k < t; k++) {
    weight[a.out_bias + k] = -1;
    weight[a.hazard_bias + k] = -3;
  }
}

/* The survival of the set as a whole, exp(-softplus(u)) = 1 / (1 + exp(u)), is the linear model's p for u = -z: training starts
 * from there, with tokens that hardly matter. */
static void prime(const afb_model_spec *s, const double *linear, float *weight)
{
  layout a = layout_of(s);
  int g = s->n_global, t = a.survivals, v = a.values;
  for (int k = 0; k < v; k++) {
    for (int j = 0; j < g; j++)
      weight[a.value_skip + j * v + k] = (float)linear[(t + k) * (g + 1) + j];
    weight[a.value_out_bias + k] = (float)linear[(t + k) * (g + 1) + g];
  }
  for (int k = 0; k < t; k++) {
    for (int j = 0; j < g; j++)
      weight[a.skip + j * t + k] = (float)-linear[k * (g + 1) + j];
    weight[a.out_bias + k] = (float)-linear[k * (g + 1) + g];
    weight[a.hazard_bias + k] = -4;
  }
}

static afb_status work_create(const afb_model_spec *spec, void **out)
{
  work *w = calloc(1, sizeof *w);
  *out = w;
  if (!w)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
  w->spec = *spec;
  w->at = layout_of(spec);
  w->block = calloc((size_t)spec->layers, sizeof *w->block);
  return w->block ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
}

static void work_destroy(void **out)
{
  work *w = *out;
  if (w) {
    free(w->arena);
    free(w->block);
    free(w);
  }
  *out = NULL;
}

/* Gives every activation its place; with arena NULL only counts. */
static int64_t place(work *w, int64_t tokens, int64_t sets, int64_t pairs, float *arena)
{
  int64_t d = w->spec.width, t = w->at.survivals, v = w->at.values, end = 0;
#define PLACE(pointer, count)                                  \
  do {                                                         \
    int64_t first_ = take(&end, (count));                      \
    (pointer) = arena ? arena + first_ : NULL;                 \
  } while (0)
  for (int l = 0; l < w->spec.layers; l++) {
    block_work *b = &w->block[l];
    PLACE(b->input, tokens * d);
    PLACE(b->unit1, tokens * d);
    PLACE(b->qkv, tokens * 3 * d);
    PLACE(b->pairs, pairs * w->spec.attention_heads);
    PLACE(b->attended, tokens * d);
    PLACE(b->middle, tokens * d);
    PLACE(b->unit2, tokens * d);
    PLACE(b->slope, tokens * 2 * d);
    PLACE(b->active, tokens * 2 * d);
    PLACE(b->mean1, tokens);
    PLACE(b->inverse1, tokens);
    PLACE(b->mean2, tokens);
    PLACE(b->inverse2, tokens);
  }
  PLACE(w->last, tokens * d);
  PLACE(w->final, tokens * d);
  PLACE(w->mean, tokens);
  PLACE(w->inverse, tokens);
  PLACE(w->summary, sets * 2 * d);
  PLACE(w->slope, sets * d);
  PLACE(w->active, sets * d);
  PLACE(w->set_logit, sets * t);
  PLACE(w->token_logit, tokens * t);
  PLACE(w->hazard, sets * t);
  PLACE(w->value_slope, v ? sets * d : 0);
  PLACE(w->value_active, v ? sets * d : 0);
  PLACE(w->value, sets * v);
  PLACE(w->d_hidden, tokens * d);
  PLACE(w->d_stream, tokens * d);
  PLACE(w->d_wide, tokens * 3 * d);
  PLACE(w->d_narrow, tokens * (d > t ? d : t));
  PLACE(w->d_global, sets * 2 * d);
  PLACE(w->scratch, pairs + d / w->spec.attention_heads * (tokens + AFB_MOST_LANES));
#undef PLACE
  return end;
}

static afb_status reserve(work *w, const afb_set_batch *batch)
{
  int64_t pairs = batch->pair_start[batch->n_sets];
  if (w->arena && batch->n_tokens <= w->token_capacity && batch->n_sets <= w->set_capacity && pairs <= w->pair_capacity)
    return AFB_OK;
  int tokens = batch->n_tokens > w->token_capacity ? batch->n_tokens + batch->n_tokens / 4 : w->token_capacity;
  int sets = batch->n_sets > w->set_capacity ? batch->n_sets : w->set_capacity;
  pairs = pairs > w->pair_capacity ? pairs + pairs / 4 : w->pair_capacity;
  int64_t count = place(w, tokens, sets, pairs, NULL);
  free(w->arena);
  w->arena = malloc((size_t)(count + 1) * sizeof *w->arena);
  if (!w->arena) {
    w->token_capacity = w->set_capacity = 0;
    w->pair_capacity = 0;
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the activations of %d tokens", batch->n_tokens);
  }
  place(w, tokens, sets, pairs, w->arena);
  w->token_capacity = tokens;
  w->set_capacity = sets;
  w->pair_capacity = pairs;
  return AFB_OK;
}

/* `site`: which of the model's dropout places; forward on activations, backward on their gradients. */
static void drop(const work *w, const afb_set_batch *batch, int site, float *x)
{
  int d = w->spec.width;
  if (batch->dropout <= 0)
    return;
  for (int s = 0; s < batch->n_sets; s++)
    afb_dropout((int64_t)(batch->start[s + 1] - batch->start[s]) * d, batch->dropout, batch->seed,
                batch->step * 256 + (uint64_t)site, (uint64_t)batch->key[s] << 24, x + (int64_t)batch->start[s] * d);
}

static void embed(const work *w, const float *weight, const afb_set_batch *batch, float *h)
{
  const layout *a = &w->at;
  int d = w->spec.width;
  afb_linear_forward(batch->n_tokens, w->spec.n_token, d, batch->token, weight + a->token, weight + a->bias, NULL, h);
  if (w->spec.n_global == 0)
    return;
  afb_linear_forward(batch->n_sets, w->spec.n_global, d, batch->global, weight + a->global, NULL, NULL, w->d_global);
  for (int s = 0; s < batch->n_sets; s++)
    for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++)
      for (int j = 0; j < d; j++)
        h[t * d + j] += w->d_global[(int64_t)s * d + j];
}

static void add_to(int64_t n, const float *x, float *y)
{
  for (int64_t i = 0; i < n; i++)
    y[i] += x[i];
}

static afb_attention_shape attention_of(const work *w, const afb_set_batch *batch)
{
  return (afb_attention_shape){batch->n_sets, w->spec.width, w->spec.attention_heads, batch->start, batch->pair_start};
}

/* out = from + dropped(x weight + bias). */
static void residual(const work *w, const afb_set_batch *batch, int site, int in, const float *x, const float *weight,
                     const float *bias, const float *from, float *out)
{
  int n = batch->n_tokens, d = w->spec.width;
  afb_linear_forward(n, in, d, x, weight, bias, batch->dropout > 0 ? NULL : from, out);
  if (batch->dropout > 0) {
    drop(w, batch, site, out);
    add_to((int64_t)n * d, from, out);
  }
}

static void block_forward(const work *w, int l, const float *weight, const afb_set_batch *batch, float *out)
{
  const layout *a = &w->at;
  const block_work *b = &w->block[l];
  const float *p = weight + a->block0 + l * a->block_size;
  int n = batch->n_tokens, d = w->spec.width;
  afb_attention_shape shape = attention_of(w, batch);
  afb_norm_forward(n, d, b->input, p + a->norm1, p + a->norm1 + d, b->unit1, b->mean1, b->inverse1);
  afb_linear_forward(n, d, 3 * d, b->unit1, p + a->qkv, p + a->qkv_bias, NULL, b->qkv);
  afb_attention_forward(&shape, b->qkv, w->scratch, b->pairs, b->attended);
  residual(w, batch, 2 * l, d, b->attended, p + a->attended, p + a->attended_bias, b->input, b->middle);
  afb_norm_forward(n, d, b->middle, p + a->norm2, p + a->norm2 + d, b->unit2, b->mean2, b->inverse2);
  afb_linear_forward(n, d, 2 * d, b->unit2, p + a->up, p + a->up_bias, NULL, b->slope);
  afb_gelu_forward((int64_t)n * 2 * d, b->slope, b->active, b->slope);
  residual(w, batch, 2 * l + 1, 2 * d, b->active, p + a->down, p + a->down_bias, b->middle, out);
}

static float softplus(float x) { return x > 15 ? x : x < -15 ? expf(x) : log1pf(expf(x)); }
static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static void summarise(const work *w, const afb_set_batch *batch)
{
  int d = w->spec.width;
  for (int s = 0; s < batch->n_sets; s++) {
    float *u = w->summary + (int64_t)s * 2 * d, share = 1 / (float)(batch->start[s + 1] - batch->start[s]);
    memcpy(u, w->final + (int64_t)batch->added[s] * d, (size_t)d * sizeof *u);
    memset(u + d, 0, (size_t)d * sizeof *u);
    for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++)
      for (int j = 0; j < d; j++)
        u[d + j] += share * w->final[t * d + j];
  }
}

/* z = ln(p / (1-p)) = -H - ln(1 - exp(-H)). */
static void hazards(const work *w, const afb_set_batch *batch, float *logit)
{
  int survivals = w->at.survivals, n_out = survivals + w->at.values;
  for (int s = 0; s < batch->n_sets; s++)
    for (int k = 0; k < survivals; k++) {
      float h = softplus(w->set_logit[s * survivals + k]);
      for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++)
        h += softplus(w->token_logit[t * survivals + k]);
      w->hazard[s * survivals + k] = h = h > 1e-6f ? h : 1e-6f;
      logit[s * n_out + k] = -h - logf(-expm1f(-h));
    }
}

/* out = W2 gelu(W1 [f_added, mean f]) + V g: the readout of either group of outputs. */
static void read_out(const work *w, const float *weight, const afb_set_batch *batch, int64_t hidden, int64_t out, int64_t skip, int n_out,
                     float *slope, float *active, float *y)
{
  int d = w->spec.width, sets = batch->n_sets;
  afb_linear_forward(sets, 2 * d, d, w->summary, weight + hidden, weight + hidden + 2 * d * d, NULL, slope);
  afb_gelu_forward((int64_t)sets * d, slope, active, slope);
  afb_linear_forward(sets, d, n_out, active, weight + out, weight + out + d * n_out, NULL, y);
  if (w->spec.n_global > 0)
    afb_linear_forward(sets, w->spec.n_global, n_out, batch->global, weight + skip, NULL, y, y);
}

static afb_status forward(void *state, const float *weight, const afb_set_batch *batch, float *logit)
{
  work *w = state;
  const layout *a = &w->at;
  int n = batch->n_tokens, d = w->spec.width, layers = w->spec.layers, values = a->values, n_out = a->survivals + values;
  AFB_TRY(reserve(w, batch));
  embed(w, weight, batch, w->block[0].input);
  for (int l = 0; l < layers; l++)
    block_forward(w, l, weight, batch, l + 1 < layers ? w->block[l + 1].input : w->last);
  afb_norm_forward(n, d, w->last, weight + a->norm, weight + a->norm + d, w->final, w->mean, w->inverse);
  summarise(w, batch);
  if (a->survivals > 0) {
    afb_linear_forward(n, d, a->survivals, w->final, weight + a->hazard, weight + a->hazard_bias, NULL, w->token_logit);
    read_out(w, weight, batch, a->hidden, a->out, a->skip, a->survivals, w->slope, w->active, w->set_logit);
    hazards(w, batch, logit);
  }
  if (values > 0)
    read_out(w, weight, batch, a->value_hidden, a->value_out, a->value_skip, values, w->value_slope, w->value_active, w->value);
  for (int s = 0; s < batch->n_sets && values > 0; s++)
    memcpy(logit + (int64_t)s * n_out + a->survivals, w->value + (int64_t)s * values, (size_t)values * sizeof *logit);
  return AFB_OK;
}

float afb_set_transformer_risk(const void *state, int token, int target)
{
  const work *w = state;
  return softplus(w->token_logit[(int64_t)token * w->at.survivals + target]);
}

/* dz/dH = -1 / (1 - exp(-H)). Where a failure (z is to fall) is put down to token b, competing risks add -ln(h_b / H) to
 * the loss, h_t = softplus(w f_t + b) being the token's part of H. The logits of tokens and set are overwritten by their gradients. */
static void hazards_backward(const work *w, const afb_set_batch *batch, const float *logit_gradient)
{
  int survivals = w->at.survivals, n_out = survivals + w->at.values;
  for (int s = 0; s < batch->n_sets; s++)
    for (int k = 0; k < survivals; k++) {
      float *set = &w->set_logit[s * survivals + k], up = logit_gradient[s * n_out + k], hazard = w->hazard[s * survivals + k];
      float dh = up / expm1f(-hazard);
      int blamed = up > 0 && batch->blame[s] >= 0;
      dh += blamed ? batch->blame_weight / hazard : 0;
      *set = dh * sigmoid(*set);
      for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++) {
        float *z = &w->token_logit[t * survivals + k], here = blamed && t == batch->blame[s] ? batch->blame_weight : 0;
        *z = sigmoid(*z) * (dh - (here > 0 ? here / (softplus(*z) + 1e-12f) : 0));
      }
    }
}

/* Adds the gradient of the summaries to d_hidden. */
static void read_out_backward(const work *w, const float *weight, const afb_set_batch *batch, int64_t hidden, int64_t out, int64_t skip,
                              int n_out, const float *slope, const float *active, const float *dy, float *g)
{
  int d = w->spec.width, sets = batch->n_sets;
  if (w->spec.n_global > 0)
    afb_linear_backward(sets, w->spec.n_global, n_out, batch->global, weight + skip, dy, 0, NULL, g + skip, NULL);
  afb_linear_backward(sets, d, n_out, active, weight + out, dy, 0, w->d_narrow, g + out, g + out + d * n_out);
  afb_gelu_backward((int64_t)sets * d, slope, w->d_narrow, w->d_narrow);
  afb_linear_backward(sets, 2 * d, d, w->summary, weight + hidden, w->d_narrow, 0, w->d_global, g + hidden, g + hidden + 2 * d * d);
  for (int s = 0; s < sets; s++) {
    const float *du = w->d_global + (int64_t)s * 2 * d;
    float share = 1 / (float)(batch->start[s + 1] - batch->start[s]);
    add_to(d, du, w->d_hidden + (int64_t)batch->added[s] * d);
    for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++)
      for (int j = 0; j < d; j++)
        w->d_hidden[t * d + j] += share * du[d + j];
  }
}

/* Leaves the gradient of `final` in d_hidden. */
static void readout_backward(const work *w, const float *weight, const afb_set_batch *batch, const float *logit_gradient, float *g)
{
  const layout *a = &w->at;
  int d = w->spec.width, survivals = a->survivals, values = a->values;
  if (survivals > 0) {
    hazards_backward(w, batch, logit_gradient);
    afb_linear_backward(batch->n_tokens, d, survivals, w->final, weight + a->hazard, w->token_logit, 0, w->d_hidden, g + a->hazard,
                        g + a->hazard_bias);
    read_out_backward(w, weight, batch, a->hidden, a->out, a->skip, survivals, w->slope, w->active, w->set_logit, g);
  } else {
    memset(w->d_hidden, 0, (size_t)batch->n_tokens * (size_t)d * sizeof(float));
  }
  for (int s = 0; s < batch->n_sets && values > 0; s++)
    memcpy(w->value + (int64_t)s * values, logit_gradient + (int64_t)s * (survivals + values) + survivals, (size_t)values * sizeof(float));
  if (values > 0)
    read_out_backward(w, weight, batch, a->value_hidden, a->value_out, a->value_skip, values, w->value_slope, w->value_active, w->value, g);
}

/* The gradient of what a branch added to the stream. */
static const float *dropped(const work *w, const afb_set_batch *batch, int site)
{
  if (batch->dropout <= 0)
    return w->d_stream;
  memcpy(w->d_narrow, w->d_stream, (size_t)batch->n_tokens * (size_t)w->spec.width * sizeof(float));
  drop(w, batch, site, w->d_narrow);
  return w->d_narrow;
}

/* d_stream: gradient of the block's output on entry, of its input on return. */
static void block_backward(const work *w, int l, const float *weight, const afb_set_batch *batch, float *gradient)
{
  const layout *a = &w->at;
  const block_work *b = &w->block[l];
  const float *p = weight + a->block0 + l * a->block_size;
  float *g = gradient + a->block0 + l * a->block_size;
  int n = batch->n_tokens, d = w->spec.width;
  afb_attention_shape shape = attention_of(w, batch);
  const float *branch = dropped(w, batch, 2 * l + 1);
  afb_linear_backward(n, 2 * d, d, b->active, p + a->down, branch, 0, w->d_wide, g + a->down, g + a->down_bias);
  afb_gelu_backward((int64_t)n * 2 * d, b->slope, w->d_wide, w->d_wide);
  afb_linear_backward(n, d, 2 * d, b->unit2, p + a->up, w->d_wide, 0, w->d_hidden, g + a->up, g + a->up_bias);
  afb_norm_backward(n, d, b->middle, p + a->norm2, b->mean2, b->inverse2, w->d_hidden, w->d_stream, g + a->norm2,
                    g + a->norm2 + d);
  branch = dropped(w, batch, 2 * l);
  afb_linear_backward(n, d, d, b->attended, p + a->attended, branch, 0, w->d_hidden, g + a->attended, g + a->attended_bias);
  afb_attention_backward(&shape, b->qkv, b->pairs, w->d_hidden, w->scratch, w->d_wide);
  afb_linear_backward(n, d, 3 * d, b->unit1, p + a->qkv, w->d_wide, 0, w->d_hidden, g + a->qkv, g + a->qkv_bias);
  afb_norm_backward(n, d, b->input, p + a->norm1, b->mean1, b->inverse1, w->d_hidden, w->d_stream, g + a->norm1,
                    g + a->norm1 + d);
}

static void embed_backward(const work *w, const afb_set_batch *batch, float *g)
{
  const layout *a = &w->at;
  int d = w->spec.width;
  afb_linear_backward(batch->n_tokens, w->spec.n_token, d, batch->token, NULL, w->d_stream, 0, NULL, g + a->token,
                      g + a->bias);
  if (w->spec.n_global == 0)
    return;
  memset(w->d_global, 0, (size_t)batch->n_sets * (size_t)d * sizeof(float));
  for (int s = 0; s < batch->n_sets; s++)
    for (int64_t t = batch->start[s]; t < batch->start[s + 1]; t++)
      add_to(d, w->d_stream + t * d, w->d_global + (int64_t)s * d);
  afb_linear_backward(batch->n_sets, w->spec.n_global, d, batch->global, NULL, w->d_global, 0, NULL, g + a->global, NULL);
}

static void announce(const afb_gradient_sink *sink, int64_t first, int64_t count)
{
  if (sink)
    sink->ready(sink->owner, first, count);
}

static void backward(void *state, const float *weight, const afb_set_batch *batch, const float *logit_gradient,
                     float *gradient, const afb_gradient_sink *sink)
{
  work *w = state;
  const layout *a = &w->at;
  int n = batch->n_tokens, d = w->spec.width;
  readout_backward(w, weight, batch, logit_gradient, gradient);
  memset(w->d_stream, 0, (size_t)n * (size_t)d * sizeof(float));
  afb_norm_backward(n, d, w->last, weight + a->norm, w->mean, w->inverse, w->d_hidden, w->d_stream, gradient + a->norm,
                    gradient + a->norm + d);
  announce(sink, a->readout, a->total - a->readout);
  for (int l = w->spec.layers - 1; l >= 0; l--) {
    block_backward(w, l, weight, batch, gradient);
    announce(sink, a->block0 + l * a->block_size, a->block_size);
  }
  embed_backward(w, batch, gradient);
  announce(sink, 0, a->block0);
}

const afb_model_kind afb_set_transformer = {
  .name = "set_transformer",
  .description = "attention over the configurations and orbitals of a set; probability as a product of survivals",
  .reference = "Lee et al., ICML 2019, arXiv:1810.00825",
  .check = check,
  .n_weights = n_weights,
  .matrices = matrices,
  .init = init,
  .prime = prime,
  .work_create = work_create,
  .work_destroy = work_destroy,
  .forward = forward,
  .backward = backward,
};
