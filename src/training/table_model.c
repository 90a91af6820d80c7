#include "training/table_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/mdn_linear.h"
#include "store/tables.h"
#include "training/network_file.h"

enum { ROWS = 1024 };

void afb_table_model_clear(afb_table_model *m)
{
  afb_mdn_destroy(&m->mdn);
  free(m->mean);
  free(m->input);
  free(m->target);
  free(m->file);
  free(m->input_width);
  free(m->card.score);
  *m = (afb_table_model){0};
}

/* Texts in one block, as afb_tables_read_texts gives them. */
static char **copy_texts(int n, const char *const *from)
{
  size_t bytes = ((size_t)n + 1) * sizeof(char *);
  for (int i = 0; i < n; i++)
    bytes += strlen(from[i]) + 1;
  char **list = malloc(bytes), *at = list ? (char *)(list + n + 1) : NULL;
  for (int i = 0; i < n && list; i++) {
    list[i] = strcpy(at, from[i]);
    at += strlen(from[i]) + 1;
  }
  return list;
}

static afb_status allocate(afb_table_model *m, int n_out)
{
  size_t out = (size_t)n_out;
  m->mean = calloc(2 * out, sizeof *m->mean);
  m->deviation = m->mean ? m->mean + out : NULL;
  m->input_width = calloc((size_t)(m->n_inputs + m->n_targets), sizeof *m->input_width);
  m->target_width = m->input_width ? m->input_width + m->n_inputs : NULL;
  m->card.score = malloc(AFB_N_BASES * AFB_N_SCORES * out * sizeof *m->card.score);
  for (size_t i = 0; i < AFB_N_BASES * AFB_N_SCORES * out && m->card.score; i++)
    m->card.score[i] = NAN;
  return m->mean && m->input_width && m->card.score ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
}

afb_status afb_table_model_init(const afb_dataset *d, const afb_mdn_spec *spec, afb_table_model *m)
{
  const afb_data_table *t = d->table;
  *m = (afb_table_model){.n_inputs = t->names.n_inputs, .n_targets = t->names.n_targets, .n_files = t->names.n_files,
                         .input = copy_texts(t->names.n_inputs, t->names.input), .target = copy_texts(t->names.n_targets, t->names.target),
                         .file = copy_texts(t->names.n_files, t->names.file)};
  afb_status status = m->input && m->target && m->file ? allocate(m, t->n_out) : AFB_FAIL(AFB_E_MEMORY, "no memory for a model");
  if (status == AFB_OK)
    status = afb_mdn_create(spec, &m->mdn);
  if (status != AFB_OK) {
    afb_table_model_clear(m);
    return status;
  }
  for (int i = 0; i < m->n_inputs; i++)
    m->input_width[i] = t->input_width[i];
  for (int i = 0; i < m->n_targets; i++)
    m->target_width[i] = t->target_width[i];
  if (spec->loss != AFB_LOSS_CROSS_ENTROPY)
    memcpy(m->mean, d->mean + t->n_in, (size_t)t->n_out * sizeof *m->mean);
  memcpy(m->deviation, d->deviation + t->n_in, (size_t)t->n_out * sizeof *m->deviation);
  afb_mdn_set_inputs(m->mdn, d->mean, d->deviation);
  memcpy(m->card.rows, d->n, sizeof m->card.rows);
  m->card.hash = d->hash;
  m->card.tested = -1;
  return AFB_OK;
}

/* ---- File ---- */

