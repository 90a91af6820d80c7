/* Bodies of afb_kernels for one width of vectors: densities of Gaussian mixtures, a row in each lane. Included by kernels_w*.c alone. */
#ifndef AFB_LEARN_KERNELS_DENSITY_H
#define AFB_LEARN_KERNELS_DENSITY_H

#include "learn/kernels.h"
#include "learn/vector.h"

/* Where the features of component k stand for the lanes of one step. */
typedef struct {
  const float *mu, *s, *t, *mu_bias, *s_bias, *t_bias;
  int64_t ld;
  float *e, *scaled, *factor, *joint;      /* scratch: e_i, z_i / d_i, d ln N / d s_i, and ln pi_k + ln N */
} afb_density_view;

static afb_density_view afb_density_of(const afb_density_shape *s, int k, int row, const float *head, const float *bias)
{
  int all = s->components, n = s->n_out, parts = n + (s->diagonal ? 0 : n * (n - 1) / 2);
  int mu = all + k * n, c = all * (1 + n) + k * parts;
  float *scratch = s->scratch + (int64_t)k * (3 * n + 1) * AFB_LANES;
  return (afb_density_view){head + (int64_t)mu * s->ld + row, head + (int64_t)c * s->ld + row, head + (int64_t)(c + n) * s->ld + row,
                            bias + mu, bias + c, bias + c + n, s->ld, scratch, scratch + n * AFB_LANES, scratch + 2 * n * AFB_LANES,
                            scratch + 3 * n * AFB_LANES};
}

/* ln N without its constant; leaves e, scaled and factor. */
static afb_f afb_density_component(const afb_density_shape *s, const afb_density_view *v, const float *residual)
{
  int n = s->n_out;
  afb_f square = {0}, logs = {0};
  for (int i = 0; i < n; i++) {
    afb_f mean = afb_load(v->mu + i * v->ld) + afb_all(v->mu_bias[i]), width = afb_all(s->deviation[i]);
    afb_f e = width * (afb_load(residual + (int64_t)i * s->ld) - mean), q = e;
    afb_store(v->e + i * AFB_LANES, e);
    for (int j = 0; j < i && !s->diagonal; j++) {
      int at = i * (i - 1) / 2 + j;
      q = afb_fma(afb_load(v->t + at * v->ld) + afb_all(v->t_bias[at]), afb_load(v->e + j * AFB_LANES), q);
    }
    afb_f spread = width * afb_exp(afb_load(v->s + i * v->ld) + afb_all(v->s_bias[i])), d = afb_all(s->floor) + spread;
    afb_f inverse = afb_all(1) / d, z = q * inverse;
    square = afb_fma(z, z, square);
    logs += afb_log(d);
    afb_store(v->scaled + i * AFB_LANES, z * inverse);
    afb_store(v->factor + i * AFB_LANES, afb_fma(z, z, afb_all(-1)) * spread * inverse);
  }
  return afb_fnma(afb_all(0.5f), square, -logs);
}

/* The gradient of -ln p by a component's features, from what is left of it; part = share times its responsibility. */
static void afb_density_gradient(const afb_density_shape *s, const afb_density_view *v, afb_f part, int k, int row, float *by_head)
{
  int n = s->n_out, parts = n + (s->diagonal ? 0 : n * (n - 1) / 2), all = s->components;
  float *by_mu = by_head + (int64_t)(all + k * n) * s->ld + row, *by_s = by_head + (int64_t)(all * (1 + n) + k * parts) * s->ld + row;
  float *by_t = by_s + (int64_t)n * s->ld;
  for (int i = 0; i < n; i++) {
    afb_f scaled = part * afb_load(v->scaled + i * AFB_LANES);
    afb_store(by_s + (int64_t)i * s->ld, -part * afb_load(v->factor + i * AFB_LANES));
    for (int j = 0; j < i && !s->diagonal; j++)
      afb_store(by_t + (int64_t)(i * (i - 1) / 2 + j) * s->ld, scaled * afb_load(v->e + j * AFB_LANES));
  }
  for (int j = 0; j < n; j++) {
    afb_f by_mean = afb_load(v->scaled + j * AFB_LANES);
    for (int i = j + 1; i < n && !s->diagonal; i++) {
      int at = i * (i - 1) / 2 + j;
      by_mean = afb_fma(afb_load(v->scaled + i * AFB_LANES), afb_load(v->t + at * v->ld) + afb_all(v->t_bias[at]), by_mean);
    }
    afb_store(by_mu + (int64_t)j * s->ld, -part * by_mean * afb_all(s->deviation[j]));
  }
}

/* ln of the sum of exponentials of what term(k) gives, k < n. */
AFB_INLINE afb_f afb_log_sum(int n, const float *x, int64_t step, const float *bias)
{
  afb_f top = afb_load(x) + afb_all(bias ? bias[0] : 0), sum = {0};
  for (int k = 1; k < n; k++)
    top = afb_larger(top, afb_load(x + k * step) + afb_all(bias ? bias[k] : 0));
  for (int k = 0; k < n; k++)
    sum += afb_exp(afb_load(x + k * step) + afb_all(bias ? bias[k] : 0) - top);
  return top + afb_log(sum);
}

static void afb_vector_density(const afb_density_shape *s, const float *head, const float *bias, const float *residual, float share,
                               float *nll, float *by_head)
{
  int all = s->components;
  int64_t between = (3 * s->n_out + 1) * AFB_LANES;
  for (int row = 0; row < s->n; row += AFB_LANES) {
    afb_f total = afb_log_sum(all, head + row, s->ld, bias);
    for (int k = 0; k < all; k++) {
      afb_density_view v = afb_density_of(s, k, row, head, bias);
      afb_f log_pi = afb_load(head + (int64_t)k * s->ld + row) + afb_all(bias[k]) - total;
      afb_store(v.joint, log_pi + afb_density_component(s, &v, residual + row));
    }
    afb_f log_p = afb_log_sum(all, afb_density_of(s, 0, row, head, bias).joint, between, NULL);
    afb_store(nll + row, -log_p);
    for (int k = 0; k < all && by_head; k++) {
      afb_density_view v = afb_density_of(s, k, row, head, bias);
      afb_f pi = afb_exp(afb_load(head + (int64_t)k * s->ld + row) + afb_all(bias[k]) - total);
      afb_f mine = afb_exp(afb_load(v.joint) - log_p);
      afb_store(by_head + (int64_t)k * s->ld + row, afb_all(share) * (pi - mine));
      afb_density_gradient(s, &v, afb_all(share) * mine, k, row, by_head);
    }
  }
}

#endif
