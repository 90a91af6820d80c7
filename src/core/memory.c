#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static const double USABLE = 0.8;

/* The bytes behind `name` in /proc/self/status; -1: there are none. */
static double status_of(const char *name)
{
  FILE *file = fopen("/proc/self/status", "r");
  char line[128];
  double kib = -1.0;
  size_t length = strlen(name);
  while (file && kib < 0.0 && fgets(line, sizeof line, file))
    if (strncmp(line, name, length) == 0 && line[length] == ':') {
      char *end;
      double number = strtod(line + length + 1, &end);
      kib = end > line + length + 1 ? number : -1.0;
    }
  if (file)
    fclose(file);
  return kib < 0.0 ? -1.0 : 1024.0 * kib;
}

/* The peak is from now on what is resident now: 5 in /proc/self/clear_refs (proc(5)). */
static int forget_peak(void)
{
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (!file)
    return 0;
  int written = fputs("5", file) >= 0;
  return fclose(file) == 0 && written;
}

double afb_memory_watch(double slack)
{
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
  if ((double)mallinfo2().fordblks > slack)
    malloc_trim(0);
#endif
#endif
  return forget_peak() ? status_of("VmRSS") : -1.0;
}

double afb_memory_peak(void) { return status_of("VmHWM"); }

double afb_memory_share(MPI_Comm comm)
{
  double share = 0.0;
  int ranks;
  MPI_Comm node;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &ranks);
  MPI_Comm_free(&node);
#ifdef _SC_PHYS_PAGES
  share = fmax(0.0, USABLE * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / ranks);
#endif
  MPI_Allreduce(MPI_IN_PLACE, &share, 1, MPI_DOUBLE, MPI_MIN, comm);
  return share;
}
