#include "campaign/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* "4d-(1) 5s(2)": the subshells of a CSF that are not closed in every CSF. */
static void csf_text(const afb_csf_list *csfs, int csf, char *text, size_t size)
{
  size_t used = 0;
  text[0] = '\0';
  if (csf < 0 || csf >= csfs->n_csf)
    return;
  const uint8_t *occupation = csfs->occupation + (size_t)csf * (size_t)csfs->n_orbitals;
  for (int a = 0; a < csfs->n_orbitals && used < size; a++) {
    char label[8];
    if (occupation[a] > 0 && !csfs->closed[a])
      used += (size_t)snprintf(text + used, size - used, "%s%s(%d)", used ? " " : "",
                               afb_orbital_label(csfs->orbital[a], label), occupation[a]);
  }
}

void afb_rows_level(const afb_csf_list *csfs, const afb_level *level, afb_store_level *row)
{
  char text[AFB_STORE_CSF] = "";
  *row = (afb_store_level){.two_j = level->two_j, .parity = level->parity, .index = level->index,
                           .n_leading = level->n_leading, .energy = level->energy, .weight = level->weight};
  for (int k = 0; k < AFB_STORE_LEADING; k++) {
    int there = k < level->n_leading && k < AFB_LEADING;
    row->leading_csf[k] = there ? level->leading_csf[k] : -1;
    row->leading_mixing[k] = there ? level->leading_mixing[k] : NAN;
  }
  if (level->n_leading > 0)
    csf_text(csfs, level->leading_csf[0], text, sizeof text);
  afb_store_text(row->leading, sizeof row->leading, text);
  const afb_lsj *lsj = &level->lsj;
  afb_store_text(row->label, sizeof row->label, lsj->n > 0 ? lsj->label[0] : "");
  afb_store_text(row->second_label, sizeof row->second_label, lsj->n > 1 ? lsj->label[1] : "");
  row->label_weight = lsj->n > 0 ? lsj->weight[0] : NAN;
  row->second_weight = lsj->n > 1 ? lsj->weight[1] : NAN;
}

static void fill_trace(const afb_trace *trace, afb_store_trace *row)
{
  *row = (afb_store_trace){.rung = trace->rung, .iteration = trace->iteration, .energy = trace->energy,
                           .residual = trace->residual, .step = trace->step, .seconds = trace->seconds, .outcome = trace->outcome};
}

static void fill_orbital(const afb_orbitals *orbitals, int a, afb_store_orbital *row)
{
  char label[8];
  *row = (afb_store_orbital){.n = orbitals->orbital[a].n, .kappa = orbitals->orbital[a].kappa,
                             .energy = orbitals->energy[a], .occupation = orbitals->occupation[a],
                             .r_mean = orbitals->r_mean[a]};
  afb_store_text(row->label, sizeof row->label, afb_orbital_label(orbitals->orbital[a], label));
}

static afb_status add(afb_store *store, const afb_store_run *row, const afb_mcdhf_result *result,
                      afb_store_level *level, afb_store_trace *trace, afb_store_orbital *orbital, int64_t *run)
{
  const afb_orbitals *orbitals = &result->orbitals;
  if (!level || !trace || !orbital)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to store a run");
  for (int i = 0; i < result->n_levels; i++)
    afb_rows_level(&result->csfs, &result->level[i], &level[i]);
  for (int i = 0; i < result->n_trace; i++)
    fill_trace(&result->trace[i], &trace[i]);
  for (int a = 0; a < orbitals->n_orbitals; a++)
    fill_orbital(orbitals, a, &orbital[a]);
  int radial = orbitals->n_orbitals > 0;
  afb_store_run_data data = {.n_levels = result->n_levels, .n_traces = result->n_trace,
                             .n_orbitals = orbitals->n_orbitals,
                             .n_breakpoints = radial ? orbitals->n_breakpoints : 0, .n_p = radial ? orbitals->n_p : 0,
                             .n_q = radial ? orbitals->n_q : 0, .levels = level, .traces = trace, .orbitals = orbital,
                             .breakpoints = orbitals->breakpoint, .coefficients = orbitals->coefficient};
  return afb_store_add_run(store, row, &data, run);
}

afb_status afb_rows_add_result(afb_store *store, const afb_store_run *row, const afb_mcdhf_result *result,
                               int64_t *run)
{
  afb_store_run complete = *row;
  complete.outcome = (int32_t)result->outcome;
  complete.rung = result->rung;
  complete.iterations = result->iterations;
  complete.n_csf = result->csfs.n_csf > 0 ? result->csfs.n_csf : -1;
  complete.energy = result->energy;
  complete.gradient = result->gradient;
  complete.blamed_n = result->blamed.n;
  complete.blamed_l = result->blamed.n > 0 ? afb_kappa_l(result->blamed.kappa) : 0;
  complete.cpu_seconds = result->cpu_seconds;
  afb_store_text(complete.reason, sizeof complete.reason, result->reason);
  afb_store_level *level = calloc((size_t)result->n_levels + 1, sizeof *level);
  afb_store_trace *trace = calloc((size_t)result->n_trace + 1, sizeof *trace);
  afb_store_orbital *orbital = calloc((size_t)result->orbitals.n_orbitals + 1, sizeof *orbital);
  afb_status status = add(store, &complete, result, level, trace, orbital, run);
  free(level);
  free(trace);
  free(orbital);
  return status;
}

afb_status afb_rows_read_orbitals(afb_store *store, int64_t run, afb_orbitals *out)
{
  *out = (afb_orbitals){0};
  afb_store_orbitals stored;
  AFB_TRY(afb_store_read_orbitals(store, run, &stored));
  if (stored.n_orbitals > AFB_MAX_ORBITALS) {
    int n = stored.n_orbitals;
    afb_store_orbitals_clear(&stored);
    return AFB_FAIL(AFB_E_FOREIGN, "run %lld has %d orbitals, more than this program takes", (long long)run, n);
  }
  for (int a = 0; a < stored.n_orbitals; a++) {
    out->orbital[a] = (afb_orbital){stored.orbitals[a].n, stored.orbitals[a].kappa};
    out->energy[a] = stored.orbitals[a].energy;
    out->occupation[a] = stored.orbitals[a].occupation;
    out->r_mean[a] = stored.orbitals[a].r_mean;
  }
  out->n_orbitals = stored.n_orbitals;
  out->n_breakpoints = stored.n_breakpoints;
  out->n_p = stored.n_p;
  out->n_q = stored.n_q;
  /* The arrays change hands. */
  out->breakpoint = stored.breakpoints;
  out->coefficient = stored.coefficients;
  stored.breakpoints = stored.coefficients = NULL;
  afb_store_orbitals_clear(&stored);
  return AFB_OK;
}
