#include "learn/descent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/kernels.h"

enum { STREAM_ORDER = 200, MAX_PARTS = 128, LEAST_MESSAGE = 32768 /* weights */ };

afb_status afb_descent_init(MPI_Comm comm, int64_t n_fit, int64_t n_judge, afb_descent *d)
{
  d->comm = comm;
  MPI_Comm_rank(comm, &d->rank);
  MPI_Comm_size(comm, &d->n_ranks);
  const afb_descent_options *o = &d->options;
  if (o->batch < 1 || o->steps < 1 || o->warmup < 0 || !(o->rate > 0) || !(o->weight_decay >= 0) || !(o->clip >= 0))
    return AFB_FAIL(AFB_E_INPUT, "training needs batch, steps and rate above 0, and no negative warm-up, decay or clip");
  AFB_TRY(afb_optimiser_find(o->optimiser, &d->optimiser));
  AFB_TRY(afb_rate_schedule_find(o->schedule, &d->schedule));
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
  d->best = calloc(weights, 1);
  d->norm = malloc(members * sizeof *d->norm);
  d->request = malloc(members * MAX_PARTS * sizeof *d->request);
  d->matrix = malloc(((size_t)d->n_matrices + 1) * sizeof *d->matrix);
  d->n_fit = n_fit;
  for (int k = 0; k < d->members && d->order_epoch; k++)
    d->order_epoch[k] = -1;
  if (!good || !d->order || !d->order_epoch || !d->row || !d->best || !d->norm || !d->request || !d->matrix)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to train a model of %lld weights", (long long)(d->members * d->size));
  return AFB_OK;
}

/* Weights and moments go back to their owner. */
static void leave(afb_descent *d)
{
  afb_descent_gather(d);
  if (!d->exchange) {
    free(d->gradient);
    free(d->number);
  } else if (d->own_weight) {
    memcpy(d->own_weight, *d->weight, (size_t)(d->members * d->size) * sizeof(float));
    *d->weight = d->own_weight;
  }
  afb_exchange_destroy(&d->exchange);
  d->gradient = d->own_weight = NULL;
  d->number = NULL;
  d->begun = 0;
}

void afb_descent_clear(afb_descent *d)
{
  leave(d);
  for (int k = 0; d->part && k < d->members; k++) {
    free(d->part[k].fit);
    free(d->part[k].judge);
  }
  free(d->part);
  free(d->order);
  free(d->order_epoch);
  free(d->norm);
  free(d->row);
  free(d->best);
  free(d->request);
  free(d->matrix);
  if (d->duplicated)
    MPI_Comm_free(&d->comm);
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
  if (d->n_ranks == 1 || d->exchange)
    return;
  if (d->pending_count > 0 && first + count != d->pending_first)
    start_sum(d);
  d->pending_first = first;
  d->pending_count += count;
  if (d->pending_count >= LEAST_MESSAGE)
    start_sum(d);
}

static void wait_sums(afb_descent *d, int n, MPI_Request *request)
{
  int done = 0;
  afb_patience_begin(&d->patience);
  for (MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE); !done; MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE))
    afb_patience_pause(&d->patience);
  afb_patience_end(&d->patience);
}

/* Which rows of a batch are this rank's: those between two shares of the cost, in their order. */
static afb_descent_batch batch_of(const afb_descent *d, int member)
{
  int64_t n = d->options.batch, all = 0, sum = 0;
  afb_descent_batch batch = {member, n, n * d->rank / d->n_ranks, n * (d->rank + 1) / d->n_ranks, d->row};
  if (!d->task.cost || d->n_ranks == 1)
    return batch;
  for (int64_t i = 0; i < n; i++)
    all += d->task.cost(d->task.owner, d->row[i]);
  batch.begin = batch.end = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t middle = (2 * sum + d->task.cost(d->task.owner, d->row[i])) * d->n_ranks;
    batch.begin += middle < 2 * all * d->rank;
    batch.end += middle < 2 * all * (d->rank + 1);
    sum += d->task.cost(d->task.owner, d->row[i]);
  }
  return batch;
}

