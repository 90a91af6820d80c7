#include "learn/layers.h"

#include <cblas.h>
#include <string.h>

#include "core/random.h"

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

void afb_dropout(int64_t n, double rate, uint64_t seed, uint64_t stream, uint64_t first, float *x)
{
  float keep = (float)(1 / (1 - rate));
  uint64_t threshold = (uint64_t)(rate * 65536);
  uint64_t bits = 0;
  for (int64_t i = 0; i < n; i++) {
    uint64_t index = first + (uint64_t)i, quarter = index & 3;
    if (i == 0 || quarter == 0)
      bits = afb_random_u64(seed, stream, index >> 2);
    x[i] = ((bits >> (16 * quarter)) & 0xffff) < threshold ? 0 : x[i] * keep;
  }
}
