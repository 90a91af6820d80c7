/* What a campaign has run and what it may run next, in memory. Not collective; rank 0 has it.
 *
 * A node of the graph (campaign/graph.h) is done (it has an entry), claimed (queued or under way) or free. The frontier is
 * the free nodes that are one configuration larger than a node that is done. */
#ifndef AFB_CAMPAIGN_LEDGER_H
#define AFB_CAMPAIGN_LEDGER_H

#include <stdint.h>

#include "atomic/mcdhf.h"
#include "campaign/graph.h"
#include "core/status.h"

/* Who chose a run. The numbers are part of the file format: append only. The first four are those of the input. */
typedef enum {
  AFB_BY_MODEL, AFB_BY_RANDOM, AFB_BY_BREADTH, AFB_BY_LIST, AFB_BY_IMPORT, AFB_N_STRATEGIES
} afb_strategy;
/* "model", "random" ...; "unknown" out of range. */
const char *afb_strategy_name(afb_strategy strategy);

/* What was predicted before a run, and its memory; NaN: unknown. */
typedef struct {
  double estimate, seconds;    /* core-seconds: from the input alone, and corrected (campaign/costs.h) */
  double predicted_bytes, bytes;   /* on the rank that needs most */
} afb_entry_cost;

typedef struct {
  int ion;                     /* number in the campaign's list of ions */
  afb_node node;
  int added;                   /* candidate that the node was grown by; -1: a root, or unknown */
  int64_t parent;              /* entry whose orbitals started the run; -1: start potential */
  afb_outcome outcome;
  int rung, round;
  int failed_n, failed_l;      /* orbital that a failure was put down to; failed_n = 0: none known */
  afb_strategy strategy;
  int has_orbitals;            /* they can start another run */
  int64_t n_levels;
  double core_seconds;
  afb_entry_cost cost;
  double probability, probability_cheapest;   /* predicted before the run; NaN: no model was asked */
  int64_t run;                 /* number in the file */
} afb_entry;

enum { AFB_NODE_FREE = -1, AFB_NODE_CLAIMED = -2 };

typedef struct {
  int n_ions, n_active;        /* the first n_active ions are the campaign's; of others there may be imported outcomes */
  afb_candidates *ion;         /* borrowed */
  int64_t n, capacity;
  afb_entry *entry;
  int64_t n_slots, n_used;     /* hash table of nodes: done or claimed */
  struct afb_ledger_slot *slot;
  int64_t n_imported, imported_capacity;
  afb_entry *imported;         /* outcomes of another program: no nodes, they only teach */
} afb_ledger;

/* Keeps `ion`; the caller clears. AFB_E_MEMORY. */
afb_status afb_ledger_init(int n_ions, int n_active, afb_candidates *ion, afb_ledger *ledger);
void afb_ledger_clear(afb_ledger *ledger);

/* Entry number, AFB_NODE_FREE or AFB_NODE_CLAIMED. */
int64_t afb_ledger_find(const afb_ledger *ledger, int ion, const afb_node *node);
/* A free node becomes claimed; a claimed one free again. AFB_E_MEMORY. */
afb_status afb_ledger_claim(afb_ledger *ledger, int ion, const afb_node *node);
void afb_ledger_release(afb_ledger *ledger, int ion, const afb_node *node);
/* An imported outcome, copied. AFB_E_MEMORY. */
afb_status afb_ledger_import(afb_ledger *ledger, const afb_entry *entry);
/* The entry is copied; its node is done from here on. A node that is done already gets no second entry. AFB_E_MEMORY. */
afb_status afb_ledger_add(afb_ledger *ledger, const afb_entry *entry);

/* The entry to start a node from: the largest converged proper subset that has orbitals (the parent if it
 * converged); among equals the one without the highest-numbered candidates. -1: none within three configurations. */
int64_t afb_ledger_ancestor(const afb_ledger *ledger, int ion, const afb_node *node);

/* An edge out of what is done. */
typedef struct {
  int ion, added;
  afb_node node;               /* the child */
} afb_edge;

/* The frontier up to set_size configurations, of nodes with exactly `size` configurations (0: any). Each node occurs
 * once, ordered by ion, size and members: the same for the same set of entries, in whatever order they were
 * added. With more than `most_parents` entries, as many of them are drawn by (seed, round). Nodes grown from
 * infeasible or too large sets are left out. *edge is malloc'ed. AFB_E_MEMORY. Cost: entries times candidates. */
afb_status afb_ledger_frontier(const afb_ledger *ledger, int set_size, int size, int64_t most_parents, uint64_t seed,
                               uint64_t round, int64_t *n, afb_edge **edge);
/* Roots that are free, in the same form; n_active of them at most in edge[n_active]. Returns how many. */
int afb_ledger_free_roots(const afb_ledger *ledger, afb_edge *edge);

#endif
