/* Orbitals that are excited states of their own operator (atomic/scf.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/scf.h"
#include "atomic/scf_parts.h"
#include "atomic/start.h"
#include "numeric/lapack.h"

/* Eigenfunctions of the local operator beyond the wanted ones in which the whole operator is diagonalised. */
enum { EXTRA = 8, MOST = AFB_MAX_N + EXTRA + 1 };

/* Orbitals of a's kappa with a smaller n. */
static int count_inner(const afb_scf *s, int a)
{
  int count = 0;
  for (int b = 0; b < s->n_orbitals; b++)
    count += s->orbital[b].kappa == s->orbital[a].kappa && s->orbital[b].n < s->orbital[a].n;
  return count;
}

static int has_gap(const afb_scf *s, int a)
{
  return s->varied[a] && count_inner(s, a) < s->orbital[a].n - afb_kappa_l(s->orbital[a].kappa) - 1;
}

static int is_open(const afb_scf *s, int a) { return s->varied[a] && !s->list->closed[a]; }

int afb_scf_can_fall(const afb_scf *s)
{
  int can = 0;
  for (int a = 0; a < s->n_orbitals; a++) {
    can |= has_gap(s, a);
    for (int b = 0; b < a; b++)
      can |= is_open(s, a) && is_open(s, b) && s->orbital[a].kappa == s->orbital[b].kappa;
  }
  return can;
}

/* dual = F_a v / q_a: the local operator and the exchange of orbital a, with v in its place. work: [6][n_points]. */
static void apply_operator(const afb_scf *s, int a, const double *band, const double *v, double *work, double *dual)
{
  const afb_expression *e = s->expression;
  int points = s->n_points;
  double *p = work, *q = p + points, *rho = q + points, *fp = rho + points, *fq = fp + points, *potential = fq + points;
  afb_radial_values(s->radial, v, p, q);
  memset(fp, 0, 2 * (size_t)points * sizeof *fp);
  for (int t = 0; t < e->n_terms; t++) {
    afb_potential side = e->potential[e->term[t].left];
    afb_pair pair = e->pair[side.pair];
    if (e->term[t].left != e->term[t].right || (pair.a == a) == (pair.b == a))
      continue;
    int c = pair.a == a ? pair.b : pair.a;
    const double *pc = afb_const_row(s->p, c, points), *qc = afb_const_row(s->q, c, points);
    afb_scf_pair_density(s, p, q, pc, qc, rho);
    afb_radial_coulomb(s->radial, side.k, rho, potential);
    afb_scf_add_products(points, s->coefficient[e->n_one + t] / s->occupation[a], potential, pc, qc, fp, fq);
  }
  afb_radial_project(s->radial, fp, fq, dual);
  afb_band_multiply(s->n, band, v, rho);
  afb_axpy(s->n, 1, rho, dual);
}

/* Orthonormal vectors from `count` in basis, orthogonal to the listed orbitals of a's kappa but a; the number that is left.
 * dual[count][n]: room. */
static int orthonormal_basis(const afb_scf *s, int a, int count, double *basis, double *dual)
{
  int kept = 0, n = s->n;
  for (int i = 0; i < count; i++) {
    double *v = afb_row(basis, i, n), *to = afb_row(basis, kept, n), *own = afb_row(dual, kept, n);
    double length = sqrt(fmax(0, afb_band_form(n, s->radial->overlap, v, v)));
    for (int twice = 0; twice < 2; twice++) {
      for (int b = 0; b < s->n_orbitals; b++)
        if (b != a && s->orbital[b].kappa == s->orbital[a].kappa)
          afb_axpy(n, -afb_dot(n, afb_const_row(s->metric, b, n), v), afb_const_row(s->vector, b, n), v);
      for (int j = 0; j < kept; j++)
        afb_axpy(n, -afb_dot(n, afb_row(dual, j, n), v), afb_row(basis, j, n), v);
    }
    afb_band_multiply(n, s->radial->overlap, v, own);
    double norm = sqrt(fmax(0, afb_dot(n, v, own)));
    if (!(norm > 1e-2 * length))
      continue;
    for (int x = 0; x < n; x++) {
      to[x] = v[x] / norm;
      own[x] /= norm;
    }
    kept++;
  }
  return kept;
}

/* The `wanted` lowest eigenvectors of F_a in the span of basis[count][n], and the lowest eigenvalue. */
static afb_status lowest_in(const afb_scf *s, int a, const double *band, int count, const double *basis, double *work,
                            int wanted, double *companion, double *lowest)
{
  double matrix[MOST * MOST], value[MOST], space[64 * MOST];
  int lwork = 64 * MOST, info;
  double *dual = work + 6 * (size_t)s->n_points;
  for (int i = 0; i < count; i++) {
    apply_operator(s, a, band, afb_const_row(basis, i, s->n), work, dual);
    for (int j = i; j < count; j++)
      matrix[i * count + j] = afb_dot(s->n, afb_const_row(basis, j, s->n), dual);
  }
  dsyev_("V", "L", &count, matrix, &count, value, space, &lwork, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "companions of an orbital were not found");
  *lowest = value[0];
  memset(companion, 0, (size_t)wanted * (size_t)s->n * sizeof *companion);
  for (int m = 0; m < wanted; m++)
    for (int i = 0; i < count; i++)
      afb_axpy(s->n, matrix[m * count + i], afb_const_row(basis, i, s->n), afb_row(companion, m, s->n));
  return AFB_OK;
}

