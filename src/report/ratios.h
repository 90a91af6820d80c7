/* Predictions beside what came, as rows of a table. Not collective: one rank prints. */
#ifndef AFB_REPORT_RATIOS_H
#define AFB_REPORT_RATIOS_H

#include <stdint.h>
#include <stdio.h>

typedef struct {
  int64_t n;
  double predicted, actual;    /* sums */
  double within;               /* part of the ratios predicted / actual within 1/2 ... 2 */
  double low, median, high;    /* of these ratios: 5 % are below low, 5 % above high */
} afb_ratios;
/* predicted[n], actual[n]; pairs of which one is not positive are left out. `predicted` is overwritten. */
void afb_ratios_of(int64_t n, double *predicted, const double *actual, afb_ratios *out);

/* The head, for text or Markdown. */
void afb_report_ratios_head(FILE *out, int markdown, const char *title);
/* The same, printed. `unit`: of the sums. Nothing is printed when no pair is left. */
void afb_report_ratios(FILE *out, int markdown, const char *name, const char *unit, int64_t n, double *predicted, const double *actual);

/* value[n] in ascending order. */
void afb_report_sort(int64_t n, double *value);

#endif