static afb_status write_card(MPI_Comm comm, const afb_table_model *m, afb_arrays *arrays)
{
  const afb_table_card *c = &m->card;
  int64_t n_out = m->mdn->spec.n_out;
  char hash[32];
  const char *text = hash;
  int32_t tested = c->tested;
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)c->hash);
  AFB_TRY(afb_tables_texts(comm, arrays, "card/file", "files of the table that it was trained on", m->n_files, (const char *const *)m->file));
  AFB_TRY(afb_tables_texts(comm, arrays, "card/hash", "of the table's numbers", 1, &text));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"card/rows", AFB_I64, 0, 1, {0}, "1",
                           "rows that were left out, that fitted, that decided when to stop, that tested"}, AFB_N_PARTS, c->rows));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"card/tested", AFB_I32, 0, 1, {0}, "1",
                           "rows that scores are of: 1 used for nothing else, 0 those that decided when to stop, -1 none"}, 1, &tested));
  return afb_tables_small(comm, arrays, (afb_array){"card/score", AFB_F64, 0, 3, {0, n_out, AFB_N_SCORES}, "1, units of the target",
                          m->mdn->spec.loss == AFB_LOSS_CROSS_ENTROPY
                            ? "of the constant rate, logistic regression, the network; by target: log loss, accuracy, area under the curve, calibration error"
                            : "of the constant mean, linear regression, the network; by target: rmse, mae, r2, mean -ln p"},
                          AFB_N_BASES, c->score);
}

afb_status afb_table_model_write(MPI_Comm comm, const afb_table_model *m, afb_arrays *arrays)
{
  AFB_TRY(afb_tables_texts(comm, arrays, "inputs/name", "datasets that its inputs are, side by side", m->n_inputs, (const char *const *)m->input));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"inputs/width", AFB_I32, 0, 1, {0}, "1", "columns of each"}, m->n_inputs, m->input_width));
  AFB_TRY(afb_tables_texts(comm, arrays, "targets/name", "datasets that it predicts", m->n_targets, (const char *const *)m->target));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"targets/width", AFB_I32, 0, 1, {0}, "1", "columns of each"}, m->n_targets, m->target_width));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"targets/mean", AFB_F64, 0, 1, {0}, "of the target", "of the rows that fitted"},
                           m->mdn->spec.n_out, m->mean));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"targets/deviation", AFB_F64, 0, 1, {0}, "of the target", "of the rows that fitted"},
                           m->mdn->spec.n_out, m->deviation));
  AFB_TRY(afb_network_write(comm, m->mdn, "deviations of the target", arrays));
  return write_card(comm, m, arrays);
}

static afb_status read_numbers(MPI_Comm comm, afb_arrays *arrays, afb_table_model *m)
{
  int n_out = m->mdn->spec.n_out, n_in = m->mdn->spec.n_in;
  AFB_TRY(afb_agree(comm, allocate(m, n_out)));
  AFB_TRY(afb_tables_read(arrays, "inputs/width", AFB_I32, m->n_inputs, 1, m->input_width));
  AFB_TRY(afb_tables_read(arrays, "targets/width", AFB_I32, m->n_targets, 1, m->target_width));
  AFB_TRY(afb_tables_read(arrays, "targets/mean", AFB_F64, n_out, 1, m->mean));
  AFB_TRY(afb_tables_read(arrays, "targets/deviation", AFB_F64, n_out, 1, m->deviation));
  AFB_TRY(afb_tables_read(arrays, "card/rows", AFB_I64, AFB_N_PARTS, 1, m->card.rows));
  for (int i = 0; i < m->n_inputs; i++)
    n_in -= m->input_width[i];
  for (int i = 0; i < m->n_targets; i++)
    n_out -= m->target_width[i];
  return n_in == 0 && n_out == 0 ? AFB_OK : AFB_FAIL(AFB_E_FOREIGN, "the file's columns are not those of its network: it is damaged");
}

static afb_status read_model(MPI_Comm comm, afb_arrays *arrays, afb_table_model *m)
{
  AFB_TRY(afb_tables_read_texts(comm, arrays, "inputs/name", &m->n_inputs, &m->input));
  AFB_TRY(afb_tables_read_texts(comm, arrays, "targets/name", &m->n_targets, &m->target));
  AFB_TRY(afb_tables_read_texts(comm, arrays, "card/file", &m->n_files, &m->file));
  AFB_TRY(afb_network_read(arrays, &m->mdn));
  return read_numbers(comm, arrays, m);
}

afb_status afb_table_model_read(MPI_Comm comm, const char *path, afb_table_model *m)
{
  afb_arrays *arrays;
  *m = (afb_table_model){0};
  AFB_TRY(afb_arrays_open(comm, path, AFB_MODEL_KIND, &arrays));
  afb_status status = afb_agree(comm, read_model(comm, arrays, m));
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  status = status != AFB_OK ? status : closed;
  if (status != AFB_OK)
    afb_table_model_clear(m);
  return status;
}

