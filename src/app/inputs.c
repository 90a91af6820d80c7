#include "app/inputs.h"

#include <string.h>

afb_status afb_input_read(const afb_schema *schema, const afb_arguments *arguments, void *input, afb_config **config)
{
  const afb_schema *looks_like = NULL;
  AFB_TRY(afb_config_guess(MPI_COMM_WORLD, arguments->operand[0], afb_schemas, &looks_like));
  if (looks_like && looks_like != schema)
    return AFB_FAIL(AFB_E_INPUT, "%s: this is an input of `aufbau %s`, not of `aufbau %s`", arguments->operand[0],
                    looks_like->name, schema->name);
  AFB_TRY(afb_config_read(MPI_COMM_WORLD, schema, arguments->operand[0], arguments->n_set, arguments->set, input,
                          config));
  return AFB_OK;
}
