/* Derivatives and gradients of the vector kernels: against the plain kernel, against differences of the values, and against each other where the
 * plain kernel is too slow; and that no bit of them depends on the centres around. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "descriptor/bispectrum.h"

enum { N_CENTRES = 21, MOST = 29, N_PAIRS = N_CENTRES * MOST, N_ELEMENTS = 3, N_OPTIONS = 14, N_KERNELS = 3 };
static const afb_kernel kernels[N_KERNELS] = {AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8};

typedef struct {
  afb_neighbours list;
  int32_t centre_element[N_CENTRES], element[N_PAIRS];
  int64_t centre[N_CENTRES], first[N_CENTRES + 1], point[N_PAIRS];
  double x[N_PAIRS], y[N_PAIRS], z[N_PAIRS];
} environment;

/* Neighbours 0 ... number - 1 of centre c, all drawn by its number. The first ones: on the axis of the polar angle, in the plane, below rmin0, so
 * close to the cut-off that the weight is 0 and its slope is not, beyond it. */
static void add_centre(environment *e, int at, int c, int number)
{
  uint64_t stream = (uint64_t)c;
  int64_t n = e->first[at];
  e->centre_element[at] = c % 7 == 5 ? AFB_GRID_POINT : (int32_t)afb_random_below(N_ELEMENTS, 12, stream, 1);
  e->centre[at] = c;
  for (int i = 0; i < number; i++, n++) {
    uint64_t index = 4 * (uint64_t)i + 4;
    double r = 0.8 + 2.6 * afb_random_uniform(12, stream, index), cosine = 2 * afb_random_uniform(12, stream, index + 1) - 1;
    double phi = 6.28 * afb_random_uniform(12, stream, index + 2);
    cosine = i == 1 ? 1 : i == 2 ? -1 : i == 3 ? 0 : cosine;
    r = i == 4 ? 0.5 : i == 5 ? 3.2 * (1 - 1e-9) : i == 6 ? 5 : r;
    e->x[n] = r * sqrt(1 - cosine * cosine) * cos(phi);
    e->y[n] = r * sqrt(1 - cosine * cosine) * sin(phi);
    e->z[n] = r * cosine;
    e->element[n] = i == 5 ? 0 : (int32_t)afb_random_below(N_ELEMENTS, 12, stream, index + 3);
    e->point[n] = n;
  }
  e->first[at + 1] = n;
}

/* Centres order[0 ... n - 1], c with (5 c) mod MOST neighbours. */
static environment *environment_of(int n, const int *order)
{
  environment *e = calloc(1, sizeof *e);
  check_true(e != NULL);
  for (int k = 0; k < n; k++)
    add_centre(e, k, order[k], 5 * order[k] % MOST);
  e->list = (afb_neighbours){.n_centres = n, .centre_element = e->centre_element, .centre = e->centre, .first = e->first, .x = e->x,
                             .y = e->y, .z = e->z, .element = e->element, .point = e->point};
  return e;
}

static environment *environment_of_all(void)
{
  int order[N_CENTRES];
  for (int k = 0; k < N_CENTRES; k++)
    order[k] = k;
  return environment_of(N_CENTRES, order);
}

