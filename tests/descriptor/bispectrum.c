/* The bispectrum by its properties: another way to evaluate it, invariances, derivatives against differences; every option and kernel. */
#include "tests/check.h"

#include <complex.h>
#include <string.h>

#include "core/random.h"
#include "descriptor/bispectrum.h"

enum { MAX_PAIRS = 64, N_ELEMENTS = 3, N_OPTIONS = 15, N_WITH_LARGE = 18, N_KERNELS = 4 };
static const afb_kernel kernels[N_KERNELS] = {AFB_KERNEL_REFERENCE, AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8};
static const double pi = 3.14159265358979323846;

static afb_bispectrum_settings option(int which, afb_kernel kernel)
{
  afb_bispectrum_settings s;
  afb_bispectrum_settings_default(&s);
  s.kernel = kernel;
  s.two_jmax = 4;
  s.n_elements = N_ELEMENTS;
  s.rcutfac = 1;
  s.rmin0 = 0.2;
  for (int e = 0; e < N_ELEMENTS; e++) {
    s.radius[e] = 1.6 + 0.15 * e;
    s.weight[e] = 1 - 0.35 * e;
    s.inner_s[e] = 1.4 + 0.1 * e;
    s.inner_d[e] = 0.5 + 0.1 * e;
  }
  static const int pairs[][2] = {{3, 2}, {2, 2}, {4, 1}, {3, 0}, {0, 0}}, large[][2] = {{15, 15}, {20, 3}, {27, 1}};
  switch (which) {
  case 1: s.bzero = 0; break;
  case 2: s.bnorm = 1; break;
  case 3: s.switching = 0; break;
  case 4: s.inner_switching = 1; break;
  case 5: s.quadratic = 1; break;
  case 6: s.quadratic = 1, s.bzero = 0, s.bnorm = 1, s.two_jmax = 3; break;
  case 7: s.chem = 1, s.two_jmax = 3; break;
  case 8: s.chem = s.bnorm = s.self_all = 1, s.two_jmax = 3; break;
  case 9: s.chem = 1, s.channel[1] = 0, s.channel[2] = 1, s.inner_switching = 1; break;
  case 10: s.chem = s.quadratic = 1, s.two_jmax = 2; break;
  case 11:
    s.self = 0, s.rfac0 = 0.425, s.rmin0 = 0, s.n_pairs = 5;
    memcpy(s.pair, pairs, sizeof pairs);
    break;
  case 12:
    s.chem = 1, s.n_pairs = 2, s.self = 0.5;
    memcpy(s.pair, pairs, sizeof pairs);
    break;
  case 13: s.two_jmax = 7, s.rfac0 = 1; break;
  case 14: s.two_jmax = 0; break;
  case 15: s.two_jmax = 14; break;
  case 16: s.two_jmax = 11, s.inner_switching = s.bnorm = 1; break;
  case 17:
    s.n_pairs = 3;
    memcpy(s.pair, large, sizeof large);
    break;
  default: break;
  }
  return s;
}

/* Four centres, the last a grid point; some pairs lie beyond their cut-off, one below rmin0. The second has no neighbour. */
typedef struct {
  afb_neighbours list;
  int32_t centre_element[4], element[MAX_PAIRS];
  int64_t centre[4], first[5], point[MAX_PAIRS];
  double x[MAX_PAIRS], y[MAX_PAIRS], z[MAX_PAIRS];
} environment;

static double draw(int *count) { return afb_random_uniform(5, 0, (uint64_t)(*count)++); }

static void environment_make(environment *e)
{
  static const int number[4] = {9, 0, 13, 6}, element[4] = {1, 0, 2, AFB_GRID_POINT};
  int count = 0, n = 0;
  for (int c = 0; c < 4; c++) {
    e->centre_element[c] = element[c];
    e->centre[c] = c;
    e->first[c] = n;
    for (int i = 0; i < number[c]; i++, n++) {
      double r = i == 0 ? 0.15 : i == 1 ? 3.9 : 0.9 + 2.4 * draw(&count), cosine = 2 * draw(&count) - 1, phi = 2 * pi * draw(&count);
      e->x[n] = r * sqrt(1 - cosine * cosine) * cos(phi);
      e->y[n] = r * sqrt(1 - cosine * cosine) * sin(phi);
      e->z[n] = r * cosine;
      e->element[n] = (int32_t)afb_random_below(N_ELEMENTS, 6, 0, (uint64_t)n);
      e->point[n] = n;
    }
  }
  e->first[4] = n;
  e->list = (afb_neighbours){.n_centres = 4, .centre_element = e->centre_element, .centre = e->centre, .first = e->first, .x = e->x,
                             .y = e->y, .z = e->z, .element = e->element, .point = e->point};
}

