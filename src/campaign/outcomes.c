#include "campaign/outcomes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/learner.h"
#include "campaign/record.h"
#include "campaign/review.h"
#include "core/clock.h"
#include "core/random.h"
#include "learn/logistic.h"
#include "learn/ridge.h"
#include "learn/split.h"
#include "learn/train.h"

enum { STREAM_KNOWN = 0x6b6e6f77 };
static const double TESTED_BY_SIZE = 1.0 / 3.0, KNOWN_TESTED = 0.2, RIDGE = 10;

void afb_outcome_data_clear(afb_outcome_data *d)
{
  afb_ledger_clear(&d->ledger);
  for (int i = 0; d->ion && i < d->n_ions; i++)
    afb_candidates_clear(&d->ion[i]);
  free(d->ion);
  free(d->gain);
  free(d->entry);
  afb_set_table_clear(&d->table);
  *d = (afb_outcome_data){0};
}

/* Where more processes than cores ran, core-seconds (by the wall) say how busy the machine was. */
static afb_status count_cpu_seconds(afb_store *store, afb_ledger *ledger)
{
  afb_stored t;
  afb_status status = afb_stored_read(store, &t);
  for (int64_t i = 0; i < ledger->n && status == AFB_OK; i++)
    ledger->entry[i].core_seconds = t.run[ledger->entry[i].run].cpu_seconds;
  afb_stored_clear(&t);
  return status;
}

static afb_status describe_row(const afb_outcome_data *d, const afb_feature_ion *ion, const afb_entry *entry, const afb_gain *gain,
                               afb_set_table *table)
{
  afb_configuration configuration[AFB_MAX_SET];
  unsigned char started[AFB_MAX_SET];
  float label[AFB_N_LABELS];
  const afb_node *start = entry->parent >= 0 ? &d->ledger.entry[entry->parent].node : NULL;
  int added = 0;
  for (int i = 0; i < entry->node.n; i++) {
    configuration[i] = d->ion[entry->ion].candidate[entry->node.member[i]].configuration;
    started[i] = start && afb_node_contains(start, entry->node.member[i]);
    added = entry->node.member[i] == entry->added ? i : added;
  }
  afb_feature_request request = {.ion = ion, .n_configurations = entry->node.n, .configuration = configuration, .added = added,
    .started = start ? started : NULL, .n_levels = d->n_levels, .failed_n = entry->failed_n, .failed_l = entry->failed_l};
  afb_sample_label(entry->outcome, entry->rung, entry->core_seconds, entry->cost.estimate, gain, label);
  if (isnan(label[AFB_TARGET_CONVERGED]))
    return AFB_OK;
  afb_status status = afb_features_append(&request, label, table);
  /* What cannot be described (too many orbitals) is not learnt from. */
  return status == AFB_E_LIMIT || status == AFB_E_INPUT ? AFB_OK : status;
}

static afb_status describe_ion(afb_outcome_data *d, int ion)
{
  afb_feature_ion *features;
  const afb_candidates *c = &d->ion[ion];
  if (afb_feature_ion_create(c->ion.z, c->ion.charge, &c->candidate[0].configuration, &features) != AFB_OK)
    return AFB_OK;
  afb_status status = AFB_OK;
  for (int64_t e = 0; e < d->ledger.n && status == AFB_OK; e++) {
    int64_t before = d->table.n;
    if (d->ledger.entry[e].ion != ion)
      continue;
    status = describe_row(d, features, &d->ledger.entry[e], &d->gain[e], &d->table);
    if (d->table.n > before)
      d->entry[before] = e;
  }
  afb_feature_ion_destroy(&features);
  return status;
}

afb_status afb_outcome_data_read(afb_store *store, afb_outcome_data *d)
{
  *d = (afb_outcome_data){0};
  AFB_TRY(afb_features_table_init(AFB_N_LABELS, &d->table));
  AFB_TRY(afb_review_ledger(store, &d->n_ions, &d->ion, &d->ledger));
  if (d->ledger.n == 0)
    return AFB_FAIL(AFB_E_INPUT, "the file has no run of a campaign: run `aufbau campaign` first");
  AFB_TRY(count_cpu_seconds(store, &d->ledger));
  d->gain = calloc((size_t)d->ledger.n, sizeof *d->gain);
  d->entry = malloc((size_t)d->ledger.n * sizeof *d->entry);
  if (!d->gain || !d->entry)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)d->ledger.n);
  AFB_TRY(afb_gains_read(store, &d->ledger, d->gain, &d->n_levels));
  for (int i = 0; i < d->n_ions; i++)
    AFB_TRY(describe_ion(d, i));
  return AFB_OK;
}

