/* rwfn and rmix: Fortran sequential records, each between two copies of its length. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/grasp_files.h"

/* ---- records ---- */

typedef struct {
  const char *path;
  unsigned char *data;
  size_t size, at;
} records;

static afb_status __attribute__((format(printf, 2, 3))) say_wrong(const records *r, const char *format, ...)
{
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return AFB_FAIL(AFB_E_FOREIGN, "%s: %s", r->path, what);
}
/* The analyzer does not look into functions with `...`: it has to see what this one returns. */
#define wrong(r, ...) AFB_FAILED_(AFB_E_FOREIGN, say_wrong((r), __VA_ARGS__))

static afb_status open_records(const char *path, records *r)
{
  *r = (records){.path = path};
  FILE *stream = fopen(path, "rb");
  if (!stream)
    return AFB_FAIL(AFB_E_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
  long size = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;
  afb_status status = AFB_OK;
  if (size < 0 || fseek(stream, 0, SEEK_SET) != 0)
    status = AFB_FAIL(AFB_E_INPUT, "%s: cannot be read: %s", path, strerror(errno));
  else if (!(r->data = malloc((size_t)size + 1)))
    status = AFB_FAIL(AFB_E_MEMORY, "%s: no memory for its %ld bytes", path, size);
  else if (fread(r->data, 1, (size_t)size, stream) != (size_t)size)
    status = AFB_FAIL(AFB_E_INPUT, "%s: cannot be read", path);
  r->size = status == AFB_OK ? (size_t)size : 0;
  fclose(stream);
  return status;
}

/* The next record, which stays in the file's memory. Records of 2 GiB and more, which gfortran divides, are not taken. */
static afb_status next_record(records *r, const unsigned char **record, size_t *size)
{
  int32_t before, after;
  if (r->size - r->at < 8)
    return wrong(r, "the file is cut off");
  memcpy(&before, r->data + r->at, 4);
  if (before < 0 || (size_t)before > r->size - r->at - 8)
    return wrong(r, "the file is cut off, or not one of Fortran records");
  memcpy(&after, r->data + r->at + 4 + before, 4);
  if (after != before)
    return wrong(r, "the file is not one of Fortran records");
  *record = r->data + r->at + 4;
  *size = (size_t)before;
  r->at += (size_t)before + 8;
  return AFB_OK;
}

/* The next record, which has to be of this size, into *out. */
static afb_status take_record(records *r, void *out, size_t size)
{
  const unsigned char *record = NULL;
  size_t found = 0;
  AFB_TRY(next_record(r, &record, &found));
  if (found != size)
    return wrong(r, "a record of %zu bytes where %zu are wanted", found, size);
  memcpy(out, record, size);
  return AFB_OK;
}

/* Whether a file begins with the record `name` of six letters. */
static afb_status take_name(records *r, const char *name)
{
  char found[6];
  if (take_record(r, found, sizeof found) != AFB_OK || memcmp(found, name, sizeof found) != 0)
    return wrong(r, "does not begin with %s: not such a file of GRASP2018", name);
  return AFB_OK;
}

static void put_record(FILE *stream, size_t size, const void *data)
{
  int32_t length = (int32_t)size;
  fwrite(&length, 4, 1, stream);
  if (size > 0)
    fwrite(data, 1, size, stream);
  fwrite(&length, 4, 1, stream);
}

static afb_status open_output(const char *path, FILE **stream)
{
  *stream = fopen(path, "wb");
  return *stream ? AFB_OK : AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno));
}

static afb_status end_output(FILE *stream, const char *path)
{
  int failed = ferror(stream);
  failed |= fclose(stream) != 0;
  return failed ? AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno)) : AFB_OK;
}

/* ---- rwfn ---- */

void afb_grasp_orbitals_clear(afb_grasp_orbitals *orbitals)
{
  for (int i = 0; i < orbitals->n_orbitals; i++)
    free(orbitals->orbital[i].r);
  *orbitals = (afb_grasp_orbitals){0};
}

