/* Vectors of AFB_LANES doubles (8, 4 or 2; the including file defines it, 2 where it does not) by the vector extensions of
 * GCC and Clang: a, b of type afb_v have + - * / and comparisons, which give an afb_mask. For inclusion by one source file per
 * width, compiled for a processor that has such vectors: see bispectrum_w8.c. Every function works lane by lane, so that
 * a result never depends on its lane. Not collective. */
#ifndef AFB_DESCRIPTOR_VECTOR_H
#define AFB_DESCRIPTOR_VECTOR_H

#include <stdint.h>
#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#ifndef AFB_LANES
#define AFB_LANES 2
#endif

typedef double afb_v __attribute__((vector_size(8 * AFB_LANES)));
typedef int64_t afb_mask __attribute__((vector_size(8 * AFB_LANES)));
typedef uint64_t afb_bits __attribute__((vector_size(8 * AFB_LANES)));

#define AFB_INLINE static inline __attribute__((always_inline, unused))
/* Before a loop of constant length that is to be written out. */
#if defined __clang__
#define AFB_UNROLL _Pragma("clang loop unroll(full)")
#else
#define AFB_UNROLL _Pragma("GCC unroll 32")
#endif

typedef afb_v afb_v_of_doubles __attribute__((may_alias));

/* Elements i AFB_LANES ... of an array that begins on a multiple of a vector's size. */
AFB_INLINE afb_v afb_load(const double *array, int i) { return ((const afb_v_of_doubles *)array)[i]; }

AFB_INLINE afb_v afb_all(double x)
{
#if AFB_LANES == 8
  return (afb_v){x, x, x, x, x, x, x, x};
#elif AFB_LANES == 4
  return (afb_v){x, x, x, x};
#else
  return (afb_v){x, x};
#endif
}

/* Into a register, where the compiler would rather read it from memory for each of its uses. */
#if defined __x86_64__
#define AFB_KEEP(v) __asm__("" : "+v"(v))
#elif defined __aarch64__
#define AFB_KEEP(v) __asm__("" : "+w"(v))
#else
#define AFB_KEEP(v) ((void)(v))
#endif

