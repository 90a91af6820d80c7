/* What a request amounts to: sizes that are counted without making its CSFs, for cost models. Not collective. */
#ifndef AFB_ENGINE_WORK_H
#define AFB_ENGINE_WORK_H

#include "atomic/mcdhf.h"

typedef struct {
  int n_configurations;
  int n_orbitals;              /* relativistic */
  int n_alone;                 /* open shells that lack an inner companion (4d without 3d): excited states of their own operator */
  int n_alike;                 /* pairs of open shells of one l */
  int warm;                    /* 1: orbitals are given to start from */
  double charge;               /* that an outer electron sees: of the ion, and 1 */
  double n_points;             /* of the radial quadrature */
  double n_potentials;         /* of all pairs of orbitals */
  double n_csf, n_levels;      /* levels: that are optimised */
  double largest;              /* CSFs of the largest block J^pi */
  double squares, cubes;       /* of the CSFs of blocks, summed */
  double vectors;              /* levels times CSFs of their block, summed */
  double n_entries;            /* angular coefficients, within a factor of two or so */
} afb_work;

/* CSFs are exact, and so are all sizes but n_points and n_entries. Cost: some 10 us a
 * configuration, and those of pairs of up to 96 configurations. */
void afb_work_count(const afb_mcdhf_request *request, afb_work *work);

#endif
