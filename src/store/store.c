/* Opening and closing. */
#include "store/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "store/file.h"

static char *join(const char *path, const char *suffix)
{
  size_t n = strlen(path), m = strlen(suffix) + 1;
  char *joined = malloc(n + m);
  if (joined) {
    memcpy(joined, path, n);
    memcpy(joined + n, suffix, m);
  }
  return joined;
}

static char *copy_text(const char *text) { return join(text ? text : "", ""); }

static void release(afb_store *store)
{
  afb_store_release_file(store);
  afb_journal_clear(&store->journal);
  afb_store_batch_clear(store);
  afb_index_clear(&store->index);
  free((char *)store->legend.outcome);
  free((char *)store->legend.rung);
  free((char *)store->legend.strategy);
  free((char *)store->legend.engine);
  free(store->path);
  free(store->journal_path);
  free(store->temporary_path);
  free(store);
}

/* ---- Rank 0: what lies at the path ---- */

/* Length of the line at `text`, and the line behind it. */
static const char *next_line(const char *text, int *length)
{
  const char *end = strchr(text, '\n');
  *length = end ? (int)(end - text) : (int)strlen(text);
  return end ? end + 1 : text + *length;
}

static afb_status compare_identity(const afb_store *store, const char *mine)
{
  char *theirs;
  AFB_TRY(afb_hdf_read_input(store->file, "input/identity", &theirs));
  const char *a = theirs, *b = mine;
  int line = 1, n = 0, m = 0;
  const char *next_a = next_line(a, &n), *next_b = next_line(b, &m);
  while ((*a || *b) && n == m && strncmp(a, b, (size_t)n) == 0) {
    a = next_a;
    b = next_b;
    next_a = next_line(a, &n);
    next_b = next_line(b, &m);
    line++;
  }
  afb_status status = AFB_OK;
  if (*theirs && (*a || *b))
    status = AFB_FAIL(AFB_E_FOREIGN,
                      "%s holds the results of another input; its line %d is\n  %.*s\nand here\n  %.*s\n"
                      "choose another output file, or make the input what it was",
                      store->path, line, *a ? n : 8, *a ? a : "(absent)", *b ? m : 8, *b ? b : "(absent)");
  free(theirs);
  return status;
}

/* Opens FILE.h5 and reads what it says of itself. */
static afb_status load_file(afb_store *store)
{
  afb_hdf_facts facts;
  AFB_TRY(afb_hdf_open(store->path, &store->file, &facts));
  store->id = facts.store;
  store->folded_sequence = facts.folded;
  memcpy(store->folded, facts.count, sizeof store->folded);
  memcpy(store->count, facts.count, sizeof store->count);
  return afb_file_size(store->path, &store->file_size);
}

/* A number that no other file has. */
static uint64_t make_id(const char *path)
{
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  long pid = (long)getpid();
  uint64_t id = afb_hash(AFB_HASH_START, path, strlen(path));
  id = afb_hash(id, &now.tv_sec, sizeof now.tv_sec);
  id = afb_hash(id, &now.tv_nsec, sizeof now.tv_nsec);
  return afb_hash(id, &pid, sizeof pid);
}

static afb_status create_file(afb_store *store, const afb_store_writer *writer)
{
  uint64_t id = make_id(store->path);
  afb_status status = afb_file_reserve(store->temporary_path, 1 << 18);
  if (status == AFB_OK)
    status = afb_hdf_create(store->temporary_path, writer, id);
  if (status == AFB_OK)
    status = afb_file_sync(store->temporary_path);
  if (status == AFB_OK)
    status = afb_journal_renew(&store->journal, id, 0);
  /* link, unlike rename, does not replace a file that came into being in the meantime. */
  if (status == AFB_OK && link(store->temporary_path, store->path) != 0
      && (errno == EEXIST || rename(store->temporary_path, store->path) != 0))
    status = AFB_FAIL(AFB_E_IO, "cannot create %s: %s", store->path, strerror(errno));
  unlink(store->temporary_path);
  AFB_TRY(status);
  return afb_file_sync_directory(store->path);
}

