#include "learn/optimiser.h"

#include <math.h>

double afb_adamw_norm(int64_t n, const float *gradient)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += (double)gradient[i] * (double)gradient[i];
  return sqrt(sum);
}

void afb_adamw_step(const afb_adamw *o, int64_t n, const float *gradient, float *weight, float *moment1, float *moment2)
{
  const float beta1 = 0.9f, beta2 = 0.999f;
  double norm = o->clip > 0 ? afb_adamw_norm(n, gradient) : 0;
  float shorten = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1;
  float unbias1 = (float)(1 / (1 - pow(beta1, (double)o->step))), unbias2 = (float)(1 / (1 - pow(beta2, (double)o->step)));
  float rate = (float)o->rate, decay = (float)o->weight_decay;
  for (int64_t i = 0; i < n; i++) {
    float g = shorten * gradient[i];
    moment1[i] = beta1 * moment1[i] + (1 - beta1) * g;
    moment2[i] = beta2 * moment2[i] + (1 - beta2) * g * g;
    weight[i] -= rate * (unbias1 * moment1[i] / (sqrtf(unbias2 * moment2[i]) + 1e-8f) + decay * weight[i]);
  }
}
