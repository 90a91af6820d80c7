#include "learn/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/logistic.h"
#include "learn/model_work.h"
#include "learn/optimiser.h"

enum { STREAM_ORDER = 200, MAX_PARTS = 128, LEAST_FOR_CALIBRATION = 30 };

struct afb_trainer {
  MPI_Comm comm;
  int rank, n_ranks;
  afb_model *model;
  const afb_set_table *train, *valid;      /* valid NULL: none */
  afb_train_options options;
  int64_t *known, n_known;                 /* rows of train with a label */
  int64_t *order, order_epoch;             /* permutation of one member's epoch */
  int order_member;
  int64_t *row;                            /* [batch] */
  float *gradient, *logit_gradient, *best;
  double best_loss;
  int64_t stale;                           /* evaluations since the best */
  int stopped;
  int n_requests;
  MPI_Request *request;                    /* [members * MAX_PARTS] */
  float *member_gradient;                  /* base of the parts that `ready` announces */
  int mpi_failed;
};

void afb_train_options_default(int64_t n, afb_train_options *o)
{
  int64_t batch = n / 8 < 16 ? 16 : n / 8 > 64 ? 64 : n / 8, epochs = n > 4000 ? 15 : n > 1000 ? 25 : 40;
  *o = (afb_train_options){.batch = batch, .steps = epochs * n / batch + 1, .warmup = 20, .rate = 2e-3, .weight_decay = 0.05,
                           .clip = 1, .blame = 0.5, .patience = 6, .evaluate_every = 0, .restart = 1, .first_step = -1, .seed = 1};
}

static afb_status check_options(const afb_train_options *o)
{
  if (o->batch < 1 || o->steps < 1 || o->warmup < 0 || !(o->rate > 0) || !(o->weight_decay >= 0) || !(o->clip >= 0))
    return AFB_FAIL(AFB_E_INPUT, "training needs batch, steps and rate above 0, and no negative warm-up, decay or clip");
  return AFB_OK;
}

static int is_known(const afb_set_table *t, int64_t row)
{
  for (int k = 0; k < t->n_target; k++)
    if (!isnan(t->label[row * t->n_target + k]))
      return 1;
  return 0;
}

static afb_status allocate(afb_trainer *t)
{
  const afb_model *m = t->model;
  size_t weights = (size_t)m->n_weights * sizeof(float), rows = (size_t)t->train->n + 1;
  t->known = malloc(rows * sizeof *t->known);
  t->order = malloc(rows * sizeof *t->order);
  t->row = malloc((size_t)t->options.batch * sizeof *t->row);
  t->gradient = malloc(weights);
  t->best = malloc(weights);
  t->logit_gradient = malloc((size_t)t->options.batch * (size_t)m->spec.n_target * sizeof(float));
  t->request = malloc((size_t)m->spec.members * MAX_PARTS * sizeof *t->request);
  if (!t->known || !t->order || !t->row || !t->gradient || !t->best || !t->logit_gradient || !t->request)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to train a model of %lld weights", (long long)m->n_weights);
  for (int64_t i = 0; i < t->train->n; i++)
    if (is_known(t->train, i))
      t->known[t->n_known++] = i;
  return t->n_known > 0 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "no sample with a known label to train on");
}

static const afb_set_table *sorting;
static int by_tokens(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  int64_t m = sorting->offset[x + 1] - sorting->offset[x], n = sorting->offset[y + 1] - sorting->offset[y];
  return (m < n) - (m > n);
}

/* One pass over the largest samples, so that no step has to allocate: a rank that failed alone would leave the others waiting. */
static afb_status reserve(afb_trainer *t)
{
  int64_t share = (t->options.batch + t->n_ranks - 1) / t->n_ranks, n = share < t->n_known ? share : t->n_known;
  memcpy(t->order, t->known, (size_t)t->n_known * sizeof *t->order);
  sorting = t->train;
  qsort(t->order, (size_t)t->n_known, sizeof *t->order, by_tokens);
  for (int64_t i = 0; i < share; i++)
    t->row[i] = t->order[i < n ? i : 0];
  AFB_TRY(afb_model_batch(t->model, t->train, (int)share, t->row, 0));
  return afb_model_forward(t->model, 0);
}

