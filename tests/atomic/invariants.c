#include "tests/atomic/invariants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/bspline.h"

enum { P_ORDER = 8, Q_ORDER = 9, POINTS = 12 };

typedef struct {
  const char *name;
  int broken;
} judgement;

static void rule(judgement *j, int holds, const char *text, double found)
{
  if (holds)
    return;
  j->broken++;
  fprintf(stderr, "# %s: broken: %s (%.6g)\n", j->name, text, found);
}

/* Radial functions on Gauss points. */
typedef struct {
  int n;
  double *r, *weight, *p, *q;   /* [n], [n], [n_orbitals][n] twice */
} sampled;

static void sample(const afb_orbitals *o, sampled *s)
{
  double node[POINTS], weight[POINTS], value[AFB_BSPLINE_MAX_ORDER];
  size_t stride = (size_t)(o->n_p + o->n_q), orbitals = (size_t)o->n_orbitals;
  s->n = (o->n_breakpoints - 1) * POINTS;
  size_t n = (size_t)s->n;
  s->r = calloc(n * (2 + 2 * orbitals), sizeof(double));
  s->weight = s->r + n;
  s->p = s->weight + n;
  s->q = s->p + n * orbitals;
  afb_gauss_legendre(POINTS, node, weight);
  for (int cell = 0; cell + 1 < o->n_breakpoints; cell++)
    for (int x = 0; x < POINTS; x++) {
      double half = 0.5 * (o->breakpoint[cell + 1] - o->breakpoint[cell]), r = o->breakpoint[cell] + half * (1 + node[x]);
      size_t at = (size_t)(cell * POINTS + x);
      s->r[at] = r;
      s->weight[at] = half * weight[x];
      for (int large = 0; large < 2; large++) {
        int order = large ? P_ORDER : Q_ORDER;
        afb_bspline_evaluate(order, o->n_breakpoints, o->breakpoint, cell, r, value, NULL);
        for (size_t a = 0; a < orbitals; a++)
          for (int i = 0; i < order; i++)
            (large ? s->p : s->q)[a * n + at] += value[i] * o->coefficient[a * stride + (size_t)((large ? 0 : o->n_p) + cell + i)];
      }
    }
}

static double overlap(const sampled *s, int a, int b)
{
  double sum = 0;
  size_t n = (size_t)s->n;
  for (size_t x = 0; x < n; x++)
    sum += s->weight[x] * (s->p[(size_t)a * n + x] * s->p[(size_t)b * n + x] + s->q[(size_t)a * n + x] * s->q[(size_t)b * n + x]);
  return sum;
}

/* Sign changes between lobes of more than `least` of the maximum, inside the last radius with `tail` of it. */
static int count_nodes(const sampled *s, int a, double least, double tail)
{
  const double *p = s->p + (size_t)a * (size_t)s->n;
  double most = 0;
  int last = 0, nodes = 0, sign = 0;
  for (int x = 0; x < s->n; x++)
    most = fmax(most, fabs(p[x]));
  for (int x = 0; x < s->n; x++)
    last = fabs(p[x]) >= tail * most ? x : last;
  for (int x = 0; x <= last; x++) {
    if (fabs(p[x]) < least * most)
      continue;
    nodes += sign != 0 && (p[x] > 0) != (sign > 0);
    sign = p[x] > 0 ? 1 : -1;
  }
  return nodes;
}

static int is_varied(const afb_mcdhf_request *q, afb_orbital o)
{
  int varied = q->n_vary < 0;
  for (int i = 0; i < q->n_vary; i++)
    varied |= q->vary[i].n == o.n && q->vary[i].l == afb_kappa_l(o.kappa);
  return varied;
}

