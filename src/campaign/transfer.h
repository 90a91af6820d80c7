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

typedef struct {
  int64_t n_added, n_known;    /* rows stored now; rows that the file held already */
  int64_t n_orphans;           /* of the added ones, those whose parent did not converge in the table: they count as cold */
} afb_import_counts;

/* Adds the rows as runs of strategy "import", of another program's engine, and commits. The parent of a row is the run of its
 * parent set in the table, if that converged. Who gives the same rows again adds nothing. AFB_E_IO, AFB_E_MEMORY,
 * AFB_E_LIMIT. Cost: a few hash look-ups a row. */
afb_status afb_import_runs(afb_store *store, const afb_run_table *table, afb_import_counts *counts);

#endif
