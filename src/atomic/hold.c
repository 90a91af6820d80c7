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
    double factor = s->coefficient[e->n_one + t] / s->occupation[a];
    for (int x = 0; x < points; x++)
      rho[x] = s->radial->weight[x] * (p[x] * pc[x] + q[x] * qc[x]);
    afb_radial_coulomb(s->radial, side.k, rho, potential);
    for (int x = 0; x < points; x++) {
      fp[x] += factor * potential[x] * pc[x];
      fq[x] += factor * potential[x] * qc[x];
    }
  }
  afb_radial_project(s->radial, fp, fq, dual);
  afb_band_multiply(s->n, band, v, rho);
  afb_axpy(s->n, 1, rho, dual);
}

/* Orthonormal vectors from `count` in basis, orthogonal to the listed orbitals of a's kappa but a; the number that is left. */
static int orthonormal_basis(const afb_scf *s, int a, int count, double *basis)
{
  int kept = 0;
  for (int i = 0; i < count; i++) {
    double *v = afb_row(basis, i, s->n);
    for (int twice = 0; twice < 2; twice++) {
      for (int b = 0; b < s->n_orbitals; b++)
        if (b != a && s->orbital[b].kappa == s->orbital[a].kappa)
          afb_scf_remove_component(s, afb_const_row(s->vector, b, s->n), v);
      for (int j = 0; j < kept; j++)
        afb_scf_remove_component(s, afb_row(basis, j, s->n), v);
    }
    double norm = sqrt(fmax(0, afb_band_form(s->n, s->radial->overlap, v, v)));
    if (norm < 1e-2)
      continue;
    double *to = afb_row(basis, kept++, s->n);
    for (int x = 0; x < s->n; x++)
      to[x] = v[x] / norm;
  }
  return kept;
}

/* The `wanted` lowest eigenvectors of F_a in the span of basis[count][n]. */
static afb_status lowest_in(const afb_scf *s, int a, const double *band, int count, const double *basis, double *work,
                            int wanted, double *companion)
{
  double matrix[MOST * MOST], value[MOST], space[64 * MOST];
  int lwork = 64 * MOST, info;
  double *dual = work + 6 * (size_t)s->n_points;
  for (int i = 0; i < count; i++) {
    apply_operator(s, a, band, afb_const_row(basis, i, s->n), work, dual);
    for (int j = 0; j < count; j++)
      matrix[i * count + j] = afb_dot(s->n, afb_const_row(basis, j, s->n), dual);
  }
  dsyev_("V", "L", &count, matrix, &count, value, space, &lwork, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "companions of an orbital were not found");
  memset(companion, 0, (size_t)wanted * (size_t)s->n * sizeof *companion);
  for (int m = 0; m < wanted; m++)
    for (int i = 0; i < count; i++)
      afb_axpy(s->n, matrix[m * count + i], afb_const_row(basis, i, s->n), afb_row(companion, m, s->n));
  return AFB_OK;
}

afb_status afb_scf_hold(afb_scf *s)
{
  size_t n = (size_t)s->n;
  s->held = 1;
  double *band = malloc((n * AFB_BAND_LD + n * MOST + 6 * (size_t)s->n_points + n) * sizeof *band);
  if (!s->companion)
    s->companion = calloc((size_t)s->n_orbitals * AFB_MAX_N * n, sizeof *s->companion);
  if (!band || !s->companion) {
    free(band);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the companions of an orbital");
  }
  double *basis = band + n * AFB_BAND_LD, *work = basis + n * MOST;
  afb_status status = AFB_OK;
  for (int a = 0; a < s->n_orbitals && status == AFB_OK; a++) {
    int wanted = s->orbital[a].n - afb_kappa_l(s->orbital[a].kappa) - 1, missing = wanted - count_inner(s, a);
    if (!has_gap(s, a))
      continue;
    afb_scf_local_operator(s, a, 0, band);
    status = afb_start_lowest(s->radial, band, wanted + EXTRA, basis);
    if (status != AFB_OK)
      break;
    afb_scf_local_operator(s, a, 0, band);
    memcpy(basis + (size_t)(wanted + EXTRA) * n, afb_row(s->vector, a, s->n), n * sizeof *basis);
    int count = orthonormal_basis(s, a, wanted + EXTRA + 1, basis);
    s->n_companions[a] = count > missing ? missing : 0;
    status = lowest_in(s, a, band, count, basis, work, s->n_companions[a] + 1, s->companion + (size_t)a * AFB_MAX_N * n);
  }
  free(band);
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
