#include "tests/learn/grasp_scf.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/ci.h"
#include "atomic/expression.h"
#include "core/units.h"

enum { N = GRASP_SCF_POINTS, MOST_CSF = 1600 };
static const double H = 0.05, C = AFB_SPEED_OF_LIGHT, ACCURACY = 1.5625e-8, THRESHOLD = 0.05;

/* An entry of a potential's list: the potential that it meets, and in which term. */
typedef struct { int other, term; } meeting;

typedef struct {
  int z, charge, n_orbitals, n_levels;
  afb_csf_list csfs;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci;
  const afb_orbital *orbital;
  double r[N], weight[N];
  double *p, *q, *hp, *hq;             /* [n_orbitals][N]: orbitals, Dirac operator times orbital */
  double *v, *rho;                     /* [n_potentials][N], [n_pairs][N] */
  int *fresh_v, *first, *pair_first, *pair_list, *touching;
  meeting *meet;
  uint8_t *fresh_h;
  double *coefficient, *x, *y, *gamma;
  double occupation[AFB_MAX_ORBITALS], energy[AFB_MAX_ORBITALS], amplitude[AFB_MAX_ORBITALS];
  double consistency[AFB_MAX_ORBITALS], damping[AFB_MAX_ORBITALS], trend[AFB_MAX_ORBITALS], norm[AFB_MAX_ORBITALS];
  double *multiplier;                  /* [n_orbitals][n_orbitals], 0 for pairs without */
  uint8_t full[AFB_MAX_ORBITALS];
  int method[AFB_MAX_ORBITALS], tried[AFB_MAX_ORBITALS], second[AFB_MAX_ORBITALS], retries, extra;
  /* The equation of the present orbital. */
  double local[N], sp[N], sq[N];       /* potential; (H + local + E) phi = -s */
  double xu[N], xv[N], f[N], g[N];
  double new_p[N], new_q[N], new_amplitude;
  int end;                             /* from here on solutions are zero */
} state;

static double *row(double *x, int i) { return x + (size_t)i * N; }
static double dot(const double *a, const double *b) { return cblas_ddot(N, a, 1, b, 1); }

static double overlap(const state *s, const double *p1, const double *q1, const double *p2, const double *q2)
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
static void apply_dirac(state *s, int a)
{
  double dp[N], dq[N], kappa = s->orbital[a].kappa, *p = row(s->p, a), *q = row(s->q, a);
  differentiate(p, dp);
  differentiate(q, dq);
  for (int i = 0; i < N; i++) {
    double v = -s->z / s->r[i];
    row(s->hp, a)[i] = v * p[i] + C * (kappa * q[i] - dq[i]) / s->r[i];
    row(s->hq, a)[i] = (v - 2 * C * C) * q[i] + C * (kappa * p[i] + dp[i]) / s->r[i];
  }
  s->fresh_h[a] = 1;
}

static void ensure_dirac(state *s, int a)
{
  if (!s->fresh_h[a])
    apply_dirac(s, a);
}

static void changed(state *s, int a)
{
  s->fresh_h[a] = 0;
  for (int i = 0; i < s->expression.n_potentials; i++) {
    afb_pair pair = s->expression.pair[s->expression.potential[i].pair];
    if (pair.a == a || pair.b == a)
      s->fresh_v[i] = 0;
  }
}

/* v = integral of r<^k / r>^(k+1) rho: two sweeps, each interval by the cubic through four points. */
static void ensure_potential(state *s, int number)
{
  if (s->fresh_v[number])
    return;
  afb_potential potential = s->expression.potential[number];
  afb_pair pair = s->expression.pair[potential.pair];
  double *rho = row(s->rho, potential.pair), *v = row(s->v, number), f[N + 2], d = exp(-potential.k * H), u = d * exp(-H);
  const double *pa = row(s->p, pair.a), *qa = row(s->q, pair.a), *pb = row(s->p, pair.b), *qb = row(s->q, pair.b);
  for (int i = 0; i < N; i++) {
    rho[i] = s->weight[i] * (pa[i] * pb[i] + qa[i] * qb[i]);
    f[i] = rho[i] / 24;
  }
  f[N] = f[N + 1] = 0;
  v[0] = 0;
  for (int i = 0; i < N - 1; i++)
    v[i + 1] = v[i] * d + 13 * (f[i] * d + f[i + 1]) - (i > 0 ? f[i - 1] * d * d : 0) - f[i + 2] / d;
  double outer = 0;
  for (int i = N - 2; i >= 0; i--) {
    outer = outer * u + 13 * (f[i + 1] * u + f[i]) - f[i + 2] * u * u - (i > 0 ? f[i - 1] / u : 0);
    v[i] = (v[i] + outer) / s->r[i];
  }
  v[N - 1] /= s->r[N - 1];
  s->fresh_v[number] = 1;
}

