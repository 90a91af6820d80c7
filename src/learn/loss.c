#include "learn/loss.h"

#include <math.h>

const char *afb_loss_name(afb_loss loss)
{
  static const char *const name[AFB_N_LOSSES] = {[AFB_LOSS_LIKELIHOOD] = "likelihood", [AFB_LOSS_MSE] = "mse", [AFB_LOSS_MAE] = "mae",
                                                 [AFB_LOSS_HUBER] = "huber", [AFB_LOSS_CROSS_ENTROPY] = "cross_entropy"};
  return name[loss];
}

double afb_loss_value(afb_loss loss, double d, double y, double z, double *slope)
{
  double e = z - y, sign = e > 0 ? 1 : e < 0 ? -1 : 0;
  if (loss == AFB_LOSS_CROSS_ENTROPY) {
    *slope = 1 / (1 + exp(-z)) - y;
    return (z > 0 ? z : 0) + log1p(exp(-fabs(z))) - y * z;
  }
  if (loss == AFB_LOSS_MAE) {
    *slope = sign;
    return fabs(e);
  }
  if (loss == AFB_LOSS_HUBER && fabs(e) > d) {
    *slope = 2 * d * sign;
    return 2 * d * fabs(e) - d * d;
  }
  *slope = 2 * e;
  return e * e;
}
