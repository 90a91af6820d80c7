/* The same program on 1 and 2 ranks. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "learn/mdn_train.h"
#include "learn/mdn_work.h"

enum { IN = 5, OUT = 3, ROWS = 960 };

static afb_mdn_spec spec_of(int covariance, int layers)
{
  return (afb_mdn_spec){IN, OUT, 3, 2, 8, layers, covariance, 2, 0.01, 7, AFB_LOSS_LIKELIHOOD};
}

static double uniform(uint64_t stream, int64_t i)
{
  return 2 * afb_random_uniform(11, stream, (uint64_t)i) - 1;
}

static void no_sink(void *owner, int64_t first, int64_t count)
{
  int64_t *seen = owner;
  *seen += count;
  (void)first;
}

/* -ln p by the definition: covariances from afb_mdn_row_mixture, their inverse and determinant by elimination. */
static double direct_nll(int components, const double *weight, const double *mean, const double *covariance, const double *y)
{
  double sum = 0;
  for (int k = 0; k < components; k++) {
    double a[OUT][OUT + 1], det = 1, square = 0;
    for (int i = 0; i < OUT; i++) {
      memcpy(a[i], covariance + (k * OUT + i) * OUT, OUT * sizeof(double));
      a[i][OUT] = y[i] - mean[k * OUT + i];
    }
    for (int c = 0; c < OUT; c++) {
      det *= a[c][c];
      for (int i = 0; i < OUT; i++) {
        double f = a[i][c] / a[c][c];
        for (int j = c; j <= OUT && i != c; j++)
          a[i][j] -= f * a[c][j];
      }
    }
    for (int i = 0; i < OUT; i++)
      square += (y[i] - mean[k * OUT + i]) * a[i][OUT] / a[i][i];
    sum += weight[k] * exp(-0.5 * square) / sqrt(pow(2 * 3.141592653589793, OUT) * det);
  }
  return -log(sum);
}

enum { FEW = 37 };

/* Sum of -ln p of rows of random outputs of the last layer, whose constants are 0: by the network's own function. */
static double heads_nll(afb_mdn *m, const double *y, double share)
{
  return afb_mdn_nll(m, 0, FEW, 0.05, y, NULL, share);
}

/* Full, low-rank and diagonal covariances; densities in single precision are good to some 1e-6. */
static void rows_agree_with_the_definition(void **state)
{
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    afb_mdn_spec s = spec_of(kind > 0, 1);
    s.rank = kind == 1 ? 2 : 0;
    afb_mdn *m;
    check_ok(afb_mdn_create(&s, &m));
    check_ok(afb_mdn_reserve(m, FEW));
    memset(m->weight, 0, (size_t)m->n_weights * sizeof(float));
    int size = afb_mdn_head_size(&s);
    double input[FEW * IN], y[FEW * OUT], weight[3], mean[3 * OUT], c[3 * OUT * OUT], deviation[OUT], expected = 0;
    float row[64];
    for (int i = 0; i < FEW * IN; i++)
      input[i] = uniform(3, i);
    for (int i = 0; i < FEW * OUT; i++)
      y[i] = uniform(4, i);
    for (int t = 0; t < OUT; t++) {
      double *linear = afb_mdn_linear(m, 0) + t * (IN + 2);
      for (int j = 0; j <= IN; j++)
        linear[j] = 0.3 * uniform(5, t * IN + j);
      linear[IN + 1] = log(0.3 + 0.2 * t);
    }
    afb_mdn_standardise(m, FEW, NULL, input);
    afb_mdn_forward(m, 0, FEW);
    for (int j = 0; j < size; j++)
      for (int i = 0; i < FEW; i++)
        m->work->head[j * m->work->ld + i] = (float)uniform(1 + (uint64_t)kind, i * size + j);
    double nll = heads_nll(m, y, 0.5), tolerance = kind == 1 ? 1e-10 : 2e-5;
    afb_mdn_base(m, 0, FEW);
    afb_mdn_deviation(m, 0, deviation);
    for (int i = 0; i < FEW; i++) {
      afb_mdn_row_head(m, 0, i, row);
      afb_mdn_row_mixture(&s, 0.05, row, m->work->base + i * OUT, deviation, weight, mean, c);
      check_close(weight[0] + weight[1] + weight[2], 1, 1e-14);
      double one = direct_nll(3, weight, mean, c, y + i * OUT);
      afb_mixtures x = {1, 3, OUT, weight, mean, c};
      check_close(one, afb_mixture_nll(&x, 0, y + i * OUT), 1e-11 * (1 + fabs(one)));
      expected += one;
    }
    check_close(nll, expected, tolerance * (1 + fabs(expected)));
    /* Rows in different directions, so that nothing is hidden by their sum. */
    for (int j = 0; j < size; j++) {
      float h = 1.0f / 64;
      double difference = 0, sum = 0;
      float *at = m->work->head + j * m->work->ld;
      heads_nll(m, y, 0.5);
      for (int i = 0; i < FEW; i++)
        sum += (double)m->work->d_head[j * m->work->ld + i] / 0.5 * (i % 3 - 1);
      for (int side = -1; side <= 1; side += 2) {
        for (int i = 0; i < FEW; i++)
          at[i] += (float)(side * (i % 3 - 1)) * h;
        difference += side * heads_nll(m, y, 0) / (2 * (double)h);
        for (int i = 0; i < FEW; i++)
          at[i] -= (float)(side * (i % 3 - 1)) * h;
      }
      check_close(difference, sum, 3e-3 * (1 + fabs(sum)));
    }
    afb_mdn_destroy(&m);
  }
}

