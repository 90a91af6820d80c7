#include "report/bench_atom.h"

#include <math.h>
#include <stdlib.h>

#include "campaign/costs.h"
#include "engine/cost.h"
#include "report/ratios.h"

static const char *const phase_name[AFB_N_PHASES] = {"other", "angular", "Y^k", "orbitals", "CI", "MPI"};
/* The order in which a run goes through them. */
static const afb_phase phase_order[AFB_N_PHASES] = {AFB_PHASE_ANGULAR, AFB_PHASE_COULOMB, AFB_PHASE_ORBITAL, AFB_PHASE_CI,
                                                    AFB_PHASE_WAIT, AFB_PHASE_OTHER};

static double median(int n, double *value)
{
  afb_report_sort(n, value);
  return n == 0 ? 0 : n & 1 ? value[n / 2] : 0.5 * (value[n / 2 - 1] + value[n / 2]);
}

static void row(FILE *out, int markdown, const char *name, double total, double mid, double most)
{
  fprintf(out, markdown ? "| %s | %.2f | %.4f | %.2f |\n" : "%-28s %10.2f %10.4f %10.2f\n", name, total, mid, most);
}

/* Sum, median and maximum of what `of` gives for every run. */
static void summary(FILE *out, int markdown, const char *name, int n, double *value)
{
  double total = 0, most = 0;
  for (int i = 0; i < n; i++) {
    total += value[i];
    most = fmax(most, value[i]);
  }
  row(out, markdown, name, total, median(n, value), most);
}

static void costs(FILE *out, int markdown, int n, const afb_bench_run *run, double *value)
{
  int known = 0, groups[2] = {0};
  fputs(markdown ? "| CPU seconds | total | median | largest |\n|---|---|---|---|\n"
                 : "CPU seconds                       total     median    largest\n", out);
  for (int i = 0; i < n; i++)
    value[i] = run[i].seconds;
  summary(out, markdown, "all runs", n, value);
  for (int want = 1; want >= 0; want--) {
    int m = 0;
    for (int i = 0; i < n; i++)
      if (run[i].converged == want)
        value[m++] = run[i].seconds;
    groups[want] = m;
    summary(out, markdown, want ? "converged" : "not converged", m, value);
  }
  for (int p = 0; p < AFB_N_PHASES; p++) {
    for (int i = 0; i < n; i++)
      value[i] = run[i].phase[phase_order[p]];
    summary(out, markdown, phase_name[phase_order[p]], n, value);
  }
  for (int i = 0; i < n; i++)
    if (isfinite(run[i].reference))
      value[known++] = run[i].reference;
  summary(out, markdown, "the table's program", known, value);
  fprintf(out, "\n%d runs, %d converged, %d with a time in the table.\n", n, groups[1], known);
}

static double seconds_of(const afb_bench_run *run, int predicted) { return predicted ? run->predicted.core_seconds : run->seconds; }
static double bytes_of(const afb_bench_run *run, int predicted)
{
  return predicted ? 1e-6 * afb_engine_cost_bytes(&run->predicted, 1) : 1e-6 * run->bytes;
}

/* The runs with warm = `kind` (< 0: all). value: [2][n]. */
static void ratios(FILE *out, int markdown, const char *name, const char *unit, int kind, double (*of)(const afb_bench_run *, int), int n,
                   const afb_bench_run *run, double *value)
{
  int m = 0;
  for (int i = 0; i < n; i++)
    if (kind < 0 || run[i].warm == kind) {
      value[m] = of(&run[i], 1);
      value[n + m++] = of(&run[i], 0);
    }
  afb_report_ratios(out, markdown, name, unit, m, value, value + n);
}

/* Each run predicted as a campaign would that had made the runs before it, and no others; of these the runs with warm = `kind`. value: [2][n]. */
static void corrected(FILE *out, int markdown, const char *name, int kind, int n, const afb_bench_run *run, double *value)
{
  afb_costs costs;
  int n_ions = 0, m = 0;
  for (int i = 0; i < n; i++)
    n_ions = run[i].ion_number >= n_ions ? run[i].ion_number + 1 : n_ions;
  if (afb_costs_init(n_ions, &costs) != AFB_OK)
    return;
  for (int i = 0; i < n; i++) {
    const afb_bench_run *r = &run[i];
    if (!(r->seconds > 0))
      continue;
    if (r->warm == kind) {
      value[m] = afb_costs_predict(&costs, r->ion_number, r->n_configurations, r->predicted.core_seconds);
      value[n + m++] = r->seconds;
    }
    afb_costs_learn(&costs, r->ion_number, r->n_configurations, r->predicted.core_seconds, r->seconds);
  }
  afb_costs_clear(&costs);
  afb_report_ratios(out, markdown, name, "s", m, value, value + n);
}

static void predictions(FILE *out, int markdown, int n, const afb_bench_run *run, double *value)
{
  afb_report_ratios_head(out, markdown, "predicted");
  ratios(out, markdown, "CPU, from the input", "s", -1, seconds_of, n, run, value);
  corrected(out, markdown, "CPU, corrected by the runs before", 0, n, run, value);
}

