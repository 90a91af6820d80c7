/* What a run brought: lower energies, levels that nothing before it had. Not collective.
 *
 * The parent of a run is the run of its set without the configuration that was added last, whatever orbitals it started from. What a
 * level is called depends neither on the run nor on its set: 2J, parity, the configuration that leads it and the terms of its leading LS
 * label (atomic/lsj.h), or the leading jj CSF where there is no such label. */
#ifndef AFB_CAMPAIGN_GAIN_H
#define AFB_CAMPAIGN_GAIN_H

#include <stdint.h>

#include "atomic/configuration.h"
#include "atomic/mcdhf.h"
#include "campaign/ledger.h"
#include "core/status.h"
#include "store/store.h"

/* hartree: what makes a run useful that has no new level. */
#define AFB_USEFUL_LOWERING 1e-4

typedef struct {
  double lowering;    /* hartree: (2J+1)-weighted mean, over the J^pi blocks that parent and run both have, of E_lowest(parent) - E_lowest(run);
                         NaN: parent or run did not converge, or there is no parent or no common block */
  int fresh;          /* 1: a level of the run is led by the added configuration; 0: none; -1: unknown (not converged, nothing added) */
  int new_levels;     /* levels of the run with a key that no earlier converged run of the ion had */
  int useful;         /* converged and (new_levels > 0 or lowering >= AFB_USEFUL_LOWERING) */
} afb_gain;

/* A level of a converged run. */
typedef struct {
  int two_j, parity, led;      /* led: index in the set of the configuration that leads it; -1: unknown */
  double energy;               /* hartree */
  uint64_t key;
} afb_gain_level;

/* The levels of a run; n = 0: it did not converge, or there is none. */
typedef struct {
  int n;
  afb_gain_level *level;
} afb_gain_levels;
void afb_gain_levels_clear(afb_gain_levels *levels);

/* The n rows of a run that converged, whose set is set[n_set]. The caller clears *out, also after AFB_E_MEMORY. */
afb_status afb_gain_levels_of(int n_set, const afb_configuration *set, int n, const afb_store_level *row, afb_gain_levels *out);

/* The same of a result that is not stored yet; n = 0 when it did not converge. */
afb_status afb_gain_levels_of_result(int n_set, const afb_configuration *set, const afb_mcdhf_result *result, afb_gain_levels *out);

/* Keys of levels, each once. {0} is empty. */
typedef struct {
  int64_t n, capacity;
  uint64_t *key;
} afb_level_keys;
void afb_level_keys_clear(afb_level_keys *keys);

/* What `run` (n = 0: not converged) brought beside `parent` (n = 0: none that converged); `added`: index of the added configuration in the run's
 * set, -1: none. `known`: keys of the ion's levels before the run; the run's are added. AFB_E_MEMORY. Cost: levels of run times
 * blocks. */
afb_status afb_gain_of(const afb_gain_levels *run, const afb_gain_levels *parent, int added, afb_level_keys *known, afb_gain *gain);

/* gain[ledger->n] of all entries, in their order, from the levels in the file; imported entries have none. *n_levels (or NULL): most levels that a
 * J^pi block of a run has. AFB_E_IO, AFB_E_MEMORY. Cost: reads the table of levels once. */
afb_status afb_gains_read(afb_store *store, const afb_ledger *ledger, afb_gain *gain, int *n_levels);

#endif
