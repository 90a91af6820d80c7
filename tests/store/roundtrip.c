/* Everything that is stored is read back as it was: from the file, from the journal, on other numbers of ranks. */
#include "tests/check.h"

#include <hdf5.h>

#include "store/hdf.h"
#include "store/usage.h"
#include "tests/store/sample.h"

static int rank, size;
static char path[64];

static void begin(void)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  snprintf(path, sizeof path, "roundtrip-%d.h5", size);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    sample_remove(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

/* Runs from ... to - 1 in batches of 1, 2, 3 ... */
static afb_status add(afb_store *store, int64_t from, int64_t to)
{
  int64_t batch = 1, left = 1;
  for (int64_t i = from; i < to; i++) {
    AFB_TRY(sample_add(store, i));
    if (--left == 0) {
      AFB_TRY(afb_store_commit(store));
      left = ++batch;
    }
  }
  return afb_store_commit(store);
}

static afb_status check_all(afb_store *store, int64_t expected)
{
  int64_t n;
  AFB_TRY(sample_check(store, 1, &n));
  return n == expected ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "%lld runs in place of %lld", (long long)n, (long long)expected);
}

static void rows_return_from_file_and_journal(void **state)
{
  (void)state;
  afb_store *store;
  begin();
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_CREATE, &sample_writer, &store));
  check_ok(rank == 0 ? add(store, 0, 40) : AFB_OK);
  check_ok(rank == 0 ? check_all(store, 40) : AFB_OK);
  check_true(afb_store_count(store, AFB_TABLE_RUNS) == (rank == 0 ? 40 : 0));
  check_ok(afb_store_fold(store, MPI_COMM_WORLD));
  check_ok(check_all(store, 40));
  check_ok(rank == 0 ? add(store, 40, 70) : AFB_OK);
  check_ok(rank == 0 ? afb_store_fold(store, MPI_COMM_SELF) : AFB_OK);
  MPI_Barrier(MPI_COMM_WORLD);
  check_ok(check_all(store, rank == 0 ? 70 : 40));
  check_ok(afb_store_refresh(store));
  check_ok(check_all(store, 70));
  check_ok(rank == 0 ? add(store, 70, 100) : AFB_OK);
  check_ok(rank == 0 ? check_all(store, 100) : AFB_OK);
  check_ok(afb_store_close(&store));
  check_true(store == NULL);
  check_true(sample_exists(path, "") && !sample_exists(path, ".journal") && !sample_exists(path, ".tmp"));
}

/* Written above on all ranks; read and continued on some of them. */
static void other_numbers_of_ranks_continue(void **state)
{
  (void)state;
  MPI_Comm some;
  int64_t expected = 100;
  for (int n = 1; n <= size; n++) {
    MPI_Comm_split(MPI_COMM_WORLD, rank < n ? 0 : MPI_UNDEFINED, rank, &some);
    afb_status status = AFB_OK;
    afb_store *store = NULL;
    if (rank < n)
      status = afb_store_open(some, path, AFB_STORE_RESUME, &sample_writer, &store);
    check_ok(status);
    check_ok(rank < n ? check_all(store, expected) : AFB_OK);
    check_ok(rank == 0 ? add(store, expected, expected + 11 * n) : AFB_OK);
    expected += 11 * n;
    /* Every other time as if killed: the journal is left behind. */
    if (rank < n && n % 2)
      afb_store_abandon(&store);
    check_ok(rank < n ? afb_store_close(&store) : AFB_OK);
    if (rank < n)
      MPI_Comm_free(&some);
    check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
    check_ok(check_all(store, expected));
    check_ok(afb_store_close(&store));
    check_true(sample_exists(path, ".journal") == n % 2);
  }
}

