#include "report/bench_atom.h"

#include <math.h>
#include <stdlib.h>

static const char *const phase_name[AFB_N_PHASES] = {"other", "angular", "Y^k", "orbitals", "CI", "MPI"};
/* The order in which a run goes through them. */
static const afb_phase phase_order[AFB_N_PHASES] = {AFB_PHASE_ANGULAR, AFB_PHASE_COULOMB, AFB_PHASE_ORBITAL, AFB_PHASE_CI,
                                                    AFB_PHASE_WAIT, AFB_PHASE_OTHER};

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(int n, double *value)
{
  qsort(value, (size_t)n, sizeof *value, ascending);
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

static void predictions(FILE *out, int n, const afb_bench_run *run, double *value)
{
  int within = 0;
  double total = 0, predicted = 0;
  for (int i = 0; i < n; i++) {
    value[i] = run[i].predicted / run[i].seconds;
    within += value[i] >= 0.5 && value[i] <= 2;
    total += run[i].seconds;
    predicted += run[i].predicted;
  }
  double mid = median(n, value);
  fprintf(out, "Predicted from the input: %.2f s in all, %.2f measured; within a factor of two for %.1f %% of the runs; predicted over\n"
               "measured: 5 %% below %.2f, median %.2f, 5 %% above %.2f.\n", predicted, total, n > 0 ? 100.0 * within / n : 0,
          n > 0 ? value[n / 20] : 0, mid, n > 0 ? value[n - 1 - n / 20] : 0);
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
  double *value = malloc(((size_t)n + 1) * sizeof *value);
  if (!value)
    return;
  costs(out, markdown, n, run, value);
  predictions(out, n, run, value);
  angular_part(out, markdown, angular);
  free(value);
}

void afb_report_bench_atom_runs(FILE *out, int n, const afb_bench_run *run)
{
  fputs("ion,configurations,orbitals,csfs,iterations,converged,seconds", out);
  for (int p = 0; p < AFB_N_PHASES; p++)
    fprintf(out, ",seconds %s", phase_name[phase_order[p]]);
  fputs(",predicted,reference\n", out);
  for (int i = 0; i < n; i++) {
    fprintf(out, "%s,%d,%d,%d,%d,%d,%.5f", run[i].ion, run[i].n_configurations, run[i].n_orbitals, run[i].n_csf,
            run[i].iterations, run[i].converged, run[i].seconds);
    for (int p = 0; p < AFB_N_PHASES; p++)
      fprintf(out, ",%.5f", run[i].phase[phase_order[p]]);
    fprintf(out, ",%.5f,%.5f\n", run[i].predicted, run[i].reference);
  }
}
