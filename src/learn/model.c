#include "learn/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/model_work.h"

void afb_model_spec_default(int n_token, int n_global, int n_target, afb_model_spec *spec)
{
  *spec = (afb_model_spec){"set_transformer", n_token, n_global, n_target, 32, 2, 4, 5, 0.2, 1, ""};
}

char *afb_model_spec_format(const afb_model_spec *s, char *buffer, size_t size)
{
  snprintf(buffer, size,
           "kind=%s n_token=%d n_global=%d n_target=%d width=%d layers=%d attention_heads=%d members=%d dropout=%.9g "
           "seed=%llu",
           s->kind, s->n_token, s->n_global, s->n_target, s->width, s->layers, s->attention_heads, s->members, s->dropout,
           (unsigned long long)s->seed);
  size_t used = strlen(buffer);
  if (s->targets[0])
    snprintf(buffer + used, size - used, " targets=%s", s->targets);
  return buffer;
}

static afb_status check_spec(const afb_model_spec *s)
{
  const afb_model_kind *kind = afb_model_kind_find(s->kind);
  if (!kind)
    return AFB_FAIL(AFB_E_INPUT, "no kind of model is called '%s'", s->kind);
  if (s->n_token < 1 || s->n_global < 0 || s->n_target < 1)
    return AFB_FAIL(AFB_E_INPUT, "a model needs n_token >= 1, n_global >= 0, n_target >= 1");
  if (s->members < 1 || s->members > 64)
    return AFB_FAIL(AFB_E_INPUT, "members is 1 ... 64, not %d", s->members);
  if (!(s->dropout >= 0 && s->dropout < 1))
    return AFB_FAIL(AFB_E_INPUT, "dropout is at least 0 and less than 1, not %g", s->dropout);
  afb_heads heads;
  AFB_TRY(afb_heads_parse(s->targets, s->n_target, &heads));
  return kind->check(s);
}

int afb_model_n_out(const afb_model_spec *spec)
{
  afb_heads heads;
  return afb_heads_parse(spec->targets, spec->n_target, &heads) == AFB_OK ? heads.n_out : 0;
}

/* Sets the member called `key`; 0 when there is none or the value is not a number. */
static int set_value(afb_model_spec *s, const char *key, const char *value)
{
  struct {
    const char *name;
    int *to;
  } whole[] = {{"n_token", &s->n_token}, {"n_global", &s->n_global}, {"n_target", &s->n_target}, {"width", &s->width},
               {"layers", &s->layers}, {"attention_heads", &s->attention_heads}, {"members", &s->members}};
  char *end = NULL;
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    if (strcmp(key, whole[i].name) == 0) {
      *whole[i].to = (int)strtol(value, &end, 10);
      return end != value && *end == '\0';
    }
  if (strcmp(key, "kind") == 0)
    return snprintf(s->kind, sizeof s->kind, "%s", value) < (int)sizeof s->kind;
  if (strcmp(key, "targets") == 0)
    return snprintf(s->targets, sizeof s->targets, "%s", value) < (int)sizeof s->targets;
  if (strcmp(key, "dropout") == 0)
    s->dropout = strtod(value, &end);
  else if (strcmp(key, "seed") == 0)
    s->seed = strtoull(value, &end, 10);
  return end && end != value && *end == '\0';
}

afb_status afb_model_spec_parse(const char *text, afb_model_spec *spec)
{
  char copy[AFB_MODEL_SPEC_LENGTH];
  int keys = 0;
  *spec = (afb_model_spec){.members = 0};
  if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
    return AFB_FAIL(AFB_E_INPUT, "the description of a model is longer than %d characters", AFB_MODEL_SPEC_LENGTH - 1);
  for (char *rest = NULL, *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest), keys++) {
    char *value = strchr(word, '=');
    if (value)
      *value++ = '\0';
    if (!value || !set_value(spec, word, value))
      return AFB_FAIL(AFB_E_INPUT, "description of a model: '%s' is unknown or has no proper value", word);
  }
  int expected = spec->targets[0] ? 11 : 10;
  if (keys != expected)
    return AFB_FAIL(AFB_E_INPUT, "the description of a model has %d entries in place of %d", keys, expected);
  return check_spec(spec);
}

