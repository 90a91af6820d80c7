/* The schemes that look for a stationary point, and the state they share. Collective on `comm`; the same path on every
 * rank. Outcomes are results; a status other than AFB_OK is a lack of memory or a defect. */
#ifndef AFB_ATOMIC_LADDER_H
#define AFB_ATOMIC_LADDER_H

#include "atomic/ci.h"
#include "atomic/mcdhf.h"
#include "atomic/scf.h"

/* A stationary state that is not the one looked for, and why. */
typedef struct {
  double *orbitals;               /* [n_orbitals][n] */
  afb_outcome verdict;
  int blamed;
  char reason[160];
} afb_rejected;
enum { AFB_MOST_REJECTED = 6 };

typedef struct {
  MPI_Comm comm;
  afb_scf *scf;
  afb_ci *ci;
  const afb_angular *angular;
  double *y, *gamma;              /* [n_integrals] of the angular part */
  double *dual, *step;            /* [n_orbitals][n]: residual and preconditioned step of the last evaluation */
  double *work;                   /* room of the schemes */
  double energy;                  /* weighted mean with the closed subshells */
  double *level, moved;           /* optimised levels, hartree, and the largest change of one since the evaluation before */
  int *leading;                   /* number in its block of every level's CSF of largest weight */
  double flips;                   /* how often a level changed it lately: evaluations with a change, weighted by 0.9^age */
  int flipped;                    /* the level that changed it last, in the order of `level` */
  double residual;                /* largest norm of an orbital's step */
  int worst;                      /* its orbital */
  double distance;                /* sum of occupation * norm^2: the energy that is left to gain, about, hartree */
  int iterations, max_iterations;
  double cpu_start, max_seconds;
  int (*poll)(void *context);     /* of the request */
  void *poll_context;
  afb_trace *trace;
  int n_trace, room;
  double tolerance;               /* of the residual */
  int holding;                    /* orbitals without inner companions are kept on their branch */
  int short_of_memory;            /* on this rank; all ranks learn of it at the next evaluation */
  int n_rejected;
  afb_rejected rejected[AFB_MOST_REJECTED];   /* a scheme that comes near one of them ends there */
  /* Asked when a first-order scheme is near its end: NONE, or why it ends there. The orbitals stay; `distance` is infinite when they
   * have to be evaluated again. */
  afb_outcome (*judge)(void *context);
  void *judge_context;
  int blamed;                     /* orbital that the last failure is put down to, -1: none */
  char reason[160];
} afb_ladder;

/* Arrays for orbitals `scf`, in place of former ones. Not collective. AFB_E_MEMORY. afb_ladder_close frees all arrays but the trace. */
afb_status afb_ladder_open(afb_ladder *ladder, afb_scf *scf);
void afb_ladder_close(afb_ladder *ladder);

/* On this rank alone: why the ladder is to end at once, for lack of time or because the caller says so; NULL: it is not. `ladder` is an afb_ladder *;
 * max_seconds, cpu_start and poll of it are looked at. */
const char *afb_ladder_over(void *ladder);

/* Notes that the state of these orbitals is not what is looked for, for the reason that the ladder gives; forgets all such states. */
void afb_ladder_reject(afb_ladder *ladder, afb_outcome outcome, const double *orbitals);
void afb_ladder_forget(afb_ladder *ladder);

/* Convergence, all of: residual <= tolerance, |dE/E| <= 1e-11 twice, optimised levels move by less than 1e-3 cm^-1. */
#define AFB_RESIDUAL_TOLERANCE 1e-7
/* At the floor: what no scheme brings to the tolerance, an orbital of tiny occupation, but with less than this part of the energy
 * left to gain. */
#define AFB_DISTANCE_FLOOR 1e-11

/* Orbitals -> integrals -> CI -> densities -> gradient, residual, step. Outcome AFB_OUTCOME_NONE when all is well, otherwise
 * CI_FAILURE, NOT_FINITE, EMPTY_ORBITAL, RESOURCE_LIMIT, with the reason. */
afb_outcome afb_ladder_evaluate(afb_ladder *ladder, afb_rung rung, double shift, int whole_spectrum);

/* First order: preconditioned steps accelerated by DIIS (Pulay, Chem. Phys. Lett. 73, 393 (1980)). With AFB_RUNG_SHIFTED energies are
 * lowered by a level shift and early steps damped. */
afb_outcome afb_ladder_diis(afb_ladder *ladder, afb_rung rung, double tolerance, int max_iterations);

/* Second order: Newton steps by GMRES (Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986)) on the exact Hessian with
 * the CI response, restricted to a trust radius. */
afb_outcome afb_ladder_newton(afb_ladder *ladder, afb_rung rung, int following, double tolerance, int max_iterations);

#endif
