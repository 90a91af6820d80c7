/* Table and figure of `aufbau bench loop`. Not collective: one rank writes. */
#ifndef AFB_REPORT_BENCH_LOOP_H
#define AFB_REPORT_BENCH_LOOP_H

#include <stdio.h>

#include "campaign/bench_loop.h"

/* Each measure per core-hour, by strategy, with its 95 % interval over the seeds, and the model's lead. */
void afb_report_bench_loop(FILE *out, int markdown, const afb_loop *loop);
/* An SVG of useful results against core-seconds: mean and 95 % interval by strategy; light or dark as the reader's system is. */
void afb_report_loop_figure(FILE *out, const afb_loop *loop);

#endif
