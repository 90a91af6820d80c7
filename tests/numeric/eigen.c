/* Three solvers, one answer: random sparse matrices, clustered and degenerate spectra, decoupled blocks, warm start, a communicator
 * of half of the ranks, and bad input. Oracles: residuals, orthonormality, spectra known by construction, the other solvers. */
#include "tests/check.h"

#include <signal.h>
#include <string.h>

#include "core/random.h"
#include "numeric/eigen.h"

static const char *const names[] = {"lapack", "slepc", "scalapack", "davidson"};
enum { N_NAMES = 4 };

typedef struct {
  afb_symmetric m;
  int64_t *start;
  int32_t *column;
  double *value;
} matrix;

static void matrix_clear(matrix *a)
{
  free(a->start);
  free(a->column);
  free(a->value);
}

/* Lower triangle of the dense a [n][n]; exact zeros are left out. */
static matrix from_dense(int n, const double *a)
{
  size_t capacity = (size_t)n * (size_t)(n + 1) / 2;
  matrix s = {.start = calloc((size_t)n + 1, sizeof *s.start),
              .column = malloc(capacity * sizeof *s.column),
              .value = malloc(capacity * sizeof *s.value)};
  int64_t e = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j <= i; j++)
      if (a[i * n + j] != 0) {
        s.column[e] = j;
        s.value[e++] = a[i * n + j];
      }
    s.start[i + 1] = e;
  }
  s.m = (afb_symmetric){.n = n, .start = s.start, .column = s.column, .value = s.value};
  return s;
}

/* As CI matrices are: a common offset, a diagonal of which most is within the lowest part of `spread`, random couplings. */
static matrix ci_like(int n, double offset, double spread, double size, double density, uint64_t seed)
{
  double *a = calloc((size_t)n * (size_t)n, sizeof *a);
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      uint64_t at = (uint64_t)i * (uint64_t)n + (uint64_t)j;
      if (i == j)
        a[i * n + j] = offset + spread * pow(afb_random_uniform(seed, 1, at), 4);
      else if (afb_random_uniform(seed, 2, at) < density)
        a[i * n + j] = size * (afb_random_uniform(seed, 3, at) - 0.5);
    }
  matrix s = from_dense(n, a);
  free(a);
  return s;
}

/* H diag(spectrum) H with a random reflection H: the spectrum is known. */
static matrix with_spectrum(int n, const double *spectrum, uint64_t seed)
{
  double *a = calloc((size_t)n * (size_t)n, sizeof *a), *u = malloc((size_t)n * sizeof *u), norm = 0;
  for (int i = 0; i < n; i++) {
    u[i] = afb_random_uniform(seed, 4, (uint64_t)i) - 0.5;
    norm += u[i] * u[i];
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++)
      for (int k = 0; k < n; k++)
        a[i * n + j] += ((i == k) - 2 * u[i] * u[k] / norm) * spectrum[k] * ((j == k) - 2 * u[j] * u[k] / norm);
  matrix s = from_dense(n, a);
  free(a);
  free(u);
  return s;
}

static double worst_overlap(const afb_eigen_result *r)
{
  double worst = 0;
  for (int k = 0; k < r->n_converged; k++)
    for (int l = 0; l <= k; l++) {
      double sum = k == l ? -1.0 : 0.0;
      for (int i = 0; i < r->n; i++)
        sum += r->vector[(size_t)k * (size_t)r->n + (size_t)i] * r->vector[(size_t)l * (size_t)r->n + (size_t)i];
      worst = fmax(worst, fabs(sum));
    }
  return worst;
}

static double worst_residual(const matrix *a, const afb_eigen_result *r)
{
  double worst = 0;
  for (int k = 0; k < r->n_converged; k++)
    worst = fmax(worst, afb_eigen_residual(&a->m, r->value[k], r->vector + (size_t)k * (size_t)r->n));
  return worst;
}

