#include "materials/reader.h"

#include <stdio.h>
#include <string.h>

static const afb_format *const formats[] = {&afb_format_extxyz};
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

const afb_format *afb_format_guess(const char *path, const char *head)
{
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  if (ends_with(name, ".xyz") || ends_with(name, ".extxyz"))
    return &afb_format_extxyz;
  (void)head;
  return NULL;
}

int afb_format_number(const afb_format *format)
{
  int i = 0;
  while (formats[i] != format)
    i++;
  return i;
}

const afb_format *afb_format_numbered(int number) { return formats[number]; }
