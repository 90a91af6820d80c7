#include "learn/score.h"

#include <string.h>

#include "core/random.h"
#include "learn/metrics.h"
#include "tests/check.h"

enum { N = 600, GROUPS = 30 };

static void make(int *group, float *label, float *p)
{
  for (int i = 0; i < N; i++) {
    double u = afb_random_uniform(1, 0, (uint64_t)i);
    group[i] = (int)afb_random_below(GROUPS, 1, 1, (uint64_t)i);
    p[i] = (float)(floor(20 * u) / 20 + 0.02);   /* with ties */
    label[i] = (float)(afb_random_uniform(1, 2, (uint64_t)i) < u);
  }
}

static void scores_of_yes_or_no_are_the_metrics(void **state)
{
  (void)state;
  int group[N];
  float label[N], p[N];
  const float *both[] = {p, p};
  afb_metrics m;
  afb_probability_scores s;
  make(group, label, p);
  check_ok(afb_metrics_compute(N, p, 1, label, 1, &m));
  check_ok(afb_score_yes_no(&(afb_scored){N, GROUPS, 2, 1, group, label, both}, &s));
  check_true(s.n == m.n && s.n_positive == m.n_positive);
  check_close(s.accuracy.value, m.accuracy, 1e-12);
  check_close(s.auc.value, m.auc, 1e-12);
  check_close(s.log_loss.value, m.log_loss, 1e-6);
  check_close(s.calibration_error.value, m.calibration_error, 1e-6);
  /* Rows fall into groups at random: the interval is that of N coins. */
  double expected = 1.96 * sqrt(m.accuracy * (1 - m.accuracy) / N);
  check_true(s.accuracy.half > 0.6 * expected && s.accuracy.half < 1.5 * expected);
  /* Two seeds that disagree widen it. */
  float other[N];
  for (int i = 0; i < N; i++)
    other[i] = 1 - p[i];
  both[1] = other;
  check_ok(afb_score_yes_no(&(afb_scored){N, GROUPS, 2, 1, group, label, both}, &s));
  check_true(s.auc.half > 0.2);
  check_close(s.auc.value, 0.5, 1e-12);
}

/* Two classes are a yes or no. */
static void two_classes_are_a_yes_or_no(void **state)
{
  (void)state;
  int group[N];
  float label[N], p[N], q[2 * N];
  const float *one[] = {p}, *two[] = {q};
  afb_probability_scores s, c;
  make(group, label, p);
  for (int i = 0; i < N; i++) {
    q[2 * i] = 1 - p[i];
    q[2 * i + 1] = p[i];
  }
  check_ok(afb_score_yes_no(&(afb_scored){N, GROUPS, 1, 1, group, label, one}, &s));
  check_ok(afb_score_classes(&(afb_scored){N, GROUPS, 1, 2, group, label, two}, &c));
  check_close(s.auc.value, c.auc.value, 1e-9);
  check_close(s.auc.half, c.auc.half, 1e-9);
  check_close(s.log_loss.value, c.log_loss.value, 1e-6);
  check_close(s.accuracy.value, c.accuracy.value, 1e-12);
}

static void errors_of_numbers(void **state)
{
  (void)state;
  int group[5] = {0, 1, 2, 3, 4};
  float label[5] = {1, 2, 3, 4, 5}, p[5] = {1.5f, 2.1f, 2, 4, 8};
  const float *one[] = {p};
  afb_number_scores s;
  check_ok(afb_score_numbers(&(afb_scored){5, 5, 1, 1, group, label, one}, 0.5, &s));
  check_close(s.median.value, 0.5, 1e-6);
  check_close(s.within.value, 0.6, 1e-12);
  check_close(s.mean.value, (0.5 + 0.1 + 1 + 0 + 3) / 5, 1e-6);
  check_close(s.r2.value, 1 - (0.25 + 0.01 + 1 + 0 + 9) / 10, 1e-6);
  double a[] = {1, 2, 3, 4}, b[] = {10, 10, 30, 20}, rho;
  check_ok(afb_rank_correlation(4, a, b, &rho));
  /* Ranks of b: 1.5, 1.5, 4, 3. */
  check_close(rho, (-1.5 * -1 - 0.5 * -1 + 0.5 * 1.5 + 1.5 * 0.5) / sqrt(5 * 4.5), 1e-12);
  check_ok(afb_rank_correlation(2, a, b, &rho));
  check_true(isnan(rho));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(scores_of_yes_or_no_are_the_metrics),
  cmocka_unit_test(two_classes_are_a_yes_or_no),
  cmocka_unit_test(errors_of_numbers),
};
CHECK_MAIN(tests)
