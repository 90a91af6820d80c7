/* Bodies of afb_kernels for one width of vectors: attention. Included by kernels_w*.c alone.
 *
 * All products within a set are of one form: rows r of scalars a(r, k) times vectors b(k, v). Logits and weights are kept with the key
 * as row and the query as column, so that a softmax goes down the columns and every lane is a query. */
#ifndef AFB_LEARN_KERNELS_ATTENTION_H
#define AFB_LEARN_KERNELS_ATTENTION_H

#include <math.h>

#include "learn/kernels.h"
#include "learn/vector.h"

/* c[r ldc + v] = sum over k < depth of a[r a_row + k a_step] b[k b_step + v]. */
typedef struct {
  int depth;
  const float *a, *b;
  int64_t a_row, a_step, b_step;
  float *c;
  int64_t ldc;
} afb_vector_product;

/* Rows from `row` on, `columns` of them in `vectors` vectors from column `at` on; rows and vectors are constants. */
AFB_INLINE void afb_product_block(const afb_vector_product *p, int row, int rows, int at, int vectors, int last)
{
  afb_f sum[8][3] = {{{0}}};
  const float *a = p->a + row * p->a_row, *b = p->b + at;
  for (int k = 0; k < p->depth; k++, a += p->a_step, b += p->b_step) {
    afb_f x[3];
    AFB_UNROLL
    for (int v = 0; v < vectors; v++)
      x[v] = v + 1 == vectors && last < AFB_LANES ? afb_load_part(b + v * AFB_LANES, last) : afb_load(b + v * AFB_LANES);
    AFB_UNROLL
    for (int r = 0; r < rows; r++)
      AFB_UNROLL
      for (int v = 0; v < vectors; v++)
        sum[r][v] = afb_fma(afb_all(a[r * p->a_row]), x[v], sum[r][v]);
  }
  AFB_UNROLL
  for (int r = 0; r < rows; r++) {
    float *c = p->c + (row + r) * p->ldc + at;
    AFB_UNROLL
    for (int v = 0; v < vectors; v++)
      if (v + 1 == vectors && last < AFB_LANES)
        afb_store_part(c + v * AFB_LANES, sum[r][v], last);
      else
        afb_store(c + v * AFB_LANES, sum[r][v]);
  }
}

AFB_INLINE void afb_product_rows(const afb_vector_product *p, int rows, int block, int at, int vectors, int last)
{
  int row = 0;
  for (; row + block <= rows; row += block)
    afb_product_block(p, row, block, at, vectors, last);
  for (; row + 2 <= rows; row += 2)
    afb_product_block(p, row, 2, at, vectors, last);
  if (row < rows)
    afb_product_block(p, row, 1, at, vectors, last);
}

static void afb_product(const afb_vector_product *p, int rows, int columns)
{
  int at = 0;
  for (; columns - at >= 3 * AFB_LANES; at += 3 * AFB_LANES)
    afb_product_rows(p, rows, 4, at, 3, AFB_LANES);
  for (; columns - at >= 2 * AFB_LANES; at += 2 * AFB_LANES)
    afb_product_rows(p, rows, 6, at, 2, AFB_LANES);
  for (; columns - at >= AFB_LANES; at += AFB_LANES)
    afb_product_rows(p, rows, 8, at, 1, AFB_LANES);
  if (columns > at)
    afb_product_rows(p, rows, 8, at, 1, columns - at);
}

/* t[c ld + i] = factor x[i stride + c], 0 for m <= i < ld. */
static void afb_transposed(int m, int columns, int64_t stride, const float *x, float factor, int ld, float *t)
{
  for (int c = 0; c < columns; c++) {
    float *row = t + (int64_t)c * ld;
    for (int i = 0; i < m; i++)
      row[i] = factor * x[i * stride + c];
    for (int i = m; i < ld; i++)
      row[i] = 0;
  }
}

