#include "learn/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/descent.h"
#include "learn/logistic.h"
#include "learn/model_work.h"
#include "learn/split.h"

enum { LEAST_FOR_CALIBRATION = 30, LEAST_TO_DIVIDE = 60, FOLDS = 5, PIECE = 256 /* tokens */ };
static const double RIDGE = 20;

struct afb_trainer {
  afb_descent descent;                     /* rows that fit: of `train`, that judge: of `judging` */
  afb_model *model;
  const afb_set_table *train, *judging;    /* judging: valid, or train when members leave parts of it out; NULL: none */
  afb_train_options options;
  int *fold;                               /* [train->n] */
  float *logit_gradient;                   /* [batch][n_target] */
};

void afb_train_options_default(int64_t n, afb_train_options *o)
{
  int64_t batch = n / 8 < 16 ? 16 : n / 8 > 64 ? 64 : n / 8, epochs = n > 4000 ? 15 : n > 1000 ? 25 : 40;
  *o = (afb_train_options){.batch = batch, .steps = epochs * n / batch + 1, .warmup = 20, .rate = 2e-3, .weight_decay = 0.05,
                           .clip = 1, .blame = 0.5, .patience = 6, .evaluate_every = 0, .restart = 1, .first_step = -1, .seed = 1};
}

static int is_known(const afb_set_table *t, int64_t row)
{
  for (int k = 0; k < t->n_target; k++)
    if (!isnan(t->label[row * t->n_target + k]))
      return 1;
  return 0;
}

static int64_t count_known(const afb_set_table *table)
{
  int64_t n = 0;
  for (int64_t i = 0; i < table->n; i++)
    n += is_known(table, i);
  return n;
}

static afb_status member_pass(void *owner, const afb_descent_batch *rows, float *gradient, double *loss,
                              const afb_gradient_sink *sink);
static afb_status judge(void *owner, int member, const afb_descent_part *part, double *loss);

static afb_status allocate(afb_trainer *t, const afb_set_table *valid)
{
  const afb_train_options *o = &t->options;
  afb_model *m = t->model;
  afb_descent *d = &t->descent;
  int64_t judged = valid && valid->n > t->train->n ? valid->n : t->train->n;
  d->options = (afb_descent_options){.batch = o->batch, .steps = o->steps, .warmup = o->warmup, .rate = o->rate, .weight_decay = o->weight_decay,
                                     .clip = o->clip, .optimiser = o->optimiser, .schedule = o->schedule, .patience = o->patience,
                                     .evaluate_every = o->evaluate_every, .first_step = o->first_step, .seed = o->seed};
  d->task = (afb_descent_task){.gradient = member_pass, .judge = judge, .owner = t};
  d->members = m->spec.members;
  d->size = m->work->member_weights;
  d->weight = m->weight;
  d->moment1 = m->moment1;
  d->moment2 = m->moment2;
  d->step = &m->step;
  d->n_matrices = m->work->kind->matrices(&m->spec, NULL);
  AFB_TRY(afb_descent_init(t->train->n, judged, d));
  m->work->kind->matrices(&m->spec, d->matrix);
  t->fold = malloc(((size_t)t->train->n + 1) * sizeof *t->fold);
  t->logit_gradient = malloc((size_t)o->batch * (size_t)m->spec.n_target * sizeof(float));
  if (!t->fold || !t->logit_gradient)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to train a model of %lld weights", (long long)m->n_weights);
  return AFB_OK;
}

