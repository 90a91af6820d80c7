/* Every outcome of the taxonomy (atomic/mcdhf.h) with an input that leads to it for a reason that can be told, and what it says. */
#include "tests/check.h"

#include <float.h>
#include <string.h>

#include "atomic/ladder.h"
#include "atomic/start.h"
#include "engine/grasp_files.h"
#include "engine/grasp_run.h"
#include "tests/engine/grasp_data.h"

enum { CONFIGURATIONS = 5 };

/* What is done to the given orbitals of the first configuration before the run starts from them. */
typedef enum { NO_START, NOT_A_NUMBER, ENORMOUS, ZERO } given;

typedef struct {
  const char *why;
  afb_outcome outcome;
  const char *words;             /* of the reason */
  const char *text[CONFIGURATIONS];
  afb_mcdhf_request request;     /* of it: charge numbers, levels, limits; n_vary, two_j_max as number + 1, so that 0 says all */
  given start;
  afb_orbital blamed;            /* n = 0: any or none */
} outcome_case;

static int never_go_on(void *context)
{
  (void)context;
  return 1;
}

static const outcome_case cases[] = {
  {"a sound one", AFB_OUTCOME_CONVERGED, "", {"1s2 2s2 2p2"}, {.z = 6, .n_levels = 1}, NO_START, {0, 0}},
  {"the rotation of 3p and 4p, each in one configuration, is all but free", AFB_OUTCOME_CONVERGED_AT_FLOOR, "",
   {"1s2 2s2 2p5 3p1", "1s2 2s2 2p5 4p1"}, {.z = 10, .n_levels = 1}, NO_START, {0, 0}},
  {"four iterations", AFB_OUTCOME_MAX_ITERATIONS, "iteration limit", {"[Ar] 3d6 4s2"},
   {.z = 26, .n_levels = 3, .max_iterations = 4}, NO_START, {0, 0}},
  {"a valley whose floor has no zero of the residual, in first order", AFB_OUTCOME_LIMIT_CYCLE, "no longer falls",
   {"[Ne] 3s2 3p3", "[Ne] 3s2 3p2 4p1"}, {.z = 15, .n_levels = 3, .max_rung = AFB_RUNG_DIIS}, NO_START, {0, 0}},
  {"levels of one block change places, in first order", AFB_OUTCOME_ROOT_FLIP, "leading CSF",
   {"1s2 2s2 2p2", "1s2 2s2 3s1 3p1", "1s2 2s2 2p1 4d1", "1s2 2s2 3p2"}, {.z = 6, .n_levels = 3, .max_rung = AFB_RUNG_DIIS}, NO_START, {0, 0}},
  {"3d and 4d swap, in first order", AFB_OUTCOME_ORBITAL_COLLAPSE, "nodes in place of",
   {"[Ne] 3s2 3p2", "[Ne] 3s2 3p1 4d1", "[Ne] 3s2 3d1 4p1"}, {.z = 15, .charge = 1, .n_levels = 3, .max_rung = AFB_RUNG_SHIFTED}, NO_START, {0, 0}},
  {"a Rydberg orbital larger than any box", AFB_OUTCOME_DIFFUSE, "does not fit into 600 bohr", {"1s2 15s1"},
   {.z = 3, .n_levels = 1}, NO_START, {15, -1}},
  {"an electron too many", AFB_OUTCOME_UNBOUND, "is not bound", {"1s1 3d1"}, {.z = 1, .charge = -1, .n_levels = 1}, NO_START, {3, 2}},
  {"four electrons apart: no admixture", AFB_OUTCOME_EMPTY_ORBITAL, "is empty in the optimised levels", {"1s2 2s2", "3d4"},
   {.z = 4, .n_levels = 1, .two_j_max = 1}, NO_START, {3, 2}},
  {"more CSFs than allowed", AFB_OUTCOME_INFEASIBLE, "more than the limit of 10", {"[Ar] 3d6 4s2"},
   {.z = 26, .n_levels = 3, .max_csf = 10}, NO_START, {0, 0}},
  {"three electrons with j = 9/2", AFB_OUTCOME_INFEASIBLE, "above j = 7/2", {"[Xe] 5g3"}, {.z = 57, .n_levels = 1}, NO_START, {0, 0}},
  {"a frozen orbital that is zero", AFB_OUTCOME_INFEASIBLE, "2p is zero", {"1s2 2s2 2p2"},
   {.z = 6, .n_levels = 1, .n_vary = 2, .vary = {{1, 0, 0}}}, ZERO, {0, 0}},
  {"no time", AFB_OUTCOME_RESOURCE_LIMIT, "time limit", {"[Ar] 3d6 4s2"}, {.z = 26, .n_levels = 3, .max_seconds = 1e-6}, NO_START, {0, 0}},
  {"the caller says stop", AFB_OUTCOME_RESOURCE_LIMIT, "stopped", {"1s2 2s2 2p2"}, {.z = 6, .n_levels = 1, .poll = never_go_on}, NO_START, {0, 0}},
  {"a frozen orbital that is no function", AFB_OUTCOME_NOT_FINITE, "2p is not finite", {"1s2 2s2 2p2"},
   {.z = 6, .n_levels = 1, .n_vary = 2, .vary = {{1, 0, 0}}}, NOT_A_NUMBER, {0, 0}},
  {"a frozen orbital whose norm overflows", AFB_OUTCOME_NOT_FINITE, "2p is not finite", {"1s2 2s2 2p2"},
   {.z = 6, .n_levels = 1, .n_vary = 2, .vary = {{1, 0, 0}}}, ENORMOUS, {0, 0}},
  /* not frozen: all of it again from the start potential */
  {"given orbitals that are no functions", AFB_OUTCOME_CONVERGED, "", {"1s2 2s2 2p2"}, {.z = 6, .n_levels = 1}, NOT_A_NUMBER, {0, 0}},
};
enum { N_CASES = (int)(sizeof cases / sizeof *cases) };

