/* Inside of a campaign: what campaign.c (the hooks of the scheduler), planning.c (what to run) and rounds.c (training and ranking)
 * share. */
#ifndef AFB_CAMPAIGN_STATE_H
#define AFB_CAMPAIGN_STATE_H

#include "campaign/campaign.h"
#include "campaign/costs.h"
#include "campaign/queue.h"
#include "campaign/warm.h"

typedef struct {
  int used;
  afb_planned planned;
  int64_t ancestor;            /* entry that it starts from; -1 */
  double begun;                /* afb_store_time */
  int shortened;               /* its time limit was cut to meet the deadline */
  uint64_t content_hash;
} afb_under_way;

typedef struct {
  const afb_pool *pool;
  const afb_campaign_options *options;
  afb_store *store;
  afb_campaign_result *result;
  afb_ledger *ledger;          /* the result's */
  afb_learner *learner;        /* NULL unless the strategy is the model */
  int round;                   /* of the next ranking */
  /* rank 0 */
  afb_costs costs;
  afb_warm *warm;
  afb_queue queue;
  int n_slots, n_under_way;
  afb_under_way *slot;
  double under_way_seconds;    /* predicted core-seconds of what is under way */
  int64_t runs, converged;     /* stored, earlier starts included; imported ones are none */
  double core_seconds;         /* of these */
  int64_t uncommitted;         /* of these, not yet durable */
  int64_t new_labels;          /* since the last training */
  int64_t labels_at_model;     /* when the model was last stored */
  int asked_together, ranked_nothing, roots_done;
  int n_listed, next_listed;
  afb_edge *listed;            /* of AFB_BY_LIST */
  int ended;
  double ended_at, committed_at, commit_seconds, stop_file_at, fraction_at_start;
  double deadline;             /* afb_wall_seconds() by which runs have to be over; INFINITY: none */
  double grace;                /* seconds that runs may go on after it */
  double last_training;        /* seconds */
} afb_campaign_state;

/* The request of a set; `configuration` [AFB_MAX_SET] is filled and pointed at. */
void afb_plan_request(const afb_campaign_state *state, int ion, const afb_node *node, afb_configuration *configuration,
                      afb_mcdhf_request *request);
/* Claims a node and queues it, with its predicted cost. A node that is not free is passed over. AFB_E_MEMORY. */
afb_status afb_plan_push(afb_campaign_state *state, const afb_edge *edge, afb_strategy strategy, double probability,
                         double probability_cheapest);
/* Gives back what waits in the queue. */
void afb_plan_give_back(afb_campaign_state *state);
/* Fills what the run of planned->edge is predicted to take: estimate, seconds, bound, ranks. */
void afb_plan_cost(const afb_campaign_state *state, afb_planned *planned);
/* Whether every ion's ground configuration has been run: before that there is nothing to rank. */
int afb_plan_roots_done(afb_campaign_state *state);
/* Queues up to a batch by every strategy but the model (for which it seeds). AFB_E_MEMORY. */
afb_status afb_plan_more(afb_campaign_state *state);
/* Reads the list of AFB_BY_LIST. AFB_E_INPUT and what campaign/run_table.h returns. */
afb_status afb_plan_read_list(afb_campaign_state *state);

/* Collective. Training, ranking, and the fold of the journal if it is due. */
afb_status afb_round_together(afb_campaign_state *state);
/* Collective. The last training and the validation, stored. */
afb_status afb_round_finish(afb_campaign_state *state);
/* Collective. Hands stored outcomes to the learner and takes the last stored model up. */
afb_status afb_round_resume(afb_campaign_state *state);
/* Rank 0: one more labelled set for the learner, if its outcome says anything. `from` is the list of `parent`. */
afb_status afb_round_teach(afb_campaign_state *state, const afb_entry *entry, const afb_entry *from);

#endif
