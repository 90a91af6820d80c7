/* The table of `aufbau bench io`. One rank writes. */
#ifndef AFB_REPORT_BENCH_IO_H
#define AFB_REPORT_BENCH_IO_H

#include <stdio.h>

#include "store/bench_io.h"

/* `hints`: those of the files (store/hints.h). */
void afb_report_io_head(FILE *out, const char *hints);
void afb_report_io_row(FILE *out, int ranks, const afb_io_row *row);

#endif
