#include "campaign/transfer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/graph.h"
#include "campaign/record.h"
#include "core/random.h"

static int set_is_good(const afb_stored *t, int64_t set)
{
  return set >= 0 && set < t->n_sets && t->set[set].first >= 0 && t->set[set].count > 0 &&
         t->set[set].first + t->set[set].count <= t->n_members;
}

/* Text that is made anew for every row. */
typedef struct {
  size_t size;
  char *text;
  afb_configuration *configuration;
} set_buffer;

static void clear_buffer(set_buffer *b)
{
  free(b->text);
  free(b->configuration);
}

static afb_status grow_buffer(set_buffer *b, int n)
{
  size_t size = (size_t)n * AFB_CONFIGURATION_LENGTH;
  if (b->text && b->configuration && size <= b->size)
    return AFB_OK;
  clear_buffer(b);
  *b = (set_buffer){size, malloc(size), malloc((size_t)n * sizeof *b->configuration)};
  return b->text && b->configuration ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a set of %d configurations", n);
}

static int by_configuration(const void *a, const void *b) { return afb_configuration_compare(a, b); }

/* "[He] 2s2;[He] 2p2" of a stored set, in canonical order. Sets of `aufbau atom` may be larger than a campaign's. */
static afb_status set_text(const afb_stored *t, int64_t set, set_buffer *b)
{
  if (!set_is_good(t, set))
    return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file cannot be understood", (long long)set);
  int n = t->set[set].count;
  AFB_TRY(grow_buffer(b, n));
  for (int i = 0; i < n; i++) {
    int64_t number = t->member[t->set[set].first + i];
    if (number < 0 || number >= t->n_configurations)
      return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file cannot be understood", (long long)set);
    AFB_TRY(afb_configuration_parse(t->configuration[number].text, &b->configuration[i]));
  }
  qsort(b->configuration, (size_t)n, sizeof *b->configuration, by_configuration);
  afb_set_format(n, b->configuration, b->text, b->size);
  return AFB_OK;
}

/* Buffers of a set and of its parent. */
typedef struct {
  set_buffer set, parent;
} buffers;

static afb_status write_run(const afb_stored *t, const afb_store_run *run, buffers *b, FILE *out)
{
  int has_parent = run->parent >= 0 && run->parent < t->n_runs;
  if (run->ion < 0 || run->ion >= t->n_ions)
    return AFB_FAIL(AFB_E_FOREIGN, "a run of the file names ion %d, of %lld", run->ion, (long long)t->n_ions);
  AFB_TRY(set_text(t, run->set, &b->set));
  if (has_parent)
    AFB_TRY(set_text(t, t->run[run->parent].set, &b->parent));
  afb_run_record record = {.ion = t->ion[run->ion].label, .configurations = b->set.text,
    .parent = has_parent ? b->parent.text : NULL,
    .added = run->added >= 0 && run->added < t->n_configurations ? t->configuration[run->added].text : NULL,
    .outcome = (afb_outcome)run->outcome, .iterations = run->iterations, .round = run->round, .n_csf = run->n_csf,
    .core_seconds = run->core_seconds, .energy = run->energy, .probability = run->probability,
    .strategy = run->strategy < 0 ? NULL : afb_strategy_name((afb_strategy)run->strategy)};
  return afb_runs_write(out, &record);
}

afb_status afb_export_runs(afb_store *store, FILE *out, int64_t *n)
{
  afb_stored t;
  buffers b = {0};
  *n = 0;
  afb_status status = afb_stored_read(store, &t);
  if (status == AFB_OK)
    status = afb_runs_write_header(out);
  for (; status == AFB_OK && *n < t.n_runs; ++*n)
    status = write_run(&t, &t.run[*n], &b, out);
  clear_buffer(&b.set);
  clear_buffer(&b.parent);
  afb_stored_clear(&t);
  return status;
}

