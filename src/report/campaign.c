#include "report/campaign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/progress.h"
#include "report/ratios.h"
#include "report/tally.h"

/* MB; what is measured of a smaller run may be off by as much as half of it (core/memory.h). */
static const double LARGE = 32.0;

static void print_tally(FILE *out, const char *name, const afb_tally *t)
{
  fprintf(out, "  %-22s %7lld %10lld %8.1f %% %7lld %8lld %10.1f\n", name, (long long)t->runs, (long long)t->converged,
          t->runs ? 100.0 * (double)t->converged / (double)t->runs : 0.0, (long long)t->useful, (long long)t->levels, t->core_seconds);
}

void afb_report_tallies(FILE *out, const afb_campaign_result *result)
{
  for (int key = 0; key < AFB_N_TALLIES; key++) {
    afb_tally *row;
    char name[AFB_TALLY_NAME], lead[AFB_TALLY_LEAD];
    int n;
    if (afb_tally_by(result, (afb_tally_key)key, &n, &row) != AFB_OK)
      return;
    fprintf(out, "\n%-24s %7s %10s %10s %7s %8s %10s\n", afb_tally_title((afb_tally_key)key), "runs", "converged", "share", "useful", "levels",
            "core-s");
    for (int i = 0; i < n; i++)
      if (row[i].runs > 0 || key == AFB_TALLY_ION)
        print_tally(out, afb_tally_name(result, (afb_tally_key)key, i, name), &row[i]);
    if (key == AFB_TALLY_STRATEGY && afb_tally_lead(row, lead)[0])
      fprintf(out, "  %s\n", lead);
    free(row);
  }
}

static void print_metrics(FILE *out, const char *name, const afb_metrics *m)
{
  if (m->n == 0)
    return;
  const double value[] = {m->accuracy, m->balanced_accuracy, m->auc, m->log_loss};
  fprintf(out, "  %-34s %6lld", name, (long long)m->n);
  for (size_t i = 0; i < sizeof value / sizeof *value; i++)
    if (isnan(value[i]))
      fprintf(out, " %9s", "-");
    else
      fprintf(out, " %9.3f", value[i]);
  fprintf(out, "\n");
}

static const char *target_name(int target)
{
  return target == AFB_TARGET_CHEAPEST_RUNG ? "converges at the cheapest rung" : "converges at all";
}

void afb_report_predictions(FILE *out, const afb_campaign_result *result)
{
  if (result->chosen[AFB_TARGET_CONVERGED].n + result->drawn[AFB_TARGET_CONVERGED].n == 0)
    return;
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    fprintf(out, "\nPredicted before the run: %s\n  %-34s %6s %9s %9s %9s %9s\n", target_name(t), "", "n", "accuracy",
            "balanced", "ROC AUC", "log loss");
    print_metrics(out, "runs that the model chose", &result->chosen[t]);
    print_metrics(out, "runs drawn at random", &result->drawn[t]);
  }
}

static void validation(FILE *out, const afb_campaign_result *result)
{
  const afb_validation *v = &result->validation;
  if (!result->has_validation)
    return;
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS && v->done[s]; t++) {
      char how[96];
      if (s == AFB_SPLIT_IONS)
        snprintf(how, sizeof how, "ions not trained on, %d folds", v->folds);
      else
        snprintf(how, sizeof how, "trained on up to %d configurations, tested on more", v->largest_train);
      fprintf(out, "\nValidation, %s: %s\n  %-34s %6s %9s %9s %9s %9s\n", how, target_name(t), "", "n", "accuracy",
              "balanced", "ROC AUC", "log loss");
      for (int m = 0; m < AFB_N_METHODS; m++)
        print_metrics(out, afb_method_name((afb_method)m), &v->metrics[s][t][m]);
      const afb_metrics *x = &v->metrics[s][t][AFB_METHOD_MODEL];
      if (x->n > 0)
        fprintf(out, "  %lld of %lld positive\n", (long long)x->n_positive, (long long)x->n);
    }
}

/* Of this start: the time of earlier ones is not known. */
static void what_it_got(FILE *out, const afb_campaign_result *result)
{
  const afb_harvest_sum *all = &result->harvest.sum, *before = &result->got_before;
  double hours = result->schedule.ranks * result->wall / 3600.0;
  const struct { const char *name; double all, now; } row[] = {
    {"converged sets", (double)all->converged, (double)(all->converged - before->converged)},
    {"distinct levels", (double)all->levels, (double)(all->levels - before->levels)},
    {"useful results", (double)all->useful, (double)(all->useful - before->useful)},
    {"lowering, hartree", all->lowering, all->lowering - before->lowering}};
  if (result->schedule.runs == 0 || !(hours > 0.0))
    return;
  fprintf(out, "\n%-24s %10s %10s %14s\n", "What came of it", "in all", "now", "a core-hour");
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    fprintf(out, "  %-22s %10.*f %10.*f %14.*f\n", row[i].name, i == 3 ? 3 : 0, row[i].all, i == 3 ? 3 : 0, row[i].now, i == 3 ? 1 : 0,
            row[i].now / hours);
  fprintf(out, "  A core-hour of all ranks' time now, whatever went on in it. Useful: converged, with a level that the ion did not have or energies\n"
          "  lowered by %g hartree at least.\n", AFB_USEFUL_LOWERING);
}