float *afb_model_calibration(const afb_model *model)
{
  return model->scale + 2 * (model->spec.n_token + model->spec.n_global);
}

void afb_model_reset(afb_model *model)
{
  struct afb_model_work *w = model->work;
  for (int m = 0; m < model->spec.members; m++)
    w->kind->init(&model->spec, m, model->weight + m * w->member_weights);
  memset(model->moment1, 0, (size_t)model->n_weights * sizeof(float));
  memset(model->moment2, 0, (size_t)model->n_weights * sizeof(float));
  memset(model->scale, 0, (size_t)model->n_scale * sizeof(float));
  for (int k = 0; k < w->heads.n_out; k++)
    afb_model_calibration(model)[2 * k] = 1;
  model->step = 0;
}

static afb_status allocate(afb_model *m)
{
  struct afb_model_work *w = m->work = calloc(1, sizeof *m->work);
  if (!w)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
  w->kind = afb_model_kind_find(m->spec.kind);
  AFB_TRY(afb_heads_parse(m->spec.targets, m->spec.n_target, &w->heads));
  w->member_weights = w->kind->n_weights(&m->spec);
  m->n_weights = w->member_weights * m->spec.members;
  m->n_scale = 2 * (m->spec.n_token + m->spec.n_global) + 2 * w->heads.n_out;
  size_t bytes = (size_t)m->n_weights * sizeof(float);
  m->weight = malloc(bytes);
  m->moment1 = malloc(bytes);
  m->moment2 = malloc(bytes);
  m->scale = malloc((size_t)m->n_scale * sizeof(float));
  if (!m->weight || !m->moment1 || !m->moment2 || !m->scale)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model of %lld weights", (long long)m->n_weights);
  return w->kind->work_create(&m->spec, &w->net);
}

afb_status afb_model_create(const afb_model_spec *spec, afb_model **out)
{
  *out = NULL;
  AFB_TRY(check_spec(spec));
  afb_model *model = calloc(1, sizeof *model);
  if (!model)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
  model->spec = *spec;
  afb_status status = allocate(model);
  if (status == AFB_OK) {
    afb_model_reset(model);
    *out = model;
  } else {
    afb_model_destroy(&model);
  }
  return status;
}

void afb_model_destroy(afb_model **model)
{
  afb_model *m = *model;
  *model = NULL;
  if (!m)
    return;
  if (m->work) {
    if (m->work->net)
      m->work->kind->work_destroy(&m->work->net);
    afb_batch_clear(&m->work->buffer);
    free(m->work->logit);
    free(m->work);
  }
  free(m->weight);
  free(m->moment1);
  free(m->moment2);
  free(m->scale);
  free(m);
}

afb_status afb_model_check_table(const afb_model *model, const afb_set_table *table)
{
  const afb_model_spec *s = &model->spec;
  if (table->n_token == s->n_token && table->n_global == s->n_global && table->n_target == s->n_target)
    return AFB_OK;
  return AFB_FAIL(AFB_E_INPUT, "the table has %d token, %d global features and %d targets, the model %d, %d and %d",
                  table->n_token, table->n_global, table->n_target, s->n_token, s->n_global, s->n_target);
}

afb_status afb_model_batch(afb_model *model, const afb_set_table *table, int n, const int64_t *row, int64_t key0)
{
  struct afb_model_work *w = model->work;
  AFB_TRY(afb_batch_fill(table, n, row, key0, model->scale, &w->buffer));
  w->buffer.batch.dropout = 0;
  if (n <= w->logit_capacity)
    return AFB_OK;
  float *larger = realloc(w->logit, (size_t)n * (size_t)w->heads.n_out * sizeof *larger);
  if (!larger)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d predictions", n);
  w->logit = larger;
  w->logit_capacity = n;
  return AFB_OK;
}

