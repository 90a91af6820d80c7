/* What an ion's orbitals roughly are, before any run: a self-consistent nonrelativistic central field. Not collective.
 *
 * Hartree-Fock-Slater (Slater, Phys. Rev. 81, 385 (1951)) with Latter's tail (Phys. Rev. 99, 510 (1955)) for the ground
 * configuration; occupied and empty orbitals are states of that one potential. -u'' + [(l+1/2)^2 + 2 r^2 V] u = 2 r^2 E u for
 * u = P / sqrt(r) on a logarithmic grid, second order differences: good to about 1 %, for features and for ordering, never for
 * results. */
#ifndef AFB_CAMPAIGN_ESTIMATE_H
#define AFB_CAMPAIGN_ESTIMATE_H

#include "atomic/configuration.h"
#include "core/status.h"

enum { AFB_ESTIMATE_MAX_N = 10, AFB_ESTIMATE_ORBITALS = 52 };  /* n <= 10, l <= AFB_MAX_L */

typedef struct {
  int z, charge;
  afb_configuration ground;
  int n_orbitals;
  afb_shell orbital[AFB_ESTIMATE_ORBITALS];      /* by increasing energy; q: occupation in the ground configuration */
  double energy[AFB_ESTIMATE_ORBITALS];          /* hartree */
  double r_mean[AFB_ESTIMATE_ORBITALS];          /* bohr */
  float f0[AFB_ESTIMATE_ORBITALS][AFB_ESTIMATE_ORBITALS];   /* F^0(a,b), hartree */
  int outermost;                                 /* number of the highest occupied orbital */
} afb_estimate;

/* AFB_E_INPUT: the ground configuration has not z - charge electrons, or orbitals beyond AFB_ESTIMATE_MAX_N. AFB_E_MEMORY,
 * AFB_E_NUMERIC. Cost: about ten milliseconds. */
afb_status afb_estimate_create(int z, int charge, const afb_configuration *ground, afb_estimate **out);
void afb_estimate_destroy(afb_estimate **estimate);

/* Position of shell n l in the order of energies; -1 when it lies beyond the table. */
int afb_estimate_find(const afb_estimate *estimate, int n, int l);

/* Energy of a configuration above the ground configuration, hartree: electrons moved from a_i to b_i cost
 *   sum_i (e_b - e_a) + sum_i<j [F0(a_i a_j) + F0(b_i b_j) - F0(a_i b_j) - F0(b_i a_j)],
 * the moved ones paired outermost first. from[], to[] (or NULL) receive the pairs, *moved their number (at most max_moved). */
double afb_estimate_excitation(const afb_estimate *estimate, const afb_configuration *configuration, int max_moved,
                               int *moved, int *from, int *to);

#endif
