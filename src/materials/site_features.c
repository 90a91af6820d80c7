#include "materials/site_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "materials/describe.h"

static const double SAME_PLACE = 1e-3;     /* angstrom */

/* ---- What a file holds ---- */

static afb_status find(afb_arrays *file, const char *path, const char *name, afb_column_type type, int rank, afb_array *array)
{
  if (afb_arrays_find(file, name, array) != AFB_OK || array->type != type || array->rank != rank)
    return AFB_FAIL(AFB_E_INPUT, "%s has no %s as files of `aufbau describe` have: write it again with this version", path, name);
  return AFB_OK;
}

static afb_status find_rows(afb_arrays *file, const char *path, int64_t n_atoms, int *width)
{
  afb_array array;
  int64_t grid[3];
  AFB_TRY(find(file, path, "descriptors/grid", AFB_I64, 1, &array));
  AFB_TRY(afb_arrays_read(file, "descriptors/grid", 0, 3, grid));
  if (grid[0] > 0)
    return AFB_FAIL(AFB_E_INPUT, "%s is on a grid of %lld x %lld x %lld points: features are wanted on atoms (no `grid` in the input of describe)",
                    path, (long long)grid[0], (long long)grid[1], (long long)grid[2]);
  if (afb_arrays_find(file, "descriptors/B", &array) != AFB_OK || array.rank != 2)
    return AFB_FAIL(AFB_E_INPUT, "%s has no components: `quantities` in the input of describe has to have B", path);
  if (array.dim[0] != n_atoms)
    return AFB_FAIL(AFB_E_INPUT, "%s has descriptors of %lld atoms, and the structures have %lld: describe the same structures", path,
                    (long long)array.dim[0], (long long)n_atoms);
  *width = (int)array.dim[1];
  return AFB_OK;
}

