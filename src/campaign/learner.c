#include "campaign/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/learner_parts.h"
#include "core/clock.h"
#include "learn/split.h"

enum { FOLDS = 5, SLICE = 2 };
static const double LEAST_LOG_LOWERING = -7, MOST_LOG_LOWERING = 1;

static float outcome_class(afb_outcome outcome, int rung)
{
  static const afb_outcome_class of_rung[AFB_N_RUNGS] = {
    [AFB_RUNG_DIIS] = AFB_CLASS_DIIS, [AFB_RUNG_SHIFTED] = AFB_CLASS_SHIFTED, [AFB_RUNG_NEWTON] = AFB_CLASS_NEWTON,
    [AFB_RUNG_RESTART] = AFB_CLASS_RESTART, [AFB_RUNG_HELD] = AFB_CLASS_HELD, [AFB_RUNG_FOLLOWED] = AFB_CLASS_FOLLOWED,
    [AFB_RUNG_GROWN] = AFB_CLASS_FOLLOWED};
  if (rung <= AFB_RUNG_NONE || rung >= AFB_N_RUNGS)
    return NAN;
  if (afb_outcome_ok(outcome))
    return (float)of_rung[rung];
  return (float)(outcome == AFB_OUTCOME_ORBITAL_COLLAPSE ? AFB_CLASS_COLLAPSE
                 : outcome == AFB_OUTCOME_LIMIT_CYCLE ? AFB_CLASS_CYCLE : AFB_CLASS_FAILED);
}

void afb_sample_label(afb_outcome outcome, int rung, double core_seconds, double estimate, const afb_gain *gain,
                      float label[AFB_N_LABELS])
{
  int says_nothing = outcome == AFB_OUTCOME_NONE || outcome == AFB_OUTCOME_INFEASIBLE || outcome == AFB_OUTCOME_RESOURCE_LIMIT ||
                     outcome == AFB_OUTCOME_ENGINE_FAILED;
  int ok = afb_outcome_ok(outcome);
  double lowering = gain ? gain->lowering : NAN;
  label[AFB_TARGET_CONVERGED] = says_nothing ? NAN : (float)ok;
  /* Of imported outcomes the rung is unknown. */
  label[AFB_TARGET_CHEAPEST_RUNG] = says_nothing || rung == AFB_RUNG_NONE ? NAN : (float)(ok && rung == AFB_RUNG_DIIS);
  label[AFB_TARGET_COST] = !says_nothing && core_seconds > 0 && estimate > 0 ? (float)log(core_seconds / estimate) : NAN;
  label[AFB_TARGET_LOWERING] = isnan(lowering) ? NAN
    : (float)fmin(fmax(lowering > 0 ? log10(lowering) : LEAST_LOG_LOWERING, LEAST_LOG_LOWERING), MOST_LOG_LOWERING);
  label[AFB_TARGET_LOWERS] = isnan(lowering) ? NAN : (float)(lowering >= AFB_USEFUL_LOWERING);
  label[AFB_TARGET_FRESH] = gain && gain->fresh >= 0 ? (float)gain->fresh : NAN;
  label[AFB_TARGET_OUTCOME] = says_nothing ? NAN : outcome_class(outcome, rung);
}

afb_status afb_learner_create(MPI_Comm comm, uint64_t seed, afb_learner **out)
{
  *out = NULL;
  afb_learner *l = calloc(1, sizeof *l);
  afb_status status = l ? afb_features_table_init(AFB_N_LABELS, &l->table) : AFB_FAIL(AFB_E_MEMORY, "no memory for the learner");
  status = afb_agree(comm, status);
  if (status != AFB_OK) {
    free(l);
    return status;
  }
  MPI_Comm_dup(comm, &l->comm);
  MPI_Comm_rank(comm, &l->rank);
  MPI_Comm_size(comm, &l->size);
  l->seed = seed;
  *out = l;
  return AFB_OK;
}

