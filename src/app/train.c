/* `aufbau train`: potentials and networks from structures. */
#include "app/inputs.h"
#include "app/train.h"

afb_status afb_run_train(const afb_arguments *arguments, int *exit_status)
{
  afb_train_input input;
  afb_config *config = NULL;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "train needs -o FILE.h5, the file to make");
  AFB_TRY(afb_input_read(&afb_train_schema, arguments, &input, &config));
  afb_status status = afb_config_verdict(config);
  if (status == AFB_OK)
    status = input.model == AFB_INPUT_MODEL_MDN ? afb_train_mdn(arguments, config, &input, exit_status)
                                                : afb_train_linear(arguments, config, &input);
  afb_config_destroy(&config);
  return status;
}
