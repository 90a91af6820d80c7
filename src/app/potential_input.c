#include "app/potential_input.h"

#include <math.h>

#include "atomic/element.h"

afb_status afb_zbl_input(afb_config *config, const afb_input_zbl *input, int n_elements, const char *const *name, afb_zbl *zbl)
{
  int z[AFB_MAX_ELEMENTS], good = 1;
  *zbl = (afb_zbl){0};
  /* Too many elements are a mistake that is told elsewhere. */
  if (!afb_config_given(config, "model.zbl") || isnan(input->inner) || isnan(input->outer) || n_elements > AFB_MAX_ELEMENTS)
    return AFB_OK;
  if (!(input->inner < input->outer)) {
    afb_config_mistake(config, "model.zbl.outer", -1, 0, "outer has to be beyond inner, %g angstrom", input->inner);
    return AFB_OK;
  }
  for (int e = 0; e < n_elements; e++)
    if (afb_element_find(name[e], &z[e]) != AFB_OK) {
      afb_config_mistake(config, "model.zbl", -1, 0, "\"%s\" is no chemical element, so that its nuclear charge is not known", name[e]);
      good = 0;
    }
  return good ? afb_zbl_create(input->inner, input->outer, n_elements, z, zbl) : AFB_OK;
}
