#include "learn/set_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

afb_status afb_set_table_init(int n_token, int n_global, int n_target, afb_set_table *table)
{
  memset(table, 0, sizeof *table);
  if (n_token < 1 || n_global < 0 || n_target < 1)
    return AFB_FAIL(AFB_E_INPUT, "a table of sets needs at least one token feature and one target");
  table->n_token = n_token;
  table->n_global = n_global;
  table->n_target = n_target;
  table->offset = calloc(1, sizeof *table->offset);
  return table->offset ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a table of sets");
}

void afb_set_table_clear(afb_set_table *table)
{
  free(table->offset);
  free(table->token);
  free(table->global);
  free(table->label);
  free(table->added);
  free(table->blame);
  free(table->size);
  free(table->group);
  memset(table, 0, sizeof *table);
}

static int grow(void *array, int64_t count, size_t size)
{
  void **pointer = array;
  void *larger = realloc(*pointer, (size_t)count * size);
  if (!larger && count > 0 && size > 0)
    return 0;
  if (larger)
    *pointer = larger;
  return 1;
}

static int reserve_samples(afb_set_table *t, int64_t n)
{
  if (n <= t->capacity)
    return 1;
  int64_t c = 2 * t->capacity > n ? 2 * t->capacity : n;
  if (!grow(&t->offset, c + 1, sizeof *t->offset) || !grow(&t->label, c, sizeof(float) * (size_t)t->n_target) ||
      !grow(&t->global, c, sizeof(float) * (size_t)(t->n_global + 1)) || !grow(&t->added, c, sizeof *t->added) ||
      !grow(&t->blame, c, sizeof *t->blame) ||      !grow(&t->size, c, sizeof *t->size) || !grow(&t->group, c, sizeof *t->group))
    return 0;
  t->capacity = c;
  return 1;
}

static int reserve_tokens(afb_set_table *t, int64_t n)
{
  if (n <= t->token_capacity)
    return 1;
  int64_t c = 2 * t->token_capacity > n ? 2 * t->token_capacity : n;
  if (!grow(&t->token, c, sizeof(float) * (size_t)t->n_token))
    return 0;
  t->token_capacity = c;
  return 1;
}

afb_status afb_set_table_append(afb_set_table *table, int n_tokens, const float *token, const float *global, int added,
                                const float *label, int blame, int64_t group, int size)
{
  if (n_tokens < 1 || added < 0 || added >= n_tokens || blame < -1 || blame >= n_tokens)
    return AFB_FAIL(AFB_E_INPUT, "added token %d, blamed token %d of a sample of %d tokens", added, blame, n_tokens);
  int64_t n = table->n, first = table->offset[n];
  if (!reserve_samples(table, n + 1) || !reserve_tokens(table, first + n_tokens))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld samples", (long long)n + 1);
  size_t width = (size_t)table->n_token;
  memcpy(table->token + (size_t)first * width, token, (size_t)n_tokens * width * sizeof *token);
  if (table->n_global > 0)
    memcpy(table->global + n * table->n_global, global, (size_t)table->n_global * sizeof *global);
  for (int t = 0; t < table->n_target; t++)
    table->label[n * table->n_target + t] = label ? label[t] : NAN;
  table->added[n] = added;
  table->blame[n] = blame;
  table->group[n] = group;
  table->size[n] = size;
  table->offset[n + 1] = first + n_tokens;
  table->n = n + 1;
  return AFB_OK;
}

static afb_status append_rows(const afb_set_table *table, int64_t n_rows, const int64_t *row, afb_set_table *out)
{
  for (int64_t i = 0; i < n_rows; i++) {
    int64_t r = row[i];
    if (r < 0 || r >= table->n)
      return AFB_FAIL(AFB_E_INPUT, "row %lld of a table of %lld", (long long)r, (long long)table->n);
    AFB_TRY(afb_set_table_append(out, (int)(table->offset[r + 1] - table->offset[r]),
                                 table->token + table->offset[r] * table->n_token, table->global + r * table->n_global,
                                 table->added[r], table->label + r * table->n_target, table->blame[r], table->group[r], table->size[r]));
  }
  return AFB_OK;
}

afb_status afb_set_table_select(const afb_set_table *table, int64_t n_rows, const int64_t *row, afb_set_table *out)
{
  AFB_TRY(afb_set_table_init(table->n_token, table->n_global, table->n_target, out));
  afb_status status = append_rows(table, n_rows, row, out);
  if (status != AFB_OK)
    afb_set_table_clear(out);
  return status;
}
