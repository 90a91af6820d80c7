/* The bispectrum in vectors of 8 doubles: AVX-512 of x86-64. System headers stand before the target is changed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#if defined __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,fma,tune=icelake-server")
#endif
#define AFB_LANES 8
#include "descriptor/bispectrum_vector.h"
#include "descriptor/bispectrum_vector_values.h"
#include "descriptor/bispectrum_vector_gradients.h"
#include "descriptor/bispectrum_vector_derivatives.h"

static int available(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"); }

const afb_bispectrum_kernel_ops afb_kernel_8 = {.name = "vector 8", .width = 8, .available = available, .create = afb_vector_create,
                                                .destroy = afb_vector_destroy, .values = afb_vector_values,
                                                .derivatives = afb_vector_derivatives, .gradients = afb_vector_gradients};
#if defined __clang__
#pragma clang attribute pop
#endif
#else
#include "descriptor/bispectrum_plan.h"

static int available(void) { return 0; }

const afb_bispectrum_kernel_ops afb_kernel_8 = {.name = "vector 8", .width = 8, .available = available};
#endif
