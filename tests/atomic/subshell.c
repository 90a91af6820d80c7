#include "tests/check.h"

#include "atomic/subshell.h"
#include "numeric/racah.h"

static int count(int two_j, int w)
{
  int n = -1;
  const afb_term *term;
  return afb_subshell_terms(two_j, w, &n, &term) == AFB_OK ? n : -1;
}

static void term_counts_are_known(void **state)
{
  (void)state;
  static const int known[][7] = {
    {1, 1, 1}, {3, 1, 1, 2}, {5, 1, 1, 3, 3}, {7, 1, 1, 4, 6, 8}, {9, 1, 1, 5, 10, 18, 20}};
  for (int i = 0; i < 5; i++)
    for (int w = 0; 2 * w <= known[i][0] + 1; w++) {
      check_true(count(known[i][0], w) == known[i][w + 1]);
      check_true(count(known[i][0], known[i][0] + 1 - w) == known[i][w + 1]);
    }
  check_true(count(15, 2) == 8 && count(15, 14) == 8 && count(13, 12) == 7);
  /* 9/2, w = 4: seniority 4 occurs twice for J = 4 and J = 6, and nowhere else. */
  int n, twice = 0;
  const afb_term *term;
  check_ok(afb_subshell_terms(9, 4, &n, &term));
  for (int t = 0; t < n; t++)
    if (term[t].number > 0) {
      check_true(term[t].number == 1 && term[t].seniority == 4 && (term[t].two_j == 8 || term[t].two_j == 12));
      twice++;
    }
  check_true(twice == 2);
}

static void what_does_not_exist_is_refused(void **state)
{
  (void)state;
  int n;
  const afb_term *term;
  const afb_reduced *table;
  assert_true(afb_subshell_terms(17, 1, &n, &term) == AFB_E_LIMIT);
  assert_true(afb_subshell_terms(4, 1, &n, &term) == AFB_E_LIMIT);
  assert_true(afb_subshell_terms(5, 7, &n, &term) == AFB_E_LIMIT);
  assert_true(afb_subshell_terms(11, 6, &n, &term) == AFB_E_LIMIT);
  assert_true(afb_subshell_reduced(5, 6, AFB_SHELL_C, 0, &table) == AFB_E_LIMIT);
}

/* sum_m a+_m a_m = w gives sum_t <a J||a+||t> <b J||a+||t> = w (2J+1) delta_ab; sum_m a_m a+_m = 2j+1-w likewise. */
static void parentage_is_orthonormal_and_complete(void **state)
{
  (void)state;
  double worst = 0;
  for (int two_j = 1; two_j <= 9; two_j += 2)
    for (int w = 0; w <= two_j; w++) {
      const afb_reduced *c;
      const afb_term *bra, *ket;
      int n_bra, n_ket;
      check_ok(afb_subshell_reduced(two_j, w, AFB_SHELL_C, 0, &c));
      check_ok(afb_subshell_terms(two_j, w + 1, &n_bra, &bra));
      check_ok(afb_subshell_terms(two_j, w, &n_ket, &ket));
      for (int a = 0; a < n_bra; a++)
        for (int b = 0; b < n_bra; b++) {
          double sum = 0;
          for (int t = 0; t < n_ket; t++)
            sum += c->value[a * n_ket + t] * c->value[b * n_ket + t];
          if (bra[a].two_j == bra[b].two_j)
            worst = fmax(worst, fabs(sum - (a == b) * (w + 1.0) * (bra[a].two_j + 1)));
        }
      for (int a = 0; a < n_ket; a++)
        for (int b = 0; b < n_ket; b++) {
          double sum = 0;
          for (int t = 0; t < n_bra; t++)
            sum += c->value[t * n_ket + a] * c->value[t * n_ket + b];
          if (ket[a].two_j == ket[b].two_j)
            worst = fmax(worst, fabs(sum - (a == b) * (two_j + 1.0 - w) * (ket[a].two_j + 1)));
        }
    }
  check_true(worst < 2e-12);
}

