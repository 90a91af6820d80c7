/* Preconditioned steps (atomic/scf.h): of every orbital with its local operator, and of pairs by rotations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/scf_parts.h"
#include "atomic/share.h"
#include "numeric/lapack.h"

enum { MOST_BORDERS = 16 + AFB_MAX_N };
/* An inverse is kept while no border has more of its square than the first outside of what it was, and its potential, less the energy, has
 * nowhere changed by more than the second of the energy: near convergence. Far from it, old inverses lead sets of open d shells astray. */
#define SAME_BORDER 1e-8
#define SAME_POTENTIAL 0.0005

/* The inverse of A = (local operator - energy S) in the complement of the borders: the orbitals of its kappa and its companions. By
 * the Schur complement B^T A^-1 B of the bordered system, B = S border. */
struct afb_inverse {
  int n_borders, room;                  /* borders that there is room for */
  const double *border[MOST_BORDERS];
  double *factors, *metric, *solved;    /* of A; B and A^-1 B, [room][n] */
  double *potential;                    /* of A, less the energy; [n_points] */
  int made;                             /* 0: what is above does not belong together */
  int *pivots, schur_pivots[MOST_BORDERS];
  double schur[MOST_BORDERS * MOST_BORDERS];   /* LU factors */
};

void afb_scf_clear_inverse(afb_scf *s, int a)
{
  struct afb_inverse *inverse = s->inverse[a];
  if (inverse) {
    free(inverse->factors);
    free(inverse->pivots);
  }
  free(inverse);
  s->inverse[a] = NULL;
}

static int index_of_pair(const afb_expression *e, int a, int b)
{
  for (int i = 0; i < e->n_pairs; i++)
    if (e->pair[i].a == a && e->pair[i].b == b)
      return i;
  return -1;
}

/* To s->scratch. */
static const double *local_potential(afb_scf *s, int a, double energy)
{
  int pair = index_of_pair(s->expression, a, a);
  const double *field = pair >= 0 ? afb_const_row(s->field, pair, s->n_points) : NULL;
  double *u = s->scratch, scale = 1 / s->occupation[a];
  for (int x = 0; x < s->n_points; x++)
    u[x] = (field ? scale * field[x] : 0) - energy;
  return u;
}

void afb_scf_local_operator(afb_scf *s, int a, double energy, double *band)
{
  const double *u = local_potential(s, a, energy);
  memcpy(band, afb_scf_dirac(s, s->orbital[a].kappa), (size_t)s->n * AFB_BAND_LD * sizeof *band);
  afb_radial_add_potential(s->radial, 1, u, band);
}

/* q_a <b|local operator of a|b>. */
static double expectation(const afb_scf *s, int a, int b)
{
  int pair = index_of_pair(s->expression, a, a);
  double sum = 0;
  const double *p = afb_const_row(s->p, b, s->n_points), *q = afb_const_row(s->q, b, s->n_points);
  const double *field = pair >= 0 ? afb_const_row(s->field, pair, s->n_points) : NULL;
  for (int x = 0; x < s->n_points && field; x++)
    sum += s->radial->weight[x] * field[x] * (p[x] * p[x] + q[x] * q[x]);
  return s->occupation[a] * afb_dot(s->n, afb_const_row(s->vector, b, s->n), afb_const_row(s->dirac, b, s->n)) + sum;
}

static int may_rotate(const afb_scf *s, int a, int b)
{
  return s->orbital[a].kappa == s->orbital[b].kappa && s->varied[a] && s->varied[b] && !(s->list->closed[a] && s->list->closed[b]);
}

static double holes(const afb_scf *s, int a) { return 2 * abs(s->orbital[a].kappa) - s->occupation[a]; }

/* The diagonal of the Hessian with the local operators. Between nearly full subshells it is about as small as their holes: the rotation of
 * full ones is free. */
static void estimate_rotations(afb_scf *s)
{
  int m = s->n_orbitals;
  for (int a = 0; a < m; a++)
    for (int b = a + 1; b < m; b++) {
      if (!may_rotate(s, a, b))
        continue;
      double h = 0.5 * (expectation(s, a, b) - s->multiplier[a * m + a] + expectation(s, b, a) - s->multiplier[b * m + b]);
      double least = 0.05 * fmin(s->occupation[a], s->occupation[b]);
      if (fabs(h) < least)
        h = h < 0 ? -least : least;
      s->rotation[a * m + b] = h * fmin(1, fmax(holes(s, a) + holes(s, b), 1e-7));
    }
}

