/* Whole numbers at the beginning of a text: where they end, and what is none. */
#include "core/number.h"

#include <limits.h>

#include "tests/check.h"

static void test_where_it_ends(void **state)
{
  (void)state;
  static const struct { const char *text, *rest; int value; } example[] = {
    {"3d", "d", 3}, {" 12) 4", ") 4", 12}, {"-7", "", -7}, {"+0x1", "x1", 0}, {"2147483647.", ".", INT_MAX}, {"-2147483648", "", INT_MIN},
  };
  for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
    int value = 99;
    const char *end = afb_number_int(example[i].text, &value);
    assert_non_null(end);
    assert_string_equal(end, example[i].rest);
    assert_int_equal(value, example[i].value);
  }
}

static void test_what_is_none(void **state)
{
  (void)state;
  static const char *const none[] = {"", " ", "d3", "-", "- 1", ".5", "2147483648", "-2147483649", "99999999999999999999"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    int value = 99;
    assert_null(afb_number_int(none[i], &value));
    assert_int_equal(value, 99);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_where_it_ends), cmocka_unit_test(test_what_is_none)};
CHECK_MAIN(tests)
