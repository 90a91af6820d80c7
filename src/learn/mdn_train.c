#include "learn/mdn_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/descent.h"
#include "learn/mdn_work.h"
#include "learn/split.h"
#include "numeric/lapack.h"

enum { FOLDS = 5, ROWS = 128 };
static const double LEAST_DEVIATION = 1e-12;

struct afb_mdn_trainer {
  afb_descent descent;                     /* rows of the table */
  afb_mdn *mdn;
  const afb_mdn_table *table;
  afb_mdn_options options;
  double *target;                          /* [n][n_out] scaled */
  double floor;                            /* scaled */
};

void afb_mdn_options_default(int64_t n, afb_mdn_options *o)
{
  int64_t batch = n < 64 ? n : n < 4096 ? 64 : 256;
  *o = (afb_mdn_options){.batch = batch > 0 ? batch : 1, .steps = 1000, .warmup = 20, .rate = 2e-3, .weight_decay = 0.05,
                         .clip = 10, .patience = 10, .evaluate_every = 0, .ridge = 3e-3, .first_step = -1, .seed = 1};
}

static afb_status check_table(const afb_mdn *m, const afb_mdn_table *t)
{
  if (t->n < 1)
    return AFB_FAIL(AFB_E_INPUT, "no rows to train on");
  for (int64_t i = 0; i < t->n * m->spec.n_in; i++)
    if (!isfinite(t->input[i]))
      return AFB_FAIL(AFB_E_INPUT, "input %lld of row %lld is not finite", (long long)(i % m->spec.n_in),
                      (long long)(i / m->spec.n_in));
  for (int64_t i = 0; i < t->n * m->spec.n_out; i++)
    if (!isfinite(t->target[i]))
      return AFB_FAIL(AFB_E_INPUT, "target %lld of row %lld is not finite", (long long)(i % m->spec.n_out),
                      (long long)(i / m->spec.n_out));
  return AFB_OK;
}

static void moments(int64_t n, int width, int column, const double *x, double *mean, double *deviation)
{
  double sum = 0, square = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i * width + column];
  *mean = sum / (double)n;
  for (int64_t i = 0; i < n; i++)
    square += (x[i * width + column] - *mean) * (x[i * width + column] - *mean);
  *deviation = sqrt(square / (double)n);
}

static void fit_scale(afb_mdn *m, const afb_mdn_table *t)
{
  double mean, deviation, square = 0;
  for (int j = 0; j < m->spec.n_in; j++) {
    moments(t->n, m->spec.n_in, j, t->input, &mean, &deviation);
    afb_mdn_input_mean(m)[j] = mean;
    afb_mdn_input_inverse(m)[j] = deviation > 1e-9 * (1e-3 + fabs(mean)) ? (t->prior ? t->prior[j] : 1) / deviation : 0;
  }
  for (int j = 0; j < m->spec.n_out; j++) {
    moments(t->n, m->spec.n_out, j, t->target, &mean, &deviation);
    afb_mdn_target_mean(m)[j] = mean;
    square += deviation * deviation;
  }
  *afb_mdn_target_scale(m) = square > LEAST_DEVIATION * LEAST_DEVIATION ? sqrt(square) : 1;
  *afb_mdn_temperature(m) = 1;
}

/* Coefficients of all targets from the normal equations of the rows that fit; the constant has no ridge. */
static afb_status ridge_solve(const afb_mdn_trainer *t, const afb_descent_part *p, const float *x, double *a, double *b)
{
  int in = t->mdn->spec.n_in, out = t->mdn->spec.n_out, m = in + 1, info;
  for (int64_t r = 0; r < p->n_fit; r++) {
    const float *row = x + p->fit[r] * in;
    const double *y = t->target + p->fit[r] * out;
    for (int i = 0; i < m; i++) {
      double xi = i < in ? (double)row[i] : 1;
      for (int j = 0; j <= i; j++)
        a[i * m + j] += xi * (j < in ? (double)row[j] : 1);
      for (int k = 0; k < out; k++)
        b[k * m + i] += xi * y[k];
    }
  }
  /* An input that never changes has a row of zeros. */
  for (int i = 0; i < in; i++)
    a[i * m + i] += t->options.ridge > 0 && a[i * m + i] > 0 ? t->options.ridge : a[i * m + i] > 0 ? 0 : 1;
  /* The lower triangle by rows is LAPACK's upper one. */
  dposv_("U", &m, &out, a, &m, b, &m, &info);
  if (info != 0)
    return AFB_FAIL(AFB_E_NUMERIC, "the linear model of %d inputs and %lld rows has no solution: use a larger ridge", in,
                    (long long)p->n_fit);
  return AFB_OK;
}

