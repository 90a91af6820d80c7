/* The vector kernel of the bispectrum, one centre in each lane: U of a batch. Compiled once per width; see
 * vector.h, bispectrum_batch.h, bispectrum_program.h. For src/descriptor/bispectrum_w*.c only; not collective. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor/bispectrum_batch.h"
#include "descriptor/bispectrum_couplings.h"
#include "descriptor/bispectrum_program.h"
#include "descriptor/vector.h"

/* Of a step of a component, at most AFB_LONGEST: as many factors as there are registers for. */
#if AFB_LANES == 8 || defined __aarch64__
enum { AFB_LONGEST_STEP = 11 };
#else
enum { AFB_LONGEST_STEP = 5 };
#endif

typedef struct {
  afb_bispectrum_batch batch;
  afb_program program;
  afb_v *sum;                  /* [n_places][re, im] sums over the neighbours of one channel, in the order of the program */
  afb_v *u;                    /* [n_channels][n_u][re, im] */
  afb_couplings *couplings;    /* NULL until derivatives or gradients are asked for */
  afb_v *space;                /* of theirs */
  size_t space_size;
} afb_vector_work;

/* Of the neighbours in one slot: Cayley-Klein parameters, x = |a|^2 - |b|^2 and the weight with switching. */
typedef struct {
  afb_v a_r, a_i, b_r, b_i, x, weight;
} afb_pair_vector;

AFB_INLINE afb_pair_vector afb_vector_pair(const afb_bispectrum_settings *s, const afb_bispectrum_batch *batch, int slot)
{
  const double half_pi = 1.57079632679489662;
  const afb_v half = afb_all(0.5), one = afb_all(1), limit = afb_all(half_pi);
  afb_v x = afb_load(batch->x, slot), y = afb_load(batch->y, slot), z = afb_load(batch->z, slot);
  afb_v plane = afb_fma(x, x, y * y), square = afb_fma(z, z, plane);
  afb_v inverse = afb_rsqrt(square), r = square * inverse;
  afb_v phi = (r - afb_all(s->rmin0)) * afb_load(batch->rate, slot), sine, cosine;
  afb_sincos(phi * afb_all(s->rfac0), &sine, &cosine);
  sine *= inverse;
  afb_pair_vector v = {.a_r = cosine, .a_i = -z * sine, .b_r = y * sine, .b_i = -x * sine};
  v.x = afb_fnma(afb_all(2) * plane * sine, sine, one);
  v.weight = afb_load(batch->weight, slot);
  v.weight = afb_select(phi < afb_all(2 * half_pi), v.weight, afb_all(0));
  if (s->switching) {
    /* (1 + cos phi)/2 = (1 - sin(phi - pi/2))/2, 1 below rmin0 */
    afb_v t = phi - limit;
    t = afb_select(t > -limit, t, -limit);
    t = afb_select(t < limit, t, limit);
    v.weight *= afb_fnma(half, afb_sin_half(t, t * t), half);
  }
  if (s->inner_switching) {
    afb_v t = (r - afb_load(batch->inner_s, slot)) * afb_load(batch->inner_rate, slot);
    t = afb_select(t > -limit, t, -limit);
    t = afb_select(t < limit, t, limit);
    v.weight *= afb_fma(half, afb_sin_half(t, t * t), half);
  }
  return v;
}

/* Powers of two neighbours: w a*^p and b^q, q and p = 0 ... top. */
typedef struct {
  afb_v a_r[2], a_i[2], b_r[2], b_i[2];
} afb_powers;

AFB_INLINE void afb_vector_powers(int top, const afb_pair_vector v[2], afb_powers *power)
{
  for (int k = 0; k < 2; k++) {
    power[0].a_r[k] = v[k].weight;
    power[0].b_r[k] = afb_all(1);
    power[0].a_i[k] = power[0].b_i[k] = afb_all(0);
  }
  for (int n = 0; n < top; n++)
    for (int k = 0; k < 2; k++) {
      afb_v r = power[n].a_r[k], i = power[n].a_i[k];
      power[n + 1].a_r[k] = afb_fma(r, v[k].a_r, i * v[k].a_i);
      power[n + 1].a_i[k] = afb_fnma(r, v[k].a_i, i * v[k].a_r);
      r = power[n].b_r[k], i = power[n].b_i[k];
      power[n + 1].b_r[k] = afb_fnma(i, v[k].b_i, r * v[k].b_r);
      power[n + 1].b_i[k] = afb_fma(i, v[k].b_r, r * v[k].b_i);
    }
}

