/* Runs that are planned, in the order in which they are to be handed out. Not collective; rank 0. */
#ifndef AFB_CAMPAIGN_QUEUE_H
#define AFB_CAMPAIGN_QUEUE_H

#include "campaign/ledger.h"
#include "core/status.h"
#include "engine/engine.h"

typedef struct {
  afb_edge edge;
  afb_strategy strategy;
  int round;
  afb_engine_cost estimate;    /* the engine's */
  double seconds;              /* core-seconds, corrected (campaign/costs.h), */
  double bound;                /* and what the run hardly exceeds */
  int ranks;                   /* that it needs for its memory */
  double probability, probability_cheapest;   /* NaN: no model was asked */
} afb_planned;

typedef struct {
  int64_t first, n, capacity;  /* item[first ... n-1] wait */
  afb_planned *item;
} afb_queue;

void afb_queue_clear(afb_queue *queue);
static inline int64_t afb_queue_length(const afb_queue *queue) { return queue->n - queue->first; }
/* Behind the others. AFB_E_MEMORY. */
afb_status afb_queue_push(afb_queue *queue, const afb_planned *planned);
/* Before the others. AFB_E_MEMORY. */
afb_status afb_queue_push_front(afb_queue *queue, const afb_planned *planned);
/* Takes the first one that is predicted to take at most `longest` seconds and whose bound is at most `bound`; one that needs several ranks
 * only when `longest` is infinite, for otherwise ranks are alone. Returns 0 when there is none; *too_long then says whether any was left out for its bound. */
int afb_queue_take(afb_queue *queue, double longest, double bound, afb_planned *planned, int *too_long);

#endif
