#include "atomic/ci.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/vector.h"
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
  *out = (afb_symmetric){.n = n, .spread = 1, .row = row, .column = column, .value = value};
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
static void keep_solution(afb_eigen_result *solution, afb_ci_block *b)
{
  free(b->value);
  free(b->vector);
  b->value = solution->value;
  b->vector = solution->vector;
  b->n_known = solution->n_wanted;
  b->n_rough = solution->n_extra;
  solution->value = solution->vector = NULL;
  for (int r = 0; r < b->n; r++)
    for (int l = 0; l < b->n_levels; l++)
      b->mixing[(size_t)r * (size_t)b->n_levels + (size_t)l] = b->vector[(size_t)l * (size_t)b->n + (size_t)r];
}

/* Blocks from LARGE CSFs on are too large for a rank; from MEDIUM on an iteration from the vectors of the time before is cheaper than a
 * dense solution, which gives MORE levels than are optimised for it to begin with. */
enum { MEDIUM = 800, LARGE = 2000, MORE = 2, FEW = 16 };

static afb_status solve_block(MPI_Comm comm, const afb_symmetric *matrix, int whole, afb_ci_block *b)
{
  int few = b->n_levels <= b->n / FEW && !(whole && b->n <= AFB_CI_WHOLE);
  int near = b->n_known >= b->n_levels && b->n_known < b->n;
  afb_eigen_request request = {.n_wanted = whole && b->n <= AFB_CI_WHOLE ? b->n : b->n_levels,
                               .n_start = near ? b->n_known + b->n_rough : 0, .start = b->vector};
  afb_eigen_result solution = {0};
  int iterate = few && (b->n > LARGE || (b->n >= MEDIUM && near));
  if (iterate)
    request.solver = "davidson";
  else if (few && b->n >= MEDIUM)
    request.n_wanted += MORE;
  afb_status status = afb_eigen_solve(comm, matrix, &request, &solution);
  if (status == AFB_OK && iterate && solution.n_converged < solution.n_wanted) {
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
    afb_status status = afb_agree(comm, block_matrix(angular, i, y, b->n, &matrix));
    if (status == AFB_OK)
      status = solve_block(comm, &matrix, whole, b);
    clear_matrix(&b->matrix);
    if (status == AFB_OK && whole && b->n > AFB_CI_WHOLE && b->n_levels < b->n)
      b->matrix = matrix;
    else
      clear_matrix(&matrix);
    AFB_TRY(status);
  }
  return AFB_OK;
}

static double dot(int n, const double *a, const double *b)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Sums of numbers that are spread over the ranks, as whole multiples of 1/unit: exact, whatever the order. Overflows on the way do no
 * harm, as long as the sum itself is below 2^63/unit. */
static inline void add(uint64_t *sum, double value, double unit)
{
  *sum += (uint64_t)(int64_t)(value * unit + (value < 0 ? -0.5 : 0.5));
}

/* Collective. */
static void total(MPI_Comm comm, size_t n, uint64_t *sum, double unit, double *out)
{
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allreduce(MPI_IN_PLACE, sum, (int)n, MPI_UINT64_T, MPI_SUM, comm);
  afb_phase_enter(phase);
  for (size_t i = 0; i < n; i++)
    out[i] = (double)(int64_t)sum[i] / unit;
}

/* The unit for sums below `bound`. */
static double unit_for(double bound)
{
  int exponent;
  frexp(bound + 1e-300, &exponent);
  return ldexp(1.0, 62 - exponent);
}

/* An integral's coefficient in the energy of a normalised vector is below the product of two occupations. */
static const double MOST_DENSITY = 511;

