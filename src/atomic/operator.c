#include "atomic/operator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/racah.h"

static double sign_of(int exponent) { return exponent & 1 ? -1.0 : 1.0; }
static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }

afb_integral afb_canonical_integral(int k, int a, int b, int c, int d)
{
  int first = smaller(a, c), third = larger(a, c), second = smaller(b, d), fourth = larger(b, d);
  if (first > second || (first == second && third > fourth))
    return (afb_integral){(int16_t)k, (int16_t)second, (int16_t)first, (int16_t)fourth, (int16_t)third};
  return (afb_integral){(int16_t)k, (int16_t)first, (int16_t)second, (int16_t)third, (int16_t)fourth};
}

/* <a||C^k||c>, 0 when parity or triangle forbid it. */
static double reduced_c(int kappa_a, int kappa_c, int k)
{
  int two_a = afb_kappa_two_j(kappa_a), two_c = afb_kappa_two_j(kappa_c);
  if ((afb_kappa_l(kappa_a) + afb_kappa_l(kappa_c) + k) & 1)
    return 0;
  return sign_of((two_a + 1) / 2) * sqrt((two_a + 1.0) * (two_c + 1.0)) * afb_wigner_3j(two_a, 2 * k, two_c, 1, 0, -1);
}

/* [AB]^K = (-1)^(a+b-K) [BA]^K */
static double swap_phase(int two_a, int two_b, int rank) { return sign_of((two_a + two_b) / 2 - rank); }

/* <((01)k (23)k)0 | ((z0 z1)K (z2 z3)K)0> for operators of ranks two_j/2. */
static double overlap(const int *two_j, const int *z, int k, int inner)
{
  int pair_of_0 = z[0] == 0 || z[1] == 0 ? 0 : 2;
  int x = z[pair_of_0] == 0 ? z[pair_of_0 + 1] : z[pair_of_0];
  int other = 2 - pair_of_0;
  double phase = z[pair_of_0] == 0 ? 1.0 : swap_phase(two_j[0], two_j[x], inner);
  if (x == 1) {
    if (k != inner)
      return 0;
    return z[other] == 2 ? phase : phase * swap_phase(two_j[2], two_j[3], inner);
  }
  /* ((10)k (xy)k)0 = sum_K u ((1 (0x)K) y)0 and (1 (0x)K)y = +- ((0x)K 1)y. */
  int y = 5 - x;
  if (z[other] != 1)
    phase *= swap_phase(two_j[1], two_j[y], inner);
  phase *= swap_phase(two_j[0], two_j[1], k);
  if (x == 3)
    phase *= swap_phase(two_j[2], two_j[3], k);
  phase *= sign_of((two_j[0] + two_j[1] + two_j[x] + two_j[y]) / 2) * sign_of((two_j[1] - two_j[y]) / 2 + inner);
  return phase * sqrt((2 * k + 1.0) * (2 * inner + 1.0)) *
         afb_wigner_6j(two_j[1], two_j[0], 2 * k, two_j[x], two_j[y], 2 * inner);
}

/* The four operators p+ q+ r s (numbers 0 ... 3) in the order of the chain. */
typedef struct {
  int place[4], kind[4];      /* by operator; kind 0 creates, 1 annihilates */
  int two_j[4];
  int order[4];               /* operator numbers along the chain */
  int middle;                 /* K couples the middle two, not the first two */
} arrangement;

static void arrange(const afb_orbital *orbital, const int *place, arrangement *a)
{
  for (int i = 0; i < 4; i++) {
    a->place[i] = place[i];
    a->kind[i] = i > 1;
    a->two_j[i] = afb_kappa_two_j(orbital[place[i]].kappa);
    int at = i;
    for (; at > 0; at--) {
      int before = a->order[at - 1];
      if (2 * a->place[before] + a->kind[before] <= 2 * place[i] + a->kind[i])
        break;
      a->order[at] = before;
    }
    a->order[at] = i;
  }
}

