/* What a run will cost: the engine's estimate, corrected by what runs of this campaign did cost. Not collective.
 *
 * ln(seconds / estimate) is taken as a campaign's mean plus deviations of the ion and of the size of the set, which are shrunk as if three
 * more runs had shown none. A run that is further than a factor e from what was expected of it counts as if it were no further: the few that go
 * through the whole ladder do not raise what is expected of the others. The scatter, with all of them, gives the upper bound that deadlines ask for. */
#ifndef AFB_CAMPAIGN_COSTS_H
#define AFB_CAMPAIGN_COSTS_H

#include "campaign/graph.h"
#include "core/status.h"

typedef struct {
  double n, sum;
} afb_cost_group;

typedef struct {
  afb_cost_group all;          /* of ln(seconds/estimate), limited as above */
  afb_cost_group size[AFB_MAX_SET + 1];   /* the same by size, and by ion */
  double sum_squares;          /* of ln(seconds/predicted) */
  int n_ions;
  afb_cost_group *ion;
} afb_costs;

/* AFB_E_MEMORY. The caller clears. */
afb_status afb_costs_init(int n_ions, afb_costs *costs);
void afb_costs_clear(afb_costs *costs);

/* size: configurations of the set, 1 ... AFB_MAX_SET. */
void afb_costs_learn(afb_costs *costs, int ion, int size, double estimate, double seconds);
/* Core-seconds, within a factor of two of which most such runs lie. */
double afb_costs_predict(const afb_costs *costs, int ion, int size, double estimate);
/* Core-seconds that about 19 of 20 such runs stay below. */
double afb_costs_bound(const afb_costs *costs, int ion, int size, double estimate);

#endif