void afb_outcome_trials_clear(afb_outcome_trials *t)
{
  for (int k = 0; k < AFB_N_TRIALS; k++) {
    for (int s = 0; s < AFB_TRIAL_SEEDS; s++)
      free(t->network[k][s]);
    free(t->spread[k]);
    free(t->linear[k]);
    free(t->constant[k]);
  }
  *t = (afb_outcome_trials){0};
}

static float *unknown_values(size_t n)
{
  float *out = malloc(n * sizeof *out + 1);
  for (size_t i = 0; out && i < n; i++)
    out[i] = NAN;
  return out;
}

static afb_status make_room(const afb_set_table *table, afb_outcome_trials *t)
{
  size_t n = (size_t)(table->n * t->heads.n_out);
  int ok = 1;
  for (int k = 0; k < AFB_N_TRIALS; k++) {
    for (int s = 0; s < AFB_TRIAL_SEEDS; s++)
      ok &= (t->network[k][s] = unknown_values(n)) != NULL;
    ok &= (t->spread[k] = unknown_values(n)) != NULL && (t->linear[k] = unknown_values(n)) != NULL &&
          (t->constant[k] = unknown_values(n)) != NULL;
  }
  return ok ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the predictions of %lld runs", (long long)table->n);
}

typedef struct {
  const afb_set_table *train, *test;
  const int64_t *row;          /* of the whole table, of each row of `test` */
  int n_out;
} part;

static void scatter(const part *p, const float *from, float *to)
{
  for (int64_t i = 0; i < p->test->n; i++)
    memcpy(to + p->row[i] * p->n_out, from + i * p->n_out, (size_t)p->n_out * sizeof *to);
}

