#include "descriptor/bispectrum_couplings.h"

#include <stdlib.h>
#include <string.h>

/* A factor of a column: its channel and layer as one number, the layer slower so that order by it is order by j. */
static int factor_of(const struct afb_bispectrum *plan, int channel, int j) { return j * plan->n_channels + channel; }

/* The terms of a column, term->coupling being the number of the coupling in the table of all: (first, second, j). Returns how many. */
static int column_terms(const struct afb_bispectrum *plan, int column, afb_coupling_term term[3])
{
  int n = plan->n_channels, elements = column / plan->n_triples, count = 0;
  const afb_triple *t = &plan->triple[column % plan->n_triples];
  int channel[3] = {elements / n / n, elements / n % n, elements % n}, layer[3] = {t->j1, t->j2, t->j};
  for (int f = 0; f < 3; f++) {
    int times = 0, before = 0, a = (f + 1) % 3, b = (f + 2) % 3;
    for (int g = 0; g < 3; g++)
      if (channel[g] == channel[f] && layer[g] == layer[f]) {
        times++;
        before += g < f;
      }
    if (before)
      continue;
    int first = factor_of(plan, channel[a], layer[a]), second = factor_of(plan, channel[b], layer[b]);
    int larger = first > second ? first : second, smaller = first > second ? second : first;
    double value = t->scale * (t->j + 1) / (layer[f] + 1);
    int factors = n * (plan->j_top + 1);
    term[count] = (afb_coupling_term){.coupling = (layer[f] * factors + larger) * factors + smaller,
                                     .column = column,
                                     .channel = channel[f],
                                     .factor = times * value,
                                     .value = count ? 0 : value};
    count++;
  }
  return count;
}

/* Numbers the couplings that occur; `number` [all possible ones] receives -1 where there is none. Returns how many. */
static int number_couplings(const struct afb_bispectrum *plan, int64_t possible, int *number, int *n_terms)
{
  afb_coupling_term term[3];
  for (int64_t i = 0; i < possible; i++)
    number[i] = -1;
  *n_terms = 0;
  for (int column = 0; column < plan->n_linear; column++) {
    int n = column_terms(plan, column, term);
    for (int k = 0; k < n; k++)
      number[term[k].coupling] = 0;
    *n_terms += n;
  }
  int count = 0;
  for (int64_t i = 0; i < possible; i++)
    if (!number[i])
      number[i] = count++;
  return count;
}

/* Terms in order of couplings, and the rows; `next` is work space for the larger of n_couplings + 1 and the number of rows' groups + 1. */
static void fill_terms(const struct afb_bispectrum *plan, afb_couplings *p, const int *number, int *next)
{
  afb_coupling_term term[3];
  for (int column = 0; column < plan->n_linear; column++)
    for (int k = column_terms(plan, column, term) - 1; k >= 0; k--)
      p->coupling[number[term[k].coupling]].n_terms++;
  for (int i = 0, at = 0; i < p->n_couplings; at += p->coupling[i++].n_terms)
    next[i] = p->coupling[i].first_term = at;
  for (int column = 0; column < plan->n_linear; column++) {
    int n = column_terms(plan, column, term);
    for (int k = 0; k < n; k++) {
      term[k].coupling = number[term[k].coupling];
      p->term[next[term[k].coupling]++] = term[k];
    }
  }
  int layers = plan->j_top + 1, groups = plan->n_channels * layers;
  memset(p->row_first, 0, (size_t)(groups + 1) * sizeof *p->row_first);
  for (int i = 0; i < p->n_terms; i++)
    p->row_first[p->term[i].channel * layers + p->coupling[p->term[i].coupling].j + 1]++;
  for (int g = 0; g < groups; g++) {
    p->row_first[g + 1] += p->row_first[g];
    next[g] = p->row_first[g];
  }
  for (int i = 0; i < p->n_terms; i++)
    p->row[next[p->term[i].channel * layers + p->coupling[p->term[i].coupling].j]++] = i;
}

