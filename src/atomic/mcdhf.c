#include "atomic/mcdhf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/ladder.h"
#include "atomic/start.h"
#include "core/clock.h"
#include "core/log.h"

/* Everything that one calculation owns. */
typedef struct {
  const afb_mcdhf_request *request;
  afb_mcdhf_result *result;
  afb_radial *radial;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci, average;
  afb_scf *scf;
  afb_ladder ladder;
  double *origin;          /* orbitals that the climb began with */
  double *branch;          /* those of the held branch, from which second order begins */
  double *found;           /* of the stationary state in question */
  double box;              /* bohr */
  int n_electrons;
  afb_configuration *sorted; /* those of the request, in canonical order */
  int grown;               /* from the orbitals of a set of fewer configurations, after the start potential */
  int hopeless;            /* no rung is left that is worth its cost */
  int brief;               /* without the costlier rungs, and without what follows on failure: of a set that another grows from */
} run;

/* The speed of light from which on the rest energy leaves no digits to the others. */
#define LARGEST_C 1e7

static afb_status check_request(const afb_mcdhf_request *q, int *n_electrons)
{
  if (q->n_configurations < 1)
    return AFB_FAIL(AFB_E_INPUT, "no configuration");
  if (q->speed_of_light != 0 && !(q->speed_of_light > q->z && q->speed_of_light <= LARGEST_C))
    return AFB_FAIL(AFB_E_INPUT, "speed of light %g: 0 for the physical one, or one above the nuclear charge %d, up to %g", q->speed_of_light,
                    q->z, LARGEST_C);
  *n_electrons = q->z - q->charge;
  for (int i = 0; i < q->n_configurations; i++) {
    int n = afb_configuration_electrons(q->configuration + i);
    char text[AFB_CONFIGURATION_LENGTH];
    if (n != *n_electrons)
      return AFB_FAIL(AFB_E_INPUT, "configuration %s has %d electrons, Z = %d with charge %d has %d",
                      afb_configuration_format(q->configuration + i, 1, text, sizeof text), n, q->z, q->charge, *n_electrons);
  }
  return AFB_OK;
}

static void choose_varied(const run *r, uint8_t *varied)
{
  const afb_csf_list *list = &r->result->csfs;
  for (int a = 0; a < list->n_orbitals; a++) {
    varied[a] = r->request->n_vary < 0;
    for (int i = 0; i < r->request->n_vary; i++)
      if (r->request->vary[i].n == list->orbital[a].n && r->request->vary[i].l == afb_kappa_l(list->orbital[a].kappa))
        varied[a] = 1;
  }
}

/* Boxes grow to this, bohr, while an orbital has more than TAIL of its density beyond 0.85 of the box. */
#define LARGEST_BOX 600.0
#define TAIL 1e-11
/* An orbital must have the nodes of its name when its generalised occupation is above SPECTROSCOPIC, or above RARE and one of the levels
 * holds more than OCCUPIED of it. One with less correlates, and below RARE so may one that few levels hold. */
#define SPECTROSCOPIC 0.05
#define RARE 0.01
#define OCCUPIED 0.5

static afb_status make_orbitals(run *r, double r_max, const afb_orbitals *start)
{
  const afb_mcdhf_request *q = r->request;
  const afb_csf_list *list = &r->result->csfs;
  afb_nucleus nucleus;
  uint8_t varied[AFB_MAX_ORBITALS], found[AFB_MAX_ORBITALS];
  AFB_TRY(afb_nucleus_create(q->z, q->mass_number, q->nucleus, q->nucleus_c_fm, q->nucleus_a_fm, &nucleus));
  AFB_TRY(afb_radial_create(&nucleus, &(afb_radial_options){.growth = afb_start_growth(list->n_orbitals, list->orbital, list->closed),
                                                            .r_max = r_max, .speed_of_light = q->speed_of_light}, &r->radial));
  choose_varied(r, varied);
  AFB_TRY(afb_scf_create(r->radial, list, &r->expression, varied, &r->scf));
  AFB_TRY(afb_start_thomas_fermi(r->radial, r->n_electrons, list->n_orbitals, list->orbital, r->scf->vector));
  if (!start && !q->start)
    return AFB_OK;
  afb_orbitals given = start ? *start : *q->start;
  for (int b = 0; b < given.n_orbitals && !start; b++)   /* started anew, but frozen orbitals stay what they were given as */
    for (int a = 0; a < list->n_orbitals; a++)
      if (varied[a] && list->orbital[a].n == given.orbital[b].n && list->orbital[a].kappa == given.orbital[b].kappa)
        given.orbital[b].n = 0;
  return afb_start_from(r->radial, &given, list->n_orbitals, list->orbital, r->scf->vector, found);
}

