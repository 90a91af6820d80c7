/* GRASP2018 as an engine: programs that hang, die or leave rubbish or old files are shell scripts here; with the true ones on PATH, a real
 * run is compared with the recorded one. */
#include "engine/grasp.h"

#include "tests/check.h"
#include "tests/engine/grasp_data.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "engine/grasp_files.h"
#include "engine/scratch.h"

static int rank;
static char *original_path, bin[1024], scratch[1024];

static afb_configuration configuration[2];

static afb_mcdhf_request request_of(int z, const char *first, const char *second)
{
  check_ok(afb_configuration_parse(first, configuration));
  check_ok(afb_configuration_parse(second, configuration + 1));
  return (afb_mcdhf_request){.z = z, .n_configurations = 2, .configuration = configuration, .two_j_max = -1, .n_vary = -1, .n_levels = 3,
                             .max_seconds = 60, .max_iterations = 100};
}

static afb_mcdhf_request carbon(void) { return request_of(6, "[He] 2s2 2p2", "1s2 2p4"); }

/* A script in the place of a program; rank 0 writes. $DATA is the folder of recorded files. */
static void script(const char *name, const char *body)
{
  if (rank == 0) {
    char path[1200], data[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", bin, name);
    FILE *stream = fopen(path, "w");
    if (stream) {
      fprintf(stream, "#!/bin/sh\nDATA='%s'\n%s\n", recorded("", data), body);
      fclose(stream);
      chmod(path, 0755);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

/* Programs that leave what they should, up to rmcdhf. */
static void stage(const char *rmcdhf)
{
  char path[20000];
  script("rnucleus", "cp $DATA/carbon/isodata .");
  script("rcsfgenerate", "cp $DATA/carbon/rcsf.inp rcsf.out");
  script("rangular", ": >mcp.30");
  script("rwfnestimate", "cp $DATA/limit/rwfn.out rwfn.inp");
  script("rmcdhf", rmcdhf);
  snprintf(path, sizeof path, "%s:/usr/bin:/bin", bin);
  setenv("PATH", path, 1);
}

static int is_empty(const char *folder)
{
  int n = 0;
  DIR *directory = opendir(folder);
  while (directory && readdir(directory))
    n++;
  if (directory)
    closedir(directory);
  return n == 2;
}

static afb_outcome run(const afb_mcdhf_request *request, char reason[160])
{
  afb_mcdhf_result result;
  check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, request, &result));
  afb_outcome outcome = result.outcome;
  strcpy(reason, result.reason);
  check_true(!afb_outcome_ok(outcome) || result.n_levels > 0);
  check_true(is_empty(scratch));
  afb_mcdhf_result_clear(&result);
  return outcome;
}

static void without_grasp_it_says_where_to_get_it(void **state)
{
  (void)state;
  afb_mcdhf_request request = carbon();
  afb_mcdhf_result result;
  setenv("PATH", "/no/such/folder", 1);
  check_true(afb_engine_grasp.check() == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "rnucleus is not on PATH") && strstr(afb_error_text(), "https://github.com/compas/grasp"));
  check_true(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result) == AFB_E_INPUT);
  check_true(result.n_levels == 0 && is_empty(scratch));
}

static void rubbish_and_old_files_are_no_results(void **state)
{
  (void)state;
  char reason[160];
  afb_mcdhf_request request = carbon();
  stage("echo rubbish");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED);
  stage("echo ' RMCDHF: Execution complete.'; echo rubbish >rmix.out; echo rubbish >rwfn.out");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "rmix.out"));
  /* the screen of one run, files of another */
  stage("cat $DATA/carbon/rmcdhf.screen; cp $DATA/limit/rmix.out $DATA/limit/rwfn.out .");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "not of this run"));
  stage("exit 1");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED);
  stage(":");
  script("rcsfgenerate", "cp $DATA/failed/rcsf.inp rcsf.out");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "another list"));
  script("rcsfgenerate", ":");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "rcsfgenerate ended without its result"));
  stage(":");
  script("rnucleus", "sed 's/1.9668/1.9768/' $DATA/carbon/isodata >isodata");
  check_true(run(&request, reason) == AFB_OUTCOME_ENGINE_FAILED && strstr(reason, "another nucleus"));
  stage(":");
  script("rwfnestimate", ": >rwfn.inp");
  check_true(run(&request, reason) == AFB_OUTCOME_ORBITAL_COLLAPSE && strstr(reason, "could not estimate"));
}

static int polls;
static int stop_soon(void *context)
{
  (void)context;
  return ++polls >= 5;
}