static afb_status check_arguments(afb_store_mode mode, const afb_store_writer *writer)
{
  if (mode == AFB_STORE_READ)
    return AFB_OK;
  if (!writer || !writer->input || !writer->identity || !writer->legend.outcome || !writer->legend.rung
      || !writer->legend.strategy || !writer->legend.engine)
    return AFB_FAIL(AFB_E_INTERNAL, "a store is opened for writing without its input and legends");
  return AFB_OK;
}

/* Changes a copy of FILE.h5, which then replaces it. Writer NULL: to this schema version; else the writer's identity. */
static afb_status change_file(afb_store *store, const afb_hdf_facts *facts, const afb_store_writer *writer)
{
  afb_store_release_file(store);
  afb_status status = afb_file_reserve(store->temporary_path, store->file_size);
  if (status == AFB_OK)
    status = afb_file_copy(store->path, store->temporary_path, 0, store->file_size);
  if (status == AFB_OK)
    status = writer ? afb_hdf_set_identity(store->temporary_path, writer) : afb_hdf_upgrade(store->temporary_path, facts);
  if (status == AFB_OK)
    status = afb_file_sync(store->temporary_path);
  if (status == AFB_OK && rename(store->temporary_path, store->path) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot replace %s: %s", store->path, strerror(errno));
  if (status != AFB_OK)
    unlink(store->temporary_path);
  AFB_TRY(status);
  AFB_TRY(afb_file_sync_directory(store->path));
  return load_file(store);
}

/* A file without an identity takes that of the first writer that has one. */
static afb_status adopt_identity(afb_store *store, const afb_store_writer *writer)
{
  char *theirs;
  AFB_TRY(afb_hdf_read_input(store->file, "input/identity", &theirs));
  int adopt = !*theirs && *writer->identity;
  free(theirs);
  return adopt ? change_file(store, NULL, writer) : AFB_OK;
}

/* Before rows of this schema version come into it. */
static afb_status upgrade_file(afb_store *store)
{
  hid_t file;
  afb_hdf_facts facts;
  AFB_TRY(afb_hdf_open(store->path, &file, &facts));
  H5Fclose(file);
  return facts.schema_version < AFB_SCHEMA_VERSION ? change_file(store, &facts, NULL) : AFB_OK;
}

static afb_status continue_file(afb_store *store, const afb_store_writer *writer, int journal_is_fresh)
{
  AFB_TRY(load_file(store));
  AFB_TRY(compare_identity(store, writer->identity));
  AFB_TRY(adopt_identity(store, writer));
  if (journal_is_fresh)
    AFB_TRY(upgrade_file(store));
  if (journal_is_fresh)
    return afb_journal_renew(&store->journal, store->id, store->folded_sequence);
  AFB_TRY(afb_journal_replay(&store->journal, store->id, store->folded_sequence, store->count));
  if (store->journal.dropped > 0)
    afb_log(AFB_LOG_WARNING, "%s: %lld bytes of an unfinished batch at the end of the journal are dropped", store->path,
            (long long)store->journal.dropped);
  /* An empty journal takes the place of one whose records are all folded; a torn tail goes with it. */
  return store->journal.n_records > 0 ? AFB_OK
                                      : afb_journal_renew(&store->journal, store->id, store->folded_sequence);
}

/* The journal without its file: results that must not be dropped without a word. */
static afb_status check_orphan(const afb_store *store)
{
  int64_t size;
  AFB_TRY(afb_file_size(store->journal_path, &size));
  if (size > AFB_JOURNAL_HEADER)
    return AFB_FAIL(AFB_E_FOREIGN, "%s holds results of a file %s that is gone; put it back, or remove the journal",
                    store->journal_path, store->path);
  return AFB_OK;
}

static afb_status open_for_writing(afb_store *store, const afb_store_writer *writer)
{
  int exists, fresh;
  /* Before anything is created beside a file that is not ours; again under the lock. */
  AFB_TRY(afb_hdf_look(store->path, 1, &exists));
  if (exists && store->mode == AFB_STORE_CREATE)
    return AFB_FAIL(AFB_E_INPUT, "%s exists; choose another output file, or remove it", store->path);
  if (exists) {
    AFB_TRY(load_file(store));
    AFB_TRY(compare_identity(store, writer->identity));
    afb_store_release_file(store);
  }
  AFB_TRY(afb_journal_lock(&store->journal, store->journal_path, store->path, &fresh));
  afb_status status = afb_hdf_look(store->path, 1, &exists);
  if (status == AFB_OK && exists)
    status = store->mode == AFB_STORE_CREATE ? AFB_FAIL(AFB_E_INPUT, "%s exists by now", store->path)
                                             : continue_file(store, writer, fresh);
  else if (status == AFB_OK) {
    status = check_orphan(store);
    if (status == AFB_OK)
      status = create_file(store, writer);
    if (status == AFB_OK)
      status = load_file(store);
  }
  if (status != AFB_OK && fresh)
    unlink(store->journal_path);
  return status;
}

static afb_status copy_legends(afb_store *store, const afb_store_legend *legend)
{
  store->legend.outcome = copy_text(legend->outcome);
  store->legend.rung = copy_text(legend->rung);
  store->legend.strategy = copy_text(legend->strategy);
  store->legend.engine = copy_text(legend->engine);
  if (!store->legend.outcome || !store->legend.rung || !store->legend.strategy || !store->legend.engine)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the legends");
  return AFB_OK;
}

/* One attempt at a state in which file and journal fit together; *again: it was none. The journal is opened first: whatever a writer does
 * from then on, the file that is opened next holds all that is not in that journal. */
static afb_status open_for_reading(afb_store *store, int *again)
{
  int exists;
  struct stat journal;
  *again = 0;
  afb_store_release_file(store);
  afb_journal_clear(&store->journal);
  AFB_TRY(afb_hdf_look(store->path, 0, &exists));
  if (!exists)
    return AFB_FAIL(AFB_E_NOT_FOUND, "there is no file %s", store->path);
  afb_status status = afb_journal_open(&store->journal, store->journal_path);
  int absent = status == AFB_E_NOT_FOUND;
  if (!absent)
    AFB_TRY(status);
  AFB_TRY(load_file(store));
  if (absent)
    return AFB_OK;
  if (fstat(store->journal.fd, &journal) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot read %s: %s", store->journal_path, strerror(errno));
  if (journal.st_size < AFB_JOURNAL_HEADER)   /* a writer is about to begin */
    return AFB_OK;
  status = afb_journal_replay(&store->journal, store->id, store->folded_sequence, store->count);
  *again = status != AFB_OK;
  return status;
}

static afb_status read_state(afb_store *store)
{
  int again = 1;
  afb_status status = AFB_OK;
  const struct timespec pause = {0, 50 * 1000 * 1000};
  for (int i = 0; i < 20 && again; i++) {
    if (i > 0)
      nanosleep(&pause, NULL);
    status = open_for_reading(store, &again);
  }
  return status;
}

/* Every rank opens for itself; a writer may be at work, so all must have met the same state. */
static afb_status open_reader(afb_store *store)
{
  for (int i = 0; i < 20; i++) {
    AFB_TRY(afb_agree(store->comm, read_state(store)));
    uint64_t mine[2] = {store->folded_sequence, store->journal.last}, low[2], high[2];
    MPI_Allreduce(mine, low, 2, MPI_UINT64_T, MPI_MIN, store->comm);
    MPI_Allreduce(mine, high, 2, MPI_UINT64_T, MPI_MAX, store->comm);
    if (low[0] == high[0] && low[1] == high[1])
      return AFB_OK;
  }
  return AFB_FAIL(AFB_E_IO, "%s changes faster than it can be read", store->path);
}

static afb_status open_writer(afb_store *store, const afb_store_writer *writer)
{
  afb_status status = AFB_OK;
  if (store->rank == 0) {
    status = open_for_writing(store, writer);
    if (status == AFB_OK)
      status = copy_legends(store, &writer->legend);
    store->writes = status == AFB_OK;
  }
  AFB_TRY(afb_agree(store->comm, status));
  MPI_Bcast(&store->id, 1, MPI_UINT64_T, 0, store->comm);
  MPI_Bcast(store->folded, AFB_N_TABLES, MPI_INT64_T, 0, store->comm);
  if (store->rank != 0)
    memcpy(store->count, store->folded, sizeof store->count);
  AFB_TRY(afb_store_fold(store, store->comm));
  if (store->rank == 0) {
    status = afb_index_build(store);
    if (status == AFB_OK)
      status = afb_session_add(store, writer);
  }
  return afb_agree(store->comm, status);
}

/* *out, NULL or not, is the caller's in every case. */
static afb_status allocate(MPI_Comm comm, const char *path, afb_store_mode mode, afb_store **out)
{
  int rank, length = 0;
  MPI_Comm_rank(comm, &rank);
  if (rank == 0)
    length = (int)strlen(path) + 1;
  MPI_Bcast(&length, 1, MPI_INT, 0, comm);
  afb_store *store = *out = calloc(1, sizeof *store);
  if (store) {
    store->path = calloc((size_t)length, 1);
    afb_journal_init(&store->journal);
    store->file = H5I_INVALID_HID;
    store->comm = comm;
    store->rank = rank;
    MPI_Comm_size(comm, &store->size);
    store->zero = afb_wall_seconds();
  }
  AFB_TRY(afb_agree(comm, store && store->path ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to open a result file")));
  if (rank == 0)
    memcpy(store->path, path, (size_t)length);
  MPI_Bcast(store->path, length, MPI_CHAR, 0, comm);
  int number = (int)mode;
  MPI_Bcast(&number, 1, MPI_INT, 0, comm);
  store->mode = (afb_store_mode)number;
  store->journal_path = join(store->path, ".journal");
  store->temporary_path = join(store->path, ".tmp");
  return afb_agree(comm, store->journal_path && store->temporary_path
                           ? AFB_OK
                           : AFB_FAIL(AFB_E_MEMORY, "no memory to open a result file"));
}

afb_status afb_store_open(MPI_Comm comm, const char *path, afb_store_mode mode, const afb_store_writer *writer,
                          afb_store **out)
{
  *out = NULL;
  afb_hdf_quiet();
  MPI_Comm inside;
  MPI_Comm_dup(comm, &inside);
  afb_store *store = NULL;
  afb_status status = allocate(inside, path, mode, &store);
  if (status == AFB_OK)
    status = afb_agree(inside, store->rank == 0 ? check_arguments(store->mode, writer) : AFB_OK);
  if (status == AFB_OK)
    status = store->mode == AFB_STORE_READ ? open_reader(store) : open_writer(store, writer);
  if (status != AFB_OK) {
    if (store)
      release(store);
    MPI_Comm_free(&inside);
    return afb_trail_at(status, __func__, __FILE__, __LINE__);
  }
  *out = store;
  return AFB_OK;
}

afb_status afb_store_close(afb_store **handle)
{
  afb_store *store = *handle;
  if (!store)
    return AFB_OK;
  *handle = NULL;
  afb_status status = AFB_OK;
  if (store->mode != AFB_STORE_READ) {
    status = afb_store_fold(store, store->comm);
    if (status == AFB_OK && store->writes && unlink(store->journal_path) != 0)
      status = AFB_FAIL(AFB_E_IO, "cannot remove %s: %s", store->journal_path, strerror(errno));
    status = afb_agree(store->comm, status);
  }
  MPI_Comm comm = store->comm;
  release(store);
  MPI_Comm_free(&comm);
  return status;
}

void afb_store_abandon(afb_store **store)
{
  if (*store)
    release(*store);
  *store = NULL;
}

afb_status afb_store_refresh(afb_store *store)
{
  if (store->writes)
    return AFB_OK;
  afb_store_release_file(store);
  afb_index_clear(&store->index);
  if (store->mode == AFB_STORE_READ)
    return read_state(store);
  return load_file(store);
}
