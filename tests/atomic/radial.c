#include "tests/check.h"

#include "atomic/radial.h"
#include "core/units.h"
#include "numeric/bspline.h"

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
  cmocka_unit_test(point_nucleus_energies),
  cmocka_unit_test(no_spurious_states_in_mixed_orders),
  cmocka_unit_test(slater_integrals_of_hydrogen),
  cmocka_unit_test(kernel_is_symmetric),
};
CHECK_MAIN(tests)
