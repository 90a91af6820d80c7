#include "learn/mdn_linear.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/logistic.h"
#include "learn/mdn_work.h"
#include "numeric/lapack.h"

static const double LEAST_DEVIATION = 1e-6, LEAST_RIDGE = 1e-11;

struct afb_linear_sums {
  const afb_mdn *mdn;
  int n_in, n_out, n_matrices;
  double *a;                   /* [n_matrices][m][m], m = n_in + 1, lower triangles of X^T X */
  double *b;                   /* [n_out][m] X^T y */
  double *square, *count;      /* [n_out] of y */
  double *x;                   /* [ROWS][m] */
};

enum { ROWS = 256 };

void afb_mdn_set_inputs(afb_mdn *m, const double *mean, const double *deviation)
{
  for (int j = 0; j < m->spec.n_in; j++) {
    afb_mdn_input_mean(m)[j] = mean[j];
    afb_mdn_input_inverse(m)[j] = deviation[j] > 1e-9 * (1e-3 + fabs(mean[j])) ? 1 / deviation[j] : 0;
  }
}

afb_status afb_linear_sums_create(const afb_mdn *mdn, int complete, afb_linear_sums **out)
{
  afb_linear_sums *s = calloc(1, sizeof *s);
  size_t m = (size_t)mdn->spec.n_in + 1, n_out = (size_t)mdn->spec.n_out, matrices = complete ? 1 : n_out;
  *out = s;
  if (!s)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  *s = (afb_linear_sums){mdn, mdn->spec.n_in, mdn->spec.n_out, (int)matrices, calloc(matrices * m * m, sizeof(double)),
                         calloc(n_out * m, sizeof(double)), calloc(n_out, sizeof(double)), calloc(n_out, sizeof(double)),
                         malloc(ROWS * m * sizeof(double))};
  if (s->a && s->b && s->square && s->count && s->x)
    return AFB_OK;
  afb_linear_sums_destroy(out);
  return AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model of %zu inputs", m - 1);
}

void afb_linear_sums_destroy(afb_linear_sums **sums)
{
  afb_linear_sums *s = *sums;
  *sums = NULL;
  if (!s)
    return;
  free(s->a);
  free(s->b);
  free(s->square);
  free(s->count);
  free(s->x);
  free(s);
}

/* Standardised rows with the constant behind, those with target t known (t < 0: all); *y: rows that are left. */
static int gather(const afb_linear_sums *s, int n, const double *input, const double *target, int t, double *y)
{
  const double *mean = afb_mdn_input_mean(s->mdn), *inverse = afb_mdn_input_inverse(s->mdn);
  int rows = 0;
  for (int i = 0; i < n; i++) {
    double *x = s->x + rows * (s->n_in + 1);
    if (t >= 0 && isnan(target[i * s->n_out + t]))
      continue;
    for (int j = 0; j < s->n_in; j++)
      x[j] = (input[i * s->n_in + j] - mean[j]) * inverse[j];
    x[s->n_in] = 1;
    if (t >= 0)
      y[rows] = target[i * s->n_out + t];
    rows++;
  }
  return rows;
}

/* Targets first ... first + n_targets - 1, y [rows][ld], which have one matrix. */
static void accumulate(afb_linear_sums *s, int matrix, int first, int n_targets, int rows, const double *y, int ld)
{
  int m = s->n_in + 1;
  if (rows == 0)
    return;
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, m, rows, 1, s->x, m, 1, s->a + (size_t)matrix * (size_t)m * (size_t)m, m);
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n_targets, m, rows, 1, y, ld, s->x, m, 1, s->b + (size_t)first * (size_t)m, m);
  for (int k = 0; k < n_targets; k++) {
    s->count[first + k] += rows;
    for (int i = 0; i < rows; i++)
      s->square[first + k] += y[i * ld + k] * y[i * ld + k];
  }
}

afb_status afb_linear_sums_add(afb_linear_sums *s, int64_t n, const double *input, const double *target)
{
  double known[ROWS];
  for (int64_t first = 0; first < n; first += ROWS) {
    int rows = n - first < ROWS ? (int)(n - first) : ROWS;
    const double *x = input + first * s->n_in, *y = target + first * s->n_out;
    if (s->n_matrices == 1 && s->n_out > 1)
      accumulate(s, 0, 0, s->n_out, gather(s, rows, x, y, -1, NULL), y, s->n_out);
    for (int t = 0; t < s->n_out && s->n_matrices == s->n_out; t++)
      accumulate(s, t, t, 1, gather(s, rows, x, y, t, known), known, 1);
  }
  return AFB_OK;
}

static void sum_over_ranks(MPI_Comm comm, size_t n, double *x)
{
  enum { AT_ONCE = 1 << 24 };
  for (size_t i = 0; i < n; i += AT_ONCE)
    MPI_Allreduce(MPI_IN_PLACE, x + i, (int)(n - i < AT_ONCE ? n - i : AT_ONCE), MPI_DOUBLE, MPI_SUM, comm);
}

/* y.y - 2 b.c + c.A c, A by its lower triangle. */
static double residual(int m, const double *a, const double *b, const double *c, double square)
{
  double sum = square;
  for (int i = 0; i < m; i++) {
    double row = a[i * m + i] * c[i];
    for (int j = 0; j < i; j++)
      row += 2 * a[i * m + j] * c[j];
    sum += c[i] * (row - 2 * b[i]);
  }
  return sum > 0 ? sum : 0;
}

