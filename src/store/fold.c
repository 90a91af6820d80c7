/* Folding: a copy of FILE.h5, the journal's rows appended to it, takes its place. */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/file.h"

/* What all ranks of a fold know. */
typedef struct {
  int64_t size;                      /* of FILE.h5 */
  int64_t n_records;
  uint64_t last;                     /* number of the last record */
  int64_t before[AFB_N_TABLES], after[AFB_N_TABLES];
} fold_plan;

/* One rank's records of one round: contiguous, so their rows of any table are as well. */
typedef struct {
  char *data;                        /* the records */
  int64_t first[AFB_N_TABLES], n[AFB_N_TABLES];
  char *column;                      /* room for the longest column */
} fold_share;

enum { AFB_FOLD_BYTES = 8 << 20 };   /* a rank's share of a round, unless one record is larger: what stays in caches */

static const int64_t slice_align = 1 << 20;

static afb_status copy_share(const afb_store *store, MPI_Comm comm, const fold_plan *plan)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  int64_t blocks = (plan->size + slice_align - 1) / slice_align;
  int64_t first = blocks * rank / size * slice_align, end = blocks * (rank + 1) / size * slice_align;
  if (end > plan->size)
    end = plan->size;
  return afb_file_copy(store->path, store->temporary_path, first, end - first);
}

/* Walks over the pieces of a share; with `table` >= 0 copies column `c` of that table behind one another into share->column. */
static afb_status walk(fold_share *share, const afb_record *record, int64_t n_records, int table, int c)
{
  size_t at_column = 0, before = 0, width = 0;
  if (table >= 0) {
    const afb_table_schema *schema = afb_store_schema((afb_table)table);
    for (int k = 0; k < c; k++)
      before += afb_column_width(&schema->column[k]);
    width = afb_column_width(&schema->column[c]);
  }
  for (int64_t r = 0; r < n_records; r++) {
    const char *payload = share->data + (record[r].offset - record[0].offset) + AFB_RECORD_HEADER, *columns;
    size_t size = (size_t)record[r].length - AFB_RECORD_HEADER, at = 0;
    afb_table t;
    int64_t first, n;
    while ((columns = afb_piece_next(payload, size, &at, &t, &first, &n)) != NULL) {
      if (table < 0) {
        if (share->n[t] == 0)
          share->first[t] = first;
        if (share->first[t] + share->n[t] != first)
          return AFB_FAIL(AFB_E_INTERNAL, "rows of %s in the journal do not follow one another", afb_store_schema(t)->name);
        share->n[t] += n;
      } else if ((int)t == table) {
        memcpy(share->column + at_column, columns + (size_t)n * before, (size_t)n * width);
        at_column += (size_t)n * width;
      }
    }
    if (at < size)
      return AFB_FAIL(AFB_E_INTERNAL, "the journal changed while it was folded");
  }
  return AFB_OK;
}

static afb_status load_share(fold_share *share, int fd, const char *path, const afb_record *record, int64_t n_records)
{
  memset(share, 0, sizeof *share);
  if (n_records == 0)
    return AFB_OK;
  size_t size = (size_t)(record[n_records - 1].offset + record[n_records - 1].length - record[0].offset);
  share->data = malloc(size);
  /* No column is longer than all records together. */
  share->column = malloc(size);
  if (!share->data || !share->column)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %zu bytes of the journal", size);
  AFB_TRY(afb_file_read(fd, path, record[0].offset, share->data, size));
  return walk(share, record, n_records, -1, 0);
}

static void clear_share(fold_share *share)
{
  free(share->data);
  free(share->column);
}

/* All columns of all tables that grow; every call is collective, so none is left out, whatever failed before. */
static afb_status write_share(afb_hdf_appender *appender, const fold_plan *plan, fold_share *share,
                              const afb_record *record, int64_t n_records)
{
  afb_status result = AFB_OK;
  for (int t = 0; t < AFB_N_TABLES; t++)
    for (int c = 0; plan->after[t] > plan->before[t] && c < afb_store_schema((afb_table)t)->n_columns; c++) {
      afb_status status = walk(share, record, n_records, t, c);
      afb_status written = afb_hdf_append_column(appender, (afb_table)t, c, share->first[t], share->n[t], share->column);
      if (result == AFB_OK)
        result = status != AFB_OK ? status : written;
    }
  return result;
}

