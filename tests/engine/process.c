/* Other programs: limits, signals, children of children, environment. */
#include "engine/process.h"

#include "tests/check.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

static char folder[1024];

/* Writes the shell script `program` into the folder. */
static void write_script(const char *body)
{
  FILE *stream = fopen("program", "w");
  check_true(stream && fprintf(stream, "#!/bin/sh\n%s\n", body) > 0 && fclose(stream) == 0);
  stream = fopen("answers", "w");
  check_true(stream && fputs("one\ntwo\n", stream) >= 0 && fclose(stream) == 0);
  check_true(chmod("program", 0755) == 0);
}

static afb_process_end run_script(const char *body, double seconds, int (*poll)(void *), int *number)
{
  char path[1100];
  afb_process_end end = AFB_PROCESS_ENDED;
  write_script(body);
  snprintf(path, sizeof path, "%s/program", folder);
  afb_process process = {.directory = folder, .program = path, .input = "answers", .screen = "screen", .max_seconds = seconds, .poll = poll};
  check_ok(afb_process_run(&process, &end, number));
  /* nothing is left to be reaped */
  check_true(waitpid(-1, NULL, WNOHANG) <= 0);
  return end;
}

static char *read_screen(char text[4096])
{
  FILE *stream = fopen("screen", "r");
  size_t n = stream ? fread(text, 1, 4095, stream) : 0;
  text[n] = '\0';
  if (stream)
    fclose(stream);
  return text;
}

static void programs_are_found_on_path(void **state)
{
  (void)state;
  char path[1024];
  check_ok(afb_process_find("sh", path, sizeof path));
  check_true(path[0] == '/' && access(path, X_OK) == 0);
  check_true(afb_process_find("no-such-program-of-grasp", path, sizeof path) == AFB_E_NOT_FOUND);
}

static void answers_go_in_and_all_output_comes_out(void **state)
{
  (void)state;
  char text[4096];
  int number;
  check_true(run_script("read a; read b; echo \"$b $a\"; echo wrong >&2; pwd; exit 3", 60, NULL, &number) == AFB_PROCESS_ENDED);
  check_true(number == 3 && strstr(read_screen(text), "two one\nwrong\n") == text && strstr(text, folder));
}

static void the_environment_is_scrubbed(void **state)
{
  (void)state;
  char text[4096];
  int number;
  setenv("OMPI_COMM_WORLD_RANK", "0", 1);
  setenv("SLURM_JOB_ID", "1", 1);
  setenv("OMP_NUM_THREADS", "7", 1);
  check_true(run_script("env", 60, NULL, &number) == AFB_PROCESS_ENDED && number == 0);
  read_screen(text);
  check_true(!strstr(text, "OMPI_") && !strstr(text, "SLURM") && !strstr(text, "PMIX") && strstr(text, "OMP_NUM_THREADS=1") && strstr(text, "PATH="));
}

/* Whether a process is there and not a zombie. */
static int runs(int pid)
{
  char path[64], text[256] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *stream = fopen(path, "r");
  size_t n = stream ? fread(text, 1, sizeof text - 1, stream) : 0;
  if (stream)
    fclose(stream);
  const char *after = strrchr(text, ')');
  return n > 0 && after && after[2] != 'Z' && after[2] != 'X';
}

static void nothing_outlives_its_time(void **state)
{
  (void)state;
  char text[4096];
  int number, child = 0;
  check_true(run_script("trap '' TERM INT HUP\nsleep 600 &\necho $!\nwhile :; do sleep 1; done", 0.5, NULL, &number) == AFB_PROCESS_TIMED_OUT);
  check_true(sscanf(read_screen(text), "%d", &child) == 1 && child > 1);
  /* the kernel may need a moment */
  double end = afb_wall_seconds() + 20;
  while (runs(child) && afb_wall_seconds() < end)
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  check_true(!runs(child));
  /* what a program that ends in order leaves running is ended too */
  check_true(run_script("sleep 600 &\necho $!", 60, NULL, &number) == AFB_PROCESS_ENDED && number == 0);
  check_true(sscanf(read_screen(text), "%d", &child) == 1 && child > 1);
  end = afb_wall_seconds() + 20;
  while (runs(child) && afb_wall_seconds() < end)
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  check_true(!runs(child));
}

static int polls;
static int stop_at_third(void *context)
{
  (void)context;
  return ++polls >= 3;
}

static void ends_are_told_apart(void **state)
{
  (void)state;
  int number;
  check_true(run_script("kill -9 $$", 60, NULL, &number) == AFB_PROCESS_SIGNALLED && number == 9);
  check_true(run_script("kill -11 $$", 60, NULL, &number) == AFB_PROCESS_SIGNALLED && number == 11);
  check_true(run_script("sleep 600", 60, stop_at_third, &number) == AFB_PROCESS_STOPPED && polls == 3);
  check_true(run_script("exec /no/such/program", 60, NULL, &number) == AFB_PROCESS_ENDED && number != 0);
}

int main(int argc, char **argv)
{
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(programs_are_found_on_path),
    cmocka_unit_test(answers_go_in_and_all_output_comes_out),
    cmocka_unit_test(the_environment_is_scrubbed),
    cmocka_unit_test(nothing_outlives_its_time),
    cmocka_unit_test(ends_are_told_apart),
  };
  char start[1024], template[] = "process-XXXXXX";
  MPI_Init(&argc, &argv);
  cmocka_set_message_output(CM_OUTPUT_TAP);
  if (!getcwd(start, sizeof start) || !mkdtemp(template) || chdir(template) != 0 || !getcwd(folder, sizeof folder))
    return 99;
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  remove("program");
  remove("answers");
  remove("screen");
  if (chdir(start) == 0)
    rmdir(template);
  MPI_Finalize();
  return failures != 0;
}