/* The larger one, or NaN where one is: fmax would hide it. */
static double worse(double a, double b) { return isnan(a) || b <= a ? a : b; }

static double *numbers(int64_t n) { return calloc((size_t)n + 1, sizeof(double)); }

/* Plans of every option with a kernel; NULL where this processor has it not. */
static afb_bispectrum *plan_of(int which, int kernel)
{
  afb_bispectrum_settings s = option(which, kernels[kernel]);
  afb_bispectrum *plan = NULL;
  if (afb_bispectrum_create(&s, &plan) != AFB_OK)
    check_true(kernels[kernel] != AFB_KERNEL_REFERENCE);
  return plan;
}

static double largest(int64_t n, const double *a, const double *b)
{
  double worst = 0;
  for (int64_t i = 0; i < n; i++)
    worst = worse(worst, fabs(a[i] - (b ? b[i] : 0)));
  return worst;
}

static void multiply(int n, const double complex *a, const double complex *b, double complex *out)
{
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++) {
      double complex sum = 0;
      for (int c = 0; c < n; c++)
        sum += a[i * n + c] * b[c * n + k];
      out[i * n + k] = sum;
    }
}

/* exp(-i omega n.J) for the spin j/2, by Taylor series of the 2^-8th part and squaring. */
static void rotation_matrix(int j, double omega, const double n[3], double complex *D)
{
  int size = j + 1;
  double complex G[64] = {0}, term[64] = {0}, next[64] = {0};
  for (int a = 0; a < size; a++) {
    double m = a - 0.5 * j, s = 0.5 * j, up = sqrt(s * (s + 1) - m * (m + 1)) / 2, step = omega / 256;
    G[a * size + a] = -I * step * n[2] * m;
    term[a * size + a] = 1;
    if (a < j) {
      G[(a + 1) * size + a] = -I * step * up * (n[0] - I * n[1]);
      G[a * size + a + 1] = -I * step * up * (n[0] + I * n[1]);
    }
  }
  memcpy(D, term, sizeof term);
  for (int k = 1; k < 16; k++) {
    multiply(size, term, G, next);
    for (int i = 0; i < size * size; i++) {
      term[i] = next[i] / k;
      D[i] += term[i];
    }
  }
  for (int k = 0; k < 8; k++) {
    multiply(size, D, D, next);
    memcpy(D, next, sizeof next);
  }
}

static double factorial(int n) { return n < 2 ? 1 : n * factorial(n - 1); }

/* <j1 m1 j2 m2 | j m> by Racah's sum; all twice. */
static double coupling(int j1, int m1, int j2, int m2, int j, int m)
{
  if (m1 + m2 != m)
    return 0;
  double sum = 0;
  for (int z = 0; z <= (j1 + j2 - j) / 2; z++) {
    int a = (j1 - m1) / 2 - z, b = (j2 + m2) / 2 - z, c = (j - j2 + m1) / 2 + z, d = (j - j1 - m2) / 2 + z;
    if (a >= 0 && b >= 0 && c >= 0 && d >= 0)
      sum += (z & 1 ? -1 : 1) / (factorial(z) * factorial((j1 + j2 - j) / 2 - z) * factorial(a) * factorial(b) * factorial(c) * factorial(d));
  }
  return sum * sqrt((j + 1) * factorial((j1 + j2 - j) / 2) * factorial((j1 - j2 + j) / 2) * factorial((j2 - j1 + j) / 2) /
                    factorial((j1 + j2 + j) / 2 + 1)) *
         sqrt(factorial((j1 + m1) / 2) * factorial((j1 - m1) / 2) * factorial((j2 + m2) / 2) * factorial((j2 - m2) / 2) *
              factorial((j + m) / 2) * factorial((j - m) / 2));
}

