/* What the optimised levels give to the radial equations: their density, and how it follows the integrals (atomic/ci.h). */
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/ci.h"
#include "core/clock.h"
#include "core/vector.h"
#include "numeric/lapack.h"

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
  *sum += (uint64_t)(int64_t)(value * unit + copysign(0.5, value));
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

static void add_density(const afb_ci *ci, const afb_angular *angular, int block, double unit, uint64_t *sum)
{
  const afb_ci_block *b = ci->block + block;
  const int m = b->n_levels, first = angular->first[block];
  for (int r = 0; r < b->n; r++)
    for (int64_t e = angular->start[first + r], end = angular->start[first + r + 1]; e < end; e++) {
      e = ci->average ? end - 1 : e;   /* the diagonal, if any */
      int c = angular->column[e];
      double density = c == r ? b->weight : ci->average ? 0 : 2 * b->weight;
      if (!ci->average)
        density *= dot(m, b->mixing + (size_t)r * (size_t)m, b->mixing + (size_t)c * (size_t)m);
      if (density == 0)
        continue;
      afb_matrix_element h = afb_angular_element(angular, e);
      for (int k = 0; k < h.n; k++)
        add(sum + h.index[k], density * h.value[k], unit);
    }
}

afb_status afb_ci_density(const afb_ci *ci, const afb_angular *angular, double *gamma)
{
  const double unit = unit_for(MOST_DENSITY);
  uint64_t *sum = calloc((size_t)angular->n_integrals + 1, sizeof *sum);
  afb_status status = afb_agree(angular->comm, sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d integrals", angular->n_integrals));
  if (status != AFB_OK) {
    free(sum);
    return status;
  }
  for (int i = 0; i < ci->n_blocks; i++)
    add_density(ci, angular, i, unit, sum);
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

static double change_of(const afb_angular *angular, int64_t element, const double *dy)
{
  afb_matrix_element h = afb_angular_element(angular, element);
  double sum = 0;
  for (int i = 0; i < h.n; i++)
    sum += h.value[i] * dy[h.index[i]];
  return sum;
}

/* Collective. The changes of this rank's matrix elements, and the largest of all ranks. */
static double change_elements(const afb_angular *angular, int block, const double *dy, double *change)
{
  int64_t begin = angular->start[angular->first[block]], end = angular->start[angular->first[block + 1]];
  double most = 0;
  for (int64_t e = begin; e < end; e++) {
    change[e - begin] = change_of(angular, e, dy);
    most = fmax(most, fabs(change[e - begin]));
  }
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, angular->comm);
  return most;
}

/* Collective. dh[n][n_levels] = (change of H) applied to the optimised vectors; sum: room of that size;
 * change: of this rank's elements of the block. */
static void apply_change(const afb_angular *angular, int block, const afb_ci_block *b, const double *dy, double *change, uint64_t *sum,
                         double *dh)
{
  size_t m = (size_t)b->n_levels, size = (size_t)b->n * m, first = (size_t)angular->first[block];
  double unit = unit_for(2 * sqrt(b->n) * change_elements(angular, block, dy, change));
  memset(sum, 0, size * sizeof *sum);
  for (size_t row = 0; row < (size_t)b->n; row++)
    for (int64_t e = angular->start[first + row]; e < angular->start[first + row + 1]; e++) {
      double v = *change++;
      size_t r = row * m, c = (size_t)angular->column[e] * m;
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
  for (int r = 0; r < h->n; r++) {
    double own = 0;
    for (int64_t e = h->start[r]; e < h->start[r + 1]; e++) {
      int c = h->column[e];
      own += (h->value[e] * x[c] + unit) - unit;
      if (c != r)
        y[c] += (h->value[e] * x[r] + unit) - unit;
    }
    y[r] += own;
  }
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allreduce(MPI_IN_PLACE, y, h->n, MPI_DOUBLE, MPI_SUM, comm);
  afb_phase_enter(phase);
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

/* Collective. As rotate_into_others, of a block that is too large for factors. */
static afb_status rotate_by_equations(MPI_Comm comm, const afb_ci_block *b, const double *dh, double *dc)
{
  size_t n = (size_t)b->n, m = (size_t)b->n_levels;
  double *right = calloc(7 * n, sizeof *right), *x = right + n, *own = x + n, *work = own + n;
  double most = largest((size_t)b->matrix.start[n], b->matrix.value);
  afb_status status = afb_agree(comm, right ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n));
  for (size_t r = 0; r < n && status == AFB_OK; r++) {
    int64_t end = b->matrix.start[r + 1];
    if (end > b->matrix.start[r] && b->matrix.column[end - 1] == (int32_t)r)
      own[r] = b->matrix.value[end - 1];
  }
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

/* Blocks whose factors are at most this many numbers are factored, once for all responses to a solution: by one rank, that which
 * `owner` says, in turn. */
enum { MOST_FACTORS = 1 << 21 };

static int is_factored(const afb_ci_block *b)
{
  return b->n_known < b->n && (int64_t)b->n * b->n * b->n_levels <= MOST_FACTORS;
}

static int owner(const afb_angular *angular, int block)
{
  int size;
  MPI_Comm_size(angular->comm, &size);
  return block % size;
}

/* Cholesky factors of H - E_l + sum over the optimised levels k of (1 + E_l - E_k) |k><k|, which is positive: eigenvalues are those of the
 * complement less E_l, and 1. Where a level of the complement comes within rounding of E_l, the diagonal is raised. */
static afb_status factor_level(const afb_ci_block *b, int l, const double *matrix, double *factor)
{
  int n = b->n, info = 1;
  size_t length = (size_t)n;
  for (double raise = 1e-11; info > 0 && raise < 1; raise *= 100) {
    memcpy(factor, matrix, length * length * sizeof *factor);
    for (int k = 0; k < b->n_levels; k++)
      cblas_dsyr(CblasColMajor, CblasLower, n, 1 + b->value[l] - b->value[k], b->vector + (size_t)k * length, 1, factor, n);
    for (size_t r = 0; r < length; r++)
      factor[r * (length + 1)] += raise - b->value[l];
    dpotrf_("L", &n, factor, &n, &info);
  }
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "the response of a block of %d CSFs has no factors (%d)", n, info);
}

/* Collective. */
static afb_status factor_block(const afb_angular *angular, int block, afb_ci_block *b)
{
  int rank, root = owner(angular, block);
  MPI_Comm_rank(angular->comm, &rank);
  size_t n = (size_t)b->n, nn = n * n;
  double *matrix = calloc(nn, sizeof *matrix);
  b->factor = malloc(rank == root ? nn * (size_t)b->n_levels * sizeof *b->factor : 1);
  afb_status status = matrix && b->factor ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n);
  status = afb_agree(angular->comm, status);
  for (size_t r = 0; r < n && status == AFB_OK; r++)
    for (int64_t e = b->matrix.start[r]; e < b->matrix.start[r + 1]; e++)
      matrix[r + n * (size_t)b->matrix.column[e]] = b->matrix.value[e];
  if (status == AFB_OK)
    MPI_Reduce(rank == root ? MPI_IN_PLACE : matrix, matrix, (int)nn, MPI_DOUBLE, MPI_SUM, root, angular->comm);
  for (int l = 0; l < b->n_levels && rank == root && status == AFB_OK; l++)
    status = factor_level(b, l, matrix, b->factor + (size_t)l * nn);
  free(matrix);
  return afb_agree(angular->comm, status);
}

/* Collective. As rotate_into_others, by the factors of the block. */
static afb_status rotate_by_factors(const afb_angular *angular, int block, afb_ci_block *b, const double *dh, double *dc)
{
  int rank, root = owner(angular, block), n = b->n;
  size_t length = (size_t)n, m = (size_t)b->n_levels;
  MPI_Comm_rank(angular->comm, &rank);
  if (!b->factor)
    AFB_TRY(factor_block(angular, block, b));
  double *x = malloc(length * sizeof *x);
  afb_status status = afb_agree(angular->comm, x ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", n));
  if (status != AFB_OK) {
    free(x);
    return status;
  }
  for (size_t l = 0; l < m && rank == root; l++) {
    for (size_t r = 0; r < length; r++)
      x[r] = -dh[r * m + l];
    leave_levels(b, x);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, b->factor + l * length * length, n, x, 1);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, n, b->factor + l * length * length, n, x, 1);
    leave_levels(b, x);
    for (size_t r = 0; r < length; r++)
      dc[r * m + l] = x[r];
  }
  free(x);
  MPI_Bcast(dc, (int)(length * m), MPI_DOUBLE, root, angular->comm);
  return AFB_OK;
}