static afb_status prepare(afb_trainer *t)
{
  AFB_TRY(check_options(&t->options));
  AFB_TRY(afb_model_check_table(t->model, t->train));
  if (t->valid)
    AFB_TRY(afb_model_check_table(t->model, t->valid));
  AFB_TRY(allocate(t));
  if (t->options.restart)
    afb_model_reset(t->model);
  if (t->model->step == 0)
    afb_batch_fit_scale(t->train, t->model->scale);
  if (t->options.first_step < 0)
    t->options.first_step = t->model->step;
  if (t->options.evaluate_every <= 0)
    t->options.evaluate_every = (t->n_known + t->options.batch - 1) / t->options.batch;
  t->best_loss = INFINITY;
  AFB_TRY(reserve(t));
  t->order_epoch = -1;
  return AFB_OK;
}

afb_status afb_trainer_create(MPI_Comm comm, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                              const afb_train_options *options, afb_trainer **out)
{
  *out = NULL;
  afb_trainer *t = calloc(1, sizeof *t);
  afb_status status = t ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a trainer");
  if (t) {
    *t = (afb_trainer){.comm = MPI_COMM_NULL, .model = model, .train = train, .options = *options};
    t->valid = valid && valid->n > 0 ? valid : NULL;
    MPI_Comm_rank(comm, &t->rank);
    MPI_Comm_size(comm, &t->n_ranks);
    status = prepare(t);
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Comm_dup(comm, &t->comm);
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
  if (t->comm != MPI_COMM_NULL)
    MPI_Comm_free(&t->comm);
  free(t->known);
  free(t->order);
  free(t->row);
  free(t->gradient);
  free(t->best);
  free(t->logit_gradient);
  free(t->request);
  free(t);
}

static void shuffle(afb_trainer *t, int member, int64_t epoch)
{
  if (t->order_epoch == epoch && t->order_member == member)
    return;
  uint64_t stream = ((uint64_t)epoch << 16) + STREAM_ORDER + (uint64_t)member;
  memcpy(t->order, t->known, (size_t)t->n_known * sizeof *t->order);
  for (int64_t i = t->n_known - 1; i > 0; i--) {
    int64_t j = (int64_t)afb_random_below((uint64_t)i + 1, t->options.seed, stream, (uint64_t)i);
    int64_t row = t->order[i];
    t->order[i] = t->order[j];
    t->order[j] = row;
  }
  t->order_epoch = epoch;
  t->order_member = member;
}

/* The rows of the global batch of a step, and the number of known labels in it. */
static int64_t choose_rows(afb_trainer *t, int member)
{
  int64_t first = (t->model->step - t->options.first_step) * t->options.batch, labels = 0;
  int targets = t->train->n_target;
  for (int64_t i = 0; i < t->options.batch; i++) {
    shuffle(t, member, (first + i) / t->n_known);
    t->row[i] = t->order[(first + i) % t->n_known];
    for (int k = 0; k < targets; k++)
      labels += !isnan(t->train->label[t->row[i] * targets + k]);
  }
  return labels;
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

/* Starts the sum over ranks of a finished part and lets earlier ones progress. */
static void part_ready(void *owner, int64_t first, int64_t count)
{
  afb_trainer *t = owner;
  int done;
  if (t->n_ranks == 1)
    return;
  MPI_Iallreduce(MPI_IN_PLACE, t->member_gradient + first, (int)count, MPI_FLOAT, MPI_SUM, t->comm,
                 &t->request[t->n_requests++]);
  MPI_Testall(t->n_requests, t->request, &done, MPI_STATUSES_IGNORE);
}

/* This rank's share of one member's gradient; *loss: its part of the batch's mean loss. */
static afb_status member_pass(afb_trainer *t, int member, double *loss)
{
  afb_model *m = t->model;
  struct afb_model_work *w = m->work;
  int64_t batch = t->options.batch, begin = batch * t->rank / t->n_ranks, end = batch * (t->rank + 1) / t->n_ranks;
  int64_t labels = choose_rows(t, member);
  int n = (int)(end - begin);
  afb_status status = afb_model_batch(m, t->train, n, t->row + begin, begin);
  w->buffer.batch.dropout = m->spec.dropout;
  w->buffer.batch.seed = t->options.seed + 1000003u * (uint64_t)member;
  w->buffer.batch.step = (uint64_t)m->step;
  if (status == AFB_OK)
    status = afb_model_forward(m, member);
  AFB_TRY(status);
  double share = 1 / (double)(labels > 0 ? labels : 1);
  *loss = share * loss_gradient(t->train, n, t->row + begin, w->logit, share, t->logit_gradient);
  t->member_gradient = t->gradient + member * w->member_weights;
  w->buffer.batch.blame_weight = (float)(share * t->options.blame);
  memset(t->member_gradient, 0, (size_t)w->member_weights * sizeof(float));
  afb_gradient_sink sink = {part_ready, t};
  w->kind->backward(w->net, m->weight + member * w->member_weights, &w->buffer.batch, t->logit_gradient,
                    t->member_gradient, &sink);
  return AFB_OK;
}

static double rate_at(const afb_train_options *o, int64_t step)
{
  if (step < o->warmup)
    return o->rate * (double)(step + 1) / (double)(o->warmup + 1);
  double x = o->steps > o->warmup ? (double)(step - o->warmup) / (double)(o->steps - o->warmup) : 1;
  return o->rate * (0.05 + 0.95 * 0.5 * (1 + cos(3.141592653589793 * (x < 1 ? x : 1))));
}

/* One step of all members. The sums over ranks of one member's gradient proceed while the next is computed. */
static afb_status step(afb_trainer *t, double *loss)
{
  afb_model *m = t->model;
  int64_t size = m->work->member_weights;
  t->n_requests = 0;
  *loss = 0;
  for (int k = 0; k < m->spec.members; k++) {
    double part = 0;
    afb_status status = member_pass(t, k, &part);
    if (status != AFB_OK) {
      MPI_Waitall(t->n_requests, t->request, MPI_STATUSES_IGNORE);
      return status;
    }
    *loss += part / m->spec.members;
  }
  MPI_Waitall(t->n_requests, t->request, MPI_STATUSES_IGNORE);
  afb_adamw adamw = {rate_at(&t->options, m->step - t->options.first_step), t->options.weight_decay, t->options.clip,
                     m->step + 1};
  for (int k = 0; k < m->spec.members; k++) {
    int64_t at = k * size;
    if (!isfinite(afb_adamw_norm(size, t->gradient + at)))
      return AFB_FAIL(AFB_E_NUMERIC, "training: the gradient is not finite after %lld steps", (long long)m->step);
  }
  for (int k = 0; k < m->spec.members; k++) {
    int64_t at = k * size;
    afb_adamw_step(&adamw, size, t->gradient + at, m->weight + at, m->moment1 + at, m->moment2 + at);
  }
  m->step++;
  return AFB_OK;
}

/* Logits of the whole validation table on every rank, each rank having computed its share. */
static afb_status valid_logits(afb_trainer *t, float **out)
{
  int64_t n = t->valid->n, begin = n * t->rank / t->n_ranks, end = n * (t->rank + 1) / t->n_ranks;
  int targets = t->valid->n_target;
  *out = calloc((size_t)(n * targets) + 1, sizeof **out);
  afb_status status = *out ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld predictions", (long long)n);
  if (status == AFB_OK)
    status = afb_model_logits(t->model, t->valid, begin, end - begin, *out + begin * targets);
  status = afb_agree(t->comm, status);
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, *out, (int)(n * targets), MPI_FLOAT, MPI_SUM, t->comm);
  } else {
    free(*out);
    *out = NULL;
  }
  return status;
}

