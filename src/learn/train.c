#include "learn/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/logistic.h"
#include "learn/model_work.h"
#include "learn/ridge.h"
#include "learn/split.h"

enum { LEAST_FOR_CALIBRATION = 30, LEAST_TO_DIVIDE = 60, FOLDS = 5, PIECE = 256 /* tokens */ };
static const double RIDGE = 20;

struct afb_trainer {
  afb_descent descent;                     /* rows that fit: of `train`, that judge: of `judging` */
  afb_model *model;
  const afb_set_table *train, *judging;    /* judging: valid, or train when members leave parts of it out; NULL: none */
  afb_train_options options;
  int *fold;                               /* [train->n] */
  float *logit_gradient;                   /* [batch][n_out] */
};

void afb_train_options_default(int64_t n, afb_train_options *o)
{
  int64_t batch = n / 8 < 16 ? 16 : n / 8 > 64 ? 64 : n / 8, epochs = n > 4000 ? 15 : n > 1000 ? 25 : 40;
  *o = (afb_train_options){.batch = batch, .steps = epochs * n / batch + 1, .warmup = 20, .rate = 2e-3, .weight_decay = 0.05,
                           .clip = 1, .blame = 0.5, .patience = 6, .evaluate_every = 0, .restart = 1, .first_step = -1, .seed = 1};
}

