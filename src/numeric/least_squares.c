/* The right-hand side is carried along as a last column: the triangle of (A b) is (R c; 0 rho), with which
 * || A x - b ||^2 = || R x - c ||^2 + rho^2. */
#include "numeric/least_squares.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, char *order, int n_rows, int n_columns);
void Cblacs_gridexit(int context);
void pdgeqrf_(const int *m, const int *n, double *a, const int *ia, const int *ja, const int *desca, double *tau,
              double *work, const int *lwork, int *info);

enum { PANEL = 32, MAX_BLOCK = 2048 };

static afb_status no_memory(int n) { return AFB_FAIL(AFB_E_MEMORY, "no memory for a fit of %d coefficients", n - 1); }

/* What is below the diagonal of the n x n at the top of an array are reflections. */
static void clear_below(int n, int leading, double *r)
{
  for (int j = 0; j < n; j++)
    memset(r + (size_t)j * (size_t)leading + j + 1, 0, (size_t)(n - j - 1) * sizeof *r);
}

/* The triangle stands on top of the rows that wait to be folded into it. */
struct afb_least_squares {
  int n;                       /* columns with the right-hand side */
  int block, count;            /* rows that have room; that wait */
  int64_t rows;
  double *stack;               /* [n][n + block], by columns */
  double *tau, *work;
};

afb_status afb_least_squares_create(int n, afb_least_squares **out)
{
  afb_least_squares *fit = *out = calloc(1, sizeof *fit);
  if (!fit)
    return no_memory(n + 1);
  fit->n = n + 1;
  fit->block = 4 * fit->n < MAX_BLOCK ? 4 * fit->n : MAX_BLOCK;
  fit->stack = calloc((size_t)(fit->n + fit->block) * (size_t)fit->n, sizeof *fit->stack);
  fit->tau = malloc((size_t)fit->n * sizeof *fit->tau);
  fit->work = malloc((size_t)fit->n * PANEL * sizeof *fit->work);
  if (fit->stack && fit->tau && fit->work)
    return AFB_OK;
  afb_least_squares_destroy(out);
  return no_memory(n + 1);
}

void afb_least_squares_destroy(afb_least_squares **fit)
{
  if (!*fit)
    return;
  free((*fit)->stack);
  free((*fit)->tau);
  free((*fit)->work);
  free(*fit);
  *fit = NULL;
}

static afb_status fold(afb_least_squares *fit)
{
  int n = fit->n, leading = n + fit->block, rows = n + fit->count, size = n * PANEL, info = 0;
  if (fit->count == 0)
    return AFB_OK;
  dgeqrf_(&rows, &n, fit->stack, &leading, fit->tau, fit->work, &size, &info);
  fit->count = 0;
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "dgeqrf refused %d rows of %d columns (info %d)", rows, n, info);
  clear_below(n, leading, fit->stack);
  return AFB_OK;
}

afb_status afb_least_squares_add(afb_least_squares *fit, const double *a, double b, double weight)
{
  int n = fit->n - 1;
  size_t leading = (size_t)(fit->n + fit->block);
  double *row = fit->stack + fit->n + fit->count++;
  for (int j = 0; j < n; j++)
    row[(size_t)j * leading] = weight * a[j];
  row[(size_t)n * leading] = weight * b;
  fit->rows++;
  return fit->count == fit->block ? fold(fit) : AFB_OK;
}

/* r [n][n] column-major: the triangle of this rank's rows; zero without rows. */
static afb_status triangle_of(afb_least_squares *fit, double *r)
{
  size_t n = (size_t)fit->n, leading = n + (size_t)fit->block;
  AFB_TRY(fold(fit));
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++) {
      r[j * n + i] = fit->stack[j * leading + i];
      if (!isfinite(r[j * n + i]))
        return AFB_FAIL(AFB_E_NUMERIC, "least squares: a row is not finite");
    }
  return AFB_OK;
}

/* Of the triangles of all ranks, one below the other, to that of rank 0. */
static afb_status reduce_triangles(MPI_Comm comm, int n, double *r)
{
  int size, one = 1, ask = -1, info = 0, handle = Csys2blacs_handle(comm), context = handle;
  char order[] = "Row";
  MPI_Comm_size(comm, &size);
  Cblacs_gridinit(&context, order, size, 1);
  int rows = size * n, panel = n < PANEL ? n : PANEL;
  int descriptor[9] = {1, context, rows, n, n, panel, 0, 0, n};
  double want = 0, *tau = malloc((size_t)n * sizeof *tau), *work = NULL;
  pdgeqrf_(&rows, &n, r, &one, &one, descriptor, tau, &want, &ask, &info);
  int length = (int)want + 1;
  if (info == 0)
    work = malloc((size_t)length * sizeof *work);
  afb_status status = info != 0     ? AFB_FAIL(AFB_E_NUMERIC, "pdgeqrf refused %d columns (info %d)", n, info)
                      : tau && work ? AFB_OK : no_memory(n);
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    pdgeqrf_(&rows, &n, r, &one, &one, descriptor, tau, work, &length, &info);
    status = afb_agree(comm, info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "pdgeqrf failed (info %d)", info));
  }
  free(tau);
  free(work);
  Cblacs_gridexit(context);
  Cfree_blacs_system_handle(handle);
  return status;
}

