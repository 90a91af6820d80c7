/* The HDF5 side of the store: one file, its attributes, and columns as datasets. Failures carry HDF5's own reason. */
#ifndef AFB_STORE_HDF_H
#define AFB_STORE_HDF_H

#include <hdf5.h>
#include <mpi.h>

#include "store/store.h"

/* ---- Shared by all kinds of files ---- */

/* From here on HDF5 does not print its errors; the reason of the last one is kept. */
void afb_hdf_quiet(void);
const char *afb_hdf_reason(void);

/* Not collective. *exists: whether something lies at `path`. AFB_E_FOREIGN: it is not HDF5. AFB_E_IO: it is no file, or this user
 * cannot read it (and write it, when `write`). */
afb_status afb_hdf_look(const char *path, int write, int *exists);
/* How this rank opens files. The caller closes what it gets with H5Pclose; invalid when there is no memory for it. */
hid_t afb_hdf_access(void);
/* How the file was written, as attributes of its root that replace those of an earlier session: `io_hints`; `io_alignment`, bytes at whose multiples large arrays
 * begin (1: anywhere), and `io_chunk`, bytes of the smallest chunks (0: arrays are contiguous). Collective where the file is. */
herr_t afb_hdf_note_io(hid_t file, const char *hints, int64_t alignment, int64_t chunk);
/* Type of a column in the file or in memory; `length` is the bytes of a string. The caller closes it with H5Tclose. */
hid_t afb_hdf_type(afb_column_type type, int length, int in_file);
/* Attributes; with a file that several ranks opened all ranks write the same. A text that is read is cut at size - 1 bytes. */
herr_t afb_hdf_set_text(hid_t object, const char *name, const char *value);
herr_t afb_hdf_get_text(hid_t object, const char *name, char *value, size_t size);
herr_t afb_hdf_set_number(hid_t object, const char *name, hid_t type, const void *value);
herr_t afb_hdf_get_number(hid_t object, const char *name, hid_t type, void *value);
/* What stands in every file of this program: format, schema version, revision, input. */
herr_t afb_hdf_create_root(hid_t file, const afb_store_writer *writer);
/* The texts of a session: versions, compiler, libraries, host, time; and its ranks. Not collective. */
void afb_hdf_session(int ranks, const afb_store_writer *writer, afb_store_session *session);

/* ---- Files of tables ---- */

/* What the file says of itself, apart from its tables. */
typedef struct {
  int32_t schema_version;
  uint64_t store;            /* a number that tells this file from others */
  uint64_t folded;           /* number of the last journal record that it holds */
  int64_t count[AFB_N_TABLES];
} afb_hdf_facts;

/* Not collective. Writes a new file with empty tables. */
afb_status afb_hdf_create(const char *path, const afb_store_writer *writer, uint64_t store);

/* Not collective. Opens for reading and checks that it is a file of this program with a schema that this one can read.
 * AFB_E_FOREIGN and AFB_E_IO as for afb_store_open. The caller closes *file with H5Fclose. */
afb_status afb_hdf_open(const char *path, hid_t *file, afb_hdf_facts *facts);
/* "input/resolved", or "input/identity", the text that decides whether the file may be continued; the caller frees. */
afb_status afb_hdf_read_input(hid_t file, const char *name, char **text);
/* Not collective. Gives a closed file the input and the identity of a writer in place of its own. */
afb_status afb_hdf_set_identity(const char *path, const afb_store_writer *writer);
/* Not collective. Adds to a closed file of an older schema version the columns that it lacks, and makes it one of this version. */
afb_status afb_hdf_upgrade(const char *path, const afb_hdf_facts *facts);
/* What older files hold in place of n rows of a later column. */
void afb_hdf_absent(const afb_column *column, int64_t n, void *data);
/* Opens a column for reading; H5Fclose closes it. *dataset is 0 for a later column that the file lacks. */
afb_status afb_hdf_open_column(hid_t file, const afb_table_schema *table, const afb_column *column, hid_t *dataset);
/* Rows first ... first + n - 1 of a column, without padding. */
afb_status afb_hdf_read_column(hid_t dataset, const afb_table_schema *table, const afb_column *column, int64_t first,
                               int64_t n, void *data);

/* Not collective. Writes the meaning of enumerated columns into a closed file where it differs from what is there. */
afb_status afb_hdf_set_legends(const char *path, const afb_store_legend *legend);

/* Not collective. Puts another input into a closed file. */
afb_status afb_hdf_set_input(const char *path, const char *input, const char *identity);

enum { AFB_MAX_COLUMNS = 48 };
/* A file that is appended to. Collective on the communicator that it was opened with: all ranks make the same calls
 * with the same arguments, apart from this rank's share of rows; no call returns before all ranks have made it. */
typedef struct {
  MPI_Comm comm;
  const char *path;                               /* the caller's */
  hid_t file, transfer;
  hid_t dataset[AFB_N_TABLES][AFB_MAX_COLUMNS];   /* of the tables that grow; else invalid */
} afb_hdf_appender;
/* Opens, and extends the tables from the rows in facts->count to `count`. */
afb_status afb_hdf_append_begin(MPI_Comm comm, const char *path, const int64_t before[AFB_N_TABLES],
                                const int64_t after[AFB_N_TABLES], afb_hdf_appender *appender);
/* This rank's rows of one column, contiguous; n may be 0. */
afb_status afb_hdf_append_column(afb_hdf_appender *appender, afb_table table, int column, int64_t first, int64_t n,
                                 const void *data);
/* Notes the last record and closes; closes also when `status`, what this rank met before, is a failure. */
afb_status afb_hdf_append_end(afb_hdf_appender *appender, uint64_t folded, afb_status status);
/* Not collective. Makes the columns of those tables of a closed file that have no rows yet anew, with larger chunks where they get many. */
afb_status afb_hdf_enlarge_chunks(const char *path, const int64_t before[AFB_N_TABLES], const int64_t after[AFB_N_TABLES]);
/* An upper bound of the bytes by which the file grows. */
int64_t afb_hdf_growth(const int64_t before[AFB_N_TABLES], const int64_t after[AFB_N_TABLES]);

#endif
