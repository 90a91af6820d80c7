#include "config/input.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/check.h"
#include "config/emit.h"
#include "config/mistakes.h"
#include "config/nearest.h"
#include "config/tree.h"
#include "core/random.h"

struct afb_config {
  const afb_schema *schema;
  afb_mistakes mistakes;
  afb_node *root;
  void **owned;
  int n_owned;
  char *resolved, *identity;
};

static afb_status out_of_memory(void) { return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the input"); }

void afb_config_destroy(afb_config **config)
{
  if (!*config)
    return;
  for (int i = 0; i < (*config)->n_owned; i++)
    free((*config)->owned[i]);
  free((*config)->owned);
  free((*config)->resolved);
  free((*config)->identity);
  afb_tree_destroy(&(*config)->root);
  afb_mistakes_clear(&(*config)->mistakes);
  free(*config);
  *config = NULL;
}

/* One option "section.key=value": places within it are columns of the option. */
static afb_status put_option(afb_config *config, const char *option)
{
  afb_mistakes *mistakes = &config->mistakes;
  int source = afb_mistakes_add_source(mistakes, "--set", option, strlen(option));
  const char *equal = strchr(option, '=');
  if (source < 0)
    return out_of_memory();
  afb_place place = {source, 0};
  if (!equal || equal == option) {
    afb_mistakes_add(mistakes, place, "expected section.key=value");
    return AFB_OK;
  }
  char path[128];
  snprintf(path, sizeof path, "%.*s", (int)(equal - option), option);
  afb_node *value = NULL;
  int before = mistakes->n;
  AFB_TRY(afb_tree_parse(mistakes, source, (size_t)(equal - option) + 1, strlen(option), &value));
  if (!value) {
    if (mistakes->n == before)
      afb_mistakes_add(mistakes, place, "no value after the equal sign");
    return AFB_OK;
  }
  return afb_tree_put(&config->root, path, place, value);
}

static afb_status parse(afb_config *config, const char *name, const char *text, size_t size, int n_set,
                        const char *const *set, void *input)
{
  afb_mistakes *mistakes = &config->mistakes;
  int source = afb_mistakes_add_source(mistakes, name, text, size);
  if (source < 0)
    return out_of_memory();
  AFB_TRY(afb_tree_parse(mistakes, source, 0, size, &config->root));
  int unreadable = mistakes->n > 0 && !config->root;
  for (int i = 0; i < n_set; i++)
    AFB_TRY(put_option(config, set[i]));
  memset(input, 0, config->schema->size);
  if (!config->root && !unreadable)
    afb_mistakes_add(mistakes, (afb_place){source, 0},
                     "nothing in it; `aufbau list template %s` prints an input to start from", config->schema->name);
  if (!config->root || unreadable)
    return AFB_OK;
  afb_check check = {.schema = config->schema, .mistakes = mistakes, .root = &config->root, .input = input};
  afb_status status = afb_check_run(&check);
  config->owned = check.owned;
  config->n_owned = check.n_owned;
  AFB_TRY(status);
  AFB_TRY(afb_emit_yaml(config->schema, config->root, 0, &config->resolved));
  AFB_TRY(afb_emit_yaml(config->schema, config->root, AFB_KEY_RESOURCE, &config->identity));
  return AFB_OK;
}

afb_status afb_config_parse(const afb_schema *schema, const char *name, const char *text, size_t size, int n_set,
                            const char *const *set, void *input, afb_config **config)
{
  *config = calloc(1, sizeof **config);
  if (!*config)
    return out_of_memory();
  (*config)->schema = schema;
  afb_status status = parse(*config, name, text, size, n_set, set, input);
  if (status != AFB_OK)
    afb_config_destroy(config);
  return status;
}

/* The whole file, with a zero at the end. */
static afb_status read_file(const char *file, char **text, size_t *size)
{
  struct stat info;
  if (stat(file, &info) != 0)
    return AFB_FAIL(AFB_E_INPUT, "%s: %s; give the name of an input file", file, strerror(errno));
  if (S_ISDIR(info.st_mode))
    return AFB_FAIL(AFB_E_INPUT, "%s: is a directory; give the name of an input file", file);
  if (info.st_size > AFB_INPUT_MAX_BYTES)
    return AFB_FAIL(AFB_E_INPUT, "%s: larger than an input can be (16 MiB)", file);
  FILE *stream = fopen(file, "rb");
  if (!stream)
    return AFB_FAIL(AFB_E_INPUT, "%s: %s", file, strerror(errno));
  *text = malloc(AFB_INPUT_MAX_BYTES + 1);
  if (!*text) {
    fclose(stream);
    return out_of_memory();
  }
  *size = fread(*text, 1, AFB_INPUT_MAX_BYTES, stream);
  int failed = ferror(stream);
  fclose(stream);
  (*text)[*size] = '\0';
  if (failed)
    return AFB_FAIL(AFB_E_INPUT, "%s: cannot be read", file);
  if (memchr(*text, '\0', *size))
    return AFB_FAIL(AFB_E_INPUT, "%s: is no text but a binary file; an input is YAML", file);
  return AFB_OK;
}

afb_status afb_config_read(MPI_Comm comm, const afb_schema *schema, const char *file, int n_set,
                           const char *const *set, void *input, afb_config **config)
{
  int rank;
  char *text = NULL;
  size_t size = 0;
  *config = NULL;
  MPI_Comm_rank(comm, &rank);
  afb_status status = afb_agree(comm, rank == 0 ? read_file(file, &text, &size) : AFB_OK);
  uint64_t bytes = size;
  if (status == AFB_OK) {
    MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, comm);
    if (rank != 0)
      text = malloc((size_t)bytes + 1);
    status = afb_agree(comm, text ? AFB_OK : out_of_memory());
  }
  if (status == AFB_OK) {
    MPI_Bcast(text, (int)bytes, MPI_CHAR, 0, comm);
    text[bytes] = '\0';
    status = afb_agree(comm, afb_config_parse(schema, file, text, (size_t)bytes, n_set, set, input, config));
  }
  free(text);
  if (status != AFB_OK)
    afb_config_destroy(config);
  return status;
}

