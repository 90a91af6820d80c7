#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/acquisition.h"
#include "campaign/pretrained.h"
#include "campaign/state.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"

enum { STREAM_POOL = 0x706f6f6c, LEAST_POOL = 384, MOST_PARENTS = 2048 };
static const double TRAINING_SHARE = 0.08;     /* of the campaign's wall time */
static const double LEAST_TRAINING = 0.25, MOST_TRAINING = 60.0;   /* seconds of one training */

static afb_sample describe(const afb_campaign_state *state, int ion, const afb_node *node, int added, const afb_node *start)
{
  return (afb_sample){.ion = state->ledger->ion[ion].ion, .candidates = &state->ledger->ion[ion], .node = node,
    .added = added, .start = start, .n_levels = state->options->n_levels, .estimate = NAN};
}

afb_status afb_round_teach(afb_campaign_state *state, const afb_entry *entry, const afb_entry *from)
{
  const afb_node *start = entry->parent >= 0 ? &from[entry->parent].node : NULL;
  afb_sample sample = describe(state, entry->ion, &entry->node, entry->added, start);
  afb_sample_label(entry->outcome, entry->rung, entry->core_seconds, entry->cost.estimate, NULL, sample.label);
  sample.estimate = entry->cost.estimate;
  sample.failed_n = entry->failed_n;
  sample.failed_l = entry->failed_l;
  if (isnan(sample.label[AFB_TARGET_CONVERGED]) || !state->learner)
    return AFB_OK;
  state->new_labels++;
  return afb_learner_add(state->learner, &sample);
}

/* Candidates that the model is asked about, equally many of every set size as far as there are: without this the
 * largest size, of which there are most, would be all that it sees. */
static int64_t draw_pool(const afb_campaign_state *state, int64_t n, afb_edge *edge, int64_t wanted)
{
  int64_t kept = 0;
  int sizes = 0;
  int64_t of_size[AFB_MAX_SET + 1] = {0};
  for (int64_t i = 0; i < n; i++)
    sizes += of_size[edge[i].node.n]++ == 0;
  for (int64_t i = 0; i < n; i++) {
    int size = edge[i].node.n;
    double share = (double)wanted / sizes / (double)of_size[size];
    if (afb_random_uniform(state->options->seed, STREAM_POOL + ((uint64_t)state->round << 32), (uint64_t)i) < share)
      edge[kept++] = edge[i];
  }
  return kept;
}

static const afb_node *start_of(const afb_campaign_state *state, const afb_edge *edge)
{
  int64_t ancestor = state->options->warm_start ? afb_ledger_ancestor(state->ledger, edge->ion, &edge->node) : -1;
  return ancestor >= 0 ? &state->ledger->entry[ancestor].node : NULL;
}

/* The orbital that a candidate stands for in the diversity of a batch: its outermost shell. */
static int outer_orbital(const afb_campaign_state *state, const afb_edge *edge)
{
  if (edge->added < 0)
    return -1;
  const afb_configuration *c = &state->ledger->ion[edge->ion].candidate[edge->added].configuration;
  const afb_shell *shell = &c->shell[c->n_shells - 1];
  return shell->n * (AFB_MAX_L + 1) + shell->l;
}

typedef struct {
  int64_t n;
  afb_edge *edge;
  afb_sample *sample;
  afb_forecast *forecast;
  afb_prospect *prospect;
  afb_choice *choice;
} ranking;

static void clear_ranking(ranking *r)
{
  free(r->edge);
  free(r->sample);
  free(r->forecast);
  free(r->prospect);
  free(r->choice);
}

static int choices_wanted(const afb_campaign_state *state)
{
  int batch = state->options->batch, ahead = 4 * state->pool->size;
  return 2 * (batch > ahead ? batch : ahead);
}