void afb_train_options_again(int64_t n, int64_t n_earlier, afb_train_options *o)
{
  afb_train_options_default(n, o);
  o->restart = 0;
  o->rate *= n_earlier > n ? sqrt((double)n / (double)n_earlier) : 1.0;
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

/* Products with matrices of weights go with the tokens, attention with their pairs. */
static int64_t cost(void *owner, int64_t row)
{
  const afb_trainer *t = owner;
  int64_t size = t->train->offset[row + 1] - t->train->offset[row];
  return size * (2 * t->model->spec.width + size);
}

static afb_status allocate(afb_trainer *t, MPI_Comm comm, const afb_set_table *valid)
{
  const afb_train_options *o = &t->options;
  afb_model *m = t->model;
  afb_descent *d = &t->descent;
  int64_t judged = valid && valid->n > t->train->n ? valid->n : t->train->n;
  d->options = (afb_descent_options){.batch = o->batch, .steps = o->steps, .warmup = o->warmup, .rate = o->rate, .weight_decay = o->weight_decay,
                                     .clip = o->clip, .optimiser = o->optimiser, .schedule = o->schedule, .constants = o->constants, .patience = o->patience,
                                     .evaluate_every = o->evaluate_every, .first_step = o->first_step, .seed = o->seed};
  d->task = (afb_descent_task){.gradient = member_pass, .judge = judge, .cost = cost, .owner = t};
  d->members = m->spec.members;
  d->size = m->work->member_weights;
  d->weight = &m->weight;
  d->moment1 = m->moment1;
  d->moment2 = m->moment2;
  d->step = &m->step;
  d->n_matrices = m->work->kind->matrices(&m->spec, NULL);
  AFB_TRY(afb_descent_init(comm, t->train->n, judged, d));
  m->work->kind->matrices(&m->spec, d->matrix);
  t->fold = malloc(((size_t)t->train->n + 1) * sizeof *t->fold);
  t->logit_gradient = malloc((size_t)o->batch * (size_t)m->work->heads.n_out * sizeof(float));
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
  int64_t row[PIECE + 1];
  for (int i = 0; i <= PIECE; i++)
    row[i] = sample;
  int n = piece(t->train, t->options.batch < PIECE ? t->options.batch : PIECE, row) + 1;
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

/* ln of the frequency of each class as constants of its outputs, g + 1 numbers each. */
static void prime_class(const afb_head *head, int64_t n, const float *label, int g, double *linear)
{
  for (int k = 0; k < head->n; k++) {
    double count = 1, all = head->n;
    for (int64_t i = 0; i < n; i++) {
      all += !isnan(label[i]);
      count += label[i] == (float)k;
    }
    linear[k * (g + 1) + g] = log(count / all);
  }
}

/* A linear model of one target on the standardised globals x [n][g]; a moderate constant where there are no labels. */
static afb_status prime_head(const afb_head *head, const float *scale, int64_t n, int g, const float *x, float *label, double *linear)
{
  afb_status status = AFB_OK;
  memset(linear, 0, (size_t)head->n * (size_t)(g + 1) * sizeof *linear);
  if (head->kind == AFB_HEAD_CLASS) {
    prime_class(head, n, label, g, linear);
  } else if (head->kind == AFB_HEAD_NUMBER) {
    double deviation;
    for (int64_t i = 0; i < n; i++)
      label[i] = (label[i] - scale[2 * head->first + 1]) / scale[2 * head->first];
    status = afb_ridge_fit(n, g, x, g, label, 1, RIDGE, linear, &deviation);
    if (status == AFB_OK)
      linear[2 * g + 1] = log(deviation + 1e-2);
  } else {
    status = afb_logistic_fit(n, g, x, g, label, 1, RIDGE, linear);
    for (int j = 0; j <= g && status != AFB_OK; j++)
      linear[j] = j == g;
    /* One outcome only: the constant would go to infinity. */
    linear[g] = linear[g] > 5 ? 5 : linear[g] < -5 ? -5 : linear[g];
  }
  return status == AFB_E_INPUT || status == AFB_E_NUMERIC ? AFB_OK : status;
}

static afb_status prime_member(afb_trainer *t, int member, const float *x, float *label, double *linear)
{
  const afb_model_spec *s = &t->model->spec;
  struct afb_model_work *w = t->model->work;
  const afb_descent_part *p = &t->descent.part[member];
  int g = s->n_global;
  for (int k = 0; k < s->n_target; k++) {
    for (int64_t i = 0; i < t->train->n; i++)
      label[i] = NAN;
    for (int64_t i = 0; i < p->n_fit; i++)
      label[p->fit[i]] = t->train->label[p->fit[i] * s->n_target + k];
    const afb_head *head = &w->heads.head[k];
    AFB_TRY(prime_head(head, afb_model_calibration(t->model), t->train->n, g, x, label, linear + head->first * (g + 1)));
  }
  w->kind->prime(s, linear, t->model->weight + member * w->member_weights);
  return AFB_OK;
}

/* Mean and deviation of the targets that are numbers. */
static void fit_numbers(const afb_set_table *table, afb_model *model)
{
  const afb_heads *heads = &model->work->heads;
  for (int h = 0; h < heads->n; h++) {
    float *c = afb_model_calibration(model) + 2 * heads->head[h].first;
    double mean = 0, square = 0;
    int64_t n = 0;
    if (heads->head[h].kind != AFB_HEAD_NUMBER)
      continue;
    for (int64_t i = 0; i < table->n; i++) {
      double y = table->label[i * table->n_target + h], step = y - mean;
      if (isnan(y))
        continue;
      mean += step / (double)++n;
      square += step * (y - mean);
    }
    c[0] = n > 1 && square > 1e-12 * (double)n ? (float)sqrt(square / (double)n) : 1;
    c[1] = (float)mean;
  }
}

static afb_status prime(afb_trainer *t)
{
  const afb_model_spec *s = &t->model->spec;
  size_t n = (size_t)t->train->n, g = (size_t)s->n_global;
  double *linear = calloc((size_t)t->model->work->heads.n_out * (g + 1), sizeof *linear);
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

static afb_status prepare(afb_trainer *t, MPI_Comm comm, const afb_set_table *valid)
{
  AFB_TRY(afb_model_check_table(t->model, t->train));
  if (valid)
    AFB_TRY(afb_model_check_table(t->model, valid));
  AFB_TRY(allocate(t, comm, valid));
  AFB_TRY(divide(t, valid));
  if (t->options.restart)
    afb_model_reset(t->model);
  if (t->model->step == 0) {
    afb_batch_fit_scale(t->train, t->model->scale);
    fit_numbers(t->train, t->model);
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
  afb_trainer *t = *out = calloc(1, sizeof *t);
  if (t)
    *t = (afb_trainer){.model = model, .train = train, .options = *options};
  afb_status status = afb_agree(comm, t ? prepare(t, comm, valid) : AFB_FAIL(AFB_E_MEMORY, "no memory for a trainer"));
  if (status != AFB_OK)
    afb_trainer_destroy(out);
  return status;
}

void afb_trainer_destroy(afb_trainer **trainer)
{
  afb_trainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  afb_descent_clear(&t->descent);
  free(t->fold);
  free(t->logit_gradient);
  free(t);
}

/* Losses of n rows times share, and their gradient (NULL: not wanted). */
static double loss_of(const afb_model *model, const afb_set_table *table, int64_t n, const int64_t *row, const float *logit, double share,
                      float *gradient)
{
  const afb_heads *heads = &model->work->heads;
  const float *scale = afb_model_calibration(model);
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    for (int h = 0; h < heads->n; h++)
      sum += afb_head_loss(&heads->head[h], logit + i * heads->n_out, scale, table->label[row[i] * heads->n + h], share,
                           gradient ? gradient + i * heads->n_out : NULL);
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
    *loss += loss_of(m, t->train, n, b->row + first, w->logit, share, t->logit_gradient);
    first += n;
    w->kind->backward(w->net, m->weight + b->member * w->member_weights, batch, t->logit_gradient, gradient,
                      first == b->end ? sink : NULL);
  } while (first < b->end);
  return AFB_OK;
}

/* One member's outputs [n_judge][n_out] of the rows that judge it, on every rank, each having computed its share. */
static afb_status judged_logits(afb_trainer *t, int member, float **out)
{
  const afb_descent_part *p = &t->descent.part[member];
  int rank = t->descent.rank, n_ranks = t->descent.n_ranks;
  int64_t begin = p->n_judge * rank / n_ranks, end = p->n_judge * (rank + 1) / n_ranks;
  int n_out = t->model->work->heads.n_out;
  *out = calloc((size_t)(p->n_judge * n_out) + 1, sizeof **out);
  afb_status status = *out ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld predictions", (long long)p->n_judge);
  for (int64_t i = begin; i < end && status == AFB_OK; i += AFB_PREDICT_SETS) {
    int n = end - i < AFB_PREDICT_SETS ? (int)(end - i) : AFB_PREDICT_SETS;
    status = afb_model_batch(t->model, t->judging, n, p->judge + i, 0);
    if (status == AFB_OK)
      status = afb_model_forward(t->model, member);
    if (status == AFB_OK)
      memcpy(*out + i * n_out, t->model->work->logit, (size_t)n * (size_t)n_out * sizeof(float));
  }
  status = afb_agree(t->descent.comm, status);
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, *out, (int)(p->n_judge * n_out), MPI_FLOAT, MPI_SUM, t->descent.comm);
  } else {
    free(*out);
    *out = NULL;
  }
  return status;
}

static afb_status judge(void *owner, int member, const afb_descent_part *p, double *loss)
{
  afb_trainer *t = owner;
  float *logit;
  AFB_TRY(judged_logits(t, member, &logit));
  *loss += loss_of(t->model, t->judging, p->n_judge, p->judge, logit, 1, NULL);
  free(logit);
  return AFB_OK;
}

afb_status afb_trainer_advance(afb_trainer *t, int64_t n_steps, double *loss, int *finished)
{
  return afb_descent_advance(&t->descent, n_steps, loss, finished);
}

afb_descent *afb_trainer_descent(afb_trainer *t) { return &t->descent; }

/* Judged predictions: with a validation table of its own, the mean output of the members for each of its rows; otherwise each
 * member's outputs of the rows that it was trained without. */
typedef struct {
  int64_t n;
  float *logit, *label;        /* [n][n_out], [n][n_target] */
} judged;

static afb_status collect(afb_trainer *t, judged *out)
{
  int targets = t->train->n_target, n_out = t->model->work->heads.n_out, members = t->model->spec.members;
  int shared = t->judging != t->train;
  size_t rows = 0;
  for (int k = 0; k < members; k++)
    rows += (size_t)t->descent.part[k].n_judge;
  *out = (judged){0, calloc(rows * (size_t)n_out + 1, sizeof(float)), malloc((rows * (size_t)targets + 1) * sizeof(float))};
  AFB_TRY(afb_agree(t->descent.comm, out->logit && out->label ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to calibrate")));
  for (int k = 0; k < members; k++) {
    const afb_descent_part *p = &t->descent.part[k];
    float *logit, scale = shared ? 1 / (float)members : 1;
    AFB_TRY(judged_logits(t, k, &logit));
    int64_t first = shared ? 0 : out->n;
    for (int64_t i = 0; i < p->n_judge; i++) {
      for (int j = 0; j < n_out; j++)
        out->logit[(first + i) * n_out + j] += scale * logit[i * n_out + j];
      memcpy(out->label + (first + i) * targets, t->judging->label + p->judge[i] * targets, (size_t)targets * sizeof(float));
    }
    out->n = first + p->n_judge;
    free(logit);
  }
  return AFB_OK;
}

/* Of the targets that are probabilities; v->logit is overwritten by them. */
static afb_status judge_probabilities(const afb_heads *heads, const float *scale, judged *v, afb_metrics *metrics)
{
  for (int h = 0; h < heads->n; h++) {
    const afb_head *head = &heads->head[h];
    if (head->kind != AFB_HEAD_SURVIVAL && head->kind != AFB_HEAD_YES_NO)
      continue;
    for (int64_t i = 0; i < v->n; i++)
      afb_head_predict(head, v->logit + i * heads->n_out, scale, v->logit + i * heads->n_out);
    AFB_TRY(afb_metrics_compute(v->n, v->logit + head->first, heads->n_out, v->label + h, heads->n, &metrics[h]));
  }
  return AFB_OK;
}

static afb_status calibrate_all(afb_trainer *t, judged *v, afb_metrics *metrics)
{
  const afb_heads *heads = &t->model->work->heads;
  float *scale = afb_model_calibration(t->model);
  AFB_TRY(collect(t, v));
  for (int h = 0; h < heads->n; h++)
    afb_head_calibrate(&heads->head[h], v->n, heads->n_out, v->logit, v->label + h, heads->n, scale);
  MPI_Bcast(scale, 2 * heads->n_out, MPI_FLOAT, 0, t->descent.comm);
  return afb_agree(t->descent.comm, metrics ? judge_probabilities(heads, scale, v, metrics) : AFB_OK);
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
