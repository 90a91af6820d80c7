/* Counting levels of configurations, and a guess at which of them a run optimises. Not collective. */
#ifndef AFB_CAMPAIGN_LEVELS_H
#define AFB_CAMPAIGN_LEVELS_H

#include <stdint.h>

#include "atomic/configuration.h"
#include "core/status.h"

enum { AFB_LEVELS_TWO_J = 128 };

typedef struct {
  int64_t total;                         /* levels of all J */
  int64_t of_two_j[AFB_LEVELS_TWO_J];    /* levels of each 2J */
  int open_shells, open_electrons;
} afb_level_counts;

/* Levels of each J from the numbers of determinants: D(M = J) - D(M = J+1), over the open shells. 2J above
 * AFB_LEVELS_TWO_J - 1 is left out. Cost: some microseconds. */
void afb_level_counts_of(const afb_configuration *configuration, afb_level_counts *out);

typedef struct {
  const afb_level_counts *counts;
  int parity;
  double energy, width;                  /* its levels of each J lie evenly within energy +- width / 2 */
  double weight;                         /* out: share of the optimised levels, weighted by 2J+1; sum over groups 1 */
  double wanted;                         /* out: number of its levels that are optimised */
} afb_level_group;

/* The lowest `lowest` levels of every J^pi block are optimised. AFB_E_MEMORY. */
afb_status afb_levels_share(int n_groups, afb_level_group *group, int lowest, int *n_blocks, int *n_levels);

#endif