/* The scale of eigen.h, from the header's words: the residual may be 1e-11 of it. */
static double scale_of(const afb_symmetric *m)
{
  double *row = calloc((size_t)m->n, sizeof *row), low = INFINITY, high = -INFINITY, largest = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < m->n; i++)
      for (int64_t e = m->start[i]; e < m->start[i + 1]; e++) {
        int diagonal = m->column[e] == i;
        double v = m->value[e] - (diagonal ? (low + high) / 2 : 0);
        if (pass == 0) {
          low = diagonal ? fmin(low, m->value[e]) : low;
          high = diagonal ? fmax(high, m->value[e]) : high;
          continue;
        }
        row[i] += v * v;
        row[m->column[e]] += diagonal ? 0 : v * v;
      }
  for (int i = 0; i < m->n; i++)
    largest = fmax(largest, sqrt(row[i]));
  free(row);
  return largest;
}

static double worst_difference(int count, const double *x, const double *y)
{
  double worst = 0;
  for (int i = 0; i < count; i++)
    worst = fmax(worst, fabs(x[i] - y[i]));
  return worst;
}

/* Bits of the result against those of rank 0. */
static int same_on_all_ranks(MPI_Comm comm, const afb_eigen_result *r)
{
  uint64_t mine = afb_hash(AFB_HASH_START, r->value, (size_t)r->n_wanted * sizeof *r->value), first;
  first = mine = afb_hash(mine, r->vector, (size_t)r->n_wanted * (size_t)r->n * sizeof *r->vector);
  MPI_Bcast(&first, 1, MPI_UINT64_T, 0, comm);
  return mine == first;
}

/* All solvers: residual, orthonormality, values within `close` of LAPACK's, vectors within `vectors`. */
static void compare(const matrix *a, int n_wanted, double close, double vectors)
{
  afb_eigen_result r[N_NAMES];
  for (int s = 0; s < N_NAMES; s++) {
    check_ok(
      afb_eigen_solve(MPI_COMM_WORLD, &a->m, &(afb_eigen_request){.solver = names[s], .n_wanted = n_wanted}, &r[s]));
    check_true(r[s].n_converged == r[s].n_wanted && strcmp(r[s].solver, names[s]) == 0);
    check_true(same_on_all_ranks(MPI_COMM_WORLD, &r[s]));
    check_close(worst_residual(a, &r[s]), 0, 1.01e-11 * scale_of(&a->m) + 1e-14 * fabs(r[s].value[0]));
    check_close(worst_overlap(&r[s]), 0, 1e-12);
    check_close(worst_difference(r[s].n_wanted, r[s].value, r[0].value), 0, close);
    check_close(worst_difference(r[s].n_wanted * a->m.n, r[s].vector, r[0].vector), 0, vectors);
  }
  for (int s = 0; s < N_NAMES; s++)
    afb_eigen_result_clear(&r[s]);
}

static void solvers_agree_on_sparse_matrices(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    matrix a = ci_like(300, -6600.0, 10, 0.3, 0.1, seed);
    compare(&a, 6, 6600 * 1e-14, 1e-8);
    matrix_clear(&a);
    a = ci_like(300, 0.0, 10, 4.0, 0.05, seed);
    compare(&a, 4, 1e-11, 1e-8);
    matrix_clear(&a);
    a = ci_like(500, -6600.0, 300, 0.3, 0.1, seed);
    compare(&a, 8, 6600 * 1e-14, 1e-8);
    matrix_clear(&a);
  }
}

/* All pairs, and sizes below, at and above the blocks of a distributed matrix. */
static void solvers_agree_on_all_levels(void **state)
{
  (void)state;
  static const int size[] = {1, 2, 3, 5, 33, 70, 130};
  for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
    matrix a = ci_like(size[i], 1.0, 10, 1.0, 0.5, 7 + i);
    compare(&a, 0, 1e-12, 1e-8);
    compare(&a, size[i] / 2 + 1, 1e-12, 1e-8);
    matrix_clear(&a);
  }
}