static afb_status make_room(afb_scf *s, int a, int n_borders)
{
  size_t n = (size_t)s->n, size = n * AFB_BAND_FACTOR_LD + 2 * n * (size_t)n_borders + (size_t)s->n_points;
  struct afb_inverse *inverse = s->inverse[a];
  if (inverse && inverse->room >= n_borders)
    return AFB_OK;
  afb_scf_clear_inverse(s, a);
  inverse = s->inverse[a] = calloc(1, sizeof *inverse);
  if (inverse) {
    inverse->factors = malloc(size * sizeof *inverse->factors);
    inverse->pivots = malloc(n * sizeof *inverse->pivots);
  }
  if (!inverse || !inverse->factors || !inverse->pivots) {
    afb_scf_clear_inverse(s, a);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an orbital step");
  }
  inverse->room = n_borders;
  inverse->metric = inverse->factors + n * AFB_BAND_FACTOR_LD;
  inverse->solved = inverse->metric + n * (size_t)n_borders;
  inverse->potential = inverse->solved + n * (size_t)n_borders;
  return AFB_OK;
}

/* Whether the inverse that is there will do: its potential and its borders are nearly the present ones. Not with companions, which are new
 * every time. */
static int still_good(afb_scf *s, int a, double energy, int m, const double *const *border)
{
  const struct afb_inverse *inverse = s->inverse[a];
  if (!inverse || !inverse->made || inverse->n_borders != m || s->n_companions[a] > 0)
    return 0;
  for (int i = 0; i < m; i++)
    if (!(afb_dot(s->n, afb_row(inverse->metric, i, s->n), border[i]) > 1 - SAME_BORDER))
      return 0;
  const double *u = local_potential(s, a, energy);
  double most = 0;
  for (int x = 0; x < s->n_points; x++)
    most = fmax(most, fabs(u[x] - inverse->potential[x]));
  return most <= SAME_POTENTIAL * fabs(energy);
}

/* band: room. */
static afb_status invert(afb_scf *s, int a, double energy, double *band)
{
  int n = s->n, m = 0, info;
  const double *border[MOST_BORDERS], *metric[MOST_BORDERS];
  for (int b = 0; b < s->n_orbitals && m < MOST_BORDERS - AFB_MAX_N; b++)
    if (s->orbital[b].kappa == s->orbital[a].kappa) {
      metric[m] = afb_const_row(s->metric, b, n);
      border[m++] = afb_const_row(s->vector, b, n);
    }
  for (int i = 0; i < s->n_companions[a]; i++) {
    metric[m] = NULL;
    border[m++] = s->companion + (size_t)(a * AFB_MAX_N + i) * (size_t)n;
  }
  if (still_good(s, a, energy, m, border))
    return AFB_OK;
  AFB_TRY(make_room(s, a, m));
  struct afb_inverse *inverse = s->inverse[a];
  inverse->n_borders = m;
  inverse->made = 0;
  for (int i = 0; i < m; i++) {
    inverse->border[i] = border[i];
    if (metric[i])
      memcpy(afb_row(inverse->metric, i, n), metric[i], (size_t)n * sizeof(double));
    else
      afb_band_multiply(n, s->radial->overlap, border[i], afb_row(inverse->metric, i, n));
  }
  afb_scf_local_operator(s, a, energy, band);
  memcpy(inverse->potential, s->scratch, (size_t)s->n_points * sizeof(double));
  afb_radial_fix_ends(s->radial, band);
  AFB_TRY(afb_band_factor(n, band, inverse->factors, inverse->pivots));
  memcpy(inverse->solved, inverse->metric, (size_t)m * (size_t)n * sizeof(double));
  AFB_TRY(afb_band_solve(n, inverse->factors, inverse->pivots, m, inverse->solved));
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++)
      inverse->schur[j * m + i] = afb_dot(n, afb_row(inverse->metric, i, n), afb_row(inverse->solved, j, n));
  dgetrf_(&m, &m, inverse->schur, &m, inverse->schur_pivots, &info);
  inverse->made = info == 0 && s->n_companions[a] == 0;
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "singular border");
}

