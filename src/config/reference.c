#include "config/reference.h"

#include <string.h>

static afb_status written(FILE *out)
{
  return fflush(out) != 0 || ferror(out) ? AFB_FAIL(AFB_E_IO, "cannot write (disk full?)") : AFB_OK;
}

/* A bar would end the column. */
static void write_cell(FILE *out, const char *text)
{
  for (const char *c = text; *c; c++) {
    if (*c == '|')
      fputc('\\', out);
    fputc(*c, out);
  }
}

static void write_row(FILE *out, const afb_key *key)
{
  char accepted[AFB_DESCRIPTION_LENGTH];
  fprintf(out, "| `%s` | ", key->path);
  write_cell(out, afb_key_describe(key, accepted));
  fputs(" | ", out);
  if (key->fallback && strcmp(key->fallback, "{}") != 0)
    fprintf(out, "`%s`", key->fallback);
  else
    fputs(key->flags & AFB_KEY_REQUIRED ? "required" : "", out);
  fputs(" | ", out);
  write_cell(out, key->help);
  fputs(key->flags & AFB_KEY_RESOURCE ? " (not part of the identity of the input) |\n" : " |\n", out);
}

afb_status afb_reference_markdown(FILE *out, const afb_schema *const *schemas)
{
  fputs("# Input reference\n\n"
        "Made by `aufbau list inputs --markdown` from the tables that check every input.\n\n"
        "An input is one YAML document. A key that is not listed here is a mistake, and so is a key that is given\n"
        "twice. A required key of a section that is itself optional is required where that section is given.\n"
        "`--set section.key=value` on the command line goes before the file. `aufbau check INPUT` checks without\n"
        "running; `aufbau list template COMMAND` prints an input to start from. Names of files are relative to the\n"
        "working directory.\n",
        out);
  for (; *schemas; schemas++) {
    fprintf(out, "\n## aufbau %s\n\n%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", (*schemas)->name,
            (*schemas)->summary);
    for (int i = 0; i < (*schemas)->n_keys; i++)
      write_row(out, &(*schemas)->key[i]);
  }
  return written(out);
}

static int depth_of(const afb_key *key)
{
  int depth = 0;
  for (const char *c = key->path; *c; c++)
    depth += *c == '.';
  return depth;
}

/* A member of a union's section stands in the template only when the union's default is that section. */
static int is_shown(const afb_schema *schema, const afb_key *key)
{
  for (int i = 0; i < schema->n_keys; i++) {
    const afb_key *section = &schema->key[i];
    if (afb_key_is_member(key, section->path) && section->path[0] && (section->forms & AFB_FORM_WORD))
      return section->fallback && strcmp(section->fallback, "{}") == 0;
  }
  return 1;
}

/* Optional sections without a default are commented out with all their members. */
static int is_commented(const afb_schema *schema, const afb_key *key)
{
  int is_section = (key->forms & AFB_FORM_MAP) && !key->fallback;
  for (int i = 0; i < schema->n_keys; i++) {
    const afb_key *section = &schema->key[i];
    size_t length = strlen(section->path);
    if ((section->forms & AFB_FORM_MAP) && !section->fallback && !(section->flags & AFB_KEY_REQUIRED) &&
        strncmp(key->path, section->path, length) == 0 && key->path[length] == '.')
      return 1;
  }
  if (is_section)
    return !(key->flags & AFB_KEY_REQUIRED);
  return !key->fallback && !(key->flags & (AFB_KEY_REQUIRED | AFB_KEY_USUAL));
}

/* Text as a comment, broken at blanks. */
static void write_comment(FILE *out, int indent, const char *text)
{
  enum { WIDTH = 100 };
  while (*text) {
    int length = (int)strlen(text), room = WIDTH - indent;
    if (length > room) {
      for (length = room; length > 1 && text[length] != ' '; length--)
        ;
    }
    fprintf(out, "%*s# %.*s\n", indent, "", length, text);
    text += length;
    text += strspn(text, " ");
  }
}

static void write_key(FILE *out, const afb_schema *schema, const afb_key *key)
{
  char accepted[AFB_DESCRIPTION_LENGTH], comment[1024];
  int indent = 2 * depth_of(key);
  int section = (key->forms & AFB_FORM_MAP) && (!key->fallback || strcmp(key->fallback, "{}") == 0);
  const char *value = key->fallback ? key->fallback : key->example;
  if (key->forms == AFB_FORM_MAP)
    snprintf(comment, sizeof comment, "%s", key->help);
  else
    snprintf(comment, sizeof comment, "%s [%s]", key->help, afb_key_describe(key, accepted));
  fputc('\n', out);
  write_comment(out, indent, comment);
  fprintf(out, "%*s%s%s:%s%s\n", indent, "", is_commented(schema, key) ? "# " : "", afb_key_leaf(key),
          section ? "" : " ", section ? "" : value);
}

afb_status afb_reference_template(FILE *out, const afb_schema *schema)
{
  fprintf(out, "# %s Check it with `aufbau check`, run it with `aufbau %s`.\n", schema->summary, schema->name);
  for (int i = 0; i < schema->n_keys; i++)
    if (is_shown(schema, &schema->key[i]) && !strstr(schema->key[i].path, ".*."))
      write_key(out, schema, &schema->key[i]);
  return written(out);
}
