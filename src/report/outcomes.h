/* What a campaign's file says, and how well it can be predicted, as Markdown and as a figure. Not collective: one rank prints. */
#ifndef AFB_REPORT_OUTCOMES_H
#define AFB_REPORT_OUTCOMES_H

#include <stdio.h>

#include "campaign/outcomes.h"
#include "core/status.h"

/* Runs by outcome, ions, size; costs; gains. AFB_E_MEMORY. */
afb_status afb_report_campaign_of(FILE *out, const afb_outcome_data *data);
/* Scores of all trials. AFB_E_MEMORY. */
afb_status afb_report_trials(FILE *out, const afb_outcome_data *data, const afb_outcome_trials *trials);
/* Reliability, and scores by size of the set: SVG. AFB_E_MEMORY. */
afb_status afb_report_trials_figure(FILE *out, const afb_outcome_data *data, const afb_outcome_trials *trials);

#endif