static void judge_levels(judgement *j, const afb_mcdhf_request *q, const afb_mcdhf_result *r)
{
  double weights = 0, mean = 0;
  rule(j, q->optimise == AFB_OPTIMISE_AVERAGE || r->n_levels > 0, "a converged calculation has levels", r->n_levels);
  for (int l = 0; l < r->n_levels; l++) {
    const afb_level *level = r->level + l, *before = level - 1;
    int follows = l > 0 && before->two_j == level->two_j && before->parity == level->parity;
    weights += level->weight;
    mean += level->weight * level->energy;
    rule(j, isfinite(level->energy) && level->energy < 0, "energies of levels are finite and negative", level->energy);
    rule(j, level->index == (follows ? before->index + 1 : 1), "levels are numbered within their block", level->index);
    rule(j, !follows || level->energy >= before->energy, "levels ascend", level->energy);
    rule(j, level->n_leading >= 1 && level->n_leading <= AFB_LEADING, "a level has leading CSFs", level->n_leading);
    for (int k = 0; k < level->n_leading; k++) {
      double mixing = fabs(level->leading_mixing[k]);
      rule(j, mixing <= 1 + 1e-9 && (k == 0 || mixing <= fabs(level->leading_mixing[k - 1])), "mixing falls", mixing);
      rule(j, level->leading_csf[k] >= 0 && level->leading_csf[k] < r->csfs.n_csf, "leading CSFs exist", level->leading_csf[k]);
    }
    for (int k = 0; k < level->lsj.n; k++)
      rule(j, level->lsj.weight[k] >= 0 && level->lsj.weight[k] <= 1 + 1e-9, "LS weights lie in 0 ... 1", level->lsj.weight[k]);
  }
  if (r->n_levels > 0) {
    rule(j, fabs(weights - 1) < 1e-12, "weights sum to 1", weights);
    rule(j, fabs(mean / r->energy - 1) < 1e-11, "the energy is the weighted mean of the levels", mean);
  }
}

static void judge_mixing(judgement *j, const afb_mcdhf_result *r)
{
  size_t at = 0;
  for (int l = 0, b = 0; r->mixing && l < r->n_levels; l++) {
    while (r->csfs.block[b].two_j != r->level[l].two_j || r->csfs.block[b].parity != r->level[l].parity)
      b++;
    double norm = 0;
    for (int c = 0; c < r->csfs.block[b].n_csf; c++, at++)
      norm += r->mixing[at] * r->mixing[at];
    rule(j, fabs(norm - 1) < 1e-10, "CI vectors are normalised", norm);
  }
}

static int has_open_pair(const afb_csf_list *list)
{
  for (int a = 0; a < list->n_orbitals; a++)
    for (int b = 0; b < a; b++)
      if (list->orbital[a].kappa == list->orbital[b].kappa && !list->closed[a] && !list->closed[b])
        return 1;
  return 0;
}

static void judge_orbitals(judgement *j, const afb_mcdhf_request *q, const afb_mcdhf_result *r)
{
  static const double least[] = {0.005, 0.01, 0.02}, tail[] = {0.25, 0.30, 0.35};
  const afb_orbitals *o = &r->orbitals;
  sampled s;
  double electrons = 0, small = 0, c = q->speed_of_light > 0 ? q->speed_of_light : 137.035999139;
  sample(o, &s);
  for (int a = 0; a < o->n_orbitals; a++) {
    int expected = o->orbital[a].n - afb_kappa_l(o->orbital[a].kappa) - 1, wrong = 0, varied = is_varied(q, o->orbital[a]);
    electrons += o->occupation[a];
    for (int b = 0; b <= a; b++)
      if (o->orbital[a].kappa == o->orbital[b].kappa)
        rule(j, fabs(overlap(&s, a, b) - (a == b)) < 1e-8, "orbitals are orthonormal", overlap(&s, a, b));
    for (int i = 0; i < 3; i++)
      for (int k = 0; k < 3; k++)
        wrong += count_nodes(&s, a, least[i], tail[k]) != expected;
    rule(j, !varied || o->occupation[a] <= 0.05 || wrong < 9, "orbitals have the nodes of their names", o->orbital[a].n);
    rule(j, o->occupation[a] > -1e-12 && o->occupation[a] < afb_kappa_two_j(o->orbital[a].kappa) + 1 + 1e-9,
         "occupations lie in 0 ... 2j+1", o->occupation[a]);
    rule(j, !varied || o->occupation[a] <= 0.05 || o->energy[a] < 0, "orbitals are bound", o->energy[a]);
    rule(j, o->r_mean[a] > 0 && isfinite(o->r_mean[a]), "mean radii are positive", o->r_mean[a]);
    for (int x = 0; x < s.n; x++)
      small += o->occupation[a] * s.weight[x] * pow(s.q[(size_t)a * (size_t)s.n + (size_t)x], 2);
  }
  rule(j, fabs(electrons - (q->z - q->charge)) < 1e-8, "occupations sum to the number of electrons", electrons);
  /* relativistic virial theorem: scaling all orbitals changes the energy in second order only. Where two orbitals of one symmetry are
   * open, the density has off-diagonal elements, which the result does not hold. */
  if (q->nucleus == AFB_NUCLEUS_POINT && q->n_vary < 0 && !has_open_pair(&r->csfs))
    rule(j, fabs(-2 * c * c * small / r->energy - 1) < 1e-6, "virial theorem", -2 * c * c * small / r->energy - 1);
  free(s.r);
}

