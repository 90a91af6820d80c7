#include "atomic/ls_shell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/recoupling.h"
#include "atomic/subshell.h"
#include "numeric/lapack.h"
#include "numeric/racah.h"

enum { MAX_L = 7, MAX_Q = 4 * MAX_L + 2, ANY_Q_UP_TO_L = 3 };

static afb_ls_shell *kept[MAX_L + 1][MAX_Q + 1];

static double sign_of(int n) { return n & 1 ? -1.0 : 1.0; }

/* ---- jj states ---- */

typedef struct {
  int w_minus, t_minus, t_plus, two_j_minus, two_j_plus;
} jj_state;

/* The whole shell in jj coupling. */
typedef struct {
  int l, q, two_j_minus, two_j_plus;   /* of the orbitals; two_j_minus < 0: s shell */
  int n_blocks, parity;                /* 2J = 2 block + parity */
  int *first;                          /* [n_blocks + 1] */
  jj_state *state;                     /* by J */
} jj_shell;

static int two_j_of(const jj_shell *s, int block) { return 2 * block + s->parity; }

static afb_status terms_of(int two_j, int w, int *n, const afb_term **term)
{
  static const afb_term vacuum;
  if (two_j >= 0)
    return afb_subshell_terms(two_j, w, n, term);
  *n = w == 0;
  *term = &vacuum;
  return AFB_OK;
}

/* Calls with counting alone (state NULL) and then with room. */
static afb_status enumerate(jj_shell *s, int *count)
{
  memset(count, 0, (size_t)s->n_blocks * sizeof *count);
  for (int w = 0; w <= s->two_j_minus + 1 && w <= s->q; w++) {
    const afb_term *minus, *plus;
    int n_minus, n_plus;
    if (s->q - w > s->two_j_plus + 1)
      continue;
    AFB_TRY(terms_of(s->two_j_minus, w, &n_minus, &minus));
    AFB_TRY(terms_of(s->two_j_plus, s->q - w, &n_plus, &plus));
    for (int a = 0; a < n_minus; a++)
      for (int b = 0; b < n_plus; b++)
        for (int two_j = abs(minus[a].two_j - plus[b].two_j); two_j <= minus[a].two_j + plus[b].two_j; two_j += 2) {
          int block = two_j / 2;
          if (s->state)
            s->state[s->first[block] + count[block]] = (jj_state){w, a, b, minus[a].two_j, plus[b].two_j};
          count[block]++;
        }
  }
  return AFB_OK;
}

static void clear_jj(jj_shell *s)
{
  free(s->first);
  free(s->state);
}

static afb_status make_jj(int l, int q, jj_shell *s)
{
  *s = (jj_shell){.l = l, .q = q, .two_j_minus = l > 0 ? 2 * l - 1 : -1, .two_j_plus = 2 * l + 1, .parity = q & 1};
  int least = q < 4 * l + 2 - q ? q : 4 * l + 2 - q;
  s->n_blocks = least * (2 * l + 1) / 2 + 1;
  int *count = calloc((size_t)s->n_blocks, sizeof *count);
  s->first = calloc((size_t)s->n_blocks + 1, sizeof *s->first);
  afb_status status = count && s->first ? enumerate(s, count) : AFB_FAIL(AFB_E_MEMORY, "no memory for a shell");
  for (int b = 0; status == AFB_OK && b < s->n_blocks; b++)
    s->first[b + 1] = s->first[b] + count[b];
  if (status == AFB_OK) {
    while (s->n_blocks > 1 && count[s->n_blocks - 1] == 0)
      s->n_blocks--;
    s->state = malloc((size_t)s->first[s->n_blocks] * sizeof *s->state + 1);
    status = s->state ? enumerate(s, count) : AFB_FAIL(AFB_E_MEMORY, "no memory for a shell");
  }
  free(count);
  return status;
}

/* ---- One-body operators ---- */

/* T^k = - sum_(j j') <j||t^k||j'> / sqrt(2k+1) [a+_j a~_j']^k; element[0 or 1: l-, l+][...] = -<j||t^k||j'> / sqrt(2k+1). */
typedef struct {
  int two_k;
  double element[2][2];
} one_body;

