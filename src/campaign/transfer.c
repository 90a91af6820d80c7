#include "campaign/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/graph.h"
#include "campaign/record.h"
#include "core/random.h"

enum { LEVELS_AT_ONCE = 4096 };

static int set_is_good(const afb_stored *t, int64_t set)
{
  return set >= 0 && set < t->n_sets && t->set[set].first >= 0 && t->set[set].count >= 0 &&
         t->set[set].first + t->set[set].count <= t->n_members;
}

/* "[He] 2s2;[He] 2p2" of a stored set, in canonical order. */
static afb_status set_text(const afb_stored *t, int64_t set, char *text, size_t size)
{
  static afb_configuration configuration[AFB_MAX_SET];
  if (!set_is_good(t, set) || t->set[set].count > AFB_MAX_SET || t->set[set].ion < 0 || t->set[set].ion >= t->n_ions)
    return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file cannot be understood", (long long)set);
  int n = t->set[set].count;
  for (int i = 0; i < n; i++) {
    int64_t number = t->member[t->set[set].first + i];
    if (number < 0 || number >= t->n_configurations)
      return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file cannot be understood", (long long)set);
    AFB_TRY(afb_configuration_parse(t->configuration[number].text, &configuration[i]));
  }
  const afb_store_ion *ion = &t->ion[t->set[set].ion];
  AFB_TRY(afb_set_canonical((afb_ion){ion->z, ion->charge}, n, configuration));
  afb_set_format(n, configuration, text, size);
  return AFB_OK;
}

static const char *parent_text(const afb_stored *t, const afb_store_run *run, char *text, size_t size, afb_status *status)
{
  if (run->parent < 0 || run->parent >= t->n_runs)
    return NULL;
  *status = set_text(t, t->run[run->parent].set, text, size);
  return text;
}

static afb_status write_run(const afb_stored *t, const afb_store_run *run, FILE *out)
{
  static char set[AFB_SET_LENGTH], parent[AFB_SET_LENGTH];
  afb_status status = AFB_OK;
  AFB_TRY(set_text(t, run->set, set, sizeof set));
  afb_run_record record = {.ion = t->ion[run->ion].label, .configurations = set,
    .parent = parent_text(t, run, parent, sizeof parent, &status),
    .added = run->added >= 0 && run->added < t->n_configurations ? t->configuration[run->added].text : NULL,
    .outcome = (afb_outcome)run->outcome, .iterations = run->iterations, .round = run->round, .n_csf = run->n_csf,
    .core_seconds = run->core_seconds, .energy = run->energy, .probability = run->probability,
    .strategy = afb_strategy_name((afb_strategy)run->strategy)};
  AFB_TRY(status);
  return afb_runs_write(out, &record);
}

afb_status afb_export_runs(afb_store *store, FILE *out, int64_t *n)
{
  afb_stored t;
  *n = 0;
  afb_status status = afb_stored_read(store, &t);
  if (status == AFB_OK)
    status = afb_runs_write_header(out);
  for (; status == AFB_OK && *n < t.n_runs; ++*n)
    status = write_run(&t, &t.run[*n], out);
  afb_stored_clear(&t);
  return status;
}

static afb_status write_levels(const afb_stored *t, const afb_store_run *run, const afb_store_level *level, FILE *out)
{
  static char set[AFB_SET_LENGTH];
  double lowest = INFINITY;
  for (int i = 0; i < run->n_levels; i++)
    lowest = fmin(lowest, level[i].energy);
  AFB_TRY(set_text(t, run->set, set, sizeof set));
  for (int i = 0; i < run->n_levels; i++) {
    char leading[AFB_STORE_CSF + 16];
    snprintf(leading, sizeof leading, "%.3f %s", level[i].leading_mixing[0] * level[i].leading_mixing[0], level[i].leading);
    afb_level_record record = {.ion = t->ion[run->ion].label, .configurations = set, .two_j = level[i].two_j,
      .parity = level[i].parity, .index = level[i].index, .energy = level[i].energy, .lowest = lowest,
      .leading = level[i].n_leading > 0 ? leading : NULL};
    AFB_TRY(afb_levels_write(out, &record));
  }
  return AFB_OK;
}

static afb_status export_levels(afb_store *store, const afb_stored *t, FILE *out, int64_t *n)
{
  afb_store_level *level = NULL;
  afb_status status = AFB_OK;
  int64_t room = 0;
  for (int64_t r = 0; r < t->n_runs && status == AFB_OK; r++) {
    const afb_store_run *run = &t->run[r];
    if (!afb_outcome_ok((afb_outcome)run->outcome) || run->n_levels <= 0)
      continue;
    if (run->n_levels > room) {
      room = run->n_levels > LEVELS_AT_ONCE ? run->n_levels : LEVELS_AT_ONCE;
      free(level);
      level = malloc((size_t)room * sizeof *level);
      if (!level) {
        status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld levels", (long long)room);
        break;
      }
    }
    status = afb_store_read(store, AFB_TABLE_LEVELS, run->first_level, run->n_levels, sizeof *level, level);
    if (status == AFB_OK)
      status = write_levels(t, run, level, out);
    *n += run->n_levels;
  }
  free(level);
  return status;
}

