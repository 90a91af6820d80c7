#include "config/inputs.h"

#include <string.h>

const afb_schema *const afb_schemas[] = {&afb_atom_schema, &afb_campaign_schema, &afb_describe_schema, &afb_train_schema,
                                        &afb_predict_schema, NULL};

const afb_schema *afb_schema_named(const char *name)
{
  for (const afb_schema *const *schema = afb_schemas; *schema; schema++)
    if (strcmp((*schema)->name, name) == 0)
      return *schema;
  return NULL;
}
