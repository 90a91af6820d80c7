/* The learner on GRASP2018's own outcomes: ions that were not trained on, and sets larger than any trained on. With AUFBAU_TABLE=FILE
 * the whole table is measured, and written between the marks in FILE. */
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/features.h"
#include "core/clock.h"
#include "core/random.h"
#include "learn/logistic.h"
#include "learn/metrics.h"
#include "learn/model.h"
#include "learn/split.h"
#include "learn/train.h"
#include "tests/learn/grasp_table.h"
#include "tests/learn/grasp_trial.h"

enum { FOLDS = 5, MOST_SEEDS = 3, LARGEST_TRAIN = 3, RESAMPLES = 200, IONS = 200 };

/* Probabilities of all rows of a table, NaN where a row was not predicted. */
typedef struct {
  int64_t n;
  int seeds;
  float *linear, *model, *single[MOST_SEEDS];   /* logistic regression; mean logit of the networks; the networks */
  signed char *fold;                            /* in which a row was predicted */
  double cpu_seconds;
} predictions;

static float *unknown(int64_t n)
{
  float *p = malloc(((size_t)n + 1) * sizeof *p);
  for (int64_t i = 0; i < n; i++)
    p[i] = NAN;
  return p;
}

static void begin(int64_t n, int seeds, predictions *out)
{
  *out = (predictions){n, seeds, unknown(n), unknown(n), {NULL}, calloc((size_t)n, 1), 0};
  for (int s = 0; s < seeds; s++)
    out->single[s] = unknown(n);
}

static void clear(predictions *p)
{
  free(p->linear);
  free(p->model);
  free(p->fold);
  for (int s = 0; s < p->seeds; s++)
    free(p->single[s]);
}

static double logit(double p)
{
  p = fmin(fmax(p, 1e-6), 1 - 1e-6);
  return log(p / (1 - p));
}

static int64_t keep_starts(const grasp_outcomes *data, int starts, int64_t n, int64_t *row)
{
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++)
    if (starts & (data->warm[row[i]] ? GRASP_WARM : GRASP_COLD))
      row[kept++] = row[i];
  return kept;
}

/* One network, and what it says of the tested rows. */
static void try_network(const afb_set_table *train, const afb_set_table *test, int seed, int epochs, float *p)
{
  afb_model_spec spec;
  afb_train_options options;
  afb_model *model;
  afb_model_spec_default(train->n_token, train->n_global, train->n_target, &spec);
  afb_train_options_default(train->n, &options);
  spec.members = 1;
  spec.seed = options.seed = (uint64_t)seed;
  options.steps = epochs * train->n / options.batch;
  options.patience = 5;
  check_ok(afb_model_create(&spec, &model));
  check_ok(afb_train(MPI_COMM_WORLD, model, train, NULL, &options, NULL));
  check_ok(afb_model_predict(model, test, p, NULL));
  afb_model_destroy(&model);
}

/* Trains on the split's training rows with these starts, predicts its other rows with these starts. */
static void try_split(const grasp_outcomes *data, const afb_set_table *table, afb_split *split, int fold, int starts, int epochs,
                      predictions *out)
{
  int64_t n_train = keep_starts(data, starts, split->n_train, split->train);
  int64_t n_test = keep_starts(data, starts, split->n_valid, split->valid);
  const int64_t *row = split->valid;
  afb_set_table train, test;
  check_ok(afb_set_table_select(table, n_train, split->train, &train));
  check_ok(afb_set_table_select(table, n_test, row, &test));
  int width = train.n_global, target = AFB_TARGET_CONVERGED;
  double *weight = malloc(((size_t)width + 1) * sizeof *weight), cpu = afb_cpu_seconds();
  float *p = malloc((size_t)n_test * AFB_N_TARGETS * sizeof *p);
  double *sum = calloc((size_t)n_test, sizeof *sum);
  for (int s = 0; s < out->seeds; s++) {
    try_network(&train, &test, s + 1, epochs, p);
    for (int64_t i = 0; i < n_test; i++) {
      out->single[s][row[i]] = p[i * AFB_N_TARGETS + target];
      sum[i] += logit((double)p[i * AFB_N_TARGETS + target]) / out->seeds;
    }
  }
  out->cpu_seconds += afb_cpu_seconds() - cpu;
  check_ok(afb_logistic_fit(n_train, width, train.global, width, train.label + target, AFB_N_TARGETS, 100, weight));
  afb_logistic_predict(n_test, width, test.global, width, weight, p, 1);
  for (int64_t i = 0; i < n_test; i++) {
    out->linear[row[i]] = p[i];
    out->model[row[i]] = (float)(1 / (1 + exp(-sum[i])));
    out->fold[row[i]] = (signed char)fold;
  }
  free(weight);
  free(p);
  free(sum);
  afb_set_table_clear(&train);
  afb_set_table_clear(&test);
}

