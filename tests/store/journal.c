/* A journal that was cut off or damaged anywhere gives back the batches that are whole, and nothing else. */
#include "tests/check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/log.h"
#include "store/journal.h"
#include "tests/store/sample.h"

static const char path[] = "journal-1.h5", journal[] = "journal-1.h5.journal", aside[] = "journal-1.aside";

static char *read_all(const char *name, size_t *size)
{
  struct stat info;
  FILE *file = fopen(name, "rb");
  assert_non_null(file);
  assert_int_equal(stat(name, &info), 0);
  *size = (size_t)info.st_size;
  char *data = malloc(*size + 1);
  assert_int_equal(fread(data, 1, *size, file), *size);
  fclose(file);
  return data;
}

static void write_all(const char *name, const char *data, size_t size)
{
  FILE *file = fopen(name, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static void copy(const char *from, const char *to)
{
  size_t size;
  char *data = read_all(from, &size);
  write_all(to, data, size);
  free(data);
}

/* A file without runs, and a journal of three batches of 2, 1 and 1 runs; ends[] of each batch in the journal. */
static char *make(size_t ends[4], size_t *size)
{
  afb_store *store;
  struct stat info;
  int64_t run = 0;
  sample_remove(path);
  check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_CREATE, &sample_writer, &store));
  ends[0] = AFB_JOURNAL_HEADER;
  for (int batch = 1; batch <= 3; batch++) {
    for (int i = 0; i < (batch == 1 ? 2 : 1); i++)
      check_ok(sample_add(store, run++));
    check_ok(afb_store_commit(store));
    assert_int_equal(stat(journal, &info), 0);
    ends[batch] = (size_t)info.st_size;
  }
  afb_store_abandon(&store);
  return read_all(journal, size);
}

static int64_t runs_seen(afb_status *status)
{
  afb_store *store;
  int64_t n = -1;
  *status = afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store);
  if (*status == AFB_OK)
    *status = sample_check(store, 1, &n);
  if (*status == AFB_OK)
    *status = afb_store_close(&store);
  return n;
}

/* Runs that the journal itself gives back. */
static int64_t runs_replayed(afb_status *status)
{
  uint64_t header[8];
  size_t size;
  char *data = read_all(journal, &size);
  memcpy(header, data, sizeof header);
  free(data);
  int64_t count[AFB_N_TABLES] = {0};
  afb_journal j;
  afb_journal_init(&j);
  *status = afb_journal_open(&j, journal);
  if (*status == AFB_OK)
    *status = afb_journal_replay(&j, header[2], 0, count);
  afb_journal_clear(&j);
  return count[AFB_TABLE_RUNS];
}

static void a_torn_tail_costs_one_batch(void **state)
{
  (void)state;
  size_t ends[4], size;
  char *data = make(ends, &size);
  afb_status status;
  static const int64_t runs[4] = {0, 2, 3, 4};
  for (size_t cut = ends[2]; cut <= size; cut++) {
    assert_int_equal(truncate(journal, (off_t)cut), 0);
    assert_int_equal(runs_replayed(&status), cut < size ? 3 : 4);
    assert_int_equal(status, AFB_OK);
    write_all(journal, data, size);
  }
  for (int batch = 0; batch < 4; batch++) {
    for (size_t more = 0; more < 100 && ends[batch] + more <= size; more += 33) {
      assert_int_equal(truncate(journal, (off_t)(ends[batch] + more)), 0);
      assert_int_equal(runs_seen(&status), runs[batch]);
      assert_int_equal(status, AFB_OK);
      write_all(journal, data, size);
    }
  }
  free(data);
}

