/* Dense eigenpairs by LAPACK. Rank 0 computes and sends: processors of another kind would round otherwise. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/eigen_solver.h"
#include "numeric/lapack.h"

/* a: [n][n], destroyed. vector: [n_wanted][n] or NULL. */
static afb_status lowest(int n, double *a, int n_wanted, double *value, double *vector)
{
  const char *jobz = vector ? "V" : "N", *range = n_wanted == n ? "A" : "I";
  int one = 1, found = 0, info = 0, ask = -1, integers = 0, ldz = vector ? n : 1;
  double none = 0, size = 0, unused = 0;
  size_t length = (size_t)n;
  double *w = malloc(length * sizeof *w);
  int *support = malloc(2 * length * sizeof *support);
  double *work = NULL;
  int *iwork = NULL;
  afb_status status = AFB_OK;
  double *z = vector ? vector : &unused;
  dsyevr_(jobz, range, "L", &n, a, &n, &none, &none, &one, &n_wanted, &none, &found, w, z, &ldz, support, &size, &ask,
          &integers, &ask, &info);
  int reals = (int)size;
  work = malloc((size_t)(reals > 0 ? reals : 1) * sizeof *work);
  iwork = malloc((size_t)(integers > 0 ? integers : 1) * sizeof *iwork);
  if (!w || !support || !work || !iwork) {
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the eigenvalues of %d rows", n);
  } else {
    dsyevr_(jobz, range, "L", &n, a, &n, &none, &none, &one, &n_wanted, &none, &found, w, z, &ldz, support, work,
            &reals, iwork, &integers, &info);
    if (info != 0 || found != n_wanted)
      status =
        AFB_FAIL(AFB_E_NUMERIC, "dsyevr found %d of %d eigenvalues of %d rows (info %d)", found, n_wanted, n, info);
    else
      memcpy(value, w, (size_t)n_wanted * sizeof *value);
  }
  free(w);
  free(support);
  free(work);
  free(iwork);
  return status;
}

static afb_status solve_here(const afb_eigen_problem *problem, afb_eigen_result *result)
{
  const afb_symmetric *m = problem->matrix;
  size_t n = (size_t)m->n;
  double *a = calloc(n * n, sizeof *a);
  if (!a)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a dense matrix of %d rows", m->n);
  for (size_t i = 0; i < n; i++)
    for (int64_t e = m->start[i]; e < m->start[i + 1]; e++)
      a[i + n * (size_t)m->column[e]] = m->value[e];
  for (size_t i = 0; i < n; i++)
    a[i + n * i] -= problem->shift;
  afb_status status = lowest(m->n, a, problem->n_wanted, result->value, result->vector);
  free(a);
  return status;
}

static afb_status solve(MPI_Comm comm, const afb_eigen_problem *problem, afb_eigen_result *result)
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  AFB_TRY(afb_agree(comm, rank == 0 ? solve_here(problem, result) : AFB_OK));
  result->n_converged = problem->n_wanted;
  MPI_Bcast(result->value, problem->n_wanted, MPI_DOUBLE, 0, comm);
  for (int k = 0; k < problem->n_wanted; k++)
    MPI_Bcast(result->vector + (size_t)k * (size_t)result->n, result->n, MPI_DOUBLE, 0, comm);
  return AFB_OK;
}

const afb_eigen_solver afb_eigen_lapack = {
  .facts = {.name = "lapack",
            .description = "dense, relatively robust representations, on one rank",
            .library = "LAPACK dsyevr",
            .reference = "Dhillon, Parlett, Voemel, ACM Trans. Math. Softw. 32, 533 (2006)",
            .max_rows = 32768},
  .solve = solve,
};

static double largest_entry(int n, const double *a)
{
  double largest = 0;
  size_t length = (size_t)n;
  for (size_t j = 0; j < length; j++)
    for (size_t i = j; i < length; i++) {
      if (!isfinite(a[i + length * j]))
        return NAN;
      largest = fmax(largest, fabs(a[i + length * j]));
    }
  return largest;
}

afb_status afb_eigen_dense(int n, const double *a, int n_wanted, double *value, double *vector)
{
  if (n < 1 || n_wanted < 1 || n_wanted > n)
    return AFB_FAIL(AFB_E_INPUT, "%d eigenvalues of a matrix of %d rows", n_wanted, n);
  double scale = largest_entry(n, a);
  if (isnan(scale))
    return AFB_FAIL(AFB_E_NUMERIC, "a matrix of %d rows has an entry that is not finite", n);
  size_t entries = (size_t)n * (size_t)n;
  double *copy = malloc(entries * sizeof *copy);
  if (!copy)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a dense matrix of %d rows", n);
  memcpy(copy, a, entries * sizeof *copy);
  afb_status status = lowest(n, copy, n_wanted, value, vector);
  free(copy);
  if (status != AFB_OK)
    return status;
  return afb_eigen_canonical(n, n_wanted, scale, value, vector);
}
