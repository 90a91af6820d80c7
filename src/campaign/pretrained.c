#include "campaign/pretrained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/record.h"
#include "store/tables.h"

/* ---- Runs as samples ---- */

afb_status afb_pretrained_entry(const afb_ledger *ledger, const afb_entry *entry, const afb_entry *from, const afb_gain *gain, int n_levels,
                                afb_learner *learner, int64_t *n)
{
  afb_sample sample = {.ion = ledger->ion[entry->ion].ion, .candidates = &ledger->ion[entry->ion], .node = &entry->node, .added = entry->added,
                       .start = entry->parent >= 0 ? &from[entry->parent].node : NULL, .n_levels = n_levels, .estimate = entry->cost.estimate,
                       .failed_n = entry->failed_n, .failed_l = entry->failed_l};
  afb_sample_label(entry->outcome, entry->rung, entry->core_seconds, entry->cost.estimate, gain, sample.label);
  if (isnan(sample.label[AFB_TARGET_CONVERGED]))
    return AFB_OK;
  ++*n;
  return afb_learner_add(learner, &sample);
}

/* The model is told how many levels were optimised: as many as the file has of a block; of imported outcomes it is not known. */
static afb_status teach_all(afb_store *store, afb_ledger *ledger, afb_learner *learner, int64_t *n)
{
  enum { USUAL_LEVELS = 3 };
  int n_levels = 0;
  AFB_TRY(afb_record_load(store, ledger));
  afb_gain *gain = malloc(((size_t)ledger->n + 1) * sizeof *gain);
  if (!gain)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)ledger->n);
  afb_status status = afb_gains_read(store, ledger, gain, &n_levels);
  n_levels = n_levels > 0 ? n_levels : USUAL_LEVELS;
  for (int64_t i = 0; i < ledger->n && status == AFB_OK; i++)
    status = afb_pretrained_entry(ledger, &ledger->entry[i], ledger->entry, &gain[i], n_levels, learner, n);
  for (int64_t i = 0; i < ledger->n_imported && status == AFB_OK; i++)
    status = afb_pretrained_entry(ledger, &ledger->imported[i], ledger->imported, NULL, n_levels, learner, n);
  free(gain);
  return status;
}

afb_status afb_pretrained_teach(afb_store *store, afb_learner *learner, int64_t *n)
{
  int n_ions = 0, made = 0;
  afb_ion *ion = NULL;
  afb_ledger ledger = {0};
  AFB_TRY(afb_record_ions(store, &n_ions, &ion));
  afb_candidates *candidates = calloc((size_t)n_ions + 1, sizeof *candidates);
  afb_status status = candidates ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ions", n_ions);
  /* The ground configuration alone: those of the runs are added as they are met. */
  for (; made < n_ions && status == AFB_OK; made += status == AFB_OK)
    status = afb_candidates_create(ion[made], AFB_MAX_N, AFB_MAX_L, 0, 0, &candidates[made]);
  if (status == AFB_OK)
    status = afb_ledger_init(n_ions, n_ions, candidates, &ledger);
  if (status == AFB_OK)
    status = teach_all(store, &ledger, learner, n);
  afb_ledger_clear(&ledger);
  for (int i = 0; i < made; i++)
    afb_candidates_clear(&candidates[i]);
  free(candidates);
  free(ion);
  return status;
}

/* ---- File ---- */

static afb_status write_validation(MPI_Comm comm, const afb_validation *v, afb_arrays *arrays)
{
  double score[AFB_N_SPLITS][AFB_N_TARGETS * AFB_N_METHODS][5];
  for (int s = 0; s < AFB_N_SPLITS; s++)
    for (int t = 0; t < AFB_N_TARGETS; t++)
      for (int m = 0; m < AFB_N_METHODS; m++) {
        const afb_metrics *x = &v->metrics[s][t][m];
        const double known[5] = {x->accuracy, x->balanced_accuracy, x->auc, x->log_loss, x->calibration_error};
        for (int k = 0; k < 5; k++)
          score[s][t * AFB_N_METHODS + m][k] = v->done[s] ? known[k] : NAN;
      }
  return afb_tables_small(comm, arrays, (afb_array){"card/score", AFB_F64, 0, 3, {0, AFB_N_TARGETS * AFB_N_METHODS, 5}, "1",
                          "ions that were left out, larger sets; cheapest rung and convergence, of each the model, logistic regression, majority: accuracy, "
                          "balanced accuracy, area under the curve, log loss, calibration error"}, AFB_N_SPLITS, score);
}

