#include "atomic/ci.h"

#include <math.h>
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
    b->mixing = calloc((size_t)b->n * (size_t)b->n_levels, sizeof *b->mixing);
    if (!b->mixing)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d vectors of %d CSFs", b->n_levels, b->n);
  }
  for (int i = 0; i < list->n_blocks; i++)
    out->block[i].weight /= total;
  return AFB_OK;
}

static void clear_matrix(afb_symmetric *matrix)
{
  free((void *)matrix->row);
  free((void *)matrix->column);
  free((void *)matrix->value);
  *matrix = (afb_symmetric){0};
}

void afb_ci_clear(afb_ci *ci)
{
  for (int i = 0; ci->block && i < ci->n_blocks; i++) {
    free(ci->block[i].value);
    free(ci->block[i].vector);
    free(ci->block[i].mixing);
    clear_matrix(&ci->block[i].matrix);
  }
  free(ci->block);
  *ci = (afb_ci){0};
}

/* Entries of one (row, column) follow each other: H_rs = sum of value * y. Arrays of n_entries are the caller's to free. */
static afb_status block_matrix(const afb_angular *angular, int block, const double *y, int n, afb_symmetric *out)
{
  int64_t first = angular->entry_start[block], last = angular->entry_start[block + 1], m = -1;
  size_t most = (size_t)(last - first) + 1;
  int32_t *row = malloc(most * sizeof *row), *column = malloc(most * sizeof *column);
  double *value = malloc(most * sizeof *value);
  *out = (afb_symmetric){.n = n, .row = row, .column = column, .value = value};
  if (!row || !column || !value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a Hamiltonian matrix of %d CSFs", n);
  for (int64_t e = first; e < last; e++) {
    if (m < 0 || row[m] != angular->row[e] || column[m] != angular->column[e]) {
      m++;
      row[m] = angular->row[e];
      column[m] = angular->column[e];
      value[m] = 0;
    }
    value[m] += angular->value[e] * y[angular->index[e]];
  }
  out->n_entries = m + 1;
  return AFB_OK;
}

/* Takes over the eigenpairs of a solution. */
static afb_status keep_solution(afb_eigen_result *solution, afb_ci_block *b)
{
  if (solution->n_converged < solution->n_wanted)
    return AFB_FAIL(AFB_E_NUMERIC, "%s found %d of %d levels of %d CSFs", solution->solver, solution->n_converged,
                    solution->n_wanted, b->n);
  free(b->value);
  free(b->vector);
  b->value = solution->value;
  b->vector = solution->vector;
  b->n_known = solution->n_wanted;
  solution->value = solution->vector = NULL;
  for (int r = 0; r < b->n; r++)
    for (int l = 0; l < b->n_levels; l++)
      b->mixing[(size_t)r * (size_t)b->n_levels + (size_t)l] = b->vector[(size_t)l * (size_t)b->n + (size_t)r];
  return AFB_OK;
}

afb_status afb_ci_solve(MPI_Comm comm, const afb_angular *angular, const double *y, int whole, afb_ci *ci)
{
  for (int i = 0; i < ci->n_blocks; i++) {
    afb_ci_block *b = ci->block + i;
    afb_symmetric matrix;
    afb_eigen_request request = {.n_wanted = whole && b->n <= AFB_CI_WHOLE ? b->n : b->n_levels,
                                 .n_start = b->n_known < b->n_levels ? 0 : b->n_levels, .start = b->vector};
    afb_eigen_result solution = {0};
    afb_status status = afb_agree(comm, block_matrix(angular, i, y, b->n, &matrix));
    if (status == AFB_OK)
      status = afb_eigen_solve(comm, &matrix, &request, &solution);
    if (status == AFB_OK)
      status = keep_solution(&solution, b);
    afb_eigen_result_clear(&solution);
    clear_matrix(&b->matrix);
    if (status == AFB_OK && whole && b->n > AFB_CI_WHOLE && b->n_levels < b->n)
      b->matrix = matrix;
    else
      clear_matrix(&matrix);
    AFB_TRY(status);
  }
  return AFB_OK;
}

double afb_ci_energy(const afb_ci *ci, const afb_angular *angular, const double *y)
{
  double total = 0;
  for (int i = 0; i < ci->n_blocks; i++) {
    const afb_ci_block *b = ci->block + i;
    double sum = 0;
    if (ci->average) {
      for (int64_t e = angular->entry_start[i]; e < angular->entry_start[i + 1]; e++)
        if (angular->row[e] == angular->column[e])
          sum += angular->value[e] * y[angular->index[e]];
    } else {
      for (int l = 0; l < b->n_levels; l++)
        sum += b->value[l];
    }
    total += b->weight * sum;
  }
  return total;
}

static double dot(int n, const double *a, const double *b)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

void afb_ci_density(const afb_ci *ci, const afb_angular *angular, double *gamma)
{
  memset(gamma, 0, (size_t)angular->n_integrals * sizeof *gamma);
  for (int i = 0; i < ci->n_blocks; i++) {
    const afb_ci_block *b = ci->block + i;
    int row = -1, column = -1, m = b->n_levels;
    double density = 0;
    for (int64_t e = angular->entry_start[i]; e < angular->entry_start[i + 1]; e++) {
      if (angular->row[e] != row || angular->column[e] != column) {
        row = angular->row[e];
        column = angular->column[e];
        if (ci->average)
          density = row == column ? b->weight : 0;
        else
          density = (row == column ? 1 : 2) * b->weight *
                    dot(m, b->mixing + (size_t)row * (size_t)m, b->mixing + (size_t)column * (size_t)m);
      }
      gamma[angular->index[e]] += density * angular->value[e];
    }
  }
}

/* dh[n][n_levels] = (change of H) applied to the optimised vectors; diagonal[n] of H itself. */
static void apply_change(const afb_angular *angular, int block, const afb_ci_block *b, const double *dy, double *dh)
{
  size_t m = (size_t)b->n_levels;
  memset(dh, 0, (size_t)b->n * m * sizeof *dh);
  for (int64_t e = angular->entry_start[block]; e < angular->entry_start[block + 1]; e++) {
    double v = angular->value[e] * dy[angular->index[e]];
    size_t r = (size_t)angular->row[e] * m, c = (size_t)angular->column[e] * m;
    for (size_t l = 0; l < m; l++)
      dh[r + l] += v * b->mixing[c + l];
    if (r != c)
      for (size_t l = 0; l < m; l++)
        dh[c + l] += v * b->mixing[r + l];
  }
}

/* dc[n][n_levels] = -sum over the other states j of |j> <j|dh> / (E_j - E_l). States among the optimised ones of the block
 * are left out: their weights are equal, so that their mutual rotation changes no density. */
static void rotate_into_others(const afb_ci_block *b, const double *dh, double *dc)
{
  size_t n = (size_t)b->n, m = (size_t)b->n_levels;
  memset(dc, 0, n * m * sizeof *dc);
  for (size_t j = m; j < (size_t)b->n_known; j++) {
    const double *v = b->vector + j * n;
    for (size_t l = 0; l < m; l++) {
      double overlap = 0;
      for (size_t r = 0; r < n; r++)
        overlap += v[r] * dh[r * m + l];
      double gap = b->value[j] - b->value[l];
      overlap /= gap > 1e-8 ? gap : 1e-8;
      for (size_t r = 0; r < n; r++)
        dc[r * m + l] -= overlap * v[r];
    }
  }
}

static void matrix_vector(const afb_symmetric *h, const double *x, double *y)
{
  memset(y, 0, (size_t)h->n * sizeof *y);
  for (int64_t e = 0; e < h->n_entries; e++) {
    y[h->row[e]] += h->value[e] * x[h->column[e]];
    if (h->row[e] != h->column[e])
      y[h->column[e]] += h->value[e] * x[h->row[e]];
  }
}

static void leave_levels(const afb_ci_block *b, double *x)
{
  for (int k = 0; k < b->n_levels; k++) {
    const double *v = b->vector + (size_t)k * (size_t)b->n;
    double overlap = dot(b->n, v, x);
    for (int r = 0; r < b->n; r++)
      x[r] -= overlap * v[r];
  }
}

/* x = -(H - E)^-1 right in the complement of the levels, to 1e-11 of the right-hand side; diagonal preconditioner.
 * `right` is changed; work: [4][n]. */
static void solve_shifted(const afb_ci_block *b, double energy, double *right, double *work, double *x)
{
  enum { MOST = 200 };
  size_t n = (size_t)b->n;
  double *direction = work, *image = direction + n, *scaled = image + n, *diagonal = scaled + n;
  for (int64_t e = 0; e < b->matrix.n_entries; e++)
    if (b->matrix.row[e] == b->matrix.column[e])
      diagonal[b->matrix.row[e]] = fmax(b->matrix.value[e] - energy, 1e-2);
  memset(x, 0, n * sizeof *x);
  leave_levels(b, right);
  double start = dot(b->n, right, right), now = start, product = 0;
  for (int it = 0; it < MOST && now > 1e-22 * start; it++) {
    for (size_t r = 0; r < n; r++)
      scaled[r] = right[r] / diagonal[r];
    leave_levels(b, scaled);
    double before = product;
    product = dot(b->n, right, scaled);
    for (size_t r = 0; r < n; r++)
      direction[r] = scaled[r] + (it > 0 ? product / before * direction[r] : 0);
    matrix_vector(&b->matrix, direction, image);
    for (size_t r = 0; r < n; r++)
      image[r] -= energy * direction[r];
    leave_levels(b, image);
    double curvature = dot(b->n, direction, image);
    if (!(curvature > 0))
      return;
    for (size_t r = 0; r < n; r++) {
      x[r] -= product / curvature * direction[r];
      right[r] -= product / curvature * image[r];
    }
    now = dot(b->n, right, right);
  }
}

/* As rotate_into_others, of a block whose spectrum is not held. */
static afb_status rotate_by_equations(const afb_ci_block *b, const double *dh, double *dc)
{
  size_t n = (size_t)b->n, m = (size_t)b->n_levels;
  double *right = malloc(6 * n * sizeof *right), *x = right + n, *work = x + n;
  if (!right)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n);
  for (size_t l = 0; l < m; l++) {
    for (size_t r = 0; r < n; r++)
      right[r] = dh[r * m + l];
    solve_shifted(b, b->value[l], right, work, x);
    for (size_t r = 0; r < n; r++)
      dc[r * m + l] = x[r];
  }
  free(right);
  return AFB_OK;
}