/* Which rows train and which judge each member. */
static afb_status divide(afb_trainer *t, const afb_set_table *valid)
{
  int64_t known = count_known(t->train);
  int members = t->model->spec.members, folds = 0;
  if (known == 0)
    return AFB_FAIL(AFB_E_INPUT, "no sample with a known label to train on");
  if (valid && count_known(valid) >= LEAST_FOR_CALIBRATION) {
    t->judging = valid;
  } else if (known >= LEAST_TO_DIVIDE) {
    AFB_TRY(afb_split_balanced(t->train, members > FOLDS ? members : FOLDS, t->options.seed, t->fold, &folds));
    t->judging = folds > 1 ? t->train : NULL;
  }
  for (int k = 0; k < members; k++) {
    afb_descent_part *p = &t->descent.part[k];
    int own = folds > 1 ? k % folds : -1;
    for (int64_t i = 0; i < t->train->n; i++)
      if (is_known(t->train, i) && (own < 0 || t->fold[i] != own))
        p->fit[p->n_fit++] = i;
    for (int64_t i = 0; t->judging && i < t->judging->n; i++)
      if (is_known(t->judging, i) && (own < 0 || t->fold[i] == own))
        p->judge[p->n_judge++] = i;
    /* All labels may lie in one fold. */
    if (p->n_fit == 0) {
      memcpy(p->fit, p->judge, (size_t)p->n_judge * sizeof *p->fit);
      p->n_fit = p->n_judge;
    }
  }
  return AFB_OK;
}

/* How many of n rows make a piece whose activations the cache holds. */
static int piece(const afb_set_table *table, int64_t n, const int64_t *row)
{
  int64_t tokens = 0, i = 0;
  for (; i < n; i++) {
    tokens += table->offset[row[i] + 1] - table->offset[row[i]];
    if (i > 0 && tokens > PIECE)
      break;
  }
  return (int)i;
}

/* A pass over a piece, and one sample more, of one sample again and again. */
static afb_status reserve_for(afb_trainer *t, int64_t sample)
{
  int64_t share = (t->options.batch + t->descent.n_ranks - 1) / t->descent.n_ranks, row[PIECE + 1];
  for (int i = 0; i <= PIECE; i++)
    row[i] = sample;
  int n = piece(t->train, share < PIECE ? share : PIECE, row) + 1;
  AFB_TRY(afb_model_batch(t->model, t->train, n, row, 0));
  return afb_model_forward(t->model, 0);
}

/* No step has to allocate after passes over the largest samples (tokens, pairs) and the smallest (samples): a rank that failed alone
 * would leave the others waiting. */
static afb_status reserve(afb_trainer *t)
{
  const int64_t *offset = t->train->offset;
  int64_t largest = 0, smallest = 0;
  for (int64_t i = 1; i < t->train->n; i++) {
    int64_t size = offset[i + 1] - offset[i];
    largest = size > offset[largest + 1] - offset[largest] ? i : largest;
    smallest = size < offset[smallest + 1] - offset[smallest] ? i : smallest;
  }
  AFB_TRY(reserve_for(t, largest));
  return reserve_for(t, smallest);
}

/* Logistic regression on the standardised globals; a moderate constant for a target without labels. */
static afb_status prime_member(afb_trainer *t, int member, const float *x, float *label, double *linear)
{
  const afb_model_spec *s = &t->model->spec;
  struct afb_model_work *w = t->model->work;
  const afb_descent_part *p = &t->descent.part[member];
  int g = s->n_global;
  for (int k = 0; k < s->n_target; k++) {
    double *mine = linear + k * (g + 1);
    for (int64_t i = 0; i < t->train->n; i++)
      label[i] = NAN;
    for (int64_t i = 0; i < p->n_fit; i++)
      label[p->fit[i]] = t->train->label[p->fit[i] * s->n_target + k];
    afb_status status = afb_logistic_fit(t->train->n, g, x, g, label, 1, RIDGE, mine);
    if (status != AFB_OK && status != AFB_E_INPUT && status != AFB_E_NUMERIC)
      return status;
    for (int j = 0; j <= g && status != AFB_OK; j++)
      mine[j] = j == g;
    /* One outcome only: the constant would go to infinity. */
    mine[g] = mine[g] > 5 ? 5 : mine[g] < -5 ? -5 : mine[g];
  }
  w->kind->prime(s, linear, t->model->weight + member * w->member_weights);
  return AFB_OK;
}

