/* The table of `aufbau bench train`. Not collective: one rank prints. */
#ifndef AFB_REPORT_BENCH_TRAIN_H
#define AFB_REPORT_BENCH_TRAIN_H

#include <stdio.h>

#include "learn/bench.h"

/* ranks > 1: `alone` is what rank 0 measured by itself in turn with all ranks; otherwise unused. */
void afb_report_bench_train_head(FILE *out, int markdown, int ranks);
void afb_report_bench_train_row(FILE *out, int markdown, int ranks, const afb_bench_case *problem, const afb_bench_result *result,
                                const afb_bench_result *alone);

#endif