/* A member's linear model, and the deviations of rows that it has not seen, or has if there are no others. x: all rows scaled. */
static afb_status prime_member(afb_mdn_trainer *t, int member, const float *x)
{
  int in = t->mdn->spec.n_in, out = t->mdn->spec.n_out, m = in + 1;
  const afb_descent_part *p = &t->descent.part[member];
  double *a = calloc((size_t)m * (size_t)m, sizeof *a), *b = calloc((size_t)m * (size_t)out, sizeof *b);
  afb_status status = a && b ? ridge_solve(t, p, x, a, b) : AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  const int64_t *row = p->n_judge > 0 ? p->judge : p->fit, n = p->n_judge > 0 ? p->n_judge : p->n_fit;
  for (int k = 0; k < out && status == AFB_OK; k++) {
    double *linear = afb_mdn_linear(t->mdn, member) + (int64_t)k * (in + 2), square = 0;
    memcpy(linear, b + (size_t)k * (size_t)m, (size_t)m * sizeof *b);
    for (int64_t i = 0; i < n; i++) {
      double e = t->target[row[i] * out + k] - linear[in];
      for (int j = 0; j < in; j++)
        e -= linear[j] * (double)x[row[i] * in + j];
      square += e * e;
    }
    linear[in + 1] = 0.5 * log(square / (double)n + t->floor * t->floor);
  }
  free(a);
  free(b);
  return status;
}

/* Which rows train and which judge each member. */
static afb_status divide(afb_mdn_trainer *t)
{
  int members = t->mdn->spec.members, folds = 0;
  int *fold = malloc(((size_t)t->table->n + 1) * sizeof *fold);
  if (!fold)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to divide %lld rows", (long long)t->table->n);
  afb_status status = afb_split_groups(t->table->n, t->table->group, NULL, members > FOLDS ? members : FOLDS,
                                       t->options.seed, fold, &folds);
  for (int k = 0; k < members && status == AFB_OK; k++) {
    afb_descent_part *p = &t->descent.part[k];
    for (int64_t i = 0; i < t->table->n; i++)
      if (folds > 1 && fold[i] == k % folds)
        p->judge[p->n_judge++] = i;
      else
        p->fit[p->n_fit++] = i;
  }
  free(fold);
  return status;
}

/* A rank without rows announces its parts all the same. */
void afb_mdn_batch_gradient(afb_mdn *m, double floor, const double *input, const double *target, const afb_descent_batch *b, float *sum,
                            double *loss, const afb_gradient_sink *sink)
{
  int64_t first = b->begin;
  *loss = 0;
  do {
    int n = b->end - first < ROWS ? (int)(b->end - first) : ROWS;
    afb_mdn_standardise(m, n, b->row + first, input);
    afb_mdn_forward(m, b->member, n);
    *loss += afb_mdn_nll(m, b->member, n, floor, target, b->row + first, 1 / (double)b->n) / (double)b->n;
    first += n;
    afb_mdn_backward(m, b->member, n, sum, first == b->end ? sink : NULL);
  } while (first < b->end);
}

double afb_mdn_mean_loss(MPI_Comm comm, afb_mdn *m, int member, double floor, const double *input, const double *target, int64_t all,
                         const int64_t *row)
{
  int rank, n_ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  int64_t begin = all * rank / n_ranks, end = all * (rank + 1) / n_ranks;
  double sum = 0;
  for (int64_t first = begin; first < end; first += ROWS) {
    int n = end - first < ROWS ? (int)(end - first) : ROWS;
    int64_t skip = row ? 0 : first;
    afb_mdn_standardise(m, n, row ? row + first : NULL, input + skip * m->spec.n_in);
    afb_mdn_forward(m, member, n);
    sum += afb_mdn_nll(m, member, n, floor, target + skip * m->spec.n_out, row ? row + first : NULL, 0);
  }
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm);
  return sum / (double)all;
}

static afb_status gradient(void *owner, const afb_descent_batch *b, float *sum, double *loss, const afb_gradient_sink *sink)
{
  afb_mdn_trainer *t = owner;
  afb_mdn_batch_gradient(t->mdn, t->floor, t->table->input, t->target, b, sum, loss, sink);
  return AFB_OK;
}

static afb_status judge(void *owner, int member, const afb_descent_part *p, double *loss)
{
  afb_mdn_trainer *t = owner;
  *loss = afb_mdn_mean_loss(t->descent.comm, t->mdn, member, t->floor, t->table->input, t->target, p->n_judge, p->judge);
  return AFB_OK;
}

