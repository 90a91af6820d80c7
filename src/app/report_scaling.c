#include "app/report_scaling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output.h"
#include "report/html.h"
#include "report/scaling_files.h"

typedef struct {
  int n, n_series, planned;
  afb_scaling_file file[AFB_MAX_OPERANDS];
  afb_scaling series[2];
  afb_scaling_plan plan;
} job;

typedef struct {
  double runs;
  int nodes, cores;
} wish;

/* "runs=132000,cores=128,nodes=8", or the number of runs alone. */
static afb_status read_plan(const char *text, wish *out)
{
  static const char *const key[] = {"runs=", "nodes=", "cores="};
  double value[3] = {0.0, 1.0, 0.0};
  for (const char *at = text; *at;) {
    int k = 0;
    char *end;
    while (k < 3 && strncmp(at, key[k], strlen(key[k])) != 0)
      k++;
    if (k == 3 && at != text)
      break;
    at += k < 3 ? strlen(key[k]) : 0;
    k %= 3;
    value[k] = strtod(at, &end);
    if (end == at || !(value[k] >= 1.0 && value[k] <= 1e9) || (*end != ',' && *end != '\0'))
      break;
    at = end + (*end == ',');
    if (*at == '\0') {
      *out = (wish){value[0], (int)value[1], (int)value[2]};
      return value[0] >= 1.0 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "--plan %.80s: runs= is missing", text);
    }
  }
  return AFB_FAIL(AFB_E_INPUT, "--plan %.80s: write it as runs=132000,nodes=8,cores=128 (cores of a node; without it as in the files)", text);
}

static afb_status read_files(const afb_arguments *arguments, job *j)
{
  for (; j->n < arguments->n_operands; j->n++) {
    afb_status status = afb_scaling_file_read(arguments->operand[j->n], &j->file[j->n]);
    if (status != AFB_OK) {
      afb_scaling_file_clear(&j->file[j->n]);
      return afb_trail_at(status, __func__, __FILE__, __LINE__);
    }
  }
  AFB_TRY(afb_scaling_of_files(j->n, j->file, &j->n_series, j->series));
  wish planned = {0};
  if (!arguments->plan)
    return AFB_OK;
  AFB_TRY(read_plan(arguments->plan, &planned));
  j->planned = 1;
  return afb_scaling_plan_of_files(j->n, j->file, planned.runs, planned.nodes, planned.cores, &j->plan);
}

static void write_form(FILE *out, const job *j, afb_scaling_form form)
{
  afb_scaling_tables(out, form, j->n_series, j->series);
  if (j->planned && form != AFB_SCALING_CSV)
    afb_scaling_plan_text(out, form, &j->plan);
}

static void write_page(FILE *out, const job *j)
{
  char title[96];
  snprintf(title, sizeof title, "Scaling of aufbau %s", j->file[0].command);
  afb_html_begin(out, title, j->file[0].version);
  afb_html_section(out, "figure", "Figure", "Medians of the measurements; bars from the smallest to the largest. Time is that of the whole application, "
                   "with reading and writing.");
  fputs("<figure>\n", out);
  afb_scaling_figure(out, j->n_series, j->series);
  fputs("</figure>\n", out);
  afb_html_section_end(out);
  afb_html_section(out, "tables", "Tables", "Speed-up and efficiency against the fewest ranks. Load balance, communication and parallel efficiency as POP "
                   "defines them; runs and losses are shares of ranks × time.");
  write_form(out, j, AFB_SCALING_HTML);
  afb_html_section_end(out);
  afb_html_end(out, "Written by aufbau report --scaling.");
}

static void write_csv(FILE *out, const job *j) { write_form(out, j, AFB_SCALING_CSV); }
static void write_latex(FILE *out, const job *j)
{
  fputs("% Scaling: aufbau report --scaling; needs the package booktabs\n", out);
  write_form(out, j, AFB_SCALING_LATEX);
}
static void write_figure(FILE *out, const job *j) { afb_scaling_figure(out, j->n_series, j->series); }

static afb_status write_file(const char *path, const char *beginning, void (*write)(FILE *, const job *), const job *j)
{
  afb_output out;
  if (!path)
    return AFB_OK;
  AFB_TRY(afb_output_begin(path, beginning, &out));
  write(out.stream, j);
  afb_status status = afb_output_end(&out);
  afb_output_discard(&out);
  return status;
}

static afb_status write_all(const afb_arguments *a, const job *j)
{
  AFB_TRY(write_file(a->output, AFB_HTML_BEGINNING, write_page, j));
  AFB_TRY(write_file(a->csv, "series,unit,nodes", write_csv, j));
  AFB_TRY(write_file(a->latex, "% Scaling: aufbau report", write_latex, j));
  AFB_TRY(write_file(a->figure, AFB_SVG_BEGINNING, write_figure, j));
  if (!a->quiet)
    write_form(stdout, j, a->markdown ? AFB_SCALING_MARKDOWN : AFB_SCALING_TEXT);
  return AFB_OK;
}

afb_status afb_report_scaling(const afb_arguments *arguments)
{
  job *j = calloc(1, sizeof *j);
  if (!j)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a report");
  afb_status status = read_files(arguments, j);
  if (status == AFB_OK)
    status = write_all(arguments, j);
  for (int i = 0; i < j->n; i++)
    afb_scaling_file_clear(&j->file[i]);
  free(j);
  return status;
}
