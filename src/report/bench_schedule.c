#include "report/bench_schedule.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/figure.h"

static double efficiency(const afb_bench_tasks *t, double wall) { return (double)t->tasks * t->seconds / (t->ranks * wall); }

/* "xargs,0.001,2,1000,1.25": method, seconds, ranks, tasks, wall. */
static int read_tasks(const char *line, afb_other_tasks *out)
{
  size_t length = strcspn(line, ",");
  double value[4];
  memset(out, 0, sizeof *out);
  if (length == 0 || length >= sizeof out->method)
    return 0;
  memcpy(out->method, line, length);
  const char *at = line + length;
  for (int k = 0; k < 4; k++) {
    char *end;
    if (*at != ',')
      return 0;
    value[k] = strtod(at + 1, &end);
    if (end == at + 1 || !(value[k] >= 0.0 && value[k] <= 1e9))
      return 0;
    at = end;
  }
  out->tasks.seconds = value[0];
  out->tasks.ranks = (int)value[1];
  out->tasks.tasks = (int64_t)value[2];
  out->tasks.wall = value[3];
  return out->tasks.ranks > 0 && out->tasks.wall > 0.0;
}

afb_status afb_other_tasks_read(const char *path, int most, int *n, afb_other_tasks *out)
{
  char line[256];
  FILE *file = fopen(path, "r");
  *n = 0;
  if (!file)
    return AFB_FAIL(AFB_E_INPUT, "%s: cannot be read: %s", path, strerror(errno));
  int good = fgets(line, sizeof line, file) && strncmp(line, "method,seconds,slots,tasks,wall", 31) == 0;
  while (good && *n < most && fgets(line, sizeof line, file)) {
    good = read_tasks(line, &out[*n]);
    *n += good;
  }
  fclose(file);
  return good ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%s: is no table method,seconds,slots,tasks,wall (tests/bench/task-length.sh makes one)", path);
}

void afb_report_empty_tasks(FILE *out, int markdown, int n, const afb_bench_tasks *scheduler, const afb_bench_tasks *campaign)
{
  fputs(markdown ? "| ranks | scheduler alone, µs a task | tasks | campaign with its file, µs a task | tasks |\n|---:|---:|---:|---:|---:|\n"
                 : "empty tasks\n      ranks  scheduler, us   tasks  campaign, us   tasks\n", out);
  for (int i = 0; i < n; i++)
    fprintf(out, markdown ? "| %d | %.1f | %lld | %.1f | %lld |\n" : "%11d %14.1f %7lld %13.1f %7lld\n", scheduler[i].ranks,
            1e6 * scheduler[i].wall / (double)scheduler[i].tasks, (long long)scheduler[i].tasks, 1e6 * campaign[i].schedule / (double)campaign[i].tasks,
            (long long)campaign[i].tasks);
}

static void row(FILE *out, int markdown, const char *method, const afb_bench_tasks *t, double wall)
{
  fprintf(out, markdown ? "| %s | %g | %d | %lld | %.3f | %.3f |\n" : "%-36s %9g %6d %7lld %9.3f %11.3f\n", method, t->seconds, t->ranks,
          (long long)t->tasks, wall, efficiency(t, wall));
}

void afb_report_task_lengths(FILE *out, int markdown, int n, const afb_bench_tasks *campaign, int n_others, const afb_other_tasks *other)
{
  fputs(markdown ? "\n| by | task, s | ranks | tasks | wall, s | allocation efficiency |\n|---|---:|---:|---:|---:|---:|\n"
                 : "\nby                                     task, s  ranks   tasks   wall, s  efficiency\n", out);
  for (int i = 0; i < n; i++)
    row(out, markdown, "aufbau, while runs are handed out", &campaign[i], campaign[i].schedule);
  for (int i = 0; i < n; i++)
    row(out, markdown, "aufbau, the whole campaign", &campaign[i], campaign[i].wall);
  for (int i = 0; i < n_others; i++)
    row(out, markdown, other[i].method, &other[i].tasks, other[i].tasks.wall);
}

static void add(afb_series *s, const afb_bench_tasks *t, double wall)
{
  if (s->n == AFB_FIGURE_POINTS)
    return;
  s->x[s->n] = t->seconds;
  s->y[s->n++] = efficiency(t, wall);
}

void afb_figure_task_lengths(FILE *out, int n, const afb_bench_tasks *campaign, int n_others, const afb_other_tasks *other)
{
  afb_chart chart = {.title = "Allocation efficiency against task length", .x_title = "length of a task, s", .y_title = "efficiency", .x = {1e-4, 10},
                     .y = {0, 1.05}, .x_step = 10, .y_step = 0.2, .y_most = 1, .log_x = 1, .n = 2,
                     .series = {{.name = "aufbau, handing out", .colour = 0}, {.name = "aufbau, whole campaign", .colour = 0, .dashed = 1}}};
  for (int i = 0; i < n; i++) {
    add(&chart.series[0], &campaign[i], campaign[i].schedule);
    add(&chart.series[1], &campaign[i], campaign[i].wall);
  }
  for (int i = 0; i < n_others; i++) {
    afb_series *s = NULL;
    for (int k = 2; k < chart.n && !s; k++)
      if (strcmp(chart.series[k].name, other[i].method) == 0)
        s = &chart.series[k];
    if (!s && chart.n < AFB_FIGURE_SERIES) {
      s = &chart.series[chart.n];
      *s = (afb_series){.name = other[i].method, .colour = (chart.n - 2) % 3 + 1};
      chart.n++;
    }
    if (s)
      add(s, &other[i].tasks, other[i].tasks.wall);
  }
  afb_figure_write(out, 1, &chart);
}