/* Density of a centre in the representation j: self 1 + sum of weight fc D. */
static void density(const environment *e, int c, const afb_bispectrum_settings *s, int j, double complex *U)
{
  int size = j + 1;
  double complex D[64];
  for (int i = 0; i < size * size; i++)
    U[i] = i % (size + 1) == 0 ? s->self : 0;
  for (int64_t p = e->first[c]; p < e->first[c + 1]; p++) {
    double r = sqrt(e->x[p] * e->x[p] + e->y[p] * e->y[p] + e->z[p] * e->z[p]), n[3] = {e->x[p] / r, e->y[p] / r, e->z[p] / r};
    double own = c == 3 ? s->radius[e->element[p]] : s->radius[e->centre_element[c]], R = (own + s->radius[e->element[p]]) * s->rcutfac;
    double share = (r - s->rmin0) / (R - s->rmin0), f = !s->switching || share < 0 ? 1 : (cos(pi * share) + 1) / 2;
    if (r >= R)
      continue;
    rotation_matrix(j, 2 * s->rfac0 * pi * share, n, D);
    for (int i = 0; i < size * size; i++)
      U[i] += s->weight[e->element[p]] * f * D[i];
  }
}

static double component_by_rotations(const environment *e, int c, const afb_bispectrum_settings *s, int j1, int j2, int j)
{
  double complex U1[64], U2[64], U[64], sum = 0;
  density(e, c, s, j1, U1);
  density(e, c, s, j2, U2);
  density(e, c, s, j, U);
  for (int a1 = 0; a1 <= j1; a1++)
    for (int a2 = 0; a2 <= j2; a2++)
      for (int b1 = 0; b1 <= j1; b1++)
        for (int b2 = 0; b2 <= j2; b2++)
          for (int a = 0; a <= j; a++)
            for (int b = 0; b <= j; b++)
              sum += coupling(j1, 2 * a1 - j1, j2, 2 * a2 - j2, j, 2 * a - j) * coupling(j1, 2 * b1 - j1, j2, 2 * b2 - j2, j, 2 * b - j) *
                     U1[a1 * (j1 + 1) + b1] * U2[a2 * (j2 + 1) + b2] * conj(U[a * (j + 1) + b]);
  check_true(fabs(cimag(sum)) < 1e-9);
  return creal(sum);
}

static void is_the_triple_product_of_rotations(void **state)
{
  (void)state;
  static const int which[] = {0, 1, 3, 11};
  environment e;
  environment_make(&e);
  for (int o = 0; o < 4; o++) {
    afb_bispectrum_settings s = option(which[o], AFB_KERNEL_REFERENCE);
    afb_bispectrum *plan;
    check_ok(afb_bispectrum_create(&s, &plan));
    int n = afb_bispectrum_n_columns(plan);
    double *B = numbers(4 * n);
    check_ok(afb_bispectrum_values(plan, &e.list, B));
    for (int c = 0; c < 4; c++)
      for (int k = 0; k < n; k++) {
        afb_bispectrum_component t = afb_bispectrum_column(plan, k);
        double expected = component_by_rotations(&e, c, &s, t.two_j1, t.two_j2, t.two_j);
        check_close(B[c * n + k], expected - (s.bzero ? s.self * s.self * s.self * (t.two_j + 1) : 0), 1e-10);
      }
    free(B);
    afb_bispectrum_destroy(&plan);
  }
}

/* All neighbours turned about an axis, and their order reversed. */
static void environment_turn(environment *e)
{
  const double n[3] = {2.0 / 3, -1.0 / 3, 2.0 / 3}, c = cos(1.1), s = sin(1.1);
  environment old = *e;
  for (int centre = 0; centre < 4; centre++)
    for (int64_t p = e->first[centre]; p < e->first[centre + 1]; p++) {
      int64_t q = e->first[centre] + e->first[centre + 1] - 1 - p;
      double r[3] = {old.x[q], old.y[q], old.z[q]}, along = (1 - c) * (n[0] * r[0] + n[1] * r[1] + n[2] * r[2]);
      e->x[p] = c * r[0] + s * (n[1] * r[2] - n[2] * r[1]) + along * n[0];
      e->y[p] = c * r[1] + s * (n[2] * r[0] - n[0] * r[2]) + along * n[1];
      e->z[p] = c * r[2] + s * (n[0] * r[1] - n[1] * r[0]) + along * n[2];
      e->element[p] = old.element[q];
    }
}

