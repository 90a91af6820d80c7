/* `aufbau train`: potentials and networks from structures. */
#include "app/inputs.h"
#include "app/train.h"

afb_status afb_run_train(const afb_arguments *arguments, int *exit_status)
{
  afb_train_input input;
  afb_config *config = NULL;
  (void)exit_status;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "train needs -o FILE.h5, the file to make");
  AFB_TRY(afb_input_read(&afb_train_schema, arguments, &input, &config));
  afb_status status = afb_config_verdict(config);
  if (status == AFB_OK)
    status = afb_train_linear(arguments, config, &input);
  afb_config_destroy(&config);
  return status;
}