/* Members of a section of the text that the schema knows. */
static int members_known(const afb_schema *schema, const afb_node *section)
{
  char path[128];
  int known = 0;
  for (const afb_node *node = section->kind == AFB_NODE_MAP ? section->first : NULL; node; node = node->next) {
    snprintf(path, sizeof path, "%.60s.%.60s", section->key, node->key);
    known += afb_schema_find(schema, path) != NULL;
  }
  return known;
}

/* How well a schema fits: keys of the text that it knows, then members of its sections, less a little for keys of its own that the text lacks. */
static int fit(const afb_schema *schema, const afb_node *root)
{
  const char *name[64];
  int n = 0, known = 0, members = 0;
  for (int i = 0; i < schema->n_keys && n < 63; i++)
    if (afb_key_is_member(&schema->key[i], ""))
      name[n++] = schema->key[i].path;
  name[n] = NULL;
  for (const afb_node *node = root->first; node; node = node->next) {
    known += afb_nearest(node->key, name) != NULL;
    members += members_known(schema, node);
  }
  return known > 0 ? 65536 * known + 64 * (members < 1000 ? members : 1000) - n : 0;
}

static afb_status guess(const char *file, const afb_schema *const *schemas, int *found)
{
  char *text = NULL;
  size_t size = 0;
  AFB_TRY(read_file(file, &text, &size));
  afb_mistakes mistakes = {0};
  afb_node *root = NULL;
  int most = 0;
  afb_status status = afb_mistakes_add_source(&mistakes, file, text, size) < 0
                        ? out_of_memory() : afb_tree_parse(&mistakes, 0, 0, size, &root);
  for (int i = 0; root && root->kind == AFB_NODE_MAP && schemas[i]; i++) {
    int known = fit(schemas[i], root);
    if (known > most) {
      most = known;
      *found = i;
    }
  }
  afb_tree_destroy(&root);
  afb_mistakes_clear(&mistakes);
  free(text);
  return status;
}

afb_status afb_config_guess(MPI_Comm comm, const char *file, const afb_schema *const *schemas,
                            const afb_schema **found)
{
  int rank, number = -1;
  MPI_Comm_rank(comm, &rank);
  AFB_TRY(afb_agree(comm, rank == 0 ? guess(file, schemas, &number) : AFB_OK));
  MPI_Bcast(&number, 1, MPI_INT, 0, comm);
  *found = number < 0 ? NULL : schemas[number];
  return AFB_OK;
}

/* The place of a value, or of the nearest section around it that the user wrote. */
static afb_place place_of(const afb_config *config, const char *path, int index, size_t at)
{
  char section[128];
  const afb_node *node = afb_tree_find(config->root, path);
  snprintf(section, sizeof section, "%s", path);
  while ((!node || node->place.source < 0) && strrchr(section, '.')) {
    *strrchr(section, '.') = '\0';
    node = afb_tree_find(config->root, section);
    index = -1;
    at = 0;
  }
  if (!node || node->place.source < 0)
    return (afb_place){0, 0};
  if (node->kind == AFB_NODE_LIST && index >= 0) {
    const afb_node *element = node->first;
    for (int i = 0; i < index && element; i++)
      element = element->next;
    if (element)
      node = element;
  }
  if (node->kind != AFB_NODE_SCALAR)
    return node->place;
  return (afb_place){node->place.source, node->place.offset + at};
}

void afb_config_mistake(afb_config *config, const char *path, int index, size_t at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  afb_mistakes_vadd(&config->mistakes, place_of(config, path, index, at), format, args);
  va_end(args);
}

int afb_config_given(const afb_config *config, const char *path)
{
  const afb_node *node = afb_tree_find(config->root, path);
  return node && node->place.source >= 0;
}

int afb_config_usable(const afb_config *config, const char *path)
{
  const afb_node *node = afb_tree_find(config->root, path);
  for (int i = 0; node && i < config->mistakes.n; i++) {
    afb_place place = config->mistakes.mistake[i].place;
    if (place.source == node->place.source && place.offset == node->place.offset && place.source >= 0)
      return 0;
  }
  return node != NULL;
}

afb_status afb_config_verdict(const afb_config *config) { return afb_mistakes_verdict(&config->mistakes); }

const char *afb_config_resolved(const afb_config *config) { return config->resolved ? config->resolved : ""; }

const char *afb_config_identity_text(const afb_config *config) { return config->identity ? config->identity : ""; }

uint64_t afb_config_identity(const afb_config *config)
{
  const char *text = afb_config_identity_text(config);
  return afb_hash(AFB_HASH_START, text, strlen(text));
}
