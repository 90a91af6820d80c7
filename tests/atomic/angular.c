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
  /* The elements one coefficient after another, by row, column and integral: those of block B are start[B] ... start[B+1]-1. */
  int64_t *start;
  int32_t *row, *column, *index;
  double *value;
} problem;

/* A matrix element's coefficients behind the n that are there, by integral. */
static int64_t flatten_element(problem *p, int row, int64_t element, int64_t n)
{
  afb_matrix_element h = afb_angular_element(&p->angular, element);
  for (int i = 0; i < h.n; i++) {
    int64_t at = n + i;
    for (; at > n && p->index[at - 1] > h.index[i]; at--) {
      p->index[at] = p->index[at - 1];
      p->value[at] = p->value[at - 1];
    }
    p->index[at] = h.index[i];
    p->value[at] = h.value[i];
    p->row[n + i] = row;
    p->column[n + i] = p->angular.column[element];
  }
  return n + h.n;
}

static afb_status make_angular(problem *p)
{
  const afb_angular *a = &p->angular;
  AFB_TRY(afb_angular_create(MPI_COMM_SELF, &p->list, NULL, &p->angular));
  size_t room = 1;
  int64_t n = 0;
  for (int64_t e = 0; e < a->start[a->n_rows]; e++)
    room += (size_t)afb_angular_element(a, e).n;
  p->start = calloc((size_t)a->n_blocks + 1, sizeof *p->start);
  p->row = malloc(room * sizeof *p->row);
  p->column = malloc(room * sizeof *p->column);
  p->index = malloc(room * sizeof *p->index);
  p->value = malloc(room * sizeof *p->value);
  if (!p->start || !p->row || !p->column || !p->index || !p->value)
    return AFB_E_MEMORY;
  for (int b = 0; b < a->n_blocks; b++) {
    for (int r = a->first[b]; r < a->first[b + 1]; r++)
      for (int64_t e = a->start[r]; e < a->start[r + 1]; e++)
        n = flatten_element(p, r - a->first[b], e, n);
    p->start[b + 1] = n;
  }
  return AFB_OK;
}

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
  return make_angular(p);
}

