/* Vectors of AFB_LANES floats (16, 8 or 4; the including file defines it) by the vector extensions of GCC and Clang: a, b of type
 * afb_f have + - * / and comparisons, which give an afb_i. For inclusion by one source file per width, compiled for a processor that
 * has such vectors: see kernels_w16.c. Not collective. */
#ifndef AFB_LEARN_VECTOR_H
#define AFB_LEARN_VECTOR_H

#include <stdint.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#ifndef AFB_LANES
#define AFB_LANES 4
#endif

typedef float afb_f __attribute__((vector_size(4 * AFB_LANES)));
typedef int32_t afb_i __attribute__((vector_size(4 * AFB_LANES)));
typedef afb_f afb_f_anywhere __attribute__((may_alias, aligned(4)));

#define AFB_INLINE static inline __attribute__((always_inline, unused))
#if defined __clang__
#define AFB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define AFB_UNROLL _Pragma("GCC unroll 32")
#endif

AFB_INLINE afb_f afb_load(const float *x) { return *(const afb_f_anywhere *)x; }
AFB_INLINE void afb_store(float *x, afb_f v) { *(afb_f_anywhere *)x = v; }
AFB_INLINE afb_f afb_all(float x) { return x - (afb_f){0}; }
AFB_INLINE afb_i afb_all_bits(int32_t x) { return x - (afb_i){0}; }

/* The first n < AFB_LANES elements only; the others are 0 and are not touched. */
AFB_INLINE afb_f afb_load_part(const float *x, int n)
{
#if defined __x86_64__ && AFB_LANES == 16
  return (afb_f)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
#else
  afb_f v = {0};
  memcpy(&v, x, (size_t)n * sizeof *x);
  return v;
#endif
}