afb_status afb_ci_density(const afb_ci *ci, const afb_angular *angular, double *gamma)
{
  const double unit = unit_for(MOST_DENSITY);
  uint64_t *sum = calloc((size_t)angular->n_integrals + 1, sizeof *sum);
  AFB_TRY(afb_agree(angular->comm, sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d integrals", angular->n_integrals)));
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
      if (density != 0)
        add(sum + angular->index[e], density * angular->value[e], unit);
    }
  }
  total(angular->comm, (size_t)angular->n_integrals, sum, unit, gamma);
  free(sum);
  return AFB_OK;
}

double afb_ci_energy(const afb_ci *ci, const afb_angular *angular, const double *gamma, const double *y)
{
  double energy = 0;
  if (ci->average)
    return dot(angular->n_integrals, gamma, y);
  for (int i = 0; i < ci->n_blocks; i++)
    for (int l = 0; l < ci->block[i].n_levels; l++)
      energy += ci->block[i].weight * ci->block[i].value[l];
  return energy;
}

static double largest(size_t n, const double *x)
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(x[i]));
  return most;
}

/* Collective. The largest change of a matrix element. */
static double largest_change(const afb_angular *angular, int block, const double *dy)
{
  double most = 0, sum = 0;
  int row = -1, column = -1;
  for (int64_t e = angular->entry_start[block]; e < angular->entry_start[block + 1]; e++) {
    if (angular->row[e] != row || angular->column[e] != column) {
      row = angular->row[e];
      column = angular->column[e];
      sum = 0;
    }
    sum += angular->value[e] * dy[angular->index[e]];
    most = fmax(most, fabs(sum));
  }
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, angular->comm);
  return most;
}

/* Collective. dh[n][n_levels] = (change of H) applied to the optimised vectors; sum: room of that size. */
static void apply_change(const afb_angular *angular, int block, const afb_ci_block *b, const double *dy, uint64_t *sum, double *dh)
{
  size_t m = (size_t)b->n_levels, size = (size_t)b->n * m;
  double unit = unit_for(2 * sqrt(b->n) * largest_change(angular, block, dy));
  memset(sum, 0, size * sizeof *sum);
  for (int64_t e = angular->entry_start[block]; e < angular->entry_start[block + 1]; e++) {
    double v = angular->value[e] * dy[angular->index[e]];
    size_t r = (size_t)angular->row[e] * m, c = (size_t)angular->column[e] * m;
    for (size_t l = 0; l < m; l++)
      add(sum + r + l, v * b->mixing[c + l], unit);
    if (r != c)
      for (size_t l = 0; l < m; l++)
        add(sum + c + l, v * b->mixing[r + l], unit);
  }
  total(angular->comm, size, sum, unit, dh);
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

/* Collective. y = H x, H spread over the ranks; largest_entry: of |H|. Products are rounded to a common unit, so that sums are exact. */
AFB_CLONES static void matrix_vector(MPI_Comm comm, const afb_symmetric *h, double largest_entry, const double *x, double *y)
{
  int exponent;
  frexp(2 * largest_entry * sqrt(h->n * dot(h->n, x, x)) + 1e-300, &exponent);
  const double unit = 1.5 * ldexp(1.0, exponent + 1);
  memset(y, 0, (size_t)h->n * sizeof *y);
  for (int64_t e = 0; e < h->n_entries; e++) {
    y[h->row[e]] += (h->value[e] * x[h->column[e]] + unit) - unit;
    if (h->row[e] != h->column[e])
      y[h->column[e]] += (h->value[e] * x[h->row[e]] + unit) - unit;
  }
  MPI_Allreduce(MPI_IN_PLACE, y, h->n, MPI_DOUBLE, MPI_SUM, comm);
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

/* Collective. x = -(H - E)^-1 right in the complement of the levels, to 1e-11 of the right-hand side; diagonal preconditioner.
 * `right` is changed; own: H's diagonal; work: [4][n]. */
static void solve_shifted(MPI_Comm comm, const afb_ci_block *b, double energy, double largest_entry, const double *own, double *right,
                          double *work, double *x)
{
  enum { MOST = 200 };
  size_t n = (size_t)b->n;
  double *direction = work, *image = direction + n, *scaled = image + n, *diagonal = scaled + n;
  for (size_t r = 0; r < n; r++)
    diagonal[r] = fmax(own[r] - energy, 1e-2);
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
    matrix_vector(comm, &b->matrix, largest_entry, direction, image);
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

/* Collective. As rotate_into_others, of a block whose spectrum is not held. */
static afb_status rotate_by_equations(MPI_Comm comm, const afb_ci_block *b, const double *dh, double *dc)
{
  size_t n = (size_t)b->n, m = (size_t)b->n_levels;
  double *right = calloc(7 * n, sizeof *right), *x = right + n, *own = x + n, *work = own + n;
  double most = largest((size_t)b->matrix.n_entries, b->matrix.value);
  afb_status status = afb_agree(comm, right ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n));
  for (int64_t e = 0; e < b->matrix.n_entries && status == AFB_OK; e++)
    if (b->matrix.row[e] == b->matrix.column[e])
      own[b->matrix.row[e]] = b->matrix.value[e];
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, own, b->n, MPI_DOUBLE, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, comm);
  }
  for (size_t l = 0; l < m && status == AFB_OK; l++) {
    for (size_t r = 0; r < n; r++)
      right[r] = dh[r * m + l];
    solve_shifted(comm, b, b->value[l], most, own, right, work, x);
    for (size_t r = 0; r < n; r++)
      dc[r * m + l] = x[r];
  }
  free(right);
  return status;
}

