#include "campaign/warm.h"

#include <stdlib.h>

#include "campaign/rows.h"

typedef struct {
  int64_t run, used;           /* `used`: when, in calls */
  size_t bytes;
  afb_orbitals orbitals;
} item;

struct afb_warm {
  size_t limit, bytes;
  int64_t clock;
  int n, capacity;
  item *item;
};

afb_status afb_warm_create(size_t bytes, afb_warm **out)
{
  *out = calloc(1, sizeof **out);
  if (!*out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
  (*out)->limit = bytes;
  return AFB_OK;
}

void afb_warm_destroy(afb_warm **warm)
{
  if (!*warm)
    return;
  for (int i = 0; i < (*warm)->n; i++)
    afb_orbitals_clear(&(*warm)->item[i].orbitals);
  free((*warm)->item);
  free(*warm);
  *warm = NULL;
}

static size_t size_of(const afb_orbitals *orbitals)
{
  size_t row = (size_t)(orbitals->n_p + orbitals->n_q);
  return sizeof(item) + ((size_t)orbitals->n_breakpoints + (size_t)orbitals->n_orbitals * row) * sizeof(double);
}

static void make_room(afb_warm *warm, size_t bytes)
{
  while (warm->n > 0 && warm->bytes + bytes > warm->limit) {
    int oldest = 0;
    for (int i = 1; i < warm->n; i++)
      if (warm->item[i].used < warm->item[oldest].used)
        oldest = i;
    warm->bytes -= warm->item[oldest].bytes;
    afb_orbitals_clear(&warm->item[oldest].orbitals);
    warm->item[oldest] = warm->item[--warm->n];
  }
}

static item *find(afb_warm *warm, int64_t run)
{
  for (int i = 0; i < warm->n; i++)
    if (warm->item[i].run == run)
      return &warm->item[i];
  return NULL;
}

afb_status afb_warm_put(afb_warm *warm, int64_t run, afb_orbitals *orbitals)
{
  if (orbitals->n_orbitals == 0 || find(warm, run)) {
    afb_orbitals_clear(orbitals);
    return AFB_OK;
  }
  size_t bytes = size_of(orbitals);
  make_room(warm, bytes);
  if (warm->n == warm->capacity) {
    int capacity = 2 * warm->capacity + 64;
    item *grown = realloc(warm->item, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
    warm->item = grown;
    warm->capacity = capacity;
  }
  warm->item[warm->n++] = (item){.run = run, .used = ++warm->clock, .bytes = bytes, .orbitals = *orbitals};
  warm->bytes += bytes;
  *orbitals = (afb_orbitals){0};
  return AFB_OK;
}

afb_status afb_warm_get(afb_warm *warm, afb_store *store, int64_t run, const afb_orbitals **out)
{
  *out = NULL;
  item *found = find(warm, run);
  if (!found) {
    afb_orbitals read;
    AFB_TRY(afb_store_commit(store));
    AFB_TRY(afb_rows_read_orbitals(store, run, &read));
    afb_status status = afb_warm_put(warm, run, &read);
    afb_orbitals_clear(&read);
    AFB_TRY(status);
    found = find(warm, run);
  }
  if (found) {
    found->used = ++warm->clock;
    *out = &found->orbitals;
  }
  return AFB_OK;
}
