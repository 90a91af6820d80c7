/* The bispectrum in vectors of 2 doubles, which every x86-64 (SSE2) and aarch64 (NEON) has; other processors do without. */
#define AFB_LANES 2
#include "descriptor/bispectrum_vector.h"
#include "descriptor/bispectrum_vector_values.h"
#include "descriptor/bispectrum_vector_gradients.h"
#include "descriptor/bispectrum_vector_derivatives.h"

static int available(void) { return 1; }

const afb_bispectrum_kernel_ops afb_kernel_2 = {.name = "vector 2", .width = 2, .available = available, .create = afb_vector_create,
                                                .destroy = afb_vector_destroy, .values = afb_vector_values,
                                                .derivatives = afb_vector_derivatives, .gradients = afb_vector_gradients};
