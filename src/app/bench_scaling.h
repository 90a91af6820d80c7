/* `aufbau bench campaign|describe INPUT`: scaling of the whole command on 1, 2, 4 ... ranks of this start. */
#ifndef AFB_APP_BENCH_SCALING_H
#define AFB_APP_BENCH_SCALING_H

#include <mpi.h>

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. Files beside the working directory, aufbau-bench.h5, are made and removed. */
afb_status afb_run_bench_campaign(const afb_arguments *arguments);
afb_status afb_run_bench_describe(const afb_arguments *arguments);

/* Collective on MPI_COMM_WORLD: run(context, comm) on a communicator of the first n ranks, while the others sleep; the status is agreed upon by all. */
afb_status afb_bench_on(int n, afb_status (*run)(void *context, MPI_Comm comm), void *context);

#endif
