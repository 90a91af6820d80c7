#include "atomic/recoupling.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "numeric/racah.h"

typedef struct {
  uint64_t key;               /* 0: free */
  double value;
} entry;

static struct {
  size_t n, room;             /* room: a power of two */
  entry *entry;
} kept;

static double compute(const afb_link *l)
{
  double nine = afb_wigner_9j(l->x, l->x1, l->a, l->j, l->j1, l->b, l->y, l->y1, l->c);
  if (nine == 0)
    return 0;
  nine *= sqrt((l->y + 1.0) * (l->y1 + 1.0) * (l->c + 1.0));
  switch (l->kind) {
  case AFB_LINK_START:
    return nine * sqrt(l->x + 1.0);
  case AFB_LINK_PASS:
    return nine * sqrt(l->j + 1.0);
  case AFB_LINK_STOP:
    return nine / sqrt(l->y + 1.0);
  default:
    return nine;
  }
}

static uint64_t key_of(const afb_link *l)
{
  uint64_t key = (uint64_t)l->kind + 1;
  key = key << 8 | (uint64_t)l->x;
  key = key << 8 | (uint64_t)l->x1;
  key = key << 8 | (uint64_t)l->y;
  key = key << 8 | (uint64_t)l->y1;
  key = key << 7 | (uint64_t)l->j;
  key = key << 7 | (uint64_t)l->j1;
  key = key << 5 | (uint64_t)l->a;
  key = key << 5 | (uint64_t)l->b;
  return key << 5 | (uint64_t)l->c;
}

static entry *find(entry *table, size_t room, uint64_t key)
{
  uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
  size_t at = (size_t)(h ^ h >> 32) & (room - 1);
  while (table[at].key && table[at].key != key)
    at = (at + 1) & (room - 1);
  return &table[at];
}

static void grow(void)
{
  size_t room = kept.room ? 2 * kept.room : 4096;
  entry *grown = calloc(room, sizeof *grown);
  if (!grown)
    return;
  for (size_t i = 0; i < kept.room; i++)
    if (kept.entry[i].key)
      *find(grown, room, kept.entry[i].key) = kept.entry[i];
  free(kept.entry);
  kept.entry = grown;
  kept.room = room;
}

double afb_link_factor(const afb_link *link)
{
  uint64_t key = key_of(link);
  if (2 * kept.n >= kept.room)
    grow();
  if (2 * kept.n >= kept.room)
    return compute(link);
  entry *e = find(kept.entry, kept.room, key);
  if (!e->key) {
    e->value = compute(link);
    e->key = key;
    kept.n++;
  }
  return e->value;
}
