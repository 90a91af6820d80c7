/* Between B-splines and the grid of rwfn files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/radial.h"
#include "atomic/scf.h"
#include "atomic/start.h"
#include "core/units.h"
#include "engine/grasp_files.h"

static double max_abs(int n, const double *f)
{
  double most = 0;
  for (int i = 0; i < n; i++)
    most = fmax(most, fabs(f[i]));
  return most;
}

/* Leading power of both functions at a point nucleus; of the larger one at a finite nucleus. */
static double leading_power(const afb_nucleus *nucleus, int kappa)
{
  double zc = nucleus->a > 0 ? 0 : nucleus->z / AFB_SPEED_OF_LIGHT;
  return sqrt(kappa * (double)kappa - zc * zc);
}

/* ---- to the grid ---- */

/* Below a ten-millionth of its maximum near the nucleus a spline function is rounding, which GRASP would divide by a power of r. */
#define SIGNIFICANT 1e-7
/* What counts as the end of an orbital. */
#define TAIL 1e-11

/* Continues f from its first significant value to the nucleus as r^power; returns f / r^power there. */
static double continue_inwards(int n, const double *r, double power, double *f)
{
  double most = max_abs(n, f);
  int first = 1;
  while (first < n - 1 && fabs(f[first]) < SIGNIFICANT * most)
    first++;
  double factor = f[first] / pow(r[first], power);
  for (int i = 1; i < first; i++)
    f[i] = factor * pow(r[i], power);
  f[0] = 0;
  return factor;
}

static void behave_at_nucleus(const afb_nucleus *nucleus, afb_grasp_orbital *o)
{
  int kappa = o->orbital.kappa;
  double gamma = leading_power(nucleus, kappa), small = nucleus->a > 0 ? gamma + 1 : gamma;
  double p = continue_inwards(o->n_points, o->r, kappa < 0 ? gamma : small, o->p);
  double q = continue_inwards(o->n_points, o->r, kappa < 0 ? small : gamma, o->q);
  o->p0 = kappa < 0 || nucleus->a <= 0 ? p : q * nucleus->z / AFB_SPEED_OF_LIGHT / (gamma + kappa);
}

static afb_status tabulate(const afb_orbitals *from, int a, const afb_nucleus *nucleus, afb_grasp_orbital *o)
{
  int finite = nucleus->a > 0, n = finite ? 590 : 220;
  double rnt = (finite ? 2e-6 : exp(-65.0 / 16)) / nucleus->z, h = finite ? 0.05 : 0.0625;
  const double *c = from->coefficient + (size_t)a * (size_t)(from->n_p + from->n_q);
  *o = (afb_grasp_orbital){.orbital = from->orbital[a], .energy = from->energy[a]};
  /* An orbital without occupation has no energy; GRASP wants some estimate. */
  if (!isfinite(o->energy))
    o->energy = -0.5 / (o->orbital.n * (double)o->orbital.n);
  double *room = malloc(3 * (size_t)n * sizeof *room);
  if (!room)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an orbital on %d points", n);
  double *p = room + n, *q = p + n;
  int cell_p = 0, cell_q = 0;
  for (int i = 0; i < n; i++) {
    room[i] = rnt * expm1(i * h);
    p[i] = afb_start_spline_value(AFB_P_ORDER, from, c, room[i], &cell_p);
    q[i] = afb_start_spline_value(AFB_Q_ORDER, from, c + from->n_p, room[i], &cell_q);
  }
  double end = TAIL * max_abs(n, p);
  while (n > 2 && fabs(p[n - 1]) <= end && fabs(q[n - 1]) <= end)
    n--;
  o->n_points = n;
  o->r = room;
  o->p = memmove(room + n, p, (size_t)n * sizeof *p);
  o->q = memmove(room + 2 * n, q, (size_t)n * sizeof *q);
  behave_at_nucleus(nucleus, o);
  return AFB_OK;
}

afb_status afb_grasp_from_splines(const afb_orbitals *from, const afb_nucleus *nucleus, afb_grasp_orbitals *out)
{
  *out = (afb_grasp_orbitals){0};
  for (int a = 0; a < from->n_orbitals; a++) {
    afb_status status = tabulate(from, a, nucleus, out->orbital + a);
    if (status != AFB_OK) {
      afb_grasp_orbitals_clear(out);
      return status;
    }
    out->n_orbitals++;
  }
  return AFB_OK;
}

/* ---- to splines ---- */

enum { STENCIL = 12 };

/* Both functions over r^gamma are interpolated in t = ln(1 + r/RNT), in which the grid is uniform; the point at the origin is left out. */
static void interpolate(const afb_grasp_orbital *o, double gamma, const double *t, double rnt, int n, const double *r, double *p, double *q)
{
  int first = 1, points = o->n_points - 1 < STENCIL ? o->n_points - 1 : STENCIL;
  for (int x = 0; x < n; x++) {
    double s = log1p(r[x] / rnt), power = pow(r[x], gamma);
    p[x] = q[x] = 0;
    if (r[x] > o->r[o->n_points - 1])
      continue;
    while (first + points < o->n_points && t[first + points / 2] < s)
      first++;
    for (int i = first; i < first + points; i++) {
      double weight = power / pow(o->r[i], gamma);
      for (int j = first; j < first + points; j++)
        if (j != i)
          weight *= (s - t[j]) / (t[i] - t[j]);
      p[x] += weight * o->p[i];
      q[x] += weight * o->q[i];
    }
  }
}

