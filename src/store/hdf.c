#include "config.h"
#include "store/hdf.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"
#include "store/hints.h"
#include "store/journal.h"
#include "store/parallel.h"

static char reason[512] = "no reason given";

static herr_t note_reason(unsigned n, const H5E_error2_t *error, void *data)
{
  (void)n;
  (void)data;
  if (error->desc && error->desc[0])
    snprintf(reason, sizeof reason, "%s", error->desc);
  return 0;
}

/* Called by HDF5 when a call fails; the next call would forget why. */
static herr_t on_failure(hid_t stack, void *data)
{
  (void)data;
  /* From the outermost function inwards: the last one noted is where it happened. */
  return H5Ewalk2(stack, H5E_WALK_DOWNWARD, note_reason, NULL);
}

void afb_hdf_quiet(void) { H5Eset_auto2(H5E_DEFAULT, on_failure, NULL); }

const char *afb_hdf_reason(void) { return reason; }

afb_status afb_hdf_look(const char *path, int write, int *exists)
{
  static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  struct stat info;
  *exists = 0;
  if (stat(path, &info) != 0) {
    if (errno == ENOENT)
      return AFB_OK;
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno));
  }
  *exists = 1;
  if (!S_ISREG(info.st_mode))
    return AFB_FAIL(AFB_E_IO, "%s is not a file", path);
  unsigned char first[8] = {0};
  FILE *file = access(path, write ? R_OK | W_OK : R_OK) == 0 ? fopen(path, "rb") : NULL;
  if (!file)
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno));
  size_t n = fread(first, 1, sizeof first, file);
  fclose(file);
  if (n < sizeof first || memcmp(first, signature, sizeof first) != 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is not an HDF5 file; it was left as it is", path);
  return AFB_OK;
}

hid_t afb_hdf_type(afb_column_type type, int length, int in_file)
{
  switch (type) {
  case AFB_I32:
    return H5Tcopy(in_file ? H5T_STD_I32LE : H5T_NATIVE_INT32);
  case AFB_I64:
    return H5Tcopy(in_file ? H5T_STD_I64LE : H5T_NATIVE_INT64);
  case AFB_U64:
    return H5Tcopy(in_file ? H5T_STD_U64LE : H5T_NATIVE_UINT64);
  case AFB_F32:
    return H5Tcopy(in_file ? H5T_IEEE_F32LE : H5T_NATIVE_FLOAT);
  case AFB_F64:
    return H5Tcopy(in_file ? H5T_IEEE_F64LE : H5T_NATIVE_DOUBLE);
  case AFB_BYTE:
    return H5Tcopy(in_file ? H5T_STD_U8LE : H5T_NATIVE_UINT8);
  case AFB_STRING:
    break;
  }
  hid_t text = H5Tcopy(H5T_C_S1);
  if (H5Tset_size(text, (size_t)length) < 0 || H5Tset_strpad(text, H5T_STR_NULLTERM) < 0
      || H5Tset_cset(text, H5T_CSET_UTF8) < 0) {
    H5Tclose(text);
    return H5I_INVALID_HID;
  }
  return text;
}

static hid_t type_of(const afb_column *column, int in_file)
{
  return afb_hdf_type(column->type, column->length, in_file);
}

static int rank_of(const afb_column *column) { return column->type != AFB_STRING && column->length > 1 ? 2 : 1; }

enum { CHUNK_BYTES = 4096, FLAT_BYTES = 65536, CHUNKS = 16 };

/* Rows of a chunk of a column that is to have `rows`: some 4 KiB for the many ordinary columns, 64 KiB for flat tables of numbers, so that a file with one run
 * stays small; up to 64 and 256 KiB while there are still CHUNKS of them, so that a large one has few. */