/* Parity of the permutation from `from` to `to`. */
static double permutation_sign(const int *from, const int *to)
{
  int at[4], inversions = 0;
  for (int i = 0; i < 4; i++)
    at[from[i]] = i;
  for (int i = 0; i < 4; i++)
    for (int k = i + 1; k < 4; k++)
      inversions += at[to[i]] > at[to[k]];
  return sign_of(inversions);
}

static afb_shell_product product_of(const arrangement *a, int first, int n)
{
  int creators = 0;
  for (int i = first; i < first + n; i++)
    creators += a->kind[a->order[i]] == 0;
  static const afb_shell_product by_count[5][3] = {
    {0}, {AFB_SHELL_A, AFB_SHELL_C}, {AFB_SHELL_AA, AFB_SHELL_CA, AFB_SHELL_CC},
    {AFB_SHELL_C, AFB_SHELL_CAA, AFB_SHELL_CCA}, {AFB_SHELL_C, AFB_SHELL_C, AFB_SHELL_CCAA}};
  return by_count[n][creators];
}

/* Groups the chain into subshells, with the ranks of each and of the chain up to it. */
static void group(arrangement *a, afb_chain_operator *out)
{
  int size[4] = {0}, n = 0, two_j[4];
  for (int i = 0; i < 4; i++) {
    two_j[i] = a->two_j[a->order[i]];
    if (i > 0 && a->place[a->order[i]] == a->place[a->order[i - 1]]) {
      size[n - 1]++;
    } else {
      out->shell[n] = a->place[a->order[i]];
      size[n++] = 1;
    }
  }
  out->n_shells = n;
  for (int i = 0, at = 0; i < n; at += size[i++])
    out->product[i] = product_of(a, at, size[i]);
  a->middle = (n == 3 && size[1] == 2) || (n == 2 && size[0] == 3 && out->product[0] == AFB_SHELL_CAA) ||
              (n == 2 && size[1] == 3 && out->product[1] == AFB_SHELL_CCA);
  for (int i = 0, at = 0; i < n; at += size[i++]) {
    out->two_rank[i] = size[i] == 1   ? two_j[at]
                       : size[i] == 2 ? AFB_INNER_RANK
                       : size[i] == 3 ? two_j[at == 0 ? 3 : 0]
                                      : 0;
    int end = at + size[i];
    out->two_chain[i] = end == 1 ? two_j[0] : end == 2 ? AFB_INNER_RANK : end == 3 ? two_j[3] : 0;
  }
}

/* K is even when it couples two creators, or two annihilators, of one subshell. */
static int step_of(const arrangement *a, int first, int second)
{
  int x = a->order[first], y = a->order[second];
  return a->place[x] == a->place[y] && a->kind[x] == a->kind[y] ? 2 : 1;
}

static void inner_ranks(const arrangement *a, afb_chain_operator *out)
{
  static const int pairs[2][4] = {{0, 1, 2, 3}, {1, 2, 0, 3}};
  const int *i = pairs[a->middle];
  int j[4];
  for (int n = 0; n < 4; n++)
    j[n] = a->two_j[a->order[i[n]]];
  int first = larger(abs(j[0] - j[1]), abs(j[2] - j[3])) / 2, last = smaller(j[0] + j[1], j[2] + j[3]) / 2;
  out->k_step = larger(step_of(a, i[0], i[1]), step_of(a, i[2], i[3]));
  if (out->k_step == 2)
    first += first & 1;
  out->k_first = first;
  out->n_k = last < first ? 0 : (last - first) / out->k_step + 1;
}

