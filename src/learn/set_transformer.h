/* The set transformer (Lee et al., ICML 2019, arXiv:1810.00825, without inducing points): pre-normalised attention blocks over
 * the tokens of a set, which know nothing of their order.
 *
 *   h_t = W_x x_t + W_g g;   L times:  h += A(N(h)),  h += F(N(h));   f = N(h)
 *   H   = sum_t softplus(w f_t + b) + softplus(r([f_added, mean_t f_t]) + v g),   one w, b, r, v per survival
 *   p   = exp(-H)
 *   y   = r'([f_added, mean_t f_t]) + v' g for targets that are no survivals
 *
 * Training starts from a logistic regression on g: r = 0 nearly, v from that, the tokens' survivals near 1.
 * A: attention of `attention_heads` heads; F: one hidden layer of 2 d, GELU; r: one hidden layer of d, GELU. p is a product of
 * survival probabilities, one per token and one for the set as a whole: a set of many risky members is riskier than any that was
 * seen in training, which is what carries the model from small sets to larger ones. */
#ifndef AFB_LEARN_SET_TRANSFORMER_H
#define AFB_LEARN_SET_TRANSFORMER_H

#include "learn/model_kind.h"

extern const afb_model_kind afb_set_transformer;

/* softplus(w f_t + b) of token `token` of the batch and target `target` in the last forward pass of this work space: the token's
 * part of H. */
float afb_set_transformer_risk(const void *work, int token, int target);

#endif
