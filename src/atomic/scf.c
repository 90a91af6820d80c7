#include "atomic/scf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/scf_parts.h"
#include "atomic/share.h"
#include "core/vector.h"
#include "numeric/lapack.h"

static double *array(size_t a, size_t b) { return calloc(a * b + 1, sizeof(double)); }

afb_status afb_scf_create(afb_radial *radial, const afb_csf_list *list, const afb_expression *expression,
                          const uint8_t *vary, afb_scf **out)
{
  *out = NULL;
  for (int k = 0; k <= expression->max_rank; k++)
    AFB_TRY(afb_radial_prepare_rank(radial, k));
  afb_scf *s = calloc(1, sizeof *s);
  if (!s)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the orbitals");
  size_t m = (size_t)list->n_orbitals, n = (size_t)radial->n, points = (size_t)radial->n_points;
  s->comm = MPI_COMM_SELF;
  s->radial = radial;
  s->list = list;
  s->expression = expression;
  s->n_orbitals = list->n_orbitals;
  s->n = radial->n;
  s->n_points = radial->n_points;
  s->orbital = list->orbital;
  memcpy(s->varied, vary, m);
  s->vector = array(m, n);
  s->p = array(m, points);
  s->q = array(m, points);
  s->dirac = array(m, n);
  s->density = array((size_t)expression->n_pairs, points);
  s->potential = array((size_t)expression->n_potentials, points);
  s->field = array((size_t)expression->n_pairs, points);
  s->x = array((size_t)(expression->n_one + expression->n_terms), 1);
  s->coefficient = array((size_t)(expression->n_one + expression->n_terms), 1);
  s->gradient = array(m, n);
  s->multiplier = array(m, m);
  s->work = array(2 * m, points);
  s->scratch = array(points, 1);
  s->metric = array(m, n);
  s->refreshed = array(m, n);
  s->rotation = array(m, m);
  if (!s->vector || !s->p || !s->q || !s->dirac || !s->density || !s->potential || !s->field || !s->x ||
      !s->coefficient || !s->gradient || !s->multiplier || !s->work || !s->scratch || !s->metric || !s->refreshed || !s->rotation) {
    afb_scf_destroy(&s);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d orbitals and %d potentials on %d points", list->n_orbitals,
                    expression->n_potentials, radial->n_points);
  }
  for (size_t a = 0; a < m; a++)
    if (!afb_scf_dirac(s, s->orbital[a].kappa)) {
      afb_scf_destroy(&s);
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the Dirac operators");
    }
  *out = s;
  return AFB_OK;
}

void afb_scf_share(afb_scf *s, MPI_Comm comm) { s->comm = comm; }

void afb_scf_destroy(afb_scf **scf)
{
  afb_scf *s = *scf;
  if (!s)
    return;
  free(s->vector);
  free(s->p);
  free(s->q);
  free(s->dirac);
  free(s->density);
  free(s->potential);
  free(s->field);
  free(s->x);
  free(s->coefficient);
  free(s->gradient);
  free(s->multiplier);
  free(s->work);
  free(s->scratch);
  free(s->metric);
  free(s->refreshed);
  free(s->rotation);
  free(s->companion);
  for (int a = 0; a < s->n_orbitals; a++)
    free(s->span[a]);
  afb_scf_clear_change(s);
  for (int a = 0; a < s->n_orbitals; a++)
    afb_scf_clear_inverse(s, a);
  for (size_t i = 0; i < sizeof s->band / sizeof *s->band; i++)
    free(s->band[i]);
  free(s);
  *scf = NULL;
}

const double *afb_scf_dirac(afb_scf *s, int kappa)
{
  double **slot = s->band + AFB_MAX_ORBITALS + kappa;
  if (!*slot) {
    *slot = malloc((size_t)s->n * AFB_BAND_LD * sizeof **slot);
    if (*slot)
      afb_radial_dirac(s->radial, kappa, *slot);
  }
  return *slot;
}

void afb_scf_remove_component(const afb_scf *s, const double *along, double *v)
{
  double overlap = afb_band_form(s->n, s->radial->overlap, along, v);
  afb_axpy(s->n, -overlap, along, v);
}

