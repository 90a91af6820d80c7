/* Interned rows and content hashes: look-up in memory. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"

static afb_status reserve(void **array, int64_t *capacity, int64_t n, size_t size)
{
  if (n <= *capacity)
    return AFB_OK;
  int64_t larger = 2 * *capacity > n ? 2 * *capacity : n < 64 ? 64 : n;
  void *new = realloc(*array, (size_t)larger * size);
  if (!new)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an index of %lld entries", (long long)larger);
  *array = new;
  *capacity = larger;
  return AFB_OK;
}

#define RESERVE(index, array, count, capacity, more)                                                  \
  do {                                                                                                \
    void *reserve_array_ = (index)->array;                                                            \
    afb_status reserve_status_ = reserve(&reserve_array_, &(index)->capacity, (index)->count + (more), \
                                         sizeof *(index)->array);                                     \
    (index)->array = reserve_array_;                                                                  \
    AFB_TRY(reserve_status_);                                                                         \
  } while (0)

/* ---- Hash table: the caller tells by comparing what a key stands for ---- */

static void put(afb_hash_table *table, uint64_t key, int64_t value)
{
  uint64_t mask = (uint64_t)table->capacity - 1, slot = key & mask;
  while (table->value[slot])
    slot = (slot + 1) & mask;
  table->key[slot] = key;
  table->value[slot] = value + 1;
  table->n++;
}

static afb_status make_room(afb_hash_table *table, int64_t more)
{
  int64_t capacity = table->capacity ? table->capacity : 1024;
  while (table->n + more > capacity / 2)
    capacity *= 2;
  if (capacity == table->capacity)
    return AFB_OK;
  afb_hash_table larger = {0, capacity, malloc((size_t)capacity * sizeof(uint64_t)), calloc((size_t)capacity, sizeof(int64_t))};
  if (!larger.key || !larger.value) {
    free(larger.key);
    free(larger.value);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an index of %lld entries", (long long)capacity);
  }
  for (int64_t i = 0; i < table->capacity; i++)
    if (table->value[i])
      put(&larger, table->key[i], table->value[i] - 1);
  free(table->key);
  free(table->value);
  *table = larger;
  return AFB_OK;
}

/* The next value under `key` from *slot on, -1 at the end. Start with *slot = key. */
static int64_t get(const afb_hash_table *table, uint64_t key, uint64_t *slot)
{
  if (table->capacity == 0)
    return -1;
  uint64_t mask = (uint64_t)table->capacity - 1;
  for (*slot &= mask; table->value[*slot]; *slot = (*slot + 1) & mask)
    if (table->key[*slot] == key) {
      int64_t value = table->value[*slot] - 1;
      *slot = (*slot + 1) & mask;
      return value;
    }
  return -1;
}

static void clear_table(afb_hash_table *table)
{
  free(table->key);
  free(table->value);
  memset(table, 0, sizeof *table);
}

/* ---- Keys ---- */

static uint64_t text_key(const char *text) { return afb_hash(AFB_HASH_START, text, strlen(text)); }

static uint64_t set_key(int32_t ion, int64_t count, const int64_t *members)
{
  return afb_hash(afb_hash(AFB_HASH_START, &ion, sizeof ion), members, (size_t)count * sizeof members[0]);
}

static int64_t find_configuration(const afb_index *index, const char *text)
{
  uint64_t key = text_key(text), slot = key;
  int64_t found;
  do
    found = get(&index->configurations, key, &slot);
  while (found >= 0 && strcmp(index->configuration[found].text, text) != 0);
  return found;
}

/* `members` ascending. */
static int64_t find_set(const afb_index *index, int32_t ion, int count, const int64_t *members)
{
  uint64_t key = set_key(ion, count, members), slot = key;
  for (;;) {
    int64_t found = get(&index->sets, key, &slot);
    const afb_store_set *set = found < 0 ? NULL : &index->set[found];
    if (!set || (set->ion == ion && set->count == count
                 && memcmp(&index->member[set->first], members, (size_t)count * sizeof members[0]) == 0))
      return found;
  }
}

/* ---- Building ---- */

static afb_status read_runs(afb_store *store)
{
  enum { BLOCK = 1024 };
  int64_t n = afb_store_count(store, AFB_TABLE_RUNS);
  afb_store_run *row = malloc(BLOCK * sizeof *row);
  afb_status status = row ? make_room(&store->index.runs, n) : AFB_FAIL(AFB_E_MEMORY, "no memory for runs");
  for (int64_t i = 0; i < n && status == AFB_OK; i += BLOCK) {
    int64_t m = n - i < BLOCK ? n - i : BLOCK;
    status = afb_store_read(store, AFB_TABLE_RUNS, i, m, sizeof *row, row);
    for (int64_t j = 0; j < m && status == AFB_OK; j++)
      put(&store->index.runs, row[j].content_hash, i + j);
  }
  free(row);
  return status;
}

