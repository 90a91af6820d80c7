#include "materials/reader.h"

#include <stdio.h>
#include <string.h>

static const afb_format *const formats[] = {&afb_format_extxyz, &afb_format_lammps,    &afb_format_poscar,
                                            &afb_format_skl,    &afb_format_structure, &afb_format_json};
enum { N_FORMATS = sizeof formats / sizeof *formats };

const afb_format *afb_format_find(const char *name)
{
  for (int i = 0; i < N_FORMATS; i++)
    if (strcmp(name, formats[i]->name) == 0)
      return formats[i];
  return NULL;
}

const char *afb_format_names(char *text, size_t size)
{
  size_t used = 0;
  text[0] = '\0';
  for (int i = 0; i < N_FORMATS && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", formats[i]->name);
  return text;
}

static int ends_with(const char *text, const char *ending)
{
  size_t n = strlen(text), m = strlen(ending);
  return n >= m && strcmp(text + n - m, ending) == 0;
}

static int begins_with(const char *text, const char *beginning)
{
  return strncmp(text, beginning, strlen(beginning)) == 0;
}

static const afb_format *by_name(const char *name)
{
  static const struct {
    const char *ending;
    const afb_format *format;
  } endings[] = {{".xyz", &afb_format_extxyz},    {".extxyz", &afb_format_extxyz}, {".json", &afb_format_json},
                 {".skl", &afb_format_skl},       {".poscar", &afb_format_poscar}, {".vasp", &afb_format_poscar},
                 {".lammps", &afb_format_lammps}, {".lmp", &afb_format_lammps},    {".data", &afb_format_lammps}};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    if (ends_with(name, endings[i].ending))
      return endings[i].format;
  if (begins_with(name, "POSCAR") || begins_with(name, "CONTCAR"))
    return &afb_format_poscar;
  return begins_with(name, "structure") && ends_with(name, ".dat") ? &afb_format_structure : NULL;
}

/* The first line that is neither blank nor a comment, and where the next one begins. */
static const char *next_line(const char **at)
{
  afb_word word;
  for (;;) {
    const char *line = *at, *p = line;
    if (*line == '\0')
      return line;
    *at = strchr(line, '\n');
    *at = *at ? *at + 1 : line + strlen(line);
    if (afb_word_next(&p, &word) && word.text[0] != '#')
      return line;
  }
}

static const afb_format *by_content(const char *head)
{
  const char *at = head, *line = next_line(&at), *p = line;
  afb_word word;
  int64_t number;
  double x[3];
  if (!afb_word_next(&p, &word))
    return NULL;
  if (word.text[0] == '{')
    return &afb_format_json;
  if (afb_word_is(word, "CELL_VECTORS"))
    return &afb_format_structure;
  if (strstr(head, "xlo") || strstr(head, " avec") || (strstr(head, " atoms") && strstr(head, " atom types")))
    return &afb_format_lammps;
  if (afb_word_is(word, "title"))
    return &afb_format_skl;
  if (afb_number_integer(&line, &number) && !afb_word_next(&line, &word))
    return &afb_format_extxyz;
  at = strchr(head, '\n');
  if (!at || !afb_read_numbers(++at, 1, x))
    return NULL;
  for (int i = 0; i < 3; i++)
    if (!(at = strchr(at, '\n')) || !afb_read_numbers(++at, 3, x))
      return NULL;
  return &afb_format_poscar;
}

const afb_format *afb_format_guess(const char *path, const char *head)
{
  const char *slash = strrchr(path, '/');
  return head ? by_content(head) : by_name(slash ? slash + 1 : path);
}

int afb_format_number(const afb_format *format)
{
  int i = 0;
  while (formats[i] != format)
    i++;
  return i;
}

const afb_format *afb_format_numbered(int number) { return formats[number]; }