static void angular_part(FILE *out, int markdown, const afb_bench_angular *angular)
{
  fputs(markdown ? "\n| angular part | CSFs | pairs | s | µs a pair |\n|---|---|---|---|---|\n"
                 : "\nangular part                             CSFs        pairs        s  us a pair\n", out);
  for (int i = 0; i < AFB_BENCH_ANGULAR; i++)
    fprintf(out, markdown ? "| %s | %d | %lld | %.3f | %.2f |\n" : "%-38s %6d %12lld %8.3f %10.2f\n", angular[i].name,
            angular[i].n_csf, (long long)angular[i].n_pairs, angular[i].seconds,
            1e6 * angular[i].seconds / (double)angular[i].n_pairs);
}

void afb_report_bench_atom(FILE *out, int markdown, int n, const afb_bench_run *run, const afb_bench_angular angular[AFB_BENCH_ANGULAR])
{
  double *value = malloc((2 * (size_t)n + 1) * sizeof *value);
  if (!value)
    return;
  costs(out, markdown, n, run, value);
  predictions(out, markdown, n, run, value);
  angular_part(out, markdown, angular);
  free(value);
}

void afb_report_bench_atom_runs(FILE *out, int n, const afb_bench_run *run)
{
  fputs("ion,configurations,orbitals,csfs,iterations,converged,seconds", out);
  for (int p = 0; p < AFB_N_PHASES; p++)
    fprintf(out, ",seconds %s", phase_name[phase_order[p]]);
  fputs(",predicted seconds,predicted bytes,bytes,reference\n", out);
  for (int i = 0; i < n; i++) {
    fprintf(out, "%s,%d,%d,%d,%d,%d,%.5f", run[i].ion, run[i].n_configurations, run[i].n_orbitals, run[i].n_csf,
            run[i].iterations, run[i].converged, run[i].seconds);
    for (int p = 0; p < AFB_N_PHASES; p++)
      fprintf(out, ",%.5f", run[i].phase[phase_order[p]]);
    fprintf(out, ",%.5f,%.0f,%.0f,%.5f\n", run[i].predicted.core_seconds, afb_engine_cost_bytes(&run[i].predicted, 1), run[i].bytes,
            run[i].reference);
  }
}

static void coefficients(FILE *out, const char *name, int n, const double *c)
{
  fprintf(out, "  .%s = {", name);
  for (int i = 0; i < n; i++)
    fprintf(out, "%s%.3g", i ? ", " : "", c[i]);
  fputs("},\n", out);
}

static afb_cost_sample sample_of(const afb_bench_run *run)
{
  return (afb_cost_sample){run->work, run->iterations, run->seconds, run->bytes};
}

static void judge(FILE *out, const char *title, int n, const afb_bench_run *run, double *value)
{
  afb_report_ratios_head(out, 0, title);
  ratios(out, 0, "CPU, from the start potential", "s", 0, seconds_of, n, run, value);
  ratios(out, 0, "CPU, from given orbitals", "s", 1, seconds_of, n, run, value);
  ratios(out, 0, "memory", "MB", -1, bytes_of, n, run, value);
}

enum { PARTS = 10 };

/* Every run predicted by the model that fits the runs of other ions: these in ten parts by ion, each predicted from the nine others. */
static afb_status cross_validate(int n, afb_bench_run *run, afb_cost_sample *sample)
{
  for (int part = 0; part < PARTS; part++) {
    afb_cost_model model = afb_cost_fitted;
    int m = 0;
    for (int i = 0; i < n; i++)
      if (run[i].ion_number % PARTS != part)
        sample[m++] = sample_of(&run[i]);
    AFB_TRY(afb_cost_fit(m, sample, &model));
    for (int i = 0; i < n; i++)
      if (run[i].ion_number % PARTS == part)
        afb_cost_predict(&model, &run[i].work, &run[i].predicted);
  }
  return AFB_OK;
}

static void show_model(FILE *out, const afb_cost_model *model)
{
  fputs("\nsrc/engine/cost.c:\n\nconst afb_cost_model afb_cost_fitted = {\n", out);
  coefficients(out, "effort", AFB_COST_EFFORTS, model->effort);
  coefficients(out, "hardness", AFB_COST_HARDNESS, model->hardness);
  coefficients(out, "kept", AFB_COST_KEPT, model->kept);
  coefficients(out, "spread", AFB_COST_SPREAD, model->spread);
  fputs("};\n", out);
}

static afb_status fit_and_judge(FILE *out, int n, afb_bench_run *run, afb_cost_sample *sample, double *value)
{
  afb_cost_model model = afb_cost_fitted;
  for (int i = 0; i < n; i++)
    sample[i] = sample_of(&run[i]);
  AFB_TRY(afb_cost_fit(n, sample, &model));
  judge(out, "the model as it is", n, run, value);
  corrected(out, 0, "CPU, start potential, corrected", 0, n, run, value);
  corrected(out, 0, "CPU, given orbitals, corrected", 1, n, run, value);
  for (int i = 0; i < n; i++)
    afb_cost_predict(&model, &run[i].work, &run[i].predicted);
  judge(out, "fitted to these runs", n, run, value);
  AFB_TRY(cross_validate(n, run, sample));
  judge(out, "fitted to other ions' runs", n, run, value);
  show_model(out, &model);
  return AFB_OK;
}

afb_status afb_report_bench_cost(FILE *out, int n, afb_bench_run *run)
{
  afb_cost_sample *sample = calloc((size_t)n + 1, sizeof *sample);
  double *value = malloc((2 * (size_t)n + 1) * sizeof *value);
  afb_status status = sample && value ? fit_and_judge(out, n, run, sample, value) : AFB_FAIL(AFB_E_MEMORY, "no memory for %d runs", n);
  free(sample);
  free(value);
  return status;
}