static afb_status read_rows(afb_store *store)
{
  afb_index *index = &store->index;
  const int64_t n_ions = afb_store_count(store, AFB_TABLE_IONS), n_sets = afb_store_count(store, AFB_TABLE_SETS),
                n_configurations = afb_store_count(store, AFB_TABLE_CONFIGURATIONS),
                n_members = afb_store_count(store, AFB_TABLE_SET_MEMBERS);
  RESERVE(index, ion, n_ions, ions_capacity, n_ions);
  RESERVE(index, configuration, n_configurations, configurations_capacity, n_configurations);
  RESERVE(index, set, n_sets, sets_capacity, n_sets);
  RESERVE(index, member, n_members, members_capacity, n_members);
  AFB_TRY(make_room(&index->configurations, n_configurations));
  AFB_TRY(make_room(&index->sets, n_sets));
  AFB_TRY(afb_store_read(store, AFB_TABLE_IONS, 0, n_ions, sizeof *index->ion, index->ion));
  AFB_TRY(afb_store_read(store, AFB_TABLE_CONFIGURATIONS, 0, n_configurations, sizeof *index->configuration,
                         index->configuration));
  AFB_TRY(afb_store_read(store, AFB_TABLE_SETS, 0, n_sets, sizeof *index->set, index->set));
  AFB_TRY(afb_store_read(store, AFB_TABLE_SET_MEMBERS, 0, n_members, sizeof *index->member, index->member));
  index->n_ions = n_ions;
  index->n_configurations = n_configurations;
  index->n_sets = n_sets;
  index->n_members = n_members;
  return AFB_OK;
}

/* A file of another origin could name rows that do not exist. */
static afb_status check_sets(const afb_store *store)
{
  const afb_index *index = &store->index;
  for (int64_t i = 0; i < index->n_sets; i++) {
    const afb_store_set *set = &index->set[i];
    if (set->first < 0 || set->count < 0 || set->first > index->n_members - set->count)
      return AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: row %lld of sets", store->path, (long long)i);
  }
  return AFB_OK;
}

afb_status afb_index_build(afb_store *store)
{
  afb_index *index = &store->index;
  if (index->ready)
    return AFB_OK;
  afb_index_clear(index);
  AFB_TRY(read_rows(store));
  AFB_TRY(check_sets(store));
  for (int64_t i = 0; i < index->n_configurations; i++)
    put(&index->configurations, text_key(index->configuration[i].text), i);
  for (int64_t i = 0; i < index->n_sets; i++)
    put(&index->sets, set_key(index->set[i].ion, index->set[i].count, &index->member[index->set[i].first]), i);
  AFB_TRY(read_runs(store));
  index->ready = 1;
  return AFB_OK;
}

void afb_index_clear(afb_index *index)
{
  free(index->ion);
  free(index->configuration);
  free(index->set);
  free(index->member);
  clear_table(&index->configurations);
  clear_table(&index->sets);
  clear_table(&index->runs);
  memset(index, 0, sizeof *index);
}

afb_status afb_index_reserve_run(afb_store *store) { return make_room(&store->index.runs, 1); }

void afb_index_note_run(afb_store *store, uint64_t content_hash, int64_t run)
{
  put(&store->index.runs, content_hash, run);
}

/* ---- Interning ---- */

static afb_status check_writer(const afb_store *store)
{
  if (store && store->writes)
    return AFB_OK;
  return AFB_FAIL(AFB_E_INTERNAL, "only rank 0 of a store that is open for writing adds rows");
}

afb_status afb_store_intern_ion(afb_store *store, int z, int charge, const char *label, int32_t *ion)
{
  AFB_TRY(check_writer(store));
  afb_index *index = &store->index;
  for (int64_t i = 0; i < index->n_ions; i++)
    if (index->ion[i].z == z && index->ion[i].charge == charge) {
      *ion = (int32_t)i;
      return AFB_OK;
    }
  afb_store_ion row = {.z = z, .charge = charge};
  if (strlen(label) >= sizeof row.label)
    return AFB_FAIL(AFB_E_LIMIT, "the name of an ion, '%s', is longer than %zu bytes", label, sizeof row.label - 1);
  afb_store_text(row.label, sizeof row.label, label);
  RESERVE(index, ion, n_ions, ions_capacity, 1);
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_IONS, 1));
  index->ion[index->n_ions++] = row;
  *ion = (int32_t)afb_store_batch_push(store, AFB_TABLE_IONS, 1, &row);
  return AFB_OK;
}

