#include "tests/learn/grasp_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/features.h"
#include "core/clock.h"
#include "tests/learn/grasp_csv.h"
#include "tests/learn/grasp_trial.h"

const char *grasp_dataset(void) { return grasp_file("dataset.csv"); }

typedef struct {
  int z, charge, core, ground, configs, start, depth, source, tree, converged, failed, parent[2];
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

/* Trials of the present sequence. */
enum { MOST_TRIALS = 400, ITERATIONS = 16 };
typedef struct {
  int n_configurations, warm;
  afb_configuration set[GRASP_SETS];
  grasp_trial_result result;
} kept_trial;
typedef struct {
  int z, charge, n;
  int64_t tree;
  kept_trial *kept;            /* [MOST_TRIALS] */
} sequence;

static void forget(sequence *s)
{
  while (s->n > 0)
    grasp_orbitals_clear(&s->kept[--s->n].result.orbitals);
}

static kept_trial *find(sequence *s, int n, const afb_configuration *set, int warm)
{
  for (int i = 0; i < s->n; i++)
    if (s->kept[i].warm == warm && s->kept[i].n_configurations == n && same_set(n, set, s->kept[i].set))
      return &s->kept[i];
  return NULL;
}

static afb_status run_trial(sequence *s, int n, const afb_configuration *set, int warm, const grasp_orbitals *start, kept_trial **out)
{
  if (s->n == MOST_TRIALS)
    return AFB_FAIL(AFB_E_LIMIT, "more than %d sets in a sequence", MOST_TRIALS);
  kept_trial *k = *out = &s->kept[s->n++];
  k->n_configurations = n;
  k->warm = warm;
  memcpy(k->set, set, (size_t)n * sizeof *set);
  return grasp_trial(s->z, s->charge, n, set, GRASP_LEVELS, start, ITERATIONS, &k->result);
}

static float log_ten(double x) { return (float)log10(fmin(fmax(x, 1e-6), 1e3)); }

static float end_of(const grasp_trial_result *r)
{
  return r->end == GRASP_TRIAL_CONVERGED ? 1 : r->end == GRASP_TRIAL_GOING ? 0 : -1;
}

static void describe(const grasp_trial_result *r, const grasp_trial_result *ancestor, float *column)
{
  int n = r->orbitals.n_orbitals, last = r->iterations > 0 ? r->iterations - 1 : 0;
  double tried = 0, sum = 0, damping = 0, occupation = 1e3, norm = 0;
  for (int a = 0; a < n; a++) {
    double part = r->tried[a] / (3.0 * r->orbitals.orbital[a].n);
    tried = fmax(tried, part);
    sum += part / n;
    damping = fmax(damping, r->damping[a]);
    occupation = fmin(occupation, r->occupation[a]);
    norm = fmax(norm, fabs(log(r->norm[a] > 0 ? r->norm[a] : 1)));
  }
  column[GRASP_TRIAL_END] = end_of(r);
  column[GRASP_TRIAL_ITERATIONS] = (float)r->iterations;
  column[GRASP_TRIAL_RETRIES] = (float)r->retries;
  for (int k = 0; k < 4; k++)
    column[GRASP_TRIAL_CHANGE + k] = log_ten(r->iterations > 0 ? r->change[k < last ? k : last] : 1e3);
  column[GRASP_TRIAL_LAST] = log_ten(r->iterations > 0 ? r->change[last] : 1e3);
  column[GRASP_TRIAL_TREND] = column[GRASP_TRIAL_LAST] - log_ten(r->change[last > 0 ? last - 1 : 0]);
  column[GRASP_TRIAL_TRIED] = (float)tried;
  column[GRASP_TRIAL_MEAN_TRIED] = (float)sum;
  column[GRASP_TRIAL_DAMPING] = (float)damping;
  column[GRASP_TRIAL_OCCUPATION] = log_ten(occupation);
  column[GRASP_TRIAL_NORM] = (float)norm;
  column[GRASP_TRIAL_ANCESTOR] = ancestor ? end_of(ancestor) : 0;
}

/* depth > 0: from the orbitals of the trial of the set without its last `depth` configurations, which GRASP converged from `source`. */
static afb_status add_trial(sequence *s, int n, const afb_configuration *set, int depth, int source, float *column)
{
  kept_trial *ancestor = NULL, *made = NULL;
  if (depth > 0) {
    kept_trial *same = find(s, n - depth, set, source), *other = find(s, n - depth, set, !source);
    ancestor = same && (same->result.end == GRASP_TRIAL_CONVERGED || !other) ? same : other ? other : same;
    if (!ancestor)
      AFB_TRY(run_trial(s, n - depth, set, 0, NULL, &ancestor));
  }
  const grasp_orbitals *start = ancestor && ancestor->result.end != GRASP_TRIAL_NOT_RUN ? &ancestor->result.orbitals : NULL;
  AFB_TRY(run_trial(s, n, set, depth > 0, start, &made));
  describe(&made->result, ancestor ? &ancestor->result : NULL, column);
  return AFB_OK;
}

/* Outcome of the row before when it is the same set; -1: it is not. */
static signed char outcome_before(const grasp_outcomes *out, int64_t tree, int n, const afb_configuration *set)
{
  static afb_configuration last[GRASP_SETS];
  static int last_n;
  int64_t row = out->table.n;
  int same = row > 0 && out->tree[row - 1] == tree && n == last_n && same_set(n, set, last);
  memcpy(last, set, (size_t)n * sizeof *set);
  last_n = n;
  return (signed char)(same ? out->table.label[(row - 1) * AFB_N_TARGETS + AFB_TARGET_CONVERGED] > 0.5f : -1);
}

static afb_status add_row(char *field[], const columns *c, cache *known, sequence *trials, grasp_outcomes *out)
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
  out->tree[row] = atoi(field[c->tree]);
  out->other[row] = outcome_before(out, out->tree[row], n, set);
  if (out->trial) {
    if (trials->tree != out->tree[row])
      forget(trials);
    trials->tree = out->tree[row];
    trials->z = atoi(field[c->z]);
    trials->charge = atoi(field[c->charge]);
    AFB_TRY(add_trial(trials, n, set, atoi(field[c->depth]), field[c->source][0] == 'w', out->trial + row * GRASP_TRIAL_COLUMNS));
  }
  afb_feature_request request = {ion, n, set, n - 1, is_warm ? started : NULL, GRASP_LEVELS, failed_n, failed_l};
  return afb_features_append(&request, label, &out->table);
}

