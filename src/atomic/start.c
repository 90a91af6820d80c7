#include "atomic/start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/bspline.h"

static double screening(double x)
{
  double s = sqrt(x);
  double phi = 1 / (1 + 0.02747 * s + 1.243 * x - 0.1486 * x * s + 0.2302 * x * x + 0.007298 * x * x * s + 0.006944 * x * x * x);
  return phi < 1 ? phi : 1;
}

afb_status afb_start_lowest(const afb_radial *radial, double *h, int count, double *vector)
{
  int n = radial->n;
  size_t band = (size_t)n * AFB_BAND_LD;
  double c = radial->speed_of_light, *metric = malloc((band + (size_t)count) * sizeof *metric);
  if (!metric)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the start orbitals");
  memcpy(metric, radial->overlap, band * sizeof *metric);
  afb_radial_fix_ends(radial, metric);
  afb_radial_fix_ends(radial, h);
  /* The fixed splines get energies below everything. */
  for (int i = 0; i < n; i++)
    if (i < 2 || i >= n - 3)
      h[(size_t)i * AFB_BAND_LD] = -1e3 * c * c;
  afb_status status = afb_band_lowest(n, h, metric, -c * c, count, metric + band, vector);
  for (int i = 0; i < count && status == AFB_OK; i++) {
    double *v = vector + (size_t)i * (size_t)n, most = 0, sign = 1;
    for (int x = 3; x < n; x += 2)
      most = fmax(most, fabs(v[x]));
    for (int x = 3; x < n; x += 2)
      if (fabs(v[x]) > 1e-3 * most) {
        sign = v[x] < 0 ? -1 : 1;
        break;
      }
    for (int x = 0; x < n; x++)
      v[x] *= sign;
  }
  free(metric);
  return status;
}

afb_status afb_start_thomas_fermi(const afb_radial *radial, int n_electrons, int n_orbitals, const afb_orbital *orbital,
                                  double *vector)
{
  int n = radial->n;
  double *u = malloc(((size_t)radial->n_points + (size_t)n * (AFB_MAX_N + AFB_BAND_LD)) * sizeof *u);
  if (!u)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the start potential");
  double *all = u + radial->n_points, *h = all + (size_t)n * AFB_MAX_N, unit = cbrt(radial->nucleus.z) / 0.88534;
  for (int x = 0; x < radial->n_points; x++)
    u[x] = (n_electrons - 1) * (1 - screening(radial->r[x] * unit)) / radial->r[x];
  afb_status status = AFB_OK;
  for (int a = 0; a < n_orbitals && status == AFB_OK; a++) {
    int kappa = orbital[a].kappa, count = 0, seen = 0;
    for (int b = 0; b < n_orbitals; b++)
      if (orbital[b].kappa == kappa) {
        int number = orbital[b].n - afb_kappa_l(kappa);
        count = number > count ? number : count;
        seen |= b < a;
      }
    if (seen)
      continue;
    afb_radial_dirac(radial, kappa, h);
    afb_radial_add_potential(radial, 1, u, h);
    status = afb_start_lowest(radial, h, count, all);
    for (int b = a; b < n_orbitals && status == AFB_OK; b++)
      if (orbital[b].kappa == kappa)
        memcpy(vector + (size_t)b * (size_t)n, all + (size_t)(orbital[b].n - afb_kappa_l(kappa) - 1) * (size_t)n,
               (size_t)n * sizeof *vector);
  }
  free(u);
  return status;
}

double afb_start_spline_value(int order, const afb_orbitals *from, const double *coefficient, double r, int *cell)
{
  double b[AFB_BSPLINE_MAX_ORDER], sum = 0;
  while (*cell < from->n_breakpoints - 2 && r > from->breakpoint[*cell + 1])
    ++*cell;
  if (r > from->breakpoint[from->n_breakpoints - 1])
    return 0;
  afb_bspline_evaluate(order, from->n_breakpoints, from->breakpoint, *cell, r, b, NULL);
  for (int i = 0; i < order; i++)
    sum += b[i] * coefficient[*cell + i];
  return sum;
}

