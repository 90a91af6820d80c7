/* The vector kernels of the bispectrum against the plain one, in batches of many centres and at high angular momenta; and what a centre gets does
 * not depend, in any bit, on the centres around it. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "descriptor/bispectrum.h"

enum { N_CENTRES = 37, MOST = 20, N_PAIRS = N_CENTRES * MOST, N_ELEMENTS = 3, N_OPTIONS = 9, N_KERNELS = 3 };
static const afb_kernel kernels[N_KERNELS] = {AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8};

typedef struct {
  afb_neighbours list;
  int32_t centre_element[N_CENTRES], element[N_PAIRS];
  int64_t centre[N_CENTRES], first[N_CENTRES + 1], point[N_PAIRS];
  double x[N_PAIRS], y[N_PAIRS], z[N_PAIRS];
} environment;

/* Neighbours 0 ... MOST - 1 of centre c, all drawn by its number: beyond the cut-off too, on the axis of the polar angle, and in the plane. */
static void add_centre(environment *e, int at, int c)
{
  uint64_t stream = (uint64_t)c;
  int64_t n = e->first[at];
  int number = c == 3 ? 0 : (int)afb_random_below(MOST, 11, stream, 0);
  e->centre_element[at] = c % 7 == 5 ? AFB_GRID_POINT : (int32_t)afb_random_below(N_ELEMENTS, 11, stream, 1);
  e->centre[at] = c;
  for (int i = 0; i < number; i++, n++) {
    uint64_t index = 4 * (uint64_t)i + 4;
    double r = 0.7 + 3 * afb_random_uniform(11, stream, index), cosine = 2 * afb_random_uniform(11, stream, index + 1) - 1;
    double phi = 6.28 * afb_random_uniform(11, stream, index + 2);
    cosine = i == 1 ? 1 : i == 2 ? -1 : i == 3 ? 0 : cosine;
    e->x[n] = r * sqrt(1 - cosine * cosine) * cos(phi);
    e->y[n] = r * sqrt(1 - cosine * cosine) * sin(phi);
    e->z[n] = r * cosine;
    e->element[n] = (int32_t)afb_random_below(N_ELEMENTS, 11, stream, index + 3);
    e->point[n] = n;
  }
  e->first[at + 1] = n;
}

/* Centres order[0 ... n - 1]. */
static environment *environment_of(int n, const int *order)
{
  environment *e = calloc(1, sizeof *e);
  check_true(e != NULL);
  for (int k = 0; k < n; k++)
    add_centre(e, k, order[k]);
  e->list = (afb_neighbours){.n_centres = n, .centre_element = e->centre_element, .centre = e->centre, .first = e->first, .x = e->x,
                             .y = e->y, .z = e->z, .element = e->element, .point = e->point};
  return e;
}

static afb_bispectrum_settings option(int which)
{
  static const int pairs[][2] = {{3, 2}, {2, 2}, {5, 1}, {3, 0}};
  afb_bispectrum_settings s;
  afb_bispectrum_settings_default(&s);
  s.two_jmax = 5;
  s.n_elements = N_ELEMENTS;
  s.rcutfac = 1;
  s.rmin0 = 0.9;
  s.bzero = 0;
  for (int e = 0; e < N_ELEMENTS; e++) {
    s.radius[e] = 1.6 + 0.1 * e;
    s.weight[e] = 1 - 0.7 * e;
    s.inner_s[e] = 1.2 + 0.1 * e;
    s.inner_d[e] = 0.3 + 0.1 * e;
  }
  switch (which) {
  case 1: s.bnorm = 1; break;
  case 2: s.switching = 0, s.rmin0 = 0; break;
  case 3: s.inner_switching = 1; break;
  case 4: s.chem = s.bnorm = 1; break;
  case 5: s.chem = s.self_all = s.inner_switching = 1, s.channel[1] = 0, s.channel[2] = 1; break;
  case 6:
    s.self = 0, s.chem = 1, s.n_pairs = 4;
    memcpy(s.pair, pairs, sizeof pairs);
    break;
  case 7: s.adaptive = AFB_ADAPTIVE_SMOOTH, s.adaptive_number = 6, s.adaptive_delta = 0.2, s.rmin0 = 0; break;
  case 8: s.two_jmax = 12; break;
  default: break;
  }
  return s;
}