/* Rank 0: the candidates to ask about. */
static afb_status gather_candidates(afb_campaign_state *state, ranking *r)
{
  const afb_campaign_options *o = state->options;
  AFB_TRY(afb_ledger_frontier(state->ledger, o->set_size, 0, MOST_PARENTS, o->seed, (uint64_t)state->round, &r->n, &r->edge));
  int64_t pool = 6 * choices_wanted(state);
  r->n = draw_pool(state, r->n, r->edge, pool > LEAST_POOL ? pool : LEAST_POOL);
  size_t n = (size_t)r->n + 1;
  r->sample = calloc(n, sizeof *r->sample);
  r->forecast = calloc(n, sizeof *r->forecast);
  r->prospect = calloc(n, sizeof *r->prospect);
  r->choice = calloc((size_t)choices_wanted(state), sizeof *r->choice);
  if (!r->sample || !r->forecast || !r->prospect || !r->choice)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld candidates", (long long)r->n);
  for (int64_t i = 0; i < r->n; i++) {
    afb_planned planned = {.edge = r->edge[i]};
    afb_plan_cost(state, &planned);
    r->sample[i] = describe(state, r->edge[i].ion, &r->edge[i].node, r->edge[i].added, start_of(state, &r->edge[i]));
    r->sample[i].estimate = planned.estimate.core_seconds;
  }
  return AFB_OK;
}

static void make_prospects(const afb_campaign_state *state, ranking *r)
{
  for (int64_t i = 0; i < r->n; i++) {
    const afb_edge *edge = &r->edge[i];
    float p = r->forecast[i].p[AFB_TARGET_CONVERGED], spread = r->forecast[i].spread[AFB_TARGET_CONVERGED];
    afb_planned planned = {.edge = *edge};
    afb_plan_cost(state, &planned);
    r->prospect[i] = (afb_prospect){.ion = edge->ion, .size = edge->node.n, .orbital = outer_orbital(state, edge),
      .probability = isnan(p) ? 0.0 : p, .spread = isnan(spread) ? 0.0 : spread, .cost = planned.seconds};
  }
}

/* The run that a candidate would be grown from, in the file; -1. */
static int64_t parent_run(const afb_campaign_state *state, const afb_edge *edge)
{
  afb_node parent;
  if (edge->added < 0 || afb_node_remove(&edge->node, edge->added, &parent) != AFB_OK)
    return -1;
  int64_t entry = afb_ledger_find(state->ledger, edge->ion, &parent);
  return entry >= 0 ? state->ledger->entry[entry].run : -1;
}

static afb_status store_prediction(afb_campaign_state *state, const ranking *r, const afb_choice *choice)
{
  int64_t i = choice->prospect;
  const afb_edge *edge = &r->edge[i];
  const afb_candidates *ion = &state->ledger->ion[edge->ion];
  char text[AFB_CONFIGURATION_LENGTH], label[AFB_ION_LENGTH];
  afb_store_prediction row = {.round = state->round, .model = afb_store_count(state->store, AFB_TABLE_MODELS) - 1,
    .parent = parent_run(state, edge), .added = -1,
    .probability = r->forecast[i].p[AFB_TARGET_CONVERGED],
    .probability_cheapest = r->forecast[i].p[AFB_TARGET_CHEAPEST_RUNG],
    .predicted_cost = r->prospect[i].cost, .score = choice->score, .chosen = 1};
  AFB_TRY(afb_store_intern_ion(state->store, ion->ion.z, ion->ion.charge, afb_ion_format(ion->ion, label), &row.ion));
  if (edge->added >= 0) {
    afb_configuration_format(&ion->candidate[edge->added].configuration, 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(state->store, text, &row.added));
  }
  return afb_store_add_predictions(state->store, 1, &row);
}

/* Rank 0: fills the queue by the predictions. */
static afb_status choose(afb_campaign_state *state, ranking *r)
{
  const afb_campaign_options *o = state->options;
  afb_acquisition options;
  afb_acquisition_default(&options);
  options.seed = o->seed;
  options.round = (uint64_t)state->round;
  int n;
  make_prospects(state, r);
  AFB_TRY(afb_acquire(&options, r->n, r->prospect, choices_wanted(state), r->choice, &n));
  for (int k = 0; k < n; k++) {
    int64_t i = r->choice[k].prospect;
    AFB_TRY(afb_plan_push(state, &r->edge[i], r->choice[k].random ? AFB_BY_RANDOM : AFB_BY_MODEL,
                          r->forecast[i].p[AFB_TARGET_CONVERGED],
                          r->forecast[i].p[AFB_TARGET_CHEAPEST_RUNG]));
    AFB_TRY(store_prediction(state, r, &r->choice[k]));
  }
  state->ranked_nothing = n == 0;
  return AFB_OK;
}

