/* What a run will cost: the engine's estimate, corrected by what runs of this campaign did cost. Not collective.
 *
 * ln(seconds / estimate) is taken as a campaign's mean plus an ion's deviation from it, the latter shrunk as if three more runs
 * had shown none; its scatter gives the upper bound that deadlines ask for. */
#ifndef AFB_CAMPAIGN_COSTS_H
#define AFB_CAMPAIGN_COSTS_H

#include "core/status.h"

typedef struct {
  double n, sum, sum_squares;  /* of ln(seconds/estimate) over all runs */
  int n_ions;
  double *ion_n, *ion_sum;
} afb_costs;

/* AFB_E_MEMORY. The caller clears. */
afb_status afb_costs_init(int n_ions, afb_costs *costs);
void afb_costs_clear(afb_costs *costs);

void afb_costs_learn(afb_costs *costs, int ion, double estimate, double seconds);
/* Core-seconds expected. */
double afb_costs_predict(const afb_costs *costs, int ion, double estimate);
/* Core-seconds that about 19 of 20 such runs stay below. */
double afb_costs_bound(const afb_costs *costs, int ion, double estimate);

#endif
