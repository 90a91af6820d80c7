#include "learn/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { STREAM_FOLD = 7001 };

void afb_split_clear(afb_split *split)
{
  free(split->train);
  free(split->valid);
  memset(split, 0, sizeof *split);
}

static afb_status begin(int64_t n, afb_split *out)
{
  memset(out, 0, sizeof *out);
  size_t bytes = (size_t)(n > 0 ? n : 1) * sizeof(int64_t);
  out->train = malloc(bytes);
  out->valid = malloc(bytes);
  if (out->train && out->valid)
    return AFB_OK;
  afb_split_clear(out);
  return AFB_FAIL(AFB_E_MEMORY, "no memory to split %lld samples", (long long)n);
}

static void put(afb_split *split, int64_t row, int is_valid)
{
  if (is_valid)
    split->valid[split->n_valid++] = row;
  else
    split->train[split->n_train++] = row;
}

afb_status afb_split_by_group(const afb_set_table *table, int n_folds, int fold, uint64_t seed, afb_split *out)
{
  if (n_folds < 2 || fold < 0 || fold >= n_folds)
    return AFB_FAIL(AFB_E_INPUT, "fold %d of %d", fold, n_folds);
  AFB_TRY(begin(table->n, out));
  for (int64_t i = 0; i < table->n; i++)
    put(out, i, (int)afb_random_below((uint64_t)n_folds, seed, STREAM_FOLD, (uint64_t)table->group[i]) == fold);
  return AFB_OK;
}

afb_status afb_split_by_size(const afb_set_table *table, int largest_train, afb_split *out)
{
  AFB_TRY(begin(table->n, out));
  for (int64_t i = 0; i < table->n; i++)
    put(out, i, table->size[i] > largest_train);
  return AFB_OK;
}

int afb_split_size_quantile(const afb_set_table *table, double fraction)
{
  int64_t known = 0;
  int largest = 0;
  for (int64_t i = 0; i < table->n; i++) {
    known += !isnan(table->label[i * table->n_target]);
    largest = table->size[i] > largest ? table->size[i] : largest;
  }
  for (int s = largest - 1; s > 0; s--) {
    int64_t above = 0;
    for (int64_t i = 0; i < table->n; i++)
      above += table->size[i] > s && !isnan(table->label[i * table->n_target]);
    if (above > 0 && (double)above >= fraction * (double)known)
      return s;
  }
  return 0;
}
