#include "campaign/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { STREAM_PARENTS = 0x6c656467, MOST_REMOVED = 3 };

struct afb_ledger_slot {
  int ion, used;
  afb_node node;
  int64_t value;               /* entry, AFB_NODE_CLAIMED, or AFB_NODE_FREE after a release */
};

const char *afb_strategy_name(afb_strategy strategy)
{
  static const char *const name[AFB_N_STRATEGIES] = {"model", "random", "breadth", "list", "import"};
  return (int)strategy >= 0 && strategy < AFB_N_STRATEGIES ? name[strategy] : "unknown";
}

static uint64_t key(int ion, const afb_node *node)
{
  uint64_t hash = afb_hash(AFB_HASH_START, &ion, sizeof ion);
  return afb_hash(hash, node->member, (size_t)node->n * sizeof node->member[0]);
}

static int same_node(const afb_node *a, const afb_node *b)
{
  return a->n == b->n && memcmp(a->member, b->member, (size_t)a->n * sizeof a->member[0]) == 0;
}

/* The slot of a node, or the empty one where it would go. */
static struct afb_ledger_slot *slot_of(const afb_ledger *ledger, int ion, const afb_node *node)
{
  uint64_t mask = (uint64_t)ledger->n_slots - 1;
  for (uint64_t at = key(ion, node);; at++) {
    struct afb_ledger_slot *slot = &ledger->slot[at & mask];
    if (!slot->used || (slot->ion == ion && same_node(&slot->node, node)))
      return slot;
  }
}

static afb_status resize(afb_ledger *ledger, int64_t n_slots)
{
  struct afb_ledger_slot *old = ledger->slot, *grown = calloc((size_t)n_slots, sizeof *grown);
  int64_t n_old = ledger->n_slots;
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sets", (long long)n_slots);
  ledger->slot = grown;
  ledger->n_slots = n_slots;
  for (int64_t i = 0; i < n_old; i++)
    if (old[i].used)
      *slot_of(ledger, old[i].ion, &old[i].node) = old[i];
  free(old);
  return AFB_OK;
}

static afb_status put(afb_ledger *ledger, int ion, const afb_node *node, int64_t value)
{
  if (2 * (ledger->n_used + 1) > ledger->n_slots)
    AFB_TRY(resize(ledger, 2 * ledger->n_slots));
  struct afb_ledger_slot *slot = slot_of(ledger, ion, node);
  ledger->n_used += !slot->used;
  *slot = (struct afb_ledger_slot){.ion = ion, .used = 1, .node = *node, .value = value};
  return AFB_OK;
}

afb_status afb_ledger_init(int n_ions, int n_active, afb_candidates *ion, afb_ledger *ledger)
{
  *ledger = (afb_ledger){.n_ions = n_ions, .n_active = n_active, .ion = ion};
  return resize(ledger, 1024);
}

void afb_ledger_clear(afb_ledger *ledger)
{
  free(ledger->entry);
  free(ledger->imported);
  free(ledger->slot);
  *ledger = (afb_ledger){0};
}

int64_t afb_ledger_find(const afb_ledger *ledger, int ion, const afb_node *node)
{
  const struct afb_ledger_slot *slot = slot_of(ledger, ion, node);
  return slot->used ? slot->value : AFB_NODE_FREE;
}

afb_status afb_ledger_claim(afb_ledger *ledger, int ion, const afb_node *node)
{
  return afb_ledger_find(ledger, ion, node) == AFB_NODE_FREE ? put(ledger, ion, node, AFB_NODE_CLAIMED) : AFB_OK;
}

void afb_ledger_release(afb_ledger *ledger, int ion, const afb_node *node)
{
  struct afb_ledger_slot *slot = slot_of(ledger, ion, node);
  if (slot->used && slot->value == AFB_NODE_CLAIMED)
    slot->value = AFB_NODE_FREE;
}

static afb_status push_entry(const afb_entry *entry, int64_t *n, int64_t *capacity, afb_entry **list)
{
  if (*n == *capacity) {
    int64_t more = 2 * *capacity + 256;
    afb_entry *grown = realloc(*list, (size_t)more * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)more);
    *list = grown;
    *capacity = more;
  }
  (*list)[(*n)++] = *entry;
  return AFB_OK;
}

afb_status afb_ledger_import(afb_ledger *ledger, const afb_entry *entry)
{
  return push_entry(entry, &ledger->n_imported, &ledger->imported_capacity, &ledger->imported);
}

afb_status afb_ledger_add(afb_ledger *ledger, const afb_entry *entry)
{
  if (afb_ledger_find(ledger, entry->ion, &entry->node) >= 0)
    return AFB_OK;
  AFB_TRY(put(ledger, entry->ion, &entry->node, ledger->n));
  return push_entry(entry, &ledger->n, &ledger->capacity, &ledger->entry);
}

static int can_start(const afb_ledger *ledger, int64_t entry)
{
  return entry >= 0 && ledger->entry[entry].has_orbitals && afb_outcome_ok(ledger->entry[entry].outcome);
}

/* A subset with `removed` members less that can start the node; the highest members go first. Members above `below`
 * were considered by the caller. */
