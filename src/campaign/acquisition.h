/* Which candidates to run next. Not collective; deterministic.
 *
 * A candidate's worth is the number of useful runs (campaign/gain.h) that it is expected to give per core-second, with a bonus for what
 * the model is unsure of:  worth = (p + exploration * spread) / (cost + overhead),  the overhead being what a run
 * costs beside its own time. A batch is chosen one by one, the best first; each choice multiplies the worth of the
 * candidates of its ion, and of those that add the same configuration to this ion, by a factor below 1: what the first of them brings, the others
 * do not bring again. A small part of every batch is drawn uniformly from all candidates before that: without
 * it nothing could be said about what the model is worth. */
#ifndef AFB_CAMPAIGN_ACQUISITION_H
#define AFB_CAMPAIGN_ACQUISITION_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  int ion, growth;             /* what diversity counts: the ion, and the ion with the configuration added; small numbers >= 0, or -1: shared with nobody */
  double probability;          /* of a useful run */
  double spread;               /* standard deviation of it, 0: unknown */
  double cost;                 /* predicted core-seconds */
} afb_prospect;

typedef struct {
  double exploration;          /* 0.5 */
  double overhead;             /* core-seconds, > 0 */
  double same_ion, same_growth;   /* factors in (0, 1] */
  double random_fraction;      /* of a batch, 0 ... 1 */
  uint64_t seed, round;        /* of the random part: counter-based */
} afb_acquisition;

void afb_acquisition_default(afb_acquisition *options);

/* Of one candidate, without regard to others. */
double afb_acquisition_worth(const afb_acquisition *options, const afb_prospect *prospect);

typedef struct {
  int64_t prospect;            /* index */
  int random;                  /* 1: drawn, 0: chosen by its worth */
  double score;                /* worth when it was chosen, diversity included; NaN when drawn */
} afb_choice;

/* Chooses min(n, wanted) of n prospects into choice[wanted]; *n_chosen says how many. Random ones stand evenly among the
 * others, so that both kinds meet the same machine. Ties go to the lower index: give prospects in an order that does
 * not depend on chance. AFB_E_MEMORY. Cost: n log n + a few n for each distinct (ion, growth) that repeats. */
afb_status afb_acquire(const afb_acquisition *options, int64_t n, const afb_prospect *prospect, int wanted,
                       afb_choice *choice, int *n_chosen);

#endif
