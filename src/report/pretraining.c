#include "report/pretraining.h"

#include <math.h>

/* Mean and standard deviation over the turns that could be made. */
static void print_mean(FILE *out, const double *x)
{
  double n = 0, sum = 0, square = 0;
  for (int i = 0; i < AFB_PRETRAINING_TURNS; i++)
    if (!isnan(x[i])) {
      n++;
      sum += x[i];
    }
  for (int i = 0; i < AFB_PRETRAINING_TURNS; i++)
    square += isnan(x[i]) ? 0 : pow(x[i] - sum / n, 2);
  if (n > 1)
    fprintf(out, " %.3f ± %.3f |", sum / n, sqrt(square / (n - 1)));
  else
    fputs(" |", out);
}

void afb_report_pretraining(FILE *out, const afb_pretraining *p)
{
  static const char *const start[AFB_N_STARTS] = {
    [AFB_START_NEW] = "from new weights", [AFB_START_KEPT] = "other ions alone", [AFB_START_TUNED] = "other ions, then these", [AFB_START_LOGISTIC] = "logistic regression"};
  static const char *const target[AFB_N_TARGETS] = {[AFB_TARGET_CHEAPEST_RUNG] = "cheapest rung", [AFB_TARGET_CONVERGED] = "converged"};
  fprintf(out, "%d groups of new ions, %d drafts each; other ions: %.0f and %.0f runs; judged by %.0f and %.0f; %.0f CPU seconds.\n\n", AFB_PRETRAINING_GROUPS,
          AFB_PRETRAINING_DRAFTS, p->others[0], p->others[1], p->judged[0], p->judged[1], p->cpu_seconds);
  fputs("| runs of new ions | learned from |", out);
  for (int t = 0; t < AFB_N_TARGETS; t++)
    fprintf(out, " %s: AUC | log loss |", target[t]);
  fputs("\n|---|---|---|---|---|---|\n", out);
  for (int s = 0; s < AFB_PRETRAINING_SIZES; s++)
    for (int k = 0; k < AFB_N_STARTS; k++) {
      fprintf(out, "| %d | %s |", afb_pretraining_size[s], start[k]);
      for (int t = 0; t < AFB_N_TARGETS; t++) {
        print_mean(out, p->auc[s][k][t]);
        print_mean(out, p->log_loss[s][k][t]);
      }
      fputc('\n', out);
    }
}
