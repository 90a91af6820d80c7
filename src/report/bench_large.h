/* The table of `aufbau bench large`. Not collective: one rank prints. */
#ifndef AFB_REPORT_BENCH_LARGE_H
#define AFB_REPORT_BENCH_LARGE_H

#include <stdio.h>

#include "campaign/bench_large.h"

/* Text for a terminal, or Markdown. */
void afb_report_bench_large_head(FILE *out, int markdown);
void afb_report_bench_large_row(FILE *out, int markdown, const afb_bench_large *row);

#endif
