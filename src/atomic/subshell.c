#include "atomic/subshell.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/racah.h"

/* Determinants of j^w with projection M: bit i of a mask is the state m = j - i, creation operators in the order of
 * increasing i. Masks ascend. */
typedef struct {
  int n;
  uint16_t *mask;
} sector;

enum { N_J = AFB_MAX_TWO_J / 2 + 1, N_W = AFB_MAX_TWO_J + 2, N_RANKS = AFB_MAX_TWO_J / 2 + 1 };

typedef struct {
  int n_terms;                /* -1: not yet computed */
  afb_term *term;
  double **vector;            /* [term]: coefficients in the sector M = J */
} shell_states;

typedef struct {
  int ready;
  shell_states states[N_W];   /* j^w, all seniorities */
  shell_states top[N_W];      /* seniority v = w alone */
  sector sectors[N_W][64 + 1];
  afb_reduced *reduced[N_W][AFB_N_SHELL_PRODUCTS][N_RANKS];
} shell_cache;

static shell_cache *cache[N_J];

static int bits(unsigned x)
{
  int n = 0;
  for (; x; x &= x - 1)
    n++;
  return n;
}

static int two_m_of(int two_j, unsigned mask)
{
  int sum = 0;
  for (int i = 0; i <= two_j; i++)
    if (mask >> i & 1)
      sum += two_j - 2 * i;
  return sum;
}

static afb_status find_cache(int two_j, shell_cache **out)
{
  shell_cache **slot = &cache[two_j / 2];
  if (!*slot) {
    *slot = calloc(1, sizeof **slot);
    if (!*slot)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
    for (int w = 0; w < N_W; w++)
      (*slot)->states[w].n_terms = (*slot)->top[w].n_terms = -1;
  }
  *out = *slot;
  return AFB_OK;
}

static int largest_two_m(int two_j, int w) { return w * (two_j + 1 - w); }

static afb_status find_sector(shell_cache *shell, int two_j, int w, int two_m, const sector **out)
{
  static const sector empty;
  if (two_m < 0 || two_m > largest_two_m(two_j, w)) {
    *out = &empty;
    return AFB_OK;
  }
  sector *s = &shell->sectors[w][two_m];
  if (!s->mask) {
    int n = 0;
    for (unsigned mask = 0; mask < 1u << (two_j + 1); mask++)
      n += bits(mask) == w && two_m_of(two_j, mask) == two_m;
    s->mask = calloc((size_t)(n > 0 ? n : 1), sizeof *s->mask);
    if (!s->mask)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the determinants of a subshell");
    for (unsigned mask = 0; mask < 1u << (two_j + 1); mask++)
      if (bits(mask) == w && two_m_of(two_j, mask) == two_m)
        s->mask[s->n++] = (uint16_t)mask;
  }
  *out = s;
  return AFB_OK;
}

