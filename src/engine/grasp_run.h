/* What a run of GRASP2018's rmcdhf left in its directory. Not collective. */
#ifndef AFB_ENGINE_GRASP_RUN_H
#define AFB_ENGINE_GRASP_RUN_H

#include "atomic/mcdhf.h"
#include "core/status.h"
#include "engine/process.h"

/* Levels of a block of n_csf that the request optimises. */
int afb_grasp_levels(const afb_mcdhf_request *request, int n_csf);

/* Reads rmcdhf.screen, rmix.out and rwfn.out of a run that ended as `end`, `number` (engine/process.h) into *result, whose csfs are there.
 *
 * rmcdhf's exit status is 0 after its last iteration, converged or not, and with numbers that are not finite; rwfn.out and rmix.out are
 * written in every iteration and prove nothing. CONVERGED takes: "Execution complete" with exit status 0, no word of the limit of
 * iterations or of a failed orbital, files that are whole and fit the list of CSFs, energies that are those last printed, and orbitals that
 * are bound and, above an occupation of 0.05, have their nodes (GRASP overlooks nodes below 5 % of the maximum, this counts at 1 %).
 * Otherwise MAX_ITERATIONS, ORBITAL_COLLAPSE (an orbital's equation unsolved, wrong nodes), UNBOUND, NOT_FINITE, RESOURCE_LIMIT
 * (time, stopped, killed), ENGINE_FAILED (nothing of all that), with the reason. Levels and orbitals are given when files and screen
 * agree. AFB_E_MEMORY. */
afb_status afb_grasp_read_run(const char *directory, const afb_mcdhf_request *request, afb_process_end end, int number,
                              afb_mcdhf_result *result);

#endif
