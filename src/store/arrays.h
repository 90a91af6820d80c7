/* A result file of plain arrays: what `describe`, `predict` and `train` write, with collective I/O.
 *
 * Same conventions as the campaign's file (store.h): groups of plain numeric datasets and fixed-length UTF-8 strings, `unit` and `description`
 * on every dataset, NaN for missing, schema_version, the program's revision, compiler and library versions, the resolved input.
 * The file is written as FILE.h5.tmp and renamed when it is complete: at FILE.h5 there is the old file or the whole new one.
 *
 * Every function is collective on the file's communicator, and returns the same status on all ranks, unless it says otherwise. */
#ifndef AFB_STORE_ARRAYS_H
#define AFB_STORE_ARRAYS_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "store/store.h"

typedef struct afb_arrays afb_arrays;

/* Creates PATH.tmp. A file that is there already must be one of this program's array files of the same kind ("descriptors",
 * "forces", "potential" ...): otherwise AFB_E_FOREIGN and nothing is touched. AFB_E_INPUT: cannot be written there. `writer` as in
 * afb_store_open (legend unused), read on rank 0. */
afb_status afb_arrays_create(MPI_Comm comm, const char *path, const char *kind, const afb_store_writer *writer,
                             afb_arrays **arrays);
/* AFB_E_NOT_FOUND, AFB_E_FOREIGN (also: of another kind than `kind`, NULL: any). */
afb_status afb_arrays_open(MPI_Comm comm, const char *path, const char *kind, afb_arrays **arrays);
/* Completes and renames when `status` (this rank's) is AFB_OK on all ranks; otherwise removes PATH.tmp. Closes in any case. Returns the
 * agreed status, or AFB_E_IO. For a file opened for reading only closes. */
afb_status afb_arrays_close(afb_arrays **arrays, afb_status status);

/* The same for the file that a command was asked for: what its ranks spent until then (store/usage.h) goes along in the group /usage, after the
 * data are on the disk. */
afb_status afb_arrays_finish(afb_arrays **arrays, afb_status status);

/* One dataset, named "group/name". type AFB_I32, AFB_I64, AFB_F32, AFB_F64 or AFB_STRING of `length` bytes (store.h); rank <= 3, extents dim[0]
 * ... dim[rank-1]; the first may be 0. Contiguous, aligned for the file system. */
typedef struct {
  const char *name;
  afb_column_type type;
  int length;
  int rank;
  int64_t dim[3];
  const char *unit, *description;
} afb_array;

/* Declares a dataset; the same on all ranks. AFB_E_IO also when the disk has no space for all that is declared. */
afb_status afb_arrays_add(afb_arrays *arrays, const afb_array *array);
/* Rows first ... first + n - 1 (along dim[0]) from this rank, n may be 0; ranks must not overlap. Collective I/O. Large
 * pieces are written in slabs, so that no buffer beyond the data is needed, and the disk begins with one while the next is copied. */
afb_status afb_arrays_write(afb_arrays *arrays, const char *name, int64_t first, int64_t n, const void *data);
/* The same for rows of this rank alone, when it has them: the disk writes while the ranks go on computing. Not collective, nor is the status: the caller
 * agrees before the next call that is. Pieces of less than 4 MiB, 16 MiB of them at most, are kept until the file is closed or finished, which writes them by
 * all ranks together: many small pieces of many ranks are in each other's way. */
afb_status afb_arrays_write_own(afb_arrays *arrays, const char *name, int64_t first, int64_t n, const void *data);
/* The same for reading. *array is filled (its texts live until the next call): AFB_E_NOT_FOUND. Not collective. */
afb_status afb_arrays_find(afb_arrays *arrays, const char *name, afb_array *array);
afb_status afb_arrays_read(afb_arrays *arrays, const char *name, int64_t first, int64_t n, void *data);
/* What the file says of itself: kind, versions, host, ranks and date, its resolved input ("" when there is none; malloc'ed, the caller frees, also after a
 * failure), and the first of its notes. Not collective. AFB_E_MEMORY. */
enum { AFB_ARRAYS_NOTES = 16 };
typedef struct {
  char kind[AFB_STORE_NAME];
  afb_store_session session;   /* input_first and input_count have no meaning */
  char *input;
  int n_notes;
  struct { char name[AFB_STORE_NAME]; double value; } note[AFB_ARRAYS_NOTES];
} afb_arrays_facts;
afb_status afb_arrays_tell(afb_arrays *arrays, afb_arrays_facts *facts);
/* Name of array i from 0, NULL behind the last. Not collective. */
const char *afb_arrays_name(const afb_arrays *arrays, int i);
/* A number of the whole file as an attribute of its root; the same on all ranks. */
afb_status afb_arrays_note(afb_arrays *arrays, const char *name, double value);

#endif