afb_status afb_store_intern_configuration(afb_store *store, const char *text, int64_t *configuration)
{
  AFB_TRY(check_writer(store));
  afb_index *index = &store->index;
  if ((*configuration = find_configuration(index, text)) >= 0)
    return AFB_OK;
  afb_store_configuration row;
  if (strlen(text) >= sizeof row.text)
    return AFB_FAIL(AFB_E_LIMIT, "the configuration '%s' is longer than %zu bytes", text, sizeof row.text - 1);
  afb_store_text(row.text, sizeof row.text, text);
  RESERVE(index, configuration, n_configurations, configurations_capacity, 1);
  AFB_TRY(make_room(&index->configurations, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_CONFIGURATIONS, 1));
  put(&index->configurations, text_key(text), index->n_configurations);
  index->configuration[index->n_configurations++] = row;
  *configuration = afb_store_batch_push(store, AFB_TABLE_CONFIGURATIONS, 1, &row);
  return AFB_OK;
}

static int ascending(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static afb_status sorted_copy(int count, const int64_t *members, int64_t **out)
{
  if (count < 1)
    return AFB_FAIL(AFB_E_INPUT, "a set of configurations is empty");
  int64_t *sorted = malloc((size_t)count * sizeof *sorted);
  if (!sorted)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a set of %d configurations", count);
  memcpy(sorted, members, (size_t)count * sizeof *sorted);
  qsort(sorted, (size_t)count, sizeof *sorted, ascending);
  *out = sorted;
  return AFB_OK;
}

static afb_status add_set(afb_store *store, int32_t ion, int count, const int64_t *sorted, int64_t *set)
{
  afb_index *index = &store->index;
  if (ion < 0 || ion >= index->n_ions || sorted[0] < 0 || sorted[count - 1] >= index->n_configurations)
    return AFB_FAIL(AFB_E_INPUT, "a set names an ion or a configuration that the store does not have");
  for (int i = 1; i < count; i++)
    if (sorted[i] == sorted[i - 1])
      return AFB_FAIL(AFB_E_INPUT, "a set names the configuration '%s' twice", index->configuration[sorted[i]].text);
  RESERVE(index, set, n_sets, sets_capacity, 1);
  RESERVE(index, member, n_members, members_capacity, count);
  AFB_TRY(make_room(&index->sets, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_SETS, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_SET_MEMBERS, count));
  afb_store_set row = {.ion = ion, .count = count};
  row.first = afb_store_batch_push(store, AFB_TABLE_SET_MEMBERS, count, sorted);
  *set = afb_store_batch_push(store, AFB_TABLE_SETS, 1, &row);
  memcpy(&index->member[index->n_members], sorted, (size_t)count * sizeof *sorted);
  index->n_members += count;
  put(&index->sets, set_key(ion, count, sorted), index->n_sets);
  index->set[index->n_sets++] = row;
  return AFB_OK;
}

afb_status afb_store_intern_set(afb_store *store, int32_t ion, int count, const int64_t *members, int64_t *set)
{
  AFB_TRY(check_writer(store));
  int64_t *sorted = NULL;
  AFB_TRY(sorted_copy(count, members, &sorted));
  afb_status status = AFB_OK;
  if ((*set = find_set(&store->index, ion, count, sorted)) < 0)
    status = add_set(store, ion, count, sorted, set);
  free(sorted);
  return status;
}

/* ---- Looking up ---- */

afb_status afb_store_find_run(afb_store *store, uint64_t content_hash, int64_t *run)
{
  AFB_TRY(afb_index_build(store));
  uint64_t slot = content_hash;
  *run = get(&store->index.runs, content_hash, &slot);
  for (int64_t other = *run; other >= 0; other = get(&store->index.runs, content_hash, &slot))
    if (other < *run)
      *run = other;
  return AFB_OK;
}

afb_status afb_store_find_configuration(afb_store *store, const char *text, int64_t *configuration)
{
  AFB_TRY(afb_index_build(store));
  *configuration = find_configuration(&store->index, text);
  return AFB_OK;
}

afb_status afb_store_find_set(afb_store *store, int32_t ion, int count, const int64_t *members, int64_t *set)
{
  AFB_TRY(afb_index_build(store));
  int64_t *sorted = NULL;
  AFB_TRY(sorted_copy(count, members, &sorted));
  *set = find_set(&store->index, ion, count, sorted);
  free(sorted);
  return AFB_OK;
}
