#include "report/outcomes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/score.h"
#include "report/figure.h"
#include "report/ratios.h"

typedef struct {
  int64_t runs, converged, cheapest, fresh, fresh_known, lowers, lowers_known, useful, new_levels;
  double core_seconds;
} tally;

static void add(tally *t, const afb_entry *e, const afb_gain *g)
{
  int ok = afb_outcome_ok(e->outcome);
  t->runs++;
  t->converged += ok;
  t->cheapest += ok && e->rung == AFB_RUNG_DIIS;
  t->core_seconds += e->core_seconds;
  t->fresh += g->fresh == 1;
  t->fresh_known += g->fresh >= 0;
  t->lowers += g->lowering >= AFB_USEFUL_LOWERING;
  t->lowers_known += !isnan(g->lowering);
  t->useful += g->useful;
  t->new_levels += g->new_levels;
}

static double percent(int64_t part, int64_t of) { return of > 0 ? 100.0 * (double)part / (double)of : NAN; }

static void print_share(FILE *out, int64_t part, int64_t of)
{
  if (of > 0)
    fprintf(out, " %.1f %% |", percent(part, of));
  else
    fputs(" |", out);
}

static void print_head(FILE *out, const char *what)
{
  fprintf(out, "\n| %s | runs | converged | at the cheapest rung | core-seconds | mean | a level led by what was added | lower by 1e-4 hartree | "
               "new levels | useful |\n|---|---|---|---|---|---|---|---|---|---|\n", what);
}

static void print_tally(FILE *out, const char *name, const tally *t)
{
  if (t->runs == 0)
    return;
  fprintf(out, "| %s | %lld |", name, (long long)t->runs);
  print_share(out, t->converged, t->runs);
  print_share(out, t->cheapest, t->runs);
  fprintf(out, " %.0f | %.3f |", t->core_seconds, t->core_seconds / (double)t->runs);
  print_share(out, t->fresh, t->fresh_known);
  print_share(out, t->lowers, t->lowers_known);
  fprintf(out, " %lld |", (long long)t->new_levels);
  print_share(out, t->useful, t->runs);
  fputs("\n", out);
}

/* Rows by a number of an entry that is looked up among n names. */
static void print_by(FILE *out, const afb_outcome_data *d, const char *what, int n, const char *const *name,
                     int (*row_of)(const afb_outcome_data *d, const afb_entry *e))
{
  print_head(out, what);
  for (int k = 0; k < n; k++) {
    tally t = {0};
    for (int64_t i = 0; i < d->ledger.n; i++)
      if (row_of(d, &d->ledger.entry[i]) == k)
        add(&t, &d->ledger.entry[i], &d->gain[i]);
    print_tally(out, name[k], &t);
  }
}

static int row_of_z(const afb_outcome_data *d, const afb_entry *e)
{
  static const int last[] = {10, 18, 20, 30, 36, 38, 47};
  int k = 0;
  while (k < 7 && d->ion[e->ion].ion.z > last[k])
    k++;
  return k;
}

static int row_of_charge(const afb_outcome_data *d, const afb_entry *e) { return d->ion[e->ion].ion.charge; }

static int row_of_size(const afb_outcome_data *d, const afb_entry *e)
{
  (void)d;
  return e->node.n - 1;
}

static void print_outcomes(FILE *out, const afb_outcome_data *d)
{
  fputs("\n| outcome | runs | share | core-seconds | mean |\n|---|---|---|---|---|\n", out);
  for (int o = 0; o < AFB_N_OUTCOMES; o++)
    for (int r = 0; r < AFB_N_RUNGS; r++) {
      int ok = afb_outcome_ok((afb_outcome)o);
      int64_t n = 0;
      double seconds = 0;
      for (int64_t i = 0; i < d->ledger.n; i++) {
        const afb_entry *e = &d->ledger.entry[i];
        int here = (int)e->outcome == o && (ok ? e->rung == r : r == 0);
        n += here;
        seconds += here ? e->core_seconds : 0;
      }
      if (n > 0)
        fprintf(out, "| %s%s%s | %lld | %.2f %% | %.0f | %.3f |\n", afb_outcome_name((afb_outcome)o), ok ? ", " : "",
                ok ? afb_rung_name((afb_rung)r) : "", (long long)n, percent(n, d->ledger.n), seconds, seconds / (double)n);
    }
}

