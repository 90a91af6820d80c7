/* Lines of GRASP2018's tables reference/grasp/campaign.csv and dataset.csv. */
#ifndef AFB_TESTS_LEARN_GRASP_CSV_H
#define AFB_TESTS_LEARN_GRASP_CSV_H

#include "atomic/configuration.h"

enum { GRASP_COLUMNS = 64, GRASP_SETS = 16, GRASP_LINE = 8192 };

/* Path of a file of reference/grasp under $AUFBAU_SHARED, or shared/ beside the source; NULL when it is not there. */
const char *grasp_file(const char *name);

/* Splits a line in place; quoted fields may contain commas. The number of fields, -1: a quote is open. */
int grasp_split(char *line, char *field[GRASP_COLUMNS]);
/* Number of the column of this name, -1: none. */
int grasp_column(char *field[], int n, const char *name);
/* A configuration "3s(2,i)3p(1,*)" on a core of 0 ... 5 noble gases; several with ";" between them. */
afb_status grasp_parse(const char *text, int core, afb_configuration *out);
afb_status grasp_parse_set(char *text, int core, afb_configuration set[GRASP_SETS], int *n);

#endif
