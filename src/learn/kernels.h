/* What layers, densities and the optimiser do beside matrix products, in vectors of the widest kind that the processor has: chosen at
 * run time. For src/learn and its tests. Not collective, no allocation; results depend on the width only by rounding. */
#ifndef AFB_LEARN_KERNELS_H
#define AFB_LEARN_KERNELS_H

#include <stdint.h>

enum { AFB_MOST_LANES = 16 };

/* n rounded up to whole vectors of any width. */
static inline int afb_padded(int n) { return (n + AFB_MOST_LANES - 1) / AFB_MOST_LANES * AFB_MOST_LANES; }

/* Sets of packed tokens: set s owns the tokens start[s] ... start[s+1]-1. */
typedef struct {
  int n_sets, width, heads;
  const int32_t *start;
  const int64_t *pair_start;   /* [n_sets + 1] see learn/model_kind.h */
} afb_attention_shape;

/* One step of an optimiser: see learn/optimiser.h. */
typedef struct {
  float shorten, rate, decay, unbias1, unbias2;
} afb_step_factors;

/* Mixture densities with the covariance of learn/mdn.h in n rows, feature by feature: head[(feature) ld + row], features in the order of
 * learn/mdn_work.h, covariances full (n_out (n_out-1)/2 parameters t) or diagonal (none). residual[target ld + row] = (y - m(x)) / deviation. */
typedef struct {
  int n, ld, n_out, components, diagonal;
  float floor;
  const float *deviation;      /* [n_out] */
  float *scratch;              /* [4 components (n_out + 1)][AFB_MOST_LANES] */
} afb_density_shape;

typedef struct {
  const char *name;
  int lanes;
  int (*available)(void);
  /* y = x Phi(x) by the tanh form (Hendrycks and Gimpel, arXiv:1606.08415); slope = dy/dx. y or slope may be x. */
  void (*gelu)(int64_t n, const float *x, float *y, float *slope);
  void (*norm_forward)(int n, int width, const float *x, const float *g, const float *b, float *y, float *mean, float *inverse);
  void (*norm_backward)(int n, int width, const float *x, const float *g, const float *mean, const float *inverse,
                        const float *dy, float *dx, float *dg, float *db);
  /* y[i][j] = b[j] + (x ? x[i][j] : 0); x may be y. */
  void (*add_bias)(int n, int width, const float *b, const float *x, float *y);
  /* sum[j] += column j of x[n][width]. */
  void (*column_sums)(int n, int width, const float *x, float *sum);
  /* sum[i] += the first n elements of row i of x[rows][ld]. */
  void (*row_sums)(int rows, int n, int ld, const float *x, float *sum);
  /* out[i] = x[i] y[i]; out may be one of them. */
  void (*multiply)(int64_t n, const float *x, const float *y, float *out);
  /* As in learn/layers.h; scratch [afb_attention_scratch()]. */
  void (*attention_forward)(const afb_attention_shape *shape, const float *qkv, float *scratch, float *p, float *y);
  void (*attention_backward)(const afb_attention_shape *shape, const float *qkv, const float *p, const float *dy, float *scratch,
                             float *dqkv);
  /* x . x, in parts of 256 elements that are added in double precision. */
  double (*square_sum)(int64_t n, const float *x);
  /* The weights make their step; lamb: the gradient becomes its direction. */
  void (*adamw)(const afb_step_factors *factors, int64_t n, const float *gradient, float *weight, float *moment1, float *moment2);
  void (*lamb)(const afb_step_factors *factors, int64_t n, float *gradient, const float *weight, float *moment1, float *moment2);
  void (*sgd)(const afb_step_factors *factors, int64_t n, const float *gradient, float *weight, float *moment1);
  /* y[i] -= factor x[i]. */
  void (*subtract)(int64_t n, float factor, const float *x, float *y);
  /* nll[n] = -ln p without its constant n_out/2 ln 2 pi; by_head (NULL: not wanted): share times its gradient, like head. Rows up to a multiple
   * of AFB_MOST_LANES are read and written; bias [head features] is added to head. */
  void (*density)(const afb_density_shape *shape, const float *head, const float *bias, const float *residual, float share, float *nll,
                  float *by_head);
} afb_kernels;

extern const afb_kernels afb_kernels_16, afb_kernels_8, afb_kernels_4;
/* The widest that this processor has. */
const afb_kernels *afb_kernels_best(void);

#endif
