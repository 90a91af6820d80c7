#include "store/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

afb_status afb_tables_small(MPI_Comm comm, afb_arrays *arrays, afb_array array, int64_t n, const void *data)
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  array.dim[0] = n;
  AFB_TRY(afb_arrays_add(arrays, &array));
  return afb_arrays_write(arrays, array.name, 0, rank == 0 ? n : 0, data);
}

/* Texts of different lengths as rows of equal ones. */
afb_status afb_tables_texts(MPI_Comm comm, afb_arrays *arrays, const char *name, const char *description, int n,
                            const char *const *text)
{
  size_t length = 1;
  for (int i = 0; i < n; i++)
    length = strlen(text[i]) + 1 > length ? strlen(text[i]) + 1 : length;
  char *rows = calloc((size_t)n + 1, length);
  afb_status status = afb_agree(comm, rows ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d names", n));
  for (int i = 0; i < n && status == AFB_OK; i++)
    snprintf(rows + (size_t)i * length, length, "%s", text[i]);
  if (status == AFB_OK)
    status = afb_tables_small(comm, arrays, (afb_array){name, AFB_STRING, (int)length, 1, {0}, "1", description}, n, rows);
  free(rows);
  return status;
}

afb_status afb_tables_read(afb_arrays *arrays, const char *name, afb_column_type type, int64_t n, int64_t width, void *data)
{
  afb_array a;
  afb_status status = afb_arrays_find(arrays, name, &a);
  if (status != AFB_OK || a.type != type || a.dim[0] != n || (a.rank == 1 ? 1 : a.dim[1]) != width)
    return AFB_FAIL(AFB_E_FOREIGN, "the file has no %s as it should: it is damaged, or of another version", name);
  return afb_arrays_read(arrays, name, 0, n, data);
}

afb_status afb_tables_rows(afb_arrays *arrays, const char *name, int64_t most, int64_t *n)
{
  afb_array a;
  if (afb_arrays_find(arrays, name, &a) != AFB_OK || a.dim[0] > most)
    return AFB_FAIL(AFB_E_FOREIGN, "the file has no %s as it should: it is damaged, or of another version", name);
  *n = a.dim[0];
  return AFB_OK;
}

afb_status afb_tables_read_texts(MPI_Comm comm, afb_arrays *arrays, const char *name, int *n, char ***texts)
{
  afb_array a;
  *texts = NULL;
  if (afb_arrays_find(arrays, name, &a) != AFB_OK || a.type != AFB_STRING || a.rank != 1 || a.dim[0] > 1 << 20)
    return AFB_FAIL(AFB_E_FOREIGN, "the file has no %s as it should: it is damaged, or of another version", name);
  size_t rows = (size_t)a.dim[0], length = (size_t)a.length;
  char **list = malloc((rows + 1) * sizeof *list + rows * length + 1);
  char *text = list ? (char *)(list + rows + 1) : NULL;
  afb_status status = afb_agree(comm, list ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %s", name));
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, name, 0, a.dim[0], text);
  if (status != AFB_OK) {
    free(list);
    return status;
  }
  for (size_t i = 0; i < rows; i++)
    list[i] = text + i * length;
  list[rows] = NULL;
  *n = (int)rows;
  *texts = list;
  return AFB_OK;
}