/* Values of threefold, sixfold and nearly equal levels are those put in, and the basis does not depend on the solver. */
static void clusters_are_complete(void **state)
{
  (void)state;
  enum { N = 120 };
  double spectrum[N];
  for (int i = 0; i < N; i++)
    spectrum[i] = i < 3 ? -5.0 : i < 9 ? -4.0 : i < 11 ? -3.0 + 1e-7 * (i - 9) : 0.05 * i;
  matrix a = with_spectrum(N, spectrum, 11);
  compare(&a, 9, 1e-12, 1e-8);
  for (int s = 0; s < N_NAMES; s++) {
    afb_eigen_result r;
    check_ok(afb_eigen_solve(MPI_COMM_WORLD, &a.m, &(afb_eigen_request){.solver = names[s], .n_wanted = 11}, &r));
    check_true(r.n_converged == 11);
    check_close(worst_difference(11, r.value, spectrum), 0, 1e-11);
    afb_eigen_result_clear(&r);
  }
  matrix_clear(&a);
}

/* Four copies of one matrix and no coupling between them: every level fourfold, and out of reach of the guesses. */
static void decoupled_blocks_are_all_found(void **state)
{
  (void)state;
  enum { N = 40, COPIES = 4 };
  double *a = calloc((size_t)N * COPIES * N * COPIES, sizeof *a);
  for (int i = 0; i < N; i++)
    for (int j = 0; j <= i; j++)
      for (int c = 0; c < COPIES; c++)
        a[(i * COPIES + c) * N * COPIES + j * COPIES + c] =
          (i == j ? i : 0.0) + afb_random_uniform(5, 5, (uint64_t)(i * N + j)) - 0.5;
  matrix s = from_dense(N * COPIES, a);
  free(a);
  compare(&s, 12, 1e-12, 1e-8);
  matrix_clear(&s);
}

/* A level whose own block has large diagonals and larger couplings lies below those with small diagonals. */
static void a_hidden_lowest_level_is_found(void **state)
{
  (void)state;
  enum { N = 200 };
  double *a = calloc((size_t)N * N, sizeof *a);
  for (int i = 0; i < N; i++)
    a[i * N + i] = 0.01 * i;
  for (int i = 190; i < N; i++)
    for (int j = 190; j < i; j++)
      a[i * N + j] = -1.0;
  matrix s = from_dense(N, a);
  free(a);
  compare(&s, 3, 1e-12, 1e-8);
  matrix_clear(&s);
}

static void a_warm_start_saves_iterations(void **state)
{
  (void)state;
  matrix a = ci_like(400, -100.0, 10, 0.4, 0.1, 21);
  afb_eigen_result cold, warm;
  afb_eigen_request request = {.solver = "slepc", .n_wanted = 4};
  check_ok(afb_eigen_solve(MPI_COMM_WORLD, &a.m, &request, &cold));
  for (int64_t e = 0; e < a.m.start[a.m.n]; e++)
    a.value[e] *= 1 + 1e-6 * afb_random_uniform(3, 3, (uint64_t)e);
  request.n_start = 4;
  request.start = cold.vector;
  check_ok(afb_eigen_solve(MPI_COMM_WORLD, &a.m, &request, &warm));
  check_true(warm.n_converged == 4);
  check_close(worst_residual(&a, &warm), 0, 1e-9);
  if (warm.iterations >= cold.iterations)
    fprintf(stderr, "# %d iterations with, %d without a start\n", warm.iterations, cold.iterations);
  check_true(warm.iterations < cold.iterations);
  afb_eigen_result_clear(&cold);
  afb_eigen_result_clear(&warm);
  matrix_clear(&a);
}

