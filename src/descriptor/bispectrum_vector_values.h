/* Values of the bispectrum from U, one centre in each lane. For src/descriptor/bispectrum_w*.c only; not collective. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_VALUES_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_VALUES_H

#include "descriptor/bispectrum_vector.h"

/* One step of length N: its sum. The factors q stay in registers for all rows of u2. */
AFB_INLINE afb_v afb_vector_step(int length, const afb_program *program, const afb_product *product, const afb_step *step, const afb_v *u1,
                                 const afb_v *u2, const afb_v *u3)
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
      total = afb_fma(afb_all(*outer++), afb_fma(re, third[0], im * third[1]), total);
    }
  }
  return total;
}

/* The sum of a component's steps. */
static afb_v afb_vector_component(const afb_program *program, const afb_product *product, const afb_v *u1, const afb_v *u2, const afb_v *u3)
{
  afb_v total = afb_all(0);
  const afb_step *step = program->step + product->step, *end = step + product->n_steps;
  for (; step < end; step++)
    switch (step->length) {
#define AFB_STEP(N)                                                            \
  case N:                                                                      \
    total += afb_vector_step(N, program, product, step, u1, u2, u3);           \
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
  return total;
}

/* Values of a batch whose U is in work->u. */
static void afb_vector_batch_values(const struct afb_bispectrum *plan, const afb_vector_work *work, double *b)
{
  const afb_program *program = &work->program;
  const afb_bispectrum_batch *batch = &work->batch;
  int n = plan->n_channels;
  for (int column = 0; column < plan->n_linear; column++) {
    int t = column % plan->n_triples, elements = column / plan->n_triples;
    const int channel[3] = {elements / n / n, elements / n % n, elements % n}, *same = program->component[t].same;
    int equal = same[0] != same[1] && channel[same[0]] == channel[same[1]];
    const afb_product *product = equal ? &program->component[t].equal : &program->component[t].any;
    const afb_v *u[3];
    for (int k = 0; k < 3; k++)
      u[k] = work->u + 2 * channel[product->factor[k]] * plan->n_u;
    afb_v value = afb_vector_component(program, product, u[0], u[1], u[2]);
    for (int lane = 0; lane < batch->n_centres; lane++)
      b[batch->centre[lane] * plan->n_linear + column] = value[lane];
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