static hsize_t chunk_rows(const afb_table_schema *table, const afb_column *column, int64_t rows)
{
  int64_t width = (int64_t)afb_column_width(column), least = CHUNK_BYTES / width < 32 ? 32 : CHUNK_BYTES / width;
  int flat = table->n_columns == 1 && width <= 8;
  int64_t chunk = flat ? FLAT_BYTES / width : least, most = flat ? 4 * chunk : 16 * least;
  while (2 * chunk <= most && 2 * chunk * CHUNKS <= rows)
    chunk *= 2;
  return (hsize_t)chunk;
}

herr_t afb_hdf_set_text(hid_t object, const char *name, const char *value)
{
  hid_t type = afb_hdf_type(AFB_STRING, (int)strlen(value) + 1, 1), space = H5Screate(H5S_SCALAR);
  hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  herr_t error = attribute < 0 ? -1 : H5Awrite(attribute, type, value);
  if (attribute >= 0)
    H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  return error;
}

herr_t afb_hdf_set_number(hid_t object, const char *name, hid_t type, const void *value)
{
  hid_t space = H5Screate(H5S_SCALAR);
  hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  herr_t error = attribute < 0 ? -1 : H5Awrite(attribute, type, value);
  if (attribute >= 0)
    H5Aclose(attribute);
  H5Sclose(space);
  return error;
}

herr_t afb_hdf_get_number(hid_t object, const char *name, hid_t type, void *value)
{
  if (H5Aexists(object, name) <= 0)
    return -1;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0)
    return -1;
  herr_t error = H5Aread(attribute, type, value);
  H5Aclose(attribute);
  return error;
}

herr_t afb_hdf_get_text(hid_t object, const char *name, char *value, size_t size)
{
  memset(value, 0, size);
  hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : H5I_INVALID_HID;
  if (attribute < 0)
    return -1;
  hid_t stored = H5Aget_type(attribute), wanted = afb_hdf_type(AFB_STRING, (int)size, 0);
  /* HDF5 converts between lengths, and cuts what is too long. */
  herr_t error = H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0 ? H5Aread(attribute, wanted, value) : -1;
  H5Tclose(wanted);
  H5Tclose(stored);
  H5Aclose(attribute);
  return error;
}

static const char *legend_of(const afb_store_legend *legend, int which)
{
  const char *const all[] = {NULL, legend->outcome, legend->rung, legend->strategy, legend->engine};
  return all[which];
}

/* An empty column, fit for `rows`. */
static herr_t create_column(hid_t group, const afb_table_schema *table, const afb_column *column, const char *legend, int64_t rows)
{
  hsize_t none[2] = {0, (hsize_t)column->length}, all[2] = {H5S_UNLIMITED, (hsize_t)column->length};
  hsize_t chunk[2] = {chunk_rows(table, column, rows), (hsize_t)column->length};
  int rank = rank_of(column);
  hid_t type = type_of(column, 1), space = H5Screate_simple(rank, none, all), list = H5Pcreate(H5P_DATASET_CREATE);
  /* Parallel writes need their chunks allocated when the table is extended, also in a file that one process created. What
   * lies between the rows and the end of the last chunk is never read. */
  H5Pset_chunk(list, rank, chunk);
  H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  hid_t dataset = H5Dcreate2(group, column->name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  herr_t error = dataset < 0 ? -1 : afb_hdf_set_text(dataset, "unit", column->unit);
  if (error >= 0)
    error = afb_hdf_set_text(dataset, "description", column->description);
  if (error >= 0 && column->legend)
    error = afb_hdf_set_text(dataset, "legend", legend);
  if (dataset >= 0)
    H5Dclose(dataset);
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
  return error;
}

static hid_t create_group(hid_t file, const afb_table_schema *table)
{
  hid_t group = H5Gcreate2(file, table->name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0 || afb_hdf_set_text(group, "description", table->description) >= 0)
    return group;
  H5Gclose(group);
  return H5I_INVALID_HID;
}

static herr_t create_tables(hid_t file, const afb_store_legend *legend)
{
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    hid_t group = create_group(file, table);
    herr_t error = group < 0 ? -1 : 0;
    for (int c = 0; c < table->n_columns && error >= 0; c++)
      error = create_column(group, table, &table->column[c], legend_of(legend, table->column[c].legend), 0);
    if (group >= 0)
      H5Gclose(group);
    if (error < 0)
      return -1;
  }
  return 0;
}