/* Records first ... *end - 1 of this rank for the next round. */
static int64_t round_end(const afb_record *record, int64_t first, int64_t end)
{
  int64_t last = first, bytes = 0;
  while (last < end && (last == first || bytes + record[last].length <= AFB_FOLD_BYTES))
    bytes += record[last++].length;
  return last;
}

static afb_status append_rounds(MPI_Comm comm, afb_hdf_appender *appender, const fold_plan *plan, int fd,
                                const char *path, const afb_record *record, int64_t first, int64_t end)
{
  int more = 1;
  while (more) {
    fold_share share;
    int64_t next = round_end(record, first, end);
    afb_status status = afb_agree(comm, load_share(&share, fd, path, record + first, next - first));
    if (status == AFB_OK)
      status = afb_agree(comm, write_share(appender, plan, &share, record + first, next - first));
    clear_share(&share);
    afb_file_hurry(appender->path);
    AFB_TRY(status);
    first = next;
    int mine = first < end;
    MPI_Allreduce(&mine, &more, 1, MPI_INT, MPI_MAX, comm);
  }
  return AFB_OK;
}

/* Shares of about equal bytes: a record goes to the rank in whose part of all bytes its first byte lies. */
static void share_records(MPI_Comm comm, const fold_plan *plan, const afb_record *record, int64_t *first, int64_t *end)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const afb_record *last = &record[plan->n_records - 1];
  double origin = (double)record[0].offset, bytes = (double)(last->offset + last->length) - origin;
  int64_t bound[2];
  for (int side = 0; side < 2; side++) {
    double from = origin + bytes * (rank + side) / size;
    int64_t low = 0, high = plan->n_records;
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      if ((double)record[middle].offset < from)
        low = middle + 1;
      else
        high = middle;
    }
    bound[side] = rank + side == 0 ? 0 : rank + side == size ? plan->n_records : low;
  }
  *first = bound[0];
  *end = bound[1];
}

static afb_status append(const afb_store *store, MPI_Comm comm, const fold_plan *plan, const afb_record *record)
{
  int64_t first, end;
  share_records(comm, plan, record, &first, &end);
  int fd = store->journal.fd;
  afb_status status = AFB_OK;
  if (!store->writes && (fd = open(store->journal_path, O_RDONLY | O_CLOEXEC)) < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot open %s: %s", store->journal_path, strerror(errno));
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    afb_hdf_appender appender;
    status = afb_hdf_append_begin(comm, store->temporary_path, plan->before, plan->after, &appender);
    if (status == AFB_OK)
      status = append_rounds(comm, &appender, plan, fd, store->journal_path, record, first, end);
    status = afb_hdf_append_end(&appender, plan->last, status);
  }
  if (!store->writes && fd >= 0)
    close(fd);
  return status;
}

/* Rank 0. Whether the new file is what it should be; only then does it replace the old one. */
static afb_status publish(afb_store *store, const fold_plan *plan)
{
  hid_t file;
  afb_hdf_facts facts;
  AFB_TRY(afb_hdf_open(store->temporary_path, &file, &facts));
  H5Fclose(file);
  if (facts.folded != plan->last || facts.store != store->id || memcmp(facts.count, plan->after, sizeof facts.count) != 0)
    return AFB_FAIL(AFB_E_IO, "%s was not written correctly; %s and its journal are as before", store->temporary_path,
                    store->path);
  if (rename(store->temporary_path, store->path) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot replace %s: %s", store->path, strerror(errno));
  AFB_TRY(afb_file_sync_directory(store->path));
  return afb_file_size(store->path, &store->file_size);
}

static afb_status make_plan(afb_store *store, MPI_Comm comm, fold_plan *plan, afb_record **record)
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  afb_status status = AFB_OK;
  if (rank == 0) {
    memset(plan, 0, sizeof *plan);
    if (!store->writes)
      status = AFB_FAIL(AFB_E_INTERNAL, "only a store that is open for writing is folded, and alone only by rank 0");
    else
      status = afb_file_size(store->path, &plan->size);
    plan->n_records = store->journal.n_records;
    plan->last = store->journal.last;
    memcpy(plan->before, store->folded, sizeof plan->before);
    memcpy(plan->after, store->count, sizeof plan->after);
  }
  AFB_TRY(afb_agree(comm, status));
  MPI_Bcast(plan, (int)sizeof *plan, MPI_BYTE, 0, comm);
  if (plan->n_records == 0)
    return AFB_OK;
  if (!(*record = malloc((size_t)plan->n_records * sizeof **record)))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld records", (long long)plan->n_records);
  AFB_TRY(afb_agree(comm, status));
  if (rank == 0)
    memcpy(*record, store->journal.record, (size_t)plan->n_records * sizeof **record);
  MPI_Bcast(*record, (int)((size_t)plan->n_records * sizeof **record / sizeof(int64_t)), MPI_INT64_T, 0, comm);
  return AFB_OK;
}

