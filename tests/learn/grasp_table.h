/* GRASP2018's outcomes (reference/grasp/dataset.csv) as a table of sets. */
#ifndef AFB_TESTS_LEARN_GRASP_TABLE_H
#define AFB_TESTS_LEARN_GRASP_TABLE_H

#include "learn/set_table.h"

enum { GRASP_COLD = 1, GRASP_WARM = 2, GRASP_BOTH = 3, GRASP_ROWS = 20000 };
enum { GRASP_LEVELS = 3 };   /* GRASP optimised the lowest 1 ... 3 levels of every block */

typedef struct {
  afb_set_table table;         /* labelled rows; label of AFB_TARGET_CONVERGED, the other is NaN */
  unsigned char *warm;         /* [n] 1: warm start */
  signed char *parent[2];      /* [n] each: whether the parent set converged cold, warm; -1 unknown. An outcome: no input */
  float *trial;                /* [n][GRASP_TRIAL], tests/learn/grasp_trial.h; NULL unless asked for */
} grasp_outcomes;

/* Path of dataset.csv: $AUFBAU_SHARED, or shared/ beside the source; NULL when it is not there. */
const char *grasp_dataset(void);

/* Rows with these starts. grasp_clear in every case. */
afb_status grasp_load(const char *path, int starts, int with_trial, grasp_outcomes *out);
void grasp_clear(grasp_outcomes *outcomes);
/* The table with the trial as further global columns. */
afb_status grasp_with_trial(const grasp_outcomes *outcomes, afb_set_table *out);

#endif
