#include "app/table_input.h"

afb_status afb_table_input_open(afb_config *config, const afb_input_data *data, int n_inputs, const char *const *input, afb_data_table *table)
{
  static const char *const path[] = {[AFB_DATA_FILE] = "data.file", [AFB_DATA_INPUT] = "data.inputs", [AFB_DATA_TARGET] = "data.targets",
                                     [AFB_DATA_GROUP] = "data.group", [AFB_DATA_MASK] = "data.mask"};
  afb_data_table_names names = {data->file.n, n_inputs, data->targets.n, data->file.item, input, data->targets.item, data->group, data->mask};
  afb_data_table_fault fault;
  afb_status status = afb_data_table_open(&names, table, &fault);
  if (status != AFB_E_INPUT)
    return status;
  afb_config_mistake(config, path[fault.part], fault.index, 0, "%s", afb_error_text());
  return afb_config_verdict(config);
}