static void unseen_ions(const grasp_outcomes *data, const afb_set_table *table, int starts, int folds, int seeds, int epochs,
                        predictions *out)
{
  begin(table->n, seeds, out);
  for (int fold = 0; fold < folds; fold++) {
    afb_split split;
    check_ok(afb_split_by_group(table, folds, fold, 1, &split));
    try_split(data, table, &split, fold, starts, epochs, out);
    afb_split_clear(&split);
  }
}

static void larger_sets(const grasp_outcomes *data, const afb_set_table *table, int starts, int seeds, int epochs, predictions *out)
{
  afb_split split;
  begin(table->n, seeds, out);
  check_ok(afb_split_by_size(table, LARGEST_TRAIN, &split));
  try_split(data, table, &split, 0, starts, epochs, out);
  afb_split_clear(&split);
}

/* Which of the rows that were predicted are judged. */
typedef struct {
  const grasp_outcomes *data;
  const predictions *tested;
  int warm, first_fold;
} choice;

static int is_chosen(const choice *c, int64_t row)
{
  return !isnan(c->tested->model[row]) && c->data->warm[row] == c->warm && c->tested->fold[row] >= c->first_fold;
}

static float label_of(const grasp_outcomes *data, int64_t row)
{
  return data->table.label[row * AFB_N_TARGETS + AFB_TARGET_CONVERGED];
}

typedef struct {
  afb_metrics m;
  double accuracy, auc;        /* half of the interval that holds 95 % of the resamples of ions */
} judged;

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double half_interval(double *x)
{
  qsort(x, RESAMPLES, sizeof *x, ascending);
  return 0.5 * (x[RESAMPLES - 1 - RESAMPLES / 40] - x[RESAMPLES / 40]);
}

/* Ions drawn with replacement. ion[n]: number of a row's ion, of n_ions. */
static void resample(int64_t n, const float *p, const float *label, const int *ion, int n_ions, judged *out)
{
  double accuracy[RESAMPLES], auc[RESAMPLES];
  float *q = malloc(8 * (size_t)n * sizeof *q), *y = q + 4 * n;
  for (int b = 0; b < RESAMPLES; b++) {
    int times[IONS] = {0};
    int64_t m = 0;
    for (int i = 0; i < n_ions; i++)
      times[(int)(afb_random_uniform(5, (uint64_t)b, (uint64_t)i) * n_ions)]++;
    for (int64_t i = 0; i < n; i++)
      for (int k = 0; k < times[ion[i]] && m < 4 * n; k++, m++) {
        q[m] = p[i];
        y[m] = label[i];
      }
    afb_metrics metrics;
    check_ok(afb_metrics_compute(m, q, 1, y, 1, &metrics));
    accuracy[b] = metrics.accuracy;
    auc[b] = metrics.auc;
  }
  out->accuracy = half_interval(accuracy);
  out->auc = half_interval(auc);
  free(q);
}

static judged judge(const choice *c, const float *p, int with_interval)
{
  int64_t all = c->data->table.n, n = 0, group[IONS];
  int n_ions = 0, *ion = malloc((size_t)all * sizeof *ion);
  float *chosen = malloc((size_t)all * sizeof *chosen), *label = malloc((size_t)all * sizeof *label);
  judged out = {.accuracy = NAN};
  for (int64_t row = 0; row < all; row++) {
    if (!is_chosen(c, row))
      continue;
    int i = 0;
    while (i < n_ions && group[i] != c->data->table.group[row])
      i++;
    check_true(i < IONS);
    group[i] = c->data->table.group[row];
    n_ions += i == n_ions;
    ion[n] = i;
    chosen[n] = p[row];
    label[n++] = label_of(c->data, row);
  }
  check_ok(afb_metrics_compute(n, chosen, 1, label, 1, &out.m));
  if (with_interval)
    resample(n, chosen, label, ion, n_ions, &out);
  free(ion);
  free(chosen);
  free(label);
  return out;
}

