/* The section `data` of an input. */
#ifndef AFB_APP_TABLE_INPUT_H
#define AFB_APP_TABLE_INPUT_H

#include "config/input.h"
#include "config/inputs.h"
#include "training/data_table.h"

/* Opens the files and finds the columns; inputs: those of the section, or others. What is wrong becomes a mistake of *config where it was written; then
 * the verdict. Not collective. */
afb_status afb_table_input_open(afb_config *config, const afb_input_data *data, int n_inputs, const char *const *input, afb_data_table *table);

#endif
