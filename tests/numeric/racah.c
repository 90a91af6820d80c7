#include "tests/check.h"

#include <config.h>

#include "core/random.h"
#include "numeric/racah.h"

#if HAVE_GSL
#include <gsl/gsl_sf_coupling.h>
#endif

static int draw(int n, int *count) { return (int)afb_random_below((uint64_t)n, 11, 0, (uint64_t)(*count)++); }

static void agrees_with_gsl(void **state)
{
  (void)state;
#if HAVE_GSL
  int count = 0, nonzero = 0;
  double worst = 0;
  for (int i = 0; i < 20000; i++) {
    int j[9];
    for (int n = 0; n < 9; n++)
      j[n] = draw(13, &count);
    int m1 = draw(13, &count) - 6, m2 = draw(13, &count) - 6;
    double own = afb_wigner_3j(j[0], j[1], j[2], m1, m2, -m1 - m2);
    worst = fmax(worst, fabs(own - gsl_sf_coupling_3j(j[0], j[1], j[2], m1, m2, -m1 - m2)));
    nonzero += own != 0;
    own = afb_wigner_6j(j[0], j[1], j[2], j[3], j[4], j[5]);
    worst = fmax(worst, fabs(own - gsl_sf_coupling_6j(j[0], j[1], j[2], j[3], j[4], j[5])));
    nonzero += own != 0;
    own = afb_wigner_9j(j[0], j[1], j[2], j[3], j[4], j[5], j[6], j[7], j[8]);
    worst = fmax(worst, fabs(own - gsl_sf_coupling_9j(j[0], j[1], j[2], j[3], j[4], j[5], j[6], j[7], j[8])));
    nonzero += own != 0;
  }
  check_true(nonzero > 500);
  check_true(worst < 1e-13);
#else
  skip();
#endif
}

/* sum over m1, m2 of (2j3+1) (j1 j2 j3; m1 m2 m3)^2 = 1 for every m3, and 0 between different j3. */
static void three_j_is_orthogonal(void **state)
{
  (void)state;
  double worst = 0;
  static const int pair[][2] = {{1, 1}, {7, 4}, {15, 15}, {30, 30}, {30, 29}, {60, 7}};
  for (int p = 0; p < 6; p++) {
    int j1 = pair[p][0], j2 = pair[p][1], low = abs(j1 - j2), high = j1 + j2;
    for (int j3 = low; j3 <= high; j3 += 2)
      for (int j4 = j3; j4 <= high && j4 <= j3 + 4; j4 += 2) {
        int m3 = j3 & 1;
        double sum = 0;
        for (int m1 = -j1; m1 <= j1; m1 += 2)
          sum += (j3 + 1) * afb_wigner_3j(j1, j2, j3, m1, -m3 - m1, m3) * afb_wigner_3j(j1, j2, j4, m1, -m3 - m1, m3);
        worst = fmax(worst, fabs(sum - (j3 == j4)));
      }
  }
  check_true(worst < 2e-13);
}

/* sum_x (2x+1)(2j6+1) {j1 j2 x; j4 j5 j6} {j1 j2 x; j4 j5 j6'} = delta. */
static void six_j_is_orthogonal(void **state)
{
  (void)state;
  double worst = 0;
  static const int four[][4] = {{1, 1, 1, 1}, {7, 4, 6, 5}, {30, 30, 30, 30}, {29, 15, 30, 16}, {40, 7, 41, 8}};
  for (int p = 0; p < 5; p++) {
    const int *j = four[p];
    for (int y = 0; y <= 60; y++)
      for (int z = y; z <= y + 4; z += 2) {
        if (!afb_triangle(j[0], j[3], y) || !afb_triangle(j[1], j[2], y) || !afb_triangle(j[0], j[3], z) ||
            !afb_triangle(j[1], j[2], z))
          continue;
        double sum = 0;
        for (int x = 0; x <= 80; x++)
          sum += (x + 1.0) * (y + 1) * afb_wigner_6j(j[0], j[1], x, j[2], j[3], y) *
                 afb_wigner_6j(j[0], j[1], x, j[2], j[3], z);
        worst = fmax(worst, fabs(sum - (y == z)));
      }
  }
  check_true(worst < 2e-13);
}

/* sum_{c,f} (2c+1)(2f+1)(2g+1)(2h+1) {a b c; d e f; g h i}^2 = 1. */
static void nine_j_is_normalised(void **state)
{
  (void)state;
  static const int seven[][7] = {{7, 5, 4, 6, 5, 7, 8}, {15, 7, 7, 15, 12, 12, 16}, {1, 1, 1, 1, 2, 2, 2}};
  for (int p = 0; p < 3; p++) {
    const int *v = seven[p];
    double sum = 0;
    for (int c = 0; c <= 40; c++)
      for (int f = 0; f <= 40; f++) {
        double x = afb_wigner_9j(v[0], v[1], c, v[2], v[3], f, v[4], v[5], v[6]);
        sum += (c + 1.0) * (f + 1) * (v[4] + 1) * (v[5] + 1) * x * x;
      }
    int exists = afb_triangle(v[0], v[2], v[4]) && afb_triangle(v[1], v[3], v[5]) && afb_triangle(v[4], v[5], v[6]);
    check_close(sum, exists, 1e-12);
  }
}

static void forbidden_symbols_vanish(void **state)
{
  (void)state;
  assert_true(afb_wigner_3j(2, 2, 6, 0, 0, 0) == 0);
  assert_true(afb_wigner_3j(2, 2, 2, 0, 0, 0) == 0);
  assert_true(afb_wigner_3j(1, 1, 1, 1, -1, 0) == 0);
  assert_true(afb_wigner_6j(2, 2, 1, 2, 2, 2) == 0);
  assert_true(isnan(afb_wigner_3j(200, 200, 200, 0, 0, 0)));
  check_close(afb_wigner_3j(1, 1, 0, 1, -1, 0), sqrt(0.5), 1e-16);
  check_close(afb_wigner_6j(2, 2, 2, 2, 2, 2), 1.0 / 6, 1e-16);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(agrees_with_gsl),
  cmocka_unit_test(three_j_is_orthogonal),
  cmocka_unit_test(six_j_is_orthogonal),
  cmocka_unit_test(nine_j_is_normalised),
  cmocka_unit_test(forbidden_symbols_vanish),
};
CHECK_MAIN(tests)
