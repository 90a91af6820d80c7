/* Between the result file and tables of comma-separated values (campaign/run_table.h). Not collective: rank 0. */
#ifndef AFB_CAMPAIGN_TRANSFER_H
#define AFB_CAMPAIGN_TRANSFER_H

#include <stdio.h>

#include "campaign/run_table.h"
#include "core/status.h"
#include "store/store.h"

/* One row a run, in the order in which they were stored. AFB_E_IO, AFB_E_MEMORY, AFB_E_FOREIGN. */
afb_status afb_export_runs(afb_store *store, FILE *out, int64_t *n);
/* The levels of the runs that converged. */
afb_status afb_export_levels(afb_store *store, FILE *out, int64_t *n);

/* Adds the rows as runs of strategy "import", of another program's engine, and commits. A row whose parent set was run from the
 * start potential in the same table refers to that run; other parents are stored as sets without a run, so that such a
 * row counts as a cold start. *n_orphans counts those. AFB_E_IO, AFB_E_MEMORY, AFB_E_LIMIT. */
afb_status afb_import_runs(afb_store *store, const afb_run_table *table, int64_t *n_orphans);

#endif
