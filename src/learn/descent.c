#include "learn/descent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/random.h"

enum { STREAM_ORDER = 200, MAX_PARTS = 128, LEAST_MESSAGE = 32768 /* weights */ };

afb_status afb_descent_init(int64_t n_fit, int64_t n_judge, afb_descent *d)
{
  const afb_descent_options *o = &d->options;
  if (o->batch < 1 || o->steps < 1 || o->warmup < 0 || !(o->rate > 0) || !(o->weight_decay >= 0) || !(o->clip >= 0))
    return AFB_FAIL(AFB_E_INPUT, "training needs batch, steps and rate above 0, and no negative warm-up, decay or clip");
  AFB_TRY(afb_optimiser_find(o->optimiser, &d->optimiser));
  AFB_TRY(afb_schedule_find(o->schedule, &d->schedule));
  size_t members = (size_t)d->members, weights = members * (size_t)d->size * sizeof(float);
  int good = (d->part = calloc(members, sizeof *d->part)) != NULL;
  for (int k = 0; k < d->members && good; k++) {
    d->part[k].fit = malloc(((size_t)n_fit + 1) * sizeof(int64_t));
    d->part[k].judge = malloc(((size_t)n_judge + 1) * sizeof(int64_t));
    d->part[k].best_loss = INFINITY;
    good = d->part[k].fit && d->part[k].judge;
  }
  d->order = malloc(((size_t)n_fit + 1) * members * sizeof *d->order);
  d->order_epoch = malloc(members * sizeof *d->order_epoch);
  d->row = malloc((size_t)o->batch * sizeof *d->row);
  d->gradient = malloc(weights);
  d->best = malloc(weights);
  d->norm = malloc(members * sizeof *d->norm);
  d->request = malloc(members * MAX_PARTS * sizeof *d->request);
  d->matrix = malloc(((size_t)d->n_matrices + 1) * sizeof *d->matrix);
  d->n_fit = n_fit;
  for (int k = 0; k < d->members && d->order_epoch; k++)
    d->order_epoch[k] = -1;
  if (!good || !d->order || !d->order_epoch || !d->row || !d->gradient || !d->best || !d->norm || !d->request || !d->matrix)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to train a model of %lld weights", (long long)(d->members * d->size));
  return AFB_OK;
}

void afb_descent_clear(afb_descent *d)
{
  for (int k = 0; d->part && k < d->members; k++) {
    free(d->part[k].fit);
    free(d->part[k].judge);
  }
  free(d->part);
  free(d->order);
  free(d->order_epoch);
  free(d->norm);
  free(d->row);
  free(d->gradient);
  free(d->best);
  free(d->request);
  free(d->matrix);
  memset(d, 0, sizeof *d);
}

/* The order of a member's rows in an epoch. */
static const int64_t *shuffled(afb_descent *d, int member, int64_t epoch)
{
  int64_t *order = d->order + member * d->n_fit;
  if (d->order_epoch[member] == epoch)
    return order;
  uint64_t stream = ((uint64_t)epoch << 16) + STREAM_ORDER + (uint64_t)member;
  const afb_descent_part *p = &d->part[member];
  memcpy(order, p->fit, (size_t)p->n_fit * sizeof *order);
  for (int64_t i = p->n_fit - 1; i > 0; i--) {
    int64_t j = (int64_t)afb_random_below((uint64_t)i + 1, d->options.seed, stream, (uint64_t)i);
    int64_t row = order[i];
    order[i] = order[j];
    order[j] = row;
  }
  d->order_epoch[member] = epoch;
  return order;
}

/* The rows of the global batch of a step. */
static afb_status choose_rows(afb_descent *d, int member)
{
  int64_t done = *d->step - d->options.first_step, first = done * d->options.batch;
  if (d->task.choose)
    return d->task.choose(d->task.owner, member, done, d->options.batch, d->row);
  for (int64_t i = 0; i < d->options.batch; i++) {
    int64_t n = d->part[member].n_fit;
    d->row[i] = shuffled(d, member, (first + i) / n)[(first + i) % n];
  }
  return AFB_OK;
}

