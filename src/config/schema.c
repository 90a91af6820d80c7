#include "config/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const char *kind, *name;
  double factor;   /* in the first unit of its kind */
} unit;

static const unit units[] = {
  {"time", "s", 1.0},
  {"time", "min", 60.0},
  {"time", "h", 3600.0},
  {"time", "d", 86400.0},
  {"core time", "core_seconds", 1.0},
  {"core time", "core_minutes", 60.0},
  {"core time", "core_hours", 3600.0},
  {"memory", "B", 1.0},
  {"memory", "MB", 1e6},
  {"memory", "GB", 1e9},
  {"length", "fm", 1.0},
  {"length", "Å", 1e5},
  {"length", "angstrom", 1e5},
  {"length", "bohr", 0.52917721067e5},
};
enum { N_UNITS = sizeof units / sizeof units[0] };

static const unit *find_unit(const char *name)
{
  for (int i = 0; i < N_UNITS; i++)
    if (strcmp(units[i].name, name) == 0)
      return &units[i];
  return NULL;
}

int afb_unit_factor(const char *from, const char *to, double *factor)
{
  const unit *a = find_unit(from), *b = find_unit(to);
  if (!a)
    return 0;
  if (!b || strcmp(a->kind, b->kind) != 0)
    return -1;
  *factor = a->factor / b->factor;
  return 1;
}

int afb_unit_list(const char *name, const char **list, int size)
{
  const unit *wanted = find_unit(name);
  int n = 0;
  for (int i = 0; wanted && i < N_UNITS && n < size - 1; i++)
    if (strcmp(units[i].kind, wanted->kind) == 0)
      list[n++] = units[i].name;
  list[n] = NULL;
  return n;
}

const afb_key *afb_schema_find(const afb_schema *schema, const char *path)
{
  for (int i = 0; i < schema->n_keys; i++)
    if (strcmp(schema->key[i].path, path) == 0)
      return &schema->key[i];
  return NULL;
}

const char *afb_key_leaf(const afb_key *key)
{
  const char *point = strrchr(key->path, '.');
  return point ? point + 1 : key->path;
}

int afb_key_is_member(const afb_key *key, const char *path)
{
  const char *leaf = afb_key_leaf(key);
  size_t parent = leaf == key->path ? 0 : (size_t)(leaf - key->path) - 1;
  return strlen(path) == parent && strncmp(key->path, path, parent) == 0;
}

int afb_key_words(const afb_key *key, char buffer[AFB_WORDS_LENGTH], const char *list[AFB_MAX_WORDS])
{
  int n = 0;
  snprintf(buffer, AFB_WORDS_LENGTH, "%s", key->words ? key->words : "");
  for (char *word = buffer; word && *word && n < AFB_MAX_WORDS - 1;) {
    char *bar = strchr(word, '|');
    if (bar)
      *bar = '\0';
    list[n++] = word;
    word = bar ? bar + 1 : NULL;
  }
  list[n] = NULL;
  return n;
}

static void add(char *buffer, const char *text)
{
  size_t used = strlen(buffer);
  snprintf(buffer + used, AFB_DESCRIPTION_LENGTH - used, "%s", text);
}

static void add_range(const afb_key *key, char *buffer)
{
  char text[80] = "";
  if (key->min == 0 && key->max == 0)
    return;
  if (key->flags & AFB_KEY_ABOVE_MIN)
    snprintf(text, sizeof text, " above %.16g", key->min);
  else if (isfinite(key->max))
    snprintf(text, sizeof text, " from %.16g", key->min);
  else
    snprintf(text, sizeof text, " of at least %.16g", key->min);
  add(buffer, text);
  if (!isfinite(key->max))
    return;
  snprintf(text, sizeof text, " %s %.16g", key->flags & AFB_KEY_ABOVE_MIN ? "up to" : "to", key->max);
  add(buffer, text);
}

static void add_units(const afb_key *key, char *buffer)
{
  const char *list[8];
  int n = afb_unit_list(key->unit, list, 8);
  add(buffer, key->flags & AFB_KEY_UNIT ? " with its unit (" : " in ");
  if (!(key->flags & AFB_KEY_UNIT)) {
    add(buffer, key->unit);
    return;
  }
  for (int i = 0; i < n; i++) {
    add(buffer, i ? ", " : "");
    add(buffer, list[i]);
  }
  add(buffer, ")");
}

char *afb_key_describe(const afb_key *key, char buffer[AFB_DESCRIPTION_LENGTH])
{
  buffer[0] = '\0';
  char text[AFB_WORDS_LENGTH];
  const char *word[AFB_MAX_WORDS];
  int n = key->forms & AFB_FORM_WORD ? afb_key_words(key, text, word) : 0;
  unsigned others = key->forms & ~(unsigned)AFB_FORM_WORD;
  for (int i = 0; i < n; i++) {
    add(buffer, i == 0 ? "" : i + 1 < n || others ? ", " : " or ");
    add(buffer, word[i]);
  }
  if (n && others)
    add(buffer, " or ");
  if (others & AFB_FORM_INTEGER)
    add(buffer, "a whole number");
  if (others & AFB_FORM_NUMBER)
    add(buffer, "a number");
  if (others & AFB_FORM_HALF)
    add(buffer, "a whole or half number (3/2)");
  if (others & (AFB_FORM_INTEGER | AFB_FORM_NUMBER | AFB_FORM_HALF))
    add_range(key, buffer);
  if (key->unit && (others & AFB_FORM_NUMBER))
    add_units(key, buffer);
  if (others & AFB_FORM_STRING)
    add(buffer, "a text");
  if (others & AFB_FORM_BOOLEAN)
    add(buffer, "true or false");
  if (others & AFB_FORM_INTEGERS)
    add(buffer, "a list of whole numbers");
  if (others & AFB_FORM_NUMBERS)
    add(buffer, "a list of numbers");
  if (others & (AFB_FORM_INTEGERS | AFB_FORM_NUMBERS))
    add_range(key, buffer);
  if (key->unit && (others & AFB_FORM_NUMBERS))
    add_units(key, buffer);
  if (others & AFB_FORM_NAMED)
    add(buffer, "a section of names, each a section of keys");
  if (others & AFB_FORM_STRINGS)
    add(buffer, "a list of texts");
  if (others & AFB_FORM_MAP)
    add(buffer, "a section of keys");
  return buffer;
}
