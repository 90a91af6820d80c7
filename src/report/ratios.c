#include "report/ratios.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void afb_report_sort(int64_t n, double *value) { qsort(value, (size_t)n, sizeof *value, ascending); }

void afb_report_ratios_head(FILE *out, int markdown, const char *title)
{
  if (markdown)
    fprintf(out, "\n| %s | runs | predicted | measured | within a factor of two | predicted over measured: 5 %% below | median | 5 %% above |\n"
                 "|---|---|---|---|---|---|---|---|\n", title);
  else
    fprintf(out, "\n%-34s %6s %12s %12s %8s   %s\n", title, "runs", "predicted", "measured", "to x2", "ratio: 5 % below, median, 5 % above");
}

void afb_ratios_of(int64_t n, double *predicted, const double *actual, afb_ratios *out)
{
  int64_t within = 0;
  *out = (afb_ratios){0};
  for (int64_t i = 0; i < n; i++) {
    if (!(predicted[i] > 0) || !(actual[i] > 0))
      continue;
    out->predicted += predicted[i];
    out->actual += actual[i];
    double ratio = predicted[i] / actual[i];
    within += ratio >= 0.5 && ratio <= 2;
    predicted[out->n++] = ratio;
  }
  if (out->n == 0)
    return;
  afb_report_sort(out->n, predicted);
  out->within = (double)within / (double)out->n;
  out->low = predicted[out->n / 20];
  out->median = predicted[out->n / 2];
  out->high = predicted[out->n - 1 - out->n / 20];
}

void afb_report_ratios(FILE *out, int markdown, const char *name, const char *unit, int64_t n, double *predicted, const double *actual)
{
  afb_ratios r;
  afb_ratios_of(n, predicted, actual, &r);
  if (r.n > 0)
    fprintf(out, markdown ? "| %s | %lld | %.4g %s | %.4g %s | %.1f %% | %.2f | %.2f | %.2f |\n"
                          : "  %-32s %6lld %9.4g %-2s %9.4g %-2s %6.1f %%   %.2f %.2f %.2f\n",
            name, (long long)r.n, r.predicted, unit, r.actual, unit, 100.0 * r.within, r.low, r.median, r.high);
}
