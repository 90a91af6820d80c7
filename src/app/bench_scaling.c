#include "app/bench_scaling.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/describe.h"
#include "app/inputs.h"
#include "app/output.h"
#include "campaign/record.h"
#include "core/account.h"
#include "core/clock.h"
#include "report/scaling.h"

enum { TURNS = 3 };                    /* that count; one before them does not */
static const char *const PATH = "aufbau-bench.h5", *const JOURNAL = "aufbau-bench.h5.journal";

/* What is measured: the command on `comm`, with the part of the work that is meant for n of `all` ranks (n = all: everything), in files that are gone
 * afterwards. *amount: the work that was done, on the first rank; *failed: seconds of this rank in runs that did not converge. */
typedef struct {
  void *job;
  afb_status (*run)(void *job, MPI_Comm comm, int n, int all, double *amount, double *failed);
} measured;

typedef struct {
  int rank, size, quiet;
  const measured *what;
  afb_scaling *strong, *weak;
} bench;

/* None of these names was taken before. */
static void remove_files(void)
{
  unlink(PATH);
  unlink(JOURNAL);
}

/* The rest sleeps until the measurement is over: a rank that polls would be in its way. */
static void sleep_until_all(void)
{
  MPI_Request request;
  int over = 0;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  for (MPI_Test(&request, &over, MPI_STATUS_IGNORE); !over; MPI_Test(&request, &over, MPI_STATUS_IGNORE))
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

afb_status afb_bench_on(int n, afb_status (*run)(void *context, MPI_Comm comm), void *context)
{
  MPI_Comm comm;
  int rank;
  afb_status status = AFB_OK;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_split(MPI_COMM_WORLD, rank < n ? 0 : MPI_UNDEFINED, rank, &comm);
  if (comm != MPI_COMM_NULL) {
    status = run(context, comm);
    MPI_Comm_free(&comm);
  }
  sleep_until_all();
  return afb_agree(MPI_COMM_WORLD, status);
}

typedef struct {
  const measured *what;
  int part, all;               /* ranks for which the work is meant, of so many */
  double amount, seconds;      /* on the first rank */
  afb_usage_sum usage;
} measurement;

/* On the ranks of comm: one measurement, summed up on its first rank. */
static afb_status run_once(void *context, MPI_Comm comm)
{
  measurement *m = context;
  int rows;
  double failed = 0.0;
  afb_store_usage *row;
  MPI_Barrier(comm);
  afb_account_begin();
  afb_account_enter(AFB_SPENT_RUN);
  double begin = afb_wall_seconds();
  AFB_TRY(m->what->run(m->what->job, comm, m->part, m->all, &m->amount, &failed));
  MPI_Barrier(comm);
  m->seconds = afb_wall_seconds() - begin;
  AFB_TRY(afb_usage_gather(comm, failed, &rows, &row));
  if (row)
    afb_usage_sum_up(rows, row, 0, &m->usage);
  free(row);
  return AFB_OK;
}

/* Adds a measurement with the work of the one before it: in the strong series any, in the weak one on as many ranks. Where runs depend on the number of
 * ranks it is not quite the same, and the note says so. */
static afb_status add(afb_scaling *s, int strong, int n, const measurement *m)
{
  double work = m->amount;
  for (int i = 0; i < s->n; i++)
    if (strong || s->point[i].ranks == n)
      work = s->point[i].work;
  return afb_scaling_add(s, n, work, m->seconds, &m->usage);
}

/* On n ranks everything, or their part of it. On all ranks these are the same, and one measurement counts for both. */
static afb_status measure(const bench *b, int n, int weak, int counts)
{
  measurement m = {.what = b->what, .part = weak ? n : b->size, .all = b->size};
  AFB_TRY(afb_bench_on(n, run_once, &m));
  afb_status status = AFB_OK;
  if (b->rank == 0 && !b->quiet)
    fprintf(stderr, "%s, %d rank%s: %.2f s%s\n", weak ? b->weak->name : b->strong->name, n, n == 1 ? "" : "s", m.seconds, counts ? "" : " (warm-up)");
  if (b->rank == 0 && counts && !weak)
    status = add(b->strong, 1, n, &m);
  if (b->rank == 0 && counts && status == AFB_OK && (weak || n == b->size))
    status = add(b->weak, 0, n, &m);
  return afb_agree(MPI_COMM_WORLD, status);
}

/* Numbers of ranks in turn, so that what disturbs the machine meanwhile falls on all of them. */
static afb_status measure_all(const bench *b)
{
  for (int turn = 0; turn <= TURNS; turn++)
    for (int n = 1; n <= b->size; n = n < b->size && 2 * n > b->size ? b->size : 2 * n) {
      AFB_TRY(measure(b, n, 0, turn > 0));
      if (n < b->size)
        AFB_TRY(measure(b, n, 1, turn > 0));
    }
  return AFB_OK;
}

static afb_status write_figure(const char *path, int n, const afb_scaling *series)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, AFB_SVG_BEGINNING, &out));
  afb_scaling_figure(out.stream, n, series);
  return afb_output_end(&out);
}

