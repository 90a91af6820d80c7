#include "campaign/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/estimate.h"
#include "campaign/feature_columns.h"
#include "campaign/levels.h"

#define ENUM_TOKEN(name, unit, text) T_##name,
#define ENUM_GLOBAL(name, unit, text) G_##name,
#define ROW(name, unit, text) {#name, unit, text},
enum { AFB_FEATURE_TOKENS(ENUM_TOKEN) N_TOKEN };
enum { AFB_FEATURE_GLOBALS(ENUM_GLOBAL) N_GLOBAL };
static const afb_feature_column token_columns[] = {AFB_FEATURE_TOKENS(ROW)};
static const afb_feature_column global_columns[] = {AFB_FEATURE_GLOBALS(ROW)};

enum { MAX_CONFIGURATIONS = 256, MAX_OPEN = AFB_MAX_SHELLS * 2, MAX_MOVED = 3 };

struct afb_feature_ion {
  afb_estimate *estimate;
  double ionisation;             /* binding of the outermost orbital, hartree */
  int parity;
};

typedef struct {
  int n_moved, place_from[MAX_MOVED], place_to[MAX_MOVED], parity;
  double energy, weight, wanted, near;
  afb_level_counts levels;
} config_facts;

typedef struct {
  int n, l, index;               /* index: in the estimate, clamped to its last orbital when beyond */
  double occupation;             /* estimated, in the optimised levels */
} open_orbital;

typedef struct {
  const afb_feature_request *request;
  const afb_estimate *estimate;
  double ionisation;
  int n, n_open, n_blocks, n_wanted;
  config_facts *config;          /* [n] */
  open_orbital open[MAX_OPEN];
  float *token;                  /* [n + n_open][N_TOKEN] */
  float global[N_GLOBAL];
} sample;

const afb_feature_column *afb_feature_token_columns(int *n)
{
  *n = N_TOKEN;
  return token_columns;
}

const afb_feature_column *afb_feature_global_columns(int *n)
{
  *n = N_GLOBAL;
  return global_columns;
}

afb_status afb_features_table_init(int n_labels, afb_set_table *table)
{
  return afb_set_table_init(N_TOKEN, N_GLOBAL, n_labels, table);
}

afb_status afb_feature_ion_create(int z, int charge, const afb_configuration *ground, afb_feature_ion **out)
{
  *out = NULL;
  afb_feature_ion *ion = calloc(1, sizeof *ion);
  if (!ion)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the estimates of an ion");
  afb_status status = afb_estimate_create(z, charge, ground, &ion->estimate);
  if (status != AFB_OK) {
    free(ion);
    return status;
  }
  double e = ion->estimate->energy[ion->estimate->outermost];
  ion->ionisation = e < -0.01 ? -e : 0.01;
  ion->parity = afb_configuration_parity(ground);
  *out = ion;
  return AFB_OK;
}

void afb_feature_ion_destroy(afb_feature_ion **ion)
{
  if (*ion)
    afb_estimate_destroy(&(*ion)->estimate);
  free(*ion);
  *ion = NULL;
}

static int occupation(const sample *s, int c, const open_orbital *o)
{
  return afb_configuration_occupation(&s->request->configuration[c], o->n, o->l);
}

static int in_start(const sample *s, int c)
{
  return s->request->started && s->request->started[c];
}

static float place_of(const sample *s, const open_orbital *o)
{
  return (float)(o->index - s->estimate->outermost);
}

static afb_status find_open(sample *s)
{
  const afb_feature_request *r = s->request;
  for (int c = 0; c < r->n_configurations; c++) {
    for (int k = 0; k < r->configuration[c].n_shells; k++) {
      afb_shell shell = r->configuration[c].shell[k];
      int known = 0, closed = shell.q == 4 * shell.l + 2;
      for (int o = 0; o < s->n_open; o++)
        known |= s->open[o].n == shell.n && s->open[o].l == shell.l;
      for (int d = 0; d < r->n_configurations && closed; d++)
        closed = afb_configuration_occupation(&r->configuration[d], shell.n, shell.l) == shell.q;
      if (known || closed)
        continue;
      if (s->n_open == MAX_OPEN)
        return AFB_FAIL(AFB_E_LIMIT, "a set with more than %d open orbitals", MAX_OPEN);
      int index = afb_estimate_find(s->estimate, shell.n, shell.l);
      s->open[s->n_open++] = (open_orbital){shell.n, shell.l, index < 0 ? s->estimate->n_orbitals - 1 : index, 0};
    }
  }
  return AFB_OK;
}

