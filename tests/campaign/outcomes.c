/* What a campaign's file says of its runs, and predictions from it; runs are those of an engine whose answers follow from the set. */
#include "campaign/outcomes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/record.h"
#include "learn/score.h"
#include "tests/campaign/engine.h"
#include "tests/check.h"

enum { RUNS = 150 };

/* The configuration that comes last in the order of configurations, however they are numbered. */
static int last_of(int n, const afb_configuration *set)
{
  int last = 0;
  for (int i = 1; i < n; i++)
    last = afb_configuration_compare(&set[i], &set[last]) > 0 ? i : last;
  return last;
}

/* CPU seconds double with every configuration; sets in which some d electron comes to more than three configurations end in a limit cycle. Two blocks:
 * the lower level falls by 1 mhartree with every configuration, the upper stays; the last configuration leads it. */
static afb_status run_set(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  (void)comm;
  int n = request->n_configurations, with_d = 0;
  for (int i = 0; i < n; i++) {
    const afb_configuration *c = &request->configuration[i];
    with_d += c->shell[c->n_shells - 1].l == 2;
  }
  *result = (afb_mcdhf_result){.outcome = with_d > 1 ? AFB_OUTCOME_LIMIT_CYCLE : AFB_OUTCOME_CONVERGED,
    .rung = n > 2 ? AFB_RUNG_SHIFTED : AFB_RUNG_DIIS, .energy = -request->z, .cpu_seconds = 0.01 * pow(2, n)};
  AFB_TRY(test_engine_room(result));
  for (int k = 0; k < 2; k++) {
    const afb_configuration *c = &request->configuration[k ? last_of(n, request->configuration) : 0];
    afb_level *level = &result->level[k];
    *level = (afb_level){.two_j = 2 * k, .parity = 1, .index = 1, .energy = -request->z + k - (k ? 0 : 1e-3 * n), .lsj = {.n = 1, .weight = {1}}};
    size_t used = 0;
    for (int s = 0; s < c->n_shells; s++)
      used += (size_t)snprintf(level->lsj.label[0] + used, AFB_LSJ_LABEL - used, "%s%d%c%d", s ? "." : "", c->shell[s].n, "spdf"[c->shell[s].l],
                               c->shell[s].q);
    snprintf(level->lsj.label[0] + used, AFB_LSJ_LABEL - used, " %dS", 2 * k + 1);
  }
  return AFB_OK;
}

static void estimate(const afb_mcdhf_request *request, afb_engine_cost *cost)
{
  (void)request;
  *cost = (afb_engine_cost){.core_seconds = 0.01, .bytes = NAN, .spread_bytes = NAN};
}

static const afb_engine engine = {.name = "mcdhf", .run = run_set, .cost = estimate};

static void run_campaign(char *path, size_t size)
{
  static const afb_ion ions[] = {{5, 0}, {6, 0}, {12, 0}, {13, 0}, {7, 0}, {4, 0}, {14, 1}, {15, 2}};
  int ranks, id = (int)getpid();
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Bcast(&id, 1, MPI_INT, 0, MPI_COMM_WORLD);
  snprintf(path, size, "outcomes-%d-%d.h5", ranks, id);
  afb_campaign_options options = {.n_ions = 8, .ion = ions, .warm_bytes = 1e8, .max_n = 4, .max_l = 2, .excited_electrons = 2, .max_shift = 4, .set_size = 4,
    .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 1, .warm_start = 1, .engine = &engine, .strategy = AFB_BY_RANDOM, .batch = 16,
    .budget_runs = RUNS, .seed = 11, .max_iterations = 300, .max_seconds = 60.0, .max_csf = 50000, .started_at = 0};
  afb_store_writer writer = {.input = "test\n", .identity = "test\n"};
  afb_campaign_result result;
  afb_store *store;
  afb_pool *pool;
  afb_record_legend(&writer.legend);
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  check_ok(afb_store_open(pool->comm, path, AFB_STORE_CREATE, &writer, &store));
  check_ok(afb_campaign_run(pool, &options, store, &result));
  check_ok(afb_store_close(&store));
  afb_campaign_result_clear(&result);
  afb_pool_destroy(&pool);
}

static void read_data(const char *path, afb_outcome_data *data)
{
  afb_store *store;
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(afb_outcome_data_read(store, data));
  check_ok(afb_store_close(&store));
}