/* The spin s (orbital = 0), or the unit tensor u^k of the orbital part; Edmonds 7.1.7 and 7.1.8. */
static one_body make_one_body(int l, int orbital, int k)
{
  one_body t = {.two_k = 2 * k};
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++) {
      int j = 2 * l - 1 + 2 * a, j1 = 2 * l - 1 + 2 * b;
      if (j < 0 || j1 < 0)
        continue;
      double root = sqrt((j + 1.0) * (j1 + 1.0) / (2.0 * k + 1.0));
      t.element[a][b] = orbital
        ? -sign_of((2 * l + 1 + j1 + 2 * k) / 2) * root * afb_wigner_6j(2 * l, j, 1, j1, 2 * l, 2 * k)
        : -sign_of((2 * l + 1 + j + 2 * k) / 2) * root * sqrt(1.5) * afb_wigner_6j(1, j, 2 * l, j1, 1, 2 * k);
    }
  return t;
}

static double element_of(const afb_reduced *r, int two_k, int bra, int ket)
{
  return r->value[((size_t)(r->n_k == 1 ? 0 : two_k / 2) * (size_t)r->n_bra + (size_t)bra) * (size_t)r->n_ket + (size_t)ket];
}

/* <bra J||[a+ a~]^k of one subshell||ket J1> times its coefficient; `which`: 0 l-, 1 l+. */
static afb_status same_subshell(const jj_shell *s, const one_body *t, int which, const jj_state *bra, int two_j,
                                const jj_state *ket, int two_j1, double *out)
{
  const afb_reduced *r;
  int j = which ? s->two_j_plus : s->two_j_minus, w = which ? s->q - ket->w_minus : ket->w_minus;
  if (t->element[which][which] == 0 || w == 0 || t->two_k > 2 * j)
    return AFB_OK;
  AFB_TRY(afb_subshell_reduced(j, w, AFB_SHELL_CA, 0, &r));
  double value = which ? element_of(r, t->two_k, bra->t_plus, ket->t_plus) : element_of(r, t->two_k, bra->t_minus, ket->t_minus);
  if (value == 0)
    return AFB_OK;
  afb_link link = {AFB_LINK_START, bra->two_j_minus, ket->two_j_minus, 0, bra->two_j_plus, ket->two_j_plus, t->two_k, two_j, two_j1, t->two_k};
  if (!which)
    link = (afb_link){AFB_LINK_PASS, bra->two_j_minus, ket->two_j_minus, t->two_k, bra->two_j_plus, ket->two_j_plus, 0, two_j, two_j1, t->two_k};
  *out += t->element[which][which] * value * afb_link_factor(&link);
  return AFB_OK;
}

/* One electron from l+ to l- (which = 0) or from l- to l+ (which = 1). */
static afb_status between_subshells(const jj_shell *s, const one_body *t, int which, const jj_state *bra, int two_j,
                                    const jj_state *ket, int two_j1, double *out)
{
  const afb_reduced *minus, *plus;
  double coefficient = t->element[which][!which];
  if (coefficient == 0)
    return AFB_OK;
  AFB_TRY(afb_subshell_reduced(s->two_j_minus, ket->w_minus, which ? AFB_SHELL_A : AFB_SHELL_C, 0, &minus));
  AFB_TRY(afb_subshell_reduced(s->two_j_plus, s->q - ket->w_minus, which ? AFB_SHELL_C : AFB_SHELL_A, 0, &plus));
  double value = element_of(minus, 0, bra->t_minus, ket->t_minus) * element_of(plus, 0, bra->t_plus, ket->t_plus);
  if (value == 0)
    return AFB_OK;
  /* [a+_(l+) a~_(l-)]^k in the order of the chain: the operators anticommute, and so does their coupling by its own phase */
  if (which)
    coefficient *= -sign_of((s->two_j_minus + s->two_j_plus - t->two_k) / 2);
  afb_link link = {AFB_LINK_MIDDLE, bra->two_j_minus, ket->two_j_minus, s->two_j_minus, bra->two_j_plus, ket->two_j_plus, s->two_j_plus,
                   two_j, two_j1, t->two_k};
  *out += coefficient * sign_of(ket->w_minus) * value * afb_link_factor(&link);
  return AFB_OK;
}

