/* Logistic regression with a ridge, by Newton's method (iteratively reweighted least squares): the baseline that every
 * report quotes, and the calibration of models. Not collective. */
#ifndef AFB_LEARN_LOGISTIC_H
#define AFB_LEARN_LOGISTIC_H

#include <stdint.h>

#include "core/status.h"

/* Minimises  sum_i -[y_i ln p_i + (1-y_i) ln(1-p_i)] + ridge/2 sum_k w_k^2,  p = 1/(1+exp(-(w.x + w_0))), over inputs
 * standardised inside (the ridge acts on standardised weights; not on w_0). x[n][stride], the first n_features of
 * each row count; y[i * y_stride] is 0, 1 or NaN (left out). weight[n_features + 1], w_0 last, in the original units.
 * AFB_E_INPUT: fewer than one sample; AFB_E_MEMORY; AFB_E_NUMERIC: Newton did not converge in 100 steps.
 * Cost: a few times n n_features^2. */
afb_status afb_logistic_fit(int64_t n, int n_features, const float *x, int stride, const float *y, int y_stride,
                            double ridge, double *weight);
/* p[i * p_stride] of n rows. */
void afb_logistic_predict(int64_t n, int n_features, const float *x, int stride, const double *weight, float *p,
                          int p_stride);

#endif
