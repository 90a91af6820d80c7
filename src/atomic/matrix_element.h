/* Matrix elements of chains of subshell operators between chain-coupled CSFs. Not collective.
 *
 *   <X_(p-1) J_p X_p||[L^a T^b]^c||X'_(p-1) J'_p X'_p> = sqrt((2X_p+1)(2X'_p+1)(2c+1)) {X_(p-1) X'_(p-1) a; J_p J'_p b; X_p X'_p c}
 *                                                       <X_(p-1)||L||X'_(p-1)> <J_p||T||J'_p>
 * (Edmonds 7.1.5), from the first subshell that is acted on to the last; subshells passed in between have T = 1. An operator
 * of an odd number of electrons gets (-1)^n, n the ket's electrons in the subshells before its own.
 * The 9j symbols are kept in a table shared by the whole process. */
#ifndef AFB_ATOMIC_MATRIX_ELEMENT_H
#define AFB_ATOMIC_MATRIX_ELEMENT_H

#include <stdint.h>

#include "atomic/angular.h"
#include "atomic/csf.h"
#include "atomic/operator.h"
#include "core/status.h"

/* A CSF list without its closed orbitals: the chain. Arrays [n_csf][n_open]. */
typedef struct {
  int n_open, n_csf;
  int number[AFB_MAX_ORBITALS];            /* index into afb_csf_list.orbital */
  afb_orbital orbital[AFB_MAX_ORBITALS];
  uint8_t *occupation, *term, *two_j, *two_x;
} afb_chain_list;

/* AFB_E_MEMORY, AFB_E_LIMIT. The caller clears *out, even after a failure. */
afb_status afb_chain_list_create(const afb_csf_list *list, afb_chain_list *out);
void afb_chain_list_clear(afb_chain_list *chains);

/* Operators and integrals met so far, by the creators and annihilators. */
typedef struct afb_operator_table afb_operator_table;

/* `chains` is borrowed and must outlive the table. AFB_E_MEMORY. */
afb_status afb_operator_table_create(const afb_chain_list *chains, afb_operator_table **out);
void afb_operator_table_destroy(afb_operator_table **table);
/* Integrals are numbered from 0 in the order in which they are met. */
int afb_operator_table_integrals(const afb_operator_table *table, const afb_integral **integral);

/* The part of H that can connect CSFs of one relativistic configuration with those of another. */
typedef struct {
  int n, room, n_values;          /* n_values: the most entries that a pair can have */
  struct afb_pair_term *term;
  int diagonal;                   /* the configurations are the same */
} afb_pair_plan;

/* For all pairs with the occupations of rows `bra` and `ket`; plan->n_values = 0 when they differ by more than two
 * electrons. *plan is reused from call to call, all zero at first. AFB_E_MEMORY, AFB_E_LIMIT; the plan is then empty. */
afb_status afb_pair_plan_make(afb_operator_table *table, int bra, int ket, afb_pair_plan *plan);
void afb_pair_plan_clear(afb_pair_plan *plan);

/* Entries of <bra|H|ket> above 1e-13, in the order of the plan: number of the integral (of the table) and coefficient; each
 * integral at most once. Arrays of plan->n_values. *n entries. */
void afb_pair_plan_evaluate(const afb_operator_table *table, const afb_pair_plan *plan, int bra, int ket, int *n,
                            int32_t *index, double *value);

#endif
