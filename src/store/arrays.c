#include "store/arrays.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/account.h"
#include "core/log.h"
#include "store/file.h"
#include "store/hdf.h"
#include "store/hints.h"
#include "store/parallel.h"
#include "store/usage.h"

enum {
  SLAB_BYTES = 16 << 20,         /* of one transfer of a rank: the disk works on one while the next is copied */
  METADATA_BYTES = 1 << 20,      /* more than what is not in arrays */
  /* A rank's own rows of less than OWN_BYTES wait, KEPT_BYTES of them at most, to be written by all ranks together. */
  OWN_BYTES = 4 << 20, KEPT_BYTES = 16 << 20
};

typedef struct {
  afb_array array;               /* its texts are those behind */
  char name[64], unit[64], description[320];
  hid_t dataset;
} entry;

/* Rows of an array that wait. */
typedef struct {
  int array;
  int64_t first, n;
  char *data;
} kept_rows;

struct afb_arrays {
  MPI_Comm comm;
  int rank, size, writes;
  int64_t bytes, room;           /* of all arrays; to which size the file was found to be able to grow */
  char *path, *temporary;
  hid_t file, transfer;
  int n, capacity;
  entry *entry;
  int n_kept, kept_capacity;
  int64_t kept_bytes;
  kept_rows *kept;
};

static void forget_kept(afb_arrays *arrays)
{
  for (int i = 0; i < arrays->n_kept; i++)
    free(arrays->kept[i].data);
  arrays->n_kept = 0;
  arrays->kept_bytes = 0;
}

static void release(afb_arrays *arrays)
{
  forget_kept(arrays);
  free(arrays->kept);
  free(arrays->path);
  free(arrays->temporary);
  free(arrays->entry);
  free(arrays);
}

static afb_status allocate(MPI_Comm comm, const char *path, int writes, afb_arrays **out)
{
  size_t n = strlen(path);
  afb_arrays *arrays = calloc(1, sizeof *arrays);
  *out = arrays;
  if (!arrays)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to open %s", path);
  *arrays = (afb_arrays){.comm = comm, .writes = writes, .file = H5I_INVALID_HID, .transfer = H5I_INVALID_HID,
                         .path = malloc(n + 1), .temporary = malloc(n + 5)};
  MPI_Comm_rank(comm, &arrays->rank);
  MPI_Comm_size(comm, &arrays->size);
  if (!arrays->path || !arrays->temporary)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to open %s", path);
  memcpy(arrays->path, path, n + 1);
  snprintf(arrays->temporary, n + 5, "%s.tmp", path);
  return AFB_OK;
}

/* ---- What lies at the path ---- */

