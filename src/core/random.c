#include "core/random.h"

#include <math.h>
#include <string.h>

#include "core/vector.h"

static void philox(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
  uint32_t c[4] = {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)c[0] * 0xD2511F53u, p1 = (uint64_t)c[2] * 0xCD9E8D57u;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
    c[1] = (uint32_t)p1;
    c[3] = (uint32_t)p0;
    c[0] = n0;
    c[2] = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < 4; i++)
    out[i] = c[i];
}

static double to_unit(uint32_t high, uint32_t low)
{
  return (double)((((uint64_t)high << 32) | low) >> 11) * 0x1p-53;
}

uint64_t afb_random_u64(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t v[4];
  philox(seed, stream, index, v);
  return ((uint64_t)v[0] << 32) | v[1];
}

enum { LANES = 32 };

static inline uint32_t high(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }

/* philox of the counters first ... first + LANES - 1: each step on all of them. */
AFB_CLONES static void philox_lanes(uint64_t seed, uint64_t stream, uint64_t first, uint64_t out[LANES])
{
  uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int l = 0; l < LANES; l++) {
    c0[l] = (uint32_t)(first + (uint64_t)l);
    c1[l] = (uint32_t)((first + (uint64_t)l) >> 32);
    c2[l] = (uint32_t)stream;
    c3[l] = (uint32_t)(stream >> 32);
  }
  for (int round = 0; round < 10; round++) {
    for (int l = 0; l < LANES; l++) {
      uint32_t n0 = high(c2[l], 0xCD9E8D57u) ^ c1[l] ^ k0, n2 = high(c0[l], 0xD2511F53u) ^ c3[l] ^ k1;
      c1[l] = c2[l] * 0xCD9E8D57u;
      c3[l] = c0[l] * 0xD2511F53u;
      c0[l] = n0;
      c2[l] = n2;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int l = 0; l < LANES; l++)
    out[l] = (uint64_t)c0[l] << 32 | c1[l];
}

void afb_random_u64_many(int64_t n, uint64_t seed, uint64_t stream, uint64_t first, uint64_t *out)
{
  uint64_t last[LANES];
  int64_t whole = n / LANES * LANES;
  for (int64_t i = 0; i < whole; i += LANES)
    philox_lanes(seed, stream, first + (uint64_t)i, out + i);
  if (whole < n) {
    philox_lanes(seed, stream, first + (uint64_t)whole, last);
    memcpy(out + whole, last, (size_t)(n - whole) * sizeof *out);
  }
}

double afb_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t v[4];
  philox(seed, stream, index, v);
  return to_unit(v[0], v[1]);
}

double afb_random_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t v[4];
  philox(seed, stream, index, v);
  double u1 = 1.0 - to_unit(v[0], v[1]), u2 = to_unit(v[2], v[3]);
  return sqrt(-2.0 * log(u1)) * cos(6.283185307179586477 * u2);
}

uint64_t afb_random_below(uint64_t n, uint64_t seed, uint64_t stream, uint64_t index)
{
  return (uint64_t)(afb_random_uniform(seed, stream, index) * (double)n);
}

uint64_t afb_hash(uint64_t hash, const void *data, size_t size)
{
  const unsigned char *byte = data;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
  return hash;
}
