/* Pieces that scf.c, step.c, hessian.c and hold.c share; nobody else includes this. */
#ifndef AFB_ATOMIC_SCF_PARTS_H
#define AFB_ATOMIC_SCF_PARTS_H

#include "atomic/scf.h"

/* Points that are worked on together, so that the potentials of a whole expression stay in the cache. */
enum { AFB_CHUNK = 240 };

static inline double *afb_row(double *a, int i, int n) { return a + (size_t)i * (size_t)n; }
static inline const double *afb_const_row(const double *a, int i, int n) { return a + (size_t)i * (size_t)n; }

static inline double afb_dot(int n, const double *a, const double *b)
{
  double sum[4] = {0};
  int i = 0;
  for (; i + 4 <= n; i += 4)
    for (int j = 0; j < 4; j++)
      sum[j] += a[i + j] * b[i + j];
  for (; i < n; i++)
    sum[0] += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static inline void afb_axpy(int n, double f, const double *x, double *y)
{
  for (int i = 0; i < n; i++)
    y[i] += f * x[i];
}

/* rho = weight (p_a p_b + q_a q_b) on the points. */
void afb_scf_pair_density(const afb_scf *s, const double *pa, const double *qa, const double *pb, const double *qb, double *rho);
/* t += f u s on the points, for both components. */
void afb_scf_add_products(int points, double f, const double *u, const double *sp, const double *sq, double *tp, double *tq);
/* field_pair += sum over terms of coefficient * potential of the other side. */
void afb_scf_add_fields(const afb_expression *e, int points, const double *coefficient, const double *potential, double *field);
/* work_a += sum_c W_ac phi_c on the points, for varied a; phi given by its values. */
void afb_scf_collect_fields(afb_scf *s, const double *field, const double *p, const double *q);
/* out += what was collected, dual; nothing is collected then. */
void afb_scf_project_fields(afb_scf *s, double *out);
/* out_a += sum_b D_ab h_b, D from the one-body coefficients. */
void afb_scf_apply_one_body(const afb_scf *s, const double *coefficient, const double *h, double *out);
/* Takes the part of a dual set that pairs with tangent vectors. */
void afb_scf_project_tangent(const afb_scf *s, double *dual);
/* v -= along <along|v>. */
void afb_scf_remove_component(const afb_scf *s, const double *along, double *v);
/* The local operator of orbital a over its occupation, less an energy: H_Dirac + W_aa / q_a - energy S, a band matrix. */
void afb_scf_local_operator(afb_scf *s, int a, double energy, double *band);
/* What is kept from one call to the next by afb_scf_hessian and by afb_scf_invert. */
void afb_scf_clear_change(afb_scf *s);
void afb_scf_clear_inverse(afb_scf *s, int a);

#endif
