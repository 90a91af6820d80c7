/* What a kind of model must provide; kinds are listed in learn/model_list.c. Not collective. */
#ifndef AFB_LEARN_MODEL_KIND_H
#define AFB_LEARN_MODEL_KIND_H

#include <stdint.h>

#include "core/status.h"
#include "learn/model.h"

/* Standardised, packed samples of one pass. */
typedef struct {
  int n_sets, n_tokens;
  int32_t *start;              /* [n_sets + 1] first token of each set */
  int64_t *pair_start;         /* [n_sets + 1] sum of m afb_padded(m) of the sets before, m their sizes */
  int32_t *added;              /* [n_sets] token number of the added token, counted over the batch */
  int32_t *blame;              /* [n_sets] the same of the token that a failure is put down to, or -1 */
  float blame_weight;          /* 0: the blame is not learnt from */
  float *token, *global;       /* [n_tokens][n_token], [n_sets][n_global] */
  /* Dropout is off unless rate > 0; its numbers depend on (seed, step, key of the sample) alone. */
  double dropout;
  uint64_t seed, step;
  int64_t *key;                /* [n_sets] place of the sample in the global batch */
} afb_set_batch;

/* Called by backward (unless NULL is given) as soon as gradient[first ... first+count-1] is final; each part once. */
typedef struct {
  void (*ready)(void *owner, int64_t first, int64_t count);
  void *owner;
} afb_gradient_sink;

/* Weights first ... first + count - 1 of a member. */
typedef struct {
  int64_t first, count;
} afb_extent;

typedef struct {
  const char *name, *description, *reference;
  afb_status (*check)(const afb_model_spec *spec);                    /* AFB_E_INPUT */
  int64_t (*n_weights)(const afb_model_spec *spec);                   /* of one member */
  /* How many matrices (no constants, no gains) the weights of a member hold; out (or NULL): where they lie, in ascending order. */
  int (*matrices)(const afb_model_spec *spec, afb_extent *out);
  void (*init)(const afb_model_spec *spec, int member, float *weight);
  /* Replaces what would be random by a linear model of the standardised globals: linear [n_out][n_global + 1] of every output, constant last. */
  void (*prime)(const afb_model_spec *spec, const double *linear, float *weight);
  /* Work space: holds the activations between forward and backward; grows to the largest batch seen. */
  afb_status (*work_create)(const afb_model_spec *spec, void **work);
  void (*work_destroy)(void **work);
  /* logit [n_sets][n_out]. AFB_E_MEMORY. */
  afb_status (*forward)(void *work, const float *weight, const afb_set_batch *batch, float *logit);
  /* Of the batch of the last forward, with the same weights. Adds to gradient. */
  void (*backward)(void *work, const float *weight, const afb_set_batch *batch, const float *logit_gradient,
                   float *gradient, const afb_gradient_sink *sink);
} afb_model_kind;

/* NULL-terminated. */
extern const afb_model_kind *const afb_model_kinds[];
/* NULL when there is none of that name. */
const afb_model_kind *afb_model_kind_find(const char *name);

#endif
