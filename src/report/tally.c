#include "report/tally.h"

#include <stdio.h>
#include <stdlib.h>

afb_run_class afb_run_class_of(int outcome, int rung)
{
  switch (outcome) {
  case AFB_OUTCOME_CONVERGED:
  case AFB_OUTCOME_CONVERGED_AT_FLOOR:
    return rung == AFB_RUNG_DIIS ? AFB_RUN_CHEAPEST : AFB_RUN_HIGHER;
  case AFB_OUTCOME_ORBITAL_COLLAPSE:
    return AFB_RUN_COLLAPSE;
  case AFB_OUTCOME_LIMIT_CYCLE:
  case AFB_OUTCOME_ROOT_FLIP:
    return AFB_RUN_CYCLE;
  case AFB_OUTCOME_MAX_ITERATIONS:
    return AFB_RUN_ITERATIONS;
  case AFB_OUTCOME_INFEASIBLE:
  case AFB_OUTCOME_RESOURCE_LIMIT:
    return AFB_RUN_INFEASIBLE;
  default:
    return AFB_RUN_FAILED;
  }
}

const char *afb_run_class_name(afb_run_class of)
{
  static const char *const name[AFB_N_RUN_CLASSES] = {
    "converged, cheapest rung", "converged, other rung", "orbital collapse", "limit cycle, root flip", "iteration limit",
    "infeasible, too large", "other failure"};
  return name[of];
}

static void add(afb_tally *t, const afb_campaign_result *result, int64_t e)
{
  const afb_entry *entry = &result->ledger.entry[e];
  int ok = afb_outcome_ok(entry->outcome);
  t->runs++;
  t->converged += ok;
  t->useful += result->harvest.gain[e].useful;
  t->levels += ok ? entry->n_levels : 0;
  t->core_seconds += entry->core_seconds;
  t->of[afb_run_class_of((int)entry->outcome, entry->rung)]++;
}

const char *afb_tally_title(afb_tally_key key)
{
  static const char *const title[AFB_N_TALLIES] = {"By outcome", "Converged, by rung", "By ion", "By size of the set", "By who chose"};
  return title[key];
}

const char *afb_tally_name(const afb_campaign_result *result, afb_tally_key key, int i, char *buffer)
{
  switch (key) {
  case AFB_TALLY_OUTCOME:
    return afb_outcome_name((afb_outcome)i);
  case AFB_TALLY_RUNG:
    return afb_rung_name((afb_rung)i);
  case AFB_TALLY_ION:
    return afb_ion_format(result->ledger.ion[i].ion, buffer);
  case AFB_TALLY_SIZE:
    snprintf(buffer, AFB_TALLY_NAME, "%d configuration%s", i, i == 1 ? "" : "s");
    return buffer;
  default:
    return afb_strategy_name((afb_strategy)i);
  }
}

static int row_of(const afb_entry *entry, afb_tally_key key)
{
  switch (key) {
  case AFB_TALLY_OUTCOME:
    return (int)entry->outcome;
  case AFB_TALLY_RUNG:
    return afb_outcome_ok(entry->outcome) ? entry->rung : -1;
  case AFB_TALLY_ION:
    return entry->ion;
  case AFB_TALLY_SIZE:
    return entry->node.n;
  default:
    return (int)entry->strategy;
  }
}

afb_status afb_tally_by(const afb_campaign_result *result, afb_tally_key key, int *n, afb_tally **row)
{
  const int rows[AFB_N_TALLIES] = {AFB_N_OUTCOMES, AFB_N_RUNGS, result->ledger.n_active, AFB_MAX_SET + 1, AFB_N_STRATEGIES};
  *n = rows[key];
  *row = calloc((size_t)*n + 1, sizeof **row);
  if (!*row)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a table of %d rows", *n);
  for (int64_t e = 0; e < result->ledger.n; e++) {
    int i = row_of(&result->ledger.entry[e], key);
    if (i >= 0 && i < *n)
      add(&(*row)[i], result, e);
  }
  return AFB_OK;
}

const char *afb_tally_lead(const afb_tally *by_strategy, char *buffer)
{
  const afb_tally *model = &by_strategy[AFB_BY_MODEL], *random = &by_strategy[AFB_BY_RANDOM];
  double by_model = (double)model->useful / model->core_seconds, drawn = (double)random->useful / random->core_seconds;
  buffer[0] = '\0';
  if (model->runs > 0 && random->runs > 0)
    snprintf(buffer, AFB_TALLY_LEAD, "Useful runs per core-second: %.2f chosen by the model (%lld of %lld), %.2f drawn at random from the same candidates (%lld of "
             "%lld): a factor of %.2f.", by_model, (long long)model->useful, (long long)model->runs, drawn, (long long)random->useful,
             (long long)random->runs, by_model / drawn);
  return buffer;
}

afb_tally afb_tally_all(const afb_campaign_result *result)
{
  afb_tally all = {0};
  for (int64_t e = 0; e < result->ledger.n; e++)
    add(&all, result, e);
  return all;
}
