#include "config/tree.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  struct fy_parser *parser;
  afb_mistakes *mistakes;
  int source;
  size_t begin;
} reader;

void afb_tree_destroy(afb_node **root)
{
  afb_node *node = *root;
  *root = NULL;
  while (node) {
    afb_node *next = node->next;
    afb_tree_destroy(&node->first);
    free(node->text);
    free(node->key);
    free(node);
    node = next;
  }
}

afb_node *afb_tree_member(const afb_node *map, const char *key, size_t key_length)
{
  if (!map || map->kind != AFB_NODE_MAP)
    return NULL;
  for (afb_node *node = map->first; node; node = node->next)
    if (strlen(node->key) == key_length && memcmp(node->key, key, key_length) == 0)
      return node;
  return NULL;
}

afb_node *afb_tree_find(const afb_node *root, const char *path)
{
  const afb_node *node = root;
  for (;;) {
    size_t length = strcspn(path, ".");
    afb_node *member = afb_tree_member(node, path, length);
    if (!member || path[length] == '\0')
      return member;
    node = member;
    path += length + 1;
  }
}

int afb_tree_count(const afb_node *node)
{
  int n = 0;
  for (const afb_node *child = node ? node->first : NULL; child; child = child->next)
    n++;
  return n;
}

static char *copy_bytes(const char *text, size_t size)
{
  char *copy = malloc(size + 1);
  if (!copy)
    return NULL;
  if (size > 0)
    memcpy(copy, text, size);
  copy[size] = '\0';
  return copy;
}

static afb_node *new_node(afb_node_kind kind, afb_place place)
{
  afb_node *node = calloc(1, sizeof *node);
  if (node) {
    node->kind = kind;
    node->place = place;
  }
  return node;
}

static void append(afb_node *parent, afb_node *child)
{
  afb_node **link = &parent->first;
  while (*link)
    link = &(*link)->next;
  *link = child;
}

/* Frees what `node` holds and makes it an empty map; key and siblings stay. */
static void become_map(afb_node *node)
{
  afb_tree_destroy(&node->first);
  free(node->text);
  node->text = NULL;
  node->kind = AFB_NODE_MAP;
}

static void replace(afb_node *old, afb_node *value)
{
  afb_tree_destroy(&old->first);
  free(old->text);
  old->kind = value->kind;
  old->place = value->place;
  old->quoted = value->quoted;
  old->text = value->text;
  old->first = value->first;
  free(value->key);
  free(value);
}

afb_status afb_tree_put(afb_node **root, const char *path, afb_place key_place, afb_node *value)
{
  if (!*root)
    *root = new_node(AFB_NODE_MAP, key_place);
  afb_node *node = *root;
  for (const char *rest = path; node; ) {
    size_t length = strcspn(rest, ".");
    int last = rest[length] == '\0';
    if (node->kind != AFB_NODE_MAP)
      become_map(node);
    afb_node *member = afb_tree_member(node, rest, length);
    if (member && last) {
      member->key_place = key_place;
      replace(member, value);
      return AFB_OK;
    }
    if (!member) {
      member = last ? value : new_node(AFB_NODE_MAP, key_place);
      char *key = copy_bytes(rest, length);
      if (!member || !key) {
        free(key);
        if (!last)
          afb_tree_destroy(&member);
        break;
      }
      member->key = key;
      member->key_place = key_place;
      append(node, member);
      if (last)
        return AFB_OK;
    }
    node = member;
    rest += length + 1;
  }
  afb_tree_destroy(&value);
  return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input");
}

static afb_place place_of(const reader *r, struct fy_event *event)
{
  const struct fy_mark *mark = fy_event_start_mark(event);
  return (afb_place){r->source, r->begin + (mark ? mark->input_pos : 0)};
}