/* A scalar dataset with a whole text: attributes are limited to 64 KiB. */
static herr_t create_text(hid_t group, const char *name, const char *value, const char *description)
{
  hid_t type = afb_hdf_type(AFB_STRING, (int)strlen(value) + 1, 1), space = H5Screate(H5S_SCALAR);
  hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  herr_t error = dataset < 0 ? -1 : H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
  if (error >= 0)
    error = afb_hdf_set_text(dataset, "unit", "1");
  if (error >= 0)
    error = afb_hdf_set_text(dataset, "description", description);
  if (dataset >= 0)
    H5Dclose(dataset);
  H5Sclose(space);
  H5Tclose(type);
  return error;
}

static herr_t write_input(hid_t group, const char *input, const char *identity)
{
  char hash[24];
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)afb_hash(AFB_HASH_START, identity, strlen(identity)));
  herr_t error = afb_hdf_set_text(group, "identity_hash", hash);
  if (error >= 0)
    error = create_text(group, "resolved", input, "resolved input of the session that made this file");
  if (error >= 0)
    error = create_text(group, "identity", identity,
                        "lines of the resolved input that decide results; a file is continued only with the same ones");
  return error;
}

static herr_t create_input(hid_t file, const afb_store_writer *writer)
{
  hid_t group = H5Gcreate2(file, "input", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0)
    return -1;
  herr_t error = write_input(group, writer->input, writer->identity);
  H5Gclose(group);
  return error;
}

herr_t afb_hdf_create_root(hid_t file, const afb_store_writer *writer)
{
  const int32_t version = AFB_SCHEMA_VERSION;
  const char *revision = writer->revision ? writer->revision : "";
  if (afb_hdf_set_text(file, "format", "aufbau") < 0
      || afb_hdf_set_number(file, "schema_version", H5T_NATIVE_INT32, &version) < 0
      || afb_hdf_set_text(file, "program", PACKAGE_STRING) < 0 || afb_hdf_set_text(file, "revision", revision) < 0)
    return -1;
  return create_input(file, writer);
}

static herr_t replace_number(hid_t file, const char *name, int64_t value)
{
  return H5Aexists(file, name) > 0 && H5Adelete(file, name) < 0 ? -1 : afb_hdf_set_number(file, name, H5T_NATIVE_INT64, &value);
}

herr_t afb_hdf_note_io(hid_t file, const char *hints, int64_t alignment, int64_t chunk)
{
  if ((H5Aexists(file, "io_hints") > 0 && H5Adelete(file, "io_hints") < 0) || afb_hdf_set_text(file, "io_hints", hints) < 0)
    return -1;
  return replace_number(file, "io_alignment", alignment) < 0 ? -1 : replace_number(file, "io_chunk", chunk);
}

static herr_t create_store(hid_t file, const afb_store_writer *writer, uint64_t store)
{
  const uint64_t folded = 0;
  if (afb_hdf_set_number(file, "store", H5T_NATIVE_UINT64, &store) < 0
      || afb_hdf_set_number(file, "folded", H5T_NATIVE_UINT64, &folded) < 0)
    return -1;
  return afb_hdf_create_root(file, writer);
}

/* HDF5's own advisory locks are not supported by every parallel file system and not needed beside the journal's. */
hid_t afb_hdf_access(void)
{
  hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  herr_t error = list < 0 ? -1 : H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
#if (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7) || H5_VERSION_GE(1, 12, 1)
  if (error >= 0)
    error = H5Pset_file_locking(list, 0, 1);
#endif
  if (error >= 0)
    return list;
  if (list >= 0)
    H5Pclose(list);
  return H5I_INVALID_HID;
}

