/* Scaling: values by hand of constructed tables and files, forms that other programs can read, and what is refused. */
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "report/scaling_files.h"
#include "tests/store/sample.h"

static afb_usage_sum usage(int ranks, double wall, double run)
{
  afb_usage_sum sum;
  afb_store_usage row[64];
  memset(row, 0, sizeof row);
  for (int i = 0; i < ranks; i++)
    row[i] = (afb_store_usage){.rank = i, .node = i / 2, .wall = wall, .startup = 0.5, .run = run, .failed = 0.25 * run, .idle = wall - run - 0.5, .cpu = run,
                               .useful = run, .energy_joule = i % 2 ? NAN : 3.6e5, .energy_source = ""};
  for (int i = 0; i < ranks; i += 2)
    snprintf(row[i].energy_source, sizeof row[i].energy_source, "pm_counters node");
  afb_usage_sum_up(ranks, row, 0, &sum);
  return sum;
}

static afb_status add(afb_scaling *s, int ranks, double work, double seconds)
{
  afb_usage_sum u = usage(ranks, seconds, 0.8 * seconds);
  return afb_scaling_add(s, ranks, work, seconds, &u);
}

/* 40, 20.5 (median of three) and 12.5 s (of two) on 1, 2, 4 ranks. */
static afb_status make_strong(afb_scaling *s)
{
  *s = (afb_scaling){.name = "campaign, strong scaling", .unit = "runs"};
  AFB_TRY(add(s, 4, 100, 13));
  AFB_TRY(add(s, 1, 100, 40));
  AFB_TRY(add(s, 2, 100, 22));
  AFB_TRY(add(s, 2, 100, 20.5));
  AFB_TRY(add(s, 4, 100, 12));
  return add(s, 2, 100, 20);
}

static void rows_by_hand(void **state)
{
  (void)state;
  static afb_scaling s;
  afb_scaling_row r;
  check_ok(make_strong(&s));
  check_true(s.n == 3 && s.point[0].ranks == 1 && s.point[2].ranks == 4);
  afb_scaling_evaluate(&s, 1, &r);
  check_true(r.n == 3 && r.nodes == 1);
  check_close(r.time, 20.5, 0);
  check_close(r.mean, 62.5 / 3, 1e-12);
  check_true(r.least == 20 && r.most == 22);
  check_close(r.speed_up, 40 / 20.5, 1e-12);
  check_close(r.efficiency, 20 / 20.5, 1e-12);
  check_close(r.allocation, 0.8, 1e-12);
  check_close(r.failed, 0.2, 1e-12);
  check_close(r.loss[0], 0.5 / 20.5, 1e-12);
  check_close(r.parallel, 0.8, 1e-12);
  check_close(r.node_hours, 20.5 / 3600, 1e-12);
  check_close(r.kwh, 0.1, 1e-12);
  afb_scaling_evaluate(&s, 2, &r);
  check_close(r.time, 12.5, 0);
  check_close(r.efficiency, 40 / 12.5 / 4, 1e-12);
  check_close(r.node_hours, 2 * 12.5 / 3600, 1e-12);
  check_close(r.kwh, 0.2, 1e-12);
  check_true(strcmp(r.source, "pm_counters node") == 0);
  /* Weak: twice the work in 1.25 of the time is an efficiency of 0.8. */
  static afb_scaling w;
  w = (afb_scaling){.name = "weak", .unit = "runs"};
  check_ok(add(&w, 2, 100, 40));
  check_ok(add(&w, 4, 200, 50));
  afb_scaling_evaluate(&w, 1, &r);
  check_close(r.speed_up, 1.6, 1e-12);
  check_close(r.efficiency, 0.8, 1e-12);
  afb_usage_sum u = usage(4, 50, 40);
  check_true(afb_scaling_add(&w, 4, 150, 50, &u) == AFB_E_INPUT);
}

static void plans_by_hand(void **state)
{
  (void)state;
  double hours, upper, wall;
  const afb_scaling_plan plan = {.runs = 10000, .core_seconds = 0.36, .deviation = 0.9, .measured = 2500, .cores = 100, .nodes = 2, .efficiency = 0.8,
                                 .measured_ranks = 200};
  afb_scaling_need(&plan, &hours, &upper, &wall);
  check_close(hours, 0.0125, 1e-15);                        /* 3600 core-seconds of 0.8 x 100 cores */
  check_close(upper, 0.0125 * (1 + 2 * 0.9 * sqrt(5e-4) / 0.36), 1e-12);
  check_close(wall, 0.00625, 1e-15);
}

