/* Time, speed-up and efficiencies against ranks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/figure.h"
#include "report/scaling.h"

enum { MOST_SERIES = 3 };

typedef struct {
  afb_scaling_row row[AFB_SCALING_POINTS];
  int n;
} rows;

static void evaluate(const afb_scaling *s, rows *r)
{
  r->n = s->n;
  for (int i = 0; i < s->n; i++)
    afb_scaling_evaluate(s, i, &r->row[i]);
}

static void widen(double range[2], double v)
{
  if (isfinite(v) && v > 0) {
    range[0] = fmin(range[0], v);
    range[1] = fmax(range[1], v);
  }
}

/* To powers of `step`, one of them at least. */
static void round_out(double range[2], double step)
{
  range[0] = pow(step, floor(log(range[0]) / log(step) + 1e-9));
  range[1] = pow(step, ceil(log(range[1]) / log(step) - 1e-9));
  if (range[1] <= range[0] * (1 + 1e-9))
    range[1] = range[0] * step;
}

/* Factor between marks: so that there are not more than ten. */
static double mark_step(const double range[2])
{
  double step = 2.0;
  while (log(range[1] / range[0]) / log(step) > 10.0)
    step *= 2.0;
  return step;
}

static afb_series *new_series(afb_chart *c, const char *name, int colour, int dashed)
{
  afb_series *s = &c->series[c->n++];
  *s = (afb_series){.name = name, .colour = colour, .dashed = dashed};
  return s;
}

static void add_point(afb_series *s, double x, double y)
{
  if (s->n == AFB_FIGURE_POINTS || !isfinite(y))
    return;
  s->x[s->n] = x;
  s->y[s->n++] = y;
}

/* Times with their spread, and the line of ideal scaling of each series. */
static void draw_times(const afb_scaling *s, const rows *r, int k, afb_chart *chart)
{
  afb_series *measured = new_series(chart, s->name, k, 0), *ideal = new_series(chart, k ? "" : "ideal", 2, 1);
  measured->bars = 1;
  for (int i = 0; i < r->n; i++) {
    const afb_scaling_row *row = &r->row[i], *first = &r->row[0];
    measured->low[measured->n] = row->least;
    measured->high[measured->n] = row->most;
    add_point(measured, row->ranks, row->time);
    add_point(ideal, row->ranks, first->time * row->work / first->work * first->ranks / row->ranks);
    widen(chart->x, row->ranks);
    widen(chart->y, row->least);
    widen(chart->y, row->most);
    widen(chart->y, ideal->y[ideal->n - 1]);
  }
}

static void draw_speed_up(const afb_scaling *s, const rows *r, int k, afb_chart *chart)
{
  afb_series *measured = new_series(chart, s->name, k, 0), *ideal = new_series(chart, k ? "" : "ideal", 2, 1);
  for (int i = 0; i < r->n; i++) {
    double most = (double)r->row[i].ranks / r->row[0].ranks;
    add_point(measured, r->row[i].ranks, r->row[i].speed_up);
    add_point(ideal, r->row[i].ranks, most);
    widen(chart->y, r->row[i].speed_up);
    widen(chart->y, most);
  }
}

static void draw_efficiency(const rows *r, int k, afb_chart *chart)
{
  afb_series *parallel = new_series(chart, k ? "" : "efficiency", k, 0), *pop = new_series(chart, k ? "" : "parallel (POP)", k, 1),
             *allocation = k ? NULL : new_series(chart, "in runs (allocation)", 3, 1);
  for (int i = 0; i < r->n; i++) {
    add_point(parallel, r->row[i].ranks, r->row[i].efficiency);
    add_point(pop, r->row[i].ranks, r->row[i].parallel);
    if (allocation)
      add_point(allocation, r->row[i].ranks, r->row[i].allocation);
  }
}

void afb_scaling_figure(FILE *out, int n, const afb_scaling *scaling)
{
  afb_chart chart[3] = {
    {.title = "Time of the application", .x_title = "ranks", .y_title = "s", .x = {INFINITY, 0}, .y = {INFINITY, 0}, .log_x = 1, .log_y = 1},
    {.title = "Speed-up", .x_title = "ranks", .y_title = "speed-up", .y = {INFINITY, 0}, .log_x = 1, .log_y = 1},
    {.title = "Efficiency", .x_title = "ranks", .y_title = "efficiency", .y = {0, 1.2}, .y_step = 0.2, .y_most = 1, .log_x = 1, .legend_low = 1, .legend_right = 1}};
  for (int k = 0; k < n && k < MOST_SERIES; k++) {
    rows r;
    int colour = k == 2 ? 3 : k;
    evaluate(&scaling[k], &r);
    draw_times(&scaling[k], &r, colour, &chart[0]);
    draw_speed_up(&scaling[k], &r, colour, &chart[1]);
    if (chart[2].n + 3 <= AFB_FIGURE_SERIES)
      draw_efficiency(&r, colour, &chart[2]);
  }
  round_out(chart[0].x, 2.0);
  for (int c = 0; c < 3; c++) {
    chart[c].x[0] = chart[0].x[0];
    chart[c].x[1] = chart[0].x[1];
    chart[c].x_step = mark_step(chart[0].x);
    if (chart[c].log_y) {
      round_out(chart[c].y, 2.0);
      chart[c].y_step = mark_step(chart[c].y);
    }
  }
  afb_figure_write(out, 3, chart);
}