static afb_status allocate(afb_mdn_trainer *t, MPI_Comm comm)
{
  const afb_mdn_options *o = &t->options;
  afb_mdn *m = t->mdn;
  afb_descent *d = &t->descent;
  d->options = (afb_descent_options){.batch = o->batch, .steps = o->steps, .warmup = o->warmup, .rate = o->rate, .weight_decay = o->weight_decay,
                                     .clip = o->clip, .optimiser = o->optimiser, .schedule = o->schedule, .patience = o->patience,
                                     .evaluate_every = o->evaluate_every, .first_step = o->first_step, .seed = o->seed};
  d->task = (afb_descent_task){.gradient = gradient, .judge = judge, .owner = t};
  d->members = m->spec.members;
  d->size = afb_mdn_member_weights(&m->spec);
  d->weight = &m->weight;
  d->moment1 = m->moment1;
  d->moment2 = m->moment2;
  d->step = &m->step;
  d->n_matrices = afb_mdn_matrices(&m->spec, NULL);
  AFB_TRY(afb_descent_init(comm, t->table->n, t->table->n, d));
  afb_mdn_matrices(&m->spec, d->matrix);
  t->target = malloc((size_t)t->table->n * (size_t)m->spec.n_out * sizeof *t->target);
  if (!t->target)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld targets", (long long)t->table->n);
  return afb_mdn_reserve(m, ROWS);
}

static void scale_targets(afb_mdn_trainer *t)
{
  int out = t->mdn->spec.n_out;
  double scale = *afb_mdn_target_scale(t->mdn);
  t->floor = t->mdn->spec.floor / scale;
  for (int64_t i = 0; i < t->table->n * out; i++)
    t->target[i] = (t->table->target[i] - afb_mdn_target_mean(t->mdn)[i % out]) / scale;
}

static afb_status fit_linear(afb_mdn_trainer *t)
{
  const afb_mdn *m = t->mdn;
  int64_t n = t->table->n, in = m->spec.n_in;
  float *x = malloc((size_t)(n * in) * sizeof *x);
  afb_status status = x ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  for (int64_t i = 0; i < n * in && status == AFB_OK; i++)
    x[i] = (float)((t->table->input[i] - afb_mdn_input_mean(m)[i % in]) * afb_mdn_input_inverse(m)[i % in]);
  for (int k = 0; k < m->spec.members && status == AFB_OK; k++)
    status = prime_member(t, k, x);
  free(x);
  return status;
}

static afb_status prepare(afb_mdn_trainer *t, MPI_Comm comm)
{
  AFB_TRY(check_table(t->mdn, t->table));
  AFB_TRY(allocate(t, comm));
  AFB_TRY(divide(t));
  int fresh = t->options.first_step < 0;
  if (fresh) {
    afb_mdn_restart(t->mdn);
    fit_scale(t->mdn, t->table);
  }
  scale_targets(t);
  if (fresh)
    AFB_TRY(fit_linear(t));
  afb_descent_options *d = &t->descent.options;
  if (fresh)
    d->first_step = 0;
  if (d->evaluate_every <= 0)
    d->evaluate_every = (t->descent.part[0].n_fit + d->batch - 1) / d->batch;
  return AFB_OK;
}

afb_status afb_mdn_trainer_create(MPI_Comm comm, afb_mdn *mdn, const afb_mdn_table *table, const afb_mdn_options *options,
                                  afb_mdn_trainer **out)
{
  afb_mdn_trainer *t = *out = calloc(1, sizeof *t);
  if (t)
    *t = (afb_mdn_trainer){.mdn = mdn, .table = table, .options = *options};
  afb_status status = afb_agree(comm, t ? prepare(t, comm) : AFB_FAIL(AFB_E_MEMORY, "no memory for a trainer"));
  if (status != AFB_OK)
    afb_mdn_trainer_destroy(out);
  return status;
}

void afb_mdn_trainer_destroy(afb_mdn_trainer **trainer)
{
  afb_mdn_trainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  afb_descent_clear(&t->descent);
  free(t->target);
  free(t);
}

afb_status afb_mdn_trainer_advance(afb_mdn_trainer *t, int64_t n_steps, double *loss, int *finished)
{
  return afb_descent_advance(&t->descent, n_steps, loss, finished);
}

/* Mean -ln p when all deviations are multiplied by exp(log_t). */
static double tempered(afb_mixtures *x, const double *target, double log_t)
{
  double sum = 0, factor = exp(2 * log_t);
  int64_t size = x->n * x->m * x->n_out * x->n_out;
  for (int64_t i = 0; i < size; i++)
    x->covariance[i] *= factor;
  for (int64_t i = 0; i < x->n; i++)
    sum += afb_mixture_nll(x, i, target + i * x->n_out);
  for (int64_t i = 0; i < size; i++)
    x->covariance[i] /= factor;
  return sum / (double)x->n;
}

