/* A discrete-event simulation of the scheduler (campaign/scheduler.h), for numbers of ranks that are not at hand. Not collective.
 *
 * What is simulated: whoever hands out runs looks at its messages when it has nothing to do, between two runs of its own and, within them, at iterations
 * that are at least `poll` apart; at a look it takes in every result that is there, each for the time that this takes, and then hands out runs by the rule
 * of campaign/loads.h. Orders and results travel for a latency and by their bytes. A rank works its orders off in their order. Folds of the journal
 * stop all ranks for the time of writing the file. Not simulated: training (which has its share of the time by the campaign's rule), runs on
 * several ranks, and the start of the processes.
 *
 * Deterministic for a seed. */
#ifndef AFB_CAMPAIGN_SIMULATE_H
#define AFB_CAMPAIGN_SIMULATE_H

#include <stdint.h>

#include "core/status.h"

typedef enum {
  AFB_LAYOUT_SHARED,            /* rank 0 hands out and computes as well: the program on fewer than AFB_ONLY_SERVES_FROM ranks */
  AFB_LAYOUT_DEDICATED,         /* rank 0 does not compute: the program on more */
  /* One rank in `per_leader` hands out to the others of its node, and computes as well. It gets runs from a rank 0 that does not, and passes
   * results on to it, in batches. With one node only: as SHARED. */
  AFB_LAYOUT_LEADERS,
  AFB_LAYOUT_KEEPERS,           /* and such leaders store the results; rank 0 gets of them what planning needs */
  AFB_N_LAYOUTS
} afb_layout;
const char *afb_layout_name(afb_layout layout);

/* Seconds, and bytes, of one run or one message. */
typedef struct {
  double send, receive;                   /* of a message, on the rank that does it */
  double pack_order, unpack_order, pack_result, unpack_result;
  double plan;                            /* on rank 0: choosing what to run next, and what a result changes in that choice */
  double store;                           /* of a result, its part of commits included */
  double latency, byte;                   /* on its way: a message, and each of its bytes */
  double order_bytes, result_bytes;
  double rest;                            /* between looks of a rank with nothing to do */
  double poll;                            /* between looks within a run, at least */
  int polls;                              /* iterations of a run */
  double file_bytes;                      /* by which a run lets the file grow */
  double file_bandwidth;                  /* bytes a second of folds; 0: no folds */
} afb_service;

/* How long runs take: a log-normal distribution without what lies beyond its cut, or a given list. */
typedef struct {
  double mean;                            /* seconds */
  double deviation;                       /* of ln seconds; 0: all runs take the mean */
  double cut;                             /* the longest, in means; at least 2 unless deviation is 0 */
  double error;                           /* deviation of ln (predicted / actual) */
  int64_t n;                              /* list of seconds, scaled to the mean, from which is drawn; 0: log-normal */
  const double *seconds;
} afb_lengths;

/* The 20,000 sets of docs/lithium-silver.md: median 0.076 s, mean 0.270 s, the longest 42 means. */
#define AFB_LENGTHS_MEASURED {.mean = 0.27, .deviation = 1.6, .cut = 42.0, .error = 0.75}

/* The run of a number takes so many seconds, and is predicted to take *predicted: by lengths, seed and number alone. */
typedef struct {
  const afb_lengths *lengths;
  uint64_t seed;
  double mu, scale;             /* of the log-normal; of the list */
} afb_length_source;
afb_length_source afb_lengths_source(const afb_lengths *lengths, uint64_t seed);
double afb_lengths_of(const afb_length_source *source, int64_t run, double *predicted);

typedef struct {
  afb_layout layout;
  int ranks, per_leader;
  int64_t runs;
  uint64_t seed;
  afb_service service;
  afb_lengths lengths;
} afb_simulation;

typedef struct {
  int64_t orders, results;      /* runs that were handed out, and whose results came back to where they are kept */
  int64_t messages;             /* that rank 0 sent and received */
  double run, longest;          /* seconds of all runs, and of the longest */
  double wall, folding;         /* seconds until the last result is kept, and in all the folds among them */
  double whole;                 /* run / (ranks wall) */
  double steady;                /* the same between the moments when a third and all of the runs were handed out */
  double busy;                  /* part of the time without folds in which rank 0 serves */
} afb_simulated;

/* AFB_E_MEMORY; AFB_E_INPUT where there are no ranks or no runs. Cost: some microseconds a run, 80 bytes a run and 200 a rank. */
afb_status afb_simulate(const afb_simulation *simulation, afb_simulated *out);

#endif
