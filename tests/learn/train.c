/* The same program on 1, 2 and 3 ranks: training over all ranks is compared with training on one. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/model.h"
#include "learn/train.h"

enum { NT = 4, NG = 2, SAMPLES = 240 };

/* A set fails when another token has the sign of the added one in its first feature and is above 0 in its second: a rule of pairs,
 * which no sum over tokens expresses. Target 0 is known for half the samples only. */
static void make(uint64_t seed, int n, afb_set_table *table)
{
  check_ok(afb_set_table_init(NT, NG, 2, table));
  for (int i = 0; i < n; i++) {
    int m = 1 + (int)afb_random_below(7, seed, 0, (uint64_t)i), good = 1;
    float token[7 * NT], global[NG] = {(float)m, 1};
    for (int k = 0; k < m * NT; k++)
      token[k] = (float)(2 * afb_random_uniform(seed, 1 + (uint64_t)i, (uint64_t)k) - 1);
    for (int a = 0; a + 1 < m; a++)
      good &= !(token[a * NT] * token[(m - 1) * NT] > 0 && token[a * NT + 1] > 0);
    float label[2] = {i % 2 ? NAN : (float)good, (float)good};
    check_ok(afb_set_table_append(table, m, token, global, m - 1, label, -1, i / 4, m));
  }
}

static afb_model *new_model(void)
{
  afb_model_spec spec;
  afb_model *model = NULL;
  afb_model_spec_default(NT, NG, 2, &spec);
  spec.width = 16;
  spec.members = 2;
  check_ok(afb_model_create(&spec, &model));
  return model;
}

static afb_train_options options_for_test(void)
{
  afb_train_options o;
  afb_train_options_default(SAMPLES, &o);
  o.batch = 32;
  o.steps = 30;
  o.patience = 0;
  return o;
}

/* Loss curve and weights agree with those of one rank to rounding, dropout included. */
static void ranks_do_not_matter(void **state)
{
  (void)state;
  afb_set_table table;
  make(1, SAMPLES, &table);
  afb_model *shared = new_model(), *alone = new_model();
  afb_train_options o = options_for_test();
  afb_trainer *a, *b;
  check_ok(afb_trainer_create(MPI_COMM_WORLD, shared, &table, NULL, &o, &a));
  check_ok(afb_trainer_create(MPI_COMM_SELF, alone, &table, NULL, &o, &b));
  float begun = shared->weight[0];
  for (int s = 0; s < 25; s++) {
    double x = 0, y = 0;
    int finished;
    check_ok(afb_trainer_advance(a, 1, &x, &finished));
    check_ok(afb_trainer_advance(b, 1, &y, &finished));
    check_close(x, y, 1e-4 * fabs(y));
  }
  check_true(fabsf(shared->weight[0] - begun) > 1e-3f);
  double worst = 0;
  for (int64_t i = 0; i < shared->n_weights; i++)
    worst = fmax(worst, fabs((double)shared->weight[i] - (double)alone->weight[i]));
  check_close(worst, 0, 2e-3);
  afb_trainer_destroy(&a);
  afb_trainer_destroy(&b);
  afb_model_destroy(&shared);
  afb_model_destroy(&alone);
  afb_set_table_clear(&table);
}

/* A training that is broken off, its model's arrays copied into a new model, and resumed gives the same weights bit for bit. */
static void resumes_bit_for_bit(void **state)
{
  (void)state;
  afb_set_table table;
  make(1, SAMPLES, &table);
  afb_model *whole = new_model(), *begun = new_model(), *resumed = new_model();
  afb_train_options o = options_for_test();
  afb_trainer *t;
  int finished;
  check_ok(afb_trainer_create(MPI_COMM_WORLD, whole, &table, NULL, &o, &t));
  check_ok(afb_trainer_advance(t, 20, NULL, &finished));
  check_true(!finished);
  afb_trainer_destroy(&t);
  check_ok(afb_trainer_create(MPI_COMM_WORLD, begun, &table, NULL, &o, &t));
  check_ok(afb_trainer_advance(t, 7, NULL, &finished));
  afb_trainer_destroy(&t);
  size_t bytes = (size_t)begun->n_weights * sizeof(float);
  memcpy(resumed->weight, begun->weight, bytes);
  memcpy(resumed->moment1, begun->moment1, bytes);
  memcpy(resumed->moment2, begun->moment2, bytes);
  memcpy(resumed->scale, begun->scale, (size_t)begun->n_scale * sizeof(float));
  resumed->step = begun->step;
  o.restart = 0;
  o.first_step = 0;
  check_ok(afb_trainer_create(MPI_COMM_WORLD, resumed, &table, NULL, &o, &t));
  check_ok(afb_trainer_advance(t, 13, NULL, &finished));
  afb_trainer_destroy(&t);
  check_true(resumed->step == 20 && memcmp(resumed->weight, whole->weight, bytes) == 0);
  afb_model_destroy(&whole);
  afb_model_destroy(&begun);
  afb_model_destroy(&resumed);
  afb_set_table_clear(&table);
}

