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

typedef struct {
  uint64_t hash;
  int64_t group, row, known;
} hashed;

static int by_hash(const void *a, const void *b)
{
  const hashed *x = a, *y = b;
  if (x->hash != y->hash)
    return x->hash < y->hash ? -1 : 1;
  if (x->group != y->group)
    return x->group < y->group ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

static int has_label(const afb_set_table *table, int64_t row)
{
  for (int t = 0; t < table->n_target; t++)
    if (!isnan(table->label[row * table->n_target + t]))
      return 1;
  return 0;
}

static int one_group(int64_t n, const int64_t *group)
{
  for (int64_t i = 1; i < n; i++)
    if (group[i] != group[0])
      return 0;
  return 1;
}

afb_status afb_split_groups(int64_t n, const int64_t *group, const int *counts, int n_folds, uint64_t seed, int *fold,
                            int *n_used)
{
  if (n_folds < 1)
    return AFB_FAIL(AFB_E_INPUT, "%d folds", n_folds);
  hashed *order = malloc((size_t)(n + 1) * sizeof *order);
  int64_t *filled = calloc((size_t)n_folds, sizeof *filled);
  if (!order || !filled) {
    free(order);
    free(filled);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to split %lld samples", (long long)n);
  }
  int single = one_group(n, group);
  for (int64_t i = 0; i < n; i++) {
    int64_t unit = single ? i : group[i];
    order[i] = (hashed){afb_random_u64(seed, STREAM_FOLD + 1, (uint64_t)unit), unit, i, counts ? counts[i] : 1};
  }
  qsort(order, (size_t)n, sizeof *order, by_hash);
  *n_used = 0;
  for (int64_t i = 0, end; i < n; i = end) {
    int least = 0;
    for (int f = 1; f < n_folds; f++)
      least = filled[f] < filled[least] ? f : least;
    for (end = i; end < n && order[end].group == order[i].group; end++) {
      filled[least] += order[end].known;
      fold[order[end].row] = least;
    }
    *n_used = least + 1 > *n_used ? least + 1 : *n_used;
  }
  free(order);
  free(filled);
  return AFB_OK;
}

afb_status afb_split_balanced(const afb_set_table *table, int n_folds, uint64_t seed, int *fold, int *n_used)
{
  int *known = malloc(((size_t)table->n + 1) * sizeof *known);
  if (!known)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to split %lld samples", (long long)table->n);
  for (int64_t i = 0; i < table->n; i++)
    known[i] = has_label(table, i);
  afb_status status = afb_split_groups(table->n, table->group, known, n_folds, seed, fold, n_used);
  free(known);
  return status;
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
