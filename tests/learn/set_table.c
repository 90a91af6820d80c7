#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "learn/logistic.h"
#include "learn/metrics.h"
#include "learn/set_table.h"
#include "learn/split.h"

static void make_table(int n, afb_set_table *table)
{
  check_ok(afb_set_table_init(2, 1, 1, table));
  for (int i = 0; i < n; i++) {
    int tokens = 1 + i % 5;
    float token[10], global = (float)i, label = i % 3 == 0 ? NAN : (float)(i % 2);
    for (int k = 0; k < 2 * tokens; k++)
      token[k] = (float)(100 * i + k);
    check_ok(afb_set_table_append(table, tokens, token, &global, i % tokens, &label, -1, i % 7, tokens));
  }
}

static void table_keeps_samples(void **state)
{
  (void)state;
  afb_set_table table, part;
  make_table(50, &table);
  check_true(table.n == 50 && table.offset[50] == 150);
  float token[2] = {0, 0}, global = 0;
  check_true(afb_set_table_append(&table, 1, token, &global, 1, NULL, -1, 0, 1) == AFB_E_INPUT);
  check_true(afb_set_table_append(&table, 1, token, &global, 0, NULL, 1, 0, 1) == AFB_E_INPUT);
  check_true(table.n == 50);
  int64_t row[3] = {7, 49, 7}, outside = 50;
  check_ok(afb_set_table_select(&table, 3, row, &part));
  check_true(part.n == 3 && part.offset[1] == 3 && part.offset[3] == 11);
  check_true(part.token[0] == 700 && part.token[6] == 4900 && part.token[2 * part.offset[2]] == 700);
  check_true(part.added[0] == 7 % 3 && part.group[1] == 0 && part.size[2] == 3 && part.global[1] == 49);
  afb_set_table_clear(&part);
  check_true(afb_set_table_select(&table, 1, &outside, &part) == AFB_E_INPUT);
  afb_set_table_clear(&table);
}

static void splits_keep_groups_apart(void **state)
{
  (void)state;
  afb_set_table table;
  make_table(200, &table);
  int seen[7] = {0};
  for (int fold = 0; fold < 3; fold++) {
    afb_split split;
    check_ok(afb_split_by_group(&table, 3, fold, 11, &split));
    check_true(split.n_train + split.n_valid == 200);
    int in_valid[7] = {0};
    for (int64_t i = 0; i < split.n_valid; i++)
      in_valid[table.group[split.valid[i]]] = 1;
    for (int64_t i = 0; i < split.n_train; i++)
      check_true(!in_valid[table.group[split.train[i]]]);
    for (int g = 0; g < 7; g++)
      seen[g] += in_valid[g];
    afb_split_clear(&split);
  }
  for (int g = 0; g < 7; g++)
    check_true(seen[g] == 1);
  afb_split split;
  check_ok(afb_split_by_size(&table, 3, &split));
  check_true(split.n_valid == 80);
  for (int64_t i = 0; i < split.n_valid; i++)
    check_true(table.size[split.valid[i]] > 3);
  afb_split_clear(&split);
  check_true(afb_split_size_quantile(&table, 0.3) == 3);
  check_true(afb_split_by_group(&table, 3, 3, 1, &split) == AFB_E_INPUT);
  afb_set_table_clear(&table);
}

/* Folds hold about as many labels each, groups stay whole, and two groups fill two folds at most. */
static void balanced_folds(void **state)
{
  (void)state;
  afb_set_table table;
  int fold[200], used, of_group[7], labels[3] = {0};
  make_table(200, &table);
  for (int g = 0; g < 7; g++)
    of_group[g] = -1;
  check_ok(afb_split_balanced(&table, 3, 5, fold, &used));
  check_true(used == 3);
  for (int i = 0; i < 200; i++) {
    int *mine = &of_group[table.group[i]];
    check_true(*mine < 0 || *mine == fold[i]);
    *mine = fold[i];
    labels[fold[i]] += !isnan(table.label[i]);
  }
  for (int f = 0; f < 3; f++)
    check_true(labels[f] >= 133 / 7 * 2);
  for (int i = 0; i < 200; i++)
    table.group[i] = i % 2;
  check_ok(afb_split_balanced(&table, 5, 5, fold, &used));
  check_true(used == 2);
  for (int i = 0; i < 200; i++)
    table.group[i] = 9;
  check_ok(afb_split_balanced(&table, 5, 5, fold, &used));
  check_true(used == 5);
  check_true(afb_split_balanced(&table, 0, 5, fold, &used) == AFB_E_INPUT);
  afb_set_table_clear(&table);
}

