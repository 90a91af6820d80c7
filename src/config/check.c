#include "config/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "config/value.h"

enum { MAX_NAMES = 64, PATH_LENGTH = 128 };

static const afb_place nowhere = {-1, 0};

static afb_status out_of_memory(void) { return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input"); }

/* The path of the section that a row belongs to, "" at the top. */
static void parent_path(const afb_key *key, char path[PATH_LENGTH])
{
  const char *leaf = afb_key_leaf(key);
  int length = leaf == key->path ? 0 : (int)(leaf - key->path) - 1;
  snprintf(path, PATH_LENGTH, "%.*s", length, key->path);
}

static afb_node *find_parent(const afb_check *check, const afb_key *key)
{
  char path[PATH_LENGTH];
  parent_path(key, path);
  return path[0] ? afb_tree_find(*check->root, path) : *check->root;
}

static void forget_places(afb_node *node)
{
  for (; node; node = node->next) {
    node->place = node->key_place = nowhere;
    forget_places(node->first);
  }
}

/* A default is a YAML text of the schema. An empty section stands at no place of the user's text either. */
static afb_status put_default(afb_check *check, const afb_key *key)
{
  afb_mistakes own = {0};
  afb_node *value = NULL;
  int source = afb_mistakes_add_source(&own, key->path, key->fallback, strlen(key->fallback));
  afb_status status = source < 0 ? out_of_memory() : afb_tree_parse(&own, source, 0, strlen(key->fallback), &value);
  if (status == AFB_OK && (own.n > 0 || !value))
    status = AFB_FAIL(AFB_E_INTERNAL, "the default of %s is not YAML", key->path);
  if (status == AFB_OK) {
    forget_places(value);
    status = afb_tree_put(check->root, key->path, nowhere, value);
  } else {
    afb_tree_destroy(&value);
  }
  afb_mistakes_clear(&own);
  return status;
}

/* "budget:" with nothing below it is an empty section. */
static void open_empty_section(const afb_key *key, afb_node *node)
{
  if (node && key->forms == AFB_FORM_MAP && node->kind == AFB_NODE_SCALAR && !node->quoted && node->text[0] == '\0')
    node->kind = AFB_NODE_MAP;
}

/* Calls `visit` for a row; for a member of a named section once for each name, with the name in the path and the fields in its
 * row of the array. */
static afb_status each_instance(afb_check *check, const afb_key *key, afb_status (*visit)(afb_check *, const afb_key *))
{
  const char *star = strstr(key->path, ".*.");
  char path[PATH_LENGTH];
  check->base = check->input;
  if (!star)
    return visit(check, key);
  snprintf(path, sizeof path, "%.*s", (int)(star - key->path), key->path);
  const afb_key *section = afb_schema_find(check->schema, path);
  const afb_node *map = afb_tree_find(*check->root, path);
  if (!map || map->kind != AFB_NODE_MAP)
    return AFB_OK;
  const afb_named *named = (const afb_named *)(void *)((char *)check->input + section->field);
  int i = 0;
  for (const afb_node *node = map->first; node; node = node->next) {
    if (node->kind != AFB_NODE_MAP || strchr(node->key, '.'))
      continue;
    afb_key one = *key;
    one.path = path;
    snprintf(path, sizeof path, "%.*s.%s.%s", (int)(star - key->path), key->path, node->key, star + 3);
    check->base = named->row ? (char *)named->row + section->row_size * (size_t)i : NULL;
    i++;
    AFB_TRY(visit(check, &one));
  }
  return AFB_OK;
}

static afb_status put_one_default(afb_check *check, const afb_key *key)
{
  afb_node *node = afb_tree_find(*check->root, key->path);
  open_empty_section(key, node);
  for (afb_node *child = node && (key->forms & AFB_FORM_NAMED) ? node->first : NULL; child; child = child->next)
    if (child->kind == AFB_NODE_SCALAR && !child->quoted && child->text[0] == '\0')
      child->kind = AFB_NODE_MAP;
  const afb_node *parent = find_parent(check, key);
  if (key->fallback && parent && parent->kind == AFB_NODE_MAP && !node)
    AFB_TRY(put_default(check, key));
  return AFB_OK;
}

static afb_status put_defaults(afb_check *check)
{
  for (int i = 0; i < check->schema->n_keys; i++)
    AFB_TRY(each_instance(check, &check->schema->key[i], put_one_default));
  return AFB_OK;
}

/* `key` stands in another section, or at the top. */
static const char *elsewhere(const afb_schema *schema, const char *name)
{
  for (int i = 0; i < schema->n_keys; i++)
    if (strcmp(afb_key_leaf(&schema->key[i]), name) == 0)
      return schema->key[i].path;
  return NULL;
}

static void report_unknown(afb_check *check, const afb_node *node, const char *section)
{
  const char *names[MAX_NAMES + 1], *other = elsewhere(check->schema, node->key);
  char known[512] = "", meant[AFB_DESCRIPTION_LENGTH];
  int n = 0;
  for (int i = 0; i < check->schema->n_keys && n < MAX_NAMES; i++) {
    if (!afb_key_is_member(&check->schema->key[i], section))
      continue;
    names[n++] = afb_key_leaf(&check->schema->key[i]);
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", names[n - 1]);
  }
  names[n] = NULL;
  afb_did_you_mean(node->key, names, meant, sizeof meant);
  if (!meant[0] && other)
    snprintf(meant, sizeof meant, "; did you mean \"%s\"?", other);
  if (meant[0])
    afb_mistakes_add(check->mistakes, node->key_place, "unknown key \"%s\"%s", node->key, meant);
  else
    afb_mistakes_add(check->mistakes, node->key_place, "unknown key \"%s\"; %s%s has the keys %s", node->key,
                     section[0] ? "section " : "this input", section, known);
}

static void find_unknown(afb_check *check, const afb_node *map, const char *section)
{
  for (const afb_node *node = map->first; node; node = node->next) {
    char path[PATH_LENGTH];
    int length = snprintf(path, sizeof path, "%s%s%s", section, section[0] ? "." : "", node->key);
    const afb_key *key = length < PATH_LENGTH ? afb_schema_find(check->schema, path) : NULL;
    if (afb_tree_member(map, node->key, strlen(node->key)) != node)
      continue;
    if (!key || strchr(node->key, '.'))
      report_unknown(check, node, section);
    else if (node->kind == AFB_NODE_MAP && (key->forms & AFB_FORM_MAP))
      find_unknown(check, node, path);
    else if (node->kind == AFB_NODE_MAP && (key->forms & AFB_FORM_NAMED) && length + 2 < PATH_LENGTH) {
      memcpy(path + length, ".*", 3);
      for (const afb_node *name = node->first; name; name = name->next)
        if (name->kind == AFB_NODE_MAP)
          find_unknown(check, name, path);
    }
  }
}

static void *field_of(const afb_check *check, const afb_key *key) { return (char *)check->base + key->field; }

/* Memory that the struct points to: freed with the configuration. */
static afb_status own(afb_check *check, size_t size, void **memory)
{
  if (check->n_owned == check->owned_capacity) {
    int capacity = 2 * check->owned_capacity + 16;
    void **owned = realloc(check->owned, (size_t)capacity * sizeof *owned);
    if (!owned)
      return out_of_memory();
    check->owned = owned;
    check->owned_capacity = capacity;
  }
  *memory = calloc(1, size ? size : 1);
  if (!*memory)
    return out_of_memory();
  check->owned[check->n_owned++] = *memory;
  return AFB_OK;
}

/* What a field holds when nothing is given. */
static void set_absent(const afb_check *check, const afb_key *key)
{
  if (key->field == AFB_NO_FIELD)
    return;
  void *field = field_of(check, key);
  if (key->forms & AFB_FORM_STRINGS)
    *(afb_strings *)field = (afb_strings){-1, 0, NULL};
  else if (key->forms & AFB_FORM_NAMED)
    *(afb_named *)field = (afb_named){0, NULL, NULL};
  else if (key->forms & AFB_FORM_INTEGERS)
    *(afb_integers *)field = (afb_integers){0, NULL};
  else if (key->forms & AFB_FORM_NUMBERS)
    *(afb_numbers *)field = (afb_numbers){0, NULL};
  else if (key->forms & AFB_FORM_NUMBER)
    *(double *)field = NAN;
  else if (key->forms & AFB_FORM_INTEGER)
    *(int64_t *)field = 0;
  else if (key->forms & AFB_FORM_STRING)
    *(const char **)field = NULL;
  else
    *(int *)field = -1;
}

static void report_wrong(afb_check *check, const afb_key *key, const afb_node *node, const char *why)
{
  char accepted[AFB_DESCRIPTION_LENGTH];
  afb_mistakes_add(check->mistakes, node->place, "%s: %s (it takes %s)", key->path, why,
                   afb_key_describe(key, accepted));
}

static afb_status fill_strings(afb_check *check, const afb_key *key, afb_node *node)
{
  afb_node *first = node->kind == AFB_NODE_LIST ? node->first : node;
  int n = node->kind == AFB_NODE_LIST ? afb_tree_count(node) : 1;
  if (n == 0) {
    report_wrong(check, key, node, "the list is empty");
    return AFB_OK;
  }
  const char **item;
  AFB_TRY(own(check, (size_t)n * sizeof *item, (void **)&item));
  int i = 0, wrong = 0;
  for (const afb_node *element = first; element && i < n; element = element->next, i++) {
    if (element->kind != AFB_NODE_SCALAR || element->text[0] == '\0') {
      report_wrong(check, key, element, element->kind == AFB_NODE_SCALAR ? "found an empty element" : "found a list in a list");
      wrong = 1;
    }
    item[i] = element->text;
  }
  if (!wrong)
    *(afb_strings *)field_of(check, key) = (afb_strings){-1, n, item};
  return AFB_OK;
}

static afb_status replace_text(afb_node *node, const char *text)
{
  char *copy = malloc(strlen(text) + 1);
  if (!copy)
    return out_of_memory();
  strcpy(copy, text);
  free(node->text);
  node->text = copy;
  return AFB_OK;
}

static int count_scalars(const afb_node *node)
{
  int n = 0;
  for (const afb_node *child = node->first; child; child = child->next)
    n += child->kind == AFB_NODE_LIST ? count_scalars(child) : 1;
  return n;
}

/* Elements of a list of numbers, and of lists in it, from item *i on; *i becomes -1 when one is wrong. */
static afb_status fill_elements(afb_check *check, const afb_key *key, afb_node *list, void *item, int *i)
{
  afb_key one = *key;
  one.forms = key->forms & AFB_FORM_INTEGERS ? AFB_FORM_INTEGER : AFB_FORM_NUMBER;
  for (afb_node *node = list; node && *i >= 0; node = node->next) {
    char canonical[AFB_VALUE_LENGTH], why[AFB_VALUE_LENGTH] = "found no number";
    if (node->kind == AFB_NODE_LIST) {
      AFB_TRY(fill_elements(check, key, node->first, item, i));
      continue;
    }
    void *at = one.forms & AFB_FORM_INTEGER ? (void *)((int64_t *)item + *i) : (void *)((double *)item + *i);
    if (node->kind != AFB_NODE_SCALAR || !afb_value_read(&one, node->text, at, canonical, why)) {
      report_wrong(check, key, node, why);
      *i = -1;
    } else {
      AFB_TRY(replace_text(node, canonical));
      ++*i;
    }
  }
  return AFB_OK;
}

static afb_status fill_numbers(afb_check *check, const afb_key *key, afb_node *node)
{
  afb_node alone = *node;
  alone.next = NULL;
  int n = node->kind == AFB_NODE_LIST ? count_scalars(node) : 1, i = 0;
  void *item;
  if (n == 0) {
    report_wrong(check, key, node, "the list is empty");
    return AFB_OK;
  }
  AFB_TRY(own(check, (size_t)n * sizeof(double), &item));
  if (node->kind == AFB_NODE_LIST) {
    AFB_TRY(fill_elements(check, key, node->first, item, &i));
  } else {
    AFB_TRY(fill_elements(check, key, &alone, item, &i));
    node->text = alone.text;
  }
  if (i >= 0 && (key->forms & AFB_FORM_INTEGERS))
    *(afb_integers *)field_of(check, key) = (afb_integers){n, item};
  else if (i >= 0)
    *(afb_numbers *)field_of(check, key) = (afb_numbers){n, item};
  return AFB_OK;
}

static afb_status fill_named(afb_check *check, const afb_key *key, afb_node *map)
{
  int n = 0, count = afb_tree_count(map);
  const char **name;
  void *row;
  AFB_TRY(own(check, (size_t)count * sizeof *name, (void **)&name));
  AFB_TRY(own(check, (size_t)count * key->row_size, &row));
  for (afb_node *node = map->first; node; node = node->next) {
    if (node->kind != AFB_NODE_MAP)
      afb_mistakes_add(check->mistakes, node->place, "%s.%s: expected a section of keys", key->path, node->key);
    else if (strchr(node->key, '.'))
      afb_mistakes_add(check->mistakes, node->key_place, "%s: a name has no point in it", key->path);
    else
      name[n++] = node->key;
  }
  *(afb_named *)field_of(check, key) = (afb_named){n, name, row};
  return AFB_OK;
}

static afb_status fill_scalar(afb_check *check, const afb_key *key, afb_node *node)
{
  char canonical[AFB_VALUE_LENGTH], why[AFB_VALUE_LENGTH] = "";
  if (node->text[0] == '\0' && !node->quoted) {
    report_wrong(check, key, node, "no value");
    return AFB_OK;
  }
  if ((key->forms & AFB_FORM_WORD) && afb_value_word(key, node->text) >= 0) {
    int word = afb_value_word(key, node->text);
    if (key->forms & AFB_FORM_STRINGS)
      *(afb_strings *)field_of(check, key) = (afb_strings){word, 0, NULL};
    else
      *(int *)field_of(check, key) = word;
    return AFB_OK;
  }
  if (key->forms & AFB_FORM_STRINGS)
    return fill_strings(check, key, node);
  if (key->forms & AFB_FORM_STRING) {
    *(const char **)field_of(check, key) = node->text;
    return AFB_OK;
  }
  if (!afb_value_read(key, node->text, field_of(check, key), canonical, why)) {
    set_absent(check, key);
    report_wrong(check, key, node, why);
    return AFB_OK;
  }
  return replace_text(node, canonical);
}

static void fill_map(afb_check *check, const afb_key *key)
{
  char buffer[AFB_WORDS_LENGTH];
  const char *list[AFB_MAX_WORDS];
  if (key->field != AFB_NO_FIELD)
    *(int *)field_of(check, key) = key->forms & AFB_FORM_WORD ? afb_key_words(key, buffer, list) : 1;
}

static afb_status fill(afb_check *check, const afb_key *key, afb_node *node)
{
  if (node->kind == AFB_NODE_MAP && (key->forms & AFB_FORM_MAP)) {
    fill_map(check, key);
    return AFB_OK;
  }
  if (node->kind == AFB_NODE_MAP && (key->forms & AFB_FORM_NAMED))
    return fill_named(check, key, node);
  if (node->kind == AFB_NODE_LIST && (key->forms & AFB_FORM_STRINGS))
    return fill_strings(check, key, node);
  if (node->kind != AFB_NODE_MAP && (key->forms & (AFB_FORM_INTEGERS | AFB_FORM_NUMBERS)))
    return fill_numbers(check, key, node);
  if (node->kind == AFB_NODE_SCALAR && !(key->forms & AFB_FORM_NAMED) && key->forms != AFB_FORM_MAP)
    return fill_scalar(check, key, node);
  static const char *const kind[] = {"found a single value", "found a list", "found a section"};
  report_wrong(check, key, node, kind[node->kind]);
  return AFB_OK;
}

static void report_missing(afb_check *check, const afb_key *key)
{
  const afb_node *parent = find_parent(check, key);
  if (!(key->flags & AFB_KEY_REQUIRED) || !parent || parent->kind != AFB_NODE_MAP)
    return;
  afb_mistakes_add(check->mistakes, parent == *check->root ? (afb_place){0, 0} : parent->place,
                   "missing key \"%s\": %s", key->path, key->help);
}

static afb_status fill_or_miss(afb_check *check, const afb_key *key)
{
  afb_node *node = afb_tree_find(*check->root, key->path);
  set_absent(check, key);
  if (node)
    return fill(check, key, node);
  report_missing(check, key);
  return AFB_OK;
}

afb_status afb_check_run(afb_check *check)
{
  const afb_schema *schema = check->schema;
  check->base = check->input;
  for (int i = 0; i < schema->n_keys; i++)
    if (!strstr(schema->key[i].path, ".*."))
      set_absent(check, &schema->key[i]);
  if ((*check->root)->kind != AFB_NODE_MAP) {
    afb_mistakes_add(check->mistakes, (*check->root)->place,
                     "expected \"key: value\" lines; `aufbau list template %s` prints an input to start from",
                     schema->name);
    return AFB_OK;
  }
  find_unknown(check, *check->root, "");
  AFB_TRY(put_defaults(check));
  for (int i = 0; i < schema->n_keys; i++)
    AFB_TRY(each_instance(check, &schema->key[i], fill_or_miss));
  return AFB_OK;
}
