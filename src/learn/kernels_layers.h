/* Bodies of afb_kernels for one width of vectors: what goes row by row or element by element. Included by kernels_w*.c alone. */
#ifndef AFB_LEARN_KERNELS_LAYERS_H
#define AFB_LEARN_KERNELS_LAYERS_H

#include <math.h>

#include "learn/kernels.h"
#include "learn/vector.h"

/* x Phi(x) with Phi(x) = 1 / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3). */
AFB_INLINE afb_f afb_gelu_of(afb_f x, afb_f *slope)
{
  const afb_f c = afb_all(0.7978845608f);
  afb_f cube = afb_all(0.044715f) * x * x, u = c * afb_fma(cube, x, x), du = c * afb_fma(cube, afb_all(3), afb_all(1));
  afb_f phi = afb_sigmoid(u + u), y = x * phi;
  *slope = afb_fma(y * afb_fnma(phi, afb_all(2), afb_all(2)), du, phi);
  return y;
}

static void afb_vector_gelu(int64_t n, const float *x, float *y, float *slope)
{
  int64_t i = 0;
  afb_f s;
  for (; i + AFB_LANES <= n; i += AFB_LANES) {
    afb_f v = afb_gelu_of(afb_load(x + i), &s);
    afb_store(slope + i, s);
    afb_store(y + i, v);
  }
  if (i < n) {
    int part = (int)(n - i);
    afb_f v = afb_gelu_of(afb_load_part(x + i, part), &s);
    afb_store_part(slope + i, s, part);
    afb_store_part(y + i, v, part);
  }
}

/* The vector from element j of a row: the last one may be a part. */
AFB_INLINE afb_f afb_row_load(const float *row, int64_t j, int64_t width)
{
  return j + AFB_LANES <= width ? afb_load(row + j) : afb_load_part(row + j, (int)(width - j));
}

AFB_INLINE void afb_row_store(float *row, int64_t j, int64_t width, afb_f v)
{
  if (j + AFB_LANES <= width)
    afb_store(row + j, v);
  else
    afb_store_part(row + j, v, (int)(width - j));
}

/* x - mean, 0 behind the row's end. */
AFB_INLINE afb_f afb_row_centred(const float *row, int j, int width, afb_f mean)
{
  afb_f v = afb_row_load(row, j, width) - mean;
  if (j + AFB_LANES > width)
    for (int i = width - j; i < AFB_LANES; i++)
      v[i] = 0;
  return v;
}

static void afb_vector_norm_forward(int n, int width, const float *x, const float *g, const float *b, float *y, float *mean,
                                    float *inverse)
{
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * width;
    float *out = y + i * width;
    afb_f sum = {0}, square = {0};
    for (int j = 0; j < width; j += AFB_LANES)
      sum += afb_row_load(row, j, width);
    mean[i] = afb_sum(sum) / (float)width;
    afb_f m = afb_all(mean[i]);
    for (int j = 0; j < width; j += AFB_LANES) {
      afb_f v = afb_row_centred(row, j, width, m);
      square = afb_fma(v, v, square);
    }
    inverse[i] = 1 / sqrtf(afb_sum(square) / (float)width + 1e-5f);
    afb_f r = afb_all(inverse[i]);
    for (int j = 0; j < width; j += AFB_LANES) {
      afb_f unit = (afb_row_load(row, j, width) - m) * r;
      afb_row_store(out, j, width, afb_fma(unit, afb_row_load(g, j, width), unit) + afb_row_load(b, j, width));
    }
  }
}

static void afb_vector_norm_backward(int n, int width, const float *x, const float *g, const float *mean, const float *inverse,
                                     const float *dy, float *dx, float *dg, float *db)
{
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * width, *d = dy + i * width;
    float *out = dx + i * width;
    afb_f m = afb_all(mean[i]), r = afb_all(inverse[i]), sum = {0}, dot = {0};
    for (int j = 0; j < width; j += AFB_LANES) {
      afb_f slope = afb_row_load(d, j, width), unit = (afb_row_load(row, j, width) - m) * r;
      afb_f e = afb_fma(slope, afb_row_load(g, j, width), slope);
      sum += e;
      dot = afb_fma(e, unit, dot);
      afb_row_store(dg, j, width, afb_fma(slope, unit, afb_row_load(dg, j, width)));
      afb_row_store(db, j, width, slope + afb_row_load(db, j, width));
    }
    afb_f mean_sum = afb_all(afb_sum(sum) / (float)width), mean_dot = afb_all(afb_sum(dot) / (float)width);
    for (int j = 0; j < width; j += AFB_LANES) {
      afb_f slope = afb_row_load(d, j, width), unit = (afb_row_load(row, j, width) - m) * r;
      afb_f e = afb_fma(slope, afb_row_load(g, j, width), slope) - mean_sum;
      afb_row_store(out, j, width, afb_fma(afb_fnma(unit, mean_dot, e), r, afb_row_load(out, j, width)));
    }
  }
}

static void afb_vector_add_bias(int n, int width, const float *b, const float *x, float *y)
{
  int whole = width - width % AFB_LANES, part = width - whole;
  for (int64_t i = 0; i < n; i++) {
    float *out = y + i * width;
    const float *row = x ? x + i * width : NULL;
    for (int j = 0; j < whole; j += AFB_LANES)
      afb_store(out + j, row ? afb_load(b + j) + afb_load(row + j) : afb_load(b + j));
    if (part > 0) {
      afb_f v = afb_load_part(b + whole, part);
      afb_store_part(out + whole, row ? v + afb_load_part(row + whole, part) : v, part);
    }
  }
}