static void is_invariant(void **state)
{
  (void)state;
  for (int which = 0; which < N_OPTIONS; which++)
    for (int kernel = 0; kernel < N_KERNELS; kernel++) {
      environment e;
      environment_make(&e);
      afb_bispectrum *plan = plan_of(which, kernel);
      if (!plan)
        continue;
      int n = afb_bispectrum_n_columns(plan);
      double *a = numbers(4 * n), *b = numbers(4 * n);
      check_ok(afb_bispectrum_values(plan, &e.list, a));
      environment_turn(&e);
      check_ok(afb_bispectrum_values(plan, &e.list, b));
      check_true(largest(4 * n, a, b) < 1e-13 * largest(4 * n, a, NULL));
      free(a);
      free(b);
      afb_bispectrum_destroy(&plan);
    }
}

static double *coordinate(environment *e, int k, int64_t p) { return (k == 0 ? e->x : k == 1 ? e->y : e->z) + p; }

static void derivatives_are_those_of_the_values(void **state)
{
  (void)state;
  const double h = 1e-5;
  for (int which = 0; which < N_OPTIONS; which++)
    for (int kernel = 0; kernel < N_KERNELS; kernel++) {
      environment e;
      environment_make(&e);
      afb_bispectrum *plan = plan_of(which, kernel);
      if (!plan)
        continue;
      int n = afb_bispectrum_n_columns(plan);
      int64_t n_pairs = e.first[4];
      double *B = numbers(4 * n), *only = numbers(4 * n), *up = numbers(4 * n), *down = numbers(4 * n), *dB = numbers(3 * n * n_pairs);
      check_ok(afb_bispectrum_derivatives(plan, &e.list, B, dB));
      check_ok(afb_bispectrum_values(plan, &e.list, only));
      check_true(largest(4 * n, B, only) <= 1e-14 * largest(4 * n, B, NULL));
      double scale = largest(3 * n * n_pairs, dB, NULL), worst = 0;
      for (int c = 0; c < 4; c++)
        for (int64_t p = e.first[c]; p < e.first[c + 1]; p++)
          for (int k = 0; k < 3; k++) {
            double *r = coordinate(&e, k, p), old = *r;
            *r = old + h;
            check_ok(afb_bispectrum_values(plan, &e.list, up));
            *r = old - h;
            check_ok(afb_bispectrum_values(plan, &e.list, down));
            *r = old;
            for (int i = 0; i < n; i++)
              worst = worse(worst, fabs((up[c * n + i] - down[c * n + i]) / (2 * h) - dB[(3 * p + k) * n + i]));
          }
      if (!(worst <= 1e-7 * scale))
        fprintf(stderr, "# option %d, kernel %s: %.2e of %.2e\n", which, afb_bispectrum_kernel(plan), worst, scale);
      check_true(worst <= 1e-7 * scale);
      double *same = numbers(3 * n * n_pairs);
      check_ok(afb_bispectrum_derivatives(plan, &e.list, NULL, same));
      check_true(largest(3 * n * n_pairs, same, dB) == 0);
      free(B), free(only), free(up), free(down), free(dB), free(same);
      afb_bispectrum_destroy(&plan);
    }
}

