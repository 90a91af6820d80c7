/* Batches: rows are collected column by column, and committed as one record of the journal. */
#include "config.h"
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

afb_status afb_store_batch_reserve(afb_store *store, afb_table table, int64_t n)
{
  const afb_table_schema *schema = afb_store_schema(table);
  afb_store_batch *batch = &store->batch[table];
  if (batch->n + n <= batch->capacity)
    return AFB_OK;
  int64_t capacity = 2 * batch->capacity > batch->n + n ? 2 * batch->capacity : batch->n + n;
  for (int c = 0; c < schema->n_columns; c++) {
    char *larger = realloc(batch->column[c], (size_t)capacity * afb_column_width(&schema->column[c]));
    if (!larger)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of %s", (long long)capacity, schema->name);
    batch->column[c] = larger;
  }
  batch->capacity = capacity;
  return AFB_OK;
}

int64_t afb_store_batch_push(afb_store *store, afb_table table, int64_t n, const void *rows)
{
  const afb_table_schema *schema = afb_store_schema(table);
  afb_store_batch *batch = &store->batch[table];
  for (int c = 0; c < schema->n_columns && n > 0; c++) {
    size_t width = afb_column_width(&schema->column[c]);
    char *to = batch->column[c] + (size_t)batch->n * width;
    const char *from = (const char *)rows + schema->column[c].offset;
    if (schema->row_size == width)
      memcpy(to, from, (size_t)n * width);
    else
      for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * width, from + (size_t)i * schema->row_size, width);
  }
  int64_t first = store->count[table] + batch->n;
  batch->n += n;
  return first;
}

void afb_store_batch_clear(afb_store *store)
{
  for (int t = 0; t < AFB_N_TABLES; t++) {
    for (int c = 0; c < AFB_MAX_COLUMNS; c++)
      free(store->batch[t].column[c]);
    memset(&store->batch[t], 0, sizeof store->batch[t]);
  }
}

char *afb_store_text(char *buffer, size_t size, const char *text)
{
  size_t n = text ? strlen(text) : 0;
  if (n >= size) {
    n = size - 1;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
      n--;
  }
  if (n > 0)
    memcpy(buffer, text, n);
  memset(buffer + n, 0, size - n);
  return buffer;
}

static afb_status check_writer(const afb_store *store)
{
  if (store && store->writes)
    return AFB_OK;
  return AFB_FAIL(AFB_E_INTERNAL, "only rank 0 of a store that is open for writing adds rows");
}

void afb_hdf_session(int ranks, const afb_store_writer *writer, afb_store_session *row)
{
  char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "", hdf5[AFB_STORE_NAME], host[256] = "";
  int length;
  unsigned major = 0, minor = 0, release = 0;
  time_t now = time(NULL);
  struct tm utc;
  memset(row, 0, sizeof *row);
  if (gmtime_r(&now, &utc))
    strftime(row->started, sizeof row->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
  MPI_Get_library_version(mpi, &length);
  H5get_libversion(&major, &minor, &release);
  snprintf(hdf5, sizeof hdf5, "%u.%u.%u", major, minor, release);
  gethostname(host, sizeof host - 1);
  afb_store_text(row->version, sizeof row->version, PACKAGE_VERSION);
  afb_store_text(row->revision, sizeof row->revision, writer->revision);
  afb_store_text(row->compiler, sizeof row->compiler, AFB_COMPILER);
  afb_store_text(row->mpi, sizeof row->mpi, mpi);
  afb_store_text(row->hdf5, sizeof row->hdf5, hdf5);
  afb_store_text(row->libraries, sizeof row->libraries, writer->libraries);
  afb_store_text(row->host, sizeof row->host, host);
  row->ranks = ranks;
}

afb_status afb_session_add(afb_store *store, const afb_store_writer *writer)
{
  afb_store_session row;
  afb_hdf_session(store->size, writer, &row);
  row.input_count = (int64_t)strlen(writer->input);
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_TEXT, row.input_count));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_SESSIONS, 1));
  row.input_first = afb_store_batch_push(store, AFB_TABLE_TEXT, row.input_count, writer->input);
  store->session = (int32_t)afb_store_batch_push(store, AFB_TABLE_SESSIONS, 1, &row);
  return AFB_OK;
}

