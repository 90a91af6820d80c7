/* Kernels in vectors of every width that this processor has, against libm and plain loops in double precision. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/kernels.h"

static const afb_kernels *const all[] = {&afb_kernels_4, &afb_kernels_8, &afb_kernels_16};
#define FOR_EACH(k)                                                       \
  for (size_t i_ = 0; i_ < sizeof all / sizeof all[0]; i_++)              \
    for (const afb_kernels *k = all[i_]->available() ? all[i_] : NULL; k; k = NULL)

static float normal(uint64_t stream, int i) { return (float)afb_random_normal(91, stream, (uint64_t)i); }

static float *draw(uint64_t stream, int n)
{
  float *x = malloc(((size_t)n + 16) * sizeof *x);
  for (int i = 0; i < n + 16; i++)
    x[i] = normal(stream, i);
  return x;
}

/* Element by element, odd lengths, in place: nothing behind the end is touched. */
static void gelu_agrees_with_libm(void **state)
{
  (void)state;
  enum { N = 4001 };
  static float x[N + 1], y[N + 1], slope[N + 1];
  FOR_EACH(k)
  {
    double worst = 0, worst_slope = 0;
    for (int i = 0; i <= N; i++)
      x[i] = 0.01f * (float)(i - N / 2);
    y[N] = slope[N] = 7;
    k->gelu(N, x, y, slope);
    for (int i = 0; i < N; i++) {
      double v = (double)x[i], u = sqrt(2 / 3.141592653589793) * (v + 0.044715 * v * v * v), t = tanh(u);
      double du = sqrt(2 / 3.141592653589793) * (1 + 3 * 0.044715 * v * v);
      worst = fmax(worst, fabs((double)y[i] - 0.5 * v * (1 + t)) / (1 + fabs(v)));
      worst_slope = fmax(worst_slope, fabs((double)slope[i] - 0.5 * (1 + t) - 0.5 * v * (1 - t * t) * du));
    }
    check_close(worst, 0, 3e-7);
    check_close(worst_slope, 0, 2e-6);
    check_true(y[N] == 7 && slope[N] == 7);
    k->gelu(N, x, y, x);
    check_true(memcmp(x, slope, N * sizeof *x) == 0);
  }
}

/* exp and ln are seen through one Gaussian in one dimension without a floor: -ln p = s + ((r - mu) / exp s)^2 / 2. */
static void exponentials_agree_with_libm(void **state)
{
  (void)state;
  enum { N = 4001, LD = 4016 };
  static float head[3 * LD], residual[LD], nll[LD];
  float scratch[4 * AFB_MOST_LANES], bias[3] = {0, 0.25f, 0}, deviation = 1;
  FOR_EACH(k)
  {
    double worst = 0, worst_log = 0;
    for (int i = 0; i < LD; i++) {
      head[i] = 3;
      head[LD + i] = 0;
      residual[i] = 0.25f;
      head[2 * LD + i] = 40 * (float)(i - N / 2) / N;
    }
    afb_density_shape shape = {N, LD, 1, 1, 1, 0, &deviation, scratch};
    k->density(&shape, head, bias, residual, 0, nll, NULL);
    for (int i = 0; i < N; i++)
      worst_log = fmax(worst_log, fabs((double)nll[i] - (double)head[2 * LD + i]) / (1 + fabs((double)nll[i])));
    for (int i = 0; i < LD; i++)
      residual[i] = 1.25f;
    k->density(&shape, head, bias, residual, 0, nll, NULL);
    for (int i = 0; i < N; i++) {
      double s = (double)head[2 * LD + i], expected = s + 0.5 * exp(-2 * s);
      worst = fmax(worst, fabs((double)nll[i] - expected) / (1 + fabs(s) + 0.5 * exp(-2 * s)));
    }
    check_close(worst_log, 0, 4e-7);
    check_close(worst, 0, 1e-6);
  }
}

