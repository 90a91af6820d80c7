#include "campaign/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/graph.h"
#include "campaign/ledger.h"
#include "core/random.h"

/* What rows of runs refer to, and room for the texts of one row. */
typedef struct {
  int64_t n_ions, n_configurations, n_sets, n_members, n_runs;
  afb_store_ion *ion;
  afb_store_configuration *text;
  afb_configuration *configuration;   /* [n_configurations], parsed */
  afb_store_set *set;
  int64_t *member;
  afb_configuration *sorted;          /* members of the largest set */
  size_t size;                        /* of the buffers */
  char *configurations, *parent;
} source;

static void clear(source *s)
{
  free(s->ion);
  free(s->text);
  free(s->configuration);
  free(s->set);
  free(s->member);
  free(s->sorted);
  free(s->configurations);
  free(s->parent);
}

static afb_status read_table(afb_store *store, afb_table table, size_t row_size, int64_t *n, void **rows)
{
  *n = afb_store_count(store, table);
  *rows = malloc((size_t)*n * row_size + 1);
  if (!*rows)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of the file", (long long)*n);
  return afb_store_read(store, table, 0, *n, row_size, *rows);
}

static afb_status check_sets(source *s)
{
  int64_t largest = 1;
  for (int64_t i = 0; i < s->n_sets; i++) {
    const afb_store_set *set = &s->set[i];
    if (set->count < 1 || set->first < 0 || set->first + set->count > s->n_members)
      return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file lies outside of its members", (long long)i);
    if (set->count > largest)
      largest = set->count;
  }
  for (int64_t i = 0; i < s->n_members; i++)
    if (s->member[i] < 0 || s->member[i] >= s->n_configurations)
      return AFB_FAIL(AFB_E_FOREIGN, "a set of the file names configuration %lld, of %lld", (long long)s->member[i],
                      (long long)s->n_configurations);
  s->size = (size_t)largest * AFB_CONFIGURATION_LENGTH;
  s->sorted = malloc((size_t)largest * sizeof *s->sorted);
  s->configurations = malloc(s->size);
  s->parent = malloc(s->size);
  return s->sorted && s->configurations && s->parent ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a set");
}

static afb_status load(afb_store *store, source *s)
{
  void *rows[5] = {NULL};
  afb_status status = read_table(store, AFB_TABLE_IONS, sizeof *s->ion, &s->n_ions, &rows[0]);
  if (status == AFB_OK)
    status = read_table(store, AFB_TABLE_CONFIGURATIONS, sizeof *s->text, &s->n_configurations, &rows[1]);
  if (status == AFB_OK)
    status = read_table(store, AFB_TABLE_SETS, sizeof *s->set, &s->n_sets, &rows[2]);
  if (status == AFB_OK)
    status = read_table(store, AFB_TABLE_SET_MEMBERS, sizeof *s->member, &s->n_members, &rows[3]);
  s->ion = rows[0];
  s->text = rows[1];
  s->set = rows[2];
  s->member = rows[3];
  s->n_runs = afb_store_count(store, AFB_TABLE_RUNS);
  AFB_TRY(status);
  s->configuration = malloc((size_t)s->n_configurations * sizeof *s->configuration + 1);
  if (!s->configuration)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld configurations", (long long)s->n_configurations);
  for (int64_t i = 0; i < s->n_configurations; i++)
    AFB_TRY(afb_configuration_parse(s->text[i].text, &s->configuration[i]));
  return check_sets(s);
}

static int by_configuration(const void *a, const void *b) { return afb_configuration_compare(a, b); }

/* Canonical text of a set; NULL outside of the table. */
static const char *set_text(source *s, int64_t number, char *buffer)
{
  if (number < 0 || number >= s->n_sets)
    return NULL;
  const afb_store_set *set = &s->set[number];
  for (int i = 0; i < set->count; i++)
    s->sorted[i] = s->configuration[s->member[set->first + i]];
  qsort(s->sorted, (size_t)set->count, sizeof *s->sorted, by_configuration);
  return afb_set_format(set->count, s->sorted, buffer, s->size);
}