static void what_hangs_or_dies_is_ended(void **state)
{
  (void)state;
  char reason[160];
  afb_mcdhf_request request = carbon();
  stage("trap '' TERM; sleep 600; sleep 600");
  request.max_seconds = 1;
  double start = afb_wall_seconds();
  check_true(run(&request, reason) == AFB_OUTCOME_RESOURCE_LIMIT && strstr(reason, "time limit"));
  check_true(afb_wall_seconds() - start < 300);
  request.max_seconds = 0;
  request.poll = stop_soon;
  check_true(run(&request, reason) == AFB_OUTCOME_RESOURCE_LIMIT && strstr(reason, "stopped"));
  request.poll = NULL;
  stage("kill -9 $$");
  check_true(run(&request, reason) == AFB_OUTCOME_RESOURCE_LIMIT && strstr(reason, "signal 9"));
  script("rangular", "kill -9 $$");
  check_true(run(&request, reason) == AFB_OUTCOME_RESOURCE_LIMIT && strstr(reason, "rangular was killed"));
}

static void what_it_cannot_do_is_refused(void **state)
{
  (void)state;
  char reason[160];
  afb_mcdhf_result result;
  afb_mcdhf_request request = carbon();
  stage(":");
  request.max_csf = 3;
  check_true(run(&request, reason) == AFB_OUTCOME_INFEASIBLE);
  request = carbon();
  request.charge = 1;
  check_true(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result) == AFB_E_INPUT);
  request = carbon();
  request.speed_of_light = 1000;
  check_true(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result) == AFB_E_INPUT);
}

static void grasp_gives_what_it_gave(void **state)
{
  (void)state;
  setenv("PATH", original_path, 1);
  if (afb_engine_grasp.check() != AFB_OK) {
    print_message("GRASP2018 is not on PATH\n");
    skip();
  }
  char path[PATH_ROOM], reason[160];
  afb_mcdhf_request request = carbon();
  afb_mcdhf_result result, ours;
  afb_grasp_mixing mixing;
  check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.n_levels == 8 && result.orbitals.n_orbitals == 4 && !result.mixing);
  check_ok(afb_grasp_read_mixing(recorded("carbon/rmix.out", path), &mixing));
  int level = 0;
  for (int b = 0; b < mixing.n_blocks; b++)
    for (int i = 0; i < mixing.block[b].n_levels; i++, level++)
      check_close(result.level[level].energy / mixing.block[b].energy[i], 1, 1e-11);
  afb_grasp_mixing_clear(&mixing);
  afb_mcdhf_result_clear(&result);
  /* fails from its own start, not from our orbitals */
  request = request_of(12, "[Ne] 3s2", "[Ne] 3p2");
  request.n_levels = 1;
  check_true(run(&request, reason) == AFB_OUTCOME_ORBITAL_COLLAPSE);
  check_ok(afb_mcdhf_run(MPI_COMM_WORLD, &request, &ours));
  request.start = &ours.orbitals;
  check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.iterations <= 5);
  check_close(result.energy / ours.energy, 1, 1e-8);
  afb_mcdhf_result_clear(&result);
  /* a list of CSFs and a nucleus of our own, and orbitals that stay */
  request.csfs = &ours.csfs;
  request.nucleus = AFB_NUCLEUS_GIVEN;
  request.nucleus_c_fm = 3;
  request.nucleus_a_fm = 0.5;
  request.n_vary = 1;
  request.vary[0] = (afb_shell){3, 1, 0};
  check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result));
  check_true(result.outcome == AFB_OUTCOME_CONVERGED && result.csfs.n_csf == ours.csfs.n_csf);
  check_close(result.energy / ours.energy, 1, 1e-6);
  check_true(is_empty(scratch));
  afb_mcdhf_result_clear(&result);
  afb_mcdhf_result_clear(&ours);
}

/* A program that is no script. */
static void binary(const char *name)
{
  char command[4096];
  snprintf(command, sizeof command, "rm -f '%s/%s'; cp /usr/bin/true '%s/%s' || cp /bin/true '%s/%s'", bin, name, bin, name, bin, name);
  check_true(rank != 0 || system(command) == 0);
}

static int lines_of(const char *path)
{
  int n = 0;
  FILE *file = fopen(path, "r");
  for (int c; file && (c = getc(file)) != EOF;)
    n += c == '\n';
  if (file)
    fclose(file);
  return n;
}

