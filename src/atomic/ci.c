#include "atomic/ci.h"

#include <stdlib.h>
#include <string.h>

#include "numeric/eigen.h"

afb_status afb_ci_create(const afb_csf_list *list, afb_optimise optimise, int n_levels, afb_ci *out)
{
  *out = (afb_ci){.n_blocks = list->n_blocks, .average = optimise == AFB_OPTIMISE_AVERAGE};
  out->block = calloc((size_t)list->n_blocks, sizeof *out->block);
  if (!out->block)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d blocks", list->n_blocks);
  double total = 0;
  for (int i = 0; i < list->n_blocks; i++) {
    afb_ci_block *b = out->block + i;
    b->n = list->block[i].n_csf;
    b->n_levels = optimise == AFB_OPTIMISE_LEVELS && n_levels > 0 && n_levels < b->n ? n_levels : b->n;
    b->weight = list->block[i].two_j + 1;
    total += b->weight * b->n_levels;
    b->mixing = out->average ? NULL : calloc((size_t)b->n * (size_t)b->n_levels, sizeof *b->mixing);
    if (!b->mixing && !out->average)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d vectors of %d CSFs", b->n_levels, b->n);
  }
  for (int i = 0; i < list->n_blocks; i++)
    out->block[i].weight /= total;
  return AFB_OK;
}

static void clear_matrix(afb_symmetric *matrix)
{
  free((void *)matrix->start);
  free((void *)matrix->value);
  *matrix = (afb_symmetric){0};
}

void afb_ci_clear(afb_ci *ci)
{
  for (int i = 0; ci->block && i < ci->n_blocks; i++) {
    free(ci->block[i].value);
    free(ci->block[i].vector);
    free(ci->block[i].mixing);
    free(ci->block[i].factor);
    clear_matrix(&ci->block[i].matrix);
  }
  free(ci->block);
  *ci = (afb_ci){0};
}

/* This rank's rows of a block's Hamiltonian. start and value are the caller's to free; the columns stay the angular part's. */
static afb_status block_matrix(const afb_angular *angular, int block, const double *y, afb_symmetric *out)
{
  const int first = angular->first[block], n = angular->first[block + 1] - first;
  const int64_t begin = angular->start[first], count = angular->start[first + n] - begin;
  int64_t *start = malloc(((size_t)n + 1) * sizeof *start);
  double *value = malloc(((size_t)count + 1) * sizeof *value);
  *out = (afb_symmetric){.n = n, .spread = 1, .start = start, .column = angular->column + begin, .value = value};
  if (!start || !value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a Hamiltonian matrix of %d CSFs", n);
  for (int r = 0; r <= n; r++)
    start[r] = angular->start[first + r] - begin;
  for (int64_t e = 0; e < count; e++) {
    afb_matrix_element h = afb_angular_element(angular, begin + e);
    double sum = 0;
    for (int i = 0; i < h.n; i++)
      sum += h.value[i] * y[h.index[i]];
    value[e] = sum;
  }
  return AFB_OK;
}

/* Takes over the eigenpairs of a solution. */
static void keep_solution(afb_eigen_result *solution, afb_ci_block *b)
{
  free(b->value);
  free(b->vector);
  free(b->factor);
  b->factor = NULL;
  b->value = solution->value;
  b->vector = solution->vector;
  b->n_known = solution->n_wanted;
  b->n_rough = solution->n_extra;
  solution->value = solution->vector = NULL;
  for (int r = 0; r < b->n; r++)
    for (int l = 0; l < b->n_levels; l++)
      b->mixing[(size_t)r * (size_t)b->n_levels + (size_t)l] = b->vector[(size_t)l * (size_t)b->n + (size_t)r];
}

/* From MEDIUM CSFs on an iteration for a few levels, from the vectors of the time before, is cheaper than a dense solution. */
enum { MEDIUM = 800, FEW = 16 };

/* The whole spectrum of a small block is LAPACK's, whatever is chosen for the levels. */
static const char *choose_solver(const afb_ci *ci, const afb_ci_block *b, int all)
{
  if (all)
    return NULL;
  if (ci->eigensolver && strcmp(ci->eigensolver, "auto") != 0)
    return ci->eigensolver;
  return b->n >= MEDIUM && b->n_levels <= b->n / FEW ? "davidson" : NULL;
}

static afb_status solve_block(MPI_Comm comm, const afb_symmetric *matrix, int whole, const afb_ci *ci, afb_ci_block *b)
{
  int all = whole && b->n <= AFB_CI_WHOLE, near = b->n_known >= b->n_levels && b->n_known < b->n;
  afb_eigen_request request = {.solver = choose_solver(ci, b, all), .n_wanted = all ? b->n : b->n_levels, .tolerance = ci->tolerance,
                               .n_start = near ? b->n_known + b->n_rough : 0, .start = b->vector};
  afb_eigen_result solution = {0};
  afb_status status = afb_eigen_solve(comm, matrix, &request, &solution);
  if (status == AFB_OK && request.solver && request.solver != ci->eigensolver && solution.n_converged < solution.n_wanted) {
    request.solver = NULL;
    afb_eigen_result_clear(&solution);
    status = afb_eigen_solve(comm, matrix, &request, &solution);
  }
  if (status == AFB_OK && solution.n_converged < solution.n_wanted)
    status = AFB_FAIL(AFB_E_NUMERIC, "%s found %d of %d levels of %d CSFs", solution.solver, solution.n_converged,
                      solution.n_wanted, b->n);
  if (status == AFB_OK)
    keep_solution(&solution, b);
  afb_eigen_result_clear(&solution);
  return status;
}

afb_status afb_ci_solve(MPI_Comm comm, const afb_angular *angular, const double *y, int whole, afb_ci *ci)
{
  for (int i = 0; i < ci->n_blocks; i++) {
    afb_ci_block *b = ci->block + i;
    afb_symmetric matrix;
    afb_status status = afb_agree(comm, block_matrix(angular, i, y, &matrix));
    if (status == AFB_OK)
      status = solve_block(comm, &matrix, whole, ci, b);
    clear_matrix(&b->matrix);
    if (status == AFB_OK && whole && b->n > AFB_CI_WHOLE && b->n_levels < b->n)
      b->matrix = matrix;
    else
      clear_matrix(&matrix);
    AFB_TRY(status);
  }
  return AFB_OK;
}
