/* "Evaluate one request": what the campaign knows of an engine. Engines are listed in engine/list.c. */
#ifndef AFB_ENGINE_ENGINE_H
#define AFB_ENGINE_ENGINE_H

#include <mpi.h>

#include "atomic/mcdhf.h"
#include "core/status.h"

/* What a request is predicted to take. NaN: the engine cannot say. */
typedef struct {
  double core_seconds;   /* within a factor of two of which most such runs lie */
  double bytes;          /* of memory on each rank, beyond what the idle program holds, */
  double spread_bytes;   /* and of memory that is spread over the ranks of the run */
} afb_engine_cost;

/* On the rank that needs most, of so many. */
static inline double afb_engine_cost_bytes(const afb_engine_cost *cost, int ranks)
{
  return cost->bytes + cost->spread_bytes / ranks;
}

typedef struct {
  const char *name;             /* "mcdhf" */
  const char *description;
  const char *reference;        /* of the method */
  /* Collective on comm. As afb_mcdhf_run: a run that fails is AFB_OK with an outcome. A request that is predicted to exceed its
   * max_bytes on the ranks of comm is not begun: AFB_OUTCOME_RESOURCE_LIMIT. */
  afb_status (*run)(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result);
  /* What a run needs on this machine is there; otherwise AFB_E_INPUT with what to do. NULL: it needs nothing. Not collective. */
  afb_status (*check)(void);
  /* Collective on comm: before the first run, and behind the last where it was AFB_OK, by callers who make many: what the runs of a node
   * share. NULL: nothing. AFB_E_INPUT, AFB_E_IO, AFB_E_MEMORY. */
  afb_status (*begin)(MPI_Comm comm);
  void (*end)(MPI_Comm comm);
  /* From the request alone. Not collective; cheap (well below a millisecond for up to ten configurations). */
  void (*cost)(const afb_mcdhf_request *request, afb_engine_cost *cost);
} afb_engine;

/* NULL-terminated. */
extern const afb_engine *const afb_engines[];
/* NULL when there is no engine of that name. */
const afb_engine *afb_engine_find(const char *name);

#endif
