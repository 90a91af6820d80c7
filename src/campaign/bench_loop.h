/* Does the model pay? Campaigns that differ in their strategy and seed alone, at equal core-seconds.
 *
 * Each campaign runs on one rank, from a new file, and ends when its process has used up the budget of CPU seconds: runs, training, ranking, the queue and
 * storing, whatever it spends them on. Nothing is idle so, and other work on the machine does not count. The validation at the end is no part of it. The
 * ranks of the communicator share the campaigns. */
#ifndef AFB_CAMPAIGN_BENCH_LOOP_H
#define AFB_CAMPAIGN_BENCH_LOOP_H

#include <mpi.h>

#include "campaign/campaign.h"
#include "core/status.h"

enum { AFB_LOOP_STRATEGIES = 3, AFB_LOOP_SEEDS = 5, AFB_LOOP_POINTS = 40 };
typedef enum {
  AFB_LOOP_RUNS, AFB_LOOP_CONVERGED, AFB_LOOP_LEVELS, AFB_LOOP_USEFUL, AFB_LOOP_LOWERING, AFB_LOOP_N_MEASURES   /* campaign/harvest.h */
} afb_loop_measure;

typedef struct {
  double core_seconds;         /* of each campaign */
  afb_strategy strategy[AFB_LOOP_STRATEGIES];   /* the model first */
  /* Got by (k + 1) / AFB_LOOP_POINTS of the core-seconds. */
  double value[AFB_LOOP_STRATEGIES][AFB_LOOP_SEEDS][AFB_LOOP_POINTS][AFB_LOOP_N_MEASURES];
  double model_share[AFB_LOOP_STRATEGIES][AFB_LOOP_SEEDS];   /* of the core-seconds, in training and ranking */
} afb_loop;

/* Collective on comm. Seeds are options->seed and the following numbers; the budget is options->budget_cpu_seconds. Writes files PREFIX-N.h5 and
 * removes them. show (on the rank that ran it; may be NULL) is called after each campaign. Every rank gets the result. The statuses of
 * afb_campaign_run. */
afb_status afb_bench_loop(MPI_Comm comm, const afb_campaign_options *options, const char *prefix,
                          void (*show)(const afb_loop *loop, int strategy, int seed), afb_loop *out);

/* A mean over seeds with the half width of its 95 % interval (Student's t). */
typedef struct {
  double mean, half;
} afb_loop_mean;
afb_loop_mean afb_loop_mean_of(const double value[AFB_LOOP_SEEDS]);

/* The model's measure over that of the best of the others, at the end: the geometric mean over seeds of the ratios at equal seed, and its 95 %
 * interval (Student's t of the logarithms). */
typedef struct {
  int best;                    /* strategy */
  double ratio, low, high;
} afb_loop_lead;
afb_loop_lead afb_loop_lead_in(const afb_loop *loop, afb_loop_measure measure);

#endif
