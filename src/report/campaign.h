/* The summary of a campaign, for people. Not collective: one rank prints. */
#ifndef AFB_REPORT_CAMPAIGN_H
#define AFB_REPORT_CAMPAIGN_H

#include <stdio.h>

#include "campaign/campaign.h"

/* Runs by outcome and rung, by ion and by size of the set; what the model chose beside what was drawn at random;
 * validation beside its baselines; where the time went; where the file is, and what to do next. */
void afb_report_campaign(FILE *out, const afb_campaign_options *options, const afb_campaign_result *result,
                         const char *path, const char *input);

#endif
