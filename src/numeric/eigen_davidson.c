/* Few lowest eigenpairs of a sparse matrix by the block Davidson method (Davidson, J. Comput. Phys. 17, 87 (1975); Liu, 1978), for
 * starts that are near, and matrices whose entries are spread over the ranks.
 *
 * Every entry lives on one rank; vectors are whole on every rank. The products' contributions are rounded to a common unit, so
 * that their sums are exact and do not depend on how the entries are spread (Demmel and Nguyen, IEEE Trans. Comput. 64, 2060 (2015), with
 * one bin). What is decided is decided by rank 0. */
#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/random.h"
#include "core/vector.h"
#include "numeric/eigen_solver.h"
#include "numeric/lapack.h"

enum { GUARD = AFB_EIGEN_GUARD, PROBES = 20 };
static const double start_noise = 1e-3;    /* of a guess: reaches rows that the guesses do not couple to */
static const double nearest_pole = 1e-3;   /* of the scale: |theta - diagonal| is not taken to be smaller */
static const double floor_tolerance = 1e-13;  /* of the scale: what is tried for, beyond what is asked for */

typedef struct {
  MPI_Comm comm;
  const afb_eigen_problem *problem;
  const afb_symmetric *own;    /* this rank's entries */
  int n, rank, levels, most;   /* rows; wanted levels and guards; vectors of the basis */
  double unit;                 /* 1.5 * 2^52 of what products are rounded to */
  double *diagonal;            /* of the shifted matrix */
  double *basis, *image;       /* [most][n]: V and A V */
  double *x, *ax;              /* [levels][n]: Ritz vectors, later their residuals */
  double *product;             /* [n][levels] */
  double *theta, *small;       /* [most], 2 [most][most]: eigenvectors of V' A V, and V' A V itself */
} davidson;

static afb_status allocate(davidson *d)
{
  size_t n = (size_t)d->n, m = (size_t)d->most, k = (size_t)d->levels;
  d->diagonal = malloc((n * (2 * m + 4 * k + 1) + 2 * m * m + 8 * m) * sizeof *d->diagonal);
  if (!d->diagonal)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d vectors of length %d", 2 * d->most, d->n);
  d->basis = d->diagonal + n;
  d->image = d->basis + m * n;
  d->x = d->image + m * n;
  d->ax = d->x + k * n;
  d->product = d->ax + k * n;
  d->theta = d->product + 2 * k * n;
  d->small = d->theta + 8 * m;
  return AFB_OK;
}

/* Collective. Exact sums over the ranks. */
static void sum(const davidson *d, int n, double *x)
{
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allreduce(MPI_IN_PLACE, x, n, MPI_DOUBLE, MPI_SUM, d->comm);
  afb_phase_enter(phase);
}

/* Collective. What rank 0 has. */
static void follow(const davidson *d, size_t bytes, void *x)
{
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Bcast(x, (int)bytes, MPI_BYTE, 0, d->comm);
  afb_phase_enter(phase);
}

/* Collective. The diagonal, and the unit: a product with a unit vector is below the largest 2-norm of a row. */
static void measure(davidson *d)
{
  const afb_symmetric *a = d->own;
  memset(d->diagonal, 0, (size_t)d->n * sizeof *d->diagonal);
  for (int i = 0; i < a->n; i++)
    if (a->start[i + 1] > a->start[i] && a->column[a->start[i + 1] - 1] == i)
      d->diagonal[i] = a->value[a->start[i + 1] - 1];
  sum(d, d->n, d->diagonal);
  for (int i = 0; i < d->n; i++)
    d->diagonal[i] -= d->problem->shift;
  int exponent;
  frexp(2 * d->problem->scale * (1 + 1e-9) + 1e-300, &exponent);
  d->unit = 1.5 * ldexp(1.0, exponent + 1);
}