/* Orbitals of the ladder on a new radial basis. Collective. */
static afb_status enter_box(MPI_Comm comm, run *r, double r_max, const afb_orbitals *start)
{
  afb_phase_enter(AFB_PHASE_OTHER);
  afb_scf_destroy(&r->scf);
  afb_radial_destroy(&r->radial);
  afb_status status = make_orbitals(r, r_max, start);
  free(r->origin);
  if (status != AFB_OK)
    afb_scf_destroy(&r->scf);
  size_t size = status == AFB_OK ? (size_t)r->scf->n_orbitals * (size_t)r->scf->n : 0;
  r->origin = status == AFB_OK ? malloc(3 * size * sizeof *r->origin) : NULL;
  r->branch = r->origin ? r->origin + size : NULL;
  r->found = r->origin ? r->branch + size : NULL;
  if (r_max != r->box)
    afb_ladder_forget(&r->ladder);
  r->box = r_max;
  if (status == AFB_OK && !r->origin)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the start orbitals");
  return afb_agree(comm, status == AFB_OK ? afb_ladder_open(&r->ladder, r->scf) : status);
}

static void clear_run(run *r)
{
  afb_ladder_forget(&r->ladder);
  afb_ladder_close(&r->ladder);
  free(r->ladder.trace);
  free(r->origin);
  free(r->sorted);
  afb_scf_destroy(&r->scf);
  afb_radial_destroy(&r->radial);
  afb_ci_clear(&r->ci);
  afb_ci_clear(&r->average);
  afb_expression_clear(&r->expression);
  afb_angular_clear(&r->angular);
}

static afb_status keep_orbitals(const run *r, afb_orbitals *out)
{
  const afb_scf *s = r->scf;
  const afb_radial *radial = r->radial;
  *out = (afb_orbitals){.n_orbitals = s->n_orbitals, .n_breakpoints = radial->n_cells + 1,
                        .n_p = radial->n_cells + AFB_P_ORDER - 1, .n_q = radial->n_cells + AFB_Q_ORDER - 1};
  size_t stride = (size_t)(out->n_p + out->n_q);
  out->breakpoint = malloc((size_t)out->n_breakpoints * sizeof(double));
  out->coefficient = malloc((size_t)out->n_orbitals * stride * sizeof(double));
  if (!out->breakpoint || !out->coefficient) {
    afb_orbitals_clear(out);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the orbitals of the result");
  }
  memcpy(out->breakpoint, radial->breakpoint, (size_t)out->n_breakpoints * sizeof(double));
  for (int a = 0; a < s->n_orbitals; a++) {
    const double *v = s->vector + (size_t)a * (size_t)s->n;
    double *c = out->coefficient + (size_t)a * stride, q = s->occupation[a];
    for (int i = 0; i < out->n_p; i++)
      c[i] = v[2 * i + 1];
    for (int i = 0; i < out->n_q; i++)
      c[out->n_p + i] = v[2 * i];
    out->orbital[a] = s->orbital[a];
    out->energy[a] = q > 0 ? s->multiplier[a * s->n_orbitals + a] / q : NAN;
    out->occupation[a] = q;
    out->r_mean[a] = afb_scf_r_mean(s, a);
  }
  return AFB_OK;
}

/* The orbital that needs a larger box, -1 when none does. */
static int widest(const run *r)
{
  for (int a = 0; a < r->scf->n_orbitals; a++)
    if (r->scf->varied[a] && afb_scf_tail(r->scf, a) > TAIL)
      return a;
  return -1;
}

/* The vectors of the levels, one after another. */
static afb_status keep_mixing(const run *r, afb_mcdhf_result *out)
{
  size_t size = 0, used = 0;
  for (int i = 0; i < r->ci.n_blocks; i++)
    size += r->ci.block[i].n_known > 0 ? (size_t)r->ci.block[i].n_levels * (size_t)r->ci.block[i].n : 0;
  out->mixing = malloc((size + 1) * sizeof *out->mixing);
  if (!out->mixing)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the CI vectors of %d levels", out->n_levels);
  for (int i = 0; i < r->ci.n_blocks; i++) {
    const afb_ci_block *b = r->ci.block + i;
    size_t length = b->n_known > 0 ? (size_t)b->n_levels * (size_t)b->n : 0;
    if (length > 0)
      memcpy(out->mixing + used, b->vector, length * sizeof *out->mixing);
    used += length;
  }
  return AFB_OK;
}

