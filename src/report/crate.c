#include "report/crate.h"

#include <errno.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "campaign/record.h"
#include "core/sha256.h"
#include "report/moment.h"
#include "report/status.h"
#include "store/arrays.h"

/* ---- JSON ---- */

/* "text", with what JSON does not allow in strings escaped. */
static void put_text(FILE *out, const char *text)
{
  putc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++)
    if (*c == '"' || *c == '\\')
      fprintf(out, "\\%c", *c);
    else if (*c == '\n')
      fputs("\\n", out);
    else if (*c < 0x20)
      fprintf(out, "\\u%04x", *c);
    else
      putc(*c, out);
  putc('"', out);
}

static void put(FILE *out, const char *key, const char *text)
{
  fprintf(out, ",\n      \"%s\": ", key);
  put_text(out, text);
}

static void put_reference(FILE *out, const char *key, const char *id)
{
  fprintf(out, ",\n      \"%s\": {\"@id\": ", key);
  put_text(out, id);
  putc('}', out);
}

static void begin(FILE *out, const char *id, const char *type)
{
  fputs(",\n    {\n      \"@id\": ", out);
  put_text(out, id);
  put(out, "@type", type);
}

static void end(FILE *out) { fputs("\n    }", out); }

/* ---- Names ---- */

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* As a relative reference (RFC 3986): all but unreserved characters as %XX. Returns the buffer. */
static char *encode(const char *name, char *buffer, size_t size)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  size_t n = 0;
  for (; *name && n + 4 < size; name++)
    n += (size_t)snprintf(buffer + n, size - n, strchr(plain, *name) ? "%c" : "%%%02X", (unsigned char)*name);
  buffer[n] = '\0';
  return buffer;
}

enum { ID = 800 };

char *afb_crate_beginning(const char *path, char *buffer, size_t size)
{
  char id[ID];
  snprintf(buffer, size,
           "{\n  \"@context\": [\"https://w3id.org/ro/crate/1.1/context\", {\"sha256\": \"https://schema.org/sha256\"}],\n"
           "  \"@graph\": [\n    {\n      \"@id\": \"ro-crate-metadata.json\",\n      \"@type\": \"CreativeWork\",\n"
           "      \"conformsTo\": {\"@id\": \"https://w3id.org/ro/crate/1.1\"},\n      \"about\": {\"@id\": \"./\"},\n"
           "      \"description\": \"aufbau report --crate: %s\"", encode(base_name(path), id, sizeof id));
  return buffer;
}

/* The page of FILE.h5, FILE.html. */
static void page_of(const char *path, char *page, size_t size)
{
  size_t n = strlen(path);
  snprintf(page, size, "%.*s.html", (int)(n > 3 && strcmp(path + n - 3, ".h5") == 0 ? n - 3 : n), path);
}

/* ---- Entities ---- */

/* "Jane Doe https://orcid.org/..." has an identifier; without one the name is. */
static void split_author(const char *author, char name[ID], char id[ID])
{
  const char *address = author ? strstr(author, "https://") : NULL;
  strcpy(id, "#author");
  if (!author) {
    strcpy(name, "not given yet: aufbau report FILE.h5 --crate --author NAME");
    return;
  }
  size_t n = address ? (size_t)(address - author) : strlen(author);
  while (n > 0 && author[n - 1] == ' ')
    n--;
  snprintf(name, ID, "%.*s", (int)n, author);
  if (address)
    snprintf(id, ID, "%s", address);
}

static void licence_id(const char *licence, char id[ID])
{
  if (!licence)
    strcpy(id, "#licence");
  else
    snprintf(id, ID, "%s%s", strstr(licence, "://") ? "" : "https://spdx.org/licenses/", licence);
}

static void put_owner(FILE *out, const afb_crate_owner *owner)
{
  char name[ID], id[ID];
  split_author(owner->author, name, id);
  begin(out, id, "Person");
  put(out, "name", name);
  end(out);
  licence_id(owner->licence, id);
  begin(out, id, "CreativeWork");
  put(out, "name", owner->licence ? owner->licence : "not given yet: aufbau report FILE.h5 --crate --license SPDX-IDENTIFIER");
  end(out);
}

/* A file of the dataset with size and SHA-256, of one and the same state of it. */
static afb_status put_file(FILE *out, const char *path, const char *media, const char *description)
{
  enum { PIECE = 1 << 20 };
  char id[ID], hex[AFB_SHA256_HEX], size[32];
  char *piece = malloc(PIECE);
  FILE *file = piece ? fopen(path, "rb") : NULL;
  if (!file) {
    afb_status status = piece ? AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno)) : AFB_FAIL(AFB_E_MEMORY, "no memory to read %s", path);
    free(piece);
    return status;
  }
  afb_sha256 sha;
  afb_sha256_begin(&sha);
  for (size_t n; (n = fread(piece, 1, PIECE, file)) > 0;)
    afb_sha256_add(&sha, piece, n);
  int failed = ferror(file);
  fclose(file);
  free(piece);
  if (failed)
    return AFB_FAIL(AFB_E_IO, "cannot read %s", path);
  snprintf(size, sizeof size, "%llu", (unsigned long long)sha.length);
  afb_sha256_end(&sha, hex);
  begin(out, encode(base_name(path), id, sizeof id), "File");
  put(out, "name", base_name(path));
  put(out, "description", description);
  put(out, "encodingFormat", media);
  put(out, "contentSize", size);
  put(out, "sha256", hex);
  end(out);
  return AFB_OK;
}

