#include "tests/check.h"

#include "atomic/radial.h"
#include "atomic/start.h"
#include "core/units.h"
#include "numeric/bspline.h"
#include "numeric/lapack.h"

static afb_radial *make(int z, double growth, double r_max)
{
  afb_nucleus nucleus;
  afb_radial *radial;
  check_ok(afb_nucleus_create(z, 0, AFB_NUCLEUS_POINT, 0, 0, &nucleus));
  check_ok(afb_radial_create(&nucleus, &(afb_radial_options){.growth = growth, .max_width = 1, .r_max = r_max}, &radial));
  return radial;
}

static double sommerfeld(double z, int n, int kappa)
{
  double c = AFB_SPEED_OF_LIGHT, zc = z / c, k = abs(kappa), gamma = sqrt(k * k - zc * zc);
  double u = zc / (n - k + gamma);
  /* c^2 (1/sqrt(1+u^2) - 1) without cancellation */
  return -c * c * u * u / (sqrt(1 + u * u) * (1 + sqrt(1 + u * u)));
}

/* e = x^T H x after one step of inverse iteration: the dense eigensolver's rounding is set by the largest eigenvalue. */
static double refine(int n, const double *h, const double *s, double e, double *x)
{
  double *shifted = malloc((size_t)n * AFB_BAND_LD * sizeof *shifted), *factors = malloc((size_t)n * AFB_BAND_FACTOR_LD * sizeof *factors);
  int *pivots = malloc((size_t)n * sizeof *pivots);
  double *y = malloc((size_t)n * sizeof *y);
  for (int i = 0; i < n * AFB_BAND_LD; i++)
    shifted[i] = h[i] - e * (1 + 1e-7) * s[i];
  check_ok(afb_band_factor(n, shifted, factors, pivots));
  afb_band_multiply(n, s, x, y);
  check_ok(afb_band_solve(n, factors, pivots, 1, y));
  double value = afb_band_form(n, h, y, y) / afb_band_form(n, s, y, y);
  free(shifted);
  free(factors);
  free(pivots);
  free(y);
  return value;
}

/* Lowest eigenvalues above the negative continuum. */
static void lowest(const afb_radial *radial, int kappa, int count, double *value)
{
  int n = radial->n, first = 0;
  size_t band = (size_t)n * AFB_BAND_LD;
  double *h = malloc(band * sizeof *h), *s = malloc(band * sizeof *s), *all = malloc((size_t)n * sizeof *all);
  double *vector = malloc((size_t)n * (size_t)n * sizeof *vector);
  afb_radial_dirac(radial, kappa, h);
  for (size_t i = 0; i < band; i++)
    s[i] = radial->overlap[i];
  afb_radial_fix_ends(radial, s);
  check_ok(afb_band_eigen(n, h, s, 0, n - 1, all, vector));
  while (all[first] < -AFB_SPEED_OF_LIGHT * AFB_SPEED_OF_LIGHT)
    first++;
  for (int i = first, taken = 0; taken < count; i++)
    if (all[i] != 0)                               /* the fixed splines have energy 0 here */
      value[taken++] = refine(n, h, s, all[i], vector + (size_t)i * (size_t)n);
  free(h);
  free(s);
  free(all);
  free(vector);
}

