/* A step of training allocates nothing: the linker sends every allocation of the program's own code through this file. */
#include "tests/check.h"

#include <stdlib.h>

#include "core/random.h"
#include "learn/mdn_train.h"
#include "learn/train.h"

static int64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
  allocations++;
  return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
  allocations++;
  return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
  allocations++;
  return __real_realloc(old, size);
}

static float normal(uint64_t stream, int i) { return (float)afb_random_normal(5, stream, (uint64_t)i); }

/* Sets of very different sizes, epoch after epoch, so that every kind of piece occurs; also batches larger than the table. */
static void train_sets(int64_t batch)
{
  enum { SETS = 150, TOKEN = 4, GLOBAL = 2, LARGEST = 300 };
  static float token[LARGEST * TOKEN];
  afb_set_table table, judging;
  check_ok(afb_set_table_init(TOKEN, GLOBAL, 1, &table));
  check_ok(afb_set_table_init(TOKEN, GLOBAL, 1, &judging));
  for (int i = 0; i < SETS; i++) {
    int m = i == 7 ? LARGEST : i % 3 ? 1 : 1 + i % 45;
    float label = (float)(i % 2), global[GLOBAL] = {normal(1, i), normal(2, i)};
    for (int k = 0; k < m * TOKEN; k++)
      token[k] = normal(3, i * LARGEST * TOKEN + k);
    check_ok(afb_set_table_append(&table, m, token, global, 0, &label, m - 1, i, m));
    check_ok(afb_set_table_append(&judging, 1, token, global, 0, &label, 0, i, 1));
  }
  afb_model_spec spec;
  afb_model_spec_default(TOKEN, GLOBAL, 1, &spec);
  spec.members = 2;
  afb_model *model;
  check_ok(afb_model_create(&spec, &model));
  afb_train_options options;
  afb_train_options_default(SETS, &options);
  options.batch = batch;
  options.steps = 1000;
  options.evaluate_every = 1000;
  afb_trainer *trainer;
  int finished;
  check_ok(afb_trainer_create(MPI_COMM_WORLD, model, &table, &judging, &options, &trainer));
  check_true(allocations > 0);
  check_ok(afb_trainer_advance(trainer, 1, NULL, &finished));
  allocations = 0;
  check_ok(afb_trainer_advance(trainer, 25, NULL, &finished));
  check_true(allocations == 0);
  afb_trainer_destroy(&trainer);
  afb_model_destroy(&model);
  afb_set_table_clear(&table);
  afb_set_table_clear(&judging);
}

static void sets_are_trained_without_allocation(void **state)
{
  (void)state;
  train_sets(60);
  train_sets(400);
}

static void rows_are_trained_without_allocation(void **state)
{
  (void)state;
  enum { ROWS = 500, IN = 6, OUT = 3 };
  static double input[ROWS * IN], target[ROWS * OUT];
  static int64_t group[ROWS];
  for (int i = 0; i < ROWS * IN; i++)
    input[i] = (double)normal(4, i);
  for (int i = 0; i < ROWS * OUT; i++)
    target[i] = (double)normal(6, i);
  for (int i = 0; i < ROWS; i++)
    group[i] = i;
  for (int covariance = 0; covariance < 2; covariance++) {
    afb_mdn_table table = {ROWS, input, target, group, NULL};
    afb_mdn_spec spec = {IN, OUT, 2, 2, 12, 2, covariance, 1, 0.1, 3, AFB_LOSS_LIKELIHOOD};
    afb_mdn *mdn;
    check_ok(afb_mdn_create(&spec, &mdn));
    afb_mdn_options options;
    afb_mdn_options_default(ROWS, &options);
    options.batch = 300;
    options.evaluate_every = 1000;
    afb_mdn_trainer *trainer;
    int finished;
    check_ok(afb_mdn_trainer_create(MPI_COMM_WORLD, mdn, &table, &options, &trainer));
    check_ok(afb_mdn_trainer_advance(trainer, 1, NULL, &finished));
    allocations = 0;
    check_ok(afb_mdn_trainer_advance(trainer, 20, NULL, &finished));
    check_true(allocations == 0);
    afb_mdn_trainer_destroy(&trainer);
    afb_mdn_destroy(&mdn);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(sets_are_trained_without_allocation),
  cmocka_unit_test(rows_are_trained_without_allocation),
};
CHECK_MAIN(tests)
