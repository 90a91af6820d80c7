/* Potentials in inputs. */
#ifndef AFB_APP_POTENTIAL_INPUT_H
#define AFB_APP_POTENTIAL_INPUT_H

#include "config/input.h"
#include "config/inputs.h"
#include "descriptor/potential.h"

/* The repulsion of `model.zbl` between elements that are named by chemical symbols; *zbl is empty where there is none. Mistakes are
 * added to *config. AFB_E_MEMORY. Not collective. */
afb_status afb_zbl_input(afb_config *config, const afb_input_zbl *input, int n_elements, const char *const *name, afb_zbl *zbl);

#endif