static int position(const sector *s, unsigned mask)
{
  int low = 0, high = s->n - 1;
  while (low < high) {
    int middle = (low + high) / 2;
    if (s->mask[middle] < mask)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static double parity_below(unsigned mask, int bit) { return bits(mask & ((1u << bit) - 1)) & 1 ? -1.0 : 1.0; }

/* out = P+ in; out has the sector of w + 2 and the same M. */
static void create_pair(int two_j, const sector *from, const double *in, const sector *to, double *out)
{
  memset(out, 0, sizeof *out * (size_t)to->n);
  for (int d = 0; d < from->n; d++)
    for (int i = 0; 2 * i < two_j; i++) {
      int k = two_j - i;
      unsigned mask = from->mask[d];
      if (mask >> i & 1 || mask >> k & 1)
        continue;
      double sign = (i & 1 ? -1.0 : 1.0) * parity_below(mask, k) * parity_below(mask | 1u << k, i);
      out[position(to, mask | 1u << i | 1u << k)] += sign * in[d];
    }
}

/* out = J- in / sqrt((J+M)(J-M+1)), one M lower. */
static void lower(int two_j, int two_total, int two_m, const sector *from, const double *in, const sector *to,
                  double *out)
{
  memset(out, 0, sizeof *out * (size_t)to->n);
  double norm = sqrt(0.25 * (two_total + two_m) * (two_total - two_m + 2));
  for (int d = 0; d < from->n; d++)
    for (int i = 0; i < two_j; i++) {
      unsigned mask = from->mask[d];
      if (!(mask >> i & 1) || mask >> (i + 1) & 1)
        continue;
      int m = two_j - 2 * i;
      unsigned moved = (mask & ~(1u << i)) | 1u << (i + 1);
      out[position(to, moved)] += in[d] * sqrt(0.25 * (two_j + m) * (two_j - m + 2)) / norm;
    }
}

static double dot(int n, const double *x, const double *y)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

/* x = unit vector `axis` without its projection on basis[0 ... n_basis-1]; returns its norm. Twice is enough. */
static double project(int n, int axis, int n_basis, double *const *basis, double *x)
{
  memset(x, 0, sizeof *x * (size_t)n);
  x[axis] = 1;
  for (int pass = 0; pass < 2; pass++)
    for (int b = 0; b < n_basis; b++) {
      double overlap = dot(n, basis[b], x);
      for (int i = 0; i < n; i++)
        x[i] -= overlap * basis[b][i];
    }
  return sqrt(dot(n, x, x));
}

static afb_status add_term(shell_states *states, int two_total, int seniority, int number, double *vector)
{
  size_t n = (size_t)states->n_terms + 1;
  afb_term *term = realloc(states->term, n * sizeof *term);
  if (term)
    states->term = term;
  double **list = realloc(states->vector, n * sizeof *list);
  if (list)
    states->vector = list;
  if (!term || !list) {
    free(vector);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
  }
  term[n - 1] = (afb_term){(unsigned char)two_total, (unsigned char)seniority, (unsigned char)number};
  list[n - 1] = vector;
  states->n_terms = (int)n;
  return AFB_OK;
}

static afb_status find_top(shell_cache *shell, int two_j, int w, const shell_states **out);

/* The vector of a v = seniority top term, carried to j^w by P+ and normalised; malloc'ed. */
static afb_status raise_to(shell_cache *shell, int two_j, int w, int seniority, int two_total, const double *top,
                           double **out)
{
  const sector *from, *to;
  AFB_TRY(find_sector(shell, two_j, seniority, two_total, &from));
  double *x = malloc(sizeof *x * (size_t)from->n);
  if (!x)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
  memcpy(x, top, sizeof *x * (size_t)from->n);
  for (int n = seniority; n < w; n += 2, from = to) {
    afb_status status = find_sector(shell, two_j, n + 2, two_total, &to);
    double *y = status == AFB_OK ? malloc(sizeof *y * (size_t)to->n) : NULL;
    if (!y) {
      free(x);
      return status != AFB_OK ? status : AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
    }
    create_pair(two_j, from, x, to, y);
    double norm = sqrt(dot(to->n, y, y));
    for (int i = 0; i < to->n; i++)
      y[i] /= norm;
    free(x);
    x = y;
  }
  *out = x;
  return AFB_OK;
}

/* Orthonormal vectors of one M, with the J that they belong to. */
typedef struct {
  int n, room;
  int *two_total;
  double **vector;
} ladder;

static void ladder_clear(ladder *l)
{
  for (int i = 0; i < l->n; i++)
    free(l->vector[i]);
  free(l->vector);
  free(l->two_total);
  *l = (ladder){0};
}

static afb_status ladder_push(ladder *l, int two_total, double *vector)
{
  if (l->n == l->room) {
    int room = 2 * l->room + 8;
    double **list = realloc(l->vector, sizeof *list * (size_t)room);
    if (list)
      l->vector = list;
    int *total = realloc(l->two_total, sizeof *total * (size_t)room);
    if (total)
      l->two_total = total;
    if (!list || !total) {
      free(vector);
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
    }
    l->room = room;
  }
  l->two_total[l->n] = two_total;
  l->vector[l->n++] = vector;
  return AFB_OK;
}

/* Whatever is known of sector M: lowered from M + 1, and of smaller seniority with J = M. */
static afb_status known_states(shell_cache *shell, int two_j, int w, int two_m, const ladder *above, ladder *here)
{
  const sector *from, *to;
  AFB_TRY(find_sector(shell, two_j, w, two_m, &to));
  AFB_TRY(find_sector(shell, two_j, w, two_m + 2, &from));
  for (int i = 0; i < above->n; i++) {
    double *x = malloc(sizeof *x * (size_t)to->n);
    if (!x)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
    lower(two_j, above->two_total[i], two_m + 2, from, above->vector[i], to, x);
    AFB_TRY(ladder_push(here, above->two_total[i], x));
  }
  for (int v = w & 1; v < w; v += 2) {
    const shell_states *top;
    AFB_TRY(find_top(shell, two_j, v, &top));
    for (int t = 0; t < top->n_terms; t++)
      if (top->term[t].two_j == two_m) {
        double *x;
        AFB_TRY(raise_to(shell, two_j, w, v, two_m, top->vector[t], &x));
        AFB_TRY(ladder_push(here, two_m, x));
      }
  }
  return AFB_OK;
}

/* Completes sector M by terms of seniority w and J = M, the largest remainder of a unit vector first. */
static afb_status complete(int w, int two_m, const sector *s, ladder *here, shell_states *top)
{
  for (int number = 0; here->n < s->n; number++) {
    double *x = malloc(sizeof *x * (size_t)s->n), *kept = malloc(sizeof *kept * (size_t)s->n);
    double best = 0;
    int axis = 0;
    for (int i = 0; x && kept && i < s->n; i++) {
      double norm = project(s->n, i, here->n, here->vector, x);
      /* Rounding must not decide between equals. */
      if (norm > best * (1 + 1e-6)) {
        best = norm;
        axis = i;
      }
    }
    if (!x || !kept || best < 1e-6) {
      free(x);
      free(kept);
      return x && kept ? AFB_FAIL(AFB_E_INTERNAL, "terms of a subshell are not complete")
                       : AFB_FAIL(AFB_E_MEMORY, "no memory for the terms of a subshell");
    }
    project(s->n, axis, here->n, here->vector, x);
    for (int i = 0; i < s->n; i++)
      kept[i] = x[i] /= best;
    afb_status status = ladder_push(here, two_m, x);
    if (status != AFB_OK)
      free(kept);
    AFB_TRY(status);
    AFB_TRY(add_term(top, two_m, w, number, kept));
  }
  return AFB_OK;
}

static afb_status find_top(shell_cache *shell, int two_j, int w, const shell_states **out)
{
  shell_states *top = &shell->top[w];
  *out = top;
  if (top->n_terms >= 0)
    return AFB_OK;
  top->n_terms = 0;
  ladder above = {0}, here = {0};
  afb_status status = AFB_OK;
  for (int two_m = largest_two_m(two_j, w); two_m >= 0 && status == AFB_OK; two_m -= 2) {
    const sector *s = NULL;
    status = find_sector(shell, two_j, w, two_m, &s);
    if (status == AFB_OK)
      status = known_states(shell, two_j, w, two_m, &above, &here);
    if (status == AFB_OK)
      status = complete(w, two_m, s, &here, top);
    ladder_clear(&above);
    above = here;
    here = (ladder){0};
  }
  ladder_clear(&above);
  if (status != AFB_OK) {
    for (int t = 0; t < top->n_terms; t++)
      free(top->vector[t]);
    free(top->vector);
    free(top->term);
    *top = (shell_states){.n_terms = -1};
  }
  return status;
}

static afb_status collect_states(shell_cache *shell, int two_j, int w, shell_states *states)
{
  int holes = two_j + 1 - w, v_max = w < holes ? w : holes;
  states->n_terms = 0;
  for (int v = w & 1; v <= v_max; v += 2) {
    const shell_states *top;
    AFB_TRY(find_top(shell, two_j, v, &top));
    /* Terms of one seniority were found by decreasing J. */
    for (int two_total = largest_two_m(two_j, v) & 1; two_total <= largest_two_m(two_j, v); two_total += 2)
      for (int t = 0; t < top->n_terms; t++) {
        if (top->term[t].two_j != two_total)
          continue;
        double *x;
        AFB_TRY(raise_to(shell, two_j, w, v, two_total, top->vector[t], &x));
        AFB_TRY(add_term(states, two_total, v, top->term[t].number, x));
      }
  }
  return AFB_OK;
}

static afb_status find_states(shell_cache *shell, int two_j, int w, const shell_states **out)
{
  shell_states *states = &shell->states[w];
  *out = states;
  if (states->n_terms >= 0)
    return AFB_OK;
  afb_status status = collect_states(shell, two_j, w, states);
  if (status != AFB_OK) {
    for (int t = 0; t < states->n_terms; t++)
      free(states->vector[t]);
    free(states->vector);
    free(states->term);
    *states = (shell_states){.n_terms = -1};
  }
  return status;
}

static afb_status check_range(int two_j, int w)
{
  if (two_j < 1 || two_j > AFB_MAX_TWO_J || !(two_j & 1) || w < 0 || w > two_j + 1)
    return AFB_FAIL(AFB_E_LIMIT, "subshell j = %d/2 with %d electrons does not exist here", two_j, w);
  if (two_j > AFB_FREE_TWO_J && w > 4 && two_j + 1 - w > 4)
    return AFB_FAIL(AFB_E_LIMIT, "subshell j = %d/2 with %d electrons: above j = %d/2 at most four electrons or holes",
                    two_j, w, AFB_FREE_TWO_J);
  return AFB_OK;
}

afb_status afb_subshell_terms(int two_j, int w, int *n_terms, const afb_term **terms)
{
  shell_cache *shell = NULL;
  const shell_states *states;
  AFB_TRY(check_range(two_j, w));
  AFB_TRY(find_cache(two_j, &shell));
  AFB_TRY(find_states(shell, two_j, w, &states));
  *n_terms = states->n_terms;
  *terms = states->term;
  return AFB_OK;
}

/* <J||a+||J'> from the element with M = J and M' = J', whose 3j symbol never vanishes. */
static double reduced_creation(int two_j, const afb_term *bra, const double *x, const sector *to, const afb_term *ket,
                               const double *y, const sector *from)
{
  int two_m = bra->two_j - ket->two_j;
  if (!afb_triangle(bra->two_j, two_j, ket->two_j))
    return 0;
  int i = (two_j - two_m) / 2;
  double sum = 0;
  for (int d = 0; d < from->n; d++) {
    unsigned mask = from->mask[d];
    if (!(mask >> i & 1))
      sum += parity_below(mask, i) * y[d] * x[position(to, mask | 1u << i)];
  }
  double value = sum / afb_wigner_3j(bra->two_j, two_j, ket->two_j, -bra->two_j, two_m, ket->two_j);
  return fabs(value) < 1e-12 ? 0 : value;
}

static afb_status fill_creation(shell_cache *shell, int two_j, int w_ket, afb_reduced *table)
{
  const shell_states *bra, *ket;
  AFB_TRY(find_states(shell, two_j, w_ket + 1, &bra));
  AFB_TRY(find_states(shell, two_j, w_ket, &ket));
  for (int b = 0; b < bra->n_terms; b++)
    for (int k = 0; k < ket->n_terms; k++) {
      const sector *to, *from;
      AFB_TRY(find_sector(shell, two_j, w_ket + 1, bra->term[b].two_j, &to));
      AFB_TRY(find_sector(shell, two_j, w_ket, ket->term[k].two_j, &from));
      table->value[b * ket->n_terms + k] =
        reduced_creation(two_j, &bra->term[b], bra->vector[b], to, &ket->term[k], ket->vector[k], from);
    }
  return AFB_OK;
}

/* <J||a~||J'> = (-1)^(j-J+J') <J'||a+||J> */
static afb_status fill_annihilation(int two_j, int w_ket, const afb_term *bra, const afb_term *ket, afb_reduced *table)
{
  const afb_reduced *creation;
  AFB_TRY(afb_subshell_reduced(two_j, w_ket - 1, AFB_SHELL_C, 0, &creation));
  for (int b = 0; b < table->n_bra; b++)
    for (int k = 0; k < table->n_ket; k++) {
      int exponent = (two_j - bra[b].two_j + ket[k].two_j) / 2;
      double value = creation->value[k * table->n_bra + b];
      table->value[b * table->n_ket + k] = exponent & 1 ? -value : value;
    }
  return AFB_OK;
}

/* What a product is made of: left [x] right, the left factor acting last. */
static const struct {
  int change;                     /* of the number of electrons */
  afb_shell_product left, right;
} made_of[AFB_N_SHELL_PRODUCTS] = {
  [AFB_SHELL_C] = {1, AFB_SHELL_C, AFB_SHELL_C},
  [AFB_SHELL_A] = {-1, AFB_SHELL_A, AFB_SHELL_A},
  [AFB_SHELL_CC] = {2, AFB_SHELL_C, AFB_SHELL_C},
  [AFB_SHELL_AA] = {-2, AFB_SHELL_A, AFB_SHELL_A},
  [AFB_SHELL_CA] = {0, AFB_SHELL_C, AFB_SHELL_A},
  [AFB_SHELL_CCA] = {1, AFB_SHELL_CC, AFB_SHELL_A},
  [AFB_SHELL_CAA] = {-1, AFB_SHELL_C, AFB_SHELL_AA},
  [AFB_SHELL_CCAA] = {0, AFB_SHELL_CC, AFB_SHELL_AA},
};

static int is_pair(afb_shell_product product) { return product == AFB_SHELL_CC || product == AFB_SHELL_AA; }

/* <J||[A^k1 B^k2]^K||J'> = (-1)^(J+J'+K) sqrt(2K+1) sum_J'' {k1 k2 K; J' J J''} <J||A||J''><J''||B||J'>
 * (Edmonds 7.1.1), for every inner rank K. */
static afb_status fill_product(int two_j, int w_ket, afb_shell_product product, int two_k, const afb_term *bra,
                               const afb_term *ket, afb_reduced *table)
{
  afb_shell_product left = made_of[product].left, right = made_of[product].right;
  int w_middle = w_ket + made_of[right].change, n_middle;
  if (w_middle < 0 || w_middle > two_j + 1)
    return AFB_OK;
  const afb_term *middle;
  const afb_reduced *a, *b;
  AFB_TRY(afb_subshell_terms(two_j, w_middle, &n_middle, &middle));
  AFB_TRY(afb_subshell_reduced(two_j, w_middle, left, 0, &a));
  AFB_TRY(afb_subshell_reduced(two_j, w_ket, right, 0, &b));
  for (int inner = 0; inner < table->n_k; inner++) {
    if ((is_pair(left) || is_pair(right) || is_pair(product)) && inner & 1)
      continue;   /* two electrons of one subshell have even K */
    int k1 = is_pair(left) ? 2 * inner : two_j, k2 = is_pair(right) ? 2 * inner : two_j;
    int rank = product == AFB_SHELL_CCAA ? 0 : product == AFB_SHELL_CCA || product == AFB_SHELL_CAA ? two_k : 2 * inner;
    const double *x = a->value + (is_pair(left) ? (size_t)inner * (size_t)(a->n_bra * a->n_ket) : 0);
    const double *y = b->value + (is_pair(right) ? (size_t)inner * (size_t)(b->n_bra * b->n_ket) : 0);
    for (int r = 0; r < table->n_bra; r++)
      for (int s = 0; s < table->n_ket; s++) {
        if (!afb_triangle(bra[r].two_j, rank, ket[s].two_j))
          continue;
        double sum = 0;
        for (int t = 0; t < n_middle; t++) {
          double both = x[r * n_middle + t] * y[t * table->n_ket + s];
          if (both != 0)
            sum += both * afb_wigner_6j(k1, k2, rank, ket[s].two_j, bra[r].two_j, middle[t].two_j);
        }
        sum *= sqrt(rank + 1.0) * ((bra[r].two_j + ket[s].two_j + rank) / 2 & 1 ? -1 : 1);
        table->value[(inner * table->n_bra + r) * table->n_ket + s] = fabs(sum) < 1e-13 ? 0 : sum;
      }
  }
  return AFB_OK;
}

afb_status afb_subshell_reduced(int two_j, int w_ket, afb_shell_product product, int two_k, const afb_reduced **out)
{
  int w_bra = w_ket + made_of[product].change, n_bra, n_ket;
  int rank = product == AFB_SHELL_CCA || product == AFB_SHELL_CAA ? two_k / 2 : 0;
  const afb_term *bra, *ket;
  shell_cache *shell = NULL;
  AFB_TRY(check_range(two_j, w_ket));
  AFB_TRY(check_range(two_j, w_bra));
  if (rank < 0 || rank >= N_RANKS)
    return AFB_FAIL(AFB_E_LIMIT, "rank %d/2 of a subshell operator is beyond the limit", two_k);
  AFB_TRY(find_cache(two_j, &shell));
  afb_reduced **slot = &shell->reduced[w_ket][product][rank];
  if (!*slot) {
    AFB_TRY(afb_subshell_terms(two_j, w_bra, &n_bra, &bra));
    AFB_TRY(afb_subshell_terms(two_j, w_ket, &n_ket, &ket));
    int n_k = product == AFB_SHELL_C || product == AFB_SHELL_A ? 1 : two_j + 1;
    afb_reduced *table = malloc(sizeof *table);
    double *value = calloc((size_t)(n_k * n_bra * n_ket), sizeof *value);
    if (!table || !value) {
      free(table);
      free(value);
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the matrix elements of a subshell");
    }
    *table = (afb_reduced){.w_bra = w_bra, .n_bra = n_bra, .n_ket = n_ket, .n_k = n_k, .value = value};
    afb_status status = product == AFB_SHELL_C   ? fill_creation(shell, two_j, w_ket, table)
                        : product == AFB_SHELL_A ? fill_annihilation(two_j, w_ket, bra, ket, table)
                                                 : fill_product(two_j, w_ket, product, two_k, bra, ket, table);
    if (status != AFB_OK) {
      free(value);
      free(table);
      return status;
    }
    *slot = table;
  }
  *out = *slot;
  return AFB_OK;
}