static void gradients_are_those_of_the_energy(void **state)
{
  (void)state;
  for (int which = 0; which < N_OPTIONS; which++)
    for (int kernel = 0; kernel < N_KERNELS; kernel++) {
      environment e;
      environment_make(&e);
      afb_bispectrum *plan = plan_of(which, kernel);
      if (!plan)
        continue;
      e.list.n_centres = 3;
      int n = afb_bispectrum_n_columns(plan), count = 1000;
      int64_t n_pairs = e.first[3];
      double *B = numbers(3 * n), *dB = numbers(3 * n * n_pairs), *beta = numbers(N_ELEMENTS * n), *gradient = numbers(3 * n_pairs);
      for (int i = 0; i < N_ELEMENTS * n; i++)
        beta[i] = draw(&count) - 0.5;
      check_ok(afb_bispectrum_derivatives(plan, &e.list, B, dB));
      double energy[3], alone[3], worst = 0, scale = 0, energy_scale = 0;
      check_ok(afb_bispectrum_energies(plan, &e.list, beta, energy, gradient));
      check_ok(afb_bispectrum_energies(plan, &e.list, beta, alone, NULL));
      for (int c = 0; c < 3; c++) {
        const double *b = beta + e.centre_element[c] * n;
        double sum = 0;
        for (int i = 0; i < n; i++) {
          sum += b[i] * B[c * n + i];
          energy_scale = fmax(energy_scale, fabs(b[i] * B[c * n + i]));
        }
        worst = worse(worse(worst, fabs(sum - energy[c])), fabs(sum - alone[c]));
      }
      check_true(worst <= 1e-13 * n * energy_scale);
      worst = 0;
      for (int c = 0; c < 3; c++)
        for (int64_t p = e.first[c]; p < e.first[c + 1]; p++)
          for (int k = 0; k < 3; k++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
              double term = beta[e.centre_element[c] * n + i] * dB[(3 * p + k) * n + i];
              sum += term;
              scale = fmax(scale, fabs(term));
            }
            worst = worse(worst, fabs(sum - gradient[3 * p + k]));
          }
      if (!(worst <= 1e-13 * n * scale))
        fprintf(stderr, "# option %d, kernel %s: %.2e of %.2e\n", which, afb_bispectrum_kernel(plan), worst, scale);
      check_true(worst <= 1e-13 * n * scale);
      free(B), free(dB), free(beta), free(gradient);
      afb_bispectrum_destroy(&plan);
    }
}

static void kernels_agree(void **state)
{
  (void)state;
  environment e;
  environment_make(&e);
  for (int which = 0; which < N_WITH_LARGE; which++) {
    afb_bispectrum *plain = plan_of(which, 0);
    int n = afb_bispectrum_n_columns(plain);
    int64_t n_pairs = e.first[4];
    double *B = numbers(4 * n), *dB = numbers(3 * n * n_pairs), *b = numbers(4 * n), *db = numbers(3 * n * n_pairs);
    check_ok(afb_bispectrum_derivatives(plain, &e.list, B, dB));
    for (int kernel = 1; kernel < N_KERNELS; kernel++) {
      afb_bispectrum *plan = plan_of(which, kernel);
      if (!plan)
        continue;
      check_ok(afb_bispectrum_derivatives(plan, &e.list, b, db));
      check_true(largest(4 * n, b, B) < 1e-13 * largest(4 * n, B, NULL));
      check_true(largest(3 * n * n_pairs, db, dB) < 1e-13 * largest(3 * n * n_pairs, dB, NULL));
      afb_bispectrum_destroy(&plan);
    }
    free(B), free(dB), free(b), free(db);
    afb_bispectrum_destroy(&plain);
  }
}

static void pairs_beyond_the_cut_off_count_nothing(void **state)
{
  (void)state;
  for (int kernel = 0; kernel < N_KERNELS; kernel++) {
    environment e;
    environment_make(&e);
    afb_bispectrum *plan = plan_of(3, kernel);
    if (!plan)
      continue;
    int n = afb_bispectrum_n_columns(plan);
    double *a = numbers(4 * n), *b = numbers(4 * n), *dB = numbers(3 * n * e.first[4]);
    check_ok(afb_bispectrum_derivatives(plan, &e.list, a, dB));
    check_true(largest(3 * n, dB + 3 * (e.first[0] + 1) * n, NULL) == 0);
    e.x[e.first[0] + 1] += 1;
    e.y[e.first[3] + 1] = 40;
    check_ok(afb_bispectrum_values(plan, &e.list, b));
    check_true(largest(4 * n, a, b) <= 1e-14 * largest(4 * n, a, NULL));
    free(a), free(b), free(dB);
    afb_bispectrum_destroy(&plan);
  }
}

