#include "learn/batch.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/kernels.h"

/* Deviations from the mean beyond which an input says no more: larger sets than any trained on do not lead out of the range
 * that the weights know. */
static const float LARGEST = 2.5f;

void afb_batch_clear(afb_batch_buffer *buffer)
{
  afb_set_batch *b = &buffer->batch;
  free(b->start);
  free(b->pair_start);
  free(b->added);
  free(b->blame);
  free(b->key);
  free(b->token);
  free(b->global);
  memset(buffer, 0, sizeof *buffer);
}

static afb_status reserve(const afb_set_table *table, int sets, int64_t tokens, afb_batch_buffer *buffer)
{
  if (tokens > INT_MAX / 2)
    return AFB_FAIL(AFB_E_LIMIT, "a batch of %lld tokens", (long long)tokens);
  if (buffer->batch.start && sets <= buffer->set_capacity && tokens <= buffer->token_capacity)
    return AFB_OK;
  size_t s = (size_t)(sets > buffer->set_capacity ? sets : buffer->set_capacity) + 1;
  size_t t = (size_t)(tokens > buffer->token_capacity ? tokens + tokens / 4 : buffer->token_capacity) + 1;
  afb_batch_clear(buffer);
  afb_set_batch *b = &buffer->batch;
  b->start = malloc(s * sizeof *b->start);
  b->pair_start = malloc(s * sizeof *b->pair_start);
  b->added = malloc(s * sizeof *b->added);
  b->blame = malloc(s * sizeof *b->blame);
  b->key = malloc(s * sizeof *b->key);
  b->token = malloc(t * (size_t)table->n_token * sizeof *b->token);
  b->global = malloc(s * (size_t)(table->n_global + 1) * sizeof *b->global);
  if (!b->start || !b->pair_start || !b->added || !b->blame || !b->key || !b->token || !b->global) {
    afb_batch_clear(buffer);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a batch of %d sets", sets);
  }
  buffer->set_capacity = (int)s - 1;
  buffer->token_capacity = (int)t - 1;
  return AFB_OK;
}

void afb_batch_standardise(int64_t n, int width, const float *x, const float *scale, float *y)
{
  const float *mean = scale, *inverse = scale + width;
  for (int64_t i = 0; i < n; i++)
    for (int j = 0; j < width; j++) {
      float z = (x[i * width + j] - mean[j]) * inverse[j];
      y[i * width + j] = z > LARGEST ? LARGEST : z < -LARGEST ? -LARGEST : z;
    }
}

afb_status afb_batch_fill(const afb_set_table *table, int n, const int64_t *row, int64_t key0, const float *scale,
                          afb_batch_buffer *buffer)
{
  int64_t tokens = 0;
  for (int i = 0; i < n; i++)
    tokens += table->offset[row[i] + 1] - table->offset[row[i]];
  AFB_TRY(reserve(table, n, tokens, buffer));
  afb_set_batch *b = &buffer->batch;
  int nt = table->n_token, ng = table->n_global;
  b->n_sets = n;
  b->n_tokens = (int)tokens;
  b->start[0] = 0;
  b->pair_start[0] = 0;
  for (int i = 0; i < n; i++) {
    int64_t first = table->offset[row[i]], size = table->offset[row[i] + 1] - first;
    b->start[i + 1] = b->start[i] + (int32_t)size;
    b->pair_start[i + 1] = b->pair_start[i] + size * afb_padded((int)size);
    b->added[i] = b->start[i] + table->added[row[i]];
    b->blame[i] = table->blame[row[i]] < 0 ? -1 : b->start[i] + table->blame[row[i]];
    b->key[i] = key0 + i;
    afb_batch_standardise(size, nt, table->token + first * nt, scale, b->token + (int64_t)b->start[i] * nt);
    afb_batch_standardise(1, ng, table->global + row[i] * ng, scale + 2 * nt, b->global + (int64_t)i * ng);
  }
  return AFB_OK;
}

static void fit(int64_t n, int width, const float *x, float *scale)
{
  for (int j = 0; j < width; j++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++)
      sum += x[i * width + j];
    double mean = n > 0 ? sum / (double)n : 0;
    for (int64_t i = 0; i < n; i++)
      square += (x[i * width + j] - mean) * (x[i * width + j] - mean);
    double deviation = n > 0 ? sqrt(square / (double)n) : 0;
    scale[j] = (float)mean;
    scale[width + j] = deviation > 1e-6 * (1 + fabs(mean)) ? (float)(1 / deviation) : 0;
  }
}

void afb_batch_fit_scale(const afb_set_table *table, float *scale)
{
  fit(table->offset[table->n], table->n_token, table->token, scale);
  fit(table->n, table->n_global, table->global, scale + 2 * table->n_token);
}
