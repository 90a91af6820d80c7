/* `aufbau status`: how far a result file has got, while another process writes it. */
#include <mpi.h>
#include <stdio.h>

#include "app/command.h"
#include "report/status.h"

static afb_status print_status(const afb_arguments *arguments)
{
  afb_standing standing;
  AFB_TRY(afb_standing_read(arguments->operand[0], &standing));
  if (arguments->quiet)
    afb_standing_line(stdout, &standing);
  else
    afb_standing_print(stdout, &standing);
  return AFB_OK;
}

afb_status afb_run_status(const afb_arguments *arguments, int *exit_status)
{
  int rank;
  (void)exit_status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return afb_agree(MPI_COMM_WORLD, rank == 0 ? print_status(arguments) : AFB_OK);
}
