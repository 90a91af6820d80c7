#include "engine/mcdhf.h"

#include <math.h>
#include <stdio.h>

#include "engine/cost.h"

static void cost(const afb_mcdhf_request *request, afb_engine_cost *out)
{
  afb_work work;
  afb_work_count(request, &work);
  afb_cost_predict(&afb_cost_fitted, &work, out);
}

static afb_status run(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  afb_engine_cost predicted;
  int ranks;
  MPI_Comm_size(comm, &ranks);
  cost(request, &predicted);
  double bytes = afb_engine_cost_bytes(&predicted, ranks);
  if (!(request->max_bytes > 0.0) || bytes <= request->max_bytes)
    return afb_mcdhf_run(comm, request, result);
  *result = (afb_mcdhf_result){.outcome = AFB_OUTCOME_RESOURCE_LIMIT, .energy = NAN, .gradient = NAN};
  snprintf(result->reason, sizeof result->reason, "needs about %.3g GB on %s%d rank%s, more than limits.memory = %.3g GB: raise it%s",
           1e-9 * bytes, ranks > 1 ? "each of " : "", ranks, ranks > 1 ? "s" : "", 1e-9 * request->max_bytes,
           predicted.spread_bytes > predicted.bytes ? ", or take more ranks" : "");
  return AFB_OK;
}

const afb_engine afb_engine_mcdhf = {
  .name = "mcdhf",
  .description = "multiconfiguration Dirac-Hartree-Fock in B-splines, part of this program",
  .reference = "Grant, Relativistic Quantum Theory of Atoms and Molecules (2007); "
               "Froese Fischer and Zatsarinny, Comput. Phys. Commun. 180, 879 (2009)",
  .run = run,
  .cost = cost,
};
