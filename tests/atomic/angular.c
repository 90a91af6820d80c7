#include "tests/check.h"

#include <string.h>

#include "atomic/angular.h"
#include "atomic/matrix_element.h"
#include "tests/atomic/determinant.h"

enum { MAX_CONFIGURATIONS = 16 };

typedef struct {
  int n;
  afb_configuration configuration[MAX_CONFIGURATIONS];
  afb_csf_list list;
  afb_angular angular;
} problem;

/* Configurations separated by ';'. */
static afb_status prepare(const char *text, problem *p)
{
  char copy[512];
  memset(p, 0, sizeof *p);
  snprintf(copy, sizeof copy, "%s", text);
  for (char *part = copy; part;) {
    char *next = strchr(part, ';');
    if (next)
      *next++ = 0;
    AFB_TRY(afb_configuration_parse(part, &p->configuration[p->n++]));
    part = next;
  }
  AFB_TRY(afb_csf_list_create(p->n, p->configuration, 0, -1, 0, &p->list));
  return afb_angular_create(MPI_COMM_SELF, &p->list, &p->angular);
}

static void clear(problem *p)
{
  afb_angular_clear(&p->angular);
  afb_csf_list_clear(&p->list);
}

static double integral_value(const afb_integral *i)
{
  return i->k < 0 ? test_radial_one(i->a, i->b) : test_radial_two(i->k, i->a, i->b, i->c, i->d);
}

/* H of block b, dense, malloc'ed. */
static double *block_matrix(const problem *p, int b)
{
  int n = p->list.block[b].n_csf;
  const afb_angular *a = &p->angular;
  double *h = calloc((size_t)n * (size_t)n, sizeof *h);
  for (int64_t e = a->entry_start[b]; h && e < a->entry_start[b + 1]; e++) {
    double x = a->value[e] * integral_value(&a->integral[a->index[e]]);
    h[a->row[e] * n + a->column[e]] += x;
    if (a->row[e] != a->column[e])
      h[a->column[e] * n + a->row[e]] += x;
  }
  return h;
}

/* Largest relative difference of the levels of block b from those of the determinants; huge when they cannot be compared. */
static double level_difference(const problem *p, int b)
{
  const afb_block *block = &p->list.block[b];
  int n = block->n_csf;
  double *h = block_matrix(p, b), *own = malloc((size_t)n * sizeof *own), *other = NULL, worst = 1e9;
  int m = test_determinant_levels(p->n, p->configuration, &p->list, block->two_j, block->parity, &other);
  if (h && own && m == n && test_symmetric_eigen(n, h, own) == 0) {
    worst = 0;
    for (int i = 0; i < n; i++)
      worst = fmax(worst, fabs(own[i] - other[i]) / fmax(fabs(other[0]), fabs(other[n - 1])));
  }
  free(h);
  free(own);
  free(other);
  return worst;
}

static int well_formed(const problem *p)
{
  const afb_angular *a = &p->angular;
  int ok = a->n_blocks == p->list.n_blocks;
  for (int i = 0; i < a->n_integrals; i++) {
    const afb_integral *x = &a->integral[i];
    if (x->k >= 0)
      ok &= x->a <= x->c && x->b <= x->d && (x->a < x->b || (x->a == x->b && x->c <= x->d));
    else
      ok &= x->a <= x->b && x->c == -1 && x->d == -1 && p->list.orbital[x->a].kappa == p->list.orbital[x->b].kappa;
    if (i > 0)
      ok &= memcmp(x, x - 1, sizeof *x) != 0;
  }
  for (int b = 0; b < a->n_blocks; b++)
    for (int64_t e = a->entry_start[b]; e < a->entry_start[b + 1]; e++) {
      ok &= a->row[e] < p->list.block[b].n_csf && a->column[e] <= a->row[e] && a->column[e] >= 0;
      if (e == a->entry_start[b])
        continue;
      if (a->row[e] != a->row[e - 1])
        ok &= a->row[e] > a->row[e - 1];
      else if (a->column[e] != a->column[e - 1])
        ok &= a->column[e] > a->column[e - 1];
      else
        ok &= a->index[e] > a->index[e - 1];
    }
  return ok;
}

