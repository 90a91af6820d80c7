#include <math.h>
#include <stdlib.h>

#include "report/page_parts.h"
#include "report/plot.h"

/* Residual by iteration, coloured by the attempt; attempts end where a trace has an outcome. */
static afb_status convergence(FILE *out, const afb_page *page)
{
  enum { COLOURS = 5 };
  static const char *const colour[COLOURS] = {"o0", "o1", "o3", "o4", "o6"};
  const int64_t n = page->n_traces;
  double *x = malloc(2 * (size_t)n * sizeof *x + 1), least = INFINITY, most = 0;
  if (!x)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a trace");
  double *y = x + n;
  for (int64_t i = 0; i < n; i++) {
    x[i] = (double)i + 1;
    y[i] = page->trace[i].residual > 0 ? page->trace[i].residual : NAN;
    least = isfinite(y[i]) ? fmin(least, y[i]) : least;
    most = isfinite(y[i]) ? fmax(most, y[i]) : most;
  }
  if (most > 0) {
    afb_plot plot = {.title = "Convergence", .x_title = "iteration", .y_title = "largest orbital residual", .x = {0, (double)n}, .y = {least, most},
                     .log_y = 1};
    int64_t first = 0;
    int attempt = 0;
    afb_plot_begin(out, &plot);
    for (int64_t i = 0; i < n; i++)
      if (i + 1 == n || page->trace[i].outcome != AFB_OUTCOME_NONE || page->trace[i + 1].rung != page->trace[i].rung) {
        afb_plot_line(out, &plot, (int)(i + 1 - first), x + first, y + first, colour[attempt++ % COLOURS], 0);
        int64_t middle = (first + i) / 2;
        fprintf(out, "<text class=\"m h\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", afb_plot_x(&plot, x[middle]) + 6,
                afb_plot_y(&plot, isfinite(y[middle]) ? y[middle] : least) - 6, afb_rung_name((afb_rung)page->trace[first].rung));
        first = i + 1;
      }
    afb_plot_end(out, NULL);
  }
  free(x);
  return AFB_OK;
}

static void orbitals(FILE *out, const afb_page *page)
{
  if (page->n_orbitals == 0)
    return;
  fputs("<figure><h3>Orbitals</h3><div class=\"wide\"><table><thead><tr><th></th><th>energy / hartree</th><th>occupation</th><th>&lt;r&gt; / bohr</th></tr>"
        "</thead><tbody>\n", out);
  for (int i = 0; i < page->n_orbitals; i++) {
    fputs("<tr><td>", out);
    afb_html_text(out, page->orbital[i].label);
    fprintf(out, "</td><td>%.8f</td><td>%.5f</td><td>%.6f</td></tr>\n", page->orbital[i].energy, page->orbital[i].occupation, page->orbital[i].r_mean);
  }
  fputs("</tbody></table></div></figure>\n", out);
}

afb_status afb_page_calculation(FILE *out, const afb_page *page)
{
  char text[160];
  if (page->stored.n_runs == 0)
    return AFB_OK;
  const afb_store_run *run = &page->stored.run[page->stored.n_runs - 1];
  afb_html_section(out, "result", "Result", NULL);
  fputs("<div class=\"grid\"><div><table class=\"facts\"><tbody>\n", out);
  snprintf(text, sizeof text, "%s%s%s", afb_outcome_name((afb_outcome)run->outcome), run->rung != AFB_RUNG_NONE ? ", " : "",
           run->rung != AFB_RUNG_NONE ? afb_rung_name((afb_rung)run->rung) : "");
  afb_page_fact(out, "outcome", text);
  afb_page_fact(out, "reason", run->reason);
  fputs("<tr><th>configurations</th><td class=\"w\">", out);
  afb_page_set(out, &page->stored, run->set, AFB_MAX_SET);
  fputs("</td></tr>\n", out);
  if (isfinite(run->energy)) {
    snprintf(text, sizeof text, "%.10f hartree (weighted mean)", run->energy);
    afb_page_fact(out, "energy", text);
  }
  snprintf(text, sizeof text, "%.1e", run->gradient);
  afb_page_fact(out, "largest residual", isfinite(run->gradient) ? text : "");
  snprintf(text, sizeof text, "%lld", (long long)run->n_csf);
  afb_page_fact(out, "CSFs", run->n_csf >= 0 ? text : "");
  snprintf(text, sizeof text, "%d in %.3g s CPU", run->iterations, run->cpu_seconds);
  afb_page_fact(out, "iterations", text);
  fputs("</tbody></table></div>\n", out);
  AFB_TRY(convergence(out, page));
  orbitals(out, page);
  fputs("</div>\n", out);
  afb_html_section_end(out);
  return AFB_OK;
}
