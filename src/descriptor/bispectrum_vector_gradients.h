/* Energies and their gradients, one centre in each lane: Y = dE/dU first, whose product with dU of a neighbour is the gradient, whatever
 * the number of columns. For src/descriptor/bispectrum_w*.c only; not collective. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_GRADIENTS_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_GRADIENTS_H

#include "descriptor/bispectrum_vector_slopes.h"

/* Neighbours that go through Y together, as many as the registers hold. */
#if AFB_LANES == 8 || defined __aarch64__
enum { AFB_TOGETHER = 2 };
#else
enum { AFB_TOGETHER = 1 };
#endif

/* Places in work->space. */
typedef struct {
  int half;                    /* elements of half of U */
  afb_v *y;                    /* [n_channels][half][re, im] */
  afb_v *turned;               /* [half][8] of one channel: Y, Lx+ Y, Ly+ Y, Lz+ Y, each re, im; scaled as v is */
  afb_v *v;                    /* [rows][j_top + 1][AFB_TOGETHER][re, im] of the layer in work */
  afb_v *factor;               /* of the terms of a coupling */
  double *norm;                /* [half] */
} afb_adjoint;

static int afb_vector_most_terms(const afb_couplings *couplings)
{
  int most = 0;
  for (int i = 0; i < couplings->n_couplings; i++)
    most = couplings->coupling[i].n_terms > most ? couplings->coupling[i].n_terms : most;
  return most;
}

static afb_status afb_adjoint_reserve(const struct afb_bispectrum *plan, afb_vector_work *work, afb_adjoint *a)
{
  *a = (afb_adjoint){0};
  AFB_TRY(afb_vector_reserve(plan, work, 0));
  int j_top = plan->j_top;
  a->half = afb_half_block(j_top + 1);
  size_t half = (size_t)a->half, y = 2 * half * (size_t)plan->n_channels, v = (size_t)((j_top / 2 + 1) * (j_top + 1) * 2 * AFB_TOGETHER);
  size_t factor = (size_t)afb_vector_most_terms(work->couplings), norm = half / AFB_LANES + 1;
  AFB_TRY(afb_vector_reserve(plan, work, y + 8 * half + v + factor + norm));
  a->y = work->space;
  a->turned = a->y + y;
  a->v = a->turned + 8 * half;
  a->factor = a->v + v;
  a->norm = (double *)(a->factor + factor);
  afb_vector_norm(j_top, a->norm);
  return AFB_OK;
}

/* beta of a column of the batch's centres. */
AFB_INLINE afb_v afb_vector_beta(const struct afb_bispectrum *plan, const afb_bispectrum_batch *batch, const double *beta, int column)
{
  afb_v b = afb_all(0);
  for (int lane = 0; lane < batch->n_centres; lane++)
    b[lane] = beta[batch->centre[lane] * plan->n_linear + column];
  return b;
}

/* Y, of the half that afb_vector_top gives. */
static void afb_vector_y(const struct afb_bispectrum *plan, const afb_vector_work *work, const double *beta, const afb_adjoint *a)
{
  const afb_couplings *couplings = work->couplings;
  afb_v z[AFB_BISPECTRUM_MAX_TWOJ + 2];
  memset(a->y, 0, 2 * (size_t)a->half * (size_t)plan->n_channels * sizeof *a->y);
  for (int i = 0; i < couplings->n_couplings; i++) {
    const afb_coupling *c = &couplings->coupling[i];
    const afb_coupling_term *term = couplings->term + c->first_term;
    int begin = afb_half_block(c->j);
    for (int t = 0; t < c->n_terms; t++)
      a->factor[t] = afb_all(term[t].factor) * afb_vector_beta(plan, &work->batch, beta, term[t].column);
    for (int ma = 0; ma <= c->j; ma++) {
      int top = afb_vector_top(c->j, ma);
      afb_vector_coupling(plan, couplings, c, work->u, ma, top, z);
      for (int t = 0; t < c->n_terms; t++) {
        afb_v *y = a->y + 2 * (term[t].channel * a->half + begin + ma);
        for (int mb = 0; mb <= top; mb++, y += 2 * (c->j + 1)) {
          y[0] = afb_fma(a->factor[t], z[2 * mb], y[0]);
          y[1] = afb_fma(a->factor[t], z[2 * mb + 1], y[1]);
        }
      }
    }
  }
}

