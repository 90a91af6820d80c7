#include "tests/atomic/robust_evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "atomic/scf.h"
#include "atomic/start.h"

/* Energies that agree this well, relative, are those of one state. */
#define SAME 1e-8

static int count_nodes(const afb_orbitals *from, int a)
{
  enum { EACH = 6, MOST = 4096 };
  double p[MOST];
  int n = 0, cell = 0;
  const double *c = from->coefficient + (size_t)a * (size_t)(from->n_p + from->n_q);
  for (int i = 0; i + 1 < from->n_breakpoints; i++)
    for (int k = 0; k < EACH && n < MOST; k++) {
      double r = from->breakpoint[i] + (k + 0.5) / EACH * (from->breakpoint[i + 1] - from->breakpoint[i]);
      p[n++] = afb_start_spline_value(AFB_P_ORDER, from, c, r, &cell);
    }
  return afb_count_nodes(n, p);
}

void evidence_collect(const afb_mcdhf_result *r, run_end *end)
{
  const afb_orbitals *o = &r->orbitals;
  end->outcome = r->outcome;
  end->rung = r->rung;
  end->iterations = r->iterations;
  end->n_csf = r->csfs.n_csf;
  end->cpu = r->cpu_seconds;
  end->energy = r->energy;
  end->gradient = r->gradient;
  end->blamed = r->blamed;
  snprintf(end->reason, sizeof end->reason, "%.100s", r->reason);
  end->n_orbitals = o->n_orbitals < EVIDENCE_ORBITALS ? o->n_orbitals : EVIDENCE_ORBITALS;
  for (int a = 0; a < end->n_orbitals; a++)
    end->orbital[a] = (orbital_facts){o->orbital[a].n, o->orbital[a].kappa, count_nodes(o, a), (float)o->occupation[a], (float)o->energy[a],
                                      (float)o->r_mean[a]};
  end->n_levels = r->n_levels < EVIDENCE_LEVELS ? r->n_levels : EVIDENCE_LEVELS;
  for (int i = 0; i < end->n_levels; i++) {
    const afb_level *l = r->level + i;
    end->level[i] = (level_facts){.two_j = l->two_j, .parity = l->parity, .index = l->index};
    if (l->lsj.n > 0 && l->lsj.weight[0] >= 0.7)
      snprintf(end->level[i].label, sizeof end->level[i].label, "%.47s", l->lsj.label[0]);
  }
}

int evidence_nodes_wanted(const orbital_facts *o) { return o->n - afb_kappa_l(o->kappa) - 1; }

int evidence_unasked(const run_end *end)
{
  int count = 0;
  for (int a = 0; a < end->n_orbitals; a++)
    count += end->orbital[a].nodes != evidence_nodes_wanted(end->orbital + a) || end->orbital[a].energy >= 0;
  return count;
}

static const char *name_of(const orbital_facts *o, char *label) { return afb_orbital_label((afb_orbital){o->n, o->kappa}, label); }

/* <r> of the outermost orbital that holds at least half an electron. */
static double valence_radius(const run_end *end)
{
  double radius = 0;
  for (int a = 0; a < end->n_orbitals; a++)
    if (end->orbital[a].occupation >= 0.5F)
      radius = fmax(radius, (double)end->orbital[a].r_mean);
  return radius;
}

const char *evidence_of_failure(const run_end *end, char *text)
{
  const orbital_facts *blamed = NULL;
  char label[8], other[8];
  *text = '\0';
  for (int a = 0; a < end->n_orbitals; a++)
    if (end->orbital[a].n == end->blamed.n && end->orbital[a].kappa == end->blamed.kappa)
      blamed = end->orbital + a;
  if (!blamed)
    return text;
  int wanted = evidence_nodes_wanted(blamed);
  size_t used = (size_t)snprintf(text, EVIDENCE_TEXT, "%s: occupation %.3f, %d of %d nodes, energy %.3f, <r> %.2f", name_of(blamed, label),
                                 (double)blamed->occupation, blamed->nodes, wanted, (double)blamed->energy, (double)blamed->r_mean);
  for (int a = 0; a < end->n_orbitals; a++) {
    const orbital_facts *o = end->orbital + a;
    if (o->kappa == blamed->kappa && o->n != blamed->n && o->nodes == wanted && blamed->nodes != wanted && used < EVIDENCE_TEXT)
      used += (size_t)snprintf(text + used, EVIDENCE_TEXT - used, "; its nodes are those of %s (occupation %.3f, <r> %.2f)", name_of(o, other),
                               (double)o->occupation, (double)o->r_mean);
  }
  double radius = valence_radius(end);
  if (used < EVIDENCE_TEXT && blamed->occupation < 0.5F && (double)blamed->r_mean < 1.2 * radius && blamed->nodes != wanted)
    used += (size_t)snprintf(text + used, EVIDENCE_TEXT - used, "; it correlates, inside the valence shell (%.2f)", radius);
  if (used < EVIDENCE_TEXT)
    snprintf(text + used, EVIDENCE_TEXT - used, end->gradient <= 1e-5 ? "; stationary" : "; residual %.0e", end->gradient);
  return text;
}