static void program_id(const afb_store_session *s, char id[ID])
{
  char version[3 * AFB_STORE_NAME], revision[3 * AFB_STORE_NAME];
  snprintf(id, ID, "#aufbau-%s-%s", encode(s->version, version, sizeof version), encode(s->revision, revision, sizeof revision));
}

static void put_program(FILE *out, const afb_store_session *s)
{
  char id[ID], text[ID];
  program_id(s, id);
  begin(out, id, "SoftwareApplication");
  put(out, "name", "Aufbau");
  put(out, "version", s->version);
  put(out, "identifier", s->revision);
  put_reference(out, "license", "https://spdx.org/licenses/BSD-3-Clause");
  snprintf(text, sizeof text, "built by %s; %s; HDF5 %s; %s", s->compiler, s->mpi, s->hdf5, s->libraries);
  put(out, "softwareRequirements", text);
  end(out);
}

/* Session number i, from 1: what was done, by what, on what machine, from what input. */
static void put_session(FILE *out, const char *path, const afb_crate_owner *owner, int i, const afb_store_session *s, double finish,
                        const char *input)
{
  char id[ID], text[ID], name[ID], moment[AFB_MOMENT];
  snprintf(id, sizeof id, "#session-%d", i);
  begin(out, id, "CreateAction");
  snprintf(text, sizeof text, "session %d: %d MPI ranks, rank 0 on host %s", i, (int)s->ranks, s->host);
  put(out, "name", text);
  put(out, "startTime", s->started);
  if (!isnan(finish))
    put(out, "endTime", afb_moment_text(finish, moment));
  split_author(owner->author, name, id);
  put_reference(out, "agent", id);
  program_id(s, id);
  fputs(",\n      \"instrument\": [{\"@id\": ", out);
  put_text(out, id);
  fprintf(out, "}, {\"@id\": \"#machine-%d\"}]", i);
  fprintf(out, ",\n      \"object\": {\"@id\": \"#input-%d\"}", i);
  put_reference(out, "result", encode(base_name(path), id, sizeof id));
  end(out);

  snprintf(id, sizeof id, "#machine-%d", i);
  begin(out, id, "IndividualProduct");
  snprintf(text, sizeof text, "%d MPI ranks, rank 0 on host %s", (int)s->ranks, s->host);
  put(out, "name", text);
  snprintf(id, sizeof id, "#ranks-%d", i);
  put_reference(out, "additionalProperty", id);
  end(out);
  begin(out, id, "PropertyValue");
  put(out, "name", "MPI ranks");
  fprintf(out, ",\n      \"value\": %d", (int)s->ranks);
  end(out);

  snprintf(id, sizeof id, "#input-%d", i);
  begin(out, id, "CreativeWork");
  snprintf(text, sizeof text, "resolved input of session %d", i);
  put(out, "name", text);
  put(out, "encodingFormat", "application/yaml");
  put(out, "text", input);
  end(out);
}

/* ---- Sessions of both sorts of files ---- */

typedef struct {
  int n;
  afb_store_session *session;
  char **input;
  double *finish;            /* of its last run; NaN: not known */
} history;

static void history_clear(history *h)
{
  for (int i = 0; h->input && i < h->n; i++)
    free(h->input[i]);
  free(h->session);
  free(h->input);
  free(h->finish);
}

static afb_status history_make(int n, history *h)
{
  h->n = n;
  h->session = calloc((size_t)n + 1, sizeof *h->session);
  h->input = calloc((size_t)n + 1, sizeof *h->input);
  h->finish = malloc(((size_t)n + 1) * sizeof *h->finish);
  for (int i = 0; h->finish && i < n; i++)
    h->finish[i] = NAN;
  return h->session && h->input && h->finish ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d sessions", n);
}

static void note_finish(void *context, const afb_store_run *run)
{
  history *h = context;
  int s = run->session;
  double finish = s >= 0 && s < h->n ? afb_moment_of(h->session[s].started) + run->finish : NAN;
  if (!isnan(finish) && !(h->finish[s] >= finish))
    h->finish[s] = finish;
}

