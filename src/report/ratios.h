/* Predictions beside what came, as rows of a table. Not collective: one rank prints. */
#ifndef AFB_REPORT_RATIOS_H
#define AFB_REPORT_RATIOS_H

#include <stdint.h>
#include <stdio.h>

/* The head, for text or Markdown. */
void afb_report_ratios_head(FILE *out, int markdown, const char *title);
/* predicted[n], actual[n]; pairs of which one is not positive are left out. `unit`: of the sums. Nothing is printed when none is left.
 * `predicted` is overwritten. */
void afb_report_ratios(FILE *out, int markdown, const char *name, const char *unit, int64_t n, double *predicted, const double *actual);

/* value[n] in ascending order. */
void afb_report_sort(int64_t n, double *value);

#endif
