/* How good a network of a table is on rows that it was not trained on. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/metrics.h"
#include "learn/mdn_linear.h"
#include "training/table_model.h"

typedef struct {
  const afb_dataset *dataset;
  const afb_rows *rows;
  double *predicted[AFB_N_BASES];          /* [n][n_out] scaled, or probabilities */
  double nll;
} trial;

static double *score_of(const afb_table_model *m, int base, int t)
{
  return m->card.score + (base * m->mdn->spec.n_out + t) * AFB_N_SCORES;
}

/* Root of mean square, mean absolute value, 1 - square / variance; in the target's unit. */
static void score_target(const afb_table_model *m, const trial *x, int base, int t)
{
  int out = m->mdn->spec.n_out;
  double n = 0, mean = 0, square = 0, absolute = 0, variance = 0, *score = score_of(m, base, t);
  for (int64_t i = 0; i < x->rows->n; i++) {
    double y = x->rows->target[i * out + t], e = x->predicted[base][i * out + t] - y;
    if (isnan(y))
      continue;
    n += 1;
    double off = y - mean;
    mean += off / n;
    variance += off * (y - mean);
    square += e * e;
    absolute += fabs(e);
  }
  score[0] = m->deviation[t] * sqrt(square / n);
  score[1] = m->deviation[t] * absolute / n;
  score[2] = variance > 0 ? 1 - square / variance : NAN;
  score[3] = base == AFB_BASE_NETWORK ? x->nll : NAN;
}

static afb_status score_classes(const afb_table_model *m, const trial *x, int base, int t)
{
  int out = m->mdn->spec.n_out;
  afb_metrics metrics;
  float *p = malloc(((size_t)x->rows->n + 1) * sizeof *p), *label = malloc(((size_t)x->rows->n + 1) * sizeof *label);
  afb_status status = p && label ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld probabilities", (long long)x->rows->n);
  for (int64_t i = 0; i < x->rows->n && status == AFB_OK; i++) {
    p[i] = (float)x->predicted[base][i * out + t];
    label[i] = (float)x->rows->target[i * out + t];
  }
  if (status == AFB_OK)
    status = afb_metrics_compute(x->rows->n, p, 1, label, 1, &metrics);
  if (status == AFB_OK)
    memcpy(score_of(m, base, t), (double[]){metrics.log_loss, metrics.accuracy, metrics.auc, metrics.calibration_error},
           AFB_N_SCORES * sizeof(double));
  free(p);
  free(label);
  return status;
}

/* Mean -ln p of all targets together, in their units. */
static afb_status likelihood(afb_table_model *m, trial *x)
{
  enum { ROWS = 1024 };
  int in = m->mdn->spec.n_in, out = m->mdn->spec.n_out;
  double sum = 0;
  for (int64_t first = 0; first < x->rows->n; first += ROWS) {
    int64_t n = x->rows->n - first < ROWS ? x->rows->n - first : ROWS;
    afb_mixtures mixtures;
    AFB_TRY(afb_mdn_predict(m->mdn, n, x->rows->input + first * in, -1, &mixtures));
    for (int64_t i = 0; i < n; i++)
      sum += afb_mixture_nll(&mixtures, i, x->rows->target + (first + i) * out);
    afb_mixtures_clear(&mixtures);
  }
  x->nll = sum / (double)x->rows->n;
  for (int t = 0; t < out; t++)
    x->nll += log(m->deviation[t]);
  return AFB_OK;
}

static afb_status predict_all(afb_table_model *m, trial *x)
{
  const afb_mdn_spec *s = &m->mdn->spec;
  int classes = s->loss == AFB_LOSS_CROSS_ENTROPY;
  const double *rate = x->dataset->mean + s->n_in;
  double *spread = malloc(((size_t)x->rows->n * (size_t)s->n_out + 1) * sizeof *spread), *network = x->predicted[AFB_BASE_NETWORK];
  AFB_TRY(spread ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions"));
  afb_status status = afb_table_model_predict(m, x->rows->n, x->rows->input, network, spread, NULL);
  free(spread);
  AFB_TRY(status);
  AFB_TRY(afb_mdn_linear_points(m->mdn, x->rows->n, x->rows->input, 0, x->predicted[AFB_BASE_LINEAR]));
  for (int64_t i = 0; i < x->rows->n * s->n_out; i++) {
    int t = (int)(i % s->n_out);
    network[i] = (network[i] - m->mean[t]) / m->deviation[t];
    x->predicted[AFB_BASE_CONSTANT][i] = classes ? rate[t] : (rate[t] - m->mean[t]) / m->deviation[t];
    if (classes)
      x->predicted[AFB_BASE_LINEAR][i] = 1 / (1 + exp(-x->predicted[AFB_BASE_LINEAR][i]));
  }
  return s->loss == AFB_LOSS_LIKELIHOOD ? likelihood(m, x) : AFB_OK;
}

afb_status afb_table_model_judge(afb_table_model *m, const afb_dataset *d)
{
  const afb_mdn_spec *s = &m->mdn->spec;
  trial x = {.dataset = d, .rows = d->test.n > 0 ? &d->test : &d->judge, .nll = NAN};
  m->card.tested = d->test.n > 0 ? 1 : d->judge.n > 0 ? 0 : -1;
  if (x.rows->n == 0)
    return AFB_OK;
  size_t size = (size_t)x.rows->n * (size_t)s->n_out;
  double *all = malloc(AFB_N_BASES * size * sizeof *all);
  for (int b = 0; b < AFB_N_BASES; b++)
    x.predicted[b] = all + (size_t)b * size;
  afb_status status = all ? predict_all(m, &x) : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions");
  for (int b = 0; b < AFB_N_BASES && status == AFB_OK; b++)
    for (int t = 0; t < s->n_out && status == AFB_OK; t++)
      if (s->loss == AFB_LOSS_CROSS_ENTROPY)
        status = score_classes(m, &x, b, t);
      else
        score_target(m, &x, b, t);
  free(all);
  return status;
}
