#include "app/bench_schedule.h"

#include <mpi.h>
#include <stdio.h>

#include "app/bench_scaling.h"
#include "app/output.h"
#include "report/bench_schedule.h"

enum { LENGTHS = 5, LEVELS = 24, TURNS = 3, OTHERS = 32, EMPTY = 10000, EMPTY_RUNS = 2000 };
static const double length[LENGTHS] = {1e-4, 1e-3, 1e-2, 1e-1, 1.0};
static const int64_t tasks_of[LENGTHS] = {2000, 1000, 200, 25, 4};   /* for each rank, if that is not more than EMPTY_RUNS in all */
static const char *const PATH = "aufbau-bench.h5";

typedef struct {
  int64_t tasks;
  double seconds;              /* of a task; negative: the scheduler alone, empty */
  afb_bench_tasks result;
} trial;

static afb_status run_trial(void *context, MPI_Comm comm)
{
  trial *t = context;
  return t->seconds < 0.0 ? afb_bench_empty_tasks(comm, t->tasks, &t->result) : afb_bench_campaign_tasks(comm, PATH, t->tasks, t->seconds, &t->result);
}

/* The median of TURNS trials, one more before them. Results are of rank 0. */
static afb_status middle_of(int ranks, int64_t tasks, double seconds, afb_bench_tasks *out)
{
  afb_bench_tasks result[TURNS];
  for (int turn = -1; turn < TURNS; turn++) {
    trial t = {.tasks = tasks, .seconds = seconds};
    AFB_TRY(afb_bench_on(ranks, run_trial, &t));
    if (turn >= 0)
      result[turn] = t.result;
  }
  for (int i = 0; i < TURNS; i++) {
    int below = 0;
    for (int k = 0; k < TURNS; k++)
      below += result[k].wall < result[i].wall || (result[k].wall == result[i].wall && k < i);
    if (below == TURNS / 2)
      *out = result[i];
  }
  return AFB_OK;
}

static afb_status write_figure(const char *path, const afb_bench_tasks *curve, int n_others, const afb_other_tasks *other)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, AFB_SVG_BEGINNING, &out));
  afb_figure_task_lengths(out.stream, LENGTHS, curve, n_others, other);
  return afb_output_end(&out);
}

static afb_status bench_empty(int rank, int size, int markdown)
{
  afb_bench_tasks scheduler[LEVELS], campaign[LEVELS];
  int n = 0;
  for (int ranks = 1; ranks <= size && n < LEVELS; ranks = ranks < size && 2 * ranks > size ? size : 2 * ranks, n++) {
    AFB_TRY(middle_of(ranks, EMPTY, -1.0, &scheduler[n]));
    AFB_TRY(middle_of(ranks, EMPTY_RUNS, 0.0, &campaign[n]));
  }
  if (rank == 0)
    afb_report_empty_tasks(stdout, markdown, n, scheduler, campaign);
  return AFB_OK;
}

afb_status afb_run_bench_schedule(const afb_arguments *arguments)
{
  int rank, size, n_others = 0;
  afb_other_tasks other[OTHERS];
  afb_bench_tasks curve[LENGTHS];
  afb_status status = AFB_OK;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (rank == 0 && arguments->n_operands > 1)
    status = afb_other_tasks_read(arguments->operand[1], OTHERS, &n_others, other);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, status));
  AFB_TRY(bench_empty(rank, size, arguments->markdown));
  fflush(stdout);
  for (int i = 0; i < LENGTHS; i++) {
    int64_t tasks = tasks_of[i] * size;
    AFB_TRY(middle_of(size, tasks < EMPTY_RUNS || tasks_of[i] < 100 ? tasks : EMPTY_RUNS, length[i], &curve[i]));
  }
  if (rank == 0)
    afb_report_task_lengths(stdout, arguments->markdown, LENGTHS, curve, n_others, other);
  if (rank == 0 && arguments->output)
    status = write_figure(arguments->output, curve, n_others, other);
  return afb_agree(MPI_COMM_WORLD, status);
}
