/* GRASP2018's outcomes (reference/grasp/dataset.csv) as a table of sets. */
#ifndef AFB_TESTS_LEARN_GRASP_TABLE_H
#define AFB_TESTS_LEARN_GRASP_TABLE_H

#include "learn/set_table.h"

typedef enum { GRASP_COLD = 1, GRASP_WARM = 2, GRASP_BOTH = 3 } grasp_start;

/* Path of dataset.csv: $AUFBAU_SHARED, or shared/ beside the source; NULL when it is not there. */
const char *grasp_dataset(void);

/* Labelled rows with the given start, of which every `stride`-th ion is kept. Label of AFB_TARGET_CONVERGED; the other is NaN.
 * *warm (or NULL): malloc'ed [n], 1 for warm rows. */
afb_status grasp_load(const char *path, grasp_start start, int stride, afb_set_table *table, unsigned char **warm);

#endif