static afb_status keep_levels(const run *r, afb_mcdhf_result *out)
{
  const afb_expression *e = &r->expression;
  double closed = 0;
  int n = 0;
  for (int i = 0; i < e->n_one + e->n_terms; i++)
    closed += e->base[i] * r->scf->x[i];
  for (int i = 0; i < r->ci.n_blocks; i++)
    n += r->ci.block[i].n_levels;
  out->level = calloc((size_t)n + 1, sizeof *out->level);
  if (!out->level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", n);
  int8_t sign[AFB_MAX_ORBITALS];
  afb_lsj_signs(out->orbitals.n_orbitals, out->orbitals.orbital, out->orbitals.n_breakpoints, out->orbitals.breakpoint,
                out->orbitals.n_p + out->orbitals.n_q, out->orbitals.coefficient, sign);
  for (int i = 0; i < r->ci.n_blocks; i++) {
    const afb_ci_block *b = r->ci.block + i;
    const afb_block *block = out->csfs.block + i;
    int first = out->n_levels;
    for (int l = 0; l < b->n_levels && b->n_known > 0; l++) {
      afb_level *level = out->level + out->n_levels++;
      *level = (afb_level){.two_j = block->two_j, .parity = block->parity, .index = l + 1, .energy = closed + b->value[l],
                           .weight = b->weight};
      afb_level_lead(level, b->n, b->vector + (size_t)l * (size_t)b->n, block->first);
    }
    if (out->n_levels > first)
      AFB_TRY(afb_levels_compose(&out->csfs, i, sign, b->n_levels, b->vector, out->level + first));
  }
  return AFB_OK;
}

static int is_spectroscopic(const run *r, int a)
{
  const afb_csf_list *list = &r->result->csfs;
  const afb_ci *ci = r->ladder.ci;
  if (r->scf->occupation[a] > SPECTROSCOPIC || r->scf->occupation[a] < RARE)
    return r->scf->occupation[a] > SPECTROSCOPIC;
  for (int i = 0; i < ci->n_blocks && !ci->average; i++)
    for (int l = 0; l < ci->block[i].n_levels; l++) {
      const double *c = ci->block[i].vector + (size_t)l * (size_t)ci->block[i].n;
      const uint8_t *q = list->occupation + (size_t)list->block[i].first * (size_t)list->n_orbitals + a;
      double occupation = 0;
      for (int k = 0; k < ci->block[i].n; k++, q += list->n_orbitals)
        occupation += c[k] * c[k] * *q;
      if (occupation > OCCUPIED)
        return 1;
    }
  return 0;
}

/* What a stationary point must also be: bound, with the nodes its name says. */
static afb_outcome judge(run *r)
{
  const afb_scf *s = r->scf;
  char *reason = r->ladder.reason;
  size_t size = sizeof r->ladder.reason;
  char label[8];
  for (int a = 0; a < s->n_orbitals; a++) {
    if (!s->varied[a])
      continue;
    afb_orbital_label(s->orbital[a], label);
    double energy = s->multiplier[a * s->n_orbitals + a] / s->occupation[a];
    int nodes = afb_scf_nodes(s, a), expected = s->orbital[a].n - afb_kappa_l(s->orbital[a].kappa) - 1;
    int spectroscopic = (nodes != expected || energy >= 0) && is_spectroscopic(r, a);
    r->ladder.blamed = a;
    /* The multiplier of a contracted correlation orbital may be positive: it holds no electron that could leave. */
    if (energy >= 0 && (spectroscopic || afb_scf_tail(s, a) > TAIL)) {
      snprintf(reason, size, "%s is not bound: energy %.6f hartree", label, energy);
      return AFB_OUTCOME_UNBOUND;
    }
    if (nodes != expected && spectroscopic) {
      snprintf(reason, size, "%s has %d nodes in place of %d, occupation %.3f", label, nodes, expected, s->occupation[a]);
      return AFB_OUTCOME_ORBITAL_COLLAPSE;
    }
  }
  r->ladder.blamed = -1;
  return AFB_OUTCOME_CONVERGED;
}

static int by_configuration(const void *a, const void *b) { return afb_configuration_compare(a, b); }

/* Whether exchanging the names of two shells turns the set of configurations into itself. */
static int is_symmetric(const afb_mcdhf_request *q, int l, int n1, int n2)
{
  afb_configuration *copy = malloc(2 * (size_t)q->n_configurations * sizeof *copy), *original = copy + q->n_configurations;
  int same = copy != NULL;
  for (int i = 0; same && i < q->n_configurations; i++) {
    copy[i] = original[i] = q->configuration[i];
    int change = afb_configuration_occupation(copy + i, n2, l) - afb_configuration_occupation(copy + i, n1, l);
    same = afb_configuration_add(copy + i, n1, l, change) == AFB_OK && afb_configuration_add(copy + i, n2, l, -change) == AFB_OK;
  }
  if (same) {
    qsort(copy, (size_t)q->n_configurations, sizeof *copy, by_configuration);
    qsort(original, (size_t)q->n_configurations, sizeof *original, by_configuration);
  }
  for (int i = 0; same && i < q->n_configurations; i++)
    same = afb_configuration_compare(copy + i, original + i) == 0;
  free(copy);
  return same;
}

static int wrong_nodes(const afb_scf *s, int a, int n)
{
  return abs(afb_scf_nodes(s, a) - (n - afb_kappa_l(s->orbital[a].kappa) - 1));
}

/* Whether the orbital before a is its partner l-. */
static int has_partner(const afb_scf *s, int a)
{
  return a > 0 && s->orbital[a - 1].n == s->orbital[a].n && s->orbital[a - 1].kappa == afb_kappa_l(s->orbital[a].kappa);
}

/* Shells that the set does not tell apart get the names that fit their nodes. */
static void exchange_names(run *r)
{
  afb_scf *s = r->scf;
  for (int a = 0; a < s->n_orbitals; a++)
    for (int b = a + 1; b < s->n_orbitals; b++) {
      int l = afb_kappa_l(s->orbital[a].kappa), n1 = s->orbital[a].n, n2 = s->orbital[b].n, now = 0, then = 0;
      int partners = has_partner(s, a);
      if (s->orbital[a].kappa != s->orbital[b].kappa || s->orbital[a].kappa > 0 || !s->varied[a] || !s->varied[b] ||
          has_partner(s, b) != partners)
        continue;
      /* l- stands before l in the list, if it is there: both are exchanged */
      for (int d = 0; d <= partners; d++) {
        now += wrong_nodes(s, a - d, n1) + wrong_nodes(s, b - d, n2);
        then += wrong_nodes(s, a - d, n2) + wrong_nodes(s, b - d, n1);
      }
      if (then >= now || !is_symmetric(r->request, l, n1, n2))
        continue;
      for (int d = 0; d <= partners; d++)
        for (int x = 0; x < s->n; x++) {
          double *va = s->vector + (size_t)(a - d) * (size_t)s->n + x, *vb = s->vector + (size_t)(b - d) * (size_t)s->n + x, keep = *va;
          *va = *vb;
          *vb = keep;
        }
    }
}

/* Where rotations of open orbitals cost nothing, their names are a choice: the canonical one is judged. */
static afb_outcome name_free_orbitals(run *r)
{
  afb_ladder *s = &r->ladder;
  uint8_t free_pair[AFB_MAX_ORBITALS * AFB_MAX_ORBITALS];
  double curvature[AFB_MAX_ORBITALS * AFB_MAX_ORBITALS];
  afb_outcome outcome = afb_ladder_evaluate(s, (afb_rung)r->result->rung, 0, 1);
  if (outcome != AFB_OUTCOME_NONE)
    return outcome;
  s->short_of_memory |= afb_scf_pair_curvatures(s->scf, s->ci, s->angular, curvature) == AFB_E_MEMORY;
  for (int i = 0; i < s->scf->n_orbitals * s->scf->n_orbitals; i++)
    free_pair[i] = fabs(curvature[i]) < 1e-9;
  if (afb_scf_canonicalise(s->scf, free_pair) != AFB_OK)
    return AFB_OUTCOME_NOT_FINITE;
  exchange_names(r);
  outcome = afb_ladder_evaluate(s, (afb_rung)r->result->rung, 0, 0);
  return outcome == AFB_OUTCOME_NONE ? judge(r) : outcome;
}

/* First order on the branches that names say, then second order from there: to the nearest stationary point, or, following, along the
 * directions in which the local operators say that the energy falls. */
static afb_outcome climb_held(run *r, afb_rung rung)
{
  afb_ladder *s = &r->ladder;
  size_t bytes = (size_t)s->scf->n_orbitals * (size_t)s->scf->n * sizeof(double);
  if (rung == AFB_RUNG_HELD) {
    afb_outcome outcome = afb_ladder_diis(s, rung, 1e-3, 40);
    memcpy(r->branch, s->scf->vector, bytes);
    if (outcome == AFB_OUTCOME_RESOURCE_LIMIT || outcome == AFB_OUTCOME_NOT_FINITE)
      return outcome;
  }
  memcpy(s->scf->vector, r->branch, bytes);
  return afb_ladder_newton(s, rung, rung == AFB_RUNG_FOLLOWED, AFB_RESIDUAL_TOLERANCE, 40);
}

static afb_outcome judge_names(run *r)
{
  if (afb_scf_canonicalise(r->scf, NULL) != AFB_OK)
    return AFB_OUTCOME_NOT_FINITE;
  afb_outcome verdict = judge(r);
  return verdict == AFB_OUTCOME_ORBITAL_COLLAPSE ? name_free_orbitals(r) : verdict;
}

/* The pair of orbitals of which the inner one, though it holds more electrons, gains energy by turning into the outer one: the one
 * that gains most. 0 when there is none: then the state is, as far as pairs tell, the lowest with these names. */
static int find_unstable_pair(run *r, int *inner, int *outer)
{
  const afb_scf *s = r->scf;
  double curvature[AFB_MAX_ORBITALS * AFB_MAX_ORBITALS], least = -1e-3;
  int found = 0;
  r->ladder.short_of_memory |= afb_scf_pair_curvatures(r->scf, r->ladder.ci, r->ladder.angular, curvature) == AFB_E_MEMORY;
  for (int a = 0; a < s->n_orbitals; a++)
    for (int b = a + 1; b < s->n_orbitals; b++) {
      double gain = curvature[a * s->n_orbitals + b] / (s->occupation[a] + s->occupation[b]);
      if (s->occupation[a] > 1.05 * s->occupation[b] && gain < least) {
        least = gain;
        *inner = a;
        *outer = b;
        found = 1;
      }
    }
  return found;
}

static void rotate(afb_scf *s, int a, int b, double angle)
{
  double *va = s->vector + (size_t)a * (size_t)s->n, *vb = s->vector + (size_t)b * (size_t)s->n;
  for (int x = 0; x < s->n; x++) {
    double pa = va[x], pb = vb[x];
    va[x] = cos(angle) * pa + sin(angle) * pb;
    vb[x] = cos(angle) * pb - sin(angle) * pa;
  }
}

/* From a converged state that a pair makes unstable, to a lower one with the right names, if following the pair leads to one. */
static afb_outcome leave_saddle(run *r, afb_outcome outcome)
{
  afb_ladder *s = &r->ladder;
  size_t bytes = (size_t)s->scf->n_orbitals * (size_t)s->scf->n * sizeof(double);
  int inner, outer, open = 0;
  for (int a = 0; a < s->scf->n_orbitals; a++)
    for (int b = 0; b < a; b++)
      open |= s->scf->varied[a] && s->scf->varied[b] && s->scf->orbital[a].kappa == s->scf->orbital[b].kappa &&
              !s->scf->list->closed[a] && !s->scf->list->closed[b];
  if (!open || s->ci->average || s->iterations + 3 > s->max_iterations ||
      afb_ladder_evaluate(s, (afb_rung)r->result->rung, 0, 1) != AFB_OUTCOME_NONE || !find_unstable_pair(r, &inner, &outer))
    return outcome;
  double *saddle = malloc(bytes), energy = s->energy;
  int missing = !saddle;
  MPI_Allreduce(MPI_IN_PLACE, &missing, 1, MPI_INT, MPI_MAX, s->comm);
  if (!saddle || missing) {
    free(saddle);
    return outcome;
  }
  for (int side = 0; side < 2; side++) {
    if (side == 0)
      memcpy(saddle, s->scf->vector, bytes);
    memcpy(s->scf->vector, saddle, bytes);
    rotate(s->scf, inner, outer, side == 0 ? 0.3 : -0.3);
    afb_outcome lower = afb_ladder_newton(s, AFB_RUNG_FOLLOWED, 1, AFB_RESIDUAL_TOLERANCE, 40);
    if (afb_outcome_ok(lower) && s->energy < energy - 1e-10 * fabs(energy) && judge_names(r) == AFB_OUTCOME_CONVERGED) {
      r->result->rung = AFB_RUNG_FOLLOWED;
      free(saddle);
      return lower;
    }
  }
  memcpy(s->scf->vector, saddle, bytes);
  if (afb_ladder_evaluate(s, (afb_rung)r->result->rung, 0, 0) != AFB_OUTCOME_NONE)
    outcome = AFB_OUTCOME_RESOURCE_LIMIT;
  free(saddle);
  return outcome;
}

/* Whether the orbitals are stationary, but not the state that is looked for. */
static int is_rejected(afb_outcome outcome) { return outcome == AFB_OUTCOME_ORBITAL_COLLAPSE || outcome == AFB_OUTCOME_UNBOUND; }

static void reject(run *r, afb_outcome verdict)
{
  if (is_rejected(verdict))
    afb_ladder_reject(&r->ladder, verdict, r->found);
}

static void keep_found(run *r)
{
  memcpy(r->found, r->scf->vector, (size_t)r->scf->n_orbitals * (size_t)r->scf->n * sizeof *r->found);
}

/* For the ladder: nodes that are wrong near the end of a scheme remain so. */
static afb_outcome judge_early(void *context)
{
  run *r = context;
  if (judge(r) != AFB_OUTCOME_ORBITAL_COLLAPSE)
    return AFB_OUTCOME_NONE;
  keep_found(r);
  afb_outcome verdict = judge_names(r);
  reject(r, verdict);
  if (!afb_outcome_ok(verdict))
    return verdict;
  memcpy(r->scf->vector, r->found, (size_t)r->scf->n_orbitals * (size_t)r->scf->n * sizeof *r->found);
  r->ladder.distance = INFINITY;
  return AFB_OUTCOME_NONE;
}

/* One rung: its scheme, and the judgement of what it found. */
static afb_outcome step_on(run *r, int rung)
{
  afb_ladder *s = &r->ladder;
  afb_outcome outcome = rung == AFB_RUNG_NEWTON ? afb_ladder_newton(s, AFB_RUNG_NEWTON, 0, AFB_RESIDUAL_TOLERANCE, 40)
                        : rung == AFB_RUNG_HELD || rung == AFB_RUNG_FOLLOWED ? climb_held(r, (afb_rung)rung)
                                                : afb_ladder_diis(s, (afb_rung)rung, AFB_RESIDUAL_TOLERANCE, 60);
  if ((outcome == AFB_OUTCOME_LIMIT_CYCLE || outcome == AFB_OUTCOME_MAX_ITERATIONS) &&
      s->distance <= AFB_DISTANCE_FLOOR * fabs(s->energy))
    outcome = AFB_OUTCOME_CONVERGED_AT_FLOOR;
  if (!afb_outcome_ok(outcome))
    return outcome;
  keep_found(r);
  afb_outcome verdict = judge_names(r);
  reject(r, verdict);
  return verdict == AFB_OUTCOME_CONVERGED ? leave_saddle(r, outcome) : verdict;
}

/* The whole ladder, or its rungs before and after that on which the set is grown. */
typedef enum { ALL, LOWER, UPPER } part;

/* Levels cost more than orbitals, and sets of fewer configurations a fraction of the whole: these are tried before anything else that takes
 * as long as what has failed. */
static int has_many_csfs(const run *r) { return r->result->csfs.n_csf >= 1000; }

/* Whether rung number i of `climb` comes before the set is grown. */
static int is_lower(const run *r, size_t i) { return i < (has_many_csfs(r) ? 1 : 3); }

/* Whether the orbital that is to blame has too few nodes: it took the place of an inner one that no level holds, and nothing keeps it from that. Names
 * that were exchanged, both orbitals being held, show by too many nodes of the inner one. */
static int has_fallen(const run *r)
{
  int a = r->ladder.blamed;
  return a >= 0 && afb_scf_nodes(r->scf, a) < r->scf->orbital[a].n - afb_kappa_l(r->scf->orbital[a].kappa) - 1;
}

/* Average of configurations first, then the requested levels. A rung that does not converge, or converges to a state with
 * wrong nodes, hands the orbitals that it began with to the next; second order begins where the rung before ended. Where an orbital has
 * fallen, and both first-order schemes lead there again from the orbitals of fewer configurations, other schemes hardly bring it back; for many
 * CSFs they cost as much as all before, and the run ends. */
static afb_outcome climb(run *r, int cold, part which)
{
  static const int order[] = {AFB_RUNG_DIIS, AFB_RUNG_SHIFTED, AFB_RUNG_NEWTON, AFB_RUNG_HELD, AFB_RUNG_FOLLOWED};
  afb_ladder *s = &r->ladder;
  int most = r->request->max_rung;
  size_t size = (size_t)s->scf->n_orbitals * (size_t)s->scf->n;
  memcpy(r->origin, s->scf->vector, size * sizeof *r->origin);
  if (cold && which != UPPER) {
    s->ci = &r->average;
    afb_outcome outcome = afb_ladder_diis(s, AFB_RUNG_DIIS, 1e-3, 25);
    s->ci = &r->ci;
    if (outcome == AFB_OUTCOME_RESOURCE_LIMIT)
      return outcome;
    if (outcome == AFB_OUTCOME_NOT_FINITE || outcome == AFB_OUTCOME_ORBITAL_COLLAPSE)
      memcpy(s->scf->vector, r->origin, size * sizeof *r->origin);
  }
  afb_outcome outcome = AFB_OUTCOME_NONE;
  int again = 0;   /* rungs that ended in states that were rejected before */
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    if (most > 0 && order[i] > most)
      break;
    if (which != ALL && (which == LOWER) != is_lower(r, i))
      continue;
    if ((order[i] == AFB_RUNG_NEWTON && (is_rejected(outcome) || r->brief)) || (order[i] == AFB_RUNG_FOLLOWED && r->brief))
      continue;
    r->result->rung = order[i];
    if ((order[i] != AFB_RUNG_NEWTON && i > 0) || outcome == AFB_OUTCOME_NOT_FINITE)
      memcpy(s->scf->vector, r->origin, size * sizeof *r->origin);
    int rejected = s->n_rejected;
    outcome = step_on(r, order[i]);
    again += is_rejected(outcome) && s->n_rejected == rejected && rejected < AFB_MOST_REJECTED;
    if (s->n_trace > 0)
      s->trace[s->n_trace - 1].outcome = (int)outcome;
    if (afb_outcome_ok(outcome) || outcome == AFB_OUTCOME_RESOURCE_LIMIT || outcome == AFB_OUTCOME_CI_FAILURE)
      break;
    r->hopeless = r->grown && has_many_csfs(r) && order[i] == AFB_RUNG_SHIFTED && again == 2 && has_fallen(r);
    if (r->hopeless)
      break;
  }
  return outcome;
}