static afb_bispectrum_settings option(int which)
{
  static const int pairs[][2] = {{3, 2}, {2, 2}, {5, 1}, {3, 0}, {2, 2}};
  afb_bispectrum_settings s;
  afb_bispectrum_settings_default(&s);
  s.two_jmax = 4;
  s.n_elements = N_ELEMENTS;
  s.rcutfac = 1;
  s.rmin0 = 0.7;
  for (int e = 0; e < N_ELEMENTS; e++) {
    s.radius[e] = 1.6 + 0.1 * e;
    s.weight[e] = 1 - 0.5 * e;
    s.inner_s[e] = 1.2 + 0.1 * e;
    s.inner_d[e] = 0.3 + 0.1 * e;
  }
  switch (which) {
  case 1: s.bnorm = 1, s.bzero = 0; break;
  case 2: s.switching = 0; break;
  case 3: s.inner_switching = 1; break;
  case 4: s.chem = 1, s.two_jmax = 3; break;
  case 5: s.chem = s.bnorm = s.self_all = s.inner_switching = 1, s.two_jmax = 2; break;
  case 6: s.chem = 1, s.channel[1] = 0, s.channel[2] = 1; break;
  case 7:
    s.self = 0, s.n_pairs = 5;
    memcpy(s.pair, pairs, sizeof pairs);
    break;
  case 8:
    s.self = 0.5, s.chem = 1, s.n_pairs = 2;
    memcpy(s.pair, pairs, sizeof pairs);
    break;
  case 9: s.quadratic = 1; break;
  case 10: s.two_jmax = 7, s.rfac0 = 1, s.rmin0 = 0; break;
  case 11: s.two_jmax = 8; break;
  case 12: s.two_jmax = 0; break;
  case 13: s.two_jmax = 1, s.self = -0.3; break;
  default: break;
  }
  return s;
}

/* Everything that a plan gives for a list: B, dB, and, grid points taken as atoms, energies and gradients of one set of coefficients. */
typedef struct {
  int n_columns;
  int64_t n_centres, n_pairs;
  double *B, *dB, *energy, *gradient;
} results;

static void results_free(results *r)
{
  free(r->B);
  *r = (results){0};
}

/* 0 where this processor has not the kernel. */
static int results_of(afb_bispectrum_settings s, afb_kernel kernel, const environment *e, results *r)
{
  afb_bispectrum *plan = NULL;
  s.kernel = kernel;
  if (afb_bispectrum_create(&s, &plan) != AFB_OK) {
    check_true(kernel == AFB_KERNEL_4 || kernel == AFB_KERNEL_8);
    return 0;
  }
  int n = afb_bispectrum_n_columns(plan);
  int64_t n_centres = e->list.n_centres, n_pairs = e->first[n_centres], n_beta = N_ELEMENTS * n;
  *r = (results){.n_columns = n, .n_centres = n_centres, .n_pairs = n_pairs};
  r->B = malloc((size_t)((n_centres + 3 * n_pairs + N_ELEMENTS) * n + n_centres + 3 * n_pairs) * sizeof *r->B);
  check_true(r->B != NULL);
  r->dB = r->B + n_centres * n;
  r->energy = r->dB + 3 * n_pairs * n;
  r->gradient = r->energy + n_centres;
  double *beta = r->gradient + 3 * n_pairs;
  for (int64_t k = 0; k < n_beta; k++)
    beta[k] = 2 * afb_random_uniform(13, 0, (uint64_t)k) - 1;
  check_ok(afb_bispectrum_derivatives(plan, &e->list, r->B, r->dB));
  int32_t atom[N_CENTRES];
  afb_neighbours atoms = e->list;
  atoms.centre_element = atom;
  for (int64_t c = 0; c < n_centres; c++)
    atom[c] = e->centre_element[c] == AFB_GRID_POINT ? 0 : e->centre_element[c];
  check_ok(afb_bispectrum_energies(plan, &atoms, beta, r->energy, r->gradient));
  afb_bispectrum_destroy(&plan);
  return 1;
}

/* Largest difference over largest number; more than 1 where something is not finite. */
static double deviation(int64_t n, const double *a, const double *b)
{
  double largest = 1e-300, worst = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(a[i]) || !isfinite(b[i]))
      return 2;
    largest = fmax(largest, fabs(b[i]));
    worst = fmax(worst, fabs(a[i] - b[i]));
  }
  return worst / largest;
}

static void check_results(const results *a, const results *b, int which, int kernel)
{
  double d[4] = {deviation(a->n_centres * a->n_columns, a->B, b->B), deviation(3 * a->n_pairs * a->n_columns, a->dB, b->dB),
                 deviation(a->n_centres, a->energy, b->energy), deviation(3 * a->n_pairs, a->gradient, b->gradient)};
  for (int k = 0; k < 4; k++) {
    if (!(d[k] <= 1e-13))
      fprintf(stderr, "# option %d, kernel %d: B, dB, energies, gradients deviate by %.3g %.3g %.3g %.3g\n", which, kernel, d[0], d[1], d[2], d[3]);
    check_true(d[k] <= 1e-13);
  }
}

