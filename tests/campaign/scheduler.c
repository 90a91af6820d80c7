#include "campaign/scheduler.h"

#include <string.h>

#include "core/random.h"
#include "tests/campaign/engine.h"
#include "tests/check.h"

enum { MOST = 512 };

/* A list of tasks, worked off in order; what came back is counted. */
typedef struct {
  const afb_pool *pool;
  int n, issued, under_way;
  int milliseconds[MOST], mode[MOST], ranks[MOST];
  int done[MOST], dropped[MOST];
  afb_outcome outcome[MOST];
  int warm;                        /* tasks carry starting orbitals */
  int together_after, together_asked, together_ran;
  int aside_after, aside_asked, aside_ran, aside_given_up;   /* work aside once so many are done */
  int aside_seconds_100;           /* how long it is, in 1/100 s */
  int done_before_aside, done_during_aside;
  int stop_after;                  /* stop once so many are done; 0: never */
  int wish;                        /* what check says then */
  int fail_after;                  /* `done` fails at this many; 0: never */
  int n_done, on_wrong_group, wrong_result, abandoned;
  int by_rank[8], done_before_together;
  double core_seconds;
  afb_configuration ground;
  afb_orbitals start;
} list;

static afb_next next(void *context, double longest, afb_task *task)
{
  list *l = context;
  if (l->together_after > 0 && l->n_done >= l->together_after && l->together_asked == 0) {
    l->together_asked = 1;
    return AFB_NEXT_TOGETHER;
  }
  if (l->aside_after > 0 && l->n_done >= l->aside_after && l->aside_asked == 0) {
    l->aside_asked = 1;
    task->seconds = 0.01 * l->aside_seconds_100;
    return AFB_NEXT_ASIDE;
  }
  if (l->issued == l->n)
    return AFB_NEXT_WAIT;
  int i = l->issued;
  if (1e-3 * l->milliseconds[i] > longest)
    return AFB_NEXT_WAIT;
  l->issued++;
  *task = (afb_task){.id = i, .ranks = l->ranks[i], .seconds = 1e-3 * l->milliseconds[i]};
  task->request.z = i + 1;
  task->request.n_configurations = 1;
  task->request.configuration = &l->ground;
  task->request.max_iterations = l->milliseconds[i];
  task->request.two_j_min = l->mode[i];
  task->request.start = l->warm ? &l->start : NULL;
  return AFB_NEXT_TASK;
}

static afb_status done(void *context, const afb_run_report *report, afb_mcdhf_result *result)
{
  list *l = context;
  int i = (int)report->id;
  l->done[i]++;
  l->n_done++;
  l->by_rank[report->rank % 8]++;
  l->outcome[i] = result->outcome;
  l->abandoned += report->abandoned;
  l->core_seconds += report->seconds * report->ranks;
  if (afb_pool_first(l->pool, report->rank, report->ranks) != report->rank || report->ranks > l->ranks[i])
    l->on_wrong_group++;
  if (result->outcome == AFB_OUTCOME_CONVERGED &&
      (result->energy != -(i + 1) - (l->warm ? 0.5 : 0.0) || result->n_levels != 2 ||
       result->level[1].energy != result->energy + 0.25 || result->orbitals.coefficient[18] != i + 1))
    l->wrong_result++;
  if (l->fail_after > 0 && l->n_done >= l->fail_after)
    return AFB_FAIL(AFB_E_IO, "the disk is full");
  return AFB_OK;
}

static void dropped(void *context, int64_t id) { ((list *)context)->dropped[id]++; }

static afb_check check(void *context)
{
  list *l = context;
  return l->stop_after > 0 && l->n_done >= l->stop_after ? (afb_check)l->wish : AFB_CHECK_GO;
}

static afb_status together(void *context)
{
  list *l = context;
  int one = 1, sum;
  MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, l->pool->comm);
  l->together_ran = sum;
  l->done_before_together = l->n_done;
  return AFB_OK;
}

/* Steps that need all of its ranks, as those of a training do. */
static afb_status aside(void *context, int (*poll)(void *), void *poll_context)
{
  list *l = context;
  MPI_Comm comm = afb_pool_group(l->pool, l->pool->size > 1 ? 2 : 1);
  int over = 0;
  l->aside_ran++;
  l->done_before_aside = l->n_done;
  double end = afb_wall_seconds() + 0.01 * l->aside_seconds_100;
  while (!over) {
    nanosleep(&(struct timespec){0, 2000000}, NULL);
    l->aside_given_up = poll(poll_context);
    over = l->aside_given_up || afb_wall_seconds() > end;
    MPI_Bcast(&over, 1, MPI_INT, 0, comm);
  }
  l->done_during_aside = l->n_done - l->done_before_aside;
  return AFB_OK;
}

