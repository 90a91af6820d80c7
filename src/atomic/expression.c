#include "atomic/expression.h"

#include <stdlib.h>
#include <string.h>

/* Integrals are collected with a key, then sorted and numbered. */
typedef struct {
  int64_t key;      /* one-body: a * 64 + b; two-body: offset + left * n_keys + right */
  int row;          /* angular integral, or -1 for the constant part */
  double factor;
} contribution;

typedef struct {
  contribution *item;
  size_t n, room;
  int failed;
} collection;

enum { ORB = AFB_MAX_ORBITALS, RANKS = 32 };
static const int64_t POTENTIALS = (int64_t)RANKS * ORB * ORB;

static void push(collection *c, int64_t key, int row, double factor)
{
  if (c->failed || factor == 0)
    return;
  if (c->n == c->room) {
    size_t room = c->room ? 2 * c->room : 4096;
    contribution *item = realloc(c->item, room * sizeof *item);
    if (!item) {
      c->failed = 1;
      return;
    }
    c->item = item;
    c->room = room;
  }
  c->item[c->n++] = (contribution){key, row, factor};
}

static int64_t potential_key(int k, int a, int b)
{
  return a <= b ? ((int64_t)k * ORB + a) * ORB + b : ((int64_t)k * ORB + b) * ORB + a;
}

static void push_one(collection *c, int a, int b, int row, double factor)
{
  push(c, a <= b ? (int64_t)a * ORB + b : (int64_t)b * ORB + a, row, factor);
}

static void push_two(collection *c, int k, int a, int b, int cc, int d, int row, double factor)
{
  int64_t left = potential_key(k, a, cc), right = potential_key(k, b, d);
  if (left > right) {
    int64_t swap = left;
    left = right;
    right = swap;
  }
  push(c, (int64_t)ORB * ORB + left * POTENTIALS + right, row, factor);
}

/* factor * N_c [R^0(ac;bc) - sum_k g_k R^k(ac;cb)], kappa_a = kappa_b. */
static void push_field_of_closed(collection *c, const afb_csf_list *list, int a, int b, int closed, int row, double factor)
{
  int ka = list->orbital[a].kappa, kc = list->orbital[closed].kappa;
  double n = afb_kappa_two_j(kc) + 1;
  push_two(c, 0, a, closed, b, closed, row, factor * n);
  for (int k = 0; 2 * k <= afb_kappa_two_j(ka) + afb_kappa_two_j(kc); k++)
    push_two(c, k, a, closed, closed, b, row, -factor * n * afb_core_exchange(ka, kc, k));
}

static void collect(const afb_csf_list *list, const afb_angular *angular, collection *c)
{
  for (int a = 0; a < list->n_orbitals; a++) {
    if (!list->closed[a])
      continue;
    double n = afb_kappa_two_j(list->orbital[a].kappa) + 1;
    push_one(c, a, a, -1, n);
    for (int b = 0; b < list->n_orbitals; b++)
      if (list->closed[b])
        push_field_of_closed(c, list, a, a, b, -1, 0.5 * n);
  }
  for (int i = 0; i < angular->n_integrals; i++) {
    const afb_integral *x = angular->integral + i;
    if (x->k >= 0) {
      push_two(c, x->k, x->a, x->b, x->c, x->d, i, 1);
      continue;
    }
    push_one(c, x->a, x->b, i, 1);
    for (int b = 0; b < list->n_orbitals; b++)
      if (list->closed[b])
        push_field_of_closed(c, list, x->a, x->b, b, i, 1);
  }
}

