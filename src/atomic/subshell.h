/* States of j^w and reduced matrix elements of one subshell's creation and annihilation operators. Not collective.
 *
 * A term of j^w is (seniority v, J, number); `number` tells apart terms of equal v and J (j = 9/2, w = 4: two with v = 4 for
 * J = 4 and for J = 6). Terms are sorted by v, J, number. They are built from determinants: those with v = w are what
 * remains of the M = J determinants when everything lowered from larger J and everything of smaller seniority is
 * projected out; those with v < w come from v = w ones by the pair creation operator
 *   P+ = sum_(m>0) (-1)^(j-m) a+_m a+_-m,
 * normalised, so that phases of all w belong together. Phase of v = w: the first determinant chosen has a positive coefficient.
 *
 * Reduced matrix elements: <J M|T^k_q|J' M'> = (-1)^(J-M) (J k J'; -M q M') <J||T^k||J'>; a~_m = (-1)^(j-m) a_-m;
 * [A^k1 B^k2]^K_Q = sum <k1 q1 k2 q2|K Q> A_q1 B_q2. Sources: Edmonds (1960) ch. 5 and 7; Rudzikas, Theoretical Atomic
 * Spectroscopy (1997), ch. 9 and 15.
 *
 * Everything is computed once in a process, at the first request, and kept. */
#ifndef AFB_ATOMIC_SUBSHELL_H
#define AFB_ATOMIC_SUBSHELL_H

#include "core/status.h"

enum {
  AFB_MAX_TWO_J = 15,
  AFB_FREE_TWO_J = 9         /* any w up to this 2j; above, at most four electrons or four holes */
};

typedef struct {
  unsigned char two_j, seniority, number;
} afb_term;

/* The terms of j^w; *terms is kept by the module. AFB_E_LIMIT: j > 15/2, w outside 0 ... 2j+1, or
 * j > 9/2 with more than four electrons and more than four holes. AFB_E_MEMORY.
 * Cost at the first call: milliseconds for j <= 9/2; a look-up later. */
afb_status afb_subshell_terms(int two_j, int w, int *n_terms, const afb_term **terms);

/* Products of operators of one subshell; the name gives the order. C creates, A annihilates (a~). */
typedef enum {
  AFB_SHELL_C,        /* a+ */
  AFB_SHELL_A,        /* a~ */
  AFB_SHELL_CC,       /* [a+ a+]^K */
  AFB_SHELL_AA,       /* [a~ a~]^K */
  AFB_SHELL_CA,       /* [a+ a~]^K */
  AFB_SHELL_CCA,      /* [[a+ a+]^K a~]^k */
  AFB_SHELL_CAA,      /* [a+ [a~ a~]^K]^k */
  AFB_SHELL_CCAA,     /* [[a+ a+]^K [a~ a~]^K]^0 */
  AFB_N_SHELL_PRODUCTS
} afb_shell_product;

/* Reduced matrix elements between the terms of j^w_bra and j^w_ket:
 * value[(K n_bra + bra) n_ket + ket], K = 0 ... n_k - 1. n_k = 1 for one operator, 2j+1 otherwise. */
typedef struct {
  int w_bra, n_bra, n_ket, n_k;
  double *value;
} afb_reduced;

/* two_k is twice the outer rank k of CCA and CAA and ignored for the others. *out is kept by the module.
 * AFB_E_LIMIT as above, or when the product leaves 0 ... 2j+1 electrons; AFB_E_MEMORY. */
afb_status afb_subshell_reduced(int two_j, int w_ket, afb_shell_product product, int two_k, const afb_reduced **out);

#endif