const char *disagreement_text(disagreement kind)
{
  static const char *const text[N_DISAGREE] = {
    "", "another calculation: GRASP's run had other CSFs", "ours is lower, and GRASP's other start ends there",
    "ours is lower, the same from both starts", "ours is lower, our other start ends elsewhere",
    "ours is higher, our other start ends at GRASP's state or lower", "ours is higher"};
  return text[kind];
}

disagreement evidence_compare(const run_end *mine, const run_end *other, double grasp, double grasp_other, int same_list)
{
  double size = SAME * fabs(grasp);
  int other_ok = other && other->done && afb_outcome_ok(other->outcome);
  if (!isfinite(grasp) || !afb_outcome_ok(mine->outcome))
    return DISAGREE_NOT;
  if (!same_list)
    return DISAGREE_OTHER_LIST;
  if (fabs(mine->energy - grasp) <= size)
    return DISAGREE_NOT;
  if (mine->energy < grasp)
    return fabs(mine->energy - grasp_other) <= size                   ? DISAGREE_LOWER_GRASP_TOO
           : other_ok && fabs(mine->energy - other->energy) <= size ? DISAGREE_LOWER_TWICE
                                                                     : DISAGREE_LOWER_ONCE;
  return other_ok && other->energy <= grasp + size ? DISAGREE_HIGHER_OTHER : DISAGREE_HIGHER;
}

static int is_other(const level_facts *a, const level_facts *b) { return *a->label && *b->label && strcmp(a->label, b->label) != 0; }

int evidence_other_levels(const run_end *a, const run_end *b)
{
  int count = 0;
  for (int i = 0; i < a->n_levels && a->n_levels == b->n_levels; i++)
    count += is_other(a->level + i, b->level + i);
  return count;
}

/* Appends the first level that is another one, and how many are. */
static void put_other_levels(const run_end *mine, const run_end *other, char *text)
{
  int count = evidence_other_levels(mine, other), first = 0;
  size_t used = strlen(text);
  if (count == 0) {
    snprintf(text + used, EVIDENCE_TEXT - used, "; the same levels");
    return;
  }
  while (!is_other(mine->level + first, other->level + first))
    first++;
  const level_facts *l = mine->level + first;
  snprintf(text + used, EVIDENCE_TEXT - used, "; %d of %d levels are others: 2J = %d%c, number %d %s, there %s", count, mine->n_levels, l->two_j,
           l->parity > 0 ? '+' : '-', l->index, l->label, other->level[first].label);
}

/* Mean radius of the hydrogenic orbital in the field of the ion that is left, bohr. */
static double hydrogenic_radius(const orbital_facts *o, int charge)
{
  int l = afb_kappa_l(o->kappa);
  return (3.0 * o->n * o->n - l * (l + 1.0)) / (2.0 * (charge + 1));
}

const char *evidence_of_state(const run_end *mine, const run_end *other, int charge, char *text)
{
  const orbital_facts *found = NULL, *beside = NULL;
  double most = 0;
  char label[8];
  *text = '\0';
  int two = other && other->done && afb_outcome_ok(other->outcome) && fabs(mine->energy - other->energy) > SAME * fabs(mine->energy);
  for (int a = 0; a < mine->n_orbitals; a++) {
    const orbital_facts *o = mine->orbital + a;
    double change = two ? fabs(log((double)o->r_mean / (double)other->orbital[a].r_mean))
                    : afb_kappa_l(o->kappa) > 1 && o->occupation < 1 ? log(hydrogenic_radius(o, charge) / (double)o->r_mean) - log(1.5) : 0;
    if (change > most) {
      most = change;
      found = o;
      beside = two ? other->orbital + a : NULL;
    }
  }
  if (found && beside) {
    snprintf(text, EVIDENCE_TEXT, "%s: <r> %.2f, occupation %.3f; from the other start %.2f, %.3f", name_of(found, label), (double)found->r_mean,
             (double)found->occupation, (double)beside->r_mean, (double)beside->occupation);
    put_other_levels(mine, other, text);
  } else if (found) {
    snprintf(text, EVIDENCE_TEXT, "%s is contracted: <r> %.2f, hydrogenic %.1f, occupation %.3f", name_of(found, label), (double)found->r_mean,
             hydrogenic_radius(found, charge), (double)found->occupation);
  }
  return text;
}
