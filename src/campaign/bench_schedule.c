#include "campaign/bench_schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/record.h"
#include "core/clock.h"

static const double SPIN = 2e-4, SLICE = 5e-3;   /* seconds: at the end of a task; between its polls */
static double task_seconds;                      /* of the engine below, the same on all ranks */

/* Takes time as an engine does that looks at messages every few milliseconds. */
static afb_status take_time(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  double end = afb_wall_seconds() + task_seconds, left;
  int stop = 0;
  (void)comm;
  while ((left = end - afb_wall_seconds()) > SPIN && !stop) {
    double nap = fmin(left - SPIN, SLICE);
    nanosleep(&(struct timespec){0, (long)(1e9 * nap)}, NULL);
    stop = request->poll && request->poll(request->poll_context);
  }
  while (task_seconds > 0.0 && afb_wall_seconds() < end)
    ;
  *result = (afb_mcdhf_result){.outcome = AFB_OUTCOME_CONVERGED, .rung = AFB_RUNG_DIIS, .iterations = 1, .energy = -1.0};
  result->level = calloc(1, sizeof *result->level);
  if (!result->level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a level");
  result->n_levels = 1;
  result->level[0] = (afb_level){.parity = 1, .index = 1, .energy = -1.0, .weight = 1.0};
  return AFB_OK;
}

static void predict(const afb_mcdhf_request *request, afb_engine_cost *cost)
{
  (void)request;
  *cost = (afb_engine_cost){.core_seconds = task_seconds, .bytes = NAN, .spread_bytes = NAN};
}

static const afb_engine engine = {.name = "bench", .description = "takes time", .reference = "", .run = take_time, .cost = predict};

/* ---- The scheduler alone ---- */

typedef struct {
  int64_t issued, tasks;
  afb_configuration configuration[2];
} source;

static afb_next next(void *context, double longest, afb_task *task)
{
  source *s = context;
  (void)longest;
  if (s->issued == s->tasks)
    return AFB_NEXT_WAIT;
  *task = (afb_task){.id = s->issued++, .ranks = 1, .request = {.z = 6, .n_configurations = 2, .configuration = s->configuration, .two_j_max = -1}};
  return AFB_NEXT_TASK;
}

static afb_status done(void *context, const afb_run_report *report, afb_mcdhf_result *result)
{
  (void)context;
  (void)report;
  (void)result;
  return AFB_OK;
}

static void dropped(void *context, int64_t id)
{
  (void)context;
  (void)id;
}

static afb_check check(void *context)
{
  (void)context;
  return AFB_CHECK_GO;
}

afb_status afb_bench_empty_tasks(MPI_Comm comm, int64_t tasks, afb_bench_tasks *out)
{
  afb_pool *pool;
  afb_schedule_stats stats;
  source s = {.tasks = tasks};
  const afb_work work = {.context = &s, .next = next, .done = done, .dropped = dropped, .check = check};
  AFB_TRY(afb_configuration_parse("[He] 2s2 2p2", &s.configuration[0]));
  AFB_TRY(afb_configuration_parse("[He] 2s1 2p3", &s.configuration[1]));
  AFB_TRY(afb_pool_create(comm, 0, &pool));
  task_seconds = 0.0;
  double begin = afb_wall_seconds();
  afb_status status = afb_schedule(pool, &engine, &work, &stats);
  *out = (afb_bench_tasks){.ranks = pool->size, .tasks = tasks, .wall = afb_wall_seconds() - begin};
  MPI_Bcast(out, (int)sizeof *out, MPI_BYTE, 0, pool->comm);
  out->schedule = out->wall;
  afb_pool_destroy(&pool);
  return status;
}

/* ---- Campaigns ---- */

static afb_status run(const afb_pool *pool, const char *path, int64_t tasks, double begin, afb_campaign_result *result)
{
  static const afb_ion ions[] = {{6, 0}, {7, 0}, {8, 0}, {13, 0}, {14, 0}, {15, 0}, {16, 0}, {21, 0}, {22, 0}};
  afb_store *store;
  afb_store_writer writer = {.input = "", .identity = ""};
  const afb_campaign_options options = {.n_ions = (int)(sizeof ions / sizeof *ions), .ion = ions, .max_n = 6, .max_l = 3, .excited_electrons = 2, .max_shift = 8,
    .set_size = 3, .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 1, .engine = &engine, .strategy = AFB_BY_RANDOM, .batch = 256, .budget_runs = tasks, .seed = 1,
    .max_iterations = 1, .max_seconds = 3600.0, .max_csf = 1, .started_at = begin};
  afb_record_legend(&writer.legend);
  AFB_TRY(afb_store_open(pool->comm, path, AFB_STORE_CREATE, &writer, &store));
  afb_status status = afb_campaign_run(pool, &options, store, result);
  afb_status closed = afb_store_close(&store);
  if (pool->rank == 0)
    unlink(path);
  return status == AFB_OK ? closed : status;
}

afb_status afb_bench_campaign_tasks(MPI_Comm comm, const char *path, int64_t tasks, double seconds, afb_bench_tasks *out)
{
  afb_pool *pool;
  afb_campaign_result result = {0};
  AFB_TRY(afb_pool_create(comm, 0, &pool));
  task_seconds = seconds;
  double begin = afb_wall_seconds();
  afb_status status = run(pool, path, tasks, begin, &result);
  *out = (afb_bench_tasks){.ranks = pool->size, .tasks = result.schedule.runs, .seconds = seconds, .wall = afb_wall_seconds() - begin,
                           .schedule = result.schedule.wall / pool->size};
  if (status == AFB_OK && out->tasks != tasks)
    status = AFB_FAIL(AFB_E_LIMIT, "%lld tasks are more than there are sets", (long long)tasks);
  MPI_Bcast(out, (int)sizeof *out, MPI_BYTE, 0, pool->comm);
  afb_campaign_result_clear(&result);
  afb_pool_destroy(&pool);
  return status;
}