static void afb_vector_column_sums(int n, int width, const float *x, float *sum)
{
  int j = 0;
  for (; j + 4 * AFB_LANES <= width; j += 4 * AFB_LANES) {
    afb_f s[4] = {{0}, {0}, {0}, {0}};
    for (int64_t i = 0; i < n; i++)
      AFB_UNROLL
      for (int k = 0; k < 4; k++)
        s[k] += afb_load(x + i * width + j + k * AFB_LANES);
    for (int k = 0; k < 4; k++)
      afb_store(sum + j + k * AFB_LANES, s[k] + afb_load(sum + j + k * AFB_LANES));
  }
  for (; j < width; j += AFB_LANES) {
    afb_f s = afb_row_load(sum, j, width);
    for (int64_t i = 0; i < n; i++)
      s += afb_row_load(x + i * width, j, width);
    afb_row_store(sum, j, width, s);
  }
}

static void afb_vector_row_sums(int rows, int n, int ld, const float *x, float *sum)
{
  for (int i = 0; i < rows; i++) {
    afb_f s[2] = {{0}, {0}};
    const float *row = x + (int64_t)i * ld;
    for (int j = 0; j < n; j += 2 * AFB_LANES) {
      s[0] += afb_row_load(row, j, n);
      if (j + AFB_LANES < n)
        s[1] += afb_row_load(row, j + AFB_LANES, n);
    }
    sum[i] += afb_sum(s[0] + s[1]);
  }
}

static void afb_vector_multiply(int64_t n, const float *x, const float *y, float *out)
{
  int64_t i = 0;
  for (; i + AFB_LANES <= n; i += AFB_LANES)
    afb_store(out + i, afb_load(x + i) * afb_load(y + i));
  for (; i < n; i++)
    out[i] = x[i] * y[i];
}

static double afb_vector_square_sum(int64_t n, const float *x)
{
  enum { PART = 256 };
  double sum = 0;
  for (int64_t first = 0; first < n; first += PART) {
    int64_t end = first + PART < n ? first + PART : n, i = first;
    afb_f a = {0}, b = {0};
    for (; i + 2 * AFB_LANES <= end; i += 2 * AFB_LANES) {
      afb_f v = afb_load(x + i), w = afb_load(x + i + AFB_LANES);
      a = afb_fma(v, v, a);
      b = afb_fma(w, w, b);
    }
    sum += (double)afb_sum(a + b);
    for (; i < end; i++)
      sum += (double)x[i] * (double)x[i];
  }
  return sum;
}

/* Moments, and the direction of the step. */
AFB_INLINE afb_f afb_adam_of(const afb_step_factors *f, afb_f g, afb_f w, afb_f *m1, afb_f *m2)
{
  const float beta1 = 0.9f, beta2 = 0.999f;
  g *= afb_all(f->shorten);
  *m1 = afb_fma(afb_all(beta1), *m1, afb_all(1 - beta1) * g);
  *m2 = afb_fma(afb_all(beta2), *m2, afb_all(1 - beta2) * g * g);
  afb_f change = afb_all(f->unbias1) * *m1 / (afb_root(afb_all(f->unbias2) * *m2) + afb_all(1e-8f));
  return afb_fma(afb_all(f->decay), w, change);
}

static void afb_vector_adamw(const afb_step_factors *f, int64_t n, const float *gradient, float *weight, float *moment1,
                             float *moment2)
{
  const afb_f rate = afb_all(f->rate);
  for (int64_t i = 0; i < n; i += AFB_LANES) {
    afb_f m1 = afb_row_load(moment1, i, n), m2 = afb_row_load(moment2, i, n), w = afb_row_load(weight, i, n);
    afb_row_store(weight, i, n, afb_fnma(rate, afb_adam_of(f, afb_row_load(gradient, i, n), w, &m1, &m2), w));
    afb_row_store(moment1, i, n, m1);
    afb_row_store(moment2, i, n, m2);
  }
}

static void afb_vector_lamb(const afb_step_factors *f, int64_t n, float *gradient, const float *weight, float *moment1, float *moment2)
{
  for (int64_t i = 0; i < n; i += AFB_LANES) {
    afb_f m1 = afb_row_load(moment1, i, n), m2 = afb_row_load(moment2, i, n);
    afb_row_store(gradient, i, n, afb_adam_of(f, afb_row_load(gradient, i, n), afb_row_load(weight, i, n), &m1, &m2));
    afb_row_store(moment1, i, n, m1);
    afb_row_store(moment2, i, n, m2);
  }
}

static void afb_vector_sgd(const afb_step_factors *f, int64_t n, const float *gradient, float *weight, float *moment1)
{
  const afb_f rate = afb_all(f->rate), decay = afb_all(f->decay), shorten = afb_all(f->shorten);
  for (int64_t i = 0; i < n; i += AFB_LANES) {
    afb_f w = afb_row_load(weight, i, n), m1 = afb_fma(afb_all(0.9f), afb_row_load(moment1, i, n), shorten * afb_row_load(gradient, i, n));
    afb_row_store(weight, i, n, afb_fnma(rate, afb_fma(decay, w, m1), w));
    afb_row_store(moment1, i, n, m1);
  }
}

static void afb_vector_subtract(int64_t n, float factor, const float *x, float *y)
{
  for (int64_t i = 0; i < n; i += AFB_LANES)
    afb_row_store(y, i, n, afb_fnma(afb_all(factor), afb_row_load(x, i, n), afb_row_load(y, i, n)));
}

#endif
