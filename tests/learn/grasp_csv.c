#include "tests/learn/grasp_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *grasp_file(const char *name)
{
  static char path[4096];
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  if (shared)
    snprintf(path, sizeof path, "%s/reference/grasp/%s", shared, name);
  else
    snprintf(path, sizeof path, "%s/../shared/reference/grasp/%s", source ? source : ".", name);
  return access(path, R_OK) == 0 ? path : NULL;
}

int grasp_split(char *line, char *field[GRASP_COLUMNS])
{
  int n = 0;
  for (char *p = line; p && n < GRASP_COLUMNS; n++) {
    if (*p == '"') {
      field[n] = ++p;
      p = strchr(p, '"');
      if (!p)
        return -1;
      *p++ = '\0';
      p = *p == ',' ? p + 1 : NULL;
      continue;
    }
    field[n] = p;
    char *end = strpbrk(p, ",\r\n");
    p = end && *end == ',' ? end + 1 : NULL;
    if (end)
      *end = '\0';
  }
  return n;
}

/* "3s(2,i)3p(1,*)" on a core of 0 ... 5 noble gases. */
afb_status grasp_parse(const char *text, int core, afb_configuration *out)
{
  static const char *const cores[] = {"", "[He] ", "[Ne] ", "[Ar] ", "[Kr] ", "[Xe] "};
  char plain[256];
  int used = snprintf(plain, sizeof plain, "%s", cores[core]);
  while (*text && used < 200) {
    int n, q, length = 0;
    char l;
    if (sscanf(text, "%d%c(%d,%*c)%n", &n, &l, &q, &length) != 3 || length == 0)
      return AFB_FAIL(AFB_E_INPUT, "not a configuration: %s", text);
    used += snprintf(plain + used, sizeof plain - (size_t)used, "%d%c%d ", n, l, q);
    text += length;
  }
  return afb_configuration_parse(plain, out);
}

afb_status grasp_parse_set(char *text, int core, afb_configuration set[GRASP_SETS], int *n)
{
  *n = 0;
  for (char *next = text; next && *n < GRASP_SETS; text = next) {
    next = strchr(text, ';');
    if (next)
      *next++ = '\0';
    AFB_TRY(grasp_parse(text, core, &set[(*n)++]));
  }
  return AFB_OK;
}

int grasp_column(char *field[], int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp(field[i], name) == 0)
      return i;
  return -1;
}