/* Starts the sum over ranks of what is gathered, and lets earlier ones progress. */
static void start_sum(afb_descent *d)
{
  int done;
  if (d->pending_count > 0)
    MPI_Iallreduce(MPI_IN_PLACE, d->member_gradient + d->pending_first, (int)d->pending_count, MPI_FLOAT, MPI_SUM, d->comm,
                   &d->request[d->n_requests++]);
  d->pending_count = 0;
  MPI_Testall(d->n_requests, d->request, &done, MPI_STATUSES_IGNORE);
}

/* A finished part joins its neighbour until there is enough for a message: each costs some 20 us, whatever its size. */
static void part_ready(void *owner, int64_t first, int64_t count)
{
  afb_descent *d = owner;
  if (d->n_ranks == 1)
    return;
  if (d->pending_count > 0 && first + count != d->pending_first)
    start_sum(d);
  d->pending_first = first;
  d->pending_count += count;
  if (d->pending_count >= LEAST_MESSAGE)
    start_sum(d);
}

/* Waits for the other ranks with little of the processor, in naps that grow: where ranks share one, a rank that polls keeps the one it
 * waits for from working. */
static void wait_sums(int n, MPI_Request *request)
{
  enum { POLLS = 50, LONGEST = 500000 /* ns */ };
  int done = 0;
  long nap = 10000;
  for (int tries = 0; !done; tries++) {
    if (tries > POLLS) {
      nap = nap < LONGEST ? 2 * nap : nap;
      nanosleep(&(struct timespec){0, nap}, NULL);
    }
    MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
  }
}

/* This rank's share of one member's gradient; *loss: its part of the batch's mean loss. */
static afb_status member_pass(afb_descent *d, int member, double *loss)
{
  int64_t n = d->options.batch;
  afb_gradient_sink sink = {part_ready, d};
  AFB_TRY(choose_rows(d, member));
  afb_descent_batch batch = {member, n, n * d->rank / d->n_ranks, n * (d->rank + 1) / d->n_ranks, d->row};
  d->member_gradient = d->gradient + member * d->size;
  memset(d->member_gradient, 0, (size_t)d->size * sizeof(float));
  AFB_TRY(d->task.gradient(d->task.owner, &batch, d->member_gradient, loss, &sink));
  if (d->n_ranks > 1)
    start_sum(d);
  return AFB_OK;
}

static double rate_at(const afb_descent *d, int64_t step)
{
  const afb_descent_options *o = &d->options;
  if (step < o->warmup)
    return o->rate * (double)(step + 1) / (double)(o->warmup + 1);
  double x = o->steps > o->warmup ? (double)(step - o->warmup) / (double)(o->steps - o->warmup) : 1;
  return o->rate * d->schedule->factor(x < 1 ? x : 1);
}

/* Members whose loss has not fallen for long are left as they are. */
static int resting(const afb_descent *d, int member)
{
  return d->options.patience > 0 && d->part[member].stale >= d->options.patience;
}

/* The step of an optimiser whose step lengths depend on matrices, and of the constants between them. direction: one member's. */
static void descend(const afb_descent *d, const afb_optimiser_step *s, const float *direction, float *weight)
{
  int64_t at = 0;
  for (int i = 0; i <= d->n_matrices; i++) {
    afb_extent m = i < d->n_matrices ? d->matrix[i] : (afb_extent){d->size, 0};
    afb_optimiser_descend(s, 1, 1, m.first - at, direction + at, weight + at);
    double w = afb_optimiser_norm(m.count, weight + m.first), u = afb_optimiser_norm(m.count, direction + m.first);
    afb_optimiser_descend(s, w * w, u * u, m.count, direction + m.first, weight + m.first);
    at = m.first + m.count;
  }
}

static void update_member(afb_descent *d, int member)
{
  const afb_descent_options *o = &d->options;
  int64_t at = member * d->size;
  double norm = d->norm[member];
  afb_optimiser_step s = {rate_at(d, *d->step - o->first_step), o->weight_decay, o->clip > 0 && norm > o->clip ? o->clip / norm : 1, *d->step + 1};
  d->optimiser->update(&s, d->size, d->gradient + at, d->weight + at, d->moment1 + at, d->moment2 + at);
  if (d->optimiser->by_matrix)
    descend(d, &s, d->gradient + at, d->weight + at);
}