/* The lowest states above the negative continuum are those of the whole dense spectrum, whatever their number. */
static void lowest_states_are_found(void **state)
{
  (void)state;
  for (int kappa = -2; kappa <= 1; kappa += 3)
    for (int count = 1; count <= 17; count += 8) {
      afb_radial *radial = make(26, 0.16, 60);
      int n = radial->n, first = 0;
      size_t band = (size_t)n * AFB_BAND_LD, size = (size_t)n;
      double c = AFB_SPEED_OF_LIGHT, value[17];
      double *h = malloc((2 * band + size * size + size + 17 * size) * sizeof *h), *s = h + band, *all = s + band;
      double *vector = all + size, *found = vector + size * size;
      afb_radial_dirac(radial, kappa, h);
      for (size_t i = 0; i < band; i++)
        s[i] = radial->overlap[i];
      afb_radial_fix_ends(radial, s);
      afb_radial_fix_ends(radial, h);
      for (int i = 0; i < n; i++)
        if (i < 2 || i >= n - 3)
          h[(size_t)i * AFB_BAND_LD] = -1e3 * c * c;
      check_ok(afb_band_eigen(n, h, s, 0, n - 1, all, vector));
      while (all[first] < -c * c)
        first++;
      check_ok(afb_band_lowest(n, h, s, -c * c, count, value, found));
      for (int i = 0; i < count; i++) {
        check_close(value[i], all[first + i], 1e-6);
        check_close(fabs(afb_band_form(n, s, found + (size_t)i * size, vector + (size_t)(first + i) * size)), 1, 1e-10);
      }
      free(h);
      afb_radial_destroy(&radial);
    }
}

static void point_nucleus_energies(void **state)
{
  (void)state;
  const int z[] = {1, 10, 26, 60};
  for (int i = 0; i < 4; i++) {
    afb_radial *radial = make(z[i], 0.08, 160.0 / z[i]);
    for (int kappa = -3; kappa <= 3; kappa++) {
      if (kappa == 0)
        continue;
      double e[2];
      int n = abs(kappa) + (kappa > 0);
      lowest(radial, kappa, 2, e);
      check_close(e[0] / sommerfeld(z[i], n, kappa), 1, 2e-12);
    }
    afb_radial_destroy(&radial);
  }
}

/* The meshes that calculations use, by the number of the highest state. */
static void mesh_of_a_calculation_is_accurate(void **state)
{
  (void)state;
  const int z[] = {1, 26, 92};
  const uint8_t open[1] = {0};
  for (int i = 0; i < 3; i++)
    for (int most = 3; most <= 6; most++)
      for (int kappa = -3; kappa <= 3; kappa++) {
        if (kappa == 0)
          continue;
        double e[6];
        int first = abs(kappa) + (kappa > 0), count = most - first + 1;
        afb_radial *radial = make(z[i], afb_start_growth(1, &(afb_orbital){most, kappa}, open), 400.0 / z[i]);
        if (count > 0)
          lowest(radial, kappa, count, e);
        for (int j = 0; j < count; j++)
          check_close(e[j] / sommerfeld(z[i], first + j, kappa), 1, 1e-9);
        afb_radial_destroy(&radial);
      }
}

/* The matrix of a potential is the quadrature over all points, cell by cell, whatever tables cells share. */
static void potential_is_the_sum_over_points(void **state)
{
  (void)state;
  afb_radial *radial = make(26, 0, 30);
  size_t n = (size_t)radial->n, points = (size_t)radial->n_points;
  double *band = calloc(n * AFB_BAND_LD, sizeof *band), *u = malloc(3 * points * sizeof *u), *p = u + points, *q = p + points;
  double *a = malloc(2 * n * sizeof *a), *b = a + n, sum = 0, size = 0;
  for (size_t i = 0; i < n; i++) {
    a[i] = i < 2 || i >= n - 3 ? 0 : sin(1.0 + (double)i);
    b[i] = i < 2 || i >= n - 3 ? 0 : cos(3.0 * (double)i);
  }
  for (size_t x = 0; x < points; x++)
    u[x] = exp(-radial->r[x]) + 0.1 * radial->r[x];
  afb_radial_add_potential(radial, 2, u, band);
  double pa, qa;
  for (size_t x = 0; x < points; x++) {
    size_t cell = x / AFB_CELL_POINTS;
    pa = qa = p[x] = q[x] = 0;
    for (size_t i = 0; i < AFB_P_ORDER; i++) {
      pa += radial->p_spline[x * AFB_P_ORDER + i] * a[2 * (cell + i) + 1];
      p[x] += radial->p_spline[x * AFB_P_ORDER + i] * b[2 * (cell + i) + 1];
    }
    for (size_t i = 0; i < AFB_Q_ORDER; i++) {
      qa += radial->q_spline[x * 12 + i] * a[2 * (cell + i)];
      q[x] += radial->q_spline[x * 12 + i] * b[2 * (cell + i)];
    }
    sum += 2 * radial->weight[x] * u[x] * (pa * p[x] + qa * q[x]);
    size += 2 * radial->weight[x] * u[x] * (fabs(pa * p[x]) + fabs(qa * q[x]));
  }
  check_close(afb_band_form((int)n, band, a, b) / size, sum / size, 1e-13);
  free(a);
  free(u);
  free(band);
  afb_radial_destroy(&radial);
}

