/* The engines of this program, one line each. */
#include <string.h>

#include "engine/engine.h"
#include "engine/grasp.h"
#include "engine/mcdhf.h"

const afb_engine *const afb_engines[] = {&afb_engine_mcdhf, &afb_engine_grasp, NULL};

const afb_engine *afb_engine_find(const char *name)
{
  for (const afb_engine *const *engine = afb_engines; *engine; engine++)
    if (strcmp((*engine)->name, name) == 0)
      return *engine;
  return NULL;
}