static void fill(list *l, const afb_pool *pool, int n)
{
  *l = (list){.pool = pool, .n = n};
  l->ground = (afb_configuration){.n_shells = 1, .shell = {{1, 0, 1}}};
  for (int i = 0; i < n; i++) {
    l->milliseconds[i] = 2 + (int)afb_random_below(18, 7, 1, (uint64_t)i);
    l->ranks[i] = 1;
  }
}

static afb_work work_of(list *l)
{
  return (afb_work){.context = l, .next = next, .done = done, .dropped = dropped, .check = check, .together = together,
    .aside = aside, .aside_ranks = l->pool->size > 1 ? 2 : 1};
}

/* On rank 0, which alone sees results; the others agree. */
static int each_once(const list *l)
{
  int right = 1;
  if (l->pool->rank == 0)
    for (int i = 0; i < l->n; i++)
      right &= l->done[i] == 1 && l->dropped[i] == 0;
  return right;
}

/* Every rank had a share of the runs: an eighth of an equal one at least, however loaded the machine is. */
static int all_ranks_took_part(const list *l)
{
  int all = 1;
  for (int r = 0; l->pool->rank == 0 && r < l->pool->size && r < 8; r++)
    all &= l->by_rank[r] >= l->n / (8 * l->pool->size);
  return all;
}

static void every_task_runs_once_and_all_ranks_take_part(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 80 * pool->size);
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  check_true(l.on_wrong_group == 0 && l.wrong_result == 0);
  check_true(stats.runs == l.n && stats.ranks == pool->size);
  check_close(stats.run + stats.service + stats.storing + stats.idle, stats.wall, 1e-6 * stats.wall);
  if (pool->rank == 0)
    printf("# %d ranks: %.1f %% in runs, %.1f %% idle, %.1f %% service\n", pool->size, 100 * stats.run / stats.wall,
           100 * stats.idle / stats.wall, 100 * stats.service / stats.wall);
  check_true(all_ranks_took_part(&l));
  afb_pool_destroy(&pool);
}

static void long_runs_on_rank_0_starve_nobody(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 60 * pool->size);
  for (int i = 0; i < l.n; i++)
    l.milliseconds[i] = i % (15 * pool->size) == 0 ? 300 : 5;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  if (pool->rank == 0)
    printf("# %d ranks: %.1f %% in runs, %.1f %% idle\n", pool->size, 100 * stats.run / stats.wall,
           100 * stats.idle / stats.wall);
  check_true(all_ranks_took_part(&l));
  afb_pool_destroy(&pool);
}

static void groups_of_ranks_mix_with_single_ranks(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 120);
  l.warm = 1;
  l.start = (afb_orbitals){.n_orbitals = 1, .n_breakpoints = 2, .n_p = 8, .n_q = 9};
  l.start.breakpoint = calloc(2, sizeof(double));
  l.start.coefficient = calloc(17, sizeof(double));
  for (int i = 0; i < l.n; i++)
    l.ranks[i] = 1 << afb_random_below(3, 7, 2, (uint64_t)i);
  l.together_after = 30;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  check_true(l.on_wrong_group == 0 && l.wrong_result == 0);
  check_true(l.together_ran == pool->size);
  afb_orbitals_clear(&l.start);
  afb_pool_destroy(&pool);
}

static void what_fails_is_a_result(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 60);
  for (int i = 0; i < l.n; i++)
    l.mode[i] = i % TEST_MODES;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  static const afb_outcome expected[TEST_MODES] = {AFB_OUTCOME_CONVERGED, AFB_OUTCOME_NOT_FINITE,
    AFB_OUTCOME_RESOURCE_LIMIT, AFB_OUTCOME_INFEASIBLE, AFB_OUTCOME_RESOURCE_LIMIT};
  int right = 1;
  if (pool->rank == 0)
    for (int i = 0; i < l.n; i++)
      right &= l.outcome[i] == expected[l.mode[i]];
  check_true(right);
  afb_pool_destroy(&pool);
}

static void a_stop_gives_back_what_has_not_begun(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 200);
  for (int i = 0; i < l.n; i++)
    l.ranks[i] = i % 7 == 0 ? 2 : 1;
  l.stop_after = 20;
  l.wish = AFB_CHECK_STOP;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  int right = 1;
  if (pool->rank == 0) {
    right &= l.n_done >= 20 && l.n_done <= 20 + 2 * pool->size;
    for (int i = 0; i < l.n; i++)
      right &= l.done[i] + l.dropped[i] == (i < l.issued);
  }
  check_true(right);
  afb_pool_destroy(&pool);
}