afb_status afb_ci_response(const afb_ci *ci, const afb_angular *angular, const double *dy, double *dgamma)
{
  memset(dgamma, 0, (size_t)angular->n_integrals * sizeof *dgamma);
  for (int i = 0; i < ci->n_blocks && !ci->average; i++) {
    const afb_ci_block *b = ci->block + i;
    size_t m = (size_t)b->n_levels, size = (size_t)b->n * m;
    if (b->n_levels == b->n || (b->n_known < b->n && !b->matrix.value))
      continue;
    double *dh = malloc(2 * size * sizeof *dh), *dc = dh + size;
    if (!dh)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n);
    apply_change(angular, i, b, dy, dh);
    if (b->n_known == b->n) {
      rotate_into_others(b, dh, dc);
    } else {
      afb_status status = rotate_by_equations(b, dh, dc);
      if (status != AFB_OK) {
        free(dh);
        return status;
      }
    }
    for (int64_t e = angular->entry_start[i]; e < angular->entry_start[i + 1]; e++) {
      size_t r = (size_t)angular->row[e] * m, c = (size_t)angular->column[e] * m;
      double change = dot((int)m, dc + r, b->mixing + c) + dot((int)m, b->mixing + r, dc + c);
      dgamma[angular->index[e]] += (r == c ? 1 : 2) * b->weight * change * angular->value[e];
    }
    free(dh);
  }
  return AFB_OK;
}
