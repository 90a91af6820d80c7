#include "campaign/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { MAX_SHIFT = 20 };

/* Places in the order of the electrons outside the core, the outermost first; returns how many, at most AFB_MAX_MOVED. */
static int outer_electrons(const afb_candidates *c, int core, int place[AFB_MAX_MOVED])
{
  int total = c->ion.z - c->ion.charge - core, n = 0;
  for (int i = c->n_order - 1; i >= 0; i--)
    for (int k = 0; k < c->order[i].q && n < total && n < AFB_MAX_MOVED; k++)
      place[n++] = i;
  return n;
}

afb_status afb_candidates_excite(const afb_candidates *candidates, int n_moved, const int *shift,
                                 afb_configuration *out)
{
  int core, place[AFB_MAX_MOVED];
  afb_configuration result;
  AFB_TRY(afb_ground_configuration(candidates->ion.z, candidates->ion.charge, &result));
  AFB_TRY(afb_ion_core_electrons(candidates->ion.z, candidates->ion.charge, &core));
  int movable = outer_electrons(candidates, core, place);
  if (n_moved > movable)
    return AFB_FAIL(AFB_E_INPUT, "%d electrons cannot move: %d lie outside the core", n_moved, movable);
  for (int i = 0; i < n_moved; i++)
    AFB_TRY(afb_configuration_add(&result, candidates->order[place[i]].n, candidates->order[place[i]].l, -1));
  for (int i = 0; i < n_moved; i++) {
    int to = place[i] + shift[i];
    if (to < 0 || to >= candidates->n_order)
      return AFB_FAIL(AFB_E_INPUT, "a shift by %d leaves the order of %d orbitals", shift[i], candidates->n_order);
    const afb_shell *s = &candidates->order[to];
    if (afb_configuration_occupation(&result, s->n, s->l) == 4 * s->l + 2)
      return AFB_FAIL(AFB_E_INPUT, "a shift by %d leads into a full shell", shift[i]);
    AFB_TRY(afb_configuration_add(&result, s->n, s->l, 1));
  }
  *out = result;
  return AFB_OK;
}

int afb_candidates_find(const afb_candidates *candidates, const afb_configuration *configuration)
{
  for (int i = 0; i < candidates->n; i++)
    if (afb_configuration_compare(&candidates->candidate[i].configuration, configuration) == 0)
      return i;
  return -1;
}

