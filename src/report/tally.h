/* Runs of a campaign counted by what they have in common: what the tables of the terminal and of the page show. Not collective. */
#ifndef AFB_REPORT_TALLY_H
#define AFB_REPORT_TALLY_H

#include <stdint.h>

#include "campaign/campaign.h"
#include "core/status.h"

/* How a run ended, as one of few, by which it is coloured. */
typedef enum {
  AFB_RUN_CHEAPEST, AFB_RUN_HIGHER,          /* converged on the cheapest rung, on another */
  AFB_RUN_COLLAPSE, AFB_RUN_CYCLE, AFB_RUN_ITERATIONS, AFB_RUN_INFEASIBLE, AFB_RUN_FAILED, AFB_N_RUN_CLASSES
} afb_run_class;
afb_run_class afb_run_class_of(int outcome, int rung);
const char *afb_run_class_name(afb_run_class of);

typedef struct {
  int64_t runs, converged, useful, levels;
  int64_t of[AFB_N_RUN_CLASSES];
  double core_seconds;
} afb_tally;

typedef enum { AFB_TALLY_OUTCOME, AFB_TALLY_RUNG, AFB_TALLY_ION, AFB_TALLY_SIZE, AFB_TALLY_STRATEGY, AFB_N_TALLIES } afb_tally_key;
/* "By outcome" ... */
const char *afb_tally_title(afb_tally_key key);
/* Of row i; into a buffer of AFB_TALLY_NAME bytes, which is returned. */
enum { AFB_TALLY_NAME = 48 };
const char *afb_tally_name(const afb_campaign_result *result, afb_tally_key key, int i, char *buffer);

/* row[*n], malloc'ed; rows without runs are among them. Only runs that converged have a rung. AFB_E_MEMORY. */
afb_status afb_tally_by(const afb_campaign_result *result, afb_tally_key key, int *n, afb_tally **row);
/* Useful runs per core-second of those that the model chose and of those drawn at random beside them, from the rows of AFB_TALLY_STRATEGY: "Useful runs
 * per core-second: ..." into a buffer of AFB_TALLY_LEAD bytes, which is returned; "" where one of the two has no runs. */
enum { AFB_TALLY_LEAD = 256 };
const char *afb_tally_lead(const afb_tally *by_strategy, char *buffer);
/* All runs. */
afb_tally afb_tally_all(const afb_campaign_result *result);

#endif