/* Whether an open file is one of arrays of this kind. */
static afb_status check_kind(const char *path, hid_t file, const char *kind, int writes)
{
  char found[64];
  const char *behind = writes ? "; it is left as it is: choose another name" : "";
  if (H5Aexists(file, "format") <= 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is an HDF5 file, but none of this program%s", path, behind);
  if (afb_hdf_get_text(file, "kind", found, sizeof found) < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s holds runs of atoms, and no %s%s", path, kind ? kind : "arrays", behind);
  if (kind && strcmp(found, kind) != 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s holds %s, and no %s%s", path, found, kind, behind);
  int32_t version = 0;
  if (afb_hdf_get_number(file, "schema_version", H5T_NATIVE_INT32, &version) < 0 || version > AFB_SCHEMA_VERSION)
    return AFB_FAIL(AFB_E_FOREIGN, "%s has schema version %d, and this program reads versions up to %d: use a newer one", path,
                    (int)version, AFB_SCHEMA_VERSION);
  return AFB_OK;
}

static afb_status may_replace(const char *path, const char *kind)
{
  int exists;
  AFB_TRY(afb_hdf_look(path, 1, &exists));
  if (!exists)
    return AFB_OK;
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  if (file < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is a damaged HDF5 file; it is left as it is: choose another name", path);
  afb_status status = check_kind(path, file, kind, 1);
  H5Fclose(file);
  return status;
}

/* ---- Creating ---- */

static afb_status open_temporary(afb_arrays *arrays)
{
  afb_hints hints;
  afb_hints_choose(arrays->comm, arrays->temporary, &hints);
  afb_status status = afb_parallel_open(arrays->comm, arrays->temporary, H5F_ACC_TRUNC, AFB_HINTS_BLOCK, hints.info, &arrays->file);
  if (status == AFB_E_IO)
    status = AFB_E_INPUT;
  if (status == AFB_OK) {
    if (afb_hdf_note_io(arrays->file, hints.text, AFB_HINTS_BLOCK, 0) < 0)
      status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", arrays->temporary, afb_hdf_reason());
    status = afb_parallel_agree(arrays->comm, status, &arrays->file);
  }
  afb_hints_clear(&hints);
  return status;
}

/* The same on all ranks: an attribute is written by all of them together. */
static afb_status write_provenance(afb_arrays *arrays, const char *kind, const afb_store_writer *writer)
{
  const afb_table_schema *schema = afb_store_schema(AFB_TABLE_SESSIONS);
  afb_store_session session;
  afb_hdf_session(arrays->size, writer, &session);
  MPI_Bcast(&session, (int)sizeof session, MPI_BYTE, 0, arrays->comm);
  herr_t error = afb_hdf_create_root(arrays->file, writer);
  if (error >= 0)
    error = afb_hdf_set_text(arrays->file, "kind", kind);
  if (error >= 0)
    error = afb_hdf_set_number(arrays->file, "ranks", H5T_NATIVE_INT32, &session.ranks);
  for (int c = 0; c < schema->n_columns && error >= 0; c++) {
    const afb_column *column = &schema->column[c];
    if (column->type == AFB_STRING && H5Aexists(arrays->file, column->name) <= 0)
      error = afb_hdf_set_text(arrays->file, column->name, (const char *)&session + column->offset);
  }
  return error < 0 ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", arrays->temporary, afb_hdf_reason()) : AFB_OK;
}

static afb_status create(afb_arrays *arrays, const char *kind, const afb_store_writer *writer)
{
  afb_status status = AFB_OK;
  if (arrays->rank == 0) {
    status = may_replace(arrays->path, kind);
    if (status == AFB_OK)
      status = afb_file_reserve(arrays->temporary, METADATA_BYTES);
    /* Stripes are chosen when a file is made. */
    if (status == AFB_OK && unlink(arrays->temporary) != 0)
      status = AFB_FAIL(AFB_E_IO, "cannot remove %s: %s", arrays->temporary, strerror(errno));
    if (status == AFB_E_IO)
      status = afb_trail_at(AFB_E_INPUT, __func__, __FILE__, __LINE__);
  }
  AFB_TRY(afb_agree(arrays->comm, status));
  status = open_temporary(arrays);
  if (status == AFB_OK)
    status = afb_parallel_agree(arrays->comm, write_provenance(arrays, kind, writer), &arrays->file);
  if (status != AFB_OK && arrays->rank == 0)
    unlink(arrays->temporary);
  return status == AFB_OK ? AFB_OK : afb_trail_at(status, __func__, __FILE__, __LINE__);
}

/* ---- Opening ---- */

static afb_status push(afb_arrays *arrays, const afb_array *array, hid_t dataset)
{
  if (arrays->n == arrays->capacity) {
    int capacity = 2 * arrays->capacity + 16;
    entry *larger = realloc(arrays->entry, (size_t)capacity * sizeof *larger);
    if (!larger)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for a list of %d arrays", capacity);
    arrays->entry = larger;
    arrays->capacity = capacity;
  }
  entry *e = &arrays->entry[arrays->n++];
  e->array = *array;
  e->dataset = dataset;
  snprintf(e->name, sizeof e->name, "%s", array->name);
  snprintf(e->unit, sizeof e->unit, "%s", array->unit);
  snprintf(e->description, sizeof e->description, "%s", array->description);
  return AFB_OK;
}

static entry *find(const afb_arrays *arrays, const char *name)
{
  for (int i = 0; i < arrays->n; i++)
    if (strcmp(arrays->entry[i].name, name) == 0)
      return &arrays->entry[i];
  return NULL;
}

/* 0 when a dataset has no form that an array can have, -1 when that cannot be read. */
static int recognise(hid_t dataset, afb_array *array)
{
  hsize_t dim[3] = {0, 0, 0};
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
  H5T_class_t class = H5Tget_class(type);
  size_t size = H5Tget_size(type);
  int readable = type >= 0 && space >= 0;
  array->rank = H5Sget_simple_extent_ndims(space);
  array->length = 1;
  int known = array->rank >= 1 && array->rank <= 3;
  if (class == H5T_STRING && H5Tis_variable_str(type) == 0) {
    array->type = AFB_STRING;
    array->length = (int)size;
  } else if (class == H5T_INTEGER && (size == 4 || size == 8))
    array->type = size == 4 ? AFB_I32 : AFB_I64;
  else if (class == H5T_FLOAT && (size == 4 || size == 8))
    array->type = size == 4 ? AFB_F32 : AFB_F64;
  else
    known = 0;
  if (known)
    H5Sget_simple_extent_dims(space, dim, NULL);
  for (int d = 0; d < 3; d++)
    array->dim[d] = (int64_t)dim[d];
  H5Sclose(space);
  H5Tclose(type);
  return readable ? known : -1;
}

static afb_status unreadable(const afb_arrays *arrays, const char *name)
{
  return AFB_FAIL(AFB_E_IO, "%s of %s cannot be read: %s", name, arrays->path, afb_hdf_reason());
}

/* Name of member i of a group. */
static int member_name(hid_t group, hsize_t i, char *name, size_t size)
{
  return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, size, H5P_DEFAULT) > 0;
}

static afb_status scan_member(afb_arrays *arrays, const char *name)
{
  char unit[64], description[320];
  afb_array array = {.name = name, .unit = unit, .description = description};
  hid_t dataset = H5Oopen(arrays->file, name, H5P_DEFAULT);
  if (dataset < 0)
    return unreadable(arrays, name);
  int known = H5Iget_type(dataset) == H5I_DATASET ? recognise(dataset, &array) : 0;
  if (known <= 0) {
    H5Oclose(dataset);
    return known < 0 ? unreadable(arrays, name) : AFB_OK;
  }
  afb_hdf_get_text(dataset, "unit", unit, sizeof unit);
  afb_hdf_get_text(dataset, "description", description, sizeof description);
  return push(arrays, &array, dataset);
}

static afb_status scan_group(afb_arrays *arrays, hid_t group, const char *group_name)
{
  H5G_info_t info;
  char member[64], name[130];
  if (H5Gget_info(group, &info) < 0)
    return unreadable(arrays, group_name);
  for (hsize_t i = 0; i < info.nlinks; i++) {
    if (!member_name(group, i, member, sizeof member))
      return unreadable(arrays, group_name);
    if (snprintf(name, sizeof name, "%s/%s", group_name, member) < 64)
      AFB_TRY(scan_member(arrays, name));
  }
  return AFB_OK;
}

static afb_status scan(afb_arrays *arrays)
{
  H5G_info_t info;
  char name[64];
  if (H5Gget_info(arrays->file, &info) < 0)
    return unreadable(arrays, "/");
  for (hsize_t g = 0; g < info.nlinks; g++) {
    if (!member_name(arrays->file, g, name, sizeof name))
      return unreadable(arrays, "/");
    hid_t group = H5Oopen(arrays->file, name, H5P_DEFAULT);
    if (group < 0)
      return unreadable(arrays, name);
    afb_status status = H5Iget_type(group) == H5I_GROUP ? scan_group(arrays, group, name) : AFB_OK;
    H5Oclose(group);
    AFB_TRY(status);
  }
  return AFB_OK;
}

static afb_status load(afb_arrays *arrays, const char *kind)
{
  int exists = 0;
  afb_status status = AFB_OK;
  if (arrays->rank == 0) {
    status = afb_hdf_look(arrays->path, 0, &exists);
    if (status == AFB_OK && !exists)
      status = AFB_FAIL(AFB_E_NOT_FOUND, "there is no file %s", arrays->path);
  }
  AFB_TRY(afb_agree(arrays->comm, status));
  status = afb_parallel_open(arrays->comm, arrays->path, H5F_ACC_RDONLY, 0, MPI_INFO_NULL, &arrays->file);
  if (status == AFB_E_IO)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is a damaged HDF5 file: %s", arrays->path, afb_hdf_reason());
  AFB_TRY(status);
  AFB_TRY(afb_agree(arrays->comm, check_kind(arrays->path, arrays->file, kind, 0)));
  return afb_agree(arrays->comm, scan(arrays));
}

/* ---- Life ---- */

static afb_status open_arrays(MPI_Comm comm, const char *path, const char *kind, const afb_store_writer *writer,
                              afb_arrays **out)
{
  MPI_Comm inside;
  afb_arrays *arrays;
  *out = NULL;
  afb_hdf_quiet();
  MPI_Comm_dup(comm, &inside);
  afb_status status = afb_agree(inside, allocate(inside, path, writer != NULL, &arrays));
  if (status == AFB_OK) {
    status = afb_parallel_list(inside, &arrays->transfer);
    if (status == AFB_OK)
      status = writer ? create(arrays, kind, writer) : load(arrays, kind);
  }
  if (status == AFB_OK) {
    *out = arrays;
    return AFB_OK;
  }
  if (arrays && arrays->file >= 0)
    H5Fclose(arrays->file);
  if (arrays && arrays->transfer >= 0)
    H5Pclose(arrays->transfer);
  if (arrays)
    release(arrays);
  MPI_Comm_free(&inside);
  return status;
}

afb_status afb_arrays_create(MPI_Comm comm, const char *path, const char *kind, const afb_store_writer *writer,
                             afb_arrays **arrays)
{
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  afb_status status = open_arrays(comm, path, kind, writer, arrays);
  afb_account_enter(spent);
  return status == AFB_OK ? AFB_OK : afb_trail_at(status, __func__, __FILE__, __LINE__);
}

afb_status afb_arrays_open(MPI_Comm comm, const char *path, const char *kind, afb_arrays **arrays)
{
  AFB_TRY(open_arrays(comm, path, kind, NULL, arrays));
  return AFB_OK;
}

static afb_status put_in_place(const afb_arrays *arrays)
{
  AFB_TRY(afb_file_sync(arrays->temporary));
  if (rename(arrays->temporary, arrays->path) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot replace %s: %s", arrays->path, strerror(errno));
  return afb_file_sync_directory(arrays->path);
}

static afb_status write_kept(afb_arrays *arrays);

static afb_status close_arrays(afb_arrays *arrays, afb_status status)
{
  int given_up = arrays->file < 0;
  if (given_up && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "%s was given up after a failure", arrays->temporary);
  if (arrays->writes) {
    status = afb_agree(arrays->comm, status);
    if (status == AFB_OK)
      status = write_kept(arrays);
    if (status == AFB_OK && H5Fflush(arrays->file, H5F_SCOPE_GLOBAL) < 0)
      status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", arrays->path, afb_hdf_reason());
  }
  if (arrays->writes) {
    status = afb_agree(arrays->comm, status);
    /* On a full disk HDF5 cannot even close the file: there is space as soon as it is empty. */
    if (status != AFB_OK && arrays->rank == 0 && truncate(arrays->temporary, 0) != 0)
      afb_log(AFB_LOG_DEBUG, "cannot empty %s: %s", arrays->temporary, strerror(errno));
    MPI_Barrier(arrays->comm);
  }
  /* Closing the file closes its datasets (H5F_CLOSE_STRONG). */
  if (!given_up && H5Fclose(arrays->file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot close %s: %s", arrays->path, afb_hdf_reason());
  H5Pclose(arrays->transfer);
  if (arrays->writes) {
    status = afb_agree(arrays->comm, status);
    if (status == AFB_OK && arrays->rank == 0)
      status = put_in_place(arrays);
    status = afb_agree(arrays->comm, status);
    if (status != AFB_OK && arrays->rank == 0)
      unlink(arrays->temporary);
  }
  MPI_Comm comm = arrays->comm;
  release(arrays);
  MPI_Comm_free(&comm);
  return status;
}

afb_status afb_arrays_close(afb_arrays **handle, afb_status status)
{
  afb_arrays *arrays = *handle;
  if (!arrays)
    return status;
  *handle = NULL;
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  status = close_arrays(arrays, status);
  afb_account_enter(spent);
  return status;
}

/* The data are brought to the disk first, so that the account has what that takes. */
static afb_status write_usage(afb_arrays *arrays)
{
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  afb_status status = write_kept(arrays);
  if (status == AFB_OK && H5Fflush(arrays->file, H5F_SCOPE_GLOBAL) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", arrays->path, afb_hdf_reason());
  status = afb_agree(arrays->comm, status);
  if (status == AFB_OK)
    status = afb_agree(arrays->comm, arrays->rank == 0 ? afb_file_sync(arrays->temporary) : AFB_OK);
  if (status == AFB_OK)
    status = afb_usage_write(arrays->comm, arrays);
  afb_account_enter(spent);
  return status;
}

afb_status afb_arrays_finish(afb_arrays **arrays, afb_status status)
{
  if (!*arrays)
    return status;
  status = afb_agree((*arrays)->comm, status);
  if (status == AFB_OK && (*arrays)->writes)
    status = write_usage(*arrays);
  return afb_arrays_close(arrays, status);
}

/* ---- Arrays ---- */

static int64_t row_bytes(const afb_array *array)
{
  int64_t bytes = array->type == AFB_STRING ? array->length : array->type == AFB_I32 || array->type == AFB_F32 ? 4 : 8;
  for (int d = 1; d < array->rank; d++)
    bytes *= array->dim[d];
  return bytes;
}

static herr_t create_dataset(const afb_arrays *arrays, const afb_array *array, hid_t *dataset)
{
  hsize_t dim[3];
  for (int d = 0; d < array->rank; d++)
    dim[d] = (hsize_t)array->dim[d];
  hid_t type = afb_hdf_type(array->type, array->length, 1), space = H5Screate_simple(array->rank, dim, NULL);
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
  /* Every row is written. */
  herr_t error = H5Pset_layout(creation, H5D_CONTIGUOUS) < 0 || H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY) < 0
                     || H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER) < 0 || H5Pset_create_intermediate_group(links, 1) < 0
                   ? -1 : 0;
  *dataset = error < 0 ? H5I_INVALID_HID : H5Dcreate2(arrays->file, array->name, type, space, links, creation, H5P_DEFAULT);
  error = *dataset < 0 ? -1 : afb_hdf_set_text(*dataset, "unit", array->unit);
  if (error >= 0)
    error = afb_hdf_set_text(*dataset, "description", array->description);
  H5Pclose(links);
  H5Pclose(creation);
  H5Sclose(space);
  H5Tclose(type);
  return error;
}

afb_status afb_arrays_add(afb_arrays *arrays, const afb_array *array)
{
  hid_t dataset = H5I_INVALID_HID;
  afb_status status = AFB_OK;
  if (!arrays->writes || array->rank < 1 || array->rank > 3 || strlen(array->name) >= sizeof arrays->entry->name
      || find(arrays, array->name))
    return AFB_FAIL(AFB_E_INTERNAL, "array %s cannot be added", array->name);
  if (create_dataset(arrays, array, &dataset) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot make %s in %s: %s", array->name, arrays->temporary, afb_hdf_reason());
  status = afb_parallel_agree(arrays->comm, status, &arrays->file);
  if (status == AFB_OK)
    status = push(arrays, array, dataset);
  /* A full disk is better found before HDF5 writes. */
  arrays->bytes += array->dim[0] * row_bytes(array);
  if (status == AFB_OK && arrays->rank == 0 && METADATA_BYTES + arrays->bytes > arrays->room) {
    arrays->room = 2 * METADATA_BYTES + arrays->bytes;
    status = afb_file_space(arrays->temporary, arrays->room);
  }
  return afb_agree(arrays->comm, status);
}

/* *e: the array `name`, which has these rows. */
static afb_status check_rows(const afb_arrays *arrays, const char *name, int64_t first, int64_t n, const entry **e)
{
  *e = find(arrays, name);
  if (!*e)
    return AFB_FAIL(arrays->writes ? AFB_E_INTERNAL : AFB_E_FOREIGN, "%s is damaged: it has no array %s that can be read", arrays->path, name);
  if (first < 0 || n < 0 || n > (*e)->array.dim[0] - first)
    return AFB_FAIL(AFB_E_INTERNAL, "rows %lld ... %lld of %s, which has %lld", (long long)first, (long long)(first + n - 1), name,
                    (long long)(*e)->array.dim[0]);
  return AFB_OK;
}

/* Rows of one transfer. */
static int64_t rows_at_once(const entry *e)
{
  int64_t bytes = row_bytes(&e->array);
  return bytes > 0 && bytes < SLAB_BYTES ? SLAB_BYTES / bytes : 1;
}

/* Slab s of n rows, with the ranks of `comm` together. */
static afb_status transfer_slab(const afb_arrays *arrays, MPI_Comm comm, hid_t list, const entry *e, int64_t s, int64_t first, int64_t n, char *in,
                                const char *out)
{
  int64_t at_once = rows_at_once(e), bytes = row_bytes(&e->array), done = s * at_once < n ? s * at_once : n;
  int64_t now = n - done < at_once ? n - done : at_once;
  afb_rows rows = {.dataset = e->dataset, .type = e->array.type, .length = e->array.length, .rank = e->array.rank,
                   .first = (hsize_t)(first + done),
                   .count = {(hsize_t)now, (hsize_t)e->array.dim[1], (hsize_t)e->array.dim[2]}};
  afb_status status = afb_parallel_rows(comm, &rows, list, in ? in + done * bytes : NULL, out ? out + done * bytes : NULL);
  if (status != AFB_OK)
    return AFB_FAIL(status, "cannot %s %s of %s: %s", in ? "read" : "write", e->name, arrays->path, afb_hdf_reason());
  if (out && now * bytes >= METADATA_BYTES)
    afb_file_hurry(arrays->temporary);
  return AFB_OK;
}

/* In slabs of which every rank makes as many, the last ones empty. */
static afb_status transfer_slabs(afb_arrays *arrays, const char *name, int64_t first, int64_t n, char *in, const char *out)
{
  const entry *e;
  afb_status status = check_rows(arrays, name, first, n, &e);
  int64_t slabs = status == AFB_OK ? (n + rows_at_once(e) - 1) / rows_at_once(e) : 0;
  MPI_Allreduce(MPI_IN_PLACE, &slabs, 1, MPI_INT64_T, MPI_MAX, arrays->comm);
  AFB_TRY(afb_agree(arrays->comm, status));
  for (int64_t s = 0; s < slabs; s++)
    AFB_TRY(afb_agree(arrays->comm, transfer_slab(arrays, arrays->comm, arrays->transfer, e, s, first, n, in, out)));
  return AFB_OK;
}

static afb_status transfer(afb_arrays *arrays, const char *name, int64_t first, int64_t n, char *in, const char *out)
{
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  afb_status status = transfer_slabs(arrays, name, first, n, in, out);
  afb_account_enter(spent);
  return status;
}

/* HDF5 wants an address also where there are no rows. */
static char nothing[1];

afb_status afb_arrays_write(afb_arrays *arrays, const char *name, int64_t first, int64_t n, const void *data)
{
  return transfer(arrays, name, first, n, NULL, data ? data : nothing);
}

/* Whether the rows could be put aside. */
static int keep(afb_arrays *arrays, const entry *e, int64_t first, int64_t n, const void *data)
{
  int64_t bytes = n * row_bytes(&e->array);
  if (bytes >= OWN_BYTES || arrays->kept_bytes + bytes > KEPT_BYTES)
    return 0;
  if (arrays->n_kept == arrays->kept_capacity) {
    int capacity = 2 * arrays->kept_capacity + 4;
    kept_rows *grown = realloc(arrays->kept, (size_t)capacity * sizeof *grown);
    if (!grown)
      return 0;
    arrays->kept = grown;
    arrays->kept_capacity = capacity;
  }
  kept_rows *rows = &arrays->kept[arrays->n_kept];
  *rows = (kept_rows){(int)(e - arrays->entry), first, n, malloc((size_t)bytes + 1)};
  if (!rows->data)
    return 0;
  memcpy(rows->data, data, (size_t)bytes);
  arrays->n_kept++;
  arrays->kept_bytes += bytes;
  return 1;
}

/* Collective: what was put aside, array by array, as many turns as the rank with the most of it needs. */
static afb_status write_kept(afb_arrays *arrays)
{
  int *turns = calloc((size_t)arrays->n + 1, sizeof *turns);
  afb_status status = afb_agree(arrays->comm, turns ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to write %s", arrays->path));
  for (int i = 0; i < arrays->n_kept && status == AFB_OK; i++)
    turns[arrays->kept[i].array]++;
  if (status == AFB_OK)
    MPI_Allreduce(MPI_IN_PLACE, turns, arrays->n, MPI_INT, MPI_MAX, arrays->comm);
  for (int a = 0; a < arrays->n && status == AFB_OK; a++) {
    int at = 0;
    for (int turn = 0; turn < turns[a] && status == AFB_OK; turn++) {
      while (at < arrays->n_kept && arrays->kept[at].array != a)
        at++;
      kept_rows rows = at < arrays->n_kept ? arrays->kept[at++] : (kept_rows){a, 0, 0, nothing};
      status = transfer_slabs(arrays, arrays->entry[a].name, rows.first, rows.n, NULL, rows.data);
    }
  }
  free(turns);
  forget_kept(arrays);
  return status;
}

afb_status afb_arrays_write_own(afb_arrays *arrays, const char *name, int64_t first, int64_t n, const void *data)
{
  const entry *e;
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  afb_status status = check_rows(arrays, name, first, n, &e);
  int64_t slabs = status == AFB_OK && !keep(arrays, e, first, n, data) ? (n + rows_at_once(e) - 1) / rows_at_once(e) : 0;
  for (int64_t s = 0; s < slabs && status == AFB_OK; s++)
    status = transfer_slab(arrays, MPI_COMM_SELF, H5P_DEFAULT, e, s, first, n, NULL, data);
  afb_account_enter(spent);
  return status;
}

afb_status afb_arrays_read(afb_arrays *arrays, const char *name, int64_t first, int64_t n, void *data)
{
  return transfer(arrays, name, first, n, data ? data : nothing, NULL);
}

afb_status afb_arrays_find(afb_arrays *arrays, const char *name, afb_array *array)
{
  const entry *e = find(arrays, name);
  if (!e)
    return AFB_FAIL(AFB_E_NOT_FOUND, "%s has no array %s", arrays->path, name);
  *array = e->array;
  array->name = e->name;
  array->unit = e->unit;
  array->description = e->description;
  return AFB_OK;
}

afb_status afb_arrays_note(afb_arrays *arrays, const char *name, double value)
{
  afb_status status = AFB_OK;
  if (afb_hdf_set_number(arrays->file, name, H5T_NATIVE_DOUBLE, &value) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot note %s in %s: %s", name, arrays->temporary, afb_hdf_reason());
  return afb_parallel_agree(arrays->comm, status, &arrays->file);
}

/* ---- What the file says of itself ---- */

/* Attributes of the root that are single real numbers. */
static afb_status read_notes(hid_t file, afb_arrays_facts *facts)
{
  hid_t attribute;
  int failed = 0;
  for (hsize_t i = 0; !failed && facts->n_notes < AFB_ARRAYS_NOTES &&
                      (attribute = H5Aopen_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT)) >= 0; i++) {
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    int at = facts->n_notes;
    failed = type < 0 || space < 0;
    if (!failed && H5Tget_class(type) == H5T_FLOAT && H5Sget_simple_extent_npoints(space) == 1) {
      failed = H5Aget_name(attribute, sizeof facts->note[at].name, facts->note[at].name) <= 0 ||
               H5Aread(attribute, H5T_NATIVE_DOUBLE, &facts->note[at].value) < 0;
      facts->n_notes++;
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(attribute);
  }
  return failed ? AFB_FAIL(AFB_E_IO, "notes of the file cannot be read: %s", afb_hdf_reason()) : AFB_OK;
}

afb_status afb_arrays_tell(afb_arrays *arrays, afb_arrays_facts *facts)
{
  const afb_table_schema *schema = afb_store_schema(AFB_TABLE_SESSIONS);
  *facts = (afb_arrays_facts){0};
  afb_hdf_get_text(arrays->file, "kind", facts->kind, sizeof facts->kind);
  afb_hdf_get_number(arrays->file, "ranks", H5T_NATIVE_INT32, &facts->session.ranks);
  for (int c = 0; c < schema->n_columns; c++)
    if (schema->column[c].type == AFB_STRING)
      afb_hdf_get_text(arrays->file, schema->column[c].name, (char *)&facts->session + schema->column[c].offset, (size_t)schema->column[c].length);
  AFB_TRY(read_notes(arrays->file, facts));
  return afb_hdf_read_input(arrays->file, "input/resolved", &facts->input);
}

const char *afb_arrays_name(const afb_arrays *arrays, int i) { return i >= 0 && i < arrays->n ? arrays->entry[i].name : NULL; }
