/* What a learned potential knows of each atom: the inputs of materials/potential_net.h.
 *
 *   fit      coefficients of densities in Gaussians at the sites (materials/density_fit.h)           global: their means over the structure
 *   pooled   means of the neighbours' fits, weighted by exp(-0.075 r^2), r in bohr
 *   local    cube roots of bispectrum components at each cut-off (local, medium, long range), evaluated here or out of files of `aufbau describe`
 * Columns in the order fit, mean of fit, pooled fit, then the components of each cut-off or file. */
#ifndef AFB_MATERIALS_SITE_INPUTS_H
#define AFB_MATERIALS_SITE_INPUTS_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "descriptor/bispectrum.h"
#include "materials/density_fit.h"
#include "materials/site_features.h"
#include "materials/structures.h"

enum { AFB_SITE_MAX_CUTOFFS = 8 };

typedef struct {
  int n_gaussians;             /* of the fit */
  double exponent[AFB_DENSITY_MAX_GAUSSIANS];
  int n_cutoffs;
  afb_bispectrum *bispectrum[AFB_SITE_MAX_CUTOFFS];
  const afb_site_features *features;   /* in place of them; NULL: none */
  int n_elements;
  int n_columns;
} afb_site_inputs;

/* The bispectrum's settings with each cut-off (angstrom) in turn, or, where it is not NULL, `features`, which stays the caller's and open; the smallest of the exponents (bohr^-2) as far as 2 bohr^-2 make the fit. AFB_E_INPUT:
 * more cut-offs than AFB_SITE_MAX_CUTOFFS, settings, no exponent below 2. Not collective. */
afb_status afb_site_inputs_create(const afb_bispectrum_settings *settings, int n_cutoffs, const double *cutoff,
                                  const afb_site_features *features, int n_exponents, const double *exponent, afb_site_inputs *out);
void afb_site_inputs_clear(afb_site_inputs *inputs);
/* Deviations that the columns are given [n_columns] (afb_mdn_table): fits count, the rest serves where they leave something. */
void afb_site_inputs_prior(const afb_site_inputs *inputs, double *prior);

/* All atoms of all structures on every rank: value [n_atoms][n_columns], allocated here. element as in afb_evaluate. skip_bad as there: rows of a
 * bad frame are NaN. Collective on `comm`, the same status everywhere: those of afb_evaluate and of afb_site_features_read. Memory: on each rank 8 bytes a number. */
afb_status afb_site_inputs_compute(MPI_Comm comm, afb_site_inputs *inputs, afb_structures *structures, const int32_t *element,
                                   int skip_bad, double **value);

#endif