/* The equation of orbital a but for multipliers: the local potential over its occupation, and s: what remains, over it. */
static void set_fields(state *s, int a)
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
        cblas_daxpy(N, other == a ? c : 0.5 * c, row(s->v, s->meet[j].other), 1, to, 1);
        any = 1;
      }
    for (int x = 0; x < N && any && other != a; x++) {
      s->sp[x] += field[x] * row(s->p, other)[x];
      s->sq[x] += field[x] * row(s->q, other)[x];
    }
  }
  for (int i = 0; i < e->n_one; i++) {
    int other = e->one[i].a == a ? e->one[i].b : e->one[i].a;
    if ((e->one[i].a != a && e->one[i].b != a) || other == a || s->coefficient[i] == 0)
      continue;
    ensure_dirac(s, other);
    cblas_daxpy(N, 0.5 * s->coefficient[i] / d, row(s->hp, other), 1, s->sp, 1);
    cblas_daxpy(N, 0.5 * s->coefficient[i] / d, row(s->hq, other), 1, s->sq, 1);
  }
}

/* <phi_b| (H + local) phi_a + s>, of the fields that are set. */
static double multiplier_of(state *s, int a, int b)
{
  double sum = 0;
  ensure_dirac(s, a);
  const double *p = row(s->p, a), *q = row(s->q, a), *pb = row(s->p, b), *qb = row(s->q, b), *hp = row(s->hp, a), *hq = row(s->hq, a);
  for (int i = 0; i < N; i++)
    sum += s->weight[i] * (pb[i] * (hp[i] + s->local[i] * p[i] + s->sp[i]) + qb[i] * (hq[i] + s->local[i] * q[i] + s->sq[i]));
  return sum;
}

static int constrained(const state *s, int a, int b)
{
  return a != b && s->orbital[a].kappa == s->orbital[b].kappa && !(s->full[a] && s->full[b]);
}

