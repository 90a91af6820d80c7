/* What derivatives and gradients have in common, one centre or one neighbour in each lane. For src/descriptor/bispectrum_w*.c only;
 * not collective.
 *
 * Scaled elements: v^j[mb][ma] = u^j[mb][ma]/norm, norm = sqrt(ma! (j-ma)!/(mb! (j-mb)!)), are the coefficients of t^ma in
 *   (a* - b* t)^(j-mb) (b + a t)^mb,
 * so that every row obeys v^j[mb][ma] = c v^{j-1}[mb'][ma] + d v^{j-1}[mb'][ma-1] with (c, d) = (a*, -b*) and mb' = mb, or (b, a)
 * and mb' = mb - 1. Only rows 2 mb <= j are kept; the others are mirrors.
 *
 * Derivatives. A neighbour that moves multiplies the matrix (a*, -b*; b, a) from the right by 1 + X, X = (i tz, -ty - i tx; ty - i tx, -i tz). With
 * n = r/|r|, theta the angle theta0 and e the direction it moves to,
 *   t = theta' n (n e) + cos theta sin theta/|r| (e - n (n e)) + sin^2 theta/|r| n x e,
 * and dv = tx Lx v + ty Ly v + tz Lz v, where with p = (j-ma+1) v[ma-1] and q = (ma+1) v[ma+1]
 *   Lx v = -i (p + q),  Ly v = q - p,  Lz v = i (j - 2 ma) v:
 * three sums for all directions, and no pole anywhere. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_SLOPES_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_SLOPES_H

#include <math.h>

#include "descriptor/bispectrum_vector.h"

/* Elements of the rows 2 mb <= j of the layers below j. */
static inline int afb_half_block(int j)
{
  int n = 0;
  for (int i = 0; i < j; i++)
    n += (i + 1) * (i / 2 + 1);
  return n;
}

/* norm [afb_half_block(j_top + 1)] */
static void afb_vector_norm(int j_top, double *norm)
{
  double factorial[AFB_BISPECTRUM_MAX_TWOJ + 1] = {1};
  for (int k = 1; k <= j_top; k++)
    factorial[k] = k * factorial[k - 1];
  for (int j = 0; j <= j_top; j++)
    for (int mb = 0; 2 * mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++)
        *norm++ = sqrt(factorial[ma] * factorial[j - ma] / (factorial[mb] * factorial[j - mb]));
}

/* work->couplings and `size` vectors at work->space, whose contents are lost where it must grow. AFB_E_MEMORY. */
static afb_status afb_vector_reserve(const struct afb_bispectrum *plan, afb_vector_work *work, size_t size)
{
  if (!work->couplings)
    AFB_TRY(afb_couplings_create(plan, &work->couplings));
  if (size <= work->space_size)
    return AFB_OK;
  free(work->space);
  work->space_size = 0;
  work->space = aligned_alloc(64, (size * sizeof *work->space + 63) / 64 * 64);
  if (!work->space)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %.3g MiB of work space of the bispectrum's derivatives", (double)size * sizeof(afb_v) / 1048576);
  work->space_size = size;
  return AFB_OK;
}

/* Of neighbours: direction, 1/r, theta0 and its derivative by r, the weight with switching and its derivative by r. */
typedef struct {
  afb_v n[3], inverse, cosine, sine, rate, weight, slope;
} afb_motion;

/* As arrays of afb_bispectrum_batch. */
typedef struct {
  afb_v x, y, z, weight, rate, inner_s, inner_rate;
} afb_place_vector;

AFB_INLINE afb_place_vector afb_vector_place(const afb_bispectrum_batch *batch, int slot)
{
  return (afb_place_vector){.x = afb_load(batch->x, slot), .y = afb_load(batch->y, slot), .z = afb_load(batch->z, slot),
                            .weight = afb_load(batch->weight, slot), .rate = afb_load(batch->rate, slot),
                            .inner_s = afb_load(batch->inner_s, slot), .inner_rate = afb_load(batch->inner_rate, slot)};
}

AFB_INLINE afb_v afb_clamp(afb_v x, afb_v limit)
{
  x = afb_select(x > -limit, x, -limit);
  return afb_select(x < limit, x, limit);
}

AFB_INLINE afb_motion afb_vector_motion(const afb_bispectrum_settings *s, const afb_place_vector *p)
{
  const double half_pi = 1.57079632679489662;
  const afb_v half = afb_all(0.5), limit = afb_all(half_pi);
  afb_motion m;
  afb_v square = afb_fma(p->z, p->z, afb_fma(p->x, p->x, p->y * p->y));
  m.inverse = afb_rsqrt(square);
  m.n[0] = p->x * m.inverse;
  m.n[1] = p->y * m.inverse;
  m.n[2] = p->z * m.inverse;
  afb_v r = square * m.inverse, phi = (r - afb_all(s->rmin0)) * p->rate;
  afb_sincos(phi * afb_all(s->rfac0), &m.sine, &m.cosine);
  m.rate = p->rate * afb_all(s->rfac0);
  m.weight = afb_select(phi < afb_all(2 * half_pi), p->weight, afb_all(0));
  m.slope = afb_all(0);
  if (s->switching) {
    /* (1 - sin t)/2, t = phi - pi/2; constant below rmin0 */
    afb_v t = afb_clamp(phi - limit, limit), y = t * t;
    m.slope = afb_select(phi > afb_all(0), -half * m.weight * p->rate * afb_cos_half(y), afb_all(0));
    m.weight *= afb_fnma(half, afb_sin_half(t, y), half);
  }
  if (s->inner_switching) {
    afb_v t = (r - p->inner_s) * p->inner_rate, bent = afb_clamp(t, limit), y = bent * bent;
    afb_v value = afb_fma(half, afb_sin_half(bent, y), half);
    afb_v rise = afb_select(t == bent, half * p->inner_rate * afb_cos_half(y), afb_all(0));
    m.slope = afb_fma(m.slope, value, m.weight * rise);
    m.weight *= value;
  }
  return m;
}