/* This rank's share of one member's gradient; *loss: its part of the batch's mean loss. */
static afb_status member_pass(afb_descent *d, int member, double *loss)
{
  afb_gradient_sink sink = {part_ready, d};
  AFB_TRY(choose_rows(d, member));
  afb_descent_batch batch = batch_of(d, member);
  d->member_gradient = d->gradient + member * d->size;
  memset(d->member_gradient, 0, (size_t)d->size * sizeof(float));
  AFB_TRY(d->task.gradient(d->task.owner, &batch, d->member_gradient, loss, &sink));
  if (d->n_ranks > 1 && !d->exchange)
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

/* What each rank tells the others: whether it failed, its losses since the last advance, norms of its shares of gradients, and squares of its
 * shares of matrices and of their directions. */
enum { FAILED_AT, LOSS_AT, NORM_AT };
static int64_t n_numbers(const afb_descent *d) { return NORM_AT + d->members + 2 * d->members * d->n_matrices; }
static int64_t norm_at(int member) { return NORM_AT + member; }
static int64_t squares_at(const afb_descent *d, int member, int matrix) { return NORM_AT + d->members + 2 * (member * d->n_matrices + matrix); }

/* Ranks that divide the weights among them. */
static int sharers(const afb_descent *d) { return d->exchange ? d->n_ranks : 1; }

/* This rank among them. */
static int sharer(const afb_descent *d) { return d->exchange ? d->rank : 0; }

static double total(const afb_descent *d, int64_t number)
{
  double sum = 0;
  for (int r = 0; r < sharers(d); r++)
    sum += (d->exchange ? afb_exchange_numbers(d->exchange, r) : d->number)[number];
  return sum;
}

/* Where a sharer's share of a member's weights begins: at whole lines of the cache. */
static int64_t share_at(const afb_descent *d, int rank)
{
  return rank == sharers(d) ? d->size : d->size * rank / sharers(d) / AFB_MOST_LANES * AFB_MOST_LANES;
}

static void wait_others(afb_descent *d)
{
  if (d->exchange)
    afb_exchange_wait(d->exchange);
}

/* Room for gradients; weights are rank 0's, and both are shared between ranks where that is possible. */
static afb_status begin(afb_descent *d)
{
  int64_t all = d->members * d->size;
  if (!d->duplicated)
    MPI_Comm_dup(d->comm, &d->comm);
  d->duplicated = 1;
  if (d->n_ranks > 1 && !d->by_messages)
    AFB_TRY(afb_exchange_create(d->comm, d->rank == 0 ? 2 * all : all, n_numbers(d), &d->exchange));
  d->gradient = d->exchange ? afb_exchange_floats(d->exchange, d->rank) : malloc((size_t)all * sizeof(float));
  d->number = d->exchange ? afb_exchange_numbers(d->exchange, d->rank) : malloc((size_t)n_numbers(d) * sizeof(double));
  AFB_TRY(afb_agree(d->comm, d->gradient && d->number ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for gradients")));
  MPI_Bcast(*d->weight, (int)all, MPI_FLOAT, 0, d->comm);
  if (d->exchange) {
    float *shared = afb_exchange_floats(d->exchange, 0) + all;
    if (d->rank == 0)
      memcpy(shared, *d->weight, (size_t)all * sizeof *shared);
    d->own_weight = *d->weight;
    *d->weight = shared;
    afb_exchange_wait(d->exchange);
  }
  d->begun = 1;
  return AFB_OK;
}

/* All ranks get each other's shares of an array [members][size], by way of the room for gradients. */
static void spread(afb_descent *d, float *array)
{
  for (int r = 0; r < d->n_ranks; r++) {
    int other = (d->rank + r) % d->n_ranks;
    int64_t first = share_at(d, other);
    size_t bytes = (size_t)(share_at(d, other + 1) - first) * sizeof(float);
    for (int k = 0; k < d->members; k++) {
      float *here = array + k * d->size + first, *there = afb_exchange_floats(d->exchange, other) + k * d->size + first;
      memcpy(r ? here : there, r ? there : here, bytes);
    }
    if (r == 0)
      afb_exchange_wait(d->exchange);
  }
  afb_exchange_wait(d->exchange);
}

void afb_descent_gather(afb_descent *d)
{
  if (d->exchange && d->apart) {
    spread(d, d->moment1);
    spread(d, d->moment2);
  }
  d->apart = 0;
}

/* Gradients of all awake members, their sum over ranks under way. */
static afb_status pass(afb_descent *d, double *loss)
{
  int awake = 0;
  afb_status status = AFB_OK;
  d->n_requests = 0;
  d->pending_count = 0;
  *loss = 0;
  for (int k = 0; k < d->members && status == AFB_OK; k++) {
    double mean = 0;
    if (resting(d, k))
      continue;
    awake++;
    status = member_pass(d, k, &mean);
    *loss += mean;
  }
  *loss /= awake;
  wait_sums(d, d->n_requests, d->request);
  return status;
}

/* This rank's share of the sums over ranks, and norms of the whole. */
static afb_status add_shares(afb_descent *d, afb_status status)
{
  int64_t first = share_at(d, sharer(d)), n = share_at(d, sharer(d) + 1) - first;
  d->number[FAILED_AT] = status != AFB_OK;
  wait_others(d);
  if (total(d, FAILED_AT) > 0)
    return status != AFB_OK ? status : AFB_FAIL(AFB_E_NUMERIC, "training failed on another rank");
  for (int k = 0; k < d->members; k++) {
    float *mine = d->gradient + k * d->size + first;
    if (resting(d, k))
      continue;
    for (int r = 1; r < sharers(d); r++)
      afb_kernels_best()->subtract(n, -1, afb_exchange_floats(d->exchange, (d->rank + r) % d->n_ranks) + k * d->size + first, mine);
    d->number[norm_at(k)] = afb_kernels_best()->square_sum(n, mine);
  }
  wait_others(d);
  for (int k = 0; k < d->members; k++) {
    d->norm[k] = resting(d, k) ? 0 : sqrt(total(d, norm_at(k)));
    if (!isfinite(d->norm[k]))
      return AFB_FAIL(AFB_E_NUMERIC, "training: the gradient is not finite after %lld steps", (long long)*d->step);
  }
  return AFB_OK;
}

static afb_optimiser_step step_of(const afb_descent *d, int member)
{
  const afb_descent_options *o = &d->options;
  double norm = d->norm[member];
  return (afb_optimiser_step){rate_at(d, *d->step - o->first_step), o->weight_decay, o->clip > 0 && norm > o->clip ? o->clip / norm : 1, *d->step + 1};
}

/* The part of an extent that lies in this rank's share. */
static afb_extent part_of(const afb_descent *d, int64_t first, int64_t end)
{
  int64_t low = share_at(d, sharer(d)), high = share_at(d, sharer(d) + 1);
  first = first > low ? first : low;
  end = end < high ? end : high;
  return (afb_extent){first, end > first ? end - first : 0};
}

/* The step of an optimiser whose step lengths depend on matrices, in this rank's share. */
static void descend(const afb_descent *d, int member)
{
  int64_t at = 0;
  double constants = d->options.constants > 0 ? d->options.constants : 1;
  afb_optimiser_step s = step_of(d, member);
  const float *direction = d->gradient + member * d->size;
  float *weight = *d->weight + member * d->size;
  for (int i = 0; i <= d->n_matrices; i++) {
    afb_extent m = i < d->n_matrices ? d->matrix[i] : (afb_extent){d->size, 0}, before = part_of(d, at, m.first), mine = part_of(d, m.first, m.first + m.count);
    afb_optimiser_descend(&s, constants * constants, 1, before.count, direction + before.first, weight + before.first);
    if (m.count > 0)
      afb_optimiser_descend(&s, total(d, squares_at(d, member, i)), total(d, squares_at(d, member, i) + 1), mine.count, direction + mine.first,
                            weight + mine.first);
    at = m.first + m.count;
  }
}

static void descend_all(afb_descent *d)
{
  for (int k = 0; k < d->members; k++)
    for (int i = 0; i < d->n_matrices; i++) {
      afb_extent m = part_of(d, d->matrix[i].first, d->matrix[i].first + d->matrix[i].count);
      double *square = d->number + squares_at(d, k, i);
      square[0] = afb_kernels_best()->square_sum(m.count, *d->weight + k * d->size + m.first);
      square[1] = afb_kernels_best()->square_sum(m.count, d->gradient + k * d->size + m.first);
    }
  wait_others(d);
  for (int k = 0; k < d->members; k++)
    if (!resting(d, k))
      descend(d, k);
}

/* One step of all members. */
static afb_status step(afb_descent *d, double *loss)
{
  AFB_TRY(add_shares(d, pass(d, loss)));
  int64_t first = share_at(d, sharer(d)), n = share_at(d, sharer(d) + 1) - first;
  for (int k = 0; k < d->members; k++) {
    int64_t at = k * d->size + first;
    afb_optimiser_step s = step_of(d, k);
    if (!resting(d, k))
      d->optimiser->update(&s, n, d->gradient + at, *d->weight + at, d->moment1 + at, d->moment2 + at);
  }
  if (d->optimiser->by_matrix)
    descend_all(d);
  wait_others(d);
  ++*d->step;
  d->apart = 1;
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
    memcpy(d->best + member * d->size, *d->weight + member * d->size, (size_t)d->size * sizeof(float));
  }
  return AFB_OK;
}

/* Every rank continues from rank 0's numbers, whatever its reductions rounded to. */
static afb_status evaluate(afb_descent *d)
{
  if (!d->exchange)
    MPI_Bcast(*d->weight, (int)(d->members * d->size), MPI_FLOAT, 0, d->comm);
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

static double sum_over_ranks(afb_descent *d, double x)
{
  MPI_Request request;
  if (d->exchange) {
    d->number[LOSS_AT] = x;
    wait_others(d);
    return total(d, LOSS_AT);
  }
  MPI_Iallreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, d->comm, &request);
  wait_sums(d, 1, &request);
  return x;
}

afb_status afb_descent_advance(afb_descent *d, int64_t n_steps, double *loss, int *finished)
{
  double sum = 0;
  int64_t made = 0;
  const afb_descent_options *o = &d->options;
  int judged = is_judged(d);
  if (!d->begun)
    AFB_TRY(begin(d));
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
  sum = made > 0 ? sum_over_ranks(d, sum) / (double)made : 0;
  if (loss)
    *loss = sum;
  *finished = is_finished(d);
  return AFB_OK;
}

void afb_descent_finish(afb_descent *d)
{
  leave(d);
  for (int k = 0; k < d->members; k++)
    if (isfinite(d->part[k].best_loss))
      memcpy(*d->weight + k * d->size, d->best + k * d->size, (size_t)d->size * sizeof(float));
  MPI_Bcast(*d->weight, (int)(d->members * d->size), MPI_FLOAT, 0, d->comm);
}

afb_status afb_descent_progress_init(int64_t n_weights, int members, afb_descent_progress *p)
{
  *p = (afb_descent_progress){n_weights, members, calloc((size_t)n_weights, sizeof(float)), calloc((size_t)members, sizeof(double)),
                              calloc((size_t)members, sizeof(int64_t))};
  return p->best && p->best_loss && p->stale ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a checkpoint");
}

void afb_descent_progress_clear(afb_descent_progress *p)
{
  free(p->best);
  free(p->best_loss);
  free(p->stale);
  memset(p, 0, sizeof *p);
}

void afb_descent_progress_of(afb_descent *d, afb_descent_progress *out)
{
  afb_descent_gather(d);
  memcpy(out->best, d->best, (size_t)out->n_weights * sizeof(float));
  for (int k = 0; k < d->members; k++) {
    out->best_loss[k] = d->part[k].best_loss;
    out->stale[k] = d->part[k].stale;
  }
}

void afb_descent_progress_take(afb_descent *d, const afb_descent_progress *p)
{
  memcpy(d->best, p->best, (size_t)p->n_weights * sizeof(float));
  for (int k = 0; k < d->members; k++) {
    d->part[k].best_loss = p->best_loss[k];
    d->part[k].stale = p->stale[k];
  }
}