/* Lagrange multipliers from both equations of a pair. */
static void set_multipliers(state *s)
{
  int n = s->n_orbitals;
  double value[AFB_MAX_ORBITALS][AFB_MAX_ORBITALS];
  for (int a = 0; a < n; a++) {
    int any = 0;
    for (int b = 0; b < n; b++)
      any |= constrained(s, a, b);
    if (any)
      set_fields(s, a);
    for (int b = 0; b < n && any; b++)
      if (constrained(s, a, b))
        value[a][b] = multiplier_of(s, a, b);
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

/* Fields, multipliers and what is left of the differences that the trapezoidal rule makes, from the present orbital. */
static void set_equation(state *s, int a)
{
  const double *p = row(s->p, a), *q = row(s->q, a);
  set_fields(s, a);
  for (int b = 0; b < s->n_orbitals; b++) {
    double l = s->multiplier[a * s->n_orbitals + b] / s->occupation[a];
    if (l == 0)
      continue;
    cblas_daxpy(N, -l, row(s->p, b), 1, s->sp, 1);
    cblas_daxpy(N, -l, row(s->q, b), 1, s->sq, 1);
  }
  for (int i = 0; i < N - 1; i++) {
    double h = 0.5 * H / C;
    s->xu[i] = -h * (s->r[i] * s->sq[i] + s->r[i + 1] * s->sq[i + 1]);
    s->xv[i] = h * (s->r[i] * s->sp[i] + s->r[i + 1] * s->sp[i + 1]);
    if (i >= 2 && i < N - 3) {
      s->xu[i] += (p[i + 3] - p[i - 2] - 15 * (p[i + 2] - p[i - 1]) + 40 * (p[i + 1] - p[i])) / 120;
      s->xv[i] += (q[i + 3] - q[i - 2] - 15 * (q[i + 2] - q[i - 1]) + 40 * (q[i + 1] - q[i])) / 120;
    }
  }
}

/* Ratio Q / P and exponent of a solution near the nucleus. */
static double begin_regular(const state *s, double kappa, double *exponent)
{
  double gamma = sqrt(kappa * kappa - s->z * s->z / (C * C));
  *exponent = gamma;
  return kappa > 0 ? C * (kappa + gamma) / s->z : -s->z / (C * (gamma - kappa));
}

/* Outward from the nucleus to the point `join`; the solution is begun by P = amplitude r^gamma. */
static void march_out(const state *s, double kappa, const double *xu, const double *xv, double amplitude, int join, double *p, double *q)
{
  double k = 0.5 * H * kappa, gamma, ratio = begin_regular(s, kappa, &gamma);
  p[0] = amplitude * pow(s->r[0], gamma);
  q[0] = ratio * p[0];
  for (int i = 0; i < join; i++) {
    double u = (1 - k) * p[i] + s->f[i] * q[i] + (xu ? xu[i] : 0), v = (1 + k) * q[i] + s->g[i] * p[i] + (xv ? xv[i] : 0);
    double det = 1 - k * k - s->f[i + 1] * s->g[i + 1];
    p[i + 1] = ((1 - k) * u + s->f[i + 1] * v) / det;
    q[i + 1] = ((1 + k) * v + s->g[i + 1] * u) / det;
  }
}

/* Q = slope P + shift on the points from `join` on, for solutions that vanish at infinity. */
typedef struct { double slope[N], shift[N], factor[N]; } tail;
static void march_in(const state *s, double kappa, double energy, const double *xu, const double *xv, int join, tail *t)
{
  double k = 0.5 * H * kappa, g = -sqrt(fmax(energy, 1e-8) / (2 * C * C)), shift = 0;
  t->slope[s->end - 1] = g;
  t->shift[s->end - 1] = 0;
  for (int i = s->end - 2; i >= join; i--) {
    double u = xu ? xu[i] : 0, v = xv ? xv[i] : 0;
    double a = 1 + k - s->f[i + 1] * g, b = (1 - k) * g - s->g[i + 1], d = b * s->f[i] - a * (1 + k);
    double next = (a * s->g[i] - b * (1 - k)) / d;
    shift = (a * (v - (1 - k) * shift) - b * (u + s->f[i + 1] * shift)) / d;
    t->factor[i] = a;
    g = t->slope[i] = next;
    t->shift[i] = shift;
  }
}

static void follow_tail(const state *s, double kappa, const double *xu, int join, const tail *t, double *p, double *q)
{
  double k = 0.5 * H * kappa;
  for (int i = join; i < s->end - 1; i++) {
    q[i] = t->slope[i] * p[i] + t->shift[i];
    p[i + 1] = ((1 - k) * p[i] + s->f[i] * q[i] + (xu ? xu[i] : 0) + s->f[i + 1] * t->shift[i + 1]) / t->factor[i];
  }
  q[s->end - 1] = t->slope[s->end - 1] * p[s->end - 1];
  for (int i = s->end; i < N; i++)
    p[i] = q[i] = 0;
}

/* Coefficients at this energy; the classical turning point. Where the decay over one interval is more than e^-2, the trapezoidal rule
 * would alternate: solutions end there. */
static int set_energy(state *s, double energy)
{
  int join = 0;
  s->end = N;
  for (int i = 0; i < N; i++) {
    double v = s->local[i] - s->z / s->r[i];
    s->f[i] = 0.5 * H * s->r[i] * (2 * C - (energy + v) / C);
    s->g[i] = 0.5 * H * s->r[i] * (v + energy) / C;
    if (!join && v + energy > 0)
      join = i;
    if (v + energy > 0 && s->f[i] * s->g[i] > 1 && s->end == N)
      s->end = i > N / 2 + 2 ? i : N / 2 + 2;
  }
  return join < 4 || join > s->end - 3 ? N / 2 : join;
}

/* The solution at this energy that is continuous at `join`: P and Q, begun with *amplitude. With deficit: the change of energy by the
 * jump of Q of the solution that begins with `before`. */
static void solve_at(state *s, double kappa, double energy, const double *xu, const double *xv, int join, double before, double *p,
                     double *q, double *amplitude, double *deficit)
{
  double hp[N], hq[N];
  tail t;
  march_out(s, kappa, NULL, NULL, 1, join, hp, hq);
  march_out(s, kappa, xu, xv, before, join, p, q);
  march_in(s, kappa, energy, xu, xv, join, &t);
  double inner = q[join], outer = t.slope[join] * p[join] + t.shift[join];
  double alpha = (outer - inner) / (hq[join] - t.slope[join] * hp[join]);
  if (deficit) {
    double p_join = p[join];
    follow_tail(s, kappa, xu, join, &t, p, q);
    double norm = overlap(s, p, q, p, q);
    *deficit = C * p_join * (outer - inner) / norm;
  }
  for (int i = 0; i <= join; i++) {
    p[i] += alpha * hp[i];
    q[i] += alpha * hq[i];
  }
  follow_tail(s, kappa, xu, join, &t, p, q);
  *amplitude = before + alpha;
}

/* Sign changes between lobes of more than THRESHOLD of the largest; the sign of the first of them. */
static int count_nodes(const double *p, double *sign)
{
  double most = 0, lobe = 0, last = 0;
  int nodes = 0;
  for (int i = 0; i < N; i++)
    most = fmax(most, fabs(p[i]));
  *sign = 1;
  for (int i = 0; i <= N; i++) {
    if (i == N || (i > 0 && (p[i] >= 0) != (p[i - 1] >= 0))) {
      if (fabs(lobe) >= THRESHOLD * most && lobe != 0) {
        if (last == 0)
          *sign = lobe > 0 ? 1 : -1;
        else if ((lobe > 0) != (last > 0))
          nodes++;
        last = lobe;
      }
      lobe = 0;
    }
    if (i < N && fabs(p[i]) > fabs(lobe))
      lobe = p[i];
  }
  return nodes;
}

static double hydrogenic(double z, double n, double k)
{
  double za = z / C;
  if (za >= k)
    return 0.25 * C * C / (n * n);
  double gamma = sqrt(k * k - za * za), x = za / (gamma + n - k);
  return (1 - 1 / sqrt(1 + x * x)) * C * C;
}

typedef struct { double low, high, e_low, e_high; } bounds;
static int outside(const bounds *b, double e) { return !(e > b->low && e < b->high); }

/* The next energy after a solution with `excess` nodes too many. 0: accept it, 1: try again; *flip: with the other sign. */
static int next_energy(bounds *b, double n, double n_like, double sign, int excess, double deficit, double *energy, int *flip)
{
  double e = *energy, scale = pow(n_like / n, 2.5), size = fabs(deficit), relative = fabs(deficit / e), next = e;
  *flip = 0;
  if (sign > 0 && excess == 0)
    return 0;
  if ((abs(excess) == 1 && relative > 0.02) || (excess == 0 && relative >= 1e-5 && size >= 1e-3)) {
    for (int i = 0; i < 200; i++) {
      next = e + deficit;
      if (outside(b, next) && excess != 0)
        next = e * scale;
      if (outside(b, next))
        next = e - deficit;
      if (!outside(b, next))
        break;
      deficit *= 0.5;
    }
  } else if (excess == 0) {
    *flip = 1;
    return 0;
  } else if (sign < 0) {
    next = e * scale;
    if (outside(b, next))
      next = 0.5 * (b->high + e);
    if (outside(b, next))
      next = 0.5 * (b->low + e);
  } else if (excess < 0) {
    double delta = 1 - e / b->high;
    b->high = e;
    b->e_high = (delta < 0.05 ? b->e_high : e) * scale;
    next = outside(b, b->e_high) ? 0.5 * (b->low + b->high) : b->e_high;
  } else {
    double delta = 1 - b->low / e;
    b->low = e;
    b->e_low = (delta < 0.05 ? b->e_low : e) * scale;
    next = outside(b, b->e_low) ? 0.5 * (b->low + b->high) : b->e_low;
  }
  *energy = next;
  return 1;
}

/* Method 2: the change of energy, to first order in the solution, that makes the norm of p, q one. pv, qv: derivative by energy. */
static double normalising_change(const state *s, int join, const double *p, const double *q, const double *pv, const double *qv)
{
  double aa = overlap(s, pv, qv, pv, qv), bb = 2 * overlap(s, p, q, pv, qv), cc = overlap(s, p, q, p, q) - 1;
  double discriminant = bb * bb - 4 * aa * cc;
  if (!(discriminant > 0))
    return -bb / (2 * aa);
  double root = -0.5 * (bb + copysign(sqrt(discriminant), bb)), e1 = cc / root, e2 = root / aa;
  int highest = 1, largest = 1;
  for (int i = 1; i <= join; i++) {
    if (p[i] > p[highest])
      highest = i;
    if (fabs(p[i]) > fabs(p[largest]))
      largest = i;
  }
  int at = p[highest] > 0 && fabs(p[largest]) < 10 * p[highest] ? highest : largest;
  double t1 = p[at] + e1 * pv[at], t2 = p[at] + e2 * pv[at];
  if ((t1 > 0) != (t2 > 0))
    return t1 > 0 ? e1 : e2;
  return fabs(t1) < fabs(t2) ? e1 : e2;
}

/* The local potential's own eigenfunction of orbital a, with exact nodes. */
static int eigenfunction(state *s, int a, double *p, double *q, double *energy)
{
  double kappa = s->orbital[a].kappa, n = s->orbital[a].n, low = 1e-6, high = 0.6 * s->z * s->z / ((n - 0.7) * (n - 0.7)) + 1;
  int wanted = s->orbital[a].n - afb_kappa_l(s->orbital[a].kappa) - 1;
  double e = fmax(0.5 * (s->charge + 1) * (s->charge + 1) / (n * n), 2 * low);
  tail t;
  for (int it = 0; it < 200; it++) {
    int join = set_energy(s, e), nodes = 0;
    march_out(s, kappa, NULL, NULL, 1, join, p, q);
    march_in(s, kappa, e, NULL, NULL, join, &t);
    double jump = t.slope[join] * p[join] - q[join], at = p[join];
    follow_tail(s, kappa, NULL, join, &t, p, q);
    for (int i = 1; i < N; i++)
      nodes += p[i] * p[i - 1] < 0;
    double norm = overlap(s, p, q, p, q), change = C * at * jump / norm;
    if (nodes == wanted && fabs(change) < 1e-9 * e) {
      cblas_dscal(N, 1 / sqrt(norm), p, 1);
      cblas_dscal(N, 1 / sqrt(norm), q, 1);
      *energy = e;
      return 1;
    }
    if (nodes > wanted || (nodes == wanted && change > 0))
      low = e;
    else
      high = e;
    e = nodes == wanted && e + change > low && e + change < high ? e + change : sqrt(low * high);
  }
  return 0;
}

/* Solves the equation of orbital a that is set. 0: there is no solution with this method. */
static int solve(state *s, int a)
{
  double kappa = s->orbital[a].kappa, n = s->orbital[a].n, k = fabs(kappa), last = s->energy[a], residual_charge = s->charge + 1;
  int l = afb_kappa_l(s->orbital[a].kappa), wanted = s->orbital[a].n - l - 1, loops = s->orbital[a].n > 1 ? 3 * s->orbital[a].n : 3;
  bounds b = {.low = hydrogenic(residual_charge, n + 0.5, k), .high = hydrogenic(s->z, n - 0.5, k)};
  double *p = s->new_p, *q = s->new_q, e = -multiplier_of(s, a, a);
  b.e_low = b.low;
  b.e_high = b.high;
  if (e < b.low) {
    if (e > 0) {
      b.low = e;
    } else {
      e = b.low;
      if (fabs(b.e_low - last) <= 1e-6) {
        for (int i = 0; i < N; i++)
          s->local[i] = (s->z - residual_charge) / s->r[i];
        s->energy[a] = e;
        s->new_amplitude = 1;
        return eigenfunction(s, a, p, q, &e);
      }
    }
  }
  if (e > b.high)
    b.high = b.e_high = fmin(10 * e, 2 * C * C);
  for (int count = 1;; count++) {
    double deficit, sign;
    int flip;
    s->energy[a] = e;
    if (count > s->tried[a])
      s->tried[a] = count;
    if (count > 1 && (count > loops || b.high - b.low < 1 / (n * n * n)))
      return 0;
    int join = set_energy(s, e);
    solve_at(s, kappa, e, s->xu, s->xv, join, s->amplitude[a], p, q, &s->new_amplitude, &deficit);
    if (s->method[a] == 2) {
      double pv[N], qv[N], xu[N], xv[N], amplitude;
      const double *po = row(s->p, a), *qo = row(s->q, a);
      for (int i = 0; i < N - 1; i++) {
        xu[i] = -0.5 * H / C * (s->r[i] * qo[i] + s->r[i + 1] * qo[i + 1]);
        xv[i] = 0.5 * H / C * (s->r[i] * po[i] + s->r[i + 1] * po[i + 1]);
      }
      solve_at(s, kappa, e, xu, xv, join, 0, pv, qv, &amplitude, NULL);
      double change = normalising_change(s, join, p, q, pv, qv);
      cblas_daxpy(N, change, pv, 1, p, 1);
      cblas_daxpy(N, change, qv, 1, q, 1);
      s->new_amplitude += change * amplitude;
    }
    int nodes = count_nodes(p, &sign);
    if (!isfinite(p[join]) || !isfinite(deficit))
      return 0;
    if (!next_energy(&b, n, nodes + l + 1, sign, nodes - wanted, deficit, &e, &flip)) {
      if (flip) {
        cblas_dscal(N, -1, p, 1);
        cblas_dscal(N, -1, q, 1);
        s->new_amplitude = -s->new_amplitude;
      }
      return 1;
    }
  }
}

static void scale(state *s, int a, double factor)
{
  cblas_dscal(N, factor, row(s->p, a), 1);
  cblas_dscal(N, factor, row(s->q, a), 1);
  s->amplitude[a] *= factor;
}

/* Gram-Schmidt in the order of n. */
static void orthonormalise(state *s, int kappa)
{
  for (int a = 0; a < s->n_orbitals; a++) {
    if (s->orbital[a].kappa != kappa)
      continue;
    double moved = 0;
    for (int b = 0; b < a; b++) {
      if (s->orbital[b].kappa != kappa)
        continue;
      double o = overlap(s, row(s->p, a), row(s->q, a), row(s->p, b), row(s->q, b));
      cblas_daxpy(N, -o, row(s->p, b), 1, row(s->p, a), 1);
      cblas_daxpy(N, -o, row(s->q, b), 1, row(s->q, a), 1);
      s->amplitude[a] -= o * s->amplitude[b];
      moved = fmax(moved, fabs(o));
    }
    double norm = overlap(s, row(s->p, a), row(s->q, a), row(s->p, a), row(s->q, a));
    moved = fmax(moved, fabs(norm - 1));
    scale(s, a, (s->amplitude[a] < 0 ? -1 : 1) / sqrt(norm));
    if (moved > 1e-14)
      changed(s, a);
  }
}

/* Mixes the new solution with the orbital, and makes all of its kappa orthonormal. */
static void take(state *s, int a, double old)
{
  double sign = 1, keep = s->consistency[a] > ACCURACY ? fabs(s->damping[a]) : 0;
  (void)old;
  for (int i = 0; i < N; i++) {
    row(s->p, a)[i] = (1 - keep) * s->new_p[i] + keep * row(s->p, a)[i];
    row(s->q, a)[i] = (1 - keep) * s->new_q[i] + keep * row(s->q, a)[i];
  }
  s->amplitude[a] = (1 - keep) * s->new_amplitude + keep * s->amplitude[a];
  if (keep > 0.01 * ACCURACY)
    count_nodes(row(s->p, a), &sign);
  scale(s, a, sign / sqrt(overlap(s, row(s->p, a), row(s->q, a), row(s->p, a), row(s->q, a))));
  changed(s, a);
  orthonormalise(s, s->orbital[a].kappa);
}

/* One orbital. 0: its equation has no solution. */
static int improve(state *s, int a, int iteration)
{
  for (;;) {
    double old = s->energy[a], before = s->trend[a];
    set_equation(s, a);
    if (!solve(s, a)) {
      if (s->method[a] == 2)
        return 0;
      s->method[a] = 2;
      s->second[a] = iteration;
      s->retries++;
      set_multipliers(s);
      continue;
    }
    double norm = overlap(s, s->new_p, s->new_q, s->new_p, s->new_q), most = 0;
    if (!(norm > 0) || !isfinite(norm))
      return 0;
    for (int i = 0; i < N; i++)
      most = fmax(most, fabs(s->new_p[i] - row(s->p, a)[i]) + fabs(s->new_q[i] - row(s->q, a)[i]));
    s->consistency[a] = most * sqrt(s->occupation[a]);
    s->norm[a] = norm;
    double factor = 1 / sqrt(norm), moved = fabs(1 - old / s->energy[a]);
    cblas_dscal(N, factor, s->new_p, 1);
    cblas_dscal(N, factor, s->new_q, 1);
    s->new_amplitude *= factor;
    if (s->method[a] == 1) {
      if (moved < 0.005 && fmax(fabs(1 - sqrt(norm)), fabs(factor - 1)) > 0.2) {
        s->method[a] = 2;
        continue;
      }
    } else if (moved < 1e-4 && s->extra > 1) {
      s->extra--;
    }
    if (s->consistency[a] > ACCURACY) {
      double relative = (old - s->energy[a]) / old;
      s->damping[a] = before * relative < -1e-4 ? 0.1 + 0.9 * s->damping[a] : 0.5 * s->damping[a];
      s->trend[a] = relative;
    }
    take(s, a, old);
    return 1;
  }
}

static int least_consistent(const state *s)
{
  int worst = 0;
  for (int a = 1; a < s->n_orbitals; a++)
    if (s->consistency[a] > s->consistency[worst])
      worst = a;
  return worst;
}

/* Radial integrals, CI, densities. Non-zero: cannot be done. */
static int update_levels(state *s, double *energy)
{
  const afb_expression *e = &s->expression;
  for (int i = 0; i < e->n_one; i++) {
    int a = e->one[i].a, b = e->one[i].b;
    ensure_dirac(s, b);
    s->x[i] = overlap(s, row(s->p, a), row(s->q, a), row(s->hp, b), row(s->hq, b));
  }
  for (int i = 0; i < e->n_potentials; i++)
    ensure_potential(s, i);
  for (int i = 0; i < e->n_terms; i++)
    s->x[e->n_one + i] = dot(row(s->rho, e->potential[e->term[i].left].pair), row(s->v, e->term[i].right));
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

static double screening(double x)
{
  double w = sqrt(x);
  double f = (w * (0.60112 * w + 1.81061) + 1) /
             (w * (w * (w * (w * (0.04793 * w + 0.21465) + 0.77112) + 1.39515) + 1.81061) + 1);
  return f * f;
}

static int begin_orbitals(state *s, const grasp_orbitals *start)
{
  double unit = cbrt(s->z - s->charge - 1) / 0.8853;
  for (int a = 0; a < s->n_orbitals; a++) {
    int from = -1;
    for (int b = 0; start && b < start->n_orbitals; b++)
      if (start->orbital[b].n == s->orbital[a].n && start->orbital[b].kappa == s->orbital[a].kappa)
        from = b;
    if (from >= 0) {
      memcpy(row(s->p, a), row(start->p, from), N * sizeof *s->p);
      memcpy(row(s->q, a), row(start->q, from), N * sizeof *s->q);
      s->energy[a] = start->energy[from];
    } else {
      for (int i = 0; i < N; i++)
        s->local[i] = (s->z - s->charge - 1) * (1 - screening(unit * s->r[i])) / s->r[i];
      if (!eigenfunction(s, a, row(s->p, a), row(s->q, a), &s->energy[a]))
        return 1;
    }
    double gamma;
    begin_regular(s, s->orbital[a].kappa, &gamma);
    s->amplitude[a] = row(s->p, a)[0] / pow(s->r[0], gamma);
    s->consistency[a] = 1e20;
    s->method[a] = 1;
  }
  for (int a = 0; a < s->n_orbitals; a++)
    orthonormalise(s, s->orbital[a].kappa);
  return 0;
}

/* Which potentials a pair has, and whom each meets in which term. */
static void index_terms(state *s)
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
  int *next = s->touching;
  memcpy(next, s->first, (size_t)e->n_potentials * sizeof *next);
  for (int i = 0; i < e->n_terms; i++) {
    s->meet[next[e->term[i].left]++] = (meeting){e->term[i].right, i};
    s->meet[next[e->term[i].right]++] = (meeting){e->term[i].left, i};
  }
  memcpy(next, s->pair_first, (size_t)e->n_pairs * sizeof *next);
  for (int i = 0; i < e->n_potentials; i++)
    s->pair_list[next[e->potential[i].pair]++] = i;
}

static afb_status begin(state *s)
{
  AFB_TRY(afb_angular_create(MPI_COMM_SELF, &s->csfs, &s->angular));
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
  s->touching = s->pair_first + pairs + 1;
  index_terms(s);
  for (int i = 0; i < N; i++) {
    s->r[i] = 1e-5 / s->z * exp(H * i);
    s->weight[i] = H * s->r[i];
  }
  return AFB_OK;
}

static void clear(state *s)
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

static void iterate(state *s, int most, grasp_scf_result *out)
{
  double energy, former = 0;
  if (update_levels(s, &energy) != 0)
    return;
  out->end = GRASP_SCF_GOING;
  for (int a = 0; a < s->n_orbitals; a++)
    s->full[a] = fabs(s->occupation[a] - (afb_kappa_two_j(s->orbital[a].kappa) + 1)) < 1e-9;
  s->extra = s->n_orbitals / 4;
  for (int it = 1; it <= most && out->end == GRASP_SCF_GOING; it++) {
    int converged = 0;
    out->iterations = it;
    set_multipliers(s);
    for (int turn = 0; turn < s->n_orbitals + s->extra; turn++) {
      int a = turn < s->n_orbitals ? turn : least_consistent(s);
      converged = turn >= s->n_orbitals && s->consistency[a] <= ACCURACY;
      if (converged)
        break;
      if (!improve(s, a, it)) {
        out->end = GRASP_SCF_FAILED;
        out->failed = a;
        out->change[it - 1] = s->consistency[least_consistent(s)];
        return;
      }
    }
    out->change[it - 1] = s->consistency[least_consistent(s)];
    if (update_levels(s, &energy) != 0) {
      out->end = GRASP_SCF_NOT_RUN;
      return;
    }
    if (converged || out->change[it - 1] <= ACCURACY || fabs((energy - former) / energy) < 1e-3 * ACCURACY)
      out->end = GRASP_SCF_CONVERGED;
    former = energy;
    if (getenv("Q2_TRACE")) {
      char b[8];
      printf("it %d E %.9f change %.2e worst %s\n", it, energy, out->change[it - 1], afb_orbital_label(s->orbital[least_consistent(s)], b));
      for (int a = 0; a < s->n_orbitals; a++)
        printf("   %s e %.6f occ %.4f cons %.1e method %d norm %.4f damp %.3f\n", afb_orbital_label(s->orbital[a], b), s->energy[a], s->occupation[a], s->consistency[a], s->method[a], s->norm[a], s->damping[a]);
    }
  }
}

static afb_status keep(const state *s, grasp_scf_result *out)
{
  size_t size = (size_t)s->n_orbitals * N * sizeof *s->p;
  out->orbitals.n_orbitals = s->n_orbitals;
  out->orbitals.p = malloc(2 * size);
  if (!out->orbitals.p)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
  out->orbitals.q = out->orbitals.p + (size_t)s->n_orbitals * N;
  memcpy(out->orbitals.p, s->p, size);
  memcpy(out->orbitals.q, s->q, size);
  for (int a = 0; a < s->n_orbitals; a++) {
    out->orbitals.orbital[a] = s->orbital[a];
    out->orbitals.energy[a] = s->energy[a];
    out->last_change[a] = s->consistency[a];
    out->norm[a] = s->norm[a];
    out->occupation[a] = s->occupation[a];
    out->damping[a] = s->damping[a];
    out->tried[a] = s->tried[a];
    out->second[a] = s->second[a];
  }
  out->retries = s->retries;
  return AFB_OK;
}

void grasp_orbitals_clear(grasp_orbitals *orbitals)
{
  free(orbitals->p);
  *orbitals = (grasp_orbitals){.p = NULL};
}

afb_status grasp_scf(int z, int charge, int n, const afb_configuration *set, int n_levels, const grasp_orbitals *start,
                     int max_iterations, grasp_scf_result *result)
{
  state *s = calloc(1, sizeof *s);
  *result = (grasp_scf_result){.end = GRASP_SCF_NOT_RUN, .failed = -1};
  if (!s)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a trial");
  s->z = z;
  s->charge = charge;
  s->n_levels = n_levels;
  afb_status status = AFB_OK;
  if (afb_csf_list_create(n, set, 0, -1, MOST_CSF, &s->csfs) == AFB_OK) {
    status = begin(s);
    if (status == AFB_OK && begin_orbitals(s, start) == 0)
      iterate(s, max_iterations, result);
    if (status == AFB_OK)
      status = keep(s, result);
  }
  clear(s);
  free(s);
  return status;
}