/* Validation loss; keeps the best weights. Every rank continues from rank 0's numbers, whatever its reductions rounded to. */
static afb_status evaluate(afb_trainer *t)
{
  afb_model *m = t->model;
  float *logit;
  double loss = 0;
  int64_t labels = 0;
  MPI_Bcast(m->weight, (int)m->n_weights, MPI_FLOAT, 0, t->comm);
  AFB_TRY(valid_logits(t, &logit));
  for (int64_t i = 0; i < t->valid->n * t->valid->n_target; i++) {
    double y = t->valid->label[i], z = logit[i];
    if (isnan(y))
      continue;
    loss += (z > 0 ? z : 0) + log1p(exp(-fabs(z))) - y * z;
    labels++;
  }
  free(logit);
  MPI_Bcast(&loss, 1, MPI_DOUBLE, 0, t->comm);
  loss /= (double)(labels > 0 ? labels : 1);
  if (loss < t->best_loss) {
    t->best_loss = loss;
    t->stale = 0;
    memcpy(t->best, m->weight, (size_t)m->n_weights * sizeof(float));
  } else {
    t->stale++;
  }
  t->stopped = t->options.patience > 0 && t->stale >= t->options.patience;
  return AFB_OK;
}

afb_status afb_trainer_advance(afb_trainer *t, int64_t n_steps, double *loss, int *finished)
{
  double sum = 0;
  int64_t made = 0;
  const afb_train_options *o = &t->options;
  while (made < n_steps && !t->stopped && t->model->step - o->first_step < o->steps) {
    double part;
    AFB_TRY(step(t, &part));
    sum += part;
    made++;
    int64_t done = t->model->step - o->first_step;
    if (t->valid && (done % o->evaluate_every == 0 || done == o->steps))
      AFB_TRY(evaluate(t));
  }
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, t->comm);
  if (loss)
    *loss = made > 0 ? sum / (double)made : 0;
  *finished = t->stopped || t->model->step - o->first_step >= o->steps;
  return AFB_OK;
}

