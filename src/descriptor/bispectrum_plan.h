/* What the kernels of the bispectrum share. For src/descriptor/bispectrum*.c only; not collective.
 *
 * Layout of U of one centre and channel: index afb_u_index(j, mb, ma), j = 0 ... plan->j_top, all (j + 1)^2 elements of a layer, row mb;
 * u^j[j-mb][j-ma] = (-1)^(ma-mb) conj(u^j[mb][ma]). Without chem there is one channel. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_PLAN_H
#define AFB_DESCRIPTOR_BISPECTRUM_PLAN_H

#include "descriptor/bispectrum.h"

typedef struct {
  int j1, j2, j;               /* twice */
  int64_t cg;                  /* offset in plan->cg: <j1 m1 j2 m2 | j m>, [j1 + 1][j2 + 1], m1 = ma1 - j1/2 ... */
  double scale;                /* of this component: 1/(j + 1) with bnorm, otherwise 1 */
} afb_triple;

/* A way to evaluate: linear columns only, times the triple's scale, without bzero. Lists as in bispectrum.h, of which kernels read n_centres,
 * centre_element, first, x, y, z and element (the others may be NULL); pairs at or beyond their cut-off (afb_plan_cutoff) may occur and count nothing,
 * also without switching.
 * values: b [n_centres][n_linear].
 * derivatives: b or NULL; db [n_pairs][3][n_linear].
 * gradients: beta [n_centres][n_linear] is d E_c / d b_k of each centre; energy [n_centres] = sum_k beta_k b_k, or NULL
 * (b is cubic in U: it is a third of Re sum conj(dE/dU) U); gradient [n_pairs][3]. AFB_E_MEMORY. */
typedef struct {
  const char *name;
  int width;
  int (*available)(void);      /* on this processor */
  afb_status (*create)(const struct afb_bispectrum *plan, void **work);
  void (*destroy)(void **work);
  afb_status (*values)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b);
  afb_status (*derivatives)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b, double *db);
  afb_status (*gradients)(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, const double *beta,
                          double *energy, double *gradient);
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
  /* Per pair of elements, [n_elements + 1][n_elements], the last row for grid points: row afb_plan_row(plan, centre_element) */
  double *cutoff, *inner_s, *inner_d;
  const double *centre_cutoff; /* [n_centres] of the list in work: the adaptive cut-off of all pairs of a centre; otherwise NULL */
};

static inline int afb_u_block(int j) { return j * (j + 1) * (2 * j + 1) / 6; }
static inline int afb_u_index(int j, int mb, int ma) { return afb_u_block(j) + (j + 1) * mb + ma; }

/* Row of the tables of pairs. */
static inline int afb_plan_row(const struct afb_bispectrum *plan, int centre_element)
{
  return centre_element < 0 ? plan->settings.n_elements : centre_element;
}

/* Cut-off of a pair of centre c. theta0 lies in (-pi, pi) below it. */
static inline double afb_plan_cutoff(const struct afb_bispectrum *plan, const afb_neighbours *list, int64_t c, int64_t pair)
{
  if (plan->centre_cutoff)
    return plan->centre_cutoff[c];
  return plan->cutoff[afb_plan_row(plan, list->centre_element[c]) * plan->settings.n_elements + list->element[pair]];
}

/* Channel of U that an element's atoms add to. A grid point counts as the first element. */
static inline int afb_plan_channel(const struct afb_bispectrum *plan, int element)
{
  return plan->settings.chem ? plan->settings.channel[element < 0 ? 0 : element] : 0;
}

/* Weight of the centre itself in a channel. */
static inline double afb_plan_self(const struct afb_bispectrum *plan, int centre_element, int channel)
{
  return plan->settings.self_all || channel == afb_plan_channel(plan, centre_element) ? plan->settings.self : 0;
}

/* <j1 m1 j2 m2 | j m1+m2> [j1 + 1][j2 + 1] of any triple (a kernel may want j1, j2, j in another order); 0 where |m1 + m2| > j. */
void afb_clebsch_gordan(int j1, int j2, int j, double *table);

#endif
