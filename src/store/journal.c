#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"
#include "store/file.h"

static const uint64_t header_magic = UINT64_C(0x4c4e524a42464101);
static const uint64_t record_magic = UINT64_C(0x4452434552424601);
static const uint64_t order_and_version = UINT64_C(0x0102030400000000) + AFB_SCHEMA_VERSION;

/* Journals that this process holds. fcntl locks are per process: they neither keep it from opening a journal twice, nor survive its
 * closing any descriptor of the file. */
typedef struct held {
  dev_t device;
  ino_t inode;
  struct held *next;
} held;
static held *all_held;

static int is_held(const struct stat *info)
{
  for (const held *h = all_held; h; h = h->next)
    if (h->device == info->st_dev && h->inode == info->st_ino)
      return 1;
  return 0;
}

static afb_status hold(int fd)
{
  struct stat info;
  held *h = malloc(sizeof *h);
  if (!h || fstat(fd, &info) != 0) {
    free(h);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a lock");
  }
  *h = (held){info.st_dev, info.st_ino, all_held};
  all_held = h;
  return AFB_OK;
}

static void let_go(int fd)
{
  struct stat info;
  if (fstat(fd, &info) != 0)
    return;
  for (held **h = &all_held; *h; h = &(*h)->next)
    if ((*h)->device == info.st_dev && (*h)->inode == info.st_ino) {
      held *gone = *h;
      *h = gone->next;
      free(gone);
      return;
    }
}

void afb_journal_init(afb_journal *journal)
{
  memset(journal, 0, sizeof *journal);
  journal->fd = -1;
}

void afb_journal_clear(afb_journal *journal)
{
  if (journal->fd >= 0) {
    let_go(journal->fd);
    close(journal->fd);
  }
  free(journal->path);
  free(journal->record);
  for (int t = 0; t < AFB_N_TABLES; t++)
    free(journal->piece[t]);
  afb_journal_init(journal);
}

static struct flock whole_file(void)
{
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/* 0, or the reason; file systems without locks (ENOLCK ...) leave the protection to the user. */
static int try_lock(int fd)
{
  struct flock lock = whole_file();
  if (fcntl(fd, F_SETLK, &lock) == 0)
    return 0;
  return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL ? 0 : errno;
}

static afb_status fail_locked(int fd, const char *file)
{
  struct flock lock = whole_file();
  char who[64] = "another process";
  if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
    snprintf(who, sizeof who, "process %ld", (long)lock.l_pid);
  return AFB_FAIL(AFB_E_IO, "%s is being written by %s; wait for it to end, or choose another output file", file, who);
}

/* One attempt; *again: the journal was replaced between its opening and its locking. */
static afb_status lock_once(afb_journal *journal, const char *path, const char *file, int *again)
{
  struct stat mine, there;
  *again = 0;
  if (stat(path, &there) == 0 && is_held(&there))
    return AFB_FAIL(AFB_E_IO, "%s is already open for writing in this process", file);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", path, strerror(errno));
  int error = try_lock(fd);
  if (error) {
    afb_status status = error == EACCES || error == EAGAIN
                          ? fail_locked(fd, file)
                          : AFB_FAIL(AFB_E_IO, "cannot lock %s: %s", path, strerror(error));
    close(fd);
    return status;
  }
  if (fstat(fd, &mine) != 0 || stat(path, &there) != 0 || mine.st_dev != there.st_dev || mine.st_ino != there.st_ino) {
    close(fd);
    *again = 1;
    return AFB_OK;
  }
  afb_status status = hold(fd);
  if (status != AFB_OK)
    close(fd);
  else
    journal->fd = fd;
  return status;
}

afb_status afb_journal_lock(afb_journal *journal, const char *path, const char *file, int *fresh)
{
  int again = 1;
  for (int i = 0; again && i < 10; i++)
    AFB_TRY(lock_once(journal, path, file, &again));
  if (again)
    return AFB_FAIL(AFB_E_IO, "%s keeps being replaced by another process", path);
  struct stat info;
  *fresh = fstat(journal->fd, &info) == 0 && info.st_size == 0;
  if (!(journal->path = strdup(path)))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a path");
  return AFB_OK;
}

afb_status afb_journal_open(afb_journal *journal, const char *path)
{
  struct stat there;
  /* Closing a second descriptor would release the lock. */
  if (stat(path, &there) == 0 && is_held(&there))
    return AFB_FAIL(AFB_E_IO, "%s is open for writing in this process", path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return AFB_FAIL(AFB_E_NOT_FOUND, "there is no %s", path);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno));
  journal->fd = fd;
  if (!(journal->path = strdup(path)))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a path");
  return AFB_OK;
}

static void fill_header(uint64_t header[8], uint64_t store, uint64_t base)
{
  const uint64_t words[8] = {header_magic, order_and_version, store, base, 0, 0, 0, 0};
  memcpy(header, words, sizeof words);
  header[7] = afb_hash(AFB_HASH_START, header, 7 * sizeof header[0]);
}

