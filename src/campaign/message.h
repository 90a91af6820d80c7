/* Requests and results as bytes, for the way between ranks of one program (same layout on both ends). Not collective. */
#ifndef AFB_CAMPAIGN_MESSAGE_H
#define AFB_CAMPAIGN_MESSAGE_H

#include <stddef.h>

#include "atomic/mcdhf.h"
#include "core/status.h"

/* Bytes that grow; start from zero. */
typedef struct {
  unsigned char *data;
  size_t size, capacity;
  size_t read;                 /* how far unpacking has come */
} afb_bytes;
void afb_bytes_clear(afb_bytes *bytes);
/* AFB_E_MEMORY; the bytes are then unchanged. */
afb_status afb_bytes_put(afb_bytes *bytes, const void *data, size_t size);
/* Copies the next `size` bytes out. AFB_E_FOREIGN beyond the end. */
afb_status afb_bytes_get(afb_bytes *bytes, void *data, size_t size);

/* A request that owns what it points at. `poll` does not travel. */
typedef struct {
  afb_mcdhf_request request;
  afb_configuration *configuration;
  afb_orbitals start;
} afb_owned_request;
void afb_owned_request_clear(afb_owned_request *owned);

/* Appends. AFB_E_MEMORY. Cost: a copy. */
afb_status afb_request_pack(const afb_mcdhf_request *request, afb_bytes *bytes);
/* The caller clears *out, also after a failure: AFB_E_MEMORY, AFB_E_FOREIGN (bytes end too early). */
afb_status afb_request_unpack(afb_bytes *bytes, afb_owned_request *out);

/* Appends everything, CSFs and orbitals included. */
afb_status afb_result_pack(const afb_mcdhf_result *result, afb_bytes *bytes);
/* The caller clears *out with afb_mcdhf_result_clear, also after a failure. */
afb_status afb_result_unpack(afb_bytes *bytes, afb_mcdhf_result *out);

#endif