static afb_status append(afb_candidates *c, const afb_candidate *candidate)
{
  if (c->n == c->capacity) {
    int capacity = 2 * c->capacity + 64;
    afb_candidate *grown = realloc(c->candidate, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d candidates", capacity);
    c->candidate = grown;
    c->capacity = capacity;
  }
  c->candidate[c->n++] = *candidate;
  return AFB_OK;
}

afb_status afb_candidates_insert(afb_candidates *candidates, const afb_configuration *configuration, int *number)
{
  int electrons = afb_configuration_electrons(configuration), expected = candidates->ion.z - candidates->ion.charge;
  if (electrons != expected)
    return AFB_FAIL(AFB_E_INPUT, "a configuration of %d electrons, the ion has %d", electrons, expected);
  int found = afb_candidates_find(candidates, configuration);
  if (found < 0) {
    afb_candidate inserted = {.configuration = *configuration, .n_moved = -1};
    AFB_TRY(append(candidates, &inserted));
    found = candidates->n - 1;
  }
  *number = found;
  return AFB_OK;
}

static int compare_notation(const afb_candidate *a, const afb_candidate *b)
{
  int sum_a = 0, sum_b = 0;
  if (a->n_moved != b->n_moved)
    return a->n_moved - b->n_moved;
  for (int i = 0; i < a->n_moved; i++) {
    sum_a += abs(a->shift[i]);
    sum_b += abs(b->shift[i]);
  }
  if (sum_a != sum_b)
    return sum_a - sum_b;
  for (int i = 0; i < a->n_moved; i++)
    if (a->shift[i] != b->shift[i])
      return a->shift[i] - b->shift[i];
  return 0;
}

static int by_notation(const void *a, const void *b) { return compare_notation(a, b); }

static int by_configuration(const void *a, const void *b)
{
  const afb_candidate *p = a, *q = b;
  int order = afb_configuration_compare(&p->configuration, &q->configuration);
  return order ? order : compare_notation(p, q);
}

/* Appends the excitation if it exists. */
static afb_status append_excitation(afb_candidates *c, int electrons, const int *shift)
{
  afb_candidate one = {.n_moved = 0};
  for (int i = 0; i < electrons; i++) {
    one.shift[i] = shift[i];
    if (shift[i] != 0)
      one.n_moved = i + 1;
  }
  return afb_candidates_excite(c, one.n_moved, one.shift, &one.configuration) == AFB_OK ? append(c, &one) : AFB_OK;
}

/* Appends every excitation of the rule, one configuration perhaps several times. */
static afb_status enumerate(afb_candidates *c, int electrons, int max_shift)
{
  int lowest = max_shift > 0 ? -1 : 0, shift[AFB_MAX_MOVED], digit;
  for (int i = 0; i < electrons; i++)
    shift[i] = lowest;
  do {
    AFB_TRY(append_excitation(c, electrons, shift));
    for (digit = 0; digit < electrons && ++shift[digit] > max_shift; digit++)
      shift[digit] = lowest;
  } while (digit < electrons);
  return AFB_OK;
}

afb_status afb_candidates_create(afb_ion ion, int max_n, int max_l, int electrons, int max_shift, afb_candidates *out)
{
  if (electrons < 0 || electrons > AFB_MAX_MOVED || max_shift < 0 || max_shift > MAX_SHIFT)
    return AFB_FAIL(AFB_E_LIMIT, "excitations of %d electrons by up to %d places (at most %d electrons, %d places)",
                    electrons, max_shift, AFB_MAX_MOVED, MAX_SHIFT);
  afb_candidates result = {.ion = ion};
  AFB_TRY(afb_ion_orbital_order(ion.z, ion.charge, max_n, max_l, AFB_MAX_ORDER, result.order, &result.n_order));
  afb_status status = enumerate(&result, electrons, max_shift);
  if (status != AFB_OK) {
    afb_candidates_clear(&result);
    return afb_trail_at(status, __func__, __FILE__, __LINE__);
  }
  qsort(result.candidate, (size_t)result.n, sizeof *result.candidate, by_configuration);
  int kept = 0;
  for (int i = 0; i < result.n; i++)
    if (kept == 0 || afb_configuration_compare(&result.candidate[kept - 1].configuration,
                                               &result.candidate[i].configuration) != 0)
      result.candidate[kept++] = result.candidate[i];
  result.n = kept;
  qsort(result.candidate, (size_t)result.n, sizeof *result.candidate, by_notation);
  *out = result;
  return AFB_OK;
}

void afb_candidates_clear(afb_candidates *candidates)
{
  free(candidates->candidate);
  *candidates = (afb_candidates){.n = 0};
}

char *afb_candidate_notation(const afb_candidate *candidate, char *buffer)
{
  size_t used = 0;
  buffer[0] = '\0';
  if (candidate->n_moved < 0)
    return buffer;
  used = (size_t)snprintf(buffer, AFB_NOTATION_LENGTH, "[");
  for (int i = 0; i < candidate->n_moved; i++)
    used += (size_t)snprintf(buffer + used, AFB_NOTATION_LENGTH - used, "%s%d", i ? "," : "", candidate->shift[i]);
  snprintf(buffer + used, AFB_NOTATION_LENGTH - used, "]");
  return buffer;
}

afb_node afb_node_root(void) { return (afb_node){.n = 1}; }

int afb_node_contains(const afb_node *node, int number)
{
  for (int i = 0; i < node->n; i++)
    if (node->member[i] == number)
      return 1;
  return 0;
}

afb_status afb_node_add(const afb_node *node, int number, afb_node *child)
{
  if (number < 0 || afb_node_contains(node, number))
    return AFB_FAIL(AFB_E_LIMIT, "configuration %d cannot be added: it is in the set already", number);
  if (node->n == AFB_MAX_SET)
    return AFB_FAIL(AFB_E_LIMIT, "a set holds at most %d configurations", AFB_MAX_SET);
  afb_node result = *node;
  int at = result.n++;
  for (; at > 0 && result.member[at - 1] > number; at--)
    result.member[at] = result.member[at - 1];
  result.member[at] = number;
  *child = result;
  return AFB_OK;
}

afb_status afb_node_remove(const afb_node *node, int number, afb_node *parent)
{
  if (!afb_node_contains(node, number) || node->n == 1)
    return AFB_FAIL(AFB_E_LIMIT, "configuration %d cannot be removed from the set", number);
  afb_node result = {.n = 0};
  for (int i = 0; i < node->n; i++)
    if (node->member[i] != number)
      result.member[result.n++] = node->member[i];
  *parent = result;
  return AFB_OK;
}

int afb_node_children(const afb_candidates *candidates, const afb_node *node, int set_size, int *number)
{
  int n = 0;
  if (node->n >= set_size || node->n >= AFB_MAX_SET)
    return 0;
  for (int i = 0; i < candidates->n; i++)
    if (!afb_node_contains(node, i))
      number[n++] = i;
  return n;
}

int afb_node_parents(const afb_node *node, int *number)
{
  int n = 0;
  if (node->n == 1 || node->member[0] != 0)
    return 0;
  for (int i = 1; i < node->n; i++)
    number[n++] = node->member[i];
  return n;
}

static int compare_configurations(const void *a, const void *b) { return afb_configuration_compare(a, b); }

/* The node's configurations, sorted. */
static void node_set(const afb_candidates *candidates, const afb_node *node, afb_configuration set[AFB_MAX_SET])
{
  for (int i = 0; i < node->n; i++)
    set[i] = candidates->candidate[node->member[i]].configuration;
  qsort(set, (size_t)node->n, sizeof *set, compare_configurations);
}

uint64_t afb_node_hash(const afb_candidates *candidates, const afb_node *node)
{
  afb_configuration set[AFB_MAX_SET];
  node_set(candidates, node, set);
  return afb_set_hash(candidates->ion, node->n, set);
}

char *afb_node_format(const afb_candidates *candidates, const afb_node *node, char *buffer, size_t size)
{
  afb_configuration set[AFB_MAX_SET];
  node_set(candidates, node, set);
  return afb_set_format(node->n, set, buffer, size);
}

afb_status afb_set_canonical(afb_ion ion, int n, afb_configuration *set)
{
  char text[AFB_CONFIGURATION_LENGTH], label[AFB_ION_LENGTH];
  if (n < 1)
    return AFB_FAIL(AFB_E_INPUT, "an empty set of configurations");
  if (n > AFB_MAX_SET)
    return AFB_FAIL(AFB_E_LIMIT, "%d configurations in a set; at most %d", n, AFB_MAX_SET);
  for (int i = 0; i < n; i++) {
    int electrons = afb_configuration_electrons(&set[i]);
    if (electrons != ion.z - ion.charge)
      return AFB_FAIL(AFB_E_INPUT, "%s has %d electrons, the ion %s has %d",
                      afb_configuration_format(&set[i], 1, text, sizeof text), electrons, afb_ion_format(ion, label),
                      ion.z - ion.charge);
  }
  qsort(set, (size_t)n, sizeof *set, compare_configurations);
  for (int i = 1; i < n; i++)
    if (afb_configuration_compare(&set[i - 1], &set[i]) == 0)
      return AFB_FAIL(AFB_E_INPUT, "%s occurs twice in the set",
                      afb_configuration_format(&set[i], 1, text, sizeof text));
  return AFB_OK;
}

uint64_t afb_set_hash(afb_ion ion, int n, const afb_configuration *set)
{
  char text[AFB_CONFIGURATION_LENGTH];
  afb_ion_format(ion, text);
  uint64_t hash = afb_hash(AFB_HASH_START, text, strlen(text));
  for (int i = 0; i < n; i++) {
    hash = afb_hash(hash, ";", 1);
    afb_configuration_format(&set[i], 0, text, sizeof text);
    hash = afb_hash(hash, text, strlen(text));
  }
  return hash;
}

char *afb_set_format(int n, const afb_configuration *set, char *buffer, size_t size)
{
  char text[AFB_CONFIGURATION_LENGTH];
  size_t used = 0;
  buffer[0] = '\0';
  for (int i = 0; i < n && used < size; i++)
    used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ";" : "",
                             afb_configuration_format(&set[i], 1, text, sizeof text));
  return buffer;
}

afb_status afb_set_parse(afb_ion ion, const char *text, int *n, afb_configuration *set)
{
  afb_configuration result[AFB_MAX_SET];
  int count = 0;
  for (const char *at = text;; at++) {
    char one[2 * AFB_CONFIGURATION_LENGTH];
    size_t length = strcspn(at, ";");
    if (length >= sizeof one)
      return AFB_FAIL(AFB_E_INPUT, "\"%.60s...\" is too long for a configuration", at);
    if (count == AFB_MAX_SET)
      return AFB_FAIL(AFB_E_LIMIT, "more than %d configurations in a set", AFB_MAX_SET);
    memcpy(one, at, length);
    one[length] = '\0';
    AFB_TRY(afb_configuration_parse(one, &result[count]));
    count++;
    at += length;
    if (*at == '\0')
      break;
  }
  AFB_TRY(afb_set_canonical(ion, count, result));
  memcpy(set, result, (size_t)count * sizeof *set);
  *n = count;
  return AFB_OK;
}
