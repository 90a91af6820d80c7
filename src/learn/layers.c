#include "learn/layers.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "core/random.h"

void afb_linear_forward(int n, int in, int out, const float *x, const float *w, const float *b, int add, float *y)
{
  float beta = add ? 1 : 0;
  if (b) {
    for (int64_t i = 0; i < n; i++)
      for (int j = 0; j < out; j++)
        y[i * out + j] = b[j] + (add ? y[i * out + j] : 0);
    beta = 1;
  }
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, out, in, 1, x, in, w, out, beta, y, out);
}

void afb_linear_backward(int n, int in, int out, const float *x, const float *w, const float *dy, int add, float *dx,
                         float *dw, float *db)
{
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, n, 1, x, in, dy, out, 1, dw, out);
  if (db)
    for (int64_t i = 0; i < n; i++)
      for (int j = 0; j < out; j++)
        db[j] += dy[i * out + j];
  if (dx)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, in, out, 1, dy, out, w, out, add ? 1 : 0, dx, in);
}

void afb_norm_forward(int n, int width, const float *x, const float *g, const float *b, float *y, float *mean,
                      float *inverse)
{
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * width;
    float sum = 0, square = 0;
    for (int j = 0; j < width; j++)
      sum += row[j];
    float m = sum / (float)width;
    for (int j = 0; j < width; j++)
      square += (row[j] - m) * (row[j] - m);
    float r = 1 / sqrtf(square / (float)width + 1e-5f);
    for (int j = 0; j < width; j++)
      y[i * width + j] = (1 + g[j]) * (row[j] - m) * r + b[j];
    mean[i] = m;
    inverse[i] = r;
  }
}

void afb_norm_backward(int n, int width, const float *x, const float *g, const float *mean, const float *inverse,
                       const float *dy, float *dx, float *dg, float *db)
{
  for (int64_t i = 0; i < n; i++) {
    const float *row = x + i * width, *d = dy + i * width;
    float m = mean[i], r = inverse[i], sum = 0, dot = 0;
    for (int j = 0; j < width; j++) {
      float unit = (row[j] - m) * r, e = (1 + g[j]) * d[j];
      sum += e;
      dot += e * unit;
      dg[j] += d[j] * unit;
      db[j] += d[j];
    }
    sum /= (float)width;
    dot /= (float)width;
    for (int j = 0; j < width; j++)
      dx[i * width + j] += r * ((1 + g[j]) * d[j] - sum - (row[j] - m) * r * dot);
  }
}

/* tanh(c (x + 0.044715 x^3)), c = sqrt(2/pi), as 1 - 2 / (1 + exp(2 u)). */
static inline float gelu_tanh(float x)
{
  float u = 0.7978845608f * (x + 0.044715f * x * x * x);
  return 1 - 2 / (1 + expf(2 * (u > 15 ? 15 : u < -15 ? -15 : u)));
}

void afb_gelu_forward(int64_t n, const float *x, float *y)
{
  for (int64_t i = 0; i < n; i++)
    y[i] = 0.5f * x[i] * (1 + gelu_tanh(x[i]));
}

void afb_gelu_backward(int64_t n, const float *x, const float *dy, float *dx)
{
  for (int64_t i = 0; i < n; i++) {
    float t = gelu_tanh(x[i]), du = 0.7978845608f * (1 + 3 * 0.044715f * x[i] * x[i]);
    dx[i] = dy[i] * (0.5f * (1 + t) + 0.5f * x[i] * (1 - t * t) * du);
  }
}

static inline float dot(int n, const float *a, const float *b)
{
  float sum = 0;
  for (int k = 0; k < n; k++)
    sum += a[k] * b[k];
  return sum;
}

static void softmax_row(int m, float *row)
{
  float largest = row[0], sum = 0;
  for (int j = 1; j < m; j++)
    largest = row[j] > largest ? row[j] : largest;
  for (int j = 0; j < m; j++) {
    row[j] = expf(row[j] - largest);
    sum += row[j];
  }
  for (int j = 0; j < m; j++)
    row[j] /= sum;
}

void afb_attention_forward(int n_sets, const int32_t *start, const int64_t *pair_start, int width, int heads,
                           const float *qkv, float *p, float *y)
{
  int dh = width / heads, stride = 3 * width;
  float scale = 1 / sqrtf((float)dh);
  for (int s = 0; s < n_sets; s++) {
    int m = start[s + 1] - start[s];
    const float *set = qkv + (int64_t)start[s] * stride;
    for (int h = 0; h < heads; h++) {
      const float *q = set + h * dh, *k = q + width, *v = k + width;
      float *weight = p + heads * pair_start[s] + (int64_t)h * m * m;
      for (int i = 0; i < m; i++) {
        float *row = weight + (int64_t)i * m, *out = y + (int64_t)(start[s] + i) * width + h * dh;
        for (int j = 0; j < m; j++)
          row[j] = scale * dot(dh, q + (int64_t)i * stride, k + (int64_t)j * stride);
        softmax_row(m, row);
        memset(out, 0, (size_t)dh * sizeof *out);
        for (int j = 0; j < m; j++)
          for (int c = 0; c < dh; c++)
            out[c] += row[j] * v[(int64_t)j * stride + c];
      }
    }
  }
}

void afb_attention_backward(int n_sets, const int32_t *start, const int64_t *pair_start, int width, int heads,
                            const float *qkv, const float *p, const float *dy, float *dqkv)
{
  int dh = width / heads, stride = 3 * width;
  float scale = 1 / sqrtf((float)dh);
  memset(dqkv, 0, (size_t)start[n_sets] * (size_t)stride * sizeof *dqkv);
  for (int s = 0; s < n_sets; s++) {
    int m = start[s + 1] - start[s];
    for (int h = 0; h < heads; h++) {
      int64_t base = (int64_t)start[s] * stride + h * dh;
      const float *q = qkv + base, *k = q + width, *v = k + width;
      float *dq = dqkv + base, *dk = dq + width, *dv = dk + width;
      const float *weight = p + heads * pair_start[s] + (int64_t)h * m * m;
      for (int i = 0; i < m; i++) {
        const float *row = weight + (int64_t)i * m, *d = dy + (int64_t)(start[s] + i) * width + h * dh;
        float mean = 0;
        for (int j = 0; j < m; j++)
          mean += row[j] * dot(dh, d, v + (int64_t)j * stride);
        for (int j = 0; j < m; j++) {
          int64_t at = (int64_t)j * stride;
          float ds = scale * row[j] * (dot(dh, d, v + at) - mean);
          for (int c = 0; c < dh; c++) {
            dq[(int64_t)i * stride + c] += ds * k[at + c];
            dk[at + c] += ds * q[(int64_t)i * stride + c];
            dv[at + c] += row[j] * d[c];
          }
        }
      }
    }
  }
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
