/* GRASP2018's outcomes (reference/grasp/dataset.csv) as a table of sets. */
#ifndef AFB_TESTS_LEARN_GRASP_TABLE_H
#define AFB_TESTS_LEARN_GRASP_TABLE_H

#include "learn/set_table.h"

enum { GRASP_COLD = 1, GRASP_WARM = 2, GRASP_BOTH = 3, GRASP_ROWS = 20000 };
enum { GRASP_LEVELS = 3 };   /* GRASP optimised the lowest 1 ... 3 levels of every block */

/* Columns of a trial (tests/learn/grasp_trial.h). */
enum {
  GRASP_TRIAL_END,             /* 1: settled, 0: neither, -1: an orbital's equation had no solution */
  GRASP_TRIAL_ITERATIONS, GRASP_TRIAL_RETRIES,
  GRASP_TRIAL_CHANGE,          /* log10 of the largest change of an orbital in the first four iterations, later ones as the last */
  GRASP_TRIAL_LAST = GRASP_TRIAL_CHANGE + 4,
  GRASP_TRIAL_TREND,           /* log10 of the ratio of the last two */
  GRASP_TRIAL_TRIED,           /* largest part of the energies allowed that one solution needed; then the mean over orbitals */
  GRASP_TRIAL_MEAN_TRIED, GRASP_TRIAL_DAMPING, GRASP_TRIAL_OCCUPATION, GRASP_TRIAL_NORM,
  GRASP_TRIAL_ANCESTOR,        /* END of the trial that a warm start begins from; 0 when cold */
  GRASP_TRIAL_COLUMNS
};

typedef struct {
  afb_set_table table;         /* labelled rows; label of AFB_TARGET_CONVERGED, the other is NaN */
  unsigned char *warm;         /* [n] 1: warm start */
  int64_t *tree;               /* [n] its sequence: the sets that grew from one start */
  signed char *parent[2];      /* [n] each: whether the parent set converged cold, warm; -1 unknown. An outcome: no input */
  signed char *other;          /* [n] outcome of the same set from the other start, where that came before; -1: it did not */
  float *trial;                /* [n][GRASP_TRIAL_COLUMNS]; NULL unless asked for */
  double seconds;              /* CPU, of reading with features and trials */
} grasp_outcomes;

/* Path of dataset.csv: $AUFBAU_SHARED, or shared/ beside the source; NULL when it is not there. */
const char *grasp_dataset(void);

/* Rows with these starts. grasp_clear in every case. */
afb_status grasp_load(const char *path, int starts, int with_trial, grasp_outcomes *out);
void grasp_clear(grasp_outcomes *outcomes);
/* The table with the trial as further global columns. */
afb_status grasp_with_trial(const grasp_outcomes *outcomes, afb_set_table *out);

#endif
