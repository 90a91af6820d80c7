#include "tests/learn/grasp_parts.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double H = GRASP_STEP, C = AFB_SPEED_OF_LIGHT, THRESHOLD = 0.05;

/* What the trapezoidal rule lacks for these functions, by differences (Fox and Goodwin). */
static void add_differences(const double *p, const double *q, double *xu, double *xv)
{
  for (int i = 2; i < N - 3; i++) {
    xu[i] += (p[i + 3] - p[i - 2] - 15 * (p[i + 2] - p[i - 1]) + 40 * (p[i + 1] - p[i])) / 120;
    xv[i] += (q[i + 3] - q[i - 2] - 15 * (q[i + 2] - q[i - 1]) + 40 * (q[i + 1] - q[i])) / 120;
  }
}

void grasp_set_equation(grasp_state *s, int a)
{
  grasp_set_fields(s, a);
  for (int b = 0; b < s->n_orbitals; b++) {
    double l = s->multiplier[a * s->n_orbitals + b] / s->occupation[a];
    if (l == 0)
      continue;
    cblas_daxpy(N, -l, grasp_row(s->p, b), 1, s->sp, 1);
    cblas_daxpy(N, -l, grasp_row(s->q, b), 1, s->sq, 1);
  }
  for (int i = 0; i < N - 1; i++) {
    double h = 0.5 * H / C;
    s->xu[i] = -h * (s->r[i] * s->sq[i] + s->r[i + 1] * s->sq[i + 1]);
    s->xv[i] = h * (s->r[i] * s->sp[i] + s->r[i + 1] * s->sp[i + 1]);
  }
  add_differences(grasp_row(s->p, a), grasp_row(s->q, a), s->xu, s->xv);
}

/* A solution at the first point, inside the nucleus: A r^|kappa| of P or, for kappa > 0, 2 kappa c / Z times that of Q. */
static void begin_regular(const grasp_state *s, double kappa, double amplitude, double *p, double *q)
{
  double rise = amplitude * pow(s->r[0], fabs(kappa));
  *p = kappa < 0 ? rise : 0;
  *q = kappa < 0 ? 0 : 2 * kappa * C / s->z * rise;
}

double grasp_amplitude(const grasp_state *s, double kappa, const double *p, const double *q)
{
  double rise = pow(s->r[0], fabs(kappa));
  return kappa < 0 ? p[0] / rise : q[0] * s->z / (2 * kappa * C * rise);
}

/* Outward from the nucleus to the point `join`; the solution begins with this amplitude. */
static void march_out(const grasp_state *s, double kappa, const double *xu, const double *xv, double amplitude, int join, double *p, double *q)
{
  double k = 0.5 * H * kappa;
  begin_regular(s, kappa, amplitude, p, q);
  for (int i = 0; i < join; i++) {
    double u = (1 - k) * p[i] + s->f[i] * q[i] + (xu ? xu[i] : 0), v = (1 + k) * q[i] + s->g[i] * p[i] + (xv ? xv[i] : 0);
    double det = 1 - k * k - s->f[i + 1] * s->g[i + 1];
    p[i + 1] = ((1 - k) * u + s->f[i + 1] * v) / det;
    q[i + 1] = ((1 + k) * v + s->g[i + 1] * u) / det;
  }
}

/* Q = slope P + shift on the points from `join` on, for solutions that vanish at infinity. */
typedef struct { double slope[N], shift[N], factor[N]; } tail;
static void march_in(const grasp_state *s, double kappa, double energy, const double *xu, const double *xv, int join, tail *t)
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

