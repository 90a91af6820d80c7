#include "tests/learn/grasp_parts.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/nucleus.h"

static const double H = GRASP_STEP, C = AFB_SPEED_OF_LIGHT;

double grasp_overlap(const grasp_state *s, const double *p1, const double *q1, const double *p2, const double *q2)
{
  double sum = 0;
  for (int i = 0; i < N; i++)
    sum += s->weight[i] * (p1[i] * p2[i] + q1[i] * q2[i]);
  return sum;
}

/* dy/dt on the grid r = r_0 exp(t), sixth order. */
static void differentiate(const double *y, double *out)
{
  for (int i = 0; i < N; i++) {
    double v[7];
    for (int k = 0; k < 7; k++)
      v[k] = i + k - 3 < 0 || i + k - 3 >= N ? 0 : y[i + k - 3];
    out[i] = (45 * (v[4] - v[2]) - 9 * (v[5] - v[1]) + v[6] - v[0]) / (60 * H);
  }
}

/* The Dirac operator with the nucleus times orbital a. */
static void ensure_dirac(grasp_state *s, int a)
{
  if (s->fresh_h[a])
    return;
  double dp[N], dq[N], kappa = s->orbital[a].kappa, *p = grasp_row(s->p, a), *q = grasp_row(s->q, a);
  differentiate(p, dp);
  differentiate(q, dq);
  for (int i = 0; i < N; i++) {
    double v = s->nuclear[i];
    grasp_row(s->hp, a)[i] = v * p[i] + C * (kappa * q[i] - dq[i]) / s->r[i];
    grasp_row(s->hq, a)[i] = (v - 2 * C * C) * q[i] + C * (kappa * p[i] + dp[i]) / s->r[i];
  }
  s->fresh_h[a] = 1;
}

void grasp_changed(grasp_state *s, int a)
{
  s->fresh_h[a] = 0;
  for (int i = 0; i < s->expression.n_potentials; i++) {
    afb_pair pair = s->expression.pair[s->expression.potential[i].pair];
    if (pair.a == a || pair.b == a)
      s->fresh_v[i] = 0;
  }
}

/* v = integral of r<^k / r>^(k+1) rho: a sweep each way, intervals by the cubic through four points. */
static void ensure_potential(grasp_state *s, int number)
{
  if (s->fresh_v[number])
    return;
  afb_potential potential = s->expression.potential[number];
  afb_pair pair = s->expression.pair[potential.pair];
  double *rho = grasp_row(s->rho, potential.pair), *v = grasp_row(s->v, number), f[N + 3], in[N], out[N], outer[N];
  double d = exp(-potential.k * H), u = d * exp(-H), d2 = d * d, u2 = u * u, ahead = 1 / d, behind = 1 / u;
  const double *pa = grasp_row(s->p, pair.a), *qa = grasp_row(s->q, pair.a), *pb = grasp_row(s->p, pair.b), *qb = grasp_row(s->q, pair.b);
  f[0] = f[N + 1] = f[N + 2] = 0;
  for (int i = 0; i < N; i++) {
    rho[i] = s->weight[i] * (pa[i] * pb[i] + qa[i] * qb[i]);
    f[i + 1] = rho[i] / 24;
  }
  for (int i = 0; i < N; i++) {
    in[i] = 13 * (f[i + 1] * d + f[i + 2]) - f[i] * d2 - f[i + 3] * ahead;
    out[i] = 13 * (f[i + 2] * u + f[i + 1]) - f[i + 3] * u2 - f[i] * behind;
  }
  v[0] = outer[N - 1] = 0;
  for (int i = 0, m = N - 2; i < N - 1; i++, m--) {
    v[i + 1] = v[i] * d + in[i];
    outer[m] = outer[m + 1] * u + out[m];
  }
  for (int i = 0; i < N; i++)
    v[i] = (v[i] + outer[i]) / s->r[i];
  s->fresh_v[number] = 1;
}