/* ---- Prediction ---- */

/* What the members say of n <= ROWS rows: to one[members][n][n_out], scaled. */
static afb_status members_say(afb_table_model *m, int n, const double *input, double *one, double *deviation)
{
  const afb_mdn_spec *s = &m->mdn->spec;
  int out = s->n_out;
  afb_mixtures x;
  for (int k = 0; k < s->members && s->loss != AFB_LOSS_LIKELIHOOD; k++)
    AFB_TRY(afb_mdn_points(m->mdn, n, input, k, one + (int64_t)k * n * out));
  if (s->loss != AFB_LOSS_LIKELIHOOD)
    return AFB_OK;
  AFB_TRY(afb_mdn_predict(m->mdn, n, input, -1, &x));
  for (int i = 0; i < n; i++) {
    double mean[AFB_MDN_MAX_OUT], covariance[AFB_MDN_MAX_OUT * AFB_MDN_MAX_OUT];
    afb_mixture_moments(&x, i, mean, covariance);
    for (int t = 0; t < out; t++)
      deviation[i * out + t] = sqrt(covariance[t * out + t]);
    for (int k = 0; k < s->members; k++)
      for (int t = 0; t < out; t++) {
        double sum = 0;
        for (int c = k * s->components; c < (k + 1) * s->components; c++)
          sum += s->members * x.weight[i * x.m + c] * x.mean[(i * x.m + c) * out + t];
        one[((int64_t)k * n + i) * out + t] = sum;
      }
  }
  afb_mixtures_clear(&x);
  return AFB_OK;
}

/* Mean and deviation over members, in the targets' units. */
static void combine(const afb_table_model *m, int n, const double *one, double *mean, double *spread)
{
  int out = m->mdn->spec.n_out, members = m->mdn->spec.members;
  for (int64_t i = 0; i < (int64_t)n * out; i++) {
    double sum = 0, square = 0;
    for (int k = 0; k < members; k++)
      sum += one[(int64_t)k * n * out + i] / members;
    for (int k = 0; k < members; k++) {
      double off = one[(int64_t)k * n * out + i] - sum;
      square += off * off / members;
    }
    mean[i] = m->mean[i % out] + m->deviation[i % out] * sum;
    spread[i] = m->deviation[i % out] * sqrt(square);
  }
}

static void forget_incomplete(const afb_table_model *m, int n, const double *input, double *mean, double *spread, double *deviation)
{
  int in = m->mdn->spec.n_in, out = m->mdn->spec.n_out;
  for (int i = 0; i < n; i++) {
    int finite = 1;
    for (int j = 0; j < in; j++)
      finite = finite && isfinite(input[i * in + j]);
    for (int t = 0; t < out && !finite; t++) {
      mean[i * out + t] = spread[i * out + t] = NAN;
      if (deviation)
        deviation[i * out + t] = NAN;
    }
  }
}

afb_status afb_table_model_predict(afb_table_model *m, int64_t n, const double *input, double *mean, double *spread, double *deviation)
{
  const afb_mdn_spec *s = &m->mdn->spec;
  int out = s->n_out;
  double *one = malloc((size_t)s->members * ROWS * (size_t)out * sizeof *one), *width = calloc(ROWS * (size_t)out, sizeof *width);
  afb_status status = one && width ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions");
  for (int64_t first = 0; first < n && status == AFB_OK; first += ROWS) {
    int rows = n - first < ROWS ? (int)(n - first) : ROWS;
    int64_t at = first * out;
    status = members_say(m, rows, input + first * s->n_in, one, width);
    if (status != AFB_OK)
      break;
    combine(m, rows, one, mean + at, spread + at);
    for (int i = 0; i < rows * out && deviation; i++)
      deviation[at + i] = width[i] * m->deviation[i % out];
    forget_incomplete(m, rows, input + first * s->n_in, mean + at, spread + at, deviation ? deviation + at : NULL);
  }
  free(one);
  free(width);
  return status;
}