/* Symmetric orthonormalisation, X (X^T S X)^(-1/2), of the varied orbitals number group[0 ... m-1]. */
static afb_status symmetric(afb_scf *s, int m, const int *group)
{
  double overlap[AFB_MAX_ORBITALS * 4], value[16], work[640], mixed[16];
  int lwork = 640, info;
  if (m > 16)
    return AFB_FAIL(AFB_E_LIMIT, "more than 16 orbitals of one symmetry");
  for (int i = 0; i < m; i++) {
    afb_band_multiply(s->n, s->radial->overlap, afb_row(s->vector, group[i], s->n), s->scratch);
    for (int j = i; j < m; j++)
      overlap[i * m + j] = afb_dot(s->n, s->scratch, afb_row(s->vector, group[j], s->n));
  }
  dsyev_("V", "L", &m, overlap, &m, value, work, &lwork, &info);
  if (info != 0 || value[0] < 1e-8)
    return AFB_FAIL(AFB_E_NUMERIC, "orbitals became linearly dependent");
  double power[256];
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++) {
      power[i * m + j] = 0;
      for (int e = 0; e < m; e++)
        power[i * m + j] += overlap[e * m + i] * overlap[e * m + j] / sqrt(value[e]);
    }
  for (int x = 0; x < s->n; x++) {
    for (int i = 0; i < m; i++) {
      mixed[i] = 0;
      for (int j = 0; j < m; j++)
        mixed[i] += power[i * m + j] * afb_row(s->vector, group[j], s->n)[x];
    }
    for (int i = 0; i < m; i++)
      afb_row(s->vector, group[i], s->n)[x] = mixed[i];
  }
  return AFB_OK;
}

afb_status afb_scf_orthonormalise(afb_scf *s)
{
  uint8_t done[AFB_MAX_ORBITALS] = {0};
  for (int a = 0; a < s->n_orbitals; a++) {
    if (done[a] || !s->varied[a])
      continue;
    int group[AFB_MAX_ORBITALS], m = 0;
    for (int b = a; b < s->n_orbitals; b++)
      if (s->varied[b] && s->orbital[b].kappa == s->orbital[a].kappa) {
        group[m++] = b;
        done[b] = 1;
      }
    for (int i = 0; i < m; i++)
      for (int b = 0; b < s->n_orbitals; b++)
        if (!s->varied[b] && s->orbital[b].kappa == s->orbital[a].kappa)
          afb_scf_remove_component(s, afb_row(s->vector, b, s->n), afb_row(s->vector, group[i], s->n));
    AFB_TRY(symmetric(s, m, group));
  }
  return AFB_OK;
}

AFB_CLONES static void refresh_integrals(afb_scf *s)
{
  const afb_expression *e = s->expression;
  double *two = s->x + e->n_one;
  for (int i = 0; i < e->n_one; i++)
    s->x[i] = afb_dot(s->n, afb_row(s->vector, e->one[i].a, s->n), afb_row(s->dirac, e->one[i].b, s->n));
  int bound[afb_share_ranks(s->comm) + 1], first, end;
  afb_share_rows(s->comm, e->n_terms, NULL, bound, &first, &end);
  memset(two, 0, (size_t)e->n_terms * sizeof *two);
  for (int x = 0; x < s->n_points; x += AFB_CHUNK) {
    int count = s->n_points - x < AFB_CHUNK ? s->n_points - x : AFB_CHUNK;
    for (int t = first; t < end; t++)
      two[t] += afb_dot(count, afb_row(s->density, e->potential[e->term[t].left].pair, s->n_points) + x,
                        afb_row(s->potential, e->term[t].right, s->n_points) + x);
  }
  afb_share_gather(s->comm, bound, 1, two);
}

AFB_CLONES void afb_scf_pair_density(const afb_scf *s, const double *pa, const double *qa, const double *pb, const double *qb, double *rho)
{
  for (int x = 0; x < s->n_points; x++)
    rho[x] = s->radial->weight[x] * (pa[x] * pb[x] + qa[x] * qb[x]);
}

