/* A YAML text as a tree of nodes that know their place. Not collective.
 *
 * libfyaml reads the text; of YAML, plain data is accepted: scalars, lists and maps. Anchors, aliases, tags and more
 * than one document are reported as mistakes, and so are keys that are given twice. */
#ifndef AFB_CONFIG_TREE_H
#define AFB_CONFIG_TREE_H

#include "config/mistakes.h"
#include "core/status.h"

typedef enum { AFB_NODE_SCALAR, AFB_NODE_LIST, AFB_NODE_MAP } afb_node_kind;

typedef struct afb_node afb_node;
struct afb_node {
  afb_node_kind kind;
  afb_place place;
  int quoted;             /* a scalar written in quotes; its place is behind the first of them */
  char *text;             /* of a scalar */
  char *key;              /* of a member of a map */
  afb_place key_place;
  afb_node *first, *next; /* first child; next sibling, in the order of the text */
};

/* Parses bytes begin ... end-1 of a source. *root is NULL when there is nothing in the text. Whatever is wrong is added
 * to `mistakes` and is not a failure; after an error of syntax *root is NULL. AFB_E_MEMORY. The caller destroys *root.
 * Cost: linear in the text, quadratic in the number of keys of one map. */
afb_status afb_tree_parse(afb_mistakes *mistakes, int source, size_t begin, size_t end, afb_node **root);
void afb_tree_destroy(afb_node **root);

/* The member of a map, NULL when absent or when `map` is no map. */
afb_node *afb_tree_member(const afb_node *map, const char *key, size_t key_length);
/* The node at a path "a.b.c" below a map; NULL when absent. */
afb_node *afb_tree_find(const afb_node *root, const char *path);
int afb_tree_count(const afb_node *node);

/* Puts `value` (owned by the tree from here on, also on failure) at a path, in place of what was there; maps on the way
 * are made, and whatever else stands in the way is replaced. *root may be NULL. AFB_E_MEMORY. */
afb_status afb_tree_put(afb_node **root, const char *path, afb_place key_place, afb_node *value);

#endif
