/* What `aufbau train` and `aufbau predict` dispatch to, by model.type. Collective on MPI_COMM_WORLD, the same status on all ranks. `config`
 * has no mistakes so far. */
#ifndef AFB_APP_TRAIN_H
#define AFB_APP_TRAIN_H

#include "app/command.h"
#include "config/input.h"
#include "config/inputs.h"
#include "descriptor/potential.h"

/* *exit_status becomes AFB_EXIT_RESUMABLE when a signal or the wall time ended it. */
afb_status afb_train_mdn(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status);
afb_status afb_predict_mdn(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);
afb_status afb_train_linear(const afb_arguments *arguments, afb_config *config, const afb_train_input *input);
afb_status afb_predict_snap(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);

/* What a linear model's input says: the descriptor and the repulsion that is subtracted, which is empty where there is none. Mistakes
 * are added to *config; then the verdict. Not collective. The caller clears *zbl in every case. */
afb_status afb_train_linear_check(afb_config *config, const afb_train_input *input, afb_bispectrum_settings *settings,
                                  afb_zbl *zbl);
/* What the input of a network says: files, one element, the descriptor; then the verdict. Not collective. */
afb_status afb_train_mdn_check(afb_config *config, const afb_train_input *input, afb_bispectrum_settings *settings);
afb_status afb_predict_mdn_check(afb_config *config, const afb_predict_input *input);
/* Files that a potential's input has to name; then the verdict. Not collective. */
afb_status afb_predict_snap_check(afb_config *config, const afb_predict_input *input);

/* A campaign's model from a campaign's runs. */
afb_status afb_train_campaign(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status);
afb_status afb_train_campaign_check(afb_config *config, const afb_train_input *input);

/* A model of a table. */
afb_status afb_train_table(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status);
afb_status afb_train_table_check(afb_config *config, const afb_train_input *input);
afb_status afb_predict_table(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input);
afb_status afb_predict_table_check(afb_config *config, const afb_predict_input *input);

/* What an input must have beside `model`: structures (with a descriptor, where the input has one), or data. Adds mistakes. Not collective. */
void afb_train_check_sections(afb_config *config, const afb_train_input *input);
void afb_predict_check_sections(afb_config *config, const afb_predict_input *input);

#endif