/* <bra J||T||ket J1> */
static afb_status reduced(const jj_shell *s, const one_body *t, const jj_state *bra, int two_j, const jj_state *ket, int two_j1,
                          double *out)
{
  int moved = bra->w_minus - ket->w_minus;
  *out = 0;
  if (moved == 1 || moved == -1)
    return between_subshells(s, t, moved < 0, bra, two_j, ket, two_j1, out);
  if (moved != 0)
    return AFB_OK;
  if (bra->t_plus == ket->t_plus)
    AFB_TRY(same_subshell(s, t, 0, bra, two_j, ket, two_j1, out));
  if (bra->t_minus == ket->t_minus)
    AFB_TRY(same_subshell(s, t, 1, bra, two_j, ket, two_j1, out));
  return AFB_OK;
}

/* out[n_b][n_b1] of blocks b and b1; NULL *out when the rank does not connect them. The caller frees. */
static afb_status reduced_block(const jj_shell *s, const one_body *t, int b, int b1, double **out)
{
  int n = s->first[b + 1] - s->first[b], n1 = s->first[b1 + 1] - s->first[b1];
  *out = NULL;
  if (!afb_triangle(two_j_of(s, b), two_j_of(s, b1), t->two_k))
    return AFB_OK;
  *out = calloc((size_t)n * (size_t)n1 + 1, sizeof **out);
  if (!*out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the operators of a shell");
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n1; j++) {
      afb_status status = reduced(s, t, &s->state[s->first[b] + i], two_j_of(s, b), &s->state[s->first[b1] + j], two_j_of(s, b1),
                                  &(*out)[(size_t)i * (size_t)n1 + (size_t)j]);
      if (status != AFB_OK) {
        free(*out);
        *out = NULL;
        return status;
      }
    }
  return AFB_OK;
}

/* matrix[n][n] += factor (T . T) in block b: sum over J1 of <J||T||J1> <J||T||J1>' / (2J+1). */
static afb_status add_square(const jj_shell *s, const one_body *t, int b, double factor, double *matrix)
{
  int n = s->first[b + 1] - s->first[b];
  for (int b1 = 0; b1 < s->n_blocks; b1++) {
    int n1 = s->first[b1 + 1] - s->first[b1];
    double *a;
    AFB_TRY(reduced_block(s, t, b, b1, &a));
    for (int i = 0; a && i < n; i++)
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int k = 0; k < n1; k++)
          sum += a[(size_t)i * (size_t)n1 + (size_t)k] * a[(size_t)j * (size_t)n1 + (size_t)k];
        matrix[(size_t)i * (size_t)n + (size_t)j] += factor * sum / (two_j_of(s, b) + 1);
      }
    free(a);
  }
  return AFB_OK;
}

/* matrix += factor Q^2; Q = Q- + Q+ with (2j+1 - 2v)/4 and projection (2w - 2j-1)/4 for each subshell. */
static afb_status add_quasispin(const jj_shell *s, int b, double factor, double *matrix)
{
  int n = s->first[b + 1] - s->first[b];
  const jj_state *state = s->state + s->first[b];
  for (int i = 0; i < n; i++) {
    const afb_term *minus, *plus, *minus1, *plus1;
    int n_minus, n_plus, w = state[i].w_minus;
    AFB_TRY(terms_of(s->two_j_minus, w, &n_minus, &minus));
    AFB_TRY(terms_of(s->two_j_plus, s->q - w, &n_plus, &plus));
    minus += state[i].t_minus;
    plus += state[i].t_plus;
    double omega1 = 0.5 * (s->two_j_minus + 1), omega2 = 0.5 * (s->two_j_plus + 1);
    double q1 = 0.5 * (omega1 - minus->seniority), m1 = 0.5 * (w - omega1);
    double q2 = 0.5 * (omega2 - plus->seniority), m2 = 0.5 * (s->q - w - omega2);
    matrix[(size_t)i * (size_t)n + (size_t)i] += factor * (q1 * (q1 + 1) + q2 * (q2 + 1) + 2 * m1 * m2);
    for (int j = 0; j < n; j++) {
      if (state[j].w_minus != w + 2)
        continue;
      AFB_TRY(terms_of(s->two_j_minus, w + 2, &n_minus, &minus1));
      AFB_TRY(terms_of(s->two_j_plus, s->q - w - 2, &n_plus, &plus1));
      if (memcmp(&minus1[state[j].t_minus], minus, sizeof *minus) != 0 || memcmp(&plus1[state[j].t_plus], plus, sizeof *plus) != 0)
        continue;
      double value = factor * sqrt((q1 - m1) * (q1 + m1 + 1) * (q2 + m2) * (q2 - m2 + 1));
      matrix[(size_t)i * (size_t)n + (size_t)j] += value;
      matrix[(size_t)j * (size_t)n + (size_t)i] += value;
    }
  }
  return AFB_OK;
}