/* Loss of four rows; with `gradient`, by the backward pass. */
static double network_loss(afb_mdn *m, const double *input, const double *target, float *gradient, int64_t *seen)
{
  afb_mdn_standardise(m, 4, NULL, input);
  afb_mdn_forward(m, 1, 4);
  double sum = afb_mdn_nll(m, 1, 4, m->spec.floor, target, NULL, 1);
  afb_gradient_sink sink = {no_sink, seen};
  if (gradient)
    afb_mdn_backward(m, 1, 4, gradient, &sink);
  return sum;
}

static void gradient_is_the_derivative(void **state)
{
  (void)state;
  double input[4 * IN], target[4 * OUT];
  for (int i = 0; i < 4 * IN; i++)
    input[i] = uniform(5, i);
  for (int i = 0; i < 4 * OUT; i++)
    target[i] = uniform(6, i);
  for (int covariance = 0; covariance < 2; covariance++)
    for (int layers = 0; layers < 4; layers++) {
      afb_mdn_spec s = spec_of(covariance, layers);
      afb_mdn *m;
      int64_t size = afb_mdn_member_weights(&s), seen = 0;
      check_ok(afb_mdn_create(&s, &m));
      check_ok(afb_mdn_reserve(m, 4));
      float *gradient = calloc((size_t)size, sizeof *gradient), *w = m->weight + size;
      for (int64_t i = 0; i < size; i++)
        w[i] += (float)(0.3 * uniform(8, i));
      m->spec.floor = 0.3;
      network_loss(m, input, target, gradient, &seen);
      check_true(seen == size);
      double worst = 0, largest = 0;
      for (int64_t i = 0; i < size; i++) {
        float at = w[i], h = 1.0f / 256;
        w[i] = at + h;
        double up = network_loss(m, input, target, NULL, NULL);
        w[i] = at - h;
        double down = network_loss(m, input, target, NULL, NULL);
        w[i] = at;
        double g = (double)gradient[i];
        worst = fmax(worst, fabs((up - down) / (2 * (double)h) - g) / (1 + fabs(g)));
        largest = fmax(largest, fabs(g));
      }
      check_true(largest > 0.1);
      check_close(worst, 0, 3e-3);
      free(gradient);
      afb_mdn_destroy(&m);
    }
}

/* Two branches of equal weight, y = (+-2 + x0, x1, 0.3 y0 + ...) with known noise: a distribution that no single Gaussian fits. */
typedef struct {
  double input[ROWS * IN], target[ROWS * OUT];
  int64_t group[ROWS];
} data;

static void make(data *d)
{
  for (int i = 0; i < ROWS; i++) {
    double *x = d->input + i * IN, *y = d->target + i * OUT, branch = afb_random_uniform(2, 1, (uint64_t)i) < 0.5 ? -2 : 2;
    for (int j = 0; j < IN; j++)
      x[j] = uniform(20 + (uint64_t)j, i);
    for (int j = 0; j < OUT; j++)
      y[j] = 0.2 * afb_random_normal(3, (uint64_t)j, (uint64_t)i);
    y[0] += branch + x[0];
    y[1] += x[1];
    y[2] += 0.5 * branch;
    d->group[i] = i / 4;
  }
}