/* A session that stores nothing of its own leaves no trace. */
static int has_results(const afb_store *store)
{
  for (int t = 0; t < AFB_N_TABLES; t++)
    if (store->batch[t].n > 0 && t != AFB_TABLE_SESSIONS && t != AFB_TABLE_TEXT)
      return 1;
  return 0;
}

static const afb_store_run_data no_data;

afb_status afb_store_add_run(afb_store *store, const afb_store_run *run, const afb_store_run_data *data, int64_t *id)
{
  AFB_TRY(check_writer(store));
  const afb_store_run_data *d = data ? data : &no_data;
  const int64_t n_coefficients = (int64_t)d->n_orbitals * (d->n_p + d->n_q);
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_RUNS, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_LEVELS, d->n_levels));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_TRACES, d->n_traces));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_ORBITALS, d->n_orbitals));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_BREAKPOINTS, d->n_breakpoints));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_COEFFICIENTS, n_coefficients));
  AFB_TRY(afb_index_reserve_run(store));
  afb_store_run row = *run;
  row.session = store->session;
  row.n_levels = d->n_levels;
  row.n_traces = d->n_traces;
  row.n_orbitals = d->n_orbitals;
  row.n_breakpoints = d->n_breakpoints;
  row.n_p = d->n_p;
  row.n_q = d->n_q;
  int64_t number = store->count[AFB_TABLE_RUNS] + store->batch[AFB_TABLE_RUNS].n;
  row.first_level = store->count[AFB_TABLE_LEVELS] + store->batch[AFB_TABLE_LEVELS].n;
  for (int i = 0; i < d->n_levels; i++) {
    afb_store_level level = d->levels[i];
    level.run = number;
    afb_store_batch_push(store, AFB_TABLE_LEVELS, 1, &level);
  }
  row.first_trace = store->count[AFB_TABLE_TRACES] + store->batch[AFB_TABLE_TRACES].n;
  for (int i = 0; i < d->n_traces; i++) {
    afb_store_trace trace = d->traces[i];
    trace.run = number;
    afb_store_batch_push(store, AFB_TABLE_TRACES, 1, &trace);
  }
  row.first_orbital = store->count[AFB_TABLE_ORBITALS] + store->batch[AFB_TABLE_ORBITALS].n;
  for (int i = 0; i < d->n_orbitals; i++) {
    afb_store_orbital orbital = d->orbitals[i];
    orbital.run = number;
    afb_store_batch_push(store, AFB_TABLE_ORBITALS, 1, &orbital);
  }
  row.first_breakpoint = afb_store_batch_push(store, AFB_TABLE_BREAKPOINTS, d->n_breakpoints, d->breakpoints);
  row.first_coefficient = afb_store_batch_push(store, AFB_TABLE_COEFFICIENTS, n_coefficients, d->coefficients);
  afb_store_batch_push(store, AFB_TABLE_RUNS, 1, &row);
  afb_index_note_run(store, row.content_hash, number);
  if (id)
    *id = number;
  return AFB_OK;
}

afb_status afb_store_add_model(afb_store *store, const afb_store_model *model, const afb_store_model_data *data,
                               int64_t *id)
{
  AFB_TRY(check_writer(store));
  const char *spec = data->spec ? data->spec : "";
  afb_store_model row = *model;
  row.session = store->session;
  row.n_parameters = data->n_parameters;
  row.n_optimiser = data->n_optimiser;
  row.n_metrics = data->n_metrics;
  row.spec_count = (int64_t)strlen(spec);
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_MODELS, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_PARAMETERS, row.n_parameters));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_OPTIMISER, row.n_optimiser));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_METRICS, row.n_metrics));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_TEXT, row.spec_count));
  row.first_parameter = afb_store_batch_push(store, AFB_TABLE_PARAMETERS, row.n_parameters, data->parameters);
  row.first_optimiser = afb_store_batch_push(store, AFB_TABLE_OPTIMISER, row.n_optimiser, data->optimiser);
  row.first_metric = afb_store_batch_push(store, AFB_TABLE_METRICS, row.n_metrics, data->metrics);
  row.spec_first = afb_store_batch_push(store, AFB_TABLE_TEXT, row.spec_count, spec);
  int64_t number = afb_store_batch_push(store, AFB_TABLE_MODELS, 1, &row);
  if (id)
    *id = number;
  return AFB_OK;
}

