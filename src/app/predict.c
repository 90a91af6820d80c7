/* `aufbau predict`: what a potential or a trained network says of structures. */
#include "app/inputs.h"
#include "app/train.h"

typedef afb_status predictor(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);

static predictor *const predictors[] = {[AFB_INPUT_PREDICT_SNAP] = afb_predict_snap, [AFB_INPUT_PREDICT_MDN] = afb_predict_mdn};

afb_status afb_run_predict(const afb_arguments *arguments, int *exit_status)
{
  afb_predict_input input;
  afb_config *config = NULL;
  (void)exit_status;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "predict needs -o FILE.h5, the file to make");
  AFB_TRY(afb_input_read(&afb_predict_schema, arguments, &input, &config));
  afb_status status = afb_config_verdict(config);
  if (status == AFB_OK)
    status = predictors[input.model](arguments, config, &input);
  afb_config_destroy(&config);
  return status;
}