afb_status afb_pretrained_write_model(MPI_Comm comm, const afb_learner *learner, int64_t n, afb_arrays *arrays)
{
  const afb_model *m = afb_learner_model(learner);
  char spec[AFB_MODEL_SPEC_LENGTH];
  const char *text = afb_model_spec_format(&m->spec, spec, sizeof spec);
  int64_t n_parameters = 0, n_optimiser = 0;
  float *parameters = NULL, *optimiser = NULL;
  AFB_TRY(afb_agree(comm, afb_learner_arrays(learner, &n_parameters, &parameters, &n_optimiser, &optimiser)));
  afb_status status = afb_tables_texts(comm, arrays, "model/spec", "kind, sizes and seed", 1, &text);
  if (status == AFB_OK)
    status = afb_tables_small(comm, arrays, (afb_array){"model/parameters", AFB_F32, 0, 1, {0}, "1", "weights, then the scale of the inputs"},
                              n_parameters, parameters);
  if (status == AFB_OK)
    status = afb_tables_small(comm, arrays, (afb_array){"model/optimiser", AFB_F32, 0, 1, {0}, "1", "moments of the optimiser"}, n_optimiser, optimiser);
  if (status == AFB_OK)
    status = afb_tables_small(comm, arrays, (afb_array){"model/counts", AFB_I64, 0, 1, {0}, "1", "optimiser steps; runs that taught it, in a checkpoint the step at which it began"}, 2,
                              (int64_t[]){m->step, n});
  free(parameters);
  free(optimiser);
  return status;
}

afb_status afb_pretrained_write(MPI_Comm comm, const afb_learner *learner, int64_t n, const afb_validation *validation, afb_arrays *arrays)
{
  AFB_TRY(afb_pretrained_write_model(comm, learner, n, arrays));
  return write_validation(comm, validation, arrays);
}

static afb_status take(MPI_Comm comm, afb_arrays *arrays, afb_learner *learner, char ***spec, float **parameters, float **optimiser, int64_t *n)
{
  int64_t count[2], n_parameters, n_optimiser;
  int one;
  AFB_TRY(afb_tables_read_texts(comm, arrays, "model/spec", &one, spec));
  AFB_TRY(afb_tables_read(arrays, "model/counts", AFB_I64, 2, 1, count));
  AFB_TRY(afb_tables_rows(arrays, "model/parameters", INT64_C(1) << 40, &n_parameters));
  AFB_TRY(afb_tables_rows(arrays, "model/optimiser", INT64_C(1) << 40, &n_optimiser));
  *parameters = malloc((size_t)n_parameters * sizeof(float) + 1);
  *optimiser = malloc((size_t)n_optimiser * sizeof(float) + 1);
  AFB_TRY(afb_agree(comm, *parameters && *optimiser && one == 1 ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a model")));
  AFB_TRY(afb_tables_read(arrays, "model/parameters", AFB_F32, n_parameters, 1, *parameters));
  AFB_TRY(afb_tables_read(arrays, "model/optimiser", AFB_F32, n_optimiser, 1, *optimiser));
  *n = count[1];
  return afb_learner_restore(learner, (*spec)[0], count[0], n_parameters, *parameters, n_optimiser, *optimiser);
}

afb_status afb_pretrained_take_model(MPI_Comm comm, afb_arrays *arrays, afb_learner *learner, int64_t *n)
{
  char **spec = NULL;
  float *parameters = NULL, *optimiser = NULL;
  afb_status status = take(comm, arrays, learner, &spec, &parameters, &optimiser, n);
  free(spec);
  free(parameters);
  free(optimiser);
  return status;
}

afb_status afb_pretrained_take(MPI_Comm comm, const char *path, afb_learner *learner)
{
  afb_arrays *arrays;
  int64_t n = 0;
  AFB_TRY(afb_arrays_open(comm, path, AFB_CAMPAIGN_MODEL_KIND, &arrays));
  afb_status status = afb_pretrained_take_model(comm, arrays, learner, &n);
  if (status == AFB_OK)
    afb_learner_count_earlier(learner, n);
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  return status != AFB_OK ? status : closed;
}
