/* The terminal's report. */
#include <math.h>
#include <string.h>

#include "core/units.h"
#include "report/campaign.h"
#include "report/page_parts.h"
#include "report/progress.h"

static void head(FILE *out, const afb_page *page)
{
  char text[32], ion[AFB_ION_LENGTH];
  afb_page_sums sum = afb_page_sum(page);
  fprintf(out, "%s\n", page->path);
  if (page->n_sessions > 0) {
    const afb_store_session *last = &page->session[page->n_sessions - 1];
    fprintf(out, "%lld session%s, the last one of %s: aufbau %s (%s), %d rank%s on %s\n", (long long)page->n_sessions, page->n_sessions == 1 ? "" : "s",
            last->started, last->version, last->revision, last->ranks, last->ranks == 1 ? "" : "s", last->host);
  }
  if (page->is_campaign)
    fprintf(out, "%lld runs of %d ion%s, %lld converged, %lld distinct levels, %lld useful; %.1f core-seconds of %.1f (%.1f %%) in runs, %s\n",
            (long long)sum.runs, page->n_ions, page->n_ions == 1 ? "" : "s", (long long)page->result.harvest.sum.converged,
            (long long)page->result.harvest.sum.levels, (long long)page->result.harvest.sum.useful, sum.core_seconds, sum.rank_seconds,
            sum.rank_seconds > 0 ? 100 * sum.core_seconds / sum.rank_seconds : 0, afb_duration(sum.wall, text));
  else if (page->n_ions > 0)
    fprintf(out, "one calculation of %s\n", afb_ion_format(page->best[0].ion, ion));
  if (sum.imported > 0)
    fprintf(out, "%lld imported outcomes taught the model as well.\n", (long long)sum.imported);
}

static void failures(FILE *out, const afb_page *page)
{
  enum { SHOWN = 12 };
  if (page->n_failures == 0)
    return;
  fprintf(out, "\n%-50s %6s %9s   %s\n", "Failures", "runs", "core-s", "shells, first run");
  for (int i = 0; i < page->n_failures && i < SHOWN; i++) {
    const afb_page_failure *f = &page->failure[i];
    char what[AFB_STORE_REASON + 64];
    snprintf(what, sizeof what, "%s%s%s", afb_outcome_name((afb_outcome)f->outcome), f->reason[0] ? ": " : "", f->reason);
    fprintf(out, "  %-48s %6lld %9.1f  ", what, (long long)f->runs, f->core_seconds);
    for (int k = 0; k < f->n_blamed; k++)
      fprintf(out, " %d%c x %lld", f->blamed[k].n, afb_page_letter(f->blamed[k].l), (long long)f->blamed[k].runs);
    fprintf(out, "; run %lld\n", (long long)f->example);
  }
}

static void levels(FILE *out, const afb_page *page)
{
  enum { SHOWN = 40 };
  int there = 0;
  for (int i = 0; i < page->n_ions; i++)
    there += page->best[i].run >= 0;
  if (there == 0)
    return;
  fprintf(out, "\n%-24s %8s %8s %8s %10s   %s\n", "Levels of the best run", "run", "levels", "sets of", "to cm-1", "ground level");
  for (int i = 0, n = 0; i < page->n_ions; i++) {
    const afb_page_levels *b = &page->best[i];
    char ion[AFB_ION_LENGTH];
    if (b->run < 0 || n++ >= SHOWN)
      continue;
    fprintf(out, "  %-22s %8lld %8d %8d %10.0f   %s, %.8f hartree\n", afb_ion_format(b->ion, ion), (long long)b->run, b->n,
            page->stored.set[page->stored.run[b->run].set].count, (b->level[b->n - 1].energy - b->level[0].energy) * AFB_HARTREE_IN_INVERSE_CM,
            b->level[0].label[0] ? b->level[0].label : b->level[0].leading, b->level[0].energy);
    if (n == SHOWN)
      fprintf(out, "  ... (`aufbau export levels` has all)\n");
  }
}

static void validation(FILE *out, const afb_page *page)
{
  const afb_page_validation *v = &page->validation;
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS && v->there[s]; t++) {
      fprintf(out, "\nValidation, %s: %s\n  %-24s", s == AFB_SPLIT_IONS ? "ions not trained on" : "trained on small sets, tested on larger",
              t == AFB_TARGET_CHEAPEST_RUNG ? "converges at the cheapest rung" : "converges at all", "");
      for (int k = 0; k < AFB_PAGE_MEASURES; k++)
        fprintf(out, " %9s", afb_page_measure[k]);
      for (int m = 0; m < AFB_N_METHODS; m++) {
        fprintf(out, "\n  %-24s", afb_method_name((afb_method)m));
        for (int k = 0; k < AFB_PAGE_MEASURES; k++)
          if (isnan(v->value[s][t][m][k]))
            fprintf(out, " %9s", "-");
          else
            fprintf(out, " %9.3f", v->value[s][t][m][k]);
      }
      fprintf(out, "\n");
    }
}

static void calculation(FILE *out, const afb_page *page)
{
  if (page->stored.n_runs == 0)
    return;
  const afb_store_run *run = &page->stored.run[page->stored.n_runs - 1];
  fprintf(out, "outcome %s%s%s, %d iterations, %.3g s CPU", afb_outcome_name((afb_outcome)run->outcome), run->reason[0] ? ": " : "", run->reason,
          run->iterations, run->cpu_seconds);
  if (isfinite(run->energy))
    fprintf(out, "; energy %.10f hartree", run->energy);
  fprintf(out, "\n");
}

afb_status afb_page_text(FILE *out, const afb_page *page)
{
  head(out, page);
  if (!page->is_campaign)
    calculation(out, page);
  if (page->result.ledger.n > 0)
    afb_report_tallies(out, &page->result);
  failures(out, page);
  if (page->reliability[0].all.n + page->reliability[1].all.n > 0)
    afb_report_predictions(out, &page->result);
  if (page->result.ledger.n > 0)
    AFB_TRY(afb_report_costs(out, page->batch, &page->result.ledger));
  validation(out, page);
  levels(out, page);
  afb_page_usage_text(out, page->n_usage, page->usage);
  return AFB_OK;
}
