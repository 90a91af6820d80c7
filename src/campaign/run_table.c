#include "campaign/run_table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/csv.h"
#include "campaign/graph.h"
#include "core/random.h"
#include "core/units.h"

/* Open addressing, linear probing; keys are 64-bit content hashes, value -1 marks an empty slot. */
typedef struct {
  size_t capacity, n;
  uint64_t *key;
  int64_t *value;
} hash_map;

struct afb_run_index {
  hash_map configurations, rows;
  int64_t member_capacity, row_capacity;
  int configuration_capacity;
};

static size_t slot(const hash_map *map, uint64_t key)
{
  size_t at = (size_t)(key & (map->capacity - 1));
  while (map->value[at] >= 0 && map->key[at] != key)
    at = (at + 1) & (map->capacity - 1);
  return at;
}

/* Room for one more key. */
static afb_status reserve(hash_map *map)
{
  if (2 * (map->n + 1) <= map->capacity)
    return AFB_OK;
  hash_map grown = {.capacity = map->capacity ? 2 * map->capacity : 256, .n = map->n};
  grown.key = malloc(grown.capacity * sizeof *grown.key);
  grown.value = malloc(grown.capacity * sizeof *grown.value);
  if (!grown.key || !grown.value) {
    free(grown.key);
    free(grown.value);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an index of %zu entries", grown.capacity);
  }
  for (size_t i = 0; i < grown.capacity; i++)
    grown.value[i] = -1;
  for (size_t i = 0; i < map->capacity; i++)
    if (map->value[i] >= 0) {
      size_t at = slot(&grown, map->key[i]);
      grown.key[at] = map->key[i];
      grown.value[at] = map->value[i];
    }
  free(map->key);
  free(map->value);
  *map = grown;
  return AFB_OK;
}

static int64_t look_up(const hash_map *map, uint64_t key)
{
  return map->capacity ? map->value[slot(map, key)] : -1;
}

/* After reserve(). */
static void enter(hash_map *map, uint64_t key, int64_t value)
{
  size_t at = slot(map, key);
  map->n += map->value[at] < 0;
  map->key[at] = key;
  map->value[at] = value;
}

void afb_run_table_clear(afb_run_table *table)
{
  if (table->index) {
    free(table->index->configurations.key);
    free(table->index->configurations.value);
    free(table->index->rows.key);
    free(table->index->rows.value);
    free(table->index);
  }
  free(table->configuration);
  free(table->member);
  free(table->row);
  *table = (afb_run_table){.n_rows = 0};
}

static afb_status intern(afb_run_table *table, const afb_configuration *configuration, int *number)
{
  struct afb_run_index *index = table->index;
  char text[AFB_CONFIGURATION_LENGTH];
  afb_configuration_format(configuration, 0, text, sizeof text);
  uint64_t key = afb_hash(AFB_HASH_START, text, strlen(text));
  int64_t found = look_up(&index->configurations, key);
  if (found < 0) {
    AFB_TRY(reserve(&index->configurations));
    if (table->n_configurations == index->configuration_capacity) {
      int capacity = 2 * index->configuration_capacity + 64;
      afb_configuration *grown = realloc(table->configuration, (size_t)capacity * sizeof *grown);
      if (!grown)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", capacity);
      table->configuration = grown;
      index->configuration_capacity = capacity;
    }
    found = table->n_configurations++;
    table->configuration[found] = *configuration;
    enter(&index->configurations, key, found);
  }
  *number = (int)found;
  return AFB_OK;
}