int afb_grasp_is_rwfn(const char *path)
{
  unsigned char head[10];
  FILE *stream = fopen(path, "rb");
  if (!stream)
    return 0;
  size_t n = fread(head, 1, sizeof head, stream);
  fclose(stream);
  return n == sizeof head && memcmp(head + 4, "G92RWF", 6) == 0;
}

/* n, kappa, energy and number of points, 20 bytes. */
static afb_status read_head(records *r, afb_grasp_orbital *o)
{
  unsigned char head[20];
  int32_t number[2], points;
  AFB_TRY(take_record(r, head, sizeof head));
  memcpy(number, head, 8);
  memcpy(&o->energy, head + 8, 8);
  memcpy(&points, head + 16, 4);
  int l = number[1] > 0 ? number[1] : -number[1] - 1;
  if (number[1] == 0 || number[0] <= l || points < 2 || points > 1000000)
    return wrong(r, "an orbital with n = %d, kappa = %d and %d points", number[0], number[1], points);
  if (number[0] > AFB_MAX_N || l > AFB_MAX_L)
    return AFB_FAIL(AFB_E_LIMIT, "%s: an orbital with n = %d, l = %d is beyond n = %d, l = %d", r->path, number[0], l, AFB_MAX_N, AFB_MAX_L);
  o->orbital = (afb_orbital){number[0], number[1]};
  o->energy = -o->energy;
  o->n_points = points;
  return AFB_OK;
}

static afb_status read_functions(records *r, afb_grasp_orbital *o)
{
  const unsigned char *record = NULL;
  size_t size = 0, n = (size_t)o->n_points;
  AFB_TRY(next_record(r, &record, &size));
  if (size != 8 * (2 * n + 1))
    return wrong(r, "a record of %zu bytes where the functions of %d points are wanted", size, o->n_points);
  memcpy(&o->p0, record, 8);
  memcpy(o->p, record + 8, 16 * n);
  AFB_TRY(take_record(r, o->r, 8 * n));
  for (size_t i = 0; i < n; i++)
    if (!isfinite(o->p[i]) || !isfinite(o->q[i]) || !isfinite(o->r[i]) || o->r[i] < 0 || (i > 0 && o->r[i] <= o->r[i - 1]))
      return wrong(r, "orbital %d, kappa %d has values that are not finite, or radii that do not ascend", o->orbital.n, o->orbital.kappa);
  return AFB_OK;
}

static afb_status allocate(afb_grasp_orbital *o, const char *path)
{
  size_t n = (size_t)o->n_points;
  o->r = malloc(3 * n * sizeof *o->r);
  if (!o->r)
    return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for an orbital of %d points", path, o->n_points);
  o->p = o->r + n;
  o->q = o->p + n;
  return AFB_OK;
}

static afb_status read_all(records *r, afb_grasp_orbitals *out)
{
  AFB_TRY(take_name(r, "G92RWF"));
  while (r->at < r->size) {
    if (out->n_orbitals == AFB_MAX_ORBITALS)
      return AFB_FAIL(AFB_E_LIMIT, "%s: more than %d orbitals", r->path, AFB_MAX_ORBITALS);
    afb_grasp_orbital *o = out->orbital + out->n_orbitals;
    AFB_TRY(read_head(r, o));
    if ((size_t)o->n_points > (r->size - r->at) / 24)
      return wrong(r, "the file is cut off");
    AFB_TRY(allocate(o, r->path));
    out->n_orbitals++;
    AFB_TRY(read_functions(r, o));
    for (int i = 0; i < out->n_orbitals - 1; i++)
      if (out->orbital[i].orbital.n == o->orbital.n && out->orbital[i].orbital.kappa == o->orbital.kappa)
        return wrong(r, "orbital %d, kappa %d stands there twice", o->orbital.n, o->orbital.kappa);
  }
  return out->n_orbitals > 0 ? AFB_OK : wrong(r, "there is no orbital");
}

