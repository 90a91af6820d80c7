/* Few lowest eigenpairs of a sparse matrix by SLEPc: generalized Davidson, corrections r / (theta - diagonal), which suit the
 * diagonal dominance of configuration interaction (Davidson, J. Comput. Phys. 17, 87 (1975)); where it does not get
 * all levels, and for small matrices, Krylov-Schur. The upper triangle is distributed by rows, about an equal number of
 * entries to each rank. */
#include <limits.h>
#include <math.h>
#include <slepceps.h>
#include <stdlib.h>

#include "core/random.h"
#include "numeric/eigen_solver.h"
#include "numeric/petsc.h"

enum { BLOCK = 2 };                      /* corrections in one step of Davidson's method */
enum { SMALL_ROWS = 64 };                /* too few for Davidson's method to choose from */
enum { GUARD = 2 };                      /* guesses beyond the wanted levels, so that none is overlooked */
static const double start_noise = 1e-3;  /* of a guess: reaches rows that the guesses do not couple to */
static const double nearest_pole = 1e-3; /* of the scale: |theta - diagonal| is not taken to be smaller */

typedef struct {
  int first, end;    /* own rows of the upper triangle */
  int *count;        /* [n_ranks] rows of each rank */
  int *displacement; /* [n_ranks] */
  PetscInt *start, *column;
  PetscScalar *value; /* compressed rows, the diagonal always present and first */
} share;

static void share_clear(share *s)
{
  free(s->count);
  free(s->displacement);
  free(s->start);
  free(s->column);
  free(s->value);
}

