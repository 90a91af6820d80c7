/* `aufbau bench simulate`. */
#ifndef AFB_APP_BENCH_SIMULATE_H
#define AFB_APP_BENCH_SIMULATE_H

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. */
afb_status afb_run_bench_simulate(const afb_arguments *arguments);

#endif