static afb_status read_tables(const char *path, history *h)
{
  afb_store *store = NULL;
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = history_make((int)afb_store_count(store, AFB_TABLE_SESSIONS), h);
  for (int i = 0; i < h->n && status == AFB_OK; i++) {
    status = afb_store_read(store, AFB_TABLE_SESSIONS, i, 1, sizeof *h->session, &h->session[i]);
    if (status == AFB_OK)
      status = afb_store_read_text(store, h->session[i].input_first, h->session[i].input_count, &h->input[i]);
  }
  if (status == AFB_OK)
    status = afb_stored_runs_visit(store, note_finish, h);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

static afb_status read_arrays(const char *path, double written, history *h)
{
  afb_arrays *arrays;
  afb_arrays_facts facts;
  AFB_TRY(history_make(1, h));
  AFB_TRY(afb_arrays_open(MPI_COMM_SELF, path, NULL, &arrays));
  afb_status status = afb_arrays_tell(arrays, &facts);
  h->session[0] = facts.session;
  h->input[0] = facts.input;
  h->finish[0] = written;
  return afb_arrays_close(&arrays, status);
}

/* ---- The whole ---- */

static void put_root(FILE *out, const char *path, int has_page, const afb_standing *s, const afb_crate_owner *owner)
{
  char id[ID], name[ID], text[ID], page[4096], moment[AFB_MOMENT];
  begin(out, "./", "Dataset");
  snprintf(text, sizeof text, "%s: %s", base_name(path), s->kind);
  put(out, "name", text);
  if (s->tables)
    snprintf(text, sizeof text, "Results of %lld calculations of atoms or ions, %lld of them converged, made with Aufbau; an HDF5 file that "
             "describes itself.", (long long)s->runs, (long long)(s->outcome[AFB_OUTCOME_CONVERGED] + s->outcome[AFB_OUTCOME_CONVERGED_AT_FLOOR]));
  else
    snprintf(text, sizeof text, "A file of %s, made with Aufbau; an HDF5 file that describes itself.", s->kind);
  put(out, "description", text);
  put(out, "datePublished", afb_moment_text(s->now, moment));
  split_author(owner->author, name, id);
  put_reference(out, "author", id);
  licence_id(owner->licence, id);
  put_reference(out, "license", id);
  fputs(",\n      \"hasPart\": [{\"@id\": ", out);
  put_text(out, encode(base_name(path), id, sizeof id));
  putc('}', out);
  if (has_page) {
    page_of(path, page, sizeof page);
    fputs(", {\"@id\": ", out);
    put_text(out, encode(base_name(page), id, sizeof id));
    putc('}', out);
  }
  putc(']', out);
  fputs(",\n      \"mentions\": [", out);
  for (int i = 0; i < (s->tables ? s->sessions : 1); i++)
    fprintf(out, "%s{\"@id\": \"#session-%d\"}", i ? ", " : "", i + 1);
  putc(']', out);
  end(out);
}

static afb_status put_all(FILE *out, const char *path, const afb_standing *s, const history *h, const afb_crate_owner *owner)
{
  char text[4096], page[4096];
  int64_t bytes;
  double written;
  page_of(path, page, sizeof page);
  int has_page = afb_look_at(page, &bytes, &written);
  fputs(afb_crate_beginning(path, text, sizeof text), out);
  end(out);
  put_root(out, path, has_page, s, owner);
  put_owner(out, owner);
  if (!owner->licence || strcmp(owner->licence, "BSD-3-Clause") != 0) {
    begin(out, "https://spdx.org/licenses/BSD-3-Clause", "CreativeWork");
    put(out, "name", "BSD 3-Clause License");
    end(out);
  }
  AFB_TRY(put_file(out, path, "application/x-hdf5", "results with units and descriptions, the input and the versions of all programs"));
  if (has_page)
    AFB_TRY(put_file(out, page, "text/html", "a page that shows the results"));
  for (int i = 0; i < h->n; i++) {
    char mine[ID], other[ID];
    int known = 0;
    program_id(&h->session[i], mine);
    for (int k = 0; k < i && !known; k++) {
      program_id(&h->session[k], other);
      known = strcmp(mine, other) == 0;
    }
    if (!known)
      put_program(out, &h->session[i]);
    put_session(out, path, owner, i + 1, &h->session[i], h->finish[i], h->input[i]);
  }
  fputs("\n  ]\n}\n", out);
  return AFB_OK;
}

afb_status afb_crate_write(FILE *out, const char *path, const afb_crate_owner *owner)
{
  afb_standing s;
  history h = {0};
  AFB_TRY(afb_standing_read(path, &s));
  if (s.bytes == 0 || s.state == AFB_STANDING_RUNNING || s.state == AFB_STANDING_WRITING)
    return AFB_FAIL(AFB_E_INPUT, "%s is being written: make its metadata when that has ended", path);
  if (s.state == AFB_STANDING_KILLED)
    return AFB_FAIL(AFB_E_INPUT, "%s.journal holds results that %s lacks: the command that wrote them, given again, puts them there; make the "
                    "metadata after that", path, path);
  afb_status status = s.tables ? read_tables(path, &h) : read_arrays(path, s.updated, &h);
  if (status == AFB_OK)
    status = put_all(out, path, &s, &h, owner);
  history_clear(&h);
  return status;
}
