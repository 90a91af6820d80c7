#include "learn/layers.h"

#include <cblas.h>
#include <string.h>

#include "core/random.h"
#include "core/vector.h"

void afb_linear_forward(int n, int in, int out, const float *x, const float *w, const float *b, const float *onto, float *y)
{
  int begun = b || onto;
  if (b)
    afb_kernels_best()->add_bias(n, out, b, onto, y);
  else if (onto && onto != y)
    memcpy(y, onto, (size_t)n * (size_t)out * sizeof *y);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, out, in, 1, x, in, w, out, begun ? 1 : 0, y, out);
}

void afb_linear_backward(int n, int in, int out, const float *x, const float *w, const float *dy, int add, float *dx,
                         float *dw, float *db)
{
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, n, 1, x, in, dy, out, 1, dw, out);
  if (db)
    afb_kernels_best()->column_sums(n, out, dy, db);
  if (dx)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, in, out, 1, dy, out, w, out, add ? 1 : 0, dx, in);
}

void afb_norm_forward(int n, int width, const float *x, const float *g, const float *b, float *y, float *mean,
                      float *inverse)
{
  afb_kernels_best()->norm_forward(n, width, x, g, b, y, mean, inverse);
}

void afb_norm_backward(int n, int width, const float *x, const float *g, const float *mean, const float *inverse,
                       const float *dy, float *dx, float *dg, float *db)
{
  afb_kernels_best()->norm_backward(n, width, x, g, mean, inverse, dy, dx, dg, db);
}

void afb_gelu_forward(int64_t n, const float *x, float *y, float *slope)
{
  afb_kernels_best()->gelu(n, x, y, slope);
}

void afb_gelu_backward(int64_t n, const float *slope, const float *dy, float *dx)
{
  afb_kernels_best()->multiply(n, slope, dy, dx);
}

void afb_attention_forward(const afb_attention_shape *shape, const float *qkv, float *scratch, float *p, float *y)
{
  afb_kernels_best()->attention_forward(shape, qkv, scratch, p, y);
}

void afb_attention_backward(const afb_attention_shape *shape, const float *qkv, const float *p, const float *dy, float *scratch,
                            float *dqkv)
{
  afb_kernels_best()->attention_backward(shape, qkv, p, dy, scratch, dqkv);
}

/* Elements of x go with the sixteenths of `bits`, the lowest first. */
AFB_CLONES static void drop_some(int n, const uint16_t *part, int threshold, float keep, float *x)
{
  for (int j = 0; j < n; j++)
    x[j] = (part[j] < threshold ? 0.0f : keep) * x[j];
}

void afb_dropout(int64_t n, double rate, uint64_t seed, uint64_t stream, uint64_t first, float *x)
{
  enum { BLOCK = 256 };        /* elements; four to a number */
  float keep = (float)(1 / (1 - rate));
  uint64_t bits[BLOCK / 4 + 1];
  uint16_t part[BLOCK + 4];
  int threshold = (int)(rate * 65536);
  for (int64_t i = 0; i < n; i += BLOCK) {
    int m = n - i < BLOCK ? (int)(n - i) : BLOCK, skip = (int)((first + (uint64_t)i) & 3);
    afb_random_u64_many((skip + m + 3) / 4, seed, stream, (first + (uint64_t)i) >> 2, bits);
    for (int g = 0; g < (skip + m + 3) / 4; g++)
      for (int q = 0; q < 4; q++)
        part[4 * g + q] = (uint16_t)(bits[g] >> (16 * q));
    drop_some(m, part + skip, threshold, keep, x + i);
  }
}
