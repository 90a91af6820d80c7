/* `aufbau bench`: what calculations cost on this machine. */
#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_train.h"
#include "app/command.h"
#include "report/bench.h"
#include "report/bench_atom.h"

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
  FILE *file = fopen(path, "w");
  if (!file)
    return AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  afb_report_bench_atom_runs(file, n, run);
  int failed = ferror(file);
  return fclose(file) == 0 && !failed ? AFB_OK : AFB_FAIL(AFB_E_IO, "%s: cannot be written", path);
}

static afb_status bench_atom(const afb_arguments *arguments, int rank)
{
  int n;
  afb_bench_run *run;
  afb_bench_angular angular[AFB_BENCH_ANGULAR];
  if (arguments->n_operands < 2)
    return AFB_FAIL(AFB_E_INPUT, "a table of runs is missing: aufbau bench atom TABLE.csv");
  AFB_TRY(afb_bench_atom(MPI_COMM_WORLD, arguments->operand[1], &n, &run));
  afb_status status = rank == 0 ? afb_bench_angular_part(angular) : AFB_OK;
  if (rank == 0 && status == AFB_OK) {
    afb_report_bench_atom(stdout, markdown, n, run, angular);
    if (arguments->csv)
      status = write_runs(arguments->csv, n, run);
  }
  free(run);
  return afb_agree(MPI_COMM_WORLD, status);
}

afb_status afb_run_bench(const afb_arguments *arguments, int *exit_status)
{
  int rank, atom = strcmp(arguments->operand[0], "atom") == 0;
  (void)exit_status;
  if (strcmp(arguments->operand[0], "train") == 0)
    return afb_run_bench_train(arguments);
  if (!atom && strcmp(arguments->operand[0], "bispectrum") != 0)
    return AFB_FAIL(AFB_E_INPUT, "there is no benchmark \"%.40s\"; there are: atom, bispectrum, train", arguments->operand[0]);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  markdown = arguments->markdown;
  return atom ? bench_atom(arguments, rank) : bench_bispectrum(rank);
}