static afb_status print_costs(FILE *out, const afb_outcome_data *d)
{
  static const double quantile[] = {0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0};
  enum { PUBLISHED = 132000, CORES = 128 };
  int64_t n = d->ledger.n;
  double *seconds = malloc((size_t)n * sizeof *seconds + 1), total = 0, failed = 0, top = 0;
  if (!seconds)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %lld runs", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    const afb_entry *e = &d->ledger.entry[i];
    total += seconds[i] = e->core_seconds;
    failed += afb_outcome_ok(e->outcome) ? 0 : e->core_seconds;
  }
  afb_report_sort(n, seconds);
  for (int64_t i = n - n / 100; i < n; i++)
    top += seconds[i];
  fputs("\n| core-seconds of a run: 5 % below | 25 % | median | 75 % | 95 % | 99 % | largest | mean |\n|---|---|---|---|---|---|---|---|\n|", out);
  for (size_t q = 0; q < sizeof quantile / sizeof *quantile; q++)
    fprintf(out, " %.3f |", seconds[(int64_t)(quantile[q] * (double)(n - 1))]);
  fprintf(out, " %.3f |\n\n", total / (double)n);
  fprintf(out, "%.2f core-hours in all: %.0f %% of them in runs that did not converge, %.0f %% in the hundredth of the runs that took longest. At this mean,\n"
               "%d sets like these take %.1f core-hours, %.0f minutes on %d cores that are busy with runs all the time.\n", total / 3600,
          100 * failed / total, 100 * top / total, PUBLISHED, total / (double)n * PUBLISHED / 3600,
          total / (double)n * PUBLISHED / 60 / CORES, CORES);
  free(seconds);
  return AFB_OK;
}