/* Six neighbours at 2 angstrom, twelve near 2 sqrt 2. */
static void adaptive_cut_off_takes_in_the_number(void **state)
{
  (void)state;
  environment e;
  memset(&e, 0, sizeof e);
  int n = 0;
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++)
      for (int k = -1; k <= 1; k++)
        if (abs(i) + abs(j) + abs(k) == 1 || abs(i) + abs(j) + abs(k) == 2) {
          e.x[n] = 2 * i, e.y[n] = 2 * j, e.z[n++] = 2 * k;
        }
  e.list = (afb_neighbours){.n_centres = 1, .centre_element = e.centre_element, .centre = e.centre, .first = e.first, .x = e.x, .y = e.y,
                            .z = e.z, .element = e.element, .point = e.point};
  e.first[1] = n;
  for (int kernel = 0; kernel < N_KERNELS; kernel++) {
    afb_bispectrum_settings s = option(1, kernels[kernel]);
    s.n_elements = 1;
    s.rmin0 = 0;
    s.two_jmax = 0;
    s.radius[0] = 4;
    s.adaptive = AFB_ADAPTIVE_STEP;
    s.adaptive_number = 6;
    s.adaptive_delta = 0.3;
    afb_bispectrum *plan;
    if (afb_bispectrum_create(&s, &plan) != AFB_OK)
      continue;
    /* B_000 = (1 + sum fc)^3 gives the cut-off back: of the first bisection point between both shells, 0.1 + 7.9/4 */
    double B, R = 0.1 + 7.9 / 4, sum = 1 + 6 * (cos(pi * 2 / R) + 1) / 2, energy, gradient[3 * MAX_PAIRS], beta = 1;
    check_ok(afb_bispectrum_values(plan, &e.list, &B));
    check_close(B, sum * sum * sum, 1e-12);
    check_ok(afb_bispectrum_energies(plan, &e.list, &beta, &energy, NULL));
    check_close(energy, B, 1e-13);
    check_true(afb_bispectrum_derivatives(plan, &e.list, &B, gradient) == AFB_E_INPUT);
    check_true(afb_bispectrum_energies(plan, &e.list, &beta, &energy, gradient) == AFB_E_INPUT);
    afb_bispectrum_destroy(&plan);
    s.adaptive = AFB_ADAPTIVE_SMOOTH;
    check_ok(afb_bispectrum_create(&s, &plan));
    check_ok(afb_bispectrum_values(plan, &e.list, &B));
    double low = 2, high = 2 * sqrt(2);
    while (high - low > 1e-12) {
      R = (low + high) / 2;
      *(6 * (1 - tanh((2 - R) / 0.3)) / 2 + 12 * (1 - tanh((2 * sqrt(2) - R) / 0.3)) / 2 < 6 ? &low : &high) = R;
    }
    sum = 1 + 6 * (cos(pi * 2 / R) + 1) / 2;
    check_close(B, sum * sum * sum, 1e-6);
    afb_bispectrum_destroy(&plan);
  }
}

static void columns_are_in_order(void **state)
{
  (void)state;
  static const int expected[14][3] = {{0, 0, 0}, {1, 0, 1}, {1, 1, 2}, {2, 0, 2}, {2, 1, 3}, {2, 2, 2}, {2, 2, 4},
                                      {3, 0, 3}, {3, 1, 4}, {3, 2, 3}, {3, 3, 4}, {4, 0, 4}, {4, 2, 4}, {4, 4, 4}};
  afb_bispectrum *plan = plan_of(5, 0);
  check_true(afb_bispectrum_n_linear(plan) == 14 && afb_bispectrum_n_columns(plan) == 14 + 105);
  for (int k = 0, i = 0, j = 0; k < 119; k++) {
    afb_bispectrum_component c = afb_bispectrum_column(plan, k);
    int linear = k < 14 ? k : i;
    check_true(c.two_j1 == expected[linear][0] && c.two_j2 == expected[linear][1] && c.two_j == expected[linear][2]);
    check_true(c.element1 == -1 && c.other == (k < 14 ? -1 : j));
    if (k >= 14 && ++j == 14)
      j = ++i;
  }
  afb_bispectrum_destroy(&plan);
  plan = plan_of(9, 0);
  check_true(afb_bispectrum_n_columns(plan) == 8 * 14);
  afb_bispectrum_component c = afb_bispectrum_column(plan, 6 * 14 + 2);
  check_true(c.element1 == 1 && c.element2 == 1 && c.element3 == 0 && c.two_j == 2);
  afb_bispectrum_destroy(&plan);
  plan = plan_of(11, 0);
  c = afb_bispectrum_column(plan, 4);
  check_true(afb_bispectrum_n_columns(plan) == 3 + 3 + 2 + 1 + 1 && c.two_j1 == 2 && c.two_j2 == 2 && c.two_j == 2);
  afb_bispectrum_destroy(&plan);
}

