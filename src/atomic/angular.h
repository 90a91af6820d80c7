/* The angular part of the Dirac-Coulomb Hamiltonian: H_rs as a sum over radial integrals.
 *
 *   <r|H|s> = sum_ab t_rs(ab) F(ab) + sum_k,abcd v^k_rs(abcd) R^k(ab;cd),
 *   R^k(ab;cd) = int int [P_a P_c + Q_a Q_c](r1) r<^k / r>^(k+1) [P_b P_d + Q_b Q_d](r2) dr1 dr2,
 *
 * over the orbitals that are not closed in every CSF (afb_csf_list.closed). F(ab) is the one-body integral I(ab)
 * in which the closed orbitals' direct and exchange field is already contained, kappa_a = kappa_b; the closed orbitals' own
 * energy is a constant. Both are the caller's (see afb_core_exchange below).
 * Source: Gaigalas, Rudzikas, Froese Fischer, J. Phys. B 30, 3747 (1997) (quasispin, jj coupling:
 * Gaigalas, Fritzsche, Grant, Comput. Phys. Commun. 139, 263 (2001)); Grant, Relativistic Quantum Theory of Atoms and Molecules, 2007, ch. 6.
 *
 * Integrals are canonical: R^k(ab;cd) is invariant under a<->c, b<->d and (ac)<->(bd); stored a <= c, b <= d,
 * (a,c) <= (b,d) lexicographically; F(ab) stored a <= b with k = -1, c = d = -1. Orbital numbers are
 * indices into afb_csf_list.orbital. */
#ifndef AFB_ATOMIC_ANGULAR_H
#define AFB_ATOMIC_ANGULAR_H

#include <mpi.h>
#include <stdint.h>

#include "atomic/csf.h"
#include "core/status.h"

typedef struct {
  int16_t k, a, b, c, d;
} afb_integral;

/* Coefficients are multiples of this, below what their sums of Wigner symbols are exact to, so that those that are equal have equal bits. */
#define AFB_ANGULAR_UNIT 0x1p-46

/* This rank's matrix elements H_rs = sum_i value_i * integral[index_i], lower triangle, row >= column. Rows are dealt out to the ranks by
 * relativistic configurations. Lists of integrals and of coefficients recur for many elements and are kept once. */
typedef struct {
  MPI_Comm comm;              /* over whose ranks the rows are spread; borrowed */
  double largest;             /* |coefficient|, of all ranks */
  int n_integrals;
  afb_integral *integral;     /* sorted by k, a, b, c, d (F(ab) first); each occurs once in the whole list */
  int n_rows, n_blocks;
  int *first;                 /* [n_blocks + 1]: rows of block B are first[B] ... first[B+1]-1 of the list */
  int64_t *start;             /* [n_rows + 1]: elements of row r are start[r] ... start[r+1]-1, none on ranks that do not have it */
  /* By element: column, ascending in a row, from 0 within the block; where in `index` and in `value` its lists begin. */
  int32_t *column;
  uint32_t *indices, *values;
  int32_t *index;             /* a list: its length, then numbers of integrals, no two alike */
  double *value;
} afb_angular;

typedef struct {
  int n;
  const int32_t *index;       /* [n] */
  const double *value;        /* [n] */
} afb_matrix_element;

static inline afb_matrix_element afb_angular_element(const afb_angular *angular, int64_t element)
{
  const int32_t *list = angular->index + angular->indices[element];
  return (afb_matrix_element){*list, list + 1, angular->value + angular->values[element]};
}

/* Asked every few milliseconds by a rank that computes: why the computation is to end; NULL: it goes on. Not collective. */
typedef struct {
  const char *(*over)(void *context);   /* NULL: never */
  void *context;
} afb_angular_watch;

/* Collective on `comm`: each row is computed and kept by one rank; the integrals are the same on all.
 * Coefficients below 1e-13 are dropped. AFB_E_MEMORY; AFB_E_LIMIT: more coefficients than can be numbered, or, with its words as the message, what
 * `watch` said on some rank (NULL: nothing is watched). The caller clears *out.
 * Cost: about half a microsecond and, with the lists, 15 to 25 bytes for each pair of CSFs that interact. */
afb_status afb_angular_create(MPI_Comm comm, const afb_csf_list *list, const afb_angular_watch *watch, afb_angular *out);
void afb_angular_clear(afb_angular *angular);

/* Exchange of a closed subshell c with an electron a: the energy of a electron pair average is
 *   q_a [ (2 j_c + 1) R^0(ac;ac) - (2 j_c + 1) sum_k g_k R^k(ac;ca) ] with g_k = (j_a k j_c; 1/2 0 -1/2)^2 when l_a + k + l_c is
 * even, else 0. Returns g_k. The same factor gives closed-closed and off-diagonal F(ab) terms (kappa_a = kappa_b). */
double afb_core_exchange(int kappa_a, int kappa_c, int k);

#endif
