#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/learner_parts.h"
#include "core/clock.h"
#include "learn/logistic.h"
#include "learn/split.h"

enum { MOST_FOLDS = 4, FEWEST_LABELS = 40 };
static const double TESTED_BY_SIZE = 1.0 / 3.0, RIDGE = 1.0;

const char *afb_method_name(afb_method method)
{
  static const char *const name[AFB_N_METHODS] = {"set transformer", "logistic regression", "majority class"};
  return name[method];
}

/* Predictions of every method for rows of the whole table, [n][AFB_N_TARGETS] each; and the areas under the curve of the
 * parts, weighted by their labels: scores of differently trained models are not ranked against each other. */
typedef struct {
  float *p[AFB_N_METHODS];
  double auc[AFB_N_METHODS][AFB_N_TARGETS], weight[AFB_N_METHODS][AFB_N_TARGETS];
} predictions;

static void baselines(const afb_set_table *train, const afb_set_table *test, const int64_t *row, predictions *out)
{
  double *weight = malloc(((size_t)train->n_global + 1) * sizeof *weight);
  float *p = malloc((size_t)test->n * sizeof *p + 1);
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    int64_t known, positive;
    afb_count_labels(train, t, &known, &positive);
    float rate = known > 0 ? (float)((double)positive / (double)known) : 0.5f;
    int fitted = weight && p && afb_logistic_fit(train->n, train->n_global, train->global, train->n_global,
                                                 train->label + t, train->n_target, RIDGE, weight) == AFB_OK;
    if (fitted)
      afb_logistic_predict(test->n, test->n_global, test->global, test->n_global, weight, p, 1);
    for (int64_t i = 0; i < test->n; i++) {
      out->p[AFB_METHOD_MAJORITY][row[i] * AFB_N_TARGETS + t] = rate;
      out->p[AFB_METHOD_LOGISTIC][row[i] * AFB_N_TARGETS + t] = fitted ? p[i] : rate;
    }
  }
  free(weight);
  free(p);
}