void afb_learner_destroy(afb_learner **learner)
{
  afb_learner *l = *learner;
  if (!l)
    return;
  for (int i = 0; i < l->n_ions; i++)
    afb_feature_ion_destroy(&l->ion[i].features);
  free(l->ion);
  afb_set_table_clear(&l->table);
  afb_bytes_clear(&l->pending);
  afb_model_destroy(&l->model);
  MPI_Comm_free(&l->comm);
  free(l);
  *learner = NULL;
}

/* A sample on the way to other ranks: this head, n bytes of `started`, n configurations (number of shells, then n l q of
 * each, in bytes). */
typedef struct {
  int z, charge, n, added, warm, n_levels, failed_n, failed_l;
  float label[AFB_N_LABELS];
} head;

static afb_status pack(const afb_sample *sample, afb_bytes *bytes)
{
  const afb_node *node = sample->node;
  head h = {.z = sample->ion.z, .charge = sample->ion.charge, .n = node->n, .warm = sample->start != NULL,
            .n_levels = sample->n_levels, .failed_n = sample->failed_n, .failed_l = sample->failed_l};
  memcpy(h.label, sample->label, sizeof h.label);
  unsigned char started[AFB_MAX_SET], shells[1 + 3 * AFB_MAX_SHELLS];
  for (int i = 0; i < node->n; i++) {
    h.added = node->member[i] == sample->added ? i : h.added;
    started[i] = sample->start && afb_node_contains(sample->start, node->member[i]);
  }
  AFB_TRY(afb_bytes_put(bytes, &h, sizeof h));
  AFB_TRY(afb_bytes_put(bytes, started, (size_t)node->n));
  for (int i = 0; i < node->n; i++) {
    const afb_configuration *c = &sample->candidates->candidate[node->member[i]].configuration;
    shells[0] = (unsigned char)c->n_shells;
    for (int k = 0; k < c->n_shells; k++) {
      shells[3 * k + 1] = (unsigned char)c->shell[k].n;
      shells[3 * k + 2] = (unsigned char)c->shell[k].l;
      shells[3 * k + 3] = (unsigned char)c->shell[k].q;
    }
    AFB_TRY(afb_bytes_put(bytes, shells, (size_t)(1 + 3 * c->n_shells)));
  }
  return AFB_OK;
}

static afb_status get_configuration(afb_bytes *bytes, afb_configuration *out)
{
  unsigned char n, shell[3];
  AFB_TRY(afb_bytes_get(bytes, &n, 1));
  if (n > AFB_MAX_SHELLS)
    return AFB_FAIL(AFB_E_FOREIGN, "a configuration of %d shells in a message", n);
  *out = (afb_configuration){.n_shells = n};
  for (int k = 0; k < n; k++) {
    AFB_TRY(afb_bytes_get(bytes, shell, sizeof shell));
    out->shell[k] = (afb_shell){shell[0], shell[1], shell[2]};
  }
  return AFB_OK;
}