/* Of each column of x[m][ld]. */
static void afb_softmax_columns(int m, int ld, float *x)
{
  for (int at = 0; at < ld; at += AFB_LANES) {
    afb_f largest = afb_load(x + at), sum = {0};
    for (int j = 1; j < m; j++)
      largest = afb_larger(largest, afb_load(x + (int64_t)j * ld + at));
    for (int j = 0; j < m; j++) {
      afb_f v = afb_exp(afb_load(x + (int64_t)j * ld + at) - largest);
      afb_store(x + (int64_t)j * ld + at, v);
      sum += v;
    }
    afb_f inverse = afb_all(1) / sum;
    for (int j = 0; j < m; j++)
      afb_store(x + (int64_t)j * ld + at, inverse * afb_load(x + (int64_t)j * ld + at));
  }
}

/* dp becomes factor p (dp - sum over keys of p dp), column by column. */
static void afb_softmax_columns_backward(int m, int ld, const float *p, float factor, float *dp)
{
  for (int at = 0; at < ld; at += AFB_LANES) {
    afb_f mean = {0};
    for (int j = 0; j < m; j++)
      mean = afb_fma(afb_load(p + (int64_t)j * ld + at), afb_load(dp + (int64_t)j * ld + at), mean);
    for (int j = 0; j < m; j++) {
      float *d = dp + (int64_t)j * ld + at;
      afb_store(d, afb_all(factor) * afb_load(p + (int64_t)j * ld + at) * (afb_load(d) - mean));
    }
  }
}

static void afb_vector_attention_forward(const afb_attention_shape *s, const float *qkv, float *scratch, float *p, float *y)
{
  int dh = s->width / s->heads, stride = 3 * s->width;
  float scale = 1 / sqrtf((float)dh);
  for (int set = 0; set < s->n_sets; set++) {
    int m = s->start[set + 1] - s->start[set], ld = afb_padded(m);
    for (int h = 0; h < s->heads; h++) {
      const float *q = qkv + (int64_t)s->start[set] * stride + h * dh, *k = q + s->width, *v = k + s->width;
      float *weight = p + s->heads * s->pair_start[set] + (int64_t)h * m * ld;
      afb_transposed(m, dh, stride, q, scale, ld, scratch);
      afb_product(&(afb_vector_product){dh, k, scratch, stride, 1, ld, weight, ld}, m, ld);
      afb_softmax_columns(m, ld, weight);
      afb_product(&(afb_vector_product){m, weight, v, 1, ld, stride, y + (int64_t)s->start[set] * s->width + h * dh, s->width}, m, dh);
    }
  }
}

static void afb_vector_attention_backward(const afb_attention_shape *s, const float *qkv, const float *p, const float *dy,
                                          float *scratch, float *dqkv)
{
  int d = s->width, dh = d / s->heads, stride = 3 * d;
  float scale = 1 / sqrtf((float)dh);
  for (int set = 0; set < s->n_sets; set++) {
    int m = s->start[set + 1] - s->start[set], ld = afb_padded(m);
    float *ds = scratch + (int64_t)dh * ld;
    for (int h = 0; h < s->heads; h++) {
      int64_t base = (int64_t)s->start[set] * stride + h * dh;
      const float *q = qkv + base, *k = q + d, *v = k + d, *dout = dy + (int64_t)s->start[set] * d + h * dh;
      const float *weight = p + s->heads * s->pair_start[set] + (int64_t)h * m * ld;
      float *dq = dqkv + base, *dk = dq + d, *dv = dk + d;
      afb_transposed(m, dh, d, dout, 1, ld, scratch);
      afb_product(&(afb_vector_product){dh, v, scratch, stride, 1, ld, ds, ld}, m, ld);
      afb_softmax_columns_backward(m, ld, weight, scale, ds);
      afb_product(&(afb_vector_product){m, weight, dout, ld, 1, d, dv, stride}, m, dh);
      afb_product(&(afb_vector_product){m, ds, k, 1, ld, stride, dq, stride}, m, dh);
      afb_product(&(afb_vector_product){m, ds, q, ld, 1, stride, dk, stride}, m, dh);
    }
  }
}

#endif
