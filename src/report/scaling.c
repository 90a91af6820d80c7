#include "report/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

static int same(double a, double b) { return fabs(a - b) <= 1e-6 * fmax(fabs(a), fabs(b)); }

afb_status afb_scaling_add(afb_scaling *s, int ranks, double work, double seconds, const afb_usage_sum *usage)
{
  int at = 0;
  while (at < s->n && s->point[at].ranks < ranks)
    at++;
  if (at == s->n || s->point[at].ranks != ranks) {
    if (s->n == AFB_SCALING_POINTS)
      return AFB_FAIL(AFB_E_LIMIT, "more than %d numbers of ranks in one table", AFB_SCALING_POINTS);
    memmove(&s->point[at + 1], &s->point[at], (size_t)(s->n - at) * sizeof *s->point);
    s->point[at] = (afb_scaling_point){.ranks = ranks, .work = work};
    s->n++;
  }
  afb_scaling_point *p = &s->point[at];
  if (!same(p->work, work))
    return AFB_FAIL(AFB_E_INPUT, "on %d ranks the work is once %g, once %g %s", ranks, p->work, work, s->unit);
  if (p->n == AFB_SCALING_TIMES)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d measurements on %d ranks", AFB_SCALING_TIMES, ranks);
  p->time[p->n] = seconds;
  p->usage[p->n++] = *usage;
  return AFB_OK;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(const afb_scaling_point *p)
{
  double t[AFB_SCALING_TIMES];
  memcpy(t, p->time, (size_t)p->n * sizeof *t);
  qsort(t, (size_t)p->n, sizeof *t, by_value);
  return p->n % 2 ? t[p->n / 2] : 0.5 * (t[p->n / 2 - 1] + t[p->n / 2]);
}

/* The measurement in the middle: as many below it as above, or one fewer. */
static const afb_usage_sum *middle(const afb_scaling_point *p)
{
  for (int i = 0; i < p->n; i++) {
    int below = 0;
    for (int k = 0; k < p->n; k++)
      below += p->time[k] < p->time[i] || (p->time[k] == p->time[i] && k < i);
    if (below == (p->n - 1) / 2)
      return &p->usage[i];
  }
  return &p->usage[0];
}

void afb_scaling_evaluate(const afb_scaling *s, int point, afb_scaling_row *row)
{
  const afb_scaling_point *p = &s->point[point], *first = &s->point[0];
  const afb_usage_sum *u = middle(p);
  *row = (afb_scaling_row){.ranks = p->ranks, .nodes = u->nodes, .n = p->n, .work = p->work, .time = median(p), .least = p->time[0],
    .most = p->time[0], .cpu = u->sum.cpu, .load_balance = u->load_balance, .communication = u->communication,
    .parallel = u->parallel, .allocation = u->allocation, .source = u->energy_source};
  for (int i = 0; i < p->n; i++) {
    row->mean += p->time[i] / p->n;
    row->least = fmin(row->least, p->time[i]);
    row->most = fmax(row->most, p->time[i]);
  }
  row->speed_up = p->work / row->time / (first->work / median(first));
  row->efficiency = row->speed_up * first->ranks / p->ranks;
  double all = u->ranks * u->wall;
  const double loss[AFB_SCALING_LOSSES] = {u->sum.startup, u->sum.training, u->sum.validation, u->sum.storing,
                                           u->sum.service, u->sum.idle, u->sum.drain};
  for (int k = 0; k < AFB_SCALING_LOSSES; k++)
    row->loss[k] = loss[k] / all;
  row->failed = u->sum.failed / all;
  row->node_hours = u->nodes * row->time / 3600.0;
  row->kwh = u->energy_joule / 3.6e6;
}

/* ---- Tables ---- */

/* Cells of a row in one of the forms; column 0 is text, the others numbers. */
typedef struct {
  FILE *out;
  afb_scaling_form form;
  int column;
} table;

static void begin_row(table *t)
{
  t->column = 0;
  fputs(t->form == AFB_SCALING_MARKDOWN ? "|" : t->form == AFB_SCALING_HTML ? "<tr>" : "", t->out);
}

static void end_row(table *t)
{
  fputs(t->form == AFB_SCALING_LATEX ? " \\\\\n" : t->form == AFB_SCALING_HTML ? "</tr>\n" : "\n", t->out);
}

static void put(table *t, const char *text, int head)
{
  const char *tag = head ? "th" : "td";
  switch (t->form) {
  case AFB_SCALING_TEXT:
    fprintf(t->out, "%11s", text);
    break;
  case AFB_SCALING_MARKDOWN:
    fprintf(t->out, " %s |", text);
    break;
  case AFB_SCALING_CSV:
    fprintf(t->out, "%s%s", t->column ? "," : "", text);
    break;
  case AFB_SCALING_LATEX:
    fprintf(t->out, "%s%s", t->column ? " & " : "", text);
    break;
  case AFB_SCALING_HTML:
    fprintf(t->out, "<%s>%s</%s>", tag, text, tag);
    break;
  }
  t->column++;
}

/* "–" of nothing; a CSV file has an empty cell there. */
static void number(table *t, const char *format, double value)
{
  char text[48];
  if (isfinite(value))
    snprintf(text, sizeof text, format, value);
  else
    snprintf(text, sizeof text, "%s", t->form == AFB_SCALING_CSV ? "" : t->form == AFB_SCALING_TEXT ? "-" : t->form == AFB_SCALING_LATEX ? "--" : "–");
  put(t, text, 0);
}

static void count(table *t, int value)
{
  char text[16];
  snprintf(text, sizeof text, "%d", value);
  put(t, text, 0);
}

static void begin_table(table *t, const char *title, int n, const char *const *head)
{
  switch (t->form) {
  case AFB_SCALING_LATEX:
    fprintf(t->out, "%% %s\n\\begin{tabular}{", title);
    for (int i = 0; i < n; i++)
      fputc('r', t->out);
    fprintf(t->out, "}\n\\toprule\n\\multicolumn{%d}{l}{%s} \\\\\n\\midrule\n", n, title);
    break;
  case AFB_SCALING_HTML:
    fprintf(t->out, "<h3>%s</h3>\n<div class=\"wide\"><table>\n", title);
    break;
  case AFB_SCALING_TEXT:
    fprintf(t->out, "\n%s\n", title);
    break;
  case AFB_SCALING_MARKDOWN:
    fprintf(t->out, "\n%s:\n\n", title);
    break;
  case AFB_SCALING_CSV:
    break;
  }
  begin_row(t);
  for (int i = 0; i < n; i++)
    put(t, head[i], 1);
  end_row(t);
  if (t->form == AFB_SCALING_MARKDOWN) {
    fputs("|", t->out);
    for (int i = 0; i < n; i++)
      fputs("---:|", t->out);
    fputc('\n', t->out);
  }
  if (t->form == AFB_SCALING_LATEX)
    fputs("\\midrule\n", t->out);
}

static void end_table(table *t)
{
  if (t->form == AFB_SCALING_LATEX)
    fputs("\\bottomrule\n\\end{tabular}\n\n", t->out);
  if (t->form == AFB_SCALING_HTML)
    fputs("</table></div>\n", t->out);
}

static const char *const shown = "%.3f";

static void times(table *t, const afb_scaling *s)
{
  static const char *const head[] = {"nodes", "ranks", "work", "times", "median, s", "mean, s", "min, s", "speed-up", "efficiency", "node-hours",
                                     "kWh"};
  char title[160];
  snprintf(title, sizeof title, "%s (work: %s)", s->name, s->unit);
  begin_table(t, title, sizeof head / sizeof *head, head);
  for (int i = 0; i < s->n; i++) {
    afb_scaling_row r;
    afb_scaling_evaluate(s, i, &r);
    begin_row(t);
    count(t, r.nodes);
    count(t, r.ranks);
    number(t, "%.5g", r.work);
    count(t, r.n);
    number(t, shown, r.time);
    number(t, shown, r.mean);
    number(t, shown, r.least);
    number(t, "%.2f", r.speed_up);
    number(t, shown, r.efficiency);
    number(t, "%.4g", r.node_hours);
    number(t, "%.4g", r.kwh);
    end_row(t);
  }
  end_table(t);
}

static void shares(table *t, const afb_scaling *s)
{
  static const char *const head[] = {"ranks", "CPU, s", "load bal.", "commun.", "parallel", "in runs", "failed", "start-up",
                                     "training", "validation", "I/O", "queue", "idle", "drain"};
  char title[160];
  snprintf(title, sizeof title, "%s: %s", s->name, t->form == AFB_SCALING_TEXT ? "efficiencies, and shares of ranks x time"
                                                 : t->form == AFB_SCALING_LATEX ? "efficiencies, and shares of ranks $\\times$ time"
                                                                                : "efficiencies, and shares of ranks × time");
  begin_table(t, title, sizeof head / sizeof *head, head);
  for (int i = 0; i < s->n; i++) {
    afb_scaling_row r;
    afb_scaling_evaluate(s, i, &r);
    begin_row(t);
    count(t, r.ranks);
    number(t, "%.1f", r.cpu);
    number(t, shown, r.load_balance);
    number(t, shown, r.communication);
    number(t, shown, r.parallel);
    number(t, shown, r.allocation);
    number(t, shown, r.failed);
    for (int k = 0; k < AFB_SCALING_LOSSES; k++)
      number(t, shown, r.loss[k]);
    end_row(t);
  }
  end_table(t);
}

static void csv(table *t, int n, const afb_scaling *scaling)
{
  static const char *const head[] = {"series", "unit", "nodes", "ranks", "work", "measurements", "median_s", "mean_s", "min_s", "max_s",
    "speed_up", "efficiency", "cpu_s", "load_balance", "communication_efficiency", "parallel_efficiency", "allocation_efficiency", "failed",
    "startup", "training", "validation", "io", "queue", "idle", "drain", "node_hours", "kwh", "energy_source"};
  begin_table(t, "", sizeof head / sizeof *head, head);
  for (int k = 0; k < n; k++)
    for (int i = 0; i < scaling[k].n; i++) {
      afb_scaling_row r;
      char quoted[112];
      afb_scaling_evaluate(&scaling[k], i, &r);
      begin_row(t);
      snprintf(quoted, sizeof quoted, "\"%s\"", scaling[k].name);
      put(t, quoted, 0);
      put(t, scaling[k].unit, 0);
      count(t, r.nodes);
      count(t, r.ranks);
      number(t, "%.9g", r.work);
      count(t, r.n);
      const double value[] = {r.time, r.mean, r.least, r.most, r.speed_up, r.efficiency, r.cpu, r.load_balance, r.communication, r.parallel,
                              r.allocation, r.failed};
      for (size_t v = 0; v < sizeof value / sizeof *value; v++)
        number(t, "%.6g", value[v]);
      for (int l = 0; l < AFB_SCALING_LOSSES; l++)
        number(t, "%.6g", r.loss[l]);
      number(t, "%.6g", r.node_hours);
      number(t, "%.6g", r.kwh);
      snprintf(quoted, sizeof quoted, "\"%s\"", r.source);
      put(t, quoted, 0);
      end_row(t);
    }
}

static void put_paragraph(FILE *out, const char *text)
{
  fputs("<p>", out);
  afb_html_text(out, text);
  fputs("</p>\n", out);
}

static void note(const table *t, const char *text)
{
  if (text[0] && t->form == AFB_SCALING_HTML)
    put_paragraph(t->out, text);
  else if (text[0] && t->form == AFB_SCALING_LATEX)
    fprintf(t->out, "%% %s\n", text);
  else if (text[0])
    fprintf(t->out, "\n%s\n", text);
}

/* Where kWh are from. */
static void name_source(table *t, const afb_scaling *s)
{
  afb_scaling_row r;
  char text[160];
  for (int i = 0; i < s->n; i++) {
    afb_scaling_evaluate(s, i, &r);
    if (r.source[0] == '\0')
      continue;
    snprintf(text, sizeof text, "Energy: %s, all nodes.", r.source);
    note(t, text);
    return;
  }
}

void afb_scaling_tables(FILE *out, afb_scaling_form form, int n, const afb_scaling *scaling)
{
  table t = {.out = out, .form = form};
  if (form == AFB_SCALING_CSV) {
    csv(&t, n, scaling);
    return;
  }
  for (int k = 0; k < n; k++) {
    times(&t, &scaling[k]);
    shares(&t, &scaling[k]);
    note(&t, scaling[k].note);
    name_source(&t, &scaling[k]);
  }
}

/* ---- Plans ---- */

void afb_scaling_need(const afb_scaling_plan *p, double *node_hours, double *upper, double *wall_hours)
{
  double per_second = p->runs / (3600.0 * p->cores * p->efficiency);
  double margin = p->measured > 0 ? 2.0 * p->deviation * sqrt(1.0 / (double)p->measured + 1.0 / p->runs) : NAN;
  *node_hours = p->core_seconds * per_second;
  *upper = (p->core_seconds + margin) * per_second;
  *wall_hours = *node_hours / p->nodes;
}

void afb_scaling_plan_text(FILE *out, afb_scaling_form form, const afb_scaling_plan *p)
{
  double hours, upper, wall;
  const char *times_sign = form == AFB_SCALING_LATEX ? "$\\times$" : form == AFB_SCALING_TEXT ? "x" : "×";
  char text[1200];
  afb_scaling_need(p, &hours, &upper, &wall);
  snprintf(text, sizeof text,
           "Planned: %.0f runs on %d node%s of %d cores. A run took %.3g core-seconds (mean of %lld, standard deviation %.3g; %.1f per cent of the "
           "time in runs that did not converge), and the allocation efficiency was %.3f on %d rank%s, which is taken for all. Node-hours = runs %s "
           "core-seconds / (3600 %s cores %s efficiency) = %.4g; with two standard errors of the mean %.4g. Wall time %.3g h. Runs of larger sets "
           "and of other ions than the measured ones may cost more: measure some of each.",
           p->runs, p->nodes, p->nodes == 1 ? "" : "s", p->cores, p->core_seconds, (long long)p->measured, p->deviation, 100.0 * p->failed,
           p->efficiency, p->measured_ranks, p->measured_ranks == 1 ? "" : "s", times_sign, times_sign, times_sign, hours, upper, wall);
  if (form == AFB_SCALING_HTML)
    put_paragraph(out, text);
  else
    fprintf(out, "\n%s\n", text);
}