static void fill_couplings(const struct afb_bispectrum *plan, afb_couplings *p, int64_t possible, const int *number)
{
  int n = plan->n_channels, factors = n * (plan->j_top + 1);
  for (int64_t i = 0; i < possible; i++) {
    if (number[i] < 0)
      continue;
    int first = (int)(i % factors), second = (int)(i / factors % factors);
    p->coupling[number[i]] = (afb_coupling){.channel1 = first % n,
                                          .j1 = first / n,
                                          .channel2 = second % n,
                                          .j2 = second / n,
                                          .j = (int)(i / factors / factors),
                                          .same = first == second};
  }
  int at = 0;
  for (int j = 0; j <= plan->j_top + 1; j++) {
    while (at < p->n_couplings && p->coupling[at].j < j)
      at++;
    p->coupling_first[j] = at;
  }
}

/* Tables of coupling coefficients, one for all channels; only measured where p->cg is NULL. `known` [(j_top + 1)^3] is work space. */
static int64_t fill_tables(const struct afb_bispectrum *plan, afb_couplings *p, int64_t *known)
{
  int layers = plan->j_top + 1;
  int64_t size = 0;
  memset(known, -1, (size_t)layers * (size_t)(layers * layers) * sizeof *known);
  for (int i = 0; i < p->n_couplings; i++) {
    afb_coupling *q = &p->coupling[i];
    int n1 = q->j1 + 1, n2 = q->j2 + 1;
    int64_t *at = &known[((int64_t)q->j * layers + q->j1) * layers + q->j2];
    if (*at < 0) {
      *at = size;
      size += n1 * n2 * (n1 == n2 ? 2 : 1);
      if (p->cg) {
        double *table = p->cg + *at, *rows = table + n1 * n2;
        afb_clebsch_gordan(q->j1, q->j2, q->j, table);
        for (int k = 0; n1 == n2 && k < n1 * n2; k++)
          rows[k] = k / n2 > k % n2 ? 0 : k / n2 < k % n2 ? 2 * table[k] : table[k];
      }
    }
    q->cg = *at;
    q->cg_rows = q->same ? *at + n1 * n2 : *at;
  }
  return size;
}

afb_status afb_couplings_create(const struct afb_bispectrum *plan, afb_couplings **out)
{
  int64_t layers = plan->j_top + 1, factors = plan->n_channels * layers, possible = factors * factors * layers;
  afb_couplings *p = *out = calloc(1, sizeof *p);
  int *number = NULL, *next = NULL;
  int64_t *known = NULL;
  if (!p || possible > INT32_MAX)
    goto no_memory;
  number = malloc((size_t)possible * sizeof *number);
  known = malloc((size_t)(layers * layers * layers) * sizeof *known);
  if (!number || !known)
    goto no_memory;
  p->n_couplings = number_couplings(plan, possible, number, &p->n_terms);
  next = malloc((size_t)(p->n_couplings + factors + 1) * sizeof *next);
  p->coupling = calloc((size_t)p->n_couplings, sizeof *p->coupling);
  p->term = malloc((size_t)p->n_terms * sizeof *p->term);
  p->row = malloc((size_t)p->n_terms * sizeof *p->row);
  p->row_first = malloc((size_t)(factors + 1) * sizeof *p->row_first);
  p->coupling_first = malloc((size_t)(layers + 1) * sizeof *p->coupling_first);
  if (!next || !p->coupling || !p->term || !p->row || !p->row_first || !p->coupling_first)
    goto no_memory;
  fill_couplings(plan, p, possible, number);
  fill_terms(plan, p, number, next);
  p->cg = malloc((size_t)fill_tables(plan, p, known) * sizeof *p->cg);
  if (!p->cg)
    goto no_memory;
  fill_tables(plan, p, known);
  free(number);
  free(next);
  free(known);
  return AFB_OK;
no_memory:
  free(number);
  free(next);
  free(known);
  afb_couplings_destroy(out);
  return AFB_FAIL(AFB_E_MEMORY, "no memory for the tables of the bispectrum's derivatives");
}

void afb_couplings_destroy(afb_couplings **couplings)
{
  afb_couplings *p = *couplings;
  if (!p)
    return;
  free(p->coupling);
  free(p->term);
  free(p->row);
  free(p->row_first);
  free(p->coupling_first);
  free(p->cg);
  free(p);
  *couplings = NULL;
}