static afb_status visit_run(afb_store *store, const afb_stored *t, int64_t number, set_buffer *b, afb_run_levels_visitor visit,
                            void *context)
{
  const afb_store_run *run = &t->run[number];
  if (run->ion < 0 || run->ion >= t->n_ions)
    return AFB_FAIL(AFB_E_FOREIGN, "a run of the file names ion %d, of %lld", run->ion, (long long)t->n_ions);
  AFB_TRY(set_text(t, run->set, b));
  afb_store_level *level = malloc((size_t)run->n_levels * sizeof *level);
  if (!level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", run->n_levels);
  afb_run_levels levels = {.number = number, .ion = {t->ion[run->ion].z, t->ion[run->ion].charge}, .label = t->ion[run->ion].label,
                           .configurations = b->text, .n = run->n_levels, .level = level, .lowest = INFINITY};
  afb_status status = afb_store_read(store, AFB_TABLE_LEVELS, run->first_level, run->n_levels, sizeof *level, level);
  for (int i = 0; status == AFB_OK && i < levels.n; i++)
    levels.lowest = fmin(levels.lowest, level[i].energy);
  if (status == AFB_OK)
    status = visit(context, &levels);
  free(level);
  return status;
}

afb_status afb_run_levels_visit(afb_store *store, afb_run_levels_visitor visit, void *context)
{
  afb_stored t;
  set_buffer b = {0};
  afb_status status = afb_stored_read(store, &t);
  for (int64_t r = 0; status == AFB_OK && r < t.n_runs; r++)
    if (afb_outcome_ok((afb_outcome)t.run[r].outcome) && t.run[r].n_levels > 0)
      status = visit_run(store, &t, r, &b, visit, context);
  clear_buffer(&b);
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

/* An imported run is the same when ion, set and parent set are. */
static uint64_t identity(int32_t ion, int64_t set, int64_t parent_set)
{
  uint64_t hash = afb_hash(AFB_HASH_START, "import", 6);
  hash = afb_hash(hash, &ion, sizeof ion);
  hash = afb_hash(hash, &set, sizeof set);
  return afb_hash(hash, &parent_set, sizeof parent_set);
}

/* run[set]: an imported run of that set that converged, -1: none. Grows with the numbers of sets. */
typedef struct {
  int64_t n, *run;
} parents;

static afb_status grow_parents(parents *known, int64_t set)
{
  if (known->run && set < known->n)
    return AFB_OK;
  int64_t n = 2 * set + 64;
  int64_t *grown = realloc(known->run, (size_t)n * sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sets", (long long)n);
  for (int64_t i = known->n; i < n; i++)
    grown[i] = -1;
  *known = (parents){n, grown};
  return AFB_OK;
}

static afb_status import_row(afb_store *store, const afb_run_table *table, const afb_run_row *row, parents *known,
                             afb_import_counts *counts)
{
  char label[AFB_ION_LENGTH];
  int64_t parent_set = -1, none, id;
  afb_store_run run = {.engine = -1, .parent = -1, .added = -1, .first_rank = -1, .outcome = (int32_t)row->outcome, .rung = AFB_RUNG_NONE,
    .iterations = row->iterations, .strategy = AFB_BY_IMPORT, .round = row->round, .ranks = 1, .n_csf = row->n_csf,
    .energy = row->energy, .gradient = NAN, .core_seconds = row->core_seconds, .cpu_seconds = row->core_seconds,
    .start = NAN, .finish = NAN, .probability = row->probability, .probability_cheapest = NAN, .predicted_cost = NAN,
    .estimated_cost = NAN, .predicted_bytes = NAN, .peak_bytes = NAN};
  if (row->failed[0]) {
    char shell[8];
    int n = 0, l = 0;
    snprintf(run.reason, sizeof run.reason, "%s was not solved", row->failed);
    snprintf(shell, sizeof shell, "%.*s", (int)strcspn(row->failed, "-"), row->failed);
    if (afb_shell_parse(shell, &n, &l) == AFB_OK) {
      run.blamed_n = n;
      run.blamed_l = l;
    }
  }
  AFB_TRY(afb_store_intern_ion(store, row->ion.z, row->ion.charge, afb_ion_format(row->ion, label), &run.ion));
  AFB_TRY(intern_set(store, table, run.ion, row->n_set, row->set, row->added, &run.set, &run.added));
  if (row->n_parent > 0)
    AFB_TRY(intern_set(store, table, run.ion, row->n_parent, row->parent, -1, &parent_set, &none));
  AFB_TRY(grow_parents(known, run.set > parent_set ? run.set : parent_set));
  if (parent_set >= 0)
    run.parent = known->run[parent_set];
  run.content_hash = identity(run.ion, run.set, parent_set);
  AFB_TRY(afb_store_find_run(store, run.content_hash, &id));
  if (id >= 0) {
    counts->n_known++;
  } else {
    AFB_TRY(afb_store_add_run(store, &run, NULL, &id));
    counts->n_added++;
    counts->n_orphans += parent_set >= 0 && run.parent < 0;
  }
  if (afb_outcome_ok(row->outcome))
    known->run[run.set] = id;
  return AFB_OK;
}

afb_status afb_import_runs(afb_store *store, const afb_run_table *table, afb_import_counts *counts)
{
  parents known = {0, NULL};
  afb_status status = AFB_OK;
  *counts = (afb_import_counts){0};
  /* Small sets first: a run's parent is smaller than it. */
  for (int size = 1; size <= AFB_MAX_SET; size++)
    for (int64_t i = 0; i < table->n_rows && status == AFB_OK; i++)
      if (table->row[i].n_set == size)
        status = import_row(store, table, &table->row[i], &known, counts);
  if (status == AFB_OK)
    status = afb_store_commit(store);
  free(known.run);
  return status;
}
