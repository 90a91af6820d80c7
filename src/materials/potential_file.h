/* Files of learned potentials: what `aufbau train` writes and `aufbau predict` reads, and the checkpoint of a validation. Collective on `comm`; the same
 * status on all ranks. */
#ifndef AFB_MATERIALS_POTENTIAL_FILE_H
#define AFB_MATERIALS_POTENTIAL_FILE_H

#include <mpi.h>
#include <stdint.h>

#include "descriptor/bispectrum.h"
#include "materials/potential_net.h"
#include "materials/site_inputs.h"
#include "store/arrays.h"

#define AFB_NETWORK_KIND "potential-network"
#define AFB_POTENTIALS_KIND "potentials"
#define AFB_VALIDATION_KIND "potential-validation"

/* All that is needed to predict. One element; settings.n_elements is 1. */
typedef struct {
  char element[AFB_SPECIES_NAME];
  afb_bispectrum_settings settings;
  int n_cutoffs;
  double cutoff[AFB_SITE_MAX_CUTOFFS];     /* angstrom; with features those of their files, one each */
  int n_features;              /* 0: bispectra are evaluated with `settings` */
  afb_site_column *feature;    /* [n_features] */
  afb_potential_net net;
} afb_potential_model;
void afb_potential_model_clear(afb_potential_model *model);

/* /inputs/cutoff, features, pairs, integers, reals; /potential/element, alpha, mean, axis; /network/spec, floor, weight, moment1, moment2, fixed, step. */
afb_status afb_potential_model_write(MPI_Comm comm, const afb_potential_model *model, afb_arrays *arrays);
/* AFB_E_FOREIGN: an array is missing or has another size than the others say. AFB_E_MEMORY. The caller clears *model. */
afb_status afb_potential_model_read(MPI_Comm comm, afb_arrays *arrays, afb_potential_model *model);

/* GROUP/a, deviation, distance. */
afb_status afb_potential_prediction_write(MPI_Comm comm, const afb_potential_prediction *prediction, const char *group,
                                          afb_arrays *arrays);
/* The above under /validation, and /validation/done, error, inside. */
afb_status afb_potential_validation_write(MPI_Comm comm, const afb_potential_table *table,
                                          const afb_potential_validation *validation, afb_arrays *arrays);

/* A validation that goes on later. identity: of table and options; a file of another identity, or none, leaves *validation as it is. */
afb_status afb_potential_checkpoint_save(MPI_Comm comm, const char *path, int64_t identity, const afb_potential_table *table,
                                         const afb_potential_validation *validation);
afb_status afb_potential_checkpoint_load(MPI_Comm comm, const char *path, int64_t identity, const afb_potential_table *table,
                                         afb_potential_validation *validation);
/* Not collective. */
int64_t afb_potential_identity(const afb_potential_table *table, const afb_potential_options *options);

#endif