void grasp_set_fields(grasp_state *s, int a)
{
  const afb_expression *e = &s->expression;
  double field[N], d = s->occupation[a];
  memset(s->local, 0, sizeof s->local);
  memset(s->sp, 0, sizeof s->sp);
  memset(s->sq, 0, sizeof s->sq);
  for (int i = 0; i < e->n_pairs; i++) {
    int other = e->pair[i].a == a ? e->pair[i].b : e->pair[i].a, any = 0;
    if (e->pair[i].a != a && e->pair[i].b != a)
      continue;
    double *to = other == a ? s->local : field;
    memset(field, 0, sizeof field);
    for (int m = s->pair_first[i]; m < s->pair_first[i + 1]; m++)
      for (int j = s->first[s->pair_list[m]]; j < s->first[s->pair_list[m] + 1]; j++) {
        double c = s->coefficient[e->n_one + s->meet[j].term] / d;
        if (fabs(c) < 1e-13)
          continue;
        ensure_potential(s, s->meet[j].other);
        cblas_daxpy(N, other == a ? c : 0.5 * c, grasp_row(s->v, s->meet[j].other), 1, to, 1);
        any = 1;
      }
    for (int x = 0; x < N && any && other != a; x++) {
      s->sp[x] += field[x] * grasp_row(s->p, other)[x];
      s->sq[x] += field[x] * grasp_row(s->q, other)[x];
    }
  }
  for (int i = 0; i < e->n_one; i++) {
    int other = e->one[i].a == a ? e->one[i].b : e->one[i].a;
    if ((e->one[i].a != a && e->one[i].b != a) || other == a || s->coefficient[i] == 0)
      continue;
    ensure_dirac(s, other);
    cblas_daxpy(N, 0.5 * s->coefficient[i] / d, grasp_row(s->hp, other), 1, s->sp, 1);
    cblas_daxpy(N, 0.5 * s->coefficient[i] / d, grasp_row(s->hq, other), 1, s->sq, 1);
  }
}

double grasp_multiplier(grasp_state *s, int a, int b)
{
  double sum = 0;
  ensure_dirac(s, a);
  const double *p = grasp_row(s->p, a), *q = grasp_row(s->q, a), *pb = grasp_row(s->p, b), *qb = grasp_row(s->q, b), *hp = grasp_row(s->hp, a), *hq = grasp_row(s->hq, a);
  for (int i = 0; i < N; i++)
    sum += s->weight[i] * (pb[i] * (hp[i] + s->local[i] * p[i] + s->sp[i]) + qb[i] * (hq[i] + s->local[i] * q[i] + s->sq[i]));
  return sum;
}

static int constrained(const grasp_state *s, int a, int b)
{
  return a != b && s->orbital[a].kappa == s->orbital[b].kappa && !(s->full[a] && s->full[b]);
}

void grasp_set_multipliers(grasp_state *s)
{
  int n = s->n_orbitals;
  double value[AFB_MAX_ORBITALS][AFB_MAX_ORBITALS];
  for (int a = 0; a < n; a++) {
    int any = 0;
    for (int b = 0; b < n; b++)
      any |= constrained(s, a, b);
    if (any)
      grasp_set_fields(s, a);
    for (int b = 0; b < n && any; b++)
      if (constrained(s, a, b))
        value[a][b] = grasp_multiplier(s, a, b);
  }
  for (int a = 0; a < n; a++)
    for (int b = 0; b < a; b++) {
      double da = s->occupation[a], db = s->occupation[b], l = 0;
      if (constrained(s, a, b))
        l = fabs(da - db) > 0.1 * fmax(da, db) ? (value[a][b] - value[b][a]) / (1 / da - 1 / db)
                                               : (value[a][b] + value[b][a]) / (1 / da + 1 / db);
      s->multiplier[a * n + b] = s->multiplier[b * n + a] = l;
    }
}

int grasp_update_levels(grasp_state *s, double *energy)
{
  const afb_expression *e = &s->expression;
  for (int i = 0; i < e->n_one; i++) {
    int a = e->one[i].a, b = e->one[i].b;
    ensure_dirac(s, b);
    s->x[i] = grasp_overlap(s, grasp_row(s->p, a), grasp_row(s->q, a), grasp_row(s->hp, b), grasp_row(s->hq, b));
  }
  for (int i = 0; i < e->n_potentials; i++)
    ensure_potential(s, i);
  for (int i = 0; i < e->n_terms; i++)
    s->x[e->n_one + i] = cblas_ddot(N, grasp_row(s->rho, e->potential[e->term[i].left].pair), 1, grasp_row(s->v, e->term[i].right), 1);
  for (int i = 0; i < e->n_one + e->n_terms; i++)
    if (!isfinite(s->x[i]))
      return 1;
  afb_expression_to_angular(e, s->x, s->y);
  if (afb_ci_solve(MPI_COMM_SELF, &s->angular, s->y, 0, &s->ci) != AFB_OK || afb_ci_density(&s->ci, &s->angular, s->gamma) != AFB_OK)
    return 1;
  afb_expression_coefficients(e, 1, s->gamma, s->coefficient);
  *energy = cblas_ddot(e->n_one + e->n_terms, s->coefficient, 1, s->x, 1);
  for (int i = 0; i < e->n_one; i++)
    if (e->one[i].a == e->one[i].b)
      s->occupation[e->one[i].a] = s->coefficient[i];
  return 0;
}

