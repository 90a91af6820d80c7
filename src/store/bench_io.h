/* What writing costs: files of this program beside raw MPI-IO, and beside one process, of the same bytes on the same file system. */
#ifndef AFB_STORE_BENCH_IO_H
#define AFB_STORE_BENCH_IO_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"

enum { AFB_IO_ROUNDS = 5 };

typedef enum { AFB_IO_ARRAYS, AFB_IO_CAMPAIGN, AFB_IO_N_KINDS } afb_io_kind;

typedef struct {
  afb_io_kind kind;            /* a file of descriptors; a campaign's journal folded into its file */
  int64_t bytes;               /* that were written, in all */
  int rounds;
  /* Medians over the rounds, bytes a second: this program's file; MPI_File_write_at_all by all ranks with the same hints; write by one process. Opening, making
   * durable (fsync) and closing included. */
  double ours, raw, one;
  double ratio;                /* median of ours / raw of a round */
  int files;                   /* most files that lay in the folder of the file at a time */
} afb_io_row;

/* Collective. Writes `folder`/aufbau-io.* and removes them; alternates, AFB_IO_ROUNDS times. Kind ARRAYS: rows of 55 numbers, each rank its own. CAMPAIGN: results of
 * runs of 26 kB each, from the journal; the journal's writing is not counted, its reading is. AFB_E_IO, AFB_E_MEMORY, what the store returns. Needs twice `bytes` of disk
 * (CAMPAIGN three times) and bytes / ranks of memory. */
afb_status afb_bench_io(MPI_Comm comm, const char *folder, afb_io_kind kind, int64_t bytes, afb_io_row *out);

#endif
