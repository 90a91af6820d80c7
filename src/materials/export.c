#include "materials/export.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20 };

/* What a table needs besides its numbers. */
typedef struct {
  afb_arrays *arrays;
  FILE *out;
  int64_t n_frames, n_rows;
  int64_t *first_row;          /* [n_frames + 1] */
  int32_t *bad;                /* [n_frames] */
  int64_t grid[3];             /* zeros: rows are atoms */
  int n_elements, length;      /* bytes of a name */
  char *element;
} table;

static void clear(table *t)
{
  free(t->first_row);
  free(t->bad);
  free(t->element);
}

static afb_status find(afb_arrays *arrays, const char *name, afb_column_type type, int rank, afb_array *array)
{
  afb_status status = afb_arrays_find(arrays, name, array);
  if (status == AFB_E_NOT_FOUND)
    return afb_trail_at(AFB_E_FOREIGN, __func__, __FILE__, __LINE__);
  if (status == AFB_OK && (array->type != type || array->rank != rank))
    return AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: it has another form than this program gives it", name);
  return status;
}

/* rows: array whose rows the table has; first: where those of each frame begin. */
static afb_status begin(afb_arrays *arrays, const char *rows, int rank, const char *first, FILE *out, table *t)
{
  afb_array array;
  *t = (table){.arrays = arrays, .out = out};
  AFB_TRY(find(arrays, rows, AFB_F64, rank, &array));
  t->n_rows = array.dim[0];
  AFB_TRY(find(arrays, "elements/name", AFB_STRING, 1, &array));
  t->n_elements = (int)array.dim[0];
  t->length = array.length;
  AFB_TRY(find(arrays, first, AFB_I64, 1, &array));
  t->n_frames = array.dim[0];
  t->first_row = malloc(((size_t)t->n_frames + 1) * sizeof *t->first_row);
  t->bad = malloc(((size_t)t->n_frames + 1) * sizeof *t->bad);
  t->element = calloc((size_t)t->n_elements + 1, (size_t)t->length);
  if (!t->first_row || !t->bad || !t->element)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld frames", (long long)t->n_frames);
  AFB_TRY(find(arrays, "frames/bad", AFB_I32, 1, &array));
  if (array.dim[0] != t->n_frames)
    return AFB_FAIL(AFB_E_FOREIGN, "frames/bad is damaged: it has another length than %s", first);
  AFB_TRY(afb_arrays_read(arrays, "elements/name", 0, t->n_elements, t->element));
  AFB_TRY(afb_arrays_read(arrays, first, 0, t->n_frames, t->first_row));
  AFB_TRY(afb_arrays_read(arrays, "frames/bad", 0, t->n_frames, t->bad));
  t->first_row[t->n_frames] = t->n_rows;
  return AFB_OK;
}

/* The number of a row that stands before its values. element is not read on a grid. */
static afb_status write_place(const table *t, int64_t frame, int64_t row, int32_t element)
{
  if (t->grid[0] > 0) {
    int64_t line = row / t->grid[0];
    fprintf(t->out, "%lld,%lld,%lld,%lld", (long long)frame + 1, (long long)(row % t->grid[0]), (long long)(line % t->grid[1]),
            (long long)(line / t->grid[1]));
    return AFB_OK;
  }
  if (element < 0 || element >= t->n_elements)
    return AFB_FAIL(AFB_E_FOREIGN, "an atom has element %d of %d", element, t->n_elements);
  fprintf(t->out, "%lld,%lld,%.*s", (long long)frame + 1, (long long)row + 1, t->length, t->element + (size_t)element * (size_t)t->length);
  return AFB_OK;
}

/* Arrays that give the numbers of a row, one behind the other. */
typedef struct {
  const char *name;
  int columns;
} source;

