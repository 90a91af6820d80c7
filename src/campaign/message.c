#include "campaign/message.h"

#include <stdlib.h>
#include <string.h>

void afb_bytes_clear(afb_bytes *bytes)
{
  free(bytes->data);
  *bytes = (afb_bytes){0};
}

afb_status afb_bytes_put(afb_bytes *bytes, const void *data, size_t size)
{
  if (bytes->size + size > bytes->capacity) {
    size_t capacity = 2 * bytes->capacity > bytes->size + size ? 2 * bytes->capacity : bytes->size + size;
    unsigned char *grown = realloc(bytes->data, capacity);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for a message of %zu bytes", capacity);
    bytes->data = grown;
    bytes->capacity = capacity;
  }
  if (size > 0)
    memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
  return AFB_OK;
}

afb_status afb_bytes_get(afb_bytes *bytes, void *data, size_t size)
{
  if (size > bytes->size - bytes->read)
    return AFB_FAIL(AFB_E_FOREIGN, "a message of %zu bytes ends too early", bytes->size);
  if (size > 0)
    memcpy(data, bytes->data + bytes->read, size);
  bytes->read += size;
  return AFB_OK;
}

/* The next count*size bytes as an array of their own; *out stays NULL for none. */
static afb_status get_array(afb_bytes *bytes, int64_t count, size_t size, void **out)
{
  *out = NULL;
  if (count <= 0)
    return AFB_OK;
  if ((uint64_t)count > (bytes->size - bytes->read) / size)
    return AFB_FAIL(AFB_E_FOREIGN, "a message of %zu bytes ends too early", bytes->size);
  *out = malloc((size_t)count * size);
  if (!*out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %zu bytes of a message", (size_t)count * size);
  return afb_bytes_get(bytes, *out, (size_t)count * size);
}

static afb_status pack_orbitals(const afb_orbitals *orbitals, afb_bytes *bytes)
{
  AFB_TRY(afb_bytes_put(bytes, orbitals, sizeof *orbitals));
  if (orbitals->n_orbitals == 0)
    return AFB_OK;
  size_t row = (size_t)(orbitals->n_p + orbitals->n_q);
  AFB_TRY(afb_bytes_put(bytes, orbitals->breakpoint, (size_t)orbitals->n_breakpoints * sizeof(double)));
  return afb_bytes_put(bytes, orbitals->coefficient, (size_t)orbitals->n_orbitals * row * sizeof(double));
}

static afb_status unpack_orbitals(afb_bytes *bytes, afb_orbitals *out)
{
  AFB_TRY(afb_bytes_get(bytes, out, sizeof *out));
  out->breakpoint = NULL;
  out->coefficient = NULL;
  if (out->n_orbitals == 0)
    return AFB_OK;
  void *array;
  afb_status status = get_array(bytes, out->n_breakpoints, sizeof(double), &array);
  out->breakpoint = array;
  AFB_TRY(status);
  status = get_array(bytes, (int64_t)out->n_orbitals * (out->n_p + out->n_q), sizeof(double), &array);
  out->coefficient = array;
  return status;
}

afb_status afb_request_pack(const afb_mcdhf_request *request, afb_bytes *bytes)
{
  AFB_TRY(afb_bytes_put(bytes, request, sizeof *request));
  AFB_TRY(afb_bytes_put(bytes, request->configuration,
                        (size_t)request->n_configurations * sizeof *request->configuration));
  return request->start ? pack_orbitals(request->start, bytes) : AFB_OK;
}

afb_status afb_request_unpack(afb_bytes *bytes, afb_owned_request *out)
{
  *out = (afb_owned_request){0};
  AFB_TRY(afb_bytes_get(bytes, &out->request, sizeof out->request));
  int warm = out->request.start != NULL;
  out->request.configuration = NULL;
  out->request.csfs = NULL;
  out->request.start = NULL;
  out->request.poll = NULL;
  out->request.poll_context = NULL;
  void *array;
  afb_status status = get_array(bytes, out->request.n_configurations, sizeof *out->configuration, &array);
  out->configuration = array;
  AFB_TRY(status);
  out->request.configuration = out->configuration;
  if (warm) {
    AFB_TRY(unpack_orbitals(bytes, &out->start));
    out->request.start = &out->start;
  }
  return AFB_OK;
}

void afb_owned_request_clear(afb_owned_request *owned)
{
  free(owned->configuration);
  afb_orbitals_clear(&owned->start);
  *owned = (afb_owned_request){0};
}

afb_status afb_result_pack(const afb_mcdhf_result *result, afb_bytes *bytes)
{
  const afb_csf_list *csfs = &result->csfs;
  size_t table = (size_t)csfs->n_csf * (size_t)csfs->n_orbitals;
  AFB_TRY(afb_bytes_put(bytes, result, sizeof *result));
  AFB_TRY(afb_bytes_put(bytes, csfs->block, (size_t)csfs->n_blocks * sizeof *csfs->block));
  AFB_TRY(afb_bytes_put(bytes, csfs->occupation, table));
  AFB_TRY(afb_bytes_put(bytes, csfs->term, table));
  AFB_TRY(afb_bytes_put(bytes, csfs->two_x, table));
  AFB_TRY(afb_bytes_put(bytes, csfs->configuration, (size_t)csfs->n_csf * sizeof *csfs->configuration));
  AFB_TRY(afb_bytes_put(bytes, result->level, (size_t)result->n_levels * sizeof *result->level));
  AFB_TRY(afb_bytes_put(bytes, result->trace, (size_t)result->n_trace * sizeof *result->trace));
  return pack_orbitals(&result->orbitals, bytes);
}

afb_status afb_result_unpack(afb_bytes *bytes, afb_mcdhf_result *out)
{
  *out = (afb_mcdhf_result){0};
  afb_mcdhf_result head;
  AFB_TRY(afb_bytes_get(bytes, &head, sizeof head));
  *out = head;
  afb_csf_list *csfs = &out->csfs;
  csfs->block = NULL;
  csfs->occupation = csfs->term = csfs->two_x = NULL;
  csfs->configuration = NULL;
  out->level = NULL;
  out->mixing = NULL;
  out->trace = NULL;
  out->orbitals = (afb_orbitals){0};
  const int64_t table = (int64_t)csfs->n_csf * csfs->n_orbitals;
  void *array;
#define TAKE(count, member)                                                        \
  do {                                                                             \
    afb_status taken = get_array(bytes, count, sizeof *(member), &array);          \
    (member) = array;                                                              \
    AFB_TRY(taken);                                                                \
  } while (0)
  TAKE(csfs->n_blocks, csfs->block);
  TAKE(table, csfs->occupation);
  TAKE(table, csfs->term);
  TAKE(table, csfs->two_x);
  TAKE(csfs->n_csf, csfs->configuration);
  TAKE(out->n_levels, out->level);
  TAKE(out->n_trace, out->trace);
#undef TAKE
  return unpack_orbitals(bytes, &out->orbitals);
}