void afb_journal_forget(afb_journal *journal)
{
  journal->n_records = 0;
  memset(journal->n_pieces, 0, sizeof journal->n_pieces);
}

/* An empty, locked journal at `path`. */
static afb_status make_empty(const char *path, uint64_t store, uint64_t base, int *out)
{
  uint64_t header[8];
  fill_header(header, store, base);
  unlink(path);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", path, strerror(errno));
  afb_status status = afb_file_write(fd, path, 0, header, sizeof header);
  if (status == AFB_OK && fsync(fd) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, strerror(errno));
  if (status == AFB_OK && try_lock(fd) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot lock %s: %s", path, strerror(errno));
  if (status == AFB_OK)
    status = hold(fd);
  if (status != AFB_OK) {
    close(fd);
    unlink(path);
  } else
    *out = fd;
  return status;
}

afb_status afb_journal_renew(afb_journal *journal, uint64_t store, uint64_t base)
{
  size_t size = strlen(journal->path) + sizeof ".new";
  char *path = malloc(size);
  if (!path)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a path");
  snprintf(path, size, "%s.new", journal->path);
  int fd = -1;
  afb_status status = make_empty(path, store, base, &fd);
  if (status == AFB_OK && rename(path, journal->path) != 0) {
    status = AFB_FAIL(AFB_E_IO, "cannot replace %s: %s", journal->path, strerror(errno));
    let_go(fd);
    close(fd);
    unlink(path);
  }
  free(path);
  if (status != AFB_OK)
    return status;
  let_go(journal->fd);
  close(journal->fd);
  journal->fd = fd;
  journal->store = store;
  journal->base = journal->last = base;
  journal->tail = AFB_JOURNAL_HEADER;
  journal->dropped = 0;
  afb_journal_forget(journal);
  /* A power failure before this line is harmless: the records of the old journal are known as folded by their numbers. */
  return afb_file_sync_directory(journal->path);
}

size_t afb_column_width(const afb_column *column)
{
  size_t n = (size_t)column->length;
  switch (column->type) {
  case AFB_I32:
  case AFB_F32:
    return 4 * n;
  case AFB_STRING:
  case AFB_BYTE:
    return n;
  case AFB_I64:
  case AFB_U64:
  case AFB_F64:
    break;
  }
  return 8 * n;
}

size_t afb_table_width(afb_table table)
{
  const afb_table_schema *schema = afb_store_schema(table);
  size_t width = 0;
  for (int c = 0; c < schema->n_columns; c++)
    width += afb_column_width(&schema->column[c]);
  return width;
}

const char *afb_piece_next(const char *payload, size_t size, size_t *at, afb_table *table, int64_t *first, int64_t *n)
{
  if (size - *at < AFB_PIECE_HEADER)
    return NULL;
  uint32_t number[2];
  int64_t rows[2];
  memcpy(number, payload + *at, sizeof number);
  memcpy(rows, payload + *at + sizeof number, sizeof rows);
  if (number[0] >= AFB_N_TABLES || rows[0] < 0 || rows[1] <= 0)
    return NULL;
  size_t width = afb_table_width((afb_table)number[0]), left = size - *at - AFB_PIECE_HEADER;
  if ((uint64_t)rows[1] > left / width)   /* NOLINT(clang-analyzer-core.DivideZero): every table has columns */
    return NULL;
  *table = (afb_table)number[0];
  *first = rows[0];
  *n = rows[1];
  const char *columns = payload + *at + AFB_PIECE_HEADER;
  *at += AFB_PIECE_HEADER + (size_t)rows[1] * width;
  return columns;
}

static afb_status grow(void **array, int *capacity, int n, size_t size)
{
  if (n < *capacity)
    return AFB_OK;
  int larger = *capacity ? 2 * *capacity : 64;
  void *new = realloc(*array, (size_t)larger * size);
  if (!new)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d pieces of the journal", larger);
  *array = new;
  *capacity = larger;
  return AFB_OK;
}

static afb_status grow_all(afb_journal *journal)
{
  void *array = journal->record;
  afb_status status = grow(&array, &journal->records_capacity, journal->n_records, sizeof journal->record[0]);
  journal->record = array;
  for (int t = 0; t < AFB_N_TABLES && status == AFB_OK; t++) {
    array = journal->piece[t];
    status = grow(&array, &journal->pieces_capacity[t], journal->n_pieces[t], sizeof(afb_piece));
    journal->piece[t] = array;
  }
  return status;
}

afb_status afb_journal_note(afb_journal *journal, int64_t offset, const char *data, size_t size,
                            int64_t count[AFB_N_TABLES])
{
  AFB_TRY(grow_all(journal));
  const char *payload = data + AFB_RECORD_HEADER, *columns;
  int seen[AFB_N_TABLES] = {0};
  size_t at = 0, length = size - AFB_RECORD_HEADER;
  afb_table table;
  int64_t first, n;
  while ((columns = afb_piece_next(payload, length, &at, &table, &first, &n)) != NULL) {
    if (first != count[table] || seen[table]++)
      return AFB_FAIL(AFB_E_FOREIGN, "%s does not continue its file: row %lld of %s where %lld was expected", journal->path,
                      (long long)first, afb_store_schema(table)->name, (long long)count[table]);
    afb_piece *piece = &journal->piece[table][journal->n_pieces[table]++];
    *piece = (afb_piece){first, n, offset + (columns - data)};
    count[table] += n;
  }
  if (at < length)
    return AFB_FAIL(AFB_E_FOREIGN, "%s holds a record of unknown form", journal->path);
  journal->record[journal->n_records++] = (afb_record){offset, (int64_t)size};
  return AFB_OK;
}

/* The record at `offset` into *data (malloc'ed), or NULL when there is no whole one. */
static afb_status read_record(const afb_journal *journal, int64_t offset, int64_t end, char **data, size_t *size)
{
  uint64_t header[5];
  *data = NULL;
  if (end - offset < AFB_RECORD_HEADER)
    return AFB_OK;
  AFB_TRY(afb_file_read(journal->fd, journal->path, offset, header, sizeof header));
  if (header[0] != record_magic || header[4] != afb_hash(AFB_HASH_START, header, 32)
      || header[1] != journal->last + 1 || header[2] > (uint64_t)(end - offset - AFB_RECORD_HEADER))
    return AFB_OK;
  *size = AFB_RECORD_HEADER + (size_t)header[2];
  if (!(*data = malloc(*size)))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a record of %zu bytes", *size);
  afb_status status = afb_file_read(journal->fd, journal->path, offset, *data, *size);
  int whole = status == AFB_OK
              && header[3] == afb_hash(AFB_HASH_START, *data + AFB_RECORD_HEADER, *size - AFB_RECORD_HEADER);
  if (!whole) {
    free(*data);
    *data = NULL;
  }
  return status;
}

static afb_status read_header(afb_journal *journal, uint64_t store, uint64_t folded)
{
  uint64_t header[8], expected[8];
  AFB_TRY(afb_file_read(journal->fd, journal->path, 0, header, sizeof header));
  fill_header(expected, header[2], header[3]);
  if (header[0] == header_magic && header[1] < order_and_version && header[1] >> 32 == order_and_version >> 32)
    return AFB_FAIL(AFB_E_FOREIGN, "%s was written by an older version of this program; let that version continue the file once, "
                    "which empties it", journal->path);
  if (memcmp(header, expected, sizeof header) != 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is not a journal of this program or was written on another kind of machine",
                    journal->path);
  if (header[2] != store)
    return AFB_FAIL(AFB_E_FOREIGN, "%s belongs to another result file; move it away if its results are not wanted",
                    journal->path);
  if (header[3] > folded)
    return AFB_FAIL(AFB_E_FOREIGN, "%s continues a newer state of its result file than the one beside it", journal->path);
  journal->store = store;
  journal->base = journal->last = header[3];
  journal->tail = AFB_JOURNAL_HEADER;
  return AFB_OK;
}

afb_status afb_journal_replay(afb_journal *journal, uint64_t store, uint64_t folded, int64_t count[AFB_N_TABLES])
{
  struct stat info;
  if (fstat(journal->fd, &info) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot read %s: %s", journal->path, strerror(errno));
  AFB_TRY(read_header(journal, store, folded));
  afb_journal_forget(journal);
  for (;;) {
    char *data;
    size_t size;
    AFB_TRY(read_record(journal, journal->tail, info.st_size, &data, &size));
    if (!data)
      break;
    afb_status status = AFB_OK;
    if (journal->last + 1 > folded)
      status = afb_journal_note(journal, journal->tail, data, size, count);
    free(data);
    if (status != AFB_OK)
      return afb_trail_at(status, __func__, __FILE__, __LINE__);
    journal->last++;
    journal->tail += (int64_t)size;
  }
  if (journal->last < folded)
    journal->last = folded;
  journal->dropped = info.st_size - journal->tail;
  return AFB_OK;
}

afb_status afb_journal_append(afb_journal *journal, char *data, size_t size)
{
  uint64_t length = size - AFB_RECORD_HEADER;
  uint64_t header[5] = {record_magic, journal->last + 1, length,
                        afb_hash(AFB_HASH_START, data + AFB_RECORD_HEADER, (size_t)length), 0};
  header[4] = afb_hash(AFB_HASH_START, header, 32);
  memcpy(data, header, sizeof header);
  afb_status status = afb_file_write(journal->fd, journal->path, journal->tail, data, size);
  if (status == AFB_OK && fdatasync(journal->fd) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", journal->path, strerror(errno));
  if (status != AFB_OK) {
    /* What a failed write left is not a record, but it takes space; were it to stay, the next record overwrites it. */
    int kept = ftruncate(journal->fd, (off_t)journal->tail);
    (void)kept;
    return status;
  }
  journal->last++;
  journal->tail += (int64_t)size;
  return AFB_OK;
}
