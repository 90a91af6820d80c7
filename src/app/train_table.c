/* `aufbau train` with `data`: a model of a table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/inputs.h"
#include "app/table_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "core/log.h"
#include "training/table_fit.h"

enum { SHOWN = 20 };           /* targets in the table that is printed */
static const double LEAST_DEVIATION = 1e-3;          /* of a mixture, in deviations of the target */

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_train_input *input;
  afb_data_table table;
  afb_dataset dataset;
  afb_table_model start, model;
  char checkpoint[1100];
  double began;
  int interrupted;
} job;

static afb_loss loss_of(const afb_train_input *in)
{
  static const afb_loss loss[] = {[AFB_INPUT_LOSS_MSE] = AFB_LOSS_MSE, [AFB_INPUT_LOSS_MAE] = AFB_LOSS_MAE, [AFB_INPUT_LOSS_HUBER] = AFB_LOSS_HUBER,
                                  [AFB_INPUT_LOSS_CROSS_ENTROPY] = AFB_LOSS_CROSS_ENTROPY};
  return in->model == AFB_INPUT_MODEL_MDN ? AFB_LOSS_LIKELIHOOD : loss[in->loss];
}

static afb_status check_names(afb_config *config, const afb_train_input *in)
{
  static const char *const needed[] = {"file", "inputs", "targets"};
  const afb_strings *given[] = {&in->data.file, &in->data.inputs, &in->data.targets};
  for (int i = 0; i < 3; i++)
    if (given[i]->n == 0)
      afb_config_mistake(config, "data", -1, 0, "%s is missing: a table's files, and the datasets that are its inputs and targets", needed[i]);
  if (in->data.campaign)
    afb_config_mistake(config, "data.campaign", -1, 0, "the runs of a campaign teach a set transformer: choose that model.type");
  const afb_optimiser *optimiser;
  const afb_rate_schedule *schedule;
  if (in->model == AFB_INPUT_MODEL_MDN && afb_config_given(config, "model.loss"))
    afb_config_mistake(config, "model.loss", -1, 0, "a mixture density network learns a likelihood: leave `loss` out, or choose mlp");
  if (in->model == AFB_INPUT_MODEL_LINEAR && in->loss == AFB_INPUT_LOSS_MSE && in->start)
    afb_config_mistake(config, "model.start", -1, 0, "a linear model of least squares is solved at once, and begins with nothing");
  if (!(in->data.validation + in->data.test < 0.95))
    afb_config_mistake(config, "data", -1, 0, "validation and test leave no rows to train on");
  if (afb_optimiser_find(in->optimiser, &optimiser) != AFB_OK)
    afb_config_mistake(config, "model.optimiser", -1, 0, "%s", afb_error_text());
  if (afb_rate_schedule_find(in->schedule, &schedule) != AFB_OK)
    afb_config_mistake(config, "model.schedule", -1, 0, "%s", afb_error_text());
  return afb_config_verdict(config);
}

static afb_status open_table(afb_config *config, const afb_train_input *in, afb_data_table *table)
{
  AFB_TRY(check_names(config, in));
  AFB_TRY(afb_table_input_open(config, &in->data, in->data.inputs.n, in->data.inputs.item, table));
  if (in->model == AFB_INPUT_MODEL_MDN && table->n_out > AFB_MDN_MAX_OUT)
    afb_config_mistake(config, "data.targets", -1, 0, "a mixture density network has at most %d targets, these are %d columns", AFB_MDN_MAX_OUT,
                       table->n_out);
  afb_status status = afb_config_verdict(config);
  if (status != AFB_OK)
    afb_data_table_close(table);
  return status;
}

afb_status afb_train_table_check(afb_config *config, const afb_train_input *input)
{
  afb_data_table table;
  AFB_TRY(afb_config_verdict(config));
  AFB_TRY(open_table(config, input, &table));
  afb_data_table_close(&table);
  return AFB_OK;
}

static afb_mdn_spec spec_of(const job *j)
{
  const afb_train_input *in = j->input;
  int mixture = in->model == AFB_INPUT_MODEL_MDN, layers = in->model == AFB_INPUT_MODEL_LINEAR ? 0 : (int)in->layers;
  int rank = (int)in->rank < j->table.n_out ? (int)in->rank : j->table.n_out;
  return (afb_mdn_spec){.n_in = j->table.n_in, .n_out = j->table.n_out, .components = mixture ? (int)in->components : 1,
                        .members = in->model == AFB_INPUT_MODEL_LINEAR ? 1 : (int)in->members, .width = (int)in->width, .layers = layers,
                        .covariance = mixture && in->covariance == AFB_INPUT_COVARIANCE_LOW_RANK ? AFB_MDN_LOW_RANK : AFB_MDN_FULL,
                        .rank = mixture ? rank : 0, .floor = LEAST_DEVIATION, .seed = (uint64_t)in->seed, .loss = loss_of(in)};
}

static int should_stop(void *context)
{
  const job *j = context;
  int mine = afb_signal_received() != 0 || afb_wall_seconds() - j->began > j->input->wall_seconds, any;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return any;
}

static void tell(void *context, int64_t step, int64_t steps, double loss)
{
  const job *j = context;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0 && !j->arguments->quiet)
    afb_log(AFB_LOG_INFO, "step %lld of %lld, loss %.5g", (long long)step, (long long)steps, loss);
}