static afb_status find_ion(afb_learner *l, afb_ion ion, const afb_feature_ion **out)
{
  for (int i = 0; i < l->n_ions; i++)
    if (l->ion[i].ion.z == ion.z && l->ion[i].ion.charge == ion.charge) {
      *out = l->ion[i].features;
      return AFB_OK;
    }
  if (l->n_ions == l->ion_capacity) {
    int capacity = 2 * l->ion_capacity + 16;
    afb_known_ion *grown = realloc(l->ion, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d ions", capacity);
    l->ion = grown;
    l->ion_capacity = capacity;
  }
  afb_known_ion *known = &l->ion[l->n_ions];
  *known = (afb_known_ion){.ion = ion};
  afb_configuration ground;
  AFB_TRY(afb_ground_configuration(ion.z, ion.charge, &ground));
  AFB_TRY(afb_feature_ion_create(ion.z, ion.charge, &ground, &known->features));
  l->n_ions++;
  *out = known->features;
  return AFB_OK;
}

/* Takes the next sample out of the bytes and appends it to a table. */
static afb_status append(afb_learner *l, afb_bytes *bytes, int with_label, afb_set_table *table)
{
  head h;
  unsigned char started[AFB_MAX_SET];
  static afb_configuration configuration[AFB_MAX_SET];
  AFB_TRY(afb_bytes_get(bytes, &h, sizeof h));
  if (h.n < 1 || h.n > AFB_MAX_SET)
    return AFB_FAIL(AFB_E_FOREIGN, "a set of %d configurations in a message", h.n);
  AFB_TRY(afb_bytes_get(bytes, started, (size_t)h.n));
  for (int i = 0; i < h.n; i++)
    AFB_TRY(get_configuration(bytes, &configuration[i]));
  afb_feature_request request = {.n_configurations = h.n, .configuration = configuration, .added = h.added,
    .started = h.warm ? started : NULL, .n_levels = h.n_levels, .failed_n = h.failed_n, .failed_l = h.failed_l};
  AFB_TRY(find_ion(l, (afb_ion){h.z, h.charge}, &request.ion));
  return afb_features_append(&request, with_label ? h.label : NULL, table);
}

void afb_learner_watch(afb_learner *learner, int (*poll)(void *), void *context)
{
  learner->poll = poll;
  learner->poll_context = context;
}

afb_status afb_learner_add(afb_learner *learner, const afb_sample *sample)
{
  size_t before = learner->pending.size;
  afb_status status = pack(sample, &learner->pending);
  if (status == AFB_OK)
    learner->n_pending++;
  else
    learner->pending.size = before;
  return status;
}

/* Collective: rank 0's bytes on every rank. */
static afb_status broadcast(afb_learner *l, int64_t *n, afb_bytes *bytes)
{
  int64_t counts[2] = {*n, (int64_t)bytes->size};
  MPI_Bcast(counts, 2, MPI_INT64_T, 0, l->comm);
  afb_status status = AFB_OK;
  if (l->rank != 0) {
    *bytes = (afb_bytes){.data = malloc((size_t)counts[1] + 1), .size = (size_t)counts[1], .capacity = (size_t)counts[1]};
    if (!bytes->data)
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld samples", (long long)counts[0]);
  }
  *n = counts[0];
  AFB_TRY(afb_agree(l->comm, status));
  for (int64_t at = 0; at < counts[1]; at += 1 << 28) {
    int64_t left = counts[1] - at;
    MPI_Bcast(bytes->data + at, left < 1 << 28 ? (int)left : 1 << 28, MPI_BYTE, 0, l->comm);
  }
  return AFB_OK;
}

afb_status afb_learner_share(afb_learner *l)
{
  afb_status status = broadcast(l, &l->n_pending, &l->pending);
  for (int64_t i = 0; i < l->n_pending && status == AFB_OK; i++) {
    size_t at = l->pending.read;
    status = append(l, &l->pending, 1, &l->table);
    /* What cannot be described (an ion without a table entry, too many orbitals) is not learnt from. */
    if ((status == AFB_E_LIMIT || status == AFB_E_INPUT) && l->pending.read > at)
      status = AFB_OK;
  }
  afb_bytes_clear(&l->pending);
  l->n_pending = 0;
  return afb_agree(l->comm, status);
}

void afb_count_labels(const afb_set_table *table, int target, int64_t *known, int64_t *positive)
{
  *known = *positive = 0;
  for (int64_t i = 0; i < table->n; i++) {
    float y = table->label[i * table->n_target + target];
    *known += !isnan(y);
    *positive += y > 0.5f;
  }
}

/* Between slices: what every rank does next. */
enum { ENOUGH = 1, LEAVE = 2, SAVE = 4 };

static int what_next(afb_learner *l, int is_kept, double end)
{
  const afb_learner_keeping *k = &l->keeping;
  int next = 0, over = l->poll && l->poll(l->poll_context);
  if (l->rank == 0 && (over || afb_wall_seconds() > end))
    next |= ENOUGH;
  if (k->stop && k->stop(k->context))
    next |= LEAVE;
  if (l->rank == 0 && is_kept && afb_learner_save_is_due(l))
    next |= SAVE;
  MPI_Allreduce(MPI_IN_PLACE, &next, 1, MPI_INT, MPI_BOR, l->comm);
  return next;
}

static afb_status descend(afb_learner *l, afb_trainer *trainer, int is_kept, double end, double *loss)
{
  int finished = 0, next = 0;
  while (!finished && !(next & (ENOUGH | LEAVE))) {
    double slice;
    afb_status status = afb_trainer_advance(trainer, SLICE, &slice, &finished);
    if (status != AFB_OK && status != AFB_E_NUMERIC)
      return status;
    /* A loss that is not finite ends this training with the last good weights. */
    finished |= status == AFB_E_NUMERIC;
    if (loss && status == AFB_OK)
      *loss = slice;
    next = what_next(l, is_kept, end);
    if (is_kept && (finished || next & (LEAVE | SAVE)))
      AFB_TRY(afb_learner_save(l, trainer));
  }
  l->interrupted |= (next & LEAVE) != 0;
  return AFB_OK;
}

afb_status afb_learner_fit(afb_learner *learner, afb_model *model, const afb_set_table *train, const afb_set_table *valid,
                           int64_t earlier, uint64_t seed, double seconds, int64_t *steps, double *loss, afb_metrics *metrics)
{
  double end = afb_wall_seconds() + seconds;
  int is_kept = learner->keeping.path && model == learner->model, resumed = is_kept && learner->first_step >= 0;
  afb_train_options options;
  if (earlier > 0)
    afb_train_options_again(train->n, earlier, &options);
  else
    afb_train_options_default(train->n, &options);
  options.seed = seed;
  options.first_step = resumed ? learner->first_step : -1;
  afb_trainer *trainer;
  AFB_TRY(afb_trainer_create(learner->comm, model, train, valid, &options, &trainer));
  int64_t first = resumed ? learner->first_step : model->step;
  learner->first_step = is_kept ? first : learner->first_step;
  if (resumed)
    afb_descent_progress_take(afb_trainer_descent(trainer), &learner->progress);
  afb_status status = descend(learner, trainer, is_kept, end, loss);
  if (steps)
    *steps = model->step - first;
  if (status == AFB_OK && !learner->interrupted)
    return afb_trainer_finish(&trainer, valid && valid->n > 0 ? metrics : NULL);
  afb_trainer_destroy(&trainer);
  return status;
}

afb_status afb_learner_new_model(const afb_learner *l, afb_model **out)
{
  afb_model_spec spec;
  afb_model_spec_default(l->table.n_token, l->table.n_global, l->table.n_target, &spec);
  spec.seed = l->seed;
  snprintf(spec.targets, sizeof spec.targets, "%s", AFB_TARGET_KINDS);
  return afb_agree(l->comm, afb_model_create(&spec, out));
}

static afb_status train_on_split(afb_learner *l, int resumed, double seconds, afb_learner_round *round)
{
  afb_split split;
  AFB_TRY(afb_split_by_group(&l->table, FOLDS, 0, l->seed, &split));
  afb_set_table train = {0}, valid = {0};
  int64_t known = 0, positive;
  afb_status status = afb_set_table_select(&l->table, split.n_train, split.train, &train);
  if (status == AFB_OK)
    status = afb_set_table_select(&l->table, split.n_valid, split.valid, &valid);
  if (status == AFB_OK)
    afb_count_labels(&train, AFB_TARGET_CONVERGED, &known, &positive);
  status = afb_agree(l->comm, status);
  if (status == AFB_OK) {
    /* With few ions everything may lie in the fold for calibration. */
    int whole = known == 0;
    const afb_set_table *part = whole ? &l->table : &train;
    /* A restored model goes on with the weights that it came with. */
    if (l->started_with < 0)
      l->started_with = l->table.n;
    int restart = !resumed && (l->model->step == 0 || (!l->goes_on && l->table.n >= 2 * l->started_with));
    int64_t earlier = restart ? 0 : l->started_with > l->table.n ? l->started_with : part->n;
    round->n_training = part->n;
    round->n_validation = whole ? 0 : valid.n;
    status = afb_learner_fit(l, l->model, part, whole || valid.n == 0 ? NULL : &valid, earlier, l->seed, seconds,
                             &round->steps, &round->loss, round->validation);
    round->validated = round->n_validation > 0 && status == AFB_OK && !l->interrupted;
    if (restart)
      l->started_with = l->table.n;
  }
  afb_set_table_clear(&train);
  afb_set_table_clear(&valid);
  afb_split_clear(&split);
  return status;
}

afb_status afb_learner_train(afb_learner *learner, double seconds, afb_learner_round *round)
{
  *round = (afb_learner_round){.loss = NAN};
  double begin = afb_wall_seconds();
  int resumed = 0;
  AFB_TRY(afb_learner_share(learner));
  int64_t known, positive;
  afb_count_labels(&learner->table, AFB_TARGET_CONVERGED, &known, &positive);
  if (known == 0)
    return AFB_OK;
  if (!learner->model)
    AFB_TRY(afb_learner_new_model(learner, &learner->model));
  learner->first_step = -1;
  if (learner->keeping.path)
    AFB_TRY(afb_learner_resume(learner, &resumed));
  afb_status status = train_on_split(learner, resumed, seconds, round);
  afb_descent_progress_clear(&learner->progress);
  round->seconds = afb_wall_seconds() - begin;
  return status;
}

int afb_learner_ready(const afb_learner *learner) { return learner->model && learner->model->step > 0; }

/* Outputs of the model, in the order of AFB_TARGET_KINDS: numbers have two. */
enum { OUT_COST = AFB_TARGET_COST, OUT_LOWERING = OUT_COST + 2, OUT_LOWERS = OUT_LOWERING + 2, OUT_FRESH };

static afb_forecast forecast_of(const float *out, const float *spread, double estimate)
{
  afb_forecast f = {.log_cost = (float)(log(estimate) + out[OUT_COST]), .log_cost_sd = out[OUT_COST + 1], .fresh = out[OUT_FRESH],
    .log_lowering = fminf(fmaxf(out[OUT_LOWERING], (float)LEAST_LOG_LOWERING), (float)MOST_LOG_LOWERING), .p_lowering = out[OUT_LOWERS]};
  memcpy(f.p, out, sizeof f.p);
  memcpy(f.spread, spread, sizeof f.spread);
  if (isnan(f.log_cost))
    f.log_cost_sd = NAN;
  return f;
}

/* Walks over a sample that is another rank's. */
static afb_status skip(afb_bytes *bytes)
{
  head h;
  unsigned char started[AFB_MAX_SET];
  afb_configuration configuration;
  AFB_TRY(afb_bytes_get(bytes, &h, sizeof h));
  AFB_TRY(afb_bytes_get(bytes, started, (size_t)h.n));
  for (int k = 0; k < h.n; k++)
    AFB_TRY(get_configuration(bytes, &configuration));
  return AFB_OK;
}

/* Samples first ... last-1, described; row[] says which one each row of the table is. Samples that cannot be described are left out. */
static afb_status describe_share(afb_learner *l, afb_bytes *bytes, int64_t first, int64_t last, afb_set_table *table, int64_t *row)
{
  for (int64_t i = 0; i < first; i++)
    AFB_TRY(skip(bytes));
  for (int64_t i = first; i < last; i++) {
    int64_t before = table->n;
    afb_status status = append(l, bytes, 0, table);
    if (status != AFB_OK && status != AFB_E_LIMIT && status != AFB_E_INPUT)
      return status;
    if (table->n > before)
      row[before] = i;
  }
  return AFB_OK;
}

static afb_status predict_share(afb_learner *l, afb_bytes *bytes, const double *estimate, int64_t first, int64_t last, afb_forecast *out)
{
  afb_set_table table;
  AFB_TRY(afb_features_table_init(AFB_N_LABELS, &table));
  size_t n = (size_t)(last - first), n_out = (size_t)afb_model_n_out(&l->model->spec);
  int64_t *row = calloc(n + 1, sizeof *row);
  float *p = malloc(2 * n * n_out * sizeof *p + 1);
  afb_status status = row && p ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %zu predictions", n);
  if (status == AFB_OK)
    status = describe_share(l, bytes, first, last, &table, row);
  if (status == AFB_OK && table.n > 0)
    status = afb_model_predict(l->model, &table, p, p + n * n_out);
  for (int64_t i = 0; status == AFB_OK && i < table.n; i++)
    out[row[i]] = forecast_of(p + (size_t)i * n_out, p + (n + (size_t)i) * n_out, estimate[row[i]]);
  free(row);
  free(p);
  afb_set_table_clear(&table);
  return status;
}

/* Puts the shares together on rank 0. */
static void collect(afb_learner *l, int64_t n, afb_forecast *all)
{
  for (int r = 1; r < l->size; r++) {
    int64_t first = n * r / l->size, last = n * (r + 1) / l->size;
    int bytes = (int)((size_t)(last - first) * sizeof *all);
    if (l->rank == r)
      MPI_Send(all + first, bytes, MPI_BYTE, 0, 0, l->comm);
    else if (l->rank == 0)
      MPI_Recv(all + first, bytes, MPI_BYTE, r, 0, l->comm, MPI_STATUS_IGNORE);
  }
}

/* Room for n forecasts, unknown as yet, and the estimates of rank 0's samples. */
static afb_status make_room(afb_learner *l, int64_t n, const afb_sample *sample, afb_forecast **all, double **estimate)
{
  *all = malloc((size_t)n * sizeof **all + 1);
  *estimate = malloc((size_t)n * sizeof **estimate + 1);
  AFB_TRY(afb_agree(l->comm, *all && *estimate ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld predictions", (long long)n)));
  for (int64_t i = 0; i < n; i++) {
    (*all)[i] = (afb_forecast){{NAN, NAN}, {NAN, NAN}, NAN, NAN, NAN, NAN, NAN};
    if (l->rank == 0)
      (*estimate)[i] = sample[i].estimate;
  }
  MPI_Bcast(*estimate, (int)n, MPI_DOUBLE, 0, l->comm);
  return AFB_OK;
}

afb_status afb_learner_predict(afb_learner *learner, int64_t n, const afb_sample *sample, afb_forecast *forecast)
{
  afb_bytes bytes = {0};
  afb_forecast *all = NULL;
  double *estimate = NULL;
  afb_status status = AFB_OK;
  if (learner->rank == 0)
    for (int64_t i = 0; i < n && status == AFB_OK; i++)
      status = pack(&sample[i], &bytes);
  status = afb_agree(learner->comm, status);
  if (status == AFB_OK)
    status = broadcast(learner, &n, &bytes);
  if (status == AFB_OK)
    status = make_room(learner, n, sample, &all, &estimate);
  if (status == AFB_OK) {
    int64_t first = n * learner->rank / learner->size, last = n * (learner->rank + 1) / learner->size;
    status = afb_agree(learner->comm, predict_share(learner, &bytes, estimate, first, last, all));
  }
  if (status == AFB_OK) {
    collect(learner, n, all);
    if (learner->rank == 0 && n > 0)
      memcpy(forecast, all, (size_t)n * sizeof *all);
  }
  free(all);
  free(estimate);
  afb_bytes_clear(&bytes);
  return status;
}

const afb_model *afb_learner_model(const afb_learner *learner) { return learner->model; }

afb_status afb_learner_arrays(const afb_learner *learner, int64_t *n_parameters, float **parameters,
                              int64_t *n_optimiser, float **optimiser)
{
  const afb_model *m = learner->model;
  *n_parameters = m->n_weights + m->n_scale;
  *n_optimiser = 2 * m->n_weights;
  *parameters = malloc((size_t)*n_parameters * sizeof(float));
  *optimiser = malloc((size_t)*n_optimiser * sizeof(float));
  if (!*parameters || !*optimiser) {
    free(*parameters);
    free(*optimiser);
    *parameters = *optimiser = NULL;
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model of %lld parameters", (long long)m->n_weights);
  }
  memcpy(*parameters, m->weight, (size_t)m->n_weights * sizeof(float));
  memcpy(*parameters + m->n_weights, m->scale, (size_t)m->n_scale * sizeof(float));
  memcpy(*optimiser, m->moment1, (size_t)m->n_weights * sizeof(float));
  memcpy(*optimiser + m->n_weights, m->moment2, (size_t)m->n_weights * sizeof(float));
  return AFB_OK;
}

static afb_status rebuild(afb_learner *l, const char *text, int64_t n_parameters, int64_t n_optimiser)
{
  afb_model_spec spec;
  afb_status status = afb_model_spec_parse(text, &spec);
  if (status == AFB_OK)
    status = afb_model_create(&spec, &l->model);
  if (status != AFB_OK)
    return AFB_FAIL(AFB_E_FOREIGN, "the model in the file cannot be rebuilt: %s", afb_error_text());
  const afb_model *m = l->model;
  if (spec.n_token != l->table.n_token || spec.n_global != l->table.n_global || spec.n_target != l->table.n_target || strcmp(spec.targets, AFB_TARGET_KINDS) != 0 ||
      n_parameters != m->n_weights + m->n_scale || n_optimiser != 2 * m->n_weights)
    return AFB_FAIL(AFB_E_FOREIGN, "the model in the file has other inputs than this version of the program");
  return AFB_OK;
}

afb_status afb_learner_restore(afb_learner *learner, const char *spec, int64_t step, int64_t n_parameters,
                               const float *parameters, int64_t n_optimiser, const float *optimiser)
{
  afb_model_destroy(&learner->model);
  char text[AFB_MODEL_SPEC_LENGTH] = "";
  int64_t number[3] = {step, n_parameters, n_optimiser};
  if (learner->rank == 0)
    snprintf(text, sizeof text, "%.*s", (int)strcspn(spec, "\n"), spec);
  MPI_Bcast(text, sizeof text, MPI_CHAR, 0, learner->comm);
  MPI_Bcast(number, 3, MPI_INT64_T, 0, learner->comm);
  afb_status status = afb_agree(learner->comm, rebuild(learner, text, number[1], number[2]));
  if (status != AFB_OK) {
    afb_model_destroy(&learner->model);
    return status;
  }
  afb_model *m = learner->model;
  m->step = number[0];
  learner->started_with = -1;
  if (learner->rank == 0) {
    memcpy(m->weight, parameters, (size_t)m->n_weights * sizeof(float));
    memcpy(m->scale, parameters + m->n_weights, (size_t)m->n_scale * sizeof(float));
    memcpy(m->moment1, optimiser, (size_t)m->n_weights * sizeof(float));
    memcpy(m->moment2, optimiser + m->n_weights, (size_t)m->n_weights * sizeof(float));
  }
  MPI_Bcast(m->weight, (int)m->n_weights, MPI_FLOAT, 0, learner->comm);
  MPI_Bcast(m->scale, (int)m->n_scale, MPI_FLOAT, 0, learner->comm);
  MPI_Bcast(m->moment1, (int)m->n_weights, MPI_FLOAT, 0, learner->comm);
  MPI_Bcast(m->moment2, (int)m->n_weights, MPI_FLOAT, 0, learner->comm);
  return AFB_OK;
}

void afb_learner_count_earlier(afb_learner *learner, int64_t n) { learner->started_with = n; }

void afb_learner_go_on(afb_learner *learner) { learner->goes_on = 1; }
