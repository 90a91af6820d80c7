/* `aufbau bench`: what calculations cost on this machine. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "report/bench.h"

static int markdown;

static void show(const afb_bench_row *row)
{
  afb_report_bench_row(stdout, markdown, row);
  fflush(stdout);
}

afb_status afb_run_bench(const afb_arguments *arguments, int *exit_status)
{
  int n, rank;
  afb_bench_row row[AFB_BENCH_ROWS];
  (void)exit_status;
  if (strcmp(arguments->operand[0], "bispectrum") != 0)
    return AFB_FAIL(AFB_E_INPUT, "there is no benchmark \"%.40s\"; there is: bispectrum", arguments->operand[0]);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  markdown = arguments->markdown;
  if (rank == 0)
    afb_report_bench_head(stdout, markdown);
  AFB_TRY(afb_bench_bispectrum(MPI_COMM_WORLD, AFB_KERNEL_AUTO, "aufbau-bench.h5", show, &n, row));
  if (rank == 0)
    afb_report_bench_foot(stdout, markdown, n, row);
  return AFB_OK;
}