/* There are no orbitals to start from: given ones are no functions, or not independent. */
static afb_outcome no_start(run *r, afb_status status)
{
  r->ladder.blamed = -1;
  snprintf(r->ladder.reason, sizeof r->ladder.reason, "%.150s", afb_error_text());
  return status == AFB_E_NUMERIC ? AFB_OUTCOME_NOT_FINITE : AFB_OUTCOME_INFEASIBLE;
}

/* The ladder, or that part of it, from `start` (NULL: the start potential) in a box that grows until every orbital fits. Collective. */
static afb_status search(MPI_Comm comm, run *r, const afb_orbitals *start, part which)
{
  afb_mcdhf_result *out = r->result;
  double box = afb_start_box(r->request->charge, out->csfs.n_orbitals, out->csfs.orbital);
  afb_status status = enter_box(comm, r, box, start);
  if (status == AFB_E_NUMERIC || status == AFB_E_LIMIT) {
    out->outcome = no_start(r, status);
    return AFB_OK;
  }
  AFB_TRY(status);
  out->outcome = climb(r, !start, which);
  while (afb_outcome_ok(out->outcome) && widest(r) >= 0 && box < LARGEST_BOX) {
    afb_orbitals so_far = {0};
    box = fmin(1.7 * box, LARGEST_BOX);
    status = afb_agree(comm, keep_orbitals(r, &so_far));
    if (status == AFB_OK)
      status = enter_box(comm, r, box, &so_far);
    afb_orbitals_clear(&so_far);
    AFB_TRY(status);
    out->outcome = climb(r, 0, ALL);
  }
  int wide = afb_outcome_ok(out->outcome) ? widest(r) : -1;
  if (wide >= 0) {
    char label[8];
    r->ladder.blamed = wide;
    out->outcome = AFB_OUTCOME_DIFFUSE;
    snprintf(r->ladder.reason, sizeof r->ladder.reason, "%s does not fit into %.0f bohr",
             afb_orbital_label(r->scf->orbital[wide], label), LARGEST_BOX);
  }
  return AFB_OK;
}

