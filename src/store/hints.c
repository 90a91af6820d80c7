#include "store/hints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

enum { MOST_TARGETS = 32 };

typedef enum { OTHER, LUSTRE, GPFS } file_system;
static const char *const name_of[] = {"a local or other file system", "Lustre", "GPFS"};

static file_system look(const char *path)
{
  file_system found = OTHER;
#ifdef __linux__
  struct statfs info;
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  if (folder && statfs(folder, &info) == 0) {
    unsigned long type = (unsigned long)info.f_type & 0xffffffffUL;
    found = type == 0x0bd00bd0UL ? LUSTRE : type == 0x47504653UL ? GPFS : OTHER;
  }
  free(folder);
#else
  (void)path;
#endif
  return found;
}

static int count_nodes(MPI_Comm comm)
{
  MPI_Comm node;
  int rank, first, nodes;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &rank);
  first = rank == 0;
  MPI_Allreduce(&first, &nodes, 1, MPI_INT, MPI_SUM, comm);
  MPI_Comm_free(&node);
  return nodes;
}

static void set(afb_hints *hints, const char *key, const char *value)
{
  size_t n = strlen(hints->text);
  MPI_Info_set(hints->info, key, value);
  snprintf(hints->text + n, sizeof hints->text - n, ", %s=%s", key, value);
}

static void set_number(afb_hints *hints, const char *key, int value)
{
  char text[16];
  snprintf(text, sizeof text, "%d", value);
  set(hints, key, text);
}

void afb_hints_choose(MPI_Comm comm, const char *path, afb_hints *hints)
{
  int rank, size, found[2] = {OTHER, 0};
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  *hints = (afb_hints){.info = MPI_INFO_NULL, .text = "one process"};
  if (size == 1)
    return;
  int nodes = count_nodes(comm);
  if (rank == 0) {
    found[0] = (int)look(path);
    found[1] = getenv("ROMIO_HINTS") || getenv("MPICH_MPIIO_HINTS");
  }
  MPI_Bcast(found, 2, MPI_INT, 0, comm);
  snprintf(hints->text, sizeof hints->text, "%d node%s, %s", nodes, nodes > 1 ? "s" : "", name_of[found[0]]);
  if (found[1]) {
    snprintf(hints->text + strlen(hints->text), 32, "; those of the environment");
    return;
  }
  MPI_Info_create(&hints->info);
  set_number(hints, "cb_nodes", nodes);
  if (found[0] == OTHER)
    return;
  set(hints, "romio_ds_write", "disable");
  if (found[0] == LUSTRE) {
    set_number(hints, "striping_factor", nodes < MOST_TARGETS ? nodes : MOST_TARGETS);
    set_number(hints, "striping_unit", AFB_HINTS_BLOCK);
  }
}

void afb_hints_clear(afb_hints *hints)
{
  if (hints->info != MPI_INFO_NULL)
    MPI_Info_free(&hints->info);
}
