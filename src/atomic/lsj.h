/* Atomic states in LS coupling: what jj-coupled CI vectors are made of, and the names that spectroscopists give to them.
 * Not collective.
 *
 * The LS states of a configuration couple its open shells one after another in the order of the CSF list (n, then l):
 * (..((L_1 S_1, L^2 S^2) L_2 S_2, ...) L_K S_K) J. From jj to LS, shell by shell:
 *   ((X J-)X' J+)Y -> (X (J- J+)J)Y          6j symbol
 *   (J- J+)J -> (L S)J                       atomic/ls_shell.h
 *   ((L_1 S_1)X (L S)J)Y -> (L_2 S_2)Y       9j symbol
 * (Edmonds 1960, 6.1.5 and 6.4.2). The whole is orthogonal, so that the weights of a vector sum to 1.
 *
 * Labels: "2s2.2p2 3P", "4d2(3F).5s 4F", "3d3(4F).4s_5F.4p 6G". Shells without the noble-gas core that is closed in every CSF; where
 * several shells are open, the term of each in brackets unless the shell has only one, and behind an underscore that of all so far;
 * the term of all behind a blank. A digit behind a term of d^n or f^n that occurs more than once numbers it as ls_shell.h
 * says. */
#ifndef AFB_ATOMIC_LSJ_H
#define AFB_ATOMIC_LSJ_H

#include <stddef.h>
#include <stdint.h>

#include "atomic/csf.h"
#include "core/status.h"

enum { AFB_LSJ_LABEL = 64, AFB_LSJ_LEADING = 4 };

/* The leading components of a state by decreasing weight, those of at least 1e-4; n = 0: not known. */
typedef struct {
  int n;
  double weight[AFB_LSJ_LEADING];
  char label[AFB_LSJ_LEADING][AFB_LSJ_LABEL];
} afb_lsj;

/* sign[n_orbitals] is -1 for an l- whose large component runs opposite to that of its l+ (overlap < 0), else 1: in LS both are the
 * same orbital. Radial functions as in afb_orbitals: splines of order 8 on the breakpoints, `stride` coefficients an orbital, the
 * n_breakpoints + 6 of P first. */
void afb_lsj_signs(int n_orbitals, const afb_orbital *orbital, int n_breakpoints, const double *breakpoint, int stride,
                   const double *coefficient, int8_t *sign);

/* Components of vector[n_vectors][n_csf of the block] into out[n_vectors]. AFB_E_LIMIT: a shell that ls_shell.h does not make;
 * AFB_E_MEMORY. out[].n is then 0. Cost: N log N for N CSFs, and for each configuration of weight above 1e-4 about its LS states
 * times the jj states of one of its shells. */
afb_status afb_lsj_compose(const afb_csf_list *csfs, int block, const int8_t *sign, int n_vectors, const double *vector, afb_lsj *out);

/* One LS state while it is visited. */
typedef struct afb_lsj_state afb_lsj_state;
/* Its label, cut to `size`; returns `buffer`. */
char *afb_lsj_label(const afb_lsj_state *state, char *buffer, size_t size);

/* Visits every LS state of the block with the amplitude of each vector in it; states and configurations in which all vectors
 * have weights below `least` may be left out. Statuses as above. */
typedef void (*afb_lsj_visitor)(void *context, const afb_lsj_state *state, const double *amplitude);
afb_status afb_lsj_visit(const afb_csf_list *csfs, int block, const int8_t *sign, int n_vectors, const double *vector, double least,
                         afb_lsj_visitor visit, void *context);

#endif
