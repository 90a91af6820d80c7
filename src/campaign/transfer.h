/* Between the result file and tables of comma-separated values (campaign/run_table.h). Not collective: rank 0. */
#ifndef AFB_CAMPAIGN_TRANSFER_H
#define AFB_CAMPAIGN_TRANSFER_H

#include <stdio.h>

#include "campaign/run_table.h"
#include "core/status.h"
#include "store/store.h"

/* One row a run, in the order in which they were stored. AFB_E_IO, AFB_E_MEMORY, AFB_E_FOREIGN. */
afb_status afb_export_runs(afb_store *store, FILE *out, int64_t *n);

/* The levels of one run that converged; everything is the caller's only during the visit. */
typedef struct {
  int64_t number;              /* of the run */
  afb_ion ion;
  const char *label, *configurations;   /* "C I"; "[He] 2s2 2p2;[He] 2p4" */
  int n;
  const afb_store_level *level;
  double lowest;               /* energy, hartree */
} afb_run_levels;
typedef afb_status (*afb_run_levels_visitor)(void *context, const afb_run_levels *levels);
/* Visits the runs that converged in the order in which they were stored, until a visit fails. AFB_E_IO, AFB_E_MEMORY,
 * AFB_E_FOREIGN, and what a visit returns. */
afb_status afb_run_levels_visit(afb_store *store, afb_run_levels_visitor visit, void *context);

typedef struct {
  int64_t n_added, n_known;    /* rows stored now; rows that the file held already */
  int64_t n_orphans;           /* of the added ones, those whose parent did not converge in the table: they count as cold */
} afb_import_counts;

/* Adds the rows as runs of strategy "import", of another program's engine, and commits. The parent of a row is the run of its
 * parent set in the table, if that converged. Who gives the same rows again adds nothing. AFB_E_IO, AFB_E_MEMORY,
 * AFB_E_LIMIT. Cost: a few hash look-ups a row. */
afb_status afb_import_runs(afb_store *store, const afb_run_table *table, afb_import_counts *counts);

#endif
