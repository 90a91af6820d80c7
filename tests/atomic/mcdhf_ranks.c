/* A calculation gives the same bits on any number of ranks. */
#include "tests/check.h"

#include <math.h>
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

/* Every eigensolver, on one rank and on all, finds the same levels. */
static void same_levels_by_every_eigensolver(void **state)
{
  (void)state;
  static const char *const text[] = {"1s2 2s2 2p2", "1s2 2s1 2p2 3d1"}, *const solver[] = {"auto", "lapack", "scalapack", "slepc", "davidson"};
  afb_configuration configuration[2];
  for (int i = 0; i < 2; i++)
    check_ok(afb_configuration_parse(text[i], configuration + i));
  double energy[64];
  for (int s = 0; s < 5; s++)
    for (int all = 0; all < 2; all++) {
      afb_mcdhf_request request = {.z = 6, .n_configurations = 2, .configuration = configuration, .two_j_max = -1, .n_levels = 2, .n_vary = -1,
                                   .eigensolver = solver[s]};
      afb_mcdhf_result result;
      check_ok(afb_mcdhf_run(all ? MPI_COMM_WORLD : MPI_COMM_SELF, &request, &result));
      check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.n_levels > 4 && result.n_levels <= 64);
      for (int l = 0; l < result.n_levels; l++) {
        if (s == 0 && all == 0)
          energy[l] = result.level[l].energy;
        check_close(result.level[l].energy, energy[l], 1e-11 * fabs(energy[l]));
      }
      afb_mcdhf_result_clear(&result);
    }
  afb_mcdhf_request request = {.z = 6, .n_configurations = 1, .configuration = configuration, .two_j_max = -1, .n_vary = -1,
                               .eigensolver = "lanczos"};
  afb_mcdhf_result result;
  check_ok(afb_mcdhf_run(MPI_COMM_WORLD, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CI_FAILURE && strstr(result.reason, "unknown eigensolver \"lanczos\": auto, lapack"));
  afb_mcdhf_result_clear(&result);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_result_as_on_one_rank), cmocka_unit_test(same_climb_as_on_one_rank),
                                          cmocka_unit_test(same_levels_by_every_eigensolver)};
CHECK_MAIN(tests)
