#include "tests/check.h"

#include <string.h>

#include "atomic/element.h"

static void elements_are_found(void **state)
{
  (void)state;
  int z = 0;
  for (int i = 1; i <= AFB_N_ELEMENTS; i++) {
    check_ok(afb_element_find(afb_element_symbol(i), &z));
    check_true(z == i);
    check_ok(afb_element_find(afb_element_name(i), &z));
    check_true(z == i);
    check_true(afb_element_mass_number(i) >= i && afb_element_mass_number(i) <= 3 * i);
  }
  check_ok(afb_element_find("sr", &z));
  check_true(z == 38);
  static const char *const wrong[][2] = {
    {"Srr", "did you mean Sr?"}, {"stronsium", "did you mean strontium?"}, {"Uranum", "did you mean uranium?"},
    {"", "give a symbol"}, {"unobtainiumunobtainium", "give a symbol"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    check_true(afb_element_find(wrong[i][0], &z) == AFB_E_INPUT);
    check_true(strstr(afb_error_text(), wrong[i][1]) != NULL);
  }
  check_true(z == 38);
  assert_string_equal(afb_element_symbol(0), "?");
  check_true(afb_element_mass_number(119) == 0 && afb_element_rms_radius(119, 300) == 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(elements_are_found),
};
CHECK_MAIN(tests)