afb_status afb_grasp_read_orbitals(const char *path, afb_grasp_orbitals *out)
{
  records r;
  *out = (afb_grasp_orbitals){0};
  afb_status status = open_records(path, &r);
  if (status == AFB_OK)
    status = read_all(&r, out);
  free(r.data);
  if (status != AFB_OK)
    afb_grasp_orbitals_clear(out);
  return status;
}

afb_status afb_grasp_write_orbitals(const char *path, const afb_grasp_orbitals *in)
{
  FILE *stream;
  AFB_TRY(open_output(path, &stream));
  afb_status status = AFB_OK;
  put_record(stream, 6, "G92RWF");
  for (int i = 0; i < in->n_orbitals && status == AFB_OK; i++) {
    const afb_grasp_orbital *o = in->orbital + i;
    size_t n = (size_t)o->n_points;
    unsigned char head[20];
    int32_t number[3] = {o->orbital.n, o->orbital.kappa, o->n_points};
    double energy = -o->energy, *functions = malloc(8 * (2 * n + 1));
    memcpy(head, number, 8);
    memcpy(head + 8, &energy, 8);
    memcpy(head + 16, number + 2, 4);
    if (functions) {
      functions[0] = o->p0;
      memcpy(functions + 1, o->p, 8 * n);
      memcpy(functions + 1 + n, o->q, 8 * n);
      put_record(stream, sizeof head, head);
      put_record(stream, 8 * (2 * n + 1), functions);
      put_record(stream, 8 * n, o->r);
    } else {
      status = AFB_FAIL(AFB_E_MEMORY, "%s: no memory for an orbital of %d points", path, o->n_points);
    }
    free(functions);
  }
  afb_status ended = end_output(stream, path);
  return status == AFB_OK ? ended : status;
}

/* ---- rmix ---- */

void afb_grasp_mixing_clear(afb_grasp_mixing *mixing)
{
  for (int i = 0; mixing->block && i < mixing->n_blocks; i++) {
    free(mixing->block[i].index);
    free(mixing->block[i].energy);
    free(mixing->block[i].vector);
  }
  free(mixing->block);
  *mixing = (afb_grasp_mixing){0};
}

/* Numbers, energies (the block's average, and what each level differs by), vectors. */
static afb_status read_levels(records *r, afb_grasp_mixing_block *b)
{
  const unsigned char *record = NULL;
  size_t size = 0, n = (size_t)b->n_levels, length = n * (size_t)b->n_csf;
  double average;
  /* Never more memory than the file has bytes. */
  if (length > (r->size - r->at) / 8)
    return wrong(r, "%d levels of %d CSFs are more than the file holds", b->n_levels, b->n_csf);
  b->index = malloc(n * sizeof *b->index + 1);
  b->energy = malloc(n * sizeof *b->energy + 1);
  b->vector = malloc(length * sizeof *b->vector + 1);
  if (!b->index || !b->energy || !b->vector)
    return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for %d levels of %d CSFs", r->path, b->n_levels, b->n_csf);
  AFB_TRY(take_record(r, b->index, 4 * n));
  AFB_TRY(next_record(r, &record, &size));
  if (size != 8 * (n + 1))
    return wrong(r, "a record of %zu bytes where the energies of %d levels are wanted", size, b->n_levels);
  memcpy(&average, record, 8);
  memcpy(b->energy, record + 8, 8 * n);
  AFB_TRY(take_record(r, b->vector, 8 * length));
  for (size_t i = 0; i < n; i++) {
    b->energy[i] += average;
    if (b->index[i] < 1 || b->index[i] > b->n_csf)
      return wrong(r, "a level has number %d in a block of %d CSFs", b->index[i], b->n_csf);
  }
  return AFB_OK;
}

