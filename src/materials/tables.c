#include "materials/tables.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

afb_status afb_tables_components(MPI_Comm comm, afb_arrays *arrays, const afb_bispectrum *bispectrum)
{
  static const struct {
    const char *name, *description;
    size_t offset;
  } column[] = {
#define COLUMN(field, description) {"components/" #field, description, offsetof(afb_bispectrum_component, field)}
    COLUMN(two_j1, "2 j1"),
    COLUMN(two_j2, "2 j2"),
    COLUMN(two_j, "2 j"),
    COLUMN(element1, "with chem the element that j1 belongs to, else -1"),
    COLUMN(element2, "with chem the element that j2 belongs to, else -1"),
    COLUMN(element3, "with chem the element that j belongs to, else -1"),
    COLUMN(other, "quadratic: row of the component that it is multiplied with (itself: and halved), else -1"),
#undef COLUMN
  };
  int n_columns = afb_bispectrum_n_columns(bispectrum);
  int32_t *value = malloc((size_t)n_columns * sizeof *value);
  afb_status status = afb_agree(comm, value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d components", n_columns));
  for (size_t c = 0; c < sizeof column / sizeof column[0] && status == AFB_OK; c++) {
    for (int i = 0; i < n_columns; i++) {
      afb_bispectrum_component component = afb_bispectrum_column(bispectrum, i);
      int number;
      memcpy(&number, (const char *)&component + column[c].offset, sizeof number);
      value[i] = number;
    }
    status = afb_tables_small(comm, arrays, (afb_array){column[c].name, AFB_I32, 1, 1, {0}, "1", column[c].description}, n_columns, value);
  }
  free(value);
  return status;
}

static afb_status write_atoms(MPI_Comm comm, afb_arrays *arrays, const afb_structures *s, const int32_t *element)
{
  const afb_array numbers = {"atoms/element", AFB_I32, 1, 1, {s->n_atoms}, "1", "row of /elements"};
  const afb_array positions = {"atoms/position", AFB_F64, 1, 2, {s->n_atoms, 3}, "angstrom", "Cartesian position in the file"};
  AFB_TRY(afb_arrays_add(arrays, &numbers));
  AFB_TRY(afb_arrays_add(arrays, &positions));
  int32_t *number = malloc(((size_t)s->n + 1) * sizeof *number);
  afb_status status = afb_agree(comm, number ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)s->n));
  for (int64_t i = 0; i < s->n && status == AFB_OK; i++)
    number[i] = element[s->kind[i]];
  if (status == AFB_OK)
    status = afb_arrays_write(arrays, numbers.name, s->first, s->n, number);
  if (status == AFB_OK)
    status = afb_arrays_write(arrays, positions.name, s->first, s->n, s->position);
  free(number);
  return status;
}

typedef struct {
  afb_array array;
  size_t offset, size;         /* in afb_frame */
} frame_column;

#define FIELD(field) offsetof(afb_frame, field), sizeof ((afb_frame *)0)->field
#define TEXT(field) AFB_STRING, sizeof ((afb_frame *)0)->field
static const frame_column frame_columns[] = {
  {{"frames/name", TEXT(name), 1, {0}, "1", "name in the file"}, FIELD(name)},
  {{"frames/group", TEXT(group), 1, {0}, "1", "group in the file, or its folder"}, FIELD(group)},
  {{"frames/file", AFB_I32, 1, 1, {0}, "1", "row of /files"}, FIELD(file)},
  {{"frames/line", AFB_I64, 1, 1, {0}, "1", "line at which it begins, from 1"}, FIELD(line)},
  {{"frames/cell", AFB_F64, 1, 3, {0, 3, 3}, "angstrom", "vectors a, b, c of the cell; zeros: none"}, FIELD(cell)},
  {{"frames/periodic", AFB_I32, 1, 2, {0, 3}, "1", "whether it is repeated along a, b, c"}, FIELD(periodic)},
  {{"frames/first_atom", AFB_I64, 1, 1, {0}, "1", "first row of /atoms"}, FIELD(first_atom)},
  {{"frames/n_atoms", AFB_I64, 1, 1, {0}, "1", "number of rows of /atoms"}, FIELD(n_atoms)},
  {{"frames/energy", AFB_F64, 1, 1, {0}, "eV", "energy in the file, NaN where it has none"}, FIELD(energy)},
  {{"frames/bad", AFB_I32, 1, 1, {0}, "1", "1: was left out, and its rows are missing or NaN"}, FIELD(bad)},
  {{"frames/reason", TEXT(reason), 1, {0}, "1", "of that"}, FIELD(reason)},
};
#undef FIELD
#undef TEXT

/* Every rank writes its share of the frames, which all know. */
static afb_status write_frames(MPI_Comm comm, afb_arrays *arrays, const afb_structures *s)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  int64_t first = s->n_frames * rank / size, n = s->n_frames * (rank + 1) / size - first;
  char *rows = malloc((size_t)n * sizeof s->frame->reason + 1);
  afb_status status = afb_agree(comm, rows ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld frames", (long long)n));
  for (size_t c = 0; c < sizeof frame_columns / sizeof frame_columns[0] && status == AFB_OK; c++) {
    const frame_column *column = &frame_columns[c];
    afb_array array = column->array;
    array.dim[0] = s->n_frames;
    for (int64_t i = 0; i < n; i++)
      memcpy(rows + (size_t)i * column->size, (const char *)&s->frame[first + i] + column->offset, column->size);
    status = afb_arrays_add(arrays, &array);
    if (status == AFB_OK)
      status = afb_arrays_write(arrays, array.name, first, n, rows);
  }
  free(rows);
  return status;
}

afb_status afb_tables_structures(MPI_Comm comm, afb_arrays *arrays, const afb_structures *structures, int n_elements,
                                 const char *const *name, const int32_t *element)
{
  AFB_TRY(afb_tables_texts(comm, arrays, "files/name", "files with structures", structures->n_files,
                           (const char *const *)structures->file));
  AFB_TRY(afb_tables_texts(comm, arrays, "elements/name", "names in the input", n_elements, name));
  AFB_TRY(write_atoms(comm, arrays, structures, element));
  return write_frames(comm, arrays, structures);
}