static afb_status run_request(MPI_Comm comm, const afb_mcdhf_request *request, int brief, afb_mcdhf_result *result);

/* Collective. The first n configurations in canonical order, from `orbitals` or, where there are none, from the start potential; their
 * orbitals take the place of the former where they converge. AFB_E_LIMIT: nothing is left of what the run may take. */
static afb_status calculate_fewer(MPI_Comm comm, run *r, int n, afb_orbitals *orbitals)
{
  afb_ladder *s = &r->ladder;
  afb_mcdhf_request fewer = *r->request;
  afb_mcdhf_result smaller;
  fewer.configuration = r->sorted;
  fewer.n_configurations = n;
  fewer.start = orbitals->n_orbitals > 0 ? orbitals : NULL;
  fewer.max_iterations = s->max_iterations - s->iterations;
  double spent = afb_cpu_seconds() - s->cpu_start;
  MPI_Allreduce(MPI_IN_PLACE, &spent, 1, MPI_DOUBLE, MPI_MAX, comm);
  if (fewer.max_iterations <= 0 || (s->max_seconds > 0 && spent >= s->max_seconds))
    return AFB_E_LIMIT;
  if (s->max_seconds > 0)
    fewer.max_seconds = s->max_seconds - spent;
  afb_status status = run_request(comm, &fewer, 1, &smaller);
  if (status == AFB_E_INPUT)   /* what is left has no CSF in the range of J */
    return AFB_OK;
  AFB_TRY(status);
  s->iterations += smaller.iterations;
  if (afb_outcome_ok(smaller.outcome)) {
    afb_orbitals_clear(orbitals);
    *orbitals = smaller.orbitals;
    smaller.orbitals = (afb_orbitals){0};
  }
  afb_mcdhf_result_clear(&smaller);
  return AFB_OK;
}

