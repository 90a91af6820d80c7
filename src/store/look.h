/* What can be said of a result file from outside, by a process that changes nothing: no lock is taken, no file made. Not collective. */
#ifndef AFB_STORE_LOOK_H
#define AFB_STORE_LOOK_H

#include <stdint.h>

#include "core/status.h"
#include "store/store.h"

/* Who writes to a file of tables, by the lock on its journal (store.h). */
typedef struct {
  int journal;               /* whether there is one: after a clean close there is none */
  int held;                  /* 1: a process writes; 0: none that can be seen from this host; -1: no locks on this file system */
  long process;              /* that holds it; 0: unknown, or on another host */
  int64_t bytes;             /* of the journal */
  double written;            /* when it last changed, seconds since 1970 */
} afb_look_writer;

/* Of FILE.h5 at `path`; a journal that is replaced meanwhile is looked at again. AFB_E_IO: this user may not read it, or this process itself
 * holds it (closing it would release the lock). Cost: a few system calls. */
afb_status afb_look_writer_of(const char *path, afb_look_writer *out);

/* A plain file: its size and when it last changed, seconds since 1970. 0 when there is none. */
int afb_look_at(const char *path, int64_t *bytes, double *written);

enum { AFB_LOOK_KIND = 64 };
/* What the HDF5 file at `path` is: "" a file of tables, otherwise the kind of its arrays, "descriptors", "forces" ... (store/arrays.h).
 * AFB_E_NOT_FOUND; AFB_E_FOREIGN: not one of this program's files, or of a newer schema; AFB_E_IO. */
afb_status afb_look_kind(const char *path, char kind[AFB_LOOK_KIND]);

#endif
