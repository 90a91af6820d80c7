#include "config/emit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"

/* Plain YAML that no reader takes for anything else: it starts with a letter or digit, and holds nothing that has a
 * meaning. Words that YAML 1.1 readers take for booleans or null are quoted. */
static int is_plain(const char *text)
{
  static const char *const taken[] = {"y", "n", "yes", "no", "on", "off", "null", "true", "false", NULL};
  char lower[8] = "";
  size_t length = strlen(text);
  for (size_t i = 0; i < length && i < sizeof lower - 1; i++)
    lower[i] = (char)tolower((unsigned char)text[i]);
  for (int i = 0; length < sizeof lower && taken[i]; i++)
    if (strcmp(lower, taken[i]) == 0)
      return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
  if (!isalnum((unsigned char)text[0]) && !(text[0] == '-' && isdigit((unsigned char)text[1])))
    return 0;
  for (const char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("._/+- ", *c))
      return 0;
  return text[length - 1] != ' ';
}

static void write_scalar(FILE *out, const char *text)
{
  if (text[0] && is_plain(text)) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (const char *c = text; *c; c++) {
    if (*c == '"' || *c == '\\')
      fprintf(out, "\\%c", *c);
    else if ((unsigned char)*c < 0x20)
      fprintf(out, "\\x%02x", (unsigned)*c);
    else
      fputc(*c, out);
  }
  fputc('"', out);
}

static void write_list(FILE *out, const afb_node *list)
{
  fputc('[', out);
  for (const afb_node *node = list->first; node; node = node->next) {
    if (node != list->first)
      fputs(", ", out);
    if (node->kind == AFB_NODE_SCALAR)
      write_scalar(out, node->text);
    else
      write_list(out, node);
  }
  fputc(']', out);
}

static void write_value(FILE *out, const afb_key *key, const afb_node *node)
{
  if (node->kind == AFB_NODE_LIST) {
    write_list(out, node);
    fputc('\n', out);
    return;
  }
  int single = (key->forms & (AFB_FORM_INTEGERS | AFB_FORM_NUMBERS)) ||
               ((key->forms & AFB_FORM_STRINGS) && afb_value_word(key, node->text) < 0);
  fputs(single ? "[" : "", out);
  write_scalar(out, node->text);
  fputs(single ? "]\n" : "\n", out);
}

static int is_left_out(const afb_schema *schema, const afb_key *key, unsigned without)
{
  for (int i = 0; i < schema->n_keys; i++) {
    size_t length = strlen(schema->key[i].path);
    if ((schema->key[i].flags & without) && strncmp(schema->key[i].path, key->path, length) == 0 &&
        (key->path[length] == '.' || key->path[length] == '\0'))
      return 1;
  }
  return 0;
}

static void write_line(FILE *out, const afb_key *key, const char *leaf, const afb_node *node)
{
  for (const char *c = key->path; *c; c++)
    if (*c == '.')
      fputs("  ", out);
  fprintf(out, "%s:", leaf);
  if (node->kind == AFB_NODE_MAP) {
    fputs(node->first ? "\n" : " {}\n", out);
  } else {
    fputc(' ', out);
    write_value(out, key, node);
  }
}

/* A named section: its names in the order of the text, each with its members in the order of the schema. */
static void write_named(FILE *out, const afb_schema *schema, const afb_key *section, const afb_node *map)
{
  for (const afb_node *name = map->first; name; name = name->next) {
    for (const char *c = section->path; *c; c++)
      if (*c == '.')
        fputs("  ", out);
    fputs("  ", out);
    write_scalar(out, name->key);
    fputs(name->first ? ":\n" : ": {}\n", out);
    for (int i = 0; i < schema->n_keys; i++) {
      const afb_key *key = &schema->key[i];
      size_t length = strlen(section->path);
      if (strncmp(key->path, section->path, length) != 0 || strncmp(key->path + length, ".*.", 3) != 0)
        continue;
      const afb_node *node = afb_tree_member(name, afb_key_leaf(key), strlen(afb_key_leaf(key)));
      if (node)
        write_line(out, key, afb_key_leaf(key), node);
    }
  }
}

static void write_keys(FILE *out, const afb_schema *schema, const afb_node *root, unsigned without)
{
  for (int i = 0; i < schema->n_keys; i++) {
    const afb_key *key = &schema->key[i];
    const afb_node *node = strstr(key->path, ".*.") ? NULL : afb_tree_find(root, key->path);
    if (!node || is_left_out(schema, key, without))
      continue;
    write_line(out, key, afb_key_leaf(key), node);
    if ((key->forms & AFB_FORM_NAMED) && node->kind == AFB_NODE_MAP)
      write_named(out, schema, key, node);
  }
}

afb_status afb_emit_yaml(const afb_schema *schema, const afb_node *root, unsigned without, char **text)
{
  size_t size = 0;
  *text = NULL;
  FILE *out = open_memstream(text, &size);
  if (!out)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input");
  fprintf(out, "# aufbau %s\n", schema->name);
  write_keys(out, schema, root, without);
  if (fclose(out) != 0 || !*text) {
    free(*text);
    *text = NULL;
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input");
  }
  return AFB_OK;
}