/* Ends the test as skipped where the data are absent. */
static void load(int starts, int with_trial, grasp_outcomes *data)
{
  const char *path = grasp_dataset();
  if (!path) {
    print_message("# skipped: reference/grasp/dataset.csv is not there (AUFBAU_SHARED)\n");
    skip();
  }
  check_ok(grasp_load(path, starts, with_trial, data));
}

static void check_better(const char *what, const choice *c, double least)
{
  afb_metrics model = judge(c, c->tested->model, 0).m, linear = judge(c, c->tested->linear, 0).m;
  double rate = (double)model.n_positive / (double)model.n, base = -rate * log(rate) - (1 - rate) * log(1 - rate);
  print_message("# %s: %lld sets, AUC %.3f (logistic %.3f), accuracy %.3f (%.3f), log loss %.3f (%.3f, base rate %.3f), "
                "%.1f CPU s\n", what, (long long)model.n, model.auc, linear.auc, model.accuracy, linear.accuracy,
                model.log_loss, linear.log_loss, base, c->tested->cpu_seconds);
  check_true(model.auc >= least);
  check_true(model.log_loss < base);
  check_true(model.auc > linear.auc && model.log_loss < linear.log_loss);
}

static void ions_not_trained_on(void **state)
{
  grasp_outcomes data;
  predictions p;
  (void)state;
  if (getenv("AUFBAU_TABLE"))
    skip();
  load(GRASP_COLD, 0, &data);
  unseen_ions(&data, &data.table, GRASP_COLD, 3, 2, 9, &p);
  check_better("unseen ions, cold", &(choice){&data, &p, 0, 0}, 0.80);
  clear(&p);
  grasp_clear(&data);
}

static void sets_larger_than_trained_on(void **state)
{
  grasp_outcomes data;
  predictions p;
  (void)state;
  if (getenv("AUFBAU_TABLE"))
    skip();
  load(GRASP_COLD, 0, &data);
  larger_sets(&data, &data.table, GRASP_COLD, 3, 9, &p);
  check_better("trained on 1-3, tested on 4-8, cold", &(choice){&data, &p, 0, 0}, 0.77);
  clear(&p);
  grasp_clear(&data);
}

/* The parent's outcome as a prediction: with the same start, or with the other, or that it converged. */
static float *same_as_parent(const grasp_outcomes *data)
{
  float *p = unknown(data->table.n);
  for (int64_t i = 0; i < data->table.n; i++) {
    int same = data->parent[data->warm[i]][i], other = data->parent[!data->warm[i]][i];
    p[i] = (float)(same >= 0 ? same : other >= 0 ? other : 1);
  }
  return p;
}

/* The model's logit and the parent's outcomes: logistic regression of six numbers, fitted to the predictions of other folds. */
enum { CORRECTION = 6 };
static float *parent_known(const grasp_outcomes *data, const predictions *p)
{
  int64_t n = data->table.n;
  float *x = malloc((size_t)n * CORRECTION * sizeof *x), *out = unknown(n), *label = unknown(n);
  double weight[CORRECTION + 1];
  for (int64_t i = 0; i < n; i++) {
    float *f = x + i * CORRECTION;
    f[0] = (float)logit((double)p->model[i]);
    for (int s = 0; s < 2; s++) {
      int known = data->parent[s][i];
      f[1 + 2 * s] = (float)(known >= 0);
      f[2 + 2 * s] = known < 0 ? 0 : (float)known - 0.5f;
    }
    f[5] = f[0] * f[2];
  }
  for (int warm = 0; warm < 2; warm++)
    for (int fold = 0; fold < FOLDS; fold++) {
      for (int64_t i = 0; i < n; i++)
        label[i] = data->warm[i] == warm && p->fold[i] != fold ? label_of(data, i) : NAN;
      check_ok(afb_logistic_fit(n, CORRECTION, x, CORRECTION, label, 1, 1, weight));
      for (int64_t i = 0; i < n; i++)
        if (data->warm[i] == warm && p->fold[i] == fold)
          afb_logistic_predict(1, CORRECTION, x + i * CORRECTION, CORRECTION, weight, out + i, 1);
    }
  free(x);
  free(label);
  return out;
}

static void write_row(FILE *out, const char *what, const char *name, const choice *c, const float *p)
{
  judged j = judge(c, p, 1);
  fprintf(out, "| %s | %s | %.3f ± %.3f | %.3f ± %.3f | %.3f | %.3f | |\n", what, name, j.m.accuracy, j.accuracy, j.m.auc, j.auc,
          j.m.log_loss, j.m.calibration_error);
}

