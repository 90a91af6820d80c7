/* `aufbau bench io`. */
#ifndef AFB_APP_BENCH_IO_H
#define AFB_APP_BENCH_IO_H

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. */
afb_status afb_run_bench_io(const afb_arguments *arguments);

#endif
