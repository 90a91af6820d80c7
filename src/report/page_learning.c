#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/plot.h"

static const char *const target_class[AFB_N_TARGETS] = {"o0", "o1"};
static const char *target_name(int target) { return target == AFB_TARGET_CHEAPEST_RUNG ? "converges on the cheapest rung" : "converges"; }

static int known(int n, const double *value)
{
  for (int i = 0; i < n; i++)
    if (isfinite(value[i]))
      return 1;
  return 0;
}

/* The second one only where it is drawn. */
static void two_keys(FILE *out, const char *first, const char *second, int both)
{
  fprintf(out, "<ul class=\"key\"><li><i class=\"b o0\"></i>%s</li>", first);
  if (both)
    fprintf(out, "<li><i class=\"b o1\"></i>%s</li>", second);
  fputs("</ul>", out);
}

/* ---- Curves over rounds ---- */

/* Rounds that trained, in their order; at most MOST of them, evenly drawn. */
enum { MOST = 400 };
static int trained_rounds(const afb_page *page, const afb_store_round *row[MOST])
{
  int64_t n = 0, at = 0;
  int kept = 0;
  for (int64_t r = 0; r < page->n_rounds; r++)
    n += page->round[r].n_training > 0;
  for (int64_t r = 0; r < page->n_rounds && kept < MOST; r++)
    if (page->round[r].n_training > 0 && (n <= MOST || at++ * MOST / n >= kept))
      row[kept++] = &page->round[r];
  return kept;
}

static void loss_curves(FILE *out, const afb_page *page, int n, const afb_store_round *const *row)
{
  double runs[MOST], training[MOST], validation[MOST], highest = 0;
  for (int i = 0; i < n; i++) {
    const afb_store_loss *loss = row[i]->n_losses > 0 ? &page->loss[row[i]->first_loss + row[i]->n_losses - 1] : NULL;
    runs[i] = (double)row[i]->n_runs;
    training[i] = loss ? loss->training : NAN;
    validation[i] = loss ? loss->validation : NAN;
    highest = fmax(highest, fmax(isfinite(training[i]) ? training[i] : 0, isfinite(validation[i]) ? validation[i] : 0));
  }
  afb_plot plot = {.title = "Loss", .x_title = "runs known to the round", .y_title = "sum over the targets, mean over samples",
                   .x = {0, runs[n - 1]}, .y = {0, 1.05 * highest}};
  afb_plot_begin(out, &plot);
  afb_plot_line(out, &plot, n, runs, training, "o0", 0);
  afb_plot_line(out, &plot, n, runs, validation, "o1", 0);
  afb_plot_end(out, NULL);
  two_keys(out, "training loss", "log loss of converging, on the ions that calibrate", known(n, validation));
}

static double metric_of(const afb_page *page, const afb_store_round *round, const char *name)
{
  for (int64_t i = 0; i < round->n_metrics; i++)
    if (strcmp(page->metric[round->first_metric + i].name, name) == 0)
      return page->metric[round->first_metric + i].value;
  return NAN;
}

static void metric_curves(FILE *out, const afb_page *page, int n, const afb_store_round *const *row, const char *title, const char *name)
{
  static const char *const target[AFB_N_TARGETS] = {"cheapest", "converged"};
  double runs[MOST], value[AFB_N_TARGETS][MOST], highest = 0;
  for (int t = 0; t < AFB_N_TARGETS; t++)
    for (int i = 0; i < n; i++) {
      char full[AFB_STORE_NAME];
      snprintf(full, sizeof full, "%s/%s/calibration", name, target[t]);
      runs[i] = (double)row[i]->n_runs;
      value[t][i] = metric_of(page, row[i], full);
      highest = fmax(highest, isfinite(value[t][i]) ? value[t][i] : 0);
    }
  if (!(highest > 0))
    return;
  afb_plot plot = {.title = title, .x_title = "runs known to the round", .y_title = "on the ions that calibrate the model",
                   .x = {0, runs[n - 1]}, .y = {0, highest > 0.5 ? 1 : 1.1 * highest}};
  fputs("<div>", out);
  afb_plot_begin(out, &plot);
  for (int t = 0; t < AFB_N_TARGETS; t++)
    afb_plot_line(out, &plot, n, runs, value[t], target_class[t], 0);
  afb_plot_end(out, NULL);
  two_keys(out, target_name(0), target_name(1), 1);
  fputs("</div>", out);
}

/* ---- Reliability ---- */