AFB_INLINE void afb_store_part(float *x, afb_f v, int n)
{
#if defined __x86_64__ && AFB_LANES == 16
  _mm512_mask_storeu_ps(x, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  memcpy(x, &v, (size_t)n * sizeof *x);
#endif
}

/* a b + c and c - a b: rounded once where the processor can. */
#if defined __x86_64__ && AFB_LANES == 16
AFB_INLINE afb_f afb_fma(afb_f a, afb_f b, afb_f c) { return (afb_f)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
AFB_INLINE afb_f afb_fnma(afb_f a, afb_f b, afb_f c) { return (afb_f)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c); }
#elif defined __x86_64__ && AFB_LANES == 8
AFB_INLINE afb_f afb_fma(afb_f a, afb_f b, afb_f c) { return (afb_f)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
AFB_INLINE afb_f afb_fnma(afb_f a, afb_f b, afb_f c) { return (afb_f)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c); }
#elif defined __aarch64__ && AFB_LANES == 4
AFB_INLINE afb_f afb_fma(afb_f a, afb_f b, afb_f c) { return (afb_f)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
AFB_INLINE afb_f afb_fnma(afb_f a, afb_f b, afb_f c) { return (afb_f)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#else
AFB_INLINE afb_f afb_fma(afb_f a, afb_f b, afb_f c) { return a * b + c; }
AFB_INLINE afb_f afb_fnma(afb_f a, afb_f b, afb_f c) { return c - a * b; }
#endif

AFB_INLINE afb_f afb_select(afb_i where, afb_f a, afb_f b) { return (afb_f)((where & (afb_i)a) | (~where & (afb_i)b)); }

AFB_INLINE afb_f afb_larger(afb_f a, afb_f b)
{
#if defined __x86_64__ && AFB_LANES == 16
  return (afb_f)_mm512_max_ps((__m512)a, (__m512)b);
#else
  return afb_select(a > b, a, b);
#endif
}

AFB_INLINE afb_f afb_smaller(afb_f a, afb_f b)
{
#if defined __x86_64__ && AFB_LANES == 16
  return (afb_f)_mm512_min_ps((__m512)a, (__m512)b);
#else
  return afb_select(a < b, a, b);
#endif
}

AFB_INLINE afb_f afb_root(afb_f x)
{
#if defined __x86_64__ && AFB_LANES == 16
  return (afb_f)_mm512_sqrt_ps((__m512)x);
#elif defined __x86_64__ && AFB_LANES == 8
  return (afb_f)_mm256_sqrt_ps((__m256)x);
#elif defined __x86_64__ && AFB_LANES == 4
  return (afb_f)_mm_sqrt_ps((__m128)x);
#else
  for (int i = 0; i < AFB_LANES; i++)
    x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

/* Sum of the lanes. */
AFB_INLINE float afb_sum(afb_f x)
{
#if defined __x86_64__ && AFB_LANES == 16
  return _mm512_reduce_add_ps((__m512)x);
#elif defined __x86_64__ && AFB_LANES == 8
  __m128 h = _mm_add_ps(_mm256_castps256_ps128((__m256)x), _mm256_extractf128_ps((__m256)x, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(h) + _mm_cvtss_f32(_mm_shuffle_ps(h, h, 1));
#else
  float half = 0, other = 0;
  for (int i = 0; i < AFB_LANES; i += 2) {
    half += x[i];
    other += x[i + 1];
  }
  return half + other;
#endif
}

/* exp x for |x| <= 60, and exp of the nearer bound outside: relative error below 1.5e-7. The bounds keep products with what is very small
 * normal numbers, for processors are slow with others. With x = k ln 2 + r, |r| <= ln(2)/2, by
 * interpolation of (exp r - 1 - r)/r^2 in Chebyshev nodes; k stands in the last bits of the shifted product. */
AFB_INLINE afb_f afb_exp(afb_f x)
{
  const afb_f shift = afb_all(12582912.0f);           /* 1.5 2^23: adding it rounds to an integer, in the last bits */
  x = afb_larger(afb_smaller(x, afb_all(60)), afb_all(-60));
  afb_f shifted = afb_fma(x, afb_all(1.44269504f), shift), k = shifted - shift;
  afb_f r = afb_fnma(k, afb_all(0.693359375f), x);    /* few digits: the product is exact */
  r = afb_fnma(k, afb_all(-2.12194440e-4f), r);
  afb_f p = afb_all(0.001393368816934526f);
  p = afb_fma(p, r, afb_all(0.008363205008208752f));
  p = afb_fma(p, r, afb_all(0.041666463017463684f));
  p = afb_fma(p, r, afb_all(0.16666576266288757f));
  p = afb_fma(p, r, afb_all(0.5f));
  p = afb_fma(p * r, r, r) + afb_all(1);
  return (afb_f)((afb_i)p + ((afb_i)shifted << 23));
}

/* ln x of positive, normal x: error below 1.5e-7 max(1, |ln x|). x = 2^k m, 1/sqrt(2) <= m < sqrt(2); ln m = 2 artanh s, s = (m-1)/(m+1), by its
 * series, whose next term is below 1e-9. */
AFB_INLINE afb_f afb_log(afb_f x)
{
  afb_i k = ((afb_i)x - afb_all_bits(0x3f3504f3)) >> 23;
  afb_f m = (afb_f)((afb_i)x - (k << 23)), s = (m - afb_all(1)) / (m + afb_all(1)), z = s * s;
  afb_f p = afb_fma(z, afb_all(2.0f / 9), afb_all(2.0f / 7)), exponent = __builtin_convertvector(k, afb_f);
  p = afb_fma(p, z, afb_all(2.0f / 5));
  p = afb_fma(p, z, afb_all(2.0f / 3));
  p = afb_fma(p * z, s, s + s);
  return afb_fma(exponent, afb_all(0.693359375f), afb_fma(exponent, afb_all(-2.12194440e-4f), p));
}

/* 1 / (1 + exp(-x)). */
AFB_INLINE afb_f afb_sigmoid(afb_f x) { return afb_all(1) / (afb_all(1) + afb_exp(-x)); }

#endif