static void norms_agree(void **state)
{
  (void)state;
  enum { N = 9 };
  int widths[] = {5, 16, 20, 64};
  for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
    int d = widths[w];
    float *x = draw(1, N * d), *g = draw(2, d), *b = draw(3, d), *dy = draw(4, N * d), mean[N], inverse[N];
    FOR_EACH(k)
    {
      float *y = calloc((size_t)(N * d), sizeof *y), *dx = calloc((size_t)(N * d), sizeof *dx), *dg = calloc((size_t)d, sizeof *dg);
      float *db = calloc((size_t)d, sizeof *db);
      double worst = 0;
      k->norm_forward(N, d, x, g, b, y, mean, inverse);
      k->norm_backward(N, d, x, g, mean, inverse, dy, dx, dg, db);
      for (int i = 0; i < N; i++) {
        double m = 0, v = 0, sum = 0, dot = 0;
        for (int j = 0; j < d; j++)
          m += (double)x[i * d + j] / d;
        for (int j = 0; j < d; j++)
          v += pow((double)x[i * d + j] - m, 2) / d;
        double r = 1 / sqrt(v + 1e-5);
        for (int j = 0; j < d; j++) {
          double e = (1 + (double)g[j]) * (double)dy[i * d + j];
          sum += e / d;
          dot += e * ((double)x[i * d + j] - m) * r / d;
          dg[j] -= (float)((double)dy[i * d + j] * ((double)x[i * d + j] - m) * r);
          db[j] -= dy[i * d + j];
        }
        for (int j = 0; j < d; j++) {
          double unit = ((double)x[i * d + j] - m) * r, e = (1 + (double)g[j]) * (double)dy[i * d + j];
          worst = fmax(worst, fabs((double)y[i * d + j] - (1 + (double)g[j]) * unit - (double)b[j]));
          worst = fmax(worst, fabs((double)dx[i * d + j] - r * (e - sum - unit * dot)));
        }
      }
      for (int j = 0; j < d; j++)
        worst = fmax(worst, fmax(fabs((double)dg[j]), fabs((double)db[j])));
      check_close(worst, 0, 2e-5);
      free(y);
      free(dx);
      free(dg);
      free(db);
    }
    free(x);
    free(g);
    free(b);
    free(dy);
  }
}

/* Softmax weights and outputs by plain loops; the backward pass by differences of sum(y dy) along the gradient. */
static void attention_agrees(void **state)
{
  (void)state;
  enum { SETS = 4, HEADS = 2 };
  int widths[] = {6, 32, 40}, size[SETS] = {1, 17, 3, 50};
  int32_t start[SETS + 1] = {0};
  int64_t pairs[SETS + 1] = {0};
  for (int s = 0; s < SETS; s++) {
    start[s + 1] = start[s] + size[s];
    pairs[s + 1] = pairs[s] + size[s] * afb_padded(size[s]);
  }
  for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
    int d = widths[w], dh = d / HEADS, n = start[SETS];
    float *qkv = draw(5, 3 * n * d), *dy = draw(6, n * d), *y = draw(7, n * d), *dqkv = draw(8, 3 * n * d), *p = draw(9, (int)pairs[SETS] * HEADS);
    float *scratch = draw(10, (50 + d) * 64), *moved = draw(5, 3 * n * d);
    double *expected = calloc((size_t)(n * d), sizeof *expected);
    for (int s = 0; s < SETS; s++)
      for (int h = 0; h < HEADS; h++)
        for (int i = start[s]; i < start[s + 1]; i++) {
          double weight[50], sum = 0;
          for (int j = start[s]; j < start[s + 1]; j++) {
            double dot = 0;
            for (int c = 0; c < dh; c++)
              dot += (double)qkv[3 * i * d + h * dh + c] * (double)qkv[(3 * j + 1) * d + h * dh + c];
            sum += weight[j - start[s]] = exp(dot / sqrt(dh));
          }
          for (int j = start[s]; j < start[s + 1]; j++)
            for (int c = 0; c < dh; c++)
              expected[i * d + h * dh + c] += weight[j - start[s]] / sum * (double)qkv[(3 * j + 2) * d + h * dh + c];
        }
    FOR_EACH(k)
    {
      afb_attention_shape shape = {SETS, d, HEADS, start, pairs};
      double worst = 0, norm = 0, difference = 0;
      k->attention_forward(&shape, qkv, scratch, p, y);
      k->attention_backward(&shape, qkv, p, dy, scratch, dqkv);
      for (int i = 0; i < n * d; i++)
        worst = fmax(worst, fabs((double)y[i] - expected[i]));
      check_close(worst, 0, 1e-5);
      check_true(y[n * d] == normal(7, n * d) && dqkv[3 * n * d] == normal(8, 3 * n * d));
      for (int i = 0; i < 3 * n * d; i++)
        norm += pow((double)dqkv[i], 2);
      norm = sqrt(norm);
      for (int side = -1; side <= 1; side += 2) {
        for (int i = 0; i < 3 * n * d; i++)
          moved[i] = qkv[i] + (float)(side * 1e-2 * (double)dqkv[i] / norm);
        k->attention_forward(&shape, moved, scratch, p, y);
        for (int i = 0; i < n * d; i++)
          difference += side * (double)y[i] * (double)dy[i] / 2e-2;
      }
      check_close(difference, norm, 1e-3 * norm);
    }
    float *array[] = {qkv, dy, y, dqkv, p, scratch, moved};
    for (size_t i = 0; i < sizeof array / sizeof array[0]; i++)
      free(array[i]);
    free(expected);
  }
}

