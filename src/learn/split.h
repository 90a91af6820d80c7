/* Splits that keep validation honest: by group (an ion) and by size. Not collective; deterministic. */
#ifndef AFB_LEARN_SPLIT_H
#define AFB_LEARN_SPLIT_H

#include <stdint.h>

#include "core/status.h"
#include "learn/set_table.h"

typedef struct {
  int64_t n_train, n_valid;
  int64_t *train, *valid;      /* row numbers, increasing */
} afb_split;
void afb_split_clear(afb_split *split);

/* Groups are dealt to n_folds folds by a hash of (seed, group); validation is fold `fold`, training all others. A group's
 * fold depends on nothing but (seed, group, n_folds), so that a growing table never moves a sample between the parts.
 * AFB_E_INPUT: n_folds < 2 or fold outside. */
afb_status afb_split_by_group(const afb_set_table *table, int n_folds, int fold, uint64_t seed, afb_split *out);

/* Training: size <= largest_train; validation: size > largest_train (curriculum: small sets first). */
afb_status afb_split_by_size(const afb_set_table *table, int largest_train, afb_split *out);

/* Folds of about equal numbers of rows with a known label: whole groups, in the order of a hash of (seed, group), each to the fold
 * that has fewest so far. With one group only, single rows are dealt in this way. fold[table->n]; *n_used <= n_folds folds have
 * rows. For stopping and calibrating, where a fold of afb_split_by_group could be empty. AFB_E_INPUT: n_folds < 1,
 * AFB_E_MEMORY. Cost: n log n. */
afb_status afb_split_balanced(const afb_set_table *table, int n_folds, uint64_t seed, int *fold, int *n_used);

/* The same without a table: group [n]; counts [n] or NULL: rows that count when folds are compared. With one group only, single rows are
 * dealt. */
afb_status afb_split_groups(int64_t n, const int64_t *group, const int *counts, int n_folds, uint64_t seed, int *fold,
                            int *n_used);

/* The largest size s such that at least `fraction` of the rows with a known label of target 0 have size > s; 0 when
 * there is none. For choosing largest_train in a campaign. */
int afb_split_size_quantile(const afb_set_table *table, double fraction);

#endif
