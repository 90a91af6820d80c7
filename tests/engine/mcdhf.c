#include "engine/mcdhf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "atomic/csf.h"
#include "tests/check.h"

static const char *const sets[] = {"[He] 2s2", "[He] 2s2 2p2", "[He] 2s1 2p2 3d1", "[Ar] 3d6 4s2", "[Kr] 4d2 5s1",
  "[Ar] 3d5 4s1 4p1 4d1", "[Xe] 4f3 6s2", "[Ne] 3s2 3p1 3d1"};

/* Against the list itself, to within a quarter. */
static void the_number_of_csfs_is_estimated(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    afb_configuration c;
    afb_csf_list list;
    check_ok(afb_configuration_parse(sets[i], &c));
    check_ok(afb_csf_list_create(1, &c, 0, -1, 0, &list));
    double estimate = afb_estimate_csf(&c);
    if (fabs(log(estimate / list.n_csf)) > log(1.25) && fabs(estimate - list.n_csf) > 2.0)
      fprintf(stderr, "# %s: %d CSFs, estimate %.1f\n", sets[i], list.n_csf, estimate);
    check_true(fabs(log(estimate / list.n_csf)) <= log(1.25) || fabs(estimate - list.n_csf) <= 2.0);
    afb_csf_list_clear(&list);
  }
}

static void engines_are_found_by_name(void **state)
{
  (void)state;
  check_true(afb_engine_find("mcdhf") == &afb_engine_mcdhf);
  check_true(afb_engine_find("nothing") == NULL);
  for (int i = 0; afb_engines[i]; i++)
    check_true(afb_engine_find(afb_engines[i]->name) == afb_engines[i] && afb_engines[i]->run && afb_engines[i]->cost);
}

static void the_engine_runs_and_larger_sets_cost_more(void **state)
{
  (void)state;
  afb_configuration c[2];
  check_ok(afb_configuration_parse("[He] 2s2 2p1", &c[0]));
  check_ok(afb_configuration_parse("[He] 2s1 2p2", &c[1]));
  afb_mcdhf_request request = {.z = 5, .charge = 0, .n_configurations = 1, .configuration = c, .two_j_max = -1,
    .n_levels = 3, .n_vary = -1};
  double small = afb_engine_mcdhf.cost(&request);
  afb_mcdhf_result result;
  check_ok(afb_engine_mcdhf.run(MPI_COMM_SELF, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.n_levels == 2);
  afb_mcdhf_result_clear(&result);
  request.n_configurations = 2;
  check_true(small > 0.0 && afb_engine_mcdhf.cost(&request) > small);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(the_number_of_csfs_is_estimated),
  cmocka_unit_test(engines_are_found_by_name),
  cmocka_unit_test(the_engine_runs_and_larger_sets_cost_more),
};
CHECK_MAIN(tests)
