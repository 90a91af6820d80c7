#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/batch.h"
#include "learn/model.h"
#include "learn/model_kind.h"
#include "learn/set_transformer.h"

enum { NT = 5, NG = 3, TARGETS = 2, SETS = 9 };

static void nothing(void *owner, int64_t first, int64_t count)
{
  int64_t *total = owner;
  (void)first;
  *total += count;
}

static void random_table(int n, afb_set_table *table)
{
  check_ok(afb_set_table_init(NT, NG, TARGETS, table));
  for (int i = 0; i < n; i++) {
    int tokens = 1 + i % 6;
    float token[6 * NT], global[NG], label[TARGETS] = {(float)(i % 2), i % 4 == 1 ? NAN : (float)(i % 3 == 0)};
    for (int k = 0; k < tokens * NT; k++)
      token[k] = (float)afb_random_normal(2, (uint64_t)i, (uint64_t)k);
    for (int k = 0; k < NG; k++)
      global[k] = (float)afb_random_normal(3, (uint64_t)i, (uint64_t)k);
    check_ok(afb_set_table_append(table, tokens, token, global, i % tokens, label, i % 3 ? -1 : tokens - 1, i, tokens));
  }
}

static void unit_scale(float *scale)
{
  for (int k = 0; k < 2 * (NT + NG); k++)
    scale[k] = (k >= NT && k < 2 * NT) || k >= 2 * NT + NG ? 1 : 0;
}

static const afb_model_spec small = {"set_transformer", NT, NG, TARGETS, 8, 2, 2, 1, 0.3, 5, ""};

/* The order of the tokens makes no difference, and neither does the company of other sets in the batch. */
static void order_and_company_do_not_matter(void **state)
{
  (void)state;
  afb_set_table table, other;
  random_table(SETS, &table);
  check_ok(afb_set_table_init(NT, NG, TARGETS, &other));
  for (int i = SETS - 1; i >= 0; i--) {
    int n = (int)(table.offset[i + 1] - table.offset[i]);
    float reversed[6 * NT];
    for (int k = 0; k < n; k++)
      memcpy(reversed + (n - 1 - k) * NT, table.token + (table.offset[i] + k) * NT, NT * sizeof(float));
    check_ok(afb_set_table_append(&other, n, reversed, table.global + i * NG, n - 1 - table.added[i], NULL, -1, i, n));
  }
  afb_model *model;
  float p[SETS * TARGETS], q[SETS * TARGETS], spread[SETS * TARGETS];
  afb_model_spec spec = small;
  spec.members = 3;
  check_ok(afb_model_create(&spec, &model));
  unit_scale(model->scale);
  check_ok(afb_model_predict(model, &table, p, NULL));
  check_ok(afb_model_predict(model, &other, q, spread));
  for (int i = 0; i < SETS; i++)
    for (int t = 0; t < TARGETS; t++) {
      check_close(p[i * TARGETS + t], q[(SETS - 1 - i) * TARGETS + t], 1e-5);
      check_true(spread[i * TARGETS + t] > 0 && spread[i * TARGETS + t] < 0.5f);
    }
  check_true(fabsf(p[0] - p[2]) > 1e-4f);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
  afb_set_table_clear(&other);
}

typedef struct {
  void *work;
  afb_set_table table;
  afb_batch_buffer buffer;
  double blame;
} problem;

static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

/* Sum of cross entropies; the gradient of it by the model when `gradient` is given. */
static double loss(problem *p, const float *weight, float *gradient)
{
  float logit[SETS * TARGETS], d[SETS * TARGETS];
  double sum = 0;
  check_ok(afb_set_transformer.forward(p->work, weight, &p->buffer.batch, logit));
  for (int i = 0; i < SETS * TARGETS; i++) {
    double y = p->table.label[i], z = logit[i];
    d[i] = isnan(y) ? 0 : (float)(1 / (1 + exp(-z)) - y);
    sum += isnan(y) ? 0 : softplus(z) - y * z;
  }
  if (gradient) {
    int64_t announced = 0;
    afb_gradient_sink sink = {nothing, &announced};
    afb_set_transformer.backward(p->work, weight, &p->buffer.batch, d, gradient, &sink);
    check_true(announced == afb_set_transformer.n_weights(&small));
  }
  return sum;
}

static void start(problem *p, float **weight, int64_t *n)
{
  float scale[2 * (NT + NG)];
  int64_t row[SETS];
  memset(p, 0, sizeof *p);
  unit_scale(scale);
  random_table(SETS, &p->table);
  for (int i = 0; i < SETS; i++)
    row[i] = i;
  check_ok(afb_batch_fill(&p->table, SETS, row, 40, scale, &p->buffer));
  check_ok(afb_set_transformer.work_create(&small, &p->work));
  *n = afb_set_transformer.n_weights(&small);
  *weight = malloc((size_t)*n * sizeof **weight);
  afb_set_transformer.init(&small, 0, *weight);
  /* Away from the special point that fresh weights are (gains and biases 0). */
  for (int64_t i = 0; i < *n; i++)
    (*weight)[i] += (float)(0.2 * afb_random_normal(8, 0, (uint64_t)i));
}