/* Row j of the upper triangle holds the entries of column j of the lower. */
static afb_status share_rows(int n_ranks, int rank, const afb_symmetric *m, share *s)
{
  s->count = calloc((size_t)n_ranks, sizeof *s->count);
  s->displacement = calloc((size_t)n_ranks, sizeof *s->displacement);
  int64_t *length = malloc((size_t)m->n * sizeof *length), total = m->n, before = 0;
  if (!s->count || !s->displacement || !length) {
    free(length);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to share out %d rows", m->n);
  }
  for (int i = 0; i < m->n; i++)
    length[i] = 1;
  for (int r = 0; r < m->n; r++)
    for (int64_t e = m->start[r]; e < m->start[r + 1]; e++)
      if (m->column[e] != r) {
        length[m->column[e]]++;
        total++;
      }
  for (int i = 0; i < m->n; i++) {
    int owner = (int)((double)before / (double)total * n_ranks);
    s->count[owner < n_ranks ? owner : n_ranks - 1]++;
    before += length[i];
  }
  for (int r = 1; r < n_ranks; r++)
    s->displacement[r] = s->displacement[r - 1] + s->count[r - 1];
  s->first = s->displacement[rank];
  s->end = s->first + s->count[rank];
  s->start = calloc((size_t)(s->end - s->first) + 1, sizeof *s->start);
  int64_t own = 0;
  for (int i = s->first; i < s->end && s->start; i++) {
    own += length[i];
    s->start[i - s->first + 1] = (PetscInt)own;
  }
  free(length);
  if (own > (sizeof(PetscInt) == 4 ? INT32_MAX : INT64_MAX / 16))
    return AFB_FAIL(AFB_E_LIMIT, "%lld matrix entries on one rank are beyond this PETSc's integers", (long long)own);
  s->column = malloc((size_t)(own + 1) * sizeof *s->column);
  s->value = malloc((size_t)(own + 1) * sizeof *s->value);
  if (!s->start || !s->column || !s->value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld matrix entries", (long long)own);
  return AFB_OK;
}

static afb_status fill_rows(const afb_eigen_problem *problem, share *s)
{
  const afb_symmetric *m = problem->matrix;
  int rows = s->end - s->first;
  PetscInt *next = malloc((size_t)(rows + 1) * sizeof *next);
  if (!next)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to share out %d rows", rows);
  for (int i = 0; i < rows; i++) {
    s->column[s->start[i]] = s->first + i;
    s->value[s->start[i]] = -problem->shift;
    next[i] = s->start[i] + 1;
  }
  for (int r = 0; r < m->n; r++)
    for (int64_t e = m->start[r]; e < m->start[r + 1]; e++) {
      int i = m->column[e] - s->first;
      if (i < 0 || i >= rows)
        continue;
      if (m->column[e] == r) {
        s->value[s->start[i]] += m->value[e];
      } else {
        s->column[next[i]] = r;
        s->value[next[i]++] = m->value[e];
      }
    }
  free(next);
  return AFB_OK;
}

/* Guesses beyond the caller's: unit vectors at the lowest diagonals, found without sorting all of them. */
static afb_status lowest_diagonals(const afb_symmetric *m, int count, int *index)
{
  double *best = malloc((size_t)count * sizeof *best);
  double *diagonal = calloc((size_t)m->n, sizeof *diagonal);
  int held = 0;
  if (best && diagonal) {
    for (int i = 0; i < m->n; i++)
      if (m->start[i + 1] > m->start[i] && m->column[m->start[i + 1] - 1] == i)
        diagonal[i] = m->value[m->start[i + 1] - 1];
    for (int i = 0; i < m->n; i++) {
      if (held == count && diagonal[i] >= best[held - 1])
        continue;
      int k = held < count ? held++ : held - 1;
      for (; k > 0 && diagonal[i] < best[k - 1]; k--) {
        best[k] = best[k - 1];
        index[k] = index[k - 1];
      }
      best[k] = diagonal[i];
      index[k] = i;
    }
  }
  afb_status status = best && diagonal ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d guesses", count);
  free(best);
  free(diagonal);
  return status;
}

static PetscErrorCode create_matrix(MPI_Comm comm, int n, const share *s, Mat *matrix)
{
  PetscInt rows = s->end - s->first;
  PetscCall(MatCreate(comm, matrix));
  PetscCall(MatSetSizes(*matrix, rows, rows, n, n));
  PetscCall(MatSetType(*matrix, MATSBAIJ));
  PetscCall(MatSeqSBAIJSetPreallocationCSR(*matrix, 1, s->start, s->column, s->value));
  PetscCall(MatMPISBAIJSetPreallocationCSR(*matrix, 1, s->start, s->column, s->value));
  return MatSetOption(*matrix, MAT_SYMMETRIC, PETSC_TRUE);
}

/* Component i of guess k. Counter-based noise: the same guesses on any number of ranks. */
static double guess(const afb_eigen_problem *problem, const int *lowest, int k, int i)
{
  double noise = start_noise * (afb_random_uniform(0, (uint64_t)k, (uint64_t)i) - 0.5) / sqrt(problem->matrix->n);
  if (k < problem->n_start)
    return problem->start[(size_t)k * (size_t)problem->matrix->n + (size_t)i];
  return (lowest[k - problem->n_start] == i ? 1.0 : 0.0) + noise;
}

static PetscErrorCode set_guesses(const afb_eigen_problem *problem, const share *s, const int *lowest, int count,
                                  Mat matrix, EPS eps)
{
  Vec *space, model;
  PetscCall(MatCreateVecs(matrix, &model, NULL));
  PetscCall(VecDuplicateVecs(model, count, &space));
  for (int k = 0; k < count; k++) {
    PetscScalar *x;
    PetscCall(VecGetArray(space[k], &x));
    for (int i = s->first; i < s->end; i++)
      x[i - s->first] = guess(problem, lowest, k, i);
    PetscCall(VecRestoreArray(space[k], &x));
  }
  PetscCall(EPSSetInitialSpace(eps, count, space));
  PetscCall(VecDestroyVecs(count, &space));
  return VecDestroy(&model);
}

/* Davidson's preconditioner: the diagonal, and theta of the level that is being improved. */
typedef struct {
  Vec diagonal;
  double theta, pole;
} davidson;

static PetscErrorCode follow_theta(EPS eps, PetscInt iteration, PetscInt converged, PetscScalar *real,
                                   PetscScalar *imaginary, PetscReal *error, PetscInt count, void *context)
{
  (void)eps;
  (void)iteration;
  (void)imaginary;
  (void)error;
  if (converged < count)
    ((davidson *)context)->theta = real[converged];
  return 0;
}

static PetscErrorCode apply_davidson(PC pc, Vec x, Vec y)
{
  davidson *own;
  const PetscScalar *in, *diagonal;
  PetscScalar *out;
  PetscInt rows;
  PetscCall(PCShellGetContext(pc, &own));
  PetscCall(VecGetLocalSize(x, &rows));
  PetscCall(VecGetArrayRead(x, &in));
  PetscCall(VecGetArrayRead(own->diagonal, &diagonal));
  PetscCall(VecGetArray(y, &out));
  for (PetscInt i = 0; i < rows; i++) {
    double distance = diagonal[i] - own->theta;
    out[i] = in[i] / copysign(fmax(fabs(distance), own->pole), distance);
  }
  PetscCall(VecRestoreArray(y, &out));
  PetscCall(VecRestoreArrayRead(own->diagonal, &diagonal));
  return VecRestoreArrayRead(x, &in);
}

static PetscErrorCode use_davidson(const afb_eigen_problem *problem, int guesses, Mat matrix, davidson *own, EPS eps)
{
  ST st;
  KSP ksp;
  PC pc;
  PetscCall(MatCreateVecs(matrix, &own->diagonal, NULL));
  PetscCall(MatGetDiagonal(matrix, own->diagonal));
  PetscCall(VecMin(own->diagonal, NULL, &own->theta));
  own->pole = nearest_pole * problem->scale;
  PetscCall(EPSSetType(eps, EPSGD));
  PetscCall(EPSGDSetBlockSize(eps, BLOCK));
  PetscCall(EPSGDSetInitialSize(eps, guesses));
  PetscCall(EPSMonitorSet(eps, follow_theta, own, NULL));
  PetscCall(EPSGetST(eps, &st));
  PetscCall(STGetKSP(st, &ksp));
  PetscCall(KSPSetType(ksp, KSPPREONLY));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetType(pc, PCSHELL));
  PetscCall(PCShellSetContext(pc, own));
  return PCShellSetApply(pc, apply_davidson);
}

