/* Columns of numbers in HDF5 files of any origin: h5py, this program, others. Read only.
 *
 * A column is a dataset of one dimension, [rows], or of two, [rows][width], of whole or real numbers of any size and byte order, contiguous,
 * chunked or compressed. Not collective: each rank opens the file for itself. */
#ifndef AFB_STORE_COLUMNS_H
#define AFB_STORE_COLUMNS_H

#include <stdint.h>

#include "core/status.h"

typedef struct afb_columns afb_columns;

/* AFB_E_NOT_FOUND: no file. AFB_E_IO, AFB_E_FOREIGN (no HDF5, damaged), AFB_E_MEMORY. */
afb_status afb_columns_open(const char *path, afb_columns **out);
void afb_columns_close(afb_columns **columns);

/* AFB_E_NOT_FOUND: no dataset of that path. AFB_E_FOREIGN: one that is no column; the message says why. */
afb_status afb_columns_find(afb_columns *columns, const char *name, int64_t *rows, int *width);
/* Paths of all datasets, as /group/name, NULL-terminated; for suggestions. They live as long as the file is open. AFB_E_MEMORY. */
afb_status afb_columns_names(afb_columns *columns, const char *const **names);

/* Rows first ... first + n - 1 of a column that was found: row i to to[i stride ... i stride + width - 1]. AFB_E_IO. */
afb_status afb_columns_read(afb_columns *columns, const char *name, int64_t first, int64_t n, int64_t stride, double *to);

#endif