static afb_status ask_network(MPI_Comm comm, const part *p, uint64_t seed, float *to, float *spread)
{
  afb_model_spec spec;
  afb_train_options options;
  afb_model *model = NULL;
  afb_model_spec_default(p->train->n_token, p->train->n_global, p->train->n_target, &spec);
  snprintf(spec.targets, sizeof spec.targets, "%s", AFB_TARGET_KINDS);
  spec.members = AFB_TRIAL_MEMBERS;
  spec.seed = options.seed = seed;
  afb_train_options_default(p->train->n, &options);
  options.seed = seed;
  size_t n = (size_t)(p->test->n * p->n_out);
  float *mean = malloc(2 * n * sizeof *mean + 1);
  afb_status status = afb_agree(comm, mean ? afb_model_create(&spec, &model) : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions"));
  if (status == AFB_OK)
    status = afb_train(comm, model, p->train, NULL, &options, NULL);
  if (status == AFB_OK)
    status = afb_agree(comm, afb_model_predict(model, p->test, mean, mean + n));
  if (status == AFB_OK) {
    scatter(p, mean, to);
    if (spread)
      scatter(p, mean + n, spread);
  }
  free(mean);
  afb_model_destroy(&model);
  return status;
}

/* One output of a linear model for all tested rows; label [train->n]. Without labels, or with one outcome only, the constant stays. */
static void ask_linear(const part *p, int yes_no, int output, const float *label, double *weight, float *to)
{
  int g = p->train->n_global;
  double deviation = NAN;
  afb_status status = yes_no ? afb_logistic_fit(p->train->n, g, p->train->global, g, label, 1, RIDGE, weight)
                             : afb_ridge_fit(p->train->n, g, p->train->global, g, label, 1, RIDGE, weight, &deviation);
  for (int64_t i = 0; i < p->test->n && status == AFB_OK; i++) {
    double z = afb_ridge_value(g, p->test->global + i * g, weight);
    float *out = to + p->row[i] * p->n_out + output;
    out[0] = (float)(yes_no ? 1 / (1 + exp(-z)) : z);
    if (!yes_no)
      out[1] = (float)deviation;
  }
}

static void constants(const part *p, const afb_head *head, const float *label, int64_t stride, float *to)
{
  double mean = 0, square = 0, count[AFB_MOST_CLASSES] = {0};
  int64_t n = 0;
  for (int64_t i = 0; i < p->train->n; i++) {
    double y = label[i * stride], step = y - mean;
    if (isnan(y))
      continue;
    mean += step / (double)++n;
    square += step * (y - mean);
    if (head->kind == AFB_HEAD_CLASS)
      count[(int)y] += 1;
  }
  for (int64_t i = 0; i < p->test->n && n > 0; i++) {
    float *out = to + p->row[i] * p->n_out + head->first;
    out[0] = (float)mean;
    if (head->kind == AFB_HEAD_NUMBER)
      out[1] = (float)sqrt(square / (double)n);
    for (int k = 0; head->kind == AFB_HEAD_CLASS && k < head->n; k++)
      out[k] = (float)((count[k] + 0.5) / ((double)n + 0.5 * head->n));
  }
}

static void normalise(const part *p, const afb_head *head, float *to)
{
  for (int64_t i = 0; i < p->test->n; i++) {
    float *out = to + p->row[i] * p->n_out + head->first, sum = 0;
    for (int k = 0; k < head->n; k++)
      sum += out[k];
    for (int k = 0; k < head->n; k++)
      out[k] /= sum;
  }
}

static afb_status ask_baselines(const afb_heads *heads, const part *p, float *linear, float *constant)
{
  const afb_set_table *train = p->train;
  double *weight = malloc(((size_t)train->n_global + 1) * sizeof *weight);
  float *label = malloc((size_t)train->n * sizeof *label + 1);
  for (int h = 0; h < heads->n && weight && label; h++) {
    const afb_head *head = &heads->head[h];
    constants(p, head, train->label + h, train->n_target, constant);
    constants(p, head, train->label + h, train->n_target, linear);
    for (int k = 0; k < (head->kind == AFB_HEAD_CLASS ? head->n : 1); k++) {
      for (int64_t i = 0; i < train->n; i++) {
        float y = train->label[i * train->n_target + h];
        label[i] = head->kind == AFB_HEAD_CLASS && !isnan(y) ? (float)(y == (float)k) : y;
      }
      ask_linear(p, head->kind != AFB_HEAD_NUMBER, head->first + k, label, weight, linear);
    }
    if (head->kind == AFB_HEAD_CLASS)
      normalise(p, head, linear);
  }
  free(weight);
  free(label);
  return weight && label ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for linear models");
}

/* All predictors trained on one side of a split and asked about the other. */
static afb_status try_split(MPI_Comm comm, const afb_set_table *table, const afb_split *split, afb_trial trial, afb_outcome_trials *t)
{
  afb_set_table train = {0}, test = {0};
  if (split->n_train == 0 || split->n_valid == 0)
    return AFB_OK;
  afb_status status = afb_set_table_select(table, split->n_train, split->train, &train);
  if (status == AFB_OK)
    status = afb_set_table_select(table, split->n_valid, split->valid, &test);
  part p = {&train, &test, split->valid, t->heads.n_out};
  if (status == AFB_OK)
    status = ask_baselines(&t->heads, &p, t->linear[trial], t->constant[trial]);
  status = afb_agree(comm, status);
  for (int s = 0; s < AFB_TRIAL_SEEDS && status == AFB_OK; s++)
    status = ask_network(comm, &p, 1 + (uint64_t)s, t->network[trial][s], s == 0 ? t->spread[trial] : NULL);
  t->done[trial] = status == AFB_OK;
  afb_set_table_clear(&train);
  afb_set_table_clear(&test);
  return status;
}

static afb_status split_known(const afb_set_table *table, afb_split *out)
{
  *out = (afb_split){.train = malloc((size_t)table->n * sizeof *out->train + 1), .valid = malloc((size_t)table->n * sizeof *out->valid + 1)};
  if (!out->train || !out->valid)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to divide %lld runs", (long long)table->n);
  for (int64_t i = 0; i < table->n; i++) {
    if (afb_random_uniform(1, STREAM_KNOWN, (uint64_t)i) < KNOWN_TESTED)
      out->valid[out->n_valid++] = i;
    else
      out->train[out->n_train++] = i;
  }
  return AFB_OK;
}

static afb_status run_trial(MPI_Comm comm, const afb_set_table *table, afb_trial trial, int fold, afb_outcome_trials *t)
{
  afb_split split = {0};
  afb_status status = trial == AFB_TRIAL_KNOWN ? split_known(table, &split)
                      : trial == AFB_TRIAL_IONS ? afb_split_by_group(table, AFB_TRIAL_FOLDS, fold, 1, &split)
                                                : afb_split_by_size(table, t->largest_train, &split);
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = try_split(comm, table, &split, trial, t);
  afb_split_clear(&split);
  return status;
}

afb_status afb_outcome_trials_run(MPI_Comm comm, const afb_set_table *table, afb_outcome_trials *t)
{
  double begin = afb_cpu_seconds();
  *t = (afb_outcome_trials){.largest_train = afb_split_size_quantile(table, TESTED_BY_SIZE)};
  AFB_TRY(afb_agree(comm, afb_heads_parse(AFB_TARGET_KINDS, table->n_target, &t->heads)));
  AFB_TRY(afb_agree(comm, make_room(table, t)));
  AFB_TRY(run_trial(comm, table, AFB_TRIAL_KNOWN, 0, t));
  for (int fold = 0; fold < AFB_TRIAL_FOLDS; fold++)
    AFB_TRY(run_trial(comm, table, AFB_TRIAL_IONS, fold, t));
  if (t->largest_train > 0)
    AFB_TRY(run_trial(comm, table, AFB_TRIAL_LARGER, 0, t));
  t->cpu_seconds = afb_cpu_seconds() - begin;
  MPI_Allreduce(MPI_IN_PLACE, &t->cpu_seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
  return AFB_OK;
}
