/* Perceptrons (learn/mdn.h) in files of arrays: /network/spec, floor, weight, moment1, moment2, step, fixed. Collective on `comm`, that of `arrays`;
 * the same status on all ranks. */
#ifndef AFB_TRAINING_NETWORK_FILE_H
#define AFB_TRAINING_NETWORK_FILE_H

#include "learn/mdn.h"
#include "store/arrays.h"

/* unit: of the targets. Statuses of afb_arrays_write. */
afb_status afb_network_write(MPI_Comm comm, const afb_mdn *mdn, const char *unit, afb_arrays *arrays);
/* AFB_E_FOREIGN, AFB_E_MEMORY. On failure *out may hold a network that has to be destroyed. */
afb_status afb_network_read(afb_arrays *arrays, afb_mdn **out);

#endif
