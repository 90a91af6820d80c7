/* Between the result file and tables of runs and levels (campaign/run_table.h). Not collective: one rank. */
#ifndef AFB_CAMPAIGN_TRANSFER_H
#define AFB_CAMPAIGN_TRANSFER_H

#include <stdint.h>
#include <stdio.h>

#include "campaign/run_table.h"
#include "core/status.h"
#include "store/store.h"

/* One row for each run, or for each level of each run, in the order of the file, with the names of the columns first.
 * AFB_E_IO, AFB_E_MEMORY; AFB_E_FOREIGN: rows of the store do not fit together. Cost: linear. */
afb_status afb_export_runs(afb_store *store, FILE *file);
afb_status afb_export_levels(afb_store *store, FILE *file);

typedef struct {
  int64_t n_added, n_known;    /* rows stored now; rows that the file held already */
} afb_import_counts;

/* Stores the rows of a table as runs of another program (engine -1, strategy import), small sets first, so that a run's
 * parent is the imported run of that set. Committed before the return. Who gives the same table again adds nothing.
 * The store is open for writing. AFB_E_IO, AFB_E_MEMORY, AFB_E_LIMIT. Cost: a few hash look-ups a row. */
afb_status afb_import_runs(afb_store *store, const afb_run_table *table, afb_import_counts *counts);

#endif
