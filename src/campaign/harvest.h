/* What a campaign has got so far, and what that says of a candidate. Not collective; rank 0 has it.
 *
 * Beside the sums by which campaigns are compared there is, for each ion and configuration, what runs that were grown by
 * this configuration brought. It corrects a forecast, which knows the ion's earlier runs only as samples among others: with n of them,
 * h of which did what is asked,
 *     p = (m p_model + h) / (m + n)
 * that is, the forecast counts as m earlier runs (the mean of a beta distribution). */
#ifndef AFB_CAMPAIGN_HARVEST_H
#define AFB_CAMPAIGN_HARVEST_H

#include "campaign/gain.h"
#include "campaign/ledger.h"
#include "core/status.h"
#include "store/store.h"

/* Runs that were grown by one configuration. */
typedef struct {
  int runs, converged;
  int compared, lowered;       /* converged with a lowering that is known; of these at least AFB_USEFUL_LOWERING */
  int led;                     /* it led a level */
} afb_harvest_count;

typedef struct {
  int64_t converged, levels, useful;   /* runs; distinct levels (keys); runs */
  double lowering;             /* hartree: sum of the lowerings that are positive */
} afb_harvest_sum;

typedef struct {
  afb_harvest_sum sum;
  int64_t n, capacity;         /* entries of the ledger that are counted in: the first n */
  afb_gain *gain;              /* [n] */
  afb_gain_levels *lowest;     /* [n] the lowest level of every J^pi block: what the next gain is taken from */
  int n_ions;
  afb_level_keys *known;       /* [n_ions] */
  struct afb_harvest_ion *ion; /* [n_ions] by configuration */
  double repeated[2], other[2];   /* runs whose configuration had led a level before, and runs it led none of: of these with a new level; all */
} afb_harvest;

/* AFB_E_MEMORY. The caller clears, also after a failure. */
afb_status afb_harvest_init(int n_ions, afb_harvest *harvest);
void afb_harvest_clear(afb_harvest *harvest);

/* Counts entry number harvest->n of the ledger in; takes *levels over, which are those of its run. AFB_E_MEMORY. */
afb_status afb_harvest_add(const afb_ledger *ledger, afb_gain_levels *levels, afb_harvest *harvest);
/* The same of all entries, with the levels of the file: what a continued campaign begins with. AFB_E_IO, AFB_E_MEMORY. Cost: reads the table of levels
 * once. */
afb_status afb_harvest_load(afb_store *store, const afb_ledger *ledger, afb_harvest *harvest);

/* Probability that a run of `ion` that is grown by `added` is converged and useful. In: what a model says (campaign/learner.h), NaN: nothing, which
 * counts as even odds. */
double afb_harvest_expect(const afb_harvest *harvest, int ion, int added, double p_converged, double p_lowering, double fresh);

#endif