static afb_status read_mixing(records *r, afb_grasp_mixing *out)
{
  int32_t head[6];
  AFB_TRY(take_name(r, "G92MIX"));
  AFB_TRY(take_record(r, head, sizeof head));
  if (head[0] < 1 || head[1] < 1 || head[2] < 1 || head[5] < 1 || head[5] > head[1] ||
      (size_t)head[5] > r->size / 28)
    return wrong(r, "%d electrons, %d CSFs, %d subshells, %d blocks", head[0], head[1], head[2], head[5]);
  *out = (afb_grasp_mixing){.n_electrons = head[0], .n_csf = head[1], .n_orbitals = head[2], .n_blocks = head[5]};
  out->block = calloc((size_t)out->n_blocks, sizeof *out->block);
  if (!out->block)
    return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for %d blocks", r->path, out->n_blocks);
  int64_t n_csf = 0;
  for (int i = 0; i < out->n_blocks; i++) {
    int32_t b[5];
    AFB_TRY(take_record(r, b, sizeof b));
    if (b[0] != i + 1 || b[1] < 1 || b[2] < 0 || b[2] > b[1] || (b[2] > 0 && (b[3] < 1 || (b[4] != 1 && b[4] != -1))))
      return wrong(r, "block %d says: number %d, %d CSFs, %d levels, 2J+1 = %d, parity %d", i + 1, b[0], b[1], b[2], b[3], b[4]);
    out->block[i] = (afb_grasp_mixing_block){.two_j = b[2] > 0 ? b[3] - 1 : 0, .parity = b[2] > 0 ? b[4] : 0, .n_csf = b[1], .n_levels = b[2]};
    AFB_TRY(read_levels(r, out->block + i));
    n_csf += b[1];
  }
  if (n_csf != out->n_csf || r->at != r->size)
    return wrong(r, "the blocks do not add up to the %d CSFs that its head says, or something follows them", out->n_csf);
  return AFB_OK;
}

afb_status afb_grasp_read_mixing(const char *path, afb_grasp_mixing *out)
{
  records r;
  *out = (afb_grasp_mixing){0};
  afb_status status = open_records(path, &r);
  if (status == AFB_OK)
    status = read_mixing(&r, out);
  free(r.data);
  if (status != AFB_OK)
    afb_grasp_mixing_clear(out);
  return status;
}

static afb_status write_block(FILE *stream, const char *path, int number, const afb_grasp_mixing_block *b)
{
  size_t n = (size_t)b->n_levels, length = n * (size_t)b->n_csf;
  int none = b->n_levels == 0;
  int32_t head[5] = {number, b->n_csf, b->n_levels, none ? 999 : b->two_j + 1, none ? 999 : b->parity};
  if (length > INT32_MAX / 8)
    return AFB_FAIL(AFB_E_LIMIT, "%s: %d levels of %d CSFs are more than 2 GiB", path, b->n_levels, b->n_csf);
  double *energy = calloc(n + 1, sizeof *energy);
  if (!energy)
    return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for %d levels", path, b->n_levels);
  for (size_t i = 0; i < n; i++)
    energy[0] += b->energy[i] / (double)n;
  for (size_t i = 0; i < n; i++)
    energy[i + 1] = b->energy[i] - energy[0];
  put_record(stream, sizeof head, head);
  put_record(stream, 4 * n, b->index);
  put_record(stream, 8 * (n + 1), energy);
  put_record(stream, 8 * length, b->vector);
  free(energy);
  return AFB_OK;
}

afb_status afb_grasp_write_mixing(const char *path, const afb_grasp_mixing *in)
{
  FILE *stream;
  int32_t head[6] = {in->n_electrons, in->n_csf, in->n_orbitals, 0, 0, in->n_blocks};
  int64_t size = 0;
  for (int i = 0; i < in->n_blocks; i++) {
    head[3] += in->block[i].n_levels;
    size += (int64_t)in->block[i].n_levels * in->block[i].n_csf;
  }
  head[4] = size < INT32_MAX ? (int32_t)size : INT32_MAX;
  AFB_TRY(open_output(path, &stream));
  afb_status status = AFB_OK;
  put_record(stream, 6, "G92MIX");
  put_record(stream, sizeof head, head);
  for (int i = 0; i < in->n_blocks && status == AFB_OK; i++)
    status = write_block(stream, path, i + 1, in->block + i);
  afb_status ended = end_output(stream, path);
  return status == AFB_OK ? ended : status;
}
