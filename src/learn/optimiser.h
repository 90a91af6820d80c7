/* AdamW (Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101). Not collective. */
#ifndef AFB_LEARN_OPTIMISER_H
#define AFB_LEARN_OPTIMISER_H

#include <stdint.h>

typedef struct {
  double rate, weight_decay;
  double clip;                 /* the gradient is shortened to this norm; 0: never */
  int64_t step;                /* from 1, for the bias corrections */
} afb_adamw;

/* Euclidean norm, its parts summed in double precision. */
double afb_adamw_norm(int64_t n, const float *gradient);

/* m1 = .9 m1 + .1 g, m2 = .999 m2 + .001 g^2, w -= rate (m1' / (sqrt(m2') + 1e-8) + weight_decay w), primes: over
 * 1 - beta^step; g: the gradient, whose norm the caller knows, shortened. In one pass over the four arrays. */
void afb_adamw_step(const afb_adamw *options, int64_t n, double norm, const float *gradient, float *weight, float *moment1,
                    float *moment2);

#endif
