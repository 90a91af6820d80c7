/* Scalar one- and two-electron operators as chains of subshell operators. Not collective.
 *
 * The Coulomb interaction sum_k R^k C^k(1).C^k(2) in second quantisation is a sum over
 *   1/2 R^k(ab;cd) <a||C^k||c> <b||C^k||d> (-1)^k / sqrt(2k+1) :[[a+ c~]^k [b+ d~]^k]^0:
 * (normal order, so that no one-electron remainder is left). For given creators {p,q} and annihilators {r,s} the
 * four operators are brought to the order of the subshells, creation first within a subshell, and coupled along the
 * chain of subshells as the CSFs are. What remains free is one inner rank K: of the first two and the last two
 * operators, or of the middle two. Direct and exchange integrals for all k are then linear in the same few
 * chains K = K_first, K_first + step ... . Source: Edmonds (1960) ch. 6; Gaigalas, Rudzikas, Froese Fischer, J. Phys. B 30, 3747 (1997).
 *
 * <j||C^k||j'> = (-1)^(j+1/2) sqrt((2j+1)(2j'+1)) (j k j'; 1/2 0 -1/2), l + k + l' even (Grant 2007, ch. 6). */
#ifndef AFB_ATOMIC_OPERATOR_H
#define AFB_ATOMIC_OPERATOR_H

#include "atomic/angular.h"
#include "atomic/csf.h"
#include "atomic/subshell.h"
#include "core/status.h"

enum { AFB_INNER_RANK = -1 };   /* in place of twice a rank: the rank is K */

typedef struct {
  int n_shells;                       /* that it acts on, 1 ... 4 */
  int shell[4];                       /* ascending places in the chain */
  afb_shell_product product[4];
  int two_rank[4];                    /* of each subshell's operator, or AFB_INNER_RANK */
  int two_chain[4];                   /* of the chain up to it, or AFB_INNER_RANK; the last is 0 */
  int k_first, k_step, n_k;           /* inner ranks K */
  int n_integrals;
  afb_integral *integral;             /* canonical, by the caller's orbital numbers */
  double *coefficient;                /* [n_k][n_integrals] */
} afb_chain_operator;

/* sum_m p+_m r_m F(pr), kappa_p = kappa_r, p and r different places. `orbital` and `number` are by place in the
 * chain; `number` goes into the integrals. AFB_E_MEMORY. The caller clears *out. */
afb_status afb_one_body_operator(const afb_orbital *orbital, const int *number, int p, int r, afb_chain_operator *out);

/* All terms of the Coulomb interaction with creators p <= q and annihilators r <= s; no integral is allowed by parity
 * and triangles: n_integrals = 0. AFB_E_MEMORY. The caller clears *out. */
afb_status afb_two_body_operator(const afb_orbital *orbital, const int *number, int p, int q, int r, int s,
                                 afb_chain_operator *out);

void afb_chain_operator_clear(afb_chain_operator *op);

/* Brings R^k(ab;cd) to the canonical order of atomic/angular.h. */
afb_integral afb_canonical_integral(int k, int a, int b, int c, int d);

#endif
