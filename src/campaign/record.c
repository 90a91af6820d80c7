#include "campaign/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/rows.h"
#include "core/random.h"
#include "engine/engine.h"

static void number_names(char *text, size_t size, int n, const char *(*name)(int))
{
  size_t used = 0;
  text[0] = '\0';
  for (int i = 0; i < n && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%d %s", i ? ", " : "", i, name(i));
}

static const char *outcome_name(int i) { return afb_outcome_name((afb_outcome)i); }
static const char *rung_name(int i) { return afb_rung_name((afb_rung)i); }
static const char *strategy_name(int i) { return afb_strategy_name((afb_strategy)i); }
static const char *engine_name(int i) { return afb_engines[i]->name; }

void afb_record_legend(afb_store_legend *legend)
{
  static char outcome[512], rung[128], strategy[128], engine[256];
  int n_engines = 0;
  while (afb_engines[n_engines])
    n_engines++;
  number_names(outcome, sizeof outcome, AFB_N_OUTCOMES, outcome_name);
  number_names(rung, sizeof rung, AFB_N_RUNGS, rung_name);
  number_names(strategy, sizeof strategy, AFB_N_STRATEGIES, strategy_name);
  number_names(engine, sizeof engine, n_engines, engine_name);
  snprintf(engine + strlen(engine), sizeof engine - strlen(engine), ", -1 another program (imported)");
  *legend = (afb_store_legend){outcome, rung, strategy, engine};
}

static afb_status intern(afb_store *store, const afb_candidates *ion, const afb_entry *entry, afb_store_run *row)
{
  char label[AFB_ION_LENGTH], text[AFB_CONFIGURATION_LENGTH];
  int64_t member[AFB_MAX_SET];
  AFB_TRY(afb_store_intern_ion(store, ion->ion.z, ion->ion.charge, afb_ion_format(ion->ion, label), &row->ion));
  row->added = -1;
  for (int i = 0; i < entry->node.n; i++) {
    const afb_candidate *candidate = &ion->candidate[entry->node.member[i]];
    afb_configuration_format(&candidate->configuration, 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(store, text, &member[i]));
    if (entry->node.member[i] == entry->added)
      row->added = member[i];
  }
  return afb_store_intern_set(store, row->ion, entry->node.n, member, &row->set);
}

afb_status afb_record_add(afb_store *store, const afb_candidates *ion, const afb_entry *entry,
                          const afb_mcdhf_result *result, const afb_record_facts *facts, int64_t *run)
{
  afb_store_run row = {.engine = facts->engine, .parent = facts->parent_run, .strategy = (int32_t)entry->strategy,
    .round = entry->round, .ranks = facts->ranks, .first_rank = facts->first_rank, .core_seconds = entry->core_seconds, .start = facts->start,
    .finish = facts->finish, .probability = entry->probability, .probability_cheapest = entry->probability_cheapest,
    .predicted_cost = entry->cost.seconds, .estimated_cost = entry->cost.estimate, .predicted_bytes = entry->cost.predicted_bytes,
    .peak_bytes = entry->cost.bytes, .content_hash = facts->content_hash};
  AFB_TRY(intern(store, ion, entry, &row));
  return afb_rows_add_result(store, &row, result, run);
}

static int find_ion(const afb_ledger *ledger, const afb_store_ion *ion)
{
  for (int i = 0; i < ledger->n_ions; i++)
    if (ledger->ion[i].ion.z == ion->z && ledger->ion[i].ion.charge == ion->charge)
      return i;
  return -1;
}

/* The whole of a table as an array that the caller frees. */
static afb_status read_all(afb_store *store, afb_table table, size_t row_size, int64_t *n, void **out)
{
  *n = afb_store_count(store, table);
  *out = malloc((size_t)*n * row_size + 1);
  if (!*out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of the file", (long long)*n);
  return afb_store_read(store, table, 0, *n, row_size, *out);
}

afb_status afb_stored_read(afb_store *store, afb_stored *t)
{
  void *array;
  *t = (afb_stored){0};
#define READ(table, count, rows_)                                                    \
  do {                                                                               \
    afb_status got = read_all(store, table, sizeof *t->rows_, &t->count, &array);    \
    t->rows_ = array;                                                                \
    AFB_TRY(got);                                                                    \
  } while (0)
  READ(AFB_TABLE_IONS, n_ions, ion);
  READ(AFB_TABLE_CONFIGURATIONS, n_configurations, configuration);
  READ(AFB_TABLE_SETS, n_sets, set);
  READ(AFB_TABLE_SET_MEMBERS, n_members, member);
  READ(AFB_TABLE_RUNS, n_runs, run);
#undef READ
  return AFB_OK;
}

void afb_stored_clear(afb_stored *t)
{
  free(t->ion);
  free(t->configuration);
  free(t->set);
  free(t->member);
  free(t->run);
  *t = (afb_stored){0};
}

afb_status afb_stored_runs_visit(afb_store *store, afb_stored_run_visitor visit, void *context)
{
  enum { BLOCK = 1024 };
  int64_t n = afb_store_count(store, AFB_TABLE_RUNS);
  afb_store_run *run = malloc(BLOCK * sizeof *run);
  afb_status status = run ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for rows of runs");
  for (int64_t first = 0; first < n && status == AFB_OK; first += BLOCK) {
    int64_t m = n - first < BLOCK ? n - first : BLOCK;
    status = afb_store_read(store, AFB_TABLE_RUNS, first, m, sizeof *run, run);
    for (int64_t i = 0; i < m && status == AFB_OK; i++)
      visit(context, &run[i]);
  }
  free(run);
  return status;
}

static afb_status candidate_of(const afb_stored *t, int64_t configuration, afb_candidates *ion, int *number)
{
  if (configuration < 0 || configuration >= t->n_configurations)
    return AFB_FAIL(AFB_E_FOREIGN, "a set of the file names configuration %lld, of %lld", (long long)configuration,
                    (long long)t->n_configurations);
  afb_configuration parsed;
  AFB_TRY(afb_configuration_parse(t->configuration[configuration].text, &parsed));
  return afb_candidates_insert(ion, &parsed, number);
}

static int compare_ints(const void *a, const void *b)
{
  return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static afb_status node_of(const afb_stored *t, const afb_store_run *run, afb_candidates *ion, afb_entry *entry)
{
  if (run->set < 0 || run->set >= t->n_sets)
    return AFB_FAIL(AFB_E_FOREIGN, "a run of the file names set %lld, of %lld", (long long)run->set, (long long)t->n_sets);
  const afb_store_set *set = &t->set[run->set];
  if (set->count < 1 || set->count > AFB_MAX_SET || set->first < 0 || set->first + set->count > t->n_members)
    return AFB_FAIL(AFB_E_FOREIGN, "set %lld of the file has %d members", (long long)run->set, set->count);
  entry->node.n = set->count;
  for (int i = 0; i < set->count; i++)
    AFB_TRY(candidate_of(t, t->member[set->first + i], ion, &entry->node.member[i]));
  qsort(entry->node.member, (size_t)entry->node.n, sizeof(int), compare_ints);
  entry->added = -1;
  if (run->added >= 0)
    AFB_TRY(candidate_of(t, run->added, ion, &entry->added));
  return AFB_OK;
}

/* entry_of_run[n_runs]: -1 for runs that are not in the ledger. */
static afb_status load(const afb_stored *t, afb_ledger *ledger, int64_t *entry_of_run)
{
  for (int64_t r = 0; r < t->n_runs; r++) {
    const afb_store_run *run = &t->run[r];
    entry_of_run[r] = -1;
    int ion = run->ion >= 0 && run->ion < t->n_ions ? find_ion(ledger, &t->ion[run->ion]) : -1;
    if (ion < 0)
      continue;
    afb_entry entry = {.ion = ion, .parent = -1, .outcome = (afb_outcome)run->outcome, .rung = run->rung,
      .round = run->round, .strategy = (afb_strategy)run->strategy, .has_orbitals = run->n_orbitals > 0,
      .n_levels = run->n_levels, .core_seconds = run->core_seconds,
      .cost = {run->estimated_cost, run->predicted_cost, run->predicted_bytes, run->peak_bytes}, .probability = run->probability,
      .probability_cheapest = run->probability_cheapest, .failed_n = run->blamed_n, .failed_l = run->blamed_l, .run = r};
    AFB_TRY(node_of(t, run, &ledger->ion[ion], &entry));
    if (run->parent >= 0 && run->parent < r)
      entry.parent = entry_of_run[run->parent];
    if (entry.strategy == AFB_BY_IMPORT) {
      AFB_TRY(afb_ledger_import(ledger, &entry));
      entry_of_run[r] = ledger->n_imported - 1;
    } else {
      AFB_TRY(afb_ledger_add(ledger, &entry));
      entry_of_run[r] = afb_ledger_find(ledger, ion, &entry.node);
    }
  }
  return AFB_OK;
}

afb_status afb_record_ions(afb_store *store, int *n, afb_ion **ions)
{
  int64_t count;
  void *array;
  *ions = NULL;
  *n = 0;
  afb_status status = read_all(store, AFB_TABLE_IONS, sizeof(afb_store_ion), &count, &array);
  afb_store_ion *row = array;
  if (status == AFB_OK && !(*ions = malloc((size_t)count * sizeof **ions + 1)))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld ions", (long long)count);
  for (; status == AFB_OK && *n < count; ++*n)
    (*ions)[*n] = (afb_ion){row[*n].z, row[*n].charge};
  free(row);
  return status;
}

afb_status afb_record_load(afb_store *store, afb_ledger *ledger)
{
  afb_stored t;
  afb_status status = afb_stored_read(store, &t);
  if (status == AFB_OK) {
    int64_t *entry_of_run = malloc((size_t)t.n_runs * sizeof *entry_of_run + 1);
    status = entry_of_run ? load(&t, ledger, entry_of_run) : AFB_FAIL(AFB_E_MEMORY, "no memory for the runs of the file");
    free(entry_of_run);
  }
  afb_stored_clear(&t);
  return status;
}

uint64_t afb_record_hash(const afb_candidates *ion, const afb_node *node, const char *engine,
                         const afb_mcdhf_request *request, int warm_start)
{
  uint64_t set = afb_node_hash(ion, node);
  int settings[5] = {(int)request->optimise, request->n_levels, request->max_iterations, request->max_rung, warm_start};
  uint64_t hash = afb_hash(AFB_HASH_START, &set, sizeof set);
  hash = afb_hash(hash, engine, strlen(engine));
  hash = afb_hash(hash, settings, sizeof settings);
  hash = afb_hash(hash, &request->max_seconds, sizeof request->max_seconds);
  return afb_hash(hash, &request->max_csf, sizeof request->max_csf);
}
