#include "tests/learn/grasp_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/features.h"
#include "tests/learn/grasp_csv.h"
#include "tests/learn/grasp_trial.h"

const char *grasp_dataset(void) { return grasp_file("dataset.csv"); }

typedef struct {
  int z, charge, core, ground, configs, start, depth, converged, failed, parent[2];
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

static signed char known_outcome(const char *field) { return (signed char)(*field ? atoi(field) : -1); }

static int same_set(int n, const afb_configuration *a, const afb_configuration *b)
{
  int same = 1;
  for (int i = 0; i < n && same; i++)
    same = afb_configuration_compare(&a[i], &b[i]) == 0;
  return same;
}

/* The same set is often tried cold and then warm: its trial is the same. */
static afb_status add_trial(int z, int charge, int n, const afb_configuration *set, float *log_step)
{
  static afb_configuration last[GRASP_SETS];
  static float kept[GRASP_TRIAL];
  static int last_n, last_z, last_charge;
  if (n != last_n || z != last_z || charge != last_charge || !same_set(n, set, last)) {
    AFB_TRY(grasp_trial(z, charge, n, set, GRASP_LEVELS, kept));
    memcpy(last, set, (size_t)n * sizeof *set);
    last_n = n;
    last_z = z;
    last_charge = charge;
  }
  memcpy(log_step, kept, sizeof kept);
  return AFB_OK;
}

static afb_status add_row(char *field[], const columns *c, cache *known, grasp_outcomes *out)
{
  afb_configuration set[GRASP_SETS];
  unsigned char started[GRASP_SETS] = {0};
  int n, core = atoi(field[c->core]), is_warm = field[c->start][0] == 'w';
  int64_t row = out->table.n;
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
  out->warm[row] = (unsigned char)is_warm;
  for (int s = 0; s < 2; s++)
    out->parent[s][row] = known_outcome(field[c->parent[s]]);
  if (out->trial)
    AFB_TRY(add_trial(atoi(field[c->z]), atoi(field[c->charge]), n, set, out->trial + row * GRASP_TRIAL));
  afb_feature_request request = {ion, n, set, n - 1, is_warm ? started : NULL, GRASP_LEVELS, failed_n, failed_l};
  return afb_features_append(&request, label, &out->table);
}

static afb_status read_rows(FILE *file, int starts, grasp_outcomes *out)
{
  char line[GRASP_LINE], *field[GRASP_COLUMNS];
  cache known = {.n = 0};
  afb_status status = AFB_OK;
  int n = fgets(line, sizeof line, file) ? grasp_split(line, field) : 0;
  columns c = {grasp_column(field, n, "Z"), grasp_column(field, n, "charge"), grasp_column(field, n, "core"),
               grasp_column(field, n, "ground"), grasp_column(field, n, "configs"), grasp_column(field, n, "start"),
               grasp_column(field, n, "warm_depth"), grasp_column(field, n, "converged"), grasp_column(field, n, "fail_orb"),
               {grasp_column(field, n, "parent_conv_cold"), grasp_column(field, n, "parent_conv_warm")}};
  while (status == AFB_OK && out->table.n < GRASP_ROWS && fgets(line, sizeof line, file)) {
    if (grasp_split(line, field) != n || field[c.converged][0] == '\0' ||
        !(starts & (field[c.start][0] == 'w' ? GRASP_WARM : GRASP_COLD)))
      continue;
    status = add_row(field, &c, &known, out);
  }
  for (int i = 0; i < known.n; i++)
    afb_feature_ion_destroy(&known.ion[i]);
  return status;
}

afb_status grasp_load(const char *path, int starts, int with_trial, grasp_outcomes *out)
{
  *out = (grasp_outcomes){.warm = malloc(GRASP_ROWS), .parent = {malloc(GRASP_ROWS), malloc(GRASP_ROWS)}};
  if (with_trial)
    out->trial = malloc(GRASP_ROWS * GRASP_TRIAL * sizeof *out->trial);
  AFB_TRY(afb_features_table_init(AFB_N_TARGETS, &out->table));
  FILE *file = fopen(path, "r");
  if (!file || !out->warm || !out->parent[0] || !out->parent[1] || (with_trial && !out->trial)) {
    if (file)
      fclose(file);
    return AFB_FAIL(AFB_E_IO, "cannot read %s", path);
  }
  afb_status status = read_rows(file, starts, out);
  fclose(file);
  return status;
}

afb_status grasp_with_trial(const grasp_outcomes *outcomes, afb_set_table *out)
{
  const afb_set_table *t = &outcomes->table;
  int width = t->n_global + GRASP_TRIAL;
  float *global = malloc((size_t)width * sizeof *global);
  afb_status status = global ? afb_set_table_init(t->n_token, width, t->n_target, out)
                             : AFB_FAIL(AFB_E_MEMORY, "no memory for %d columns", width);
  for (int64_t i = 0; i < t->n && status == AFB_OK; i++) {
    memcpy(global, t->global + i * t->n_global, (size_t)t->n_global * sizeof *global);
    memcpy(global + t->n_global, outcomes->trial + i * GRASP_TRIAL, GRASP_TRIAL * sizeof *global);
    status = afb_set_table_append(out, (int)(t->offset[i + 1] - t->offset[i]), t->token + t->offset[i] * t->n_token, global,
                                  t->added[i], t->label + i * t->n_target, t->blame[i], t->group[i], t->size[i]);
  }
  free(global);
  return status;
}

void grasp_clear(grasp_outcomes *outcomes)
{
  afb_set_table_clear(&outcomes->table);
  free(outcomes->warm);
  free(outcomes->parent[0]);
  free(outcomes->parent[1]);
  free(outcomes->trial);
}
