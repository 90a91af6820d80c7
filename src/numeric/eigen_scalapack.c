/* Dense eigenpairs by ScaLAPACK: all pairs by divide and conquer (which keeps the vectors of close levels orthogonal)
 * on a block-cyclic grid over the communicator; the wanted ones are then given to every rank. */
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "numeric/eigen_solver.h"

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, char *order, int n_rows, int n_columns);
void Cblacs_gridinfo(int context, int *n_rows, int *n_columns, int *row, int *column);
void Cblacs_gridexit(int context);
void pdsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desca, double *w, double *z, const int *iz, const int *jz, const int *descz, double *work,
              const int *lwork, int *iwork, const int *liwork, int *info);

enum { BLOCK = 32 };

typedef struct {
  int context, block;
  int n_rows, n_columns, row, column; /* of the grid of ranks, and this rank's place in it */
  int local_rows, local_columns;
} grid;

/* Rows (or columns) of n that the place-th of n_places holds. */
static int local_count(int n, int block, int place, int n_places)
{
  int whole = n / block, count = whole / n_places * block, extra = whole % n_places;
  if (place < extra)
    count += block;
  else if (place == extra)
    count += n % block;
  return count;
}

static int global_index(int local, int block, int place, int n_places)
{
  return (local / block * n_places + place) * block + local % block;
}

static int larger(int a, int b) { return a > b ? a : b; }

/* As square as the number of ranks allows, with blocks so small that every rank holds something. */
static void grid_begin(MPI_Comm comm, int handle, int n, grid *g)
{
  int size;
  MPI_Comm_size(comm, &size);
  g->n_rows = 1;
  for (int d = 1; d * d <= size; d++)
    if (size % d == 0)
      g->n_rows = d;
  g->n_columns = size / g->n_rows;
  g->block = n / g->n_columns < BLOCK ? larger(1, n / g->n_columns) : BLOCK;
  g->context = handle;
  char order[] = "Row";
  Cblacs_gridinit(&g->context, order, g->n_rows, g->n_columns);
  Cblacs_gridinfo(g->context, &g->n_rows, &g->n_columns, &g->row, &g->column);
  g->local_rows = local_count(n, g->block, g->row, g->n_rows);
  g->local_columns = local_count(n, g->block, g->column, g->n_columns);
}

static void fill(const afb_eigen_problem *problem, const grid *g, double *a)
{
  const afb_symmetric *m = problem->matrix;
  size_t leading = (size_t)larger(1, g->local_rows);
  for (int row = 0; row < m->n; row++) {
    if (row / g->block % g->n_rows != g->row)
      continue;
    int local_i = row / g->block / g->n_rows * g->block + row % g->block;
    for (int64_t e = m->start[row]; e < m->start[row + 1]; e++) {
      int j = m->column[e] / g->block;
      if (j % g->n_columns != g->column)
        continue;
      int local_j = j / g->n_columns * g->block + m->column[e] % g->block;
      a[(size_t)local_i + leading * (size_t)local_j] = m->value[e];
    }
  }
  for (int local_j = 0; local_j < g->local_columns; local_j++) {
    int j = global_index(local_j, g->block, g->column, g->n_columns);
    if (j / g->block % g->n_rows == g->row) {
      int local_i = j / g->block / g->n_rows * g->block + j % g->block;
      a[(size_t)local_i + leading * (size_t)local_j] -= problem->shift;
    }
  }
}

typedef struct {
  double *a, *z, *w, *work;
  int *iwork;
} buffers;

static void buffers_clear(buffers *b)
{
  free(b->a);
  free(b->z);
  free(b->w);
  free(b->work);
  free(b->iwork);
}

static afb_status allocate(const afb_eigen_problem *problem, const grid *g, buffers *b)
{
  size_t local = (size_t)larger(1, g->local_rows) * (size_t)larger(1, g->local_columns);
  if (local > INT_MAX / 4) /* the workspace is counted in int and exceeds twice this */
    return AFB_FAIL(AFB_E_LIMIT, "a dense matrix of %d rows needs more ranks than %d", problem->matrix->n,
                    g->n_rows * g->n_columns);
  b->a = calloc(local, sizeof *b->a);
  b->z = calloc(local, sizeof *b->z);
  b->w = malloc((size_t)problem->matrix->n * sizeof *b->w);
  if (!b->a || !b->z || !b->w)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for this rank's part of a dense matrix of %d rows", problem->matrix->n);
  return AFB_OK;
}

