#include "campaign/bench_loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "campaign/record.h"
#include "core/clock.h"

/* Student's t of 95 % with AFB_LOOP_SEEDS - 1 = 4 degrees of freedom. */
static const double STUDENT = 2.776445;

typedef struct {
  double begin, core_seconds;
  int next;                    /* point */
  double (*value)[AFB_LOOP_N_MEASURES];
  double now[AFB_LOOP_N_MEASURES];
} recorder;

/* What was got when a point of time is passed is what there was at the look before. */
static void record(void *context, const afb_campaign_progress *p)
{
  recorder *r = context;
  double used = (afb_cpu_seconds() - r->begin) / r->core_seconds * AFB_LOOP_POINTS;
  for (; r->next < AFB_LOOP_POINTS && r->next + 1 <= used; r->next++)
    memcpy(r->value[r->next], r->now, sizeof r->now);
  r->now[AFB_LOOP_RUNS] = (double)p->runs;
  r->now[AFB_LOOP_CONVERGED] = (double)p->got.converged;
  r->now[AFB_LOOP_LEVELS] = (double)p->got.levels;
  r->now[AFB_LOOP_USEFUL] = (double)p->got.useful;
  r->now[AFB_LOOP_LOWERING] = p->got.lowering;
}

/* A file and the journal of one that was ended from outside. */
static void remove_files(const char *path)
{
  char journal[1100];
  snprintf(journal, sizeof journal, "%s.journal", path);
  unlink(path);
  unlink(journal);
}

static afb_status run_one(const afb_pool *pool, const afb_campaign_options *shared, const char *path, int strategy, int seed, afb_loop *out)
{
  afb_campaign_options options = *shared;
  recorder r = {.begin = afb_cpu_seconds(), .core_seconds = options.budget_cpu_seconds, .value = out->value[strategy][seed]};
  options.strategy = out->strategy[strategy];
  options.seed += (uint64_t)seed;
  options.started_at = afb_wall_seconds();
  options.progress = record;
  options.progress_context = &r;
  afb_store_writer writer = {.input = "", .identity = ""};
  afb_store *store;
  afb_campaign_result result;
  afb_record_legend(&writer.legend);
  remove_files(path);
  AFB_TRY(afb_store_open(pool->comm, path, AFB_STORE_RESUME, &writer, &store));
  afb_status status = afb_campaign_run(pool, &options, store, &result);
  for (; r.next < AFB_LOOP_POINTS; r.next++)
    memcpy(r.value[r.next], r.now, sizeof r.now);
  out->model_share[strategy][seed] = result.schedule.wall > 0.0 ? result.schedule.aside / result.schedule.wall : 0.0;
  afb_campaign_result_clear(&result);
  afb_status closed = afb_store_close(&store);
  remove_files(path);
  return status == AFB_OK ? closed : status;
}

/* Campaigns of one seed are run one after another, so that they meet the same machine. */
static afb_status run_share(const afb_pool *alone, const afb_campaign_options *options, const char *prefix, int rank, int size,
                            void (*show)(const afb_loop *, int, int), afb_loop *out)
{
  enum { ALL = AFB_LOOP_STRATEGIES * AFB_LOOP_SEEDS };
  char path[1024];
  snprintf(path, sizeof path, "%.1000s-%d.h5", prefix, rank);
  for (int k = rank; k < ALL; k += size) {
    AFB_TRY(run_one(alone, options, path, k % AFB_LOOP_STRATEGIES, k / AFB_LOOP_STRATEGIES, out));
    if (show)
      show(out, k % AFB_LOOP_STRATEGIES, k / AFB_LOOP_STRATEGIES);
  }
  return AFB_OK;
}

afb_status afb_bench_loop(MPI_Comm comm, const afb_campaign_options *options, const char *prefix,
                          void (*show)(const afb_loop *loop, int strategy, int seed), afb_loop *out)
{
  static const afb_strategy strategy[AFB_LOOP_STRATEGIES] = {AFB_BY_MODEL, AFB_BY_RANDOM, AFB_BY_BREADTH};
  int rank, size;
  afb_pool *alone;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  memset(out, 0, sizeof *out);
  AFB_TRY(afb_agree(comm, afb_pool_create(MPI_COMM_SELF, 0, &alone)));
  memcpy(out->strategy, strategy, sizeof strategy);
  out->core_seconds = options->budget_cpu_seconds;
  afb_status status = afb_agree(comm, run_share(alone, options, prefix, rank, size, show, out));
  afb_pool_destroy(&alone);
  AFB_TRY(status);
  /* Every number was written by one rank; elsewhere it is 0. */
  MPI_Allreduce(MPI_IN_PLACE, out->value, sizeof out->value / sizeof(double), MPI_DOUBLE, MPI_SUM, comm);
  MPI_Allreduce(MPI_IN_PLACE, out->model_share, sizeof out->model_share / sizeof(double), MPI_DOUBLE, MPI_SUM, comm);
  return AFB_OK;
}

afb_loop_mean afb_loop_mean_of(const double value[AFB_LOOP_SEEDS])
{
  double sum = 0.0, squares = 0.0;
  for (int s = 0; s < AFB_LOOP_SEEDS; s++)
    sum += value[s];
  for (int s = 0; s < AFB_LOOP_SEEDS; s++)
    squares += (value[s] - sum / AFB_LOOP_SEEDS) * (value[s] - sum / AFB_LOOP_SEEDS);
  return (afb_loop_mean){sum / AFB_LOOP_SEEDS, STUDENT * sqrt(squares / (AFB_LOOP_SEEDS - 1) / AFB_LOOP_SEEDS)};
}

afb_loop_lead afb_loop_lead_in(const afb_loop *loop, afb_loop_measure measure)
{
  double at_end[AFB_LOOP_STRATEGIES][AFB_LOOP_SEEDS], ratio[AFB_LOOP_SEEDS];
  afb_loop_lead lead = {.best = 1};
  for (int k = 0; k < AFB_LOOP_STRATEGIES; k++)
    for (int s = 0; s < AFB_LOOP_SEEDS; s++)
      at_end[k][s] = loop->value[k][s][AFB_LOOP_POINTS - 1][measure];
  for (int k = 2; k < AFB_LOOP_STRATEGIES; k++)
    if (afb_loop_mean_of(at_end[k]).mean > afb_loop_mean_of(at_end[lead.best]).mean)
      lead.best = k;
  for (int s = 0; s < AFB_LOOP_SEEDS; s++)
    ratio[s] = log(at_end[0][s] / at_end[lead.best][s]);
  afb_loop_mean mean = afb_loop_mean_of(ratio);
  lead.ratio = exp(mean.mean);
  lead.low = exp(mean.mean - mean.half);
  lead.high = exp(mean.mean + mean.half);
  return lead;
}