static void lamb_sgd_and_differences_agree(const afb_kernels *k, int n, const float *g, const float *w0, const float *m10, const float *m20)
{
  afb_step_factors f = {0.5f, 0.01f, 0.1f, 1.5f, 2};
  float *u = draw(12, n), *w = draw(13, n), *m1 = draw(14, n), *m2 = draw(15, n), *expected = draw(13, n), *n1 = draw(14, n), *n2 = draw(15, n);
  double worst = 0;
  for (int i = 0; i < n; i++)
    n2[i] = m2[i] = m20[i] * m20[i];
  k->lamb(&f, n, u, w, m1, m2);
  k->adamw(&f, n, g, expected, n1, n2);
  check_true(memcmp(m1, n1, (size_t)n * sizeof *m1) == 0 && memcmp(m2, n2, (size_t)n * sizeof *m2) == 0 && memcmp(w, w0, (size_t)n * sizeof *w) == 0);
  k->subtract(n, f.rate, u, w);
  check_true(memcmp(w, expected, (size_t)n * sizeof *w) == 0);
  memcpy(w, w0, (size_t)n * sizeof *w);
  memcpy(m1, m10, (size_t)n * sizeof *m1);
  k->sgd(&f, n, g, w, m1);
  for (int i = 0; i < n; i++) {
    double m = 0.9 * (double)m10[i] + 0.5 * (double)g[i], v = (double)w0[i] - 0.01 * (m + 0.1 * (double)w0[i]);
    worst = fmax(worst, fmax(fabs((double)w[i] - v), fabs((double)m1[i] - m)));
  }
  check_close(worst, 0, 1e-6);
  check_true(u[n] == g[n] && w[n] == w0[n] && m1[n] == m10[n] && m2[n] == m20[n]);
  float *array[] = {u, w, m1, m2, expected, n1, n2};
  for (size_t i = 0; i < sizeof array / sizeof array[0]; i++)
    free(array[i]);
}

static void sums_and_steps_agree(void **state)
{
  (void)state;
  enum { N = 1003, ROWS = 13, D = 77 };
  FOR_EACH(k)
  {
    float *x = draw(11, N), *g = draw(12, N), *w = draw(13, N), *m1 = draw(14, N), *m2 = draw(15, N), column[D] = {0}, row[ROWS] = {0};
    double square = 0, worst = 0;
    for (int i = 0; i < N; i++) {
      square += (double)x[i] * (double)x[i];
      m2[i] *= m2[i];
    }
    check_close(k->square_sum(N, x), square, 1e-6 * square);
    afb_step_factors f = {0.5f, 0.01f, 0.1f, 1.5f, 2};
    float *w0 = draw(13, N), *m10 = draw(14, N), *m20 = draw(15, N);
    k->adamw(&f, N, g, w, m1, m2);
    for (int i = 0; i < N; i++) {
      double e = 0.5 * (double)g[i], a = 0.9 * (double)m10[i] + 0.1 * e, b = 0.999 * pow((double)m20[i], 2) + 0.001 * e * e;
      double v = (double)w0[i] - 0.01 * (1.5 * a / (sqrt(2 * b) + 1e-8) + 0.1 * (double)w0[i]);
      worst = fmax(worst, fabs((double)w[i] - v) / (1 + fabs(1.5 * a / sqrt(2 * b))));
      worst = fmax(worst, fmax(fabs((double)m1[i] - a), fabs((double)m2[i] - b)));
    }
    check_close(worst, 0, 2e-6);
    check_true(w[N] == w0[N] && m1[N] == m10[N] && m2[N] == m20[N]);
    lamb_sgd_and_differences_agree(k, N, g, w0, m10, m20);
    k->column_sums(ROWS, D, x, column);
    k->row_sums(ROWS, D - 7, D, x, row);
    for (int i = 0; i < ROWS; i++)
      for (int j = 0; j < D; j++) {
        column[j] -= x[i * D + j];
        row[i] -= j < D - 7 ? x[i * D + j] : 0;
      }
    for (int i = 0; i < D; i++)
      check_close(column[i], 0, 1e-5);
    for (int i = 0; i < ROWS; i++)
      check_close(row[i], 0, 1e-5);
    float *array[] = {x, g, w, m1, m2, w0, m10, m20};
    for (size_t i = 0; i < sizeof array / sizeof array[0]; i++)
      free(array[i]);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(gelu_agrees_with_libm),
  cmocka_unit_test(exponentials_agree_with_libm),
  cmocka_unit_test(norms_agree),
  cmocka_unit_test(attention_agrees),
  cmocka_unit_test(sums_and_steps_agree),
};
CHECK_MAIN(tests)