static afb_mdn_table table_of(const data *d)
{
  return (afb_mdn_table){ROWS, d->input, d->target, d->group, NULL};
}

static void recovers_a_known_mixture(void **state)
{
  (void)state;
  static data d;
  make(&d);
  for (int covariance = 0; covariance < 2; covariance++) {
    afb_mdn_table table = table_of(&d);
    afb_mdn_spec s = spec_of(covariance, 1);
    s.components = 2;
    afb_mdn_options o;
    afb_mdn_options_default(ROWS, &o);
    o.steps = 800;
    o.rate = 1e-2;
    o.patience = 0;
    afb_mdn *m;
    check_ok(afb_mdn_create(&s, &m));
    check_ok(afb_mdn_train(MPI_COMM_WORLD, m, &table, &o));
    afb_mixtures x;
    double input[2 * IN] = {0.5, -0.5, 0, 0, 0, -0.5, 0.5, 0, 0, 0};
    check_ok(afb_mdn_predict(m, 2, input, 0, &x));
    for (int row = 0; row < 2; row++) {
      const double *mean = x.mean + row * 2 * OUT, *c = x.covariance + row * 2 * OUT * OUT;
      int upper = mean[0] < mean[OUT];
      for (int k = 0; k < 2; k++) {
        double branch = k == upper ? 2 : -2;
        check_close(x.weight[row * 2 + k], 0.5, 0.2);
        check_close(mean[k * OUT], branch + input[row * IN], 0.25);
        check_close(mean[k * OUT + 1], input[row * IN + 1], 0.25);
        check_close(mean[k * OUT + 2], 0.5 * branch, 0.25);
        check_close(sqrt(c[k * OUT * OUT]), 0.2, 0.1);
      }
    }
    /* -ln p of the truth, by its entropy: ln 2 + 3 (ln 0.2 + (1 + ln 2 pi) / 2), is approached on fresh rows. */
    check_ok((afb_mixtures_clear(&x), afb_mdn_predict(m, ROWS, d.input, -1, &x)));
    double sum = 0;
    for (int i = 0; i < ROWS; i++)
      sum += afb_mixture_nll(&x, i, d.target + i * OUT) / ROWS;
    check_close(sum, log(2) + 3 * (log(0.2) + 1.4189385332046727), 0.5);
    afb_mixtures_clear(&x);
    afb_mdn_destroy(&m);
  }
}

static void ranks_do_not_matter(void **state)
{
  (void)state;
  static data d;
  make(&d);
  afb_mdn_table table = table_of(&d);
  afb_mdn_spec s = spec_of(AFB_MDN_FULL, 2);
  afb_mdn_options o;
  afb_mdn_options_default(ROWS, &o);
  o.steps = 60;
  afb_mdn *shared, *alone;
  afb_mdn_trainer *a, *b;
  check_ok(afb_mdn_create(&s, &shared));
  check_ok(afb_mdn_create(&s, &alone));
  check_ok(afb_mdn_trainer_create(MPI_COMM_WORLD, shared, &table, &o, &a));
  check_ok(afb_mdn_trainer_create(MPI_COMM_SELF, alone, &table, &o, &b));
  for (int i = 0; i < 40; i++) {
    double x, y;
    int finished;
    check_ok(afb_mdn_trainer_advance(a, 1, &x, &finished));
    check_ok(afb_mdn_trainer_advance(b, 1, &y, &finished));
    check_close(x, y, 1e-3 * (1 + fabs(y)));
  }
  check_ok(afb_mdn_trainer_finish(&a));
  check_ok(afb_mdn_trainer_finish(&b));
  check_close(*afb_mdn_temperature(shared), *afb_mdn_temperature(alone), 1e-2);
  afb_mdn_destroy(&shared);
  afb_mdn_destroy(&alone);
}

