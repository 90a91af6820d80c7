/* Writing a checked tree as canonical YAML: keys in the order of the schema, sections in blocks, lists in brackets.
 * Not collective. */
#ifndef AFB_CONFIG_EMIT_H
#define AFB_CONFIG_EMIT_H

#include "config/schema.h"
#include "config/tree.h"
#include "core/status.h"

/* A first line "# aufbau COMMAND", then the keys. Those that have any of the flags `without`, with all that is below them, are left out. *text is malloc'ed.
 * AFB_E_MEMORY. */
afb_status afb_emit_yaml(const afb_schema *schema, const afb_node *root, unsigned without, char **text);

#endif