/* ---- Terms ---- */

/* One operator, 12 G2 + 10 (4 S(S+1)) + 160 (4 Q(Q+1)), tells all three: 12 G2 is an integer below 37, 4 S(S+1) is 4k, or 4k + 3 for
 * half-integers, with k < 16, and so is 4 Q(Q+1). Small weights keep its eigenvectors accurate. */
enum { S_WEIGHT = 10, Q_WEIGHT = 160 };

/* A term while it is being found, and its state of the J at hand. */
typedef struct {
  int two_s, l, seniority, group, number, of;
  double **state;             /* [n_blocks] of the jj states; NULL where it has none */
} found_term;

typedef struct {
  jj_shell jj;
  one_body spin;
  int n;
  found_term *term;
} search;

/* Of block b: what tells terms with L + S = J apart. G2 = (3 U^1.U^1 + 11 U^5.U^5) / 4, U^1.U^1 = L^2 / 84. */
static afb_status distinguishing_operator(const search *s, int b, double *matrix)
{
  AFB_TRY(add_square(&s->jj, &s->spin, b, 4 * S_WEIGHT, matrix));
  AFB_TRY(add_quasispin(&s->jj, b, 4 * Q_WEIGHT, matrix));
  if (s->jj.l != 3)
    return AFB_OK;
  one_body u1 = make_one_body(3, 1, 1), u5 = make_one_body(3, 1, 5);
  AFB_TRY(add_square(&s->jj, &u1, b, 12 * 0.25 * 3, matrix));
  return add_square(&s->jj, &u5, b, 12 * 0.25 * 11, matrix);
}

static double dot(int n, const double *x, const double *y)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

/* rows[m][n]: an orthonormal basis of what the given rows leave of a space of dimension n is appended; each new row is the
 * largest remainder of a unit vector, so that it does not depend on rounding. `project` (n x n, NULL: identity) maps unit
 * vectors into the space that is to be spanned. */
static void complete(int n, int given, int total, const double *project, double *row)
{
  for (int m = given; m < total; m++) {
    double best = -1, *mine = row + (size_t)m * (size_t)n;
    int axis = 0;
    for (int pass = 0, e = 0; pass < 2; e++) {
      int at = pass ? axis : e;
      for (int i = 0; i < n; i++)
        mine[i] = project ? project[(size_t)at * (size_t)n + (size_t)i] : i == at;
      for (int twice = 0; twice < 2; twice++)
        for (int k = 0; k < m; k++) {
          double overlap = dot(n, row + (size_t)k * (size_t)n, mine);
          for (int i = 0; i < n; i++)
            mine[i] -= overlap * row[(size_t)k * (size_t)n + (size_t)i];
        }
      double norm = sqrt(dot(n, mine, mine));
      if (pass) {
        for (int i = 0; i < n; i++)
          mine[i] /= norm;
        break;
      }
      if (norm > best * (1 + 1e-6)) {
        best = norm;
        axis = e;
      }
      pass = e == n - 1;
    }
  }
}

