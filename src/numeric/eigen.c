#include "numeric/eigen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "numeric/eigen_solver.h"
#include "numeric/petsc.h"

static const afb_eigen_solver *const solvers[] = {&afb_eigen_lapack, &afb_eigen_slepc, &afb_eigen_scalapack,
                                                  &afb_eigen_davidson};
enum { N_SOLVERS = sizeof solvers / sizeof *solvers };

enum { DENSE_ROWS = 2000, FEW_LEVELS = 16, FEW_PERCENT = 1, DEFAULT_ITERATIONS = 2000 };
static const double default_tolerance = 1e-11;

const afb_eigen_facts *const *afb_eigen_solvers(int *count)
{
  static const afb_eigen_facts *facts[N_SOLVERS];
  for (int i = 0; i < N_SOLVERS; i++)
    facts[i] = &solvers[i]->facts;
  *count = N_SOLVERS;
  return facts;
}

const char *afb_eigen_choose(int n, int n_wanted, int n_ranks)
{
  if (n_wanted <= 0 || n_wanted > n)
    n_wanted = n;
  if (n <= DENSE_ROWS)
    return afb_eigen_lapack.facts.name;
  if (n_wanted <= FEW_LEVELS || n_wanted <= n / 100 * FEW_PERCENT)
    return afb_eigen_slepc.facts.name;
  return n_ranks > 1 ? afb_eigen_scalapack.facts.name : afb_eigen_lapack.facts.name;
}

static afb_status find_solver(const char *name, int n, int n_wanted, int n_ranks, const afb_eigen_solver **solver)
{
  if (!name || strcmp(name, "auto") == 0)
    name = afb_eigen_choose(n, n_wanted, n_ranks);
  for (int i = 0; i < N_SOLVERS; i++)
    if (strcmp(name, solvers[i]->facts.name) == 0) {
      *solver = solvers[i];
      if (n > solvers[i]->facts.max_rows)
        return AFB_FAIL(AFB_E_LIMIT, "a matrix of %d rows is beyond the %d of the eigensolver \"%s\"", n,
                        solvers[i]->facts.max_rows, name);
      if (solvers[i]->facts.few && n > DENSE_ROWS && n_wanted > n / 4)
        return AFB_FAIL(AFB_E_LIMIT, "the eigensolver \"%s\" is for a few levels, not %d of %d levels: take lapack, scalapack or auto", name,
                        n_wanted, n);
      return AFB_OK;
    }
  return AFB_FAIL(AFB_E_INPUT, "unknown eigensolver \"%s\": auto, lapack, slepc, scalapack or davidson", name);
}

static afb_status check_matrix(const afb_symmetric *a)
{
  if (a->n < 1 || a->start[0] != 0)
    return AFB_FAIL(AFB_E_INPUT, "a matrix of %d rows has no eigenvalues", a->n);
  for (int i = 0; i < a->n; i++) {
    if (a->start[i + 1] < a->start[i])
      return AFB_FAIL(AFB_E_INPUT, "matrix row %d ends before it begins", i);
    for (int64_t e = a->start[i]; e < a->start[i + 1]; e++) {
      int32_t j = a->column[e];
      if (j < 0 || j > i)
        return AFB_FAIL(AFB_E_INPUT, "matrix entry %lld, (%d, %d), is outside the lower triangle of %d rows",
                        (long long)e, i, (int)j, a->n);
      if (e > a->start[i] && j <= a->column[e - 1])
        return AFB_FAIL(AFB_E_INPUT, "matrix entries %lld and %lld are not in ascending order", (long long)(e - 1),
                        (long long)e);
      if (!isfinite(a->value[e]))
        return AFB_FAIL(AFB_E_NUMERIC, "matrix entry (%d, %d) is not finite", i, (int)j);
    }
  }
  return AFB_OK;
}

/* Collective. Shift: the middle of the diagonal's range. Scale: the largest 2-norm of a row of the shifted matrix; of a spread matrix to 20
 * bits, so that it does not depend on how the matrix is spread. square: [n], diagonal: [n]. */
