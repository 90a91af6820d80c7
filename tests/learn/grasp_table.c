#include "tests/learn/grasp_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/features.h"
#include "tests/learn/grasp_csv.h"

const char *grasp_dataset(void) { return grasp_file("dataset.csv"); }

typedef struct {
  int z, charge, core, ground, configs, start, depth, converged, failed;
} columns;

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
    AFB_TRY(grasp_parse(field[c->ground], core, &ground));
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
  afb_configuration set[GRASP_SETS];
  unsigned char started[GRASP_SETS] = {0};
  int n, core = atoi(field[c->core]);
  const afb_feature_ion *ion = NULL;
  AFB_TRY(ion_of(field, c, core, known, &ion));
  AFB_TRY(grasp_parse_set(field[c->configs], core, set, &n));
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
  char line[GRASP_LINE], *field[GRASP_COLUMNS];
  cache known = {.n = 0};
  afb_status status = AFB_OK;
  int n = fgets(line, sizeof line, file) ? grasp_split(line, field) : 0;
  columns c = {grasp_column(field, n, "Z"), grasp_column(field, n, "charge"), grasp_column(field, n, "core"),
               grasp_column(field, n, "ground"), grasp_column(field, n, "configs"), grasp_column(field, n, "start"),
               grasp_column(field, n, "warm_depth"), grasp_column(field, n, "converged"), grasp_column(field, n, "fail_orb")};
  while (status == AFB_OK && fgets(line, sizeof line, file)) {
    if (grasp_split(line, field) != n || field[c.converged][0] == '\0')
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
