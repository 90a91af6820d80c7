/* SHA-256 (FIPS 180-4). Not collective. */
#ifndef AFB_CORE_SHA256_H
#define AFB_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint32_t state[8];
  uint64_t length;             /* bytes so far */
  unsigned char block[64];     /* what waits for the next whole block */
} afb_sha256;

enum { AFB_SHA256_HEX = 65 };
void afb_sha256_begin(afb_sha256 *sha);
void afb_sha256_add(afb_sha256 *sha, const void *data, size_t size);
/* 64 hexadecimal digits and a NUL. */
void afb_sha256_end(afb_sha256 *sha, char hex[AFB_SHA256_HEX]);

#endif
