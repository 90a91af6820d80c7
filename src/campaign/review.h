/* A campaign as its file tells it. Not collective: one rank reads. */
#ifndef AFB_CAMPAIGN_REVIEW_H
#define AFB_CAMPAIGN_REVIEW_H

#include "campaign/campaign.h"
#include "campaign/ledger.h"
#include "core/status.h"
#include "store/store.h"

/* Ledger of all ions of a file, by nuclear charge and charge; their candidates are the configurations that the file names. The caller clears both, also
 * after a failure. AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. */
afb_status afb_review_ledger(afb_store *store, int *n_ions, afb_candidates **candidates, afb_ledger *ledger);

/* How predictions that were made before the runs of one strategy (AFB_N_STRATEGIES: of all) stand to what came, [AFB_N_TARGETS]. AFB_E_MEMORY. */
afb_status afb_review_predictions(const afb_ledger *ledger, afb_strategy strategy, afb_metrics *out);

/* Ledger, harvest, `chosen` and `drawn` from a file that is open for reading; all else is 0. The caller clears *result, also after a failure.
 * AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. */
afb_status afb_campaign_review(afb_store *store, afb_campaign_result *result);

#endif
