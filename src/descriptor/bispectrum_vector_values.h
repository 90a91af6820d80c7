/* Values of the bispectrum from U, one centre in each lane. For src/descriptor/bispectrum_w*.c only; not collective. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_VALUES_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_VALUES_H

#include "descriptor/bispectrum_vector.h"

/* Adds one step of length N to the sums of n_third channels of the third layer. The factors q stay in registers for all rows of u2, the sum of
 * the first channel for the whole step. */
AFB_INLINE void afb_vector_step(int length, const afb_program *program, const afb_product *product, const afb_step *step, const afb_v *u1,
                                const afb_v *u2, const afb_v *u3, int n_third, ptrdiff_t channel_stride, afb_v *sum)
{
  const double *inner = program->coefficient + step->inner, *outer = program->coefficient + step->outer;
  const afb_rows *rows = program->rows + step->rows, *end = rows + step->n_rows;
  const ptrdiff_t stride2 = 2 * product->stride2, stride3 = 2 * product->stride3;
  afb_v total = afb_all(0);
  u1 += 2 * step->u1;
  u2 += 2 * step->u2;
  u3 += 2 * step->u3;
  for (; rows < end; rows++) {
    const afb_v *first = u1 + 2 * rows->u1, *second = u2 + 2 * rows->u2, *third = u3 + 2 * rows->u3;
    afb_v qr[AFB_LONGEST], qi[AFB_LONGEST];
    AFB_UNROLL
    for (int k = 0; k < length; k++) {
      qr[k] = afb_all(inner[k]) * first[2 * k];
      qi[k] = afb_all(inner[k]) * first[2 * k + 1];
    }
    for (int n = rows->n; n > 0; n--, second += stride2, third += stride3) {
      /* Four sums: enough of independent work for the latency of the processor. */
      afb_v re = {0}, im = {0}, ri = {0}, ii = {0};
      AFB_UNROLL
      for (int k = 0; k < length; k++) {
        afb_v sr = second[-2 * k], si = second[1 - 2 * k];
        AFB_KEEP(sr);
        AFB_KEEP(si);
        re = k ? afb_fma(qr[k], sr, re) : qr[k] * sr;
        im = k ? afb_fma(qr[k], si, im) : qr[k] * si;
        ri = k ? afb_fma(qi[k], si, ri) : qi[k] * si;
        ii = k ? afb_fma(qi[k], sr, ii) : qi[k] * sr;
      }
      re -= ri;
      im += ii;
      total = afb_fma(afb_all(*outer), afb_fma(re, third[0], im * third[1]), total);
      for (int e = 1; e < n_third; e++) {
        const afb_v *other = third + e * channel_stride;
        sum[e] = afb_fma(afb_all(*outer), afb_fma(re, other[0], im * other[1]), sum[e]);
      }
      outer++;
    }
  }
  sum[0] += total;
}

/* The sums of a component's steps. */
AFB_INLINE void afb_vector_steps(const afb_program *program, const afb_product *product, const afb_v *u1, const afb_v *u2, const afb_v *u3,
                                 int n_third, ptrdiff_t channel_stride, afb_v *sum)
{
  const afb_step *step = program->step + product->step, *end = step + product->n_steps;
  for (int e = 0; e < n_third; e++)
    sum[e] = afb_all(0);
  for (; step < end; step++)
    switch (step->length) {
#define AFB_STEP(N)                                                                                    \
  case N:                                                                                              \
    afb_vector_step(N, program, product, step, u1, u2, u3, n_third, channel_stride, sum);              \
    break
      AFB_STEP(1);
      AFB_STEP(2);
      AFB_STEP(3);
      AFB_STEP(4);
      AFB_STEP(5);
#if AFB_LANES == 8 || defined __aarch64__
      AFB_STEP(6);
      AFB_STEP(7);
      AFB_STEP(8);
      AFB_STEP(9);
      AFB_STEP(10);
      AFB_STEP(11);
#endif
#undef AFB_STEP
    }
}

static void afb_vector_component(const afb_program *program, const afb_product *product, const afb_v *u1, const afb_v *u2, const afb_v *u3,
                                 int n_third, ptrdiff_t channel_stride, afb_v *sum)
{
  if (n_third == 1)
    afb_vector_steps(program, product, u1, u2, u3, 1, 0, sum);
  else
    afb_vector_steps(program, product, u1, u2, u3, n_third, channel_stride, sum);
}

/* Values of a batch whose U is in work->u. With chem the products of the first two layers serve all channels of the third. */
static void afb_vector_batch_values(const struct afb_bispectrum *plan, const afb_vector_work *work, double *b)
{
  const afb_bispectrum_batch *batch = &work->batch;
  const ptrdiff_t stride = 2 * plan->n_u;
  const int n = plan->n_channels, weight[3] = {n * n, n, 1};   /* of a factor's channel in the number of a triple of channels */
  for (int t = 0; t < plan->n_triples; t++)
    for (int c1 = 0; c1 < n; c1++)
      for (int c2 = 0; c2 < n; c2++) {
        const afb_product *product = c1 == c2 ? &work->program.component[t].same : &work->program.component[t].any;
        afb_v sum[AFB_MAX_ELEMENTS];
        afb_vector_component(&work->program, product, work->u + c1 * stride, work->u + c2 * stride, work->u, n, stride, sum);
        for (int c3 = 0; c3 < n; c3++) {
          int channels = c1 * weight[product->factor[0]] + c2 * weight[product->factor[1]] + c3 * weight[product->factor[2]];
          for (int lane = 0; lane < batch->n_centres; lane++)
            b[batch->centre[lane] * plan->n_linear + channels * plan->n_triples + t] = sum[c3][lane];
        }
      }
}

static afb_status afb_vector_values(const struct afb_bispectrum *plan, void *handle, const afb_neighbours *list, double *b)
{
  afb_vector_work *work = handle;
  AFB_TRY(afb_bispectrum_batch_order(&work->batch, list));
  for (int64_t first = 0; first < list->n_centres; first += AFB_LANES) {
    AFB_TRY(afb_bispectrum_batch_fill(plan, list, first, &work->batch));
    afb_vector_u(plan, work);
    afb_vector_batch_values(plan, work, b);
  }
  return AFB_OK;
}

#endif