/* The largest set of fewer configurations that converges by the first rungs; from its orbitals, configuration by configuration, up to
 * the whole set. Collective. */
static afb_status grow(MPI_Comm comm, run *r)
{
  afb_orbitals orbitals = {0};
  afb_status status = AFB_OK;
  int n = r->request->n_configurations;
  while (status == AFB_OK && orbitals.n_orbitals == 0 && --n > 0)
    status = calculate_fewer(comm, r, n, &orbitals);
  while (status == AFB_OK && orbitals.n_orbitals > 0 && ++n < r->request->n_configurations)
    status = calculate_fewer(comm, r, n, &orbitals);
  r->grown = orbitals.n_orbitals > 0;
  if (r->grown && (status == AFB_OK || status == AFB_E_LIMIT)) {
    status = search(comm, r, &orbitals, ALL);
    r->result->rung = AFB_RUNG_GROWN;
  }
  afb_orbitals_clear(&orbitals);
  return status == AFB_E_LIMIT ? AFB_OK : status;
}

static afb_status prepare(run *r)
{
  const afb_csf_list *list = &r->result->csfs;
  size_t bytes = (size_t)r->request->n_configurations * sizeof *r->sorted;
  r->sorted = malloc(bytes);
  if (!r->sorted)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", r->request->n_configurations);
  memcpy(r->sorted, r->request->configuration, bytes);
  qsort(r->sorted, (size_t)r->request->n_configurations, sizeof *r->sorted, by_configuration);
  AFB_TRY(afb_expression_create(list, &r->angular, &r->expression));
  AFB_TRY(afb_ci_create(list, r->request->optimise, r->request->n_levels, &r->ci));
  r->ci.eigensolver = r->request->eigensolver;
  return afb_ci_create(list, AFB_OPTIMISE_AVERAGE, 0, &r->average);
}

