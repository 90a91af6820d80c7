/* `aufbau bench loop`. */
#ifndef AFB_APP_BENCH_LOOP_H
#define AFB_APP_BENCH_LOOP_H

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. */
afb_status afb_run_bench_loop(const afb_arguments *arguments);

#endif
