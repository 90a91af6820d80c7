#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/pretrained.h"
#include "campaign/ranking.h"
#include "core/account.h"
#include "core/clock.h"
#include "core/log.h"

static const double MODEL_SHARE = 0.08;        /* of all ranks' time: training and ranking */
static const double VALIDATION_SHARE = 0.05;   /* of the campaign's wall time until then */
static const double LEAST_TRAINING = 0.25, MOST_TRAINING = 60.0;   /* seconds of one training */
static const double NEW_SHARE = 0.1;           /* of labels must be new for a training, */

static afb_status teach(const afb_campaign_state *state, const afb_entry *entry, const afb_entry *from, const afb_gain *gain,
                        afb_learner *learner, int64_t *n)
{
  return learner ? afb_pretrained_entry(state->ledger, entry, from, gain, state->options->n_levels, learner, n) : AFB_OK;
}

static afb_status teach_all(const afb_campaign_state *state, afb_learner *learner, int64_t *n)
{
  const afb_ledger *l = state->ledger;
  for (int64_t i = 0; i < l->n; i++)
    AFB_TRY(teach(state, &l->entry[i], l->entry, &state->harvest->gain[i], learner, n));
  for (int64_t i = 0; i < l->n_imported; i++)
    AFB_TRY(teach(state, &l->imported[i], l->imported, NULL, learner, n));
  return AFB_OK;
}

