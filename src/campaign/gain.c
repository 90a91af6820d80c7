#include "campaign/gain.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/rows.h"
#include "core/number.h"
#include "core/random.h"

enum { CHUNK = 65536 /* levels that are read at once */ };

void afb_gain_levels_clear(afb_gain_levels *levels)
{
  free(levels->level);
  *levels = (afb_gain_levels){0};
}

void afb_level_keys_clear(afb_level_keys *keys)
{
  free(keys->key);
  *keys = (afb_level_keys){0};
}

/* Shells of a text with their electrons: "3d3(4F).4s_5F.4p 6G", where one electron is not counted in the text, or "4d-(1) 4d(2) 5s(2)". */
typedef struct {
  int n;
  afb_shell shell[AFB_MAX_SHELLS];
} shells;

static void add_shell(int n, int l, int q, shells *out)
{
  for (int i = 0; i < out->n; i++)
    if (out->shell[i].n == n && out->shell[i].l == l) {
      out->shell[i].q += q;
      return;
    }
  if (out->n < AFB_MAX_SHELLS)
    out->shell[out->n++] = (afb_shell){n, l, q};
}

/* "3d" at the text: its end; NULL when there is no shell. */
static const char *take_shell(const char *text, int *n, int *l)
{
  static const char letters[] = "spdfghik";
  const char *end = afb_number_int(text, n);
  const char *letter = end && *end ? strchr(letters, *end) : NULL;
  if (!letter)
    return NULL;
  *l = (int)(letter - letters);
  return end + 1;
}

static void shells_of_label(const char *label, shells *out)
{
  out->n = 0;
  while (label) {
    int n, l, q = 1;
    const char *end = take_shell(label, &n, &l);
    if (!end)
      return;
    if (isdigit((unsigned char)*end) && !afb_number_int(end, &q))
      return;
    add_shell(n, l, q, out);
    label = strchr(end, '.');
    label = label ? label + 1 : NULL;
  }
}

static void shells_of_csf(const char *text, shells *out)
{
  out->n = 0;
  while (text) {
    int n, l, q;
    const char *end = take_shell(text, &n, &l);
    if (!end)
      return;
    end += *end == '-';
    if (*end != '(' || !afb_number_int(end + 1, &q))
      return;
    add_shell(n, l, q, out);
    text = strchr(end, ' ');
    text = text ? text + 1 : NULL;
  }
}

/* Shells that a text leaves out are closed. */
static int agrees(const shells *text, const afb_configuration *c)
{
  int found = 0;
  for (int k = 0; k < c->n_shells; k++) {
    int q = 4 * c->shell[k].l + 2;
    for (int i = 0; i < text->n; i++)
      if (text->shell[i].n == c->shell[k].n && text->shell[i].l == c->shell[k].l) {
        q = text->shell[i].q;
        found++;
      }
    if (q != c->shell[k].q)
      return 0;
  }
  return found == text->n;
}

static int find_member(int n_set, const afb_configuration *set, const shells *text)
{
  for (int i = 0; i < n_set; i++)
    if (agrees(text, &set[i]))
      return i;
  return -1;
}

/* Which closed shells a label names depends on the set: the key has the configuration, and of the label what follows a shell that is
 * not closed. */
static uint64_t hash_terms(uint64_t hash, const char *label)
{
  for (const char *at = label; at;) {
    int n, l, q = 1;
    const char *end = take_shell(at, &n, &l), *next = strchr(at, '.');
    if (end && isdigit((unsigned char)*end))
      end = afb_number_int(end, &q);
    if (!end || q != 4 * l + 2)
      hash = afb_hash(hash, at, next ? (size_t)(next - at) : strcspn(at, " "));
    at = next ? next + 1 : NULL;
  }
  const char *term = strrchr(label, ' ');
  return term ? afb_hash(hash, term, strlen(term)) : hash;
}

static void name_level(int n_set, const afb_configuration *set, const afb_store_level *row, afb_gain_level *out)
{
  char text[AFB_CONFIGURATION_LENGTH] = "";
  int number[2] = {row->two_j, row->parity}, labelled = row->label[0] != '\0';
  shells found;
  *out = (afb_gain_level){.two_j = row->two_j, .parity = row->parity, .led = -1, .energy = row->energy};
  if (labelled) {
    shells_of_label(row->label, &found);
    out->led = find_member(n_set, set, &found);
  }
  if (out->led < 0) {
    labelled = 0;
    shells_of_csf(row->leading, &found);
    out->led = find_member(n_set, set, &found);
  }
  out->key = afb_hash(AFB_HASH_START, number, sizeof number);
  if (out->led >= 0)
    afb_configuration_format(&set[out->led], 0, text, sizeof text);
  out->key = afb_hash(out->key, text, strlen(text));
  out->key = labelled ? hash_terms(out->key, row->label) : afb_hash(out->key, row->leading, strlen(row->leading));
}