/* Every label follows from the set. */
static void labels_are_those_of_the_runs(const afb_outcome_data *d)
{
  const afb_ledger *l = &d->ledger;
  int right = l->n == RUNS && d->table.n == RUNS && d->n_levels == 1, lowered = 0, orphans = 0;
  for (int64_t i = 0; i < d->table.n; i++) {
    const afb_entry *e = &l->entry[d->entry[i]];
    const afb_gain *gain = &d->gain[d->entry[i]];
    const float *y = d->table.label + i * AFB_N_LABELS;
    int n = e->node.n, ok = afb_outcome_ok(e->outcome);
    afb_configuration set[AFB_MAX_SET];
    for (int k = 0; k < n; k++)
      set[k] = d->ion[e->ion].candidate[e->node.member[k]].configuration;
    int led = ok && n > 1 ? e->node.member[last_of(n, set)] == e->added : -1;
    right &= fabs(y[AFB_TARGET_COST] - n * log(2.0)) < 1e-5 && y[AFB_TARGET_CONVERGED] == (float)ok;
    right &= y[AFB_TARGET_OUTCOME] == (float)(!ok ? AFB_CLASS_CYCLE : n > 2 ? AFB_CLASS_SHIFTED : AFB_CLASS_DIIS);
    right &= gain->fresh == led && (led < 0 ? isnan(y[AFB_TARGET_FRESH]) : y[AFB_TARGET_FRESH] == (float)led);
    right &= gain->useful == (ok && (gain->new_levels > 0 || gain->lowering > 0));
    afb_node parent = e->node;
    int64_t from = e->added >= 0 && afb_node_remove(&e->node, e->added, &parent) == AFB_OK ? afb_ledger_find(l, e->ion, &parent) : -1;
    int both = ok && from >= 0 && afb_outcome_ok(l->entry[from].outcome);
    /* One of the levels is lower, by 1 mhartree; its weight is 1 of 1 + 3. */
    right &= both ? fabs(gain->lowering - 0.25e-3) < 1e-12 && fabs(y[AFB_TARGET_LOWERING] - log10(0.25e-3)) < 1e-5 && y[AFB_TARGET_LOWERS] == 1
                  : isnan(gain->lowering) && isnan(y[AFB_TARGET_LOWERING]) && isnan(y[AFB_TARGET_LOWERS]);
    lowered += both;
    orphans += ok && !both;
  }
  check_true(right && lowered > 15 && orphans >= 8);
}

/* The network and the linear models learn what follows from the set, the constants do not; a row is predicted where it was tested. */
static void predictions_are_better_than_constants(const afb_outcome_data *d)
{
  afb_outcome_trials t;
  check_ok(afb_outcome_trials_run(MPI_COMM_WORLD, &d->table, &t));
  check_true(t.done[AFB_TRIAL_KNOWN] && t.done[AFB_TRIAL_IONS] && t.done[AFB_TRIAL_LARGER] && t.largest_train >= 1);
  int all = 1, sizes = 1;
  double error[AFB_N_PREDICTORS] = {0};
  for (int64_t i = 0; i < d->table.n; i++) {
    int64_t cost = i * t.heads.n_out + AFB_TARGET_COST;
    const float *of[AFB_N_PREDICTORS] = {t.network[AFB_TRIAL_IONS][0], t.linear[AFB_TRIAL_IONS], t.constant[AFB_TRIAL_IONS]};
    for (int p = 0; p < AFB_N_PREDICTORS; p++)
      error[p] += fabs((double)of[p][cost] - (double)d->table.label[i * AFB_N_LABELS + AFB_TARGET_COST]) / (double)d->table.n;
    all &= !isnan(t.network[AFB_TRIAL_IONS][1][cost]);
    sizes &= isnan(t.network[AFB_TRIAL_LARGER][0][cost]) == (d->table.size[i] <= t.largest_train);
  }
  check_true(all && sizes);
  check_true(error[AFB_PREDICTOR_NETWORK] < 0.5 * error[AFB_PREDICTOR_CONSTANT] && error[AFB_PREDICTOR_LINEAR] < 0.5 * error[AFB_PREDICTOR_CONSTANT]);
  afb_outcome_trials_clear(&t);
}

static void a_file_is_learnt_from(void **state)
{
  (void)state;
  char path[128];
  afb_outcome_data data;
  run_campaign(path, sizeof path);
  read_data(path, &data);
  labels_are_those_of_the_runs(&data);
  predictions_are_better_than_constants(&data);
  afb_outcome_data_clear(&data);
  MPI_Barrier(MPI_COMM_WORLD);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0)
    remove(path);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(a_file_is_learnt_from),
};
CHECK_MAIN(tests)
