/* Small arrays that every rank has whole, in files of arrays (store/arrays.h). Collective on `comm`, that of `arrays`, and the same status on all
 * ranks: those of afb_arrays_add, _write and _read, AFB_E_MEMORY. */
#ifndef AFB_STORE_TABLES_H
#define AFB_STORE_TABLES_H

#include "store/arrays.h"

/* An array of n rows that every rank has whole; array.dim[0] is not read. Rank 0 writes it. */
afb_status afb_tables_small(MPI_Comm comm, afb_arrays *arrays, afb_array array, int64_t n, const void *data);

/* Texts as rows of equal length. */
afb_status afb_tables_texts(MPI_Comm comm, afb_arrays *arrays, const char *name, const char *description, int n,
                            const char *const *text);

/* Rows of an array into the memory of every rank. AFB_E_FOREIGN: there is none of that name and type with exactly n rows of `width` numbers.
 * _rows: how many there are, at most `most`. */
afb_status afb_tables_read(afb_arrays *arrays, const char *name, afb_column_type type, int64_t n, int64_t width, void *data);
afb_status afb_tables_rows(afb_arrays *arrays, const char *name, int64_t most, int64_t *n);
/* Texts of an array, NULL-terminated, in one block that the caller frees. */
afb_status afb_tables_read_texts(MPI_Comm comm, afb_arrays *arrays, const char *name, int *n, char ***texts);

#endif