/* From the arrays alone, on another rank's copy, the rest of a training is the same. */
static void resumes_bit_for_bit(void **state)
{
  (void)state;
  static data d;
  make(&d);
  afb_mdn_table table = table_of(&d);
  afb_mdn_spec s = spec_of(AFB_MDN_LOW_RANK, 1);
  afb_mdn_options o;
  afb_mdn_options_default(ROWS, &o);
  o.steps = 30;
  o.patience = 0;
  afb_mdn *m, *copy;
  afb_mdn_trainer *a;
  int finished;
  check_ok(afb_mdn_create(&s, &m));
  check_ok(afb_mdn_create(&s, &copy));
  check_ok(afb_mdn_trainer_create(MPI_COMM_SELF, m, &table, &o, &a));
  check_ok(afb_mdn_trainer_advance(a, 10, NULL, &finished));
  memcpy(copy->weight, m->weight, (size_t)m->n_weights * sizeof(float));
  memcpy(copy->moment1, m->moment1, (size_t)m->n_weights * sizeof(float));
  memcpy(copy->moment2, m->moment2, (size_t)m->n_weights * sizeof(float));
  memcpy(copy->fixed, m->fixed, (size_t)m->n_fixed * sizeof(double));
  copy->step = m->step;
  check_ok(afb_mdn_trainer_advance(a, 10, NULL, &finished));
  afb_mdn_trainer_destroy(&a);
  o.first_step = 0;
  check_ok(afb_mdn_trainer_create(MPI_COMM_SELF, copy, &table, &o, &a));
  check_ok(afb_mdn_trainer_advance(a, 10, NULL, &finished));
  check_true(copy->step == 20 && memcmp(copy->weight, m->weight, (size_t)m->n_weights * sizeof(float)) == 0);
  afb_mdn_trainer_destroy(&a);
  afb_mdn_destroy(&m);
  afb_mdn_destroy(&copy);
}

/* Deviations that are promised are those that are found on rows of the same distribution. */
static void intervals_are_calibrated(void **state)
{
  (void)state;
  static data d;
  make(&d);
  afb_mdn_table table = table_of(&d);
  table.n = ROWS / 2;
  afb_mdn_spec s = spec_of(AFB_MDN_FULL, 1);
  afb_mdn_options o;
  afb_mdn_options_default(table.n, &o);
  o.steps = 400;
  afb_mdn *m;
  afb_mixtures x;
  check_ok(afb_mdn_create(&s, &m));
  check_ok(afb_mdn_train(MPI_COMM_WORLD, m, &table, &o));
  int64_t rest = ROWS - table.n;
  check_ok(afb_mdn_predict(m, rest, d.input + table.n * IN, -1, &x));
  double inside = 0;
  for (int64_t i = 0; i < rest; i++)
    for (int j = 0; j < OUT; j++)
      inside += fabs(afb_mixture_below(&x, i, j, d.target[(table.n + i) * OUT + j]) - 0.5) < 0.45;
  check_close(inside / (double)(rest * OUT), 0.9, 0.06);
  double mean[OUT], covariance[OUT * OUT], below = afb_mixture_below(&x, 0, 0, 1e9);
  check_close(below, 1, 1e-12);
  afb_mixture_moments(&x, 0, mean, covariance);
  check_close(covariance[0], 4, 2);
  afb_mixtures_clear(&x);
  afb_mdn_destroy(&m);
}

static void wrong_use_is_refused(void **state)
{
  (void)state;
  static data d;
  make(&d);
  afb_mdn *m;
  afb_mdn_spec s = spec_of(AFB_MDN_LOW_RANK, 1);
  s.rank = OUT + 1;
  check_true(afb_mdn_create(&s, &m) == AFB_E_INPUT);
  s = spec_of(AFB_MDN_FULL, 1);
  s.n_out = AFB_MDN_MAX_OUT + 1;
  check_true(afb_mdn_create(&s, &m) == AFB_E_INPUT);
  s = spec_of(AFB_MDN_FULL, 1);
  check_ok(afb_mdn_create(&s, &m));
  afb_mdn_table table = table_of(&d);
  afb_mdn_options o;
  afb_mdn_options_default(ROWS, &o);
  d.target[7] = NAN;
  check_true(afb_mdn_train(MPI_COMM_WORLD, m, &table, &o) == AFB_E_INPUT);
  d.target[7] = 0;
  o.rate = 0;
  check_true(afb_mdn_train(MPI_COMM_WORLD, m, &table, &o) == AFB_E_INPUT);
  afb_mdn_destroy(&m);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(rows_agree_with_the_definition), cmocka_unit_test(gradient_is_the_derivative),
  cmocka_unit_test(recovers_a_known_mixture),       cmocka_unit_test(ranks_do_not_matter),
  cmocka_unit_test(resumes_bit_for_bit),            cmocka_unit_test(intervals_are_calibrated),
  cmocka_unit_test(wrong_use_is_refused),
};
CHECK_MAIN(tests)
