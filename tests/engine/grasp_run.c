/* The outcome of a run of GRASP2018, from what it printed and wrote. */
#include "engine/grasp_run.h"

#include "tests/check.h"
#include "tests/engine/grasp_data.h"

#include <sys/stat.h>

#include "engine/grasp_files.h"

static afb_configuration configuration[2];

/* A request for carbon's three lowest levels, or magnesium's one, or hydrogen's. */
static afb_mcdhf_request request_for(int z)
{
  static const char *const sets[][2] = {{"1s1", NULL}, {"[He] 2s2 2p2", "1s2 2p4"}, {"[Ne] 3s2", "[Ne] 3p2"}};
  const char *const *set = sets[z == 1 ? 0 : z == 6 ? 1 : 2];
  int n = 0;
  for (; n < 2 && set[n]; n++)
    check_ok(afb_configuration_parse(set[n], configuration + n));
  return (afb_mcdhf_request){.z = z, .n_configurations = n, .configuration = configuration, .two_j_max = -1, .n_vary = -1,
                             .n_levels = z == 6 ? 3 : 1, .keep_mixing = 1};
}

static void read_list(const char *name, afb_mcdhf_result *result)
{
  char path[PATH_ROOM];
  int n;
  afb_configuration *ignored;
  *result = (afb_mcdhf_result){.energy = NAN, .gradient = NAN};
  check_ok(afb_grasp_read_csfs(recorded(name, path), &result->csfs, &n, &ignored));
  free(ignored);
}

/* Reads the recorded run in `folder`. */
static void read_run(const char *folder, const char *list, int z, afb_process_end end, int number, afb_mcdhf_result *result)
{
  char path[PATH_ROOM];
  afb_mcdhf_request request = request_for(z);
  read_list(list, result);
  check_ok(afb_grasp_read_run(recorded(folder, path), &request, end, number, result));
}

static void a_converged_run_is_converged(void **state)
{
  (void)state;
  char path[PATH_ROOM];
  afb_mcdhf_result r;
  afb_grasp_mixing mixing;
  read_run("carbon", "carbon/rcsf.inp", 6, AFB_PROCESS_ENDED, 0, &r);
  check_true(r.outcome == AFB_OUTCOME_CONVERGED && r.reason[0] == '\0' && r.iterations == 6 && r.n_trace == 6);
  check_ok(afb_grasp_read_mixing(recorded("carbon/rmix.out", path), &mixing));
  double mean = 0, electrons = 0, weights = 0;
  int level = 0;
  for (int b = 0; b < mixing.n_blocks; b++)
    for (int i = 0; i < mixing.block[b].n_levels; i++, level++) {
      check_true(r.level[level].energy == mixing.block[b].energy[i] && r.level[level].two_j == 2 * b && r.level[level].index == i + 1);
      mean += r.level[level].weight * r.level[level].energy;
      weights += r.level[level].weight;
      check_true(r.level[level].n_leading >= 2 && fabs(r.level[level].leading_mixing[0]) >= fabs(r.level[level].leading_mixing[1]));
    }
  check_true(r.n_levels == 8 && level == 8);
  check_true(r.level[0].lsj.n > 0 && strcmp(r.level[0].lsj.label[0], "2s2.2p2 3P") == 0);
  check_close(weights, 1, 1e-14);
  check_close(r.energy, mean, 1e-12);
  /* as printed in the last iteration */
  check_close(r.trace[5].energy, r.energy, 1e-8);
  check_true(r.trace[0].iteration == 1 && r.trace[5].residual > 0 && r.trace[5].residual < r.trace[0].residual);
  check_true(r.orbitals.n_orbitals == 4 && r.mixing != NULL);
  for (int p = 0; p < 4; p++)
    electrons += r.orbitals.occupation[p];
  check_close(electrons, 6, 1e-12);
  check_close(r.orbitals.occupation[1], 1.2349, 5e-5);     /* 2s, as rmcdhf printed it */
  afb_grasp_mixing_clear(&mixing);
  afb_mcdhf_result_clear(&r);
}

static void failures_are_what_they_are(void **state)
{
  (void)state;
  afb_mcdhf_result r;
  /* "Execution complete" and exit status 0 */
  read_run("limit", "carbon/rcsf.inp", 6, AFB_PROCESS_ENDED, 0, &r);
  check_true(r.outcome == AFB_OUTCOME_MAX_ITERATIONS && r.iterations == 2 && r.n_levels == 8 && r.orbitals.n_orbitals == 4);
  afb_mcdhf_result_clear(&r);
  read_run("nan", "nan/rcsf.inp", 1, AFB_PROCESS_ENDED, 0, &r);
  check_true(r.outcome == AFB_OUTCOME_NOT_FINITE && r.n_levels == 0 && r.orbitals.n_orbitals == 0);
  afb_mcdhf_result_clear(&r);
  read_run("failed", "failed/rcsf.inp", 12, AFB_PROCESS_ENDED, 1, &r);
  check_true(r.outcome == AFB_OUTCOME_ORBITAL_COLLAPSE && r.blamed.n == 3 && strstr(r.reason, "GRASP could not solve the equation of 3"));
  check_true(r.n_levels == 0 && r.iterations >= 1);
  afb_mcdhf_result_clear(&r);
  static const afb_process_end ends[] = {AFB_PROCESS_TIMED_OUT, AFB_PROCESS_STOPPED, AFB_PROCESS_SIGNALLED};
  for (int i = 0; i < 3; i++) {
    read_run("carbon", "carbon/rcsf.inp", 6, ends[i], 9, &r);
    check_true(r.outcome == AFB_OUTCOME_RESOURCE_LIMIT && r.n_levels == 0 && r.reason[0]);
    afb_mcdhf_result_clear(&r);
  }
  /* files of another calculation */
  read_run("carbon", "failed/rcsf.inp", 12, AFB_PROCESS_ENDED, 0, &r);
  check_true(r.outcome == AFB_OUTCOME_ENGINE_FAILED && r.n_levels == 0);
  afb_mcdhf_result_clear(&r);
}

