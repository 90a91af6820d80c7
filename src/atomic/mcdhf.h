/* One multiconfiguration Dirac-Hartree-Fock (MCDHF) calculation.
 *
 * Stationary points of E = sum_i w_i E_i over the levels that are optimised (EOL, w ~ 2J+1), with respect to the radial
 * functions of the varied orbitals (orthonormal) and the CI vectors; no-pair Dirac-Coulomb Hamiltonian, static
 * nucleus. Grant, Relativistic Quantum Theory of Atoms and Molecules (2007), ch. 7. Radial functions in B-splines of
 * order 8 (P) and 9 (Q) on the same knots: Froese Fischer and Zatsarinny, Comput. Phys. Commun. 180, 879 (2009). */
#ifndef AFB_ATOMIC_MCDHF_H
#define AFB_ATOMIC_MCDHF_H

#include <mpi.h>
#include <stdint.h>

#include "atomic/configuration.h"
#include "atomic/csf.h"
#include "atomic/lsj.h"
#include "atomic/nucleus.h"
#include "core/status.h"

/* How a calculation ended. The order and the numbers are part of the file format: append only. Each has a case in
 * tests/atomic/outcomes.c. */
typedef enum {
  AFB_OUTCOME_NONE = 0,             /* not run: never of a result */
  AFB_OUTCOME_CONVERGED = 1,
  AFB_OUTCOME_CONVERGED_AT_FLOOR,   /* stationary at the floor of the arithmetic, above the tolerance asked for */
  AFB_OUTCOME_MAX_ITERATIONS,
  AFB_OUTCOME_LIMIT_CYCLE,          /* residual repeats with a period */
  AFB_OUTCOME_ROOT_FLIP,            /* a level's leading CSF keeps changing */
  AFB_OUTCOME_ORBITAL_COLLAPSE,     /* a spectroscopic orbital lost its node count */
  AFB_OUTCOME_DIFFUSE,              /* an orbital does not fit into the largest box */
  AFB_OUTCOME_UNBOUND,              /* an orbital has a positive energy */
  AFB_OUTCOME_EMPTY_ORBITAL,        /* an orbital to be varied has no occupation in the optimised levels */
  AFB_OUTCOME_CI_FAILURE,           /* no eigensolver took the matrix; no input is known that leads here, solvers fall back on one another */
  AFB_OUTCOME_INFEASIBLE,           /* no calculation that can be made: too many CSFs, unsupported subshell, dependent start orbitals ... */
  AFB_OUTCOME_RESOURCE_LIMIT,       /* time, memory, or the caller said stop */
  AFB_OUTCOME_NOT_FINITE,           /* in the embedded engine: given orbitals that are frozen, or with too low a max_rung to start anew */
  AFB_OUTCOME_ENGINE_FAILED,        /* another program that computes it ended without a result: says nothing of the calculation */
  AFB_N_OUTCOMES
} afb_outcome;

/* "converged", "max_iterations" ...; "unknown" out of range. */
const char *afb_outcome_name(afb_outcome outcome);
/* CONVERGED or CONVERGED_AT_FLOOR. */
int afb_outcome_ok(afb_outcome outcome);

/* The ladder of schemes, cheapest first. Numbers are part of the file format: append only. */
typedef enum {
  AFB_RUNG_NONE = 0,
  AFB_RUNG_DIIS = 1,        /* SCF accelerated by DIIS */
  AFB_RUNG_SHIFTED = 2,     /* level shift and damping, then DIIS */
  AFB_RUNG_NEWTON = 3,      /* second order */
  AFB_RUNG_RESTART = 4,     /* all of these again from the start potential, when given orbitals led nowhere */
  AFB_RUNG_HELD = 5,        /* second order from orbitals that first order brought to a standstill on their branches */
  AFB_RUNG_FOLLOWED = 6,    /* as HELD, but against directions of unexpected curvature */
  AFB_RUNG_GROWN = 7,       /* all but RESTART from the orbitals of a set of fewer configurations */
  AFB_N_RUNGS
} afb_rung;
const char *afb_rung_name(afb_rung rung);

typedef enum { AFB_OPTIMISE_LEVELS, AFB_OPTIMISE_ALL, AFB_OPTIMISE_AVERAGE } afb_optimise;

/* Radial functions on their own knots, so that a later run on other knots can start from them. */
typedef struct {
  int n_orbitals;
  afb_orbital orbital[AFB_MAX_ORBITALS];
  double energy[AFB_MAX_ORBITALS];       /* hartree, negative when bound; the diagonal multiplier over the occupation */
  double occupation[AFB_MAX_ORBITALS];   /* generalised occupation in the optimised levels */
  double r_mean[AFB_MAX_ORBITALS];       /* <r>, bohr */
  int n_breakpoints;
  double *breakpoint;                    /* [n_breakpoints], bohr, from 0 */
  int n_p, n_q;                          /* spline coefficients of P (order 8) and Q (order 9): n_breakpoints + 6, + 7 */
  double *coefficient;                   /* [n_orbitals][n_p + n_q], P then Q, all splines, those at the ends included */
} afb_orbitals;
void afb_orbitals_clear(afb_orbitals *orbitals);
afb_status afb_orbitals_copy(const afb_orbitals *from, afb_orbitals *to);