static void measure(MPI_Comm comm, const afb_symmetric *a, double *square, double *diagonal, double *shift, double *scale)
{
  for (int i = 0; i < a->n; i++)
    for (int64_t e = a->start[i]; e < a->start[i + 1]; e++) {
      double v = a->value[e];
      if (a->column[e] == i) {
        diagonal[i] = v;
      } else {
        square[i] += v * v;
        square[a->column[e]] += v * v;
      }
    }
  if (a->spread) {
    afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
    MPI_Allreduce(MPI_IN_PLACE, square, a->n, MPI_DOUBLE, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, diagonal, a->n, MPI_DOUBLE, MPI_SUM, comm);
    afb_phase_enter(phase);
  }
  double low = diagonal[0], high = diagonal[0], largest = 0;
  for (int i = 1; i < a->n; i++) {
    low = fmin(low, diagonal[i]);
    high = fmax(high, diagonal[i]);
  }
  *shift = low + (high - low) / 2;
  for (int i = 0; i < a->n; i++)
    largest = fmax(largest, square[i] + (diagonal[i] - *shift) * (diagonal[i] - *shift));
  *scale = sqrt(largest);
  if (a->spread) {
    int exponent;
    double fraction = frexp(*scale, &exponent);
    *scale = ldexp(round(fraction * 0x1p20), exponent - 20);
  }
}

static void clear_matrix(afb_symmetric *a)
{
  free((void *)a->start);
  free((void *)a->column);
  free((void *)a->value);
  *a = (afb_symmetric){0};
}

