/* `aufbau train` with model.type set_transformer: a campaign's model from the runs of a campaign, to start another one. */
#include <math.h>
#include <stdio.h>

#include "app/inputs.h"
#include "app/train.h"
#include "campaign/pretrained.h"
#include "core/clock.h"
#include "store/file.h"

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_train_input *input;
  afb_learner *learner;
  int64_t n;                   /* runs that teach */
  afb_learner_round round;
  afb_validation validation;
  char checkpoint[1100];
} job;

afb_status afb_train_campaign_check(afb_config *config, const afb_train_input *in)
{
  if (!in->data.campaign)
    afb_config_mistake(config, "data", -1, 0, "campaign is missing: the file of a campaign, or of `aufbau import runs`, to learn from");
  if (in->data.file.n > 0 || in->data.inputs.n > 0 || in->data.targets.n > 0)
    afb_config_mistake(config, "data", -1, 0, "a set transformer learns from the runs of a campaign: no file, inputs and targets");
  return afb_config_verdict(config);
}

static afb_status read_runs(job *j)
{
  afb_store *store = NULL;
  int rank;
  afb_status status = afb_file_open(MPI_COMM_WORLD, j->input->data.campaign, AFB_STORE_READ, NULL, &store);
  if (status == AFB_E_NOT_FOUND || status == AFB_E_FOREIGN) {
    afb_config_mistake(j->config, "data.campaign", -1, 0, "%s", afb_error_text());
    return afb_config_verdict(j->config);
  }
  AFB_TRY(status);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0)
    status = afb_pretrained_teach(store, j->learner, &j->n);
  status = afb_agree(MPI_COMM_WORLD, status);
  afb_status closed = afb_store_close(&store);
  MPI_Bcast(&j->n, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  if (status == AFB_OK && j->n == 0)
    return AFB_FAIL(AFB_E_INPUT, "%s has no run that converged or failed: nothing to learn from", j->input->data.campaign);
  return status != AFB_OK ? status : closed;
}

static afb_status take_start(job *j)
{
  if (!j->input->start)
    return AFB_OK;
  afb_status status = afb_pretrained_take(MPI_COMM_WORLD, j->input->start, j->learner);
  if (status == AFB_E_NOT_FOUND || status == AFB_E_FOREIGN) {
    afb_config_mistake(j->config, "model.start", -1, 0, "%s", afb_error_text());
    return afb_config_verdict(j->config);
  }
  afb_learner_go_on(j->learner);
  return status;
}

static int should_stop(void *context)
{
  (void)context;
  return afb_signal_received() != 0;
}

static afb_status train_into(job *j, afb_arrays *arrays)
{
  double seconds = isnan(j->input->wall_seconds) ? INFINITY : j->input->wall_seconds;
  AFB_TRY(take_start(j));
  AFB_TRY(read_runs(j));
  afb_learner_keep(j->learner, &(afb_learner_keeping){j->checkpoint, (int64_t)afb_config_identity(j->config), should_stop, NULL});
  AFB_TRY(afb_learner_train(j->learner, seconds, &j->round));
  if (!afb_learner_ready(j->learner))
    return AFB_FAIL(AFB_E_INPUT, "%s: none of its sets can be described", j->input->data.campaign);
  if (j->input->data.validation > 0)
    AFB_TRY(afb_learner_validate(j->learner, seconds, &j->validation));
  return afb_learner_interrupted(j->learner) ? AFB_OK : afb_pretrained_write(MPI_COMM_WORLD, j->learner, j->n, &j->validation, arrays);
}

static void report(const job *j, double seconds)
{
  static const char *const split[AFB_N_SPLITS] = {"ions left out", "larger sets"}, *const target[AFB_N_TARGETS] = {"cheapest", "converged"};
  const afb_validation *v = &j->validation;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0 || j->arguments->quiet)
    return;
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS && v->done[s]; t++)
      for (int m = 0; m < AFB_N_METHODS; m++)
        if (v->metrics[s][t][m].n > 0)
          printf("%-14s %-10s %-9s accuracy %.3f, AUC %.3f, log loss %.3f\n", split[s], target[t], afb_method_name((afb_method)m),
                 v->metrics[s][t][m].accuracy, v->metrics[s][t][m].auc, v->metrics[s][t][m].log_loss);
  printf("%s: %lld runs to learn from, %lld steps; %.2f s\n", j->arguments->output, (long long)j->n, (long long)j->round.steps, seconds);
}

/* No file is made of what is not complete; the checkpoint goes when it is. */
static afb_status train(job *j, const afb_store_writer *writer, int *exit_status)
{
  afb_arrays *arrays;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_CAMPAIGN_MODEL_KIND, writer, &arrays));
  afb_status status = train_into(j, arrays);
  if (status == AFB_OK && afb_learner_interrupted(j->learner)) {
    afb_arrays_close(&arrays, AFB_E_INTERNAL);
    *exit_status = AFB_EXIT_RESUMABLE;
    return AFB_OK;
  }
  AFB_TRY(afb_arrays_finish(&arrays, status));
  if (rank == 0)
    afb_file_drop(j->checkpoint);
  return AFB_OK;
}

afb_status afb_train_campaign(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status)
{
  job j = {.arguments = arguments, .config = config, .input = input};
  double begin = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(config);
  AFB_TRY(afb_train_campaign_check(config, input));
  AFB_TRY(afb_learner_create(MPI_COMM_WORLD, (uint64_t)input->seed, &j.learner));
  afb_signals_catch();
  snprintf(j.checkpoint, sizeof j.checkpoint, "%.1080s.training", arguments->output);
  afb_status status = train(&j, &writer, exit_status);
  if (status == AFB_OK && *exit_status == AFB_EXIT_DONE)
    report(&j, afb_wall_seconds() - begin);
  afb_learner_destroy(&j.learner);
  return status;
}
