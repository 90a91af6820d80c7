/* The option that chooses the eigensolver of a calculation. */
#include "tests/check.h"

#include <math.h>
#include <string.h>

#include "atomic/mcdhf.h"

/* Each, on one rank and on all, finds the same levels. */
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

static const struct CMUnitTest tests[] = {cmocka_unit_test(same_levels_by_every_eigensolver)};
CHECK_MAIN(tests)