/* Collective. change[n_integrals] += of block `block`; sum: room of that size. */
static void add_change(const afb_angular *angular, int block, const afb_ci_block *b, const double *dc, uint64_t *sum, double *part,
                       double *change)
{
  size_t m = (size_t)b->n_levels, n = (size_t)angular->n_integrals, first = (size_t)angular->first[block];
  double unit = unit_for(4 * MOST_DENSITY * b->weight * sqrt(dot(b->n * b->n_levels, dc, dc) * (double)m));
  memset(sum, 0, n * sizeof *sum);
  for (size_t row = 0; row < (size_t)b->n; row++)
    for (int64_t e = angular->start[first + row]; e < angular->start[first + row + 1]; e++) {
      size_t r = row * m, c = (size_t)angular->column[e] * m;
      double pair = dot((int)m, dc + r, b->mixing + c) + dot((int)m, b->mixing + r, dc + c);
      afb_matrix_element h = afb_angular_element(angular, e);
      for (int i = 0; i < h.n; i++)
        add(sum + h.index[i], (r == c ? 1 : 2) * b->weight * pair * h.value[i], unit);
    }
  total(angular->comm, n, sum, unit, part);
  for (size_t i = 0; i < n; i++)
    change[i] += part[i];
}

afb_status afb_ci_response(afb_ci *ci, const afb_angular *angular, const double *dy, double *dgamma)
{
  size_t n = (size_t)angular->n_integrals;
  memset(dgamma, 0, n * sizeof *dgamma);
  for (int i = 0; i < ci->n_blocks && !ci->average; i++) {
    afb_ci_block *b = ci->block + i;
    size_t size = (size_t)b->n * (size_t)b->n_levels;
    if (b->n_levels == b->n || (b->n_known < b->n && !b->matrix.value))
      continue;
    size_t elements = (size_t)(angular->start[angular->first[i + 1]] - angular->start[angular->first[i]]);
    double *dh = malloc((2 * size + n + elements) * sizeof *dh), *dc = dh + size, *part = dc + size, *elementwise = part + n;
    uint64_t *sum = malloc((size > n ? size : n) * sizeof *sum);
    afb_status status = dh && sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the response of %d CSFs", b->n);
    status = afb_agree(angular->comm, status);
    if (status == AFB_OK) {
      apply_change(angular, i, b, dy, elementwise, sum, dh);
      if (b->n_known == b->n)
        rotate_into_others(b, dh, dc);
      else if (is_factored(b))
        status = rotate_by_factors(angular, i, b, dh, dc);
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