/* The settings with one change are refused with a message that has `word` in it. */
static void check_refused(const afb_bispectrum_settings *s, afb_status status, const char *word)
{
  afb_bispectrum *plan;
  check_true(afb_bispectrum_create(s, &plan) == status);
  check_true(plan == NULL);
  if (!strstr(afb_error_text(), word))
    fprintf(stderr, "# message: %s\n", afb_error_text());
  check_true(strstr(afb_error_text(), word) != NULL);
}

static void refuses_what_cannot_be(void **state)
{
  (void)state;
#define REFUSED(which, status, word, ...)                                  \
  do {                                                                     \
    afb_bispectrum_settings s = option(which, AFB_KERNEL_REFERENCE);       \
    __VA_ARGS__;                                                           \
    check_refused(&s, status, word);                                       \
  } while (0)
  REFUSED(0, AFB_E_INPUT, "rcutfac", s.rcutfac = 0);
  REFUSED(0, AFB_E_INPUT, "radius of element 2", s.radius[1] = NAN);
  REFUSED(0, AFB_E_INPUT, "weight of element 3", s.weight[2] = INFINITY);
  REFUSED(0, AFB_E_INPUT, "rfac0", s.rfac0 = 1.01);
  REFUSED(0, AFB_E_INPUT, "rmin0", s.rmin0 = 1.7);
  REFUSED(0, AFB_E_INPUT, "rmin0", s.rmin0 = -0.1);
  REFUSED(0, AFB_E_INPUT, "twojmax", s.two_jmax = 31);
  REFUSED(0, AFB_E_INPUT, "elements", s.n_elements = 0);
  REFUSED(4, AFB_E_INPUT, "inner_switch", s.inner_d[0] = 0);
  REFUSED(7, AFB_E_INPUT, "channel", s.channel[0] = -1);
  REFUSED(11, AFB_E_INPUT, "pair 2", s.pair[1][1] = 3);
  REFUSED(11, AFB_E_INPUT, "adaptive", s.adaptive = AFB_ADAPTIVE_STEP);
  REFUSED(0, AFB_E_INPUT, "rmin0", s.adaptive = AFB_ADAPTIVE_STEP; s.adaptive_number = 4);
  REFUSED(10, AFB_E_LIMIT, "GiB", s.two_jmax = 24);
  REFUSED(7, AFB_E_LIMIT, "fewer elements", s.channel[0] = 127; s.two_jmax = 14);
  environment e;
  environment_make(&e);
  afb_bispectrum *plan = plan_of(0, 0);
  double energy[4], beta[N_ELEMENTS * 14] = {0};
  check_true(afb_bispectrum_energies(plan, &e.list, beta, energy, NULL) == AFB_E_INPUT);
  afb_bispectrum_destroy(&plan);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(is_the_triple_product_of_rotations),
  cmocka_unit_test(is_invariant),
  cmocka_unit_test(derivatives_are_those_of_the_values),
  cmocka_unit_test(gradients_are_those_of_the_energy),
  cmocka_unit_test(kernels_agree),
  cmocka_unit_test(pairs_beyond_the_cut_off_count_nothing),
  cmocka_unit_test(adaptive_cut_off_takes_in_the_number),
  cmocka_unit_test(columns_are_in_order),
  cmocka_unit_test(refuses_what_cannot_be),
};
CHECK_MAIN(tests)
