/* What the model says of the candidates, and the choice among them by it, while others run. */
#ifndef AFB_CAMPAIGN_RANKING_H
#define AFB_CAMPAIGN_RANKING_H

#include "campaign/state.h"

/* Not collective. A set as the learner wants it; it points at `node`, `start` and the ledger's candidates. */
afb_sample afb_ranking_sample(const afb_campaign_state *state, int ion, const afb_node *node, int added, const afb_node *start);

/* Collective on the trainers. Predicts the candidates of the frontier, or a draw from it, with poll(poll_context) in between; then
 * gives back what waits in the queue and replaces state->ranking (rank 0). AFB_E_MEMORY and the statuses of afb_learner_predict. */
afb_status afb_rank_candidates(afb_campaign_state *state, int (*poll)(void *), void *poll_context);
/* Rank 0. Queues a batch of the ranked candidates that are free, none when there are none left. What the ranking says of a candidate was
 * predicted once; what its run costs and what its ion has got is taken as it is known by now. AFB_E_MEMORY. */
afb_status afb_rank_more(afb_campaign_state *state);

#endif