static void spoil(given how, afb_orbitals *orbitals)
{
  static const double factor[] = {1, NAN, 1e200, 0};
  int last = orbitals->n_orbitals - 1, stride = orbitals->n_p + orbitals->n_q;
  for (int i = 0; i < stride; i++)
    orbitals->coefficient[last * stride + i] *= factor[how];
}

static void run_case(const outcome_case *c)
{
  afb_configuration configuration[CONFIGURATIONS];
  afb_mcdhf_request request = c->request;
  afb_mcdhf_result first = {0}, r;
  request.configuration = configuration;
  request.n_vary--;
  request.two_j_max--;
  while (request.n_configurations < CONFIGURATIONS && c->text[request.n_configurations]) {
    check_ok(afb_configuration_parse(c->text[request.n_configurations], configuration + request.n_configurations));
    request.n_configurations++;
  }
  if (c->start != NO_START) {
    afb_mcdhf_request parent = request;
    parent.n_vary = -1;
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &parent, &first));
    spoil(c->start, &first.orbitals);
    request.start = &first.orbitals;
  }
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &r));
  int right = r.outcome == c->outcome && strstr(r.reason, c->words) && afb_outcome_ok(r.outcome) == (r.reason[0] == '\0') &&
              (c->blamed.n == 0 || (r.blamed.n == c->blamed.n && r.blamed.kappa == c->blamed.kappa));
  /* an energy or none, never zero */
  right = right && (r.iterations > 0 ? r.energy < 0 : isnan(r.energy) && isnan(r.gradient));
  if (!right)
    fprintf(stderr, "# %s: %s (%d %d), %s; %d iterations, energy %g\n", c->why, afb_outcome_name(r.outcome), r.blamed.n, r.blamed.kappa,
            r.reason, r.iterations, r.energy);
  check_true(right);
  afb_mcdhf_result_clear(&r);
  afb_mcdhf_result_clear(&first);
}

static void inputs_lead_to_their_outcomes(void **state)
{
  (void)state;
  for (int i = 0; i < N_CASES; i++)
    run_case(cases + i);
}

/* 23,383 CSFs of Eu: seconds of angular part, with 8,192 pairs between two looks at clock and caller; there are no orbitals yet. */
static void limits_hold_in_the_angular_part(void **state)
{
  (void)state;
  static const char *const words[2] = {"time limit of the run", "stopped"};
  afb_configuration configuration;
  check_ok(afb_configuration_parse("[Xe] 4f6 5d2 6s1", &configuration));
  for (int i = 0; i < 2; i++) {
    afb_mcdhf_request request = {.z = 63, .n_configurations = 1, .configuration = &configuration, .two_j_max = -1, .n_levels = 1, .n_vary = -1,
                                 .max_seconds = i == 0 ? 1e-6 : 0, .poll = i == 0 ? NULL : never_go_on};
    afb_mcdhf_result r;
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &r));
    check_true(r.outcome == AFB_OUTCOME_RESOURCE_LIMIT && strcmp(r.reason, words[i]) == 0 && r.iterations == 0 && r.orbitals.n_orbitals == 0);
    afb_mcdhf_result_clear(&r);
  }
}