static void a_reader_follows_a_writer(void **state)
{
  (void)state;
  begin();
  if (size == 1)
    return;   /* a second process is needed */
  MPI_Comm some;
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : 1, rank, &some);
  afb_store *store = NULL;
  check_ok(rank == 0 ? afb_store_open(some, path, AFB_STORE_CREATE, &sample_writer, &store) : AFB_OK);
  check_ok(rank == 0 ? add(store, 0, 10) : AFB_OK);
  check_ok(rank != 0 ? afb_store_open(some, path, AFB_STORE_READ, NULL, &store) : AFB_OK);
  check_ok(check_all(store, 10));
  check_ok(rank == 0 ? add(store, 10, 20) : AFB_OK);
  check_ok(rank == 0 ? afb_store_fold(store, some) : AFB_OK);
  check_ok(rank == 0 ? add(store, 20, 30) : AFB_OK);
  /* The state in which it was opened, though file and journal have been replaced since. */
  check_ok(check_all(store, rank == 0 ? 30 : 10));
  check_ok(afb_store_refresh(store));
  check_ok(check_all(store, 30));
  check_ok(afb_store_close(&store));
  MPI_Comm_free(&some);
}

static afb_status add_model(afb_store *store, int64_t seed, int64_t *model)
{
  float parameter[1000], moment[2000];
  for (int i = 0; i < 2000; i++) {
    parameter[i / 2] = (float)sample_value(seed, i / 2);
    moment[i] = (float)sample_value(seed + 1, i);
  }
  const afb_store_metric metric[2] = {{"roc_auc/larger sets", 0.8}, {"log_loss/validation", NAN}};
  afb_store_model row = {.name = "set_transformer", .round = 1, .step = 77, .time = 2.5};
  afb_store_model_data data = {1000, 2000, 2, parameter, moment, metric, "layers: 2\n"};
  return afb_store_add_model(store, &row, &data, model);
}

static afb_status check_model(afb_store *store, int64_t number, int64_t seed)
{
  afb_store_model row;
  float parameter[1000];
  afb_store_metric metric[2];
  char *spec;
  AFB_TRY(afb_store_read(store, AFB_TABLE_MODELS, number, 1, sizeof row, &row));
  AFB_TRY(afb_store_read(store, AFB_TABLE_PARAMETERS, row.first_parameter, 1000, sizeof(float), parameter));
  AFB_TRY(afb_store_read(store, AFB_TABLE_METRICS, row.first_metric, 2, sizeof metric[0], metric));
  AFB_TRY(afb_store_read_text(store, row.spec_first, row.spec_count, &spec));
  int good = row.n_parameters == 1000 && row.n_optimiser == 2000 && row.step == 77 && strcmp(spec, "layers: 2\n") == 0
             && strcmp(metric[0].name, "roc_auc/larger sets") == 0 && metric[0].value == 0.8 && isnan(metric[1].value);
  for (int i = 0; i < 1000; i++)
    good = good && parameter[i] == (float)sample_value(seed, i);
  free(spec);
  return good ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "model %lld", (long long)number);
}

static afb_status add_round(afb_store *store, int64_t model)
{
  const afb_store_metric metric = {"accuracy/validation", 0.75};
  const afb_store_loss loss[3] = {{1, 0.7, 0.69}, {2, 0.6, 0.65}, {3, 0.5, NAN}};
  const afb_store_prediction prediction[2] = {{1, 0, model, 3, 4, 0.5, 0.25, 1.5, 2.5, 1}, {1, 0, model, 3, 5, 0.1, 0, 2, 0, 0}};
  afb_store_round round = {.round = 1, .start = 1, .finish = 2, .n_runs = 100, .n_training = 80, .n_validation = 20,
                           .model = model, .training_seconds = 0.5};
  AFB_TRY(afb_store_add_round(store, &round, 1, &metric, 3, loss, NULL));
  AFB_TRY(afb_store_add_predictions(store, 2, prediction));
  return afb_store_commit(store);
}

static afb_status check_round(afb_store *store, int64_t number, int64_t model)
{
  afb_store_round round;
  afb_store_loss loss[3];
  afb_store_prediction prediction;
  AFB_TRY(afb_store_read(store, AFB_TABLE_ROUNDS, number, 1, sizeof round, &round));
  AFB_TRY(afb_store_read(store, AFB_TABLE_LOSSES, round.first_loss, 3, sizeof loss[0], loss));
  AFB_TRY(afb_store_read(store, AFB_TABLE_PREDICTIONS, 2 * number + 1, 1, sizeof prediction, &prediction));
  int good = round.model == model && round.n_losses == 3 && round.n_metrics == 1 && loss[1].training == 0.6
             && isnan(loss[2].validation) && prediction.added == 5 && prediction.model == model && prediction.chosen == 0;
  return good ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "round %lld", (long long)number);
}

