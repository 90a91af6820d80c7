#include "tests/check.h"

#include <string.h>

#include "campaign/graph.h"

static int number_of(const afb_candidates *c, const char *text)
{
  afb_configuration configuration;
  return afb_configuration_parse(text, &configuration) == AFB_OK ? afb_candidates_find(c, &configuration) : -2;
}

/* C I with orbitals 1s 2s 2p 3s 3p 3d: 2p moves first, then the other 2p; 2s would be the third. By hand. */
static void candidates_are_those_of_the_rule(void **state)
{
  (void)state;
  static const char *const expected[][2] = {
    {"[He] 2s2 2p2", "[]"},      {"[He] 2s2 2p1 3s1", "[1]"}, {"[He] 2s2 2p1 3p1", "[2]"},
    {"[He] 2s2 3s2", "[1,1]"},   {"[He] 2s2 3s1 3p1", "[1,2]"}, {"[He] 2s2 3p2", "[2,2]"}};
  afb_candidates c;
  check_ok(afb_candidates_create((afb_ion){6, 0}, 3, 2, 2, 2, &c));
  check_true(c.n == 6);
  for (int i = 0; i < c.n; i++) {
    char text[AFB_CONFIGURATION_LENGTH], notation[AFB_NOTATION_LENGTH];
    assert_string_equal(afb_configuration_format(&c.candidate[i].configuration, 1, text, sizeof text), expected[i][0]);
    assert_string_equal(afb_candidate_notation(&c.candidate[i], notation), expected[i][1]);
  }
  afb_candidates_clear(&c);
  check_true(c.n == 0 && c.candidate == NULL);
}

