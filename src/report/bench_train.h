/* The table of `aufbau bench train`. Not collective: one rank prints. */
#ifndef AFB_REPORT_BENCH_TRAIN_H
#define AFB_REPORT_BENCH_TRAIN_H

#include <stdio.h>

#include "learn/bench.h"
#include "learn/large_batch.h"

/* ranks > 1: `alone` is what rank 0 measured by itself in turn with all ranks; otherwise unused. */
void afb_report_bench_train_head(FILE *out, int markdown, int ranks);
void afb_report_bench_train_row(FILE *out, int markdown, int ranks, const afb_bench_case *problem, const afb_bench_result *result,
                                const afb_bench_result *alone);

/* The table of `aufbau bench train large-batch`; recipe NULL: what nobody can beat. first: result of the first recipe. */
void afb_report_bench_batch_head(FILE *out, int markdown);
void afb_report_bench_batch_row(FILE *out, int markdown, const afb_batch_recipe *recipe, const afb_batch_result *result,
                                const afb_batch_result *first);

#endif
