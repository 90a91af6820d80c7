/* HDF5 files that several ranks have open at once, and what becomes of them when a call fails on some ranks only. HDF5 itself does not
 * recover: a rank that leaves a collective call out, or whose metadata differ, makes the others wait for ever, at the latest when the file is
 * closed. So ranks agree before each call that waits for all of them, and a file whose metadata came apart is given up, never closed. */
#ifndef AFB_STORE_PARALLEL_H
#define AFB_STORE_PARALLEL_H

#include <hdf5.h>
#include <mpi.h>

#include "core/status.h"
#include "store/store.h"

/* Collective on `comm`, like all that follows. Opens a file, or makes it (flags H5F_ACC_TRUNC); datasets of `alignment` bytes and more begin
 * at its multiples (0: anywhere); hints for MPI-IO (store/hints.h) or MPI_INFO_NULL. AFB_E_IO, AFB_E_MEMORY: *file is invalid. */
afb_status afb_parallel_open(MPI_Comm comm, const char *path, unsigned flags, hsize_t alignment, MPI_Info hints, hid_t *file);

/* What transfers by all ranks together need; the caller closes *list with H5Pclose. AFB_E_MEMORY: *list is invalid. */
afb_status afb_parallel_list(MPI_Comm comm, hid_t *list);

/* Agreement (afb_agree) on calls that changed metadata. When they failed on some ranks and not on others, the file is given up: *file is
 * invalid afterwards. */
afb_status afb_parallel_agree(MPI_Comm comm, afb_status status, hid_t *file);

/* Not collective. Whether a file was given up. Then MPI_Finalize, in which HDF5 closes what is open, would wait for ever: the program has to
 * be ended by MPI_Abort. */
int afb_parallel_given_up(void);

/* Rows of a dataset, all ranks together, `count[0]` of them from this one; 0 is possible. */
typedef struct {
  hid_t dataset;
  afb_column_type type;        /* in memory */
  int length, rank;            /* bytes of a string; dimensions */
  hsize_t first, count[3];
} afb_rows;
/* Reads into `in`, or writes from `out` when that is NULL. AFB_E_MEMORY on all ranks: nothing was transferred. AFB_E_IO on those ranks that
 * met it: the metadata are sound. */
afb_status afb_parallel_rows(MPI_Comm comm, const afb_rows *rows, hid_t list, void *in, const void *out);

#endif