static void no_spurious_states_in_mixed_orders(void **state)
{
  (void)state;
  afb_radial *radial = make(60, 0.18, 2);
  for (int kappa = 1; kappa <= 3; kappa++) {
    double e[2];
    lowest(radial, kappa, 2, e);
    check_close(e[0] / sommerfeld(60, kappa + 1, kappa), 1, 1e-6);
    check_close(e[1] / sommerfeld(60, kappa + 2, kappa), 1, 1e-6);
  }
  afb_radial_destroy(&radial);
}

/* The lowest two energies of kappa in P and Q splines of the given orders, built here with dense matrices. */
static void lowest_of_orders(const afb_radial *radial, int kappa, int p_order, int q_order, double *value)
{
  enum { POINTS = 12 };
  int n_p = radial->n_cells + p_order - 3, n_q = radial->n_cells + q_order - 3, n = n_p + n_q, lwork = 64 * n, info, type = 1;
  double node[POINTS], weight[POINTS], c = AFB_SPEED_OF_LIGHT;
  double *h = calloc((size_t)n * (size_t)n, sizeof *h), *s = calloc((size_t)n * (size_t)n, sizeof *s);
  double *all = malloc((size_t)n * sizeof *all), *work = malloc((size_t)lwork * sizeof *work);
  afb_gauss_legendre(POINTS, node, weight);
  for (int cell = 0; cell < radial->n_cells; cell++)
    for (int x = 0; x < POINTS; x++) {
      double width = radial->breakpoint[cell + 1] - radial->breakpoint[cell];
      double r = radial->breakpoint[cell] + 0.5 * width * (1 + node[x]), w = 0.5 * width * weight[x];
      double v = afb_nucleus_rv(&radial->nucleus, r) / r, f[2][9], slope[9];
      int order[2] = {p_order, q_order}, offset[2] = {0, n_p}, size[2] = {n_p, n_q};
      afb_bspline_evaluate(q_order, radial->n_cells + 1, radial->breakpoint, cell, r, f[1], NULL);
      afb_bspline_evaluate(p_order, radial->n_cells + 1, radial->breakpoint, cell, r, f[0], slope);
      for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
          for (int i = 0; i < order[a]; i++)
            for (int j = 0; j < order[b]; j++) {
              int row = cell + i - 1, column = cell + j - 1;     /* the splines at both ends are left out */
              if (row < 0 || row >= size[a] || column < 0 || column >= size[b])
                continue;
              size_t at = (size_t)(offset[b] + column) * (size_t)n + (size_t)(offset[a] + row);
              double bb = w * f[a][i] * f[b][j];
              if (a == b) {
                s[at] += bb;
                h[at] += bb * (a == 0 ? v : v - 2 * c * c);
              } else if (a == 1) {
                h[at] += w * c * f[1][i] * (slope[j] + kappa / r * f[0][j]);
              }
            }
    }
  dsygv_(&type, "N", "L", &n, h, &n, s, &n, all, work, &lwork, &info);
  check_true(info == 0);
  int first = 0;
  while (all[first] < -c * c)
    first++;
  value[0] = all[first];
  value[1] = all[first + 1];
  free(h);
  free(s);
  free(all);
  free(work);
}

