#include "campaign/warm.h"

#include <stdlib.h>

#include "campaign/rows.h"

enum { NONE = -1 };

/* In a list by use, the latest first; what is free is in another, by `next` alone. */
typedef struct {
  int64_t run;
  int before, next;
  size_t bytes;
  afb_orbitals orbitals;
} item;

struct afb_warm {
  size_t limit, bytes;
  int first, last, free, capacity;
  item *item;
  int64_t n_runs;
  int *place;                  /* [n_runs] of a run's orbitals among the items; NONE */
};

afb_status afb_warm_create(size_t bytes, afb_warm **out)
{
  *out = calloc(1, sizeof **out);
  if (!*out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
  **out = (afb_warm){.limit = bytes, .first = NONE, .last = NONE, .free = NONE};
  return AFB_OK;
}

void afb_warm_destroy(afb_warm **warm)
{
  if (!*warm)
    return;
  for (int i = (*warm)->first; i != NONE; i = (*warm)->item[i].next)
    afb_orbitals_clear(&(*warm)->item[i].orbitals);
  free((*warm)->item);
  free((*warm)->place);
  free(*warm);
  *warm = NULL;
}

static size_t size_of(const afb_orbitals *orbitals)
{
  size_t row = (size_t)(orbitals->n_p + orbitals->n_q);
  return sizeof(item) + ((size_t)orbitals->n_breakpoints + (size_t)orbitals->n_orbitals * row) * sizeof(double);
}

static void take_out(afb_warm *warm, int i)
{
  item *at = &warm->item[i];
  *(at->before == NONE ? &warm->first : &warm->item[at->before].next) = at->next;
  *(at->next == NONE ? &warm->last : &warm->item[at->next].before) = at->before;
}

static void put_first(afb_warm *warm, int i)
{
  warm->item[i].before = NONE;
  warm->item[i].next = warm->first;
  *(warm->first == NONE ? &warm->last : &warm->item[warm->first].before) = i;
  warm->first = i;
}

static void make_room(afb_warm *warm, size_t bytes)
{
  while (warm->last != NONE && warm->bytes + bytes > warm->limit) {
    int i = warm->last;
    take_out(warm, i);
    warm->place[warm->item[i].run] = NONE;
    warm->bytes -= warm->item[i].bytes;
    afb_orbitals_clear(&warm->item[i].orbitals);
    warm->item[i].next = warm->free;
    warm->free = i;
  }
}

static item *find(afb_warm *warm, int64_t run)
{
  return run < warm->n_runs && warm->place[run] != NONE ? &warm->item[warm->place[run]] : NULL;
}

/* Room for one more item, and for the number of a run. */
static afb_status grow(afb_warm *warm, int64_t run)
{
  if (run >= warm->n_runs) {
    int64_t n = 2 * run + 64;
    int *place = realloc(warm->place, (size_t)n * sizeof *place);
    if (!place)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
    for (int64_t i = warm->n_runs; i < n; i++)
      place[i] = NONE;
    warm->place = place;
    warm->n_runs = n;
  }
  if (warm->free == NONE) {
    int capacity = 2 * warm->capacity + 64;
    item *grown = realloc(warm->item, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
    for (int i = warm->capacity; i < capacity; i++)
      grown[i].next = i + 1 < capacity ? i + 1 : NONE;
    warm->item = grown;
    warm->free = warm->capacity;
    warm->capacity = capacity;
  }
  return AFB_OK;
}

afb_status afb_warm_put(afb_warm *warm, int64_t run, afb_orbitals *orbitals)
{
  if (orbitals->n_orbitals == 0 || find(warm, run)) {
    afb_orbitals_clear(orbitals);
    return AFB_OK;
  }
  size_t bytes = size_of(orbitals);
  make_room(warm, bytes);
  AFB_TRY(grow(warm, run));
  int i = warm->free;
  warm->free = warm->item[i].next;
  warm->item[i] = (item){.run = run, .bytes = bytes, .orbitals = *orbitals};
  put_first(warm, i);
  warm->place[run] = i;
  warm->bytes += bytes;
  *orbitals = (afb_orbitals){0};
  return AFB_OK;
}

afb_status afb_warm_get(afb_warm *warm, afb_store *store, int64_t run, const afb_orbitals **out)
{
  *out = NULL;
  if (!find(warm, run)) {
    afb_orbitals read;
    AFB_TRY(afb_store_commit(store));
    AFB_TRY(afb_rows_read_orbitals(store, run, &read));
    afb_status status = afb_warm_put(warm, run, &read);
    afb_orbitals_clear(&read);
    AFB_TRY(status);
  }
  const item *found = find(warm, run);
  if (found) {
    take_out(warm, warm->place[run]);
    put_first(warm, warm->place[run]);
    *out = &found->orbitals;
  }
  return AFB_OK;
}