/* One column ma of the coupling Z, rows 0 ... top, from `length` of its ma1: added to z [row][re, im]. u1, u2 stand at the first of them
 * in row 0, inner at their coefficients. */
AFB_INLINE void afb_vector_coupling_part(int length, const afb_coupling *c, const double *inner, const double *outer, const afb_v *u1,
                                         const afb_v *u2, int top, afb_v *z)
{
  int n1 = c->j1 + 1, n2 = c->j2 + 1, shift = (c->j1 + c->j2 - c->j) / 2;
  int last = top + shift < c->j1 ? top + shift : c->j1;
  for (int mb1 = 0; mb1 <= last; mb1++) {
    int from = shift > mb1 ? shift - mb1 : 0, to = top + shift - mb1 < c->j2 ? top + shift - mb1 : c->j2;
    if (c->same && from < mb1)
      from = mb1;
    const afb_v *first = u1 + 2 * mb1 * n1, *second = u2 + 2 * from * n2;
    afb_v qr[AFB_LONGEST], qi[AFB_LONGEST], *out = z + 2 * (mb1 + from - shift);
    AFB_UNROLL
    for (int k = 0; k < length; k++) {
      afb_v factor = afb_all(inner[k * c->j2]);
      qr[k] = factor * first[2 * k];
      qi[k] = factor * first[2 * k + 1];
    }
    for (int mb2 = from; mb2 <= to; mb2++, second += 2 * n2, out += 2) {
      afb_v rr = qr[0] * second[0], ri = qr[0] * second[1], ir = qi[0] * second[0], ii = qi[0] * second[1];
      AFB_UNROLL
      for (int k = 1; k < length; k++) {
        rr = afb_fma(qr[k], second[-2 * k], rr);
        ri = afb_fma(qr[k], second[1 - 2 * k], ri);
        ir = afb_fma(qi[k], second[-2 * k], ir);
        ii = afb_fma(qi[k], second[1 - 2 * k], ii);
      }
      afb_v factor = afb_all(outer[mb1 * n2 + mb2]);
      out[0] = afb_fma(factor, rr - ii, out[0]);
      out[1] = afb_fma(factor, ri + ir, out[1]);
    }
  }
}

/* A function of its own for each length: short loops whose lengths change are what costs time here. */
#define AFB_PART(N)                                                                                                                                  \
  static __attribute__((noinline)) void afb_vector_coupling_##N(const afb_coupling *c, const double *inner, const double *outer, const afb_v *u1,    \
                                                                const afb_v *u2, int top, afb_v *z)                                                  \
  {                                                                                                                                                  \
    afb_vector_coupling_part(N, c, inner, outer, u1, u2, top, z);                                                                                    \
  }
AFB_PART(1)
AFB_PART(2)
AFB_PART(3)
AFB_PART(4)
AFB_PART(5)
AFB_PART(6)
#if AFB_LANES == 8 || defined __aarch64__
AFB_PART(7)
AFB_PART(8)
AFB_PART(9)
AFB_PART(10)
AFB_PART(11)
AFB_PART(12)
#endif
#undef AFB_PART

typedef void afb_vector_coupling_function(const afb_coupling *c, const double *inner, const double *outer, const afb_v *u1, const afb_v *u2, int top,
                                          afb_v *z);

/* Column ma of a coupling, rows 0 ... top, into z [row][re, im]. u [n_channels][n_u][re, im]. */
static void afb_vector_coupling(const struct afb_bispectrum *plan, const afb_couplings *couplings, const afb_coupling *c, const afb_v *u, int ma,
                                int top, afb_v *z)
{
  static afb_vector_coupling_function *const part_of[] = {
    NULL,
    afb_vector_coupling_1, afb_vector_coupling_2, afb_vector_coupling_3, afb_vector_coupling_4, afb_vector_coupling_5, afb_vector_coupling_6,
#if AFB_LANES == 8 || defined __aarch64__
    afb_vector_coupling_7, afb_vector_coupling_8, afb_vector_coupling_9, afb_vector_coupling_10, afb_vector_coupling_11, afb_vector_coupling_12,
#endif
  };
  int total = ma + (c->j1 + c->j2 - c->j) / 2, low = total > c->j2 ? total - c->j2 : 0, high = total < c->j1 ? total : c->j1;
  int n = high - low + 1, parts = (n + AFB_LONGEST_STEP - 1) / AFB_LONGEST_STEP;
  const afb_v *u1 = u + 2 * (c->channel1 * plan->n_u + afb_u_block(c->j1)), *u2 = u + 2 * (c->channel2 * plan->n_u + afb_u_block(c->j2));
  for (int m = 0; m < 2 * (top + 1); m++)
    z[m] = afb_all(0);
  for (int k = 0; k < parts; k++) {
    int from = low + n * k / parts, to = low + n * (k + 1) / parts;
    part_of[to - from](c, couplings->cg + c->cg + from * (c->j2 + 1) + total - from, couplings->cg + c->cg_rows, u1 + 2 * from,
                       u2 + 2 * (total - from), top, z);
  }
}

/* Last row of column ma of half a layer: rows 2 mb < j, and of the middle row ma <= j/2. */
static inline int afb_vector_top(int j, int ma) { return 2 * ma > j ? (j - 1) / 2 : j / 2; }

#endif