/* The guesses are the basis of Davidson's method at first; more of them leave more room. */
static PetscErrorCode configure(const afb_eigen_problem *problem, int guesses, Mat matrix, EPS eps)
{
  int n = problem->matrix->n,
      room = 2 * problem->n_wanted > problem->n_wanted + 15 ? 2 * problem->n_wanted : problem->n_wanted + 15;
  room = room > guesses + 2 * BLOCK ? room : guesses + 2 * BLOCK;
  PetscCall(EPSSetOperators(eps, matrix, NULL));
  PetscCall(EPSSetProblemType(eps, EPS_HEP));
  PetscCall(EPSSetWhichEigenpairs(eps, EPS_SMALLEST_REAL));
  PetscCall(EPSSetDimensions(eps, problem->n_wanted, room < n ? room : n, PETSC_DEFAULT));
  PetscCall(EPSSetConvergenceTest(eps, EPS_CONV_ABS));
  /* Half of it: what SLEPc compares with is an estimate, some per cent short of the residual. */
  return EPSSetTolerances(eps, 0.5 * problem->tolerance * (problem->scale > 0 ? problem->scale : 1.0),
                          problem->max_iterations);
}

static PetscErrorCode collect(MPI_Comm comm, const share *s, Mat matrix, EPS eps, afb_eigen_result *result)
{
  PetscInt converged, iterations;
  Vec x;
  PetscCall(EPSGetConverged(eps, &converged));
  PetscCall(EPSGetIterationNumber(eps, &iterations));
  result->iterations += (int)iterations;
  result->n_converged = converged < result->n_wanted ? (int)converged : result->n_wanted;
  PetscCall(MatCreateVecs(matrix, &x, NULL));
  for (int k = 0; k < result->n_converged; k++) {
    const PetscScalar *own;
    PetscCall(EPSGetEigenpair(eps, k, &result->value[k], NULL, x, NULL));
    PetscCall(VecGetArrayRead(x, &own));
    MPI_Allgatherv(own, s->end - s->first, MPI_DOUBLE, result->vector + (size_t)k * (size_t)result->n, s->count,
                   s->displacement, MPI_DOUBLE, comm);
    PetscCall(VecRestoreArrayRead(x, &own));
  }
  MPI_Bcast(result->value, result->n_converged, MPI_DOUBLE, 0, comm);
  return VecDestroy(&x);
}

