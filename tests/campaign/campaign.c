#include "campaign/campaign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/record.h"
#include "core/account.h"
#include "core/random.h"
#include "store/usage.h"
#include "tests/campaign/engine.h"
#include "tests/check.h"

static int n_calls, slower = 1;

/* Outcome, energy and time from the configurations alone: one set in four fails, one in sixteen gives NaN. */
static void cost(const afb_mcdhf_request *request, afb_engine_cost *out)
{
  *out = (afb_engine_cost){.core_seconds = 1e-3 * request->n_configurations, .bytes = 1e6, .spread_bytes = 1e6 * request->n_configurations};
}

static afb_status run_by_content(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  afb_engine_cost predicted;
  int ranks;
  MPI_Comm_size(comm, &ranks);
  cost(request, &predicted);
  if (request->max_bytes > 0.0 && afb_engine_cost_bytes(&predicted, ranks) > request->max_bytes) {
    *result = (afb_mcdhf_result){.outcome = AFB_OUTCOME_RESOURCE_LIMIT, .energy = NAN, .gradient = NAN};
    return AFB_OK;
  }
  uint64_t hash = afb_hash(AFB_HASH_START, &request->z, sizeof request->z);
  for (int i = 0; i < request->n_configurations; i++)
    hash = afb_hash(hash, request->configuration[i].shell,
                    (size_t)request->configuration[i].n_shells * sizeof request->configuration[i].shell[0]);
  hash ^= hash >> 29;
  afb_mcdhf_request changed = *request;
  changed.max_iterations = slower * (1 + (int)(hash % 4));
  int fails = request->n_configurations > 1 && hash / 4 % 4 == 0;
  changed.two_j_min = fails ? (hash / 16 % 4 == 0 ? TEST_NAN : TEST_LIMIT) : TEST_CONVERGES;
  AFB_TRY(test_engine_run(comm, &changed, result));
  if (result->outcome == AFB_OUTCOME_RESOURCE_LIMIT)
    result->outcome = AFB_OUTCOME_LIMIT_CYCLE;
  if (result->outcome == AFB_OUTCOME_CONVERGED && isfinite(result->energy))
    result->energy = result->level[0].energy = -(double)(hash % 100000);
  n_calls++;
  return AFB_OK;
}

static const afb_engine engine = {.name = "mcdhf", .run = run_by_content, .cost = cost};
static const afb_ion ions[] = {{5, 0}, {6, 0}, {12, 0}};

static afb_campaign_options options_for(afb_strategy strategy, int64_t runs)
{
  return (afb_campaign_options){.n_ions = 3, .ion = ions, .warm_bytes = 1e8, .max_n = 4, .max_l = 2, .excited_electrons = 2, .max_shift = 3,
    .set_size = 3, .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .warm_start = 1, .engine = &engine,
    .strategy = strategy, .batch = 16, .budget_runs = runs, .seed = 11, .max_iterations = 300, .max_seconds = 60.0,
    .max_csf = 50000, .started_at = afb_wall_seconds()};
}

static void file_name(const char *what, char *path, size_t size)
{
  int ranks, id = (int)getpid();
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Bcast(&id, 1, MPI_INT, 0, MPI_COMM_WORLD);
  snprintf(path, size, "campaign-%s-%d-%d.h5", what, ranks, id);
}

