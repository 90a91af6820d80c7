/* How a set begins in the embedded engine, for the learner's table on GRASP's outcomes. */
#ifndef AFB_TESTS_LEARN_GRASP_TRIAL_H
#define AFB_TESTS_LEARN_GRASP_TRIAL_H

#include "atomic/configuration.h"

enum { GRASP_TRIAL = 4 };

/* From Thomas-Fermi orbitals, for the lowest n_levels of every block: ln of the largest orbital step at the start and after each of
 * three undamped first-order steps (none longer than 0.3). What can not be evaluated is ln 10. AFB_E_MEMORY. Cost: 28 ms on average. */
afb_status grasp_trial(int z, int charge, int n, const afb_configuration *set, int n_levels, float log_step[GRASP_TRIAL]);

#endif