typedef struct {
  double *matrix, *u, *vt, *s, *c, *work;
  int *iwork;
} spectrum;

static void spectrum_clear(spectrum *v)
{
  free(v->matrix);
  free(v->u);
  free(v->vt);
  free(v->s);
  free(v->c);
  free(v->work);
  free(v->iwork);
}

/* R = U S V^T of the leading n x n of r, which has a row and a column more. */
static afb_status decompose(int n, const double *r, spectrum *v)
{
  size_t square = (size_t)n * (size_t)n;
  int ask = -1, info = 0;
  double want = 0;
  v->matrix = malloc(square * sizeof *v->matrix);
  v->u = malloc(square * sizeof *v->u);
  v->vt = malloc(square * sizeof *v->vt);
  v->s = malloc((size_t)n * sizeof *v->s);
  v->c = malloc((size_t)n * sizeof *v->c);
  v->iwork = malloc(8 * (size_t)n * sizeof *v->iwork);
  if (!v->matrix || !v->u || !v->vt || !v->s || !v->c || !v->iwork)
    return no_memory(n + 1);
  for (int j = 0; j < n; j++)
    memcpy(v->matrix + (size_t)j * (size_t)n, r + (size_t)j * (size_t)(n + 1), (size_t)n * sizeof *r);
  dgesdd_("A", &n, &n, v->matrix, &n, v->s, v->u, &n, v->vt, &n, &want, &ask, v->iwork, &info);
  int length = (int)want + 1;
  v->work = malloc((size_t)length * sizeof *v->work);
  if (!v->work)
    return no_memory(n + 1);
  dgesdd_("A", &n, &n, v->matrix, &n, v->s, v->u, &n, v->vt, &n, v->work, &length, v->iwork, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "dgesdd failed for %d columns (info %d)", n, info);
  return AFB_OK;
}

/* The minimum of ||R x - c||^2 + ridge ||x||^2, n unknowns. */
static afb_status solve_triangle(int n, const double *r, double ridge, double tolerance, double *x, afb_least_squares_result *result)
{
  const double *c = r + (size_t)n * (size_t)(n + 1);
  spectrum v = {0};
  afb_status status = decompose(n, r, &v);
  if (status == AFB_OK) {
    result->rank = 0;
    result->condition = v.s[n - 1] > 0 ? v.s[0] / v.s[n - 1] : INFINITY;
    double outside = c[n] * c[n];
    cblas_dgemv(CblasColMajor, CblasTrans, n, n, 1, v.u, n, c, 1, 0, v.c, 1);
    for (int k = 0; k < n; k++) {
      int counts = v.s[k] > tolerance * v.s[0];
      double y = counts ? v.s[k] * v.c[k] / (v.s[k] * v.s[k] + ridge) : 0, miss = v.s[k] * y - v.c[k];
      result->rank += counts;
      outside += miss * miss;
      v.c[k] = y;
    }
    result->residual = sqrt(outside);
    cblas_dgemv(CblasColMajor, CblasTrans, n, n, 1, v.vt, n, v.c, 1, 0, x, 1);
  }
  spectrum_clear(&v);
  return status;
}

afb_status afb_least_squares_solve(MPI_Comm comm, afb_least_squares *fit, double ridge, double tolerance, double *x,
                                   afb_least_squares_result *result)
{
  int rank, n = fit->n;
  MPI_Comm_rank(comm, &rank);
  double *r = calloc((size_t)n * (size_t)n, sizeof *r);
  afb_status status = afb_agree(comm, r ? triangle_of(fit, r) : no_memory(n));
  if (status == AFB_OK)
    status = reduce_triangles(comm, n, r);
  if (status == AFB_OK && rank == 0) {
    clear_below(n, n, r);
    status = solve_triangle(n - 1, r, ridge, tolerance, x, result);
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Allreduce(&fit->rows, &result->rows, 1, MPI_INT64_T, MPI_SUM, comm);
    MPI_Bcast(x, n - 1, MPI_DOUBLE, 0, comm);
    MPI_Bcast(&result->rank, 1, MPI_INT, 0, comm);
    MPI_Bcast(&result->condition, 1, MPI_DOUBLE, 0, comm);
    MPI_Bcast(&result->residual, 1, MPI_DOUBLE, 0, comm);
  }
  free(r);
  return status;
}
