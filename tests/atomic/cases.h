/* Cases of data/reference.txt and data/heavy.txt: the input of a calculation and GRASP2018's values. */
#ifndef AFB_TESTS_ATOMIC_CASES_H
#define AFB_TESTS_ATOMIC_CASES_H

#include "atomic/mcdhf.h"

enum { CASE_LEVELS = 210, CASE_BLOCKS = 48, CASE_CONFIGURATIONS = 8, CASE_ORBITALS = 32 };

typedef struct {
  int two_j, parity, index;
  double energy, refined;   /* NaN: not known */
} case_level;

typedef struct {
  char name[64], nucleus[8], quality[16], grasp[20];   /* grasp: how its default start ended, where the file says so */
  int z, charge, mass, n_levels, two_j_min, two_j_max;
  int n_configurations, n_blocks, n_reference, n_orbitals;
  afb_configuration configuration[CASE_CONFIGURATIONS];
  case_level block[CASE_BLOCKS], reference[CASE_LEVELS];    /* block: index holds the number of CSFs */
  afb_orbital orbital[CASE_ORBITALS];
  double orbital_energy[CASE_ORBITALS];                     /* refined */
} reference_case;

/* Cases of tests/atomic/data/NAME, *cases malloc'ed; -1 when the file cannot be read. */
int read_cases(const char *name, reference_case **cases);

/* The request that the case describes; it borrows from `c`. */
afb_mcdhf_request case_request(const reference_case *c);
int case_same_blocks(const reference_case *c, const afb_mcdhf_result *r);
/* Largest relative difference of a level, signed; NaN when a level is missing or none is given. */
double case_largest_difference(const reference_case *c, const afb_mcdhf_result *r);
/* The same of the refined values. */
double case_largest_refined(const reference_case *c, const afb_mcdhf_result *r);
/* The same of orbital energies. */
double case_largest_orbital(const reference_case *c, const afb_mcdhf_result *r);
/* Relative difference of the weighted mean of all levels; NaN unless every one is given. */
double case_mean_difference(const reference_case *c, const afb_mcdhf_result *r);

#endif
