/* What a run leaves to be judged by, and sentences made of it: why a set did not converge, why its energy is not GRASP's. */
#ifndef AFB_TESTS_ATOMIC_ROBUST_EVIDENCE_H
#define AFB_TESTS_ATOMIC_ROBUST_EVIDENCE_H

#include "atomic/mcdhf.h"

enum { EVIDENCE_ORBITALS = 48, EVIDENCE_LEVELS = 64, EVIDENCE_TEXT = 320 };

typedef struct {
  int n, kappa, nodes;
  float occupation, energy, r_mean;
} orbital_facts;

typedef struct {
  int two_j, parity, index;
  char label[48];              /* the LS state of most weight, empty where that is below 0.7 */
} level_facts;

/* The end of a run. */
typedef struct {
  int done, warm_run, rung, iterations, n_csf, n_orbitals, n_levels;
  afb_outcome outcome;
  double cpu, energy, gradient, level_difference;
  afb_orbital blamed;
  char reason[112];
  orbital_facts orbital[EVIDENCE_ORBITALS];
  level_facts level[EVIDENCE_LEVELS];
} run_end;

/* All but done, warm_run and level_difference. */
void evidence_collect(const afb_mcdhf_result *r, run_end *end);

int evidence_nodes_wanted(const orbital_facts *o);
/* Orbitals of a converged run of which no nodes were asked and that have others than their name says, or positive energy. */
int evidence_unasked(const run_end *end);

/* "5p-: 2 nodes of 3, occupation 0.097, <r> 2.31 bohr, energy -0.52; 4p- has its 3" ...; text [EVIDENCE_TEXT], returned. */
const char *evidence_of_failure(const run_end *end, char *text);

/* Why both codes converge to different energies. */
typedef enum {
  DISAGREE_NOT,
  DISAGREE_OTHER_LIST,       /* GRASP's run had other CSFs */
  DISAGREE_LOWER_GRASP_TOO,  /* ours is lower, and GRASP's other start ends there too */
  DISAGREE_LOWER_TWICE,      /* ours is lower, from both starts */
  DISAGREE_LOWER_ONCE,       /* ours is lower, our other start ends elsewhere or not at all */
  DISAGREE_HIGHER_OTHER,     /* ours is higher, our other start ends at GRASP's energy or below */
  DISAGREE_HIGHER,
  N_DISAGREE
} disagreement;
const char *disagreement_text(disagreement kind);
/* `mine` ended at mine->energy, GRASP from the same start at `grasp`; `other` and `grasp_other` belong to the other start (NAN or not
 * done: none). same_list: GRASP's run had as many CSFs. */
disagreement evidence_compare(const run_end *mine, const run_end *other, double grasp, double grasp_other, int same_list);
/* How many levels of two runs are different LS states. */
int evidence_other_levels(const run_end *a, const run_end *b);
/* What is particular about the state: where the energy from the other start differs, the orbital that differs most and the first level that
 * is another one; otherwise the orbital of l > 1 that is most contracted. Empty where there is nothing. text [EVIDENCE_TEXT], returned. */
const char *evidence_of_state(const run_end *mine, const run_end *other, int charge, char *text);

#endif
