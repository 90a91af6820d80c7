/* What `aufbau status` reads: of a file that another process writes, folds, closes and opens again at the same moment; and each state.
 * AUFBAU_LOOKS: how often it looks. */
#include "report/status.h"

#include <string.h>
#include <unistd.h>

#include "materials/potential_file.h"
#include "store/arrays.h"
#include "tests/check.h"
#include "tests/store/sample.h"

enum { BATCH = 5, ENOUGH = 1 };
static int looks_wanted;
static const char path[] = "status-test.h5";

static int rank_of(void)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/* ---- A writer and a watcher ---- */

static int enough(void)
{
  int there;
  MPI_Iprobe(1, ENOUGH, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
  return there;
}

/* Commits, folds, closes and opens again, until the watcher has seen enough. */
static afb_status write_until_enough(int64_t *n)
{
  afb_store *store = NULL;
  *n = 0;
  for (int b = 0; !enough(); b++) {
    if (!store)
      AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store));
    for (int i = 0; i < BATCH && *n < 4000; i++)
      AFB_TRY(sample_add(store, (*n)++));
    AFB_TRY(afb_store_commit(store));
    if (b % 2)
      AFB_TRY(afb_store_fold(store, MPI_COMM_SELF));
    if (b % 8 == 7)
      AFB_TRY(afb_store_close(&store));
  }
  return afb_store_close(&store);
}

/* met: how many of the looks at a file met the process at work, and how many met it between two sessions; it goes on until both were seen. */
static afb_status watch(long writer, int met[2])
{
  int64_t runs = 0;
  for (int looks = 0; looks < looks_wanted || !met[0] || !met[1];) {
    afb_standing s;
    afb_status status = afb_standing_read(path, &s);
    if (status == AFB_E_NOT_FOUND && runs == 0)
      continue;
    AFB_TRY(status);
    /* The file is being made. */
    if (s.state == AFB_STANDING_WRITING && runs == 0 && s.bytes == 0)
      continue;
    looks += s.bytes > 0;
    int running = s.state == AFB_STANDING_RUNNING, stopped = s.state == AFB_STANDING_STOPPED;
    if (!(running && s.writer.process == writer) && !stopped)
      return AFB_FAIL(AFB_E_INTERNAL, "look %d: state %d, process %ld", looks, (int)s.state, s.writer.process);
    if (s.runs < runs || s.runs % BATCH != 0)
      return AFB_FAIL(AFB_E_INTERNAL, "look %d: %lld runs after %lld", looks, (long long)s.runs, (long long)runs);
    runs = s.runs;
    met[running ? 0 : 1] += s.bytes > 0;
  }
  return AFB_OK;
}

static void test_while_it_is_written(void **state)
{
  (void)state;
  afb_status status = AFB_OK;
  int met[2] = {0, 0}, nothing = 0;
  int64_t n = 0, found = 0;
  long writer = (long)getpid();
  MPI_Bcast(&writer, 1, MPI_LONG, 0, MPI_COMM_WORLD);
  looks_wanted = getenv("AUFBAU_LOOKS") ? atoi(getenv("AUFBAU_LOOKS")) : 1000;
  if (rank_of() == 0) {
    sample_remove(path);
    status = write_until_enough(&n);
    MPI_Recv(&nothing, 1, MPI_INT, 1, ENOUGH, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  } else {
    status = watch(writer, met);
    MPI_Send(&nothing, 1, MPI_INT, 0, ENOUGH, MPI_COMM_WORLD);
  }
  check_ok(status);
  /* The writer was not disturbed: all it added is there, and nothing else. */
  if (rank_of() == 0) {
    afb_store *store = NULL;
    status = afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store);
    if (status == AFB_OK)
      status = sample_check(store, 1, &found);
    afb_store_close(&store);
  }
  check_ok(status);
  check_true(found == n);
  check_true(access("status-test.h5.journal", F_OK) != 0 && access("status-test.h5.tmp", F_OK) != 0);
}

/* ---- States, on rank 0 ---- */

static const char input[] = "# aufbau campaign\ncampaign:\n  ions: [B I]\n  budget: {runs: 12, core_hours: 1}\n";

/* Runs of two seconds each, one behind the other; every third fails. */
static afb_status add(afb_store *store, int first, int n)
{
  for (int i = first; i < first + n; i++) {
    afb_store_run run = {.outcome = i % 3 == 2 ? AFB_OUTCOME_ORBITAL_COLLAPSE : AFB_OUTCOME_CONVERGED, .core_seconds = 2.0, .ranks = 1,
                         .start = 2.0 * i, .finish = 2.0 * i + 2.0, .content_hash = (uint64_t)i, .added = -1, .parent = -1};
    int64_t member;
    char text[32];
    snprintf(text, sizeof text, "1s2 2s%d", i + 3);
    snprintf(run.reason, sizeof run.reason, "reason %d", i);
    AFB_TRY(afb_store_intern_ion(store, 5, 0, "B I", &run.ion));
    AFB_TRY(afb_store_intern_configuration(store, text, &member));
    AFB_TRY(afb_store_intern_set(store, run.ion, 1, &member, &run.set));
    AFB_TRY(afb_store_add_run(store, &run, NULL, NULL));
  }
  return afb_store_commit(store);
}

