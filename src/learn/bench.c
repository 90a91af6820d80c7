#include "learn/bench.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/random.h"
#include "learn/mdn_train.h"
#include "learn/mdn_work.h"
#include "learn/model_work.h"
#include "learn/split.h"
#include "learn/train.h"

const afb_bench_case afb_bench_cases[] = {
  {"mlp-256", "MLP 55-128-128-128, 3 Gaussians, 16 targets, full covariance, batch 256", 0, 128, 3, 0, 256, 40},
  {"mlp-4096", "the same, batch 4096", 0, 128, 3, 0, 4096, 3},
  {"diagonal-256", "the same, diagonal covariance, batch 256", 0, 128, 3, 1, 256, 50},
  {"diagonal-4096", "the same, diagonal covariance, batch 4096", 0, 128, 3, 1, 4096, 4},
  {"sets-64", "set transformer, width 64, 4 heads, 4 blocks, sets of 1-40, batch 256", 40, 64, 4, 0, 256, 2},
  {"sets-128", "the same, width 128", 40, 128, 4, 0, 256, 1},
  {0},
};

enum { INPUTS = 55, TARGETS = 16, COMPONENTS = 3, FOLDS = 5, TOKEN = 32, GLOBAL = 16, HEADS = 4, JUDGES = 64, SGEMM = 1024 };
static const double RATE = 1e-4, DECAY = 0.01, CLIP = 1, FLOOR = 1;
static const int64_t FOREVER = INT64_C(1) << 40;

static float normal(uint64_t stream, int64_t i) { return (float)afb_random_normal(77, stream, (uint64_t)i); }

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(int n, double *x)
{
  qsort(x, (size_t)n, sizeof *x, by_value);
  return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

static double sgemm_gflops(const float *a, float *c)
{
  double start = afb_cpu_seconds();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SGEMM, SGEMM, SGEMM, 1, a, SGEMM, a, SGEMM, 0, c, SGEMM);
  return 2e-9 * SGEMM * SGEMM * SGEMM / (afb_cpu_seconds() - start);
}

typedef afb_status (*advance_function)(void *trainer, int64_t steps, double *loss);

/* Slices of steps and a product in turn, the first slice to warm up. a: SGEMM^2 numbers and room for as many. */
static afb_status measure(MPI_Comm comm, const afb_bench_case *c, advance_function advance, void *trainer, float *a, afb_bench_result *r)
{
  double rate[AFB_BENCH_SLICES], sgemm[AFB_BENCH_SLICES];
  int n_ranks;
  MPI_Comm_size(comm, &n_ranks);
  /* A sum over ranks of each step's loss is no part of training. */
  int at_once = n_ranks > 1 ? c->slice : 1;
  for (int64_t i = 0; i < SGEMM * SGEMM; i++)
    a[i] = (float)(i % 7) - 3;
  for (int s = -1; s < AFB_BENCH_SLICES; s++) {
    double product = sgemm_gflops(a, a + SGEMM * SGEMM);
    MPI_Barrier(comm);
    double seconds = -afb_cpu_seconds();
    for (int k = 0; k < c->slice; k += at_once)
      AFB_TRY(advance(trainer, at_once, &r->loss[r->n_loss++]));
    r->steps += c->slice;
    seconds += afb_cpu_seconds();
    MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
    if (s >= 0) {
      rate[s] = c->slice * c->batch / seconds;
      sgemm[s] = product;
    }
  }
  r->rate = median(AFB_BENCH_SLICES, rate);
  r->sgemm = median(AFB_BENCH_SLICES, sgemm);
  return AFB_OK;
}