/* value[d], vector[d][n] of the operator restricted to the orthonormal rows[d][n]. */
static afb_status diagonalise(int n, int d, const double *matrix, const double *row, double *value, double *vector)
{
  int lwork = 8 * d + 8, info = 0;
  double *small = calloc((size_t)d * (size_t)d + (size_t)n + (size_t)lwork, sizeof *small);
  if (!small)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
  double *image = small + (size_t)d * (size_t)d, *work = image + n;
  for (int a = 0; a < d; a++) {
    for (int i = 0; i < n; i++)
      image[i] = dot(n, matrix + (size_t)i * (size_t)n, row + (size_t)a * (size_t)n);
    for (int c = 0; c <= a; c++)
      small[(size_t)a * (size_t)d + (size_t)c] = small[(size_t)c * (size_t)d + (size_t)a] = dot(n, image, row + (size_t)c * (size_t)n);
  }
  dsyev_("V", "U", &d, small, &d, value, work, &lwork, &info);
  memset(vector, 0, (size_t)d * (size_t)n * sizeof *vector);
  for (int a = 0; a < d; a++)
    for (int c = 0; c < d; c++)
      for (int i = 0; i < n; i++)
        vector[(size_t)a * (size_t)n + (size_t)i] += small[(size_t)a * (size_t)d + (size_t)c] * row[(size_t)c * (size_t)n + (size_t)i];
  free(small);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "the terms of a shell cannot be told apart");
}

/* Vectors first ... end - 1 share an eigenvalue: the basis of their space that depends on the space alone. */
static afb_status settle(int n, int first, int end, double *vector)
{
  if (end - first > 1) {
    double *project = calloc((size_t)n * (size_t)n, sizeof *project);
    if (!project)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
    for (int a = first; a < end; a++)
      for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
          project[(size_t)i * (size_t)n + (size_t)j] += vector[(size_t)a * (size_t)n + (size_t)i] * vector[(size_t)a * (size_t)n + (size_t)j];
    complete(n, 0, end - first, project, vector + (size_t)first * (size_t)n);
    free(project);
  }
  for (int a = first; a < end; a++) {
    double *v = vector + (size_t)a * (size_t)n;
    int largest = 0;
    for (int i = 1; i < n; i++)
      if (fabs(v[i]) > fabs(v[largest]) * (1 + 1e-8))
        largest = i;
    double sign = v[largest] < 0 ? -1 : 1;
    for (int i = 0; i < n; i++)
      v[i] *= sign;
  }
  return AFB_OK;
}

/* 2x from 4 x(x+1) = 4k + 3 odd, rounded up. */
static int two_of(int k, int odd)
{
  int two = odd;
  while (two * (two + 2) < 4 * k + 3 * odd)
    two += 2;
  return two;
}

/* S, Q and G2 of an eigenvalue; each has to be one that exists. */
static afb_status decode(const search *s, int two_j, double value, found_term *term)
{
  int omega = 2 * s->jj.l + 1, odd_s = s->jj.q & 1, odd_q = (omega + s->jj.q) & 1;
  double rest = value - 3 * (odd_s * S_WEIGHT + odd_q * Q_WEIGHT);
  int q = (int)floor((rest + 0.5) / (4 * Q_WEIGHT));
  rest -= 4 * Q_WEIGHT * q;
  int spin = (int)floor((rest + 0.5) / (4 * S_WEIGHT));
  rest -= 4 * S_WEIGHT * spin;
  int two_s = two_of(spin, odd_s), two_q = two_of(q, odd_q);
  *term = (found_term){.two_s = two_s, .l = (two_j - two_s) / 2, .seniority = omega - two_q, .group = (int)lround(rest)};
  if (fabs(rest - term->group) > 1e-6 || two_s * (two_s + 2) != 4 * spin + 3 * odd_s || two_q * (two_q + 2) != 4 * q + 3 * odd_q ||
      two_j < two_s || (two_j - two_s) % 2 != 0 || term->seniority < 0 || term->seniority > s->jj.q)
    return AFB_FAIL(AFB_E_INTERNAL, "a term of shell l = %d with %d electrons has eigenvalues that do not exist", s->jj.l, s->jj.q);
  return AFB_OK;
}

