/* What a model is asked about a sample: kinds of targets, their losses, and what is predicted of them. Not collective.
 *
 *   letter  label              outputs                     loss                                        prediction
 *   s       0, 1               1: logit z of a survival    -ln p(label), p = 1 / (1 + exp(-z))         p
 *   b       0, 1               1: logit z                  the same                                    p
 *   g       a number y         2: mean m, ln deviation s   (r - m)^2 / (2 exp(2 s)) + s                a Gaussian: mean, deviation
 *   c<n>    0 ... n-1          n: logits                   -ln of the softmax at the label             n probabilities
 *
 * r = (y - mean) / deviation of y in the training set. A label NaN is unknown: no loss. "ssggc5" are five targets of 2 + 4 + 5 outputs; survivals come
 * first. Each output has two numbers (a, b), fitted after training on held-out samples: z -> a z + b for s and b; a of the first output of c: all
 * logits times a; for g (deviation, mean) of y, and of the second output b: ln of the factor by which the deviations predicted are too small. */
#ifndef AFB_LEARN_HEAD_H
#define AFB_LEARN_HEAD_H

#include <stdint.h>

#include "core/status.h"

enum { AFB_MAX_HEADS = 16, AFB_MOST_CLASSES = 16, AFB_HEADS_LENGTH = 32 };

typedef enum { AFB_HEAD_SURVIVAL, AFB_HEAD_YES_NO, AFB_HEAD_NUMBER, AFB_HEAD_CLASS } afb_head_kind;

typedef struct {
  afb_head_kind kind;
  int first, n;                /* outputs first ... first + n - 1 */
} afb_head;

typedef struct {
  int n, n_out, n_survival;
  afb_head head[AFB_MAX_HEADS];
} afb_heads;

/* n_target targets; "" are survivals. AFB_E_INPUT: unknown letter, another number of targets, a survival after others, more than fit. */
afb_status afb_heads_parse(const char *text, int n_target, afb_heads *out);

/* One target of one sample. z: the sample's outputs of all targets; scale: the (a, b) of all outputs. Returns the loss times `share`; its derivatives
 * by the target's outputs are put into gradient (all outputs; NULL: not wanted), 0 when the label is unknown. */
double afb_head_loss(const afb_head *head, const float *z, const float *scale, float label, double share, float *gradient);

/* What outputs z say, calibrated: value[head->first ...]; shapes as afb_head_loss. */
void afb_head_predict(const afb_head *head, const float *z, const float *scale, float *value);

/* Fits the (a, b) of one target to n samples that the model had not seen: z[n][n_out], label[i * stride]. With too few labels of one outcome
 * they stay as they are, which is (1, 0) or (deviation, mean). `scale`: of all outputs. */
void afb_head_calibrate(const afb_head *head, int64_t n, int n_out, const float *z, const float *label, int stride, float *scale);

#endif