/* No input is known to lead there: a Hamiltonian matrix of normalised orbitals is finite, and solvers fall back on one another. Here the
 * integrals of orbitals of enormous norm are finite still, the sums of several in the matrix are not. */
static void matrix_that_no_solver_takes_is_a_ci_failure(void **state)
{
  (void)state;
  afb_configuration c;
  afb_csf_list list;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci;
  afb_nucleus nucleus;
  afb_radial *radial;
  afb_scf *scf = NULL;
  uint8_t vary[AFB_MAX_ORBITALS];
  memset(vary, 1, sizeof vary);
  check_ok(afb_configuration_parse("3d8", &c));
  check_ok(afb_csf_list_create(1, &c, 0, -1, 0, &list));
  check_ok(afb_angular_create(MPI_COMM_SELF, &list, NULL, &angular));
  check_ok(afb_expression_create(&list, &angular, &expression));
  check_ok(afb_ci_create(&list, AFB_OPTIMISE_LEVELS, 1, &ci));
  check_ok(afb_nucleus_create(28, 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  check_ok(afb_radial_create(&nucleus, &(afb_radial_options){.r_max = 20}, &radial));
  check_ok(afb_scf_create(radial, &list, &expression, vary, &scf));
  check_ok(afb_start_thomas_fermi(radial, 8, list.n_orbitals, list.orbital, scf->vector));
  afb_scf_refresh(scf);
  double most = 0, enlarge;
  for (int i = expression.n_one; i < expression.n_one + expression.n_terms; i++)
    most = fmax(most, fabs(scf->x[i]));
  enlarge = pow(DBL_MAX / 4 / most, 0.25);
  for (int i = 0; i < scf->n_orbitals * scf->n; i++)
    scf->vector[i] *= enlarge;
  afb_ladder ladder = {.comm = MPI_COMM_SELF, .ci = &ci, .angular = &angular, .blamed = -1, .max_iterations = 10};
  check_ok(afb_ladder_open(&ladder, scf));
  check_true(afb_ladder_evaluate(&ladder, AFB_RUNG_DIIS, 0, 0) == AFB_OUTCOME_CI_FAILURE && strstr(ladder.reason, "not finite"));
  afb_ladder_close(&ladder);
  free(ladder.trace);
  afb_scf_destroy(&scf);
  afb_radial_destroy(&radial);
  afb_ci_clear(&ci);
  afb_expression_clear(&expression);
  afb_angular_clear(&angular);
  afb_csf_list_clear(&list);
}

/* Outcomes that another program's run ends with. Files beside the tests, recorded from GRASP2018. */
static void recorded_runs_lead_to_their_outcomes(void **state)
{
  (void)state;
  static const struct {
    const char *folder, *list, *text;
    int z;
    afb_outcome outcome;
    const char *words;
  } run[] = {
    {"nan", "nan/rcsf.inp", "1s1", 1, AFB_OUTCOME_NOT_FINITE, "not finite"},
    {"carbon", "failed/rcsf.inp", "[Ne] 3s2", 12, AFB_OUTCOME_ENGINE_FAILED, "another calculation"},
  };
  for (size_t i = 0; i < sizeof run / sizeof *run; i++) {
    char path[PATH_ROOM];
    int n;
    afb_configuration configuration, *read;
    afb_mcdhf_result r = {.energy = NAN, .gradient = NAN};
    check_ok(afb_configuration_parse(run[i].text, &configuration));
    afb_mcdhf_request request = {.z = run[i].z, .n_configurations = 1, .configuration = &configuration, .two_j_max = -1, .n_vary = -1, .n_levels = 1};
    check_ok(afb_grasp_read_csfs(recorded(run[i].list, path), &r.csfs, &n, &read));
    free(read);
    check_ok(afb_grasp_read_run(recorded(run[i].folder, path), &request, AFB_PROCESS_ENDED, 0, &r));
    check_true(r.outcome == run[i].outcome && strstr(r.reason, run[i].words));
    afb_mcdhf_result_clear(&r);
  }
}

/* Whoever appends to the taxonomy adds a case. NONE is no outcome of a run; the last two functions have the cases of the others. */
static void every_outcome_has_a_case(void **state)
{
  (void)state;
  int covered[AFB_N_OUTCOMES] = {[AFB_OUTCOME_NONE] = 1, [AFB_OUTCOME_CI_FAILURE] = 1, [AFB_OUTCOME_ENGINE_FAILED] = 1};
  for (int i = 0; i < N_CASES; i++)
    covered[cases[i].outcome] = 1;
  for (int o = 0; o < AFB_N_OUTCOMES; o++)
    check_true(covered[o]);
}

/* Requests that are no calculation are refused, and say why. */
static void nonsense_is_refused(void **state)
{
  (void)state;
  static const struct {
    const char *words;
    afb_mcdhf_request request;
    int twice;
  } refused[] = {
    {"5 electrons", {.z = 6, .n_configurations = 1, .two_j_max = -1}, 0},
    {"no configuration", {.z = 5, .two_j_max = -1}, 0},
    {"given twice", {.z = 5, .n_configurations = 2, .two_j_max = -1}, 1},
    {"no CSF", {.z = 5, .n_configurations = 1, .two_j_min = 3, .two_j_max = 1}, 0},
    {"no element", {.z = 119, .charge = 114, .n_configurations = 1, .two_j_max = -1}, 0},
    {"mass number", {.z = 5, .n_configurations = 1, .two_j_max = -1, .mass_number = 300}, 0},
    {"0 < c < 20 fm", {.z = 5, .n_configurations = 1, .two_j_max = -1, .nucleus = AFB_NUCLEUS_GIVEN, .nucleus_c_fm = 1e300, .nucleus_a_fm = 0.5}, 0},
    {"speed of light", {.z = 5, .n_configurations = 1, .two_j_max = -1, .speed_of_light = 1e-3}, 0},
    {"speed of light", {.z = 5, .n_configurations = 1, .two_j_max = -1, .speed_of_light = -137}, 0},
    {"speed of light", {.z = 5, .n_configurations = 1, .two_j_max = -1, .speed_of_light = NAN}, 0},
  };
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    afb_configuration configuration[2];
    afb_mcdhf_request request = refused[i].request;
    afb_mcdhf_result r;
    check_ok(afb_configuration_parse("1s2 2s2 2p1", configuration));
    configuration[1] = configuration[0];
    request.configuration = configuration;
    request.n_levels = 1;
    request.n_vary = -1;
    afb_status status = afb_mcdhf_run(MPI_COMM_SELF, &request, &r);
    if (status != AFB_E_INPUT || !strstr(afb_error_text(), refused[i].words))
      fprintf(stderr, "# %s: %d, %s\n", refused[i].words, status, afb_error_text());
    check_true(status == AFB_E_INPUT && strstr(afb_error_text(), refused[i].words) && r.n_levels == 0 && r.orbitals.n_orbitals == 0);
    afb_mcdhf_result_clear(&r);
  }
}

/* First order ends in a state with wrong nodes after 24 iterations; a limit behind it must not take what is known of that state for the
 * start orbitals, to which the next scheme goes back. */
static void iteration_limit_behind_a_wrong_state_is_no_convergence(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p2", "[Ne] 3s2 3p1 4d1", "[Ne] 3s2 3d1 4p1"};
  afb_configuration configuration[3];
  for (int i = 0; i < 3; i++)
    check_ok(afb_configuration_parse(text[i], configuration + i));
  for (int limit = 20; limit <= 30; limit++) {
    afb_mcdhf_request request = {.z = 15, .charge = 1, .n_configurations = 3, .configuration = configuration, .two_j_max = -1, .n_levels = 3,
                                 .n_vary = -1, .max_iterations = limit};
    afb_mcdhf_result r;
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &r));
    check_true(r.outcome == AFB_OUTCOME_MAX_ITERATIONS && r.iterations == limit);
    afb_mcdhf_result_clear(&r);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(inputs_lead_to_their_outcomes),
  cmocka_unit_test(limits_hold_in_the_angular_part),
  cmocka_unit_test(matrix_that_no_solver_takes_is_a_ci_failure),
  cmocka_unit_test(recorded_runs_lead_to_their_outcomes),
  cmocka_unit_test(every_outcome_has_a_case),
  cmocka_unit_test(nonsense_is_refused),
  cmocka_unit_test(iteration_limit_behind_a_wrong_state_is_no_convergence),
};
CHECK_MAIN(tests)
