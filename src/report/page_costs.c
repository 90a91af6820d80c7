#include <math.h>
#include <stdlib.h>

#include "report/page_parts.h"
#include "report/plot.h"
#include "report/ratios.h"

/* Points fall into cells of two units of the drawing; a cell is drawn once for each of four shades of the number of points in it. */
enum { CELL = 2, SHADES = 4, WIDTH = 400, HEIGHT = 380 };

static void cells(FILE *out, const afb_plot *plot, int64_t n, const double *x, const double *y, int *count)
{
  const int columns = plot->width / CELL + 1, rows = plot->height / CELL + 1;
  int most = 1;
  for (int64_t i = 0; i < n; i++)
    if (x[i] > 0 && y[i] > 0) {
      int *cell = &count[(int)(afb_plot_y(plot, y[i]) / CELL) * columns + (int)(afb_plot_x(plot, x[i]) / CELL)];
      most = ++*cell > most ? *cell : most;
    }
  for (int shade = 0; shade < SHADES; shade++) {
    int drawn = 0;
    for (int c = 0; c < columns * rows; c++)
      if (count[c] > 0 && (int)(SHADES * log(count[c]) / log(most + 1.0)) == shade)
        fprintf(out, "%sM%d %dh0", drawn++ ? "" : "<path class=\"dots point\" d=\"", c % columns * CELL + CELL / 2, c / columns * CELL + CELL / 2);
    if (drawn)
      fprintf(out, "\" style=\"stroke-opacity:%.2f\"/>\n", most == 1 ? 0.7 : 0.35 + 0.65 * shade / (SHADES - 1));
  }
}

static afb_status scatter(FILE *out, const char *title, int64_t n, double *predicted, const double *actual)
{
  double range[2] = {INFINITY, 0};
  char caption[256];
  afb_ratios r;
  for (int64_t i = 0; i < n; i++)
    if (predicted[i] > 0 && actual[i] > 0) {
      range[0] = fmin(range[0], fmin(predicted[i], actual[i]));
      range[1] = fmax(range[1], fmax(predicted[i], actual[i]));
    }
  if (!(range[1] > 0))
    return AFB_OK;
  range[0] = fmax(range[0], 1e-5 * range[1]);
  afb_plot plot = {.title = title, .x_title = "core-seconds that it took", .y_title = "core-seconds predicted before the run",
                   .x = {range[0], range[1]}, .y = {range[0], range[1]}, .log_x = 1, .log_y = 1, .width = WIDTH, .height = HEIGHT};
  int *count = calloc((size_t)(WIDTH / CELL + 1) * (HEIGHT / CELL + 1), sizeof *count);
  if (!count)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a drawing of %lld points", (long long)n);
  afb_plot_begin(out, &plot);
  const double corner[][2] = {{1, 2}, {0.5, 1}, {1, 1}, {1, 0.5}, {2, 1}, {1, 1}};   /* of range[0], [1], [1], [1], [0], [0] */
  for (int i = 0; i < 6; i++) {
    double end = i == 0 || i > 3 ? range[0] : range[1];
    fprintf(out, "%s%.1f %.1f", i ? "L" : "<path class=\"band\" d=\"M", afb_plot_x(&plot, end * corner[i][0]), afb_plot_y(&plot, end * corner[i][1]));
  }
  fputs("Z\"/>\n", out);
  cells(out, &plot, n, actual, predicted, count);
  free(count);
  afb_ratios_of(n, predicted, actual, &r);
  snprintf(caption, sizeof caption, "%lld runs: %.1f\xe2\x80\xaf%% within a factor of two (the band). Predicted over actual: median %.2f, 5\xe2\x80\xaf%% below %.2f, "
                                    "5\xe2\x80\xaf%% above %.2f. In all %.4g\xe2\x80\xafs predicted, %.4g\xe2\x80\xafs taken.",
           (long long)r.n, 100 * r.within, r.median, r.low, r.high, r.predicted, r.actual);
  afb_plot_end(out, caption);
  return AFB_OK;
}

afb_status afb_page_costs(FILE *out, const afb_page *page)
{
  const afb_ledger *ledger = &page->result.ledger;
  double *predicted = malloc((2 * (size_t)ledger->n + 1) * sizeof *predicted), *actual = predicted + ledger->n;
  afb_status status = predicted ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %lld runs", (long long)ledger->n);
  int64_t known = 0;
  for (int64_t i = 0; i < ledger->n; i++)
    known += ledger->entry[i].cost.estimate > 0 || ledger->entry[i].cost.seconds > 0;
  if (status == AFB_OK && known > 0) {
    afb_html_section(out, "costs", "Costs",
                     "Core-seconds that were predicted before each run beside those that it took: from the input alone, and corrected by what earlier runs "
                     "took.");
    fputs("<div class=\"grid\">\n", out);
    for (int corrected = 0; corrected < 2 && status == AFB_OK; corrected++) {
      for (int64_t i = 0; i < ledger->n; i++) {
        predicted[i] = corrected ? ledger->entry[i].cost.seconds : ledger->entry[i].cost.estimate;
        actual[i] = ledger->entry[i].core_seconds;
      }
      status = scatter(out, corrected ? "Corrected by earlier runs" : "From the input alone", ledger->n, predicted, actual);
    }
    fputs("</div>\n", out);
    afb_html_section_end(out);
  }
  free(predicted);
  return status;
}