/* The orbitals first ... end - 1 are this rank's. */
static void share_orbitals(const afb_scf *s, int *bound, int *first, int *end)
{
  int cost[AFB_MAX_ORBITALS];
  for (int a = 0; a < s->n_orbitals; a++)
    cost[a] = s->varied[a] ? 1 : 0;
  afb_share_rows(s->comm, s->n_orbitals, cost, bound, first, end);
}

afb_status afb_scf_invert(afb_scf *s, double shift)
{
  int bound[afb_share_ranks(s->comm) + 1], first, end;
  share_orbitals(s, bound, &first, &end);
  double *band = malloc((size_t)s->n * AFB_BAND_LD * sizeof *band);
  afb_status status = band ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for an orbital step");
  for (int a = first; a < end && status == AFB_OK; a++)
    if (s->varied[a])
      status = invert(s, a, s->multiplier[a * s->n_orbitals + a] / s->occupation[a] - shift, band);
  free(band);
  status = afb_agree(s->comm, status);
  if (status == AFB_OK && !s->held)
    estimate_rotations(s);
  return status;
}

/* v = -A^-1 r / q in the complement of the borders. */
static afb_status bordered_solve(const afb_scf *s, int a, const double *r, double *v)
{
  const struct afb_inverse *inverse = s->inverse[a];
  int n = s->n, m = inverse->n_borders, one = 1, info;
  double right[MOST_BORDERS];
  for (int x = 0; x < n; x++)
    v[x] = -r[x] / s->occupation[a];
  AFB_TRY(afb_band_solve(n, inverse->factors, inverse->pivots, 1, v));
  for (int i = 0; i < m; i++)
    right[i] = afb_dot(n, afb_const_row(inverse->metric, i, n), v);
  dgetrs_("N", &m, &one, inverse->schur, &m, inverse->schur_pivots, right, &m, &info);
  for (int i = 0; i < m; i++)
    afb_axpy(n, -right[i], afb_const_row(inverse->solved, i, n), v);
  for (int b = 0; b < s->n_orbitals; b++)
    if (s->orbital[b].kappa == s->orbital[a].kappa)
      afb_axpy(n, -afb_dot(n, afb_const_row(s->metric, b, n), v), afb_const_row(s->vector, b, n), v);
  for (int i = m - s->n_companions[a]; i < m; i++)
    afb_axpy(n, -afb_dot(n, afb_const_row(inverse->metric, i, n), v), inverse->border[i], v);
  return AFB_OK;
}

/* Rotations of pairs: x = -t / h, h the estimate of the curvature. */
static void rotate_pairs(const afb_scf *s, const double *dual, double *primal)
{
  int m = s->n_orbitals;
  for (int a = 0; a < m; a++)
    for (int b = a + 1; b < m; b++) {
      if (!may_rotate(s, a, b))
        continue;
      double t = 0.5 * (afb_dot(s->n, afb_const_row(s->vector, b, s->n), afb_const_row(dual, a, s->n)) -
                        afb_dot(s->n, afb_const_row(s->vector, a, s->n), afb_const_row(dual, b, s->n)));
      double x = -t / s->rotation[a * m + b];
      afb_axpy(s->n, x, afb_const_row(s->vector, b, s->n), afb_row(primal, a, s->n));
      afb_axpy(s->n, -x, afb_const_row(s->vector, a, s->n), afb_row(primal, b, s->n));
    }
}

afb_status afb_scf_precondition(afb_scf *s, const double *dual, double *primal)
{
  int bound[afb_share_ranks(s->comm) + 1], first, end;
  afb_status status = AFB_OK;
  share_orbitals(s, bound, &first, &end);
  memset(primal, 0, (size_t)s->n_orbitals * (size_t)s->n * sizeof *primal);
  for (int a = first; a < end && status == AFB_OK; a++)
    if (s->varied[a])
      status = bordered_solve(s, a, afb_const_row(dual, a, s->n), afb_row(primal, a, s->n));
  AFB_TRY(afb_agree(s->comm, status));
  afb_share_gather(s->comm, bound, s->n, primal);
  if (!s->held)
    rotate_pairs(s, dual, primal);
  return AFB_OK;
}