/* Collective. change[n_integrals] += of block `block`; sum: room of that size. */
static void add_change(const afb_angular *angular, int block, const afb_ci_block *b, const double *dc, uint64_t *sum, double *part,
                       double *change)
{
  size_t m = (size_t)b->n_levels, n = (size_t)angular->n_integrals;
  double unit = unit_for(4 * MOST_DENSITY * b->weight * sqrt(dot(b->n * b->n_levels, dc, dc) * (double)m));
  memset(sum, 0, n * sizeof *sum);
  for (int64_t e = angular->entry_start[block]; e < angular->entry_start[block + 1]; e++) {
    size_t r = (size_t)angular->row[e] * m, c = (size_t)angular->column[e] * m;
    double pair = dot((int)m, dc + r, b->mixing + c) + dot((int)m, b->mixing + r, dc + c);
    add(sum + angular->index[e], (r == c ? 1 : 2) * b->weight * pair * angular->value[e], unit);
  }
  total(angular->comm, n, sum, unit, part);
  for (size_t i = 0; i < n; i++)
    change[i] += part[i];
}

afb_status afb_ci_response(const afb_ci *ci, const afb_angular *angular, const double *dy, double *dgamma)
{
  size_t n = (size_t)angular->n_integrals;
  memset(dgamma, 0, n * sizeof *dgamma);
  for (int i = 0; i < ci->n_blocks && !ci->average; i++) {
    const afb_ci_block *b = ci->block + i;
    size_t size = (size_t)b->n * (size_t)b->n_levels;
    if (b->n_levels == b->n || (b->n_known < b->n && !b->matrix.value))
      continue;
    double *dh = malloc((2 * size + n) * sizeof *dh), *dc = dh + size, *part = dc + size;
    uint64_t *sum = malloc((size > n ? size : n) * sizeof *sum);
    afb_status status = dh && sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n);
    status = afb_agree(angular->comm, status);
    if (status == AFB_OK) {
      apply_change(angular, i, b, dy, sum, dh);
      if (b->n_known == b->n)
        rotate_into_others(b, dh, dc);
      else
        status = rotate_by_equations(angular->comm, b, dh, dc);
    }
    if (status == AFB_OK)
      add_change(angular, i, b, dc, sum, part, dgamma);
    free(dh);
    free(sum);
    AFB_TRY(status);
  }
  return AFB_OK;
}