static void set_member(const afb_linear_sums *s, int t, const double *coefficient, double deviation, afb_mdn *mdn)
{
  int m = s->n_in + 1;
  for (int k = 0; k < mdn->spec.members; k++) {
    double *linear = afb_mdn_linear(mdn, k) + (int64_t)t * (m + 1);
    memcpy(linear, coefficient, (size_t)m * sizeof *linear);
    linear[m] = log(deviation);
  }
}

/* Targets that share a matrix; a: room for its factor. */
static afb_status solve(afb_linear_sums *s, int matrix, int first, int n_targets, double ridge, double *a, afb_mdn *mdn)
{
  int m = s->n_in + 1, info;
  size_t mm = (size_t)m * (size_t)m, width = (size_t)m;
  const double *sums = s->a + (size_t)matrix * mm;
  double *c = malloc((size_t)n_targets * width * sizeof *c), floor = mdn->spec.loss == AFB_LOSS_LIKELIHOOD ? mdn->spec.floor : LEAST_DEVIATION;
  if (!c)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  memcpy(a, sums, mm * sizeof *a);
  memcpy(c, s->b + (size_t)first * width, (size_t)n_targets * width * sizeof *c);
  /* Inputs that never change have a row of zeros. */
  for (int i = 0; i < s->n_in; i++)
    a[i * m + i] += a[i * m + i] > 0 ? ridge + LEAST_RIDGE * s->count[first] : 1;
  if (s->count[first] == 0)
    a[s->n_in * m + s->n_in] = 1;
  /* The lower triangle by rows is LAPACK's upper one. */
  dposv_("U", &m, &n_targets, a, &m, c, &m, &info);
  for (int k = 0; k < n_targets && info == 0; k++) {
    double n = s->count[first + k] > 0 ? s->count[first + k] : 1, *mine = c + (size_t)k * width;
    double square = residual(m, sums, s->b + (size_t)(first + k) * width, mine, s->square[first + k]) / n;
    set_member(s, first + k, mine, sqrt(square + floor * floor), mdn);
  }
  free(c);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "the linear model of %d inputs has no solution: use a larger ridge", s->n_in);
}

afb_status afb_linear_sums_solve(MPI_Comm comm, afb_linear_sums *s, double ridge, afb_mdn *mdn)
{
  size_t m = (size_t)s->n_in + 1, n_out = (size_t)s->n_out;
  double *a = malloc(m * m * sizeof *a);
  afb_status status = a ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  sum_over_ranks(comm, (size_t)s->n_matrices * m * m, s->a);
  sum_over_ranks(comm, n_out * m, s->b);
  sum_over_ranks(comm, n_out, s->square);
  sum_over_ranks(comm, n_out, s->count);
  int shared = s->n_matrices == 1;
  for (int t = 0; t < s->n_matrices && status == AFB_OK; t++)
    status = solve(s, t, t, shared ? s->n_out : 1, ridge, a, mdn);
  free(a);
  return afb_agree(comm, status);
}

afb_status afb_mdn_set_logistic(afb_mdn *m, int64_t n, const double *input, const double *target, double ridge)
{
  int in = m->spec.n_in, out = m->spec.n_out;
  const double *mean = afb_mdn_input_mean(m), *inverse = afb_mdn_input_inverse(m);
  float *x = malloc(((size_t)n * (size_t)in + 1) * sizeof *x), *y = malloc(((size_t)n + 1) * sizeof *y);
  double *w = malloc(((size_t)in + 2) * sizeof *w);
  afb_status status = x && y && w ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a logistic regression");
  for (int64_t i = 0; i < n * in && status == AFB_OK; i++)
    x[i] = (float)((input[i] - mean[i % in]) * inverse[i % in]);
  for (int t = 0; t < out && status == AFB_OK; t++) {
    for (int64_t i = 0; i < n; i++)
      y[i] = (float)target[i * out + t];
    memset(w, 0, ((size_t)in + 2) * sizeof *w);
    status = afb_logistic_fit(n, in, x, in, y, 1, ridge, w);
    /* Classes that a plane separates, or one class only: the network begins with nothing. */
    if (status == AFB_E_INPUT || status == AFB_E_NUMERIC) {
      memset(w, 0, ((size_t)in + 2) * sizeof *w);
      status = AFB_OK;
    }
    w[in + 1] = 0;
    for (int k = 0; k < m->spec.members && status == AFB_OK; k++)
      memcpy(afb_mdn_linear(m, k) + (int64_t)t * (in + 2), w, ((size_t)in + 2) * sizeof *w);
  }
  free(x);
  free(y);
  free(w);
  return status;
}

afb_status afb_mdn_linear_points(afb_mdn *m, int64_t n, const double *input, int member, double *out)
{
  AFB_TRY(afb_mdn_reserve(m, n < ROWS ? n : ROWS));
  for (int64_t first = 0; first < n; first += ROWS) {
    int rows = n - first < ROWS ? (int)(n - first) : ROWS;
    afb_mdn_standardise(m, rows, NULL, input + first * m->spec.n_in);
    afb_mdn_base(m, member, rows);
    memcpy(out + first * m->spec.n_out, m->work->base, (size_t)rows * (size_t)m->spec.n_out * sizeof *out);
  }
  return AFB_OK;
}