static afb_status out_of_memory(void) { return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input"); }

static afb_status read_children(reader *r, afb_node *parent);

static void refuse_decoration(reader *r, struct fy_token *anchor, struct fy_token *tag, afb_place place)
{
  if (anchor)
    afb_mistakes_add(r->mistakes, place, "anchors (&name) are not used here: write the value out");
  if (tag)
    afb_mistakes_add(r->mistakes, place, "tags (!name) are not used here: the key decides the type");
}

/* The node that an event begins, its children included. */
static afb_status read_node(reader *r, struct fy_event *event, afb_node **out)
{
  afb_place place = place_of(r, event);
  afb_node_kind kind = event->type == FYET_MAPPING_START    ? AFB_NODE_MAP
                       : event->type == FYET_SEQUENCE_START ? AFB_NODE_LIST
                                                            : AFB_NODE_SCALAR;
  afb_node *node = new_node(kind, place);
  if (!node)
    return out_of_memory();
  *out = node;
  if (event->type == FYET_SCALAR) {
    size_t size = 0;
    const char *text = fy_token_get_text(event->scalar.value, &size);
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    refuse_decoration(r, event->scalar.anchor, event->scalar.tag, place);
    node->quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    node->text = copy_bytes(text, text ? size : 0);
    if (node->text && strlen(node->text) != (text ? size : 0))
      afb_mistakes_add(r->mistakes, place, "a zero byte in a value");
    return node->text ? AFB_OK : out_of_memory();
  }
  if (event->type == FYET_ALIAS) {
    afb_mistakes_add(r->mistakes, place, "aliases (*name) are not used here: write the value out");
    node->text = copy_bytes("*", 1);
    return node->text ? AFB_OK : out_of_memory();
  }
  if (kind == AFB_NODE_MAP)
    refuse_decoration(r, event->mapping_start.anchor, event->mapping_start.tag, place);
  else
    refuse_decoration(r, event->sequence_start.anchor, event->sequence_start.tag, place);
  return read_children(r, node);
}

/* The next node of the text; *out stays NULL at the end of a list, a map, a document or the text. */
static afb_status next_node(reader *r, afb_node **out)
{
  *out = NULL;
  struct fy_event *event = fy_parser_parse(r->parser);
  afb_status status = AFB_OK;
  if (event && (event->type == FYET_SCALAR || event->type == FYET_ALIAS || event->type == FYET_MAPPING_START ||
                event->type == FYET_SEQUENCE_START))
    status = read_node(r, event, out);
  fy_parser_event_free(r->parser, event);
  if (status != AFB_OK)
    afb_tree_destroy(out);
  return status;
}

static void report_twice(reader *r, const afb_node *parent, const afb_node *child)
{
  const afb_node *first = afb_tree_member(parent, child->key, strlen(child->key));
  if (!first)
    return;
  int line, column;
  afb_place_locate(r->mistakes, first->key_place, &line, &column);
  afb_mistakes_add(r->mistakes, child->key_place, "key \"%s\" is given twice (first in line %d)", child->key, line);
}

static afb_status read_member(reader *r, afb_node *parent, afb_node *key)
{
  afb_node *value = NULL;
  AFB_TRY(next_node(r, &value));
  if (!value)
    return AFB_OK;
  if (key->kind != AFB_NODE_SCALAR) {
    afb_mistakes_add(r->mistakes, key->place, "a key must be a word");
    afb_tree_destroy(&value);
    return AFB_OK;
  }
  value->key = key->text;
  key->text = NULL;
  value->key_place = key->place;
  if (value->kind == AFB_NODE_SCALAR && !value->quoted && value->text[0] == '\0')
    value->place = key->place;
  report_twice(r, parent, value);
  append(parent, value);
  return AFB_OK;
}

static afb_status read_children(reader *r, afb_node *parent)
{
  for (;;) {
    afb_node *child = NULL;
    AFB_TRY(next_node(r, &child));
    if (!child)
      return AFB_OK;
    if (parent->kind == AFB_NODE_LIST) {
      append(parent, child);
      continue;
    }
    afb_status status = read_member(r, parent, child);
    afb_tree_destroy(&child);
    AFB_TRY(status);
  }
}

static size_t offset_of(const afb_source *source, size_t begin, int line, int column)
{
  size_t offset = begin;
  for (int l = 1; l < line && offset < source->size; offset++)
    l += source->text[offset] == '\n';
  for (int c = 1; c < column && offset < source->size && source->text[offset] != '\n'; c++) {
    offset++;
    while (offset < source->size && ((unsigned char)source->text[offset] & 0xC0) == 0x80)
      offset++;
  }
  return offset;
}

/* What people get wrong most, said next to libfyaml's message. */
static const char *advice(const afb_source *source, size_t offset, const char *message)
{
  if (strstr(message, "multiline"))
    return "; is the next line indented too far?";
  while (offset > 0 && source->text[offset - 1] != '\n')
    offset--;
  size_t end = offset + strcspn(source->text + offset, "\n");
  size_t blank = offset + strspn(source->text + offset, " ");
  if (source->text[blank] == '\t')
    return "; indent with blanks, not with tabs";
  for (size_t i = offset; i + 2 < end; i++)
    if (source->text[i] == '[' && source->text[i + 1] >= 'A' && source->text[i + 1] <= 'Z' &&
        (i == 0 || source->text[i - 1] != '"'))
      return "; a value that begins with a bracket stands in quotes, as in \"[Kr] 4d1 5s2\"";
  return strstr(message, "missing comma") ? "; is a bracket above not closed?" : "";
}

static void report_syntax(reader *r, struct fy_diag *diag)
{
  const afb_source *source = &r->mistakes->source[r->source];
  void *iterator = NULL;
  struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
  afb_place place = {r->source, r->begin};
  if (error && error->line > 0)
    place.offset = offset_of(source, r->begin, error->line, error->column);
  const char *message = error && error->msg ? error->msg : "cannot be read";
  afb_mistakes_add(r->mistakes, place, "not YAML: %s%s", message, advice(source, place.offset, message));
}

static afb_status read_document(reader *r, afb_node **root)
{
  for (;;) {
    struct fy_event *event = fy_parser_parse(r->parser);
    if (!event)
      return AFB_OK;
    enum fy_event_type type = event->type;
    afb_place place = place_of(r, event);
    afb_status status = AFB_OK;
    afb_node *node = NULL;
    if (type == FYET_SCALAR || type == FYET_ALIAS || type == FYET_MAPPING_START || type == FYET_SEQUENCE_START)
      status = read_node(r, event, &node);
    fy_parser_event_free(r->parser, event);
    if (node && *root) {
      afb_mistakes_add(r->mistakes, place, "a second document (after \"---\"): put everything into one");
      afb_tree_destroy(&node);
    } else if (node) {
      *root = node;
    }
    AFB_TRY(status);
    if (type == FYET_STREAM_END)
      return AFB_OK;
  }
}

afb_status afb_tree_parse(afb_mistakes *mistakes, int source, size_t begin, size_t end, afb_node **root)
{
  *root = NULL;
  struct fy_diag_cfg diag_cfg;
  fy_diag_cfg_default(&diag_cfg);
  diag_cfg.fp = NULL;
  struct fy_diag *diag = fy_diag_create(&diag_cfg);
  if (!diag)
    return out_of_memory();
  fy_diag_set_collect_errors(diag, true);
  const struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag};
  reader r = {fy_parser_create(&cfg), mistakes, source, begin};
  afb_status status = r.parser ? AFB_OK : out_of_memory();
  if (status == AFB_OK && fy_parser_set_string(r.parser, mistakes->source[source].text + begin, end - begin) != 0)
    status = out_of_memory();
  if (status == AFB_OK)
    status = read_document(&r, root);
  if (r.parser && (fy_parser_get_stream_error(r.parser) || fy_diag_got_error(diag))) {
    afb_tree_destroy(root);
    report_syntax(&r, diag);
  }
  if (r.parser)
    fy_parser_destroy(r.parser);
  fy_diag_destroy(diag);
  if (status != AFB_OK)
    afb_tree_destroy(root);
  return status;
}
