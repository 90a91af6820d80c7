/* How much work each rank has ahead of it, and which rank gets the next run. Not collective. */
#ifndef AFB_CAMPAIGN_LOADS_H
#define AFB_CAMPAIGN_LOADS_H

#include "core/status.h"

enum {
  AFB_MOST_AHEAD = 16,               /* runs that a rank may hold */
  /* On so many ranks rank 0 does not compute: a thousandth of the work, while all others may wait for a long run of its own (docs/simulation.md). */
  AFB_ONLY_SERVES_FROM = 1024,
  AFB_FEED_AFTER = 16                /* results after which runs are handed out, before more results are taken in */
};

typedef struct {
  int n, first;                      /* ranks before `first` are given no runs of their own */
  int *held;                         /* [n] runs issued to a rank and not reported, */
  double *load;                      /* [n] their predicted seconds */
  /* Two heaps of ranks, the least loaded at the top: of those that hold fewer than two runs, and of those that may hold more. */
  int size[2];
  int *heap[2];                      /* [n] */
  int *place;                        /* [n] in its heap; -1: in none */
} afb_loads;

/* n ranks without work. AFB_E_MEMORY; the caller clears in any case. */
afb_status afb_loads_init(afb_loads *loads, int n, int first);
void afb_loads_clear(afb_loads *loads);

/* A run of so many predicted seconds was issued to the rank, or reported by it. Cost: log n. */
void afb_loads_add(afb_loads *loads, int rank, double seconds);
void afb_loads_remove(afb_loads *loads, int rank, double seconds);

/* The least loaded of the ranks that should get more, the last of several; -1: none. A rank should hold two runs at least, and work for four times the time
 * that whoever hands it out may be away (`gap`, seconds), but for 0.1 s at least and 2 s at most. Cost: none. */
int afb_loads_hungriest(const afb_loads *loads, double gap);

#endif
