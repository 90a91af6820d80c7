/* Tables and the figure of `aufbau bench schedule`. Not collective: one rank writes. */
#ifndef AFB_REPORT_BENCH_SCHEDULE_H
#define AFB_REPORT_BENCH_SCHEDULE_H

#include <stdio.h>

#include "campaign/bench_schedule.h"

/* Tasks by another program: read from lines "method,seconds,slots,tasks,wall". */
typedef struct {
  char method[48];
  afb_bench_tasks tasks;       /* ranks: slots */
} afb_other_tasks;
/* Reads at most `most` lines; the first line has the names. AFB_E_INPUT: cannot be read, or is not such a file. */
afb_status afb_other_tasks_read(const char *path, int most, int *n, afb_other_tasks *out);

/* Empty tasks: of the scheduler alone and of campaigns. */
void afb_report_empty_tasks(FILE *out, int markdown, int n, const afb_bench_tasks *scheduler, const afb_bench_tasks *campaign);
/* Allocation efficiency, tasks x length / (ranks x wall), against length. */
void afb_report_task_lengths(FILE *out, int markdown, int n, const afb_bench_tasks *campaign, int n_others, const afb_other_tasks *other);
void afb_figure_task_lengths(FILE *out, int n, const afb_bench_tasks *campaign, int n_others, const afb_other_tasks *other);

#endif
