/* Perceptrons: mixture density networks (Bishop, Neural Computing Research Group report NCRG/94/004, 1994), which give a distribution of several
 * targets given the inputs, and such as give one number for each target. Not collective; no files.
 *
 *   p(y|x) = sum_k pi_k(x) N(y; m(x) + mu_k(x), C_k(x))
 *
 * m is a linear model of the standardised inputs that is fitted before (afb_mdn_train) and stays; a perceptron of GELU layers
 * with residual connections gives what is added to it, in units of its residuals' deviations. Its last layer gives, for each component, ln pi + constant, mu [n_out] and the
 * covariance:
 *   full       e = y - m - mu obeys  e_i = -sum_{j<i} t_ij e_j + d_i noise_i,  t [n_out (n_out-1)/2], d_i = floor + exp(s_i)
 *              (the modified Cholesky factors of the inverse covariance: Pourahmadi, Biometrika 86, 677 (1999))
 *   low rank   C = diag(d_i^2) + F F^T, F [n_out][rank]; rank 0: diagonal
 * With another loss than the likelihood the last layer gives one number for each target, which is added to m in the same units: the
 * prediction, or the logit of a probability. No hidden layer and a loss of mse: the linear model is the solution.
 * An ensemble's distribution is the equal mixture of its members' (Lakshminarayanan, Pritzel, Blundell, arXiv:1612.01474). A
 * temperature T that is fitted on rows which a member had not seen multiplies every deviation.
 *
 * Targets are scaled by one number for all of them: distances between targets keep their meaning.
 * Weights are float; residuals of the linear model and sums over rows are double. All numbers lie in flat arrays, in an order that the spec fixes:
 *   weight, moment1, moment2 [n_weights]   trainable and the optimiser's, member after member
 *   fixed [n_fixed]                        standardisation, linear models, temperature
 *   step                                   optimiser steps made */
#ifndef AFB_LEARN_MDN_H
#define AFB_LEARN_MDN_H

#include <stdint.h>

#include "core/status.h"
#include "learn/loss.h"

enum { AFB_MDN_MAX_OUT = 16, AFB_MDN_MAX_COMPONENTS = 64 };
typedef enum { AFB_MDN_FULL, AFB_MDN_LOW_RANK } afb_mdn_covariance;

typedef struct {
  int n_in, n_out;             /* n_out <= AFB_MDN_MAX_OUT */
  int components, members;
  int width, layers;           /* layers 0: the last layer stands on the inputs */
  int covariance, rank;        /* rank 0 ... n_out of a low-rank covariance; otherwise unused */
  double floor;                /* least deviation, in the targets' unit */
  uint64_t seed;
  afb_loss loss;               /* not the likelihood: any n_out; components 1, covariance, rank and floor are not used */
} afb_mdn_spec;

typedef struct {
  afb_mdn_spec spec;
  int64_t n_weights, n_fixed;
  float *weight, *moment1, *moment2;
  double *fixed;
  int64_t step;
  struct afb_mdn_work *work;   /* private */
} afb_mdn;

/* Small random weights from (seed, member), no linear model. AFB_E_INPUT: spec out of range (says what). AFB_E_MEMORY. */
afb_status afb_mdn_create(const afb_mdn_spec *spec, afb_mdn **out);
void afb_mdn_destroy(afb_mdn **mdn);
/* Weights, moments and step as they were created, unless no step was made. */
void afb_mdn_restart(afb_mdn *mdn);

/* n mixtures of M = members * components Gaussians. */
typedef struct {
  int64_t n;
  int m, n_out;
  double *weight;              /* [n][m], sums to 1 */
  double *mean;                /* [n][m][n_out] */
  double *covariance;          /* [n][m][n_out][n_out] */
} afb_mixtures;
void afb_mixtures_clear(afb_mixtures *mixtures);

/* Distributions at input [n][n_in], raw inputs, in the targets' unit, of all members or (member >= 0) of one. AFB_E_MEMORY. */
afb_status afb_mdn_predict(afb_mdn *mdn, int64_t n, const double *input, int member, afb_mixtures *out);

/* With another loss: what a member predicts for each target, in the targets' unit, or the probability (cross_entropy); out [n][n_out].
 * AFB_E_MEMORY. */
afb_status afb_mdn_points(afb_mdn *mdn, int64_t n, const double *input, int member, double *out);

/* Of mixture i: mean [n_out] and covariance [n_out][n_out] (or NULL) as a whole; -ln p(y); probability that target j is below y. */
void afb_mixture_moments(const afb_mixtures *mixtures, int64_t i, double *mean, double *covariance);
double afb_mixture_nll(const afb_mixtures *mixtures, int64_t i, const double *y);
double afb_mixture_below(const afb_mixtures *mixtures, int64_t i, int j, double y);

#endif