afb_status afb_hdf_create(const char *path, const afb_store_writer *writer, uint64_t store)
{
  hid_t list = afb_hdf_access();
  hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, list);
  H5Pclose(list);
  if (file < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", path, afb_hdf_reason());
  afb_status status = AFB_OK;
  if (create_store(file, writer, store) < 0 || create_tables(file, &writer->legend) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  if (H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

static hid_t open_column(hid_t file, const afb_table_schema *table, const afb_column *column)
{
  char name[128];
  snprintf(name, sizeof name, "%s/%s", table->name, column->name);
  return H5Dopen2(file, name, H5P_DEFAULT);
}

static int is_absent(hid_t file, const afb_table_schema *table, const afb_column *column)
{
  char name[128];
  snprintf(name, sizeof name, "%s/%s", table->name, column->name);
  return column->since > 0 && H5Lexists(file, name, H5P_DEFAULT) == 0;
}

void afb_hdf_absent(const afb_column *column, int64_t n, void *data)
{
  size_t size = (size_t)n * afb_column_width(column);
  double *real = data;
  memset(data, 0, size);
  for (size_t i = 0; column->type == AFB_F64 && i < size / sizeof *real; i++)
    real[i] = NAN;
  for (int64_t i = 0; column->type == AFB_I32 && column->absent != 0 && i < n; i++)
    ((int32_t *)data)[i] = column->absent;
}

static afb_status read_facts(const char *path, hid_t file, afb_hdf_facts *facts)
{
  if (H5Aexists(file, "format") <= 0 || afb_hdf_get_number(file, "schema_version", H5T_NATIVE_INT32, &facts->schema_version) < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is an HDF5 file, but none of this program", path);
  char kind[64];
  if (afb_hdf_get_text(file, "kind", kind, sizeof kind) >= 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s holds %s, and no runs of atoms", path, kind);
  if (facts->schema_version > AFB_SCHEMA_VERSION)
    return AFB_FAIL(AFB_E_FOREIGN, "%s has schema version %d, and this program reads versions up to %d: use a newer one",
                    path, (int)facts->schema_version, AFB_SCHEMA_VERSION);
  if (afb_hdf_get_number(file, "store", H5T_NATIVE_UINT64, &facts->store) < 0
      || afb_hdf_get_number(file, "folded", H5T_NATIVE_UINT64, &facts->folded) < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: it lacks an attribute that every result file has", path);
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    facts->count[t] = 0;
    for (int c = 0; c < table->n_columns; c++) {
      hsize_t rows[2] = {0, 0};
      if (facts->schema_version < table->column[c].since)
        continue;
      hid_t dataset = open_column(file, table, &table->column[c]);
      hid_t space = dataset < 0 ? H5I_INVALID_HID : H5Dget_space(dataset);
      int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
      if (rank == rank_of(&table->column[c]))
        H5Sget_simple_extent_dims(space, rows, NULL);
      if (space >= 0)
        H5Sclose(space);
      if (dataset >= 0)
        H5Dclose(dataset);
      if (rank != rank_of(&table->column[c]) || (c > 0 && (int64_t)rows[0] != facts->count[t]))
        return AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: column %s of table %s is missing or has another length", path,
                        table->column[c].name, table->name);
      facts->count[t] = (int64_t)rows[0];
    }
  }
  return AFB_OK;
}

afb_status afb_hdf_open(const char *path, hid_t *file, afb_hdf_facts *facts)
{
  hid_t list = afb_hdf_access();
  *file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  if (*file < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is a damaged HDF5 file: %s", path, afb_hdf_reason());
  afb_status status = read_facts(path, *file, facts);
  if (status != AFB_OK) {
    H5Fclose(*file);
    *file = H5I_INVALID_HID;
  }
  return status;
}

afb_status afb_hdf_set_identity(const char *path, const afb_store_writer *writer)
{
  hid_t list = afb_hdf_access();
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, list);
  H5Pclose(list);
  if (file < 0)
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, afb_hdf_reason());
  afb_status status = AFB_OK;
  if (H5Ldelete(file, "input", H5P_DEFAULT) < 0 || create_input(file, writer) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  if (H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

afb_status afb_hdf_read_input(hid_t file, const char *name, char **text)
{
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dataset < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "damaged result file: %s", afb_hdf_reason());
  hid_t type = H5Dget_type(dataset);
  *text = calloc(H5Tget_size(type) + 1, 1);
  afb_status status = AFB_OK;
  if (!*text)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for an input");
  else if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *text) < 0) {
    status = AFB_FAIL(AFB_E_IO, "cannot read the input in a result file: %s", afb_hdf_reason());
    free(*text);
    *text = NULL;
  }
  H5Tclose(type);
  H5Dclose(dataset);
  return status;
}

static afb_status transfer_rows(MPI_Comm comm, hid_t dataset, const afb_column *column, int64_t first, int64_t n, hid_t list, void *in,
                                const void *out)
{
  afb_rows rows = {.dataset = dataset, .type = column->type, .length = column->length, .rank = rank_of(column), .first = (hsize_t)first,
                   .count = {(hsize_t)n, (hsize_t)column->length}};
  return afb_parallel_rows(comm, &rows, list, in, out);
}

afb_status afb_hdf_open_column(hid_t file, const afb_table_schema *table, const afb_column *column, hid_t *dataset)
{
  *dataset = is_absent(file, table, column) ? 0 : open_column(file, table, column);
  if (*dataset < 0)
    return AFB_FAIL(AFB_E_IO, "cannot read %s/%s: %s", table->name, column->name, afb_hdf_reason());
  return AFB_OK;
}

afb_status afb_hdf_read_column(hid_t dataset, const afb_table_schema *table, const afb_column *column, int64_t first,
                               int64_t n, void *data)
{
  afb_status status = transfer_rows(MPI_COMM_SELF, dataset, column, first, n, H5P_DEFAULT, data, NULL);
  if (status != AFB_OK)
    return AFB_FAIL(status, "cannot read %s/%s: %s", table->name, column->name, afb_hdf_reason());
  return AFB_OK;
}

static herr_t add_column(hid_t file, const afb_table_schema *table, const afb_column *column, int64_t rows)
{
  enum { AT_ONCE = 4096 };
  const hsize_t size[2] = {(hsize_t)rows, (hsize_t)column->length};
  int there = H5Lexists(file, table->name, H5P_DEFAULT) > 0;
  hid_t group = there ? H5Gopen2(file, table->name, H5P_DEFAULT) : create_group(file, table);
  herr_t error = group < 0 ? -1 : create_column(group, table, column, "", rows);
  hid_t dataset = error < 0 ? -1 : H5Dopen2(group, column->name, H5P_DEFAULT);
  void *data = malloc(AT_ONCE * afb_column_width(column));
  error = dataset < 0 || !data ? -1 : H5Dset_extent(dataset, size);
  for (int64_t first = 0; error >= 0 && first < rows; first += AT_ONCE) {
    int64_t n = rows - first < AT_ONCE ? rows - first : AT_ONCE;
    afb_hdf_absent(column, n, data);
    error = transfer_rows(MPI_COMM_SELF, dataset, column, first, n, H5P_DEFAULT, NULL, data) == AFB_OK ? 0 : -1;
  }
  free(data);
  if (dataset >= 0)
    H5Dclose(dataset);
  if (group >= 0)
    H5Gclose(group);
  return error;
}

afb_status afb_hdf_upgrade(const char *path, const afb_hdf_facts *facts)
{
  const int32_t version = AFB_SCHEMA_VERSION;
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDWR, list);
  H5Pclose(list);
  herr_t error = file < 0 ? -1 : 0;
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    for (int c = 0; c < table->n_columns && error >= 0; c++)
      if (facts->schema_version < table->column[c].since)
        error = add_column(file, table, &table->column[c], facts->count[t]);
  }
  if (error >= 0)
    error = H5Adelete(file, "schema_version");
  if (error >= 0)
    error = afb_hdf_set_number(file, "schema_version", H5T_NATIVE_INT32, &version);
  afb_status status = error < 0 ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason()) : AFB_OK;
  if (file >= 0 && H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

static herr_t set_legend(hid_t file, const afb_table_schema *table, const afb_column *column, const char *legend)
{
  hid_t dataset = open_column(file, table, column);
  if (dataset < 0)
    return -1;
  herr_t error = H5Aexists(dataset, "legend") > 0 ? H5Adelete(dataset, "legend") : 0;
  if (error >= 0)
    error = afb_hdf_set_text(dataset, "legend", legend);
  H5Dclose(dataset);
  return error;
}

afb_status afb_hdf_set_legends(const char *path, const afb_store_legend *legend)
{
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDWR, list);
  H5Pclose(list);
  herr_t error = file < 0 ? -1 : 0;
  for (int t = 0; t < AFB_N_TABLES && error >= 0; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    for (int c = 0; c < table->n_columns && error >= 0; c++)
      if (table->column[c].legend)
        error = set_legend(file, table, &table->column[c], legend_of(legend, table->column[c].legend));
  }
  afb_status status = error < 0 ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason()) : AFB_OK;
  if (file >= 0 && H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

afb_status afb_hdf_set_input(const char *path, const char *input, const char *identity)
{
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDWR, list);
  H5Pclose(list);
  hid_t group = file < 0 ? -1 : H5Gopen2(file, "input", H5P_DEFAULT);
  herr_t error = group < 0 || H5Adelete(group, "identity_hash") < 0 || H5Ldelete(group, "resolved", H5P_DEFAULT) < 0 ||
                 H5Ldelete(group, "identity", H5P_DEFAULT) < 0 ? -1 : write_input(group, input, identity);
  afb_status status = error < 0 ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason()) : AFB_OK;
  if (group >= 0)
    H5Gclose(group);
  if (file >= 0 && H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

static int too_small(const afb_table_schema *table, const afb_column *column, int64_t before, int64_t after)
{
  return before == 0 && chunk_rows(table, column, after) > chunk_rows(table, column, 0);
}

static herr_t enlarge(hid_t file, const afb_table_schema *table, const afb_column *column, int64_t rows)
{
  char legend[1024] = "";
  hid_t dataset = open_column(file, table, column), group = H5Gopen2(file, table->name, H5P_DEFAULT);
  herr_t error = dataset < 0 || group < 0 || (column->legend && afb_hdf_get_text(dataset, "legend", legend, sizeof legend) < 0) ? -1 : 0;
  if (dataset >= 0)
    H5Dclose(dataset);
  if (error >= 0)
    error = H5Ldelete(group, column->name, H5P_DEFAULT) < 0 ? -1 : create_column(group, table, column, legend, rows);
  if (group >= 0)
    H5Gclose(group);
  return error;
}

afb_status afb_hdf_enlarge_chunks(const char *path, const int64_t before[AFB_N_TABLES], const int64_t after[AFB_N_TABLES])
{
  hid_t file = H5I_INVALID_HID;
  herr_t error = 0;
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    for (int c = 0; c < table->n_columns && error >= 0; c++) {
      if (!too_small(table, &table->column[c], before[t], after[t]))
        continue;
      if (file < 0) {
        hid_t list = afb_hdf_access();
        file = H5Fopen(path, H5F_ACC_RDWR, list);
        H5Pclose(list);
      }
      error = file < 0 ? -1 : enlarge(file, table, &table->column[c], after[t]);
    }
  }
  afb_status status = error < 0 ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason()) : AFB_OK;
  if (file >= 0 && H5Fclose(file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, afb_hdf_reason());
  return status;
}

int64_t afb_hdf_growth(const int64_t before[AFB_N_TABLES], const int64_t after[AFB_N_TABLES])
{
  int64_t bytes = 65536;
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    for (int c = 0; c < table->n_columns && after[t] > before[t]; c++) {
      int64_t width = (int64_t)afb_column_width(&table->column[c]), rows = after[t] - before[t];
      /* Those that are there were made for at most the rows that are there. The last one is partly filled. */
      int64_t least = (int64_t)chunk_rows(table, &table->column[c], 0), most = (int64_t)chunk_rows(table, &table->column[c], before[t] ? before[t] : after[t]);
      /* The index of chunks: a B-tree whose nodes are half full at worst, of 48 bytes a chunk, and one node at least. */
      bytes += (rows + most) * width + (rows / least + 1) * 96 + (before[t] ? 0 : 4096);
    }
  }
  return bytes;
}