afb_status afb_store_add_round(afb_store *store, const afb_store_round *round, int64_t n_metrics,
                               const afb_store_metric *metrics, int64_t n_losses, const afb_store_loss *losses,
                               int64_t *id)
{
  AFB_TRY(check_writer(store));
  afb_store_round row = *round;
  row.session = store->session;
  row.n_metrics = n_metrics;
  row.n_losses = n_losses;
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_ROUNDS, 1));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_METRICS, n_metrics));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_LOSSES, n_losses));
  row.first_metric = afb_store_batch_push(store, AFB_TABLE_METRICS, n_metrics, metrics);
  row.first_loss = afb_store_batch_push(store, AFB_TABLE_LOSSES, n_losses, losses);
  int64_t number = afb_store_batch_push(store, AFB_TABLE_ROUNDS, 1, &row);
  if (id)
    *id = number;
  return AFB_OK;
}

afb_status afb_store_add_predictions(afb_store *store, int64_t n, const afb_store_prediction *predictions)
{
  AFB_TRY(check_writer(store));
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_PREDICTIONS, n));
  afb_store_batch_push(store, AFB_TABLE_PREDICTIONS, n, predictions);
  return AFB_OK;
}

afb_status afb_store_add_usage(afb_store *store, int64_t n, const afb_store_usage *usage)
{
  AFB_TRY(check_writer(store));
  if (!has_results(store) && store->count[AFB_TABLE_SESSIONS] <= store->session)
    return AFB_OK;
  AFB_TRY(afb_store_batch_reserve(store, AFB_TABLE_USAGE, n));
  for (int64_t i = 0; i < n; i++) {
    afb_store_usage row = usage[i];
    row.session = store->session;
    afb_store_batch_push(store, AFB_TABLE_USAGE, 1, &row);
  }
  return AFB_OK;
}

static size_t pack(const afb_store *store, char *data)
{
  size_t at = AFB_RECORD_HEADER;
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *schema = afb_store_schema((afb_table)t);
    const afb_store_batch *batch = &store->batch[t];
    if (batch->n == 0)
      continue;
    const uint32_t number[2] = {(uint32_t)t, 0};
    const int64_t rows[2] = {store->count[t], batch->n};
    if (data) {
      memcpy(data + at, number, sizeof number);
      memcpy(data + at + sizeof number, rows, sizeof rows);
    }
    at += AFB_PIECE_HEADER;
    for (int c = 0; c < schema->n_columns; c++) {
      size_t size = (size_t)batch->n * afb_column_width(&schema->column[c]);
      if (data)
        memcpy(data + at, batch->column[c], size);
      at += size;
    }
  }
  return at;
}

afb_status afb_store_commit(afb_store *store)
{
  AFB_TRY(check_writer(store));
  if (!has_results(store))
    return AFB_OK;
  size_t size = pack(store, NULL);
  char *data = malloc(size);
  if (!data)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a batch of %zu bytes", size);
  pack(store, data);
  /* Noted first and taken back on failure: noting may need memory, and must not fail once the record is durable. */
  afb_journal *journal = &store->journal;
  int64_t offset = journal->tail, count[AFB_N_TABLES];
  memcpy(count, store->count, sizeof count);
  int n_records = journal->n_records, n_pieces[AFB_N_TABLES];
  memcpy(n_pieces, journal->n_pieces, sizeof n_pieces);
  afb_status status = afb_journal_note(journal, offset, data, size, count);
  if (status == AFB_OK)
    status = afb_journal_append(journal, data, size);
  free(data);
  if (status != AFB_OK) {
    journal->n_records = n_records;
    memcpy(journal->n_pieces, n_pieces, sizeof n_pieces);
    return afb_trail_at(status, __func__, __FILE__, __LINE__);
  }
  memcpy(store->count, count, sizeof count);
  for (int t = 0; t < AFB_N_TABLES; t++)
    store->batch[t].n = 0;
  return AFB_OK;
}

int afb_store_fold_due(const afb_store *store)
{
  if (!store->writes || store->journal.n_records == 0)
    return 0;
  int64_t waiting = store->journal.tail - AFB_JOURNAL_HEADER;
  return waiting > (INT64_C(32) << 20) && waiting > store->file_size / 2;
}

double afb_store_time(const afb_store *store) { return afb_wall_seconds() - store->zero; }
