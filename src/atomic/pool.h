/* Sequences of numbers, each kept once: what recurs is found again by its hash. Not collective. */
#ifndef AFB_ATOMIC_POOL_H
#define AFB_ATOMIC_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef struct {
  size_t size;             /* bytes of a number */
  uint32_t n, room;        /* numbers of all sequences, one behind another */
  void *item;
  uint32_t n_sequences, mask;
  struct afb_pool_slot *slot;
} afb_pool;

void afb_pool_init(afb_pool *pool, size_t size);
void afb_pool_clear(afb_pool *pool);
/* *at: where in pool->item the sequence item[n], n > 0, begins; it is added when it is not there, bit for bit. AFB_E_MEMORY; AFB_E_LIMIT:
 * more than 2^32 - 1 numbers. Expected cost: independent of what is there. */
afb_status afb_pool_find(afb_pool *pool, int n, const void *item, uint32_t *at);
/* The numbers, the caller's to free (never NULL unless memory is short); the pool is empty after it. */
void *afb_pool_take(afb_pool *pool);

#endif