/* Every form, read back as text; the caller frees. */
static char *written(afb_scaling_form form, int n, const afb_scaling *s)
{
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (form <= AFB_SCALING_HTML)
    afb_scaling_tables(out, form, n, s);
  else
    afb_scaling_figure(out, n, s);
  fclose(out);
  return text;
}

static int count(const char *text, const char *what)
{
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
    n++;
  return n;
}

/* As many cells in every line of a block as in its first. */
static int lines_have(const char *text, const char *separator, int expected)
{
  int good = 1;
  for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
    char copy[1024];
    snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
    good &= count(copy, separator) == expected || count(copy, separator) == 0;
  }
  return good;
}

static void forms_are_well_formed(void **state)
{
  (void)state;
  static afb_scaling s;
  check_ok(make_strong(&s));
  char *csv = written(AFB_SCALING_CSV, 1, &s), *latex = written(AFB_SCALING_LATEX, 1, &s), *html = written(AFB_SCALING_HTML, 1, &s),
       *markdown = written(AFB_SCALING_MARKDOWN, 1, &s), *svg = written((afb_scaling_form)(AFB_SCALING_HTML + 1), 1, &s);
  /* One comma in the quoted name of the series. */
  check_true(strncmp(csv, "series,unit,nodes,ranks,", 24) == 0 && count(csv, "\n") == 4 && strstr(csv, "\"campaign, strong scaling\",runs,1,2,100,3,20.5,"));
  size_t head = strcspn(csv, "\n") + 1;
  char header[1024];
  snprintf(header, sizeof header, "%.*s", (int)head, csv);
  check_true(lines_have(csv + head, ",", count(header, ",") + 1));
  check_true(count(latex, "\\begin{tabular}") == 2 && count(latex, "\\end{tabular}") == 2 && count(latex, "\\toprule") == 2 && count(latex, "\\bottomrule") == 2);
  check_true(count(latex, " \\\\\n") == 2 * (2 + 3) && strstr(latex, "\\begin{tabular}{rrrrrrrrrrr}") && !strstr(latex, "×"));
  check_true(count(html, "<tr>") == 8 && count(html, "</tr>") == 8 && count(html, "<table>") == 2 && count(html, "</table>") == 2 && count(html, "<td>") == count(html, "</td>"));
  check_true(strstr(html, "Energy: pm_counters node") != NULL);
  check_true(count(markdown, "---:|") == 11 + 14 && strstr(markdown, "| 1 | 2 | 100 | 3 | 20.500 |"));
  check_true(strncmp(svg, "<svg", 4) == 0 && strstr(svg, "</svg>") && !strstr(svg, "nan") && !strstr(svg, "inf") && count(svg, "<g") == count(svg, "</g>") && strstr(svg, "ideal"));
  free(csv);
  free(latex);
  free(html);
  free(markdown);
  free(svg);
}

/* A campaign's file of `runs` runs on so many ranks, each of which computed for 4/5 of `wall`. */
static afb_status make_file(const char *path, const char *identity, int ranks, int runs, double wall)
{
  afb_store *store;
  afb_store_writer writer = sample_writer;
  afb_store_usage row[8] = {{0}};
  writer.identity = identity;
  unlink(path);
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_CREATE, &writer, &store));
  for (int i = 0; i < runs; i++)
    AFB_TRY(sample_add(store, i));
  for (int r = 0; r < ranks; r++)
    row[r] = (afb_store_usage){.rank = r, .wall = wall, .run = 0.8 * wall, .useful = 0.8 * wall, .energy_joule = NAN};
  if (ranks > 0)
    AFB_TRY(afb_store_add_usage(store, ranks, row));
  AFB_TRY(afb_store_commit(store));
  return afb_store_close(&store);
}

enum { FILES = 6 };
static afb_scaling_file file[FILES];
static afb_scaling series[2];
static int n_series;

