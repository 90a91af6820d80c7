/* `aufbau bench`: what calculations cost on this machine. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_io.h"
#include "app/bench_loop.h"
#include "app/bench_scaling.h"
#include "app/bench_schedule.h"
#include "app/bench_simulate.h"
#include "app/bench_train.h"
#include "app/command.h"
#include "app/output.h"
#include "report/bench.h"
#include "report/bench_atom.h"
#include "report/bench_large.h"
#include "report/outcomes.h"
#include "report/pretraining.h"

static int markdown;

static void show(const afb_bench_row *row)
{
  afb_report_bench_row(stdout, markdown, row);
  fflush(stdout);
}

static afb_status bench_bispectrum(int rank)
{
  int n;
  afb_bench_row row[AFB_BENCH_ROWS];
  if (rank == 0)
    afb_report_bench_head(stdout, markdown);
  AFB_TRY(afb_bench_bispectrum(MPI_COMM_WORLD, AFB_KERNEL_AUTO, "aufbau-bench.h5", show, &n, row));
  if (rank == 0)
    afb_report_bench_foot(stdout, markdown, n, row);
  return AFB_OK;
}

static afb_status write_runs(const char *path, int n, const afb_bench_run *run)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, "ion,configurations,orbitals", &out));
  afb_report_bench_atom_runs(out.stream, n, run);
  return afb_output_end(&out);
}

static afb_status needs_table(const afb_arguments *arguments)
{
  return arguments->n_operands > 1 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "a table of runs is missing: aufbau bench %s TABLE.csv", arguments->operand[0]);
}

static afb_status bench_atom(const afb_arguments *arguments, int rank)
{
  int n;
  afb_bench_run *run;
  afb_bench_angular angular[AFB_BENCH_ANGULAR];
  AFB_TRY(needs_table(arguments));
  AFB_TRY(afb_bench_atom(MPI_COMM_WORLD, arguments->operand[1], 0, &n, &run));
  afb_status status = rank == 0 ? afb_bench_angular_part(angular) : AFB_OK;
  if (rank == 0 && status == AFB_OK) {
    afb_report_bench_atom(stdout, markdown, n, run, angular);
    if (arguments->csv)
      status = write_runs(arguments->csv, n, run);
  }
  free(run);
  return afb_agree(MPI_COMM_WORLD, status);
}

static afb_status fit_on_one(const afb_arguments *arguments, int n, const afb_bench_run *run)
{
  afb_bench_run *all = calloc((size_t)n + AFB_BENCH_ANGULAR, sizeof *all);
  if (!all)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d runs", n);
  if (n > 0)
    memcpy(all, run, (size_t)n * sizeof *all);
  afb_status status = afb_bench_lists(all + n);
  if (status == AFB_OK && arguments->csv)
    status = write_runs(arguments->csv, n + AFB_BENCH_ANGULAR, all);
  if (status == AFB_OK)
    status = afb_report_bench_cost(stdout, n + AFB_BENCH_ANGULAR, all);
  free(all);
  return status;
}

static afb_status bench_cost(const afb_arguments *arguments, int rank)
{
  int n;
  afb_bench_run *run;
  AFB_TRY(needs_table(arguments));
  AFB_TRY(afb_bench_atom(MPI_COMM_WORLD, arguments->operand[1], 1, &n, &run));
  afb_status status = rank == 0 ? fit_on_one(arguments, n, run) : AFB_OK;
  free(run);
  return afb_agree(MPI_COMM_WORLD, status);
}

static void show_large(const afb_bench_large *row)
{
  afb_report_bench_large_row(stdout, markdown, row);
  fflush(stdout);
}

static afb_status bench_large(const afb_arguments *arguments, int rank)
{
  if (rank == 0)
    afb_report_bench_large_head(stdout, markdown);
  return afb_bench_large_expansions(MPI_COMM_WORLD, arguments->n_operands > 1, show_large);
}

static afb_status write_figure(const char *path, const afb_outcome_data *data, const afb_outcome_trials *trials)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, AFB_SVG_BEGINNING, &out));
  afb_status status = afb_report_trials_figure(out.stream, data, trials);
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  return status;
}

static afb_status show_outcomes(const afb_arguments *arguments, int rank, const afb_outcome_data *data)
{
  afb_outcome_trials trials = {0};
  afb_status status = rank == 0 ? afb_report_campaign_of(stdout, data) : AFB_OK;
  fflush(stdout);
  status = afb_agree(MPI_COMM_WORLD, status);
  if (status == AFB_OK)
    status = afb_outcome_trials_run(MPI_COMM_WORLD, &data->table, &trials);
  if (rank == 0 && status == AFB_OK)
    status = afb_report_trials(stdout, data, &trials);
  if (rank == 0 && status == AFB_OK && arguments->output)
    status = write_figure(arguments->output, data, &trials);
  afb_outcome_trials_clear(&trials);
  return afb_agree(MPI_COMM_WORLD, status);
}

static afb_status show_pretraining(int rank, const afb_outcome_data *data)
{
  afb_pretraining result;
  AFB_TRY(afb_pretraining_run(MPI_COMM_WORLD, &data->table, &result));
  if (rank == 0)
    afb_report_pretraining(stdout, &result);
  return AFB_OK;
}

static afb_status bench_outcomes(const afb_arguments *arguments, int rank)
{
  afb_store *store;
  afb_outcome_data data = {0};
  if (arguments->n_operands < 2)
    return AFB_FAIL(AFB_E_INPUT, "the file of a campaign is missing: aufbau bench %s FILE.h5", arguments->operand[0]);
  AFB_TRY(afb_store_open(MPI_COMM_WORLD, arguments->operand[1], AFB_STORE_READ, NULL, &store));
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_outcome_data_read(store, &data));
  afb_status closed = afb_store_close(&store);
  if (status == AFB_OK)
    status = closed;
  if (status == AFB_OK)
    status = strcmp(arguments->operand[0], "outcomes") == 0 ? show_outcomes(arguments, rank, &data) : show_pretraining(rank, &data);
  afb_outcome_data_clear(&data);
  return status;
}

afb_status afb_run_bench(const afb_arguments *arguments, int *exit_status)
{
  const char *what = arguments->operand[0];
  int rank;
  (void)exit_status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  markdown = arguments->markdown;
  if (strcmp(what, "atom") == 0)
    return bench_atom(arguments, rank);
  if (strcmp(what, "cost") == 0)
    return bench_cost(arguments, rank);
  if (strcmp(what, "large") == 0)
    return bench_large(arguments, rank);
  if (strcmp(what, "bispectrum") == 0)
    return bench_bispectrum(rank);
  if (strcmp(what, "outcomes") == 0 || strcmp(what, "pretraining") == 0)
    return bench_outcomes(arguments, rank);
  if (strcmp(what, "train") == 0)
    return afb_run_bench_train(arguments);
  if (strcmp(what, "loop") == 0)
    return afb_run_bench_loop(arguments);
  if (strcmp(what, "schedule") == 0)
    return afb_run_bench_schedule(arguments);
  if (strcmp(what, "campaign") == 0)
    return afb_run_bench_campaign(arguments);
  if (strcmp(what, "describe") == 0)
    return afb_run_bench_describe(arguments);
  if (strcmp(what, "io") == 0)
    return afb_run_bench_io(arguments);
  if (strcmp(what, "simulate") == 0)
    return afb_run_bench_simulate(arguments);
  return AFB_FAIL(AFB_E_INPUT, "there is no benchmark \"%.40s\"; there are: atom, cost, large, outcomes, pretraining, bispectrum, train, loop, campaign, describe, schedule, io, simulate", what);
}
