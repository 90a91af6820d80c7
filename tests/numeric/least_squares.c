/* Least squares of rows that lie on several ranks. Oracles: LAPACK's dgels and dgelsd on the whole matrix, solutions known by
 * construction, the normal equations of a ridge. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "numeric/least_squares.h"

void dgels_(const char *trans, const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, double *work, const int *lwork, int *info);
void dgelsd_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, double *s,
             const double *rcond, int *rank, double *work, const int *lwork, int *iwork, int *info);

typedef struct {
  int m, n;
  double *a, *b, *w;           /* the whole, rows contiguous */
} matrix;

static void matrix_clear(matrix *t)
{
  free(t->a);
  free(t->b);
  free(t->w);
}

/* Columns of sizes from 1 to 10^-decades. */
static matrix random_matrix(int m, int n, double decades, uint64_t seed)
{
  matrix t = {.m = m, .n = n, .a = malloc((size_t)(m * n + 1) * sizeof(double)),
              .b = malloc((size_t)(m + 1) * sizeof(double)), .w = malloc((size_t)(m + 1) * sizeof(double))};
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++)
      t.a[i * n + j] = (afb_random_uniform(seed, 1, (uint64_t)(i * n + j)) - 0.5) * pow(10, -decades * j / n);
    t.b[i] = afb_random_uniform(seed, 2, (uint64_t)i) - 0.5;
    t.w[i] = 0.1 + afb_random_uniform(seed, 3, (uint64_t)i);
  }
  return t;
}

/* Ranks hold unequal parts; with `gaps` only the last one has rows. */
static afb_status solve(const matrix *t, int gaps, double ridge, double tolerance, double *x,
                        afb_least_squares_result *result)
{
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  int total = size * (size + 1) / 2, first = t->m * (rank * (rank + 1) / 2) / total;
  int last = t->m * ((rank + 1) * (rank + 2) / 2) / total;
  if (gaps) {
    first = rank == size - 1 ? 0 : t->m;
    last = t->m;
  }
  afb_least_squares *fit;
  afb_status status = afb_least_squares_create(t->n, &fit);
  check_ok(status);
  for (int i = first; i < last && status == AFB_OK; i++)
    status = afb_least_squares_add(fit, t->a + i * t->n, t->b[i], t->w[i]);
  check_ok(status);
  status = afb_least_squares_solve(MPI_COMM_WORLD, fit, ridge, tolerance, x, result);
  check_true(status != AFB_OK || result->rows == t->m);
  afb_least_squares_destroy(&fit);
  return status;
}

/* The weighted matrix by columns, as LAPACK wants it. */
static void weighted(const matrix *t, double *a, double *b)
{
  for (int i = 0; i < t->m; i++) {
    for (int j = 0; j < t->n; j++)
      a[j * t->m + i] = t->w[i] * t->a[i * t->n + j];
    b[i] = t->w[i] * t->b[i];
  }
}

static double distance(int n, const double *x, const double *y)
{
  double d = 0;
  for (int j = 0; j < n; j++)
    d = fmax(d, fabs(x[j] - y[j]));
  return d;
}

static double largest(int n, const double *x)
{
  double d = 0;
  for (int j = 0; j < n; j++)
    d = fmax(d, fabs(x[j]));
  return d;
}

enum { WORK = 1 << 18 };
static double work[WORK];
static int iwork[1 << 14];

static void against_dgels(void **state)
{
  static const int shape[][2] = {{5000, 31}, {400, 100}, {31, 31}, {3, 1}, {700, 7}};
  (void)state;
  for (int k = 0; k < 5; k++)
    for (int gaps = 0; gaps < 2; gaps++) {
      matrix t = random_matrix(shape[k][0], shape[k][1], 4, 7 + (uint64_t)k);
      int m = t.m, n = t.n, one = 1, size = WORK, info;
      double *a = malloc((size_t)(m * n) * sizeof *a), *b = malloc((size_t)m * sizeof *b), x[128];
      afb_least_squares_result result;
      weighted(&t, a, b);
      dgels_("N", &m, &n, &one, a, &m, b, &m, work, &size, &info);
      assert_int_equal(info, 0);
      check_ok(solve(&t, gaps, 0, 1e-13, x, &result));
      check_true(result.rank == n);
      check_true(distance(n, x, b) < 1e-14 * result.condition * largest(n, b));
      double outside = 0;
      for (int i = n; i < m; i++)
        outside += b[i] * b[i];
      check_close(result.residual, sqrt(outside), 1e-12 * (1 + sqrt(outside)));
      free(a);
      free(b);
      matrix_clear(&t);
    }
}

/* Columns 3 and 5 are combinations of others, and there are more columns than rows: of all minima the shortest. */
static void against_dgelsd(void **state)
{
  static const int shape[][2] = {{1000, 12}, {20, 50}};
  (void)state;
  for (int k = 0; k < 2; k++) {
    matrix t = random_matrix(shape[k][0], shape[k][1], 1, 17);
    int m = t.m, n = t.n, one = 1, size = WORK, info, rank, lead = m > n ? m : n;
    for (int i = 0; i < m; i++) {
      t.a[i * n + 3] = t.a[i * n] + t.a[i * n + 1];
      t.a[i * n + 5] = 2 * t.a[i * n + 4];
    }
    double *a = malloc((size_t)(m * n) * sizeof *a), *b = calloc((size_t)lead, sizeof *b), x[64], s[64], tolerance = 1e-11;
    afb_least_squares_result result;
    weighted(&t, a, b);
    dgelsd_(&m, &n, &one, a, &m, b, &lead, s, &tolerance, &rank, work, &size, iwork, &info);
    assert_int_equal(info, 0);
    check_ok(solve(&t, 0, 0, tolerance, x, &result));
    check_true(result.rank == rank && rank == (k == 0 ? n - 2 : m));
    check_true(distance(n, x, b) < 1e-11 * largest(n, b));
    free(a);
    free(b);
    matrix_clear(&t);
  }
}

