/* `aufbau train`: potentials and networks from structures, models from tables. */
#include "app/inputs.h"
#include "app/train.h"

void afb_train_check_sections(afb_config *config, const afb_train_input *in)
{
  int data = in->data.given == 1;
  if (data && in->structures.file.n > 0)
    afb_config_mistake(config, "data", -1, 0, "an input has `structures` or `data`, not both");
  if (!data && in->structures.file.n == 0)
    afb_config_mistake(config, "model", -1, 0, "nothing to train on: give `structures` and `descriptor`, or `data`");
  if (!data && in->structures.file.n > 0 && !in->descriptor.name)
    afb_config_mistake(config, "structures", -1, 0, "`descriptor` is missing: what is evaluated of the structures");
  if (!data && in->model >= AFB_INPUT_MODEL_MLP)
    afb_config_mistake(config, "model.type", -1, 0, "such a model does not learn from structures: give `data` in place of them");
}

static afb_status train(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status)
{
  if (input->model == AFB_INPUT_MODEL_SET_TRANSFORMER)
    return afb_train_campaign(arguments, config, input, exit_status);
  if (input->data.given == 1)
    return afb_train_table(arguments, config, input, exit_status);
  return input->model == AFB_INPUT_MODEL_MDN ? afb_train_mdn(arguments, config, input, exit_status)
                                             : afb_train_linear(arguments, config, input);
}

afb_status afb_run_train(const afb_arguments *arguments, int *exit_status)
{
  afb_train_input input;
  afb_config *config = NULL;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "train needs -o FILE.h5, the file to make");
  AFB_TRY(afb_input_read(&afb_train_schema, arguments, &input, &config));
  afb_train_check_sections(config, &input);
  afb_status status = afb_config_verdict(config);
  if (status == AFB_OK)
    status = train(arguments, config, &input, exit_status);
  afb_config_destroy(&config);
  return status;
}
