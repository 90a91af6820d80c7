/* `aufbau predict` with model.type table: what a model says of the rows of a table, block by block. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/inputs.h"
#include "app/table_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "store/tables.h"
#include "training/table_model.h"

enum { BLOCK_BYTES = 4 << 20 };

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_predict_input *input;
  afb_table_model model;
  afb_data_table table;
} job;

afb_status afb_predict_table_check(afb_config *config, const afb_predict_input *input)
{
  if (!input->file)
    afb_config_mistake(config, "model.file", -1, 0, "file is missing: what `aufbau train` wrote");
  return afb_config_verdict(config);
}

static afb_status read_model(job *j)
{
  afb_status status = afb_table_model_read(MPI_COMM_WORLD, j->input->file, &j->model);
  if (status != AFB_E_FOREIGN && status != AFB_E_NOT_FOUND)
    return status;
  afb_config_mistake(j->config, "model.file", -1, 0, "%s", afb_error_text());
  return afb_config_verdict(j->config);
}

static afb_status open_table(job *j)
{
  const afb_input_data *data = &j->input->data;
  const afb_table_model *m = &j->model;
  int given = data->inputs.n > 0;
  AFB_TRY(afb_table_input_open(j->config, data, given ? data->inputs.n : m->n_inputs, given ? data->inputs.item : (const char *const *)m->input,
                               &j->table));
  if (j->table.n_in != m->mdn->spec.n_in)
    afb_config_mistake(j->config, given ? "data.inputs" : "data.file", -1, 0, "the inputs have %d columns, and the model was trained with %d", j->table.n_in,
                       m->mdn->spec.n_in);
  return afb_config_verdict(j->config);
}

/* This rank's rows in blocks, of which every rank writes as many, the last ones empty. */
static afb_status predict_blocks(job *j, afb_arrays *arrays, double *input, int64_t block)
{
  int rank, n_ranks, out = j->model.mdn->spec.n_out, likelihood = j->model.mdn->spec.loss == AFB_LOSS_LIKELIHOOD;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  int64_t begin = j->table.n * rank / n_ranks, end = j->table.n * (rank + 1) / n_ranks, longest = (j->table.n + n_ranks - 1) / n_ranks;
  double *mean = input + block * j->table.n_in, *spread = mean + block * out, *deviation = likelihood ? spread + block * out : NULL;
  for (int64_t done = 0; done < longest; done += block) {
    int64_t first = begin + done < end ? begin + done : end, n = end - first < block ? end - first : block;
    afb_status status = afb_data_table_read(&j->table, first, n, input);
    if (status == AFB_OK)
      status = afb_table_model_predict(&j->model, n, input, mean, spread, deviation);
    AFB_TRY(afb_agree(MPI_COMM_WORLD, status));
    AFB_TRY(afb_arrays_write(arrays, "predictions/mean", first, n, mean));
    AFB_TRY(afb_arrays_write(arrays, "predictions/spread", first, n, spread));
    if (likelihood)
      AFB_TRY(afb_arrays_write(arrays, "predictions/deviation", first, n, deviation));
  }
  return AFB_OK;
}

static afb_status predict_into(job *j, afb_arrays *arrays)
{
  const afb_mdn_spec *s = &j->model.mdn->spec;
  int classes = s->loss == AFB_LOSS_CROSS_ENTROPY;
  int64_t width = s->n_in + 3 * s->n_out, block = BLOCK_BYTES / (8 * width) > 0 ? BLOCK_BYTES / (8 * width) : 1;
  const char *unit = classes ? "1" : "of the target";
  afb_array mean = {"predictions/mean", AFB_F64, 1, 2, {j->table.n, s->n_out}, unit, classes ? "probability of 1, by target" : "by target"};
  afb_array spread = {"predictions/spread", AFB_F64, 1, 2, {j->table.n, s->n_out}, unit, "standard deviation over the members of the ensemble"};
  afb_array deviation = {"predictions/deviation", AFB_F64, 1, 2, {j->table.n, s->n_out}, unit, "standard deviation of the whole distribution"};
  AFB_TRY(afb_tables_texts(MPI_COMM_WORLD, arrays, "targets/name", "datasets that the targets were", j->model.n_targets,
                           (const char *const *)j->model.target));
  AFB_TRY(afb_arrays_add(arrays, &mean));
  AFB_TRY(afb_arrays_add(arrays, &spread));
  if (s->loss == AFB_LOSS_LIKELIHOOD)
    AFB_TRY(afb_arrays_add(arrays, &deviation));
  double *memory = malloc((size_t)(block * width) * sizeof *memory);
  afb_status status = afb_agree(MPI_COMM_WORLD, memory ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for predictions"));
  if (status == AFB_OK)
    status = predict_blocks(j, arrays, memory, block);
  free(memory);
  return status;
}

static afb_status run(job *j)
{
  int rank, ranks;
  afb_arrays *arrays;
  double start = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(j->config);
  AFB_TRY(read_model(j));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, open_table(j)));
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_PREDICTIONS_KIND, &writer, &arrays));
  AFB_TRY(afb_arrays_finish(&arrays, predict_into(j, arrays)));
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank == 0 && !j->arguments->quiet)
    printf("%s: %lld rows, %d target%s; %.2f s on %d rank%s\n", j->arguments->output, (long long)j->table.n, j->model.mdn->spec.n_out,
           j->model.mdn->spec.n_out > 1 ? "s" : "", afb_wall_seconds() - start, ranks, ranks > 1 ? "s" : "");
  return AFB_OK;
}

afb_status afb_predict_table(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input)
{
  job j = {.arguments = arguments, .config = config, .input = input};
  AFB_TRY(afb_predict_table_check(config, input));
  afb_status status = run(&j);
  afb_data_table_close(&j.table);
  afb_table_model_clear(&j.model);
  return status;
}