/* Half of the ranks solve, and solve different problems in turn; the other half never does, and nobody waits. */
static void half_of_the_ranks_may_solve(void **state)
{
  (void)state;
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm half;
  MPI_Comm_split(MPI_COMM_WORLD, rank < (size + 1) / 2 ? 0 : MPI_UNDEFINED, rank, &half);
  double worst = 0;
  int failures = 0;
  if (half != MPI_COMM_NULL) {
    for (int round = 0; round < 3; round++)
      for (int s = 0; s < N_NAMES; s++) {
        matrix a = ci_like(60 + 10 * round, 0.0, 10, 0.5, 0.3, (uint64_t)(31 + round));
        afb_eigen_result r;
        failures += afb_eigen_solve(half, &a.m, &(afb_eigen_request){.solver = names[s], .n_wanted = 3}, &r) != AFB_OK;
        failures += r.n_converged != 3 || !same_on_all_ranks(half, &r);
        worst = fmax(worst, worst_residual(&a, &r));
        afb_eigen_result_clear(&r);
        matrix_clear(&a);
      }
    MPI_Comm_free(&half);
  }
  check_true(failures == 0);
  check_close(worst, 0, 1e-9);
}

/* Every rank alone, each with another matrix and another number of solves. */
static void ranks_may_solve_alone(void **state)
{
  (void)state;
  int rank, failures = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int round = 0; round <= rank; round++)
    for (int s = 0; s < N_NAMES; s++) {
      matrix a = ci_like(40 + rank, 0.0, 10, 0.5, 0.3, (uint64_t)(41 + rank));
      afb_eigen_result r;
      failures +=
        afb_eigen_solve(MPI_COMM_SELF, &a.m, &(afb_eigen_request){.solver = names[s], .n_wanted = 2}, &r) != AFB_OK;
      failures += r.n_converged != 2 || !(worst_residual(&a, &r) < 1e-9);
      afb_eigen_result_clear(&r);
      matrix_clear(&a);
    }
  check_true(failures == 0);
}

static void an_iteration_limit_is_a_result(void **state)
{
  (void)state;
  matrix a = ci_like(300, 0.0, 10, 4.0, 0.05, 3);
  afb_eigen_result r;
  check_ok(afb_eigen_solve(MPI_COMM_WORLD, &a.m,
                           &(afb_eigen_request){.solver = "slepc", .n_wanted = 5, .max_iterations = 2}, &r));
  check_true(r.n_converged < 5 && isnan(r.value[4]) && r.vector[4 * 300] == 0);
  afb_eigen_result_clear(&r);
  matrix_clear(&a);
}

static void dense_matches_a_known_spectrum(void **state)
{
  (void)state;
  /* Second differences: lambda_k = 2 - 2 cos(pi k / (n + 1)), x_k(i) ~ sin(pi k i / (n + 1)). */
  enum { N = 25 };
  double a[N * N] = {0}, value[N], vector[N * N], only[3];
  for (int i = 0; i < N; i++) {
    a[i + N * i] = 2;
    if (i + 1 < N) {
      a[i + 1 + N * i] = -1;
      a[i + N * (i + 1)] = 77; /* the upper triangle is not read */
    }
  }
  check_ok(afb_eigen_dense(N, a, N, value, vector));
  check_ok(afb_eigen_dense(N, a, 3, only, NULL));
  double pi = acos(-1.0);
  for (int k = 0; k < N; k++) {
    check_close(value[k], 2 - 2 * cos(pi * (k + 1) / (N + 1)), 1e-13);
    double sign = 0;
    for (int i = 0; i < N; i++) {
      double x = sqrt(2.0 / (N + 1)) * sin(pi * (k + 1) * (i + 1) / (N + 1));
      if (sign == 0 && fabs(vector[k * N + i]) > 1e-6)
        sign = copysign(1, x * vector[k * N + i]);
      check_close(vector[k * N + i], sign * x, 1e-12);
    }
  }
  check_close(worst_difference(3, only, value), 0, 1e-13);
}

