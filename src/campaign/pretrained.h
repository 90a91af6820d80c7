/* A campaign's model that is trained apart from it, on the runs of one or more files, to start the learner of another campaign. */
#ifndef AFB_CAMPAIGN_PRETRAINED_H
#define AFB_CAMPAIGN_PRETRAINED_H

#include "campaign/gain.h"
#include "campaign/learner.h"
#include "campaign/ledger.h"
#include "store/arrays.h"
#include "store/store.h"

/* Kind of its file. */
#define AFB_CAMPAIGN_MODEL_KIND "campaign model"

/* Not collective: rank 0. Hands the learner one run that says something, and counts it in *n; from: the entries among which its parent is;
 * gain: what it brought, or NULL. AFB_E_MEMORY. */
afb_status afb_pretrained_entry(const afb_ledger *ledger, const afb_entry *entry, const afb_entry *from, const afb_gain *gain, int n_levels,
                                afb_learner *learner, int64_t *n);
/* Not collective: rank 0, with a store that is open for reading. Hands the learner every run of the file that says something, imported outcomes too.
 * *n: how many, added to. AFB_E_FOREIGN, AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_pretrained_teach(afb_store *store, afb_learner *learner, int64_t *n);

/* Collective on `comm`, that of the learner and of the arrays. n: runs that taught it; validation: see campaign/learner.h. */
afb_status afb_pretrained_write(MPI_Comm comm, const afb_learner *learner, int64_t n, const afb_validation *validation, afb_arrays *arrays);
/* Collective. Its first part, the model, n being a number that belongs to it. The second reads what the first wrote; AFB_E_FOREIGN, AFB_E_MEMORY. */
afb_status afb_pretrained_write_model(MPI_Comm comm, const afb_learner *learner, int64_t n, afb_arrays *arrays);
afb_status afb_pretrained_take_model(MPI_Comm comm, afb_arrays *arrays, afb_learner *learner, int64_t *n);
/* Collective. The learner goes on from the file's model, from new weights only when it has twice as many samples as taught the model.
 * AFB_E_NOT_FOUND, AFB_E_FOREIGN: no such file, or one of another version of the program; AFB_E_MEMORY, AFB_E_IO. */
afb_status afb_pretrained_take(MPI_Comm comm, const char *path, afb_learner *learner);

#endif
