/* The derivative of the gradient along a tangent vector (atomic/scf.h). */
#include <stdlib.h>
#include <string.h>

#include "atomic/scf_parts.h"
#include "core/clock.h"
#include "core/vector.h"

struct afb_change {
  uint8_t moves[AFB_MAX_ORBITALS];
  double *p, *q, *dirac;       /* values and H_Dirac of the change; zero for orbitals that do not move */
  double *density, *potential, *field;
  double *x, *coefficient;     /* changes of the integrals and of their coefficients */
  double *y, *gamma;
};

static double *array(size_t a, size_t b) { return calloc(a * b + 1, sizeof(double)); }

void afb_scf_clear_change(afb_scf *s)
{
  struct afb_change *d = s->change;
  if (!d)
    return;
  double *all[] = {d->p, d->q, d->dirac, d->density, d->potential, d->field, d->x, d->coefficient, d->y, d->gamma};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    free(all[i]);
  free(d);
  s->change = NULL;
}

static afb_status make_change(afb_scf *s)
{
  const afb_expression *e = s->expression;
  size_t m = (size_t)s->n_orbitals, points = (size_t)s->n_points, n_x = (size_t)(e->n_one + e->n_terms);
  struct afb_change *d = s->change = calloc(1, sizeof *d);
  if (!d)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the second-order step");
  d->p = array(m, points);
  d->q = array(m, points);
  d->dirac = array(m, (size_t)s->n);
  d->density = array(points, 1);
  d->potential = array((size_t)e->n_potentials, points);
  d->field = array((size_t)e->n_pairs, points);
  d->x = array(n_x, 1);
  d->coefficient = array(n_x, 1);
  d->y = array((size_t)e->n_angular, 1);
  d->gamma = array((size_t)e->n_angular, 1);
  if (d->p && d->q && d->dirac && d->density && d->potential && d->field && d->x && d->coefficient && d->y && d->gamma)
    return AFB_OK;
  afb_scf_clear_change(s);
  return AFB_FAIL(AFB_E_MEMORY, "no memory for the second-order step");
}

/* Potentials of phi_a dphi_b + dphi_a phi_b; zero for pairs of orbitals that do not move. */
AFB_CLONES static void change_potentials(afb_scf *s, const double *primal, struct afb_change *d)
{
  const afb_expression *e = s->expression;
  int points = s->n_points;
  for (int a = 0; a < s->n_orbitals; a++) {
    const double *v = afb_const_row(primal, a, s->n);
    int moved = d->moves[a];
    d->moves[a] = 0;
    for (int x = 0; x < s->n && s->varied[a] && !d->moves[a]; x++)
      d->moves[a] = v[x] != 0;
    if (!d->moves[a] && !moved)
      continue;
    afb_radial_values(s->radial, v, afb_row(d->p, a, points), afb_row(d->q, a, points));
    afb_band_multiply(s->n, afb_scf_dirac(s, s->orbital[a].kappa), v, afb_row(d->dirac, a, s->n));
  }
  for (int i = 0; i < e->n_potentials; i++) {
    int a = e->pair[e->potential[i].pair].a, b = e->pair[e->potential[i].pair].b;
    if (!d->moves[a] && !d->moves[b]) {
      memset(afb_row(d->potential, i, points), 0, (size_t)points * sizeof(double));
      continue;
    }
    const double *pa = afb_row(s->p, a, points), *qa = afb_row(s->q, a, points);
    const double *pb = afb_row(s->p, b, points), *qb = afb_row(s->q, b, points);
    const double *dpa = afb_row(d->p, a, points), *dqa = afb_row(d->q, a, points);
    const double *dpb = afb_row(d->p, b, points), *dqb = afb_row(d->q, b, points);
    for (int x = 0; x < points; x++)
      d->density[x] = s->radial->weight[x] * (pa[x] * dpb[x] + dpa[x] * pb[x] + qa[x] * dqb[x] + dqa[x] * qb[x]);
    afb_radial_coulomb(s->radial, e->potential[i].k, d->density, afb_row(d->potential, i, points));
  }
}