/* Seniority changes by one and, by particle-hole symmetry, |<w+1 a||a+||w b>| = |<N-w b||a+||N-w-1 a>|. */
static void particles_and_holes_are_alike(void **state)
{
  (void)state;
  double worst = 0;
  for (int two_j = 1; two_j <= 9; two_j += 2)
    for (int w = 0; w <= two_j; w++) {
      const afb_reduced *c, *hole;
      const afb_term *bra, *ket;
      int n_bra, n_ket;
      check_ok(afb_subshell_reduced(two_j, w, AFB_SHELL_C, 0, &c));
      check_ok(afb_subshell_reduced(two_j, two_j - w, AFB_SHELL_C, 0, &hole));
      check_ok(afb_subshell_terms(two_j, w + 1, &n_bra, &bra));
      check_ok(afb_subshell_terms(two_j, w, &n_ket, &ket));
      for (int a = 0; a < n_bra; a++)
        for (int b = 0; b < n_ket; b++) {
          double x = c->value[a * n_ket + b];
          worst = fmax(worst, fabs(fabs(x) - fabs(hole->value[b * n_bra + a])));
          if (abs(bra[a].seniority - ket[b].seniority) != 1)
            worst = fmax(worst, fabs(x));
        }
    }
  check_true(worst < 1e-12);
}

/* [a+ a~]^0 = -N / sqrt(2j+1); [a+ a~]^1 = -J / sqrt(j(j+1)(2j+1)/3), <J||J||J> = sqrt(J(J+1)(2J+1)). */
static void rank_zero_counts_and_rank_one_is_momentum(void **state)
{
  (void)state;
  double worst = 0;
  for (int two_j = 1; two_j <= 9; two_j += 2)
    for (int w = 1; w <= two_j + 1; w++) {
      const afb_reduced *u;
      const afb_term *term;
      int n;
      check_ok(afb_subshell_reduced(two_j, w, AFB_SHELL_CA, 0, &u));
      check_ok(afb_subshell_terms(two_j, w, &n, &term));
      double j = 0.5 * two_j;
      for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++) {
          double big = 0.5 * term[a].two_j;
          double number = a == b ? -w * sqrt((2 * big + 1) / (2 * j + 1)) : 0;
          double momentum = a == b ? -sqrt(3 * big * (big + 1) * (2 * big + 1) / (j * (j + 1) * (2 * j + 1))) : 0;
          worst = fmax(worst, fabs(u->value[a * n + b] - number));
          worst = fmax(worst, fabs(u->value[(n + a) * n + b] - momentum));
        }
    }
  check_true(worst < 1e-12);
}

/* a+a+ and a~a~ recoupled count pairs: sum_K sqrt(2K+1) [[a+a+]^K [a~a~]^K]^0 = -+ w(w-1), and the pairing operator K = 0 is
 * the quasispin: <[[a+a+]^0 [a~a~]^0]^0> = -+ (w-v)(2j+3-w-v) / (2j+1). */
static void pairs_are_counted(void **state)
{
  (void)state;
  double worst = 0;
  for (int two_j = 1; two_j <= 9; two_j += 2)
    for (int w = 2; w <= two_j + 1; w++) {
      const afb_reduced *g;
      const afb_term *term;
      int n;
      check_ok(afb_subshell_reduced(two_j, w, AFB_SHELL_CCAA, 0, &g));
      check_ok(afb_subshell_terms(two_j, w, &n, &term));
      for (int a = 0; a < n; a++) {
        double sum = 0, norm = sqrt(term[a].two_j + 1.0);
        for (int k = 0; k <= two_j; k++)
          sum += sqrt(2 * k + 1.0) * g->value[(k * n + a) * n + a] / norm;
        worst = fmax(worst, fabs(fabs(sum) - w * (w - 1)));
        int v = term[a].seniority;
        double pairing = (w - v) * (two_j + 3 - w - v) / (two_j + 1.0);
        worst = fmax(worst, fabs(fabs(g->value[a * n + a] / norm) - pairing));
      }
    }
  check_true(worst < 1e-11);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(term_counts_are_known),
  cmocka_unit_test(what_does_not_exist_is_refused),
  cmocka_unit_test(parentage_is_orthonormal_and_complete),
  cmocka_unit_test(particles_and_holes_are_alike),
  cmocka_unit_test(rank_zero_counts_and_rank_one_is_momentum),
  cmocka_unit_test(pairs_are_counted),
};
CHECK_MAIN(tests)
