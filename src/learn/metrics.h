/* How good predicted probabilities of a yes-or-no outcome are. Not collective. */
#ifndef AFB_LEARN_METRICS_H
#define AFB_LEARN_METRICS_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  int64_t n, n_positive;         /* samples with a known label; of these labelled 1 */
  double accuracy;               /* threshold 1/2 */
  double balanced_accuracy;      /* mean of the true positive and the true negative rate; NaN with one class only */
  double auc;                    /* area under the receiver operating characteristic, ties count 1/2; NaN with one class only */
  double log_loss;               /* mean of -ln p(label), p clipped to [1e-7, 1-1e-7], nats */
  double calibration_error;      /* expected calibration error: sum_b (n_b/n) |mean p - mean y| over 10 equal-width bins */
} afb_metrics;

/* p[i * p_stride] against label[i * label_stride], i < n; NaN labels are left out. With no known label at all every
 * member is NaN except n. AFB_E_MEMORY. Cost: n log n. */
afb_status afb_metrics_compute(int64_t n, const float *p, int p_stride, const float *label, int label_stride,
                               afb_metrics *out);

/* Log loss of the constant prediction `rate` on the same labels (the base rate of the training part, or their own). */
double afb_base_rate_log_loss(int64_t n, const float *label, int label_stride, double rate);

#endif