static afb_store *open_with_budget(void)
{
  afb_store_writer writer = sample_writer;
  afb_store *store = NULL;
  writer.input = input;
  assert_int_equal(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &writer, &store), AFB_OK);
  return store;
}

static void test_states(void **unused)
{
  (void)unused;
  if (rank_of() != 0)
    return;
  afb_standing s;
  sample_remove(path);
  assert_int_equal(afb_standing_read(path, &s), AFB_E_NOT_FOUND);
  afb_store *store = open_with_budget();
  assert_int_equal(add(store, 0, 9), AFB_OK);
  afb_store_abandon(&store);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_int_equal(s.state, AFB_STANDING_KILLED);
  assert_string_equal(s.kind, "campaign");
  assert_true(s.runs == 9 && s.outcome[AFB_OUTCOME_CONVERGED] == 6 && s.outcome[AFB_OUTCOME_ORBITAL_COLLAPSE] == 3);
  assert_true(s.budget_runs == 12 && s.budget_core_seconds == 3600.0 && s.budget_wall_seconds == 0.0 && s.fraction == 0.75 && isnan(s.left));
  assert_true(s.elapsed == 18.0 && s.rate == 0.5 && s.core_rate == 1.0 && s.session_core_seconds == 18.0
              && s.session_failed_core_seconds == 6.0);
  assert_int_equal(s.n_failures, 3);
  assert_string_equal(s.failure[0].reason, "reason 8");
  assert_string_equal(s.failure[2].reason, "reason 2");
  assert_string_equal(s.failure[0].ion, "B I");
  assert_true(s.failure[0].n_set == 1 && fabs(s.failure[0].finish - s.opened - 18.0) < 1e-6);

  store = open_with_budget();
  assert_int_equal(add(store, 9, 2), AFB_OK);
  assert_int_equal(afb_store_close(&store), AFB_OK);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_true(s.state == AFB_STANDING_STOPPED && s.sessions == 2 && s.runs == 11 && s.session_runs == 2);
  store = open_with_budget();
  assert_int_equal(add(store, 11, 1), AFB_OK);
  assert_int_equal(afb_store_close(&store), AFB_OK);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_true(s.state == AFB_STANDING_FINISHED && s.runs == 12 && s.left == 0.0);
  sample_remove(path);
}

/* Files of arrays: begun, complete, and of others. */
static void test_arrays(void **unused)
{
  (void)unused;
  if (rank_of() != 0)
    return;
  afb_standing s;
  afb_arrays *arrays = NULL;
  sample_remove(path);
  assert_int_equal(afb_arrays_create(MPI_COMM_SELF, path, "descriptors", &sample_writer, &arrays), AFB_OK);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_true(s.state == AFB_STANDING_WRITING && s.bytes == 0 && s.waiting_bytes > 0 && s.now - s.updated < 60.0);
  assert_int_equal(afb_arrays_close(&arrays, AFB_OK), AFB_OK);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_true(s.state == AFB_STANDING_FINISHED && !s.tables && s.session.ranks == 1 && s.session.started[0] == '2');
  assert_string_equal(s.kind, "descriptors");
  FILE *file = fopen(path, "w");
  fputs("no result file\n", file);
  fclose(file);
  assert_int_equal(afb_standing_read(path, &s), AFB_E_FOREIGN);
  sample_remove(path);
}

/* A training that was stopped while models were left out has a checkpoint and no file yet. */
static void test_checkpoint(void **unused)
{
  (void)unused;
  if (rank_of() != 0)
    return;
  static const char checkpoint[] = "status-test.h5.validation";
  const int32_t done[5] = {1, 0, 1, 1, 0};
  afb_standing s;
  afb_arrays *arrays = NULL;
  sample_remove(path);
  assert_int_equal(afb_arrays_create(MPI_COMM_SELF, checkpoint, AFB_VALIDATION_KIND, &sample_writer, &arrays), AFB_OK);
  assert_int_equal(afb_arrays_add(arrays, &(afb_array){"validation/done", AFB_I32, 1, 1, {5}, "1", "done"}), AFB_OK);
  assert_int_equal(afb_arrays_write(arrays, "validation/done", 0, 5, done), AFB_OK);
  assert_int_equal(afb_arrays_close(&arrays, AFB_OK), AFB_OK);
  assert_int_equal(afb_standing_read(path, &s), AFB_OK);
  assert_true(s.state == AFB_STANDING_STOPPED && s.done == 3 && s.of == 5 && s.bytes == 0 && !s.tables);
  remove(checkpoint);
  assert_int_equal(afb_standing_read(path, &s), AFB_E_NOT_FOUND);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(test_while_it_is_written),
  cmocka_unit_test(test_states),
  cmocka_unit_test(test_arrays),
  cmocka_unit_test(test_checkpoint),
};
CHECK_MAIN(tests)