static afb_status fit(job *j)
{
  const afb_train_input *in = j->input;
  afb_table_fit_options options = {
    .descent = {.batch = in->batch, .steps = in->steps, .warmup = in->warmup, .rate = in->rate, .weight_decay = in->weight_decay, .clip = 10,
                .optimiser = in->optimiser, .schedule = in->schedule,
                .patience = in->early_stopping == AFB_INPUT_STOPPING_PATIENCE ? in->patience : 0, .seed = (uint64_t)in->seed},
    .epochs = in->epochs, .ridge = in->ridge, .linear_only = in->model == AFB_INPUT_MODEL_LINEAR, .checkpoint = j->checkpoint,
    .identity = (int64_t)afb_config_identity(j->config), .stop = should_stop, .progress = tell, .context = j};
  return afb_table_fit(MPI_COMM_WORLD, &j->dataset, &options, in->start ? &j->start : NULL, &j->model, &j->interrupted);
}

static afb_status train_into(job *j, afb_arrays *arrays)
{
  const afb_input_data *data = &j->input->data;
  afb_mdn_spec spec = spec_of(j);
  afb_dataset_options options = {data->validation, data->test, data->memory, data->shuffle, spec.members, spec.loss, (uint64_t)j->input->seed};
  AFB_TRY(afb_dataset_survey(MPI_COMM_WORLD, &j->table, &options, &j->dataset));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_table_model_init(&j->dataset, &spec, &j->model)));
  AFB_TRY(fit(j));
  return j->interrupted ? AFB_OK : afb_table_model_write(MPI_COMM_WORLD, &j->model, arrays);
}

/* ---- Report ---- */

static void print_scores(const job *j)
{
  static const char *const base[AFB_N_BASES] = {"constant", "linear", "model"};
  const afb_table_model *m = &j->model;
  int classes = m->mdn->spec.loss == AFB_LOSS_CROSS_ENTROPY, out = m->mdn->spec.n_out;
  if (m->card.tested < 0) {
    printf("No rows were left to test: no scores.\n");
    return;
  }
  printf("Scores on %s\n%-6s  %-8s  %11s %11s %11s %11s\n", m->card.tested ? "rows that were used for nothing else" : "the rows that decided when to stop",
         "target", "", classes ? "log loss" : "rmse", classes ? "accuracy" : "mae", classes ? "AUC" : "r2", classes ? "calibration" : "-ln p");
  for (int t = 0; t < out && t < SHOWN; t++)
    for (int b = 0; b < AFB_N_BASES; b++) {
      const double *score = m->card.score + (b * out + t) * AFB_N_SCORES;
      printf("%6d  %-8s  ", t, base[b]);
      for (int k = 0; k < AFB_N_SCORES; k++)
        if (isnan(score[k]))
          printf(" %11s", "");
        else
          printf(" %11.5g", score[k]);
      printf("\n");
    }
}

static void report(const job *j)
{
  int rank, ranks;
  const afb_table_model *m = &j->model;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank != 0 || j->arguments->quiet)
    return;
  print_scores(j);
  printf("%s: %lld rows to learn from, %lld to validate, %lld to test, %lld left out; %lld weights, %lld steps; %.2f s on %d rank%s\n",
         j->arguments->output, (long long)m->card.rows[AFB_PART_FIT], (long long)m->card.rows[AFB_PART_JUDGE], (long long)m->card.rows[AFB_PART_TEST],
         (long long)m->card.rows[AFB_PART_NONE], (long long)m->mdn->n_weights, (long long)m->mdn->step, afb_wall_seconds() - j->began, ranks,
         ranks > 1 ? "s" : "");
}

static afb_status read_start(job *j)
{
  if (!j->input->start)
    return AFB_OK;
  afb_status status = afb_table_model_read(MPI_COMM_WORLD, j->input->start, &j->start);
  if (status != AFB_E_FOREIGN && status != AFB_E_NOT_FOUND)
    return status;
  afb_config_mistake(j->config, "model.start", -1, 0, "%s", afb_error_text());
  return afb_config_verdict(j->config);
}

/* The output is opened first: whatever is wrong with it is told before the work. */
static afb_status run(job *j, int *exit_status)
{
  afb_arrays *arrays;
  afb_store_writer writer = afb_input_writer(j->config);
  AFB_TRY(read_start(j));
  afb_signals_catch();
  snprintf(j->checkpoint, sizeof j->checkpoint, "%.1080s.training", j->arguments->output);
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_MODEL_KIND, &writer, &arrays));
  afb_status status = train_into(j, arrays);
  if (status == AFB_OK && j->interrupted) {
    /* No file is made of what is not complete. */
    afb_arrays_close(&arrays, AFB_E_INTERNAL);
    *exit_status = AFB_EXIT_RESUMABLE;
    return AFB_OK;
  }
  AFB_TRY(afb_arrays_finish(&arrays, status));
  report(j);
  return AFB_OK;
}

afb_status afb_train_table(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status)
{
  job j = {.arguments = arguments, .config = config, .input = input, .began = afb_wall_seconds()};
  AFB_TRY(afb_agree(MPI_COMM_WORLD, open_table(config, input, &j.table)));
  afb_status status = run(&j, exit_status);
  afb_table_model_clear(&j.start);
  afb_table_model_clear(&j.model);
  afb_dataset_clear(&j.dataset);
  afb_data_table_close(&j.table);
  return status;
}
