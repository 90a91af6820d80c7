#include "app/potential_scfv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static const afb_structures *sorted;

static int by_name(const void *a, const void *b)
{
  const afb_frame *x = &sorted->frame[*(const int64_t *)a], *y = &sorted->frame[*(const int64_t *)b];
  int order = strcmp(x->name, y->name);
  return order ? order : strcmp(x->group, y->group);
}

/* How much must be said of each structure so that its file is its own: 0 its name, 1 its group too, 2 its number too. */
static afb_status distinguish(const afb_structures *s, char **detail)
{
  size_t n = (size_t)s->n_frames;
  int64_t *order = malloc((n + 1) * sizeof *order);
  *detail = calloc(n + 1, 1);
  if (!order || !*detail) {
    free(order);
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for the names of %lld structures", (long long)s->n_frames);
  }
  for (size_t f = 0; f < n; f++)
    order[f] = (int64_t)f;
  sorted = s;
  qsort(order, n, sizeof *order, by_name);
  for (size_t i = 1; i < n; i++) {
    int64_t a = order[i - 1], b = order[i];
    if (strcmp(s->frame[a].name, s->frame[b].name) != 0)
      continue;
    char more = strcmp(s->frame[a].group, s->frame[b].group) != 0 ? 1 : 2;
    (*detail)[a] = (*detail)[a] > more ? (*detail)[a] : more;
    (*detail)[b] = more;
  }
  free(order);
  return AFB_OK;
}

static afb_status write_one(const char *folder, const afb_structures *s, int64_t f, int detail, int n, const double *alpha,
                            const double *a)
{
  const afb_frame *frame = &s->frame[f];
  char path[4096], name[2 * AFB_FRAME_NAME + 32], number[32] = "";
  if (detail > 1)
    snprintf(number, sizeof number, "_%lld", (long long)f + 1);
  snprintf(name, sizeof name, "%s%s%s%s", detail ? frame->group : "", detail ? "_" : "", frame->name, number);
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
  char *detail;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  afb_status status = distinguish(s, &detail);
  for (int64_t f = rank; f < s->n_frames && status == AFB_OK; f += n_ranks) {
    int64_t first = s->frame[f].first_atom;
    if (s->frame[f].n_atoms > 0 && !isnan(p->a[first * n]))
      status = write_one(folder, s, f, detail[f], n, alpha, p->a + first * n);
  }
  free(detail);
  return afb_agree(MPI_COMM_WORLD, status);
}