static void clear(problem *p)
{
  afb_angular_clear(&p->angular);
  afb_csf_list_clear(&p->list);
  free(p->start);
  free(p->row);
  free(p->column);
  free(p->index);
  free(p->value);
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
  for (int64_t e = p->start[b]; h && e < p->start[b + 1]; e++) {
    double x = p->value[e] * integral_value(&a->integral[p->index[e]]);
    h[p->row[e] * n + p->column[e]] += x;
    if (p->row[e] != p->column[e])
      h[p->column[e] * n + p->row[e]] += x;
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
    for (int64_t e = p->start[b]; e < p->start[b + 1]; e++) {
      ok &= p->row[e] < p->list.block[b].n_csf && p->column[e] <= p->row[e] && p->column[e] >= 0;
      if (e == p->start[b])
        continue;
      if (p->row[e] != p->row[e - 1])
        ok &= p->row[e] > p->row[e - 1];
      else if (p->column[e] != p->column[e - 1])
        ok &= p->column[e] > p->column[e - 1];
      else
        ok &= p->index[e] > p->index[e - 1];
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
  compare("4p1 6h20;6h21");
  compare("4p1 8k28;8k29");
}

/* ---- coefficients ---- */

static int orbital_number(const afb_csf_list *list, const char *label)
{
  char text[8];
  for (int p = 0; p < list->n_orbitals; p++)
    if (strcmp(afb_orbital_label(list->orbital[p], text), label) == 0)
      return p;
  return -1;
}

/* Coefficient of R^k(ab;cd) between the CSFs of block b whose occupied open orbitals are `bra` and `ket`, twice each. */
static double pair_coefficient(const problem *p, int b, const char *bra, const char *ket, int k)
{
  const afb_angular *a = &p->angular;
  const afb_block *block = &p->list.block[b];
  int x = orbital_number(&p->list, bra), y = orbital_number(&p->list, ket), n = p->list.n_orbitals;
  int low = x < y ? x : y, high = x < y ? y : x;
  for (int64_t e = p->start[b]; e < p->start[b + 1]; e++) {
    const afb_integral *i = &a->integral[p->index[e]];
    int r = block->first + p->row[e], s = block->first + p->column[e];
    int here = (p->list.occupation[r * n + x] == 2 && p->list.occupation[s * n + y] == 2) ||
               (p->list.occupation[r * n + y] == 2 && p->list.occupation[s * n + x] == 2);
    /* R^k(xx;yy) is stored as a = b = x, c = d = y, x < y. */
    if (here && r != s && i->k == k && i->a == low && i->b == low && i->c == high && i->d == high)
      return p->value[e];
  }
  return NAN;
}

/* {2s2, 2p2} J = 0, known values; signs up to those of the CSFs, of which the product of all three is independent. */
static void known_coefficients(void **state)
{
  (void)state;
  problem p;
  check_ok(prepare("1s2 2s2;1s2 2p2", &p));
  check_true(p.list.block[0].two_j == 0 && p.list.block[0].n_csf == 3);
  double minus = pair_coefficient(&p, 0, "2s", "2p-", 1), plus = pair_coefficient(&p, 0, "2s", "2p", 1);
  double both = pair_coefficient(&p, 0, "2p-", "2p", 2);
  check_close(fabs(minus), 1.0 / 3, 1e-14);
  check_close(fabs(plus), sqrt(2.0) / 3, 1e-14);
  check_close(fabs(both), 0.2 * sqrt(2.0), 1e-14);
  check_true(minus * plus * both > 0);
  clear(&p);
}

static void number_operator_counts_exactly(void **state)
{
  (void)state;
  problem p;
  check_ok(prepare("[Ar] 3d6 4s1 4p1;[Ar] 3d7 4p1;[Ar] 3d6 4s1 5p1", &p));
  const afb_angular *a = &p.angular;
  int n = p.list.n_orbitals, ok = 1;
  int64_t seen = 0, expected = 0, transitions = 0;
  for (int b = 0; b < a->n_blocks; b++)
    for (int64_t e = p.start[b]; e < p.start[b + 1]; e++) {
      const afb_integral *i = &a->integral[p.index[e]];
      if (i->k >= 0)
        continue;
      if (i->a != i->b) {
        transitions++;
        continue;
      }
      seen++;
      ok &= p.row[e] == p.column[e] &&
            p.value[e] == p.list.occupation[(p.list.block[b].first + p.row[e]) * n + i->a];
    }
  for (int r = 0; r < p.list.n_csf; r++)
    for (int q = 0; q < n; q++)
      expected += !p.list.closed[q] && p.list.occupation[r * n + q] > 0;
  check_true(ok && seen == expected);
  check_true(transitions > 0);
  clear(&p);
}

/* Both triangles, computed apart from each other. */
static void hamiltonian_is_symmetric(void **state)
{
  (void)state;
  problem p;
  afb_chain_list chains;
  afb_operator_table *table;
  afb_pair_plan plan = {0};
  double worst = 0;
  int64_t entries = 0;
  check_ok(prepare("2s2 2p3 3s1;2s1 2p3 3d1 3s1;2p3 3p2 3s1;2s2 2p2 3p1 3s1", &p));
  check_ok(afb_chain_list_create(&p.list, &chains));
  check_ok(afb_operator_table_create(&chains, &table));
  for (int b = 0; b < p.list.n_blocks; b++) {
    int first = p.list.block[b].first, end = first + p.list.block[b].n_csf;
    for (int r = first; r < end; r++)
      for (int s = first; s < r; s++) {
        double sum[2] = {0, 0}, size = 0;
        for (int side = 0; side < 2; side++) {
          int n, bra = side ? s : r, ket = side ? r : s;
          const afb_integral *integral;
          int32_t index[512];
          double value[512];
          assert_true(afb_pair_plan_make(table, bra, ket, &plan) == AFB_OK && plan.n_values <= 512);
          afb_pair_plan_evaluate(table, &plan, bra, ket, &n, index, value);
          afb_operator_table_integrals(table, &integral);
          for (int i = 0; i < n; i++) {
            sum[side] += value[i] * integral_value(&integral[index[i]]);
            size += fabs(value[i]);
          }
          entries += n;
        }
        worst = fmax(worst, fabs(sum[0] - sum[1]) / fmax(size, 1));
      }
  }
  afb_pair_plan_clear(&plan);
  afb_operator_table_destroy(&table);
  afb_chain_list_clear(&chains);
  clear(&p);
  check_true(entries > 1000);
  check_true(worst < 1e-13);
}

/* sum over J >= M of Tr H_J = trace over the determinants of that M. */
static void trace_is_that_of_determinants(void **state)
{
  (void)state;
  problem p;
  check_ok(prepare("[Xe] 4f3 5d1 6s1;[Xe] 4f2 5d2 6s1", &p));
  for (int parity = -1; parity <= 1; parity += 2)
    for (int two_m = 1; two_m <= 7; two_m += 6) {
      double sum = 0;
      int n = 0;
      for (int b = 0; b < p.list.n_blocks; b++) {
        const afb_block *block = &p.list.block[b];
        if (block->two_j < two_m || block->parity != parity)
          continue;
        double *h = block_matrix(&p, b);
        for (int r = 0; r < block->n_csf; r++)
          sum += h[r * block->n_csf + r];
        n += block->n_csf;
        free(h);
      }
      check_true(n == test_determinant_count(p.n, p.configuration, &p.list, two_m, parity));
      double expected = test_determinant_trace(p.n, p.configuration, &p.list, two_m, parity);
      check_close(sum, expected, 1e-12 * fabs(expected));
    }
  clear(&p);
}

/* Average energy of one relativistic configuration (Grant 2007, ch. 6): pairs of an open subshell
 * R^0(aa;aa) - (2j+1)/2j sum_k>0 g_k R^k(aa;aa), pairs of two subshells R^0(ab;ab) - sum_k g_k R^k(ab;ba). */
static double average_energy(const afb_csf_list *list, const uint8_t *occupation)
{
  double sum = 0;
  for (int a = 0; a < list->n_orbitals; a++) {
    double q = list->closed[a] ? 0 : occupation[a], two_j = afb_kappa_two_j(list->orbital[a].kappa), pair = 0;
    sum += q * test_radial_one(a, a);
    for (int k = 0; k <= two_j; k++) {
      double g = afb_core_exchange(list->orbital[a].kappa, list->orbital[a].kappa, k);
      pair += (k == 0 ? 1 : -(two_j + 1) / two_j * g) * test_radial_two(k, a, a, a, a);
    }
    sum += q * (q - 1) / 2 * pair;
    for (int b = 0; b < a; b++) {
      pair = test_radial_two(0, a, b, a, b);
      for (int k = 0; k < 16; k++)
        pair -= afb_core_exchange(list->orbital[a].kappa, list->orbital[b].kappa, k) * test_radial_two(k, a, b, b, a);
      sum += q * (list->closed[b] ? 0 : occupation[b]) * pair;
    }
  }
  return sum;
}

static void mean_is_the_configuration_average(void **state)
{
  (void)state;
  problem p;
  check_ok(prepare("[Xe] 4f3 5d2 6s1", &p));
  int n = p.list.n_orbitals, compared = 0;
  double worst = 0;
  unsigned char *done = calloc((size_t)p.list.n_csf, 1);
  double *diagonal = calloc((size_t)p.list.n_csf, sizeof *diagonal);
  for (int b = 0; b < p.list.n_blocks; b++) {
    double *h = block_matrix(&p, b);
    for (int r = 0; r < p.list.block[b].n_csf; r++)
      diagonal[p.list.block[b].first + r] = h[r * p.list.block[b].n_csf + r];
    free(h);
  }
  for (int r = 0; r < p.list.n_csf; r++) {
    double sum = 0, weight = 0;
    for (int s = r; s < p.list.n_csf && !done[r]; s++)
      if (memcmp(p.list.occupation + r * n, p.list.occupation + s * n, (size_t)n) == 0) {
        done[s] = s != r;
        sum += (p.list.two_x[s * n + n - 1] + 1) * diagonal[s];
        weight += p.list.two_x[s * n + n - 1] + 1;
      }
    if (weight > 0) {
      double average = average_energy(&p.list, p.list.occupation + r * n);
      worst = fmax(worst, fabs(sum / weight - average) / fabs(average));
      compared++;
    }
  }
  free(done);
  free(diagonal);
  clear(&p);
  check_true(compared == 12);
  check_true(worst < 1e-13);
}

/* A closed subshell that is treated as an open one gives H of the others with its field in F(ab), and its own energy:
 * F'(ab) = F(ab) + sum_c (2j_c+1) [R^0(ac;bc) - sum_k g_k R^k(ac;cb)]. */
static void closed_subshells_are_a_field(void **state)
{
  (void)state;
  problem p, open;
  check_ok(prepare("2s2 2p6 3p2;2s2 2p6 3p1 4p1;2s2 2p6 3s1 3d1;2s2 2p6 3s1 4d1", &p));
  memset(&open, 0, sizeof open);
  check_ok(afb_csf_list_create(p.n, p.configuration, 0, -1, 0, &open.list));
  int core = orbital_number(&open.list, "2p"), n = 0;
  check_true(core >= 0 && open.list.closed[core]);
  open.list.closed[core] = 0;
  check_ok(make_angular(&open));
  double worst = 0, weight = 1 + afb_kappa_two_j(open.list.orbital[core].kappa);
  for (int b = 0; b < p.list.n_blocks; b++) {
    double *h = block_matrix(&p, b), *full = block_matrix(&open, b), own = 0;
    uint8_t occupation[AFB_MAX_ORBITALS] = {0};
    n = p.list.block[b].n_csf;
    occupation[core] = (uint8_t)weight;
    own = average_energy(&open.list, occupation);
    for (int r = 0; r < n; r++)
      h[r * n + r] += own;
    for (int64_t e = p.start[b]; e < p.start[b + 1]; e++) {
      const afb_integral *i = &p.angular.integral[p.index[e]];
      if (i->k >= 0)
        continue;
      double field = test_radial_two(0, i->a, core, i->b, core);
      for (int k = 0; k < 16; k++)
        field -= afb_core_exchange(p.list.orbital[i->a].kappa, p.list.orbital[core].kappa, k) *
                 test_radial_two(k, i->a, core, core, i->b);
      h[p.row[e] * n + p.column[e]] += weight * field * p.value[e];
    }
    for (int r = 0; r < n; r++)
      for (int s = 0; s <= r; s++)
        worst = fmax(worst, fabs(h[r * n + s] - full[r * n + s]));
    free(h);
    free(full);
  }
  clear(&open);
  clear(&p);
  check_true(worst < 1e-11);
}

/* ---- coupling order ---- */

/* Radial integrals by kappa, so that they mean the same in two lists whose orbitals are ordered differently. */
static double integral_by_kappa(const afb_csf_list *list, const afb_integral *i)
{
  int a = list->orbital[i->a].kappa + 8, b = list->orbital[i->b].kappa + 8;
  return i->k < 0 ? test_radial_one(a, b)
                  : test_radial_two(i->k, a, b, list->orbital[i->c].kappa + 8, list->orbital[i->d].kappa + 8);
}

static double *levels_by_kappa(const problem *p, int b)
{
  int n = p->list.block[b].n_csf;
  const afb_angular *a = &p->angular;
  double *h = calloc((size_t)n * (size_t)n, sizeof *h), *energy = malloc((size_t)n * sizeof *energy);
  for (int64_t e = p->start[b]; e < p->start[b + 1]; e++) {
    double x = p->value[e] * integral_by_kappa(&p->list, &a->integral[p->index[e]]);
    h[p->row[e] * n + p->column[e]] += x;
    if (p->row[e] != p->column[e])
      h[p->column[e] * n + p->row[e]] += x;
  }
  if (test_symmetric_eigen(n, h, energy) != 0)
    energy[0] = NAN;
  free(h);
  return energy;
}

static void spectrum_does_not_depend_on_the_order(void **state)
{
  (void)state;
  problem p, q;
  double worst = 0;
  check_ok(prepare("2s1 3p2 4d2;3p1 4d3 5f1", &p));
  check_ok(prepare("5s1 4p2 3d2;4p1 3d3 4f1", &q));
  check_true(p.list.n_blocks == q.list.n_blocks && p.list.n_csf == q.list.n_csf);
  for (int b = 0; b < p.list.n_blocks; b++) {
    double *x = levels_by_kappa(&p, b), *y = levels_by_kappa(&q, b);
    for (int i = 0; i < p.list.block[b].n_csf; i++)
      worst = fmax(worst, fabs(x[i] - y[i]) / fabs(x[0]));
    free(x);
    free(y);
  }
  clear(&p);
  clear(&q);
  check_true(worst < 1e-12);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(open_p_and_d_shells),
  cmocka_unit_test(open_f_shells),
  cmocka_unit_test(several_open_shells),
  cmocka_unit_test(mixtures),
  cmocka_unit_test(mixtures_with_f),
  cmocka_unit_test(g_and_higher_shells),
  cmocka_unit_test(known_coefficients),
  cmocka_unit_test(number_operator_counts_exactly),
  cmocka_unit_test(hamiltonian_is_symmetric),
  cmocka_unit_test(trace_is_that_of_determinants),
  cmocka_unit_test(mean_is_the_configuration_average),
  cmocka_unit_test(closed_subshells_are_a_field),
  cmocka_unit_test(spectrum_does_not_depend_on_the_order),
};
CHECK_MAIN(tests)
