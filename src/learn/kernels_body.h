/* All kernels of one width of vectors, and their table. Included by kernels_w*.c alone. */
#ifndef AFB_LEARN_KERNELS_BODY_H
#define AFB_LEARN_KERNELS_BODY_H

#include "learn/kernels_attention.h"
#include "learn/kernels_density.h"
#include "learn/kernels_layers.h"

#define AFB_KERNELS(title)                                                                                                   \
  {                                                                                                                          \
    .name = (title), .lanes = AFB_LANES, .available = available, .gelu = afb_vector_gelu,                                    \
    .norm_forward = afb_vector_norm_forward, .norm_backward = afb_vector_norm_backward, .add_bias = afb_vector_add_bias,     \
    .column_sums = afb_vector_column_sums, .row_sums = afb_vector_row_sums, .multiply = afb_vector_multiply,                 \
    .attention_forward = afb_vector_attention_forward, .attention_backward = afb_vector_attention_backward,                  \
    .square_sum = afb_vector_square_sum, .adamw = afb_vector_adamw, .lamb = afb_vector_lamb, .sgd = afb_vector_sgd,          \
    .subtract = afb_vector_subtract, .density = afb_vector_density                                                           \
  }

#endif