static void end(problem *p, float *weight)
{
  free(weight);
  afb_set_transformer.work_destroy(&p->work);
  afb_batch_clear(&p->buffer);
  afb_set_table_clear(&p->table);
}

/* Central differences along random directions within consecutive stretches of the weights, so that every layer is tested by
 * itself, with and without dropout. In single precision the differences are good to some 1e-3. */
static void gradient_is_the_derivative(void **state)
{
  (void)state;
  for (int dropout = 0; dropout < 2; dropout++) {
    problem p;
    float *weight;
    int64_t n;
    start(&p, &weight, &n);
    p.buffer.batch.dropout = dropout ? 0.3 : 0;
    p.buffer.batch.seed = 4;
    float *gradient = calloc((size_t)n, sizeof *gradient), *moved = malloc((size_t)n * sizeof *moved);
    double plain = loss(&p, weight, gradient);
    enum { STRETCH = 24 };
    for (int64_t first = 0; first < n; first += STRETCH) {
      int64_t last = first + STRETCH < n ? first + STRETCH : n;
      double expected = 0, norm = 0, difference = 0;
      for (int64_t i = first; i < last; i++)
        norm += (double)gradient[i] * (double)gradient[i];
      norm = sqrt(norm);
      if (norm < 1e-2)
        continue;
      const double h = 4e-3;
      for (int side = -1; side <= 1; side += 2) {
        memcpy(moved, weight, (size_t)n * sizeof *moved);
        for (int64_t i = first; i < last; i++)
          moved[i] += (float)(side * h * (double)gradient[i] / norm);
        difference += side * loss(&p, moved, NULL) / (2 * h);
      }
      expected = norm;
      check_close(difference, expected, 5e-3 + 5e-3 * expected);
    }
    check_true(plain > 0);
    free(gradient);
    free(moved);
    end(&p, weight);
  }
}

/* The part of the gradient that blame adds is that of -sum ln(h_b / H), H and h from the formula of the header. */
static void blame_is_the_derivative(void **state)
{
  (void)state;
  problem p;
  float *weight;
  int64_t n;
  start(&p, &weight, &n);
  size_t bytes = (size_t)n * sizeof(float);
  float *without = calloc(1, bytes), *with = calloc(1, bytes), *moved = malloc(bytes);
  loss(&p, weight, without);
  p.buffer.batch.blame_weight = 1;
  loss(&p, weight, with);
  double norm = 0, difference = 0;
  for (int64_t i = 0; i < n; i++)
    norm += pow((double)with[i] - (double)without[i], 2);
  norm = sqrt(norm);
  check_true(norm > 1e-2);
  const double h = 4e-3;
  for (int side = -1; side <= 1; side += 2) {
    for (int64_t i = 0; i < n; i++)
      moved[i] = weight[i] + (float)(side * h * ((double)with[i] - (double)without[i]) / norm);
    float logit[SETS * TARGETS];
    check_ok(afb_set_transformer.forward(p.work, moved, &p.buffer.batch, logit));
    for (int i = 0; i < SETS; i++)
      for (int t = 0; t < TARGETS; t++)
        if (p.table.blame[i] >= 0 && p.table.label[i * TARGETS + t] == 0) {
          double survival = 1 / (1 + exp(-(double)logit[i * TARGETS + t])), risk = -log(survival);
          double part = afb_set_transformer_risk(p.work, p.buffer.batch.blame[i], t);
          difference -= side * log(part / risk) / (2 * h);
        }
  }
  check_close(difference, norm, 1e-2 * norm);
  free(without);
  free(with);
  free(moved);
  end(&p, weight);
}

static void description_is_read_back(void **state)
{
  (void)state;
  char text[AFB_MODEL_SPEC_LENGTH], again[AFB_MODEL_SPEC_LENGTH];
  afb_model_spec spec;
  check_ok(afb_model_spec_parse(afb_model_spec_format(&small, text, sizeof text), &spec));
  check_true(strcmp(afb_model_spec_format(&spec, again, sizeof again), text) == 0);
  check_true(afb_model_spec_parse("kind=set_transformer width=8", &spec) == AFB_E_INPUT);
  check_true(afb_model_spec_parse("kind=unknown n_token=1 n_global=0 n_target=1 width=8 layers=1 attention_heads=2 "
                                  "members=1 dropout=0 seed=1", &spec) == AFB_E_INPUT);
  spec = small;
  spec.attention_heads = 3;
  afb_model *model;
  check_true(afb_model_create(&spec, &model) == AFB_E_INPUT && model == NULL);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(order_and_company_do_not_matter),
  cmocka_unit_test(gradient_is_the_derivative),
  cmocka_unit_test(blame_is_the_derivative),
  cmocka_unit_test(description_is_read_back),
};
CHECK_MAIN(tests)
