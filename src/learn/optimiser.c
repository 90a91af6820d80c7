#include "learn/optimiser.h"

#include <math.h>

#include "learn/kernels.h"

double afb_adamw_norm(int64_t n, const float *gradient)
{
  return sqrt(afb_kernels_best()->square_sum(n, gradient));
}

void afb_adamw_step(const afb_adamw *o, int64_t n, double norm, const float *gradient, float *weight, float *moment1, float *moment2)
{
  afb_adamw_factors factors = {
    .shorten = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1,
    .rate = (float)o->rate,
    .decay = (float)o->weight_decay,
    .unbias1 = (float)(1 / (1 - pow(0.9, (double)o->step))),
    .unbias2 = (float)(1 / (1 - pow(0.999, (double)o->step))),
  };
  afb_kernels_best()->adamw(&factors, n, gradient, weight, moment1, moment2);
}