static herr_t extend(afb_hdf_appender *appender, int t, int64_t rows)
{
  const afb_table_schema *table = afb_store_schema((afb_table)t);
  for (int c = 0; c < table->n_columns; c++) {
    const afb_column *column = &table->column[c];
    const hsize_t size[2] = {(hsize_t)rows, (hsize_t)column->length};
    appender->dataset[t][c] = open_column(appender->file, table, column);
    if (appender->dataset[t][c] < 0 || H5Dset_extent(appender->dataset[t][c], size) < 0)
      return -1;
  }
  return 0;
}

afb_status afb_hdf_append_begin(MPI_Comm comm, const char *path, const int64_t before[AFB_N_TABLES],
                                const int64_t after[AFB_N_TABLES], afb_hdf_appender *appender)
{
  appender->comm = comm;
  appender->path = path;
  appender->file = H5I_INVALID_HID;
  for (int t = 0; t < AFB_N_TABLES; t++)
    for (int c = 0; c < AFB_MAX_COLUMNS; c++)
      appender->dataset[t][c] = H5I_INVALID_HID;
  AFB_TRY(afb_parallel_list(comm, &appender->transfer));
  afb_hints hints;
  afb_hints_choose(comm, path, &hints);
  afb_status status = afb_parallel_open(comm, path, H5F_ACC_RDWR, 0, hints.info, &appender->file);
  herr_t error = status == AFB_OK ? afb_hdf_note_io(appender->file, hints.text, 1, CHUNK_BYTES) : -1;
  afb_hints_clear(&hints);
  AFB_TRY(status);
  for (int t = 0; t < AFB_N_TABLES && error >= 0; t++)
    if (after[t] > before[t])
      error = extend(appender, t, after[t]);
  status = error < 0 ? AFB_FAIL(AFB_E_IO, "cannot extend %s: %s", path, afb_hdf_reason()) : AFB_OK;
  return afb_parallel_agree(comm, status, &appender->file);
}

