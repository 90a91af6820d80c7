#include <math.h>
#include <stdlib.h>

#include "report/page_parts.h"
#include "report/plot.h"
#include "report/ratios.h"

/* Points fall into cells of two units of the drawing; a cell is drawn once for each of four shades of the number of points in it. */
enum { CELL = 2, SHADES = 4, WIDTH = 350, HEIGHT = 340 };

static void cells(FILE *out, const afb_plot *plot, int64_t n, const double *x, const double *y, int *count)
{
  const int columns = plot->width / CELL + 1, rows = plot->height / CELL + 1;
  int most = 1;
  for (int64_t i = 0; i < n; i++) {
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

/* What is predicted and measured of each run, and how it is called. */
typedef struct {
  const char *title, *x_title, *y_title, *unit;
  double scale, least;         /* to the unit; pairs of which both are below `least` are left out */
} quantity;

static double predicted_of(const afb_entry *entry, int panel)
{
  return panel == 0 ? entry->cost.estimate : panel == 1 ? entry->cost.seconds : entry->cost.predicted_bytes;
}

static double actual_of(const afb_entry *entry, int panel) { return panel < 2 ? entry->core_seconds : entry->cost.bytes; }

/* Both for the runs that are positive in both; only_converged: of those that converged. Returns how many. */
static int64_t pairs(const afb_ledger *ledger, const quantity *q, int panel, int only_converged, double *predicted, double *actual)
{
  int64_t n = 0;
  for (int64_t i = 0; i < ledger->n; i++) {
    const afb_entry *entry = &ledger->entry[i];
    predicted[n] = predicted_of(entry, panel) * q->scale;
    actual[n] = actual_of(entry, panel) * q->scale;
    n += predicted[n] > 0 && actual[n] > 0 && (predicted[n] >= q->least || actual[n] >= q->least) &&
      (!only_converged || afb_outcome_ok(entry->outcome));
  }
  return n;
}

static void band(FILE *out, const afb_plot *plot, const double range[2])
{
  const double corner[][2] = {{1, 2}, {0.5, 1}, {1, 1}, {1, 0.5}, {2, 1}, {1, 1}};   /* of range[0], [1], [1], [1], [0], [0] */
  for (int i = 0; i < 6; i++) {
    double end = i == 0 || i > 3 ? range[0] : range[1];
    fprintf(out, "%s%.1f %.1f", i ? "L" : "<path class=\"band\" d=\"M", afb_plot_x(plot, end * corner[i][0]), afb_plot_y(plot, end * corner[i][1]));
  }
  fputs("Z\"/>\n", out);
}

static afb_status scatter(FILE *out, const afb_ledger *ledger, const quantity *q, int panel, double *predicted, double *actual)
{
  double range[2] = {INFINITY, 0};
  char caption[400];
  afb_ratios all, converged;
  int64_t n = pairs(ledger, q, panel, 0, predicted, actual);
  for (int64_t i = 0; i < n; i++) {
    range[0] = fmin(range[0], fmin(predicted[i], actual[i]));
    range[1] = fmax(range[1], fmax(predicted[i], actual[i]));
  }
  if (n == 0)
    return AFB_OK;
  range[0] = fmax(range[0], 1e-5 * range[1]);
  afb_plot plot = {.title = q->title, .x_title = q->x_title, .y_title = q->y_title, .x = {range[0], range[1]}, .y = {range[0], range[1]}, .log_x = 1,
                   .log_y = 1, .width = WIDTH, .height = HEIGHT};
  int *count = calloc((size_t)(WIDTH / CELL + 1) * (HEIGHT / CELL + 1), sizeof *count);
  if (!count)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a drawing of %lld points", (long long)n);
  afb_plot_begin(out, &plot);
  band(out, &plot, plot.x);
  cells(out, &plot, n, actual, predicted, count);
  free(count);
  afb_ratios_of(n, predicted, actual, &all);
  afb_ratios_of(pairs(ledger, q, panel, 1, predicted, actual), predicted, actual, &converged);
  snprintf(caption, sizeof caption, "%lld runs: %.1f\xe2\x80\xaf%% within a factor of two (the band), of those that converged %.1f\xe2\x80\xaf%%. Predicted over "
                                    "actual: median %.2f, 5\xe2\x80\xaf%% below %.2f, 5\xe2\x80\xaf%% above %.2f. In all %.4g\xe2\x80\xaf%s predicted, %.4g\xe2\x80\xaf%s taken.",
           (long long)all.n, 100 * all.within, 100 * converged.within, all.median, all.low, all.high, all.predicted, q->unit, all.actual, q->unit);
  afb_plot_end(out, caption);
  return AFB_OK;
}

afb_status afb_page_costs(FILE *out, const afb_page *page)
{
  static const quantity panel[] = {
    {"Time, from the input alone", "core-seconds that it took", "core-seconds predicted before the run", "s", 1, 0},
    {"Time, corrected by earlier runs", "core-seconds that it took", "core-seconds predicted before the run", "s", 1, 0},
    {"Memory of runs of 32 MB and more", "MB that it took", "MB predicted before the run", "MB", 1e-6, 32}};
  const afb_ledger *ledger = &page->result.ledger;
  double *predicted = malloc((2 * (size_t)ledger->n + 2) * sizeof *predicted);
  if (!predicted)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %lld runs", (long long)ledger->n);
  double *actual = predicted + ledger->n + 1;
  afb_status status = AFB_OK;
  if (pairs(ledger, &panel[0], 0, 0, predicted, actual) + pairs(ledger, &panel[1], 1, 0, predicted, actual) > 0) {
    afb_html_section(out, "costs", "Costs",
                     "What was predicted before each run beside what it took: time from the input alone, and corrected by what earlier runs took; memory on the "
                     "rank that needs most.");
    fputs("<div class=\"grid\">\n", out);
    for (int i = 0; i < 3 && status == AFB_OK; i++)
      status = scatter(out, ledger, &panel[i], i, predicted, actual);
    fputs("</div>\n", out);
    afb_html_section_end(out);
  }
  free(predicted);
  return status;
}
