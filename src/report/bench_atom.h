/* The tables of `aufbau bench atom`. Not collective: one rank prints. */
#ifndef AFB_REPORT_BENCH_ATOM_H
#define AFB_REPORT_BENCH_ATOM_H

#include <stdio.h>

#include "campaign/bench.h"

/* Text for a terminal, or Markdown: sums, medians and phases; predicted against actual cost; the angular part. */
void afb_report_bench_atom(FILE *out, int markdown, int n, const afb_bench_run *run, const afb_bench_angular angular[AFB_BENCH_ANGULAR]);
/* One row a run, comma-separated. */
void afb_report_bench_atom_runs(FILE *out, int n, const afb_bench_run *run);

/* The cost model beside n runs, fitted to them, and fitted to those of other ions: how many it predicts; and its coefficients, to be put into src/engine/cost.c. run[].predicted is overwritten. Statuses of afb_cost_fit. */
afb_status afb_report_bench_cost(FILE *out, int n, afb_bench_run *run);

#endif
