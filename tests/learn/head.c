/* Targets of several kinds: losses and gradients, masks, calibration, and what a model learns of them. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/batch.h"
#include "learn/head.h"
#include "learn/model.h"
#include "learn/model_kind.h"
#include "learn/train.h"

enum { NT = 5, NG = 3, TARGETS = 4, OUTPUTS = 7, SETS = 9 };
static const char KINDS[] = "sbgc3";

static void kinds_are_read(void **state)
{
  (void)state;
  afb_heads h;
  check_ok(afb_heads_parse("ssgbc10", 5, &h));
  check_true(h.n == 5 && h.n_survival == 2 && h.n_out == 15 && h.head[2].first == 2 && h.head[2].n == 2 && h.head[3].first == 4 &&
             h.head[4].kind == AFB_HEAD_CLASS && h.head[4].first == 5 && h.head[4].n == 10);
  check_ok(afb_heads_parse("", 3, &h));
  check_true(h.n == 3 && h.n_out == 3 && h.n_survival == 3);
  check_true(afb_heads_parse("bs", 2, &h) == AFB_E_INPUT);
  check_true(afb_heads_parse("sb", 3, &h) == AFB_E_INPUT);
  check_true(afb_heads_parse("c1", 1, &h) == AFB_E_INPUT);
  check_true(afb_heads_parse("x", 1, &h) == AFB_E_INPUT);
}

/* By central differences; an unknown label gives neither loss nor gradient. */
static void losses_have_their_gradients(void **state)
{
  (void)state;
  afb_heads h;
  float scale[2 * OUTPUTS] = {1, 0, 1, 0, 2.5f, -0.7f, 1, 0, 1, 0, 1, 0, 1, 0};
  float z[OUTPUTS] = {0.3f, -0.8f, 0.4f, -0.6f, 0.2f, 1.1f, -0.5f}, label[TARGETS] = {1, 0, 1.3f, 2};
  check_ok(afb_heads_parse(KINDS, TARGETS, &h));
  for (int t = 0; t < TARGETS; t++) {
    float gradient[OUTPUTS] = {0};
    afb_head_loss(&h.head[t], z, scale, label[t], 1.5, gradient);
    for (int k = h.head[t].first; k < h.head[t].first + h.head[t].n; k++) {
      float moved[OUTPUTS];
      memcpy(moved, z, sizeof z);
      moved[k] = z[k] + 1e-3f;
      double above = afb_head_loss(&h.head[t], moved, scale, label[t], 1.5, NULL);
      moved[k] = z[k] - 1e-3f;
      double below = afb_head_loss(&h.head[t], moved, scale, label[t], 1.5, NULL);
      check_close((above - below) / 2e-3, gradient[k], 1e-3);
      check_true(fabsf(gradient[k]) > 1e-2f);
    }
    for (int k = 0; k < OUTPUTS; k++)
      gradient[k] = 7;
    check_true(afb_head_loss(&h.head[t], z, scale, NAN, 1, gradient) == 0.0);
    for (int k = 0; k < OUTPUTS; k++)
      check_true(gradient[k] == (k >= h.head[t].first && k < h.head[t].first + h.head[t].n ? 0.0f : 7.0f));
  }
}

/* Labels that follow from the features, so that a model can learn them; every third is unknown. */
static void make(int n, afb_set_table *table)
{
  check_ok(afb_set_table_init(NT, NG, TARGETS, table));
  for (int i = 0; i < n; i++) {
    int tokens = 1 + i % 6;
    float token[6 * NT], global[NG];
    for (int k = 0; k < tokens * NT; k++)
      token[k] = (float)afb_random_normal(2, (uint64_t)i, (uint64_t)k);
    for (int k = 0; k < NG; k++)
      global[k] = (float)afb_random_normal(3, (uint64_t)i, (uint64_t)k);
    double noise = afb_random_normal(4, (uint64_t)i, 0), y = 3 + 2 * global[0] + (global[1] > 0 ? 1 : 0.2) * noise;
    const float *added = token + i % tokens * NT;
    float label[TARGETS] = {(float)(added[0] > 0), (float)(global[0] + added[1] > 0), (float)y,
                            (float)(global[2] < -0.4f ? 0 : global[2] < 0.4f ? 1 : 2)};
    for (int t = 0; t < TARGETS; t++)
      label[t] = (i + t) % 3 == 0 ? NAN : label[t];
    check_ok(afb_set_table_append(table, tokens, token, global, i % tokens, label, -1, i, tokens));
  }
}

typedef struct {
  const afb_model_kind *kind;
  void *work;
  afb_heads heads;
  afb_set_table table;
  afb_batch_buffer buffer;
  float scale[2 * (NT + NG)], calibration[2 * OUTPUTS];
} problem;