/* Adds R^k(ab;cd), a+ = 0, b+ = 1, c and d the annihilators named, for every allowed k. */
static void add_integrals(const afb_orbital *orbital, const int *number, const arrangement *a, int c, int d,
                          double weight, afb_chain_operator *out)
{
  int formal[4] = {0, c, 1, d}, two_j[4], z[4], where[4];
  const int *order = a->order;
  for (int i = 0; i < 4; i++) {
    two_j[i] = a->two_j[formal[i]];
    where[formal[i]] = i;
  }
  static const int chain[2][4] = {{0, 1, 2, 3}, {1, 2, 0, 3}};
  for (int i = 0; i < 4; i++)
    z[i] = where[order[chain[a->middle][i]]];
  double fermion = permutation_sign(formal, order);
  const int *place = a->place;
  for (int k = 0; 2 * k <= smaller(two_j[0] + two_j[1], two_j[2] + two_j[3]); k++) {
    double angular = reduced_c(orbital[place[0]].kappa, orbital[place[c]].kappa, k) *
                     reduced_c(orbital[place[1]].kappa, orbital[place[d]].kappa, k);
    if (angular == 0)
      continue;
    angular *= weight * fermion * sign_of(k) / sqrt(2 * k + 1.0);
    int at = out->n_integrals++;
    out->integral[at] = afb_canonical_integral(k, number[place[0]], number[place[1]], number[place[c]], number[place[d]]);
    for (int n = 0; n < out->n_k; n++) {
      int inner = out->k_first + n * out->k_step;
      double phase = a->middle ? sign_of((a->two_j[order[0]] - a->two_j[order[3]]) / 2 + inner) : 1.0;
      out->coefficient[n * 2 * (AFB_MAX_TWO_J + 1) + at] = angular * phase * overlap(two_j, z, k, inner);
    }
  }
}

afb_status afb_two_body_operator(const afb_orbital *orbital, const int *number, int p, int q, int r, int s,
                                 afb_chain_operator *out)
{
  enum { ROOM = 2 * (AFB_MAX_TWO_J + 1), RANKS = AFB_MAX_TWO_J + 1 };
  afb_integral integral[ROOM];
  double coefficient[RANKS * ROOM];
  const int place[4] = {p, q, r, s};
  arrangement a;
  memset(out, 0, sizeof *out);
  arrange(orbital, place, &a);
  group(&a, out);
  inner_ranks(&a, out);
  out->integral = integral;
  out->coefficient = coefficient;
  add_integrals(orbital, number, &a, 2, 3, p == q && r == s ? 0.5 : 1.0, out);
  if (p != q && r != s)
    add_integrals(orbital, number, &a, 3, 2, 1.0, out);
  size_t n = (size_t)out->n_integrals, n_k = (size_t)out->n_k;
  out->integral = malloc(n * sizeof *integral + 1);
  out->coefficient = malloc(n * n_k * sizeof *coefficient + 1);
  if (!out->integral || !out->coefficient) {
    afb_chain_operator_clear(out);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
  }
  memcpy(out->integral, integral, n * sizeof *integral);
  for (size_t k = 0; k < n_k; k++)
    memcpy(out->coefficient + k * n, coefficient + k * ROOM, n * sizeof *coefficient);
  return AFB_OK;
}

/* sum_m p+_m r_m = -sqrt(2j+1) [p+ r~]^0, and the same for [r~ p+]^0: two signs cancel. */
afb_status afb_one_body_operator(const afb_orbital *orbital, const int *number, int p, int r, afb_chain_operator *out)
{
  int two_j = afb_kappa_two_j(orbital[p].kappa), first = p < r ? 0 : 1;
  memset(out, 0, sizeof *out);
  out->n_shells = 2;
  out->shell[first] = p;
  out->product[first] = AFB_SHELL_C;
  out->shell[1 - first] = r;
  out->product[1 - first] = AFB_SHELL_A;
  out->two_rank[0] = out->two_rank[1] = out->two_chain[0] = two_j;
  out->n_k = out->k_step = out->n_integrals = 1;
  out->integral = malloc(sizeof *out->integral);
  out->coefficient = malloc(sizeof *out->coefficient);
  if (!out->integral || !out->coefficient) {
    afb_chain_operator_clear(out);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
  }
  int a = smaller(number[p], number[r]), b = larger(number[p], number[r]);
  *out->integral = (afb_integral){-1, (int16_t)a, (int16_t)b, -1, -1};
  *out->coefficient = -sqrt(two_j + 1.0);
  return AFB_OK;
}

void afb_chain_operator_clear(afb_chain_operator *op)
{
  free(op->integral);
  free(op->coefficient);
  op->integral = NULL;
  op->coefficient = NULL;
  op->n_integrals = op->n_k = 0;
}