static void signs_and_bases_are_fixed(void **state)
{
  (void)state;
  double a[9] = {0, 0, 0, 0, 0, 0, 0, 0, 0}, value[3], vector[9];
  a[0] = a[4] = a[8] = 4; /* threefold: the unit vectors in order */
  check_ok(afb_eigen_dense(3, a, 3, value, vector));
  for (int i = 0; i < 9; i++)
    check_close(vector[i], i % 4 == 0, 1e-14);
  a[1] = 1; /* 3, 4, 5 */
  check_ok(afb_eigen_dense(3, a, 3, value, vector));
  static const double expected[9] = {1, -1, 0, 0, 0, 1, 1, 1, 0};
  for (int k = 0; k < 3; k++) {
    check_close(value[k], 3 + k, 1e-14);
    for (int i = 0; i < 3; i++)
      check_close(vector[3 * k + i], expected[3 * k + i] * (k == 1 ? 1 : sqrt(0.5)), 1e-14);
  }
}

static void wrong_input_is_refused(void **state)
{
  (void)state;
  int64_t start[] = {0, 1, 3};
  int32_t column[] = {0, 0, 1};
  double value[] = {1, 0.5, 2};
  afb_symmetric m = {.n = 2, .start = start, .column = column, .value = value};
  afb_eigen_result r;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){.solver = "lanczos"}, &r) == AFB_E_INPUT);
  check_true(r.value == NULL && strstr(afb_error_text(), "lanczos") && strstr(afb_error_text(), "scalapack"));
  column[1] = 2;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){0}, &r) == AFB_E_INPUT);
  start[1] = 4;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){0}, &r) == AFB_E_INPUT);
  start[1] = 1;
  column[1] = 1;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){0}, &r) == AFB_E_INPUT);
  column[1] = 0;
  value[2] = NAN;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){0}, &r) == AFB_E_NUMERIC);
  double a = INFINITY, v;
  check_true(afb_eigen_dense(1, &a, 1, &v, NULL) == AFB_E_NUMERIC);
  check_true(afb_eigen_dense(1, &a, 2, &v, NULL) == AFB_E_INPUT);
}

/* A matrix that no rank has whole, rows dealt out in turn, gives what the whole one gives. */
static void rows_may_lie_on_any_rank(void **state)
{
  (void)state;
  matrix a = ci_like(300, -100.0, 10, 0.4, 0.1, 31), own = ci_like(300, -100.0, 10, 0.4, 0.1, 31);
  int rank, size;
  int64_t n = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int i = 0; i < 300; i++) {
    for (int64_t e = a.start[i]; i % size == rank && e < a.start[i + 1]; e++) {
      own.column[n] = a.column[e];
      own.value[n++] = a.value[e];
    }
    own.start[i + 1] = n;
  }
  own.m.spread = 1;
  for (int s = 0; s < N_NAMES; s++) {
    afb_eigen_result whole, spread;
    afb_eigen_request request = {.solver = names[s], .n_wanted = 5};
    check_ok(afb_eigen_solve(MPI_COMM_WORLD, &a.m, &request, &whole));
    check_ok(afb_eigen_solve(MPI_COMM_WORLD, &own.m, &request, &spread));
    check_true(same_on_all_ranks(MPI_COMM_WORLD, &spread));
    check_close(worst_difference(5, whole.value, spread.value), 0, 1e-12);
    check_close(worst_difference(5 * 300, whole.vector, spread.vector), 0, 1e-8);
    afb_eigen_result_clear(&whole);
    afb_eigen_result_clear(&spread);
  }
  matrix_clear(&a);
  matrix_clear(&own);
}

