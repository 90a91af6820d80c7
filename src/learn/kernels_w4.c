/* Learning in vectors of 4 floats, which every x86-64 (SSE2) and aarch64 (NEON) has; compilers break them up for other processors. */
#define AFB_LANES 4
#include "learn/kernels_body.h"

static int available(void) { return 1; }

const afb_kernels afb_kernels_4 = AFB_KERNELS("vector 4");