static void judge_converged(judgement *j, const afb_mcdhf_request *q, const afb_mcdhf_result *r)
{
  rule(j, isfinite(r->energy) && r->energy < 0, "the energy is finite and negative", r->energy);
  /* 1e-7 of the orbitals in which it was found; those of free rotations are then made canonical, and with them their residuals turn */
  rule(j, r->gradient >= 0 && (r->gradient <= 2e-7 || r->outcome == AFB_OUTCOME_CONVERGED_AT_FLOOR), "the gradient is small", r->gradient);
  rule(j, r->orbitals.n_orbitals == r->csfs.n_orbitals, "every orbital of the list is there", r->orbitals.n_orbitals);
  judge_levels(j, q, r);
  judge_mixing(j, r);
  if (r->orbitals.n_orbitals > 0)
    judge_orbitals(j, q, r);
}

int count_broken_rules(const char *name, const afb_mcdhf_request *q, afb_status status, const afb_mcdhf_result *r)
{
  judgement j = {name, 0};
  if (status != AFB_OK) {
    rule(&j, status == AFB_E_INPUT, afb_error_text(), status);
    rule(&j, afb_error_text()[0] != '\0', "a refusal has a message", 0);
    rule(&j, r->n_levels == 0 && r->orbitals.n_orbitals == 0 && r->csfs.n_csf == 0 && r->n_trace == 0, "a refusal leaves nothing", 0);
    return j.broken;
  }
  int ok = afb_outcome_ok(r->outcome), found = r->blamed.n == 0;
  rule(&j, r->outcome > AFB_OUTCOME_NONE && r->outcome < AFB_N_OUTCOMES && r->outcome != AFB_OUTCOME_ENGINE_FAILED,
       "the outcome is one of the list", r->outcome);
  rule(&j, r->rung >= 0 && r->rung < AFB_N_RUNGS, "the rung is one of the list", r->rung);
  rule(&j, ok == (r->reason[0] == '\0') && memchr(r->reason, '\0', sizeof r->reason), "failures have a reason", r->outcome);
  rule(&j, r->iterations >= 0 && r->iterations <= (q->max_iterations > 0 ? q->max_iterations : 600), "the iteration limit holds", r->iterations);
  for (int a = 0; a < r->csfs.n_orbitals; a++)
    found |= r->csfs.orbital[a].n == r->blamed.n && r->csfs.orbital[a].kappa == r->blamed.kappa;
  rule(&j, found && (!ok || r->blamed.n == 0), "an orbital of the list is blamed, for a failure", r->blamed.n);
  rule(&j, isnan(r->energy) || (isfinite(r->energy) && r->energy < 0), "the energy is negative or NaN", r->energy);
  rule(&j, isnan(r->gradient) || (isfinite(r->gradient) && r->gradient >= 0), "the gradient is not negative or NaN", r->gradient);
  if (ok)
    judge_converged(&j, q, r);
  return j.broken;
}
