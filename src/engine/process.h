/* Other programs: found, run to their end, never left behind. Not collective. */
#ifndef AFB_ENGINE_PROCESS_H
#define AFB_ENGINE_PROCESS_H

#include <stddef.h>

#include "core/status.h"

/* The program `name` in the folders of PATH, into path[size]; AFB_E_NOT_FOUND. */
afb_status afb_process_find(const char *name, char *path, size_t size);

typedef struct {
  const char *directory;     /* that it works in */
  const char *program;       /* path */
  const char *input, *screen;/* files in the directory: standard input; standard output and error */
  double max_seconds;        /* of wall-clock time */
  int (*poll)(void *context);/* called every 20 ms or so; non-zero ends the program. NULL: not called */
  void *poll_context;
} afb_process;

typedef enum { AFB_PROCESS_ENDED, AFB_PROCESS_SIGNALLED, AFB_PROCESS_TIMED_OUT, AFB_PROCESS_STOPPED } afb_process_end;

/* Runs a program in a process group of its own. Its environment is PATH, HOME and LD_LIBRARY_PATH of ours, one thread, and
 * nothing of MPI or the batch system. At the end, however it came, the whole group is killed and the program reaped. Should this process
 * be killed first, the program ends by its own limit of CPU time. *number: exit status or signal. AFB_E_IO: cannot be started. */
afb_status afb_process_run(const afb_process *process, afb_process_end *end, int *number);

#endif
