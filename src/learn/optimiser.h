/* Optimisers and schedules of the learning rate, by name. Not collective, no allocation.
 *
 * g: gradient, shortened to the norm `clip`; m1, m2: moments of each weight, zero at first; decay is decoupled from the gradient
 * (Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101). With beta1 = .9, beta2 = .999, primes: over 1 - beta^step,
 *   adamw   m1 = beta1 m1 + (1 - beta1) g, m2 = beta2 m2 + (1 - beta2) g^2, u = m1' / (sqrt(m2') + 1e-8) + decay w,  w -= rate u
 *   lamb    the same u;  w -= rate (|w| / |u|) u  for each matrix of weights, with factor 1 where |w| or |u| is 0, and for constants and
 *           gains, which are no matrices (You et al., ICLR 2020, arXiv:1904.00962)
 *   sgd     m1 = beta1 m1 + g,  w -= rate (m1 + decay w); m2 is not used */
#ifndef AFB_LEARN_OPTIMISER_H
#define AFB_LEARN_OPTIMISER_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  double rate, weight_decay;
  double shorten;              /* factor of the gradient */
  int64_t step;                /* from 1, for the bias corrections */
} afb_optimiser_step;

typedef struct {
  const char *name, *description, *reference;
  int by_matrix;               /* step lengths depend on norms of whole matrices */
  /* Moments, and by_matrix: the gradient becomes u, otherwise the weights make their step. In one pass over the arrays, [n] each. */
  void (*update)(const afb_optimiser_step *step, int64_t n, float *gradient, float *weight, float *moment1, float *moment2);
} afb_optimiser;

typedef struct {
  const char *name, *description;
  double (*factor)(double x);  /* of the rate, x = 0 ... 1: part of the steps after the warm-up that have been made */
} afb_rate_schedule;

/* Ended by a row without a name; the first is the default. */
extern const afb_optimiser afb_optimisers[];
extern const afb_rate_schedule afb_rate_schedules[];
/* By name, NULL: the default. AFB_E_INPUT: none of that name; the message lists the choices. */
afb_status afb_optimiser_find(const char *name, const afb_optimiser **out);
afb_status afb_rate_schedule_find(const char *name, const afb_rate_schedule **out);

/* by_matrix: weight -= rate factor u, the factor |w| / |u| from the squares of both norms. */
void afb_optimiser_descend(const afb_optimiser_step *step, double weight_square, double direction_square, int64_t n, const float *direction,
                           float *weight);

#endif
