#include "descriptor/bispectrum_batch.h"

#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { ALIGNMENT = 64, N_ARRAYS = 7 };   /* arrays of doubles by slot */

/* All pairs have the same cut-off and inner switching: rate, inner_s and inner_rate are written once. */
static int same_for_all(const struct afb_bispectrum *plan)
{
  return plan->settings.n_elements == 1 && plan->settings.adaptive == AFB_ADAPTIVE_NONE;
}

static void fill_pair_tables(const struct afb_bispectrum *plan, int table, double cutoff, size_t at, afb_bispectrum_batch *batch)
{
  batch->rate[at] = pi / (cutoff - plan->settings.rmin0);
  batch->inner_s[at] = plan->inner_s[table];
  batch->inner_rate[at] = plan->settings.inner_switching ? pi / (2 * plan->inner_d[table]) : 0;
}

static afb_status reserve(const struct afb_bispectrum *plan, afb_bispectrum_batch *batch, int slots)
{
  if (slots <= batch->capacity)
    return AFB_OK;
  int capacity = slots + slots / 2 + 2;
  size_t n = ((size_t)capacity * (size_t)batch->lanes + 7) / 8 * 8;
  void *block = aligned_alloc(ALIGNMENT, n * (N_ARRAYS * sizeof(double) + sizeof(int64_t)));
  if (!block)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for batches of %d neighbours", slots);
  free(batch->block);
  batch->block = block;
  batch->capacity = capacity;
  double **array[N_ARRAYS] = {&batch->x, &batch->y, &batch->z, &batch->weight, &batch->rate, &batch->inner_s, &batch->inner_rate};
  for (int k = 0; k < N_ARRAYS; k++)
    *array[k] = (double *)block + (size_t)k * n;
  batch->pair = (void *)((double *)block + N_ARRAYS * n);
  for (size_t i = 0; same_for_all(plan) && i < n; i++)
    fill_pair_tables(plan, 0, plan->cutoff[0], i, batch);
  return AFB_OK;
}

afb_status afb_bispectrum_batch_create(const struct afb_bispectrum *plan, int lanes, afb_bispectrum_batch *batch)
{
  size_t channels = (size_t)plan->n_channels;
  *batch = (afb_bispectrum_batch){.lanes = lanes};
  batch->first_slot = calloc(2 * channels + 1, sizeof *batch->first_slot);
  batch->self = aligned_alloc(ALIGNMENT, channels * AFB_BATCH_LANES * sizeof *batch->self);
  if (!batch->first_slot || !batch->self) {
    afb_bispectrum_batch_clear(batch);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for batches of %d channels", plan->n_channels);
  }
  batch->used = batch->first_slot + channels + 1;
  return AFB_OK;
}

void afb_bispectrum_batch_clear(afb_bispectrum_batch *batch)
{
  free(batch->first_slot);
  free(batch->self);
  free(batch->block);
  free(batch->order);
  *batch = (afb_bispectrum_batch){0};
}

/* By number of neighbours, equal ones in the order of the list. */
afb_status afb_bispectrum_batch_order(afb_bispectrum_batch *batch, const afb_neighbours *list)
{
  int64_t n = list->n_centres, longest = 0;
  for (int64_t c = 0; c < n; c++)
    longest = list->first[c + 1] - list->first[c] > longest ? list->first[c + 1] - list->first[c] : longest;
  if (n + longest + 2 > batch->order_capacity) {
    int64_t *order = malloc((size_t)(n + longest + 2) * sizeof *order);
    if (!order)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the order of %lld centres", (long long)n);
    free(batch->order);
    batch->order = order;
    batch->order_capacity = n + longest + 2;
  }
  int64_t *next = batch->order + n;   /* [longest + 2] */
  memset(next, 0, (size_t)(longest + 2) * sizeof *next);
  for (int64_t c = 0; c < n; c++)
    next[list->first[c + 1] - list->first[c] + 1]++;
  for (int64_t k = 0; k <= longest; k++)
    next[k + 1] += next[k];
  for (int64_t c = 0; c < n; c++)
    batch->order[next[list->first[c + 1] - list->first[c]]++] = c;
  return AFB_OK;
}

