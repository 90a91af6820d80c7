/* Tables of labelled sets: what the models learn from. Not collective; no files.
 *
 * A sample is a set of tokens (vectors), one global vector, the token that was added last, and one label per target.
 * Tokens of all samples are packed one after another without padding; sample i owns the tokens
 * offset[i] ... offset[i+1]-1. The order of tokens within a sample carries no meaning.
 *
 *   token   [offset[n]][n_token]   features of the tokens, any scale (models standardise)
 *   global  [n][n_global]          features of the sample as a whole
 *   added   [n]                    index within the sample (0 = its first token) of the token whose addition is judged
 *   label   [n][n_target]          0, 1, or NaN for unknown (masked in losses and metrics)
 *   blame   [n]                    index within the sample of the token that a failure is put down to, -1 when unknown
 *   group   [n]                    samples of one group are never split between training and validation (an ion)
 *   size    [n]                    size of the set as its owner counts it (configurations), for splits by size
 *
 * Every rank that takes part in training holds the same table. */
#ifndef AFB_LEARN_SET_TABLE_H
#define AFB_LEARN_SET_TABLE_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  int n_token, n_global, n_target;
  int64_t n, capacity, token_capacity;
  int64_t *offset;
  float *token, *global, *label;
  int32_t *added, *blame, *size;
  int64_t *group;
} afb_set_table;

/* An empty table; the caller clears it. AFB_E_MEMORY, AFB_E_INPUT (n_token < 1, n_target < 1). */
afb_status afb_set_table_init(int n_token, int n_global, int n_target, afb_set_table *table);
void afb_set_table_clear(afb_set_table *table);

/* Appends one sample of n_tokens >= 1 tokens (copied). label NULL: all unknown. blame: -1 or a token.
 * AFB_E_INPUT when `added` or `blame` is outside, AFB_E_MEMORY; the table is then unchanged. Amortised cost: the copy. */
afb_status afb_set_table_append(afb_set_table *table, int n_tokens, const float *token, const float *global, int added,
                                const float *label, int blame, int64_t group, int size);

/* A new table of the rows row[0 ... n_rows-1] of `table`, in that order (rows may repeat). The caller clears *out. */
afb_status afb_set_table_select(const afb_set_table *table, int64_t n_rows, const int64_t *row, afb_set_table *out);

#endif
