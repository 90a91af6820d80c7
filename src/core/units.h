/* Constants. Hartree atomic units inside the program; only config, store and report convert.
 * CODATA 2014, the values that GRASP2018 uses, so that energies compare. */
#ifndef AFB_CORE_UNITS_H
#define AFB_CORE_UNITS_H

#define AFB_SPEED_OF_LIGHT 137.035999139          /* atomic units */
#define AFB_BOHR_IN_CM 0.52917721067e-8
#define AFB_FM_IN_BOHR (1e-13 / AFB_BOHR_IN_CM)
#define AFB_HARTREE_IN_INVERSE_CM 219474.63137016
#define AFB_HARTREE_IN_EV 27.211386018

#endif
