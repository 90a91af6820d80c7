/* What the parts of a trial share (tests/learn/grasp_trial.h). */
#ifndef AFB_TESTS_LEARN_GRASP_PARTS_H
#define AFB_TESTS_LEARN_GRASP_PARTS_H

#include <stddef.h>

#include "atomic/ci.h"
#include "atomic/expression.h"
#include "core/units.h"
#include "tests/learn/grasp_trial.h"

enum { N = GRASP_TRIAL_POINTS };
#define GRASP_STEP 0.05                /* of ln r */
#define GRASP_ACCURACY 1.5625e-8       /* its sixth power */

/* An entry of a potential's list: the potential that it meets, and in which term. */
typedef struct { int other, term; } grasp_meeting;

typedef struct {
  int z, charge, n_orbitals, n_levels;
  afb_csf_list csfs;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci;
  const afb_orbital *orbital;
  double r[N], weight[N], nuclear[N];  /* nuclear: potential of the nucleus, hartree */
  double *p, *q, *hp, *hq;             /* [n_orbitals][N]: orbitals, Dirac operator times orbital */
  double *v, *rho;                     /* [n_potentials][N], [n_pairs][N] */
  int *fresh_v, *first, *pair_first, *pair_list, *next;   /* potential i: meet[first[i] ... first[i + 1] - 1] */
  grasp_meeting *meet;
  uint8_t *fresh_h;
  double *coefficient, *x, *y, *gamma;
  double occupation[AFB_MAX_ORBITALS], energy[AFB_MAX_ORBITALS], amplitude[AFB_MAX_ORBITALS];
  double consistency[AFB_MAX_ORBITALS], damping[AFB_MAX_ORBITALS], trend[AFB_MAX_ORBITALS], norm[AFB_MAX_ORBITALS];
  double *multiplier;                  /* [n_orbitals][n_orbitals], 0 for pairs without */
  uint8_t full[AFB_MAX_ORBITALS];
  int method[AFB_MAX_ORBITALS], tried[AFB_MAX_ORBITALS], retries, extra;
  /* The equation of the present orbital. */
  double local[N], sp[N], sq[N];       /* potential; (H + local + E) phi = -s */
  double xu[N], xv[N], f[N], g[N];
  double new_p[N], new_q[N], new_amplitude;
  int end;                             /* from here on solutions are zero */
} grasp_state;

static inline double *grasp_row(double *x, int i) { return x + (size_t)i * N; }

/* grasp_fields.c: arrays for the CSFs of the state; fields and energies of its orbitals. AFB_E_MEMORY. */
afb_status grasp_state_begin(grasp_state *s);
void grasp_state_clear(grasp_state *s);
/* After any change of orbital a. */
void grasp_changed(grasp_state *s, int a);
double grasp_overlap(const grasp_state *s, const double *p1, const double *q1, const double *p2, const double *q2);
/* The equation of orbital a but for multipliers: the local potential, and what remains in sp, sq, both over its occupation. */
void grasp_set_fields(grasp_state *s, int a);
/* <phi_b| (H + local) phi_a + s>, of the fields that are set. */
double grasp_multiplier(grasp_state *s, int a, int b);
/* Lagrange multipliers of all pairs of one kappa that are not both full, from both equations of a pair. */
void grasp_set_multipliers(grasp_state *s);
/* Radial integrals, CI, densities, occupations; the weighted energy. Non-zero: an integral is not finite, no eigensolver. */
int grasp_update_levels(grasp_state *s, double *energy);

/* grasp_equation.c */
/* Fields, multipliers and differences of the present orbital. */
void grasp_set_equation(grasp_state *s, int a);
/* Solves the equation that is set, into new_p, new_q, new_amplitude, energy. 0: it has no solution with the orbital's method. */
int grasp_solve(grasp_state *s, int a);
/* Sign changes between lobes of more than 5 % of the largest; the sign of the first of them. */
int grasp_count_nodes(const double *p, double *sign);
/* The local potential's own eigenfunction of orbital a, with exact nodes. 0: not found. */
int grasp_eigenfunction(grasp_state *s, int a, double *p, double *q, double *energy);
/* From the trapezoidal rule's eigenfunction of the local potential to that of the differential equation. */
void grasp_refine(grasp_state *s, int a);
/* Factor A of a function near the nucleus, see there. */
double grasp_amplitude(const grasp_state *s, double kappa, const double *p, const double *q);

#endif