static afb_status prime(afb_trainer *t)
{
  const afb_model_spec *s = &t->model->spec;
  size_t n = (size_t)t->train->n, g = (size_t)s->n_global;
  double *linear = calloc((size_t)s->n_target * (g + 1), sizeof *linear);
  float *x = malloc(n * (g + 1) * sizeof *x), *label = malloc(n * sizeof *label);
  afb_status status = linear && x && label ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to begin training");
  if (status == AFB_OK)
    afb_batch_standardise(t->train->n, s->n_global, t->train->global, t->model->scale + 2 * s->n_token, x);
  for (int m = 0; m < s->members && status == AFB_OK; m++)
    status = prime_member(t, m, x, label, linear);
  free(linear);
  free(x);
  free(label);
  return status;
}

static afb_status prepare(afb_trainer *t, const afb_set_table *valid)
{
  AFB_TRY(afb_model_check_table(t->model, t->train));
  if (valid)
    AFB_TRY(afb_model_check_table(t->model, valid));
  AFB_TRY(allocate(t, valid));
  AFB_TRY(divide(t, valid));
  if (t->options.restart)
    afb_model_reset(t->model);
  if (t->model->step == 0) {
    afb_batch_fit_scale(t->train, t->model->scale);
    AFB_TRY(prime(t));
  }
  afb_descent_options *d = &t->descent.options;
  if (d->first_step < 0)
    d->first_step = t->model->step;
  if (d->evaluate_every <= 0)
    d->evaluate_every = (t->descent.part[0].n_fit + d->batch - 1) / d->batch;
  return reserve(t);
}

afb_status afb_trainer_create(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                              const afb_train_options *options, afb_trainer **out)
{
  *out = NULL;
  afb_trainer *t = calloc(1, sizeof *t);
  afb_status status = t ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a trainer");
  if (t) {
    *t = (afb_trainer){.descent.comm = MPI_COMM_NULL, .model = model, .train = train, .options = *options};
    MPI_Comm_rank(comm, &t->descent.rank);
    MPI_Comm_size(comm, &t->descent.n_ranks);
    status = prepare(t, valid);
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Comm_dup(comm, &t->descent.comm);
    *out = t;
  } else {
    afb_trainer_destroy(&t);
  }
  return status;
}

void afb_trainer_destroy(afb_trainer **trainer)
{
  afb_trainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  if (t->descent.comm != MPI_COMM_NULL)
    MPI_Comm_free(&t->descent.comm);
  afb_descent_clear(&t->descent);
  free(t->fold);
  free(t->logit_gradient);
  free(t);
}

/* Sum of the losses; gradient of sum * share. */
static double loss_gradient(const afb_set_table *table, int n, const int64_t *row, const float *logit, double share,
                            float *gradient)
{
  double sum = 0;
  int targets = table->n_target;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < targets; k++) {
      double y = table->label[row[i] * targets + k], z = logit[i * targets + k];
      gradient[i * targets + k] = 0;
      if (isnan(y))
        continue;
      sum += (z > 0 ? z : 0) + log1p(exp(-fabs(z))) - y * z;
      gradient[i * targets + k] = (float)((1 / (1 + exp(-z)) - y) * share);
    }
  return sum;
}

/* This rank's share of one member's gradient, piece by piece; the mean is over the known labels of the batch. A rank without rows
 * announces its parts all the same. */