afb_status afb_model_forward(afb_model *model, int member)
{
  struct afb_model_work *w = model->work;
  return w->kind->forward(w->net, model->weight + member * w->member_weights, &w->buffer.batch, w->logit);
}

/* Sums over the members: of outputs z, of predictions v, of v^2; [n][n_out] each. */
typedef struct {
  float *z, *v, *v2;
} sums;

static afb_status pass(afb_model *model, const afb_set_table *table, int64_t first, int n, sums *to)
{
  const afb_heads *heads = &model->work->heads;
  int64_t row[AFB_PREDICT_SETS];
  int n_out = heads->n_out;
  float v[AFB_MAX_HEADS * AFB_MOST_CLASSES] = {0};
  for (int i = 0; i < n; i++)
    row[i] = first + i;
  AFB_TRY(afb_model_batch(model, table, n, row, 0));
  for (int m = 0; m < model->spec.members; m++) {
    AFB_TRY(afb_model_forward(model, m));
    for (int i = 0; i < n; i++) {
      const float *z = model->work->logit + i * n_out;
      for (int h = 0; h < heads->n; h++)
        afb_head_predict(&heads->head[h], z, afb_model_calibration(model), v);
      for (int k = 0; k < n_out; k++) {
        to->z[i * n_out + k] += z[k];
        to->v[i * n_out + k] += v[k];
        to->v2[i * n_out + k] += v[k] * v[k];
      }
    }
  }
  return AFB_OK;
}

/* One sample: sums become the ensemble's prediction and its spread (or NULL). */
static void conclude(const afb_model *model, const float *z, const float *v, const float *v2, float *mean, float *spread)
{
  const afb_heads *heads = &model->work->heads;
  float mean_z[AFB_MAX_HEADS * AFB_MOST_CLASSES], members = (float)model->spec.members;
  for (int k = 0; k < heads->n_out; k++)
    mean_z[k] = z[k] / members;
  for (int h = 0; h < heads->n; h++) {
    const afb_head *head = &heads->head[h];
    afb_head_predict(head, mean_z, afb_model_calibration(model), mean);
    for (int k = head->first; k < head->first + head->n; k++) {
      float variance = v2[k] / members - (v[k] / members) * (v[k] / members);
      if (spread)
        spread[k] = variance > 0 ? sqrtf(variance) : 0;
      if (head->kind == AFB_HEAD_NUMBER && k == head->first)
        mean[k + 1] = sqrtf(v2[k + 1] / members + fmaxf(variance, 0));
    }
  }
}

static afb_status predict_chunk(afb_model *model, const afb_set_table *table, int64_t first, int n, float *mean,
                                float *spread)
{
  int n_out = model->work->heads.n_out;
  size_t count = (size_t)n * (size_t)n_out;
  float *sum = calloc(3 * count, sizeof *sum);
  if (!sum)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d predictions", n);
  sums to = {sum, sum + count, sum + 2 * count};
  afb_status status = pass(model, table, first, n, &to);
  for (int64_t i = 0; i < n && status == AFB_OK; i++)
    conclude(model, to.z + i * n_out, to.v + i * n_out, to.v2 + i * n_out, mean + i * n_out, spread ? spread + i * n_out : NULL);
  free(sum);
  return status;
}

afb_status afb_model_predict(afb_model *model, const afb_set_table *table, float *mean, float *spread)
{
  int n_out = model->work->heads.n_out;
  AFB_TRY(afb_model_check_table(model, table));
  for (int64_t i = 0; i < table->n; i += AFB_PREDICT_SETS) {
    int count = table->n - i < AFB_PREDICT_SETS ? (int)(table->n - i) : AFB_PREDICT_SETS;
    AFB_TRY(predict_chunk(model, table, i, count, mean + i * n_out, spread ? spread + i * n_out : NULL));
  }
  return AFB_OK;
}