static void follow_tail(const grasp_state *s, double kappa, const double *xu, int join, const tail *t, double *p, double *q)
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
static int set_energy(grasp_state *s, double energy)
{
  int join = 0;
  s->end = N;
  for (int i = 0; i < N; i++) {
    double v = s->local[i] + s->nuclear[i];
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
static void solve_at(grasp_state *s, double kappa, double energy, const double *xu, const double *xv, int join, double before, double *p,
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
    double norm = grasp_overlap(s, p, q, p, q);
    *deficit = C * p_join * (outer - inner) / norm;
  }
  for (int i = 0; i <= join; i++) {
    p[i] += alpha * hp[i];
    q[i] += alpha * hq[i];
  }
  follow_tail(s, kappa, xu, join, &t, p, q);
  *amplitude = before + alpha;
}

int grasp_count_nodes(const double *p, double *sign)
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
static double normalising_change(const grasp_state *s, int join, const double *p, const double *q, const double *pv, const double *qv)
{
  double aa = grasp_overlap(s, pv, qv, pv, qv), bb = 2 * grasp_overlap(s, p, q, pv, qv), cc = grasp_overlap(s, p, q, p, q) - 1;
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

int grasp_eigenfunction(grasp_state *s, int a, double *p, double *q, double *energy)
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
    double norm = grasp_overlap(s, p, q, p, q), change = C * at * jump / norm;
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

void grasp_refine(grasp_state *s, int a)
{
  double p[N], q[N], unused, kappa = s->orbital[a].kappa;
  memset(s->sp, 0, sizeof s->sp);
  memset(s->sq, 0, sizeof s->sq);
  for (int it = 0; it < 4; it++) {
    double xu[N] = {0}, xv[N] = {0};
    s->fresh_h[a] = 0;
    s->energy[a] = -grasp_multiplier(s, a, a);
    add_differences(grasp_row(s->p, a), grasp_row(s->q, a), xu, xv);
    int join = set_energy(s, s->energy[a]);
    solve_at(s, kappa, s->energy[a], xu, xv, join, 0, p, q, &unused, NULL);
    double scale = copysign(1 / sqrt(grasp_overlap(s, p, q, p, q)), p[join / 2] * grasp_row(s->p, a)[join / 2]);
    for (int i = 0; i < N; i++) {
      grasp_row(s->p, a)[i] = scale * p[i];
      grasp_row(s->q, a)[i] = scale * q[i];
    }
  }
  grasp_changed(s, a);
}

/* Bounds of the energy from hydrogen-like ions of the residual and of the nuclear charge, and the energy to begin with: that of the
 * present orbital. 1: the orbital is to become that of the residual charge, since it was at the lower bound before and is not bound now. */
static int begin_energy(grasp_state *s, int a, bounds *b, double *energy)
{
  double n = s->orbital[a].n, k = fabs((double)s->orbital[a].kappa), e = -grasp_multiplier(s, a, a);
  b->low = b->e_low = hydrogenic(s->charge + 1, n + 0.5, k);
  b->high = b->e_high = hydrogenic(s->z, n - 0.5, k);
  int hydrogen_like = e <= 0 && fabs(b->low - s->energy[a]) <= 1e-6;
  if (e < b->low && e > 0)
    b->low = e;
  else if (e <= 0)
    e = b->low;
  if (e > b->high)
    b->high = b->e_high = fmin(10 * e, 2 * C * C);
  *energy = e;
  return hydrogen_like;
}

/* Method 2: new_p, new_q, moved along their derivative by energy to norm one. */
static void normalise_by_energy(grasp_state *s, int a, double energy, int join)
{
  double pv[N], qv[N], xu[N], xv[N], amplitude;
  const double *p = grasp_row(s->p, a), *q = grasp_row(s->q, a);
  for (int i = 0; i < N - 1; i++) {
    xu[i] = -0.5 * H / C * (s->r[i] * q[i] + s->r[i + 1] * q[i + 1]);
    xv[i] = 0.5 * H / C * (s->r[i] * p[i] + s->r[i + 1] * p[i + 1]);
  }
  solve_at(s, s->orbital[a].kappa, energy, xu, xv, join, 0, pv, qv, &amplitude, NULL);
  double change = normalising_change(s, join, s->new_p, s->new_q, pv, qv);
  cblas_daxpy(N, change, pv, 1, s->new_p, 1);
  cblas_daxpy(N, change, qv, 1, s->new_q, 1);
  s->new_amplitude += change * amplitude;
}

int grasp_solve(grasp_state *s, int a)
{
  double kappa = s->orbital[a].kappa, n = s->orbital[a].n, *p = s->new_p, *q = s->new_q, e;
  int l = afb_kappa_l(s->orbital[a].kappa), wanted = s->orbital[a].n - l - 1, loops = 3 * s->orbital[a].n;
  bounds b;
  if (begin_energy(s, a, &b, &e)) {
    for (int i = 0; i < N; i++)
      s->local[i] = -(s->charge + 1) / s->r[i] - s->nuclear[i];
    s->energy[a] = e;
    s->new_amplitude = 1;
    return grasp_eigenfunction(s, a, p, q, &e);
  }
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
    if (s->method[a] == 2)
      normalise_by_energy(s, a, e, join);
    if (!isfinite(p[join]) || !isfinite(deficit))
      return 0;
    int nodes = grasp_count_nodes(p, &sign);
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
