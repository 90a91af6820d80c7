/* The summary of a campaign, for people. Not collective: one rank prints. AFB_E_MEMORY: a part of it is missing. */
#ifndef AFB_REPORT_CAMPAIGN_H
#define AFB_REPORT_CAMPAIGN_H

#include <stdio.h>

#include "campaign/campaign.h"

/* Runs by outcome and rung, by ion and by size of the set; what the model chose beside what was drawn at random;
 * validation beside its baselines; where the time went; where the file is, and what to do next. */
afb_status afb_report_campaign(FILE *out, const afb_campaign_options *options, const afb_campaign_result *result,
                               const char *path, const char *input);

/* Parts of it. Runs counted by outcome, rung, ion, size of the set, and by who chose; */
void afb_report_tallies(FILE *out, const afb_campaign_result *result);
/* how predictions made before the runs stand to what came; */
void afb_report_predictions(FILE *out, const afb_campaign_result *result);
/* how predicted costs and memory do, of all runs and without the first `batch`, which had little to learn from. */
afb_status afb_report_costs(FILE *out, int batch, const afb_ledger *ledger);

#endif