/* Which potentials a pair has, and whom each meets in which term. */
static void index_terms(grasp_state *s)
{
  const afb_expression *e = &s->expression;
  for (int i = 0; i < e->n_terms; i++) {
    s->first[e->term[i].left + 1]++;
    s->first[e->term[i].right + 1]++;
  }
  for (int i = 0; i < e->n_potentials; i++) {
    s->first[i + 1] += s->first[i];
    s->pair_first[e->potential[i].pair + 1]++;
  }
  for (int i = 0; i < e->n_pairs; i++)
    s->pair_first[i + 1] += s->pair_first[i];
  int *next = s->next;
  memcpy(next, s->first, (size_t)e->n_potentials * sizeof *next);
  for (int i = 0; i < e->n_terms; i++) {
    s->meet[next[e->term[i].left]++] = (grasp_meeting){e->term[i].right, i};
    s->meet[next[e->term[i].right]++] = (grasp_meeting){e->term[i].left, i};
  }
  memcpy(next, s->pair_first, (size_t)e->n_pairs * sizeof *next);
  for (int i = 0; i < e->n_potentials; i++)
    s->pair_list[next[e->potential[i].pair]++] = i;
}

afb_status grasp_state_begin(grasp_state *s)
{
  AFB_TRY(afb_angular_create(MPI_COMM_SELF, &s->csfs, NULL, &s->angular));
  AFB_TRY(afb_expression_create(&s->csfs, &s->angular, &s->expression));
  AFB_TRY(afb_ci_create(&s->csfs, AFB_OPTIMISE_LEVELS, s->n_levels, &s->ci));
  const afb_expression *e = &s->expression;
  size_t n = (size_t)s->csfs.n_orbitals, potentials = (size_t)e->n_potentials, pairs = (size_t)e->n_pairs;
  size_t terms = (size_t)(e->n_one + e->n_terms), numbers = (size_t)s->angular.n_integrals + 1;
  s->n_orbitals = s->csfs.n_orbitals;
  s->orbital = s->csfs.orbital;
  s->p = calloc((4 * n + potentials + pairs) * N + n * n + 2 * terms + 2 * numbers, sizeof *s->p);
  s->fresh_v = calloc(4 * potentials + 2 * pairs + 4, sizeof *s->fresh_v);
  s->meet = calloc(2 * (size_t)e->n_terms + 1, sizeof *s->meet);
  s->fresh_h = calloc(n, 1);
  if (!s->p || !s->fresh_v || !s->meet || !s->fresh_h)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a trial");
  s->q = s->p + n * N;
  s->hp = s->q + n * N;
  s->hq = s->hp + n * N;
  s->v = s->hq + n * N;
  s->rho = s->v + potentials * N;
  s->multiplier = s->rho + pairs * N;
  s->coefficient = s->multiplier + n * n;
  s->x = s->coefficient + terms;
  s->y = s->x + terms;
  s->gamma = s->y + numbers;
  s->first = s->fresh_v + potentials;
  s->pair_list = s->first + potentials + 1;
  s->pair_first = s->pair_list + potentials;
  s->next = s->pair_first + pairs + 1;
  index_terms(s);
  afb_nucleus nucleus;
  AFB_TRY(afb_nucleus_create(s->z, 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  for (int i = 0; i < N; i++) {
    s->r[i] = 1e-5 / s->z * exp(H * i);
    s->weight[i] = H * s->r[i];
    s->nuclear[i] = afb_nucleus_rv(&nucleus, s->r[i]) / s->r[i];
  }
  return AFB_OK;
}

void grasp_state_clear(grasp_state *s)
{
  free(s->p);
  free(s->fresh_v);
  free(s->meet);
  free(s->fresh_h);
  afb_ci_clear(&s->ci);
  afb_expression_clear(&s->expression);
  afb_angular_clear(&s->angular);
  afb_csf_list_clear(&s->csfs);
}