static afb_status read_cutoff(MPI_Comm comm, afb_arrays *file, const char *path, double *cutoff)
{
  afb_array array;
  AFB_TRY(find(file, path, "descriptors/cutoff", AFB_F64, 2, &array));
  size_t n = (size_t)(array.dim[0] * array.dim[1]);
  double *value = malloc((n + 1) * sizeof *value);
  afb_status status = afb_agree(comm, value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %zu cut-offs", n));
  if (status == AFB_OK)
    status = afb_arrays_read(file, "descriptors/cutoff", 0, array.dim[0], value);
  *cutoff = 0;
  for (size_t i = 0; i < n && status == AFB_OK; i++)
    *cutoff = fmax(*cutoff, value[i]);
  free(value);
  return status;
}

/* Appends the columns of file k. */
static afb_status read_columns(MPI_Comm comm, afb_site_features *f, int k)
{
  static const char *const name[] = {"components/two_j1", "components/two_j2", "components/two_j", "components/other"};
  int n = f->width[k];
  afb_array array;
  afb_site_column *larger = realloc(f->column, (size_t)(f->n_columns + n + 1) * sizeof *larger);
  int32_t *value = malloc(((size_t)n + 1) * sizeof *value);
  f->column = larger ? larger : f->column;
  afb_status status = afb_agree(comm, larger && value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d columns", n));
  for (int c = 0; c < 4 && status == AFB_OK; c++) {
    status = find(f->file[k], f->path[k], name[c], AFB_I32, 1, &array);
    if (status == AFB_OK)
      status = afb_arrays_read(f->file[k], name[c], 0, n, value);
    for (int i = 0; i < n && status == AFB_OK; i++) {
      f->column[f->n_columns + i].file = k;
      f->column[f->n_columns + i].component[c] = value[i];
    }
  }
  free(value);
  f->n_columns += status == AFB_OK ? n : 0;
  return status;
}

/* Frames first ... first + n - 1 of this rank. */
static afb_status compare_frames(const char *path, const afb_structures *s, int64_t first, int64_t n, int length, const char *name,
                                 const int64_t *n_atoms)
{
  for (int64_t i = 0; i < n; i++) {
    const afb_frame *frame = &s->frame[first + i];
    if (strncmp(frame->name, name + i * length, (size_t)length) != 0)
      return AFB_FAIL(AFB_E_INPUT, "%s was made of other structures: its structure %lld is %.60s, and that of the input is %s", path,
                      (long long)(first + i + 1), name + i * length, frame->name);
    if (frame->n_atoms != n_atoms[i])
      return AFB_FAIL(AFB_E_INPUT, "%s was made of other structures: %s has %lld atoms there, and %lld in the input", path, frame->name,
                      (long long)n_atoms[i], (long long)frame->n_atoms);
  }
  return AFB_OK;
}

static afb_status check_frames(MPI_Comm comm, afb_arrays *file, const char *path, const afb_structures *s)
{
  afb_array name, atoms;
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  AFB_TRY(find(file, path, "frames/n_atoms", AFB_I64, 1, &atoms));
  AFB_TRY(find(file, path, "frames/name", AFB_STRING, 1, &name));
  if (name.dim[0] != s->n_frames || atoms.dim[0] != s->n_frames)
    return AFB_FAIL(AFB_E_INPUT, "%s has descriptors of %lld structures, and the input has %lld: describe the same structures", path,
                    (long long)name.dim[0], (long long)s->n_frames);
  int64_t first = s->n_frames * rank / size, n = s->n_frames * (rank + 1) / size - first;
  char *names = malloc((size_t)n * (size_t)name.length + 1);
  int64_t *counts = malloc(((size_t)n + 1) * sizeof *counts);
  afb_status status = afb_agree(comm, names && counts ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld names", (long long)n));
  if (status == AFB_OK)
    status = afb_arrays_read(file, "frames/name", first, n, names);
  if (status == AFB_OK)
    status = afb_arrays_read(file, "frames/n_atoms", first, n, counts);
  if (status == AFB_OK)
    status = afb_agree(comm, compare_frames(path, s, first, n, name.length, names, counts));
  free(names);
  free(counts);
  return status;
}

afb_status afb_site_features_open(MPI_Comm comm, int n_files, const char *const *path, const afb_structures *structures,
                                  afb_site_features *out)
{
  *out = (afb_site_features){.path = path};
  if (n_files > AFB_SITE_MAX_FILES)
    return AFB_FAIL(AFB_E_INPUT, "at most %d files of features can be used, not %d", AFB_SITE_MAX_FILES, n_files);
  for (int k = 0; k < n_files; k++) {
    AFB_TRY(afb_arrays_open(comm, path[k], AFB_DESCRIPTORS_KIND, &out->file[k]));
    out->n_files = k + 1;
    AFB_TRY(check_frames(comm, out->file[k], path[k], structures));
    AFB_TRY(find_rows(out->file[k], path[k], structures->n_atoms, &out->width[k]));
    AFB_TRY(read_cutoff(comm, out->file[k], path[k], &out->cutoff[k]));
    AFB_TRY(read_columns(comm, out, k));
  }
  return AFB_OK;
}

void afb_site_features_close(afb_site_features *f)
{
  for (int k = 0; k < f->n_files; k++)
    afb_arrays_close(&f->file[k], AFB_OK);
  free(f->column);
  *f = (afb_site_features){0};
}

/* ---- Rows ---- */

/* The frame of an atom of the collection. */
static const afb_frame *frame_of(const afb_structures *s, int64_t atom)
{
  int64_t f = 0;
  while (atom >= s->frame[f].first_atom + s->frame[f].n_atoms)
    f++;
  return &s->frame[f];
}

static afb_status compare_positions(const char *path, const afb_structures *s, const double *position)
{
  for (int64_t i = 0; i < 3 * s->n; i++)
    if (!(fabs(position[i] - s->position[i]) <= SAME_PLACE)) {
      const afb_frame *frame = frame_of(s, s->first + i / 3);
      return AFB_FAIL(AFB_E_INPUT, "%s was made of other structures: atom %lld of %s stands elsewhere in it", path,
                      (long long)(s->first + i / 3 - frame->first_atom + 1), frame->name);
    }
  return AFB_OK;
}

static afb_status put(const char *path, const afb_structures *s, int n, const double *b, int width, double *value)
{
  for (int64_t i = 0; i < s->n; i++)
    for (int c = 0; c < n; c++) {
      const double x = b[i * n + c];
      if (!isfinite(x) && !frame_of(s, s->first + i)->bad)
        return AFB_FAIL(AFB_E_INPUT, "%s has no descriptors of %s, which was left out of it", path, frame_of(s, s->first + i)->name);
      value[(s->first + i) * width + c] = cbrt(x);
    }
  return AFB_OK;
}

afb_status afb_site_features_read(MPI_Comm comm, const afb_site_features *f, const afb_structures *s, int width, double *value)
{
  int most = 3;
  for (int k = 0; k < f->n_files; k++)
    most = f->width[k] > most ? f->width[k] : most;
  double *b = malloc(((size_t)s->n * (size_t)most + 1) * sizeof *b);
  afb_status status = afb_agree(comm, b ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the features of %lld atoms", (long long)s->n));
  for (int k = 0; k < f->n_files && status == AFB_OK; value += f->width[k++]) {
    status = afb_arrays_read(f->file[k], "atoms/position", s->first, s->n, b);
    if (status == AFB_OK)
      status = afb_agree(comm, compare_positions(f->path[k], s, b));
    if (status == AFB_OK)
      status = afb_arrays_read(f->file[k], "descriptors/B", s->first, s->n, b);
    if (status == AFB_OK)
      status = afb_agree(comm, put(f->path[k], s, f->width[k], b, width, value));
  }
  free(b);
  return status;
}

afb_status afb_site_features_compare(const afb_site_features *f, int n_files, const double *cutoff, int n_columns,
                                     const afb_site_column *column)
{
  if (f->n_files != n_files)
    return AFB_FAIL(AFB_E_INPUT, "%d files of features are given, and the network was trained with %d", f->n_files, n_files);
  for (int k = 0, c = 0; k < n_files; k++) {
    int width = 0;
    for (int i = 0; i < n_columns; i++)
      width += column[i].file == k;
    if (width != f->width[k])
      return AFB_FAIL(AFB_E_INPUT, "%s has %d columns, and the network was trained with %d", f->path[k], f->width[k], width);
    if (!(fabs(f->cutoff[k] - cutoff[k]) <= 1e-9 * cutoff[k]))
      return AFB_FAIL(AFB_E_INPUT, "%s has the cut-off %g A, and the network was trained with %g A", f->path[k], f->cutoff[k], cutoff[k]);
    for (int i = 0; i < width; i++, c++)
      if (memcmp(&f->column[c], &column[c], sizeof *column) != 0)
        return AFB_FAIL(AFB_E_INPUT, "column %d of %s is the component (%d, %d, %d), and the network was trained with (%d, %d, %d) (each twice)",
                        i + 1, f->path[k], (int)f->column[c].component[0], (int)f->column[c].component[1], (int)f->column[c].component[2],
                        (int)column[c].component[0], (int)column[c].component[1], (int)column[c].component[2]);
  }
  return AFB_OK;
}
