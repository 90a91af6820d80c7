#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"

/* A table longer than this scrolls. */
enum { LONG_TABLE = 24 };

static void table_row(FILE *out, const char *name, const afb_tally *t)
{
  char runs[AFB_HTML_NUMBER], converged[AFB_HTML_NUMBER], share[AFB_HTML_NUMBER], useful[AFB_HTML_NUMBER], levels[AFB_HTML_NUMBER];
  fputs("<tr><td>", out);
  afb_html_text(out, name);
  fprintf(out, "</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%.1f</td><td class=\"bar\">", afb_html_count(t->runs, runs),
          afb_html_count(t->converged, converged), afb_html_percent((double)t->converged, (double)t->runs, share),
          afb_html_count(t->useful, useful), afb_html_count(t->levels, levels), t->core_seconds);
  afb_page_strip(out, t->of);
  fputs("</td></tr>\n", out);
}

static afb_status table(FILE *out, const afb_page *page, afb_tally_key key)
{
  afb_tally *row;
  int n, shown = 0;
  char name[AFB_TALLY_NAME];
  AFB_TRY(afb_tally_by(&page->result, key, &n, &row));
  for (int i = 0; i < n; i++)
    shown += row[i].runs > 0;
  fprintf(out, "<figure><h3>%s</h3><div class=\"wide%s\"><table><thead><tr><th></th><th>runs</th><th>converged</th><th>share</th><th>useful</th>"
               "<th>levels</th><th>core-s</th><th class=\"l\">outcomes</th></tr></thead><tbody>\n",
          afb_tally_title(key), shown > LONG_TABLE ? " tall" : "");
  for (int i = 0; i < n; i++)
    if (row[i].runs > 0)
      table_row(out, afb_tally_name(&page->result, key, i, name), &row[i]);
  fputs("</tbody></table></div></figure>\n", out);
  free(row);
  return AFB_OK;
}

afb_status afb_page_outcomes(FILE *out, const afb_page *page)
{
  static const afb_tally_key order[] = {AFB_TALLY_ION, AFB_TALLY_SIZE, AFB_TALLY_OUTCOME, AFB_TALLY_RUNG, AFB_TALLY_STRATEGY};
  afb_tally all = afb_tally_all(&page->result);
  if (all.runs == 0)
    return AFB_OK;
  afb_html_section(out, "outcomes", "Outcomes",
                   "How runs ended. A run is useful when it converged and has a level that its ion did not have, or lowers the energies by "
                   "10<sup>\xe2\x88\x92" "4</sup> hartree at least. Bars: shares of outcomes.");
  afb_page_key(out, all.of);
  fputs("<div class=\"grid two\">\n", out);
  afb_status status = AFB_OK;
  for (size_t i = 0; i < sizeof order / sizeof *order && status == AFB_OK; i++)
    status = table(out, page, order[i]);
  fputs("</div>\n", out);
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