/* Columns of all centres, NULL where this processor has not the kernel. */
static double *values(afb_bispectrum_settings s, afb_kernel kernel, const environment *e, int *n_columns)
{
  afb_bispectrum *plan = NULL;
  s.kernel = kernel;
  if (afb_bispectrum_create(&s, &plan) != AFB_OK) {
    check_true(kernel == AFB_KERNEL_4 || kernel == AFB_KERNEL_8);
    return NULL;
  }
  *n_columns = afb_bispectrum_n_columns(plan);
  double *B = malloc(((size_t)e->list.n_centres * (size_t)*n_columns + 1) * sizeof *B);
  check_true(B != NULL);
  check_ok(afb_bispectrum_values(plan, &e->list, B));
  afb_bispectrum_destroy(&plan);
  return B;
}

/* Largest difference over largest number; more than 1 where something is not finite. */
static double deviation(int64_t n, const double *a, const double *b)
{
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(a[i]) || !isfinite(b[i]))
      return 2;
    largest = fmax(largest, fabs(b[i]));
    worst = fmax(worst, fabs(a[i] - b[i]));
  }
  return worst / largest;
}

static void check_against_reference(afb_bispectrum_settings s, const environment *e, const char *what, double tolerance)
{
  int n = 0;
  double *expected = values(s, AFB_KERNEL_REFERENCE, e, &n);
  for (int k = 0; k < N_KERNELS; k++) {
    double *B = values(s, kernels[k], e, &n);
    if (!B)
      continue;
    double d = deviation(e->list.n_centres * n, B, expected);
    if (!(d <= tolerance))
      fprintf(stderr, "# %s, kernel %d: %.3g\n", what, k, d);
    check_true(d <= tolerance);
    free(B);
  }
  free(expected);
}

static void agrees_with_the_plain_kernel(void **state)
{
  (void)state;
  int order[N_CENTRES];
  for (int k = 0; k < N_CENTRES; k++)
    order[k] = k;
  environment *e = environment_of(N_CENTRES, order);
  for (int which = 0; which < N_OPTIONS; which++) {
    char name[32];
    snprintf(name, sizeof name, "option %d", which);
    check_against_reference(option(which), e, name, 1e-14);
  }
  free(e);
}

/* One centre: the plain kernel is slow there. */
static void is_accurate_at_high_momenta(void **state)
{
  static const int two_j[] = {14, 19, 20}, pairs[][2] = {{15, 15}, {20, 10}, {29, 1}, {30, 0}, {16, 13}};
  (void)state;
  environment *e = environment_of(1, (const int[]){1});
  afb_bispectrum_settings s = option(0);
  for (int k = 0; k < 3; k++) {
    char name[32];
    s.two_jmax = two_j[k];
    snprintf(name, sizeof name, "2J = %d", two_j[k]);
    check_against_reference(s, e, name, 5e-14);
  }
  s.n_pairs = 5;
  memcpy(s.pair, pairs, sizeof pairs);
  check_against_reference(s, e, "2J = 30", 5e-14);
  s.self = 0;
  check_against_reference(s, e, "2J = 30 without centre", 5e-14);
  free(e);
}

/* B of the centres in `order`, compared bit by bit with the rows of `all`. */
static int same_bits(int which, afb_kernel kernel, int n, const int *order, const double *all)
{
  int n_columns = 0, same = 1;
  environment *e = environment_of(n, order);
  double *B = values(option(which), kernel, e, &n_columns);
  for (int k = 0; k < n; k++)
    same = same && memcmp(B + k * n_columns, all + order[k] * n_columns, (size_t)n_columns * sizeof *B) == 0;
  free(B);
  free(e);
  return same;
}

static void does_not_depend_on_the_batch(void **state)
{
  (void)state;
  int order[N_CENTRES], backwards[N_CENTRES], n_columns;
  for (int k = 0; k < N_CENTRES; k++) {
    order[k] = k;
    backwards[k] = N_CENTRES - 1 - k;
  }
  environment *e = environment_of(N_CENTRES, order);
  for (int which = 0; which < N_OPTIONS; which++)
    for (int k = 0; k < N_KERNELS; k++) {
      double *all = values(option(which), kernels[k], e, &n_columns);
      if (!all)
        continue;
      check_true(same_bits(which, kernels[k], N_CENTRES, backwards, all));
      check_true(same_bits(which, kernels[k], 3, backwards + 4, all));
      for (int c = 0; c < 8; c++)
        check_true(same_bits(which, kernels[k], 1, order + c, all));
      free(all);
    }
  free(e);
}

static void no_centres_are_no_work(void **state)
{
  (void)state;
  int n_columns;
  environment *e = environment_of(0, NULL);
  for (int k = 0; k < N_KERNELS; k++)
    free(values(option(0), kernels[k], e, &n_columns));
  free(e);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(agrees_with_the_plain_kernel),
  cmocka_unit_test(is_accurate_at_high_momenta),
  cmocka_unit_test(does_not_depend_on_the_batch),
  cmocka_unit_test(no_centres_are_no_work),
};

CHECK_MAIN(tests)