/* The states of lower J of a term by the spin operator: |J> = sum |b> <b J||S||J+1> / <S L J||S||S L J+1>. */
static afb_status lower(const search *s, found_term *t, int b)
{
  const jj_shell *jj = &s->jj;
  for (; two_j_of(jj, b) > abs(2 * t->l - t->two_s); b--) {
    int two_j = two_j_of(jj, b - 1), n = jj->first[b] - jj->first[b - 1], n1 = jj->first[b + 1] - jj->first[b];
    double spin = 0.5 * t->two_s, *a;
    double known = sign_of((2 * t->l + t->two_s + two_j + 2) / 2) * sqrt((two_j + 1.0) * (two_j + 3.0)) *
                   afb_wigner_6j(t->two_s, two_j, 2 * t->l, two_j + 2, t->two_s, 2) * sqrt(spin * (spin + 1) * (2 * spin + 1));
    double *state = t->state[b - 1] = calloc((size_t)n, sizeof *state);
    if (!state)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
    AFB_TRY(reduced_block(jj, &s->spin, b - 1, b, &a));
    for (int i = 0; a && i < n; i++)
      state[i] = dot(n1, a + (size_t)i * (size_t)n1, t->state[b]) / known;
    free(a);
    double norm = dot(n, state, state);
    if (!(fabs(norm - 1) < 1e-8))
      return AFB_FAIL(AFB_E_INTERNAL, "a state of a shell has norm %.3g in place of 1", norm);
    for (int i = 0; i < n; i++)
      state[i] /= sqrt(norm);
  }
  return AFB_OK;
}

static afb_status add_term(search *s, const found_term *like, int b, int n, const double *vector)
{
  found_term *grown = realloc(s->term, ((size_t)s->n + 1) * sizeof *grown);
  if (grown)
    s->term = grown;
  double **state = calloc((size_t)s->jj.n_blocks, sizeof *state);
  if (state)
    state[b] = malloc((size_t)n * sizeof **state);
  if (!grown || !state || !state[b]) {
    free(state);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
  }
  memcpy(state[b], vector, (size_t)n * sizeof *vector);
  s->term[s->n] = *like;
  s->term[s->n].state = state;
  return lower(s, &s->term[s->n++], b);
}

/* Terms with L + S = J, from the states that the terms known so far leave. work: [n][n] three times, and [n]. */
static afb_status find_new(search *s, int b, int n, int known, double *work)
{
  size_t square = (size_t)n * (size_t)n;
  double *row = work, *matrix = work + square, *vector = matrix + square, *value = vector + square;
  int d = n - known;
  complete(n, known, n, NULL, row);
  AFB_TRY(distinguishing_operator(s, b, matrix));
  AFB_TRY(diagonalise(n, d, matrix, row + (size_t)known * (size_t)n, value, vector));
  for (int first = 0, end; first < d; first = end) {
    for (end = first + 1; end < d && value[end] - value[first] < 0.5;)
      end++;
    AFB_TRY(settle(n, first, end, vector));
    for (int a = first; a < end; a++) {
      found_term like;
      AFB_TRY(decode(s, two_j_of(&s->jj, b), value[a], &like));
      like.number = a - first;
      AFB_TRY(add_term(s, &like, b, n, vector + (size_t)a * (size_t)n));
    }
  }
  return AFB_OK;
}

static afb_status find_terms(search *s)
{
  for (int b = s->jj.n_blocks - 1; b >= 0; b--) {
    int n = s->jj.first[b + 1] - s->jj.first[b], known = 0;
    double *work = calloc(3 * (size_t)n * (size_t)n + (size_t)n + 1, sizeof *work);
    if (!work)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
    for (int t = 0; t < s->n; t++)
      if (s->term[t].state[b])
        memcpy(work + (size_t)known++ * (size_t)n, s->term[t].state[b], (size_t)n * sizeof *work);
    afb_status status = known < n ? find_new(s, b, n, known, work) : AFB_OK;
    free(work);
    AFB_TRY(status);
  }
  return AFB_OK;
}

static int by_name(const void *a, const void *b)
{
  const found_term *x = a, *y = b;
  const int difference[] = {x->two_s - y->two_s, x->l - y->l, x->seniority - y->seniority, x->group - y->group, x->number - y->number};
  for (int i = 0; i < 5; i++)
    if (difference[i] != 0)
      return difference[i];
  return 0;
}

static void number_terms(search *s)
{
  if (s->n > 1)
    qsort(s->term, (size_t)s->n, sizeof *s->term, by_name);
  for (int first = 0, end; first < s->n; first = end) {
    for (end = first; end < s->n && s->term[end].two_s == s->term[first].two_s && s->term[end].l == s->term[first].l;)
      end++;
    for (int t = first; t < end; t++) {
      s->term[t].number = t - first + 1;
      s->term[t].of = end - first;
    }
  }
}

/* ---- What is kept ---- */

