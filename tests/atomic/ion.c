#include "tests/check.h"

#include <string.h>

#include "atomic/element.h"
#include "atomic/ion.h"

static const char *ground_text(int z, int charge, char *text)
{
  afb_configuration c;
  return afb_ground_configuration(z, charge, &c) == AFB_OK
           ? afb_configuration_format(&c, 1, text, AFB_CONFIGURATION_LENGTH) : "";
}

static void ground_configurations_are_right(void **state)
{
  (void)state;
  char text[AFB_CONFIGURATION_LENGTH];
  for (int z = 1; z <= AFB_GROUND_MAX_Z; z++)
    for (int charge = 0; charge <= AFB_GROUND_MAX_CHARGE && charge < z; charge++) {
      afb_configuration c, neutral;
      check_ok(afb_ground_configuration(z, charge, &c));
      check_true(afb_configuration_electrons(&c) == z - charge);
      /* Up to 18 electrons all ions of an isoelectronic sequence share the configuration of its atom. */
      if (z - charge <= 18) {
        check_ok(afb_ground_configuration(z - charge, 0, &neutral));
        check_true(afb_configuration_compare(&c, &neutral) == 0);
      }
    }
  /* NIST Atomic Spectra Database. */
  static const struct { int z, charge; const char *text; } cases[] = {
    {1, 0, "1s1"}, {2, 0, "[He]"}, {20, 1, "[Ar] 4s1"}, {21, 2, "[Ar] 3d1"}, {22, 3, "[Ar] 3d1"}, {23, 1, "[Ar] 3d4"},
    {24, 0, "[Ar] 3d5 4s1"}, {24, 1, "[Ar] 3d5"}, {26, 1, "[Ar] 3d6 4s1"}, {27, 1, "[Ar] 3d8"}, {28, 1, "[Ar] 3d9"},
    {29, 0, "[Ar] 3d10 4s1"}, {38, 0, "[Kr] 5s2"}, {39, 0, "[Kr] 4d1 5s2"}, {39, 1, "[Kr] 5s2"}, {40, 1, "[Kr] 4d2 5s1"},
    {41, 0, "[Kr] 4d4 5s1"}, {43, 0, "[Kr] 4d5 5s2"}, {46, 0, "[Kr] 4d10"}, {57, 1, "[Xe] 5d2"},
    {58, 0, "[Xe] 4f1 5d1 6s2"}, {58, 1, "[Xe] 4f1 5d2"}, {58, 2, "[Xe] 4f2"}, {58, 3, "[Xe] 4f1"},
    {60, 0, "[Xe] 4f4 6s2"}, {60, 1, "[Xe] 4f4 6s1"}, {60, 2, "[Xe] 4f4"}, {60, 3, "[Xe] 4f3"},
    {64, 0, "[Xe] 4f7 5d1 6s2"}, {64, 1, "[Xe] 4f7 5d1 6s1"}, {64, 2, "[Xe] 4f7 5d1"}, {65, 0, "[Xe] 4f9 6s2"},
    {71, 0, "[Xe] 4f14 5d1 6s2"}, {71, 1, "[Xe] 4f14 6s2"}, {71, 2, "[Xe] 4f14 6s1"}, {72, 1, "[Xe] 4f14 5d1 6s2"},
    {78, 0, "[Xe] 4f14 5d9 6s1"}, {79, 1, "[Xe] 4f14 5d10"}, {82, 0, "[Xe] 4f14 5d10 6s2 6p2"},
    {89, 0, "[Rn] 6d1 7s2"}, {90, 2, "[Rn] 5f1 6d1"}, {91, 0, "[Rn] 5f2 6d1 7s2"}, {92, 0, "[Rn] 5f3 6d1 7s2"},
    {92, 1, "[Rn] 5f3 7s2"}, {92, 2, "[Rn] 5f4"}, {93, 1, "[Rn] 5f4 6d1 7s1"}, {96, 1, "[Rn] 5f7 7s2"},
    {96, 2, "[Rn] 5f8"}, {100, 0, "[Rn] 5f12 7s2"}, {103, 0, "[Rn] 5f14 7s2 7p1"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_string_equal(ground_text(cases[i].z, cases[i].charge, text), cases[i].text);
  afb_configuration c;
  check_true(afb_ground_configuration(1, 1, &c) == AFB_E_LIMIT);
  check_true(afb_ground_configuration(104, 0, &c) == AFB_E_LIMIT);
  check_true(afb_ground_configuration(50, 4, &c) == AFB_E_LIMIT);
  check_true(afb_ground_configuration(50, -1, &c) == AFB_E_LIMIT);
}

static void ions_are_read_and_written(void **state)
{
  (void)state;
  char text[AFB_ION_LENGTH];
  afb_ion ion;
  for (int z = 1; z <= AFB_N_ELEMENTS; z++)
    for (int charge = 0; charge < z; charge++) {
      afb_ion_format((afb_ion){z, charge}, text);
      assert_true(afb_ion_parse(text, &ion) == AFB_OK);
      assert_true(ion.z == z && ion.charge == charge);
    }
  assert_string_equal(afb_ion_format((afb_ion){38, 1}, text), "Sr II");
  check_ok(afb_ion_parse("  strontium  IV ", &ion));
  check_true(ion.z == 38 && ion.charge == 3);
  static const char *const wrong[][2] = {
    {"", "is not an ion"}, {"Sr", "is not an ion"}, {"Sr II x", "is not an ion"}, {"Sx II", "did you mean S"},
    {"Sr 2", "not a stage of ionisation"}, {"Sr IIII", "not a stage of ionisation"}, {"Sr ii", "not a stage"},
    {"Li-Ne I", "one ion is wanted"}, {"H II", "no electrons"}, {"Li- I", "range of elements"}, {"Li I-", "range of stages"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    ion = (afb_ion){7, 7};
    check_true(afb_ion_parse(wrong[i][0], &ion) == AFB_E_INPUT);
    if (!strstr(afb_error_text(), wrong[i][1]))
      fprintf(stderr, "# \"%s\": %s\n", wrong[i][0], afb_error_text());
    check_true(strstr(afb_error_text(), wrong[i][1]) != NULL && ion.z == 7);
  }
}

static void ranges_are_expanded(void **state)
{
  (void)state;
  int n = 0;
  afb_ion *list = NULL;
  check_ok(afb_ion_parse_list("Li-Ne I-III", &n, &list));
  check_true(n == 24 && list[0].z == 3 && list[0].charge == 0 && list[23].z == 10 && list[23].charge == 2);
  for (int i = 1; i < n; i++)
    check_true(list[i].z > list[i - 1].z || (list[i].z == list[i - 1].z && list[i].charge > list[i - 1].charge));
  free(list);
  check_ok(afb_ion_parse_list("H-He I-III", &n, &list));
  check_true(n == 3 && list[0].z == 1 && list[2].z == 2 && list[2].charge == 1);
  free(list);
  check_ok(afb_ion_parse_list("Y I", &n, &list));
  check_true(n == 1 && list[0].z == 39);
  free(list);
  check_true(afb_ion_parse_list("Ne-Li I", &n, &list) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "backwards") != NULL);
  check_true(afb_ion_parse_list("H II", &n, &list) == AFB_E_INPUT);
}

static char *order_text(const afb_shell *order, int n, char *text)
{
  text[0] = '\0';
  for (int i = 0; i < n; i++)
    snprintf(text + strlen(text), 8, "%s%d%c", i ? " " : "", order[i].n, "spdfghik"[order[i].l]);
  return text;
}

/* Orders of the reference data set (reference/grasp/dataset.csv), one ion of each kind. */
static void orbital_orders_are_those_of_the_reference(void **state)
{
  (void)state;
  static const struct { int z, charge; const char *text; } cases[] = {
    {4, 0, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g"},
    {16, 2, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g"},
    {18, 1, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g"},
    {11, 0, "1s 2s 2p 3s 3p 4s 3d 4p 5s 4d 5p 4f 6s 5d 6p 5f 6d 5g"},
    {19, 0, "1s 2s 2p 3s 3p 4s 3d 4p 5s 4d 5p 6s 4f 5d 6p 5f 6d"},
    {21, 0, "1s 2s 2p 3s 3p 3d 4s 4p 5s 4d 5p 6s 4f 5d 6p 5f 6d"},
    {36, 1, "1s 2s 2p 3s 3p 3d 4s 4p 4d 5s 5p 4f 5d 6s 6p 5f 6d"},
    {21, 2, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g"},
    {38, 3, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 5g"},
    {37, 0, "1s 2s 2p 3s 3p 3d 4s 4p 5s 4d 5p 6s 5d 6p 4f 6d 5f"},
    {39, 1, "1s 2s 2p 3s 3p 3d 4s 4p 5s 4d 5p 6s 5d 6p 4f 6d 5f"},
    {39, 0, "1s 2s 2p 3s 3p 3d 4s 4p 4d 5s 5p 6s 5d 6p 4f 6d 5f"},
    {42, 1, "1s 2s 2p 3s 3p 3d 4s 4p 4d 5s 5p 5d 6s 4f 6p 6d 5f"},
    {47, 3, "1s 2s 2p 3s 3p 3d 4s 4p 4d 5s 5p 5d 4f 6s 6p 5f 6d 5g"}};
  afb_shell order[130];
  char text[1024];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int n = 0;
    check_ok(afb_ion_orbital_order(cases[i].z, cases[i].charge, 6, 4, 130, order, &n));
    order_text(order, n, text);
    /* The reference stops before 5g or 6f, 6g; here all up to the limits follow. */
    if (strncmp(text, cases[i].text, strlen(cases[i].text)))
      fprintf(stderr, "# Z = %d, charge %d: %s\n", cases[i].z, cases[i].charge, text);
    check_true(strncmp(text, cases[i].text, strlen(cases[i].text)) == 0);
  }
}

static void orbital_orders_keep_to_the_limits(void **state)
{
  (void)state;
  afb_shell order[130];
  char text[1024];
  int n = 0;
  check_ok(afb_ion_orbital_order(38, 1, 5, 3, 130, order, &n));
  assert_string_equal(order_text(order, n, text), "1s 2s 2p 3s 3p 3d 4s 4p 5s 4d 5p 5d 4f 5f");
  check_true(order[8].q == 1 && order[9].q == 0 && order[0].q == 2);
  check_ok(afb_ion_orbital_order(60, 0, 4, 1, 130, order, &n));
  assert_string_equal(order_text(order, n, text), "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 6s");
  for (int z = 1; z <= AFB_GROUND_MAX_Z; z++)
    for (int charge = 0; charge <= 3 && charge < z; charge++) {
      int all = 0, core = -1, electrons = 0, listed[16][8] = {{0}};
      check_ok(afb_ion_orbital_order(z, charge, 15, 7, 130, order, &n));
      for (int i = 0; i < n; i++) {
        assert_true(listed[order[i].n][order[i].l]++ == 0);
        electrons += order[i].q;
      }
      for (int k = 1; k <= 15; k++)
        all += k < 8 ? k : 8;
      check_true(n == all && electrons == z - charge);
      check_ok(afb_ion_core_electrons(z, charge, &core));
      check_true(core < z - charge && core >= 0);
    }
  int core = -1;
  check_true(afb_ion_core_electrons(11, 1, &core) == AFB_OK && core == 2);
  check_true(afb_ion_core_electrons(11, 0, &core) == AFB_OK && core == 10);
  check_true(afb_ion_core_electrons(46, 0, &core) == AFB_OK && core == 36);
  check_true(afb_ion_orbital_order(60, 0, 4, 1, 5, order, &n) == AFB_E_LIMIT);
  check_true(afb_ion_orbital_order(60, 0, 16, 1, 130, order, &n) == AFB_E_LIMIT);
  check_true(afb_ion_orbital_order(104, 0, 5, 1, 130, order, &n) == AFB_E_LIMIT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(ground_configurations_are_right),
  cmocka_unit_test(ions_are_read_and_written),
  cmocka_unit_test(ranges_are_expanded),
  cmocka_unit_test(orbital_orders_are_those_of_the_reference),
  cmocka_unit_test(orbital_orders_keep_to_the_limits),
};
CHECK_MAIN(tests)