/* 10^5 points of a parabola come back, and the condition number of orthogonal columns is the ratio of their norms. */
static void analytic(void **state)
{
  enum { M = 100000 };
  (void)state;
  matrix t = random_matrix(M, 3, 0, 3);
  double x[3];
  afb_least_squares_result result;
  for (int i = 0; i < M; i++) {
    double s = (double)i / M;
    t.a[3 * i] = 1;
    t.a[3 * i + 1] = s;
    t.a[3 * i + 2] = s * s;
    t.b[i] = 0.25 - 3 * s + 2 * s * s;
  }
  check_ok(solve(&t, 0, 0, 1e-13, x, &result));
  check_close(x[0], 0.25, 1e-12);
  check_close(x[1], -3, 1e-12);
  check_close(x[2], 2, 1e-12);
  check_close(result.residual, 0, 1e-9);
  for (int i = 0; i < M; i++) {
    t.w[i] = 1;
    for (int j = 0; j < 3; j++)
      t.a[3 * i + j] = i % 3 == j ? pow(10, j) : 0;
    t.b[i] = 1;
  }
  check_ok(solve(&t, 0, 0, 1e-13, x, &result));
  check_close(result.condition, 100, 0.01);
  check_close(x[0], 1, 1e-13);
  check_close(x[1], 0.1, 1e-13);
  check_close(x[2], 0.01, 1e-13);
  matrix_clear(&t);
}

/* A ridge is sqrt(ridge) 1 below the matrix: solved so by dgels. */
static void ridge(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    double lambda = pow(10, 2 * k - 3), x[24];
    matrix t = random_matrix(300, 24, 2, 29);
    int m = t.m + t.n, n = t.n, one = 1, size = WORK, info;
    double *a = calloc((size_t)(m * n), sizeof *a), *b = calloc((size_t)m, sizeof *b);
    afb_least_squares_result result;
    for (int i = 0; i < t.m; i++) {
      for (int j = 0; j < n; j++)
        a[j * m + i] = t.w[i] * t.a[i * n + j];
      b[i] = t.w[i] * t.b[i];
    }
    for (int j = 0; j < n; j++)
      a[j * m + t.m + j] = sqrt(lambda);
    dgels_("N", &m, &n, &one, a, &m, b, &m, work, &size, &info);
    check_ok(solve(&t, 0, lambda, 1e-13, x, &result));
    check_true(distance(n, x, b) < 1e-11 * largest(n, b));
    double plain = 0;
    for (int i = 0; i < t.m; i++) {
      double miss = -t.b[i];
      for (int j = 0; j < n; j++)
        miss += t.a[i * n + j] * x[j];
      plain += t.w[i] * t.w[i] * miss * miss;
    }
    check_close(result.residual, sqrt(plain), 1e-12 * sqrt(plain));
    free(a);
    free(b);
    matrix_clear(&t);
  }
}

/* Rows that come after a solution count as if they had come at once. */
static void continues(void **state)
{
  (void)state;
  matrix t = random_matrix(500, 9, 1, 37);
  int rank, size;
  double once[9], x[9];
  afb_least_squares_result result;
  afb_least_squares *fit;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  check_ok(solve(&t, 0, 0, 1e-13, once, &result));
  check_ok(afb_least_squares_create(t.n, &fit));
  for (int part = 0; part < 2; part++) {
    afb_status status = AFB_OK;
    for (int i = 250 * part; i < 250 * (part + 1) && status == AFB_OK; i++)
      if (i % size == rank)
        status = afb_least_squares_add(fit, t.a + i * t.n, t.b[i], t.w[i]);
    check_ok(status);
    check_ok(afb_least_squares_solve(MPI_COMM_WORLD, fit, 0, 1e-13, x, &result));
    check_true(result.rows == 250 * (part + 1));
    check_true((distance(9, x, once) < 1e-12 * largest(9, once)) == (part == 1));
  }
  afb_least_squares_destroy(&fit);
  matrix_clear(&t);
}

static void bad_rows(void **state)
{
  (void)state;
  matrix t = random_matrix(200, 5, 0, 31);
  double x[5];
  afb_least_squares_result result;
  t.a[5 * 199 + 2] = NAN;
  check_true(solve(&t, 0, 0, 1e-13, x, &result) == AFB_E_NUMERIC);
  check_true(strstr(afb_error_text(), "not finite") != NULL);
  for (int i = 0; i < 1000; i++)
    t.a[i] = 0;
  check_ok(solve(&t, 0, 0, 1e-13, x, &result));
  check_true(result.rank == 0 && isinf(result.condition) && largest(5, x) <= 0);
  matrix_clear(&t);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(against_dgels), cmocka_unit_test(against_dgelsd), cmocka_unit_test(analytic),
  cmocka_unit_test(ridge), cmocka_unit_test(continues), cmocka_unit_test(bad_rows),
};
CHECK_MAIN(tests)
