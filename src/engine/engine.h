/* "Evaluate one request": what the campaign knows of an engine. Engines are listed in engine/list.c. */
#ifndef AFB_ENGINE_ENGINE_H
#define AFB_ENGINE_ENGINE_H

#include <mpi.h>

#include "atomic/mcdhf.h"
#include "core/status.h"

typedef struct {
  const char *name;             /* "mcdhf" */
  const char *description;
  const char *reference;        /* of the method */
  /* Collective on comm. As afb_mcdhf_run: a run that fails is AFB_OK with an outcome. */
  afb_status (*run)(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result);
  /* What a run needs on this machine is there; otherwise AFB_E_INPUT with what to do. NULL: it needs nothing. Not collective. */
  afb_status (*check)(void);
  /* Predicted core-seconds of a request, from its input alone. Not collective; cheap (well below a millisecond). */
  double (*cost)(const afb_mcdhf_request *request);
} afb_engine;

/* NULL-terminated. */
extern const afb_engine *const afb_engines[];
/* NULL when there is no engine of that name. */
const afb_engine *afb_engine_find(const char *name);

#endif
