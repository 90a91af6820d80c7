/* A trial of a set in the manner of GRASP2018: orbital after orbital on a logarithmic grid. For the learner's table on GRASP's outcomes.
 *
 * Froese Fischer, Comput. Phys. Rep. 3, 273 (1986), algorithms 5.1 to 5.3, and Dyall et al., Comput. Phys. Commun. 55, 425 (1989): in each
 * iteration every orbital's inhomogeneous Dirac equation is solved in the field of the latest others, at energies that are varied
 * until the large component has its nodes (lobes of more than 5 % of its maximum count). When no energy has, the norm of the solution decides
 * (method 2), and when that has no solution either the calculation has failed. Then the least consistent orbitals are improved
 * once more, and the CI follows. No acceleration; damping after sign changes of an orbital energy's change. */
#ifndef AFB_TESTS_LEARN_GRASP_TRIAL_H
#define AFB_TESTS_LEARN_GRASP_TRIAL_H

#include "atomic/csf.h"

enum { GRASP_TRIAL_POINTS = 440 };

/* Orbitals on the grid of an ion. */
typedef struct {
  int n_orbitals;
  afb_orbital orbital[AFB_MAX_ORBITALS];
  double energy[AFB_MAX_ORBITALS];     /* binding, hartree */
  double *p, *q;                       /* [n_orbitals][GRASP_TRIAL_POINTS] each */
} grasp_orbitals;
void grasp_orbitals_clear(grasp_orbitals *orbitals);

typedef enum { GRASP_TRIAL_GOING, GRASP_TRIAL_CONVERGED, GRASP_TRIAL_FAILED, GRASP_TRIAL_NOT_RUN } grasp_trial_end;

typedef struct {
  grasp_trial_end end;                 /* NOT_RUN: too many CSFs, an integral that is not finite */
  int iterations;
  double energy;                       /* weighted mean of the optimised levels, hartree */
  int failed;                          /* orbital whose equation had no solution; -1 */
  int retries;                         /* orbitals that went over to method 2 since no energy had the nodes */
  double change[16];                   /* by iteration: largest change of an orbital, weighted by the root of its occupation; 0 behind the last */
  /* By orbital of `orbitals`. */
  double norm[AFB_MAX_ORBITALS], occupation[AFB_MAX_ORBITALS], damping[AFB_MAX_ORBITALS];   /* norm: of the last solution, squared */
  int tried[AFB_MAX_ORBITALS];         /* most energies that one solution needed */
  grasp_orbitals orbitals;             /* the last ones */
} grasp_trial_result;

/* For the lowest n_levels of every block, from Thomas-Fermi orbitals, those that `start` (or NULL) has excepted; at most
 * max_iterations <= 16. CONVERGED: the largest change is below 5e-4, or the energy stands. The caller clears result->orbitals.
 * AFB_E_MEMORY. Cost: some 15 ms. */
afb_status grasp_trial(int z, int charge, int n, const afb_configuration *set, int n_levels, const grasp_orbitals *start,
                       int max_iterations, grasp_trial_result *result);

#endif