/* Room of afb_scf_hold. */
typedef struct {
  double *band, *factors, *dual, *work;
  int *pivots;
} room;

/* The span of the last call after a step of inverse iteration with the present local operator; without one, the lowest eigenfunctions of
 * that. r->band: the local operator less s->span_energy[a]. */
static afb_status renew_span(afb_scf *s, int a, int wanted, const room *r)
{
  double *span = s->span[a];
  afb_scf_local_operator(s, a, s->span_energy[a], r->band);
  if (s->n_span[a] == 0) {
    s->n_span[a] = wanted + EXTRA;
    AFB_TRY(afb_start_lowest(s->radial, r->band, s->n_span[a], span));
    afb_scf_local_operator(s, a, s->span_energy[a], r->band);
    return AFB_OK;
  }
  afb_radial_fix_ends(s->radial, r->band);
  AFB_TRY(afb_band_factor(s->n, r->band, r->factors, r->pivots));
  for (int i = 0; i < s->n_span[a]; i++)
    afb_band_multiply(s->n, s->radial->overlap, afb_row(span, i, s->n), afb_row(r->dual, i, s->n));
  memcpy(span, r->dual, (size_t)s->n_span[a] * (size_t)s->n * sizeof *span);
  return afb_band_solve(s->n, r->factors, r->pivots, s->n_span[a], span);
}

static afb_status find_companions(afb_scf *s, int a, const room *r)
{
  size_t n = (size_t)s->n;
  int wanted = s->orbital[a].n - afb_kappa_l(s->orbital[a].kappa) - 1, missing = wanted - count_inner(s, a);
  if (!s->span[a])
    s->span[a] = malloc(MOST * n * sizeof *s->span[a]);
  if (!s->span[a])
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the companions of an orbital");
  AFB_TRY(renew_span(s, a, wanted, r));
  int count = s->n_span[a] < MOST ? s->n_span[a] : MOST - 1;
  memcpy(s->span[a] + (size_t)count * n, afb_row(s->vector, a, s->n), n * sizeof *s->vector);
  count = orthonormal_basis(s, a, count + 1, s->span[a], r->dual);
  s->n_companions[a] = count > missing ? missing : 0;
  s->n_span[a] = count > missing ? count : 0;
  double lowest;
  AFB_TRY(lowest_in(s, a, r->band, count, s->span[a], r->work, s->n_companions[a] + 1, s->companion + (size_t)a * AFB_MAX_N * n, &lowest));
  s->span_energy[a] += lowest;
  return AFB_OK;
}

afb_status afb_scf_hold(afb_scf *s)
{
  size_t n = (size_t)s->n;
  s->held = 1;
  room r = {.band = malloc((n * (AFB_BAND_LD + AFB_BAND_FACTOR_LD + MOST + 1) + 6 * (size_t)s->n_points) * sizeof *r.band),
            .pivots = malloc(n * sizeof *r.pivots)};
  if (!s->companion)
    s->companion = calloc((size_t)s->n_orbitals * AFB_MAX_N * n, sizeof *s->companion);
  afb_status status = r.band && r.pivots && s->companion ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the companions of an orbital");
  if (status == AFB_OK) {
    r.factors = r.band + n * AFB_BAND_LD;
    r.dual = r.factors + n * AFB_BAND_FACTOR_LD;
    r.work = r.dual + n * MOST;
  }
  for (int a = 0; a < s->n_orbitals && status == AFB_OK; a++)
    if (has_gap(s, a))
      status = find_companions(s, a, &r);
  free(r.band);
  free(r.pivots);
  return status;
}

void afb_scf_release(afb_scf *s)
{
  s->held = 0;
  memset(s->n_companions, 0, sizeof s->n_companions);
}

void afb_scf_drop_companions(afb_scf *s)
{
  for (int a = 0; a < s->n_orbitals; a++) {
    if (s->n_companions[a] == 0)
      continue;
    const double *companion = s->companion + (size_t)a * AFB_MAX_N * (size_t)s->n;
    const double *own = afb_const_row(companion, s->n_companions[a], s->n);
    double *v = afb_row(s->vector, a, s->n), overlap = afb_band_form(s->n, s->radial->overlap, own, v);
    for (int i = 0; i < s->n_companions[a]; i++)
      afb_scf_remove_component(s, afb_const_row(companion, i, s->n), v);
    if (fabs(overlap) < 0.6)
      memcpy(v, own, (size_t)s->n * sizeof *v);
  }
}
