/* `aufbau check`: an input without its run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "app/train.h"

static afb_status choose_schema(const afb_arguments *arguments, const afb_schema **schema)
{
  if (arguments->n_operands < 2) {
    AFB_TRY(afb_config_guess(MPI_COMM_WORLD, arguments->operand[0], afb_schemas, schema));
    if (!*schema)
      *schema = &afb_atom_schema;
    return AFB_OK;
  }
  *schema = afb_schema_named(arguments->operand[1]);
  if (!*schema)
    return AFB_FAIL(AFB_E_INPUT, "there is no command \"%.60s\" with an input; `aufbau list inputs` names them",
                    arguments->operand[1]);
  return AFB_OK;
}

static afb_status check_atom(afb_config *config, const void *input)
{
  afb_atom_request request;
  afb_status status = afb_atom_request_create(config, input, &request);
  afb_atom_request_clear(&request);
  return status;
}

static afb_status check_campaign(afb_config *config, const void *input)
{
  int n_ions;
  afb_ion *ions;
  afb_status status = afb_campaign_input_check(config, input, &n_ions, &ions);
  free(ions);
  return status;
}

static afb_status check_describe(afb_config *config, const void *input)
{
  afb_bispectrum_settings settings;
  unsigned quantities;
  int grid[3];
  AFB_TRY(afb_describe_input_check(config, input, &settings, &quantities, grid));
  return afb_config_verdict(config);
}

static afb_status check_train(afb_config *config, const afb_train_input *input)
{
  afb_bispectrum_settings settings;
  afb_zbl zbl = {0};
  afb_train_check_sections(config, input);
  if (input->model == AFB_INPUT_MODEL_SET_TRANSFORMER)
    return afb_train_campaign_check(config, input);
  if (input->data.given == 1)
    return afb_train_table_check(config, input);
  AFB_TRY(afb_config_verdict(config));
  if (input->model == AFB_INPUT_MODEL_MDN)
    return afb_train_mdn_check(config, input, &settings);
  afb_status status = afb_train_linear_check(config, input, &settings, &zbl);
  afb_zbl_clear(&zbl);
  return status;
}

static afb_status check_predict(afb_config *config, const afb_predict_input *input)
{
  afb_predict_check_sections(config, input);
  if (input->model == AFB_INPUT_PREDICT_TABLE)
    return afb_predict_table_check(config, input);
  return input->model == AFB_INPUT_PREDICT_SNAP ? afb_predict_snap_check(config, input) : afb_predict_mdn_check(config, input);
}

afb_status afb_run_check(const afb_arguments *arguments, int *exit_status)
{
  (void)exit_status;
  union {
    afb_atom_input atom;
    afb_campaign_input campaign;
    afb_describe_input describe;
    afb_train_input train;
    afb_predict_input predict;
  } input;
  const afb_schema *schema;
  afb_config *config = NULL;
  int rank;
  AFB_TRY(choose_schema(arguments, &schema));
  AFB_TRY(afb_input_read(schema, arguments, &input, &config));
  afb_status status = schema == &afb_atom_schema ? check_atom(config, &input.atom)
                      : schema == &afb_campaign_schema ? check_campaign(config, &input.campaign)
                      : schema == &afb_describe_schema ? check_describe(config, &input.describe)
                      : schema == &afb_train_schema ? check_train(config, &input.train)
                      : schema == &afb_predict_schema ? check_predict(config, &input.predict)
                                                       : afb_config_verdict(config);
  status = afb_agree(MPI_COMM_WORLD, status);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (status == AFB_OK && rank == 0)
    printf("%s# identity %016llx\n", afb_config_resolved(config), (unsigned long long)afb_config_identity(config));
  afb_config_destroy(&config);
  return status;
}
