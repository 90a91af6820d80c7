/* dB/dU as a list of couplings: what the derivatives and gradients of every width work through. For src/descriptor/bispectrum*.c only;
 * not collective.
 *
 * B_{j1 j2 j}/(j + 1) = sum over all m of (j1 j2 j; mb1 mb2 mb) (j1 j2 j; ma1 ma2 ma) U^{j1} U^{j2} U^j with two Wigner 3j symbols: the factors may change
 * places. With the coupling Z^j(A, B)[mb][ma] = sum <..|j mb> <..|j ma> A B of two factors therefore
 *   dB_k = scale_k (j3 + 1) sum over the factors C of k of Re sum conj(dC) Z^{j_C}(the other two)/(j_C + 1),
 * and a factor that occurs n times is taken once, n times as heavy. A coupling is one Z(A, B), whichever columns need it; a term is the use
 * of a coupling for one column. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_COUPLINGS_H
#define AFB_DESCRIPTOR_BISPECTRUM_COUPLINGS_H

#include "descriptor/bispectrum_plan.h"

typedef struct {
  int channel1, j1, channel2, j2;   /* j1 <= j2 */
  int j;
  int same;                    /* both factors are one: the rows mb1 > mb2 repeat those of mb1 < mb2 */
  int first_term, n_terms;
  int64_t cg;                  /* in afb_couplings.cg: <j1 ma1 j2 ma2 | j>, [j1 + 1][j2 + 1]; followed, where `same` needs it, */
  int64_t cg_rows;             /* by the one for mb, 0 for mb1 > mb2 and doubled for mb1 < mb2; otherwise = cg */
} afb_coupling;

typedef struct {
  int coupling, column;
  int channel;                 /* of the factor that is differentiated; its layer is the coupling's j */
  double factor;               /* dB_column = ... + factor Re sum conj(dU^j_channel) Z, over all elements of the layer */
  double value;                /* B_column = value Re sum conj(U^j_channel) Z; 0 in all terms of a column but one */
} afb_coupling_term;

typedef struct {
  int n_couplings, n_terms;
  afb_coupling *coupling;      /* in order of j */
  afb_coupling_term *term;     /* in order of couplings */
  int *row;                    /* [n_terms] terms in order of channel, then of j */
  int *row_first;              /* [n_channels (j_top + 1) + 1] terms of channel e and layer j: row[row_first[e (j_top + 1) + j]] ... */
  int *coupling_first;         /* [j_top + 2] couplings of layer j: coupling_first[j] ... coupling_first[j + 1] - 1 */
  double *cg;
} afb_couplings;

/* AFB_E_MEMORY. Cost: a microsecond for each coupling coefficient. */
afb_status afb_couplings_create(const struct afb_bispectrum *plan, afb_couplings **out);
void afb_couplings_destroy(afb_couplings **couplings);

#endif