static afb_status show(const afb_arguments *arguments, int n, const afb_scaling *series)
{
  afb_scaling_tables(stdout, arguments->markdown ? AFB_SCALING_MARKDOWN : AFB_SCALING_TEXT, n, series);
  return arguments->output ? write_figure(arguments->output, n, series) : AFB_OK;
}

static afb_status bench_series(const afb_arguments *arguments, const char *command, const char *unit, const measured *what, const char *note)
{
  afb_scaling *series = calloc(2, sizeof *series);
  bench b = {.quiet = arguments->quiet, .what = what, .strong = series, .weak = series + 1};
  MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &b.size);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, series ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the measurements")));
  for (int k = 0; k < 2; k++) {
    snprintf(series[k].name, sizeof series[k].name, "%s, %s scaling", command, k ? "weak" : "strong");
    snprintf(series[k].unit, sizeof series[k].unit, "%s", unit);
  }
  afb_status status = measure_all(&b);
  if (status == AFB_OK && b.rank == 0) {
    snprintf(series[0].note, sizeof series[0].note, "%s", note);
    status = show(arguments, b.size > 1 ? 2 : 1, series);
  }
  if (b.rank == 0)
    remove_files();
  free(series);
  return afb_agree(MPI_COMM_WORLD, status);
}

/* The command's own input is the second operand. */
static afb_status input_of(const afb_arguments *arguments, afb_arguments *of_command)
{
  *of_command = *arguments;
  of_command->operand[0] = arguments->operand[1];
  of_command->quiet = 1;
  return arguments->n_operands == 2 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "the input of the command is missing: aufbau bench %s INPUT", arguments->operand[0]);
}

/* ---- Campaigns ---- */

typedef struct {
  uint64_t hash;
  double seconds;
} run_cost;

typedef struct {
  afb_config *config;
  afb_campaign_options options;
  int64_t n;                   /* runs of the first measurement, which is on one rank: what is the same work, */
  run_cost *serial;            /* and its CPU seconds there, by ascending hash */
  char note[256];
} campaign_job;

static int by_hash(const void *a, const void *b)
{
  const run_cost *x = a, *y = b;
  return (x->hash > y->hash) - (x->hash < y->hash);
}

static afb_status read_costs(afb_store *store, int64_t *n, run_cost **cost)
{
  *n = afb_store_count(store, AFB_TABLE_RUNS);
  *cost = malloc((size_t)*n * sizeof **cost + 1);
  if (!*cost)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %lld runs", (long long)*n);
  for (int64_t i = 0; i < *n; i++) {
    afb_store_run run;
    AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, i, 1, sizeof run, &run));
    (*cost)[i] = (run_cost){run.content_hash, run.cpu_seconds};
  }
  return AFB_OK;
}

/* Work in CPU seconds that the same runs took on one rank; runs that were none of them count with their own. */
static afb_status weigh(campaign_job *j, double *amount)
{
  afb_store *store;
  int64_t n, others = 0;
  run_cost *cost = NULL;
  AFB_TRY(afb_store_open(MPI_COMM_SELF, PATH, AFB_STORE_READ, NULL, &store));
  afb_status status = read_costs(store, &n, &cost);
  afb_store_close(&store);
  if (status == AFB_OK && !j->serial) {
    j->n = n;
    j->serial = cost;
    qsort(cost, (size_t)n, sizeof *cost, by_hash);
  }
  *amount = 0.0;
  for (int64_t i = 0; i < n && status == AFB_OK; i++) {
    const run_cost *known = bsearch(&cost[i], j->serial, (size_t)j->n, sizeof *cost, by_hash);
    *amount += known ? known->seconds : cost[i].seconds;
    others += known == NULL;
  }
  if (others > 0)
    snprintf(j->note, sizeof j->note, "%lld of %lld runs on more ranks were others than on one: a list of sets (strategy list) without warm start makes them the same.",
             (long long)others, (long long)n);
  if (cost != j->serial)
    free(cost);
  return status;
}