static afb_status check_run(const source *s, const afb_store_run *run, int64_t number)
{
  if (run->ion < 0 || run->ion >= s->n_ions || run->set < 0 || run->set >= s->n_sets || run->parent >= s->n_runs ||
      run->added >= s->n_configurations)
    return AFB_FAIL(AFB_E_FOREIGN, "run %lld of the file refers to rows that are not there", (long long)number);
  return AFB_OK;
}

static afb_status export_run(afb_store *store, source *s, int64_t number, FILE *file)
{
  afb_store_run run, parent;
  AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, number, 1, sizeof run, &run));
  AFB_TRY(check_run(s, &run, number));
  if (run.parent >= 0)
    AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, run.parent, 1, sizeof parent, &parent));
  afb_run_record record = {.ion = s->ion[run.ion].label, .configurations = set_text(s, run.set, s->configurations),
                           .parent = run.parent < 0 ? NULL : set_text(s, parent.set, s->parent),
                           .added = run.added < 0 ? NULL : s->text[run.added].text,
                           .outcome = (afb_outcome)run.outcome, .iterations = run.iterations, .round = run.round,
                           .n_csf = run.n_csf, .core_seconds = run.core_seconds, .energy = run.energy,
                           .probability = run.probability,
                           .strategy = run.strategy < 0 ? NULL : afb_strategy_name((afb_strategy)run.strategy)};
  return afb_runs_write(file, &record);
}

static afb_status export_levels_of(afb_store *store, source *s, int64_t number, FILE *file)
{
  afb_store_run run;
  AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, number, 1, sizeof run, &run));
  AFB_TRY(check_run(s, &run, number));
  afb_store_level *level = malloc((size_t)run.n_levels * sizeof *level + 1);
  if (!level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", run.n_levels);
  afb_status status = run.n_levels == 0 ? AFB_OK : afb_store_read(store, AFB_TABLE_LEVELS, run.first_level,
                                                                  run.n_levels, sizeof *level, level);
  double lowest = INFINITY;
  for (int i = 0; i < run.n_levels && status == AFB_OK; i++)
    lowest = fmin(lowest, level[i].energy);
  const char *configurations = set_text(s, run.set, s->configurations);
  for (int i = 0; i < run.n_levels && status == AFB_OK; i++) {
    char leading[AFB_STORE_CSF + 16] = "";
    double mixing = level[i].leading_mixing[0];
    if (level[i].n_leading > 0)
      snprintf(leading, sizeof leading, "%.4f %s", mixing * mixing, level[i].leading);
    afb_level_record record = {s->ion[run.ion].label, configurations, level[i].two_j, level[i].parity, level[i].index,
                               level[i].energy, lowest, leading};
    status = afb_levels_write(file, &record);
  }
  free(level);
  return status;
}

static afb_status export_all(afb_store *store, FILE *file,
                             afb_status (*one)(afb_store *store, source *s, int64_t number, FILE *file))
{
  source s = {0};
  afb_status status = load(store, &s);
  for (int64_t i = 0; i < s.n_runs && status == AFB_OK; i++)
    status = one(store, &s, i, file);
  clear(&s);
  return status;
}

afb_status afb_export_runs(afb_store *store, FILE *file)
{
  AFB_TRY(afb_runs_write_header(file));
  return export_all(store, file, export_run);
}

afb_status afb_export_levels(afb_store *store, FILE *file)
{
  AFB_TRY(afb_levels_write_header(file));
  return export_all(store, file, export_levels_of);
}

static afb_status intern_set(afb_store *store, const afb_run_table *table, int32_t ion, int64_t first, int n,
                             int64_t *set)
{
  char text[AFB_CONFIGURATION_LENGTH];
  int64_t member[AFB_MAX_SET];
  for (int i = 0; i < n; i++) {
    const afb_configuration *configuration = &table->configuration[table->member[first + i]];
    afb_configuration_format(configuration, 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(store, text, &member[i]));
  }
  return afb_store_intern_set(store, ion, n, member, set);
}