/* Platt scaling of target k, where both outcomes occur and there are enough of them; otherwise p = 1/(1+exp(-z)). */
static void calibrate(afb_trainer *t, int k, const float *logit)
{
  int targets = t->valid->n_target;
  const float *label = t->valid->label + k;
  float *c = afb_model_calibration(t->model, k);
  int64_t n = 0, positive = 0;
  double w[2] = {1, 0};
  for (int64_t i = 0; i < t->valid->n; i++) {
    n += !isnan(label[i * targets]);
    positive += label[i * targets] > 0.5f;
  }
  c[0] = 1;
  c[1] = 0;
  if (n < LEAST_FOR_CALIBRATION || positive < 5 || n - positive < 5)
    return;
  if (afb_logistic_fit(t->valid->n, 1, logit + k, targets, label, targets, 1, w) == AFB_OK && w[0] > 0.1 && w[0] < 10) {
    c[0] = (float)w[0];
    c[1] = (float)w[1];
  }
}

static afb_status finish(afb_trainer *t, afb_metrics *metrics)
{
  afb_model *m = t->model;
  int targets = m->spec.n_target;
  float *logit;
  if (isfinite(t->best_loss))
    memcpy(m->weight, t->best, (size_t)m->n_weights * sizeof(float));
  MPI_Bcast(m->weight, (int)m->n_weights, MPI_FLOAT, 0, t->comm);
  if (!t->valid)
    return AFB_OK;
  AFB_TRY(valid_logits(t, &logit));
  afb_status status = AFB_OK;
  for (int k = 0; k < targets; k++) {
    calibrate(t, k, logit);
    const float *c = afb_model_calibration(m, k);
    for (int64_t i = 0; i < t->valid->n; i++)
      logit[i * targets + k] = 1 / (1 + expf(-(c[0] * logit[i * targets + k] + c[1])));
    if (metrics && status == AFB_OK)
      status = afb_metrics_compute(t->valid->n, logit + k, targets, t->valid->label + k, targets, &metrics[k]);
  }
  free(logit);
  return afb_agree(t->comm, status);
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
