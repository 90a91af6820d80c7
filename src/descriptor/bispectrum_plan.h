/* What the kernels of the bispectrum share. For src/descriptor/bispectrum*.c only; not collective.
 *
 * Layout of U of one centre and channel: index afb_u_index(j, mb, ma), j = 0 ... plan->j_top, all (j + 1)^2 elements of a layer, row mb;
 * u^j[j-mb][j-ma] = (-1)^(ma-mb) conj(u^j[mb][ma]). A channel is an element of neighbours with chem, otherwise there is one. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_PLAN_H
#define AFB_DESCRIPTOR_BISPECTRUM_PLAN_H

#include "descriptor/bispectrum.h"

typedef struct {
  int j1, j2, j;               /* twice */
  int64_t cg;                  /* offset in plan->cg: <j1 m1 j2 m2 | j m>, [j1 + 1][j2 + 1], m1 = ma1 - j1/2 ... */
} afb_triple;

/* A way to evaluate: linear columns only, without bzero. Lists as in bispectrum.h.
 * values: b [n_centres][n_linear].
 * derivatives: b or NULL; db [n_pairs][3][n_linear].
 * energies: beta [n_centres][n_linear] is d E_c / d b_k of each centre; gradient [n_pairs][3]. AFB_E_MEMORY. */
typedef struct {
  const char *name;
  int width;
  int (*available)(void);      /* on this processor */
  afb_status (*create)(const struct afb_bispectrum *plan, void **work);
  void (*destroy)(void **work);
  afb_status (*values)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b);
  afb_status (*derivatives)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b, double *db);
  afb_status (*gradients)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, const double *beta,
                          double *gradient);
} afb_bispectrum_kernel_ops;

extern const afb_bispectrum_kernel_ops afb_kernel_reference, afb_kernel_2, afb_kernel_4, afb_kernel_8;

struct afb_bispectrum {
  afb_bispectrum_settings settings;
  int j_top;                   /* largest j of U that is needed, twice */
  int n_u;                     /* elements of U of one channel */
  int n_triples, n_channels;   /* n_linear = n_triples n_channels^3 */
  int n_linear, n_columns;
  afb_triple *triple;          /* [n_triples] in the order of columns */
  double *cg;
  double *zero;                /* [n_triples] what bzero subtracts */
  const afb_bispectrum_kernel_ops *ops;
  void *work;                  /* of the kernel */
  double *scratch;             /* of bispectrum.c */
  int64_t scratch_size;
  /* Per pair of elements, [n_elements + 1][n_elements], the last row for grid points */
  double *cutoff, *inner_s, *inner_d;
};

static inline int afb_u_block(int j) { return j * (j + 1) * (2 * j + 1) / 6; }
static inline int afb_u_index(int j, int mb, int ma) { return afb_u_block(j) + (j + 1) * mb + ma; }

#endif
