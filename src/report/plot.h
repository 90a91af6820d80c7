/* Axes of drawings in a page (html.h), linear or logarithmic; what stands between the axes is the caller's. Not collective: one rank writes. */
#ifndef AFB_REPORT_PLOT_H
#define AFB_REPORT_PLOT_H

#include <stdio.h>

typedef struct {
  const char *title, *x_title, *y_title;   /* HTML */
  double x[2], y[2];           /* ranges; those of logarithmic axes positive */
  int log_x, log_y;
  int width, height;           /* 0: 350 x 270 */
} afb_plot;

/* <figure><svg> with the axes. Ranges without extent are widened. */
void afb_plot_begin(FILE *out, afb_plot *plot);
/* `caption`, HTML, may be NULL. */
void afb_plot_end(FILE *out, const char *caption);

/* Between marks: 1, 2 or 5 times a power of ten, so that there are `most` at most. */
double afb_plot_step(double range, int most);
/* Where a value is; what is outside of the range is at its edge. */
double afb_plot_x(const afb_plot *plot, double x);
double afb_plot_y(const afb_plot *plot, double y);

/* A line through n points, in the class ("o0" ...); points that are not finite are left out. */
void afb_plot_line(FILE *out, const afb_plot *plot, int n, const double *x, const double *y, const char *class, int dashed);

#endif