static void write_parent(FILE *out, const choice *c, const float *parent)
{
  judged j = judge(c, parent, 1);
  fprintf(out, "| the parent's outcome is known | same as the parent | %.3f ± %.3f | %.3f ± %.3f | | | |\n", j.m.accuracy, j.accuracy,
          j.m.auc, j.auc);
}

/* With the mean and the standard deviation of the single networks' AUC. */
static void write_model(FILE *out, const char *what, const char *name, const choice *c, const predictions *p)
{
  judged j = judge(c, p->model, 1);
  double mean = 0, square = 0;
  for (int s = 0; s < p->seeds; s++) {
    double auc = judge(c, p->single[s], 0).m.auc;
    mean += auc / p->seeds;
    square += auc * auc / p->seeds;
  }
  double deviation = sqrt(fmax(0, square - mean * mean) * p->seeds / (p->seeds - 1));
  fprintf(out, "| %s | %s | **%.3f** ± %.3f | **%.3f** ± %.3f | %.3f | %.3f | %.3f ± %.3f |\n", what, name, j.m.accuracy, j.accuracy,
          j.m.auc, j.auc, j.m.log_loss, j.m.calibration_error, mean, deviation);
}

static void write_base(FILE *out, const char *what, const choice *c)
{
  judged j = judge(c, c->tested->model, 0);
  double rate = (double)j.m.n_positive / (double)j.m.n;
  fprintf(out, "| %s: %lld sets | base rate of \"converged\" %.3f | %.3f | 0.5 | %.3f | | |\n", what, (long long)j.m.n, rate,
          fmax(rate, 1 - rate), -rate * log(rate) - (1 - rate) * log(1 - rate));
}

static const char *const plain = "set transformer", *const tried = "the same, with a trial by the embedded engine";

static void write_ions(FILE *out, const grasp_outcomes *data, const predictions *p, const predictions *trial)
{
  static const char *const what[2] = {"unseen ions, cold", "unseen ions, warm"};
  float *parent = same_as_parent(data), *known = parent_known(data, p), *both = parent_known(data, trial);
  for (int warm = 0; warm < 2; warm++) {
    choice c = {data, p, warm, 0}, aside = {data, p, warm, 3};
    write_base(out, what[warm], &c);
    write_row(out, "", "logistic, hand features", &c, p->linear);
    write_model(out, "", plain, &c, p);
    write_model(out, "", tried, &c, trial);
    write_model(out, "of these, the ions of the last two folds", plain, &aside, p);
    write_model(out, "", tried, &aside, trial);
    write_parent(out, &c, parent);
    write_row(out, "", plain, &c, known);
    write_row(out, "", tried, &c, both);
  }
  free(parent);
  free(known);
  free(both);
}

static void write_sizes(FILE *out, const grasp_outcomes *data, const predictions *p, const predictions *own[2],
                        const predictions *trial)
{
  static const char *const what[2] = {"trained on 1-3, tested on 4-8, cold", "trained on 1-3, tested on 4-8, warm"};
  float *parent = same_as_parent(data);
  for (int warm = 0; warm < 2; warm++) {
    choice c = {data, p, warm, 0};
    write_base(out, what[warm], &c);
    write_row(out, "", "logistic, hand features", &c, p->linear);
    write_model(out, "", plain, &c, p);
    write_model(out, "", "the same, trained on this start only", &c, own[warm]);
    write_model(out, "", tried, &c, trial);
    write_parent(out, &c, parent);
  }
  free(parent);
}

