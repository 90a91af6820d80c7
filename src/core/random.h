/* Counter-based random numbers and content hashes. Not collective.
 *
 * A number depends on (seed, stream, index) alone: the same on 1 rank and on 1,000. The generator is
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11, doi:10.1145/2063384.2063405). */
#ifndef AFB_CORE_RANDOM_H
#define AFB_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

uint64_t afb_random_u64(uint64_t seed, uint64_t stream, uint64_t index);
/* out[i] = afb_random_u64(seed, stream, first + i) for 0 <= i < n, several at a time. */
void afb_random_u64_many(int64_t n, uint64_t seed, uint64_t stream, uint64_t first, uint64_t *out);
/* Uniform in [0, 1), 53 bits. */
double afb_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);
/* Standard normal (Box-Muller on two uniforms of the same counter). */
double afb_random_normal(uint64_t seed, uint64_t stream, uint64_t index);
/* Uniform in 0 ... n-1; n > 0. */
uint64_t afb_random_below(uint64_t n, uint64_t seed, uint64_t stream, uint64_t index);

/* 64-bit FNV-1a of `size` bytes, continued from `hash`; start with AFB_HASH_START.
 * For identity within a file, not against an adversary. */
#define AFB_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t afb_hash(uint64_t hash, const void *data, size_t size);

#endif