/* y[n][2] += own entries off the diagonal times x[n][2], every product rounded to the unit. */
AFB_CLONES static void multiply_pairs(const afb_symmetric *a, double unit, const double *x, double *y)
{
  const afb_two shift = {unit, unit};
  for (size_t r = 0; r < (size_t)a->n; r++) {
    afb_two own = {0}, *yr = (afb_two *)(y + 2 * r), xr = *(const afb_two *)(x + 2 * r);
    int64_t end = a->start[r + 1];
    if (end > a->start[r] && a->column[end - 1] == (int32_t)r)
      end--;
    for (int64_t e = a->start[r]; e < end; e++) {
      size_t c = 2 * (size_t)a->column[e];
      afb_two *yc = (afb_two *)(y + c), xc = *(const afb_two *)(x + c);
      *yc += (a->value[e] * xr + shift) - shift;
      own += (a->value[e] * xc + shift) - shift;
    }
    *yr += own;
  }
}

/* Collective. image = A basis for the vectors first ... last - 1, two at a time. */
static void multiply(davidson *d, int first, int last)
{
  size_t n = (size_t)d->n;
  double *x = d->product, *y = x + 2 * n;
  for (int k = first; k < last; k += 2) {
    const double *one = d->basis + (size_t)k * n, *two = k + 1 < last ? one + n : one;
    for (size_t i = 0; i < n; i++) {
      x[2 * i] = one[i];
      x[2 * i + 1] = two[i];
    }
    memset(y, 0, 2 * n * sizeof *y);
    multiply_pairs(d->own, d->unit, x, y);
    sum(d, 2 * d->n, y);
    for (size_t i = 0; i < n; i++) {
      d->image[(size_t)k * n + i] = y[2 * i] + d->diagonal[i] * one[i];
      if (k + 1 < last)
        d->image[(size_t)(k + 1) * n + i] = y[2 * i + 1] + d->diagonal[i] * two[i];
    }
  }
}

/* Makes vector m of the basis orthonormal to those before; 0 when nothing is left of it. */
static int orthonormalise(davidson *d, int m)
{
  double *v = d->basis + (size_t)m * (size_t)d->n, *overlap = d->theta + d->most;
  double before = cblas_dnrm2(d->n, v, 1);
  if (!(before > 0))
    return 0;
  cblas_dscal(d->n, 1 / before, v, 1);
  for (int pass = 0; pass < 2 && m > 0; pass++) {
    cblas_dgemv(CblasColMajor, CblasTrans, d->n, m, 1, d->basis, d->n, v, 1, 0, overlap, 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, d->n, m, -1, d->basis, d->n, overlap, 1, 1, v, 1);
    double norm = cblas_dnrm2(d->n, v, 1);
    if (!(norm > 1e-6))
      return 0;
    cblas_dscal(d->n, 1 / norm, v, 1);
  }
  return 1;
}

/* Start vectors, then unit vectors at the lowest diagonals with a little noise: their number. */
static int guess(davidson *d)
{
  const afb_eigen_problem *p = d->problem;
  int m = 0;
  double last = -INFINITY;
  for (int k = 0; k < p->n_start && m < d->levels; k++) {
    memcpy(d->basis + (size_t)m * (size_t)d->n, p->start + (size_t)k * (size_t)d->n, (size_t)d->n * sizeof *d->basis);
    m += orthonormalise(d, m);
  }
  for (int k = 0; k < d->levels + GUARD && m < d->levels + GUARD; k++) {
    int lowest = -1;
    for (int i = 0; i < d->n; i++)
      if (d->diagonal[i] > last && (lowest < 0 || d->diagonal[i] < d->diagonal[lowest]))
        lowest = i;
    if (lowest < 0)
      break;
    last = d->diagonal[lowest];
    double *v = d->basis + (size_t)m * (size_t)d->n;
    for (int i = 0; i < d->n; i++)
      v[i] = start_noise * (afb_random_uniform(0, (uint64_t)k, (uint64_t)i) - 0.5) / sqrt(d->n);
    v[lowest] += 1;
    m += orthonormalise(d, m);
  }
  return m;
}

/* Rayleigh-Ritz in the basis of m vectors, of which the first `known` are as they were last time; x and ax get the Ritz vectors' own and
 * images. */
