#include "campaign/harvest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MODEL_RUNS = 2.0;      /* m: earlier runs that a forecast counts as */
static const double FIRST_NEW = 0.2, FIRST_RUNS = 5.0;   /* share of runs with a new level before any is known, counted as so many runs */

struct afb_harvest_ion {
  int capacity;
  afb_harvest_count *count;    /* [capacity] by configuration; those beyond have no runs */
};

afb_status afb_harvest_init(int n_ions, afb_harvest *h)
{
  *h = (afb_harvest){.n_ions = n_ions};
  h->known = calloc((size_t)n_ions + 1, sizeof *h->known);
  h->ion = calloc((size_t)n_ions + 1, sizeof *h->ion);
  h->repeated[0] = h->other[0] = FIRST_NEW * FIRST_RUNS;
  h->repeated[1] = h->other[1] = FIRST_RUNS;
  return h->known && h->ion ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the levels of %d ions", n_ions);
}

void afb_harvest_clear(afb_harvest *h)
{
  for (int64_t i = 0; i < h->n; i++)
    afb_gain_levels_clear(&h->lowest[i]);
  for (int i = 0; h->known && i < h->n_ions; i++)
    afb_level_keys_clear(&h->known[i]);
  for (int i = 0; h->ion && i < h->n_ions; i++)
    free(h->ion[i].count);
  free(h->gain);
  free(h->lowest);
  free(h->known);
  free(h->ion);
  *h = (afb_harvest){0};
}

static afb_status make_room(afb_harvest *h)
{
  if (h->n < h->capacity)
    return AFB_OK;
  int64_t capacity = 2 * h->capacity + 256;
  afb_gain *gain = realloc(h->gain, (size_t)capacity * sizeof *gain);
  if (gain)
    h->gain = gain;
  afb_gain_levels *lowest = realloc(h->lowest, (size_t)capacity * sizeof *lowest);
  if (lowest)
    h->lowest = lowest;
  if (!gain || !lowest)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for what %lld runs brought", (long long)capacity);
  h->capacity = capacity;
  return AFB_OK;
}

static afb_status count_of(afb_harvest *h, int ion, int added, afb_harvest_count **out)
{
  struct afb_harvest_ion *of_ion = &h->ion[ion];
  if (added >= of_ion->capacity) {
    int capacity = 2 * added + 32;
    afb_harvest_count *grown = realloc(of_ion->count, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", capacity);
    memset(grown + of_ion->capacity, 0, (size_t)(capacity - of_ion->capacity) * sizeof *grown);
    of_ion->count = grown;
    of_ion->capacity = capacity;
  }
  *out = &of_ion->count[added];
  return AFB_OK;
}

static void keep_lowest(afb_gain_levels *levels)
{
  int kept = 0;
  for (int i = 0; i < levels->n; i++) {
    const afb_gain_level *level = &levels->level[i];
    int k = 0;
    while (k < kept && (levels->level[k].two_j != level->two_j || levels->level[k].parity != level->parity))
      k++;
    if (k == kept || level->energy < levels->level[k].energy)
      levels->level[k] = *level;
    kept += k == kept;
  }
  levels->n = kept;
  afb_gain_level *smaller = realloc(levels->level, (size_t)(kept + 1) * sizeof *smaller);
  levels->level = smaller ? smaller : levels->level;
}

/* Index in the set of the configuration that was added; -1. */
static int index_of_added(const afb_entry *entry)
{
  for (int i = 0; i < entry->node.n; i++)
    if (entry->node.member[i] == entry->added)
      return i;
  return -1;
}

static const afb_gain_levels *parent_of(const afb_ledger *ledger, const afb_entry *entry, const afb_harvest *h)
{
  static const afb_gain_levels none;
  afb_node parent;
  if (entry->added < 0 || afb_node_remove(&entry->node, entry->added, &parent) != AFB_OK)
    return &none;
  int64_t from = afb_ledger_find(ledger, entry->ion, &parent);
  return from >= 0 && from < h->n ? &h->lowest[from] : &none;
}

static void count_in(afb_harvest *h, const afb_entry *entry, const afb_gain *gain, afb_harvest_count *count)
{
  int ok = afb_outcome_ok(entry->outcome);
  if (count) {
    double *share = count->led > 0 ? h->repeated : gain->fresh == 0 ? h->other : NULL;
    if (ok && share) {
      share[0] += gain->new_levels > 0;
      share[1] += 1.0;
    }
    count->runs++;
    count->converged += ok;
    count->compared += !isnan(gain->lowering);
    count->lowered += gain->lowering >= AFB_USEFUL_LOWERING;
    count->led += gain->fresh == 1;
  }
  h->sum.converged += ok;
  h->sum.levels += gain->new_levels;
  h->sum.useful += gain->useful;
  h->sum.lowering += gain->lowering > 0.0 ? gain->lowering : 0.0;
}

afb_status afb_harvest_add(const afb_ledger *ledger, afb_gain_levels *levels, afb_harvest *h)
{
  const afb_entry *entry = &ledger->entry[h->n];
  afb_harvest_count *count = NULL;
  AFB_TRY(make_room(h));
  if (entry->added >= 0)
    AFB_TRY(count_of(h, entry->ion, entry->added, &count));
  afb_gain *gain = &h->gain[h->n];
  AFB_TRY(afb_gain_of(levels, parent_of(ledger, entry, h), index_of_added(entry), &h->known[entry->ion], gain));
  keep_lowest(levels);
  h->lowest[h->n++] = *levels;
  *levels = (afb_gain_levels){0};
  count_in(h, entry, gain, count);
  return AFB_OK;
}

afb_status afb_harvest_load(afb_store *store, const afb_ledger *ledger, afb_harvest *h)
{
  afb_gain_levels *levels = calloc((size_t)ledger->n + 1, sizeof *levels);
  afb_status status = levels ? afb_gain_levels_read(store, ledger, levels)
                             : AFB_FAIL(AFB_E_MEMORY, "no memory for the levels of %lld runs", (long long)ledger->n);
  while (status == AFB_OK && h->n < ledger->n)
    status = afb_harvest_add(ledger, &levels[h->n], h);
  for (int64_t i = 0; levels && i < ledger->n; i++)
    afb_gain_levels_clear(&levels[i]);
  free(levels);
  return status;
}

static double corrected(double model, int hits, int n)
{
  return (MODEL_RUNS * (isnan(model) ? 0.5 : model) + hits) / (MODEL_RUNS + n);
}

double afb_harvest_expect(const afb_harvest *h, int ion, int added, double p_converged, double p_lowering, double fresh)
{
  static const afb_harvest_count none;
  const afb_harvest_count *c = added >= 0 && added < h->ion[ion].capacity ? &h->ion[ion].count[added] : &none;
  double converges = corrected(p_converged, c->converged, c->runs), lowers = corrected(p_lowering, c->lowered, c->compared);
  /* A configuration that leads a level for the first time makes a new one; otherwise what is new are other terms and crossings. */
  double again = h->repeated[0] / h->repeated[1], other = h->other[0] / h->other[1];
  double leads = corrected(fresh, c->led, c->converged);
  double brings_new = c->led > 0 ? again : leads + (1.0 - leads) * other;
  return converges * (1.0 - (1.0 - lowers) * (1.0 - brings_new));
}
