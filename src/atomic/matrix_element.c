#include "atomic/matrix_element.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/recoupling.h"

static const double negligible = 1e-13;

/* ---- the chain ---- */

afb_status afb_chain_list_create(const afb_csf_list *list, afb_chain_list *out)
{
  memset(out, 0, sizeof *out);
  for (int p = 0; p < list->n_orbitals; p++)
    if (!list->closed[p]) {
      out->number[out->n_open] = p;
      out->orbital[out->n_open++] = list->orbital[p];
    }
  size_t n = (size_t)list->n_csf * (size_t)out->n_open;
  out->n_csf = list->n_csf;
  out->occupation = malloc(n + 1);
  out->term = malloc(n + 1);
  out->two_j = malloc(n + 1);
  out->two_x = malloc(n + 1);
  if (!out->occupation || !out->term || !out->two_j || !out->two_x)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", list->n_csf);
  for (int r = 0; r < list->n_csf; r++)
    for (int i = 0; i < out->n_open; i++) {
      int n_terms;
      const afb_term *term;
      size_t from = (size_t)r * (size_t)list->n_orbitals + (size_t)out->number[i];
      size_t to = (size_t)r * (size_t)out->n_open + (size_t)i;
      AFB_TRY(afb_subshell_terms(afb_kappa_two_j(out->orbital[i].kappa), list->occupation[from], &n_terms, &term));
      out->occupation[to] = list->occupation[from];
      out->term[to] = list->term[from];
      out->two_j[to] = term[list->term[from]].two_j;
      out->two_x[to] = list->two_x[from];
    }
  return AFB_OK;
}

void afb_chain_list_clear(afb_chain_list *chains)
{
  free(chains->occupation);
  free(chains->term);
  free(chains->two_j);
  free(chains->two_x);
  memset(chains, 0, sizeof *chains);
}

/* ---- operators, found by their creators and annihilators ---- */

typedef struct {
  uint32_t key;               /* 0: free; creators and annihilators + 1 */
  afb_chain_operator *op;
  int32_t *index;             /* [n_integrals] numbers of its integrals */
} operator_slot;

struct afb_operator_table {
  const afb_chain_list *chains;
  int n, room;                /* a power of two */
  operator_slot *slot;
  int n_integrals, integral_room;
  afb_integral *integral;
  int hash_room;              /* of integral numbers + 1, a power of two */
  int32_t *hash;
  int32_t number_operator[AFB_MAX_ORBITALS];   /* by place: the number of F(aa) */
};

static uint32_t scramble(uint64_t x) { return (uint32_t)((x * UINT64_C(0x9e3779b97f4a7c15)) >> 32); }

static uint32_t integral_hash(const afb_integral *i)
{
  return scramble((uint64_t)(i->k + 1) << 32 | (uint64_t)i->a << 24 | (uint64_t)i->b << 16 |
                  (uint64_t)(i->c + 1) << 8 | (uint64_t)(i->d + 1));
}

static int same_integral(const afb_integral *x, const afb_integral *y)
{
  return x->k == y->k && x->a == y->a && x->b == y->b && x->c == y->c && x->d == y->d;
}

static int32_t *integral_place(const afb_operator_table *t, const afb_integral *integral)
{
  uint32_t mask = (uint32_t)t->hash_room - 1, at = integral_hash(integral) & mask;
  while (t->hash[at] && !same_integral(&t->integral[t->hash[at] - 1], integral))
    at = (at + 1) & mask;
  return &t->hash[at];
}

