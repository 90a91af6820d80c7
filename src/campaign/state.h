/* Inside of a campaign: what campaign.c (the hooks of the scheduler), planning.c (what to run) and rounds.c (training and ranking)
 * share. */
#ifndef AFB_CAMPAIGN_STATE_H
#define AFB_CAMPAIGN_STATE_H

#include "campaign/campaign.h"
#include "campaign/costs.h"
#include "campaign/queue.h"
#include "campaign/warm.h"

typedef struct {
  int next_free;               /* slot, of one that is free; -1: the last */
  afb_planned planned;
  int64_t ancestor;            /* entry that it starts from; -1 */
  double begun;                /* afb_store_time */
  int shortened;               /* its time limit was cut to meet the deadline */
  uint64_t content_hash;
} afb_under_way;

/* Candidates and what the model said of them. */
typedef struct {
  int round, refills;          /* when it was made; how often the queue was filled from it */
  int made, used_up;           /* there is one; nothing in it is free any more */
  int64_t runs;                /* stored when the candidates were gathered */
  int64_t n;
  afb_edge *edge;
  afb_forecast *forecast;      /* [n] */
  double *estimate;            /* [n] core-seconds, from the input alone */
} afb_ranking;
void afb_ranking_clear(afb_ranking *ranking);

typedef struct {
  const afb_pool *pool;
  const afb_campaign_options *options;
  afb_store *store;
  afb_campaign_result *result;
  afb_ledger *ledger;          /* the result's, */
  afb_harvest *harvest;        /* too */
  MPI_Comm trainers;           /* the first ranks, who train and rank; elsewhere MPI_COMM_NULL */
  int n_trainers;
  afb_learner *learner;        /* on these; NULL unless the strategy is the model */
  int round;                   /* of the next ranking */
  /* rank 0 */
  afb_costs costs;
  afb_warm *warm;
  afb_queue queue;
  int n_slots, free_slot, n_under_way;   /* the first free slot; -1 when there is none */
  afb_under_way *slot;
  double under_way_seconds;    /* predicted core-seconds of what is under way */
  int64_t runs, converged;     /* stored, earlier starts included; imported ones are none */
  double core_seconds;         /* of these */
  int64_t uncommitted;         /* of these, not yet durable */
  int64_t new_labels;          /* since the last training */
  int64_t labels, labels_at_model;   /* that a model can learn from; when the model was last stored */
  afb_ranking ranking;
  int asked_together, asked_aside, roots_done;
  int n_listed, next_listed;
  afb_edge *listed;            /* of AFB_BY_LIST */
  int ended;
  double ended_at, committed_at, commit_seconds, stop_file_at, fraction_at_start;
  double cpu_at_start;         /* afb_cpu_seconds */
  double deadline;             /* afb_wall_seconds() by which runs have to be over; INFINITY: none */
  double grace;                /* seconds that runs may go on after it */
  double modelling;            /* seconds of wall time that the trainers spent training and ranking, */
  double ranking_seconds;      /* and ranking for the last time */
} afb_campaign_state;

/* The request of a set; `configuration` [AFB_MAX_SET] is filled and pointed at. */
void afb_plan_request(const afb_campaign_state *state, int ion, const afb_node *node, afb_configuration *configuration,
                      afb_mcdhf_request *request);
/* Claims a node and queues it, with its predicted cost. A node that is not free is passed over. AFB_E_MEMORY. */
afb_status afb_plan_push(afb_campaign_state *state, const afb_edge *edge, afb_strategy strategy, double probability,
                         double probability_cheapest);
/* Gives back what waits in the queue. */
void afb_plan_give_back(afb_campaign_state *state);
/* Core-seconds of a run, by the engine's estimate from the input alone. */
double afb_plan_estimate(const afb_campaign_state *state, const afb_edge *edge);
/* Fills what the run of planned->edge is predicted to take: estimate, seconds, bound, ranks. */
void afb_plan_cost(const afb_campaign_state *state, afb_planned *planned);
/* Whether every ion's ground configuration has been run: before that there is nothing to rank. */
int afb_plan_roots_done(afb_campaign_state *state);
/* Queues up to a batch by every strategy but the model (for which it seeds). AFB_E_MEMORY. */
afb_status afb_plan_more(afb_campaign_state *state);
/* Reads the list of AFB_BY_LIST. AFB_E_INPUT and what campaign/run_table.h returns. */
afb_status afb_plan_read_list(afb_campaign_state *state);

/* Collective. The fold of the journal. */
afb_status afb_round_together(afb_campaign_state *state);
/* Rank 0: whether the model is to be trained, or candidates to be ranked, now. */
int afb_round_due(const afb_campaign_state *state);
double afb_round_seconds(const afb_campaign_state *state);   /* that it is predicted to take */
/* Collective on the trainers. Training and ranking; poll as in campaign/scheduler.h. */
afb_status afb_round_aside(afb_campaign_state *state, int (*poll)(void *), void *poll_context);
/* Collective. Stores the model as it is, and the validation. */
afb_status afb_round_finish(afb_campaign_state *state);
/* Collective on the trainers. Hands stored outcomes to the learner and takes the last stored model up. */
afb_status afb_round_resume(afb_campaign_state *state);
/* Rank 0: one more labelled set for the learner, if its outcome says anything. */
afb_status afb_round_teach(afb_campaign_state *state, int64_t entry);

#endif