int afb_scf_refresh(afb_scf *s)
{
  const afb_expression *e = s->expression;
  int points = s->n_points;
  size_t bytes = (size_t)s->n_orbitals * (size_t)s->n * sizeof *s->vector;
  if (memcmp(s->refreshed, s->vector, bytes) == 0)
    return 0;
  memcpy(s->refreshed, s->vector, bytes);
  for (int a = 0; a < s->n_orbitals; a++) {
    const double *v = afb_row(s->vector, a, s->n);
    afb_radial_values(s->radial, v, afb_row(s->p, a, points), afb_row(s->q, a, points));
    afb_band_multiply(s->n, afb_scf_dirac(s, s->orbital[a].kappa), v, afb_row(s->dirac, a, s->n));
    afb_band_multiply(s->n, s->radial->overlap, v, afb_row(s->metric, a, s->n));
  }
  for (int i = 0; i < e->n_pairs; i++) {
    const double *pa = afb_row(s->p, e->pair[i].a, points), *qa = afb_row(s->q, e->pair[i].a, points);
    const double *pb = afb_row(s->p, e->pair[i].b, points), *qb = afb_row(s->q, e->pair[i].b, points);
    afb_scf_pair_density(s, pa, qa, pb, qb, afb_row(s->density, i, points));
  }
  for (int i = 0; i < e->n_potentials; i++)
    afb_radial_coulomb(s->radial, e->potential[i].k, afb_row(s->density, e->potential[i].pair, points),
                       afb_row(s->potential, i, points));
  refresh_integrals(s);
  return 1;
}

/* The fields of the pairs first ... end - 1. */
AFB_CLONES static void add_fields_of(const afb_expression *e, int first, int end, int points, const double *coefficient,
                                     const double *potential, double *field)
{
  for (int x = 0; x < points; x += AFB_CHUNK) {
    int count = points - x < AFB_CHUNK ? points - x : AFB_CHUNK;
    for (int t = 0; t < e->n_terms; t++) {
      double c = coefficient[t];
      int left = e->term[t].left, right = e->term[t].right, a = e->potential[left].pair, b = e->potential[right].pair;
      if (fabs(c) < 1e-16)
        continue;
      if (left == right)
        c *= 2;
      if (a >= first && a < end)
        afb_axpy(count, c, afb_const_row(potential, right, points) + x, afb_row(field, a, points) + x);
      if (left != right && b >= first && b < end)
        afb_axpy(count, c, afb_const_row(potential, left, points) + x, afb_row(field, b, points) + x);
    }
  }
}

void afb_scf_add_fields(const afb_expression *e, int points, const double *coefficient, const double *potential, double *field)
{
  add_fields_of(e, 0, e->n_pairs, points, coefficient, potential, field);
}

/* Collective on s->comm. s->field, from nothing. */
static void share_fields(afb_scf *s)
{
  const afb_expression *e = s->expression;
  int bound[afb_share_ranks(s->comm) + 1], first, end;
  memset(s->field, 0, (size_t)e->n_pairs * (size_t)s->n_points * sizeof *s->field);
  afb_share_rows(s->comm, e->n_pairs, e->pair_terms, bound, &first, &end);
  add_fields_of(e, first, end, s->n_points, s->coefficient + e->n_one, s->potential, s->field);
  afb_share_gather(s->comm, bound, s->n_points, s->field);
}

AFB_CLONES void afb_scf_add_products(int points, double f, const double *u, const double *sp, const double *sq, double *tp, double *tq)
{
  for (int x = 0; x < points; x++) {
    double fu = f * u[x];
    tp[x] += fu * sp[x];
    tq[x] += fu * sq[x];
  }
}

void afb_scf_collect_fields(afb_scf *s, const double *field, const double *p, const double *q)
{
  const afb_expression *e = s->expression;
  int points = s->n_points;
  double *fp = s->work, *fq = s->work + (size_t)s->n_orbitals * (size_t)points;
  for (int i = 0; i < e->n_pairs; i++) {
    int a = e->pair[i].a, b = e->pair[i].b;
    const double *u = afb_const_row(field, i, points);
    if (s->varied[a])
      afb_scf_add_products(points, a == b ? 1 : 0.5, u, afb_const_row(p, b, points), afb_const_row(q, b, points),
                           afb_row(fp, a, points), afb_row(fq, a, points));
    if (s->varied[b] && a != b)
      afb_scf_add_products(points, 0.5, u, afb_const_row(p, a, points), afb_const_row(q, a, points), afb_row(fp, b, points),
                           afb_row(fq, b, points));
  }
}

void afb_scf_project_fields(afb_scf *s, double *out)
{
  int points = s->n_points;
  double *fp = s->work, *fq = s->work + (size_t)s->n_orbitals * (size_t)points;
  for (int a = 0; a < s->n_orbitals; a++) {
    if (!s->varied[a])
      continue;
    afb_radial_project(s->radial, afb_row(fp, a, points), afb_row(fq, a, points), s->scratch);
    afb_axpy(s->n, 1, s->scratch, afb_row(out, a, s->n));
  }
  memset(s->work, 0, 2 * (size_t)s->n_orbitals * (size_t)points * sizeof *s->work);
}