/* Learns the rule: what a base rate or a linear model of the size could not. */
static void learns_a_rule_of_pairs(void **state)
{
  (void)state;
  afb_set_table train, valid, test;
  make(1, 1500, &train);
  make(2, 300, &valid);
  make(3, 400, &test);
  afb_model *model = new_model();
  afb_train_options o;
  afb_metrics metrics[2], tested;
  afb_train_options_default(train.n, &o);
  o.rate = 4e-3;
  o.steps = 900;
  check_ok(afb_train(MPI_COMM_WORLD, model, &train, &valid, &o, metrics));
  float *p = malloc((size_t)test.n * 2 * sizeof *p);
  check_ok(afb_model_predict(model, &test, p, NULL));
  check_ok(afb_metrics_compute(test.n, p + 1, 2, test.label + 1, 2, &tested));
  double base = afb_base_rate_log_loss(test.n, test.label + 1, 2, (double)tested.n_positive / (double)tested.n);
  print_message("# AUC %.3f, log loss %.3f of %.3f\n", tested.auc, tested.log_loss, base);
  check_true(tested.auc > 0.9 && tested.log_loss < 0.75 * base && metrics[0].n == 150 && metrics[1].auc > 0.9);
  free(p);
  afb_model_destroy(&model);
  afb_set_table_clear(&train);
  afb_set_table_clear(&valid);
  afb_set_table_clear(&test);
}

/* Without a validation table every member is judged by a fold that it was trained without: here two of five folds, of whole
 * groups, about 2/5 of the samples. On labels that are noise such predictions find nothing, where the training samples' own would. */
static void members_leave_folds_out(void **state)
{
  (void)state;
  afb_set_table table;
  make(1, SAMPLES, &table);
  for (int i = 0; i < SAMPLES; i++) {
    table.label[2 * i + 1] = (float)afb_random_below(2, 77, 0, (uint64_t)i);
    table.label[2 * i] = NAN;
  }
  afb_model *model = new_model();
  afb_train_options o = options_for_test();
  afb_metrics metrics[2];
  o.steps = 120;
  check_ok(afb_train(MPI_COMM_WORLD, model, &table, NULL, &o, metrics));
  check_true(metrics[0].n == 0 && metrics[1].n > SAMPLES / 4 && metrics[1].n < SAMPLES / 2 + SAMPLES / 10);
  check_true(metrics[1].auc < 0.7 && metrics[1].log_loss > 0.6);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
}

static void wrong_use_is_refused(void **state)
{
  (void)state;
  afb_set_table table, other;
  make(1, 20, &table);
  check_ok(afb_set_table_init(NT + 1, NG, 2, &other));
  afb_model *model = new_model();
  afb_train_options o = options_for_test();
  afb_trainer *t;
  check_true(afb_trainer_create(MPI_COMM_WORLD, model, &other, NULL, &o, &t) == AFB_E_INPUT && t == NULL);
  for (int64_t i = 0; i < 2 * table.n; i++)
    table.label[i] = NAN;
  check_true(afb_trainer_create(MPI_COMM_WORLD, model, &table, NULL, &o, &t) == AFB_E_INPUT && t == NULL);
  o.batch = 0;
  check_true(afb_trainer_create(MPI_COMM_WORLD, model, &table, NULL, &o, &t) == AFB_E_INPUT && t == NULL);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
  afb_set_table_clear(&other);
}

/* An infinite input ends the training with a status on every rank, in place of spoiling the weights. */
static void a_loss_that_is_not_finite_is_reported(void **state)
{
  (void)state;
  afb_set_table table;
  make(1, 64, &table);
  afb_model *model = new_model();
  afb_train_options o = options_for_test();
  afb_trainer *t;
  int finished;
  check_ok(afb_trainer_create(MPI_COMM_WORLD, model, &table, NULL, &o, &t));
  check_ok(afb_trainer_advance(t, 3, NULL, &finished));
  float before = model->weight[0];
  table.token[0] = NAN;
  check_true(afb_trainer_advance(t, 5, NULL, &finished) == AFB_E_NUMERIC);
  check_true(isfinite(model->weight[0]) && isfinite(before));
  for (int64_t i = 0; i < model->n_weights; i++)
    if (!isfinite(model->weight[i]))
      check_true(0);
  afb_trainer_destroy(&t);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ranks_do_not_matter),
  cmocka_unit_test(resumes_bit_for_bit),
  cmocka_unit_test(learns_a_rule_of_pairs),
  cmocka_unit_test(members_leave_folds_out),
  cmocka_unit_test(wrong_use_is_refused),
  cmocka_unit_test(a_loss_that_is_not_finite_is_reported),
};
CHECK_MAIN(tests)