afb_status afb_gain_levels_of(int n_set, const afb_configuration *set, int n, const afb_store_level *row, afb_gain_levels *out)
{
  *out = (afb_gain_levels){.level = malloc((size_t)n * sizeof *out->level + 1)};
  if (!out->level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", n);
  for (; out->n < n; out->n++)
    name_level(n_set, set, &row[out->n], &out->level[out->n]);
  return AFB_OK;
}

afb_status afb_gain_levels_of_result(int n_set, const afb_configuration *set, const afb_mcdhf_result *result, afb_gain_levels *out)
{
  int n = afb_outcome_ok(result->outcome) ? result->n_levels : 0;
  *out = (afb_gain_levels){0};
  afb_store_level *row = malloc((size_t)n * sizeof *row + 1);
  if (!row)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", n);
  for (int i = 0; i < n; i++)
    afb_rows_level(&result->csfs, &result->level[i], &row[i]);
  afb_status status = afb_gain_levels_of(n_set, set, n, row, out);
  free(row);
  return status;
}

/* Lowest energy of a block; infinite when there is none. */
static double lowest(const afb_gain_levels *levels, int two_j, int parity)
{
  double energy = INFINITY;
  for (int i = 0; i < levels->n; i++)
    if (levels->level[i].two_j == two_j && levels->level[i].parity == parity)
      energy = fmin(energy, levels->level[i].energy);
  return energy;
}

static double lowering_of(const afb_gain_levels *run, const afb_gain_levels *parent)
{
  double sum = 0.0, weight = 0.0;
  for (int i = 0; i < parent->n; i++) {
    const afb_gain_level *p = &parent->level[i];
    double below = lowest(run, p->two_j, p->parity);
    if (p->energy > lowest(parent, p->two_j, p->parity) || isinf(below))
      continue;
    sum += (p->two_j + 1) * (p->energy - below);
    weight += p->two_j + 1;
  }
  return weight > 0.0 ? sum / weight : NAN;
}

static int64_t key_slot(const afb_level_keys *keys, uint64_t key)
{
  int64_t at = (int64_t)(key & (uint64_t)(keys->capacity - 1));
  while (keys->key[at] != 0 && keys->key[at] != key)
    at = (at + 1) & (keys->capacity - 1);
  return at;
}

/* *is_new: it was not there. 0 marks an empty slot: a key of 0 counts as 1. */
static afb_status add_key(afb_level_keys *keys, uint64_t key, int *is_new)
{
  if (2 * (keys->n + 1) > keys->capacity) {
    afb_level_keys grown = {.n = keys->n, .capacity = keys->capacity ? 2 * keys->capacity : 64};
    grown.key = calloc((size_t)grown.capacity, sizeof *grown.key);
    if (!grown.key)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld levels", (long long)grown.capacity);
    for (int64_t i = 0; i < keys->capacity; i++)
      if (keys->key[i] != 0)
        grown.key[key_slot(&grown, keys->key[i])] = keys->key[i];
    free(keys->key);
    *keys = grown;
  }
  key += key == 0;
  int64_t at = key_slot(keys, key);
  *is_new = keys->key[at] == 0;
  keys->key[at] = key;
  keys->n += *is_new;
  return AFB_OK;
}

afb_status afb_gain_of(const afb_gain_levels *run, const afb_gain_levels *parent, int added, afb_level_keys *known, afb_gain *gain)
{
  *gain = (afb_gain){.lowering = lowering_of(run, parent), .fresh = run->n > 0 && added >= 0 ? 0 : -1};
  int unknown = 0;
  for (int i = 0; i < run->n; i++) {
    int is_new = 0;
    AFB_TRY(add_key(known, run->level[i].key, &is_new));
    gain->new_levels += is_new;
    unknown |= run->level[i].led < 0;
    if (added >= 0 && run->level[i].led == added)
      gain->fresh = 1;
  }
  if (gain->fresh == 0 && unknown)
    gain->fresh = -1;
  gain->useful = run->n > 0 && (gain->new_levels > 0 || gain->lowering >= AFB_USEFUL_LOWERING);
  return AFB_OK;
}

/* Index of the added candidate in the node, the set's configurations in `set`. */
static int set_of(const afb_ledger *ledger, const afb_entry *entry, afb_configuration *set)
{
  int added = -1;
  for (int i = 0; i < entry->node.n; i++) {
    set[i] = ledger->ion[entry->ion].candidate[entry->node.member[i]].configuration;
    added = entry->node.member[i] == entry->added ? i : added;
  }
  return added;
}

/* Rows of one run, which lie together. */
static afb_status take_rows(const afb_ledger *ledger, int64_t entry, int n, const afb_store_level *row, afb_gain_levels *levels)
{
  static afb_configuration set[AFB_MAX_SET];
  if (entry < 0 || levels[entry].level || !afb_outcome_ok(ledger->entry[entry].outcome))
    return AFB_OK;
  set_of(ledger, &ledger->entry[entry], set);
  return afb_gain_levels_of(ledger->entry[entry].node.n, set, n, row, &levels[entry]);
}

static afb_status read_levels(afb_store *store, const afb_ledger *ledger, const int64_t *entry_of_run, afb_store_level *row,
                              afb_gain_levels *levels)
{
  int64_t all = afb_store_count(store, AFB_TABLE_LEVELS), runs = afb_store_count(store, AFB_TABLE_RUNS);
  for (int64_t first = 0, next; first < all; first = next) {
    int64_t n = all - first < CHUNK ? all - first : CHUNK, begin = 0, end = 0;
    AFB_TRY(afb_store_read(store, AFB_TABLE_LEVELS, first, n, sizeof *row, row));
    for (begin = 0; begin < n; begin = end) {
      for (end = begin; end < n && row[end].run == row[begin].run; end++)
        ;
      /* The rest of the last run is in the next chunk. */
      if (end == n && first + n < all && begin > 0)
        break;
      if (row[begin].run >= 0 && row[begin].run < runs)
        AFB_TRY(take_rows(ledger, entry_of_run[row[begin].run], (int)(end - begin), row + begin, levels));
    }
    next = first + begin;
  }
  return AFB_OK;
}

afb_status afb_gain_levels_read(afb_store *store, const afb_ledger *ledger, afb_gain_levels *levels)
{
  int64_t runs = afb_store_count(store, AFB_TABLE_RUNS);
  int64_t *entry_of_run = malloc((size_t)runs * sizeof *entry_of_run + 1);
  afb_store_level *row = malloc(CHUNK * sizeof *row);
  afb_status status = entry_of_run && row ? AFB_OK
    : AFB_FAIL(AFB_E_MEMORY, "no memory for the levels of %lld runs", (long long)ledger->n);
  for (int64_t r = 0; status == AFB_OK && r < runs; r++)
    entry_of_run[r] = -1;
  for (int64_t i = 0; status == AFB_OK && i < ledger->n; i++)
    if (ledger->entry[i].run >= 0 && ledger->entry[i].run < runs)
      entry_of_run[ledger->entry[i].run] = i;
  if (status == AFB_OK)
    status = read_levels(store, ledger, entry_of_run, row, levels);
  free(entry_of_run);
  free(row);
  return status;
}

static afb_status gains(const afb_ledger *ledger, const afb_gain_levels *levels, afb_level_keys *known, afb_gain *gain)
{
  static afb_configuration set[AFB_MAX_SET];
  static const afb_gain_levels none;
  for (int64_t i = 0; i < ledger->n; i++) {
    const afb_entry *entry = &ledger->entry[i];
    afb_node parent;
    int64_t from = -1;
    if (entry->added >= 0 && afb_node_remove(&entry->node, entry->added, &parent) == AFB_OK)
      from = afb_ledger_find(ledger, entry->ion, &parent);
    AFB_TRY(afb_gain_of(&levels[i], from >= 0 ? &levels[from] : &none, set_of(ledger, entry, set), &known[entry->ion], &gain[i]));
  }
  return AFB_OK;
}

/* Most levels of a block; a run's levels lie block by block. */
static int most_levels(const afb_gain_levels *levels)
{
  int most = 0, n = 0;
  for (int i = 0; i < levels->n; i++) {
    const afb_gain_level *l = &levels->level[i];
    n = i > 0 && l->two_j == l[-1].two_j && l->parity == l[-1].parity ? n + 1 : 1;
    most = n > most ? n : most;
  }
  return most;
}

afb_status afb_gains_read(afb_store *store, const afb_ledger *ledger, afb_gain *gain, int *n_levels)
{
  afb_gain_levels *levels = calloc((size_t)ledger->n + 1, sizeof *levels);
  afb_level_keys *known = calloc((size_t)ledger->n_ions + 1, sizeof *known);
  afb_status status = levels && known ? afb_gain_levels_read(store, ledger, levels)
                                      : AFB_FAIL(AFB_E_MEMORY, "no memory for the levels of %lld runs", (long long)ledger->n);
  if (status == AFB_OK)
    status = gains(ledger, levels, known, gain);
  for (int64_t i = 0; n_levels && status == AFB_OK && i < ledger->n; i++) {
    int most = most_levels(&levels[i]);
    *n_levels = i == 0 || most > *n_levels ? most : *n_levels;
  }
  for (int64_t i = 0; levels && i < ledger->n; i++)
    afb_gain_levels_clear(&levels[i]);
  for (int i = 0; known && i < ledger->n_ions; i++)
    afb_level_keys_clear(&known[i]);
  free(levels);
  free(known);
  return status;
}