/* Predicted and observed shares by tenths of the predicted probability. */
static void write_reliability(FILE *out, const grasp_outcomes *data, const predictions *ions, const predictions *sizes)
{
  fputs("\n| predicted |", out);
  for (int b = 0; b < 10; b++)
    fprintf(out, " .%d–%s |", b, b == 9 ? "1" : (const char *[]){".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".9"}[b]);
  fputs("\n|---|---|---|---|---|---|---|---|---|---|---|\n", out);
  for (int k = 0; k < 4; k++) {
    choice c = {data, k < 2 ? ions : sizes, k % 2, 0};
    double n[10] = {0}, positive[10] = {0};
    for (int64_t i = 0; i < data->table.n; i++)
      if (is_chosen(&c, i)) {
        int b = (int)fminf(9, 10 * c.tested->model[i]);
        n[b]++;
        positive[b] += (double)label_of(data, i);
      }
    fprintf(out, "| converged: %s, %s |", k < 2 ? "unseen ions" : "4-8", k % 2 ? "warm" : "cold");
    for (int b = 0; b < 10; b++)
      fprintf(out, " %.2f (%.0f) |", positive[b] / fmax(1, n[b]), n[b]);
    fputc('\n', out);
  }
}

static void write_table(FILE *out, const grasp_outcomes *data)
{
  enum { SEEDS = MOST_SEEDS, EPOCHS = 11 };
  afb_set_table wide;
  predictions ions, ions_trial, sizes, sizes_trial, cold, warm;
  check_ok(grasp_with_trial(data, &wide));
  unseen_ions(data, &data->table, GRASP_BOTH, FOLDS, SEEDS, EPOCHS, &ions);
  unseen_ions(data, &wide, GRASP_BOTH, FOLDS, SEEDS, EPOCHS, &ions_trial);
  larger_sets(data, &data->table, GRASP_BOTH, SEEDS, EPOCHS, &sizes);
  larger_sets(data, &data->table, GRASP_COLD, SEEDS, EPOCHS, &cold);
  larger_sets(data, &data->table, GRASP_WARM, SEEDS, EPOCHS, &warm);
  larger_sets(data, &wide, GRASP_BOTH, SEEDS, EPOCHS, &sizes_trial);
  fputs("| test | predictor | accuracy | AUC | log loss | calibration error | AUC of one network |\n|---|---|---|---|---|---|---|\n", out);
  write_ions(out, data, &ions, &ions_trial);
  write_sizes(out, data, &sizes, (const predictions *[]){&cold, &warm}, &sizes_trial);
  write_reliability(out, data, &ions, &sizes);
  clear(&ions);
  clear(&ions_trial);
  clear(&sizes);
  clear(&sizes_trial);
  clear(&cold);
  clear(&warm);
  afb_set_table_clear(&wide);
}

/* Replaces what stands between the marks, on rank 0. */
static void the_whole_table(void **state)
{
  static const char *const mark[2] = {"<!-- begin table -->", "<!-- end table -->"};
  enum { LONGEST = 1 << 20 };
  const char *path = getenv("AUFBAU_TABLE");
  grasp_outcomes data;
  (void)state;
  if (!path) {
    print_message("# skipped: AUFBAU_TABLE names no file\n");
    skip();
  }
  load(GRASP_BOTH, 1, &data);
  char *text = calloc(LONGEST, 1), *fresh = calloc(LONGEST, 1);
  FILE *memory = fmemopen(fresh, LONGEST, "w");
  write_table(memory, &data);
  fclose(memory);
  FILE *file = fopen(path, "r");
  check_true(text && fresh && file);
  size_t length = fread(text, 1, LONGEST - 1, file);
  fclose(file);
  char *first = strstr(text, mark[0]), *last = strstr(text, mark[1]);
  check_true(length > 0 && first && last);
  file = fopen(path, "w");
  check_true(file != NULL);
  fprintf(file, "%.*s%s\n%s%s", (int)(first - text), text, mark[0], fresh, last);
  check_true(fclose(file) == 0);
  free(text);
  free(fresh);
  grasp_clear(&data);
}

/* Magnesium's ground state settles; two electrons in diffuse orbitals that nothing else occupies settle later. */
static void a_trial_tells_hard_sets_from_easy_ones(void **state)
{
  afb_configuration set[2];
  float easy[GRASP_TRIAL], hard[GRASP_TRIAL];
  (void)state;
  check_ok(afb_configuration_parse("[Ne] 3s2", &set[0]));
  check_ok(afb_configuration_parse("[Ne] 4d1 6s1", &set[1]));
  check_ok(grasp_trial(12, 0, 1, set, GRASP_LEVELS, easy));
  check_ok(grasp_trial(12, 0, 2, set, GRASP_LEVELS, hard));
  print_message("# ln of the largest step: %.2f -> %.2f, with 4d 6s %.2f -> %.2f\n", (double)easy[0], (double)easy[GRASP_TRIAL - 1],
                (double)hard[0], (double)hard[GRASP_TRIAL - 1]);
  check_true(easy[GRASP_TRIAL - 1] < easy[0] - 1);
  check_true(hard[GRASP_TRIAL - 1] > easy[GRASP_TRIAL - 1] + 1);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(a_trial_tells_hard_sets_from_easy_ones),
  cmocka_unit_test(ions_not_trained_on),
  cmocka_unit_test(sets_larger_than_trained_on),
  cmocka_unit_test(the_whole_table),
};
CHECK_MAIN(tests)