static afb_status make_copy(afb_store *store, MPI_Comm comm, const fold_plan *plan)
{
  afb_status status = AFB_OK;
  if (store->writes)
    status = afb_file_reserve(store->temporary_path, plan->size + afb_hdf_growth(plan->before, plan->after));
  AFB_TRY(afb_agree(comm, status));
  AFB_TRY(afb_agree(comm, copy_share(store, comm, plan)));
  return afb_agree(comm, store->writes ? afb_hdf_enlarge_chunks(store->temporary_path, plan->before, plan->after) : AFB_OK);
}

/* What changes once FILE.h5 has been replaced. Should the journal not be renewed, then its records are passed over by their
 * numbers, and later ones follow them. */
static afb_status adopt(afb_store *store, const fold_plan *plan)
{
  afb_store_release_file(store);
  memcpy(store->folded, plan->after, sizeof store->folded);
  if (!store->writes) {
    memcpy(store->count, plan->after, sizeof store->count);
    afb_index_clear(&store->index);
  }
  store->folded_sequence = plan->last;
  store->legends_written = 1;
  free(store->input);
  free(store->identity);
  store->input = store->identity = NULL;
  afb_journal_forget(&store->journal);
  return store->writes ? afb_journal_renew(&store->journal, store->id, plan->last) : AFB_OK;
}

/* One rank a node writes: more of them are not faster there, and every call of HDF5 that all ranks make together waits for the last of them. Rank 0 stays rank 0. */
static void choose_writers(MPI_Comm comm, MPI_Comm *writers)
{
  MPI_Comm node;
  int rank, on_node;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &on_node);
  MPI_Comm_free(&node);
  MPI_Comm_split(comm, on_node == 0 ? 0 : MPI_UNDEFINED, rank, writers);
}

/* Collective on the writers: FILE.h5.tmp, complete and durable. */
static afb_status write_new_file(afb_store *store, MPI_Comm writers, const fold_plan *plan, const afb_record *record)
{
  afb_status status = make_copy(store, writers, plan);
  if (status == AFB_OK)
    status = append(store, writers, plan, record);
  if (status == AFB_OK && store->writes && !store->legends_written)
    status = afb_hdf_set_legends(store->temporary_path, &store->legend);
  if (status == AFB_OK && store->writes && store->identity)
    status = afb_hdf_set_input(store->temporary_path, store->input, store->identity);
  status = afb_agree(writers, status);
  /* Each rank hands what it wrote to the file system; then rank 0 may replace the old file. */
  return status == AFB_OK ? afb_agree(writers, afb_file_sync(store->temporary_path)) : status;
}

static afb_status fold(afb_store *store, MPI_Comm comm, const fold_plan *plan, const afb_record *record)
{
  MPI_Comm writers;
  choose_writers(comm, &writers);
  afb_status status = AFB_OK;
  if (writers != MPI_COMM_NULL) {
    status = write_new_file(store, writers, plan, record);
    MPI_Comm_free(&writers);
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = afb_agree(comm, store->writes ? publish(store, plan) : AFB_OK);
  if (status != AFB_OK) {
    if (store->writes)
      unlink(store->temporary_path);
    return afb_trail_at(status, __func__, __FILE__, __LINE__);
  }
  return afb_agree(comm, adopt(store, plan));
}

afb_status afb_store_fold(afb_store *store, MPI_Comm comm)
{
  fold_plan plan;
  afb_record *record = NULL;
  /* The caller's communicator says who takes part; messages travel on the store's own. */
  int size;
  MPI_Comm_size(comm, &size);
  MPI_Comm inside = size == 1 ? MPI_COMM_SELF : store->comm;
  afb_hdf_quiet();
  afb_status status = make_plan(store, inside, &plan, &record);
  if (status == AFB_OK && plan.n_records > 0)
    status = fold(store, inside, &plan, record);
  free(record);
  return status;
}