static afb_status read_rows(FILE *file, int starts, grasp_outcomes *out)
{
  char line[GRASP_LINE], *field[GRASP_COLUMNS];
  cache known = {.n = 0};
  sequence trials = {.kept = calloc(MOST_TRIALS, sizeof *trials.kept)};
  afb_status status = trials.kept ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for trials");
  int n = fgets(line, sizeof line, file) ? grasp_split(line, field) : 0;
  columns c = {grasp_column(field, n, "Z"), grasp_column(field, n, "charge"), grasp_column(field, n, "core"),
               grasp_column(field, n, "ground"), grasp_column(field, n, "configs"), grasp_column(field, n, "start"),
               grasp_column(field, n, "warm_depth"), grasp_column(field, n, "warm_src"), grasp_column(field, n, "tree"),
               grasp_column(field, n, "converged"), grasp_column(field, n, "fail_orb"),
               {grasp_column(field, n, "parent_conv_cold"), grasp_column(field, n, "parent_conv_warm")}};
  while (status == AFB_OK && out->table.n < GRASP_ROWS && fgets(line, sizeof line, file)) {
    if (grasp_split(line, field) != n || field[c.converged][0] == '\0' ||
        !(starts & (field[c.start][0] == 'w' ? GRASP_WARM : GRASP_COLD)))
      continue;
    status = add_row(field, &c, &known, &trials, out);
  }
  for (int i = 0; i < known.n; i++)
    afb_feature_ion_destroy(&known.ion[i]);
  forget(&trials);
  free(trials.kept);
  return status;
}

afb_status grasp_load(const char *path, int starts, int with_trial, grasp_outcomes *out)
{
  *out = (grasp_outcomes){.warm = malloc(GRASP_ROWS), .parent = {malloc(GRASP_ROWS), malloc(GRASP_ROWS)},
                          .other = malloc(GRASP_ROWS), .tree = malloc(GRASP_ROWS * sizeof *out->tree)};
  if (with_trial)
    out->trial = malloc(GRASP_ROWS * GRASP_TRIAL_COLUMNS * sizeof *out->trial);
  AFB_TRY(afb_features_table_init(AFB_N_TARGETS, &out->table));
  FILE *file = fopen(path, "r");
  if (!file || !out->warm || !out->parent[0] || !out->parent[1] || !out->other || !out->tree || (with_trial && !out->trial)) {
    if (file)
      fclose(file);
    return AFB_FAIL(AFB_E_IO, "cannot read %s", path);
  }
  double begin = afb_cpu_seconds();
  afb_status status = read_rows(file, starts, out);
  out->seconds = afb_cpu_seconds() - begin;
  fclose(file);
  return status;
}

afb_status grasp_with_trial(const grasp_outcomes *outcomes, afb_set_table *out)
{
  const afb_set_table *t = &outcomes->table;
  int width = t->n_global + GRASP_TRIAL_COLUMNS;
  float *global = malloc((size_t)width * sizeof *global);
  afb_status status = global ? afb_set_table_init(t->n_token, width, t->n_target, out)
                             : AFB_FAIL(AFB_E_MEMORY, "no memory for %d columns", width);
  for (int64_t i = 0; i < t->n && status == AFB_OK; i++) {
    memcpy(global, t->global + i * t->n_global, (size_t)t->n_global * sizeof *global);
    memcpy(global + t->n_global, outcomes->trial + i * GRASP_TRIAL_COLUMNS, GRASP_TRIAL_COLUMNS * sizeof *global);
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
  free(outcomes->other);
  free(outcomes->tree);
  free(outcomes->trial);
}
