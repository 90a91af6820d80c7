/* The energy expression: which radial integrals occur, and how the angular part's integrals are made of them.
 *
 *   E = sum_i coefficient_i X_i,  X = (one-body integrals I(ab), two-body integrals R^k), all orbitals included.
 *
 * A two-body integral R^k(ab;cd) is stored as a pair of potentials (k, ac) and (k, bd), numbered by `potential`.
 * The angular part's F(ab) = I(ab) + sum over closed c of (2 j_c + 1) [R^0(ac;bc) - sum_k g_k R^k(ac;cb)] is one row of a sparse map;
 * closed-closed interactions are the constant part `base`. Not collective. */
#ifndef AFB_ATOMIC_EXPRESSION_H
#define AFB_ATOMIC_EXPRESSION_H

#include "atomic/angular.h"
#include "atomic/csf.h"

typedef struct {
  int a, b;      /* orbital numbers, a <= b */
} afb_pair;

typedef struct {
  int k, pair;
} afb_potential;

typedef struct {
  int left, right;   /* potential numbers of equal k, left <= right */
} afb_term;

typedef struct {
  int n_orbitals, max_rank;
  int n_pairs;
  afb_pair *pair;             /* those that occur in a potential */
  int *pair_terms;            /* [n_pairs] in how many terms */
  int n_potentials;
  afb_potential *potential;
  int n_one, n_terms;         /* X has n_one + n_terms numbers */
  afb_pair *one;
  afb_term *term;
  double *base;               /* [n_one + n_terms] */
  /* F or R number i of the angular part is sum over m in map_start[i] ... map_start[i+1]-1 of map_factor[m] X[map_index[m]]. */
  int n_angular;
  int *map_start, *map_index;
  double *map_factor;
} afb_expression;

/* AFB_E_MEMORY. The caller clears. */
afb_status afb_expression_create(const afb_csf_list *list, const afb_angular *angular, afb_expression *out);
void afb_expression_clear(afb_expression *expression);

/* y[n_angular] from X. */
void afb_expression_to_angular(const afb_expression *expression, const double *x, double *y);
/* coefficient[n_one + n_terms] = base (when with_base) + transpose of the map applied to gamma[n_angular]. */
void afb_expression_coefficients(const afb_expression *expression, int with_base, const double *gamma, double *coefficient);

#endif