void afb_scf_apply_one_body(const afb_scf *s, const double *coefficient, const double *h, double *out)
{
  const afb_expression *e = s->expression;
  for (int i = 0; i < e->n_one; i++) {
    int a = e->one[i].a, b = e->one[i].b;
    double c = coefficient[i];
    if (a == b) {
      afb_axpy(s->n, c, afb_const_row(h, a, s->n), afb_row(out, a, s->n));
    } else {
      afb_axpy(s->n, 0.5 * c, afb_const_row(h, b, s->n), afb_row(out, a, s->n));
      afb_axpy(s->n, 0.5 * c, afb_const_row(h, a, s->n), afb_row(out, b, s->n));
    }
  }
}

void afb_scf_gradient(afb_scf *s)
{
  const afb_expression *e = s->expression;
  memset(s->gradient, 0, (size_t)s->n_orbitals * (size_t)s->n * sizeof *s->gradient);
  memset(s->occupation, 0, sizeof s->occupation);
  for (int i = 0; i < e->n_one; i++)
    if (e->one[i].a == e->one[i].b)
      s->occupation[e->one[i].a] = s->coefficient[i];
  afb_scf_apply_one_body(s, s->coefficient, s->dirac, s->gradient);
  share_fields(s);
  afb_scf_collect_fields(s, s->field, s->p, s->q);
  afb_scf_project_fields(s, s->gradient);
  for (int a = 0; a < s->n_orbitals; a++)
    for (int b = 0; b < s->n_orbitals; b++)
      s->multiplier[a * s->n_orbitals + b] =
        s->orbital[a].kappa == s->orbital[b].kappa ? afb_dot(s->n, afb_row(s->vector, b, s->n), afb_row(s->gradient, a, s->n)) : 0;
}

static int is_free(const afb_scf *s, const uint8_t *free_pair, int a, int b)
{
  return s->varied[a] && s->varied[b] && s->orbital[a].kappa == s->orbital[b].kappa &&
         ((s->list->closed[a] && s->list->closed[b]) || (free_pair && free_pair[a * s->n_orbitals + b]));
}

/* Eigenvectors of the symmetric multipliers of group[0 ... m-1] replace its orbitals. */
static afb_status diagonalise(afb_scf *s, int m, const int *group)
{
  double matrix[256], value[16], work[640], mixed[16];
  int lwork = 640, info;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++)
      matrix[i * m + j] = 0.5 * (s->multiplier[group[i] * s->n_orbitals + group[j]] +
                                 s->multiplier[group[j] * s->n_orbitals + group[i]]);
  dsyev_("V", "L", &m, matrix, &m, value, work, &lwork, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "orbitals cannot be made canonical");
  for (int x = 0; x < s->n; x++) {
    for (int i = 0; i < m; i++) {
      mixed[i] = 0;
      for (int j = 0; j < m; j++)
        mixed[i] += (matrix[i * m + i] < 0 ? -1 : 1) * matrix[i * m + j] * afb_row(s->vector, group[j], s->n)[x];
    }
    for (int i = 0; i < m; i++)
      afb_row(s->vector, group[i], s->n)[x] = mixed[i];
  }
  return AFB_OK;
}

afb_status afb_scf_canonicalise(afb_scf *s, const uint8_t *free_pair)
{
  uint8_t done[AFB_MAX_ORBITALS] = {0};
  for (int a = 0; a < s->n_orbitals; a++) {
    int group[16], m = 1;
    group[0] = a;
    for (int b = a + 1; b < s->n_orbitals && !done[a]; b++)
      if (!done[b] && m < 16 && is_free(s, free_pair, a, b)) {
        group[m++] = b;
        done[b] = 1;
      }
    if (m > 1)
      AFB_TRY(diagonalise(s, m, group));
  }
  if (afb_scf_refresh(s))
    afb_scf_gradient(s);
  return AFB_OK;
}

