/* Networks with every loss: gradients against finite differences; the linear models against the conditions of least squares. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "learn/mdn_linear.h"
#include "learn/mdn_work.h"

enum { IN = 4, OUT = 3, ROWS = 300 };

static double uniform(uint64_t stream, int64_t i) { return 2 * afb_random_uniform(5, stream, (uint64_t)i) - 1; }

static void nothing(void *owner, int64_t first, int64_t count)
{
  (void)owner;
  (void)first;
  (void)count;
}

/* Some targets are unknown, unless the loss is the likelihood. */
static void fill(afb_loss loss, double *input, double *target)
{
  for (int64_t i = 0; i < ROWS * IN; i++)
    input[i] = 3 + uniform(1, i);
  for (int64_t i = 0; i < ROWS * OUT; i++) {
    target[i] = 2 * uniform(2, i);
    if (loss == AFB_LOSS_CROSS_ENTROPY)
      target[i] = target[i] > 0;
    if (loss != AFB_LOSS_LIKELIHOOD && i % 11 == 3)
      target[i] = NAN;
  }
}

/* Weights large enough that all layers and both sides of each loss are met. */
static afb_mdn *network(afb_loss loss, int layers)
{
  afb_mdn *m;
  afb_mdn_spec spec = {.n_in = IN, .n_out = OUT, .components = 1, .members = 1, .width = 8, .layers = layers, .floor = 0.01, .seed = 3, .loss = loss};
  double mean[IN] = {3, 3, 3, 3}, deviation[IN] = {0.6, 0.6, 0.6, 0.6};
  check_ok(afb_mdn_create(&spec, &m));
  afb_mdn_set_inputs(m, mean, deviation);
  for (int64_t i = 0; i < m->n_weights; i++)
    m->weight[i] += (float)(0.3 * uniform(4, i));
  for (int t = 0; t < OUT; t++)
    afb_mdn_linear(m, 0)[t * (IN + 2) + IN + 1] = log(0.8);
  check_ok(afb_mdn_reserve(m, ROWS));
  return m;
}

static void test_gradients(void **state)
{
  (void)state;
  static double input[ROWS * IN], target[ROWS * OUT];
  static float gradient[4096];
  int64_t row[ROWS];
  afb_gradient_sink sink = {nothing, NULL};
  for (int64_t i = 0; i < ROWS; i++)
    row[i] = i;
  for (int loss = 0; loss < AFB_N_LOSSES; loss++)
    for (int layers = 0; layers <= 2; layers += 2) {
      afb_mdn *m = network((afb_loss)loss, layers);
      double mean, worst = 0, square = 0;
      fill((afb_loss)loss, input, target);
      memset(gradient, 0, sizeof gradient);
      check_true(m->n_weights <= 4096);
      afb_descent_batch batch = {0, ROWS, 0, ROWS, row};
      afb_mdn_batch_gradient(m, 0.01, input, target, &batch, gradient, &mean, &sink);
      check_close(mean, afb_mdn_mean_loss(MPI_COMM_SELF, m, 0, 0.01, input, target, ROWS, NULL), 1e-6);
      for (int64_t i = 0; i < m->n_weights; i++) {
        const float kept = m->weight[i], h = 4e-3f;
        volatile float above = kept + h, below = kept - h;
        m->weight[i] = above;
        double up = afb_mdn_mean_loss(MPI_COMM_SELF, m, 0, 0.01, input, target, ROWS, NULL);
        m->weight[i] = below;
        double down = afb_mdn_mean_loss(MPI_COMM_SELF, m, 0, 0.01, input, target, ROWS, row);
        m->weight[i] = kept;
        double off = (up - down) / (double)(above - below) - (double)gradient[i];
        worst += off * off;
        square += (double)gradient[i] * (double)gradient[i];
      }
      /* Kinks of mae within the step cost most. */
      if (worst > 1e-4 * square)
        fprintf(stderr, "# %s, %d layers: relative error %.2e\n", afb_loss_name((afb_loss)loss), layers, sqrt(worst / square));
      check_true(worst <= (loss == AFB_LOSS_MAE ? 1e-3 : 1e-6) * square);
      afb_mdn_destroy(&m);
    }
}

/* Residuals of least squares are orthogonal to every input and sum to zero, also where targets are unknown; the deviation is their root mean square. */
static void check_orthogonal(afb_mdn *m, const double *input, const double *target)
{
  static double said[ROWS * OUT];
  check_ok(afb_mdn_linear_points(m, ROWS, input, 0, said));
  for (int t = 0; t < OUT; t++) {
    double by[IN + 1] = {0}, square = 0, n = 0;
    for (int i = 0; i < ROWS; i++) {
      double e = target[i * OUT + t] - said[i * OUT + t];
      if (isnan(e))
        continue;
      for (int j = 0; j <= IN; j++)
        by[j] += e * (j < IN ? input[i * IN + j] - 3 : 1);
      square += e * e;
      n += 1;
    }
    for (int j = 0; j <= IN; j++)
      check_close(by[j], 0, 1e-7);
    check_close(afb_mdn_deviation_of(m, 0, t), sqrt(square / n), 1e-9);
  }
}

static void test_least_squares(void **state)
{
  (void)state;
  static double input[ROWS * IN], target[ROWS * OUT];
  for (int complete = 0; complete <= 1; complete++) {
    afb_linear_sums *sums;
    afb_mdn *m = network(AFB_LOSS_MSE, 0);
    fill(complete ? AFB_LOSS_LIKELIHOOD : AFB_LOSS_MSE, input, target);
    check_ok(afb_linear_sums_create(m, complete, &sums));
    /* In pieces of any length. */
    for (int64_t first = 0, n = 1; first < ROWS; first += n, n = n * 3 < ROWS - first ? n * 3 : ROWS - first)
      check_ok(afb_linear_sums_add(sums, n, input + first * IN, target + first * OUT));
    check_ok(afb_linear_sums_solve(MPI_COMM_SELF, sums, 0, m));
    check_orthogonal(m, input, target);
    afb_linear_sums_destroy(&sums);
    afb_mdn_destroy(&m);
  }
}

/* Of a fitted logistic regression the probabilities have the labels' sum, alone and times each input: its normal equations. */
static void test_logistic(void **state)
{
  (void)state;
  static double input[ROWS * IN], target[ROWS * OUT], said[ROWS * OUT];
  afb_mdn *m = network(AFB_LOSS_CROSS_ENTROPY, 0);
  fill(AFB_LOSS_CROSS_ENTROPY, input, target);
  check_ok(afb_mdn_set_logistic(m, ROWS, input, target, 1e-9));
  check_ok(afb_mdn_linear_points(m, ROWS, input, 0, said));
  for (int t = 0; t < OUT; t++)
    for (int j = 0; j <= IN; j++) {
      double sum = 0;
      for (int i = 0; i < ROWS; i++)
        if (!isnan(target[i * OUT + t]))
          sum += (1 / (1 + exp(-said[i * OUT + t])) - target[i * OUT + t]) * (j < IN ? input[i * IN + j] - 3 : 1);
      check_close(sum, 0, 1e-4);
    }
  afb_mdn_destroy(&m);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(test_gradients),
  cmocka_unit_test(test_least_squares),
  cmocka_unit_test(test_logistic),
};
CHECK_MAIN(tests)
