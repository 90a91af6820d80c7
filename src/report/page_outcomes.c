#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/plot.h"

/* A table longer than this scrolls. */
enum { LONG_TABLE = 24 };

/* Runs of one outcome or rung all end alike: their bar has the length of their share of all runs. */
static int ends_alike(afb_tally_key key) { return key == AFB_TALLY_OUTCOME || key == AFB_TALLY_RUNG; }

static void table_row(FILE *out, afb_tally_key key, const char *name, const afb_tally *t, int64_t all)
{
  char runs[AFB_HTML_NUMBER], converged[AFB_HTML_NUMBER], share[AFB_HTML_NUMBER], useful[AFB_HTML_NUMBER], levels[AFB_HTML_NUMBER];
  fputs("<tr><td>", out);
  afb_html_text(out, name);
  fprintf(out, "</td><td>%s</td>", afb_html_count(t->runs, runs));
  if (ends_alike(key))
    fprintf(out, "<td>%s</td>", afb_html_percent((double)t->runs, (double)all, share));
  else
    fprintf(out, "<td>%s</td><td>%s</td>", afb_html_count(t->converged, converged), afb_html_percent((double)t->converged, (double)t->runs, share));
  fprintf(out, "<td>%s</td><td>%s</td><td>%.1f</td><td class=\"bar\">", afb_html_count(t->useful, useful), afb_html_count(t->levels, levels),
          t->core_seconds);
  fprintf(out, "<div style=\"width:%.3g%%\">", ends_alike(key) ? fmax(100.0 * (double)t->runs / (double)all, 1) : 100.0);
  afb_page_strip(out, t->of);
  fputs("</div></td></tr>\n", out);
}

static afb_status table(FILE *out, const afb_page *page, afb_tally_key key, int64_t all)
{
  afb_tally *row;
  int n, shown = 0;
  char name[AFB_TALLY_NAME], lead[AFB_TALLY_LEAD];
  AFB_TRY(afb_tally_by(&page->result, key, &n, &row));
  for (int i = 0; i < n; i++)
    shown += row[i].runs > 0;
  fprintf(out, "<figure><h3>%s</h3><div class=\"wide%s\"><table><thead><tr><th></th><th>runs</th>%s<th>useful</th><th>levels</th><th>core-s</th>"
               "<th></th></tr></thead><tbody>\n",
          afb_tally_title(key), shown > LONG_TABLE ? " tall" : "", ends_alike(key) ? "<th>of all</th>" : "<th colspan=\"2\">converged</th>");
  for (int i = 0; i < n; i++) {
    const char *what = afb_tally_name(&page->result, key, i, name);
    if (key == AFB_TALLY_SIZE)
      snprintf(name, sizeof name, "%d", i);
    if (row[i].runs > 0)
      table_row(out, key, what, &row[i], all);
  }
  fputs("</tbody></table></div>", out);
  if (key == AFB_TALLY_STRATEGY && afb_tally_lead(row, lead)[0])
    fprintf(out, "<figcaption>%s</figcaption>", lead);
  fputs("</figure>\n", out);
  free(row);
  return AFB_OK;
}

/* ---- What came of it as it ran ---- */

enum { POINTS = 200, N_SUMS = 3 };

static void yields(FILE *out, const afb_page *page)
{
  static const char *const title[] = {"Runs that converged, useful runs", "Distinct levels"}, *const colour[N_SUMS] = {"o0", "o1", "o4"};
  const afb_ledger *ledger = &page->result.ledger;
  double x[POINTS + 1] = {0}, y[N_SUMS][POINTS + 1] = {{0}}, at = 0, sum[N_SUMS] = {0};
  int n = 1;
  for (int64_t e = 0; e < ledger->n; e++) {
    const afb_gain *gain = &page->result.harvest.gain[e];
    at += ledger->entry[e].core_seconds;
    sum[0] += afb_outcome_ok(ledger->entry[e].outcome);
    sum[1] += gain->useful;
    sum[2] += gain->new_levels;
    if ((e + 1) * POINTS / ledger->n < n)
      continue;
    x[n] = at;
    for (int k = 0; k < N_SUMS; k++)
      y[k][n] = sum[k];
    n++;
  }
  const double hours = at > 3600 ? 3600 : 1;
  for (int i = 0; i < n; i++)
    x[i] /= hours;
  fputs("<div class=\"grid\">", out);
  for (int chart = 0; chart < 2; chart++) {
    afb_plot plot = {.title = title[chart], .x_title = hours > 1 ? "core-hours in runs" : "core-seconds in runs", .y_title = "so far", .x = {0, at / hours},
                     .y = {0, 1.05 * fmax(sum[chart ? 2 : 0], 1)}};
    fputs("<div>", out);
    afb_plot_begin(out, &plot);
    for (int k = chart ? 2 : 0; k < (chart ? N_SUMS : 2); k++)
      afb_plot_line(out, &plot, n, x, y[k], colour[k], 0);
    afb_plot_end(out, NULL);
    if (chart == 0)
      fputs("<ul class=\"key\"><li><i class=\"b o0\"></i>converged</li><li><i class=\"b o1\"></i>useful</li></ul>", out);
    fputs("</div>", out);
  }
  fputs("</div>\n", out);
}