/* Collective. */
static afb_status rank_candidates(afb_campaign_state *state)
{
  ranking r = {0};
  afb_status status = AFB_OK;
  if (state->pool->rank == 0) {
    afb_plan_give_back(state);
    status = gather_candidates(state, &r);
  }
  status = afb_agree(state->pool->comm, status);
  if (status == AFB_OK)
    status = afb_learner_predict(state->learner, r.n, r.sample, r.forecast);
  if (status == AFB_OK && state->pool->rank == 0)
    status = choose(state, &r);
  clear_ranking(&r);
  return afb_agree(state->pool->comm, status);
}

static int metric_rows(const afb_learner_round *trained, afb_store_metric *row)
{
  static const char *const target[AFB_N_TARGETS] = {"cheapest", "converged"};
  int n = 0;
  for (int t = 0; t < AFB_N_TARGETS && trained->validated; t++) {
    const afb_metrics *m = &trained->validation[t];
    const struct { const char *name; double value; } values[] = {
      {"accuracy", m->accuracy}, {"balanced_accuracy", m->balanced_accuracy}, {"auc", m->auc}, {"log_loss", m->log_loss},
      {"calibration_error", m->calibration_error}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
      row[n].value = values[i].value;
      snprintf(row[n++].name, AFB_STORE_NAME, "%s/%s/calibration", values[i].name, target[t]);
    }
  }
  return n;
}

/* Rank 0: the model, when it has learnt a tenth more than the one stored last. */
static afb_status store_model(afb_campaign_state *state, int64_t labels, int n_metrics, const afb_store_metric *metrics,
                              int64_t *id)
{
  *id = afb_store_count(state->store, AFB_TABLE_MODELS) - 1;
  if (!afb_learner_ready(state->learner) || 10 * (labels - state->labels_at_model) < state->labels_at_model)
    return AFB_OK;
  const afb_model *model = afb_learner_model(state->learner);
  afb_store_model row = {.round = state->round, .step = model->step, .time = afb_store_time(state->store)};
  afb_store_model_data data = {.n_metrics = n_metrics, .metrics = metrics};
  float *parameters, *optimiser;
  char *card;
  afb_store_text(row.name, sizeof row.name, model->spec.kind);
  AFB_TRY(afb_learner_arrays(state->learner, &data.n_parameters, &parameters, &data.n_optimiser, &optimiser));
  data.parameters = parameters;
  data.optimiser = optimiser;
  afb_status status = afb_learner_card(state->learner, n_metrics, metrics, &card);
  data.spec = card;
  if (status == AFB_OK)
    status = afb_store_add_model(state->store, &row, &data, id);
  free(card);
  free(parameters);
  free(optimiser);
  state->labels_at_model = labels;
  return status;
}

static afb_status store_round(afb_campaign_state *state, const afb_learner_round *trained, double begun)
{
  afb_store_metric metrics[8 * AFB_N_TARGETS];
  afb_store_round row = {.round = state->round, .start = begun, .finish = afb_store_time(state->store),
    .n_runs = state->runs, .n_training = trained->n_training, .n_validation = trained->n_validation,
    .training_seconds = trained->seconds};
  int n = metric_rows(trained, metrics);
  const afb_model *model = afb_learner_model(state->learner);
  afb_store_loss loss = {.step = model ? model->step : 0, .training = trained->loss,
    .validation = trained->validated ? trained->validation[AFB_TARGET_CONVERGED].log_loss : NAN};
  AFB_TRY(store_model(state, trained->n_training + trained->n_validation, n, metrics, &row.model));
  return afb_store_add_round(state->store, &row, n, metrics, 1, &loss, NULL);
}

