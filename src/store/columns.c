#include "store/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/hdf.h"

typedef struct {
  char *name;
  hid_t dataset;
  hsize_t dim[2];
  int rank;
} column;

struct afb_columns {
  char *path;
  hid_t file;
  int n, n_names, capacity;
  column *column;
  const char **name;
};

static char *copy(const char *text)
{
  char *out = malloc(strlen(text) + 1);
  return out ? strcpy(out, text) : NULL;
}

afb_status afb_columns_open(const char *path, afb_columns **out)
{
  int exists;
  *out = NULL;
  afb_hdf_quiet();
  AFB_TRY(afb_hdf_look(path, 0, &exists));
  if (!exists)
    return AFB_FAIL(AFB_E_NOT_FOUND, "there is no file %s", path);
  afb_columns *c = calloc(1, sizeof *c);
  if (c)
    *c = (afb_columns){.path = copy(path), .file = H5I_INVALID_HID};
  if (!c || !c->path) {
    free(c);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to open %s", path);
  }
  hid_t list = afb_hdf_access();
  c->file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  if (c->file < 0) {
    afb_columns_close(&c);
    return AFB_FAIL(AFB_E_FOREIGN, "%s cannot be read as HDF5: %s", path, afb_hdf_reason());
  }
  *out = c;
  return AFB_OK;
}

void afb_columns_close(afb_columns **columns)
{
  afb_columns *c = *columns;
  *columns = NULL;
  if (!c)
    return;
  for (int i = 0; i < c->n; i++) {
    H5Dclose(c->column[i].dataset);
    free(c->column[i].name);
  }
  for (int i = 0; i < c->n_names; i++)
    free((void *)c->name[i]);
  if (c->file >= 0)
    H5Fclose(c->file);
  free(c->column);
  free(c->name);
  free(c->path);
  free(c);
}

/* Every part of a path exists; otherwise HDF5 fails in place of answering. */
static int is_there(hid_t file, const char *name)
{
  char path[1024];
  if (strlen(name) >= sizeof path || !name[0] || strcmp(name, "/") == 0)
    return 0;
  for (size_t i = 1; i <= strlen(name); i++)
    if (name[i] == '/' || name[i] == '\0') {
      snprintf(path, sizeof path, "%.*s", (int)i, name);
      if (H5Lexists(file, path, H5P_DEFAULT) <= 0)
        return 0;
    }
  return H5Oexists_by_name(file, name, H5P_DEFAULT) > 0;
}

/* What is wrong with a dataset as a column; NULL: nothing. */
static const char *fault(hid_t dataset, column *c)
{
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
  H5T_class_t class = H5Tget_class(type);
  c->rank = H5Sget_simple_extent_ndims(space);
  c->dim[1] = 1;
  if (c->rank == 1 || c->rank == 2)
    H5Sget_simple_extent_dims(space, c->dim, NULL);
  H5Sclose(space);
  H5Tclose(type);
  if (class == H5T_COMPOUND)
    return "is a table of records: write each of their fields as a dataset of its own";
  if (class != H5T_INTEGER && class != H5T_FLOAT && class != H5T_ENUM)
    return "does not hold numbers";
  if (c->rank != 1 && c->rank != 2)
    return "has neither one dimension, [rows], nor two, [rows][columns]";
  return c->dim[1] < 1 || c->dim[1] > 1 << 20 ? "has no columns, or more than a million" : NULL;
}

static afb_status add(afb_columns *c, const char *name)
{
  column *grown = realloc(c->column, ((size_t)c->n + 1) * sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %s of %s", name, c->path);
  c->column = grown;
  column *new = &c->column[c->n];
  *new = (column){.name = copy(name), .dataset = H5Dopen2(c->file, name, H5P_DEFAULT)};
  const char *wrong = new->dataset < 0 ? "is a group, and no dataset" : fault(new->dataset, new);
  if (!wrong && new->name) {
    c->n++;
    return AFB_OK;
  }
  if (new->dataset >= 0)
    H5Dclose(new->dataset);
  free(new->name);
  return wrong ? AFB_FAIL(AFB_E_FOREIGN, "%s of %s %s", name, c->path, wrong) : AFB_FAIL(AFB_E_MEMORY, "no memory for %s", name);
}

static const column *find(const afb_columns *c, const char *name)
{
  for (int i = 0; i < c->n; i++)
    if (strcmp(c->column[i].name, name) == 0)
      return &c->column[i];
  return NULL;
}

afb_status afb_columns_find(afb_columns *c, const char *name, int64_t *rows, int *width)
{
  if (!find(c, name)) {
    if (!is_there(c->file, name))
      return AFB_FAIL(AFB_E_NOT_FOUND, "%s has no dataset %s", c->path, name);
    AFB_TRY(add(c, name));
  }
  const column *found = find(c, name);
  *rows = (int64_t)found->dim[0];
  *width = (int)found->dim[1];
  return AFB_OK;
}

static herr_t visit(hid_t file, const char *name, const H5L_info_t *info, void *data)
{
  afb_columns *c = data;
  H5O_info_t object;
  (void)info;
  if (H5Oget_info_by_name(file, name, &object, H5P_DEFAULT) < 0 || object.type != H5O_TYPE_DATASET)
    return 0;
  if (c->n_names + 2 > c->capacity) {
    int capacity = 2 * c->capacity + 16;
    const char **grown = realloc(c->name, (size_t)capacity * sizeof *grown);
    if (!grown)
      return -1;
    c->name = grown;
    c->capacity = capacity;
  }
  char *path = malloc(strlen(name) + 2);
  if (!path)
    return -1;
  path[0] = '/';
  strcpy(path + 1, name);
  c->name[c->n_names++] = path;
  c->name[c->n_names] = NULL;
  return 0;
}

afb_status afb_columns_names(afb_columns *c, const char *const **names)
{
  static const char *const none[] = {NULL};
  if (!c->name && H5Lvisit(c->file, H5_INDEX_NAME, H5_ITER_INC, visit, c) < 0)
    return AFB_FAIL(AFB_E_MEMORY, "cannot list the datasets of %s", c->path);
  *names = c->name ? c->name : none;
  return AFB_OK;
}

afb_status afb_columns_read(afb_columns *c, const char *name, int64_t first, int64_t n, int64_t stride, double *to)
{
  const column *d = find(c, name);
  if (!d || first < 0 || n < 0 || first + n > (int64_t)d->dim[0])
    return AFB_FAIL(AFB_E_INTERNAL, "rows %lld ... of %s", (long long)first, name);
  if (n == 0)
    return AFB_OK;
  hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)n, d->dim[1]}, zero[2] = {0, 0}, all[2] = {(hsize_t)n, (hsize_t)stride};
  hid_t space = H5Dget_space(d->dataset), memory = H5Screate_simple(2, all, NULL);
  herr_t error = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
  if (error >= 0)
    error = H5Sselect_hyperslab(memory, H5S_SELECT_SET, zero, NULL, count, NULL);
  if (error >= 0)
    error = H5Dread(d->dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, to);
  H5Sclose(memory);
  H5Sclose(space);
  return error < 0 ? AFB_FAIL(AFB_E_IO, "cannot read %s of %s: %s", name, c->path, afb_hdf_reason()) : AFB_OK;
}
