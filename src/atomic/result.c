/* Names and lifetimes of what an MCDHF calculation returns. */
#include <stdlib.h>
#include <string.h>

#include "atomic/mcdhf.h"

const char *afb_outcome_name(afb_outcome outcome)
{
  static const char *const name[AFB_N_OUTCOMES] = {
    "none", "converged", "converged_at_floor", "max_iterations", "limit_cycle", "root_flip", "orbital_collapse",
    "diffuse", "unbound", "empty_orbital", "ci_failure", "infeasible", "resource_limit", "not_finite"};
  return (int)outcome >= 0 && outcome < AFB_N_OUTCOMES ? name[outcome] : "unknown";
}

int afb_outcome_ok(afb_outcome outcome)
{
  return outcome == AFB_OUTCOME_CONVERGED || outcome == AFB_OUTCOME_CONVERGED_AT_FLOOR;
}

const char *afb_rung_name(afb_rung rung)
{
  static const char *const name[AFB_N_RUNGS] = {"none", "diis", "shifted", "newton"};
  return (int)rung >= 0 && rung < AFB_N_RUNGS ? name[rung] : "unknown";
}

void afb_orbitals_clear(afb_orbitals *orbitals)
{
  free(orbitals->breakpoint);
  free(orbitals->coefficient);
  *orbitals = (afb_orbitals){0};
}

afb_status afb_orbitals_copy(const afb_orbitals *from, afb_orbitals *to)
{
  *to = (afb_orbitals){0};
  if (from->n_orbitals == 0)
    return AFB_OK;
  size_t breakpoints = (size_t)from->n_breakpoints;
  size_t coefficients = (size_t)from->n_orbitals * (size_t)(from->n_p + from->n_q);
  double *breakpoint = malloc(breakpoints * sizeof *breakpoint);
  double *coefficient = malloc(coefficients * sizeof *coefficient);
  if (!breakpoint || !coefficient) {
    free(breakpoint);
    free(coefficient);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d orbitals", from->n_orbitals);
  }
  memcpy(breakpoint, from->breakpoint, breakpoints * sizeof *breakpoint);
  memcpy(coefficient, from->coefficient, coefficients * sizeof *coefficient);
  *to = *from;
  to->breakpoint = breakpoint;
  to->coefficient = coefficient;
  return AFB_OK;
}

void afb_mcdhf_result_clear(afb_mcdhf_result *result)
{
  afb_csf_list_clear(&result->csfs);
  free(result->level);
  free(result->trace);
  afb_orbitals_clear(&result->orbitals);
  *result = (afb_mcdhf_result){0};
}
