#include "learn/large_batch.h"

#include <math.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/random.h"
#include "learn/train.h"

/* Chosen with data of seeds 0 and 10: the best of the rates and warm-ups that were tried there, and AdamW's without a change. */
const afb_batch_recipe afb_batch_recipes[] = {
  {"adamw", 32, 2e-2, 0.1, 1},
  {"adamw", 2048, 2e-2, 0.1, 1},
  {"adamw", 2048, 6e-2, 0.2, 1},
  {"lamb", 32, 1e-2, 0.1, 1},
  {"lamb", 2048, 8e-2, 0.3, 1},
  {"lamb", 2048, 8e-2, 0.3, 2},
  {0},
};

enum { TRAIN = 16384, TEST = 4096, TOKEN = 8, GLOBAL = 4, TOKENS = 10, EVALUATIONS = 10 };

static float normal(uint64_t seed, uint64_t stream, int64_t i) { return (float)afb_random_normal(seed, stream, (uint64_t)i); }

/* *p: [n] the probabilities. */
static afb_status make_sets(uint64_t seed, uint64_t stream, int n, afb_set_table *table, float *p)
{
  float token[TOKENS * TOKEN], global[GLOBAL];
  AFB_TRY(afb_set_table_init(TOKEN, GLOBAL, 1, table));
  for (int i = 0; i < n; i++) {
    int m = 1 + i % TOKENS, added = i % m;
    float sum = 0;
    for (int k = 0; k < m * TOKEN; k++)
      token[k] = normal(seed, stream, (int64_t)i * TOKENS * TOKEN + k);
    for (int k = 0; k < GLOBAL; k++)
      global[k] = normal(seed, stream + 1, (int64_t)i * GLOBAL + k);
    for (int t = 0; t < m; t++)
      sum += token[t * TOKEN + 1] / sqrtf((float)m);
    p[i] = 1 / (1 + expf(-3 * (token[added * TOKEN] * sum + global[0])));
    float label = afb_random_uniform(seed, stream + 2, (uint64_t)i) < (double)p[i] ? 1 : 0;
    AFB_TRY(afb_set_table_append(table, m, token, global, added, &label, -1, i, m));
  }
  return AFB_OK;
}

static afb_status train(MPI_Comm comm, const afb_batch_recipe *r, uint64_t seed, const afb_set_table *table, const afb_set_table *test, float *p)
{
  afb_model_spec spec = {"set_transformer", TOKEN, GLOBAL, 1, 32, 2, 4, 1, 0, seed, ""};
  int64_t steps = AFB_BATCH_SEEN / r->batch;
  afb_train_options options = {.batch = r->batch, .steps = steps, .warmup = (int64_t)(r->warmup * (double)steps), .rate = r->rate,
                               .weight_decay = 0.05, .clip = 1, .optimiser = r->optimiser, .constants = r->constants, .evaluate_every = steps / EVALUATIONS, .restart = 1,
                               .first_step = -1, .seed = seed};
  afb_model *model;
  AFB_TRY(afb_model_create(&spec, &model));
  afb_status status = afb_train(comm, model, table, NULL, &options, NULL);
  if (status == AFB_OK)
    status = afb_agree(comm, afb_model_predict(model, test, p, NULL));
  afb_model_destroy(&model);
  return status;
}

static afb_status one_seed(MPI_Comm comm, const afb_batch_recipe *recipe, uint64_t seed, float *p, afb_metrics *metrics, double *seconds)
{
  afb_set_table table = {0}, test = {0};
  afb_status status = make_sets(seed, 1, TRAIN, &table, p);
  if (status == AFB_OK)
    status = make_sets(seed, 4, TEST, &test, p);
  status = afb_agree(comm, status);
  *seconds -= afb_cpu_seconds();
  if (status == AFB_OK && recipe)
    status = train(comm, recipe, seed, &table, &test, p);
  *seconds += afb_cpu_seconds();
  if (status == AFB_OK)
    status = afb_agree(comm, afb_metrics_compute(TEST, p, 1, test.label, 1, metrics));
  afb_set_table_clear(&table);
  afb_set_table_clear(&test);
  return status;
}

static void mean_and_deviation(int n, const double *x, double *out)
{
  double sum = 0, square = 0;
  for (int i = 0; i < n; i++)
    sum += x[i];
  for (int i = 0; i < n; i++)
    square += pow(x[i] - sum / n, 2);
  out[0] = sum / n;
  out[1] = sqrt(square / (n - 1));
}

afb_status afb_bench_batch(MPI_Comm comm, const afb_batch_recipe *recipe, afb_batch_result *result)
{
  double auc[AFB_BATCH_SEEDS];
  float *p = malloc(TRAIN * sizeof *p);
  afb_status status = afb_agree(comm, p ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a benchmark"));
  *result = (afb_batch_result){.seconds = 0};
  for (int s = 0; s < AFB_BATCH_SEEDS && status == AFB_OK; s++) {
    afb_metrics metrics;
    status = one_seed(comm, recipe, (uint64_t)s + 1, p, &metrics, &result->seconds);
    result->seed_loss[s] = status == AFB_OK ? metrics.log_loss : 0;
    auc[s] = status == AFB_OK ? metrics.auc : 0;
  }
  free(p);
  AFB_TRY(status);
  mean_and_deviation(AFB_BATCH_SEEDS, result->seed_loss, result->log_loss);
  mean_and_deviation(AFB_BATCH_SEEDS, auc, result->auc);
  MPI_Allreduce(MPI_IN_PLACE, &result->seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
  return AFB_OK;
}
