/* Losses by name, of one number each. Not collective.
 *
 * y: target, z: what is predicted, both in standard deviations of the target:
 *   mse            (z - y)^2
 *   mae            |z - y|
 *   huber          e^2 for |e| <= d, 2 d |e| - d^2 beyond, e = z - y (Huber, Ann. Math. Stat. 35, 73 (1964))
 *   cross_entropy  ln(1 + exp(z)) - y z, y being 0 or 1 and 1/(1 + exp(-z)) the probability of 1
 * likelihood, -ln p of a mixture of Gaussians for all targets of a row together, is that of learn/mdn.h. */
#ifndef AFB_LEARN_LOSS_H
#define AFB_LEARN_LOSS_H

typedef enum {
  AFB_LOSS_LIKELIHOOD,
  AFB_LOSS_MSE,
  AFB_LOSS_MAE,
  AFB_LOSS_HUBER,
  AFB_LOSS_CROSS_ENTROPY,
  AFB_N_LOSSES
} afb_loss;

const char *afb_loss_name(afb_loss loss);

/* Of any but the likelihood; *slope = its derivative by z. d: of huber. */
double afb_loss_value(afb_loss loss, double d, double y, double z, double *slope);

#endif