static afb_status run(const afb_pool *pool, const char *path, const afb_campaign_options *options,
                      afb_campaign_result *result)
{
  afb_store_writer writer = {.input = "test\n", .identity = "test\n"};
  afb_record_legend(&writer.legend);
  afb_store *store;
  n_calls = 0;
  AFB_TRY(afb_store_open(pool->comm, path, AFB_STORE_RESUME, &writer, &store));
  afb_status status = afb_campaign_run(pool, options, store, result);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

static int64_t calls_of_all_ranks(void)
{
  int sum;
  MPI_Allreduce(&n_calls, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

/* On rank 0: entries agree with what the engine says of their set; nothing twice. */
static int ledger_is_right(const afb_campaign_result *result, int64_t n)
{
  const afb_ledger *l = &result->ledger;
  int right = l->n == n;
  for (int64_t i = 0; i < l->n; i++)
    right &= afb_ledger_find(l, l->entry[i].ion, &l->entry[i].node) == i && l->entry[i].outcome != AFB_OUTCOME_NONE;
  return right;
}

/* What the file says of the time of ranks: on each the columns add up, and over all they agree with the schedule and with the runs. */
static void usage_adds_up(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("usage", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_RANDOM, 60);
  afb_campaign_result result;
  afb_account_begin();
  check_ok(run(pool, path, &options, &result));
  afb_store *store;
  int64_t n;
  afb_store_usage *row;
  afb_usage_sum sum;
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(afb_usage_of_store(store, &n, &row));
  check_true(n == pool->size);
  for (int r = 0; r < n; r++) {
    const afb_store_usage *u = &row[r];
    double all = u->startup + u->run + u->training + u->validation + u->storing + u->service + u->idle + u->drain;
    check_close(all, u->wall, 1e-9);
    check_true(u->rank == r && u->startup > 0 && u->storing > 0 && u->service > 0 && u->failed <= u->run && u->drain > 0);
  }
  afb_usage_sum_up(n, row, 0, &sum);
  check_close(sum.sum.run, result.schedule.run, 1e-9);
  double core_seconds = 0, failed = 0;
  for (int64_t r = 0; r < afb_store_count(store, AFB_TABLE_RUNS); r++) {
    afb_store_run one;
    check_ok(afb_store_read(store, AFB_TABLE_RUNS, r, 1, sizeof one, &one));
    core_seconds += one.core_seconds;
    failed += afb_outcome_ok((afb_outcome)one.outcome) ? 0 : one.core_seconds;
    check_true(one.first_rank >= 0 && one.first_rank + one.ranks <= pool->size);
  }
  check_close(sum.sum.run, core_seconds, 0.02 * core_seconds);
  check_close(sum.sum.failed, failed, 0.02 * core_seconds);
  check_true(failed > 0);
  free(row);
  check_ok(afb_store_close(&store));
  afb_campaign_result_clear(&result);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

static void a_budget_of_runs_is_met_exactly(void **state)
{
  (void)state;
  static const afb_strategy strategy[] = {AFB_BY_BREADTH, AFB_BY_RANDOM};
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  for (int s = 0; s < 2; s++) {
    char path[128];
    file_name("budget", path, sizeof path);
    afb_campaign_options options = options_for(strategy[s], 75);
    afb_campaign_result result;
    check_ok(run(pool, path, &options, &result));
    check_true(result.end == AFB_END_RUNS && calls_of_all_ranks() == 75);
    check_true(pool->rank > 0 || ledger_is_right(&result, 75));
    afb_campaign_result_clear(&result);
    if (pool->rank == 0)
      unlink(path);
  }
  afb_pool_destroy(&pool);
}

/* Everything there is: 3 ions, all sets of up to 2. */
static void all_is_done(afb_strategy strategy)
{
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("all", path, sizeof path);
  afb_campaign_options options = options_for(strategy, 0);
  options.set_size = 2;
  afb_campaign_result result;
  check_ok(run(pool, path, &options, &result));
  int64_t all = 0;
  for (int i = 0; i < 3; i++) {
    afb_candidates c;
    check_ok(afb_candidates_create(ions[i], 4, 2, 2, 3, &c));
    all += c.n;
    afb_candidates_clear(&c);
  }
  check_true(result.end == AFB_END_EXHAUSTED && calls_of_all_ranks() == all);
  afb_campaign_result_clear(&result);
  check_ok(run(pool, path, &options, &result));
  check_true(result.end == AFB_END_EXHAUSTED && calls_of_all_ranks() == 0 && (pool->rank > 0 || result.runs_before == all));
  afb_campaign_result_clear(&result);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

static void a_campaign_ends_when_all_is_done(void **state)
{
  (void)state;
  all_is_done(AFB_BY_BREADTH);
  all_is_done(AFB_BY_MODEL);
}

/* A line that rebuilds the model, then its card: every brace is closed, and every target is named. */
static void the_model_has_a_card(const char *path)
{
  afb_store *store;
  afb_store_model row;
  afb_model_spec spec;
  char *text, *card;
  int depth = 0, closed = 1, targets = 0;
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(afb_store_read(store, AFB_TABLE_MODELS, afb_store_count(store, AFB_TABLE_MODELS) - 1, 1, sizeof row, &row));
  check_ok(afb_store_read_text(store, row.spec_first, row.spec_count, &text));
  card = strchr(text, '\n');
  check_true(card != NULL);
  *card++ = '\0';
  check_ok(afb_model_spec_parse(text, &spec));
  check_true(strcmp(spec.targets, AFB_TARGET_KINDS) == 0 && spec.n_target == AFB_N_LABELS);
  for (const char *at = card; *at; at++) {
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    closed &= depth >= 0;
  }
  for (const char *at = card; (at = strstr(at, "{\"name\": ")); at++)
    targets++;
  check_true(closed && depth == 0 && targets == AFB_N_LABELS && strstr(card, "\"ions\": 3,"));
  free(text);
  check_ok(afb_store_close(&store));
}

static void a_continued_campaign_repeats_nothing(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("resume", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_MODEL, 40);
  afb_campaign_result result;
  check_ok(run(pool, path, &options, &result));
  check_true(calls_of_all_ranks() == 40);
  afb_campaign_result_clear(&result);
  options.budget_runs = 90;
  options.started_at = afb_wall_seconds();
  check_ok(run(pool, path, &options, &result));
  check_true(calls_of_all_ranks() == 50 && result.end == AFB_END_RUNS);
  check_true(pool->rank > 0 || (ledger_is_right(&result, 90) && result.runs_before == 40));
  /* Warm starts, the model's choices and drawn ones all occur. */
  int warm = 0, chosen = 0, drawn = 0;
  for (int64_t i = 0; i < result.ledger.n; i++) {
    const afb_entry *e = &result.ledger.entry[i];
    warm += e->parent >= 0 && afb_outcome_ok(result.ledger.entry[e->parent].outcome);
    chosen += e->strategy == AFB_BY_MODEL && isfinite(e->probability);
    drawn += e->strategy == AFB_BY_RANDOM && isfinite(e->probability);
  }
  check_true(pool->rank > 0 || (warm > 30 && chosen > 10 && drawn >= 3 && chosen > drawn));
  check_true(result.has_validation);
  /* What came of it is the same when it is taken from the file. */
  afb_harvest_sum got = result.harvest.sum;
  options.budget_runs = 90;
  afb_campaign_result_clear(&result);
  check_ok(run(pool, path, &options, &result));
  const afb_harvest_sum *again = &result.harvest.sum;
  check_true(calls_of_all_ranks() == 0);
  check_true(got.converged == again->converged && got.levels == again->levels && got.useful == again->useful && got.lowering == again->lowering);
  check_true(pool->rank > 0 || (got.useful > 20 && got.useful < got.converged && got.levels >= 6));
  afb_campaign_result_clear(&result);
  the_model_has_a_card(path);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

/* Sets of two configurations and more need two ranks for their memory: they get them, or are results that say so. What was predicted
 * and measured is in the file. */
static void memory_decides_on_ranks(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("memory", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_BREADTH, 40);
  options.max_bytes = 2.6e6;
  options.set_size = 2;
  afb_campaign_result result;
  check_ok(run(pool, path, &options, &result));
  int right = 1, pairs = 0;
  for (int64_t i = 0; i < result.ledger.n; i++) {
    const afb_entry *e = &result.ledger.entry[i];
    int ranks = e->node.n > 1 && pool->size > 1 ? 2 : 1;
    pairs += e->node.n > 1;
    right &= (e->outcome == AFB_OUTCOME_RESOURCE_LIMIT) == (e->node.n > 1 && pool->size == 1);
    right &= fabs(e->cost.predicted_bytes - 1e6 - 1e6 * e->node.n / ranks) < 1.0 && (isnan(e->cost.bytes) || e->cost.bytes >= 0.0);
    right &= fabs(e->cost.estimate - 1e-3 * e->node.n) < 1e-12 && e->cost.seconds > 0.0;
  }
  check_true(pool->rank > 0 || (right && pairs > 15));
  afb_store *store;
  check_ok(afb_store_open(pool->comm, path, AFB_STORE_READ, NULL, &store));
  for (int64_t i = 0; i < afb_store_count(store, AFB_TABLE_RUNS) && pool->rank == 0; i++) {
    const afb_entry *e = &result.ledger.entry[i];
    afb_store_run row;
    right &= afb_store_read(store, AFB_TABLE_RUNS, e->run, 1, sizeof row, &row) == AFB_OK;
    right &= row.ranks == (e->node.n > 1 && pool->size > 1 ? 2 : 1) && row.predicted_cost == e->cost.seconds;
    right &= row.estimated_cost == e->cost.estimate && row.predicted_bytes == e->cost.predicted_bytes;
    right &= row.peak_bytes == e->cost.bytes || (isnan(row.peak_bytes) && isnan(e->cost.bytes));
  }
  check_true(right);
  check_ok(afb_store_close(&store));
  afb_campaign_result_clear(&result);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

/* The same sets as on one rank, with the same outcomes by the same rungs, on any number of ranks (strategy breadth), and when there is memory
 * for the orbitals of a few runs only. */
static void results_do_not_depend_on_the_number_of_ranks(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool, *alone;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  check_ok(afb_pool_create(MPI_COMM_SELF, 0, &alone));
  file_name("ranks", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_BREADTH, 0);
  options.set_size = 2;
  afb_campaign_result together, single = {0};
  check_ok(run(pool, path, &options, &together));
  if (pool->rank == 0)
    unlink(path);
  strcat(path, ".1");
  options.warm_bytes = 3e4;
  int right = pool->rank > 0 || run(alone, path, &options, &single) == AFB_OK;
  for (int64_t i = 0; pool->rank == 0 && i < single.ledger.n; i++) {
    const afb_entry *e = &single.ledger.entry[i];
    int64_t k = afb_ledger_find(&together.ledger, e->ion, &e->node);
    right &= k >= 0 && together.ledger.entry[k].outcome == e->outcome && together.ledger.entry[k].rung == e->rung;
  }
  check_true(right && (pool->rank > 0 || single.ledger.n == together.ledger.n));
  if (pool->rank == 0)
    unlink(path);
  afb_campaign_result_clear(&together);
  afb_campaign_result_clear(&single);
  afb_pool_destroy(&alone);
  afb_pool_destroy(&pool);
}

static void wall_time_ends_it_resumably(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("wall", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_RANDOM, 0);
  options.set_size = 6;
  options.budget_wall_seconds = 1.0;
  afb_campaign_result result;
  double begin = afb_wall_seconds();
  check_ok(run(pool, path, &options, &result));
  check_true(result.end == AFB_END_WALL_TIME && afb_end_resumable(result.end));
  check_true(afb_wall_seconds() - begin < 30.0 && result.schedule.runs > 0);
  afb_campaign_result_clear(&result);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

static void core_hours_end_it(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("core", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_BREADTH, 0);
  options.budget_core_seconds = 0.2;
  afb_campaign_result result;
  check_ok(run(pool, path, &options, &result));
  check_true(result.end == AFB_END_CORE_HOURS && !afb_end_resumable(result.end));
  check_true(pool->rank > 0 || result.core_seconds > 0.1);
  afb_campaign_result_clear(&result);
  if (pool->rank == 0)
    unlink(path);
  afb_pool_destroy(&pool);
}

/* Sets in the order of a table; one of them with a configuration that the excitations do not give. */
static void a_list_is_worked_off(void **state)
{
  (void)state;
  char path[128], list[140];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("list", path, sizeof path);
  snprintf(list, sizeof list, "%s.csv", path);
  int written = 1;
  if (pool->rank == 0) {
    FILE *file = fopen(list, "w");
    written = file && fprintf(file, "ion,configurations\nC I,[He] 2s2 2p2;[He] 2p4\nC I,2s2 2p2 1s2\n"
                                    "Mg I,[Ne] 3s2;[Ne] 3p2\nC I,[He] 2p4;[He] 2s2 2p2\n") > 0;
    written &= file && fclose(file) == 0;
  }
  check_true(written);
  afb_campaign_options options = options_for(AFB_BY_LIST, 0);
  options.list = list;
  afb_campaign_result result;
  check_ok(run(pool, path, &options, &result));
  check_true(result.end == AFB_END_EXHAUSTED && calls_of_all_ranks() == 3);
  check_true(pool->rank > 0 || (ledger_is_right(&result, 3) && result.ledger.entry[0].strategy == AFB_BY_LIST));
  afb_campaign_result_clear(&result);
  if (pool->rank == 0) {
    unlink(path);
    unlink(list);
  }
  afb_pool_destroy(&pool);
}

/* Runs sleep, so that ranks are not slowed down by each other: what is left is what the campaign makes them wait for. */
static void ranks_run_while_the_model_is_trained(void **state)
{
  (void)state;
  char path[128];
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  file_name("aside", path, sizeof path);
  afb_campaign_options options = options_for(AFB_BY_MODEL, 120 * pool->size);
  options.set_size = 5;
  afb_campaign_result result;
  slower = 16;
  check_ok(run(pool, path, &options, &result));
  slower = 1;
  const afb_schedule_stats *s = &result.schedule;
  check_true(result.end == AFB_END_RUNS && s->aside > 0.0 && s->together == 0.0);
  if (pool->rank == 0) {
    printf("# %d ranks: %.1f %% in runs, %.1f %% training and ranking, %.1f %% idle, %.1f %% service of %.1f s\n", pool->size,
           100 * s->run / s->wall, 100 * s->aside / s->wall, 100 * s->idle / s->wall, 100 * s->service / s->wall, s->wall / pool->size);
    unlink(path);
  }
  afb_campaign_result_clear(&result);
  afb_pool_destroy(&pool);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(usage_adds_up),
  cmocka_unit_test(a_budget_of_runs_is_met_exactly),
  cmocka_unit_test(a_campaign_ends_when_all_is_done),
  cmocka_unit_test(a_continued_campaign_repeats_nothing),
  cmocka_unit_test(memory_decides_on_ranks),
  cmocka_unit_test(ranks_run_while_the_model_is_trained),
  cmocka_unit_test(results_do_not_depend_on_the_number_of_ranks),
  cmocka_unit_test(wall_time_ends_it_resumably),
  cmocka_unit_test(core_hours_end_it),
  cmocka_unit_test(a_list_is_worked_off),
};
CHECK_MAIN(tests)