/* a b + c and c - a b: rounded once where the processor can. */
#if defined __x86_64__ && AFB_LANES == 8
AFB_INLINE afb_v afb_fma(afb_v a, afb_v b, afb_v c) { return (afb_v)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
AFB_INLINE afb_v afb_fnma(afb_v a, afb_v b, afb_v c) { return (afb_v)_mm512_fnmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
#elif defined __x86_64__ && AFB_LANES == 4
AFB_INLINE afb_v afb_fma(afb_v a, afb_v b, afb_v c) { return (afb_v)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
AFB_INLINE afb_v afb_fnma(afb_v a, afb_v b, afb_v c) { return (afb_v)_mm256_fnmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
#elif defined __aarch64__ && AFB_LANES == 2
AFB_INLINE afb_v afb_fma(afb_v a, afb_v b, afb_v c) { return (afb_v)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
AFB_INLINE afb_v afb_fnma(afb_v a, afb_v b, afb_v c) { return (afb_v)vfmsq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
#else
AFB_INLINE afb_v afb_fma(afb_v a, afb_v b, afb_v c) { return a * b + c; }
AFB_INLINE afb_v afb_fnma(afb_v a, afb_v b, afb_v c) { return c - a * b; }
#endif

AFB_INLINE afb_v afb_select(afb_mask where, afb_v a, afb_v b)
{
  return (afb_v)((where & (afb_mask)a) | (~where & (afb_mask)b));
}

/* Lanes of a and b by number, those of b from AFB_LANES on. */
#if defined __clang__
#define AFB_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define AFB_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (afb_mask){__VA_ARGS__})
#endif

/* t[i][k] becomes t[k][i], i, k < AFB_LANES: blocks of 1, 2, 4 change places. */
AFB_INLINE void afb_transpose(afb_v *t)
{
  AFB_UNROLL
  for (int i = 0; i < AFB_LANES; i += 2) {
    afb_v a = t[i], b = t[i + 1];
#if AFB_LANES == 8
    t[i] = AFB_SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    t[i + 1] = AFB_SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
#elif AFB_LANES == 4
    t[i] = AFB_SHUFFLE(a, b, 0, 4, 2, 6);
    t[i + 1] = AFB_SHUFFLE(a, b, 1, 5, 3, 7);
#else
    t[i] = AFB_SHUFFLE(a, b, 0, 2);
    t[i + 1] = AFB_SHUFFLE(a, b, 1, 3);
#endif
  }
#if AFB_LANES >= 4
  AFB_UNROLL
  for (int k = 0; k < AFB_LANES / 2; k++) {
    int i = k / 2 * 4 + k % 2;
    afb_v a = t[i], b = t[i + 2];
#if AFB_LANES == 8
    t[i] = AFB_SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    t[i + 2] = AFB_SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
#else
    t[i] = AFB_SHUFFLE(a, b, 0, 1, 4, 5);
    t[i + 2] = AFB_SHUFFLE(a, b, 2, 3, 6, 7);
#endif
  }
#endif
#if AFB_LANES == 8
  AFB_UNROLL
  for (int i = 0; i < 4; i++) {
    afb_v a = t[i], b = t[i + 4];
    t[i] = AFB_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    t[i + 4] = AFB_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
#endif
}

/* 1/sqrt(x), x normal and positive, to about 1 ulp. With AVX-512 from an estimate e0 of 14 bits: with d = 1 - x e^2 the next is
 * e (1 + d/2 + 3 d^2/8), error of the order d^3, then e (1 + d/2). */
AFB_INLINE afb_v afb_rsqrt(afb_v x)
{
#if defined __x86_64__ && AFB_LANES == 8
  afb_v e = (afb_v)_mm512_rsqrt14_pd((__m512d)x);
  afb_v d = afb_fnma(x * e, e, afb_all(1));
  e = afb_fma(e * d, afb_fma(d, afb_all(0.375), afb_all(0.5)), e);
  d = afb_fnma(x * e, e, afb_all(1));
  return afb_fma(e * afb_all(0.5), d, e);
#elif defined __x86_64__ && AFB_LANES == 4
  return afb_all(1) / (afb_v)_mm256_sqrt_pd((__m256d)x);
#elif defined __x86_64__ && AFB_LANES == 2
  return afb_all(1) / (afb_v)_mm_sqrt_pd((__m128d)x);
#elif defined __aarch64__ && AFB_LANES == 2
  return afb_all(1) / (afb_v)vsqrtq_f64((float64x2_t)x);
#else
  afb_v root;
  for (int i = 0; i < AFB_LANES; i++)
    root[i] = __builtin_sqrt(x[i]);
  return afb_all(1) / root;
#endif
}

/* sin and cos of |x| <= pi/2, from y = x^2: interpolation in Chebyshev nodes on [0, pi^2/4], error below 4e-17. */
AFB_INLINE afb_v afb_sin_half(afb_v x, afb_v y)
{
  afb_v p = afb_all(2.7314368769379893e-15);
  p = afb_fma(p, y, afb_all(-7.6439696639880739e-13));
  p = afb_fma(p, y, afb_all(1.6058977292642743e-10));
  p = afb_fma(p, y, afb_all(-2.505210761669045e-08));
  p = afb_fma(p, y, afb_all(2.7557319219160833e-06));
  p = afb_fma(p, y, afb_all(-0.00019841269841254966));
  p = afb_fma(p, y, afb_all(0.0083333333333333159));
  p = afb_fma(p, y, afb_all(-0.16666666666666666));
  return afb_fma(p * y, x, x);
}

AFB_INLINE afb_v afb_cos_half(afb_v y)
{
  afb_v p = afb_all(-1.5218598818596388e-16);
  p = afb_fma(p, y, afb_all(4.7778776080385897e-14));
  p = afb_fma(p, y, afb_all(-1.1470712262813793e-11));
  p = afb_fma(p, y, afb_all(2.0876756602722215e-09));
  p = afb_fma(p, y, afb_all(-2.7557319221568361e-07));
  p = afb_fma(p, y, afb_all(2.4801587301579848e-05));
  p = afb_fma(p, y, afb_all(-0.0013888888888888881));
  p = afb_fma(p, y, afb_all(0.041666666666666664));
  return afb_fma(afb_fma(p, y, afb_all(-0.5)), y, afb_all(1));
}

/* sin and cos of |x| < 1e6 with an absolute error of about 2e-16: x - k pi by pi in three parts of which two have so few digits
 * that their products with k are exact; the sign from k's last bit. */
AFB_INLINE void afb_sincos(afb_v x, afb_v *sine, afb_v *cosine)
{
  const afb_v shift = afb_all(6755399441055744.0);   /* 1.5 2^52: adding it rounds to an integer, in the last bits */
  afb_v shifted = afb_fma(x, afb_all(0.31830988618379067), shift), k = shifted - shift;
  afb_mask sign = (afb_mask)((afb_bits)shifted << 63);
  afb_v r = afb_fnma(k, afb_all(3.1415926516056061), x);
  r = afb_fnma(k, afb_all(1.9841871548575973e-09), r);
  r = afb_fnma(k, afb_all(4.5034835483124352e-18), r);
  afb_v y = r * r;
  *sine = (afb_v)((afb_mask)afb_sin_half(r, y) ^ sign);
  *cosine = (afb_v)((afb_mask)afb_cos_half(y) ^ sign);
}

#endif
