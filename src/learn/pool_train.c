#include "learn/pool_train.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/mdn_work.h"

enum { STREAM_ORDER = 9300, PIECE = 128 };

struct afb_pool_trainer {
  afb_descent descent;
  afb_mdn *mdn;
  const afb_pools *pools;
  const afb_rows *judging;
  double floor;                /* scaled */
  /* Where the training is: the pool that is loaded, and the step at which it began. */
  int64_t epoch, pool, first_step, next_step;
  int loaded;
  afb_rows rows;
  int32_t *order;              /* [members][largest] */
};

static int64_t batches(const afb_pool_trainer *t, int64_t epoch, int64_t pool)
{
  int64_t n = t->pools->count(t->pools->owner, epoch, pool), batch = t->descent.options.batch;
  return (n + batch - 1) / batch;
}

int64_t afb_pools_steps(const afb_pools *pools, int64_t batch)
{
  int64_t steps = 0;
  for (int64_t p = 0; p < pools->n_pools; p++)
    steps += (pools->count(pools->owner, 0, p) + batch - 1) / batch;
  return steps;
}

static void shuffle(afb_pool_trainer *t, int member)
{
  int32_t *order = t->order + member * t->pools->largest;
  uint64_t stream = STREAM_ORDER + (uint64_t)member;
  stream += (uint64_t)(t->epoch * t->pools->n_pools + t->pool) << 16;
  for (int64_t i = 0; i < t->rows.n; i++) {
    int64_t j = (int64_t)afb_random_below((uint64_t)i + 1, t->descent.options.seed, stream, (uint64_t)i);
    order[i] = order[j];
    order[j] = (int32_t)i;
  }
}

/* The pool that a step takes its rows from. */
static afb_status go_to(afb_pool_trainer *t, int64_t step)
{
  int moved = 0;
  while (step >= t->next_step) {
    moved = 1;
    if (++t->pool == t->pools->n_pools) {
      t->pool = 0;
      t->epoch++;
    }
    t->first_step = t->next_step;
    t->next_step += batches(t, t->epoch, t->pool);
  }
  if (!moved)
    return AFB_OK;
  if (!t->loaded || t->pools->n_pools > 1)
    AFB_TRY(t->pools->load(t->pools->owner, t->epoch, t->pool, &t->rows));
  t->loaded = 1;
  for (int k = 0; k < t->descent.members; k++)
    shuffle(t, k);
  return AFB_OK;
}

static afb_status choose(void *owner, int member, int64_t step, int64_t n, int64_t *row)
{
  afb_pool_trainer *t = owner;
  AFB_TRY(go_to(t, step));
  const int32_t *order = t->order + member * t->pools->largest;
  int64_t first = (step - t->first_step) * n;
  for (int64_t i = 0; i < n; i++)
    row[i] = order[(first + i) % t->rows.n];
  return AFB_OK;
}

static afb_status gradient(void *owner, const afb_descent_batch *b, float *sum, double *loss, const afb_gradient_sink *sink)
{
  afb_pool_trainer *t = owner;
  afb_mdn_batch_gradient(t->mdn, t->floor, t->rows.input, t->rows.target, b, sum, loss, sink);
  return AFB_OK;
}

static afb_status judge(void *owner, int member, const afb_descent_part *p, double *loss)
{
  afb_pool_trainer *t = owner;
  *loss = afb_mdn_mean_loss(t->descent.comm, t->mdn, member, t->floor, t->judging->input, t->judging->target, p->n_judge, NULL);
  return AFB_OK;
}

static afb_status prepare(afb_pool_trainer *t, MPI_Comm comm, const afb_descent_options *options)
{
  afb_mdn *m = t->mdn;
  afb_descent *d = &t->descent;
  if (afb_pools_steps(t->pools, options->batch > 0 ? options->batch : 1) < 1)
    return AFB_FAIL(AFB_E_INPUT, "no rows to train on");
  d->options = *options;
  d->task = (afb_descent_task){.gradient = gradient, .judge = judge, .choose = choose, .owner = t};
  d->members = m->spec.members;
  d->size = afb_mdn_member_weights(&m->spec);
  d->weight = &m->weight;
  d->moment1 = m->moment1;
  d->moment2 = m->moment2;
  d->step = &m->step;
  d->n_matrices = afb_mdn_matrices(&m->spec, NULL);
  AFB_TRY(afb_descent_init(comm, 0, 0, d));
  afb_mdn_matrices(&m->spec, d->matrix);
  for (int k = 0; k < d->members; k++)
    d->part[k].n_judge = t->judging->n;
  if (d->options.evaluate_every <= 0)
    d->options.evaluate_every = afb_pools_steps(t->pools, options->batch);
  t->floor = m->spec.floor / *afb_mdn_target_scale(m);
  t->order = malloc((size_t)d->members * ((size_t)t->pools->largest + 1) * sizeof *t->order);
  if (!t->order || t->pools->largest > INT32_MAX)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the order of %lld rows", (long long)t->pools->largest);
  return afb_mdn_reserve(m, PIECE);
}

afb_status afb_pool_trainer_create(MPI_Comm comm, afb_mdn *mdn, const afb_pools *pools, const afb_rows *judging,
                                   const afb_descent_options *options, afb_pool_trainer **out)
{
  afb_pool_trainer *t = *out = calloc(1, sizeof *t);
  if (t)
    *t = (afb_pool_trainer){.mdn = mdn, .pools = pools, .judging = judging, .pool = -1};
  afb_status status = afb_agree(comm, t ? prepare(t, comm, options) : AFB_FAIL(AFB_E_MEMORY, "no memory for a trainer"));
  if (status != AFB_OK)
    afb_pool_trainer_destroy(out);
  return status;
}

void afb_pool_trainer_destroy(afb_pool_trainer **trainer)
{
  afb_pool_trainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  afb_descent_clear(&t->descent);
  free(t->order);
  free(t);
}

afb_status afb_pool_trainer_advance(afb_pool_trainer *t, int64_t n_steps, double *loss, int *finished)
{
  return afb_descent_advance(&t->descent, n_steps, loss, finished);
}

void afb_pool_trainer_finish(afb_pool_trainer **trainer)
{
  afb_descent_finish(&(*trainer)->descent);
  afb_pool_trainer_destroy(trainer);
}

afb_descent *afb_pool_trainer_descent(afb_pool_trainer *t) { return &t->descent; }