/* Solvers for a few levels refuse half of the spectrum of a large matrix, and say what to take. */
static void a_few_levels_are_few(void **state)
{
  (void)state;
  enum { N = 2400 };
  static int64_t start[N + 1];
  static int32_t column[N];
  static double value[N];
  for (int i = 0; i < N; i++) {
    start[i + 1] = i + 1;
    column[i] = i;
    value[i] = i;
  }
  afb_symmetric m = {.n = N, .start = start, .column = column, .value = value};
  afb_eigen_result r;
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){.solver = "slepc", .n_wanted = N / 2}, &r) == AFB_E_LIMIT);
  check_true(r.value == NULL && strstr(afb_error_text(), "1200 of 2400 levels") && strstr(afb_error_text(), "scalapack"));
  check_true(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){.solver = "davidson"}, &r) == AFB_E_LIMIT);
}

static void the_solver_follows_size_and_demand(void **state)
{
  (void)state;
  check_true(strcmp(afb_eigen_choose(2000, 3, 4), "lapack") == 0);
  check_true(strcmp(afb_eigen_choose(2001, 3, 4), "slepc") == 0);
  check_true(strcmp(afb_eigen_choose(2001, 3, 1), "slepc") == 0);
  check_true(strcmp(afb_eigen_choose(5000, 50, 4), "slepc") == 0);
  check_true(strcmp(afb_eigen_choose(5000, 51, 4), "scalapack") == 0);
  check_true(strcmp(afb_eigen_choose(5000, 0, 4), "scalapack") == 0);
  check_true(strcmp(afb_eigen_choose(5000, 0, 1), "lapack") == 0);
  int count;
  const afb_eigen_facts *const *facts = afb_eigen_solvers(&count);
  check_true(count == N_NAMES);
  for (int i = 0; i < count; i++)
    check_true(strcmp(facts[i]->name, names[i]) == 0 && facts[i]->reference[0]);
}

/* The libraries leave the program's signals as they were. */
static void signals_are_left_alone(void **state)
{
  (void)state;
  static const int number[] = {SIGTERM, SIGUSR1, SIGSEGV, SIGFPE, SIGINT, SIGABRT, SIGHUP};
  static struct sigaction before[7];
  for (int i = 0; i < 7; i++)
    sigaction(number[i], NULL, &before[i]);
  half_of_the_ranks_may_solve(NULL);
  for (int i = 0; i < 7; i++) {
    struct sigaction after;
    sigaction(number[i], NULL, &after);
    check_true(after.sa_handler == before[i].sa_handler);
  }
}

static void finalize_ends_the_libraries(void **state)
{
  (void)state;
  double value = 3;
  int32_t zero = 0;
  int64_t start[] = {0, 1};
  afb_symmetric m = {.n = 1, .start = start, .column = &zero, .value = &value};
  afb_eigen_result r;
  afb_eigen_finalize();
  afb_eigen_finalize();
  check_ok(afb_eigen_solve(MPI_COMM_WORLD, &m, &(afb_eigen_request){.solver = "lapack"}, &r));
  check_close(r.value[0], 3, 0);
  afb_eigen_result_clear(&r);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(signals_are_left_alone),         cmocka_unit_test(half_of_the_ranks_may_solve),
  cmocka_unit_test(ranks_may_solve_alone),          cmocka_unit_test(solvers_agree_on_sparse_matrices),
  cmocka_unit_test(solvers_agree_on_all_levels),    cmocka_unit_test(clusters_are_complete),
  cmocka_unit_test(decoupled_blocks_are_all_found), cmocka_unit_test(a_hidden_lowest_level_is_found),
  cmocka_unit_test(a_warm_start_saves_iterations),  cmocka_unit_test(an_iteration_limit_is_a_result),
  cmocka_unit_test(dense_matches_a_known_spectrum), cmocka_unit_test(signs_and_bases_are_fixed),
  cmocka_unit_test(wrong_input_is_refused),         cmocka_unit_test(rows_may_lie_on_any_rank),
  cmocka_unit_test(a_few_levels_are_few),
  cmocka_unit_test(the_solver_follows_size_and_demand),
  cmocka_unit_test(finalize_ends_the_libraries),
};
CHECK_MAIN(tests)