static afb_status run_campaign(void *job, MPI_Comm comm, int n, int all, double *amount, double *failed)
{
  campaign_job *j = job;
  afb_campaign_options options = j->options;
  afb_pool *pool = NULL;
  afb_store *store = NULL;
  afb_campaign_result result;
  afb_store_writer writer = afb_input_writer(j->config);
  afb_record_legend(&writer.legend);
  options.started_at = afb_wall_seconds();
  options.budget_runs = options.budget_runs * n / all;
  afb_account_enter(AFB_SPENT_STARTUP);
  AFB_TRY(afb_pool_create(comm, 0, &pool));
  afb_status status = afb_file_open(pool->comm, PATH, AFB_STORE_CREATE, &writer, &store);
  if (status == AFB_OK) {
    status = afb_campaign_run(pool, &options, store, &result);
    *failed = result.schedule.own_failed;
    afb_campaign_result_clear(&result);
    afb_account_enter(AFB_SPENT_STORING);
    afb_status closed = afb_store_close(&store);
    status = status == AFB_OK ? closed : status;
    afb_account_enter(AFB_SPENT_DRAIN);
  }
  if (status == AFB_OK)
    status = afb_agree(pool->comm, pool->rank == 0 ? weigh(j, amount) : AFB_OK);
  if (pool->rank == 0 && status == AFB_OK)
    unlink(PATH);
  afb_pool_destroy(&pool);
  return status;
}

static afb_status check_campaign(const campaign_job *j, const char *input)
{
  if (j->options.budget_runs <= 0)
    return AFB_FAIL(AFB_E_INPUT, "%s: budget.runs is missing: the work that is measured", input);
  return access(PATH, F_OK) != 0 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%s is in the way: remove it, or measure in another folder", PATH);
}

afb_status afb_run_bench_campaign(const afb_arguments *arguments)
{
  afb_arguments own;
  afb_campaign_input input;
  afb_ion *ions = NULL;
  campaign_job j = {0};
  const measured what = {&j, run_campaign};
  AFB_TRY(input_of(arguments, &own));
  AFB_TRY(afb_input_read(&afb_campaign_schema, &own, &input, &j.config));
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_campaign_input_check(j.config, &input, &j.options.n_ions, &ions));
  if (status == AFB_OK) {
    j.options.ion = ions;
    afb_campaign_input_options(&input, &j.options);
    j.options.budget_wall_seconds = j.options.budget_core_seconds = 0.0;
    status = afb_agree(MPI_COMM_WORLD, check_campaign(&j, own.operand[0]));
  }
  if (status == AFB_OK)
    status = bench_series(arguments, "campaign", "CPU s on 1 rank", &what, j.note);
  free(j.serial);
  free(ions);
  afb_config_destroy(&j.config);
  return status;
}

/* ---- Descriptors ---- */

typedef struct {
  afb_describe_job describe;
  afb_strings once, files;     /* as in the input; as often as there are ranks */
} describe_job;

/* All structures as often as there are ranks is everything; n times is the part of n ranks. */
static afb_status run_describe(void *job, MPI_Comm comm, int n, int all, double *amount, double *failed)
{
  describe_job *j = job;
  int rank;
  (void)all;
  MPI_Comm_rank(comm, &rank);
  *failed = 0.0;
  j->describe.comm = comm;
  j->describe.output = PATH;
  j->describe.input.structures.file = j->files;
  j->describe.input.structures.file.n = n * j->once.n;
  AFB_TRY(afb_describe_run(&j->describe));
  *amount = (double)j->describe.rows;
  if (rank == 0)
    unlink(PATH);
  return AFB_OK;
}

static afb_status repeat_files(describe_job *j)
{
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  j->once = j->describe.input.structures.file;
  const char **item = malloc((size_t)(size * j->once.n) * sizeof *item + 1);
  j->files = (afb_strings){.n = size * j->once.n, .item = item};
  AFB_TRY(afb_agree(MPI_COMM_WORLD, item ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the names of files")));
  for (int i = 0; i < size * j->once.n; i++)
    item[i] = j->once.item[i % j->once.n];
  return access(PATH, F_OK) != 0 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%s is in the way: remove it, or measure in another folder", PATH);
}

afb_status afb_run_bench_describe(const afb_arguments *arguments)
{
  afb_arguments own;
  describe_job j = {0};
  const measured what = {&j, run_describe};
  AFB_TRY(input_of(arguments, &own));
  afb_status status = afb_describe_read(&own, &j.describe);
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, repeat_files(&j));
  if (status == AFB_OK)
    status = bench_series(arguments, "describe", "rows", &what, "");
  j.describe.input.structures.file = j.once;
  free(j.files.item);
  afb_describe_clear(&j.describe);
  return status;
}
