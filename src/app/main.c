/* The program. Nothing else ends it. */
#include "config.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/command.h"
#include "config/nearest.h"
#include "core/account.h"
#include "numeric/petsc.h"
#include "store/parallel.h"

#ifdef HAVE_OPENBLAS_SET_NUM_THREADS
void openblas_set_num_threads(int n);
#endif

static int exit_status_of(afb_status status)
{
  switch (status) {
  case AFB_OK:
    return AFB_EXIT_DONE;
  case AFB_E_INPUT:
  case AFB_E_FOREIGN:
  case AFB_E_LIMIT:
  case AFB_E_NOT_FOUND:
    return AFB_EXIT_INPUT;
  case AFB_E_IO:
  case AFB_E_MEMORY:
  case AFB_E_NUMERIC:
    return AFB_EXIT_FAILED;
  default:
    return AFB_EXIT_INTERNAL;
  }
}

static afb_status fail_unknown(const char *name)
{
  const char *names[AFB_MAX_COMMANDS + 2];
  char meant[128];
  int n = afb_command_names(names);
  names[n++] = "--help";
  names[n++] = "--version";
  names[n] = NULL;
  return AFB_FAIL(AFB_E_INPUT, "there is no command \"%.60s\"%s; `aufbau --help` lists them", name,
                  afb_did_you_mean(name, names, meant, sizeof meant));
}

static afb_status dispatch(int rank, int argc, char **argv, int *exit_status)
{
  if (argc < 2)
    return AFB_FAIL(AFB_E_INPUT, "a command is missing: aufbau COMMAND ...; `aufbau --help` lists them");
  int is_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
  int is_version = strcmp(argv[1], "--version") == 0;
  if (is_help || is_version) {
    if (rank == 0)
      is_help ? afb_program_help() : afb_version_print();
    return AFB_OK;
  }
  const afb_command *command = afb_command_find(argv[1]);
  afb_arguments arguments;
  if (!command)
    return fail_unknown(argv[1]);
  AFB_TRY(afb_arguments_read(command, argc, argv, &arguments));
  afb_log_setup(arguments.log_level, rank);
  if (arguments.help) {
    if (rank == 0)
      afb_command_help(command);
    return AFB_OK;
  }
  return command->run(&arguments, exit_status);
}

static void report(int rank, afb_status status, int exit_status)
{
  if (exit_status == AFB_EXIT_INTERNAL)
    fprintf(stderr, "aufbau: rank %d: a defect of the program, status %d: %s\n  %s\n", rank, (int)status,
            afb_error_text(), afb_error_trail());
  else if (rank == 0)
    fprintf(stderr, "%s%s\n", status == AFB_E_INPUT ? "" : "error: ", afb_error_text());
  if (rank == 0 && exit_status != AFB_EXIT_INTERNAL && afb_log_enabled(AFB_LOG_TRACE))
    fprintf(stderr, "  %s\n", afb_error_trail());
}

/* Whether MPI_Finalize would come to its end. Collective. */
static int can_end(void)
{
  int given_up = afb_parallel_given_up();
  MPI_Allreduce(MPI_IN_PLACE, &given_up, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return !given_up;
}

static void end_all(int exit_status)
{
  /* What was said is to be passed on before the launcher hears of the end. */
  nanosleep(&(struct timespec){0, 200000000}, NULL);
  MPI_Abort(MPI_COMM_WORLD, exit_status);
}

int main(int argc, char **argv)
{
  int rank, provided, exit_status = AFB_EXIT_DONE;
  afb_account_begin();
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
#ifdef HAVE_OPENBLAS_SET_NUM_THREADS
  openblas_set_num_threads(1);
#endif
  afb_log_setup(AFB_LOG_INFO, rank);
  afb_status status = dispatch(rank, argc, argv, &exit_status);
  if (status == AFB_OK && (fflush(stdout) != 0 || ferror(stdout)))
    status = AFB_FAIL(AFB_E_IO, "standard output could not be written (disk full?)");
  if (status != AFB_OK) {
    exit_status = exit_status_of(status);
    report(rank, status, exit_status);
  }
  /* A defect may have hit one rank alone while others wait for it. */
  if (exit_status == AFB_EXIT_INTERNAL || !can_end())
    end_all(exit_status);
  afb_petsc_end();
  MPI_Finalize();
  return exit_status;
}
