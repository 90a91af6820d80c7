#include "campaign/pretraining.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/random.h"
#include "learn/logistic.h"
#include "learn/metrics.h"
#include "learn/split.h"
#include "learn/train.h"

const int afb_pretraining_size[AFB_PRETRAINING_SIZES] = {50, 200, 800};

enum { STREAM_JUDGED = 0x6a756467, STREAM_DRAFT = 0x64726166 };
static const double JUDGED = 1.0 / 3.0, RIDGE = 10;

/* One of the groups. */
typedef struct {
  MPI_Comm comm;
  afb_model *kept;             /* what learned from the others */
  afb_set_table others, judging;
  int64_t n_pool, *pool;       /* rows of the whole table to draw from */
  float *p;                    /* [judging.n][outputs] */
} group;

static afb_status new_model(const afb_set_table *table, uint64_t seed, afb_model **out)
{
  afb_model_spec spec;
  afb_model_spec_default(table->n_token, table->n_global, table->n_target, &spec);
  snprintf(spec.targets, sizeof spec.targets, "%s", AFB_TARGET_KINDS);
  spec.seed = seed;
  return afb_model_create(&spec, out);
}

/* earlier: rows that taught the model before; 0: none. */
static afb_status teach(const group *g, const afb_set_table *table, int64_t earlier, uint64_t seed, afb_model *model)
{
  afb_train_options options;
  if (earlier > 0)
    afb_train_options_again(table->n, earlier, &options);
  else
    afb_train_options_default(table->n, &options);
  options.seed = seed;
  return afb_train(g->comm, model, table, NULL, &options, NULL);
}

static afb_status copy_of(const group *g, uint64_t seed, afb_model **out)
{
  const afb_model *m = g->kept;
  AFB_TRY(new_model(&g->others, seed, out));
  memcpy((*out)->weight, m->weight, (size_t)m->n_weights * sizeof *m->weight);
  memcpy((*out)->moment1, m->moment1, (size_t)m->n_weights * sizeof *m->moment1);
  memcpy((*out)->moment2, m->moment2, (size_t)m->n_weights * sizeof *m->moment2);
  memcpy((*out)->scale, m->scale, (size_t)m->n_scale * sizeof *m->scale);
  (*out)->step = m->step;
  return AFB_OK;
}

static afb_status note(group *g, int stride, int size, afb_start start, int turn, afb_pretraining *out)
{
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    afb_metrics m;
    AFB_TRY(afb_metrics_compute(g->judging.n, g->p + t, stride, g->judging.label + t, g->judging.n_target, &m));
    out->auc[size][start][t][turn] = m.auc;
    out->log_loss[size][start][t][turn] = m.log_loss;
  }
  return AFB_OK;
}

static afb_status judge(group *g, afb_model *model, int size, afb_start start, int turn, afb_pretraining *out)
{
  afb_status status = afb_model_predict(model, &g->judging, g->p, NULL);
  if (status == AFB_OK)
    status = note(g, afb_model_n_out(&model->spec), size, start, turn, out);
  return afb_agree(g->comm, status);
}

/* Without a solution the frequency of the outcome stays. */
static afb_status judge_logistic(group *g, const afb_set_table *train, int size, int turn, afb_pretraining *out)
{
  int n = train->n_global;
  double *weight = malloc(((size_t)n + 1) * sizeof *weight);
  if (!weight)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a linear model");
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    double known = 0, positive = 0;
    for (int64_t i = 0; i < train->n; i++) {
      known += !isnan(train->label[i * train->n_target + t]);
      positive += train->label[i * train->n_target + t] > 0.5f;
    }
    if (afb_logistic_fit(train->n, n, train->global, n, train->label + t, train->n_target, RIDGE, weight) == AFB_OK)
      afb_logistic_predict(g->judging.n, n, g->judging.global, n, weight, g->p + t, AFB_N_TARGETS);
    else
      for (int64_t i = 0; i < g->judging.n; i++)
        g->p[i * AFB_N_TARGETS + t] = (float)((positive + 1) / (known + 2));
  }
  free(weight);
  return note(g, AFB_N_TARGETS, size, AFB_START_LOGISTIC, turn, out);
}

