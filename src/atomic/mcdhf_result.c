/* Results of a calculation: names of outcomes and rungs, copies of orbitals, what levels are made of (atomic/mcdhf.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/mcdhf.h"

static const char *const outcome_names[AFB_N_OUTCOMES] = {
  "none", "converged", "converged_at_floor", "max_iterations", "limit_cycle", "root_flip", "orbital_collapse", "diffuse",
  "unbound", "empty_orbital", "ci_failure", "infeasible", "resource_limit", "not_finite", "engine_failed"};
static const char *const rung_names[AFB_N_RUNGS] = {"none", "diis", "shifted", "newton", "restart", "held", "followed", "grown"};

const char *afb_outcome_name(afb_outcome outcome)
{
  return outcome >= 0 && outcome < AFB_N_OUTCOMES ? outcome_names[outcome] : "unknown";
}

int afb_outcome_ok(afb_outcome outcome)
{
  return outcome == AFB_OUTCOME_CONVERGED || outcome == AFB_OUTCOME_CONVERGED_AT_FLOOR;
}

const char *afb_rung_name(afb_rung rung) { return rung >= 0 && rung < AFB_N_RUNGS ? rung_names[rung] : "unknown"; }

void afb_orbitals_clear(afb_orbitals *orbitals)
{
  free(orbitals->breakpoint);
  free(orbitals->coefficient);
  *orbitals = (afb_orbitals){0};
}

afb_status afb_orbitals_copy(const afb_orbitals *from, afb_orbitals *to)
{
  size_t points = (size_t)from->n_breakpoints, size = (size_t)from->n_orbitals * (size_t)(from->n_p + from->n_q);
  double *breakpoint = malloc(points * sizeof *breakpoint + 1), *coefficient = malloc(size * sizeof *coefficient + 1);
  if (!breakpoint || !coefficient) {
    free(breakpoint);
    free(coefficient);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d orbitals", from->n_orbitals);
  }
  *to = *from;
  to->breakpoint = memcpy(breakpoint, from->breakpoint, points * sizeof *breakpoint);
  to->coefficient = memcpy(coefficient, from->coefficient, size * sizeof *coefficient);
  return AFB_OK;
}

void afb_mcdhf_result_clear(afb_mcdhf_result *result)
{
  afb_csf_list_clear(&result->csfs);
  free(result->level);
  free(result->mixing);
  free(result->trace);
  afb_orbitals_clear(&result->orbitals);
  *result = (afb_mcdhf_result){0};
}

void afb_level_lead(afb_level *level, int n, const double *v, int first)
{
  level->n_leading = n < AFB_LEADING ? n : AFB_LEADING;
  for (int k = 0; k < level->n_leading; k++) {
    int best = -1;
    for (int i = 0; i < n; i++) {
      int used = 0;
      for (int j = 0; j < k; j++)
        used |= level->leading_csf[j] == first + i;
      if (!used && (best < 0 || fabs(v[i]) > fabs(v[best])))
        best = i;
    }
    level->leading_csf[k] = first + best;
    level->leading_mixing[k] = v[best];
  }
}

afb_status afb_levels_compose(const afb_csf_list *csfs, int block, const int8_t *sign, int n, const double *vector, afb_level *level)
{
  afb_lsj *lsj = malloc((size_t)n * sizeof *lsj + 1);
  if (!lsj)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", n);
  afb_status status = afb_lsj_compose(csfs, block, sign, n, vector, lsj);
  for (int l = 0; l < n; l++)
    level[l].lsj = lsj[l];
  free(lsj);
  return status == AFB_E_LIMIT ? AFB_OK : status;
}
