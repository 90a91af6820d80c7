#include "atomic/pool.h"

#include <stdlib.h>
#include <string.h>

typedef struct afb_pool_slot {
  uint32_t check;    /* of the hash; 0: free */
  uint32_t at;
} slot;

void afb_pool_init(afb_pool *pool, size_t size) { *pool = (afb_pool){.size = size}; }

void afb_pool_clear(afb_pool *pool)
{
  free(pool->item);
  free(pool->slot);
  *pool = (afb_pool){.size = pool->size};
}

void *afb_pool_take(afb_pool *pool)
{
  void *item = realloc(pool->item, pool->n * pool->size + 1);
  if (!item)
    item = pool->item;
  pool->item = NULL;
  afb_pool_clear(pool);
  return item;
}

/* Numbers are of four or eight bytes. */
static uint64_t hash_of(size_t bytes, const unsigned char *item)
{
  uint64_t h = bytes;
  for (size_t i = 0; i < bytes; i += 4) {
    uint32_t word;
    memcpy(&word, item + i, sizeof word);
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 32;
  }
  return h * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint32_t check_of(uint64_t h) { return (uint32_t)(h >> 32) | 1; }

/* Where to look first. */
static uint32_t place_of(uint32_t check, uint32_t mask)
{
  uint32_t x = check * UINT32_C(0x85ebca6b);
  return (x ^ x >> 15) & mask;
}

static afb_status grow_table(afb_pool *p)
{
  uint32_t mask = p->slot ? 2 * p->mask + 1 : 1023;
  slot *grown = calloc((size_t)mask + 1, sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %u sequences of the angular part", p->n_sequences);
  for (size_t i = 0; p->slot && i <= p->mask; i++) {
    if (!p->slot[i].check)
      continue;
    uint32_t to = place_of(p->slot[i].check, mask);
    while (grown[to].check)
      to = (to + 1) & mask;
    grown[to] = p->slot[i];
  }
  free(p->slot);
  p->slot = grown;
  p->mask = mask;
  return AFB_OK;
}

static afb_status append(afb_pool *p, uint32_t n, const void *item)
{
  if (n > UINT32_MAX - p->n)
    return AFB_FAIL(AFB_E_LIMIT, "the angular part has more than %u distinct coefficients", UINT32_MAX);
  if (p->n + n > p->room) {
    uint64_t room = (uint64_t)p->room + p->room / 2 + n + 1024;
    if (room > UINT32_MAX)
      room = UINT32_MAX;
    void *grown = realloc(p->item, room * p->size);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %llu numbers of the angular part", (unsigned long long)room);
    p->item = grown;
    p->room = (uint32_t)room;
  }
  memcpy((char *)p->item + p->n * p->size, item, n * p->size);
  p->n += n;
  return AFB_OK;
}

static int is_at(const afb_pool *p, uint32_t at, int n, const void *item, size_t bytes)
{
  return at + (uint64_t)n <= p->n && memcmp((char *)p->item + at * p->size, item, bytes) == 0;
}

afb_status afb_pool_find(afb_pool *p, int n, const void *item, uint32_t *at)
{
  size_t bytes = (size_t)n * p->size;
  if (!p->slot || 3 * (uint64_t)p->n_sequences >= 2 * (uint64_t)p->mask)
    AFB_TRY(grow_table(p));
  uint32_t check = check_of(hash_of(bytes, item)), to = place_of(check, p->mask);
  while (p->slot[to].check && !(p->slot[to].check == check && is_at(p, p->slot[to].at, n, item, bytes)))
    to = (to + 1) & p->mask;
  if (!p->slot[to].check) {
    uint32_t end = p->n;
    AFB_TRY(append(p, (uint32_t)n, item));
    p->slot[to] = (slot){check, end};
    p->n_sequences++;
  }
  *at = p->slot[to].at;
  return AFB_OK;
}