static int may_climb_to(const afb_mcdhf_request *q, afb_rung rung) { return q->max_rung == 0 || q->max_rung >= (int)rung; }

/* Whether another rung may still lead somewhere. */
static int is_open_ended(afb_outcome outcome) { return !afb_outcome_ok(outcome) && outcome != AFB_OUTCOME_RESOURCE_LIMIT; }

/* From the start potential. Collective. */
static afb_status search_anew(MPI_Comm comm, run *r)
{
  const afb_mcdhf_request *q = r->request;
  afb_mcdhf_result *out = r->result;
  int grows = q->n_vary < 0 && q->n_configurations > 1 && !q->csfs && may_climb_to(q, AFB_RUNG_GROWN);
  AFB_TRY(search(comm, r, NULL, grows || r->brief ? LOWER : ALL));
  if (r->brief)
    return AFB_OK;
  if (grows && is_open_ended(out->outcome))
    AFB_TRY(grow(comm, r));
  if (grows && !r->hopeless && is_open_ended(out->outcome))
    AFB_TRY(search(comm, r, NULL, UPPER));
  if (q->start)
    out->rung = AFB_RUNG_RESTART;
  return AFB_OK;
}

static afb_status calculate(MPI_Comm comm, run *r, double cpu_start)
{
  const afb_mcdhf_request *q = r->request;
  afb_mcdhf_result *out = r->result;
  r->ladder = (afb_ladder){.comm = comm, .ci = &r->ci, .angular = &r->angular, .blamed = -1, .cpu_start = cpu_start,
                           .energy = NAN, .residual = NAN,
                           .max_seconds = q->max_seconds, .poll = q->poll, .poll_context = q->poll_context,
                           .judge = judge_early, .judge_context = r,
                           .max_iterations = q->max_iterations > 0 ? q->max_iterations : 600};
  afb_phase_enter(AFB_PHASE_ANGULAR);
  afb_status status = afb_angular_create(comm, &out->csfs, &(afb_angular_watch){afb_ladder_over, &r->ladder}, &r->angular);
  if (status == AFB_E_LIMIT) {
    out->outcome = AFB_OUTCOME_RESOURCE_LIMIT;
    snprintf(out->reason, sizeof out->reason, "%.150s", afb_error_text());
    return AFB_OK;
  }
  AFB_TRY(status);
  AFB_TRY(afb_agree(comm, prepare(r)));
  afb_phase_enter(AFB_PHASE_OTHER);
  if (q->start)
    AFB_TRY(search(comm, r, q->start, r->brief && has_many_csfs(r) ? LOWER : ALL));
  if (!q->start || (!r->brief && is_open_ended(out->outcome) && may_climb_to(q, AFB_RUNG_RESTART)))
    AFB_TRY(search_anew(comm, r));
  snprintf(out->reason, sizeof out->reason, "%s", r->ladder.reason);
  if (afb_outcome_ok(out->outcome))
    out->reason[0] = '\0';
  else if (r->ladder.blamed >= 0)
    out->blamed = out->csfs.orbital[r->ladder.blamed];
  out->iterations = r->ladder.iterations;
  out->energy = r->ladder.energy;
  out->gradient = r->ladder.residual;
  out->trace = r->ladder.trace;
  out->n_trace = r->ladder.n_trace;
  r->ladder.trace = NULL;
  if (!r->scf)
    return AFB_OK;
  AFB_TRY(keep_orbitals(r, &out->orbitals));
  AFB_TRY(keep_levels(r, out));
  return q->keep_mixing ? keep_mixing(r, out) : AFB_OK;
}

