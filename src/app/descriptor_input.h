/* The section `descriptor` of inputs. Every rank returns the same. */
#ifndef AFB_APP_DESCRIPTOR_INPUT_H
#define AFB_APP_DESCRIPTOR_INPUT_H

#include "config/input.h"
#include "config/inputs.h"
#include "descriptor/bispectrum.h"
#include "materials/structures.h"

/* The settings of an input without grid and quantities. Adds mistakes to *config, among them settings that the descriptor itself
 * refuses; what depends on a value with a mistake is passed over. afb_config_verdict then tells: the settings are good when there are
 * no mistakes. AFB_E_MEMORY. Not collective. */
afb_status afb_descriptor_settings(afb_config *config, const afb_input_descriptor *input, afb_bispectrum_settings *settings);

/* Numbers of the elements in `names`, the keys of `descriptor.elements`, of the species of the structures: element [n_species], as
 * afb_evaluate wants them; a species without atoms has element 0. Adds a mistake with file and line for each other species that the
 * input does not name; then the verdict. Collective on `comm`. */
afb_status afb_descriptor_elements(MPI_Comm comm, afb_config *config, const afb_named *names,
                                   const afb_structures *structures, int32_t *element);

/* The same for names that come from elsewhere; mistakes are at `path`. */
afb_status afb_species_elements(MPI_Comm comm, afb_config *config, const char *path, const afb_named *names,
                                const afb_structures *structures, int32_t *element);

/* Also the grid and the quantities of an input of `aufbau describe`: *quantities AFB_DESCRIBE_B ... or-ed, grid [3]. As
 * afb_descriptor_settings. */
afb_status afb_describe_input_check(afb_config *config, const afb_describe_input *input, afb_bispectrum_settings *settings,
                                    unsigned *quantities, int grid[3]);

#endif