afb_status afb_report_campaign_of(FILE *out, const afb_outcome_data *d)
{
  static const char *const groups[] = {"Li-Ne", "Na-Ar", "K, Ca", "Sc-Zn", "Ga-Kr", "Rb, Sr", "Y-Ag", "heavier"};
  static const char *const charges[] = {"I", "II", "III", "IV", "V"};
  static const char *const sizes[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
  tally all = {0};
  for (int64_t i = 0; i < d->ledger.n; i++)
    add(&all, &d->ledger.entry[i], &d->gain[i]);
  fprintf(out, "%lld runs of %d ions, %lld converged, %lld distinct levels.\n", (long long)all.runs, d->n_ions, (long long)all.converged,
          (long long)all.new_levels);
  print_outcomes(out, d);
  print_by(out, d, "ions", 8, groups, row_of_z);
  print_by(out, d, "charge", 5, charges, row_of_charge);
  print_by(out, d, "configurations", 8, sizes, row_of_size);
  print_tally(out, "all", &all);
  return print_costs(out, d);
}

enum { ESTIMATE = AFB_N_PREDICTORS /* the engine's estimate as it is: ln of the ratio 0 */ };

/* Rows of a trial that were tested and have the label. */
typedef struct {
  afb_scored rows;
  int *group;
  float *label, *p[AFB_TRIAL_SEEDS];
  int64_t *row;                /* of the table */
} gathered;

static void gathered_clear(gathered *g)
{
  free(g->group);
  free(g->label);
  free(g->row);
  for (int s = 0; s < AFB_TRIAL_SEEDS; s++)
    free(g->p[s]);
}

static const float *source(const afb_outcome_trials *t, afb_trial trial, int predictor, int seed)
{
  return predictor == AFB_PREDICTOR_LINEAR ? t->linear[trial]
         : predictor == AFB_PREDICTOR_NETWORK ? t->network[trial][seed] : t->constant[trial];
}

/* size 0: all. The caller clears, also after a failure; g->rows points into g. */
static afb_status gather(const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial, int target, int predictor, int size,
                         gathered *g)
{
  const afb_head *head = &t->heads.head[target];
  int width = head->kind == AFB_HEAD_CLASS ? head->n : 1, seeds = predictor == AFB_PREDICTOR_NETWORK ? AFB_TRIAL_SEEDS : 1;
  size_t most = (size_t)d->table.n;
  *g = (gathered){.group = malloc(most * sizeof *g->group + 1), .label = malloc(most * sizeof *g->label + 1), .row = malloc(most * sizeof *g->row + 1)};
  int ok = g->group && g->label && g->row;
  for (int s = 0; s < seeds; s++)
    ok &= (g->p[s] = calloc(most * (size_t)width + 1, sizeof(float))) != NULL;
  if (!ok)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to score %lld runs", (long long)d->table.n);
  int64_t n = 0;
  for (int64_t i = 0; i < d->table.n; i++) {
    int64_t at = i * t->heads.n_out + head->first;
    float y = d->table.label[i * d->table.n_target + target];
    if (isnan(y) || isnan(t->constant[trial][at]) || (size > 0 && d->table.size[i] != size))
      continue;
    for (int s = 0; s < seeds; s++)
      for (int k = 0; k < width; k++)
        g->p[s][n * width + k] = predictor == ESTIMATE ? 0 : source(t, trial, predictor, s)[at + k];
    g->group[n] = d->ledger.entry[d->entry[i]].ion;
    g->row[n] = i;
    g->label[n++] = y;
  }
  g->rows = (afb_scored){n, d->n_ions, seeds, width, g->group, g->label, (const float *const *)g->p};
  return AFB_OK;
}

static void print_score(FILE *out, afb_score s)
{
  if (isnan(s.value))
    fputs(" |", out);
  else if (isnan(s.half))
    fprintf(out, " %.3f |", s.value);
  else
    fprintf(out, " %.3f ± %.3f |", s.value, s.half);
}

static const struct {
  int target;
  const char *name;
} probabilities[] = {{AFB_TARGET_CHEAPEST_RUNG, "converges at the cheapest rung"}, {AFB_TARGET_CONVERGED, "converges"},
                     {AFB_TARGET_OUTCOME, "outcome, one of nine"}, {AFB_TARGET_LOWERS, "lower by 1e-4 hartree"},
                     {AFB_TARGET_FRESH, "a level led by what was added"}};
enum { N_PROBABILITIES = sizeof probabilities / sizeof *probabilities };

static afb_status print_probability(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial, int which)
{
  static const char *const name[AFB_N_PREDICTORS] = {"set transformer", "logistic, hand features", "frequencies"};
  int target = probabilities[which].target;
  for (int p = 0; p < AFB_N_PREDICTORS; p++) {
    gathered g;
    afb_probability_scores s = {0};
    afb_status status = gather(d, t, trial, target, p, 0, &g);
    if (status == AFB_OK && g.rows.n > 0)
      status = target == AFB_TARGET_OUTCOME ? afb_score_classes(&g.rows, &s) : afb_score_yes_no(&g.rows, &s);
    gathered_clear(&g);
    AFB_TRY(status);
    if (s.n == 0)
      return AFB_OK;
    if (p == 0 && target == AFB_TARGET_OUTCOME)
      fprintf(out, "| %s: %lld sets |", probabilities[which].name, (long long)s.n);
    else if (p == 0)
      fprintf(out, "| %s: %lld of %lld sets |", probabilities[which].name, (long long)s.n_positive, (long long)s.n);
    else
      fputs("| |", out);
    fprintf(out, " %s |", name[p]);
    print_score(out, s.accuracy);
    print_score(out, s.auc);
    print_score(out, s.log_loss);
    print_score(out, s.calibration_error);
    fputs("\n", out);
  }
  return AFB_OK;
}

static afb_status print_number(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial, int target)
{
  static const char *const name[] = {"set transformer", "ridge, hand features", "the mean of the training part", "the engine's estimate"};
  int cost = target == AFB_TARGET_COST;
  for (int p = 0; p < (cost ? ESTIMATE + 1 : AFB_N_PREDICTORS); p++) {
    gathered g;
    afb_number_scores s = {0};
    afb_status status = gather(d, t, trial, target, p, 0, &g);
    if (status == AFB_OK && g.rows.n > 0)
      status = afb_score_numbers(&g.rows, cost ? log(2.0) : 0.5, &s);
    gathered_clear(&g);
    AFB_TRY(status);
    if (s.n == 0)
      return AFB_OK;
    if (p == 0)
      fprintf(out, "| %s: %lld sets |", cost ? "ln of core-seconds" : "log10 of the lowering in hartree", (long long)s.n);
    else
      fputs("| |", out);
    fprintf(out, " %s |", cost && p == AFB_PREDICTOR_CONSTANT ? "the engine's estimate times a constant" : name[p]);
    print_score(out, s.median);
    print_score(out, s.within);
    print_score(out, s.mean);
    print_score(out, s.r2);
    fputs("\n", out);
  }
  return AFB_OK;
}

static const char *trial_name(const afb_outcome_trials *t, afb_trial trial, char *buffer, size_t size)
{
  if (trial == AFB_TRIAL_KNOWN)
    snprintf(buffer, size, "new sets of ions trained on");
  else if (trial == AFB_TRIAL_IONS)
    snprintf(buffer, size, "unseen ions, %d folds", AFB_TRIAL_FOLDS);
  else
    snprintf(buffer, size, "trained on 1-%d configurations, tested on more", t->largest_train);
  return buffer;
}

/* Mean doubt about convergence at the cheapest rung and about ln of core-seconds, each with its rank correlation to the error. */
static afb_status print_doubt(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial)
{
  static const int target[] = {AFB_TARGET_CHEAPEST_RUNG, AFB_TARGET_CONVERGED, AFB_TARGET_COST, AFB_TARGET_LOWERING};
  char name[80];
  fprintf(out, "| %s |", trial_name(t, trial, name, sizeof name));
  for (size_t k = 0; k < sizeof target / sizeof *target; k++) {
    const afb_head *head = &t->heads.head[target[k]];
    gathered g;
    afb_status status = gather(d, t, trial, target[k], AFB_PREDICTOR_NETWORK, 0, &g);
    int64_t n = g.rows.n;
    double *doubt = malloc(2 * (size_t)n * sizeof *doubt + 1), sum = 0, correlation = NAN;
    if (status == AFB_OK && !doubt)
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for the doubts of %lld runs", (long long)n);
    for (int64_t i = 0; i < n && status == AFB_OK; i++) {
      sum += doubt[i] = t->spread[trial][g.row[i] * t->heads.n_out + head->first];
      doubt[n + i] = fabs((double)g.p[0][i] - (double)g.label[i]);
    }
    if (status == AFB_OK)
      status = afb_rank_correlation(n, doubt, doubt + n, &correlation);
    free(doubt);
    gathered_clear(&g);
    AFB_TRY(status);
    fprintf(out, " %.3f (%.2f) |", n > 0 ? sum / (double)n : NAN, correlation);
  }
  fputs("\n", out);
  return AFB_OK;
}

enum { BINS = 10 };

/* Mean prediction and frequency in each tenth, and how many rows; of the first seed. */
static afb_status reliability(const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial, int target, double p[BINS], double y[BINS],
                              int64_t n[BINS])
{
  gathered g;
  afb_status status = gather(d, t, trial, target, AFB_PREDICTOR_NETWORK, 0, &g);
  memset(p, 0, BINS * sizeof *p);
  memset(y, 0, BINS * sizeof *y);
  memset(n, 0, BINS * sizeof *n);
  for (int64_t i = 0; status == AFB_OK && i < g.rows.n; i++) {
    int b = (int)fminf(g.p[0][i] * BINS, BINS - 1);
    p[b] += g.p[0][i];
    y[b] += g.label[i];
    n[b]++;
  }
  for (int b = 0; b < BINS; b++) {
    p[b] /= n[b] > 0 ? (double)n[b] : 1;
    y[b] /= n[b] > 0 ? (double)n[b] : 1;
  }
  gathered_clear(&g);
  return status;
}

static const struct {
  afb_trial trial;
  int target;
  const char *name;
} curves[] = {{AFB_TRIAL_IONS, AFB_TARGET_CHEAPEST_RUNG, "cheapest rung, unseen ions"}, {AFB_TRIAL_IONS, AFB_TARGET_CONVERGED, "converges, unseen ions"},
              {AFB_TRIAL_LARGER, AFB_TARGET_CHEAPEST_RUNG, "cheapest rung, larger sets"}, {AFB_TRIAL_LARGER, AFB_TARGET_CONVERGED, "converges, larger sets"}};
enum { N_CURVES = sizeof curves / sizeof *curves };

static afb_status print_reliability(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t)
{
  fputs("\n| predicted | .0–.1 | .1–.2 | .2–.3 | .3–.4 | .4–.5 | .5–.6 | .6–.7 | .7–.8 | .8–.9 | .9–1 |\n|---|---|---|---|---|---|---|---|---|---|---|\n", out);
  for (int c = 0; c < N_CURVES; c++) {
    double p[BINS], y[BINS];
    int64_t n[BINS];
    if (!t->done[curves[c].trial])
      continue;
    AFB_TRY(reliability(d, t, curves[c].trial, curves[c].target, p, y, n));
    fprintf(out, "| %s |", curves[c].name);
    for (int b = 0; b < BINS; b++)
      if (n[b] > 0)
        fprintf(out, " %.2f (%lld) |", y[b], (long long)n[b]);
      else
        fputs(" |", out);
    fputs("\n", out);
  }
  return AFB_OK;
}

afb_status afb_report_trials(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t)
{
  char name[80];
  for (afb_trial k = 0; k < AFB_N_TRIALS; k++) {
    if (!t->done[k])
      continue;
    fprintf(out, "\n| %s | predictor | accuracy | AUC | log loss | calibration error |\n|---|---|---|---|---|---|\n", trial_name(t, k, name, sizeof name));
    for (int i = 0; i < N_PROBABILITIES; i++)
      AFB_TRY(print_probability(out, d, t, k, i));
    fputs("\n| | predictor | median error | within 2 (cost), 10^0.5 (lowering) | mean error | R² |\n|---|---|---|---|---|---|\n", out);
    AFB_TRY(print_number(out, d, t, k, AFB_TARGET_COST));
    AFB_TRY(print_number(out, d, t, k, AFB_TARGET_LOWERING));
  }
  fputs("\n| spread of the ensemble (rank correlation with the error) | cheapest rung | converges | ln of core-seconds | log10 of the lowering |\n"
        "|---|---|---|---|---|\n", out);
  for (afb_trial k = 0; k < AFB_N_TRIALS; k++)
    if (t->done[k])
      AFB_TRY(print_doubt(out, d, t, k));
  AFB_TRY(print_reliability(out, d, t));
  fprintf(out, "\n%.1f core-minutes for the trainings and predictions.\n", t->cpu_seconds / 60);
  return AFB_OK;
}

enum { LEAST = 50, LEAST_OF_EACH = 20 };

/* One number a size of set: AUC of the cheapest rung, median error of ln of core-seconds as a factor, mean error of log10 of the lowering. */
static afb_status score_of_size(const afb_outcome_data *d, const afb_outcome_trials *t, afb_trial trial, int target, int predictor, int size,
                                double *value)
{
  gathered g;
  afb_probability_scores p = {0};
  afb_number_scores s = {0};
  *value = NAN;
  afb_status status = gather(d, t, trial, target, predictor, size, &g);
  if (status == AFB_OK && g.rows.n >= LEAST) {
    if (target == AFB_TARGET_CHEAPEST_RUNG)
      status = afb_score_yes_no(&g.rows, &p);
    else
      status = afb_score_numbers(&g.rows, 1, &s);
    *value = target == AFB_TARGET_COST ? exp(s.median.value) : s.mean.value;
    if (target == AFB_TARGET_CHEAPEST_RUNG)
      *value = p.n_positive >= LEAST_OF_EACH && p.n - p.n_positive >= LEAST_OF_EACH ? p.auc.value : NAN;
  }
  gathered_clear(&g);
  return status;
}

static afb_status by_size(const afb_outcome_data *d, const afb_outcome_trials *t, int target, afb_chart *chart)
{
  static const struct {
    afb_trial trial;
    int predictor, colour, dashed;
    const char *name;
  } lines[] = {{AFB_TRIAL_IONS, AFB_PREDICTOR_NETWORK, 0, 0, "set transformer, unseen ions"},
               {AFB_TRIAL_LARGER, AFB_PREDICTOR_NETWORK, 0, 1, "set transformer, larger sets"},
               {AFB_TRIAL_IONS, AFB_PREDICTOR_LINEAR, 1, 0, "linear, unseen ions"},
               {AFB_TRIAL_LARGER, AFB_PREDICTOR_LINEAR, 1, 1, "linear, larger sets"},
               {AFB_TRIAL_IONS, ESTIMATE, 2, 0, "the engine's estimate"}};
  int n = target == AFB_TARGET_COST ? 5 : 4;
  double most = 0;
  chart->x[0] = 1;
  chart->x[1] = 2;
  for (int k = 0; k < n; k++) {
    afb_series *s = &chart->series[chart->n++];
    *s = (afb_series){.name = lines[k].name, .colour = lines[k].colour, .dashed = lines[k].dashed};
    for (int size = 1; size <= AFB_MAX_SET && t->done[lines[k].trial]; size++) {
      double value;
      AFB_TRY(score_of_size(d, t, lines[k].trial, target, lines[k].predictor, size, &value));
      if (isnan(value))
        continue;
      s->x[s->n] = size;
      s->y[s->n++] = value;
      chart->x[1] = fmax(chart->x[1], size);
      most = fmax(most, value);
    }
  }
  chart->x_step = 1;
  /* Room for the names of the lines above them, and no more than ten marks. */
  while (most - chart->y[0] > 6 * chart->y_step)
    chart->y_step *= 2;
  if (target != AFB_TARGET_CHEAPEST_RUNG)
    chart->y[1] = chart->y[0] + chart->y_step * ceil(1.6 * (most - chart->y[0]) / chart->y_step);
  return AFB_OK;
}

afb_status afb_report_trials_figure(FILE *out, const afb_outcome_data *d, const afb_outcome_trials *t)
{
  afb_chart chart[4] = {
    {.title = "Reliability of the set transformer", .x_title = "predicted probability", .y_title = "came true", .x = {0, 1}, .y = {0, 1}, .x_step = 0.2,
     .y_step = 0.2, .diagonal = 1},
    {.title = "Converges at the cheapest rung", .x_title = "configurations", .y_title = "AUC", .y = {0.5, 1.25}, .y_step = 0.1, .y_most = 1},
    {.title = "Core-seconds", .x_title = "configurations", .y_title = "median error, factor", .y = {1, 2}, .y_step = 0.25},
    {.title = "Energy lowering", .x_title = "configurations", .y_title = "mean error of log10", .y = {0, 1}, .y_step = 0.5}};
  for (int c = 0; c < N_CURVES; c++) {
    double p[BINS], y[BINS];
    int64_t n[BINS];
    afb_series *s = &chart[0].series[chart[0].n++];
    *s = (afb_series){.name = curves[c].name, .colour = c % 2 ? 3 : 0, .dashed = curves[c].trial == AFB_TRIAL_LARGER};
    if (!t->done[curves[c].trial])
      continue;
    AFB_TRY(reliability(d, t, curves[c].trial, curves[c].target, p, y, n));
    for (int b = 0; b < BINS; b++)
      if (n[b] >= 20) {
        s->x[s->n] = p[b];
        s->y[s->n++] = y[b];
      }
  }
  AFB_TRY(by_size(d, t, AFB_TARGET_CHEAPEST_RUNG, &chart[1]));
  AFB_TRY(by_size(d, t, AFB_TARGET_COST, &chart[2]));
  AFB_TRY(by_size(d, t, AFB_TARGET_LOWERING, &chart[3]));
  afb_figure_write(out, 4, chart);
  return AFB_OK;
}