/* In equal orders a state far below the lowest physical one appears for kappa > 0; this is why the orders differ. */
static void equal_orders_have_spurious_states(void **state)
{
  (void)state;
  afb_radial *radial = make(60, 0.25, 2);
  for (int kappa = 1; kappa <= 3; kappa++) {
    double equal[2], mixed[2], exact = sommerfeld(60, kappa + 1, kappa);
    lowest_of_orders(radial, kappa, 8, 8, equal);
    lowest_of_orders(radial, kappa, 8, 9, mixed);
    check_close(mixed[0] / exact, 1, 1e-4);
    check_true(equal[0] < 1.5 * exact);
  }
  afb_radial_destroy(&radial);
}

/* R^k of hydrogenic densities (2 Z^3/2 r e^-Zr)^2: R^0 = 5 Z / 8; R^1 of the density 1s2p: 2p = Z^5/2 r^2 e^(-Zr/2) / sqrt(24). */
static void slater_integrals_of_hydrogen(void **state)
{
  (void)state;
  double z = 3;
  afb_radial *radial = make(3, 0.16, 30);
  check_ok(afb_radial_prepare_rank(radial, 0));
  check_ok(afb_radial_prepare_rank(radial, 1));
  int n = radial->n_points;
  double *rho = malloc(2 * (size_t)n * sizeof *rho), *v = malloc((size_t)n * sizeof *v), *mixed = rho + n, r0 = 0, r1 = 0;
  for (int x = 0; x < n; x++) {
    double r = radial->r[x], s = 2 * pow(z, 1.5) * r * exp(-z * r), p = pow(z, 2.5) * r * r * exp(-z * r / 2) / sqrt(24);
    rho[x] = radial->weight[x] * s * s;
    mixed[x] = radial->weight[x] * s * p;
  }
  afb_radial_coulomb(radial, 0, rho, v);
  for (int x = 0; x < n; x++)
    r0 += rho[x] * v[x];
  check_close(r0, 5 * z / 8, 1e-11);
  afb_radial_coulomb(radial, 1, mixed, v);
  for (int x = 0; x < n; x++)
    r1 += mixed[x] * v[x];
  check_close(r1, z * 112.0 / 2187, 1e-11);     /* G1(1s2p) = 112 Z / 2187 */
  free(rho);
  free(v);
  afb_radial_destroy(&radial);
}

static void kernel_is_symmetric(void **state)
{
  (void)state;
  afb_radial *radial = make(20, 0.16, 20);
  int n = radial->n_points;
  double *a = malloc(4 * (size_t)n * sizeof *a), *b = a + n, *va = b + n, *vb = va + n;
  for (int k = 0; k < 5; k++) {
    check_ok(afb_radial_prepare_rank(radial, k));
    for (int x = 0; x < n; x++) {
      a[x] = radial->weight[x] * exp(-radial->r[x]) * sin(3 * radial->r[x]) * radial->r[x];
      b[x] = radial->weight[x] * radial->r[x] * radial->r[x] * exp(-2 * radial->r[x]);
    }
    afb_radial_coulomb(radial, k, a, va);
    afb_radial_coulomb(radial, k, b, vb);
    double ab = 0, ba = 0;
    for (int x = 0; x < n; x++) {
      ab += a[x] * vb[x];
      ba += b[x] * va[x];
    }
    check_close(ab / ba, 1, 1e-12);
  }
  free(a);
  afb_radial_destroy(&radial);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(lowest_states_are_found),
  cmocka_unit_test(point_nucleus_energies),
  cmocka_unit_test(mesh_of_a_calculation_is_accurate),
  cmocka_unit_test(potential_is_the_sum_over_points),
  cmocka_unit_test(no_spurious_states_in_mixed_orders),
  cmocka_unit_test(equal_orders_have_spurious_states),
  cmocka_unit_test(slater_integrals_of_hydrogen),
  cmocka_unit_test(kernel_is_symmetric),
};
CHECK_MAIN(tests)