static afb_status allocate_work(double reals, int integers, buffers *b)
{
  b->work = malloc((size_t)(reals + 1) * sizeof *b->work);
  b->iwork = malloc((size_t)(integers + 1) * sizeof *b->iwork);
  if (!b->work || !b->iwork)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the workspace of ScaLAPACK (%.0f doubles)", reals);
  return AFB_OK;
}

/* pdsyevd asks for less than its pdormtr wants when a rank holds few columns: (rows + columns + block) block of that. */
static int work_margin(const grid *g) { return (g->local_rows + g->local_columns + 2 * g->block) * g->block; }

static afb_status diagonalise(MPI_Comm comm, int n, const grid *g, buffers *b)
{
  int leading = larger(1, g->local_rows), one = 1, ask = -1, integers = 0, info = 0;
  int descriptor[9] = {1, g->context, n, n, g->block, g->block, 0, 0, leading};
  double size = 0;
  pdsyevd_("V", "L", &n, b->a, &one, &one, descriptor, b->w, b->z, &one, &one, descriptor, &size, &ask, &integers, &ask,
           &info);
  afb_status status = info != 0 ? AFB_FAIL(AFB_E_NUMERIC, "pdsyevd refused %d rows (info %d)", n, info)
                                : allocate_work(size + work_margin(g), integers, b);
  AFB_TRY(afb_agree(comm, status));
  int reals = (int)size + work_margin(g);
  pdsyevd_("V", "L", &n, b->a, &one, &one, descriptor, b->w, b->z, &one, &one, descriptor, b->work, &reals, b->iwork,
           &integers, &info);
  if (info != 0)
    status = AFB_FAIL(AFB_E_NUMERIC, "pdsyevd failed for %d rows (info %d)", n, info);
  return afb_agree(comm, status);
}

/* Every component is non-zero on one rank at most: the sums are exact. */
static void gather(MPI_Comm comm, const grid *g, const buffers *b, afb_eigen_result *result)
{
  size_t n = (size_t)result->n, leading = (size_t)larger(1, g->local_rows);
  for (int local_j = 0; local_j < g->local_columns; local_j++) {
    int j = global_index(local_j, g->block, g->column, g->n_columns);
    if (j >= result->n_wanted)
      continue;
    for (int local_i = 0; local_i < g->local_rows; local_i++)
      result->vector[(size_t)j * n + (size_t)global_index(local_i, g->block, g->row, g->n_rows)] =
        b->z[(size_t)local_i + leading * (size_t)local_j];
  }
  for (int k = 0; k < result->n_wanted; k++) {
    result->value[k] = b->w[k];
    MPI_Allreduce(MPI_IN_PLACE, result->vector + (size_t)k * n, result->n, MPI_DOUBLE, MPI_SUM, comm);
  }
  MPI_Bcast(result->value, result->n_wanted, MPI_DOUBLE, 0, comm);
}

static afb_status solve(MPI_Comm comm, const afb_eigen_problem *problem, afb_eigen_result *result)
{
  grid g;
  buffers b = {0};
  int handle = Csys2blacs_handle(comm);
  grid_begin(comm, handle, problem->matrix->n, &g);
  afb_status status = afb_agree(comm, allocate(problem, &g, &b));
  if (status == AFB_OK) {
    fill(problem, &g, b.a);
    status = diagonalise(comm, problem->matrix->n, &g, &b);
  }
  if (status == AFB_OK) {
    gather(comm, &g, &b, result);
    result->n_converged = problem->n_wanted;
  }
  buffers_clear(&b);
  Cblacs_gridexit(g.context);
  Cfree_blacs_system_handle(handle);
  return status;
}

const afb_eigen_solver afb_eigen_scalapack = {
  .facts = {.name = "scalapack",
            .description = "dense, divide and conquer, distributed over all ranks",
            .library = "ScaLAPACK pdsyevd",
            .reference = "Tisseur, Dongarra, SIAM J. Sci. Comput. 20, 2223 (1999)",
            .max_rows = 200000},
  .solve = solve,
};
