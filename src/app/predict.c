/* `aufbau predict`: what a potential or a trained network says of structures, or a model of the rows of a table. */
#include "app/inputs.h"
#include "app/train.h"

typedef afb_status predictor(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);

static predictor *const predictors[] = {[AFB_INPUT_PREDICT_SNAP] = afb_predict_snap, [AFB_INPUT_PREDICT_MDN] = afb_predict_mdn,
                                         [AFB_INPUT_PREDICT_TABLE] = afb_predict_table};

void afb_predict_check_sections(afb_config *config, const afb_predict_input *in)
{
  int table = in->model == AFB_INPUT_PREDICT_TABLE;
  if (table != (in->data.given == 1))
    afb_config_mistake(config, "model.type", -1, 0, table ? "a model of a table predicts for the rows of `data`, which is missing"
                                                          : "potentials are predicted for `structures`; `data` goes with model.type table");
  if (!table && in->data.given != 1 && in->structures.file.n == 0)
    afb_config_mistake(config, "model", -1, 0, "`structures` is missing: files with atomic structures");
}

afb_status afb_run_predict(const afb_arguments *arguments, int *exit_status)
{
  afb_predict_input input;
  afb_config *config = NULL;
  (void)exit_status;
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "predict needs -o FILE.h5, the file to make");
  AFB_TRY(afb_input_read(&afb_predict_schema, arguments, &input, &config));
  afb_predict_check_sections(config, &input);
  afb_status status = afb_config_verdict(config);
  if (status == AFB_OK)
    status = predictors[input.model](arguments, config, &input);
  afb_config_destroy(&config);
  return status;
}
