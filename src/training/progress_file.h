/* What an interrupted training keeps beside its model, in files of arrays: /training/identity, best, best_loss, stale. Collective on `comm`, that of
 * `arrays`; the same status on all ranks. */
#ifndef AFB_TRAINING_PROGRESS_FILE_H
#define AFB_TRAINING_PROGRESS_FILE_H

#include "learn/descent.h"
#include "store/arrays.h"

/* Kind of the file. */
#define AFB_CHECKPOINT_KIND "checkpoint of a training"

/* identity: of input and data. Statuses of afb_arrays_write. */
afb_status afb_progress_write(MPI_Comm comm, int64_t identity, const afb_descent_progress *progress, afb_arrays *arrays);
/* *same = 0: it is that of another input or other data, and *progress is as it was. AFB_E_FOREIGN. */
afb_status afb_progress_read(afb_arrays *arrays, int64_t identity, afb_descent_progress *progress, int *same);

#endif