/* Writing again behind a torn tail, with what the kill left still in the file. */
static void a_writer_continues_behind_a_torn_tail(void **state)
{
  (void)state;
  size_t ends[4], size;
  char *data = make(ends, &size);
  afb_store *store;
  int64_t n;
  afb_log_setup(AFB_LOG_ERROR, 0);
  for (size_t cut = ends[2] + 1; cut < size; cut += (size - ends[2]) / 5) {
    sample_remove(path);
    free(make(ends, &size));
    assert_int_equal(truncate(journal, (off_t)cut), 0);
    check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
    for (int64_t i = 3; i < 8; i++)
      check_ok(sample_add(store, i));
    check_ok(afb_store_commit(store));
    afb_store_abandon(&store);
    check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
    check_ok(sample_check(store, 1, &n));
    assert_int_equal(n, 8);
    check_ok(afb_store_close(&store));
  }
  free(data);
}

static void a_flipped_bit_is_found(void **state)
{
  (void)state;
  size_t ends[4], size;
  char *data = make(ends, &size);
  for (size_t at = 0; at < size; at += at < ends[0] + AFB_RECORD_HEADER ? 1 : 97) {
    afb_status status;
    data[at] ^= 0x10;
    write_all(journal, data, size);
    data[at] ^= 0x10;
    int64_t n = runs_replayed(&status);
    if (at < ends[0])
      assert_int_equal(status, AFB_E_FOREIGN);
    else {
      assert_int_equal(status, AFB_OK);
      assert_int_equal(n, at < ends[1] ? 0 : at < ends[2] ? 2 : 3);
    }
  }
  free(data);
}

/* The states that a kill during a fold leaves. */
static void a_kill_during_a_fold_loses_nothing(void **state)
{
  (void)state;
  size_t ends[4], size;
  char *data = make(ends, &size), *folded;
  size_t folded_size;
  afb_store *store;
  int64_t n;
  copy(path, aside);
  check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
  check_ok(afb_store_close(&store));
  folded = read_all(path, &folded_size);
  /* Before the rename: a part of the new file lies beside the old one and the whole journal. */
  copy(aside, path);
  write_all(journal, data, size);
  write_all("journal-1.h5.tmp", folded, folded_size / 2);
  write_all("journal-1.h5.journal.new", data, 20);
  check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
  check_ok(sample_check(store, 1, &n));
  assert_int_equal(n, 4);
  check_ok(afb_store_close(&store));
  assert_false(sample_exists(path, ".tmp") || sample_exists(path, ".journal") || sample_exists(path, ".journal.new"));
  /* After the rename: the new file, and the journal that it holds already. */
  write_all(path, folded, folded_size);
  write_all(journal, data, size);
  afb_status status;
  assert_int_equal(runs_seen(&status), 4);
  check_ok(status);
  check_ok(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
  check_ok(sample_add(store, 4));
  check_ok(afb_store_commit(store));
  afb_store_abandon(&store);
  assert_int_equal(runs_seen(&status), 5);
  check_ok(status);
  free(data);
  free(folded);
  remove(aside);
  sample_remove(path);
}

static void a_journal_of_another_file_is_refused(void **state)
{
  (void)state;
  size_t ends[4], size;
  char *data = make(ends, &size);
  afb_store *store;
  afb_status status;
  free(make(ends, &size));
  write_all(journal, data, size);
  runs_seen(&status);
  assert_int_equal(status, AFB_E_FOREIGN);
  assert_non_null(strstr(afb_error_text(), "belongs to another result file"));
  assert_int_equal(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store), AFB_E_FOREIGN);
  /* Without its file: results that must not be dropped without a word. */
  unlink(path);
  assert_int_equal(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store), AFB_E_FOREIGN);
  assert_non_null(strstr(afb_error_text(), "is gone"));
  size_t left;
  char *untouched = read_all(journal, &left);
  assert_int_equal(left, size);
  assert_memory_equal(untouched, data, size);
  free(untouched);
  free(data);
  sample_remove(path);
  assert_false(sample_exists(path, "") || sample_exists(path, ".journal"));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(a_torn_tail_costs_one_batch),
  cmocka_unit_test(a_writer_continues_behind_a_torn_tail),
  cmocka_unit_test(a_flipped_bit_is_found),
  cmocka_unit_test(a_kill_during_a_fold_loses_nothing),
  cmocka_unit_test(a_journal_of_another_file_is_refused),
};
CHECK_MAIN(tests)
