/* The table of `aufbau bench bispectrum`. Not collective: one rank prints. */
#ifndef AFB_REPORT_BENCH_H
#define AFB_REPORT_BENCH_H

#include <stdio.h>

#include "materials/bench.h"

/* Lines of a table that grows row by row: text for a terminal, or Markdown. */
void afb_report_bench_head(FILE *out, int markdown);
void afb_report_bench_row(FILE *out, int markdown, const afb_bench_row *row);
/* What the columns mean, and what search and output take of the time of B at 2J = 8. */
void afb_report_bench_foot(FILE *out, int markdown, int n, const afb_bench_row *row);

#endif
