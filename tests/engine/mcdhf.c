#include "engine/mcdhf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"

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
  afb_engine_cost small, large;
  check_ok(afb_configuration_parse("[He] 2s2 2p1", &c[0]));
  check_ok(afb_configuration_parse("[He] 2s1 2p2", &c[1]));
  afb_mcdhf_request request = {.z = 5, .charge = 0, .n_configurations = 1, .configuration = c, .two_j_max = -1,
    .n_levels = 3, .n_vary = -1};
  afb_engine_mcdhf.cost(&request, &small);
  afb_mcdhf_result result;
  check_ok(afb_engine_mcdhf.run(MPI_COMM_SELF, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.n_levels == 2);
  afb_mcdhf_result_clear(&result);
  request.n_configurations = 2;
  afb_engine_mcdhf.cost(&request, &large);
  check_true(small.core_seconds > 0.0 && large.core_seconds > small.core_seconds);
  check_true(small.bytes > 0.0 && large.bytes >= small.bytes && large.spread_bytes > small.spread_bytes);
}

/* On one rank too large, on two not: the part that is spread counts. */
static void a_run_without_memory_is_refused(void **state)
{
  (void)state;
  int rank, ranks;
  afb_configuration c;
  afb_engine_cost cost;
  afb_mcdhf_result result;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  check_ok(afb_configuration_parse("[He] 2s2 2p1", &c));
  afb_mcdhf_request request = {.z = 5, .charge = 0, .n_configurations = 1, .configuration = &c, .two_j_max = -1,
    .n_levels = 3, .n_vary = -1};
  afb_engine_mcdhf.cost(&request, &cost);
  request.max_bytes = 0.5 * (afb_engine_cost_bytes(&cost, 1) + afb_engine_cost_bytes(&cost, 2));
  check_ok(afb_engine_mcdhf.run(MPI_COMM_WORLD, &request, &result));
  check_true(result.outcome == (ranks == 1 ? AFB_OUTCOME_RESOURCE_LIMIT : AFB_OUTCOME_CONVERGED));
  check_true(ranks > 1 || (strstr(result.reason, "limits.memory") && result.n_levels == 0 && isnan(result.energy)));
  afb_mcdhf_result_clear(&result);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(engines_are_found_by_name),
  cmocka_unit_test(the_engine_runs_and_larger_sets_cost_more),
  cmocka_unit_test(a_run_without_memory_is_refused),
};
CHECK_MAIN(tests)
