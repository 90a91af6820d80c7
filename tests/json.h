/* Reading JSON and YAML documents in tests. */
#ifndef AFB_TESTS_JSON_H
#define AFB_TESTS_JSON_H

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

enum { JSON_TEXT = 4096 };

/* The value of a key; NULL without it. libfyaml's own look-up takes the key as YAML, in which none begins with @. */
static inline struct fy_node *json_member(struct fy_node *node, const char *key)
{
  void *at = NULL;
  size_t n = 0;
  for (struct fy_node_pair *pair; node && (pair = fy_node_mapping_iterate(node, &at));) {
    const char *found = fy_node_get_scalar(fy_node_pair_key(pair), &n);
    if (n == strlen(key) && memcmp(found, key, n) == 0)
      return fy_node_pair_value(pair);
  }
  return NULL;
}

/* The text of a scalar; "" of anything else. Returns the buffer. */
static inline const char *json_text(struct fy_node *node, char buffer[JSON_TEXT])
{
  size_t n = 0;
  const char *found = node && fy_node_is_scalar(node) ? fy_node_get_scalar(node, &n) : NULL;
  snprintf(buffer, JSON_TEXT, "%.*s", (int)n, found ? found : "");
  return buffer;
}

#endif
