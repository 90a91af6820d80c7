/* Between results of runs and rows of the file (store/store.h). Not collective; rank 0 writes. */
#ifndef AFB_CAMPAIGN_RECORD_H
#define AFB_CAMPAIGN_RECORD_H

#include "atomic/mcdhf.h"
#include "campaign/ledger.h"
#include "core/status.h"
#include "store/store.h"

/* Legends of the enumerated columns for afb_store_writer; static. */
void afb_record_legend(afb_store_legend *legend);

/* What a row says beside the entry and the result. */
typedef struct {
  int engine;                  /* number in afb_engines */
  int ranks, first_rank;       /* as in afb_run_report */
  double start, finish;        /* seconds since the session's start */
  int64_t parent_run;          /* run in the file; -1 */
  uint64_t content_hash;
} afb_record_facts;

/* Adds a run to the batch of the store: ion, configurations and set are interned, levels, trace and orbitals go along.
 * *run is its number. AFB_E_MEMORY, AFB_E_LIMIT. */
afb_status afb_record_add(afb_store *store, const afb_candidates *ion, const afb_entry *entry,
                          const afb_mcdhf_result *result, const afb_record_facts *facts, int64_t *run);

/* The tables that say what was run, whole. */
typedef struct {
  int64_t n_ions, n_configurations, n_sets, n_members, n_runs;
  afb_store_ion *ion;
  afb_store_configuration *configuration;
  afb_store_set *set;
  int64_t *member;
  afb_store_run *run;
} afb_stored;
/* AFB_E_IO, AFB_E_MEMORY. The caller clears, also after a failure. */
afb_status afb_stored_read(afb_store *store, afb_stored *stored);
void afb_stored_clear(afb_stored *stored);

/* Every run of the file in the order in which they were stored, read in blocks. AFB_E_IO, AFB_E_MEMORY. */
typedef void (*afb_stored_run_visitor)(void *context, const afb_store_run *run);
afb_status afb_stored_runs_visit(afb_store *store, afb_stored_run_visitor visit, void *context);

/* The ions of the file, malloc'ed; for making candidates of those that are not the campaign's. AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_record_ions(afb_store *store, int *n, afb_ion **ions);

/* Puts every stored run of the ledger's ions into the ledger, imported ones apart; candidates of sets that the excitations
 * do not give are inserted. `parent` of an imported entry is the number of an imported entry. AFB_E_FOREIGN: a row that
 * cannot be understood; AFB_E_IO, AFB_E_MEMORY. Cost: the file's runs. */
afb_status afb_record_load(afb_store *store, afb_ledger *ledger);

/* Identity of a calculation: the set, and what else decides its outcome. */
uint64_t afb_record_hash(const afb_candidates *ion, const afb_node *node, const char *engine,
                         const afb_mcdhf_request *request, int warm_start);

#endif
