/* The private side of afb_model. */
#ifndef AFB_LEARN_MODEL_WORK_H
#define AFB_LEARN_MODEL_WORK_H

#include "learn/batch.h"
#include "learn/model.h"

struct afb_model_work {
  const afb_model_kind *kind;
  afb_heads heads;
  int64_t member_weights;
  void *net;
  afb_batch_buffer buffer;
  float *logit;                /* [capacity][n_out] */
  int logit_capacity;
};

enum { AFB_PREDICT_SETS = 256 };   /* sets a pass */

/* Weights of all members from the spec's seed; moments and step 0. */
void afb_model_reset(afb_model *model);
/* Fills model->work->buffer and makes room in work->logit. */
afb_status afb_model_batch(afb_model *model, const afb_set_table *table, int n, const int64_t *row, int64_t key0);
/* One member's logits of the batch in the buffer, in work->logit. */
afb_status afb_model_forward(afb_model *model, int member);
/* (a, b) of all outputs. */
float *afb_model_calibration(const afb_model *model);
/* AFB_E_INPUT unless the table has the model's widths. */
afb_status afb_model_check_table(const afb_model *model, const afb_set_table *table);

#endif