afb_status afb_mcdhf_csfs(const afb_mcdhf_request *q, afb_csf_list *out)
{
  int64_t most = q->max_csf > 0 ? q->max_csf : 50000;
  if (!q->csfs)
    return afb_csf_list_create(q->n_configurations, q->configuration, q->two_j_min, q->two_j_max, most, out);
  if (q->csfs->n_csf > most)
    return AFB_FAIL(AFB_E_LIMIT, "%d CSFs, more than the limit of %lld", q->csfs->n_csf, (long long)most);
  return afb_csf_list_copy(q->csfs, out);
}

static afb_status run_request(MPI_Comm comm, const afb_mcdhf_request *request, int brief, afb_mcdhf_result *result)
{
  *result = (afb_mcdhf_result){.energy = NAN, .gradient = NAN};
  run r = {.request = request, .result = result, .brief = brief};
  double cpu_start = afb_cpu_seconds();
  AFB_TRY(check_request(request, &r.n_electrons));
  afb_status status = afb_agree(comm, afb_mcdhf_csfs(request, &result->csfs));
  if (status == AFB_E_LIMIT) {
    result->outcome = AFB_OUTCOME_INFEASIBLE;
    snprintf(result->reason, sizeof result->reason, "%.150s", afb_error_text());
    status = AFB_OK;
  } else if (status == AFB_OK) {
    status = calculate(comm, &r, cpu_start);
  }
  clear_run(&r);
  afb_phase_enter(AFB_PHASE_OTHER);
  status = afb_agree(comm, status);
  double seconds = afb_cpu_seconds() - cpu_start;
  MPI_Allreduce(&seconds, &result->cpu_seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
  if (status != AFB_OK)
    afb_mcdhf_result_clear(result);
  return status;
}

afb_status afb_mcdhf_run(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  return run_request(comm, request, 0, result);
}
