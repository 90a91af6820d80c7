/* Layers on packed rows, forward and backward, in single precision: products by BLAS, the rest by learn/kernels.h. Not collective, no
 * allocation.
 *
 * Arrays are row-major: x[n][width]. Backward functions add to parameter gradients and overwrite (unless said
 * otherwise) the gradient of their input. */
#ifndef AFB_LEARN_LAYERS_H
#define AFB_LEARN_LAYERS_H

#include "learn/kernels.h"

/* y[n][out] = x[n][in] w[in][out] + b[out] + onto[n][out]; b and onto may be NULL, and onto may be y. */
void afb_linear_forward(int n, int in, int out, const float *x, const float *w, const float *b, const float *onto, float *y);
/* dw += x^T dy, db += column sums of dy (db may be NULL), dx = dy w^T (dx may be NULL; += with `add`). */
void afb_linear_backward(int n, int in, int out, const float *x, const float *w, const float *dy, int add, float *dx,
                         float *dw, float *db);

/* Layer normalisation (Ba, Kiros, Hinton, arXiv:1607.06450): y = (1 + g) (x - mean) / sqrt(var + 1e-5) + b over each
 * row; g counts from 1 so that weight decay draws the gain to 1. mean[n] and inverse[n] are kept for the backward pass. */
void afb_norm_forward(int n, int width, const float *x, const float *g, const float *b, float *y, float *mean,
                      float *inverse);
/* dx += ... : the residual path's gradient is already there. */
void afb_norm_backward(int n, int width, const float *x, const float *g, const float *mean, const float *inverse,
                       const float *dy, float *dx, float *dg, float *db);

/* y = x Phi(x) by the tanh form (Hendrycks and Gimpel, arXiv:1606.08415); slope = dy/dx, for the backward pass. Either may be x. */
void afb_gelu_forward(int64_t n, const float *x, float *y, float *slope);
/* dx = slope dy; dx may be dy. */
void afb_gelu_backward(int64_t n, const float *slope, const float *dy, float *dx);

/* Self-attention within each set of packed tokens (Vaswani et al., NIPS 2017, arXiv:1706.03762; without positions it is
 * equivariant under permutations). qkv[tokens][3 width] = (q, k, v), y[tokens][width]. Softmax weights of set s, head h are kept in
 * p + heads pair_start[s] + h m M as [key][query], m the size of the set, M = afb_padded(m), pair_start[s] = sum of m M of the sets before.
 * scratch: (m + width / heads) M floats for the largest set. */
void afb_attention_forward(const afb_attention_shape *shape, const float *qkv, float *scratch, float *p, float *y);
/* dqkv is overwritten. */
void afb_attention_backward(const afb_attention_shape *shape, const float *qkv, const float *p, const float *dy, float *scratch,
                            float *dqkv);

/* x *= 0 or 1/(1-rate), by (seed, stream, first + i): in place. The same call on gradients is the backward pass. */
void afb_dropout(int64_t n, double rate, uint64_t seed, uint64_t stream, uint64_t first, float *x);

#endif