/* Puts together a folder of one file each of recorded runs; NULL: none. */
static void make_folder(const char *screen, const char *rmix, const char *rwfn)
{
  const char *from[] = {screen, rmix, rwfn}, *to[] = {"run/rmcdhf.screen", "run/rmix.out", "run/rwfn.out"};
  char path[PATH_ROOM];
  mkdir("run", 0777);
  for (int i = 0; i < 3; i++) {
    size_t size;
    remove(to[i]);
    unsigned char *data = from[i] ? contents(recorded(from[i], path), &size) : NULL;
    check_true(!from[i] || (data && write_bytes(to[i], data, size)));
    free(data);
  }
}

static afb_outcome outcome_of_folder(int number, char reason[160])
{
  afb_mcdhf_result r;
  afb_mcdhf_request request = request_for(6);
  read_list("carbon/rcsf.inp", &r);
  check_ok(afb_grasp_read_run("run", &request, AFB_PROCESS_ENDED, number, &r));
  afb_outcome outcome = r.outcome;
  strcpy(reason, r.reason);
  check_true(outcome != AFB_OUTCOME_ENGINE_FAILED || r.n_levels == 0);
  afb_mcdhf_result_clear(&r);
  return outcome;
}

static void what_is_left_from_elsewhere_is_no_result(void **state)
{
  (void)state;
  char reason[160];
  make_folder("carbon/rmcdhf.screen", "carbon/rmix.out", "carbon/rwfn.out");
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_CONVERGED);
  check_true(outcome_of_folder(1, reason) == AFB_OUTCOME_ENGINE_FAILED);
  make_folder("carbon/rmcdhf.screen", "limit/rmix.out", "carbon/rwfn.out");
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "not of this run"));
  make_folder("carbon/rmcdhf.screen", NULL, "carbon/rwfn.out");
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "rmix.out: cannot be opened"));
  make_folder("carbon/rmcdhf.screen", "carbon/rmix.out", "carbon/rmix.out");
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "does not begin with G92RWF"));
  make_folder(NULL, "carbon/rmix.out", "carbon/rwfn.out");
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ENGINE_FAILED);
  /* ended in the middle, without a word */
  make_folder("carbon/rmcdhf.screen", "carbon/rmix.out", "carbon/rwfn.out");
  check_true(truncate("run/rmcdhf.screen", 9000) == 0);
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ENGINE_FAILED);
}

/* Changes the recorded orbital n kappa: P reversed beyond half of its maximum's way out, or its energy reversed. */
static void spoil_orbital(int n, int kappa, int reverse_energy)
{
  afb_grasp_orbitals orbitals;
  char path[PATH_ROOM];
  check_ok(afb_grasp_read_orbitals(recorded("carbon/rwfn.out", path), &orbitals));
  for (int i = 0; i < orbitals.n_orbitals; i++) {
    afb_grasp_orbital *o = orbitals.orbital + i;
    if (o->orbital.n != n || o->orbital.kappa != kappa)
      continue;
    o->energy = reverse_energy ? -o->energy : o->energy;
    for (int x = 0; x < o->n_points && !reverse_energy; x++)
      o->p[x] = o->r[x] > 1.5 ? -o->p[x] : o->p[x];
  }
  check_ok(afb_grasp_write_orbitals("run/rwfn.out", &orbitals));
  afb_grasp_orbitals_clear(&orbitals);
}

static void wrong_states_are_not_converged(void **state)
{
  (void)state;
  char reason[160];
  make_folder("carbon/rmcdhf.screen", "carbon/rmix.out", "carbon/rwfn.out");
  spoil_orbital(2, -2, 0);
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_ORBITAL_COLLAPSE && strstr(reason, "2p has 1 nodes in place of 0"));
  spoil_orbital(2, -1, 1);
  check_true(outcome_of_folder(0, reason) == AFB_OUTCOME_UNBOUND && strstr(reason, "2s has the energy"));
  make_folder(NULL, NULL, NULL);
  check_true(rmdir("run") == 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(a_converged_run_is_converged),
  cmocka_unit_test(failures_are_what_they_are),
  cmocka_unit_test(what_is_left_from_elsewhere_is_no_result),
  cmocka_unit_test(wrong_states_are_not_converged),
};
CHECK_MAIN(tests)
