/* What scheduling costs: tasks that compute nothing, by the scheduler alone and in whole campaigns that store their results. */
#ifndef AFB_CAMPAIGN_BENCH_SCHEDULE_H
#define AFB_CAMPAIGN_BENCH_SCHEDULE_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

typedef struct {
  int ranks;
  int64_t tasks;
  double seconds;              /* length of a task */
  double wall;                 /* of all of them, s; of a campaign from before its file is opened until it is closed */
  double schedule;             /* of it, within the scheduler */
} afb_bench_tasks;

/* Collective on comm; *out is the same on all ranks. So many empty tasks by the scheduler (campaign/scheduler.h), each with a request of two configurations
 * and a result without orbitals. AFB_E_MEMORY. */
afb_status afb_bench_empty_tasks(MPI_Comm comm, int64_t tasks, afb_bench_tasks *out);

/* Collective on comm, as above. A campaign of so many runs, each of which takes `seconds` (it sleeps, but for the last fifth of a millisecond): ledger, queue,
 * records, commits to `path`, which must not exist and is removed. AFB_E_IO, AFB_E_MEMORY, AFB_E_LIMIT: more tasks than there are sets. */
afb_status afb_bench_campaign_tasks(MPI_Comm comm, const char *path, int64_t tasks, double seconds, afb_bench_tasks *out);

#endif