/* One step of all members. The sums over ranks of one member's gradient proceed while the next is computed. */
static afb_status step(afb_descent *d, double *loss)
{
  int awake = 0;
  d->n_requests = 0;
  d->pending_count = 0;
  *loss = 0;
  for (int k = 0; k < d->members; k++) {
    double mean = 0;
    if (resting(d, k))
      continue;
    awake++;
    afb_status status = member_pass(d, k, &mean);
    if (status != AFB_OK) {
      wait_sums(d->n_requests, d->request);
      return status;
    }
    *loss += mean;
  }
  *loss /= awake;
  wait_sums(d->n_requests, d->request);
  for (int k = 0; k < d->members; k++) {
    d->norm[k] = resting(d, k) ? 0 : afb_optimiser_norm(d->size, d->gradient + k * d->size);
    if (!isfinite(d->norm[k]))
      return AFB_FAIL(AFB_E_NUMERIC, "training: the gradient is not finite after %lld steps", (long long)*d->step);
  }
  for (int k = 0; k < d->members; k++)
    if (!resting(d, k))
      update_member(d, k);
  ++*d->step;
  return AFB_OK;
}

/* The loss of the rows that judge a member; keeps its best weights. */
static afb_status evaluate_member(afb_descent *d, int member)
{
  afb_descent_part *p = &d->part[member];
  double loss = 0;
  AFB_TRY(d->task.judge(d->task.owner, member, p, &loss));
  MPI_Bcast(&loss, 1, MPI_DOUBLE, 0, d->comm);
  p->stale++;
  if (loss < p->best_loss) {
    p->best_loss = loss;
    p->stale = 0;
    memcpy(d->best + member * d->size, d->weight + member * d->size, (size_t)d->size * sizeof(float));
  }
  return AFB_OK;
}

/* Every rank continues from rank 0's numbers, whatever its reductions rounded to. */
static afb_status evaluate(afb_descent *d)
{
  MPI_Bcast(d->weight, (int)(d->members * d->size), MPI_FLOAT, 0, d->comm);
  for (int k = 0; k < d->members; k++)
    if (d->part[k].n_judge > 0 && !resting(d, k))
      AFB_TRY(evaluate_member(d, k));
  return AFB_OK;
}

static int is_judged(const afb_descent *d)
{
  for (int k = 0; k < d->members; k++)
    if (d->part[k].n_judge > 0)
      return 1;
  return 0;
}

static int is_finished(const afb_descent *d)
{
  int awake = 0;
  for (int k = 0; k < d->members; k++)
    awake += !resting(d, k);
  return awake == 0 || *d->step - d->options.first_step >= d->options.steps;
}

afb_status afb_descent_advance(afb_descent *d, int64_t n_steps, double *loss, int *finished)
{
  double sum = 0;
  int64_t made = 0;
  const afb_descent_options *o = &d->options;
  int judged = is_judged(d);
  if (judged && *d->step == o->first_step)
    AFB_TRY(evaluate(d));
  while (made < n_steps && !is_finished(d)) {
    double mean;
    AFB_TRY(step(d, &mean));
    sum += mean;
    made++;
    int64_t done = *d->step - o->first_step;
    if (judged && (done % o->evaluate_every == 0 || done == o->steps))
      AFB_TRY(evaluate(d));
  }
  MPI_Request request;
  MPI_Iallreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, d->comm, &request);
  wait_sums(1, &request);
  if (loss)
    *loss = made > 0 ? sum / (double)made : 0;
  *finished = is_finished(d);
  return AFB_OK;
}

void afb_descent_finish(afb_descent *d)
{
  for (int k = 0; k < d->members; k++)
    if (isfinite(d->part[k].best_loss))
      memcpy(d->weight + k * d->size, d->best + k * d->size, (size_t)d->size * sizeof(float));
  MPI_Bcast(d->weight, (int)(d->members * d->size), MPI_FLOAT, 0, d->comm);
}