static afb_status project(davidson *d, int known, int m)
{
  int info = 0, lwork = 6 * d->most;
  double *h = d->small, *projected = h + d->most * d->most, *work = d->theta + 2 * d->most;
  if (d->rank == 0) {
    size_t from = (size_t)known;
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, m, m - known, d->n, 1, d->basis, d->n, d->image + from * (size_t)d->n, d->n, 0,
                projected + from * (size_t)d->most, d->most);
    for (int j = 0; j < m; j++)
      for (int i = 0; i < m; i++)
        h[j * m + i] = projected[(i < j ? j : i) * d->most + (i < j ? i : j)];
    dsyev_("V", "L", &m, h, &m, d->theta, work, &lwork, &info);
  }
  AFB_TRY(afb_agree(d->comm, info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "the projected eigenproblem failed (%d)", info)));
  follow(d, (size_t)m * sizeof *h, d->theta);
  follow(d, (size_t)m * (size_t)m * sizeof *h, h);
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, d->n, d->levels, m, 1, d->basis, d->n, h, m, 0, d->x, d->n);
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, d->n, d->levels, m, 1, d->image, d->n, h, m, 0, d->ax, d->n);
  return AFB_OK;
}

/* residual[levels]; the images become residuals. Returns 1 when the wanted levels are there, by rank 0's account. */
static int residuals(davidson *d, double tolerance, double *residual)
{
  int there = 1;
  size_t n = (size_t)d->n;
  for (int l = 0; l < d->levels; l++) {
    cblas_daxpy(d->n, -d->theta[l], d->x + (size_t)l * n, 1, d->ax + (size_t)l * n, 1);
    residual[l] = cblas_dnrm2(d->n, d->ax + (size_t)l * n, 1);
    if (l < d->problem->n_wanted)
      there &= residual[l] <= tolerance;
    else                       /* a guard needs only to be known to lie above */
      there &= residual[l] <= tolerance || d->theta[l] - residual[l] > d->theta[d->problem->n_wanted - 1];
  }
  follow(d, (size_t)d->levels * sizeof *residual, residual);
  follow(d, sizeof there, &there);
  return there;
}

/* Corrections to the levels that need them behind the m vectors of the basis: the new number of vectors. */
static int expand(davidson *d, int m, double tolerance, const double *residual)
{
  double pole = nearest_pole * d->problem->scale;
  int fresh = 0;
  size_t n = (size_t)d->n;
  for (int l = 0; l < d->levels; l++) {
    if (residual[l] <= tolerance || (l >= d->problem->n_wanted && d->theta[l] - residual[l] > d->theta[d->problem->n_wanted - 1]))
      continue;
    double *v = d->basis + (size_t)(m + fresh) * n;
    const double *r = d->ax + (size_t)l * n;
    for (int i = 0; i < d->n; i++) {
      double distance = d->diagonal[i] - d->theta[l];
      v[i] = r[i] / copysign(fmax(fabs(distance), pole), distance);
    }
    fresh += orthonormalise(d, m + fresh);
  }
  follow(d, sizeof fresh, &fresh);
  follow(d, (size_t)fresh * n * sizeof *d->basis, d->basis + (size_t)m * n);
  return m + fresh;
}

/* Collective. The Ritz vectors alone become the basis. */
static int restart(davidson *d)
{
  int m = 0;
  for (int l = 0; l < d->levels; l++) {
    memcpy(d->basis + (size_t)m * (size_t)d->n, d->x + (size_t)l * (size_t)d->n, (size_t)d->n * sizeof *d->basis);
    m += orthonormalise(d, m);
  }
  multiply(d, 0, m);
  return m;
}

/* Collective. Ritz vectors and a Krylov space of a random vector: a level that no guess couples to shows itself there. */
static int probe(davidson *d)
{
  int m = restart(d);
  for (int k = 0; k < PROBES; k++) {
    double *v = d->basis + (size_t)m * (size_t)d->n;
    if (k == 0)
      for (int i = 0; i < d->n; i++)
        v[i] = afb_random_uniform(0, UINT32_MAX, (uint64_t)i) - 0.5;
    else
      memcpy(v, d->image + (size_t)(m - 1) * (size_t)d->n, (size_t)d->n * sizeof *v);
    int fresh = orthonormalise(d, m);
    follow(d, sizeof fresh, &fresh);
    if (!fresh)
      break;
    multiply(d, m, m + 1);
    m++;
  }
  return m;
}