static void ignore(void *owner, int64_t first, int64_t count)
{
  (void)first;
  *(int64_t *)owner += count;
}

static double loss(problem *p, const float *weight, float *gradient)
{
  float z[SETS * OUTPUTS], d[SETS * OUTPUTS];
  double sum = 0;
  check_ok(p->kind->forward(p->work, weight, &p->buffer.batch, z));
  for (int i = 0; i < SETS; i++)
    for (int t = 0; t < TARGETS; t++)
      sum += afb_head_loss(&p->heads.head[t], z + i * OUTPUTS, p->calibration, p->table.label[i * TARGETS + t], 1, d + i * OUTPUTS);
  int64_t announced = 0;
  afb_gradient_sink sink = {ignore, &announced};
  if (gradient)
    p->kind->backward(p->work, weight, &p->buffer.batch, d, gradient, &sink);
  return sum;
}

/* Along the gradient within consecutive stretches of the weights; in single precision the differences are good to some 1e-3. */
static void check_stretches(problem *p, int64_t n, const float *weight, const float *gradient, float *moved)
{
  enum { STRETCH = 24 };
  const double h = 4e-3;
  int tested = 0;
  for (int64_t first = 0; first < n; first += STRETCH) {
    int64_t last = first + STRETCH < n ? first + STRETCH : n;
    double norm = 0, difference = 0;
    for (int64_t i = first; i < last; i++)
      norm += (double)gradient[i] * (double)gradient[i];
    norm = sqrt(norm);
    if (norm < 1e-2)
      continue;
    for (int side = -1; side <= 1; side += 2) {
      memcpy(moved, weight, (size_t)n * sizeof *moved);
      for (int64_t i = first; i < last; i++)
        moved[i] += (float)(side * h * (double)gradient[i] / norm);
      difference += side * loss(p, moved, NULL) / (2 * h);
    }
    check_close(difference, norm, 5e-3 + 1e-2 * norm);
    tested++;
  }
  check_true(tested > n / STRETCH / 2);
}

static void the_network_has_the_gradient_of_all_of_them(void **state)
{
  (void)state;
  static const char *const kinds[] = {"sbgc3", "bbgc3"};   /* with survivals and without */
  for (int c = 0; c < 2; c++) {
    afb_model_spec spec = {"set_transformer", NT, NG, TARGETS, 8, 2, 2, 1, 0, 5, ""};
    snprintf(spec.targets, sizeof spec.targets, "%s", kinds[c]);
    problem p = {.kind = afb_model_kind_find("set_transformer")};
    int64_t row[SETS], n = p.kind->n_weights(&spec);
    check_ok(afb_heads_parse(spec.targets, TARGETS, &p.heads));
    for (int k = 0; k < 2 * (NT + NG); k++)
      p.scale[k] = (k >= NT && k < 2 * NT) || k >= 2 * NT + NG ? 1 : 0;
    for (int k = 0; k < OUTPUTS; k++)
      p.calibration[2 * k] = 1.5f;
    make(SETS, &p.table);
    for (int i = 0; i < SETS; i++)
      row[i] = i;
    check_ok(afb_batch_fill(&p.table, SETS, row, 40, p.scale, &p.buffer));
    check_ok(p.kind->work_create(&spec, &p.work));
    float *weight = malloc((size_t)n * sizeof *weight), *gradient = calloc((size_t)n, sizeof *gradient), *moved = malloc((size_t)n * sizeof *moved);
    p.kind->init(&spec, 0, weight);
    for (int64_t i = 0; i < n; i++)
      weight[i] += (float)(0.2 * afb_random_normal(8, 0, (uint64_t)i));
    loss(&p, weight, gradient);
    check_stretches(&p, n, weight, gradient, moved);
    free(weight);
    free(gradient);
    free(moved);
    p.kind->work_destroy(&p.work);
    afb_batch_clear(&p.buffer);
    afb_set_table_clear(&p.table);
  }
}