/* Completes middle rows of Y by (-1)^(ma-mb) conj, doubles the others, which stand for their mirrors too. Returns Re sum conj(Y) U. */
static afb_v afb_vector_complete(const struct afb_bispectrum *plan, const afb_v *u, afb_v *y)
{
  afb_v sum = afb_all(0);
  for (int j = 0; j <= plan->j_top; j++)
    for (int mb = 0; 2 * mb <= j; mb++, y += 2 * (j + 1)) {
      const afb_v *row = u + 2 * afb_u_index(j, mb, 0);
      for (int ma = 0; ma <= j; ma++) {
        if (2 * mb < j) {
          y[2 * ma] += y[2 * ma];
          y[2 * ma + 1] += y[2 * ma + 1];
        } else if (2 * ma > j) {
          afb_v sign = afb_all((ma - mb) & 1 ? -1 : 1);
          y[2 * ma] = sign * y[2 * (j - ma)];
          y[2 * ma + 1] = -sign * y[2 * (j - ma) + 1];
        }
        sum = afb_fma(y[2 * ma], row[2 * ma], afb_fma(y[2 * ma + 1], row[2 * ma + 1], sum));
      }
    }
  return sum;
}

/* a->turned of a channel: with v, Re sum conj(Y) v and the same of Lx v, Ly v, Lz v are products with v itself. */
static void afb_vector_turn(const struct afb_bispectrum *plan, afb_v *y, const afb_adjoint *a)
{
  const double *norm = a->norm;
  afb_v *out = a->turned;
  for (int j = 0; j <= plan->j_top; j++)
    for (int mb = 0; 2 * mb <= j; mb++, y += 2 * (j + 1), norm += j + 1) {
      for (int ma = 0; ma <= j; ma++) {
        y[2 * ma] *= afb_all(norm[ma]);
        y[2 * ma + 1] *= afb_all(norm[ma]);
      }
      for (int ma = 0; ma <= j; ma++, out += 8) {
        afb_v above[2] = {afb_all(0), afb_all(0)}, below[2] = {afb_all(0), afb_all(0)};
        for (int k = 0; k < 2; k++) {
          if (ma < j)
            above[k] = afb_all(j - ma) * y[2 * ma + 2 + k];
          if (ma > 0)
            below[k] = afb_all(ma) * y[2 * ma - 2 + k];
          out[k] = y[2 * ma + k];
          out[4 + k] = below[k] - above[k];
        }
        out[2] = -(above[1] + below[1]);
        out[3] = above[0] + below[0];
        out[6] = afb_all(j - 2 * ma) * y[2 * ma + 1];
        out[7] = -afb_all(j - 2 * ma) * y[2 * ma];
      }
    }
}

/* A row of v of layer j from one of layer j - 1, of each of the neighbours, and its products with four rows of Y. v may be `from`. */
AFB_INLINE void afb_vector_row(int j, afb_v (*c)[2], afb_v (*d)[2], const afb_v *from, afb_v *v, const afb_v *turned,
                               afb_v (*sum)[4])
{
  afb_v carried[AFB_TOGETHER][2], s[AFB_TOGETHER][4];
  AFB_UNROLL
  for (int k = 0; k < AFB_TOGETHER; k++) {
    carried[k][0] = carried[k][1] = afb_all(0);
    AFB_UNROLL
    for (int i = 0; i < 4; i++)
      s[k][i] = sum[k][i];
  }
  for (int ma = 0; ma < j; ma++, from += 2 * AFB_TOGETHER, v += 2 * AFB_TOGETHER, turned += 8) {
    AFB_UNROLL
    for (int k = 0; k < AFB_TOGETHER; k++) {
      afb_v pr = from[2 * k], pi = from[2 * k + 1];
      afb_v r = afb_fma(c[k][0], pr, afb_fnma(c[k][1], pi, carried[k][0]));
      afb_v i = afb_fma(c[k][0], pi, afb_fma(c[k][1], pr, carried[k][1]));
      carried[k][0] = afb_fnma(d[k][1], pi, d[k][0] * pr);
      carried[k][1] = afb_fma(d[k][1], pr, d[k][0] * pi);
      v[2 * k] = r;
      v[2 * k + 1] = i;
      AFB_UNROLL
      for (int n = 0; n < 4; n++)
        s[k][n] = afb_fma(turned[2 * n], r, afb_fma(turned[2 * n + 1], i, s[k][n]));
    }
  }
  AFB_UNROLL
  for (int k = 0; k < AFB_TOGETHER; k++) {
    v[2 * k] = carried[k][0];
    v[2 * k + 1] = carried[k][1];
    AFB_UNROLL
    for (int n = 0; n < 4; n++)
      sum[k][n] = afb_fma(turned[2 * n], carried[k][0], afb_fma(turned[2 * n + 1], carried[k][1], s[k][n]));
  }
}