static void compare(const char *text)
{
  problem p;
  double worst = 0;
  check_ok(prepare(text, &p));
  check_true(well_formed(&p));
  for (int b = 0; b < p.list.n_blocks; b++) {
    double difference = level_difference(&p, b);
    if (difference > 1e-12)
      fprintf(stderr, "# %s: 2J = %d, parity %d, %d CSFs: %.2e\n", text, p.list.block[b].two_j, p.list.block[b].parity,
              p.list.block[b].n_csf, difference);
    worst = fmax(worst, difference);
  }
  clear(&p);
  check_true(worst < 1e-12);
}

static void open_p_and_d_shells(void **state)
{
  (void)state;
  compare("1s1");
  compare("1s1 2s1");
  compare("1s2 2p2");
  compare("1s2 2p3");
  compare("2s1 2p4");
  compare("[Ne] 3d2");
  compare("[Ne] 3d3");
  compare("[Ar] 3d5");
  compare("[Ar] 3d7 4s1");
}

static void open_f_shells(void **state)
{
  (void)state;
  compare("[Xe] 4f2");
  compare("[Xe] 4f3");
  compare("[Xe] 4f7");
  compare("[Xe] 4f11 6s1");
}

static void several_open_shells(void **state)
{
  (void)state;
  compare("2s1 2p1 3s1 3p1");
  compare("2p2 3d2 4s1");
  compare("[Xe] 4f2 5d1 6s1");
  compare("2p3 3p3");
  compare("2p1 3s1 3p1 3d1 4s1");
}

static void mixtures(void **state)
{
  (void)state;
  compare("1s2 2s2;1s2 2p2;1s2 2s1 2p1");
  compare("1s2 2s2 2p2;1s2 2p4;1s2 2s1 2p3;1s2 2s2 3p2;1s2 2s2 2p1 3p1");
  compare("[Ar] 3d2 4s2;[Ar] 3d3 4s1;[Ar] 3d4");
  compare("[Kr] 4d1 5s2;[Kr] 4d2 5s1;[Kr] 5s2 5d1;[Kr] 4d1 5s1 6s1;[Kr] 4d1 5p2");
  compare("2s1 2p1 3s1 3p1;2p1 3p1 3d1 4s1;2s1 3s1 3d1 4d1;2p2 3d2;2s2 4d2;3p2 3d1 4d1");
  compare("2s2 2p3;2s1 2p3 3s1;2p3 3s2;2s2 2p2 3p1;2s1 2p2 3s1 3p1;2p5;3p5");
}

static void mixtures_with_f(void **state)
{
  (void)state;
  compare("[Xe] 4f2 6s1;[Xe] 4f2 5d1;[Xe] 4f1 5d2;[Xe] 4f3;[Xe] 4f1 6p2");
  compare("[Xe] 4f12 6s2;[Xe] 4f13 6s1;[Xe] 4f14;[Xe] 4f13 5d1;[Xe] 4f12 5d1 6s1");
}

/* j = 9/2 and above, with electrons and with holes. */
static void g_and_higher_shells(void **state)
{
  (void)state;
  compare("5g2;4f1 5g1;4f2;3d1 5g1;3d2;5g1 6p1");
  compare("5g2;5g1 6h1;6h2;4p1 6h1;5g1 6g1");
  compare("3p1 5g2;3p1 4f1 5g1;3p1 4f2;3p2 5g1");
  compare("4p1 5g16;5g17;5f1 5g16");
  compare("7i1 8k1;8k2;7i2");
  compare("6s1 8k1;8k2;4d1 6h1");
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(open_p_and_d_shells),
  cmocka_unit_test(open_f_shells),
  cmocka_unit_test(several_open_shells),
  cmocka_unit_test(mixtures),
  cmocka_unit_test(mixtures_with_f),
  cmocka_unit_test(g_and_higher_shells),
};
CHECK_MAIN(tests)