static void where_time_went(FILE *out, const afb_campaign_result *result)
{
  const afb_schedule_stats *s = &result->schedule;
  double ranks = s->ranks, total = ranks * result->wall;
  if (s->runs == 0 || total <= 0.0)
    return;
  double startup = ranks * result->startup, validating = ranks * result->validating;
  double rest = total - s->wall - startup - validating;
  fprintf(out, "\nTime of %d rank%s: %.1f core-seconds in %.1f s\n", s->ranks, s->ranks == 1 ? "" : "s", total, result->wall);
  const struct { const char *name; double seconds; } row[] = {
    {"runs (efficiency)", s->run}, {"start-up", startup}, {"training and ranking", s->aside},
    {"queue and storing", s->service + s->storing}, {"idle", s->idle}, {"validation", validating},
    {"the end", fmax(0.0, rest)}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    fprintf(out, "  %-24s %10.1f  %5.1f %%\n", row[i].name, row[i].seconds, 100.0 * row[i].seconds / total);
  fprintf(out, "  Of the runs' time %.1f core-seconds went into runs that did not converge.\n", result->failed_core_seconds);
}

/* Costs that were predicted before the runs, against what came: all runs, then without the first batch, which had little to learn from. */
afb_status afb_report_costs(FILE *out, int batch, const afb_ledger *ledger)
{
  double *value = malloc((2 * (size_t)ledger->n + 1) * sizeof *value);
  if (!value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to compare the costs of %lld runs", (long long)ledger->n);
  double *actual = value + ledger->n;
  afb_report_ratios_head(out, 0, "Predicted before the run: cost");
  for (int corrected = 0; corrected < 2; corrected++)
    for (int64_t first = 0; first <= batch && first < ledger->n; first += batch) {
      int64_t n = ledger->n - first;
      for (int64_t i = 0; i < n; i++) {
        const afb_entry *entry = &ledger->entry[first + i];
        value[i] = corrected ? entry->cost.seconds : entry->cost.estimate;
        actual[i] = entry->core_seconds;
      }
      char name[64];
      snprintf(name, sizeof name, "core-s, %s%s", corrected ? "corrected by earlier runs" : "from the input", first > 0 ? ", later" : "");
      afb_report_ratios(out, 0, name, "s", n, value, actual);
    }
  for (int64_t i = 0; i < ledger->n; i++) {
    value[i] = 1e-6 * ledger->entry[i].cost.predicted_bytes;
    actual[i] = 1e-6 * ledger->entry[i].cost.bytes;
    if (value[i] < LARGE && actual[i] < LARGE)
      value[i] = NAN;
  }
  afb_report_ratios(out, 0, "memory, 32 MB and more", "MB", ledger->n, value, actual);
  free(value);
  return AFB_OK;
}

static const char *reason(const afb_campaign_result *result)
{
  switch (result->end) {
  case AFB_END_RUNS:
    return "The budget of runs is used up: done.";
  case AFB_END_CORE_HOURS:
    return "The budget of core-hours is used up: done.";
  case AFB_END_EXHAUSTED:
    return "There is no further set to run: done.";
  case AFB_END_WALL_TIME:
    return "The wall time is over.";
  case AFB_END_SIGNAL:
    return "Ended by a signal.";
  case AFB_END_STOP_FILE:
    return "Ended by the stop file (which is removed).";
  }
  return "";
}

afb_status afb_report_campaign(FILE *out, const afb_campaign_options *options, const afb_campaign_result *result,
                               const char *path, const char *input)
{
  const afb_ledger *ledger = &result->ledger;
  afb_tally all = afb_tally_all(result);
  char text[32];
  int ions = 0;
  for (int i = 0; i < ledger->n_active; i++) {
    afb_node root = afb_node_root();
    ions += afb_ledger_find(ledger, i, &root) >= 0;
  }
  fprintf(out, "%s\n%lld runs of %d ion%s, %lld converged, %lld levels; %lld of the runs now, in %s.\n", reason(result),
          (long long)all.runs, ions, ions == 1 ? "" : "s", (long long)all.converged, (long long)all.levels,
          (long long)(all.runs - result->runs_before), afb_duration(result->wall, text));
  if (ledger->n_imported > 0)
    fprintf(out, "%lld imported outcomes taught the model as well.\n", (long long)ledger->n_imported);
  if (all.runs > 0)
    afb_report_tallies(out, result);
  afb_report_predictions(out, result);
  if (all.runs > 0)
    AFB_TRY(afb_report_costs(out, options->batch, ledger));
  validation(out, result);
  what_it_got(out, result);
  where_time_went(out, result);
  fprintf(out, "\nResults: %s  (`aufbau export runs %s --csv runs.csv`, `aufbau export levels %s --csv levels.csv`)\n",
          path, path, path);
  if (afb_end_resumable(result->end))
    fprintf(out, "To continue: the same command, on any number of ranks.\n");
  else if (result->end != AFB_END_EXHAUSTED)
    fprintf(out, "For more: a larger budget in %s, and the same command.\n", input);
  return AFB_OK;
}