static afb_status compare(group *g, const afb_set_table *train, int size, int turn, afb_pretraining *out)
{
  uint64_t seed = (uint64_t)turn + 1;
  AFB_TRY(judge(g, g->kept, size, AFB_START_KEPT, turn, out));
  AFB_TRY(afb_agree(g->comm, judge_logistic(g, train, size, turn, out)));
  for (int tuned = 0; tuned < 2; tuned++) {
    afb_model *model = NULL;
    afb_status status = afb_agree(g->comm, tuned ? copy_of(g, seed, &model) : new_model(train, seed, &model));
    if (status == AFB_OK)
      status = teach(g, train, tuned ? g->others.n : 0, seed, model);
    if (status == AFB_OK)
      status = judge(g, model, size, tuned ? AFB_START_TUNED : AFB_START_NEW, turn, out);
    afb_model_destroy(&model);
    AFB_TRY(status);
  }
  return AFB_OK;
}

static void shuffle(group *g, int draft)
{
  for (int64_t i = g->n_pool - 1; i > 0; i--) {
    int64_t j = (int64_t)afb_random_below((uint64_t)i + 1, (uint64_t)draft, STREAM_DRAFT, (uint64_t)i), row = g->pool[i];
    g->pool[i] = g->pool[j];
    g->pool[j] = row;
  }
}

static afb_status learn_curves(group *g, const afb_set_table *table, int first_turn, afb_pretraining *out)
{
  for (int draft = 0; draft < AFB_PRETRAINING_DRAFTS; draft++) {
    shuffle(g, draft);
    for (int size = 0; size < AFB_PRETRAINING_SIZES; size++) {
      afb_set_table train = {0};
      if (g->n_pool < afb_pretraining_size[size])
        continue;
      afb_status status = afb_agree(g->comm, afb_set_table_select(table, afb_pretraining_size[size], g->pool, &train));
      if (status == AFB_OK)
        status = compare(g, &train, size, first_turn + draft, out);
      afb_set_table_clear(&train);
      AFB_TRY(status);
    }
  }
  return AFB_OK;
}

/* A third of the rows of the new ions judge. */
static afb_status divide(const afb_set_table *table, const afb_split *split, group *g)
{
  int64_t n = 0, *judging = malloc((size_t)split->n_valid * sizeof *judging + 1);
  g->pool = malloc((size_t)split->n_valid * sizeof *g->pool + 1);
  afb_status status = judging && g->pool ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to divide %lld runs", (long long)table->n);
  for (int64_t i = 0; i < split->n_valid && status == AFB_OK; i++)
    if (afb_random_uniform(1, STREAM_JUDGED, (uint64_t)split->valid[i]) < JUDGED)
      judging[n++] = split->valid[i];
    else
      g->pool[g->n_pool++] = split->valid[i];
  if (status == AFB_OK)
    status = afb_set_table_select(table, split->n_train, split->train, &g->others);
  if (status == AFB_OK)
    status = afb_set_table_select(table, n, judging, &g->judging);
  if (status == AFB_OK)
    status = new_model(table, 1, &g->kept);
  if (status == AFB_OK) {
    g->p = malloc((size_t)(n * afb_model_n_out(&g->kept->spec)) * sizeof *g->p + 1);
    status = g->p ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions");
  }
  free(judging);
  return status;
}

static afb_status try_group(MPI_Comm comm, const afb_set_table *table, int number, afb_pretraining *out)
{
  afb_split split = {0};
  group g = {.comm = comm};
  afb_status status = afb_split_by_group(table, AFB_PRETRAINING_FOLDS, number, 1, &split);
  if (status == AFB_OK)
    status = divide(table, &split, &g);
  status = afb_agree(comm, status);
  out->others[number] = (double)g.others.n;
  out->judged[number] = (double)g.judging.n;
  if (status == AFB_OK && g.others.n > 0 && g.judging.n > 0) {
    status = teach(&g, &g.others, 0, 1, g.kept);
    if (status == AFB_OK)
      status = learn_curves(&g, table, number * AFB_PRETRAINING_DRAFTS, out);
  }
  afb_split_clear(&split);
  afb_model_destroy(&g.kept);
  afb_set_table_clear(&g.others);
  afb_set_table_clear(&g.judging);
  free(g.pool);
  free(g.p);
  return status;
}

afb_status afb_pretraining_run(MPI_Comm comm, const afb_set_table *table, afb_pretraining *out)
{
  double begin = afb_cpu_seconds(), *number = &out->auc[0][0][0][0], *loss = &out->log_loss[0][0][0][0];
  *out = (afb_pretraining){.cpu_seconds = 0};
  for (size_t i = 0; i < sizeof out->auc / sizeof *number; i++)
    number[i] = loss[i] = NAN;
  for (int k = 0; k < AFB_PRETRAINING_GROUPS; k++)
    AFB_TRY(try_group(comm, table, k, out));
  out->cpu_seconds = afb_cpu_seconds() - begin;
  MPI_Allreduce(MPI_IN_PLACE, &out->cpu_seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
  return AFB_OK;
}