static void models_and_rounds_return(void **state)
{
  (void)state;
  afb_store *store;
  int64_t model = 0;
  begin();
  for (int64_t session = 0; session < 3; session++) {
    check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
    check_ok(rank == 0 ? add_model(store, session, &model) : AFB_OK);
    check_ok(rank == 0 ? add_round(store, model) : AFB_OK);
    check_true(rank != 0 || model == session);
    check_ok(rank == 0 ? check_model(store, session, session) : AFB_OK);
    check_ok(afb_store_close(&store));
  }
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  for (int64_t session = 0; session < 3; session++) {
    check_ok(check_model(store, session, session));
    check_ok(check_round(store, session, session));
  }
  afb_store_session row[3];
  check_ok(afb_store_read(store, AFB_TABLE_SESSIONS, 0, 3, sizeof row[0], row));
  check_true(row[2].ranks == size && strlen(row[2].started) == 20 && strcmp(row[2].revision, "test") == 0);
  char *input;
  check_ok(afb_store_read_text(store, row[2].input_first, row[2].input_count, &input));
  check_true(strcmp(input, sample_writer.input) == 0);
  free(input);
  check_ok(afb_store_close(&store));
}

static void a_session_without_results_changes_nothing(void **state)
{
  (void)state;
  afb_store *store;
  begin();
  for (int i = 0; i < 2; i++) {
    check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
    check_ok(rank == 0 ? afb_store_commit(store) : AFB_OK);
    check_true(afb_store_count(store, AFB_TABLE_SESSIONS) == 0);
    check_ok(afb_store_close(&store));
  }
  check_true(sample_exists(path, "") && !sample_exists(path, ".journal"));
}

static void texts_are_cut_between_characters(void **state)
{
  (void)state;
  char buffer[6];
  assert_string_equal(afb_store_text(buffer, sizeof buffer, "abc"), "abc");
  assert_string_equal(afb_store_text(buffer, sizeof buffer, "abcdefg"), "abcde");
  assert_string_equal(afb_store_text(buffer, sizeof buffer, "abc\xe2\x82\x8b"), "abc");
  assert_string_equal(afb_store_text(buffer, sizeof buffer, "ab\xe2\x82\x8b"), "ab\xe2\x82\x8b");
  assert_string_equal(afb_store_text(buffer, sizeof buffer, NULL), "");
}

static afb_store_usage sample_usage(int i)
{
  afb_store_usage usage = {.rank = i, .node = i / 2, .wall = 10, .startup = 1, .run = 5.5, .failed = 2, .training = 1, .storing = 0.5, .idle = 1,
                           .drain = 1, .cpu = 9, .useful = 6.5, .energy_joule = i % 2 ? NAN : 100.5};
  snprintf(usage.energy_source, sizeof usage.energy_source, "%s", i % 2 ? "" : "powercap package-0");
  return usage;
}

static afb_status add_usage(afb_store *store)
{
  afb_store_usage row[3] = {sample_usage(0), sample_usage(1), sample_usage(2)};
  AFB_TRY(afb_store_add_usage(store, 3, row));
  return afb_store_commit(store);
}