afb_status afb_scf_pair_curvatures(afb_scf *s, afb_ci *ci, const afb_angular *angular, double *curvature)
{
  size_t size = (size_t)s->n_orbitals * (size_t)s->n;
  double *p = calloc(2 * size, sizeof *p);
  if (!p)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a rotation");
  double *hp = p + size;
  for (int i = 0; i < s->n_orbitals * s->n_orbitals; i++)
    curvature[i] = NAN;
  afb_status status = AFB_OK;
  for (int a = 0; a < s->n_orbitals; a++)
    for (int b = a + 1; b < s->n_orbitals && status == AFB_OK; b++) {
      if (!s->varied[a] || !s->varied[b] || s->orbital[a].kappa != s->orbital[b].kappa || s->list->closed[a] || s->list->closed[b])
        continue;
      memset(p, 0, size * sizeof *p);
      for (int x = 0; x < s->n; x++) {
        afb_row(p, a, s->n)[x] = afb_row(s->vector, b, s->n)[x];
        afb_row(p, b, s->n)[x] = -afb_row(s->vector, a, s->n)[x];
      }
      status = afb_scf_hessian(s, ci, angular, p, hp);
      curvature[a * s->n_orbitals + b] = curvature[b * s->n_orbitals + a] = afb_dot((int)size, p, hp);
    }
  free(p);
  return status;
}

void afb_scf_project_tangent(const afb_scf *s, double *dual)
{
  int m = s->n_orbitals;
  double overlap[AFB_MAX_ORBITALS * AFB_MAX_ORBITALS];
  for (int a = 0; a < m; a++)
    for (int b = 0; b < m; b++)
      if (s->varied[a] && s->orbital[a].kappa == s->orbital[b].kappa)
        overlap[a * m + b] = afb_dot(s->n, afb_const_row(s->vector, b, s->n), afb_const_row(dual, a, s->n));
  for (int a = 0; a < m; a++)
    for (int b = 0; b < m; b++) {
      if (!s->varied[a] || s->orbital[a].kappa != s->orbital[b].kappa)
        continue;
      double keep = s->varied[b] && a != b && !(s->list->closed[a] && s->list->closed[b])
                      ? 0.5 * (overlap[a * m + b] - overlap[b * m + a]) : 0;
      afb_axpy(s->n, keep - overlap[a * m + b], afb_const_row(s->metric, b, s->n), afb_row(dual, a, s->n));
    }
  for (int a = 0; a < m; a++)
    if (!s->varied[a])
      memset(afb_row(dual, a, s->n), 0, (size_t)s->n * sizeof *dual);
}

void afb_scf_residual(const afb_scf *s, double *dual)
{
  memcpy(dual, s->gradient, (size_t)s->n_orbitals * (size_t)s->n * sizeof *dual);
  afb_scf_project_tangent(s, dual);
}

void afb_scf_norms(const afb_scf *s, const double *primal, double *norm)
{
  for (int a = 0; a < s->n_orbitals; a++) {
    const double *v = afb_const_row(primal, a, s->n);
    norm[a] = sqrt(fmax(0, afb_band_form(s->n, s->radial->overlap, v, v)));
  }
}

double afb_scf_r_mean(const afb_scf *s, int orbital)
{
  const double *p = afb_const_row(s->p, orbital, s->n_points), *q = afb_const_row(s->q, orbital, s->n_points);
  double sum = 0;
  for (int x = 0; x < s->n_points; x++)
    sum += s->radial->weight[x] * s->radial->r[x] * (p[x] * p[x] + q[x] * q[x]);
  return sum;
}

double afb_scf_tail(const afb_scf *s, int orbital)
{
  const double *p = afb_const_row(s->p, orbital, s->n_points), *q = afb_const_row(s->q, orbital, s->n_points);
  double sum = 0, from = 0.85 * s->radial->breakpoint[s->radial->n_cells];
  for (int x = 0; x < s->n_points; x++)
    if (s->radial->r[x] > from)
      sum += s->radial->weight[x] * (p[x] * p[x] + q[x] * q[x]);
  return sum;
}

int afb_scf_nodes(const afb_scf *s, int orbital) { return afb_count_nodes(s->n_points, afb_const_row(s->p, orbital, s->n_points)); }

int afb_count_nodes(int n, const double *p)
{
  double most = 0;
  int nodes = 0, sign = 0, last = n - 1;
  for (int x = 0; x < n; x++)
    most = fmax(most, fabs(p[x]));
  while (last > 0 && fabs(p[last]) < 0.3 * most)
    last--;
  for (int x = 0; x <= last; x++) {
    if (fabs(p[x]) < 0.01 * most)
      continue;
    int now = p[x] > 0 ? 1 : -1;
    if (sign != 0 && now != sign)
      nodes++;
    sign = now;
  }
  return nodes;
}