/* Deviations that are wrong by a factor, logits that are too sure. */
static void calibration_undoes_what_was_done(void **state)
{
  (void)state;
  enum { N = 4000 };
  afb_heads h;
  check_ok(afb_heads_parse(KINDS, TARGETS, &h));
  float *z = calloc(N * OUTPUTS, sizeof *z), *label = calloc(N * TARGETS, sizeof *label);
  float scale[2 * OUTPUTS] = {1, 0, 1, 0, 2, 5, 1, 0, 1, 0, 1, 0, 1, 0}, value[OUTPUTS];
  for (int i = 0; i < N; i++) {
    double x = afb_random_normal(1, (uint64_t)i, 0), u = afb_random_uniform(1, (uint64_t)i, 1), sum = 0, q[3];
    float *zi = z + i * OUTPUTS, *y = label + i * TARGETS;
    zi[0] = zi[1] = (float)(2 * x + 1);
    y[0] = y[1] = (float)(u < 1 / (1 + exp(-x)));
    zi[2] = (float)x;
    zi[3] = (float)log(0.5);
    y[2] = (float)(5 + 2 * (x + 1.5 * afb_random_normal(1, (uint64_t)i, 2)));
    for (int k = 0; k < 3; k++) {
      q[k] = afb_random_normal(1, (uint64_t)i, 3 + (uint64_t)k);
      zi[4 + k] = (float)(2 * q[k]);
      sum += q[k] = exp(q[k]);
    }
    y[3] = u < q[0] / sum ? 0 : u < (q[0] + q[1]) / sum ? 1 : 2;
  }
  for (int t = 0; t < TARGETS; t++)
    afb_head_calibrate(&h.head[t], N, OUTPUTS, z, label + t, TARGETS, scale);
  check_close(scale[0], 0.5, 0.06);
  check_close(scale[1], -0.5, 0.1);
  check_close(scale[7], log(3.0), 0.05);
  check_close(scale[8], 0.5, 0.06);
  float sample[OUTPUTS] = {2, 2, 1, (float)log(0.5), 2, 0, 0};
  for (int t = 0; t < TARGETS; t++)
    afb_head_predict(&h.head[t], sample, scale, value);
  check_close(value[0], 1 / (1 + exp(-0.5)), 0.03);
  check_close(value[2], 7, 1e-5);
  check_close(value[3], 3, 0.15);
  check_close(value[4] + value[5] + value[6], 1, 1e-5);
  check_close(value[4], exp(1.0) / (exp(1.0) + 2), 0.03);
  free(z);
  free(label);
}

static void a_model_learns_all_kinds(void **state)
{
  (void)state;
  enum { N = 900 };
  afb_set_table table;
  afb_model *model;
  afb_model_spec spec, again;
  afb_train_options o;
  char text[AFB_MODEL_SPEC_LENGTH];
  make(N, &table);
  afb_model_spec_default(NT, NG, TARGETS, &spec);
  snprintf(spec.targets, sizeof spec.targets, "%s", KINDS);
  spec.members = 2;
  spec.width = 16;
  check_ok(afb_model_spec_parse(afb_model_spec_format(&spec, text, sizeof text), &again));
  check_true(strcmp(again.targets, KINDS) == 0 && afb_model_n_out(&again) == OUTPUTS);
  check_ok(afb_model_create(&spec, &model));
  afb_train_options_default(N, &o);
  afb_metrics metrics[TARGETS];
  check_ok(afb_train(MPI_COMM_WORLD, model, &table, NULL, &o, metrics));
  check_true(metrics[0].auc > 0.9 && metrics[1].auc > 0.9 && metrics[2].n == 0 && metrics[3].n == 0);
  float *mean = malloc(N * OUTPUTS * sizeof *mean), *spread = malloc(N * OUTPUTS * sizeof *spread);
  check_ok(afb_model_predict(model, &table, mean, spread));
  double square = 0, quiet = 0, loud = 0;
  int right = 0, classes = 0, numbers = 0, n_loud = 0;
  for (int i = 0; i < N; i++) {
    const float *v = mean + i * OUTPUTS, *y = table.label + i * TARGETS;
    int best = v[5] > v[4] ? 1 : 0;
    best = v[6] > v[4 + best] ? 2 : best;
    classes += !isnan(y[3]);
    right += y[3] == (float)best;
    if (table.global[i * NG + 1] > 0) {
      loud += v[3];
      n_loud++;
    } else {
      quiet += v[3];
    }
    check_close(v[4] + v[5] + v[6], 1, 1e-4);
    if (isnan(y[2]))
      continue;
    square += ((double)y[2] - v[2]) * ((double)y[2] - v[2]);
    numbers++;
  }
  check_true(right > 0.85 * classes && sqrt(square / numbers) < 1.0);
  check_true(loud / n_loud > 1.3 * quiet / (N - n_loud));
  free(mean);
  free(spread);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(kinds_are_read),
  cmocka_unit_test(losses_have_their_gradients),
  cmocka_unit_test(the_network_has_the_gradient_of_all_of_them),
  cmocka_unit_test(calibration_undoes_what_was_done),
  cmocka_unit_test(a_model_learns_all_kinds),
};
CHECK_MAIN(tests)