static void agree_with_the_plain_kernel(void **state)
{
  (void)state;
  environment *e = environment_of_all();
  for (int which = 0; which < N_OPTIONS; which++) {
    results expected, r;
    check_true(results_of(option(which), AFB_KERNEL_REFERENCE, e, &expected));
    for (int k = 0; k < N_KERNELS; k++)
      if (results_of(option(which), kernels[k], e, &r)) {
        check_results(&r, &expected, which, k);
        results_free(&r);
      }
    results_free(&expected);
  }
  free(e);
}

/* Weight and slope of neighbours beyond their cut-off are 0, not only small. */
static void pairs_beyond_the_cut_off_have_none(void **state)
{
  (void)state;
  environment *e = environment_of_all();
  for (int k = 0; k < N_KERNELS; k++)
    for (int which = 0; which < 4; which++) {
      results r;
      if (!results_of(option(which), kernels[k], e, &r))
        continue;
      int nothing = 1, n_beyond = 0;
      for (int64_t p = 0; p < r.n_pairs; p++) {
        if (e->x[p] * e->x[p] + e->y[p] * e->y[p] + e->z[p] * e->z[p] < 16)
          continue;
        n_beyond++;
        for (int64_t i = 3 * p; i < 3 * p + 3; i++) {
          nothing = nothing && r.gradient[i] == 0;
          for (int c = 0; c < r.n_columns; c++)
            nothing = nothing && r.dB[i * r.n_columns + c] == 0;
        }
      }
      check_true(nothing && n_beyond > 10);
      results_free(&r);
    }
  free(e);
}

/* dB against differences of fourth order of B, every neighbour of one centre but those at a kink. */
static void check_differences(afb_bispectrum_settings s, afb_kernel kernel, environment *e, const results *r)
{
  static const double weight[4] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12}, at[4] = {-2, -1, 1, 2};
  afb_bispectrum *plan = NULL;
  const double h = 1e-3;
  s.kernel = kernel;
  check_ok(afb_bispectrum_create(&s, &plan));
  int n = r->n_columns;
  double *B = malloc((size_t)n * sizeof *B), *difference = malloc((size_t)n * sizeof *difference);
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < 3 * r->n_pairs; i++) {
    if (i / 3 == 5)
      continue;
    double *x = i % 3 == 0 ? e->x : i % 3 == 1 ? e->y : e->z, here = x[i / 3];
    memset(difference, 0, (size_t)n * sizeof *difference);
    for (int k = 0; k < 4; k++) {
      x[i / 3] = here + at[k] * h;
      check_ok(afb_bispectrum_values(plan, &e->list, B));
      for (int c = 0; c < n; c++)
        difference[c] += weight[k] / h * B[c];
    }
    x[i / 3] = here;
    for (int c = 0; c < n; c++) {
      largest = fmax(largest, fabs(r->dB[i * n + c]));
      worst = fmax(worst, fabs(difference[c] - r->dB[i * n + c]));
    }
  }
  if (!(worst <= 1e-8 * largest))
    fprintf(stderr, "# difference %.3g of %.3g\n", worst, largest);
  check_true(worst <= 1e-8 * largest && largest > 1);
  free(B);
  free(difference);
  afb_bispectrum_destroy(&plan);
}

static void derivatives_are_those_of_the_values(void **state)
{
  (void)state;
  environment *e = environment_of(1, (const int[]){2});
  for (int which = 0; which < 10; which++)
    for (int k = 0; k < N_KERNELS; k++) {
      results r;
      if (!results_of(option(which), kernels[k], e, &r))
        continue;
      check_differences(option(which), kernels[k], e, &r);
      results_free(&r);
    }
  free(e);
}