static afb_status member_pass(void *owner, const afb_descent_batch *b, float *gradient, double *loss,
                              const afb_gradient_sink *sink)
{
  afb_trainer *t = owner;
  afb_model *m = t->model;
  struct afb_model_work *w = m->work;
  int targets = t->train->n_target;
  int64_t labels = 0;
  for (int64_t i = 0; i < b->n; i++)
    for (int k = 0; k < targets; k++)
      labels += !isnan(t->train->label[b->row[i] * targets + k]);
  double share = 1 / (double)(labels > 0 ? labels : 1);
  int64_t first = b->begin;
  *loss = 0;
  do {
    int n = piece(t->train, b->end - first, b->row + first);
    AFB_TRY(afb_model_batch(m, t->train, n, b->row + first, first));
    afb_set_batch *batch = &w->buffer.batch;
    batch->dropout = m->spec.dropout;
    batch->seed = t->options.seed + 1000003u * (uint64_t)b->member;
    batch->step = (uint64_t)m->step;
    batch->blame_weight = (float)(share * t->options.blame);
    AFB_TRY(afb_model_forward(m, b->member));
    *loss += share * loss_gradient(t->train, n, b->row + first, w->logit, share, t->logit_gradient);
    first += n;
    w->kind->backward(w->net, m->weight + b->member * w->member_weights, batch, t->logit_gradient, gradient,
                      first == b->end ? sink : NULL);
  } while (first < b->end);
  return AFB_OK;
}

/* One member's logits [n_judge][n_target] of the rows that judge it, on every rank, each having computed its share. */
static afb_status judged_logits(afb_trainer *t, int member, float **out)
{
  const afb_descent_part *p = &t->descent.part[member];
  int rank = t->descent.rank, n_ranks = t->descent.n_ranks;
  int64_t begin = p->n_judge * rank / n_ranks, end = p->n_judge * (rank + 1) / n_ranks;
  int targets = t->train->n_target;
  *out = calloc((size_t)(p->n_judge * targets) + 1, sizeof **out);
  afb_status status = *out ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld predictions", (long long)p->n_judge);
  for (int64_t i = begin; i < end && status == AFB_OK; i += AFB_PREDICT_SETS) {
    int n = end - i < AFB_PREDICT_SETS ? (int)(end - i) : AFB_PREDICT_SETS;
    status = afb_model_batch(t->model, t->judging, n, p->judge + i, 0);
    if (status == AFB_OK)
      status = afb_model_forward(t->model, member);
    if (status == AFB_OK)
      memcpy(*out + i * targets, t->model->work->logit, (size_t)n * (size_t)targets * sizeof(float));
  }
  status = afb_agree(t->descent.comm, status);
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, *out, (int)(p->n_judge * targets), MPI_FLOAT, MPI_SUM, t->descent.comm);
  } else {
    free(*out);
    *out = NULL;
  }
  return status;
}

static afb_status judge(void *owner, int member, const afb_descent_part *p, double *loss)
{
  afb_trainer *t = owner;
  int targets = t->train->n_target;
  float *logit;
  AFB_TRY(judged_logits(t, member, &logit));
  for (int64_t i = 0; i < p->n_judge; i++)
    for (int k = 0; k < targets; k++) {
      double y = t->judging->label[p->judge[i] * targets + k], z = logit[i * targets + k];
      *loss += isnan(y) ? 0 : (z > 0 ? z : 0) + log1p(exp(-fabs(z))) - y * z;
    }
  free(logit);
  return AFB_OK;
}

afb_status afb_trainer_advance(afb_trainer *t, int64_t n_steps, double *loss, int *finished)
{
  return afb_descent_advance(&t->descent, n_steps, loss, finished);
}

/* Judged predictions: with a validation table of its own, the mean logit of the members for each of its rows; otherwise each
 * member's logits of the rows that it was trained without. */
typedef struct {
  int64_t n;
  float *logit, *label;        /* [n][n_target] */
} judged;

