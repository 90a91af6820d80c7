/* A calculation gives the same bits on any number of ranks. */
#include "tests/check.h"

#include <string.h>

#include "atomic/mcdhf.h"

static void compare(int z, int n, const char *const *text)
{
  afb_configuration configuration[3];
  for (int i = 0; i < n; i++)
    check_ok(afb_configuration_parse(text[i], configuration + i));
  afb_mcdhf_request request = {.z = z, .n_configurations = n, .configuration = configuration, .two_j_max = -1, .n_levels = 3, .n_vary = -1};
  afb_mcdhf_result together, alone;
  check_ok(afb_mcdhf_run(MPI_COMM_WORLD, &request, &together));
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &alone));
  check_true(together.outcome == alone.outcome && together.rung == alone.rung && together.iterations == alone.iterations);
  check_true(memcmp(&together.energy, &alone.energy, sizeof alone.energy) == 0);
  check_true(together.n_levels == alone.n_levels);
  for (int l = 0; l < alone.n_levels; l++)
    check_true(memcmp(&together.level[l].energy, &alone.level[l].energy, sizeof(double)) == 0);
  afb_mcdhf_result_clear(&together);
  afb_mcdhf_result_clear(&alone);
}

static void same_result_as_on_one_rank(void **state)
{
  (void)state;
  static const char *const text[] = {"[Kr] 4d1 5s2", "[Kr] 4d2 5s1", "[Kr] 4d1 5s1 5p1"};
  compare(39, 3, text);
}

/* A set that takes the ladder up to its second-order rungs. */
static void same_climb_as_on_one_rank(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p3", "[Ne] 3s2 3p2 4p1"};
  compare(15, 2, text);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_result_as_on_one_rank), cmocka_unit_test(same_climb_as_on_one_rank)};
CHECK_MAIN(tests)
