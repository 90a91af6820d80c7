/* Checking a tree against a schema and filling the typed struct. Used by config/input.c. Not collective. */
#ifndef AFB_CONFIG_CHECK_H
#define AFB_CONFIG_CHECK_H

#include "config/mistakes.h"
#include "config/schema.h"
#include "config/tree.h"

typedef struct {
  const afb_schema *schema;
  afb_mistakes *mistakes;
  afb_node **root;
  void *input;
  void **owned;        /* [n_owned] lists that the struct points to, malloc'ed as the array is, freed by the owner */
  int n_owned, owned_capacity;
  void *base;          /* what the fields of the row at hand are offsets in */
} afb_check;

/* Puts the defaults into the tree, reports unknown, missing and wrong keys, writes values into the struct, and replaces
 * the texts of the tree by canonical ones. AFB_E_MEMORY, AFB_E_INTERNAL (a default of the schema is not YAML). */
afb_status afb_check_run(afb_check *check);

#endif
