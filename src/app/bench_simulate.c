#include "app/bench_simulate.h"

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/output.h"
#include "campaign/scheduler.h"
#include "report/simulate.h"
#include "store/store.h"

enum { RUNS_A_RANK = 20, LEAST_RUNS = 4000, MOST_RUNS = 1000000, TRIAL_RUNS = 20, TRIALS = 3, RANKS_OF_LEADER = 128 };
/* Assumed of an interconnect and of a parallel file system. */
static const double LATENCY = 2e-6, BYTE = 1e-10, FILE_BANDWIDTH = 1e10;
/* Measured by hand in the campaign of inputs/quickstart.yaml: see docs/simulation.md. */
static const double PLAN = 150e-6;

/* Seconds of rank 0 for a run of the file, beside the runs: queue, messages and storing, in the sessions that ended in order. *serving stays where there are none. */
static afb_status read_serving(afb_store *store, int64_t n_runs, const afb_store_run *run, double *serving)
{
  int64_t n = afb_store_count(store, AFB_TABLE_USAGE), runs = 0;
  double seconds = 0.0;
  for (int64_t i = 0; i < n; i++) {
    afb_store_usage usage;
    AFB_TRY(afb_store_read(store, AFB_TABLE_USAGE, i, 1, sizeof usage, &usage));
    if (usage.rank != 0)
      continue;
    seconds += usage.service + usage.storing;
    for (int64_t k = 0; k < n_runs; k++)
      runs += run[k].session == usage.session;
  }
  if (runs > 0)
    *serving = seconds / (double)runs;
  return AFB_OK;
}

/* Core-seconds of the runs of a campaign's file, those of no length left out, and what rank 0 spent on each. */
static afb_status read_file(const char *path, int64_t *n, double **seconds, double *serving)
{
  afb_store *store;
  *n = 0;
  *seconds = NULL;
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  int64_t rows = afb_store_count(store, AFB_TABLE_RUNS);
  afb_store_run *run = malloc((size_t)rows * sizeof *run + 1);
  *seconds = malloc((size_t)rows * sizeof **seconds + 1);
  afb_status status = run && *seconds ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)rows);
  if (status == AFB_OK)
    status = afb_store_read(store, AFB_TABLE_RUNS, 0, rows, sizeof *run, run);
  for (int64_t i = 0; i < rows && status == AFB_OK; i++)
    if (run[i].core_seconds > 0.0)
      (*seconds)[(*n)++] = run[i].core_seconds;
  if (status == AFB_OK && *n == 0)
    status = AFB_FAIL(AFB_E_INPUT, "%s holds no runs that took time", path);
  if (status == AFB_OK)
    status = read_serving(store, rows, run, serving);
  free(run);
  afb_status closed = afb_store_close(&store);
  return status != AFB_OK ? status : closed;
}

static afb_status compare(const afb_service *measured, int rank, int size)
{
  static const double keep[] = {1e-3, 25e-3};
  if (rank == 0)
    afb_report_trials_of_service_head(stdout);
  for (int k = 0; k < 2; k++)
    for (int ranks = 1; ranks <= size; ranks *= 2) {
      afb_simulation s = {.layout = AFB_LAYOUT_SHARED, .ranks = ranks, .runs = (int64_t)TRIAL_RUNS * ranks, .seed = 1, .service = *measured,
                          .lengths = {.mean = 0.1, .deviation = 0.8, .cut = 8.0, .error = 0.3}};
      afb_service_trial trial, best = {0};
      s.service.plan = 0.0;
      s.service.store = keep[k];
      /* What else runs on the machine only takes: the best of several. */
      for (int i = 0; i < TRIALS; i++) {
        AFB_TRY(afb_service_try(MPI_COMM_WORLD, &s, &trial));
        if (trial.real > best.real)
          best = trial;
      }
      if (rank == 0)
        afb_report_trial_of_service(stdout, &s, &best);
      fflush(stdout);
    }
  return AFB_OK;
}

static afb_status fill_grid(const afb_service *service, const afb_lengths *lengths, afb_simulation_grid *grid)
{
  for (int m = 0; m < AFB_GRID_MEANS; m++) {
    grid->mean[m] = m == 0 ? 0.1 : 10.0 * grid->mean[m - 1];
    for (int r = 0; r < AFB_GRID_RANKS; r++) {
      grid->ranks[r] = r == 0 ? 1 : r == 1 ? 3 : 10 * grid->ranks[r - 2];
      for (int l = 0; l < AFB_N_LAYOUTS; l++) {
        int64_t runs = (int64_t)RUNS_A_RANK * grid->ranks[r];
        runs = runs < LEAST_RUNS ? LEAST_RUNS : runs > MOST_RUNS ? MOST_RUNS : runs;
        afb_simulation s = {.layout = (afb_layout)l, .ranks = grid->ranks[r], .per_leader = RANKS_OF_LEADER,
                            .runs = runs, .seed = 1, .service = *service, .lengths = *lengths};
        s.lengths.mean = grid->mean[m];
        AFB_TRY(afb_simulate(&s, &grid->of[m][l][r]));
      }
    }
  }
  return AFB_OK;
}

static afb_status write_figure(const char *path, const afb_simulation_grid *grid)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, AFB_SVG_BEGINNING, &out));
  afb_report_simulation_figure(out.stream, grid);
  return afb_output_end(&out);
}

static afb_status predict(const afb_arguments *arguments, afb_service service, const afb_lengths *lengths)
{
  static afb_simulation_grid grid;
  service.latency = LATENCY;
  service.byte = BYTE;
  service.file_bytes = service.result_bytes;
  service.file_bandwidth = FILE_BANDWIDTH;
  AFB_TRY(fill_grid(&service, lengths, &grid));
  afb_report_simulation(stdout, &service, &grid);
  return arguments->output ? write_figure(arguments->output, &grid) : AFB_OK;
}

afb_status afb_run_bench_simulate(const afb_arguments *arguments)
{
  int rank, size;
  double *seconds = NULL, serving = 0.0;
  afb_lengths lengths = AFB_LENGTHS_MEASURED;
  afb_service service = {.plan = PLAN, .rest = 1.6e-4, .poll = AFB_LOOK_INTERVAL, .polls = 20};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  afb_status status = AFB_OK;
  if (rank == 0 && arguments->n_operands > 1)
    status = read_file(arguments->operand[1], &lengths.n, &seconds, &serving);
  lengths.seconds = seconds;
  status = afb_agree(MPI_COMM_WORLD, status);
  if (status == AFB_OK)
    status = afb_service_measure(MPI_COMM_WORLD, "aufbau-simulate.h5", &service);
  if (serving > 0.0)
    service.plan = fmax(0.0, serving - service.store);
  if (status == AFB_OK && rank == 0)
    afb_report_service(stdout, &service, size);
  fflush(stdout);
  if (status == AFB_OK)
    status = compare(&service, rank, size);
  if (status == AFB_OK && rank == 0)
    status = predict(arguments, service, &lengths);
  afb_service_rest_until_all(MPI_COMM_WORLD);
  free(seconds);
  return afb_agree(MPI_COMM_WORLD, status);
}