/* first_slot: room for the longest centre of each channel, rounded up to even numbers. */
static afb_status assign_slots(const struct afb_bispectrum *plan, const afb_neighbours *list, afb_bispectrum_batch *batch)
{
  int n_channels = plan->n_channels, *first = batch->first_slot, *used = batch->used;
  memset(first, 0, (size_t)(n_channels + 1) * sizeof *first);
  for (int lane = 0; lane < batch->n_centres; lane++) {
    int64_t c = batch->centre[lane];
    memset(used, 0, (size_t)n_channels * sizeof *used);
    if (n_channels == 1)
      used[0] = (int)(list->first[c + 1] - list->first[c]);
    else
      for (int64_t p = list->first[c]; p < list->first[c + 1]; p++)
        used[afb_plan_channel(plan, list->element[p])]++;
    for (int k = 0; k < n_channels; k++)
      first[k + 1] = used[k] > first[k + 1] ? used[k] : first[k + 1];
  }
  for (int k = 0; k < n_channels; k++)
    first[k + 1] = first[k] + first[k + 1] + (first[k + 1] & 1);
  return reserve(plan, batch, first[n_channels]);
}

/* A neighbour of weight 0. */
static void fill_empty(const struct afb_bispectrum *plan, size_t at, int same, afb_bispectrum_batch *batch)
{
  batch->x[at] = batch->y[at] = batch->weight[at] = 0;
  batch->z[at] = 1;
  batch->pair[at] = -1;
  if (!same)
    fill_pair_tables(plan, 0, plan->cutoff[0], at, batch);
}

/* One element, one channel: pairs follow each other. */
static void fill_lane_same(const struct afb_bispectrum *plan, const afb_neighbours *list, int64_t c, size_t lane, afb_bispectrum_batch *batch)
{
  size_t lanes = (size_t)batch->lanes, at = lane, end = (size_t)batch->first_slot[1] * lanes;
  double *restrict x = batch->x, *restrict y = batch->y, *restrict z = batch->z, *restrict weight = batch->weight;
  int64_t *restrict pair = batch->pair;
  const double w = plan->settings.weight[0];
  for (int64_t p = c < 0 ? 0 : list->first[c]; c >= 0 && p < list->first[c + 1]; p++, at += lanes) {
    x[at] = list->x[p];
    y[at] = list->y[p];
    z[at] = list->z[p];
    weight[at] = w;
    pair[at] = p;
  }
  for (; at < end; at += lanes)
    fill_empty(plan, at, 1, batch);
}

static void fill_lane(const struct afb_bispectrum *plan, const afb_neighbours *list, int64_t c, size_t lane, afb_bispectrum_batch *batch)
{
  size_t lanes = (size_t)batch->lanes;
  int same = same_for_all(plan), row = c < 0 ? 0 : afb_plan_row(plan, list->centre_element[c]) * plan->settings.n_elements;
  memcpy(batch->used, batch->first_slot, (size_t)plan->n_channels * sizeof *batch->used);
  for (int64_t p = c < 0 ? 0 : list->first[c]; c >= 0 && p < list->first[c + 1]; p++) {
    int element = list->element[p];
    size_t at = (size_t)batch->used[afb_plan_channel(plan, element)]++ * lanes + lane;
    batch->x[at] = list->x[p];
    batch->y[at] = list->y[p];
    batch->z[at] = list->z[p];
    batch->weight[at] = plan->settings.weight[element];
    batch->pair[at] = p;
    if (!same)
      fill_pair_tables(plan, row + element, plan->centre_cutoff ? plan->centre_cutoff[c] : plan->cutoff[row + element], at, batch);
  }
  for (int k = 0; k < plan->n_channels; k++)
    for (int slot = batch->used[k]; slot < batch->first_slot[k + 1]; slot++)
      fill_empty(plan, (size_t)slot * lanes + lane, same, batch);
}

afb_status afb_bispectrum_batch_fill(const struct afb_bispectrum *plan, const afb_neighbours *list, int64_t first, afb_bispectrum_batch *batch)
{
  int64_t left = list->n_centres - first;
  batch->n_centres = left < batch->lanes ? (int)left : batch->lanes;
  for (int lane = 0; lane < batch->n_centres; lane++)
    batch->centre[lane] = batch->order[first + lane];
  AFB_TRY(assign_slots(plan, list, batch));
  int simple = same_for_all(plan) && plan->n_channels == 1;
  for (int lane = 0; lane < batch->lanes; lane++) {
    int64_t c = lane < batch->n_centres ? batch->centre[lane] : -1;
    (simple ? fill_lane_same : fill_lane)(plan, list, c, (size_t)lane, batch);
    for (int k = 0; k < plan->n_channels; k++)
      batch->self[k * batch->lanes + lane] = c < 0 ? 0 : afb_plan_self(plan, list->centre_element[c], k);
  }
  return AFB_OK;
}
