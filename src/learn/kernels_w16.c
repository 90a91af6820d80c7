/* Learning in vectors of 16 floats: AVX-512 of x86-64. System headers stand before the target is changed. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#if defined __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,fma,tune=icelake-server")
#endif
#define AFB_LANES 16
#include "learn/kernels_body.h"

static int available(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"); }

const afb_kernels afb_kernels_16 = AFB_KERNELS("vector 16");
#if defined __clang__
#pragma clang attribute pop
#endif
#else
#include "learn/kernels.h"

static int available(void) { return 0; }

const afb_kernels afb_kernels_16 = {.name = "vector 16", .lanes = 16, .available = available};
#endif
