#include "tests/learn/grasp_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/features.h"

enum { COLUMNS = 48, MAX_SETS = 16, LINE = 8192 };

const char *grasp_dataset(void)
{
  static char path[4096];
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  if (shared)
    snprintf(path, sizeof path, "%s/reference/grasp/dataset.csv", shared);
  else
    snprintf(path, sizeof path, "%s/../shared/reference/grasp/dataset.csv", source ? source : ".");
  return access(path, R_OK) == 0 ? path : NULL;
}

/* Splits a line in place; quoted fields may contain commas. */
static int split_line(char *line, char *field[COLUMNS])
{
  int n = 0;
  for (char *p = line; p && n < COLUMNS; n++) {
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
static afb_status parse_grasp(const char *text, int core, afb_configuration *out)
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

static afb_status parse_set(char *text, int core, afb_configuration set[MAX_SETS], int *n)
{
  *n = 0;
  for (char *next = text; next && *n < MAX_SETS; text = next) {
    next = strchr(text, ';');
    if (next)
      *next++ = '\0';
    AFB_TRY(parse_grasp(text, core, &set[(*n)++]));
  }
  return AFB_OK;
}

typedef struct {
  int z, charge, core, ground, configs, start, depth, converged, failed;
} columns;

static int find(char *field[], int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp(field[i], name) == 0)
      return i;
  return -1;
}

enum { IONS = 200 };
typedef struct {
  int n, z[IONS], charge[IONS];
  afb_feature_ion *ion[IONS];
} cache;

static afb_status ion_of(char *field[], const columns *c, int core, cache *known, const afb_feature_ion **ion)
{
  int z = atoi(field[c->z]), charge = atoi(field[c->charge]), i = 0;
  while (i < known->n && (known->z[i] != z || known->charge[i] != charge))
    i++;
  if (i == IONS)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d ions", IONS);
  if (i == known->n) {
    afb_configuration ground;
    AFB_TRY(parse_grasp(field[c->ground], core, &ground));
    AFB_TRY(afb_feature_ion_create(z, charge, &ground, &known->ion[i]));
    known->z[i] = z;
    known->charge[i] = charge;
    known->n++;
  }
  *ion = known->ion[i];
  return AFB_OK;
}

static afb_status add_row(char *field[], const columns *c, int is_warm, cache *known, afb_set_table *table)
{
  afb_configuration set[MAX_SETS];
  unsigned char started[MAX_SETS] = {0};
  int n, core = atoi(field[c->core]);
  const afb_feature_ion *ion = NULL;
  AFB_TRY(ion_of(field, c, core, known, &ion));
  AFB_TRY(parse_set(field[c->configs], core, set, &n));
  for (int i = 0; i < n - atoi(field[c->depth]); i++)
    started[i] = 1;
  float label[AFB_N_TARGETS] = {NAN, (float)atoi(field[c->converged])};
  int failed_n = 0, failed_l = 0;
  char *failed = field[c->failed];
  failed[strcspn(failed, "-")] = '\0';
  if (*failed)
    AFB_TRY(afb_shell_parse(failed, &failed_n, &failed_l));
  afb_feature_request request = {ion, n, set, n - 1, is_warm ? started : NULL, 3, failed_n, failed_l};
  return afb_features_append(&request, label, table);
}

static afb_status read_rows(FILE *file, grasp_start start, int stride, afb_set_table *table, unsigned char *warm)
{
  char line[LINE], *field[COLUMNS];
  cache known = {.n = 0};
  afb_status status = AFB_OK;
  int n = fgets(line, sizeof line, file) ? split_line(line, field) : 0;
  columns c = {find(field, n, "Z"), find(field, n, "charge"), find(field, n, "core"), find(field, n, "ground"),
               find(field, n, "configs"), find(field, n, "start"), find(field, n, "warm_depth"), find(field, n, "converged"), find(field, n, "fail_orb")};
  while (status == AFB_OK && fgets(line, sizeof line, file)) {
    if (split_line(line, field) != n || field[c.converged][0] == '\0')
      continue;
    int is_warm = field[c.start][0] == 'w';
    if (!(start & (is_warm ? GRASP_WARM : GRASP_COLD)) || (atoi(field[c.z]) * 4 + atoi(field[c.charge])) % stride)
      continue;
    warm[table->n] = (unsigned char)is_warm;
    status = add_row(field, &c, is_warm, &known, table);
  }
  for (int i = 0; i < known.n; i++)
    afb_feature_ion_destroy(&known.ion[i]);
  return status;
}

afb_status grasp_load(const char *path, grasp_start start, int stride, afb_set_table *table, unsigned char **warm)
{
  enum { ROWS = 1 << 20 };
  AFB_TRY(afb_features_table_init(table));
  FILE *file = fopen(path, "r");
  unsigned char *flags = calloc(ROWS, 1);
  if (!file || !flags) {
    free(flags);
    return AFB_FAIL(AFB_E_IO, "cannot read %s", path);
  }
  afb_status status = read_rows(file, start, stride, table, flags);
  fclose(file);
  if (warm)
    *warm = flags;
  else
    free(flags);
  return status;
}