/* All rows, a block of each array in memory. */
static afb_status write_rows(const table *t, int n_sources, const source *from, int64_t block, double *const *value, int32_t *element,
                             int64_t *n)
{
  int64_t frame = 0;
  for (int64_t first = 0; first < t->n_rows; first += block) {
    int64_t count = t->n_rows - first < block ? t->n_rows - first : block;
    for (int s = 0; s < n_sources; s++)
      AFB_TRY(afb_arrays_read(t->arrays, from[s].name, first, count, value[s]));
    if (t->grid[0] == 0)
      AFB_TRY(afb_arrays_read(t->arrays, "atoms/element", first, count, element));
    for (int64_t i = 0; i < count; i++) {
      while (frame < t->n_frames && first + i >= t->first_row[frame + 1])
        frame++;
      if (frame == t->n_frames || t->bad[frame])
        continue;
      AFB_TRY(write_place(t, frame, first + i - t->first_row[frame], t->grid[0] > 0 ? -1 : element[i]));
      for (int s = 0; s < n_sources; s++)
        for (int k = 0; k < from[s].columns; k++)
          fprintf(t->out, ",%.17g", value[s][i * from[s].columns + k]);
      if (fputc('\n', t->out) == EOF)
        return AFB_FAIL(AFB_E_IO, "the table cannot be written (disk full?)");
      ++*n;
    }
  }
  return AFB_OK;
}

static afb_status write_table(const table *t, int n_sources, const source *from, int64_t *n)
{
  double *value[2] = {NULL, NULL};
  int most = 1;
  for (int s = 0; s < n_sources; s++)
    most = from[s].columns > most ? from[s].columns : most;
  int64_t block = BLOCK_BYTES / ((int64_t)sizeof(double) * most) + 1;
  int32_t *element = malloc((size_t)block * sizeof *element);
  afb_status status = element ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows", (long long)block);
  for (int s = 0; s < n_sources && status == AFB_OK; s++) {
    value[s] = malloc((size_t)block * (size_t)from[s].columns * sizeof(double));
    status = value[s] ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows", (long long)block);
  }
  if (status == AFB_OK)
    status = write_rows(t, n_sources, from, block, value, element, n);
  for (int s = 0; s < n_sources; s++)
    free(value[s]);
  free(element);
  return status;
}

static afb_status write_descriptors(table *t, int64_t *n)
{
  afb_array array;
  AFB_TRY(find(t->arrays, "descriptors/grid", AFB_I64, 1, &array));
  if (array.dim[0] != 3)
    return AFB_FAIL(AFB_E_FOREIGN, "descriptors/grid is damaged: it has another form than this program gives it");
  AFB_TRY(afb_arrays_read(t->arrays, "descriptors/grid", 0, 3, t->grid));
  AFB_TRY(find(t->arrays, "descriptors/B", AFB_F64, 2, &array));
  const source from = {"descriptors/B", (int)array.dim[1]};
  fputs(t->grid[0] > 0 ? "frame,ix,iy,iz" : "frame,atom,element", t->out);
  for (int k = 1; k <= from.columns; k++)
    fprintf(t->out, ",B_%d", k);
  fputc('\n', t->out);
  return write_table(t, 1, &from, n);
}

afb_status afb_export_descriptors(afb_arrays *arrays, FILE *out, int64_t *n)
{
  table t;
  *n = 0;
  afb_status status = begin(arrays, "descriptors/B", 2, "frames/first_row", out, &t);
  if (status == AFB_OK)
    status = write_descriptors(&t, n);
  clear(&t);
  return status;
}

afb_status afb_export_forces(afb_arrays *arrays, FILE *out, int64_t *n)
{
  static const source from[] = {{"atoms/energy", 1}, {"atoms/force", 3}};
  afb_array array;
  table t;
  *n = 0;
  afb_status status = begin(arrays, "atoms/force", 2, "frames/first_atom", out, &t);
  if (status == AFB_OK)
    status = find(arrays, "atoms/energy", AFB_F64, 1, &array);
  if (status == AFB_OK) {
    fputs("frame,atom,element,energy,fx,fy,fz\n", out);
    status = write_table(&t, 2, from, n);
  }
  clear(&t);
  return status;
}