afb_status afb_export_levels(afb_store *store, FILE *out, int64_t *n)
{
  afb_stored t;
  *n = 0;
  afb_status status = afb_stored_read(store, &t);
  if (status == AFB_OK)
    status = afb_levels_write_header(out);
  if (status == AFB_OK)
    status = export_levels(store, &t, out, n);
  afb_stored_clear(&t);
  return status;
}

static afb_status intern_set(afb_store *store, const afb_run_table *table, int32_t ion, int n, int64_t first, int added,
                             int64_t *set, int64_t *stored_added)
{
  int64_t member[AFB_MAX_SET];
  char text[AFB_CONFIGURATION_LENGTH];
  for (int i = 0; i < n; i++) {
    int number = table->member[first + i];
    afb_configuration_format(&table->configuration[number], 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(store, text, &member[i]));
    if (number == added)
      *stored_added = member[i];
  }
  return afb_store_intern_set(store, ion, n, member, set);
}

/* Runs by their set: the cold ones. */
typedef struct {
  int64_t n;
  int64_t *set, *run;
} cold_runs;

static int64_t find_cold(const cold_runs *cold, int64_t set)
{
  for (uint64_t at = afb_hash(AFB_HASH_START, &set, sizeof set);; at++) {
    int64_t slot = (int64_t)(at % (uint64_t)cold->n);
    if (cold->set[slot] < 0 || cold->set[slot] == set)
      return slot;
  }
}

static afb_status import_row(afb_store *store, const afb_run_table *table, const afb_run_row *row, cold_runs *cold,
                             int64_t *n_orphans)
{
  char label[AFB_ION_LENGTH];
  int64_t parent_set, none, id;
  afb_store_run run = {.engine = -1, .parent = -1, .added = -1, .outcome = (int32_t)row->outcome, .rung = AFB_RUNG_NONE,
    .iterations = row->iterations, .strategy = AFB_BY_IMPORT, .round = row->round, .ranks = 1, .n_csf = row->n_csf,
    .energy = row->energy, .gradient = NAN, .core_seconds = row->core_seconds, .cpu_seconds = row->core_seconds,
    .start = NAN, .finish = NAN, .probability = row->probability, .probability_cheapest = NAN, .predicted_cost = NAN};
  AFB_TRY(afb_store_intern_ion(store, row->ion.z, row->ion.charge, afb_ion_format(row->ion, label), &run.ion));
  AFB_TRY(intern_set(store, table, run.ion, row->n_set, row->set, row->added, &run.set, &run.added));
  if (row->n_parent > 0) {
    AFB_TRY(intern_set(store, table, run.ion, row->n_parent, row->parent, -1, &parent_set, &none));
    int64_t slot = find_cold(cold, parent_set);
    if (cold->set[slot] == parent_set)
      run.parent = cold->run[slot];
    *n_orphans += run.parent < 0;
  }
  uint64_t hash = afb_hash(AFB_HASH_START, &run.set, sizeof run.set);
  run.content_hash = afb_hash(hash, &run.parent, sizeof run.parent);
  AFB_TRY(afb_store_add_run(store, &run, NULL, &id));
  if (row->n_parent == 0) {
    int64_t slot = find_cold(cold, run.set);
    cold->set[slot] = run.set;
    cold->run[slot] = id;
  }
  return AFB_OK;
}

afb_status afb_import_runs(afb_store *store, const afb_run_table *table, int64_t *n_orphans)
{
  *n_orphans = 0;
  cold_runs cold = {.n = 2 * table->n_rows + 1};
  cold.set = malloc((size_t)cold.n * sizeof *cold.set);
  cold.run = malloc((size_t)cold.n * sizeof *cold.run);
  afb_status status = cold.set && cold.run ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows", (long long)table->n_rows);
  for (int64_t i = 0; i < cold.n && status == AFB_OK; i++)
    cold.set[i] = -1;
  /* Parents first: the cold runs, then those that start from them. */
  for (int warm = 0; warm < 2; warm++)
    for (int64_t i = 0; i < table->n_rows && status == AFB_OK; i++)
      if ((table->row[i].n_parent > 0) == warm)
        status = import_row(store, table, &table->row[i], &cold, n_orphans);
  if (status == AFB_OK)
    status = afb_store_commit(store);
  free(cold.set);
  free(cold.run);
  return status;
}