typedef struct {
  afb_radial *radial;
  double *factors, *p, *q, *t, *vector;
  int *pivots;
} projector;

static void projector_close(projector *s)
{
  afb_radial_destroy(&s->radial);
  free(s->factors);
  free(s->pivots);
}

static afb_status projector_open(const afb_grasp_orbitals *from, const afb_nucleus *nucleus, projector *s)
{
  double box = 1;
  int most = 0;
  for (int a = 0; a < from->n_orbitals; a++) {
    const afb_grasp_orbital *o = from->orbital + a;
    box = fmax(box, o->r[o->n_points - 1]);
    most = o->n_points > most ? o->n_points : most;
  }
  *s = (projector){0};
  AFB_TRY(afb_radial_create(nucleus, &(afb_radial_options){.r_max = box}, &s->radial));
  size_t n = (size_t)s->radial->n, points = (size_t)s->radial->n_points;
  size_t factors = n * AFB_BAND_FACTOR_LD, band = n * AFB_BAND_LD;
  s->factors = malloc((factors + band + 2 * points + n + (size_t)most) * sizeof(double));
  s->pivots = malloc(n * sizeof *s->pivots);
  if (!s->factors || !s->pivots)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to bring orbitals into splines");
  double *metric = s->factors + factors;
  s->p = metric + band;
  s->q = s->p + points;
  s->vector = s->q + points;
  s->t = s->vector + n;
  memcpy(metric, s->radial->overlap, band * sizeof *metric);
  afb_radial_fix_ends(s->radial, metric);
  return afb_band_factor(s->radial->n, metric, s->factors, s->pivots);
}

static afb_status project(projector *s, const afb_grasp_orbital *o, double gamma, double *coefficient, int n_p, int n_q, double *r_mean)
{
  const afb_radial *radial = s->radial;
  /* R_i = RNT (exp((i-1) H) - 1), so that R_3 / R_2 = exp(H) + 1 */
  double rnt = o->n_points > 2 ? o->r[1] / fmax(o->r[2] / o->r[1] - 2, 1e-3) : o->r[1];
  for (int i = 0; i < o->n_points; i++)
    s->t[i] = log1p(o->r[i] / rnt);
  interpolate(o, gamma, s->t, rnt, radial->n_points, radial->r, s->p, s->q);
  *r_mean = 0;
  for (int x = 0; x < radial->n_points; x++)
    *r_mean += radial->weight[x] * radial->r[x] * (s->p[x] * s->p[x] + s->q[x] * s->q[x]);
  afb_radial_project(radial, s->p, s->q, s->vector);
  AFB_TRY(afb_band_solve(radial->n, s->factors, s->pivots, 1, s->vector));
  for (int i = 0; i < n_p; i++)
    coefficient[i] = s->vector[2 * i + 1];
  for (int i = 0; i < n_q; i++)
    coefficient[n_p + i] = s->vector[2 * i];
  return AFB_OK;
}

static afb_status project_all(projector *s, const afb_grasp_orbitals *from, const afb_nucleus *nucleus, afb_orbitals *out)
{
  int n_cells = s->radial->n_cells;
  *out = (afb_orbitals){.n_orbitals = from->n_orbitals, .n_breakpoints = n_cells + 1, .n_p = n_cells + AFB_P_ORDER - 1,
                        .n_q = n_cells + AFB_Q_ORDER - 1};
  size_t stride = (size_t)(out->n_p + out->n_q), size = (size_t)out->n_breakpoints * sizeof(double);
  out->breakpoint = malloc(size);
  out->coefficient = malloc((size_t)out->n_orbitals * stride * sizeof(double));
  if (!out->breakpoint || !out->coefficient)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d orbitals", out->n_orbitals);
  memcpy(out->breakpoint, s->radial->breakpoint, size);
  for (int a = 0; a < from->n_orbitals; a++) {
    const afb_grasp_orbital *o = from->orbital + a;
    out->orbital[a] = o->orbital;
    out->energy[a] = o->energy;
    AFB_TRY(project(s, o, leading_power(nucleus, o->orbital.kappa), out->coefficient + (size_t)a * stride, out->n_p, out->n_q,
                    out->r_mean + a));
  }
  return AFB_OK;
}

afb_status afb_grasp_to_splines(const afb_grasp_orbitals *from, const afb_nucleus *nucleus, afb_orbitals *out)
{
  projector s;
  *out = (afb_orbitals){0};
  afb_status status = projector_open(from, nucleus, &s);
  if (status == AFB_OK)
    status = project_all(&s, from, nucleus, out);
  projector_close(&s);
  if (status != AFB_OK)
    afb_orbitals_clear(out);
  return status;
}

int afb_grasp_nodes(const afb_grasp_orbital *orbital) { return afb_count_nodes(orbital->n_points, orbital->p); }