/* An imported run is the same when ion, set and parent set are. */
static uint64_t identity(int32_t ion, int64_t set, int64_t parent_set)
{
  uint64_t hash = afb_hash(AFB_HASH_START, "import", 6);
  hash = afb_hash(hash, &ion, sizeof ion);
  hash = afb_hash(hash, &set, sizeof set);
  return afb_hash(hash, &parent_set, sizeof parent_set);
}

/* run_of_set[set]: an imported run that converged; -1: none known. It grows with the numbers of sets. */
typedef struct {
  int64_t n, *run;
} parents;

static afb_status note_parent(parents *known, int64_t set, int64_t run)
{
  if (set >= known->n) {
    int64_t n = 2 * set + 64;
    int64_t *grown = realloc(known->run, (size_t)n * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sets", (long long)n);
    for (int64_t i = known->n; i < n; i++)
      grown[i] = -1;
    known->run = grown;
    known->n = n;
  }
  if (run >= 0)
    known->run[set] = run;
  return AFB_OK;
}

static afb_status import_row(afb_store *store, const afb_run_table *table, const afb_run_row *row, parents *known,
                             afb_import_counts *counts)
{
  char label[AFB_ION_LENGTH], text[AFB_CONFIGURATION_LENGTH];
  afb_store_run run = {.engine = -1, .parent = -1, .added = -1, .outcome = (int32_t)row->outcome,
                       .iterations = row->iterations, .strategy = AFB_BY_IMPORT, .round = -1, .n_csf = row->n_csf,
                       .energy = row->energy, .gradient = NAN, .core_seconds = row->core_seconds,
                       .cpu_seconds = row->core_seconds, .start = NAN, .finish = NAN, .probability = row->probability,
                       .probability_cheapest = NAN, .predicted_cost = NAN};
  int64_t parent_set = -1, found;
  AFB_TRY(afb_store_intern_ion(store, row->ion.z, row->ion.charge, afb_ion_format(row->ion, label), &run.ion));
  AFB_TRY(intern_set(store, table, run.ion, row->set, row->n_set, &run.set));
  if (row->n_parent > 0)
    AFB_TRY(intern_set(store, table, run.ion, row->parent, row->n_parent, &parent_set));
  if (row->added >= 0) {
    afb_configuration_format(&table->configuration[row->added], 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(store, text, &run.added));
  }
  run.content_hash = identity(run.ion, run.set, parent_set);
  AFB_TRY(note_parent(known, run.set > parent_set ? run.set : parent_set, -1));
  if (parent_set >= 0)
    run.parent = known->run[parent_set];
  AFB_TRY(afb_store_find_run(store, run.content_hash, &found));
  if (found < 0) {
    AFB_TRY(afb_store_add_run(store, &run, NULL, &found));
    counts->n_added++;
  } else {
    counts->n_known++;
  }
  return afb_outcome_ok(row->outcome) ? note_parent(known, run.set, found) : AFB_OK;
}

afb_status afb_import_runs(afb_store *store, const afb_run_table *table, afb_import_counts *counts)
{
  enum { BATCH = 4096 };
  parents known = {0, NULL};
  afb_status status = AFB_OK;
  *counts = (afb_import_counts){0, 0};
  for (int size = 1; size <= AFB_MAX_SET && status == AFB_OK; size++)
    for (int64_t i = 0; i < table->n_rows && status == AFB_OK; i++) {
      if (table->row[i].n_set != size)
        continue;
      status = import_row(store, table, &table->row[i], &known, counts);
      if (status == AFB_OK && counts->n_added % BATCH == BATCH - 1)
        status = afb_store_commit(store);
    }
  free(known.run);
  return status == AFB_OK ? afb_store_commit(store) : status;
}
