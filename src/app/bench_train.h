/* `aufbau bench train`. */
#ifndef AFB_APP_BENCH_TRAIN_H
#define AFB_APP_BENCH_TRAIN_H

#include "app/command.h"

/* Collective on MPI_COMM_WORLD. */
afb_status afb_run_bench_train(const afb_arguments *arguments);

#endif
