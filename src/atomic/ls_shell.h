/* LS terms of a shell l^q and how they are made of the jj-coupled states of its subshells l- and l+. Not collective.
 *
 * A term is (seniority v, S, L) and, for f shells, the Casimir operator of the group G2 (Racah, Phys. Rev. 76, 1352 (1949)):
 * terms of equal S and L are numbered by v, then by G2, which is the order of Nielson and Koster, Spectroscopic Coefficients for the
 * p^n, d^n, and f^n Configurations (1963). In f^5 ... f^9 some pairs of terms agree in all of these: which combination of
 * the two gets which number is then a rule of this program, and only the sum of their weights means anything elsewhere.
 *
 * States |term J> are coupled (L S)J, orbitals (l s)j. The phases of one term's states of different J belong together: what
 * connects them is the spin operator, with the reduced elements of Edmonds (1960) 7.1.8. The phase of the whole term is
 * arbitrary.
 *
 * Method: in the jj basis ((l-)^w J-, (l+)^(q-w) J+) J, S, Q (quasispin) and G2 are built from one-body operators of the
 * subshells; the terms with L + S = J are what terms of larger L + S leave of the states with that J, and are told apart by the
 * eigenvalues, which are known integers; lower J follow by the spin operator. No tables. */
#ifndef AFB_ATOMIC_LS_SHELL_H
#define AFB_ATOMIC_LS_SHELL_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  uint8_t two_s, l, seniority;
  uint8_t number, of;         /* number among the terms with this S and L, from 1; how many there are */
} afb_ls_term;

/* One J of a shell. */
typedef struct {
  int n;                      /* states; as many in LS as in jj */
  uint8_t *term;              /* [n] index of the term of each LS state */
  int16_t *row;               /* [n_terms] number of the term's LS state, -1: it has none of this J */
  uint8_t *w_minus, *t_minus, *t_plus;   /* [n] of the jj states; t: index into afb_subshell_terms */
  double *coefficient;        /* [n LS][n jj], orthogonal */
} afb_ls_block;

typedef struct {
  int l, q;
  int n_terms;
  afb_ls_term *term;          /* by increasing S, then L, then number */
  int two_j_max;
  afb_ls_block *block;        /* [two_j_max / 2 + 1], J = (q odd ? 1/2 : 0) + index */
} afb_ls_shell;

/* *out is computed at the first request and kept by the module. AFB_E_LIMIT: l > 7, q outside 0 ... 4l+2, or l > 3 with more
 * than two electrons and more than two holes. AFB_E_MEMORY; AFB_E_INTERNAL when an eigenvalue is not what it has to be.
 * Cost: a quarter of a second for f^7, milliseconds for s, p, d; then none. */
afb_status afb_ls_shell_get(int l, int q, const afb_ls_shell **out);

/* Number of a jj state in its block, -1: there is none. */
int afb_ls_column(const afb_ls_block *block, int w_minus, int t_minus, int t_plus);

#endif
