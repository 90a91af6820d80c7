/* What `aufbau train` and `aufbau predict` dispatch to, by model.type. Collective on MPI_COMM_WORLD, the same status on all ranks. `config`
 * has no mistakes so far. */
#ifndef AFB_APP_TRAIN_H
#define AFB_APP_TRAIN_H

#include "app/command.h"
#include "config/input.h"
#include "config/inputs.h"

/* *exit_status becomes AFB_EXIT_RESUMABLE when a signal ended it. */
afb_status afb_train_mdn(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status);
afb_status afb_predict_mdn(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);
afb_status afb_train_linear(const afb_arguments *arguments, afb_config *config, const afb_train_input *input);

#endif
