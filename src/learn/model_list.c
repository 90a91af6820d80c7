#include <string.h>

#include "learn/model_kind.h"
#include "learn/set_transformer.h"

const afb_model_kind *const afb_model_kinds[] = {&afb_set_transformer, NULL};

const afb_model_kind *afb_model_kind_find(const char *name)
{
  for (int k = 0; afb_model_kinds[k]; k++)
    if (strcmp(afb_model_kinds[k]->name, name) == 0)
      return afb_model_kinds[k];
  return NULL;
}