static int by_key(const void *a, const void *b)
{
  const contribution *x = a, *y = b;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* Numbers keys in order, fills `one` and marks the potentials that occur in table[POTENTIALS]. */
static void number_integrals(const collection *c, afb_expression *out, int *table, int *number)
{
  int n = -1;
  int64_t last = -1;
  for (size_t i = 0; i < c->n; i++) {
    int64_t key = c->item[i].key;
    if (key != last) {
      n++;
      last = key;
      if (key < (int64_t)ORB * ORB) {
        out->one[out->n_one++] = (afb_pair){(int)(key / ORB), (int)(key % ORB)};
      } else {
        int64_t side[2] = {(key - ORB * ORB) / POTENTIALS, (key - ORB * ORB) % POTENTIALS};
        for (int s = 0; s < 2; s++)
          table[side[s]] = 0;
        out->n_terms++;
      }
    }
    number[i] = n;
  }
}

static void number_potentials(afb_expression *out, int *table)
{
  for (int64_t key = 0; key < POTENTIALS; key++) {
    if (table[key] < 0)
      continue;
    int k = (int)(key / (ORB * ORB)), a = (int)(key / ORB % ORB), b = (int)(key % ORB), p = 0;
    while (p < out->n_pairs && (out->pair[p].a != a || out->pair[p].b != b))
      p++;
    if (p == out->n_pairs)
      out->pair[out->n_pairs++] = (afb_pair){a, b};
    if (k > out->max_rank)
      out->max_rank = k;
    table[key] = out->n_potentials;
    out->potential[out->n_potentials++] = (afb_potential){k, p};
  }
}

static afb_status allocate(const collection *c, int n_angular, afb_expression *out)
{
  size_t n = c->n + 1;
  out->one = malloc(n * sizeof *out->one);
  out->term = malloc(n * sizeof *out->term);
  out->base = calloc(n, sizeof *out->base);
  out->potential = malloc(2 * n * sizeof *out->potential);
  out->pair = calloc(ORB * ORB, sizeof *out->pair);
  out->pair_terms = calloc(ORB * ORB, sizeof *out->pair_terms);
  out->map_start = calloc((size_t)n_angular + 1, sizeof *out->map_start);
  out->map_index = malloc(n * sizeof *out->map_index);
  out->map_factor = malloc(n * sizeof *out->map_factor);
  return out->one && out->term && out->base && out->potential && out->pair && out->pair_terms && out->map_start && out->map_index &&
             out->map_factor
           ? AFB_OK
           : AFB_FAIL(AFB_E_MEMORY, "no memory for %zu integrals", n);
}

static void fill_map(const collection *c, const int *number, afb_expression *out)
{
  for (size_t i = 0; i < c->n; i++)
    if (c->item[i].row >= 0)
      out->map_start[c->item[i].row + 1]++;
  for (int i = 0; i < out->n_angular; i++)
    out->map_start[i + 1] += out->map_start[i];
  for (size_t i = 0; i < c->n; i++) {
    int row = c->item[i].row;
    if (row < 0) {
      out->base[number[i]] += c->item[i].factor;
      continue;
    }
    int at = out->map_start[row]++;
    out->map_index[at] = number[i];
    out->map_factor[at] = c->item[i].factor;
  }
  for (int i = out->n_angular; i > 0; i--)
    out->map_start[i] = out->map_start[i - 1];
  out->map_start[0] = 0;
}

afb_status afb_expression_create(const afb_csf_list *list, const afb_angular *angular, afb_expression *out)
{
  *out = (afb_expression){.n_orbitals = list->n_orbitals, .n_angular = angular->n_integrals};
  collection c = {0};
  collect(list, angular, &c);
  int *table = malloc((size_t)POTENTIALS * sizeof *table), *number = malloc((c.n + 1) * sizeof *number);
  afb_status status = c.failed || !table || !number ? AFB_FAIL(AFB_E_MEMORY, "no memory for the energy expression")
                                                    : allocate(&c, angular->n_integrals, out);
  if (status == AFB_OK) {
    if (c.n > 0)
      qsort(c.item, c.n, sizeof *c.item, by_key);
    memset(table, -1, (size_t)POTENTIALS * sizeof *table);
    number_integrals(&c, out, table, number);
    number_potentials(out, table);
    int64_t last = -1;
    int t = 0;
    for (size_t i = 0; i < c.n; i++) {
      int64_t key = c.item[i].key;
      if (key == last || key < (int64_t)ORB * ORB)
        continue;
      last = key;
      out->term[t++] = (afb_term){table[(key - ORB * ORB) / POTENTIALS], table[(key - ORB * ORB) % POTENTIALS]};
    }
    for (int i = 0; i < out->n_terms; i++) {
      out->pair_terms[out->potential[out->term[i].left].pair]++;
      out->pair_terms[out->potential[out->term[i].right].pair]++;
    }
    fill_map(&c, number, out);
  }
  free(c.item);
  free(table);
  free(number);
  return status;
}

void afb_expression_clear(afb_expression *e)
{
  free(e->one);
  free(e->term);
  free(e->base);
  free(e->potential);
  free(e->pair);
  free(e->pair_terms);
  free(e->map_start);
  free(e->map_index);
  free(e->map_factor);
  *e = (afb_expression){0};
}

void afb_expression_to_angular(const afb_expression *e, const double *x, double *y)
{
  for (int i = 0; i < e->n_angular; i++) {
    double sum = 0;
    for (int m = e->map_start[i]; m < e->map_start[i + 1]; m++)
      sum += e->map_factor[m] * x[e->map_index[m]];
    y[i] = sum;
  }
}

void afb_expression_coefficients(const afb_expression *e, int with_base, const double *gamma, double *coefficient)
{
  if (with_base)
    memcpy(coefficient, e->base, (size_t)(e->n_one + e->n_terms) * sizeof *coefficient);
  else
    memset(coefficient, 0, (size_t)(e->n_one + e->n_terms) * sizeof *coefficient);
  for (int i = 0; i < e->n_angular; i++)
    for (int m = e->map_start[i]; m < e->map_start[i + 1]; m++)
      coefficient[e->map_index[m]] += gamma[i] * e->map_factor[m];
}
