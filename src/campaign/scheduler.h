/* Runs on a pool of ranks.
 *
 * Rank 0 owns the queue and, on fewer than AFB_ONLY_SERVES_FROM ranks (campaign/loads.h), computes as well. It keeps every rank a little ahead: at least one run waits behind the one
 * in progress, and more when the runs are short against the time between two moments in which rank 0 looks at its
 * messages. It looks between its own runs and, through the request's poll hook, at every iteration within them. A run
 * on 2, 4 ... ranks goes to every rank of a group, in one order everywhere, so that groups cannot wait for each other.
 *
 * "Aside" is work of the first ranks (training), in steps between which they serve messages, while all others go on with
 * runs. It is issued like a run on a group, so that it cannot wait for one, and one at a time.
 *
 * "Together" is work that needs all ranks (folding the journal). Each rank announces that it is ready between
 * two runs, and until all have, it goes on with runs that are predicted to be over by then: nobody waits for the
 * longest run with empty hands, and the wait that remains is that of one short run.
 *
 * A run that fails is a result. An engine's status is turned into an outcome here: AFB_E_MEMORY and AFB_E_LIMIT into
 * AFB_OUTCOME_RESOURCE_LIMIT, all others into AFB_OUTCOME_INFEASIBLE, with the message as the reason; a "converged"
 * run whose energy is not finite into AFB_OUTCOME_NOT_FINITE. */
#ifndef AFB_CAMPAIGN_SCHEDULER_H
#define AFB_CAMPAIGN_SCHEDULER_H

#include <stdint.h>

#include "atomic/mcdhf.h"
#include "core/pool.h"
#include "core/status.h"
#include "engine/engine.h"

#define AFB_LOOK_INTERVAL 0.003   /* seconds between looks at messages within a run, at least */

typedef struct {
  int64_t id;                   /* the caller's, >= 0 */
  int ranks;                    /* a power of two; the next smaller group is taken where there is none */
  double seconds;               /* predicted wall time of the run */
  afb_mcdhf_request request;    /* copied before the next call of any hook, with what it points at */
} afb_task;

typedef enum {
  AFB_NEXT_TASK,                /* *task is to be run */
  AFB_NEXT_WAIT,                /* nothing at present; ends the schedule when no run is under way */
  AFB_NEXT_TOGETHER,            /* call `together` on all ranks as soon as they can */
  AFB_NEXT_ASIDE,               /* call `aside` on its ranks; task->seconds is what it is predicted to take. Not asked for twice
                                   before it has returned */
  AFB_NEXT_STOP                 /* as `check` returning AFB_CHECK_STOP */
} afb_next;

typedef enum {
  AFB_CHECK_GO,
  AFB_CHECK_STOP,               /* finish what is running, give the rest back unstarted */
  AFB_CHECK_ABANDON             /* end what is running too (single-rank runs, through their poll hook) */
} afb_check;

typedef struct {
  int64_t id;
  int ranks, rank;              /* size of the group, its first rank */
  double seconds;               /* wall time within the engine, service excluded */
  double bytes;                 /* of memory at its peak, on the rank that needed most; NaN: unknown */
  int abandoned;                /* ended on AFB_CHECK_ABANDON: says nothing about the calculation */
} afb_run_report;

/* All hooks but `together` and `aside` are called on rank 0 only. None may call the scheduler. */
typedef struct {
  void *context;
  /* At most `longest` predicted seconds. */
  afb_next (*next)(void *context, double longest, afb_task *task);
  /* A finished run. The hook may take parts of *result (and then empty them); the scheduler clears the rest. A status
   * other than AFB_OK ends the schedule with it. */
  afb_status (*done)(void *context, const afb_run_report *report, afb_mcdhf_result *result);
  /* A task that was given back unstarted. */
  void (*dropped)(void *context, int64_t id);
  /* Called often (at least every iteration of a run on rank 0): signals, deadlines, progress. Cheap. */
  afb_check (*check)(void *context);
  /* Collective on pool->comm. */
  afb_status (*together)(void *context);
  /* Collective on the group of the first `aside_ranks` ranks (core/pool.h). Calls poll(poll_context) on each of them some tens of times a
   * second: it never waits, but may call the hooks above; it returns 1 when the work is to be given up, which only rank 0's answer
   * decides. Not called for work that a stop overtook. */
  afb_status (*aside)(void *context, int (*poll)(void *), void *poll_context);
  int aside_ranks;              /* a power of two for which rank 0 has a group; 0: no such work */
} afb_work;

/* Sums over ranks, seconds. wall = run + service + storing + aside + idle. */
typedef struct {
  int ranks;
  int64_t runs;
  double wall, run, service;
  double storing;               /* what hooks count as such (core/account.h), and `together`, */
  double together;              /* of it */
  double aside, idle;
  double longest_idle;          /* of the rank with most of it */
  double own_failed;            /* of this rank alone: of its run, in runs that did not converge */
} afb_schedule_stats;

/* Time is accounted for (core/account.h) as run, service, training (aside), storing (together), idle, and as drain from this rank's last work on; at the
 * return all ranks are in drain.
 *
 * Collective on pool->comm. Returns when `next` says stop or has nothing more, with every run reported or given back. The
 * statistics (of this call) are the same on every rank but for own_failed. AFB_E_MEMORY, or what a hook returned; every rank returns the same.
 * Cost: one message to and one from each run's rank, and on rank 0 a time that grows as the logarithm of the number of ranks (with that number
 * itself for a run on a group); a millisecond at the end. */
afb_status afb_schedule(const afb_pool *pool, const afb_engine *engine, const afb_work *work, afb_schedule_stats *stats);

#endif