/* Gradients are beta dB, and three times the energy is what they are of degree 3 in: here where dB is made layer group by layer group. */
static void gradients_are_those_of_the_columns(void **state)
{
  static const int two_j[] = {14, 19, 22}, pairs[][2] = {{15, 15}, {29, 1}, {30, 0}, {16, 13}};
  (void)state;
  environment *e = environment_of(1, (const int[]){2});
  for (int which = 0; which < 4; which++)
    for (int k = 0; k < N_KERNELS; k++) {
      afb_bispectrum_settings s = option(0);
      results r;
      s.two_jmax = two_j[which % 3];
      s.n_pairs = which == 3 ? 4 : 0;
      memcpy(s.pair, pairs, sizeof pairs);
      s.bzero = 0;
      if (!results_of(s, kernels[k], e, &r))
        continue;
      const double *beta = r.gradient + 3 * r.n_pairs + (e->centre_element[0] < 0 ? 0 : e->centre_element[0]) * r.n_columns;
      double *sum = calloc((size_t)(3 * r.n_pairs + 1), sizeof *sum), energy = 0;
      for (int c = 0; c < r.n_columns; c++)
        energy += beta[c] * r.B[c];
      for (int64_t i = 0; i < 3 * r.n_pairs; i++)
        for (int c = 0; c < r.n_columns; c++)
          sum[i] += beta[c] * r.dB[i * r.n_columns + c];
      double d = deviation(3 * r.n_pairs, r.gradient, sum), de = deviation(1, r.energy, &energy);
      if (!(d <= 1e-12 && de <= 1e-12))
        fprintf(stderr, "# case %d, kernel %d: gradients %.3g, energies %.3g\n", which, k, d, de);
      check_true(d <= 1e-12 && de <= 1e-12);
      free(sum);
      results_free(&r);
    }
  free(e);
}

/* Results of the centres in `order` are bit by bit those that they have among all. */
static int same_bits(int which, afb_kernel kernel, int n, const int *order, const environment *all, const results *expected)
{
  results r;
  int same = 1, columns = expected->n_columns;
  environment *e = environment_of(n, order);
  if (!results_of(option(which), kernel, e, &r))
    return 0;
  for (int k = 0; k < n; k++) {
    int64_t from = 3 * e->first[k], to = 3 * all->first[order[k]];
    size_t rows = 3 * (size_t)(e->first[k + 1] - e->first[k]);
    same = same && memcmp(r.dB + from * columns, expected->dB + to * columns, rows * (size_t)columns * sizeof(double)) == 0;
    same = same && memcmp(r.gradient + from, expected->gradient + to, rows * sizeof(double)) == 0;
    same = same && r.energy[k] == expected->energy[order[k]];
  }
  results_free(&r);
  free(e);
  return same;
}

static void do_not_depend_on_the_batch(void **state)
{
  (void)state;
  int backwards[N_CENTRES];
  for (int k = 0; k < N_CENTRES; k++)
    backwards[k] = N_CENTRES - 1 - k;
  environment *e = environment_of_all();
  for (int which = 0; which < 8; which++)
    for (int k = 0; k < N_KERNELS; k++) {
      results all;
      if (!results_of(option(which), kernels[k], e, &all))
        continue;
      check_true(same_bits(which, kernels[k], N_CENTRES, backwards, e, &all));
      check_true(same_bits(which, kernels[k], 3, backwards + 4, e, &all));
      for (int c = 0; c < N_CENTRES; c += 4)
        check_true(same_bits(which, kernels[k], 1, backwards + c, e, &all));
      results_free(&all);
    }
  free(e);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(agree_with_the_plain_kernel),
  cmocka_unit_test(pairs_beyond_the_cut_off_have_none),
  cmocka_unit_test(derivatives_are_those_of_the_values),
  cmocka_unit_test(gradients_are_those_of_the_columns),
  cmocka_unit_test(do_not_depend_on_the_batch),
};

CHECK_MAIN(tests)
