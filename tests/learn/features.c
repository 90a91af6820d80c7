#include "tests/check.h"

#include <string.h>

#include "campaign/estimate.h"
#include "campaign/features.h"
#include "campaign/levels.h"

static afb_configuration parse(const char *text)
{
  afb_configuration c;
  memset(&c, 0, sizeof c);
  check_ok(afb_configuration_parse(text, &c));
  return c;
}

/* One electron: the field is the nucleus's alone but for its own (local) exchange, so orbitals other than 1s are hydrogen's. */
static void hydrogen_is_hydrogen(void **state)
{
  (void)state;
  afb_configuration ground = parse("1s1");
  afb_estimate *e;
  check_ok(afb_estimate_create(1, 0, &ground, &e));
  for (int n = 2; n <= 5; n++)
    for (int l = 0; l < n; l++) {
      int o = afb_estimate_find(e, n, l);
      check_close(e->energy[o], -0.5 / (n * n), 0.01 * 0.5 / (n * n));
      check_close(e->r_mean[o], 0.5 * (3 * n * n - l * (l + 1)), 0.02 * n * n);
    }
  /* F0(1s,1s) = 5/8, F0(1s,2s) = 17/81 hartree. */
  int s1 = afb_estimate_find(e, 1, 0), s2 = afb_estimate_find(e, 2, 0);
  check_close(e->f0[s1][s1], 0.625, 0.02);
  check_close(e->f0[s1][s2], 17.0 / 81, 0.01);
  check_close(e->f0[s1][s2], e->f0[s2][s1], 1e-3);
  afb_estimate_destroy(&e);
}

/* Bindings of outermost electrons from experiment (NIST): an estimate, so to a fifth. */
static void bindings_are_about_right(void **state)
{
  (void)state;
  static const struct {
    int z, charge;
    const char *ground;
    double hartree;
  } ion[] = {{3, 0, "[He] 2s1", 0.198}, {11, 0, "[Ne] 3s1", 0.189}, {18, 0, "[Ne] 3s2 3p6", 0.579},
             {12, 1, "[Ne] 3s1", 0.5525}, {38, 1, "[Kr] 5s1", 0.405}, {6, 2, "[He] 2s2", 1.760}};
  for (size_t i = 0; i < sizeof ion / sizeof *ion; i++) {
    afb_configuration ground = parse(ion[i].ground);
    afb_estimate *e;
    check_ok(afb_estimate_create(ion[i].z, ion[i].charge, &ground, &e));
    check_close(-e->energy[e->outermost], ion[i].hartree, 0.2 * ion[i].hartree);
    afb_estimate_destroy(&e);
  }
  afb_configuration wrong = parse("[He] 2s2");
  afb_estimate *e;
  check_true(afb_estimate_create(3, 0, &wrong, &e) == AFB_E_INPUT && e == NULL);
}

/* p2 has 5 levels (J = 0 twice, 1, 2 twice), d2 9, p1 d1 12, f3 41, closed shells one. */
static void levels_are_counted(void **state)
{
  (void)state;
  afb_level_counts c;
  afb_configuration k = parse("1s2 2s2 2p2");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 5 && c.of_two_j[0] == 2 && c.of_two_j[2] == 1 && c.of_two_j[4] == 2 && c.open_electrons == 2);
  k = parse("[Ar] 3d2");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 9);
  k = parse("[Ar] 3d8");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 9);
  k = parse("[Ne] 3p1 3d1");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 12 && c.open_shells == 2);
  k = parse("[Xe] 4f3");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 41);
  k = parse("[Ne]");
  afb_level_counts_of(&k, &c);
  check_true(c.total == 1 && c.of_two_j[0] == 1);
}

/* {3s2, 3p2} far above it: J = 0 has three levels of which three are optimised, J = 1 one, J = 2 two. */
static void shares_of_optimised_levels(void **state)
{
  (void)state;
  afb_configuration a = parse("[Ne] 3s2"), b = parse("[Ne] 3p2");
  afb_level_counts ca, cb;
  afb_level_counts_of(&a, &ca);
  afb_level_counts_of(&b, &cb);
  afb_level_group g[2] = {{&ca, 1, 0, 0, 0, 0}, {&cb, 1, 1, 0, 0, 0}};
  int blocks, levels;
  check_ok(afb_levels_share(2, g, 1, &blocks, &levels));
  check_true(blocks == 3 && levels == 3);
  check_close(g[0].weight, 1.0 / 9, 1e-12);
  check_close(g[1].weight, 8.0 / 9, 1e-12);
  check_ok(afb_levels_share(2, g, 3, &blocks, &levels));
  check_true(levels == 6);
  check_close(g[1].weight, 15.0 / 16, 1e-12);
}