/* Seconds that this training may take: trainings together keep to their share of the time. */
static double training_seconds(const afb_campaign_state *state)
{
  double elapsed = afb_wall_seconds() - state->options->started_at;
  double share = TRAINING_SHARE * elapsed - state->result->training;
  double left = state->deadline - afb_wall_seconds();
  return fmin(fmin(fmax(share, LEAST_TRAINING), MOST_TRAINING), fmax(0.2 * left, 0.05));
}

/* Collective. */
static afb_status train(afb_campaign_state *state, double seconds)
{
  double begin = afb_wall_seconds(), begun = afb_store_time(state->store);
  afb_learner_round trained;
  afb_status status = afb_learner_train(state->learner, seconds, &trained);
  if (status == AFB_OK && state->pool->rank == 0) {
    status = store_round(state, &trained, begun);
    state->new_labels = 0;
    state->last_training = afb_wall_seconds() - begin;
    afb_log(AFB_LOG_TRACE, "round %d: trained on %lld sets in %.2f s, loss %.4f", state->round,
            (long long)trained.n_training, trained.seconds, trained.loss);
  }
  state->result->training += afb_wall_seconds() - begin;
  return afb_agree(state->pool->comm, status);
}

afb_status afb_round_together(afb_campaign_state *state)
{
  struct {
    int fold, train, rank, round;
    double seconds;
  } todo = {0};
  if (state->pool->rank == 0) {
    todo.fold = afb_store_fold_due(state->store);
    todo.train = state->learner && state->new_labels > 0;
    todo.rank = state->learner != NULL;
    todo.seconds = training_seconds(state);
    todo.round = state->round;
    state->asked_together = 0;
  }
  MPI_Bcast(&todo, sizeof todo, MPI_BYTE, 0, state->pool->comm);
  state->round = todo.round;
  if (todo.fold) {
    double begin = afb_wall_seconds();
    afb_status committed = state->pool->rank == 0 ? afb_store_commit(state->store) : AFB_OK;
    AFB_TRY(afb_agree(state->pool->comm, committed));
    AFB_TRY(afb_store_fold(state->store, state->pool->comm));
    state->result->storing += afb_wall_seconds() - begin;
  }
  if (todo.train)
    AFB_TRY(train(state, todo.seconds));
  if (todo.rank && afb_learner_ready(state->learner))
    AFB_TRY(rank_candidates(state));
  state->result->rounds += todo.rank;
  state->round += todo.rank;
  return AFB_OK;
}

static afb_status store_validation(afb_campaign_state *state, const afb_validation *v)
{
  static const char *const split[AFB_N_SPLITS] = {"ions", "size"};
  static const char *const target[AFB_N_TARGETS] = {"cheapest", "converged"};
  static const char *const method[AFB_N_METHODS] = {"model", "logistic", "majority"};
  afb_store_metric row[5 * AFB_N_SPLITS * AFB_N_TARGETS * AFB_N_METHODS];
  int n = 0;
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS && v->done[s]; t++)
      for (int m = 0; m < AFB_N_METHODS; m++) {
        const afb_metrics *x = &v->metrics[s][t][m];
        const struct { const char *name; double value; } values[] = {
          {"acc", x->accuracy}, {"bal", x->balanced_accuracy}, {"auc", x->auc}, {"log", x->log_loss}, {"ece", x->calibration_error}};
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
          row[n].value = values[i].value;
          snprintf(row[n++].name, AFB_STORE_NAME, "%s/%s/%s/%s", values[i].name, split[s], target[t], method[m]);
        }
      }
  afb_store_round round = {.round = state->round, .finish = afb_store_time(state->store), .n_runs = state->runs,
    .model = afb_store_count(state->store, AFB_TABLE_MODELS) - 1, .training_seconds = v->seconds};
  round.start = round.finish - v->seconds;
  return n > 0 ? afb_store_add_round(state->store, &round, n, row, 0, NULL, NULL) : AFB_OK;
}