static afb_status run(MPI_Comm comm, const afb_bench_case *c, advance_function advance, void *trainer, afb_bench_result *r)
{
  float *a = malloc(2 * SGEMM * SGEMM * sizeof *a);
  r->loss = calloc((size_t)(AFB_BENCH_SLICES + 1) * (size_t)c->slice, sizeof *r->loss);
  afb_status status = afb_agree(comm, a && r->loss ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a benchmark"));
  if (status == AFB_OK)
    status = measure(comm, c, advance, trainer, a, r);
  free(a);
  return status;
}

/* A copy of a row, column or table of numbers for another program. */
static float *give(afb_bench_array *data, const char *name, const char *description, int64_t rows, int64_t columns)
{
  afb_bench_array *to = data;
  while (to->name)
    to++;
  *to = (afb_bench_array){name, description, columns > 0 ? 2 : 1, {rows, columns}, calloc((size_t)(rows * (columns ? columns : 1)) + 1, sizeof(float))};
  return to->value;
}

static void copy(const float *from, int64_t n, float *to)
{
  if (to)
    memcpy(to, from, (size_t)n * sizeof *to);
}

static afb_status given(const afb_bench_array *data)
{
  for (int i = 0; data && i < AFB_BENCH_ARRAYS && data[i].name; i++)
    if (!data[i].value)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the data of a benchmark");
  return AFB_OK;
}

/* Mixture density networks: a fold of the rows judges and is not trained on. */
typedef struct {
  int64_t n;
  double *input, *target;
  int64_t *group;
  int *fold;
} rows;

static afb_status make_rows(const afb_bench_case *c, rows *r)
{
  r->n = c->batch * FOLDS / (FOLDS - 1);
  r->input = malloc((size_t)r->n * INPUTS * sizeof(double));
  r->target = malloc((size_t)r->n * TARGETS * sizeof(double));
  r->group = malloc((size_t)r->n * sizeof *r->group);
  r->fold = malloc((size_t)r->n * sizeof *r->fold);
  if (!r->input || !r->target || !r->group || !r->fold)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the data of a benchmark");
  for (int64_t i = 0; i < r->n; i++) {
    double *x = r->input + i * INPUTS, *y = r->target + i * TARGETS, branch = i % 2 ? 1 : -1;
    for (int j = 0; j < INPUTS; j++)
      x[j] = (double)normal(1, i * INPUTS + j);
    for (int j = 0; j < TARGETS; j++)
      y[j] = x[j] * x[j + TARGETS] + branch * x[j + 2 * TARGETS] + 0.2 * (double)normal(2, i * TARGETS + j);
    r->group[i] = i;
  }
  int folds;
  return afb_split_groups(r->n, r->group, NULL, FOLDS, 1, r->fold, &folds);
}

static afb_status give_rows(const afb_bench_case *c, const rows *r, afb_mdn *m, afb_bench_array *data)
{
  float *x = give(data, "input", "standardised", c->batch, INPUTS);
  float *residual = give(data, "residual", "targets less their linear models, in its deviations", c->batch, TARGETS);
  float *deviation = give(data, "deviation", "of the linear model", TARGETS, 0), *floor = give(data, "floor", "least deviation", 1, 0);
  copy(m->weight, m->n_weights, give(data, "weight", "to start from", m->n_weights, 0));
  AFB_TRY(given(data));
  double d[TARGETS], scale = *afb_mdn_target_scale(m);
  afb_mdn_deviation(m, 0, d);
  *floor = (float)(FLOOR / scale);
  for (int k = 0; k < TARGETS; k++)
    deviation[k] = (float)d[k];
  for (int64_t i = 0, to = 0; i < r->n; i++)
    if (r->fold[i] != 0) {
      afb_mdn_standardise(m, 1, &i, r->input);
      afb_mdn_base(m, 0, 1);
      copy(m->work->x, INPUTS, x + to * INPUTS);
      for (int k = 0; k < TARGETS; k++)
        residual[to * TARGETS + k] =
          (float)(((r->target[i * TARGETS + k] - afb_mdn_target_mean(m)[k]) / scale - m->work->base[k]) / d[k]);
      to++;
    }
  return AFB_OK;
}

static afb_status advance_mdn(void *trainer, int64_t steps, double *loss)
{
  int finished;
  return afb_mdn_trainer_advance(trainer, steps, loss, &finished);
}

static afb_status bench_rows(MPI_Comm comm, const afb_bench_case *c, const rows *r, afb_mdn *m, afb_bench_result *result,
                             afb_bench_array *data)
{
  afb_mdn_table table = {r->n, r->input, r->target, r->group, NULL};
  afb_mdn_options options = {.batch = c->batch, .steps = FOREVER, .rate = RATE, .weight_decay = DECAY, .clip = CLIP,
                             .evaluate_every = FOREVER, .ridge = 1e-3, .first_step = -1, .seed = 1};
  afb_mdn_trainer *trainer;
  AFB_TRY(afb_mdn_trainer_create(comm, m, &table, &options, &trainer));
  afb_status status = data ? afb_agree(comm, give_rows(c, r, m, data)) : AFB_OK;
  if (status == AFB_OK)
    status = run(comm, c, advance_mdn, trainer, result);
  afb_mdn_trainer_destroy(&trainer);
  return status;
}

static afb_status bench_mdn(MPI_Comm comm, const afb_bench_case *c, afb_bench_result *result, afb_bench_array *data)
{
  afb_mdn_spec spec = {INPUTS, TARGETS, COMPONENTS, 1, c->width, c->layers, c->diagonal ? AFB_MDN_LOW_RANK : AFB_MDN_FULL, 0, FLOOR, 3,
                       AFB_LOSS_LIKELIHOOD};
  afb_mdn *m = NULL;
  rows r = {0};
  afb_status status = make_rows(c, &r);
  if (status == AFB_OK)
    status = afb_mdn_create(&spec, &m);
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = bench_rows(comm, c, &r, m, result, data);
  double in = INPUTS, products = 0;
  for (int l = 0; l < c->layers; l++, in = c->width)
    products += (l ? 6 : 4) * in * c->width;
  result->flops = products + 6 * in * afb_mdn_head_size(&spec);
  afb_mdn_destroy(&m);
  free(r.input);
  free(r.target);
  free(r.group);
  free(r.fold);
  return status;
}

/* n sets of 1 ... `tokens` tokens in turn. */
static afb_status make_sets(int n, int tokens, afb_set_table *table)
{
  float token[64 * TOKEN], global[GLOBAL];
  AFB_TRY(afb_set_table_init(TOKEN, GLOBAL, 1, table));
  for (int i = 0; i < n; i++) {
    int m = 1 + i % tokens;
    float sum = 0;
    for (int k = 0; k < m * TOKEN; k++)
      token[k] = normal(10, (int64_t)i * 64 * TOKEN + k);
    for (int k = 0; k < GLOBAL; k++)
      global[k] = normal(11, i * GLOBAL + k);
    for (int t = 0; t < m; t++)
      sum += token[t * TOKEN] * token[t * TOKEN + 1] / sqrtf((float)m);
    float label = sum + global[0] > 0;
    AFB_TRY(afb_set_table_append(table, m, token, global, i % m, &label, -1, i, m));
  }
  return AFB_OK;
}

static afb_status give_sets(const afb_set_table *table, const afb_model *model, afb_bench_array *data)
{
  int64_t n = table->n, tokens = table->offset[n];
  float *token = give(data, "token", "standardised, set after set", tokens, TOKEN), *global = give(data, "global", "standardised", n, GLOBAL);
  float *size = give(data, "size", "tokens of each set", n, 0), *added = give(data, "added", "number within the set", n, 0);
  copy(table->label, n, give(data, "label", "outcome", n, 0));
  copy(model->weight, model->n_weights, give(data, "weight", "to start from", model->n_weights, 0));
  AFB_TRY(given(data));
  afb_batch_standardise(tokens, TOKEN, table->token, model->scale, token);
  afb_batch_standardise(n, GLOBAL, table->global, model->scale + 2 * TOKEN, global);
  for (int64_t i = 0; i < n; i++) {
    size[i] = (float)(table->offset[i + 1] - table->offset[i]);
    added[i] = (float)table->added[i];
  }
  return AFB_OK;
}

static afb_status advance_sets(void *trainer, int64_t steps, double *loss)
{
  int finished;
  return afb_trainer_advance(trainer, steps, loss, &finished);
}

/* Products of the embedding, of a block (attention included) and of the heads on tokens; what is done once a set is left out. */
static double flops_of(const afb_set_table *table, const afb_bench_case *c)
{
  double d = c->width, pairs = 0, tokens = (double)table->offset[table->n];
  for (int64_t i = 0; i < table->n; i++)
    pairs += pow((double)(table->offset[i + 1] - table->offset[i]), 2);
  return (tokens * (4 * TOKEN * d + 6 * c->layers * 8 * d * d) + 12 * c->layers * pairs * d) / (double)table->n;
}

static afb_status bench_sets(MPI_Comm comm, const afb_bench_case *c, const afb_set_table *train, const afb_set_table *judging, afb_model *model,
                             afb_bench_result *result, afb_bench_array *data)
{
  afb_train_options options = {.batch = c->batch, .steps = FOREVER, .rate = RATE, .weight_decay = DECAY, .clip = CLIP,
                               .evaluate_every = FOREVER, .restart = 1, .first_step = -1, .seed = 1};
  afb_trainer *trainer;
  AFB_TRY(afb_trainer_create(comm, model, train, judging, &options, &trainer));
  afb_status status = data ? afb_agree(comm, give_sets(train, model, data)) : AFB_OK;
  if (status == AFB_OK)
    status = run(comm, c, advance_sets, trainer, result);
  result->flops = flops_of(train, c);
  afb_trainer_destroy(&trainer);
  return status;
}

static afb_status bench_transformer(MPI_Comm comm, const afb_bench_case *c, afb_bench_result *result, afb_bench_array *data)
{
  afb_model_spec spec = {"set_transformer", TOKEN, GLOBAL, 1, c->width, c->layers, HEADS, 1, 0, 3, ""};
  afb_set_table train = {0}, judging = {0};
  afb_model *model = NULL;
  afb_status status = make_sets(c->batch, c->tokens, &train);
  if (status == AFB_OK)
    status = make_sets(JUDGES, c->tokens, &judging);
  if (status == AFB_OK)
    status = afb_model_create(&spec, &model);
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = bench_sets(comm, c, &train, &judging, model, result, data);
  afb_model_destroy(&model);
  afb_set_table_clear(&train);
  afb_set_table_clear(&judging);
  return status;
}

afb_status afb_bench_train(MPI_Comm comm, const afb_bench_case *c, afb_bench_result *result, afb_bench_array *data)
{
  *result = (afb_bench_result){0};
  if (data)
    memset(data, 0, AFB_BENCH_ARRAYS * sizeof *data);
  return c->tokens > 0 ? bench_transformer(comm, c, result, data) : bench_mdn(comm, c, result, data);
}