/* Of sessions that stored something, and the last of these only when it added its own. */
static void usage_returns(void **state)
{
  (void)state;
  afb_store *store;
  int64_t n;
  afb_store_usage *row;
  afb_usage_sum sum;
  begin();
  for (int session = 0; session < 3; session++) {
    check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
    check_ok(rank == 0 && session != 1 ? add(store, 20 * (session / 2), 20 + 20 * (session / 2)) : AFB_OK);
    check_ok(rank == 0 ? add_usage(store) : AFB_OK);
    check_ok(afb_store_close(&store));
  }
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(afb_usage_of_store(store, &n, &row));
  check_true(n == 6 && afb_store_count(store, AFB_TABLE_SESSIONS) == 2);
  check_true(n == 6 && row[2].session == 0 && row[5].session == 1 && row[4].rank == 1 && row[5].node == 1 && row[4].failed == 2);
  check_true(n == 6 && isnan(row[4].energy_joule) && row[4].energy_source[0] == 0 && strcmp(row[5].energy_source, "powercap package-0") == 0);
  afb_usage_sum_up(n, row, 1, &sum);
  check_true(sum.ranks == 3 && sum.nodes == 2 && sum.sum.run == 16.5 && sum.energy_joule == 201);
  afb_usage_sum_up(n, row, 2, &sum);
  check_true(sum.ranks == 0);
  free(row);
  check_ok(afb_store_close(&store));
  check_true(rank != 0 || remove(path) == 0);
}

/* By hand: ranks that compute for 8, 6, 4 and 2 s of 10 s. */
static void efficiencies_by_hand(void **state)
{
  (void)state;
  afb_usage_sum sum;
  afb_store_usage row[4] = {{0}};
  for (int i = 0; i < 4; i++)
    row[i] = (afb_store_usage){.rank = i, .wall = 10, .run = 7 - i, .useful = 8 - 2 * i, .energy_joule = NAN};
  afb_usage_sum_up(4, row, 0, &sum);
  check_close(sum.load_balance, 5.0 / 8.0, 1e-15);
  check_close(sum.communication, 0.8, 1e-15);
  check_close(sum.parallel, 0.5, 1e-15);
  check_close(sum.allocation, 22.0 / 40.0, 1e-15);
  check_true(isnan(sum.energy_joule) && sum.energy_source[0] == 0 && sum.nodes == 1);
  /* One node of two has no counter: what the other says is not the energy of the job. */
  row[0].energy_joule = 5;
  snprintf(row[0].energy_source, sizeof row[0].energy_source, "pm_counters node");
  row[3].node = 1;
  afb_usage_sum_up(4, row, 0, &sum);
  check_true(isnan(sum.energy_joule) && sum.nodes == 2);
}

/* Makes the file one of schema version 1, whose levels have no labels, its runs no estimates, its iterations no outcome, and which has no usage. Rank 0. */
static int make_older(void)
{
  static const char *const later[] = {"levels/label", "levels/label_weight", "levels/second_label", "levels/second_weight",
                                      "runs/estimated_cost", "runs/predicted_bytes", "runs/peak_bytes", "traces/outcome", "runs/first_rank", "usage"};
  const int32_t version = 1;
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "schema_version", H5P_DEFAULT);
  int good = H5Awrite(attribute, H5T_NATIVE_INT32, &version) >= 0;
  H5Aclose(attribute);
  for (size_t i = 0; i < sizeof later / sizeof *later; i++)
    good = H5Ldelete(file, later[i], H5P_DEFAULT) >= 0 && good;
  return H5Fclose(file) >= 0 && good;
}

/* Levels without labels: those of the first n runs. */
static afb_status count_unlabelled(afb_store *store, int64_t *n, int64_t *all)
{
  *n = 0;
  *all = afb_store_count(store, AFB_TABLE_LEVELS);
  for (int64_t i = 0; i < *all; i++) {
    afb_store_level level;
    AFB_TRY(afb_store_read(store, AFB_TABLE_LEVELS, i, 1, sizeof level, &level));
    *n += level.label[0] == 0 && isnan(level.label_weight) && level.second_label[0] == 0 && isnan(level.second_weight) &&
          level.energy < 1 && level.leading[0] != 0;
  }
  return AFB_OK;
}

static int has_estimate(afb_store *store, int64_t run)
{
  afb_store_run row;
  return afb_store_read(store, AFB_TABLE_RUNS, run, 1, sizeof row, &row) == AFB_OK && isfinite(row.estimated_cost) && isfinite(row.predicted_cost) &&
         row.first_rank >= 0;
}

static int first_rank(afb_store *store, int64_t run)
{
  afb_store_run row;
  return afb_store_read(store, AFB_TABLE_RUNS, run, 1, sizeof row, &row) == AFB_OK ? row.first_rank : -2;
}