afb_status afb_round_finish(afb_campaign_state *state)
{
  if (!state->learner)
    return AFB_OK;
  int new_labels = state->new_labels > 0;
  MPI_Bcast(&new_labels, 1, MPI_INT, 0, state->pool->comm);
  state->labels_at_model = 0;
  double left = fmax(state->options->budget_wall_seconds > 0.0
    ? state->options->started_at + state->options->budget_wall_seconds - afb_wall_seconds() : 60.0, 2.0);
  MPI_Bcast(&left, 1, MPI_DOUBLE, 0, state->pool->comm);
  double begin = afb_wall_seconds();
  if (new_labels)
    AFB_TRY(train(state, 0.15 * left));
  state->result->last_training = afb_wall_seconds() - begin;
  begin = afb_wall_seconds();
  AFB_TRY(afb_learner_validate(state->learner, 0.6 * left, &state->result->validation));
  state->result->has_validation = state->result->validation.done[AFB_SPLIT_IONS] || state->result->validation.done[AFB_SPLIT_SIZE];
  state->result->validating = afb_wall_seconds() - begin;
  return afb_agree(state->pool->comm, state->pool->rank == 0 ? store_validation(state, &state->result->validation) : AFB_OK);
}

/* Rank 0: the model stored last; *parameters is NULL when there is none. */
static afb_status read_model(afb_store *store, afb_store_model *row, char **spec, float **parameters, float **optimiser)
{
  int64_t n = afb_store_count(store, AFB_TABLE_MODELS);
  if (n == 0)
    return AFB_OK;
  AFB_TRY(afb_store_read(store, AFB_TABLE_MODELS, n - 1, 1, sizeof *row, row));
  AFB_TRY(afb_store_read_text(store, row->spec_first, row->spec_count, spec));
  *parameters = malloc((size_t)row->n_parameters * sizeof(float) + 1);
  *optimiser = malloc((size_t)row->n_optimiser * sizeof(float) + 1);
  if (!*parameters || !*optimiser)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model of %lld parameters", (long long)row->n_parameters);
  AFB_TRY(afb_store_read(store, AFB_TABLE_PARAMETERS, row->first_parameter, row->n_parameters, sizeof(float), *parameters));
  return afb_store_read(store, AFB_TABLE_OPTIMISER, row->first_optimiser, row->n_optimiser, sizeof(float), *optimiser);
}

afb_status afb_round_resume(afb_campaign_state *state)
{
  if (!state->learner)
    return AFB_OK;
  afb_store_model row = {0};
  char *spec = NULL;
  float *parameters = NULL, *optimiser = NULL;
  afb_status status = AFB_OK;
  if (state->pool->rank == 0) {
    const afb_ledger *l = state->ledger;
    for (int64_t i = 0; i < l->n && status == AFB_OK; i++)
      status = afb_round_teach(state, &l->entry[i], l->entry);
    for (int64_t i = 0; i < l->n_imported && status == AFB_OK; i++)
      status = afb_round_teach(state, &l->imported[i], l->imported);
    if (status == AFB_OK)
      status = read_model(state->store, &row, &spec, &parameters, &optimiser);
  }
  status = afb_agree(state->pool->comm, status);
  int there = parameters != NULL;
  MPI_Bcast(&there, 1, MPI_INT, 0, state->pool->comm);
  if (status == AFB_OK && there) {
    status = afb_learner_restore(state->learner, spec, row.step, row.n_parameters, parameters, row.n_optimiser, optimiser);
    /* A model of another version of the program is no loss: the outcomes that taught it are all here. */
    if (status == AFB_E_FOREIGN) {
      afb_log(AFB_LOG_WARNING, "%s; a new one is trained", afb_error_text());
      status = AFB_OK;
    }
  }
  if (status == AFB_OK && !afb_learner_ready(state->learner) && state->options->pretrained)
    status = afb_pretrained_take(state->pool->comm, state->options->pretrained, state->learner);
  free(spec);
  free(parameters);
  free(optimiser);
  return status;
}
