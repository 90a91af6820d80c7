/* The learner on GRASP2018's own outcomes: ions that were not trained on, and sets larger than any trained on. With AUFBAU_TABLE=FILE
 * the whole table is measured, and written between the marks in FILE. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "campaign/features.h"
#include "core/clock.h"
#include "learn/logistic.h"
#include "learn/metrics.h"
#include "learn/model.h"
#include "learn/split.h"
#include "learn/train.h"
#include "tests/learn/grasp_table.h"

typedef struct {
  afb_set_table table;
  unsigned char *warm;
} outcomes;

typedef enum { MAJORITY, LOGISTIC, MODEL, METHODS } method;
static const char *const method_name[METHODS] = {"majority class", "logistic, hand features", "set transformer"};

typedef struct {
  int64_t n;
  float *label, *p[METHODS];
  unsigned char *warm;
  double cpu_seconds;
} predictions;

static void begin(int64_t n, predictions *out)
{
  out->n = 0;
  out->cpu_seconds = 0;
  out->label = malloc((size_t)n * sizeof(float));
  out->warm = malloc((size_t)n);
  for (int m = 0; m < METHODS; m++)
    out->p[m] = malloc((size_t)n * sizeof(float));
}

static void clear(predictions *p)
{
  free(p->label);
  free(p->warm);
  for (int m = 0; m < METHODS; m++)
    free(p->p[m]);
}

static void train_model(const afb_set_table *train, int members, int epochs, afb_model **model)
{
  afb_model_spec spec;
  afb_train_options options;
  afb_model_spec_default(train->n_token, train->n_global, train->n_target, &spec);
  afb_train_options_default(train->n, &options);
  spec.members = members;
  options.steps = epochs * train->n / options.batch;
  options.patience = 5;
  check_ok(afb_model_create(&spec, model));
  check_ok(afb_train(MPI_COMM_WORLD, *model, train, NULL, &options, NULL));
}

/* Rows of `split` by start: training on those of `train_start`, predictions of those of `test_start` appended to *out. */
static void try_split(const outcomes *data, afb_split *split, int train_start, int test_start, int members, int epochs,
                      predictions *out)
{
  int64_t n_train = 0, n_test = 0;
  for (int64_t i = 0; i < split->n_train; i++)
    if (train_start & (data->warm[split->train[i]] ? GRASP_WARM : GRASP_COLD))
      split->train[n_train++] = split->train[i];
  for (int64_t i = 0; i < split->n_valid; i++)
    if (test_start & (data->warm[split->valid[i]] ? GRASP_WARM : GRASP_COLD))
      split->valid[n_test++] = split->valid[i];
  afb_set_table train, test;
  check_ok(afb_set_table_select(&data->table, n_train, split->train, &train));
  check_ok(afb_set_table_select(&data->table, n_test, split->valid, &test));
  int width = train.n_global, target = AFB_TARGET_CONVERGED;
  double *weight = malloc(((size_t)width + 1) * sizeof *weight), rate = 0, start = afb_cpu_seconds();
  float *p = malloc((size_t)n_test * AFB_N_TARGETS * sizeof *p);
  afb_model *model;
  train_model(&train, members, epochs, &model);
  check_ok(afb_model_predict(model, &test, p, NULL));
  out->cpu_seconds += afb_cpu_seconds() - start;
  check_ok(afb_logistic_fit(n_train, width, train.global, width, train.label + target, AFB_N_TARGETS, 100, weight));
  afb_logistic_predict(n_test, width, test.global, width, weight, out->p[LOGISTIC] + out->n, 1);
  for (int64_t i = 0; i < n_train; i++)
    rate += (double)train.label[i * AFB_N_TARGETS + target] / (double)n_train;
  for (int64_t i = 0; i < n_test; i++) {
    out->warm[out->n + i] = data->warm[split->valid[i]];
    out->label[out->n + i] = test.label[i * AFB_N_TARGETS + target];
    out->p[MODEL][out->n + i] = p[i * AFB_N_TARGETS + target];
    out->p[MAJORITY][out->n + i] = (float)rate;
  }
  out->n += n_test;
  free(weight);
  free(p);
  afb_model_destroy(&model);
  afb_set_table_clear(&train);
  afb_set_table_clear(&test);
}

static void unseen_ions(const outcomes *data, int train_start, int test_start, int folds, int members, int epochs,
                        predictions *out)
{
  begin(data->table.n, out);
  for (int fold = 0; fold < folds; fold++) {
    afb_split split;
    check_ok(afb_split_by_group(&data->table, folds, fold, 1, &split));
    try_split(data, &split, train_start, test_start, members, epochs, out);
    afb_split_clear(&split);
  }
}

/* Those of `all` with the given start. */
static void choose(const predictions *all, int start, predictions *out)
{
  begin(all->n, out);
  for (int64_t i = 0; i < all->n; i++) {
    if (!(start & (all->warm[i] ? GRASP_WARM : GRASP_COLD)))
      continue;
    out->label[out->n] = all->label[i];
    for (int m = 0; m < METHODS; m++)
      out->p[m][out->n] = all->p[m][i];
    out->n++;
  }
}

static void larger_sets(const outcomes *data, int start, int members, int epochs, predictions *out)
{
  afb_split split;
  begin(data->table.n, out);
  check_ok(afb_split_by_size(&data->table, 3, &split));
  try_split(data, &split, start, start, members, epochs, out);
  afb_split_clear(&split);
}

static double own_base_rate_loss(const predictions *p, const afb_metrics *m)
{
  return afb_base_rate_log_loss(p->n, p->label, 1, (double)m->n_positive / (double)m->n);
}

