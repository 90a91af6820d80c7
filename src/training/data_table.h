/* A table that is learned from, or predicted for: rows of HDF5 files, whose columns are datasets of any origin (store/columns.h).
 *
 * Files follow each other; inputs of several columns stand side by side in the order of their names. Rows are read when they are wanted. Each rank
 * opens the files for itself; not collective. */
#ifndef AFB_TRAINING_DATA_TABLE_H
#define AFB_TRAINING_DATA_TABLE_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  int n_files, n_inputs, n_targets;
  const char *const *file, *const *input, *const *target;
  const char *group, *mask;    /* one number a row each, or NULL */
} afb_data_table_names;

/* Where a name is wrong. */
typedef enum { AFB_DATA_FILE, AFB_DATA_INPUT, AFB_DATA_TARGET, AFB_DATA_GROUP, AFB_DATA_MASK } afb_data_table_part;
typedef struct {
  afb_data_table_part part;
  int index;
} afb_data_table_fault;

typedef struct {
  afb_data_table_names names;       /* the caller's */
  int64_t n;
  int n_in, n_out;
  int width;                   /* of a row: inputs, targets, group, mask */
  int *input_width, *target_width;         /* of each name */
  struct afb_data_table_file *file;
} afb_data_table;

/* Finds all columns in all files. A failure says which name is wrong in *fault, and what was meant where something is near. AFB_E_INPUT: names, widths,
 * lengths; AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_data_table_open(const afb_data_table_names *names, afb_data_table *table, afb_data_table_fault *fault);
void afb_data_table_close(afb_data_table *table);

/* Rows first ... first + n - 1 to to[n][width]. AFB_E_IO. */
afb_status afb_data_table_read(afb_data_table *table, int64_t first, int64_t n, double *to);

#endif
