/* `aufbau bench schedule [OTHERS.csv]`. */
#ifndef AFB_APP_BENCH_SCHEDULE_H
#define AFB_APP_BENCH_SCHEDULE_H

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. */
afb_status afb_run_bench_schedule(const afb_arguments *arguments);

#endif
