#include "tests/check.h"

#include "core/random.h"

static void numbers_depend_on_the_counter_alone(void **state)
{
  (void)state;
  assert_true(afb_random_u64(1, 2, 3) == afb_random_u64(1, 2, 3));
  assert_true(afb_random_u64(1, 2, 3) != afb_random_u64(1, 2, 4));
  assert_true(afb_random_u64(1, 2, 3) != afb_random_u64(1, 3, 3));
  assert_true(afb_random_u64(1, 2, 3) != afb_random_u64(2, 2, 3));
  /* Known answer of Philox4x32-10 for counter 0, key 0 (Random123). */
  assert_true(afb_random_u64(0, 0, 0) == UINT64_C(0x6627e8d5e169c58d));
  uint64_t many[75];
  afb_random_u64_many(75, 5, UINT64_C(1) << 40, UINT64_C(0xfffffff0), many);
  for (uint64_t i = 0; i < 75; i++)
    assert_true(many[i] == afb_random_u64(5, UINT64_C(1) << 40, UINT64_C(0xfffffff0) + i));
}

static void moments_are_right(void **state)
{
  (void)state;
  double u = 0, u2 = 0, z = 0, z2 = 0;
  const int n = 100000;
  for (int i = 0; i < n; i++) {
    double x = afb_random_uniform(5, 0, (uint64_t)i), y = afb_random_normal(5, 1, (uint64_t)i);
    u += x / n;
    u2 += x * x / n;
    z += y / n;
    z2 += y * y / n;
  }
  assert_true(fabs(u - 0.5) < 0.005 && fabs(u2 - 1.0 / 3) < 0.005);
  assert_true(fabs(z) < 0.02 && fabs(z2 - 1) < 0.02);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(numbers_depend_on_the_counter_alone),
  cmocka_unit_test(moments_are_right),
};
CHECK_MAIN(tests)