afb_status afb_round_teach(afb_campaign_state *state, int64_t entry)
{
  const afb_ledger *l = state->ledger;
  return teach(state, &l->entry[entry], l->entry, &state->harvest->gain[entry], state->learner, &state->new_labels);
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

/* Seconds that the trainers may still spend, of their share. */
static double allowance(const afb_campaign_state *state)
{
  double elapsed = afb_wall_seconds() - state->options->started_at;
  return MODEL_SHARE * elapsed * state->pool->size / state->n_trainers - state->modelling;
}

static double training_seconds(const afb_campaign_state *state)
{
  double left = state->deadline - afb_wall_seconds();
  double seconds = fmax(allowance(state) - state->ranking_seconds, LEAST_TRAINING);
  return fmin(fmin(seconds, MOST_TRAINING), fmax(0.2 * left, 0.05));
}

static int training_due(const afb_campaign_state *state)
{
  if (state->new_labels < state->options->batch)
    return 0;
  if (!afb_learner_ready(state->learner))
    return 1;
  return (double)state->new_labels >= NEW_SHARE * (double)state->labels &&
         allowance(state) >= LEAST_TRAINING + state->ranking_seconds;
}

/* Whether what was ranked is used up, while there may be more by now. */
static int ranking_due(const afb_campaign_state *state)
{
  const afb_ranking *r = &state->ranking;
  return afb_learner_ready(state->learner) && (!r->made || (r->used_up && r->runs != state->runs));
}

int afb_round_due(const afb_campaign_state *state)
{
  return state->learner && (training_due(state) || ranking_due(state));
}

double afb_round_seconds(const afb_campaign_state *state)
{
  return state->ranking_seconds + (training_due(state) ? training_seconds(state) : 0.0);
}

/* Collective on the trainers. */
static afb_status train(afb_campaign_state *state, double seconds)
{
  double begun = afb_store_time(state->store);
  afb_learner_round trained;
  state->labels += state->new_labels;
  state->new_labels = 0;
  afb_status status = afb_learner_train(state->learner, seconds, &trained);
  if (status == AFB_OK && state->pool->rank == 0) {
    status = store_round(state, &trained, begun);
    afb_log(AFB_LOG_TRACE, "round %d: trained on %lld sets in %.2f s, loss %.4f", state->round,
            (long long)trained.n_training, trained.seconds, trained.loss);
  }
  return afb_agree(state->trainers, status);
}

/* Collective on the trainers. */
static afb_status train_and_rank(afb_campaign_state *state, int (*poll)(void *), void *poll_context)
{
  struct {
    int train, rank, round;
    double seconds;
  } todo = {.round = state->round, .rank = 1};
  if (state->pool->rank == 0) {
    todo.train = training_due(state);
    todo.seconds = training_seconds(state);
  }
  MPI_Bcast(&todo, sizeof todo, MPI_BYTE, 0, state->trainers);
  state->round = todo.round;
  if (todo.train) {
    afb_learner_watch(state->learner, poll, poll_context);
    afb_status status = train(state, todo.seconds);
    afb_learner_watch(state->learner, NULL, NULL);
    AFB_TRY(status);
    todo.rank = !poll(poll_context) && afb_learner_ready(state->learner);
    MPI_Bcast(&todo.rank, 1, MPI_INT, 0, state->trainers);
  }
  double begin = afb_wall_seconds();
  if (todo.rank)
    AFB_TRY(afb_rank_candidates(state, poll, poll_context));
  state->ranking_seconds = afb_wall_seconds() - begin;
  state->result->rounds++;
  state->round++;
  return AFB_OK;
}

afb_status afb_round_aside(afb_campaign_state *state, int (*poll)(void *), void *poll_context)
{
  double begin = afb_wall_seconds();
  afb_status status = train_and_rank(state, poll, poll_context);
  state->modelling += afb_wall_seconds() - begin;
  state->asked_aside = 0;
  return status;
}

afb_status afb_round_together(afb_campaign_state *state)
{
  double begin = afb_wall_seconds();
  state->asked_together = 0;
  AFB_TRY(afb_agree(state->pool->comm, state->pool->rank == 0 ? afb_store_commit(state->store) : AFB_OK));
  AFB_TRY(afb_store_fold(state->store, state->pool->comm));
  state->result->storing += afb_wall_seconds() - begin;
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

/* Collective: all ranks together train and test models of their own. */
static afb_status validate(afb_campaign_state *state, double seconds)
{
  afb_learner *learner = NULL;
  int64_t n = 0;
  AFB_TRY(afb_learner_create(state->pool->comm, state->options->seed, &learner));
  afb_status status = afb_agree(state->pool->comm, state->pool->rank == 0 ? teach_all(state, learner, &n) : AFB_OK);
  if (status == AFB_OK)
    status = afb_learner_validate(learner, seconds, &state->result->validation);
  afb_learner_destroy(&learner);
  AFB_TRY(status);
  const afb_validation *v = &state->result->validation;
  state->result->has_validation = v->done[AFB_SPLIT_IONS] || v->done[AFB_SPLIT_SIZE];
  return afb_agree(state->pool->comm, state->pool->rank == 0 ? store_validation(state, v) : AFB_OK);
}

afb_status afb_round_finish(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  if (o->strategy != AFB_BY_MODEL)
    return AFB_OK;
  double begin = afb_wall_seconds(), seconds = VALIDATION_SHARE * (begin - o->started_at);
  if (o->budget_wall_seconds > 0.0)
    seconds = fmin(seconds, 0.6 * fmax(o->started_at + o->budget_wall_seconds - begin, 2.0));
  MPI_Bcast(&seconds, 1, MPI_DOUBLE, 0, state->pool->comm);
  afb_status status = AFB_OK;
  int64_t id;
  if (state->pool->rank == 0 && state->labels > state->labels_at_model) {
    state->labels_at_model = 0;
    status = store_model(state, state->labels, 0, NULL, &id);
  }
  AFB_TRY(afb_agree(state->pool->comm, status));
  afb_account_enter(AFB_SPENT_VALIDATION);
  status = validate(state, seconds);
  afb_account_enter(AFB_SPENT_DRAIN);
  AFB_TRY(status);
  state->result->validating = afb_wall_seconds() - begin;
  return AFB_OK;
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
    status = teach_all(state, state->learner, &state->new_labels);
    if (status == AFB_OK)
      status = read_model(state->store, &row, &spec, &parameters, &optimiser);
  }
  status = afb_agree(state->trainers, status);
  int there = parameters != NULL;
  MPI_Bcast(&there, 1, MPI_INT, 0, state->trainers);
  if (status == AFB_OK && there) {
    status = afb_learner_restore(state->learner, spec, row.step, row.n_parameters, parameters, row.n_optimiser, optimiser);
    /* A model of another version of the program is no loss: the outcomes that taught it are all here. */
    if (status == AFB_E_FOREIGN) {
      afb_log(AFB_LOG_WARNING, "%s; a new one is trained", afb_error_text());
      status = AFB_OK;
    }
  }
  if (status == AFB_OK && !afb_learner_ready(state->learner) && state->options->pretrained)
    status = afb_pretrained_take(state->trainers, state->options->pretrained, state->learner);
  free(spec);
  free(parameters);
  free(optimiser);
  return status;
}