afb_status afb_hdf_append_column(afb_hdf_appender *appender, afb_table table, int column, int64_t first, int64_t n,
                                 const void *data)
{
  const afb_table_schema *schema = afb_store_schema(table);
  afb_status status = transfer_rows(appender->comm, appender->dataset[table][column], &schema->column[column], first, n,
                                    appender->transfer, NULL, data);
  if (status != AFB_OK)
    return AFB_FAIL(status, "cannot write %s/%s: %s", schema->name, schema->column[column].name, afb_hdf_reason());
  return AFB_OK;
}

static herr_t note_folded(hid_t file, uint64_t folded)
{
  hid_t attribute = H5Aopen(file, "folded", H5P_DEFAULT);
  if (attribute < 0)
    return -1;
  herr_t error = H5Awrite(attribute, H5T_NATIVE_UINT64, &folded);
  H5Aclose(attribute);
  return error;
}

afb_status afb_hdf_append_end(afb_hdf_appender *appender, uint64_t folded, afb_status status)
{
  status = afb_agree(appender->comm, status);
  if (status == AFB_OK && note_folded(appender->file, folded) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write the result file: %s", afb_hdf_reason());
  status = afb_parallel_agree(appender->comm, status, &appender->file);
  if (status == AFB_OK && H5Fflush(appender->file, H5F_SCOPE_GLOBAL) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write the result file: %s", afb_hdf_reason());
  /* Closing the file closes its datasets (H5F_CLOSE_STRONG). */
  if (appender->file >= 0 && H5Fclose(appender->file) < 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write the result file: %s", afb_hdf_reason());
  if (appender->transfer >= 0)
    H5Pclose(appender->transfer);
  return afb_agree(appender->comm, status);
}
