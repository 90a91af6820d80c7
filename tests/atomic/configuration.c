#include "tests/check.h"

#include <string.h>

#include "atomic/configuration.h"

static void text_round_trips(void **state)
{
  (void)state;
  static const char *const cases[][3] = {
    {"1s2 2s2 2p1", "[He] 2s2 2p1", "1s2 2s2 2p1"},
    {"[Kr] 5s2 4d1", "[Kr] 4d1 5s2", "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d1 5s2"},
    {"  [He]\t2s1 ", "[He] 2s1", "1s2 2s1"},
    {"1s1", "1s1", "1s1"},
    {"[Ne]", "[Ne]", "1s2 2s2 2p6"},
    {"[Xe] 4f3 6s2 5d0", "[Xe] 4f3 6s2", "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f3 5s2 5p6 6s2"},
    {"[Rn] 5f3 6d1 7s2", "[Rn] 5f3 6d1 7s2",
     "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 5f3 6s2 6p6 6d1 7s2"},
    /* Closed shells of a bigger noble gas do not make a core when a shell below is open. */
    {"1s2 2s1 2p6 3s2 3p6", "[He] 2s1 2p6 3s2 3p6", "1s2 2s1 2p6 3s2 3p6"},
    {"1s1 2s2 2p6", "1s1 2s2 2p6", "1s1 2s2 2p6"},
    {"15k30", "15k30", "15k30"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    afb_configuration a, b;
    char text[AFB_CONFIGURATION_LENGTH];
    check_ok(afb_configuration_parse(cases[i][0], &a));
    assert_string_equal(afb_configuration_format(&a, 1, text, sizeof text), cases[i][1]);
    check_ok(afb_configuration_parse(text, &b));
    check_true(afb_configuration_compare(&a, &b) == 0);
    assert_string_equal(afb_configuration_format(&a, 0, text, sizeof text), cases[i][2]);
    check_ok(afb_configuration_parse(text, &b));
    check_true(afb_configuration_compare(&a, &b) == 0);
  }
}

static void noble_cores_hold_their_electrons(void **state)
{
  (void)state;
  static const struct { const char *text; int z; } cases[] = {
    {"[He]", 2}, {"[Ne]", 10}, {"[Ar]", 18}, {"[Kr]", 36}, {"[Xe]", 54}, {"[Rn]", 86}, {"[Og]", 118}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    afb_configuration c;
    char text[AFB_CONFIGURATION_LENGTH];
    check_ok(afb_configuration_parse(cases[i].text, &c));
    check_true(afb_configuration_electrons(&c) == cases[i].z);
    check_true(afb_configuration_parity(&c) == 1);
    assert_string_equal(afb_configuration_format(&c, 1, text, sizeof text), cases[i].text);
  }
}

static void wrong_text_is_explained(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
    {"", "empty configuration"},
    {"  ", "empty configuration"},
    {"2s0", "has no electrons"},
    {"[Kr 4d1", "not closed"},
    {"[Zz] 4d1", "\"[Zz]\" is not one of"},
    {"[kr] 4d1", "\"[kr]\" is not one of"},
    {"1s2 [He] 2s1", "stands once and first"},
    {"1s2 2x1", "shell \"2x1\": unknown orbital letter"},
    {"1s2 2P1", "lower case"},
    {"p3", "begins with its principal quantum number"},
    {"1s2 2", "letter of the orbital is missing"},
    {"0s1", "begins at 1"},
    {"16s1", "at most 15"},
    {"99999999999999999999s1", "at most 15"},
    {"2d1", "l must be smaller than n"},
    {"1s2 2p", "number of electrons is missing"},
    {"1s2 2s2.2p1", "a blank goes between shells"},
    {"1s2 2p-1", "only the number of electrons"},
    {"1s3", "more electrons than the shell holds"},
    {"1s2 2p99999999999", "more electrons than the shell holds"},
    {"[Kr] 3d9", "shell \"3d9\": the shell is already closed in the core"},
    {"1s2 2s1 2s1", "occurs twice"},
    {"1s0 1s1", "occurs twice"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    afb_configuration c = {.n_shells = 7};
    check_true(afb_configuration_parse(cases[i][0], &c) == AFB_E_INPUT);
    if (!strstr(afb_error_text(), cases[i][1]))
      fprintf(stderr, "# \"%s\": %s\n", cases[i][0], afb_error_text());
    check_true(strstr(afb_error_text(), cases[i][1]) != NULL);
    check_true(c.n_shells == 7);
  }
  char text[512] = "";
  for (int n = 1; n <= 15; n++)
    for (int l = 0; l < n && l < 3; l++)
      snprintf(text + strlen(text), sizeof text - strlen(text), "%d%c1 ", n, "spd"[l]);
  afb_configuration c;
  check_true(afb_configuration_parse(text, &c) == AFB_E_INPUT && strstr(afb_error_text(), "too many shells"));
}

static void shells_are_read(void **state)
{
  (void)state;
  int n = -1, l = -1;
  check_ok(afb_shell_parse("4d", &n, &l));
  check_true(n == 4 && l == 2);
  static const char *const wrong[] = {"", "d", "4", "4d1", "2d", "4D", "4x", "4 d"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    check_true(afb_shell_parse(wrong[i], &n, &l) == AFB_E_INPUT);
  check_true(n == 4 && l == 2);
}

static void electrons_are_added(void **state)
{
  (void)state;
  afb_configuration c, before;
  char text[AFB_CONFIGURATION_LENGTH];
  check_ok(afb_configuration_parse("1s2 2s2 2p2", &c));
  check_ok(afb_configuration_add(&c, 2, 0, -2));
  check_ok(afb_configuration_add(&c, 3, 2, 1));
  check_ok(afb_configuration_add(&c, 2, 1, 1));
  assert_string_equal(afb_configuration_format(&c, 0, text, sizeof text), "1s2 2p3 3d1");
  check_true(afb_configuration_parity(&c) == -1);
  check_true(afb_configuration_occupation(&c, 2, 1) == 3 && afb_configuration_occupation(&c, 2, 0) == 0);
  before = c;
  check_true(afb_configuration_add(&c, 2, 1, 4) == AFB_E_LIMIT);
  check_true(afb_configuration_add(&c, 4, 0, -1) == AFB_E_LIMIT);
  check_true(afb_configuration_add(&c, 2, 2, 1) == AFB_E_LIMIT);
  check_true(afb_configuration_add(&c, 16, 0, 1) == AFB_E_LIMIT);
  check_true(afb_configuration_compare(&c, &before) == 0);
}

static void comparison_is_a_total_order(void **state)
{
  (void)state;
  static const char *const sorted[] = {"1s2 2s2 2p2", "1s2 2s2 2p1 3s1", "1s2 2s2 2p1 3d1", "1s2 2s2 2p1",
                                       "1s2 2s2", "1s2 2s1 2p3", "1s2 2p4", "1s2", "1s1 2s2", "2s2"};
  afb_configuration c[10];
  for (int i = 0; i < 10; i++)
    check_ok(afb_configuration_parse(sorted[i], &c[i]));
  for (int i = 0; i < 10; i++)
    for (int j = 0; j < 10; j++) {
      int order = afb_configuration_compare(&c[i], &c[j]);
      check_true(i < j ? order < 0 : i > j ? order > 0 : order == 0);
    }
}

/* Every occupation of the listed shells with the right number of electrons, kept when it differs from one of the given
 * configurations only by losses of `from` shells of at most `electrons` in all and gains of listed shells. */
static int allowed(const afb_configuration *a, const afb_configuration *b, int electrons, int n_from,
                   const afb_shell *from, int n_all, const afb_shell *all)
{
  int lost = 0;
  for (int i = 0; i < n_all; i++) {
    int change = afb_configuration_occupation(b, all[i].n, all[i].l) -
                 afb_configuration_occupation(a, all[i].n, all[i].l);
    if (change >= 0)
      continue;
    int is_from = 0;
    for (int f = 0; f < n_from; f++)
      is_from |= from[f].n == all[i].n && from[f].l == all[i].l;
    if (!is_from)
      return 0;
    lost -= change;
  }
  return lost <= electrons;
}

static void expansion_equals_brute_force(void **state)
{
  (void)state;
  const afb_shell all[] = {{2, 0, 0}, {2, 1, 0}, {3, 0, 0}, {3, 1, 0}, {3, 2, 0}};
  enum { N = 5 };
  for (int variant = 0; variant < 6; variant++) {
    int electrons = variant % 4, n_from = variant < 4 ? 2 : 1;
    afb_configuration in[2], *out = NULL;
    check_ok(afb_configuration_parse("1s2 2s2 2p2", &in[0]));
    check_ok(afb_configuration_parse(variant & 1 ? "1s2 2s1 2p2 3d1" : "1s2 2s2 2p1 3p1", &in[1]));
    int n_out, expected = 0;
    check_ok(afb_configuration_expand(2, in, electrons, n_from, all, N - n_from, all + n_from, &n_out, &out));
    int q[N];
    for (q[0] = 0; q[0] <= 2; q[0]++)
      for (q[1] = 0; q[1] <= 4; q[1]++)
        for (q[2] = 0; q[2] <= 2; q[2]++)
          for (q[3] = 0; q[3] <= 4; q[3]++) {
            q[4] = 4 - q[0] - q[1] - q[2] - q[3];
            if (q[4] < 0)
              continue;
            afb_configuration c = {.n_shells = 1, .shell = {{1, 0, 2}}};
            for (int i = 0; i < N; i++)
              assert_true(afb_configuration_add(&c, all[i].n, all[i].l, q[i]) == AFB_OK);
            if (!allowed(&in[0], &c, electrons, n_from, all, N, all) &&
                !allowed(&in[1], &c, electrons, n_from, all, N, all))
              continue;
            expected++;
            int found = 0;
            for (int i = 0; i < n_out; i++)
              found += afb_configuration_compare(&out[i], &c) == 0;
            check_true(found == 1);
          }
    check_true(n_out == expected);
    for (int i = 1; i < n_out; i++)
      assert_true(afb_configuration_compare(&out[i - 1], &out[i]) < 0);
    free(out);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(text_round_trips),
  cmocka_unit_test(noble_cores_hold_their_electrons),
  cmocka_unit_test(wrong_text_is_explained),
  cmocka_unit_test(shells_are_read),
  cmocka_unit_test(electrons_are_added),
  cmocka_unit_test(comparison_is_a_total_order),
  cmocka_unit_test(expansion_equals_brute_force),
};
CHECK_MAIN(tests)