static void measure(const predictions *p, method which, afb_metrics *m)
{
  check_ok(afb_metrics_compute(p->n, p->p[which], 1, p->label, 1, m));
}

/* Ends the test as skipped where the data are absent. */
static void load(outcomes *data)
{
  const char *path = grasp_dataset();
  if (!path) {
    print_message("# skipped: reference/grasp/dataset.csv is not there (AUFBAU_SHARED)\n");
    skip();
  }
  check_ok(grasp_load(path, GRASP_BOTH, 1, &data->table, &data->warm));
}

static void unload(outcomes *data)
{
  afb_set_table_clear(&data->table);
  free(data->warm);
}

static void judge(const char *what, const predictions *p, double least)
{
  afb_metrics model, linear;
  measure(p, MODEL, &model);
  measure(p, LOGISTIC, &linear);
  double base = own_base_rate_loss(p, &model);
  print_message("# %s: %lld sets, AUC %.3f (logistic %.3f), accuracy %.3f (%.3f), log loss %.3f (%.3f, base rate %.3f), "
                "%.1f CPU s\n", what, (long long)model.n, model.auc, linear.auc, model.accuracy, linear.accuracy,
                model.log_loss, linear.log_loss, base, p->cpu_seconds);
  check_true(model.auc >= least);
  check_true(model.log_loss < base);
  check_true(model.auc > linear.auc && model.log_loss < linear.log_loss);
}

static void ions_not_trained_on(void **state)
{
  outcomes data;
  (void)state;
  if (getenv("AUFBAU_TABLE"))
    skip();
  load(&data);
  predictions p;
  unseen_ions(&data, GRASP_COLD, GRASP_COLD, 3, 2, 9, &p);
  judge("unseen ions, cold", &p, 0.80);
  clear(&p);
  unload(&data);
}

static void sets_larger_than_trained_on(void **state)
{
  outcomes data;
  (void)state;
  if (getenv("AUFBAU_TABLE"))
    skip();
  load(&data);
  predictions p;
  larger_sets(&data, GRASP_COLD, 3, 9, &p);
  judge("trained on 1-3, tested on 4-8, cold", &p, 0.77);
  clear(&p);
  unload(&data);
}

static void write_rows(FILE *out, const char *what, const predictions *p)
{
  afb_metrics m;
  for (int k = 0; k < METHODS; k++) {
    measure(p, (method)k, &m);
    fprintf(out, "| %s | %s | %.3f | %.3f | %.3f | %.3f | %.3f |\n", k == 0 ? what : "", method_name[k], m.accuracy,
            m.balanced_accuracy, m.auc, m.log_loss, m.calibration_error);
  }
  fprintf(out, "| | base rate of the tested sets (%lld) | | | | %.3f | |\n", (long long)m.n, own_base_rate_loss(p, &m));
}

static void write_table(FILE *out, const outcomes *data)
{
  fputs("| test | predictor | accuracy | balanced | AUC | log loss | calibration error |\n|---|---|---|---|---|---|---|\n", out);
  predictions p, part;
  unseen_ions(data, GRASP_COLD, GRASP_COLD, 5, 5, 12, &p);
  write_rows(out, "unseen ions, cold", &p);
  clear(&p);
  unseen_ions(data, GRASP_WARM, GRASP_WARM, 5, 5, 12, &p);
  write_rows(out, "unseen ions, warm", &p);
  clear(&p);
  unseen_ions(data, GRASP_BOTH, GRASP_BOTH, 5, 5, 12, &p);
  choose(&p, GRASP_COLD, &part);
  write_rows(out, "unseen ions, cold; trained on cold and warm", &part);
  clear(&part);
  choose(&p, GRASP_WARM, &part);
  write_rows(out, "unseen ions, warm; trained on cold and warm", &part);
  clear(&part);
  clear(&p);
  larger_sets(data, GRASP_COLD, 5, 12, &p);
  write_rows(out, "trained on 1-3, tested on 4-8, cold", &p);
  clear(&p);
  larger_sets(data, GRASP_WARM, 5, 12, &p);
  write_rows(out, "trained on 1-3, tested on 4-8, warm", &p);
  clear(&p);
}

/* Replaces what stands between the marks, on rank 0. */
static void the_whole_table(void **state)
{
  static const char *const mark[2] = {"<!-- begin table -->", "<!-- end table -->"};
  enum { LONGEST = 1 << 20 };
  const char *path = getenv("AUFBAU_TABLE");
  outcomes data;
  (void)state;
  if (!path) {
    print_message("# skipped: AUFBAU_TABLE names no file\n");
    skip();
  }
  load(&data);
  char *text = calloc(LONGEST, 1);
  FILE *file = fopen(path, "r");
  check_true(text && file);
  size_t length = fread(text, 1, LONGEST - 1, file);
  fclose(file);
  char *first = strstr(text, mark[0]), *last = strstr(text, mark[1]);
  check_true(length > 0 && first && last);
  char fresh[4096] = "";
  FILE *memory = fmemopen(fresh, sizeof fresh, "w");
  write_table(memory, &data);
  fclose(memory);
  file = fopen(path, "w");
  check_true(file != NULL);
  fprintf(file, "%.*s%s\n%s%s", (int)(first - text), text, mark[0], fresh, last);
  check_true(fclose(file) == 0);
  free(text);
  unload(&data);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ions_not_trained_on),
  cmocka_unit_test(sets_larger_than_trained_on),
  cmocka_unit_test(the_whole_table),
};
CHECK_MAIN(tests)