/* Trains a model of its own on `train`, whose folds of ions calibrate it, and predicts `test`. */
static afb_status model_of(afb_learner *l, const afb_set_table *train, const afb_set_table *test, const int64_t *row,
                           double seconds, predictions *out)
{
  afb_model *model = NULL;
  float *p = NULL;
  afb_status status = afb_learner_new_model(l, &model);
  int n_out = status == AFB_OK ? afb_model_n_out(&model->spec) : 0;
  if (status == AFB_OK) {
    p = malloc((size_t)(test->n * n_out) * sizeof *p + 1);
    status = afb_agree(l->comm, p ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to validate"));
  }
  if (status == AFB_OK)
    status = afb_learner_fit(l, model, train, NULL, 0, l->seed, seconds, NULL, NULL, NULL);
  if (status == AFB_OK)
    status = afb_agree(l->comm, afb_model_predict(model, test, p, NULL));
  for (int64_t i = 0; status == AFB_OK && i < test->n; i++)
    memcpy(out->p[AFB_METHOD_MODEL] + row[i] * AFB_N_TARGETS, p + i * n_out, AFB_N_TARGETS * sizeof *p);
  free(p);
  afb_model_destroy(&model);
  return status;
}

static afb_status note_auc(const afb_set_table *test, const int64_t *row, predictions *out)
{
  float *p = malloc((size_t)test->n * sizeof *p + 1);
  afb_status status = p ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to validate");
  for (int t = 0; t < AFB_N_TARGETS; t++)
    for (int m = 0; m < AFB_N_METHODS && status == AFB_OK; m++) {
      afb_metrics part;
      for (int64_t i = 0; i < test->n; i++)
        p[i] = out->p[m][row[i] * AFB_N_TARGETS + t];
      status = afb_metrics_compute(test->n, p, 1, test->label + t, test->n_target, &part);
      if (status == AFB_OK && part.n > 0 && !isnan(part.auc)) {
        out->auc[m][t] += (double)part.n * part.auc;
        out->weight[m][t] += (double)part.n;
      }
    }
  free(p);
  return status;
}

/* One part of a split: all methods trained on one side, asked about the other. *tested: whether there was enough. */
static afb_status try_split(afb_learner *l, const afb_split *split, double seconds, predictions *out, int *tested)
{
  afb_set_table train = {0}, test = {0};
  int64_t known = 0, positive = 0;
  afb_status status = afb_set_table_select(&l->table, split->n_train, split->train, &train);
  if (status == AFB_OK)
    status = afb_set_table_select(&l->table, split->n_valid, split->valid, &test);
  status = afb_agree(l->comm, status);
  if (status == AFB_OK)
    afb_count_labels(&train, AFB_TARGET_CONVERGED, &known, &positive);
  *tested = status == AFB_OK && known > 0 && test.n > 0 && !l->interrupted;
  if (*tested) {
    baselines(&train, &test, split->valid, out);
    status = model_of(l, &train, &test, split->valid, seconds, out);
    if (status == AFB_OK)
      status = afb_agree(l->comm, note_auc(&test, split->valid, out));
  }
  afb_set_table_clear(&train);
  afb_set_table_clear(&test);
  return status;
}

static afb_status measure(const afb_set_table *table, const predictions *made, afb_split_kind kind, afb_validation *v)
{
  /* Rows that no part of the split tested have no prediction, and take no part. */
  float *label = malloc((size_t)table->n * sizeof *label + 1);
  if (!label)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to validate");
  afb_status status = AFB_OK;
  for (int t = 0; t < AFB_N_TARGETS; t++)
    for (int m = 0; m < AFB_N_METHODS && status == AFB_OK; m++) {
      const float *p = made->p[m] + t;
      for (int64_t i = 0; i < table->n; i++)
        label[i] = isnan(p[i * AFB_N_TARGETS]) ? NAN : table->label[i * table->n_target + t];
      status = afb_metrics_compute(table->n, p, AFB_N_TARGETS, label, 1, &v->metrics[kind][t][m]);
      v->metrics[kind][t][m].auc = made->weight[m][t] > 0.0 ? made->auc[m][t] / made->weight[m][t] : NAN;
    }
  free(label);
  return status;
}

static int count_groups(const afb_set_table *table)
{
  int n = 0;
  for (int64_t i = 0; i < table->n && n <= MOST_FOLDS; i++) {
    int seen = 0;
    for (int64_t k = 0; k < i && !seen; k++)
      seen = table->group[k] == table->group[i];
    n += !seen;
  }
  return n;
}

static afb_status by_ions(afb_learner *l, double seconds, predictions *made, afb_validation *v)
{
  int groups = count_groups(&l->table);
  v->folds = groups < MOST_FOLDS ? groups : MOST_FOLDS;
  for (int fold = 0; fold < v->folds && v->folds > 1; fold++) {
    afb_split split;
    int tested;
    AFB_TRY(afb_agree(l->comm, afb_split_by_group(&l->table, v->folds, fold, l->seed, &split)));
    afb_status status = try_split(l, &split, seconds / v->folds, made, &tested);
    afb_split_clear(&split);
    AFB_TRY(status);
    v->done[AFB_SPLIT_IONS] |= tested;
  }
  return AFB_OK;
}

static afb_status by_size(afb_learner *l, double seconds, predictions *made, afb_validation *v)
{
  v->largest_train = afb_split_size_quantile(&l->table, TESTED_BY_SIZE);
  if (v->largest_train < 1)
    return AFB_OK;
  afb_split split;
  AFB_TRY(afb_agree(l->comm, afb_split_by_size(&l->table, v->largest_train, &split)));
  afb_status status = try_split(l, &split, seconds, made, &v->done[AFB_SPLIT_SIZE]);
  afb_split_clear(&split);
  return status;
}

afb_status afb_learner_validate(afb_learner *learner, double seconds, afb_validation *validation)
{
  *validation = (afb_validation){0};
  double begin = afb_wall_seconds();
  int64_t known, positive;
  AFB_TRY(afb_learner_share(learner));
  afb_count_labels(&learner->table, AFB_TARGET_CONVERGED, &known, &positive);
  if (known < FEWEST_LABELS)
    return AFB_OK;
  size_t n = (size_t)learner->table.n * AFB_N_TARGETS;
  for (int kind = 0; kind < AFB_N_SPLITS; kind++) {
    predictions made = {.p = {0}};
    float *all = malloc(AFB_N_METHODS * n * sizeof *all);
    afb_status status = afb_agree(learner->comm, all ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to validate"));
    for (size_t i = 0; status == AFB_OK && i < AFB_N_METHODS * n; i++)
      all[i] = NAN;
    for (int m = 0; m < AFB_N_METHODS && status == AFB_OK; m++)
      made.p[m] = all + (size_t)m * n;
    if (status == AFB_OK)
      status = kind == AFB_SPLIT_IONS ? by_ions(learner, 0.7 * seconds, &made, validation)
                                      : by_size(learner, 0.3 * seconds, &made, validation);
    if (status == AFB_OK && validation->done[kind])
      status = afb_agree(learner->comm, measure(&learner->table, &made, (afb_split_kind)kind, validation));
    free(all);
    AFB_TRY(status);
  }
  validation->seconds = afb_wall_seconds() - begin;
  return AFB_OK;
}
