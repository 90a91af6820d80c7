#include "app/bench_io.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/bench_io.h"
#include "store/hints.h"

static const int64_t MEGABYTE = 1000000;

/* A whole number of megabytes from 1 to 10^6. */
static afb_status read_size(const char *text, int64_t *most)
{
  char *end;
  long n = strtol(text, &end, 10);
  if (end == text || *end || n < 1 || n > 1000000)
    return AFB_FAIL(AFB_E_INPUT, "\"%.40s\" is no size in megabytes from 1 to 1000000: aufbau bench io [MEGABYTES]", text);
  *most = n * MEGABYTE;
  return AFB_OK;
}

afb_status afb_run_bench_io(const afb_arguments *arguments)
{
  int64_t most = 256 * MEGABYTE;
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (arguments->n_operands > 1)
    AFB_TRY(read_size(arguments->operand[1], &most));
  afb_hints hints;
  afb_hints_choose(MPI_COMM_WORLD, "./aufbau-io.h5", &hints);
  if (rank == 0)
    afb_report_io_head(stdout, hints.text);
  afb_hints_clear(&hints);
  for (int kind = 0; kind < AFB_IO_N_KINDS; kind++)
    for (int64_t bytes = MEGABYTE; bytes <= most; bytes *= 4) {
      afb_io_row row;
      AFB_TRY(afb_bench_io(MPI_COMM_WORLD, ".", (afb_io_kind)kind, bytes, &row));
      if (rank == 0)
        afb_report_io_row(stdout, size, &row);
      fflush(stdout);
    }
  return AFB_OK;
}