static void destroy_shell(afb_ls_shell *shell)
{
  for (int b = 0; shell->block && b <= shell->two_j_max / 2; b++) {
    free(shell->block[b].term);
    free(shell->block[b].row);
    free(shell->block[b].coefficient);
  }
  free(shell->block);
  free(shell->term);
  free(shell);
}

static afb_status keep_block(const search *s, int b, afb_ls_block *out)
{
  int n = s->jj.first[b + 1] - s->jj.first[b], k = 0;
  *out = (afb_ls_block){.n = n};
  out->term = calloc((size_t)n * 4 + 1, 1);
  out->row = malloc((size_t)s->n * sizeof *out->row + 1);
  out->coefficient = malloc((size_t)n * (size_t)n * sizeof *out->coefficient + 1);
  if (!out->term || !out->row || !out->coefficient)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the states of a shell");
  out->w_minus = out->term + n;
  out->t_minus = out->w_minus + n;
  out->t_plus = out->t_minus + n;
  for (int i = 0; i < n; i++) {
    const jj_state *state = &s->jj.state[s->jj.first[b] + i];
    out->w_minus[i] = (uint8_t)state->w_minus;
    out->t_minus[i] = (uint8_t)state->t_minus;
    out->t_plus[i] = (uint8_t)state->t_plus;
  }
  for (int t = 0; t < s->n; t++) {
    out->row[t] = -1;
    if (s->term[t].state[b]) {
      out->row[t] = (int16_t)k;
      out->term[k] = (uint8_t)t;
      memcpy(out->coefficient + (size_t)k++ * (size_t)n, s->term[t].state[b], (size_t)n * sizeof *out->coefficient);
    }
  }
  return AFB_OK;
}

static afb_status keep(const search *s, afb_ls_shell *out)
{
  *out = (afb_ls_shell){.l = s->jj.l, .q = s->jj.q, .n_terms = s->n, .two_j_max = two_j_of(&s->jj, s->jj.n_blocks - 1)};
  out->term = calloc((size_t)s->n + 1, sizeof *out->term);
  out->block = calloc((size_t)s->jj.n_blocks, sizeof *out->block);
  if (!out->term || !out->block)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
  for (int t = 0; t < s->n; t++) {
    const found_term *f = &s->term[t];
    out->term[t] = (afb_ls_term){(uint8_t)f->two_s, (uint8_t)f->l, (uint8_t)f->seniority, (uint8_t)f->number, (uint8_t)f->of};
  }
  for (int b = 0; b < s->jj.n_blocks; b++)
    AFB_TRY(keep_block(s, b, &out->block[b]));
  return AFB_OK;
}

static void clear_search(search *s)
{
  for (int t = 0; t < s->n; t++) {
    for (int b = 0; b < s->jj.n_blocks; b++)
      free(s->term[t].state[b]);
    free(s->term[t].state);
  }
  free(s->term);
  clear_jj(&s->jj);
}

afb_status afb_ls_shell_get(int l, int q, const afb_ls_shell **out)
{
  *out = NULL;
  if (l < 0 || l > MAX_L || q < 0 || q > 4 * l + 2 || (l > ANY_Q_UP_TO_L && q > 2 && q < 4 * l))
    return AFB_FAIL(AFB_E_LIMIT, "LS terms of a shell l = %d with %d electrons are not made", l, q);
  if (!kept[l][q]) {
    search s = {.spin = make_one_body(l, 0, 1)};
    afb_status status = make_jj(l, q, &s.jj);
    if (status == AFB_OK)
      status = find_terms(&s);
    afb_ls_shell *shell = status == AFB_OK ? calloc(1, sizeof *shell) : NULL;
    if (status == AFB_OK && !shell)
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a shell");
    if (status == AFB_OK) {
      number_terms(&s);
      status = keep(&s, shell);
    }
    clear_search(&s);
    if (status != AFB_OK) {
      if (shell)
        destroy_shell(shell);
      return status;
    }
    kept[l][q] = shell;
  }
  *out = kept[l][q];
  return AFB_OK;
}

int afb_ls_column(const afb_ls_block *block, int w_minus, int t_minus, int t_plus)
{
  for (int i = 0; i < block->n; i++)
    if (block->w_minus[i] == w_minus && block->t_minus[i] == t_minus && block->t_plus[i] == t_plus)
      return i;
  return -1;
}