static afb_status add_members(afb_run_table *table, int n, const afb_configuration *set, int64_t *first)
{
  struct afb_run_index *index = table->index;
  if (table->n_members + n > index->member_capacity) {
    int64_t capacity = 2 * index->member_capacity + 256;
    int *grown = realloc(table->member, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %" PRId64 " members of sets", capacity);
    table->member = grown;
    index->member_capacity = capacity;
  }
  *first = table->n_members;
  for (int i = 0; i < n; i++)
    AFB_TRY(intern(table, &set[i], &table->member[*first + i]));
  table->n_members += n;
  return AFB_OK;
}

static afb_status room_for_a_row(afb_run_table *table)
{
  struct afb_run_index *index = table->index;
  AFB_TRY(reserve(&index->rows));
  if (table->n_rows == index->row_capacity) {
    int64_t capacity = 2 * index->row_capacity + 256;
    afb_run_row *grown = realloc(table->row, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %" PRId64 " runs", capacity);
    table->row = grown;
    index->row_capacity = capacity;
  }
  return AFB_OK;
}

afb_status afb_run_table_add(afb_run_table *table, const afb_run_row *row, int n_set, const afb_configuration *set,
                             int n_parent, const afb_configuration *parent, const afb_configuration *added)
{
  afb_configuration sorted[AFB_MAX_SET], start[AFB_MAX_SET];
  char text[AFB_CONFIGURATION_LENGTH];
  int in_set = added == NULL;
  if (n_set > AFB_MAX_SET || n_parent > AFB_MAX_SET)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d configurations in a set", AFB_MAX_SET);
  memcpy(sorted, set, (size_t)n_set * sizeof *set);
  AFB_TRY(afb_set_canonical(row->ion, n_set, sorted));
  if (n_parent > 0) {
    memcpy(start, parent, (size_t)n_parent * sizeof *parent);
    AFB_TRY(afb_set_canonical(row->ion, n_parent, start));
  }
  for (int i = 0; i < n_set && !in_set; i++)
    in_set = afb_configuration_compare(&sorted[i], added) == 0;
  if (!in_set)
    return AFB_FAIL(AFB_E_INPUT, "%s was added but is not in the set",
                    afb_configuration_format(added, 1, text, sizeof text));
  if (!table->index && !(table->index = calloc(1, sizeof *table->index)))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a table of runs");
  uint64_t keys[2] = {afb_set_hash(row->ion, n_set, sorted), n_parent ? afb_set_hash(row->ion, n_parent, start) : 0};
  uint64_t key = afb_hash(AFB_HASH_START, keys, sizeof keys);
  if (look_up(&table->index->rows, key) >= 0) {
    table->n_duplicates++;
    return AFB_OK;
  }
  afb_run_row next = *row;
  next.n_set = n_set;
  next.n_parent = n_parent;
  next.added = -1;
  AFB_TRY(room_for_a_row(table));
  AFB_TRY(add_members(table, n_set, sorted, &next.set));
  AFB_TRY(add_members(table, n_parent, start, &next.parent));
  if (added)
    AFB_TRY(intern(table, added, &next.added));
  enter(&table->index->rows, key, table->n_rows);
  table->row[table->n_rows++] = next;
  return AFB_OK;
}

static afb_status written(FILE *file)
{
  return ferror(file) ? AFB_FAIL(AFB_E_IO, "writing comma-separated values failed: %s", strerror(errno)) : AFB_OK;
}

static void write_integer(FILE *file, int64_t value)
{
  if (value == -1)
    fputc(',', file);
  else
    fprintf(file, ",%" PRId64, value);
}

static void write_real(FILE *file, double value)
{
  if (isnan(value))
    fputc(',', file);
  else
    fprintf(file, ",%.17g", value);
}

afb_status afb_runs_write_header(FILE *file)
{
  fputs("ion,configurations,parent,added,outcome,iterations,n_csf,core_seconds,energy_hartree,round,strategy,"
        "predicted_probability\n", file);
  return written(file);
}

afb_status afb_runs_write(FILE *file, const afb_run_record *record)
{
  afb_csv_write(file, record->ion, 1);
  afb_csv_write(file, record->configurations, 0);
  afb_csv_write(file, record->parent ? record->parent : "", 0);
  afb_csv_write(file, record->added ? record->added : "", 0);
  afb_csv_write(file, afb_outcome_name(record->outcome), 0);
  write_integer(file, record->iterations);
  write_integer(file, record->n_csf);
  write_real(file, record->core_seconds);
  write_real(file, record->energy);
  write_integer(file, record->round);
  afb_csv_write(file, record->strategy ? record->strategy : "", 0);
  write_real(file, record->probability);
  fputc('\n', file);
  return written(file);
}

static char *set_text(const afb_run_table *table, int64_t first, int n, char *buffer)
{
  afb_configuration set[AFB_MAX_SET];
  for (int i = 0; i < n; i++)
    set[i] = table->configuration[table->member[first + i]];
  return afb_set_format(n, set, buffer, AFB_SET_LENGTH);
}

afb_status afb_run_table_write(FILE *file, const afb_run_table *table)
{
  char set[AFB_SET_LENGTH], parent[AFB_SET_LENGTH], added[AFB_CONFIGURATION_LENGTH], ion[AFB_ION_LENGTH];
  AFB_TRY(afb_runs_write_header(file));
  for (int64_t i = 0; i < table->n_rows; i++) {
    const afb_run_row *row = &table->row[i];
    const afb_configuration *one = row->added < 0 ? NULL : &table->configuration[row->added];
    afb_run_record record = {
      .ion = afb_ion_format(row->ion, ion), .configurations = set_text(table, row->set, row->n_set, set),
      .parent = set_text(table, row->parent, row->n_parent, parent),
      .added = one ? afb_configuration_format(one, 1, added, sizeof added) : NULL, .outcome = row->outcome,
      .iterations = row->iterations, .round = row->round, .n_csf = row->n_csf, .core_seconds = row->core_seconds,
      .energy = row->energy, .probability = row->probability, .strategy = row->strategy};
    AFB_TRY(afb_runs_write(file, &record));
  }
  return AFB_OK;
}

static void write_weight(FILE *file, double weight)
{
  if (isnan(weight))
    fputc(',', file);
  else
    fprintf(file, ",%.6f", weight);
}

afb_status afb_levels_write_header(FILE *file)
{
  fputs("ion,configurations,two_j,parity,index,energy_hartree,energy_cm-1,leading,label,label_weight,second_label,second_weight\n", file);
  return written(file);
}

afb_status afb_levels_write(FILE *file, const afb_level_record *record)
{
  afb_csv_write(file, record->ion, 1);
  afb_csv_write(file, record->configurations, 0);
  fprintf(file, ",%d,%+d,%d", record->two_j, record->parity, record->index);
  write_real(file, record->energy);
  double above = (record->energy - record->lowest) * AFB_HARTREE_IN_INVERSE_CM;
  if (isnan(above))
    fputc(',', file);
  else
    fprintf(file, ",%.4f", above);
  afb_csv_write(file, record->leading ? record->leading : "", 0);
  afb_csv_write(file, record->label ? record->label : "", 0);
  write_weight(file, record->label_weight);
  afb_csv_write(file, record->second_label ? record->second_label : "", 0);
  write_weight(file, record->second_weight);
  fputc('\n', file);
  return written(file);
}
