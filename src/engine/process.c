#include "engine/process.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

afb_status afb_process_find(const char *name, char *path, size_t size)
{
  const char *folder = getenv("PATH");
  for (; folder && *folder; folder += strcspn(folder, ":") + (folder[strcspn(folder, ":")] == ':')) {
    int length = (int)strcspn(folder, ":");
    /* Only absolute folders: the program is started from another directory. */
    if (folder[0] == '/' && snprintf(path, size, "%.*s/%s", length, folder, name) < (int)size && access(path, X_OK) == 0)
      return AFB_OK;
  }
  return AFB_FAIL(AFB_E_NOT_FOUND, "%s is not on PATH", name);
}

enum { MAX_VARIABLES = 10 };
extern char **environ;

/* A few of our variables, and those that keep a program to one thread. */
static void make_environment(char *environment[MAX_VARIABLES])
{
  static const char *const kept[] = {"PATH=", "HOME=", "LD_LIBRARY_PATH="};
  static char set[][32] = {"LC_ALL=C", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1",
                           "GFORTRAN_ERROR_BACKTRACE=0"};
  int n = 0;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
    for (char **entry = environ; *entry; entry++)
      if (strncmp(*entry, kept[i], strlen(kept[i])) == 0) {
        environment[n++] = *entry;
        break;
      }
  for (size_t i = 0; i < sizeof set / sizeof *set; i++)
    environment[n++] = set[i];
  environment[n] = NULL;
}

/* By way of the shell, which changes the directory and sets limits before it becomes the program: posix_spawn, unlike fork, is safe
 * where MPI has registered memory with the network. */
static afb_status start(const afb_process *process, pid_t *pid)
{
  char *environment[MAX_VARIABLES], limit[32];
  char script[] = "ulimit -c 0; ulimit -t \"$1\"; cd \"$2\" && exec \"$3\" <\"$4\" >\"$5\" 2>&1";
  snprintf(limit, sizeof limit, "%.0f", fmin(ceil(process->max_seconds) + 1, 1e8));
  char *arguments[] = {"sh", "-c", script, "sh", limit, (char *)(size_t)process->directory, (char *)(size_t)process->program,
                       (char *)(size_t)process->input, (char *)(size_t)process->screen, NULL};
  posix_spawnattr_t attributes;
  sigset_t none;
  make_environment(environment);
  sigemptyset(&none);
  if (posix_spawnattr_init(&attributes) != 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be started", process->program);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  int failed = posix_spawn(pid, "/bin/sh", NULL, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  return failed ? AFB_FAIL(AFB_E_IO, "%s cannot be started: %s", process->program, strerror(failed)) : AFB_OK;
}

/* Whether the program has ended; it stays to be reaped, so that its number cannot become another's before its group is killed. */
static int has_ended(pid_t pid)
{
  siginfo_t info = {0};
  int failed;
  do
    failed = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
  while (failed && errno == EINTR);
  return failed || info.si_pid == pid;
}

afb_status afb_process_run(const afb_process *process, afb_process_end *end, int *number)
{
  pid_t pid;
  int state = 0;
  double deadline = afb_wall_seconds() + process->max_seconds;
  long pause = 1000000;
  *end = AFB_PROCESS_ENDED;
  *number = 0;
  AFB_TRY(start(process, &pid));
  while (!has_ended(pid) && *end == AFB_PROCESS_ENDED) {
    nanosleep(&(struct timespec){0, pause}, NULL);
    pause = pause < 20000000 ? 2 * pause : pause;
    if (process->poll && process->poll(process->poll_context))
      *end = AFB_PROCESS_STOPPED;
    else if (afb_wall_seconds() > deadline)
      *end = AFB_PROCESS_TIMED_OUT;
  }
  kill(-pid, SIGKILL);
  while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
    ;
  if (*end == AFB_PROCESS_ENDED && WIFSIGNALED(state))
    *end = WTERMSIG(state) == SIGXCPU ? AFB_PROCESS_TIMED_OUT : AFB_PROCESS_SIGNALLED;
  *number = WIFSIGNALED(state) ? WTERMSIG(state) : WEXITSTATUS(state);
  return AFB_OK;
}
