#include "engine/cost.h"

#include <math.h>
#include <string.h>

#include "atomic/angular.h"
#include "atomic/ion.h"
#include "core/random.h"
#include "engine/mcdhf.h"
#include "tests/check.h"

enum { MOST = 4 };

static const struct {
  const char *configuration[MOST];
  int z, two_j_min, two_j_max;
} sets[] = {
  {{"[He] 2s2"}, 4, 0, -1},
  {{"[He] 2s2 2p2"}, 6, 0, -1},
  {{"[He] 2s1 2p2 3d1", "[He] 2s2 2p2", "[He] 2p3 4f1"}, 6, 0, -1},
  {{"[Ar] 3d6 4s2", "[Ar] 3d7 4s1", "[Ar] 3d6 4s1 4p1"}, 26, 0, -1},
  {{"[Ar] 3d5 4s1 4p1 4d1"}, 26, 4, 8},
  {{"[Kr] 4d2 5s1", "[Kr] 4d1 5s2", "[Kr] 4d3", "[Kr] 4d1 5p2"}, 39, 0, -1},
  {{"[Xe] 4f3 6s2", "[Xe] 4f3 5d1 6s1"}, 59, 0, 11},
};
enum { N_SETS = sizeof sets / sizeof *sets };

static int make(int i, afb_configuration c[MOST], afb_mcdhf_request *request)
{
  int n = 0, electrons = 0, good = 1;
  for (; n < MOST && sets[i].configuration[n]; n++) {
    good &= afb_configuration_parse(sets[i].configuration[n], &c[n]) == AFB_OK;
    electrons = afb_configuration_electrons(&c[n]);
  }
  *request = (afb_mcdhf_request){.z = sets[i].z, .charge = sets[i].z - electrons, .n_configurations = n, .configuration = c,
    .two_j_min = sets[i].two_j_min, .two_j_max = sets[i].two_j_max, .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .n_vary = -1};
  return good;
}

/* From the configurations, and from the list when it is given: the same, and those of the list. */
static void sizes_are_those_of_the_list(void **state)
{
  (void)state;
  for (int i = 0; i < N_SETS; i++) {
    afb_configuration c[MOST];
    afb_mcdhf_request request;
    afb_csf_list list;
    afb_work counted, given;
    check_true(make(i, c, &request));
    check_ok(afb_mcdhf_csfs(&request, &list));
    afb_work_count(&request, &counted);
    request.csfs = &list;
    request.two_j_max = -1;
    afb_work_count(&request, &given);
    double squares = 0.0, levels = 0.0, largest = 0.0;
    for (int b = 0; b < list.n_blocks; b++) {
      double n = list.block[b].n_csf;
      squares += n * n;
      levels += fmin(3.0, n);
      largest = fmax(largest, n);
    }
    check_true(counted.n_orbitals == list.n_orbitals && counted.n_csf == list.n_csf && counted.squares == squares);
    check_true(counted.n_levels == levels && counted.largest == largest);
    check_true(memcmp(&counted, &given, sizeof counted) == 0);
    afb_csf_list_clear(&list);
  }
}

static void angular_coefficients_are_estimated(void **state)
{
  (void)state;
  for (int i = 0; i < N_SETS; i++) {
    afb_configuration c[MOST];
    afb_mcdhf_request request;
    afb_csf_list list;
    afb_angular angular;
    afb_work work;
    check_true(make(i, c, &request));
    check_ok(afb_mcdhf_csfs(&request, &list));
    check_ok(afb_angular_create(MPI_COMM_SELF, &list, NULL, &angular));
    afb_work_count(&request, &work);
    double n = 0;
    for (int64_t e = 0; e < angular.start[angular.n_rows]; e++)
      n += afb_angular_element(&angular, e).n;
    if (list.n_csf > 20)
      fprintf(stderr, "# %s ...: %d CSFs, %.0f coefficients, estimate %.0f\n", sets[i].configuration[0], list.n_csf, n, work.n_entries);
    check_true(list.n_csf <= 20 || fabs(log(work.n_entries / n)) < log(2.0));
    afb_csf_list_clear(&list);
    afb_angular_clear(&angular);
  }
}

/* Any ion with any few excitations: costs are finite and positive, and none falls when a configuration is added or more levels are
 * wanted. */