static void an_abandoned_run_ends_at_once_and_is_marked(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 1 + 4 * pool->size);
  for (int i = 1; i < l.n; i++)
    l.milliseconds[i] = 20000;
  l.stop_after = 1;
  l.wish = AFB_CHECK_ABANDON;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  double begin = afb_wall_seconds();
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(afb_wall_seconds() - begin < 10.0);
  check_true(pool->rank > 0 || (l.abandoned == l.n_done - 1 && l.wrong_result == 0));
  afb_pool_destroy(&pool);
}

static void a_failing_writer_ends_the_schedule_on_every_rank(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 100);
  l.fail_after = 10;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_true(afb_schedule(pool, &test_engine, &work, &stats) == AFB_E_IO);
  check_true(strstr(afb_error_text(), "the disk is full") != NULL);
  check_true(pool->rank > 0 || l.n_done == 10);
  afb_pool_destroy(&pool);
}

/* While one rank is in a long run, the others go on before work that needs all. */
static void waiting_for_all_is_filled_with_short_runs(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, pool->size > 1 ? 130 * (pool->size - 1) : 60);
  for (int i = 0; i < l.n; i++)
    l.milliseconds[i] = i == 2 * pool->size ? 800 : 10;
  l.together_after = 2 * pool->size + 4;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  check_true(l.together_ran == pool->size);
  if (pool->rank == 0)
    printf("# %d ranks: idle %.3f s of %.3f s\n", pool->size, stats.idle, stats.wall);
  /* Short runs came back between the wish for all ranks and its fulfilment. */
  check_true(pool->rank != 0 || pool->size == 1 || l.done_before_together > l.together_after + 2);
  afb_pool_destroy(&pool);
}

/* The first ranks (two, where there are so many) work on something else; runs of groups with them in it, and work for all, come in between. */
static void others_go_on_beside_work_of_the_first_ranks(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  list l;
  fill(&l, pool, 60 * pool->size);
  for (int i = 0; i < l.n; i++)
    l.ranks[i] = i % 9 == 0 ? 1 << afb_random_below(3, 7, 2, (uint64_t)i) : 1;
  l.aside_after = 10;
  l.aside_seconds_100 = 40;
  l.together_after = 20;
  afb_work work = work_of(&l);
  afb_schedule_stats stats;
  check_ok(afb_schedule(pool, &test_engine, &work, &stats));
  check_true(each_once(&l));
  check_true(l.wrong_result == 0 && l.together_ran == pool->size);
  check_true(l.aside_ran == (pool->rank < work.aside_ranks) && !l.aside_given_up);
  /* Messages that were served meanwhile count as service. */
  check_true(stats.aside > 0.0 && stats.aside + stats.service > 0.39);
  check_close(stats.run + stats.service + stats.storing + stats.aside + stats.idle, stats.wall, 1e-6 * stats.wall);
  check_true(pool->rank > 0 || pool->size < 3 || l.done_during_aside > 0);
  afb_pool_destroy(&pool);
}

static void a_stop_ends_work_aside(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  for (int wish = AFB_CHECK_STOP; wish <= AFB_CHECK_ABANDON; wish++) {
    list l;
    fill(&l, pool, 400);
    l.aside_after = 10;
    l.aside_seconds_100 = 6000;
    /* On up to two ranks nothing else runs meanwhile. */
    l.stop_after = pool->size > 2 ? 20 : 10;
    l.wish = wish;
    afb_work work = work_of(&l);
    afb_schedule_stats stats;
    double begin = afb_wall_seconds();
    check_ok(afb_schedule(pool, &test_engine, &work, &stats));
    check_true(afb_wall_seconds() - begin < 30.0);
    check_true(pool->rank > 0 || l.aside_ran == 0 || l.aside_given_up);
  }
  afb_pool_destroy(&pool);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(every_task_runs_once_and_all_ranks_take_part),
  cmocka_unit_test(long_runs_on_rank_0_starve_nobody),
  cmocka_unit_test(groups_of_ranks_mix_with_single_ranks),
  cmocka_unit_test(what_fails_is_a_result),
  cmocka_unit_test(a_stop_gives_back_what_has_not_begun),
  cmocka_unit_test(an_abandoned_run_ends_at_once_and_is_marked),
  cmocka_unit_test(a_failing_writer_ends_the_schedule_on_every_rank),
  cmocka_unit_test(waiting_for_all_is_filled_with_short_runs),
  cmocka_unit_test(others_go_on_beside_work_of_the_first_ranks),
  cmocka_unit_test(a_stop_ends_work_aside),
};
CHECK_MAIN(tests)