static int64_t search(const afb_ledger *ledger, int ion, const afb_node *node, int removed, int below)
{
  for (int i = below - 1; i >= 0 && node->n > 1; i--) {
    afb_node smaller = *node;
    for (int k = i + 1; k < node->n; k++)
      smaller.member[k - 1] = node->member[k];
    smaller.n--;
    int64_t found = removed == 1 ? afb_ledger_find(ledger, ion, &smaller) : search(ledger, ion, &smaller, removed - 1, i);
    if (can_start(ledger, found))
      return found;
  }
  return -1;
}

int64_t afb_ledger_ancestor(const afb_ledger *ledger, int ion, const afb_node *node)
{
  for (int removed = 1; removed <= MOST_REMOVED && removed < node->n; removed++) {
    int64_t found = search(ledger, ion, node, removed, node->n);
    if (found >= 0)
      return found;
  }
  return -1;
}

static int compare_edges(const void *left, const void *right)
{
  const afb_edge *a = left, *b = right;
  if (a->ion != b->ion)
    return a->ion < b->ion ? -1 : 1;
  if (a->node.n != b->node.n)
    return a->node.n < b->node.n ? -1 : 1;
  for (int i = 0; i < a->node.n; i++)
    if (a->node.member[i] != b->node.member[i])
      return a->node.member[i] < b->node.member[i] ? -1 : 1;
  /* The same node from two parents: one edge survives, by a rule that does not depend on the order of entries. */
  return a->added > b->added ? -1 : a->added < b->added;
}

typedef struct {
  int64_t n, capacity;
  afb_edge *edge;
} edges;

static afb_status push(edges *list, const afb_edge *edge)
{
  if (list->n == list->capacity) {
    int64_t capacity = 2 * list->capacity + 1024;
    afb_edge *grown = realloc(list->edge, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld candidates", (long long)capacity);
    list->edge = grown;
    list->capacity = capacity;
  }
  list->edge[list->n++] = *edge;
  return AFB_OK;
}

static afb_status grow_from(const afb_ledger *ledger, const afb_entry *parent, int set_size, int *number, edges *list)
{
  const afb_candidates *candidates = &ledger->ion[parent->ion];
  int n = afb_node_children(candidates, &parent->node, set_size, number);
  for (int i = 0; i < n; i++) {
    afb_edge edge = {.ion = parent->ion, .added = number[i]};
    AFB_TRY(afb_node_add(&parent->node, number[i], &edge.node));
    if (afb_ledger_find(ledger, edge.ion, &edge.node) == AFB_NODE_FREE)
      AFB_TRY(push(list, &edge));
  }
  return AFB_OK;
}

static int fertile(const afb_ledger *ledger, const afb_entry *entry)
{
  return entry->ion < ledger->n_active && entry->outcome != AFB_OUTCOME_INFEASIBLE && entry->outcome != AFB_OUTCOME_RESOURCE_LIMIT &&
         entry->outcome != AFB_OUTCOME_ENGINE_FAILED;
}

static int most_candidates(const afb_ledger *ledger)
{
  int most = 1;
  for (int i = 0; i < ledger->n_ions; i++)
    most = ledger->ion[i].n > most ? ledger->ion[i].n : most;
  return most;
}

afb_status afb_ledger_frontier(const afb_ledger *ledger, int set_size, int size, int64_t most_parents, uint64_t seed,
                               uint64_t round, int64_t *n, afb_edge **edge)
{
  *n = 0;
  *edge = NULL;
  edges list = {0};
  int *number = malloc((size_t)most_candidates(ledger) * sizeof *number);
  afb_status status = number ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for candidates");
  for (int64_t k = 0; k < ledger->n && k < most_parents && status == AFB_OK; k++) {
    int64_t parent = ledger->n <= most_parents ? k
      : (int64_t)afb_random_below((uint64_t)ledger->n, seed, STREAM_PARENTS + (round << 32), (uint64_t)k);
    const afb_entry *entry = &ledger->entry[parent];
    if (fertile(ledger, entry) && (size == 0 || entry->node.n == size - 1))
      status = grow_from(ledger, entry, set_size, number, &list);
  }
  free(number);
  if (status != AFB_OK) {
    free(list.edge);
    return status;
  }
  if (list.n > 0)
    qsort(list.edge, (size_t)list.n, sizeof *list.edge, compare_edges);
  for (int64_t i = 0; i < list.n; i++)
    if (*n == 0 || list.edge[*n - 1].ion != list.edge[i].ion || !same_node(&list.edge[*n - 1].node, &list.edge[i].node))
      list.edge[(*n)++] = list.edge[i];
  *edge = list.edge;
  return AFB_OK;
}

int afb_ledger_free_roots(const afb_ledger *ledger, afb_edge *edge)
{
  int n = 0;
  for (int i = 0; i < ledger->n_active; i++) {
    afb_node root = afb_node_root();
    if (afb_ledger_find(ledger, i, &root) == AFB_NODE_FREE)
      edge[n++] = (afb_edge){.ion = i, .added = -1, .node = root};
  }
  return n;
}
