/* Packing rows of a table into a batch that a model can pass through. Not collective. */
#ifndef AFB_LEARN_BATCH_H
#define AFB_LEARN_BATCH_H

#include "learn/model_kind.h"

typedef struct {
  afb_set_batch batch;
  int set_capacity, token_capacity;
} afb_batch_buffer;

void afb_batch_clear(afb_batch_buffer *buffer);

/* Standardised by `scale`: means and inverse deviations of the tokens, then of the globals (see afb_batch_fit_scale).
 * Rows row[0 ... n-1]; keys key0, key0 + 1, ... AFB_E_MEMORY, AFB_E_LIMIT (2^31 tokens). */
afb_status afb_batch_fill(const afb_set_table *table, int n, const int64_t *row, int64_t key0, const float *scale,
                          afb_batch_buffer *buffer);

/* y = (x - mean) / deviation, clipped, of n rows; scale [2 width]. */
void afb_batch_standardise(int64_t n, int width, const float *x, const float *scale, float *y);

/* scale [2 (n_token + n_global)]: (mean, 1/deviation) blocks; columns that never change get 1/deviation 0.
 * Values further than 2.5 deviations from the mean are clipped in afb_batch_fill. */
void afb_batch_fit_scale(const afb_set_table *table, float *scale);

#endif