/* Files as (ranks, runs, wall) under one identity; the status of their series. */
static afb_status of(int n, const int ranks[], const int runs[], const double wall[], const char *last_identity)
{
  afb_status status = AFB_OK;
  for (int i = 0; i < n; i++) {
    char path[64];
    snprintf(path, sizeof path, "scaling-%d.h5", i);
    AFB_TRY(make_file(path, i == n - 1 && last_identity ? last_identity : "campaign:\n  seed: 1\n", ranks[i], runs[i], wall[i]));
    AFB_TRY(afb_scaling_file_read(path, &file[i]));
    unlink(path);
  }
  status = afb_scaling_of_files(n, file, &n_series, series);
  return status;
}

static void clear(int n)
{
  for (int i = 0; i < n; i++)
    afb_scaling_file_clear(&file[i]);
}

static void files_make_series(void **state)
{
  (void)state;
  const int ranks[] = {2, 1, 4, 2}, same[] = {20, 20, 20, 20}, growing[] = {20, 10, 40, 20}, mixed[] = {10, 10, 10, 20}, neither[] = {20, 10, 20, 20};
  const double wall[] = {11, 20, 6, 10};
  check_ok(of(4, ranks, same, wall, NULL));
  check_true(n_series == 1 && series[0].n == 3 && series[0].point[1].n == 2 && strstr(series[0].name, "strong"));
  afb_scaling_row r;
  afb_scaling_evaluate(&series[0], 1, &r);
  check_close(r.efficiency, 20 / 10.5 / 2, 1e-12);
  check_true(file[0].runs == 20 && file[1].core_seconds == file[2].core_seconds);
  clear(4);
  check_ok(of(4, ranks, growing, wall, NULL));
  check_true(n_series == 1 && series[0].n == 3 && strstr(series[0].name, "weak"));
  clear(4);
  check_ok(of(4, ranks, mixed, wall, NULL));
  check_true(n_series == 2 && series[0].n == 3 && series[1].n == 2 && series[1].point[1].work == 20);
  clear(4);
  check_true(of(4, ranks, neither, wall, NULL) == AFB_E_INPUT && strstr(afb_error_text(), "neither the same work nor as much a rank"));
  clear(4);
}

static void mixtures_are_refused(void **state)
{
  (void)state;
  const int ranks[] = {1, 2}, runs[] = {20, 20}, none[] = {1, 0};
  const double wall[] = {20, 11};
  check_true(of(2, ranks, runs, wall, "campaign:\n  seed: 2\n") == AFB_E_INPUT && strstr(afb_error_text(), "seed: 1") && strstr(afb_error_text(), "seed: 2"));
  clear(2);
  /* Only where structures or data lie may differ. */
  check_ok(of(2, ranks, runs, wall, "structures: [a]\ncampaign:\n  seed: 1\n"));
  clear(2);
  check_true(of(2, none, runs, wall, NULL) == AFB_E_FOREIGN && strstr(afb_error_text(), "run it again"));
  clear(2);
  check_true(afb_scaling_file_read("scaling-absent.h5", &file[0]) == AFB_E_NOT_FOUND);
}

static void plans_of_files(void **state)
{
  (void)state;
  const int ranks[] = {1, 4}, runs[] = {20, 20};
  const double wall[] = {20, 6};
  afb_scaling_plan plan;
  check_ok(of(2, ranks, runs, wall, NULL));
  check_ok(afb_scaling_plan_of_files(2, file, 1000, 2, 4, &plan));
  double sum = 0;
  for (int i = 0; i < 20; i++)
    sum += sample_run(i).core_seconds;
  check_true(plan.measured == 40 && plan.measured_ranks == 4 && plan.cores == 4);
  check_close(plan.core_seconds, sum / 20, 1e-12);
  check_close(plan.efficiency, 0.8, 1e-12);
  check_ok(afb_scaling_plan_of_files(2, file, 1000, 1, 0, &plan));
  check_true(plan.cores == 4);
  clear(2);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(rows_by_hand),      cmocka_unit_test(plans_by_hand),        cmocka_unit_test(forms_are_well_formed),
  cmocka_unit_test(files_make_series), cmocka_unit_test(mixtures_are_refused), cmocka_unit_test(plans_of_files),
};
CHECK_MAIN(tests)
