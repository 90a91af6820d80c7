#include "config.h"

#include <hdf5.h>
#include <libfyaml.h>
#include <mpi.h>
#include <petscversion.h>
#include <slepcversion.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "revision.h"

const char *afb_version_revision(void) { return AFB_REVISION; }

const char *afb_version_libraries(void)
{
  static char text[128];
  snprintf(text, sizeof text, "PETSc %d.%d.%d, SLEPc %d.%d.%d, libfyaml %s", PETSC_VERSION_MAJOR, PETSC_VERSION_MINOR,
           PETSC_VERSION_SUBMINOR, SLEPC_VERSION_MAJOR, SLEPC_VERSION_MINOR, SLEPC_VERSION_SUBMINOR,
           fy_library_version());
  return text;
}

void afb_version_print(void)
{
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
  int length, version, subversion;
  unsigned major = 0, minor = 0, release = 0;
  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, "\n,")] = '\0';
  MPI_Get_version(&version, &subversion);
  H5get_libversion(&major, &minor, &release);
  printf("%s\nrevision   %s\ncompiler   %s\nMPI        %s (standard %d.%d)\nHDF5       %u.%u.%u\nlibraries  %s\n",
         PACKAGE_STRING, AFB_REVISION, AFB_COMPILER, mpi, version, subversion, major, minor, release,
         afb_version_libraries());
}