afb_status afb_page_outcomes(FILE *out, const afb_page *page)
{
  static const afb_tally_key order[] = {AFB_TALLY_ION, AFB_TALLY_STRATEGY, AFB_TALLY_SIZE, AFB_TALLY_OUTCOME, AFB_TALLY_RUNG};
  afb_tally all = afb_tally_all(&page->result);
  if (all.runs == 0)
    return AFB_OK;
  afb_html_section(out, "outcomes", "Outcomes",
                   "How runs ended. A run is useful when it converged and has a level that its ion did not have, or lowers the energies by "
                   "10<sup>\xe2\x88\x92" "4</sup> hartree at least. Bars: shares of outcomes.");
  afb_page_key(out, all.of);
  fputs("<div class=\"two\">\n", out);
  afb_status status = AFB_OK;
  for (size_t i = 0; i < sizeof order / sizeof *order && status == AFB_OK; i++)
    status = table(out, page, order[i], all.runs);
  fputs("</div>\n", out);
  yields(out, page);
  afb_html_section_end(out);
  return status;
}

/* ---- Failures ---- */

static void blamed(FILE *out, const afb_page_failure *f)
{
  for (int i = 0; i < f->n_blamed; i++)
    fprintf(out, "%s%d%c\xe2\x80\xaf\xc3\x97\xe2\x80\xaf%lld", i ? ", " : "", f->blamed[i].n,
            afb_page_letter(f->blamed[i].l), (long long)f->blamed[i].runs);
}

static void failure_row(FILE *out, const afb_page *page, const afb_page_failure *f, double core_seconds)
{
  char text[AFB_HTML_NUMBER];
  const afb_store_run *run = &page->stored.run[f->example];
  fprintf(out, "<tr><td class=\"w\"><i class=\"dot b o%d\"></i>%s", afb_run_class_of(f->outcome, 0), afb_outcome_name((afb_outcome)f->outcome));
  if (f->reason[0]) {
    fputs(": ", out);
    afb_html_text(out, f->reason);
  }
  fprintf(out, "</td><td>%s</td>", afb_html_count(f->runs, text));
  fprintf(out, "<td>%.1f</td><td>%s</td><td class=\"l\">", f->core_seconds, afb_html_percent(f->core_seconds, core_seconds, text));
  blamed(out, f);
  fprintf(out, "</td><td class=\"w\">run %lld, ", (long long)f->example);
  afb_html_text(out, page->stored.ion[run->ion].label);
  fputs(": ", out);
  afb_page_set(out, &page->stored, run->set, 4);
  if (strcmp(run->reason, f->reason) != 0) {
    fputs(". \xe2\x80\x9c", out);
    afb_html_text(out, run->reason);
    fputs("\xe2\x80\x9d", out);
  }
  fputs("</td></tr>\n", out);
}

void afb_page_failures(FILE *out, const afb_page *page)
{
  enum { SHOWN = 20 };
  int64_t rest = 0;
  double core_seconds = 0;
  if (page->n_failures == 0)
    return;
  for (int64_t r = 0; r < page->stored.n_runs; r++)
    core_seconds += page->stored.run[r].strategy == AFB_BY_IMPORT ? 0 : page->stored.run[r].core_seconds;
  afb_html_section(out, "failures", "Failures",
                   "Runs without a converged result, by outcome and reason, with the time that they took, the shells that are blamed most "
                   "often, and the first run of each.");
  fputs("<div class=\"wide\"><table><thead><tr><th>outcome and reason</th><th>runs</th><th>core-s</th><th>of all</th><th class=\"l\">shells</th>"
        "<th class=\"l\">example</th></tr></thead><tbody>\n", out);
  for (int i = 0; i < page->n_failures; i++)
    if (i < SHOWN)
      failure_row(out, page, &page->failure[i], core_seconds);
    else
      rest += page->failure[i].runs;
  fputs("</tbody></table></div>\n", out);
  if (rest > 0)
    fprintf(out, "<p class=\"about\">%lld runs failed for %d other reasons.</p>\n", (long long)rest, page->n_failures - SHOWN);
  afb_html_section_end(out);
}
