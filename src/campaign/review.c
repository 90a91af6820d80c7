#include "campaign/review.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/harvest.h"
#include "campaign/record.h"

static int by_charge(const void *a, const void *b)
{
  const afb_ion *x = a, *y = b;
  return x->z != y->z ? (x->z > y->z) - (x->z < y->z) : (x->charge > y->charge) - (x->charge < y->charge);
}

afb_status afb_review_ledger(afb_store *store, int *n_ions, afb_candidates **candidates, afb_ledger *ledger)
{
  afb_ion *ion;
  *candidates = NULL;
  *ledger = (afb_ledger){0};
  AFB_TRY(afb_record_ions(store, n_ions, &ion));
  qsort(ion, (size_t)*n_ions, sizeof *ion, by_charge);
  *candidates = calloc((size_t)*n_ions + 1, sizeof **candidates);
  afb_status status = *candidates ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ions", *n_ions);
  /* Other configurations than the ground configuration are inserted as the file names them. */
  for (int i = 0; i < *n_ions && status == AFB_OK; i++)
    status = afb_candidates_create(ion[i], AFB_MAX_N, AFB_MAX_L, 0, 0, &(*candidates)[i]);
  free(ion);
  if (status == AFB_OK)
    status = afb_ledger_init(*n_ions, *n_ions, *candidates, ledger);
  return status == AFB_OK ? afb_record_load(store, ledger) : status;
}

afb_status afb_review_predictions(const afb_ledger *ledger, afb_strategy strategy, afb_metrics *out)
{
  float *p = malloc(2 * (size_t)ledger->n * AFB_N_TARGETS * sizeof *p + 1);
  if (!p)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld predictions", (long long)ledger->n);
  float *label = p + ledger->n * AFB_N_TARGETS;
  for (int64_t i = 0; i < ledger->n; i++) {
    const afb_entry *entry = &ledger->entry[i];
    float of_run[AFB_N_LABELS];
    afb_sample_label(entry->outcome, entry->rung, NAN, NAN, NULL, of_run);
    memcpy(label + i * AFB_N_TARGETS, of_run, AFB_N_TARGETS * sizeof *label);
    p[i * AFB_N_TARGETS + AFB_TARGET_CONVERGED] = (float)entry->probability;
    p[i * AFB_N_TARGETS + AFB_TARGET_CHEAPEST_RUNG] = (float)entry->probability_cheapest;
    for (int t = 0; t < AFB_N_TARGETS; t++)
      if ((strategy != AFB_N_STRATEGIES && entry->strategy != strategy) || isnan(p[i * AFB_N_TARGETS + t]))
        label[i * AFB_N_TARGETS + t] = NAN;
  }
  afb_status status = AFB_OK;
  for (int t = 0; t < AFB_N_TARGETS && status == AFB_OK; t++)
    status = afb_metrics_compute(ledger->n, p + t, AFB_N_TARGETS, label + t, AFB_N_TARGETS, &out[t]);
  free(p);
  return status;
}

afb_status afb_campaign_review(afb_store *store, afb_campaign_result *result)
{
  int n_ions = 0;
  *result = (afb_campaign_result){0};
  AFB_TRY(afb_review_ledger(store, &n_ions, &result->candidates, &result->ledger));
  AFB_TRY(afb_harvest_init(n_ions, &result->harvest));
  AFB_TRY(afb_harvest_load(store, &result->ledger, &result->harvest));
  AFB_TRY(afb_review_predictions(&result->ledger, AFB_BY_MODEL, result->chosen));
  return afb_review_predictions(&result->ledger, AFB_BY_RANDOM, result->drawn);
}