/* Least -ln p by golden section in ln T; one minimum, for T scales residuals against one family of densities. */
static double best_temperature(afb_mixtures *x, const double *target)
{
  const double golden = 0.6180339887498949;
  double a = -2, b = 2, c = b - golden * (b - a), d = a + golden * (b - a);
  double fc = tempered(x, target, c), fd = tempered(x, target, d);
  for (int i = 0; i < 20; i++) {
    if (fc < fd) {
      b = d;
      d = c;
      fd = fc;
      c = b - golden * (b - a);
      fc = tempered(x, target, c);
    } else {
      a = c;
      c = d;
      fc = fd;
      d = a + golden * (b - a);
      fd = tempered(x, target, d);
    }
  }
  return exp(0.5 * (a + b));
}

/* What one member says of its judging rows, appended to `all`, whose arrays have room. */
static afb_status append_judged(afb_mdn_trainer *t, int member, afb_mixtures *all, double *target)
{
  const afb_descent_part *p = &t->descent.part[member];
  size_t in = (size_t)t->mdn->spec.n_in, out = (size_t)t->mdn->spec.n_out;
  double *input = malloc(((size_t)p->n_judge * in + 1) * sizeof *input);
  if (!input)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to calibrate");
  for (int64_t i = 0; i < p->n_judge; i++) {
    memcpy(input + (size_t)i * in, t->table->input + (size_t)p->judge[i] * in, in * sizeof *input);
    memcpy(target + (size_t)(all->n + i) * out, t->table->target + (size_t)p->judge[i] * out, out * sizeof *target);
  }
  afb_mixtures one;
  afb_status status = afb_mdn_predict(t->mdn, p->n_judge, input, member, &one);
  free(input);
  AFB_TRY(status);
  size_t at = (size_t)(all->n * all->m), n = (size_t)(one.n * one.m);
  memcpy(all->weight + at, one.weight, n * sizeof(double));
  memcpy(all->mean + at * out, one.mean, n * out * sizeof(double));
  memcpy(all->covariance + at * out * out, one.covariance, n * out * out * sizeof(double));
  all->n += p->n_judge;
  afb_mixtures_clear(&one);
  return AFB_OK;
}

static afb_status calibrate(afb_mdn_trainer *t)
{
  const afb_mdn_spec *s = &t->mdn->spec;
  size_t rows = 1, out = (size_t)s->n_out;
  for (int k = 0; k < s->members; k++)
    rows += (size_t)t->descent.part[k].n_judge;
  size_t all = rows * (size_t)s->components;
  double *target = malloc(rows * out * sizeof *target);
  afb_mixtures x = {0, s->components, s->n_out, malloc(all * sizeof(double)), malloc(all * out * sizeof(double)),
                    malloc(all * out * out * sizeof(double))};
  afb_status status = target && x.weight && x.mean && x.covariance ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to calibrate");
  *afb_mdn_temperature(t->mdn) = 1;
  for (int k = 0; k < s->members && status == AFB_OK; k++)
    status = append_judged(t, k, &x, target);
  if (status == AFB_OK && x.n > 0)
    *afb_mdn_temperature(t->mdn) = best_temperature(&x, target);
  afb_mixtures_clear(&x);
  free(target);
  return status;
}

afb_status afb_mdn_trainer_finish(afb_mdn_trainer **trainer)
{
  afb_mdn_trainer *t = *trainer;
  afb_descent_finish(&t->descent);
  afb_status status = afb_agree(t->descent.comm, calibrate(t));
  MPI_Bcast(afb_mdn_temperature(t->mdn), 1, MPI_DOUBLE, 0, t->descent.comm);
  afb_mdn_trainer_destroy(trainer);
  return status;
}

afb_status afb_mdn_train(MPI_Comm comm, afb_mdn *mdn, const afb_mdn_table *table, const afb_mdn_options *options)
{
  afb_mdn_trainer *trainer;
  int finished = 0;
  AFB_TRY(afb_mdn_trainer_create(comm, mdn, table, options, &trainer));
  while (!finished) {
    afb_status status = afb_mdn_trainer_advance(trainer, 100, NULL, &finished);
    if (status != AFB_OK) {
      afb_mdn_trainer_destroy(&trainer);
      return status;
    }
  }
  return afb_mdn_trainer_finish(&trainer);
}
