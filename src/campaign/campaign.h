/* A campaign: runs on the pool of ranks, chosen by a strategy, stored as they come, learnt from while others go on.
 *
 * No barrier between rounds. A round is a training, after which the candidates of the frontier are ranked by the model; the queue is filled
 * from the ranking whenever it is empty. The first ranks, one in eight, train in short steps, between which rank 0 serves the
 * others, who go on with runs from the ranking before (campaign/scheduler.h: work aside). When the new ranking is there, the
 * waiting part of the queue is given back; the runs under way stay under way.
 *
 * What depends on the number of ranks: the order in which runs finish, hence which of them a training has seen, hence what
 * the model chooses afterwards. What does not: the outcome, energy and levels of each run, the candidates, the draws. */
#ifndef AFB_CAMPAIGN_CAMPAIGN_H
#define AFB_CAMPAIGN_CAMPAIGN_H

#include <stdint.h>

#include "campaign/harvest.h"
#include "campaign/learner.h"
#include "campaign/ledger.h"
#include "campaign/scheduler.h"
#include "core/pool.h"
#include "core/status.h"
#include "engine/engine.h"
#include "store/store.h"

typedef struct {
  int64_t runs, converged;     /* of the campaign, earlier starts included */
  double fraction;             /* used of the budget that will end first, 0 ... 1 */
  double fraction_at_start;
  int training;                /* 1: some ranks are training */
  afb_harvest_sum got;
} afb_campaign_progress;

typedef struct {
  int n_ions;
  const afb_ion *ion;
  int max_n, max_l, excited_electrons, max_shift;
  int set_size;
  afb_optimise optimise;
  int n_levels;
  int warm_start;
  const afb_engine *engine;
  int engine_number;           /* in afb_engines */
  afb_strategy strategy;
  const char *list;            /* CSV file of AFB_BY_LIST */
  const char *pretrained;      /* AFB_BY_MODEL: model to begin with (campaign/pretrained.h); NULL: none */
  int batch;
  int64_t budget_runs;         /* 0: no limit */
  double budget_core_seconds, budget_wall_seconds;   /* of runs; since started_at. 0: no limit */
  double budget_cpu_seconds;   /* of rank 0 in this start, for whatever: for comparisons on one rank; 0: no limit */
  uint64_t seed;
  int max_iterations;          /* of one run */
  double max_seconds;
  int64_t max_csf;
  double max_bytes;            /* of memory that one rank may be predicted to need; 0: no limit */
  double started_at;           /* afb_wall_seconds() from which wall time counts */
  const char *stop_file;       /* its appearance ends the campaign in order; it is then removed */
  double warm_bytes;           /* memory for orbitals on rank 0 */
  /* Rank 0, often; NULL: not at all. Must be cheap. */
  void (*progress)(void *context, const afb_campaign_progress *progress);
  void *progress_context;
} afb_campaign_options;

typedef enum {
  AFB_END_RUNS,                /* the budget of runs is used up: done */
  AFB_END_CORE_HOURS,          /* the budget of core-hours is used up: done */
  AFB_END_EXHAUSTED,           /* every set has been run: done */
  AFB_END_WALL_TIME,           /* the deadline came first: can be continued */
  AFB_END_SIGNAL,
  AFB_END_STOP_FILE
} afb_end;
/* Whether the same command would go on where this one ended. */
int afb_end_resumable(afb_end end);

typedef struct {
  afb_end end;
  int signal;
  int64_t runs_before;         /* stored by earlier starts, */
  afb_harvest_sum got_before;  /* and what these had brought */
  afb_schedule_stats schedule; /* of this start */
  double wall;                 /* since started_at, seconds */
  double startup;              /* until the first run could begin, seconds */
  double storing, validating;  /* seconds of wall time, all ranks together in them */
  double core_seconds;         /* of runs stored by this start */
  double failed_core_seconds;  /* of these in runs that did not converge */
  int rounds;
  int has_validation;
  afb_validation validation;
  /* Predictions made before the runs, against what came: of the model's choices and of the drawn ones (rank 0). */
  afb_metrics chosen[AFB_N_TARGETS], drawn[AFB_N_TARGETS];
  afb_ledger ledger;           /* rank 0; elsewhere empty */
  afb_harvest harvest;         /* the same */
  afb_candidates *candidates;  /* of the ledger's ions */
} afb_campaign_result;

/* Collective on pool->comm. The store is open for writing on that communicator. Runs until a budget, a signal, the stop
 * file or the end of the candidates. AFB_E_INPUT (list), AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY; every rank returns
 * the same, and what was committed is in the store. The caller clears *result in every case. */
afb_status afb_campaign_run(const afb_pool *pool, const afb_campaign_options *options, afb_store *store,
                            afb_campaign_result *result);
void afb_campaign_result_clear(afb_campaign_result *result);

#endif