static int column(const afb_feature_column *columns, int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp(columns[i].name, name) == 0)
      return i;
  check_true(0);
  return -1;
}

static void columns_are_documented(void **state)
{
  (void)state;
  int n, m;
  const afb_feature_column *t = afb_feature_token_columns(&n), *g = afb_feature_global_columns(&m);
  afb_set_table table;
  check_ok(afb_features_table_init(AFB_N_TARGETS, &table));
  check_true(n == table.n_token && m == table.n_global && table.n_target == AFB_N_TARGETS);
  for (int i = 0; i < n + m; i++) {
    const afb_feature_column *c = i < n ? &t[i] : &g[i - n];
    check_true(strlen(c->name) > 0 && strlen(c->description) > 3);
  }
  afb_set_table_clear(&table);
}

static void sets_become_tokens(void **state)
{
  (void)state;
  afb_configuration ground = parse("[Ne] 3s2"),
                    set[3] = {ground, parse("[Ne] 3s1 3p1"), parse("[Ne] 3p1 5d1")}, turned[3] = {set[2], set[0], set[1]};
  unsigned char started[3] = {1, 1, 0};
  afb_feature_ion *ion;
  afb_set_table table;
  check_ok(afb_feature_ion_create(12, 0, &ground, &ion));
  check_ok(afb_features_table_init(AFB_N_TARGETS, &table));
  afb_feature_request cold = {.ion = ion, .n_configurations = 3, .configuration = set, .added = 2, .n_levels = 3};
  afb_feature_request warm = cold, other = cold, bad = cold;
  warm.started = started;
  warm.failed_n = 5;
  warm.failed_l = 2;
  other.configuration = turned;
  other.added = 0;
  bad.added = 3;
  check_ok(afb_features_append(&cold, NULL, &table));
  check_ok(afb_features_append(&warm, NULL, &table));
  check_ok(afb_features_append(&other, NULL, &table));
  check_true(afb_features_append(&bad, NULL, &table) == AFB_E_INPUT && table.n == 3);
  int n, m;
  const afb_feature_column *t = afb_feature_token_columns(&n), *g = afb_feature_global_columns(&m);
  /* Three configurations, and 3s, 3p, 5d are open. */
  check_true(table.offset[1] == 6 && table.offset[3] == 18 && table.size[0] == 3 && table.group[0] == 12000);
  const float *d5 = table.token + 5 * n, *third = table.token + 2 * n, *warm_d5 = table.token + 11 * n;
  check_true(d5[column(t, n, "is_orbital")] == 1 && d5[column(t, n, "n")] == 5 && d5[column(t, n, "l_d")] == 1);
  check_true(d5[column(t, n, "missing_below")] == 2 && d5[column(t, n, "brought")] == 1);
  check_true(third[column(t, n, "moved")] == 2 && third[column(t, n, "is_added")] == 1);
  check_true(third[column(t, n, "delta_s")] == -2 && third[column(t, n, "delta_d")] == 1);
  check_true(table.blame[0] == -1 && table.blame[1] == 5);
  check_true(warm_d5[column(t, n, "in_start")] == 0 && table.token[9 * n + column(t, n, "in_start")] == 1);
  check_true(table.global[m + column(g, m, "warm")] == 1 && table.global[m + column(g, m, "not_started")] == 1);
  /* Another order of the configurations: the same globals. */
  for (int i = 0; i < m; i++)
    check_close(table.global[i], table.global[2 * m + i], 1e-5);
  for (int64_t i = 0; i < table.offset[3] * n; i++)
    if (!isfinite(table.token[i]))
      check_true(0);
  afb_set_table_clear(&table);
  afb_feature_ion_destroy(&ion);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(hydrogen_is_hydrogen),
  cmocka_unit_test(bindings_are_about_right),
  cmocka_unit_test(levels_are_counted),
  cmocka_unit_test(shares_of_optimised_levels),
  cmocka_unit_test(columns_are_documented),
  cmocka_unit_test(sets_become_tokens),
};
CHECK_MAIN(tests)
