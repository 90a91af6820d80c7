/* Measurements of scaling from result files: every file that `aufbau campaign`, `describe`, `train` and `predict` write has the time of its ranks
 * (store/usage.h). Not collective. */
#ifndef AFB_REPORT_SCALING_FILES_H
#define AFB_REPORT_SCALING_FILES_H

#include <stdint.h>

#include "core/status.h"
#include "report/scaling.h"

typedef struct {
  char path[256];
  const char *command, *unit;          /* static */
  char version[160];                   /* version and revision of the program */
  char *identity;                      /* what decides results, without the names of files with data */
  double work;                         /* runs, rows of descriptors, or 1 for a training or a prediction */
  double seconds;                      /* from the start of the program until all was on the disk */
  afb_usage_sum usage;
  /* campaigns */
  int64_t runs;
  double core_seconds, squares, failed;   /* of runs: sum, sum of squares, of those that did not converge */
} afb_scaling_file;

/* AFB_E_NOT_FOUND; AFB_E_FOREIGN: no such file, or without the time of its ranks (an older version wrote it, or it was ended by force); AFB_E_INPUT: a
 * campaign that was continued; AFB_E_IO, AFB_E_MEMORY. The caller clears, also after a failure. */
afb_status afb_scaling_file_read(const char *path, afb_scaling_file *out);
void afb_scaling_file_clear(afb_scaling_file *file);

/* Series of n files of one input and program: `strong` of those with as much work as the one on the fewest ranks, `weak` of those with as much work
 * a rank as it (2 %), and that one in both; *n_series of them, in series[2]. AFB_E_INPUT: other commands, programs, inputs, or work that
 * is neither; the message names the file. */
afb_status afb_scaling_of_files(int n, const afb_scaling_file *file, int *n_series, afb_scaling series[2]);

/* The plan of so many runs on nodes of so many cores (0: as measured): costs of all runs of n files, the efficiency of the file whose ranks are nearest.
 * AFB_E_INPUT: no campaigns. */
afb_status afb_scaling_plan_of_files(int n, const afb_scaling_file *file, double runs, int nodes, int cores, afb_scaling_plan *plan);

#endif