enum { AFB_LEADING = 4 };
typedef struct {
  int two_j, parity, index;              /* index from 1 within J^pi */
  double energy;                         /* hartree */
  double weight;                         /* w_i of the optimisation; sum over levels 1 */
  int n_leading;
  int leading_csf[AFB_LEADING];          /* number in the list, from 0, by decreasing |mixing| */
  double leading_mixing[AFB_LEADING];
  afb_lsj lsj;                           /* its composition in LS coupling; n = 0 where that is not known */
} afb_level;
/* Fills the leading CSFs from the level's CI vector [n], whose first CSF is number `first` of the list. */
void afb_level_lead(afb_level *level, int n, const double *vector, int first);
/* Fills the LS compositions of n levels of a block from their CI vectors [n][n_csf of the block], one after another; `sign` as
 * afb_lsj_signs gives it. They stay empty where a shell has none. AFB_E_MEMORY. */
afb_status afb_levels_compose(const afb_csf_list *csfs, int block, const int8_t *sign, int n, const double *vector, afb_level *level);

typedef struct {
  int rung, iteration;
  double energy;                         /* weighted mean, hartree */
  double residual;                       /* largest orbital residual */
  double step;                           /* largest change of an orbital, norm */
  double seconds;                        /* CPU since the start of the run */
  int outcome;                           /* of the attempt, one scheme with its judgement, that ends here; NONE within one */
} afb_trace;

typedef struct {
  int z, charge;
  int mass_number;                       /* 0: the most abundant isotope */
  afb_nucleus_model nucleus;
  double nucleus_c_fm, nucleus_a_fm;     /* used when nucleus is AFB_NUCLEUS_GIVEN */
  double speed_of_light;                 /* 0: the physical one; large: the nonrelativistic limit */
  int n_configurations;
  const afb_configuration *configuration;
  const afb_csf_list *csfs;              /* NULL: all CSFs of the configurations; otherwise these, and no J limits */
  int two_j_min, two_j_max;              /* two_j_max < 0: all */
  afb_optimise optimise;
  int n_levels;                          /* lowest n of every block, AFB_OPTIMISE_LEVELS */
  int n_vary;                            /* < 0: all orbitals; otherwise the orbitals below and no others */
  afb_shell vary[AFB_MAX_SHELLS];        /* q ignored; both l- and l+ */
  const afb_orbitals *start;             /* NULL: start potential; orbitals absent from it come from the start potential */
  int max_iterations;                    /* of all rungs together; 0: 600 */
  double max_seconds;                    /* CPU on this rank; 0: no limit */
  int64_t max_csf;                       /* 0: 50,000 */
  double max_bytes;                      /* of memory on one rank, as engine/engine.h predicts it, which alone looks at it; 0: no limit */
  int max_rung;                          /* 0: the whole ladder */
  const char *eigensolver;               /* name of one (numeric/eigen.h) for the optimised levels; NULL or "auto": by size and demand */
  int keep_mixing;                       /* 1: the result has the CI vectors of its levels */
  /* Called on every rank at least once an iteration, and every few milliseconds of the angular part, so that messages are served during long
   * runs; NULL: not at all. Non-zero asks the run to end as AFB_OUTCOME_RESOURCE_LIMIT; then so on every rank of the communicator. */
  int (*poll)(void *context);
  void *poll_context;
} afb_mcdhf_request;

typedef struct {
  afb_outcome outcome;
  int rung;                              /* the rung that ended the run */
  char reason[160];                      /* a sentence for people: which orbital, which level, which limit */
  afb_orbital blamed;                    /* the orbital that a failure is put down to; n = 0: none */
  int iterations;                        /* of all rungs */
  double energy;                         /* weighted mean that was optimised, hartree; NaN when there is none */
  double gradient;                       /* largest orbital residual at the end */
  double cpu_seconds;                    /* of this run, summed over the ranks of the communicator */
  afb_csf_list csfs;
  int n_levels;                          /* the optimised levels, ordered by block, then index */
  afb_level *level;
  double *mixing;                        /* their CI vectors one after another, each [n_csf of its block]; NULL unless kept */
  int n_trace;
  afb_trace *trace;
  afb_orbitals orbitals;                 /* the last ones, whatever the outcome; n_orbitals = 0 when there are none */
} afb_mcdhf_result;

/* Collective on `comm`; the result is the same on every rank and on any number of ranks. A calculation that does not
 * converge is AFB_OK with an outcome. AFB_E_INPUT when the request is not a calculation (wrong number of electrons,
 * no CSF), AFB_E_MEMORY; the result is then empty. The caller clears *result in every case. */
afb_status afb_mcdhf_run(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result);
void afb_mcdhf_result_clear(afb_mcdhf_result *result);
/* The CSFs of a request. Statuses of afb_csf_list_create; AFB_E_LIMIT: more than max_csf. Not collective. */
afb_status afb_mcdhf_csfs(const afb_mcdhf_request *request, afb_csf_list *out);

#endif