static afb_status number_integral(afb_operator_table *t, const afb_integral *integral, int32_t *number)
{
  if (2 * t->n_integrals >= t->hash_room) {
    int32_t *grown = calloc(2 * (size_t)t->hash_room, sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d integrals", t->n_integrals);
    free(t->hash);
    t->hash = grown;
    t->hash_room *= 2;
    for (int i = 0; i < t->n_integrals; i++)
      *integral_place(t, &t->integral[i]) = i + 1;
  }
  int32_t *place = integral_place(t, integral);
  if (!*place) {
    if (t->n_integrals == t->integral_room) {
      int room = 2 * t->integral_room + 256;
      afb_integral *grown = realloc(t->integral, (size_t)room * sizeof *grown);
      if (!grown)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for %d integrals", room);
      t->integral = grown;
      t->integral_room = room;
    }
    t->integral[t->n_integrals++] = *integral;
    *place = t->n_integrals;
  }
  *number = *place - 1;
  return AFB_OK;
}

afb_status afb_operator_table_create(const afb_chain_list *chains, afb_operator_table **out)
{
  afb_operator_table *t = calloc(1, sizeof *t);
  *out = t;
  if (t) {
    t->chains = chains;
    t->room = t->hash_room = 1024;
    t->slot = calloc((size_t)t->room, sizeof *t->slot);
    t->hash = calloc((size_t)t->hash_room, sizeof *t->hash);
  }
  if (!t || !t->slot || !t->hash) {
    afb_operator_table_destroy(out);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
  }
  for (int p = 0; p < chains->n_open; p++) {
    int16_t a = (int16_t)chains->number[p];
    afb_status status = number_integral(t, &(afb_integral){-1, a, a, -1, -1}, &t->number_operator[p]);
    if (status != AFB_OK) {
      afb_operator_table_destroy(out);
      return status;
    }
  }
  return AFB_OK;
}

void afb_operator_table_destroy(afb_operator_table **table)
{
  afb_operator_table *t = *table;
  if (!t)
    return;
  for (int i = 0; t->slot && i < t->room; i++)
    if (t->slot[i].key) {
      afb_chain_operator_clear(t->slot[i].op);
      free(t->slot[i].op);
      free(t->slot[i].index);
    }
  free(t->slot);
  free(t->integral);
  free(t->hash);
  free(t);
  *table = NULL;
}

int afb_operator_table_integrals(const afb_operator_table *table, const afb_integral **integral)
{
  *integral = table->integral;
  return table->n_integrals;
}

static operator_slot *operator_place(const afb_operator_table *t, uint32_t key)
{
  uint32_t mask = (uint32_t)t->room - 1, at = scramble(key) & mask;
  while (t->slot[at].key && t->slot[at].key != key)
    at = (at + 1) & mask;
  return &t->slot[at];
}

static afb_status grow_operators(afb_operator_table *t)
{
  operator_slot *old = t->slot, *grown = calloc(2 * (size_t)t->room, sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
  int n = t->room;
  t->slot = grown;
  t->room *= 2;
  for (int i = 0; i < n; i++)
    if (old[i].key)
      *operator_place(t, old[i].key) = old[i];
  free(old);
  return AFB_OK;
}

/* Creators p <= q and annihilators r <= s; q = s = -1: the one-electron operator. */
static afb_status find_operator(afb_operator_table *t, int p, int q, int r, int s, const operator_slot **out)
{
  uint32_t key = (uint32_t)(p + 1) | (uint32_t)(q + 1) << 8 | (uint32_t)(r + 1) << 16 | (uint32_t)(s + 1) << 24;
  operator_slot *slot = operator_place(t, key);
  *out = slot;
  if (slot->key)
    return AFB_OK;
  if (2 * t->n >= t->room) {
    AFB_TRY(grow_operators(t));
    *out = slot = operator_place(t, key);
  }
  const afb_chain_list *c = t->chains;
  afb_chain_operator *op = malloc(sizeof *op);
  if (!op)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
  afb_status status = q < 0 ? afb_one_body_operator(c->orbital, c->number, p, r, op)
                            : afb_two_body_operator(c->orbital, c->number, p, q, r, s, op);
  int32_t *index = NULL;
  if (status == AFB_OK) {
    index = malloc((size_t)op->n_integrals * sizeof *index + 1);
    if (!index)
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
    for (int i = 0; status == AFB_OK && i < op->n_integrals; i++)
      status = number_integral(t, &op->integral[i], &index[i]);
    if (status != AFB_OK)
      afb_chain_operator_clear(op);
  }
  if (status != AFB_OK) {
    free(index);
    free(op);
    return status;
  }
  *slot = (operator_slot){key, op, index};
  t->n++;
  return AFB_OK;
}

/* ---- plans ---- */

typedef struct afb_pair_term {
  const afb_chain_operator *op;
  const int32_t *index;
  double sign;
  uint64_t shells;                     /* acted on */
  uint64_t between;                    /* places whose X may differ */
  const double *table[4];
  int n_bra[4], n_ket[4];
} afb_pair_term;

void afb_pair_plan_clear(afb_pair_plan *plan)
{
  free(plan->term);
  memset(plan, 0, sizeof *plan);
}

static afb_status add_operator(afb_operator_table *t, const uint8_t *ket, int p, int q, int r, int s, afb_pair_plan *plan)
{
  const operator_slot *slot;
  AFB_TRY(find_operator(t, p, q, r, s, &slot));
  const afb_chain_operator *op = slot->op;
  if (op->n_integrals == 0 || op->n_k == 0)
    return AFB_OK;
  if (plan->n == plan->room) {
    int room = 2 * plan->room + 32;
    afb_pair_term *grown = realloc(plan->term, (size_t)room * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the angular part");
    plan->term = grown;
    plan->room = room;
  }
  afb_pair_term *term = &plan->term[plan->n];
  *term = (afb_pair_term){.op = op, .index = slot->index, .sign = 1};
  for (int i = 0, place = 0, electrons = 0; i < op->n_shells; i++) {
    const afb_reduced *reduced;
    int two_j = afb_kappa_two_j(t->chains->orbital[op->shell[i]].kappa);
    AFB_TRY(afb_subshell_reduced(two_j, ket[op->shell[i]], op->product[i], op->two_rank[i], &reduced));
    for (; place < op->shell[i]; place++)
      electrons += ket[place];
    if ((reduced->w_bra - ket[op->shell[i]]) & electrons & 1)
      term->sign = -term->sign;
    term->table[i] = reduced->value;
    term->n_bra[i] = reduced->n_bra;
    term->n_ket[i] = reduced->n_ket;
    term->shells |= UINT64_C(1) << op->shell[i];
  }
  for (int x = op->shell[0]; x < op->shell[op->n_shells - 1]; x++)
    term->between |= UINT64_C(1) << x;
  plan->n++;
  plan->n_values += op->n_integrals;
  return AFB_OK;
}

static afb_status add_ordered(afb_operator_table *t, const uint8_t *ket, int p, int q, int r, int s, afb_pair_plan *plan)
{
  return add_operator(t, ket, p < q ? p : q, p < q ? q : p, r < s ? r : s, r < s ? s : r, plan);
}

/* One electron from r to p, with every spectator. */
static afb_status plan_single(afb_operator_table *t, const uint8_t *ket, int p, int r, afb_pair_plan *plan)
{
  const afb_chain_list *c = t->chains;
  if (c->orbital[p].kappa == c->orbital[r].kappa)
    AFB_TRY(add_operator(t, ket, p, -1, r, -1, plan));
  for (int x = 0; x < c->n_open; x++)
    if (ket[x] > (x == r))
      AFB_TRY(add_ordered(t, ket, p, x, r, x, plan));
  return AFB_OK;
}

static afb_status plan_same(afb_operator_table *t, const uint8_t *ket, afb_pair_plan *plan)
{
  int n = t->chains->n_open;
  plan->diagonal = 1;
  plan->n_values = n;
  for (int p = 0; p < n; p++)
    for (int q = p; q < n; q++)
      if (ket[p] > (p == q) && ket[q] > 0)
        AFB_TRY(add_operator(t, ket, p, q, p, q, plan));
  return AFB_OK;
}

/* Electrons that are elsewhere, counted twice. */
static unsigned moved_electrons(int n, const uint8_t *x, const uint8_t *y)
{
  unsigned sum = 0;
  for (int p = 0; p < n; p++)
    sum += (unsigned)abs(x[p] - y[p]);
  return sum;
}

static afb_status make_plan(afb_operator_table *t, int bra, int ket, afb_pair_plan *plan)
{
  const afb_chain_list *c = t->chains;
  const uint8_t *x = c->occupation + (size_t)bra * (size_t)c->n_open, *y = c->occupation + (size_t)ket * (size_t)c->n_open;
  if (moved_electrons(c->n_open, x, y) > 4)   /* most pairs of configurations */
    return AFB_OK;
  int created[4] = {0}, destroyed[4] = {0}, n_created = 0, n_destroyed = 0;
  for (int p = 0; p < c->n_open; p++) {
    int change = x[p] - y[p];
    for (; change > 0; change--)
      created[n_created++] = p;
    for (; change < 0; change++)
      destroyed[n_destroyed++] = p;
  }
  if (n_created == 2)
    return add_operator(t, y, created[0], created[1], destroyed[0], destroyed[1], plan);
  if (n_created == 1)
    return plan_single(t, y, created[0], destroyed[0], plan);
  return plan_same(t, y, plan);
}

afb_status afb_pair_plan_make(afb_operator_table *table, int bra, int ket, afb_pair_plan *plan)
{
  plan->n = plan->n_values = plan->diagonal = 0;
  afb_status status = make_plan(table, bra, ket, plan);
  if (status != AFB_OK)
    plan->n = plan->n_values = plan->diagonal = 0;
  return status;
}

/* ---- one pair ---- */

typedef struct {
  const uint8_t *term, *two_j, *two_x;
} chain_row;

static chain_row row_of(const afb_chain_list *c, int r)
{
  size_t at = (size_t)r * (size_t)c->n_open;
  return (chain_row){c->term + at, c->two_j + at, c->two_x + at};
}

/* What depends on the inner rank: links, and tables of reduced matrix elements. */
typedef struct {
  int n_links, n_tables;
  afb_link link[AFB_MAX_ORBITALS];
  const double *table[4];
  int stride[4];
} inner_part;

/* Reduced matrix elements of the subshells: returns the product of those without inner rank. */
static double subshell_factors(const afb_pair_term *t, chain_row bra, chain_row ket, inner_part *inner)
{
  double factor = t->sign;
  for (int i = 0; i < t->op->n_shells; i++) {
    int p = t->op->shell[i];
    const double *value = t->table[i] + bra.term[p] * t->n_ket[i] + ket.term[p];
    if (t->op->product[i] == AFB_SHELL_C || t->op->product[i] == AFB_SHELL_A) {
      factor *= *value;
    } else {
      inner->table[inner->n_tables] = value;
      inner->stride[inner->n_tables++] = t->n_bra[i] * t->n_ket[i];
    }
  }
  return factor;
}

/* Links of the chain from the first subshell to the last: returns the product of those without inner rank. */
static double chain_factors(const afb_chain_operator *op, chain_row bra, chain_row ket, inner_part *inner)
{
  int first = op->shell[0], last = op->shell[op->n_shells - 1], chain = 0;
  double factor = 1;
  for (int p = first, i = 0; p <= last; p++) {
    afb_link l = {AFB_LINK_PASS, p > 0 ? bra.two_x[p - 1] : 0, p > 0 ? ket.two_x[p - 1] : 0, chain,
                  bra.two_j[p], ket.two_j[p], 0, bra.two_x[p], ket.two_x[p], chain};
    if (p == op->shell[i]) {
      l.kind = p == first ? AFB_LINK_START : p == last ? AFB_LINK_STOP : AFB_LINK_MIDDLE;
      l.b = op->two_rank[i];
      l.c = chain = op->two_chain[i++];
      if (l.kind == AFB_LINK_START && l.x == 0)
        continue;
    } else if (l.j == 0) {
      continue;
    }
    if (l.a == AFB_INNER_RANK || l.b == AFB_INNER_RANK || l.c == AFB_INNER_RANK)
      inner->link[inner->n_links++] = l;
    else if ((factor *= afb_link_factor(&l)) == 0)
      return 0;
  }
  return factor;
}

static double inner_factor(const inner_part *inner, int rank)
{
  double factor = 1;
  for (int i = 0; i < inner->n_tables; i++)
    factor *= inner->table[i][rank * inner->stride[i]];
  for (int i = 0; i < inner->n_links && factor != 0; i++) {
    afb_link l = inner->link[i];
    if (l.a == AFB_INNER_RANK)
      l.a = 2 * rank;
    if (l.b == AFB_INNER_RANK)
      l.b = 2 * rank;
    if (l.c == AFB_INNER_RANK)
      l.c = 2 * rank;
    factor *= afb_link_factor(&l);
  }
  return factor;
}

/* sum_K chain(K) coefficient(K, integral) */
static void add_term(const afb_pair_term *t, chain_row bra, chain_row ket, int *n, int32_t *index, double *value)
{
  const afb_chain_operator *op = t->op;
  inner_part inner;
  double sum[2 * (AFB_MAX_TWO_J + 1)] = {0};
  int any = 0;
  inner.n_links = inner.n_tables = 0;
  double fixed = subshell_factors(t, bra, ket, &inner);
  if (fixed == 0)
    return;
  fixed *= op->n_shells == 1 ? 1 / sqrt(bra.two_j[op->shell[0]] + 1.0) : chain_factors(op, bra, ket, &inner);
  for (int k = 0; k < op->n_k && fixed != 0; k++) {
    double chain = fixed * inner_factor(&inner, op->k_first + k * op->k_step);
    if (chain == 0)
      continue;
    any = 1;
    const double *coefficient = op->coefficient + k * op->n_integrals;
    for (int i = 0; i < op->n_integrals; i++)
      sum[i] += chain * coefficient[i];
  }
  for (int i = 0; any && i < op->n_integrals; i++)
    if (fabs(sum[i]) > negligible) {
      index[*n] = t->index[i];
      value[(*n)++] = sum[i];
    }
}

void afb_pair_plan_evaluate(const afb_operator_table *table, const afb_pair_plan *plan, int bra, int ket, int *n,
                            int32_t *index, double *value)
{
  const afb_chain_list *c = table->chains;
  chain_row x = row_of(c, bra), y = row_of(c, ket);
  const uint8_t *w = c->occupation + (size_t)bra * (size_t)c->n_open, *v = c->occupation + (size_t)ket * (size_t)c->n_open;
  uint64_t state = 0, coupling = 0;
  *n = 0;
  for (int p = 0; p < c->n_open; p++) {
    state |= (uint64_t)(x.term[p] != y.term[p] || w[p] != v[p]) << p;
    coupling |= (uint64_t)(x.two_x[p] != y.two_x[p]) << p;
  }
  for (int p = 0; bra == ket && p < c->n_open; p++)
    if (w[p] > 0) {
      index[*n] = table->number_operator[p];
      value[(*n)++] = w[p];
    }
  for (int i = 0; i < plan->n; i++)
    if (!(state & ~plan->term[i].shells) && !(coupling & ~plan->term[i].between))
      add_term(&plan->term[i], x, y, n, index, value);
}