static afb_status iterate(davidson *d, afb_eigen_result *result)
{
  const afb_eigen_problem *p = d->problem;
  double residual[d->levels], aim = floor_tolerance * p->scale, accept = 0.2 * p->tolerance * p->scale, best = INFINITY;
  int m = guess(d), known = 0, stalled = 0, probed = p->n_start > 0;
  follow(d, (size_t)m * (size_t)d->n * sizeof *d->basis, d->basis);
  multiply(d, 0, m);
  for (int it = 1; m >= d->levels && it <= p->max_iterations; it++) {
    result->iterations = it;
    AFB_TRY(project(d, known, m));
    known = m;
    int there = residuals(d, aim, residual), worst_ok = 1;
    double worst = 0;
    for (int l = 0; l < p->n_wanted; l++) {
      worst = fmax(worst, residual[l]);
      worst_ok &= residual[l] <= accept;
    }
    stalled = worst < 0.5 * best ? 0 : stalled + 1;
    best = fmin(best, worst);
    int done = there || (worst_ok && stalled >= 10);
    if (done && !probed) {
      m = probe(d);
      known = 0;
      probed = 1;
      best = INFINITY;
      continue;
    }
    if (done) {
      result->n_converged = p->n_wanted;
      break;
    }
    if (m + d->levels > d->most) {
      m = restart(d);
      known = 0;
    }
    int next = expand(d, m, aim, residual);
    if (next == m) {
      result->n_converged = worst_ok ? p->n_wanted : 0;
      break;
    }
    multiply(d, m, next);
    m = next;
  }
  memcpy(result->value, d->theta, (size_t)p->n_wanted * sizeof *result->value);
  memcpy(result->vector, d->x, (size_t)d->levels * (size_t)d->n * sizeof *result->vector);
  result->n_extra = d->levels - p->n_wanted;
  return AFB_OK;
}

/* Every n_ranks-th row of a matrix that all ranks have; the arrays are to be freed. */
static afb_status own_rows(const afb_symmetric *a, int rank, int n_ranks, afb_symmetric *own)
{
  size_t room = (size_t)a->start[a->n] + 1, n = 0;
  int64_t *start = malloc(((size_t)a->n + 1) * sizeof *start);
  int32_t *column = malloc(room * sizeof *column);
  double *value = malloc(room * sizeof *value);
  *own = (afb_symmetric){.n = a->n, .spread = 1, .start = start, .column = column, .value = value};
  if (!start || !column || !value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld matrix entries", (long long)a->start[a->n]);
  start[0] = 0;
  for (int i = 0; i < a->n; i++) {
    for (int64_t e = a->start[i]; i % n_ranks == rank && e < a->start[i + 1]; e++) {
      column[n] = a->column[e];
      value[n++] = a->value[e];
    }
    start[i + 1] = (int64_t)n;
  }
  return AFB_OK;
}

static afb_status solve(MPI_Comm comm, const afb_eigen_problem *problem, afb_eigen_result *result)
{
  int n = problem->matrix->n, levels = problem->n_wanted + GUARD < n ? problem->n_wanted + GUARD : n, n_ranks;
  davidson d = {.comm = comm, .problem = problem, .own = problem->matrix, .n = n, .levels = levels, .most = 4 * levels + PROBES};
  afb_symmetric own = {0};
  MPI_Comm_rank(comm, &d.rank);
  MPI_Comm_size(comm, &n_ranks);
  afb_status status = allocate(&d);
  if (status == AFB_OK && !problem->matrix->spread && n_ranks > 1) {
    status = own_rows(problem->matrix, d.rank, n_ranks, &own);
    d.own = &own;
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    measure(&d);
    status = iterate(&d, result);
  }
  free(d.diagonal);
  free((void *)own.start);
  free((void *)own.column);
  free((void *)own.value);
  return status;
}

const afb_eigen_solver afb_eigen_davidson = {
  .facts = {.name = "davidson",
            .description = "sparse, block Davidson, lowest levels, entries spread over all ranks",
            .library = "this program",
            .reference = "Davidson, J. Comput. Phys. 17, 87 (1975)",
            .max_rows = INT_MAX,
            .few = 1},
  .solve = solve,
};