/* Adds to the sums of one p, q, n = 0 ... n_top: for each of two neighbours P_n (fr + i fi) and, with_b, P_n (gr + i gi). */
AFB_INLINE afb_v *afb_vector_class(int n_top, int with_b, const afb_powers *a, const afb_powers *b, const afb_v x[2],
                                   const double (*recursion)[2], afb_v *sum)
{
  afb_v fr[2], fi[2], gr[2], gi[2], now[2], before[2];
  AFB_UNROLL
  for (int k = 0; k < 2; k++) {
    afb_v rr = a->a_r[k] * b->b_r[k], ir = a->a_i[k] * b->b_r[k];
    fr[k] = afb_fma(a->a_i[k], b->b_i[k], rr);
    fi[k] = afb_fnma(a->a_r[k], b->b_i[k], ir);
    sum[0] += fr[k];
    sum[1] += fi[k];
    if (with_b) {
      gr[k] = afb_fnma(a->a_i[k], b->b_i[k], rr);
      gi[k] = afb_fma(a->a_r[k], b->b_i[k], ir);
      sum[2] += gr[k];
      sum[3] += gi[k];
    }
    now[k] = before[k] = afb_all(1);
  }
  for (int n = 1; n <= n_top; n++) {
    sum += with_b ? 4 : 2;
    afb_v beta = afb_all(recursion[n - 1][0]), gamma = afb_all(recursion[n - 1][1]);
    AFB_UNROLL
    for (int k = 0; k < 2; k++) {
      afb_v next = afb_fnma(gamma, before[k], (x[k] - beta) * now[k]);
      before[k] = now[k];
      now[k] = next;
      sum[0] = afb_fma(fr[k], next, sum[0]);
      sum[1] = afb_fma(fi[k], next, sum[1]);
      if (with_b) {
        sum[2] = afb_fma(gr[k], next, sum[2]);
        sum[3] = afb_fma(gi[k], next, sum[3]);
      }
    }
  }
  return sum + (with_b ? 4 : 2);
}

/* Adds the neighbours of two slots to the sums of their channel. */
static void afb_vector_add(const afb_program *program, const afb_pair_vector v[2], afb_v *sum)
{
  afb_powers power[AFB_BISPECTRUM_MAX_TWOJ + 1];
  int top = program->j_top;
  const double (*recursion)[2] = (const double (*)[2])program->recursion;
  const afb_v x[2] = {v[0].x, v[1].x};
  afb_vector_powers(top, v, power);
  for (int p = 0; p <= top; p++)
    for (int q = 0; q <= top - p; q++) {
      int n_top = (top - p - q) / 2;
      if (p == 0 || q == 0)
        sum = afb_vector_class(n_top, 0, &power[p], &power[q], x, recursion, sum);
      else
        sum = afb_vector_class(n_top, 1, &power[p], &power[q], x, recursion, sum);
      recursion += n_top;
    }
}

/* U of a batch, work->u. Cost: about 250 instructions a slot and 3.5 for each of its n_u/2 elements. */
static void afb_vector_u(const struct afb_bispectrum *plan, afb_vector_work *work)
{
  const afb_program *program = &work->program;
  const afb_bispectrum_batch *batch = &work->batch;
  for (int channel = 0; channel < plan->n_channels; channel++) {
    afb_v *sum = work->sum, *u = work->u + 2 * channel * plan->n_u;
    memset(sum, 0, 2 * (size_t)program->n_places * sizeof *sum);
    for (int slot = batch->first_slot[channel]; slot < batch->first_slot[channel + 1]; slot += 2) {
      afb_pair_vector v[2] = {afb_vector_pair(&plan->settings, batch, slot), afb_vector_pair(&plan->settings, batch, slot + 1)};
      afb_vector_add(program, v, sum);
    }
    for (int k = 0; k < program->n_places; k++, sum += 2) {
      const afb_place *place = &program->place[k];
      u[2 * place->mirror] = afb_all(place->mirror_scale) * sum[0];
      u[2 * place->mirror + 1] = afb_all(-place->mirror_scale) * sum[1];
      u[2 * place->index] = afb_all(place->scale) * sum[0];
      u[2 * place->index + 1] = afb_all(place->scale) * sum[1];
    }
    afb_v self = afb_load(batch->self, channel);
    for (int j = 0; j <= plan->j_top; j++)
      for (int m = 0; m <= j; m++)
        u[2 * afb_u_index(j, m, m)] += self;
  }
}

static void afb_vector_destroy(void **handle)
{
  afb_vector_work *work = *handle;
  if (!work)
    return;
  afb_bispectrum_batch_clear(&work->batch);
  afb_program_clear(&work->program);
  afb_couplings_destroy(&work->couplings);
  free(work->sum);
  free(work->space);
  free(work);
  *handle = NULL;
}

static afb_status afb_vector_create(const struct afb_bispectrum *plan, void **handle)
{
  afb_vector_work *work = calloc(1, sizeof *work);
  *handle = work;
  afb_status status = work ? AFB_OK : AFB_E_MEMORY;
  if (work)
    status = afb_bispectrum_batch_create(plan, AFB_LANES, &work->batch);
  if (status == AFB_OK)
    status = afb_program_create(plan, AFB_LONGEST_STEP, &work->program);
  if (status == AFB_OK) {
    size_t n_sum = 2 * (size_t)work->program.n_places, n_u = 2 * (size_t)plan->n_u * (size_t)plan->n_channels;
    work->sum = aligned_alloc(64, ((n_sum + n_u) * sizeof(afb_v) + 63) / 64 * 64);
    if (!work->sum)
      status = AFB_E_MEMORY;
    else
      work->u = work->sum + n_sum;
  }
  if (status != AFB_OK) {
    afb_vector_destroy(handle);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the work space of the bispectrum: %d channels of %d elements", plan->n_channels, plan->n_u);
  }
  return AFB_OK;
}

#endif