/* The area under the curve is the probability that a positive is ranked above a negative: counted over all pairs. */
static void auc_counts_pairs(void **state)
{
  (void)state;
  enum { N = 300 };
  float p[N], y[N];
  double wins = 0, pairs = 0;
  for (int i = 0; i < N; i++) {
    p[i] = (float)afb_random_below(20, 1, 0, (uint64_t)i) / 20;   /* many ties */
    y[i] = i % 10 == 0 ? NAN : (float)(afb_random_uniform(1, 1, (uint64_t)i) < 0.3 + 0.4 * (double)p[i]);
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      if (y[i] == 1 && y[j] == 0) {
        pairs++;
        wins += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
      }
  afb_metrics m;
  check_ok(afb_metrics_compute(N, p, 1, y, 1, &m));
  check_true(m.n == N - N / 10);
  check_close(m.auc, wins / pairs, 1e-12);
}

static void metrics_by_hand(void **state)
{
  (void)state;
  float p[8] = {0.9f, 0, 0.6f, 0, 0.2f, 0, 0.4f, 0}, y[4] = {1, 0, 0, NAN};
  afb_metrics m;
  check_ok(afb_metrics_compute(4, p, 2, y, 1, &m));
  check_true(m.n == 3 && m.n_positive == 1);
  check_close(m.accuracy, 2.0 / 3, 1e-12);
  check_close(m.balanced_accuracy, 0.75, 1e-12);
  check_close(m.auc, 1, 1e-12);
  check_close(m.log_loss, -(log(0.9) + log(0.4) + log(0.8)) / 3, 1e-6);
  check_close(m.calibration_error, (0.1 + 0.6 + 0.2) / 3, 1e-6);
  check_close(afb_base_rate_log_loss(4, y, 1, 0.25), -(log(0.25) + 2 * log(0.75)) / 3, 1e-12);
  y[0] = 0;
  check_ok(afb_metrics_compute(4, p, 2, y, 1, &m));
  check_true(isnan(m.auc) && isnan(m.balanced_accuracy));
}

/* At the minimum the gradient vanishes; with one binary input and no ridge the fit is the two observed rates. */
static void logistic_finds_the_minimum(void **state)
{
  (void)state;
  enum { N = 400, K = 3 };
  float x[N * K], y[N], p[N];
  double w[K + 1], g[K + 1] = {0};
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < K; k++)
      x[i * K + k] = (float)(afb_random_normal(3, (uint64_t)k, (uint64_t)i) * (k + 1) + 10 * k);
    y[i] = (float)(afb_random_uniform(3, 9, (uint64_t)i) < 1 / (1 + exp(-(double)x[i * K] + 0.5 * ((double)x[i * K + 1] - 10))));
  }
  check_ok(afb_logistic_fit(N, K, x, K, y, 1, 0, w));
  afb_logistic_predict(N, K, x, K, w, p, 1);
  for (int i = 0; i < N; i++)
    for (int k = 0; k <= K; k++)
      g[k] += ((double)p[i] - (double)y[i]) * (k < K ? (double)x[i * K + k] - 10 * k : 1);
  for (int k = 0; k <= K; k++)
    check_close(g[k], 0, 1e-3);
  float one[6] = {0, 0, 0, 1, 1, 1}, label[6] = {0, 0, 1, 1, 1, 0};
  check_ok(afb_logistic_fit(6, 1, one, 1, label, 1, 0, w));
  check_close(w[1], log(0.5), 1e-4);
  check_close(w[0] + w[1], log(2.0), 1e-4);
  label[0] = label[1] = label[2] = label[3] = label[4] = label[5] = NAN;
  check_true(afb_logistic_fit(6, 1, one, 1, label, 1, 1, w) == AFB_E_INPUT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(table_keeps_samples),
  cmocka_unit_test(splits_keep_groups_apart),
  cmocka_unit_test(balanced_folds),
  cmocka_unit_test(auc_counts_pairs),
  cmocka_unit_test(metrics_by_hand),
  cmocka_unit_test(logistic_finds_the_minimum),
};
CHECK_MAIN(tests)
