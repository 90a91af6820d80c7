/* Orbitals of runs that others start from: the recently used ones in memory, the rest in the file. Not collective; rank 0. */
#ifndef AFB_CAMPAIGN_WARM_H
#define AFB_CAMPAIGN_WARM_H

#include <stddef.h>

#include "atomic/mcdhf.h"
#include "core/status.h"
#include "store/store.h"

typedef struct afb_warm afb_warm;

/* At most `bytes` of orbitals in memory. AFB_E_MEMORY. */
afb_status afb_warm_create(size_t bytes, afb_warm **out);
void afb_warm_destroy(afb_warm **warm);

/* Takes *orbitals of a run (number in the file) over and empties it; the least recently used ones make room.
 * AFB_E_MEMORY: *orbitals is as before. Cost: none that grows with what is kept. */
afb_status afb_warm_put(afb_warm *warm, int64_t run, afb_orbitals *orbitals);
/* Orbitals of a run; they stay the cache's and valid until the next call. Read from the file when they are not in memory (which
 * commits the batch first, so that it holds them). *out is NULL when the run has none. AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_warm_get(afb_warm *warm, afb_store *store, int64_t run, const afb_orbitals **out);

#endif
