/* Models of sets: what they are and how their numbers are reached. Not collective.
 *
 * A model maps a sample of an afb_set_table to outputs, one or several a target, of which learn/head.h says what they mean. Probabilities are
 * calibrated on held-out samples (Platt scaling: Platt, Advances in Large Margin Classifiers, 1999; a temperature for classes). A model may be an
 * ensemble of `members` networks that differ by their random start and order of samples (Lakshminarayanan, Pritzel, Blundell, NIPS
 * 2017, arXiv:1612.01474); its logits are the means of theirs, its Gaussians have the mean and the variance of their mixture.
 *
 * All numbers of a model lie in flat float arrays, in an order that the spec fixes, so that any owner may store them:
 *   weight    [n_weights]      trainable parameters of all members, member after member
 *   moment1/2 [n_weights]      optimiser state, 0 at first
 *   scale     [n_scale]        standardisation of the inputs and the (a, b) of each output: fitted, not trained
 *   step                       optimiser steps made so far
 * A model is rebuilt from its spec (as text: afb_model_spec_format / _parse) and these arrays. */
#ifndef AFB_LEARN_MODEL_H
#define AFB_LEARN_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "learn/head.h"
#include "learn/set_table.h"

enum { AFB_MODEL_SPEC_LENGTH = 256 };

typedef struct {
  char kind[24];               /* name in afb_model_kinds: "set_transformer" */
  int n_token, n_global, n_target;
  int width;                   /* d: length of a token's hidden vector; a multiple of attention_heads */
  int layers;                  /* attention blocks */
  int attention_heads;
  int members;                 /* size of the ensemble */
  double dropout;              /* 0 ... 1 */
  uint64_t seed;
  char targets[AFB_HEADS_LENGTH];   /* kinds of the targets, learn/head.h; "": all survivals, as in files without this entry */
} afb_model_spec;

/* Defaults that train within seconds on a few hundred small sets; targets are survivals. */
void afb_model_spec_default(int n_token, int n_global, int n_target, afb_model_spec *spec);
/* "kind=set_transformer n_token=40 ..." ; returns buffer, of size >= AFB_MODEL_SPEC_LENGTH. */
char *afb_model_spec_format(const afb_model_spec *spec, char *buffer, size_t size);
/* AFB_E_INPUT: unknown or missing key, value out of range (the message says which). */
afb_status afb_model_spec_parse(const char *text, afb_model_spec *spec);

typedef struct {
  afb_model_spec spec;
  int64_t n_weights, n_scale;
  float *weight, *moment1, *moment2, *scale;
  int64_t step;
  struct afb_model_work *work;   /* private: layout, arena of activations; rebuilt, never stored */
} afb_model;

/* Weights drawn from (spec->seed, member): the same on every rank. AFB_E_INPUT (spec), AFB_E_MEMORY. */
afb_status afb_model_create(const afb_model_spec *spec, afb_model **out);
void afb_model_destroy(afb_model **model);

/* Outputs of a sample: n_target when all targets are survivals. The spec has been checked. */
int afb_model_n_out(const afb_model_spec *spec);

/* Predictions of all samples, as learn/head.h lists them. mean [n][n_out]; spread [n][n_out] or NULL: standard deviation over members of the
 * members' calibrated predictions (0 with one member). AFB_E_INPUT when the table's widths are not the model's,
 * AFB_E_MEMORY. Cost: about 24 layers members width^2 flops a token. */
afb_status afb_model_predict(afb_model *model, const afb_set_table *table, float *mean, float *spread);

#endif
