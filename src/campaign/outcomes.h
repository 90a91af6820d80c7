/* How well what runs of a campaign bring can be predicted: models are trained on part of a file's runs and judged by the rest.
 *
 * Trials, none of which lets a model see anything of the tested runs while it trains, stops or calibrates itself:
 *   AFB_TRIAL_KNOWN    every fifth set by a hash; the other sets of the same ions are trained on
 *   AFB_TRIAL_IONS     whole ions are dealt to folds; each is predicted from the others
 *   AFB_TRIAL_LARGER   trained on sets of up to `largest_train` configurations, tested on larger ones (about a third)
 * Predictors: ensembles of set transformers, one a seed; linear models on the hand features (logistic regression, one class against the others for the
 * outcome; ridge regression for numbers); what the training part says without looking at a set (frequencies, means). */
#ifndef AFB_CAMPAIGN_OUTCOMES_H
#define AFB_CAMPAIGN_OUTCOMES_H

#include <mpi.h>
#include <stdint.h>

#include "campaign/features.h"
#include "campaign/gain.h"
#include "campaign/ledger.h"
#include "core/status.h"
#include "learn/head.h"
#include "learn/set_table.h"
#include "store/store.h"

typedef enum { AFB_TRIAL_KNOWN, AFB_TRIAL_IONS, AFB_TRIAL_LARGER, AFB_N_TRIALS } afb_trial;
typedef enum { AFB_PREDICTOR_NETWORK, AFB_PREDICTOR_LINEAR, AFB_PREDICTOR_CONSTANT, AFB_N_PREDICTORS } afb_predictor;
enum { AFB_TRIAL_SEEDS = 2, AFB_TRIAL_FOLDS = 4, AFB_TRIAL_MEMBERS = 5 };

/* The runs of a file, every rank the same. */
typedef struct {
  int n_ions;
  afb_candidates *ion;
  afb_ledger ledger;           /* core_seconds: CPU seconds */
  afb_gain *gain;              /* [ledger.n] */
  int n_levels;                /* most levels of a J^pi block */
  afb_set_table table;         /* one row a run that can be described and says something */
  int64_t *entry;              /* [table.n] */
} afb_outcome_data;

/* Not collective: the store is open for reading. The caller clears, also after a failure. AFB_E_INPUT: no run of a campaign in it; AFB_E_IO,
 * AFB_E_FOREIGN, AFB_E_MEMORY. */
afb_status afb_outcome_data_read(afb_store *store, afb_outcome_data *data);
void afb_outcome_data_clear(afb_outcome_data *data);

/* Predictions for the rows of the table, NaN where a row was not tested; n_out numbers a row as learn/head.h lists them for AFB_TARGET_KINDS. */
typedef struct {
  afb_heads heads;
  int done[AFB_N_TRIALS], largest_train;
  double cpu_seconds;          /* of all ranks */
  float *network[AFB_N_TRIALS][AFB_TRIAL_SEEDS], *spread[AFB_N_TRIALS];   /* spread: of the first seed's members */
  float *linear[AFB_N_TRIALS], *constant[AFB_N_TRIALS];
} afb_outcome_trials;

/* Collective; the table is the same on every rank, as are the predictions. The caller clears, also after a failure. The statuses of training. Cost:
 * AFB_TRIAL_SEEDS (AFB_TRIAL_FOLDS + 2) trainings of AFB_TRIAL_MEMBERS networks: for 20,000 runs some minutes of a core. */
afb_status afb_outcome_trials_run(MPI_Comm comm, const afb_set_table *table, afb_outcome_trials *trials);
void afb_outcome_trials_clear(afb_outcome_trials *trials);

#endif