static void a_node_keeps_what_runs_share(void **state)
{
  (void)state;
  char path[1200], old[1200];
  afb_mcdhf_request request = carbon();
  afb_mcdhf_result result;
  stage(":");
  script("rnucleus", "echo once >>\"${0%/*}/count\"; cp $DATA/carbon/isodata .");
  binary("rmcdhf");
  /* What a process that is no more left behind, and what one may just be making. */
  snprintf(old, sizeof old, "%s/aufbau-scratch-old", scratch);
  snprintf(path, sizeof path, "%s/aufbau-scratch-new", scratch);
  check_true(rank != 0 || (mkdir(old, 0700) == 0 && mkdir(path, 0700) == 0 &&
                           utimensat(AT_FDCWD, old, (struct timespec[2]){{1000, 0}, {1000, 0}}, 0) == 0));
  check_ok(afb_engine_grasp.begin(MPI_COMM_WORLD));
  check_true(access(old, F_OK) != 0 && access(path, F_OK) == 0);
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(rank != 0 || rmdir(path) == 0);
  /* The copy is what runs, not what takes its place on PATH. */
  script("rmcdhf", "exit 7");
  for (int i = 0; i < 3; i++) {
    check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result));
    check_true(result.outcome == AFB_OUTCOME_ENGINE_FAILED && strstr(result.reason, "exit status 0"));
    afb_mcdhf_result_clear(&result);
  }
  snprintf(path, sizeof path, "%s/count", bin);
  check_true(lines_of(path) == 1);
  check_true(!is_empty(scratch));
  MPI_Barrier(MPI_COMM_WORLD);
  afb_engine_grasp.end(MPI_COMM_WORLD);
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(is_empty(scratch));
  MPI_Barrier(MPI_COMM_WORLD);
  remove(path);
  /* Without it every run asks for its own. */
  check_ok(afb_engine_grasp.run(MPI_COMM_WORLD, &request, &result));
  check_true(strstr(result.reason, "exit status 7") && is_empty(scratch));
  afb_mcdhf_result_clear(&result);
  MPI_Barrier(MPI_COMM_WORLD);
  remove(path);
}

static void scratch_must_do(void **state)
{
  (void)state;
  char path[AFB_SCRATCH_PATH];
  stage(":");
  setenv("AUFBAU_SCRATCH", "/no/such/folder", 1);
  check_true(afb_engine_grasp.begin(MPI_COMM_WORLD) == AFB_E_INPUT);
  check_true(rank != 0 || strstr(afb_error_text(), "AUFBAU_SCRATCH: /no/such/folder is no folder"));
  setenv("AUFBAU_SCRATCH", "scratch", 1);
  check_true(afb_scratch_choose(path) == AFB_E_INPUT && strstr(afb_error_text(), "no absolute path"));
  unsetenv("AUFBAU_SCRATCH");
  setenv("TMPDIR", "/no/such/folder", 1);
  check_ok(afb_scratch_choose(path));
  check_true(path[0] == '/' && access(path, W_OK) == 0);
  setenv("AUFBAU_SCRATCH", scratch, 1);
  check_ok(afb_scratch_choose(path));
  check_true(strcmp(path, scratch) == 0);
  check_true(afb_scratch_is_network(0x6969) && afb_scratch_is_network(0x0bd00bd0) && afb_scratch_is_network(0x47504653));
  check_true(!afb_scratch_is_network(0xef53) && !afb_scratch_is_network(0x01021994) && !afb_scratch_is_network(0x58465342));
}

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_grasp_it_says_where_to_get_it),
    cmocka_unit_test(rubbish_and_old_files_are_no_results),
    cmocka_unit_test(what_hangs_or_dies_is_ended),
    cmocka_unit_test(what_it_cannot_do_is_refused),
    cmocka_unit_test(a_node_keeps_what_runs_share),
    cmocka_unit_test(scratch_must_do),
    cmocka_unit_test(grasp_gives_what_it_gave),
  };
  char folder[] = "grasp-XXXXXX", here[512];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0 && !freopen("/dev/null", "w", stdout))
    return 70;
  if (!getcwd(here, sizeof here) || (rank == 0 && !mkdtemp(folder)))
    return 99;
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(bin, sizeof bin, "%s/%s/bin", here, folder);
  snprintf(scratch, sizeof scratch, "%s/%s/scratch", here, folder);
  if (rank == 0 && (mkdir(bin, 0777) != 0 || mkdir(scratch, 0777) != 0))
    return 99;
  MPI_Barrier(MPI_COMM_WORLD);
  original_path = strdup(getenv("PATH") ? getenv("PATH") : "");
  setenv("AUFBAU_SCRATCH", scratch, 1);
  cmocka_set_message_output(CM_OUTPUT_TAP);
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  static const char *const names[] = {"rnucleus", "rcsfgenerate", "rangular", "rwfnestimate", "rmcdhf"};
  char path[1200];
  for (int i = 0; i < 5 && rank == 0; i++) {
    snprintf(path, sizeof path, "%s/%s", bin, names[i]);
    remove(path);
  }
  if (rank == 0) {
    rmdir(bin);
    rmdir(scratch);
    rmdir(folder);
  }
  free(original_path);
  MPI_Finalize();
  return failures != 0;
}
