/* Small line charts as one SVG text without anything from outside, readable on light and on dark. Not collective: one rank writes. */
#ifndef AFB_REPORT_FIGURE_H
#define AFB_REPORT_FIGURE_H

#include <stdio.h>

enum { AFB_FIGURE_POINTS = 40, AFB_FIGURE_SERIES = 8 };

typedef struct {
  const char *name;            /* "": not named in the legend */
  int colour, dashed;          /* colour 0 ... 3 */
  int n;
  double x[AFB_FIGURE_POINTS], y[AFB_FIGURE_POINTS];
  int bars;                    /* 1: from low to high at each point */
  double low[AFB_FIGURE_POINTS], high[AFB_FIGURE_POINTS];
} afb_series;

typedef struct {
  const char *title, *x_title, *y_title;
  double x[2], y[2];           /* ranges of the axes */
  double x_step, y_step;       /* between marks; of a logarithmic axis the factor between them */
  int log_x, log_y;            /* 1: logarithmic; the range is then positive */
  double y_most;               /* the last mark; 0: as far as the axis goes */
  int legend_low, legend_right;   /* 1: names of the series at the lower edge, on the right; 0: upper, left */
  int diagonal;                /* 1: the line y = x is drawn, thin */
  int n;
  afb_series series[AFB_FIGURE_SERIES];
} afb_chart;

/* Charts in rows of two. Points outside of the axes are drawn at their edge. */
void afb_figure_write(FILE *out, int n, const afb_chart *chart);

#endif
