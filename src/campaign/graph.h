/* The graph of sets of configurations of one ion. Not collective.
 *
 * A node is a set of configurations, an edge adds one configuration. The root is the ground configuration alone; what can
 * be added are the candidates: excitations of the ground configuration, numbered in a fixed order. A node is named by
 * the numbers of its candidates, in ascending order, and identified by a hash of ion and configurations that depends neither
 * on their order nor on the numbering.
 *
 * Excitation [k1,k2,...]: the outermost electron of the ground configuration moves k1 places up the ion's orbital order
 * (afb_ion_orbital_order, limited to max_n and max_l), the next electron k2 places, and so on; the electrons counted from
 * the last occupied shell of that order inwards, those of the noble-gas core never. [0,2]: only the second moves. A
 * shift of -1 leads into the shell before, where that is open: s into d ([-1]: 4d1 5s2 -> 4d2 5s1).
 * The rule reproduces all added configurations of the reference data (reference/grasp/dataset.csv, campaign.csv). */
#ifndef AFB_CAMPAIGN_GRAPH_H
#define AFB_CAMPAIGN_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "atomic/configuration.h"
#include "atomic/ion.h"
#include "core/status.h"

enum {
  AFB_MAX_MOVED = 4,            /* electrons of an excitation */
  AFB_MAX_SET = 32,             /* configurations of a set */
  AFB_MAX_ORDER = 92,           /* shells up to n = 15, l = 7 */
  AFB_SET_LENGTH = AFB_MAX_SET * AFB_CONFIGURATION_LENGTH,
  AFB_NOTATION_LENGTH = 32
};

typedef struct {
  afb_configuration configuration;
  int n_moved;                  /* 0: the ground configuration; -1: inserted, no excitation by the rule */
  int shift[AFB_MAX_MOVED];
} afb_candidate;

typedef struct {
  afb_ion ion;
  int n_order;
  afb_shell order[AFB_MAX_ORDER];   /* q: occupation in the ground configuration */
  int n, capacity;
  afb_candidate *candidate;     /* [n]; number 0 is the ground configuration */
} afb_candidates;

/* All distinct candidates with up to `electrons` moved electrons and shifts of -1 and 1 ... max_shift, sorted by number of
 * moved electrons, then sum of their sizes, then shifts. Of several notations of one configuration the first in that order is kept.
 * The caller clears *out. AFB_E_LIMIT: ion without tabulated ground configuration, electrons outside 0 ... 4,
 * max_shift outside 0 ... 20; AFB_E_MEMORY. Cost: (max_shift + 2)^electrons. */
afb_status afb_candidates_create(afb_ion ion, int max_n, int max_l, int electrons, int max_shift, afb_candidates *out);
void afb_candidates_clear(afb_candidates *candidates);

/* Number of the candidate with this configuration, -1 when there is none. */
int afb_candidates_find(const afb_candidates *candidates, const afb_configuration *configuration);
/* The same, appended with n_moved = -1 if it is new (sets from a list or another program). AFB_E_INPUT: wrong number
 * of electrons; AFB_E_MEMORY. */
afb_status afb_candidates_insert(afb_candidates *candidates, const afb_configuration *configuration, int *number);

/* The excitation [shift[0], shift[1], ...] of the ground configuration. AFB_E_INPUT: it does not exist (too few
 * electrons, end of the order, full shell); *out is then unchanged. */
afb_status afb_candidates_excite(const afb_candidates *candidates, int n_moved, const int *shift,
                                 afb_configuration *out);

/* "[1,4]", "[]" of the ground configuration, "" of an inserted one; buffer of AFB_NOTATION_LENGTH; returns it. */
char *afb_candidate_notation(const afb_candidate *candidate, char *buffer);

typedef struct {
  int n;
  int member[AFB_MAX_SET];      /* numbers of candidates, ascending */
} afb_node;

/* The ground configuration alone. */
afb_node afb_node_root(void);
/* The child with candidate `number` added. AFB_E_LIMIT: it is a member already, or the set is full; *child is then
 * unchanged. child == node is allowed. */
afb_status afb_node_add(const afb_node *node, int number, afb_node *child);
/* The parent without candidate `number`. AFB_E_LIMIT: no member, or the only one. */
afb_status afb_node_remove(const afb_node *node, int number, afb_node *parent);
int afb_node_contains(const afb_node *node, int number);

/* The edges out of a node: numbers of the candidates that can be added to it, ascending, into number[candidates->n];
 * returns how many, 0 when the set has set_size members or more. */
int afb_node_children(const afb_candidates *candidates, const afb_node *node, int set_size, int *number);
/* The edges into a node: members without which it still contains the root, ascending, into number[AFB_MAX_SET];
 * returns how many. */
int afb_node_parents(const afb_node *node, int *number);

/* Identity of a node, and its canonical text (see afb_set_format; buffer of AFB_SET_LENGTH). */
uint64_t afb_node_hash(const afb_candidates *candidates, const afb_node *node);
char *afb_node_format(const afb_candidates *candidates, const afb_node *node, char *buffer, size_t size);

/* Sorts a set (afb_configuration_compare). AFB_E_INPUT: empty, the wrong number of electrons for the ion, or a
 * configuration twice; AFB_E_LIMIT: more than AFB_MAX_SET. */
afb_status afb_set_canonical(afb_ion ion, int n, afb_configuration *set);
/* 64-bit hash of ion and set; `set` sorted. Equal sets have equal hashes however they were written. */
uint64_t afb_set_hash(afb_ion ion, int n, const afb_configuration *set);
/* Canonical text of a sorted set: configurations with noble-gas core, joined by ";". Returns `buffer`. */
char *afb_set_format(int n, const afb_configuration *set, char *buffer, size_t size);
/* Reads "[He] 2s2;[He] 2p2" in any order and notation into set[AFB_MAX_SET], sorted. AFB_E_INPUT, AFB_E_LIMIT. */
afb_status afb_set_parse(afb_ion ion, const char *text, int *n, afb_configuration *set);

#endif
