#include "tests/materials/structure_files.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int world_rank(void)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int world_size(void)
{
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

/* The name may decide the format, by its beginning or by its end. */
const char *write_text(const char *name, const char *text)
{
  enum { PATHS = 8 };
  static char paths[PATHS][64];
  static int next;
  char *path = paths[next++ % PATHS];
  if (strncmp(name, "POSCAR", 6) == 0)
    snprintf(path, 64, "%s-%d", name, world_size());
  else if (strcmp(name, "structure.dat") == 0)
    snprintf(path, 64, "structure-%d.dat", world_size());
  else
    snprintf(path, 64, "structures-%d-%s", world_size(), name);
  MPI_Barrier(MPI_COMM_WORLD);
  if (world_rank() == 0) {
    FILE *file = fopen(path, "wb");
    if (file) {
      fwrite(text, 1, strlen(text), file);
      fclose(file);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

void remove_text(const char *path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (world_rank() == 0)
    unlink(path);
}