static void files_of_an_older_schema_are_read_and_continued(void **state)
{
  (void)state;
  afb_store *store;
  int64_t n, all, before;
  begin();
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_CREATE, &sample_writer, &store));
  check_ok(rank == 0 ? add(store, 0, 40) : AFB_OK);
  check_ok(afb_store_close(&store));
  check_true(rank != 0 || make_older());
  MPI_Barrier(MPI_COMM_WORLD);
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(count_unlabelled(store, &before, &all));
  check_true(before == all && all > 20 && afb_store_count(store, AFB_TABLE_USAGE) == 0);
  check_ok(afb_store_close(&store));
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
  check_ok(rank == 0 ? add(store, 40, 60) : AFB_OK);
  check_ok(rank == 0 ? add_usage(store) : AFB_OK);
  check_ok(afb_store_close(&store));
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(count_unlabelled(store, &n, &all));
  check_true(n == before && all > n);
  check_true(!has_estimate(store, 39) && has_estimate(store, 41));
  check_true(first_rank(store, 39) == -1 && first_rank(store, 41) == 1 && afb_store_count(store, AFB_TABLE_USAGE) == 3);
  check_ok(afb_store_close(&store));
  check_true(rank != 0 || remove(path) == 0);
}

/* Rank 0: rows of a chunk of a column, and that it says what `legend` says. */
static int is_chunked(const char *column, hsize_t rows, const char *legend)
{
  char text[64] = "";
  hsize_t chunk[2] = {0, 0};
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, column, H5P_DEFAULT), list = H5Dget_create_plist(dataset);
  int right = H5Pget_chunk(list, 2, chunk) == 1 && chunk[0] == rows && afb_hdf_get_text(dataset, "unit", text, sizeof text) >= 0;
  if (legend)
    right = right && afb_hdf_get_text(dataset, "legend", text, sizeof text) >= 0 && strcmp(text, legend) == 0;
  H5Pclose(list);
  H5Dclose(dataset);
  H5Fclose(file);
  return right;
}

static void tables_that_begin_with_many_rows_have_large_chunks(void **state)
{
  (void)state;
  enum { RUNS = 6000, MORE = 40 };
  afb_store *store;
  begin();
  for (int session = 0; session < 2; session++) {
    check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
    check_ok(rank == 0 ? add(store, session ? RUNS : 0, session ? RUNS + MORE : RUNS) : AFB_OK);
    check_ok(afb_store_close(&store));
    check_true(rank != 0 || (is_chunked("traces/energy", 2048, NULL) && is_chunked("traces/rung", 2048, sample_writer.legend.rung)));
    check_true(rank != 0 || (is_chunked("runs/reason", 256, NULL) && is_chunked("runs/energy", 512, NULL)));
    check_true(rank != 0 || is_chunked("runs/rung", 1024, sample_writer.legend.rung));
    MPI_Barrier(MPI_COMM_WORLD);
  }
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_ok(check_all(store, RUNS + MORE));
  check_ok(afb_store_close(&store));
  check_true(rank != 0 || remove(path) == 0);
}

static void nothing_is_left(void **state)
{
  (void)state;
  begin();
  check_true(!sample_exists(path, "") && !sample_exists(path, ".journal") && !sample_exists(path, ".tmp"));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(rows_return_from_file_and_journal),
  cmocka_unit_test(other_numbers_of_ranks_continue),
  cmocka_unit_test(a_reader_follows_a_writer),
  cmocka_unit_test(models_and_rounds_return),
  cmocka_unit_test(a_session_without_results_changes_nothing),
  cmocka_unit_test(usage_returns),
  cmocka_unit_test(efficiencies_by_hand),
  cmocka_unit_test(texts_are_cut_between_characters),
  cmocka_unit_test(files_of_an_older_schema_are_read_and_continued),
  cmocka_unit_test(tables_that_begin_with_many_rows_have_large_chunks),
  cmocka_unit_test(nothing_is_left),
};
CHECK_MAIN(tests)