static afb_status collect(afb_trainer *t, judged *out)
{
  int targets = t->train->n_target, members = t->model->spec.members, shared = t->judging != t->train;
  size_t rows = 0;
  for (int k = 0; k < members; k++)
    rows += (size_t)t->descent.part[k].n_judge;
  *out = (judged){0, calloc(rows * (size_t)targets + 1, sizeof(float)), malloc((rows * (size_t)targets + 1) * sizeof(float))};
  AFB_TRY(afb_agree(t->descent.comm, out->logit && out->label ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to calibrate")));
  for (int k = 0; k < members; k++) {
    const afb_descent_part *p = &t->descent.part[k];
    float *logit, scale = shared ? 1 / (float)members : 1;
    AFB_TRY(judged_logits(t, k, &logit));
    int64_t first = shared ? 0 : out->n;
    for (int64_t i = 0; i < p->n_judge; i++)
      for (int j = 0; j < targets; j++) {
        out->logit[(first + i) * targets + j] += scale * logit[i * targets + j];
        out->label[(first + i) * targets + j] = t->judging->label[p->judge[i] * targets + j];
      }
    out->n = first + p->n_judge;
    free(logit);
  }
  return AFB_OK;
}

/* Platt scaling of target k, where both outcomes occur and there are enough of them; otherwise p = 1/(1+exp(-z)). */
static void calibrate(const judged *v, int targets, int k, float c[2])
{
  int64_t n = 0, positive = 0;
  double w[2] = {1, 0};
  for (int64_t i = 0; i < v->n; i++) {
    n += !isnan(v->label[i * targets + k]);
    positive += v->label[i * targets + k] > 0.5f;
  }
  c[0] = 1;
  c[1] = 0;
  if (n < LEAST_FOR_CALIBRATION || positive < 5 || n - positive < 5)
    return;
  if (afb_logistic_fit(v->n, 1, v->logit + k, targets, v->label + k, targets, 1, w) == AFB_OK && w[0] > 0.1 && w[0] < 10) {
    c[0] = (float)w[0];
    c[1] = (float)w[1];
  }
}

static afb_status calibrate_all(afb_trainer *t, judged *v, afb_metrics *metrics)
{
  int targets = t->train->n_target;
  AFB_TRY(collect(t, v));
  afb_status status = AFB_OK;
  for (int k = 0; k < targets; k++) {
    float *c = afb_model_calibration(t->model, k);
    calibrate(v, targets, k, c);
    MPI_Bcast(c, 2, MPI_FLOAT, 0, t->descent.comm);
    for (int64_t i = 0; i < v->n; i++)
      v->logit[i * targets + k] = 1 / (1 + expf(-(c[0] * v->logit[i * targets + k] + c[1])));
    if (metrics && status == AFB_OK)
      status = afb_metrics_compute(v->n, v->logit + k, targets, v->label + k, targets, &metrics[k]);
  }
  return afb_agree(t->descent.comm, status);
}

static afb_status finish(afb_trainer *t, afb_metrics *metrics)
{
  afb_model *m = t->model;
  afb_descent_finish(&t->descent);
  for (int k = 0; metrics && k < m->spec.n_target; k++)
    metrics[k] = (afb_metrics){0, 0, NAN, NAN, NAN, NAN, NAN};
  if (!t->judging)
    return AFB_OK;
  judged v = {0, NULL, NULL};
  afb_status status = calibrate_all(t, &v, metrics);
  free(v.logit);
  free(v.label);
  return status;
}

afb_status afb_trainer_finish(afb_trainer **trainer, afb_metrics *metrics)
{
  afb_status status = finish(*trainer, metrics);
  afb_trainer_destroy(trainer);
  return status;
}

afb_status afb_train(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                     const afb_train_options *options, afb_metrics *metrics)
{
  afb_trainer *trainer;
  int finished = 0;
  AFB_TRY(afb_trainer_create(comm, model, train, valid, options, &trainer));
  while (!finished) {
    afb_status status = afb_trainer_advance(trainer, 100, NULL, &finished);
    if (status != AFB_OK) {
      afb_trainer_destroy(&trainer);
      return status;
    }
  }
  return afb_trainer_finish(&trainer, metrics);
}