static void reliability(FILE *out, const afb_page *page)
{
  char caption[256];
  double most = 1;
  if (page->reliability[0].all.n + page->reliability[1].all.n == 0)
    return;
  afb_plot plot = {.title = "Reliability of predictions made before the runs", .x_title = "predicted probability", .y_title = "part that came true",
                   .x = {0, 1}, .y = {0, 1}};
  fputs("<div>", out);
  afb_plot_begin(out, &plot);
  fprintf(out, "<path class=\"a dashed\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", afb_plot_x(&plot, 0), afb_plot_y(&plot, 0), afb_plot_x(&plot, 1),
          afb_plot_y(&plot, 1));
  for (int t = 0; t < AFB_N_TARGETS; t++)
    for (int b = 0; b < AFB_PAGE_BINS; b++)
      most = fmax(most, (double)page->reliability[t].bin[b].n);
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    double x[AFB_PAGE_BINS], y[AFB_PAGE_BINS];
    int n = 0;
    for (int b = 0; b < AFB_PAGE_BINS; b++) {
      double count = (double)page->reliability[t].bin[b].n;
      if (count < 1)
        continue;
      x[n] = page->reliability[t].bin[b].p;
      y[n] = page->reliability[t].bin[b].y;
      double half = 1.96 * sqrt(y[n] * (1 - y[n]) / count);
      fprintf(out, "<g><title>%.0f runs: predicted %.3f, came true %.3f</title><path class=\"k thin %s\" d=\"M%.1f %.1fV%.1f\"/>"
                   "<circle class=\"f %s see\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/></g>\n", count, x[n], y[n], target_class[t], afb_plot_x(&plot, x[n]),
              afb_plot_y(&plot, fmax(y[n] - half, 0)), afb_plot_y(&plot, fmin(y[n] + half, 1)), target_class[t], afb_plot_x(&plot, x[n]),
              afb_plot_y(&plot, y[n]), 3 + 6 * sqrt(count / most));
      n++;
    }
  }
  snprintf(caption, sizeof caption, "Area of a disc: number of runs (%lld at most); lines: 95\xe2\x80\xaf%% of a binomial. Expected calibration error %.3f "
                                    "(%s), %.3f (%s).", (long long)most, page->reliability[0].all.calibration_error, target_name(0),
           page->reliability[1].all.calibration_error, target_name(1));
  afb_plot_end(out, caption);
  two_keys(out, target_name(0), target_name(1), 1);
  fputs("</div>", out);
}

/* ---- Tables ---- */

static void measures_head(FILE *out)
{
  fputs("<div class=\"wide measures\"><table><thead><tr><th></th>", out);
  for (int k = 0; k < AFB_PAGE_MEASURES; k++)
    fprintf(out, "<th>%s</th>", afb_page_measure[k]);
  fputs("</tr></thead><tbody>\n", out);
}

static void measures_row(FILE *out, const char *name, const double value[AFB_PAGE_MEASURES])
{
  fprintf(out, "<tr><td>%s</td>", name);
  for (int k = 0; k < AFB_PAGE_MEASURES; k++)
    if (isnan(value[k]))
      fputs("<td>\xe2\x80\x93</td>", out);
    else
      fprintf(out, "<td>%.3f</td>", value[k]);
  fputs("</tr>\n", out);
}

static void predictions_table(FILE *out, const afb_page *page)
{
  const struct { const char *name; const afb_metrics *of; } row[] = {{"model", page->result.chosen}, {"random", page->result.drawn}};
  for (int t = 0; t < AFB_N_TARGETS && page->reliability[t].all.n > 0; t++) {
    fprintf(out, "<figure><h3>Predicted before the run: %s</h3>", target_name(t));
    measures_head(out);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
      const afb_metrics *m = &row[i].of[t];
      char name[96];
      snprintf(name, sizeof name, "%s, %lld/%lld", row[i].name, (long long)m->n_positive, (long long)m->n);
      if (m->n > 0)
        measures_row(out, name, (const double[]){m->accuracy, m->balanced_accuracy, m->auc, m->log_loss, m->calibration_error});
    }
    fputs("</tbody></table></div></figure>\n", out);
  }
}

static void validation_tables(FILE *out, const afb_page *page)
{
  const afb_page_validation *v = &page->validation;
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS && v->there[s]; t++) {
      fprintf(out, "<figure><h3>Validation: %s, %s</h3>", s == AFB_SPLIT_IONS ? "ions not trained on" : "trained on small sets, tested on larger",
              target_name(t));
      measures_head(out);
      for (int m = 0; m < AFB_N_METHODS; m++)
        measures_row(out, afb_method_name((afb_method)m), v->value[s][t][m]);
      fputs("</tbody></table></div></figure>\n", out);
    }
}

void afb_page_learning(FILE *out, const afb_page *page)
{
  const afb_store_round *row[MOST];
  int n = trained_rounds(page, row);
  if (n == 0 && page->reliability[0].all.n + page->reliability[1].all.n == 0)
    return;
  afb_html_section(out, "learning", "Learning",
                   "A round trains the model on the runs so far and ranks candidates. Validation trains models apart from the campaign\xe2\x80\x99s own and tests "
                   "them on what they have not seen, beside logistic regression on hand features and the majority class. Bal.: mean of the accuracies on both classes; AUC: area under the ROC curve; ECE: expected calibration error in ten bins; n/m: n of m runs came out so.");
  fputs("<div class=\"grid\">\n", out);
  if (n > 0) {
    fputs("<div>", out);
    loss_curves(out, page, n, row);
    fputs("</div>", out);
    metric_curves(out, page, n, row, "Area under the ROC curve", "auc");
    metric_curves(out, page, n, row, "Expected calibration error", "calibration_error");
  }
  reliability(out, page);
  fputs("</div>\n<div class=\"two\">", out);
  predictions_table(out, page);
  validation_tables(out, page);
  fputs("</div>", out);
  afb_html_section_end(out);
}
