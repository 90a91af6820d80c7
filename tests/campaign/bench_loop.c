#include "campaign/bench_loop.h"

#include <math.h>

#include "core/clock.h"
#include "tests/campaign/engine.h"
#include "tests/check.h"

/* Means, intervals and ratios of numbers that can be checked by hand: t of four degrees of freedom is 2.776445. */
static void intervals_are_those_of_student(void **state)
{
  (void)state;
  static afb_loop loop;
  afb_loop_mean mean = afb_loop_mean_of((double[]){1, 2, 3, 4, 5});
  check_close(mean.mean, 3.0, 1e-12);
  check_close(mean.half, 2.776445 * sqrt(2.5 / 5), 1e-6);
  for (int s = 0; s < AFB_LOOP_SEEDS; s++) {
    loop.value[0][s][AFB_LOOP_POINTS - 1][AFB_LOOP_USEFUL] = (s % 2 ? 4.0 : 8.0) * (s + 1);
    loop.value[1][s][AFB_LOOP_POINTS - 1][AFB_LOOP_USEFUL] = s + 1;
    loop.value[2][s][AFB_LOOP_POINTS - 1][AFB_LOOP_USEFUL] = 2.0 * (s + 1);
  }
  /* Ratios to the third: 4, 2, 4, 2, 4: logarithms with mean 1.6 ln 2 and deviation sqrt(0.3) ln 2. */
  afb_loop_lead lead = afb_loop_lead_in(&loop, AFB_LOOP_USEFUL);
  check_true(lead.best == 2);
  check_close(lead.ratio, pow(2.0, 1.6), 1e-9);
  check_close(log(lead.high / lead.low), 2 * 2.776445 * sqrt(0.3 / 5) * log(2.0), 1e-6);
}

/* Whatever is asked converges at once: what is left is what a campaign itself costs. */
static afb_status at_once(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  afb_mcdhf_request changed = *request;
  changed.max_iterations = 0;
  changed.two_j_min = TEST_CONVERGES;
  return test_engine_run(comm, &changed, result);
}

static void cost(const afb_mcdhf_request *request, afb_engine_cost *out)
{
  *out = (afb_engine_cost){.core_seconds = 1e-4 * request->n_configurations, .bytes = NAN, .spread_bytes = NAN};
}

static void every_strategy_gets_the_same_time(void **state)
{
  (void)state;
  static const afb_engine engine = {.name = "mcdhf", .run = at_once, .cost = cost};
  static const afb_ion ions[] = {{5, 0}, {6, 0}};
  static afb_loop loop;
  afb_campaign_options options = {.n_ions = 2, .ion = ions, .warm_bytes = 1e8, .max_n = 4, .max_l = 2, .excited_electrons = 2, .max_shift = 3, .set_size = 5,
    .n_levels = 3, .engine = &engine, .batch = 8, .budget_cpu_seconds = 0.25, .seed = 3, .max_iterations = 300, .max_seconds = 60.0};
  double begin = afb_cpu_seconds();
  check_ok(afb_bench_loop(MPI_COMM_WORLD, &options, "loop-test", NULL, &loop));
  double used = afb_cpu_seconds() - begin, all;
  MPI_Allreduce(&used, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  check_true(all > 0.25 * AFB_LOOP_STRATEGIES * AFB_LOOP_SEEDS);
  int right = 1;
  for (int k = 0; k < AFB_LOOP_STRATEGIES; k++)
    for (int s = 0; s < AFB_LOOP_SEEDS; s++)
      for (int m = 0; m < AFB_LOOP_N_MEASURES; m++) {
        for (int t = 1; t < AFB_LOOP_POINTS; t++)
          right &= loop.value[k][s][t][m] >= loop.value[k][s][t - 1][m];
        right &= loop.value[k][s][AFB_LOOP_POINTS - 1][AFB_LOOP_CONVERGED] == loop.value[k][s][AFB_LOOP_POINTS - 1][AFB_LOOP_RUNS];
        right &= loop.value[k][s][AFB_LOOP_POINTS - 1][AFB_LOOP_RUNS] > 2;
      }
  check_true(right && loop.strategy[0] == AFB_BY_MODEL);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(intervals_are_those_of_student),
  cmocka_unit_test(every_strategy_gets_the_same_time),
};
CHECK_MAIN(tests)