/* What one solve holds of PETSc; destroyed whether it succeeded or not. */
typedef struct {
  Mat matrix;
  EPS eps;
  davidson davidson;
} objects;

static PetscErrorCode iterate(MPI_Comm comm, const afb_eigen_problem *problem, const share *s, const int *lowest,
                              int guesses, objects *o, afb_eigen_result *result)
{
  int krylov = problem->matrix->n < SMALL_ROWS || problem->n_wanted > problem->matrix->n / 4;
  PetscCall(create_matrix(comm, problem->matrix->n, s, &o->matrix));
  for (; krylov < 2 && result->n_converged < problem->n_wanted; krylov++) {
    PetscCall(EPSDestroy(&o->eps));
    PetscCall(EPSCreate(comm, &o->eps));
    PetscCall(configure(problem, guesses, o->matrix, o->eps));
    if (krylov)
      PetscCall(EPSSetType(o->eps, EPSKRYLOVSCHUR));
    else
      PetscCall(use_davidson(problem, guesses, o->matrix, &o->davidson, o->eps));
    PetscCall(set_guesses(problem, s, lowest, guesses, o->matrix, o->eps));
    PetscCall(EPSSolve(o->eps));
    PetscCall(collect(comm, s, o->matrix, o->eps, result));
  }
  return 0;
}

static afb_status prepare(MPI_Comm comm, const afb_eigen_problem *problem, int guesses, share *s, int *lowest)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  AFB_TRY(afb_petsc_begin());
  if (!lowest)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d guesses", guesses);
  AFB_TRY(lowest_diagonals(problem->matrix, guesses, lowest));
  AFB_TRY(share_rows(size, rank, problem->matrix, s));
  return fill_rows(problem, s);
}

static afb_status solve(MPI_Comm comm, const afb_eigen_problem *problem, afb_eigen_result *result)
{
  int n = problem->matrix->n;
  int guesses = problem->n_wanted + GUARD + problem->n_start < n ? problem->n_wanted + GUARD + problem->n_start : n;
  int *lowest = malloc((size_t)guesses * sizeof *lowest);
  share s = {0};
  objects o = {0};
  afb_status status = afb_agree(comm, prepare(comm, problem, guesses, &s, lowest));
  if (status == AFB_OK) {
    status = afb_petsc_status((int)iterate(comm, problem, &s, lowest, guesses, &o, result),
                              "SLEPc failed on a sparse eigenproblem");
    (void)EPSDestroy(&o.eps);
    (void)VecDestroy(&o.davidson.diagonal);
    (void)MatDestroy(&o.matrix);
    status = afb_agree(comm, status);
  }
  share_clear(&s);
  free(lowest);
  return status;
}

const afb_eigen_solver afb_eigen_slepc = {
  .facts = {.name = "slepc",
            .description = "sparse, generalized Davidson or Krylov-Schur, lowest levels, distributed over all ranks",
            .library = "SLEPc EPSGD and EPSKRYLOVSCHUR on PETSc SBAIJ",
            .reference = "Romero, Roman, ACM Trans. Math. Softw. 40, 13 (2014)",
            .max_rows = INT_MAX,
            .few = 1},
  .solve = solve,
};
