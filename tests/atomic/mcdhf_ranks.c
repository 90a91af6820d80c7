/* A calculation gives the same bits on any number of ranks. */
#include "tests/check.h"

#include <string.h>

#include "atomic/mcdhf.h"

static void same_result_as_on_one_rank(void **state)
{
  (void)state;
  const char *text[] = {"[Kr] 4d1 5s2", "[Kr] 4d2 5s1", "[Kr] 4d1 5s1 5p1"};
  afb_configuration configuration[3];
  for (int i = 0; i < 3; i++)
    check_ok(afb_configuration_parse(text[i], configuration + i));
  afb_mcdhf_request request = {.z = 39, .n_configurations = 3, .configuration = configuration, .two_j_max = -1, .n_levels = 3, .n_vary = -1};
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

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_result_as_on_one_rank)};
CHECK_MAIN(tests)