/* sum: the products of Y with v, Lx v, Ly v, Lz v of AFB_TOGETHER neighbours, over all layers. */
static void afb_vector_products(const struct afb_bispectrum *plan, const afb_motion *m, const afb_adjoint *a, afb_v (*sum)[4])
{
  afb_v c[2][AFB_TOGETHER][2], d[2][AFB_TOGETHER][2], *v = a->v;   /* of rows 2 mb < j; of middle rows */
  int stride = 2 * AFB_TOGETHER * (plan->j_top + 1);
  const afb_v *turned = a->turned;
  for (int k = 0; k < AFB_TOGETHER; k++) {
    c[0][k][0] = d[1][k][0] = m[k].cosine;
    c[0][k][1] = m[k].n[2] * m[k].sine;
    d[1][k][1] = -c[0][k][1];
    c[1][k][0] = m[k].n[1] * m[k].sine;
    d[0][k][0] = -c[1][k][0];
    c[1][k][1] = d[0][k][1] = -m[k].n[0] * m[k].sine;
    v[2 * k] = afb_all(1);
    v[2 * k + 1] = afb_all(0);
    for (int n = 0; n < 4; n++)
      sum[k][n] = turned[2 * n];
  }
  turned += 8;
  for (int j = 1; j <= plan->j_top; j++) {
    int rows = (j + 1) / 2;
    if (j % 2 == 0)
      afb_vector_row(j, c[1], d[1], v + (rows - 1) * stride, v + rows * stride, turned + 8 * rows * (j + 1), sum);
    for (int mb = 0; mb < rows; mb++)
      afb_vector_row(j, c[0], d[0], v + mb * stride, v + mb * stride, turned + 8 * mb * (j + 1), sum);
    turned += 8 * (j / 2 + 1) * (j + 1);
  }
}

/* Gradient of the neighbours in one slot, from the sums of products: weight F t(e) + slope F0 (n e) of the header's t. */
static void afb_vector_gradient(const afb_bispectrum_batch *batch, int slot, const afb_motion *m, const afb_v sum[4], double *gradient)
{
  const afb_v *n = m->n, *f = sum + 1;
  afb_v bend = m->cosine * m->sine * m->inverse, twist = m->sine * m->sine * m->inverse;
  afb_v along = afb_fma(n[0], f[0], afb_fma(n[1], f[1], n[2] * f[2]));
  afb_v radial = afb_fma(m->weight * (m->rate - bend), along, m->slope * sum[0]);
  for (int k = 0; k < 3; k++) {
    int k1 = (k + 1) % 3, k2 = (k + 2) % 3;
    afb_v turn = afb_fnma(f[k2], n[k1], f[k1] * n[k2]);
    afb_v g = afb_fma(n[k], radial, m->weight * afb_fma(bend, f[k], twist * turn));
    for (int lane = 0; lane < batch->n_centres; lane++) {
      int64_t pair = batch->pair[slot * AFB_LANES + lane];
      if (pair >= 0)
        gradient[3 * pair + k] = g[lane];
    }
  }
}

static void afb_vector_batch_gradients(const struct afb_bispectrum *plan, afb_vector_work *work, const afb_adjoint *a, const double *beta,
                                       double *energy, double *gradient)
{
  const afb_bispectrum_batch *batch = &work->batch;
  afb_v total = afb_all(0);
  afb_vector_y(plan, work, beta, a);
  for (int channel = 0; channel < plan->n_channels; channel++) {
    afb_v *y = a->y + 2 * channel * a->half;
    total += afb_vector_complete(plan, work->u + 2 * channel * plan->n_u, y);
    afb_vector_turn(plan, y, a);
    for (int slot = batch->first_slot[channel]; slot < batch->first_slot[channel + 1]; slot += AFB_TOGETHER) {
      afb_motion m[AFB_TOGETHER];
      afb_v sum[AFB_TOGETHER][4];
      for (int k = 0; k < AFB_TOGETHER; k++) {
        afb_place_vector place = afb_vector_place(batch, slot + k);
        m[k] = afb_vector_motion(&plan->settings, &place);
      }
      afb_vector_products(plan, m, a, sum);
      for (int k = 0; k < AFB_TOGETHER; k++)
        afb_vector_gradient(batch, slot + k, &m[k], sum[k], gradient);
    }
  }
  for (int lane = 0; energy && lane < batch->n_centres; lane++)
    energy[batch->centre[lane]] = total[lane] / 3;
}

static afb_status afb_vector_gradients(const struct afb_bispectrum *plan, void *handle, const afb_neighbours *list, const double *beta,
                                       double *energy, double *gradient)
{
  afb_vector_work *work = handle;
  afb_adjoint a;
  AFB_TRY(afb_adjoint_reserve(plan, work, &a));
  AFB_TRY(afb_bispectrum_batch_order(&work->batch, list));
  for (int64_t first = 0; first < list->n_centres; first += AFB_LANES) {
    AFB_TRY(afb_bispectrum_batch_fill(plan, list, first, &work->batch));
    afb_vector_u(plan, work);
    afb_vector_batch_gradients(plan, work, &a, beta, energy, gradient);
  }
  return AFB_OK;
}

#endif
