#include "numeric/peak.h"

#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#include "core/clock.h"

/* More chains than a multiply-add takes cycles on two units, fewer than there are registers. */
enum { CHAINS = 12, ROUND = 100000 };

/* CHAINS independent chains x = x m + a that stay near 1. */
#define AFB_CHAINS(vector, set, fma, sum)                 \
  vector x[CHAINS], m = set(0.999999), a = set(0.000001); \
  _Pragma("GCC unroll 12") for (int k = 0; k < CHAINS; k++) x[k] = set(1.0 + 0.01 * k); \
  for (int i = 0; i < ROUND; i++)                         \
    _Pragma("GCC unroll 12") for (int k = 0; k < CHAINS; k++) x[k] = fma(x[k], m, a); \
  for (int k = 1; k < CHAINS; k++)                        \
    x[0] = sum(x[0], x[k])

#if defined __x86_64__
__attribute__((target("avx512f"))) static double round_8(void)
{
  AFB_CHAINS(__m512d, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_add_pd);
  return _mm512_reduce_add_pd(x[0]);
}

__attribute__((target("avx2,fma"))) static double round_4(void)
{
  AFB_CHAINS(__m256d, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_add_pd);
  return x[0][0] + x[0][1] + x[0][2] + x[0][3];
}

static __m128d multiply_add(__m128d x, __m128d m, __m128d a) { return _mm_add_pd(_mm_mul_pd(x, m), a); }

static double round_2(void)
{
  AFB_CHAINS(__m128d, _mm_set1_pd, multiply_add, _mm_add_pd);
  return x[0][0] + x[0][1];
}
#elif defined __aarch64__
static float64x2_t multiply_add(float64x2_t x, float64x2_t m, float64x2_t a) { return vfmaq_f64(a, x, m); }

static double round_2(void)
{
  AFB_CHAINS(float64x2_t, vdupq_n_f64, multiply_add, vaddq_f64);
  return vaddvq_f64(x[0]);
}
#else
static double itself(double x) { return x; }
static double multiply_add(double x, double m, double a) { return x * m + a; }
static double add(double x, double y) { return x + y; }

static double round_1(void)
{
  AFB_CHAINS(double, itself, multiply_add, add);
  return x[0];
}
#endif

double afb_peak_gflops(void)
{
#if defined __x86_64__
  int lanes = __builtin_cpu_supports("avx512f") ? 8 : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 4 : 2;
  double (*round)(void) = lanes == 8 ? round_8 : lanes == 4 ? round_4 : round_2;
#elif defined __aarch64__
  int lanes = 2;
  double (*round)(void) = round_2;
#else
  int lanes = 1;
  double (*round)(void) = round_1;
#endif
  double best = 0;
  volatile double kept = round();
  for (int repeat = 0; repeat < 12; repeat++) {
    double start = afb_cpu_seconds();
    kept = round();
    double rate = 2e-9 * lanes * CHAINS * ROUND / (afb_cpu_seconds() - start);
    best = rate > best ? rate : best;
  }
  (void)kept;
  return best;
}
