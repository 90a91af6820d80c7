/* The embedded MCDHF code (atomic/mcdhf.h) as an engine. */
#ifndef AFB_ENGINE_MCDHF_H
#define AFB_ENGINE_MCDHF_H

#include "engine/engine.h"

extern const afb_engine afb_engine_mcdhf;

/* Number of CSFs of one configuration, all J, to within about ten per cent: the determinants times the part of them
 * that has the lowest M, M being near enough normally distributed. Not collective. Cost: microseconds. */
double afb_estimate_csf(const afb_configuration *configuration);
/* Relativistic orbitals that the request's configurations occupy. */
int afb_count_orbitals(const afb_mcdhf_request *request);

#endif