AFB_CLONES static void change_integrals(const afb_scf *s, const double *primal, struct afb_change *d)
{
  const afb_expression *e = s->expression;
  for (int i = 0; i < e->n_one; i++)
    d->x[i] = afb_dot(s->n, afb_const_row(primal, e->one[i].a, s->n), afb_const_row(s->dirac, e->one[i].b, s->n)) +
              afb_dot(s->n, afb_const_row(primal, e->one[i].b, s->n), afb_const_row(s->dirac, e->one[i].a, s->n));
  double *two = d->x + e->n_one;
  memset(two, 0, (size_t)e->n_terms * sizeof *two);
  for (int x = 0; x < s->n_points; x += AFB_CHUNK) {
    int count = s->n_points - x < AFB_CHUNK ? s->n_points - x : AFB_CHUNK;
    for (int t = 0; t < e->n_terms; t++) {
      int left = e->term[t].left, right = e->term[t].right;
      const double *rho = afb_const_row(s->density, e->potential[left].pair, s->n_points) + x;
      const double *other = afb_const_row(s->density, e->potential[right].pair, s->n_points) + x;
      two[t] += afb_dot(count, rho, afb_const_row(d->potential, right, s->n_points) + x) +
                afb_dot(count, other, afb_const_row(d->potential, left, s->n_points) + x);
    }
  }
}

afb_status afb_scf_hessian(afb_scf *s, afb_ci *ci, const afb_angular *angular, const double *primal, double *dual)
{
  const afb_expression *e = s->expression;
  if (!s->change)
    AFB_TRY(make_change(s));
  struct afb_change *d = s->change;
  afb_status status = AFB_OK;
  memset(dual, 0, (size_t)s->n_orbitals * (size_t)s->n * sizeof *dual);
  memset(d->field, 0, (size_t)e->n_pairs * (size_t)s->n_points * sizeof *d->field);
  afb_phase phase = afb_phase_enter(AFB_PHASE_COULOMB);
  change_potentials(s, primal, d);
  afb_phase_enter(phase);
  afb_scf_apply_one_body(s, s->coefficient, d->dirac, dual);
  afb_scf_add_fields(e, s->n_points, s->coefficient + e->n_one, d->potential, d->field);
  afb_scf_collect_fields(s, s->field, d->p, d->q);
  if (ci) {
    change_integrals(s, primal, d);
    afb_expression_to_angular(e, d->x, d->y);
    afb_phase_enter(AFB_PHASE_CI);
    status = afb_ci_response(ci, angular, d->y, d->gamma);
    afb_phase_enter(phase);
    afb_expression_coefficients(e, 0, d->gamma, d->coefficient);
    afb_scf_apply_one_body(s, d->coefficient, s->dirac, dual);
    afb_scf_add_fields(e, s->n_points, d->coefficient + e->n_one, s->potential, d->field);
  }
  afb_scf_collect_fields(s, d->field, s->p, s->q);
  afb_scf_project_fields(s, dual);
  /* minus the symmetric multipliers times the change */
  for (int b = 0; b < s->n_orbitals; b++) {
    if (!d->moves[b])
      continue;
    afb_band_multiply(s->n, s->radial->overlap, afb_const_row(primal, b, s->n), s->scratch);
    for (int a = 0; a < s->n_orbitals; a++)
      if (s->varied[a] && s->orbital[a].kappa == s->orbital[b].kappa)
        afb_axpy(s->n, -0.5 * (s->multiplier[a * s->n_orbitals + b] + s->multiplier[b * s->n_orbitals + a]), s->scratch,
                 afb_row(dual, a, s->n));
  }
  afb_scf_project_tangent(s, dual);
  return status;
}