static void costs_are_finite_and_grow(void **state)
{
  (void)state;
  int bad = 0, tried = 0;
  for (uint64_t i = 0; i < 600; i++) {
    afb_configuration c[6];
    int z = 3 + (int)(afb_random_u64(5, i, 0) % 101), charge = (int)(afb_random_u64(5, i, 1) % 4), n = 1;
    if (z - charge < 2 || afb_ground_configuration(z, charge, &c[0]) != AFB_OK)
      continue;
    for (uint64_t k = 0; k < 20 && n < 6; k++) {
      const afb_shell *from = &c[0].shell[afb_random_u64(6, i, 3 * k) % (uint64_t)c[0].n_shells];
      int to_n = 1 + (int)(afb_random_u64(6, i, 3 * k + 1) % 8), to_l = (int)(afb_random_u64(6, i, 3 * k + 2) % 5), new = 1;
      c[n] = c[0];
      if (to_l >= to_n || afb_configuration_add(&c[n], from->n, from->l, -1) != AFB_OK || afb_configuration_add(&c[n], to_n, to_l, 1) != AFB_OK)
        continue;
      for (int m = 0; m < n; m++)
        new &= afb_configuration_compare(&c[m], &c[n]) != 0;
      n += new;
    }
    afb_engine_cost cost, before = {0};
    for (int m = 1; m <= n; m++) {
      afb_mcdhf_request request = {.z = z, .charge = charge, .n_configurations = m, .configuration = c, .two_j_max = -1,
        .optimise = m % 2 ? AFB_OPTIMISE_LEVELS : AFB_OPTIMISE_ALL, .n_levels = 3, .n_vary = -1};
      afb_engine_mcdhf.cost(&request, &cost);
      bad += !(isfinite(cost.core_seconds) && cost.core_seconds > 0.0 && isfinite(cost.bytes) && cost.bytes > 0.0 && cost.spread_bytes >= 0.0);
      afb_engine_cost wanted = cost;
      request.optimise = AFB_OPTIMISE_LEVELS;
      afb_engine_mcdhf.cost(&request, &cost);
      bad += cost.core_seconds > wanted.core_seconds * (1.0 + 1e-12) || cost.bytes > wanted.bytes * (1.0 + 1e-12);
      bad += cost.bytes < before.bytes || cost.spread_bytes < before.spread_bytes;
      before = cost;
      tried++;
    }
  }
  fprintf(stderr, "# %d sets\n", tried);
  check_true(bad == 0 && tried > 1000);
}

/* Runs that cost what a model says, times exp(0.2 times noise), one in ten of them ten times as much: the fit finds a model that predicts the others. */
static void a_model_is_found_again(void **state)
{
  (void)state;
  enum { RUNS = 240 };
  static afb_cost_sample sample[RUNS];
  afb_cost_model truth = afb_cost_fitted, found = afb_cost_fitted;
  for (int k = 0; k < AFB_COST_EFFORTS; k++)
    truth.effort[k] = 1e-4 * (1 + k % 3);
  for (int k = 0; k < AFB_COST_HARDNESS; k++)
    truth.hardness[k] = k == 0 ? 2.0 : 0.1 * (k % 3);
  truth.kept[0] = 5e6;
  truth.kept[1] = 100.0;
  truth.spread[0] = 40.0;
  for (int i = 0; i < RUNS; i++) {
    afb_configuration c[MOST];
    afb_mcdhf_request request;
    afb_engine_cost cost;
    uint64_t r = (uint64_t)i;
    check_true(make(i % N_SETS, c, &request));
    request.n_configurations = 1 + (int)(afb_random_u64(31, r, 0) % (uint64_t)request.n_configurations);
    request.n_levels = 1 + (int)(afb_random_u64(31, r, 1) % 8);
    request.start = afb_random_u64(31, r, 2) % 2 ? &(const afb_orbitals){0} : NULL;
    afb_work_count(&request, &sample[i].work);
    afb_cost_predict(&truth, &sample[i].work, &cost);
    sample[i].iterations = 12;
    sample[i].seconds = cost.core_seconds * exp(0.2 * (2.0 * afb_random_uniform(32, r, 0) - 1.0)) * (i % 10 == 3 ? 10.0 : 1.0);
    sample[i].bytes = i % 5 ? afb_engine_cost_bytes(&cost, 1) : NAN;
  }
  check_ok(afb_cost_fit(RUNS, sample, &found));
  int near = 0, remembered = 0;
  for (int i = 0; i < RUNS; i++) {
    afb_engine_cost is, should;
    afb_cost_predict(&found, &sample[i].work, &is);
    afb_cost_predict(&truth, &sample[i].work, &should);
    near += fabs(log(is.core_seconds / should.core_seconds)) < log(1.25);
    remembered += fabs(log(afb_engine_cost_bytes(&is, 1) / afb_engine_cost_bytes(&should, 1))) < log(1.05);
  }
  fprintf(stderr, "# of %d: %d in time, %d in memory\n", RUNS, near, remembered);
  check_true(near > 0.95 * RUNS && remembered == RUNS);
  check_true(afb_cost_fit(9, sample, &found) == AFB_E_INPUT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(sizes_are_those_of_the_list),
  cmocka_unit_test(angular_coefficients_are_estimated),
  cmocka_unit_test(costs_are_finite_and_grow),
  cmocka_unit_test(a_model_is_found_again),
};
CHECK_MAIN(tests)
