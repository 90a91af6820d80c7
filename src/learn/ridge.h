/* Linear least squares with a ridge: the baseline of targets that are numbers, and where their training starts. Not collective. */
#ifndef AFB_LEARN_RIDGE_H
#define AFB_LEARN_RIDGE_H

#include <stdint.h>

#include "core/status.h"

/* Minimises  sum_i (y_i - w.x_i - w_0)^2 + ridge sum_k w_k^2  over inputs standardised inside (the ridge acts on standardised
 * weights; not on w_0). x[n][stride], the first n_features of each row count; y[i * y_stride], NaN is left out. weight[n_features + 1],
 * w_0 last, in the original units; *deviation (or NULL): root of the mean squared residual. AFB_E_INPUT: no known y; AFB_E_MEMORY;
 * AFB_E_NUMERIC: not finite. Cost: n n_features^2. */
afb_status afb_ridge_fit(int64_t n, int n_features, const float *x, int stride, const float *y, int y_stride, double ridge,
                         double *weight, double *deviation);
/* w.x + w_0 */
double afb_ridge_value(int n_features, const float *x, const double *weight);

#endif
