/* Learning in vectors of 8 floats: AVX2 and FMA of x86-64. System headers stand before the target is changed. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#if defined __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define AFB_LANES 8
#include "learn/kernels_body.h"

static int available(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

const afb_kernels afb_kernels_8 = AFB_KERNELS("vector 8");
#if defined __clang__
#pragma clang attribute pop
#endif
#else
#include "learn/kernels.h"

static int available(void) { return 0; }

const afb_kernels afb_kernels_8 = {.name = "vector 8", .lanes = 8, .available = available};
#endif
