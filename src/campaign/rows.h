/* A result as rows of the file (store/store.h). Not collective; rank 0 of the store's communicator. */
#ifndef AFB_CAMPAIGN_ROWS_H
#define AFB_CAMPAIGN_ROWS_H

#include "atomic/mcdhf.h"
#include "core/status.h"
#include "store/store.h"

/* Adds a run to the batch of the store. `row` says what the result does not: ion, set, parent, added, engine, strategy,
 * round, ranks, core_seconds, times, predictions, content hash. Outcome, rung, iterations, n_csf, energy, gradient,
 * cpu_seconds, reason, levels, trace and orbitals are the result's. *run is its number (may be NULL).
 * AFB_E_MEMORY: nothing was added. */
afb_status afb_rows_add_result(afb_store *store, const afb_store_run *row, const afb_mcdhf_result *result,
                               int64_t *run);

/* One level as a row; what the store fills is left out. */
void afb_rows_level(const afb_csf_list *csfs, const afb_level *level, afb_store_level *row);

/* Orbitals of a stored run; n_orbitals 0 when it has none. The caller clears. AFB_E_IO, AFB_E_MEMORY, AFB_E_FOREIGN. */
afb_status afb_rows_read_orbitals(afb_store *store, int64_t run, afb_orbitals *out);

#endif