static afb_status orthonormalise(const afb_radial *radial, int n_orbitals, const afb_orbital *orbital, double *vector,
                                 const uint8_t *found)
{
  int n = radial->n;
  for (int pass = 0; pass < 2; pass++)       /* given ones first */
    for (int a = 0; a < n_orbitals; a++) {
      if (found[a] != (pass == 0))
        continue;
      double *va = vector + (size_t)a * (size_t)n;
      for (int twice = 0; twice < 2; twice++)
        for (int b = 0; b < n_orbitals; b++) {
          int before = pass == 0 ? found[b] && b < a : found[b] || b < a;
          if (!before || orbital[b].kappa != orbital[a].kappa)
            continue;
          const double *vb = vector + (size_t)b * (size_t)n;
          double overlap = afb_band_form(n, radial->overlap, vb, va);
          for (int x = 0; x < n; x++)
            va[x] -= overlap * vb[x];
        }
      double norm = afb_band_form(n, radial->overlap, va, va);
      char label[8];
      if (!isfinite(norm))
        return AFB_FAIL(AFB_E_NUMERIC, "start orbital %s is not finite", afb_orbital_label(orbital[a], label));
      if (norm <= 1e-6)
        return AFB_FAIL(AFB_E_LIMIT, "start orbital %s is zero or linearly dependent on others", afb_orbital_label(orbital[a], label));
      for (int x = 0; x < n; x++)
        va[x] /= sqrt(norm);
    }
  return AFB_OK;
}

afb_status afb_start_from(const afb_radial *radial, const afb_orbitals *from, int n_orbitals, const afb_orbital *orbital,
                          double *vector, uint8_t *found)
{
  int n = radial->n, points = radial->n_points;
  size_t band = (size_t)n * AFB_BAND_LD;
  double *metric = malloc((band + (size_t)n * AFB_BAND_FACTOR_LD + 2 * (size_t)points) * sizeof *metric);
  int *pivots = malloc((size_t)n * sizeof *pivots);
  if (!metric || !pivots) {
    free(metric);
    free(pivots);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the start orbitals");
  }
  double *factors = metric + band, *p = factors + (size_t)n * AFB_BAND_FACTOR_LD, *q = p + points;
  memcpy(metric, radial->overlap, band * sizeof *metric);
  afb_radial_fix_ends(radial, metric);
  afb_status status = afb_band_factor(n, metric, factors, pivots);
  for (int a = 0; a < n_orbitals && status == AFB_OK; a++) {
    found[a] = 0;
    for (int b = 0; b < from->n_orbitals; b++) {
      if (from->orbital[b].n != orbital[a].n || from->orbital[b].kappa != orbital[a].kappa)
        continue;
      const double *c = from->coefficient + (size_t)b * (size_t)(from->n_p + from->n_q);
      int cell_p = 0, cell_q = 0;
      for (int x = 0; x < points; x++) {
        p[x] = afb_start_spline_value(AFB_P_ORDER, from, c, radial->r[x], &cell_p);
        q[x] = afb_start_spline_value(AFB_Q_ORDER, from, c + from->n_p, radial->r[x], &cell_q);
      }
      double *v = vector + (size_t)a * (size_t)n;
      afb_radial_project(radial, p, q, v);
      status = afb_band_solve(n, factors, pivots, 1, v);
      found[a] = 1;
    }
  }
  free(metric);
  free(pivots);
  return status == AFB_OK ? orthonormalise(radial, n_orbitals, orbital, vector, found) : status;
}

double afb_start_box(int charge, int n_orbitals, const afb_orbital *orbital)
{
  int n = 1;
  for (int a = 0; a < n_orbitals; a++)
    n = orbital[a].n > n ? orbital[a].n : n;
  double box = charge < 0 ? 400 : (2.5 * n * n + 20 * n) / (charge + 1);
  return box < 15 ? 15 : box > 400 ? 400 : box;
}

double afb_start_growth(int n_orbitals, const afb_orbital *orbital, const uint8_t *closed)
{
  int most = 1;
  for (int a = 0; a < n_orbitals; a++) {
    int n = orbital[a].n;
    for (int b = 0; b < n_orbitals; b++)
      n -= closed[b] && orbital[b].kappa == orbital[a].kappa && orbital[b].n < orbital[a].n;
    most = n > most ? n : most;
  }
  return fmax(0.16, fmin(0.22, 0.96 / most));
}