static void find_configurations(sample *s)
{
  for (int c = 0; c < s->n; c++) {
    config_facts *f = &s->config[c];
    const afb_configuration *configuration = &s->request->configuration[c];
    f->energy = afb_estimate_excitation(s->estimate, configuration, MAX_MOVED, &f->n_moved, f->place_from, f->place_to);
    f->parity = afb_configuration_parity(configuration);
    afb_level_counts_of(configuration, &f->levels);
  }
  for (int c = 0; c < s->n; c++) {
    double nearest = 10;
    for (int d = 0; d < s->n; d++)
      if (d != c && s->config[d].parity == s->config[c].parity)
        nearest = fmin(nearest, fabs(s->config[d].energy - s->config[c].energy) / s->ionisation);
    s->config[c].near = log(1e-3 + nearest);
  }
}

/* Which levels would be optimised if every configuration's levels lay evenly about its estimated energy, over a width of a third of the
 * repulsion of two outermost electrons. */
static afb_status find_weights(sample *s)
{
  int o = s->estimate->outermost;
  double width = 0.3 * (double)s->estimate->f0[o][o];
  afb_level_group *group = malloc((size_t)s->n * sizeof *group);
  if (!group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the features of %d configurations", s->n);
  for (int c = 0; c < s->n; c++)
    group[c] = (afb_level_group){&s->config[c].levels, s->config[c].parity, s->config[c].energy,
                                 s->config[c].levels.open_electrons > 1 ? width : 0, 0, 0};
  int levels = s->request->n_levels > 0 ? s->request->n_levels : 1;
  afb_status status = afb_levels_share(s->n, group, levels, &s->n_blocks, &s->n_wanted);
  for (int c = 0; c < s->n && status == AFB_OK; c++) {
    s->config[c].weight = group[c].weight;
    s->config[c].wanted = group[c].wanted / fmax(1, (double)s->config[c].levels.total);
    for (int i = 0; i < s->n_open; i++)
      s->open[i].occupation += group[c].weight * occupation(s, c, &s->open[i]);
  }
  free(group);
  return status;
}

/* Electrons that differ between two configurations. */
static int distance(const afb_configuration *a, const afb_configuration *b)
{
  int more = 0;
  for (int k = 0; k < a->n_shells; k++) {
    int difference = a->shell[k].q - afb_configuration_occupation(b, a->shell[k].n, a->shell[k].l);
    more += difference > 0 ? difference : 0;
  }
  return more;
}

static void occupation_differences(const sample *s, int c, float *t)
{
  const afb_estimate *e = s->estimate;
  for (int o = 0; o < e->n_orbitals; o++) {
    int change = afb_configuration_occupation(&s->request->configuration[c], e->orbital[o].n, e->orbital[o].l) -
                 e->orbital[o].q;
    if (change == 0)
      continue;
    int place = o - e->outermost, l = e->orbital[o].l;
    place = place < -3 ? -3 : place > 11 ? 11 : place;
    t[T_place_0 + place] += (float)change;
    t[T_delta_s + (l > 3 ? 3 : l)] += (float)change;
  }
}

static void configuration_token(const sample *s, int c)
{
  float *t = s->token + (size_t)c * N_TOKEN;
  const config_facts *f = &s->config[c];
  const afb_configuration *mine = &s->request->configuration[c];
  t[T_is_configuration] = 1;
  t[T_is_ground] = (float)(f->n_moved == 0);
  t[T_is_added] = (float)(c == s->request->added);
  t[T_is_started] = (float)in_start(s, c);
  t[T_ground_parity] = (float)(f->parity == s->request->ion->parity);
  t[T_moved] = (float)f->n_moved;
  for (int m = 0; m < f->n_moved; m++)
    t[T_k1 + m] = (float)(f->place_to[m] - f->place_from[m]);
  t[T_energy] = (float)(f->energy / s->ionisation);
  t[T_weight] = (float)f->weight;
  t[T_wanted] = (float)f->wanted;
  t[T_log_levels] = (float)log((double)f->levels.total + 1);
  t[T_near] = (float)f->near;
  t[T_open_shells] = (float)f->levels.open_shells;
  t[T_open_electrons] = (float)f->levels.open_electrons;
  for (int d = 0; d < s->n; d++) {
    int same = s->config[d].parity == f->parity, differ = d == c ? 0 : distance(mine, &s->request->configuration[d]);
    t[T_energy_rank] += (float)(same && s->config[d].energy < f->energy);
    t[T_differ_1] += (float)(differ == 1);
    t[T_differ_2] += (float)(differ == 2 && same);
  }
  occupation_differences(s, c, t);
}

static void orbital_use(const sample *s, const open_orbital *o, float *t)
{
  int others = 0, least = 99;
  double lowest = 1e9;
  for (int c = 0; c < s->n; c++) {
    int q = occupation(s, c, o);
    if (q == 0)
      continue;
    const config_facts *f = &s->config[c];
    others += c != s->request->added;
    t[T_in_start] = fmaxf(t[T_in_start], (float)in_start(s, c));
    t[T_largest_q] = fmaxf(t[T_largest_q], (float)q);
    t[T_occupying] += 1;
    t[T_occupying_singly] += (float)(q == 1);
    t[T_occupying_even] += (float)(f->parity == s->request->ion->parity);
    least = f->n_moved < least ? f->n_moved : least;
    lowest = fmin(lowest, f->energy / s->ionisation);
  }
  t[T_brought] = (float)(others == 0);
  t[T_occupying_share] = t[T_occupying] / (float)s->n;
  t[T_least_moved] = (float)least;
  t[T_least_energy] = (float)lowest;
}

/* How the orbital stands among those of its l: orbitals that are missing below it can not keep it from collapsing into them. */
static void orbital_neighbours(const sample *s, const open_orbital *o, float *t)
{
  const afb_configuration *first = &s->request->configuration[0];
  int below = 0, closed = 0, next = -1;
  for (int k = 0; k < s->n_open; k++) {
    const open_orbital *p = &s->open[k];
    if (p->l != o->l)
      continue;
    t[T_l_crowd] += (float)(s->estimate->orbital[p->index].q == 0);
    t[T_open_above] += (float)(p->n > o->n);
    t[T_weak_below] += (float)(p->n < o->n && p->occupation < o->occupation);
    below += p->n < o->n;
    if (p->n < o->n && (next < 0 || p->n > s->open[next].n))
      next = k;
  }
  for (int k = 0; k < first->n_shells; k++) {
    afb_shell shell = first->shell[k];
    int open = 0;
    for (int m = 0; m < s->n_open; m++)
      open |= s->open[m].n == shell.n && s->open[m].l == shell.l;
    closed += shell.l == o->l && shell.n < o->n && !open;
  }
  t[T_open_below] = (float)below;
  t[T_l_deepest] = (float)closed;
  t[T_missing_below] = (float)(o->n - o->l - 1 - below - closed);
  if (next >= 0)
    t[T_r_next] = (float)log(s->estimate->r_mean[o->index] / s->estimate->r_mean[s->open[next].index]);
}

static void orbital_token(const sample *s, int k)
{
  float *t = s->token + (size_t)(s->n + k) * N_TOKEN;
  const open_orbital *o = &s->open[k];
  double binding = fmax(1e-3, -s->estimate->energy[o->index]);
  t[T_is_orbital] = 1;
  t[T_n] = (float)o->n;
  t[T_l_s + (o->l > 3 ? 3 : o->l)] = 1;
  t[T_in_ground] = (float)(s->estimate->orbital[o->index].q > 0);
  t[T_place] = place_of(s, o);
  t[T_binding] = (float)(binding / s->ionisation);
  t[T_log_binding] = (float)log(binding);
  t[T_log_r] = (float)log(s->estimate->r_mean[o->index]);
  t[T_log_occupation] = (float)log10(1e-4 + o->occupation);
  orbital_use(s, o, t);
  orbital_neighbours(s, o, t);
}

static void global_ion(sample *s)
{
  const afb_estimate *e = s->estimate;
  afb_shell outer = e->orbital[e->outermost];
  float *g = s->global;
  g[G_z] = (float)e->z;
  g[G_charge] = (float)e->charge;
  g[G_electrons] = (float)(e->z - e->charge);
  g[G_log_ionisation] = (float)log(s->ionisation);
  g[G_outer_n] = (float)outer.n;
  g[G_outer_s + (outer.l > 2 ? 2 : outer.l)] = 1;
  g[G_outer_q] = (float)outer.q;
  for (int k = 0; k < e->ground.n_shells; k++)
    if (e->ground.shell[k].q < 4 * e->ground.shell[k].l + 2)
      g[G_valence] += (float)e->ground.shell[k].q;
  g[G_warm] = (float)(s->request->started != NULL);
}

static void global_configurations(sample *s)
{
  float *g = s->global;
  double levels = 0;
  g[G_size] = (float)s->n;
  g[G_nearest] = 10;
  for (int c = 0; c < s->n; c++) {
    const float *t = s->token + (size_t)c * N_TOKEN;
    g[G_not_started] += 1 - t[T_is_started];
    g[G_size_even] += t[T_ground_parity];
    g[G_nearest] = fminf(g[G_nearest], t[T_near]);
    g[G_mean_energy] += t[T_energy] / (float)s->n;
    g[G_doubles] += (float)(s->config[c].n_moved == 2);
    g[G_triples] += (float)(s->config[c].n_moved > 2);
    levels += (double)s->config[c].levels.total;
  }
  g[G_log_levels_total] = (float)log(levels + 1);
  g[G_log_levels_wanted] = (float)log(s->n_wanted + 1.0);
  g[G_blocks] = (float)s->n_blocks;
  const float *a = s->token + (size_t)s->request->added * N_TOKEN;
  g[G_added_k1] = a[T_k1];
  g[G_added_k2] = a[T_k2];
  g[G_added_moved] = a[T_moved];
  g[G_added_energy] = a[T_energy];
  g[G_added_weight] = a[T_weight];
  g[G_added_parity] = a[T_ground_parity];
}

static void global_orbitals(sample *s)
{
  float *g = s->global;
  g[G_open] = (float)s->n_open;
  g[G_least_binding] = 100;
  for (int k = 0; k < s->n_open; k++) {
    const float *t = s->token + (size_t)(s->n + k) * N_TOKEN;
    int l = s->open[k].l > 3 ? 3 : s->open[k].l, fresh = t[T_in_ground] == 0;
    g[G_fresh] += (float)fresh;
    g[G_fresh_s + l] += (float)fresh;
    g[G_fresh_most] = fmaxf(g[G_fresh_most], g[G_fresh_s + l]);
    g[G_unstarted_s + l] += (float)(t[T_in_start] == 0);
    g[G_missing] += t[T_missing_below];
    g[G_least_log_occupation] = fminf(g[G_least_log_occupation], t[T_log_occupation]);
    g[G_sum_log_occupation] += t[T_log_occupation];
    g[G_below_1] += (float)(t[T_log_occupation] < -1);
    g[G_below_2] += (float)(t[T_log_occupation] < -2);
    g[G_below_3] += (float)(t[T_log_occupation] < -3);
    g[G_single_use] += (float)(t[T_occupying] == 1);
    g[G_correlation] += (float)(t[T_least_moved] >= 2);
    g[G_largest_log_r] = fmaxf(g[G_largest_log_r], t[T_log_r]);
    g[G_least_binding] = fminf(g[G_least_binding], t[T_binding]);
    if (t[T_brought] == 0)
      continue;
    g[G_added_brings] += 1;
    g[G_added_missing] += t[T_missing_below];
    g[G_added_log_occupation] = fminf(g[G_added_log_occupation], t[T_log_occupation]);
  }
}

static afb_status fill(sample *s)
{
  AFB_TRY(find_open(s));
  find_configurations(s);
  AFB_TRY(find_weights(s));
  s->token = calloc((size_t)(s->n + s->n_open) * N_TOKEN, sizeof *s->token);
  if (!s->token)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the features of %d configurations", s->n);
  for (int c = 0; c < s->n; c++)
    configuration_token(s, c);
  for (int k = 0; k < s->n_open; k++)
    orbital_token(s, k);
  global_ion(s);
  global_configurations(s);
  global_orbitals(s);
  return AFB_OK;
}

afb_status afb_features_append(const afb_feature_request *request, const float *label, afb_set_table *table)
{
  int n = request->n_configurations;
  if (n < 1 || n > MAX_CONFIGURATIONS || request->added < 0 || request->added >= n)
    return AFB_FAIL(AFB_E_INPUT, "features of a set of %d configurations of which number %d is the added one", n, request->added);
  if (table->n_token != N_TOKEN || table->n_global != N_GLOBAL)
    return AFB_FAIL(AFB_E_INPUT, "the table was not made by afb_features_table_init");
  sample s = {.request = request, .estimate = request->ion->estimate, .ionisation = request->ion->ionisation, .n = n};
  s.config = calloc((size_t)n, sizeof *s.config);
  if (!s.config)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the features of %d configurations", n);
  afb_status status = fill(&s);
  int blame = -1;
  for (int k = 0; k < s.n_open; k++)
    if (s.open[k].n == request->failed_n && s.open[k].l == request->failed_l)
      blame = n + k;
  if (status == AFB_OK)
    status = afb_set_table_append(table, n + s.n_open, s.token, s.global, request->added, label, blame,
                                  afb_feature_group(s.estimate->z, s.estimate->charge), n);
  free(s.config);
  free(s.token);
  return status;
}
