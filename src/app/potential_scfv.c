#include "app/potential_scfv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "materials/scfv.h"

afb_status afb_scfv_folder(const char *folder)
{
  int rank;
  afb_status status = AFB_OK;
  struct stat found;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0 && mkdir(folder, 0777) != 0 && (errno != EEXIST || stat(folder, &found) != 0 || !S_ISDIR(found.st_mode)))
    status = AFB_FAIL(AFB_E_INPUT, "the folder %s cannot be made: %s", folder, strerror(errno));
  return afb_agree(MPI_COMM_WORLD, status);
}

static afb_status write_one(const char *folder, const afb_frame *frame, int n, const double *alpha, const double *a)
{
  char path[4096], name[AFB_FRAME_NAME];
  snprintf(name, sizeof name, "%s", frame->name);
  for (char *c = name; *c; c++)
    if (*c == '/')
      *c = '_';
  if (snprintf(path, sizeof path, "%s/%s.scfV", folder, name) >= (int)sizeof path)
    return AFB_FAIL(AFB_E_INPUT, "the name of the folder %s is too long", folder);
  return afb_scfv_write(path, frame->n_atoms, n, alpha, a);
}

afb_status afb_scfv_folder_write(const char *folder, const afb_structures *s, int n, const double *alpha,
                                 const afb_potential_prediction *p)
{
  int rank, n_ranks;
  afb_status status = AFB_OK;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  for (int64_t f = rank; f < s->n_frames && status == AFB_OK; f += n_ranks) {
    const afb_frame *frame = &s->frame[f];
    if (frame->n_atoms > 0 && !isnan(p->a[frame->first_atom * n]))
      status = write_one(folder, frame, n, alpha, p->a + frame->first_atom * n);
  }
  return afb_agree(MPI_COMM_WORLD, status);
}