/* Collective. All rows of a spread matrix on every rank; the arrays are to be freed. */
static afb_status gather(MPI_Comm comm, const afb_symmetric *a, afb_symmetric *all)
{
  enum { PIECE = 1 << 27 };
  int64_t *start = calloc((size_t)a->n + 1, sizeof *start);
  *all = (afb_symmetric){.n = a->n, .start = start};
  AFB_TRY(afb_agree(comm, start ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d rows", a->n)));
  for (int i = 0; i < a->n; i++)
    start[i + 1] = a->start[i + 1] - a->start[i];
  MPI_Allreduce(MPI_IN_PLACE, start, a->n + 1, MPI_INT64_T, MPI_SUM, comm);
  for (int i = 0; i < a->n; i++)
    start[i + 1] += start[i];
  int64_t total = start[a->n];
  int32_t *column = calloc((size_t)total + 1, sizeof *column);
  double *value = calloc((size_t)total + 1, sizeof *value);
  all->column = column;
  all->value = value;
  AFB_TRY(afb_agree(comm, column && value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld matrix entries on one rank; use the "
                                                              "eigensolver davidson, which leaves them spread", (long long)total)));
  for (int i = 0; i < a->n; i++) {
    size_t n = (size_t)(a->start[i + 1] - a->start[i]);
    if (n == 0)
      continue;
    memcpy(column + start[i], a->column + a->start[i], n * sizeof *column);
    memcpy(value + start[i], a->value + a->start[i], n * sizeof *value);
  }
  /* Entries are non-zero on one rank at most, so that the sums are exact. */
  for (int64_t at = 0; at < total; at += PIECE) {
    int n = (int)(total - at < PIECE ? total - at : PIECE);
    MPI_Allreduce(MPI_IN_PLACE, column + at, n, MPI_INT32_T, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, value + at, n, MPI_DOUBLE, MPI_SUM, comm);
  }
  return AFB_OK;
}

static afb_status allocate(int n, int n_wanted, afb_eigen_result *result)
{
  result->n = n;
  result->n_wanted = n_wanted;
  result->value = malloc((size_t)n_wanted * sizeof *result->value);
  result->vector = calloc(((size_t)n_wanted + AFB_EIGEN_GUARD) * (size_t)n, sizeof *result->vector);
  if (!result->value || !result->vector)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d eigenvectors of length %d", n_wanted, n);
  return AFB_OK;
}

static afb_status prepare(const afb_symmetric *matrix, const afb_eigen_request *request, int n_ranks,
                          afb_eigen_problem *problem, const afb_eigen_solver **solver, double **room, afb_eigen_result *result)
{
  AFB_TRY(check_matrix(matrix));
  int n = matrix->n, wanted = request->n_wanted;
  *problem = (afb_eigen_problem){
    .matrix = matrix,
    .n_wanted = wanted <= 0 || wanted > n ? n : wanted,
    .tolerance = request->tolerance > 0 ? request->tolerance : default_tolerance,
    .max_iterations = request->max_iterations > 0 ? request->max_iterations : DEFAULT_ITERATIONS,
    .n_start = request->n_start,
    .start = request->start,
  };
  AFB_TRY(find_solver(request->solver, n, problem->n_wanted, n_ranks, solver));
  *room = calloc(2 * (size_t)n, sizeof **room);
  if (!*room)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the diagonal of %d rows", n);
  AFB_TRY(allocate(n, problem->n_wanted, result));
  result->solver = (*solver)->facts.name;
  return AFB_OK;
}

static afb_status finish(const afb_eigen_problem *problem, afb_eigen_result *result)
{
  AFB_TRY(afb_eigen_canonical(result->n, result->n_converged, problem->scale, result->value, result->vector));
  for (int k = 0; k < result->n_converged; k++)
    result->value[k] += problem->shift;
  for (int k = result->n_converged; k < result->n_wanted; k++)
    result->value[k] = NAN;
  size_t n = (size_t)result->n, known = (size_t)result->n_converged;
  memset(result->vector + known * n, 0, ((size_t)result->n_wanted - known) * n * sizeof *result->vector);
  return AFB_OK;
}

afb_status afb_eigen_solve(MPI_Comm comm, const afb_symmetric *matrix, const afb_eigen_request *request,
                           afb_eigen_result *result)
{
  int n_ranks;
  MPI_Comm_size(comm, &n_ranks);
  *result = (afb_eigen_result){0};
  afb_eigen_problem problem;
  afb_symmetric all = {0};
  const afb_eigen_solver *solver = NULL;
  double *room = NULL;
  afb_status status = afb_agree(comm, prepare(matrix, request, n_ranks, &problem, &solver, &room, result));
  if (status == AFB_OK && matrix->spread && n_ranks > 1 && solver != &afb_eigen_davidson) {
    status = gather(comm, matrix, &all);
    problem.matrix = &all;
  }
  if (status == AFB_OK) {
    measure(comm, problem.matrix, room, room + matrix->n, &problem.shift, &problem.scale);
    status = solver->solve(comm, &problem, result);
  }
  if (status == AFB_OK)
    status = afb_agree(comm, finish(&problem, result));
  free(room);
  clear_matrix(&all);
  if (status != AFB_OK)
    afb_eigen_result_clear(result);
  return status;
}

void afb_eigen_result_clear(afb_eigen_result *result)
{
  free(result->value);
  free(result->vector);
  *result = (afb_eigen_result){0};
}

double afb_eigen_residual(const afb_symmetric *a, double lambda, const double *x)
{
  double *y = malloc((size_t)a->n * sizeof *y);
  if (!y)
    return NAN;
  for (int i = 0; i < a->n; i++)
    y[i] = -lambda * x[i];
  for (int i = 0; i < a->n; i++)
    for (int64_t e = a->start[i]; e < a->start[i + 1]; e++) {
      int32_t j = a->column[e];
      y[i] += a->value[e] * x[j];
      if (i != j)
        y[j] += a->value[e] * x[i];
    }
  double error = 0, norm = 0;
  for (int i = 0; i < a->n; i++) {
    error += y[i] * y[i];
    norm += x[i] * x[i];
  }
  free(y);
  return sqrt(error / norm);
}

void afb_eigen_finalize(void) { afb_petsc_end(); }