static void electrons_leave_from_the_outside(void **state)
{
  (void)state;
  afb_candidates c;
  afb_configuration out;
  char text[AFB_CONFIGURATION_LENGTH];
  /* Y I: 4d1 5s2, order ... 4d 5s 5p 6s 5d: both 5s first, then 4d. */
  check_ok(afb_candidates_create((afb_ion){39, 0}, 6, 2, 3, 3, &c));
  static const struct { int n, shift[3]; const char *text; } cases[] = {
    {1, {1}, "[Kr] 4d1 5s1 5p1"}, {1, {3}, "[Kr] 4d1 5s1 5d1"}, {2, {0, 2}, "[Kr] 4d1 5s1 6s1"},
    {2, {1, 3}, "[Kr] 4d1 5p1 5d1"}, {3, {0, 0, 2}, "[Kr] 5s2 5p1"}, {1, {-1}, "[Kr] 4d2 5s1"},
    {2, {-1, -1}, "[Kr] 4d3"}, {2, {2, -1}, "[Kr] 4d2 6s1"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_ok(afb_candidates_excite(&c, cases[i].n, cases[i].shift, &out));
    assert_string_equal(afb_configuration_format(&out, 1, text, sizeof text), cases[i].text);
    check_true(afb_candidates_find(&c, &out) > 0);
  }
  const int far[3] = {99, 0, 0}, full[3] = {0, 0, -1};
  check_true(afb_candidates_excite(&c, 1, far, &out) == AFB_E_INPUT);
  check_true(afb_candidates_excite(&c, 3, full, &out) == AFB_E_INPUT);   /* into 4p6 */
  const int four[4] = {1, 1, 1, 1};
  check_true(afb_candidates_excite(&c, 4, four, &out) == AFB_E_INPUT);   /* the core does not move */
  afb_candidates_clear(&c);
}

static void candidates_are_distinct_and_sorted(void **state)
{
  (void)state;
  static const afb_ion ions[] = {{3, 0}, {5, 0}, {12, 1}, {20, 1}, {26, 0}, {39, 0}, {60, 2}, {92, 0}};
  for (size_t i = 0; i < sizeof ions / sizeof ions[0]; i++) {
    afb_candidates c;
    check_ok(afb_candidates_create(ions[i], 7, 3, 2, 6, &c));
    check_true(c.candidate[0].n_moved == 0);
    for (int a = 0; a < c.n; a++) {
      afb_configuration again;
      assert_true(afb_configuration_electrons(&c.candidate[a].configuration) == ions[i].z - ions[i].charge);
      assert_true(afb_candidates_excite(&c, c.candidate[a].n_moved, c.candidate[a].shift, &again) == AFB_OK);
      assert_true(afb_candidates_find(&c, &again) == a);
      assert_true(a == 0 || c.candidate[a - 1].n_moved <= c.candidate[a].n_moved);
    }
    afb_candidates_clear(&c);
  }
  afb_candidates c;
  check_true(afb_candidates_create((afb_ion){104, 0}, 7, 3, 2, 6, &c) == AFB_E_LIMIT);
  check_true(afb_candidates_create((afb_ion){5, 0}, 7, 3, 9, 6, &c) == AFB_E_LIMIT);
  check_true(afb_candidates_create((afb_ion){5, 0}, 7, 3, 2, 99, &c) == AFB_E_LIMIT);
  check_ok(afb_candidates_create((afb_ion){5, 0}, 7, 3, 0, 6, &c));
  check_true(c.n == 1);
  afb_candidates_clear(&c);
}

static void foreign_configurations_are_inserted(void **state)
{
  (void)state;
  afb_candidates c;
  afb_configuration strange;
  char notation[AFB_NOTATION_LENGTH];
  int number = -1;
  check_ok(afb_candidates_create((afb_ion){5, 0}, 3, 1, 1, 2, &c));
  int n = c.n;
  check_ok(afb_configuration_parse("1s1 2s2 2p2", &strange));
  check_ok(afb_candidates_insert(&c, &strange, &number));
  check_true(number == n && c.n == n + 1 && c.candidate[n].n_moved == -1);
  assert_string_equal(afb_candidate_notation(&c.candidate[n], notation), "");
  check_ok(afb_candidates_insert(&c, &strange, &number));
  check_true(number == n && c.n == n + 1);
  check_ok(afb_configuration_parse("1s2 2s2", &strange));
  check_true(afb_candidates_insert(&c, &strange, &number) == AFB_E_INPUT);
  afb_candidates_clear(&c);
}

static void edges_add_and_remove_one(void **state)
{
  (void)state;
  afb_candidates c;
  check_ok(afb_candidates_create((afb_ion){6, 0}, 4, 2, 2, 3, &c));
  int *number = malloc((size_t)c.n * sizeof *number), parents[AFB_MAX_SET];
  check_true(number != NULL);
  afb_node root = afb_node_root(), node = root, child, back;
  check_true(afb_node_children(&c, &root, 4, number) == c.n - 1 && number[0] == 1);
  check_true(afb_node_parents(&root, parents) == 0);
  check_true(afb_node_children(&c, &root, 1, number) == 0);
  check_ok(afb_node_add(&node, 5, &node));
  check_ok(afb_node_add(&node, 2, &node));
  check_true(node.n == 3 && node.member[0] == 0 && node.member[1] == 2 && node.member[2] == 5);
  check_true(afb_node_contains(&node, 5) && !afb_node_contains(&node, 4));
  int n = afb_node_children(&c, &node, 4, number);
  check_true(n == c.n - 3);
  for (int i = 0; i < n; i++) {
    check_ok(afb_node_add(&node, number[i], &child));
    check_true(afb_node_hash(&c, &child) != afb_node_hash(&c, &node));
    check_ok(afb_node_remove(&child, number[i], &back));
    check_true(afb_node_hash(&c, &back) == afb_node_hash(&c, &node));
    check_true(afb_node_parents(&child, parents) == 3);
  }
  child = node;
  check_true(afb_node_add(&node, 2, &child) == AFB_E_LIMIT && child.n == 3);
  check_true(afb_node_remove(&node, 4, &child) == AFB_E_LIMIT && afb_node_remove(&root, 0, &child) == AFB_E_LIMIT);
  free(number);
  afb_candidates_clear(&c);
}

/* The same set through other numbers, other order and other notation is the same node. */
static void identity_does_not_depend_on_order_or_notation(void **state)
{
  (void)state;
  const afb_ion ion = {6, 0};
  afb_candidates wide, narrow;
  check_ok(afb_candidates_create(ion, 5, 3, 2, 6, &wide));
  check_ok(afb_candidates_create(ion, 3, 2, 1, 2, &narrow));
  static const char *const members[] = {"1s2 2s2 2p1 3s1", "[He] 2s2 2p1 3p1"};
  afb_node a = afb_node_root(), b = afb_node_root();
  for (int i = 0; i < 2; i++) {
    check_ok(afb_node_add(&a, number_of(&wide, members[i]), &a));
    check_ok(afb_node_add(&b, number_of(&narrow, members[1 - i]), &b));
  }
  uint64_t hash = afb_node_hash(&wide, &a);
  check_true(hash == afb_node_hash(&narrow, &b));
  afb_configuration set[AFB_MAX_SET];
  static char text[AFB_SET_LENGTH], again[AFB_SET_LENGTH];
  int n = 0;
  check_ok(afb_set_parse(ion, " 1s2 2s2 2p1 3p1 ;[He] 3s1 2p1 2s2; [He] 2s2 2p2", &n, set));
  check_true(n == 3 && afb_set_hash(ion, n, set) == hash);
  check_true(afb_set_hash((afb_ion){7, 1}, n, set) != hash && afb_set_hash(ion, 2, set) != hash);
  assert_string_equal(afb_set_format(n, set, text, sizeof text), "[He] 2s2 2p2;[He] 2s2 2p1 3s1;[He] 2s2 2p1 3p1");
  assert_string_equal(afb_node_format(&wide, &a, again, sizeof again), text);
  /* The hash is part of stored files: it must not change. */
  check_true(afb_set_hash(ion, 1, set) == UINT64_C(0x5964bc70c90e51db));
  afb_candidates_clear(&wide);
  afb_candidates_clear(&narrow);
}

static void wrong_sets_are_explained(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
    {"", "empty configuration"}, {"[He] 2s2 2p2;", "empty configuration"},
    {"[He] 2s2;[He] 2p2", "has 4 electrons, the ion C I has 6"},
    {"[He] 2s2 2p2;1s2 2s2 2p2", "occurs twice"}, {"[He] 2s2 2x2", "unknown orbital letter"}};
  afb_configuration set[AFB_MAX_SET];
  int n = 9;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_true(afb_set_parse((afb_ion){6, 0}, cases[i][0], &n, set) == AFB_E_INPUT);
    check_true(strstr(afb_error_text(), cases[i][1]) != NULL && n == 9);
  }
  char text[40 * 24] = "";
  for (int i = 0; i < 40; i++)
    strcat(text, i ? ";[He] 2s2 2p2" : "[He] 2s2 2p2");
  check_true(afb_set_parse((afb_ion){6, 0}, text, &n, set) == AFB_E_LIMIT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(candidates_are_those_of_the_rule),
  cmocka_unit_test(electrons_leave_from_the_outside),
  cmocka_unit_test(candidates_are_distinct_and_sorted),
  cmocka_unit_test(foreign_configurations_are_inserted),
  cmocka_unit_test(edges_add_and_remove_one),
  cmocka_unit_test(identity_does_not_depend_on_order_or_notation),
  cmocka_unit_test(wrong_sets_are_explained),
};
CHECK_MAIN(tests)
