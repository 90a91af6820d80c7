/* What is known of a set of configurations before it is run, as numbers for the learner. Not collective.
 *
 * A sample of afb_set_table has one token per configuration (in the order given), then one token per orbital n l that is open
 * in some configuration of the set. Tokens share one layout: columns of the other kind are 0. Every
 * column is documented in afb_feature_columns. All columns come from the ion and the sets alone (and, for a warm start, from which
 * configurations the starting orbitals were converged for): no outcome, no run.
 *
 * The estimates in it (orbital energies, radii, configuration energies) are those of a screened central field that is
 * solved once per ion (campaign/estimate.h). */
#ifndef AFB_CAMPAIGN_FEATURES_H
#define AFB_CAMPAIGN_FEATURES_H

#include <stdint.h>

#include "atomic/configuration.h"
#include "core/status.h"
#include "learn/set_table.h"

typedef struct {
  const char *name, *unit, *description;
} afb_feature_column;

/* Columns of a token and of the global vector (n of them in *n). The hand features of the logistic baseline are the
 * global vector. */
const afb_feature_column *afb_feature_token_columns(int *n);
const afb_feature_column *afb_feature_global_columns(int *n);

/* What is learnt of a run. A table may have the first two alone. */
enum {
  AFB_TARGET_CHEAPEST_RUNG, AFB_TARGET_CONVERGED, AFB_N_TARGETS,   /* 0, 1: converged at the cheapest rung; at all */
  AFB_TARGET_COST = AFB_N_TARGETS,   /* ln(core-seconds / the engine's estimate from the input) */
  AFB_TARGET_LOWERING,               /* log10 of the lowering in hartree (campaign/gain.h), within -7 ... 1; what is not positive counts as -7 */
  AFB_TARGET_LOWERS,                 /* 0, 1: the lowering is at least AFB_USEFUL_LOWERING */
  AFB_TARGET_FRESH,                  /* 0, 1: afb_gain.fresh */
  AFB_TARGET_OUTCOME,                /* afb_outcome_class */
  AFB_N_LABELS
};
/* learn/head.h */
#define AFB_TARGET_KINDS "ssggbbc9"

/* How a run ended, as one of few: the rung on which it converged, or the failure; what is rare is put together. */
typedef enum {
  AFB_CLASS_DIIS, AFB_CLASS_SHIFTED, AFB_CLASS_NEWTON, AFB_CLASS_RESTART, AFB_CLASS_HELD, AFB_CLASS_FOLLOWED,   /* the last with AFB_RUNG_GROWN */
  AFB_CLASS_COLLAPSE, AFB_CLASS_CYCLE, AFB_CLASS_FAILED, AFB_N_CLASSES   /* collapse of an orbital, limit cycle, all other failures */
} afb_outcome_class;

/* An ion: its ground configuration and the estimates. AFB_E_INPUT when the electrons are not z - charge, AFB_E_MEMORY.
 * Cost: some milliseconds. Make one per ion and keep it. */
typedef struct afb_feature_ion afb_feature_ion;
afb_status afb_feature_ion_create(int z, int charge, const afb_configuration *ground, afb_feature_ion **out);
void afb_feature_ion_destroy(afb_feature_ion **ion);

typedef struct {
  const afb_feature_ion *ion;
  int n_configurations;
  const afb_configuration *configuration;   /* the whole set, the added one included */
  int added;                                /* index of the added configuration */
  const unsigned char *started;             /* [n_configurations] 1: the starting orbitals were converged with it; NULL: cold */
  int n_levels;                             /* lowest n of every J^pi block are optimised */
  int failed_n, failed_l;                   /* label: the orbital that a failure was put down to; failed_n = 0: unknown */
} afb_feature_request;

/* An empty table of the right widths; the caller clears it. n_labels is AFB_N_TARGETS or AFB_N_LABELS. */
afb_status afb_features_table_init(int n_labels, afb_set_table *table);
/* The group of an ion's samples. */
static inline int64_t afb_feature_group(int z, int charge) { return (int64_t)z * 1000 + charge; }
/* Appends one sample. label [table->n_target] (NaN: unknown) or NULL; the size
 * n_configurations. AFB_E_INPUT, AFB_E_LIMIT (more orbitals than AFB_MAX_SHELLS * 2), AFB_E_MEMORY; the table is then unchanged.
 * Cost: about n_configurations times orbitals, tens of microseconds. */
afb_status afb_features_append(const afb_feature_request *request, const float *label, afb_set_table *table);

#endif
