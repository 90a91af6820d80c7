/* Reading: rows that FILE.h5 holds, and behind them those that are in the journal. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "store/file.h"

afb_status afb_store_ensure_file(afb_store *store)
{
  if (store->file >= 0)
    return AFB_OK;
  afb_hdf_facts facts;
  return afb_hdf_open(store->path, &store->file, &facts);
}

void afb_store_release_file(afb_store *store)
{
  if (store->file >= 0)
    H5Fclose(store->file);
  store->file = H5I_INVALID_HID;
  memset(store->column, 0, sizeof store->column);
}

int64_t afb_store_count(const afb_store *store, afb_table table) { return store->count[table]; }

/* The piece with row `row`. */
static const afb_piece *find_piece(const afb_journal *journal, afb_table table, int64_t row)
{
  int low = 0, high = journal->n_pieces[table] - 1;
  const afb_piece *piece = journal->piece[table];
  while (low <= high) {
    int middle = low + (high - low) / 2;
    if (row < piece[middle].first)
      high = middle - 1;
    else if (row >= piece[middle].first + piece[middle].n)
      low = middle + 1;
    else
      return &piece[middle];
  }
  return NULL;
}

static afb_status read_waiting(const afb_store *store, afb_table table, int c, int64_t first, int64_t n, char *data)
{
  const afb_table_schema *schema = afb_store_schema(table);
  size_t width = afb_column_width(&schema->column[c]), before = 0;
  for (int k = 0; k < c; k++)
    before += afb_column_width(&schema->column[k]);
  while (n > 0) {
    const afb_piece *piece = find_piece(&store->journal, table, first);
    if (!piece)
      return AFB_FAIL(AFB_E_INTERNAL, "row %lld of %s is in no piece of the journal", (long long)first, schema->name);
    int64_t from = first - piece->first, m = piece->n - from < n ? piece->n - from : n;
    int64_t offset = piece->offset + piece->n * (int64_t)before + from * (int64_t)width;
    AFB_TRY(afb_file_read(store->journal.fd, store->journal.path, offset, data, (size_t)m * width));
    data += (size_t)m * width;
    first += m;
    n -= m;
  }
  return AFB_OK;
}

static afb_status read_column(afb_store *store, afb_table table, int c, int64_t first, int64_t n, char *data)
{
  const afb_table_schema *schema = afb_store_schema(table);
  const afb_column *column = &schema->column[c];
  int64_t m = store->folded[table] - first;
  m = m < 0 ? 0 : m > n ? n : m;
  if (m > 0) {
    AFB_TRY(afb_store_ensure_file(store));
    hid_t *dataset = &store->column[table][c];
    if (*dataset <= 0)
      AFB_TRY(afb_hdf_open_column(store->file, schema, column, dataset));
    if (*dataset == 0)
      afb_hdf_absent(column, m, data);
    else
      AFB_TRY(afb_hdf_read_column(*dataset, schema, column, first, m, data));
  }
  return read_waiting(store, table, c, first + m, n - m, data + (size_t)m * afb_column_width(column));
}

static afb_status read_rows(afb_store *store, afb_table table, int64_t first, int64_t n, char *rows, char *buffer)
{
  const afb_table_schema *schema = afb_store_schema(table);
  memset(rows, 0, (size_t)n * schema->row_size);
  for (int c = 0; c < schema->n_columns; c++) {
    size_t width = afb_column_width(&schema->column[c]);
    char *to = rows + schema->column[c].offset;
    AFB_TRY(read_column(store, table, c, first, n, buffer));
    for (int64_t i = 0; i < n; i++)
      memcpy(to + (size_t)i * schema->row_size, buffer + (size_t)i * width, width);
    /* The writer ends every string with a NUL; a file of another hand may not. */
    for (int64_t i = 0; i < n && schema->column[c].type == AFB_STRING; i++)
      to[(size_t)i * schema->row_size + width - 1] = '\0';
  }
  return AFB_OK;
}

afb_status afb_store_read(afb_store *store, afb_table table, int64_t first, int64_t n, size_t row_size, void *rows)
{
  const afb_table_schema *schema = afb_store_schema(table);
  if (row_size != schema->row_size)
    return AFB_FAIL(AFB_E_INTERNAL, "rows of %s have %zu bytes, not %zu", schema->name, schema->row_size, row_size);
  if (first < 0 || n < 0 || first > store->count[table] - n)
    return AFB_FAIL(AFB_E_LIMIT, "rows %lld to %lld of %s in %s: it has %lld", (long long)first, (long long)(first + n - 1),
                    schema->name, store->path, (long long)store->count[table]);
  if (n == 0)
    return AFB_OK;
  if (schema->n_columns == 1 && schema->column[0].type != AFB_STRING)
    return read_column(store, table, 0, first, n, rows);
  size_t widest = 0;
  for (int c = 0; c < schema->n_columns; c++) {
    size_t width = afb_column_width(&schema->column[c]);
    widest = width > widest ? width : widest;
  }
  char *buffer = malloc((size_t)n * widest);
  if (!buffer)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of %s", (long long)n, schema->name);
  afb_status status = read_rows(store, table, first, n, rows, buffer);
  free(buffer);
  return status;
}

static afb_status read_radial(afb_store *store, const afb_store_run *run, afb_store_orbitals *out)
{
  int64_t n_coefficients = (int64_t)run->n_orbitals * (run->n_p + run->n_q);
  out->orbitals = malloc((size_t)run->n_orbitals * sizeof *out->orbitals);
  out->breakpoints = malloc((size_t)(run->n_breakpoints + 1) * sizeof(double));
  out->coefficients = malloc((size_t)(n_coefficients + 1) * sizeof(double));
  if (!out->orbitals || !out->breakpoints || !out->coefficients)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the %d orbitals of a run", (int)run->n_orbitals);
  AFB_TRY(afb_store_read(store, AFB_TABLE_ORBITALS, run->first_orbital, run->n_orbitals, sizeof *out->orbitals,
                         out->orbitals));
  AFB_TRY(afb_store_read(store, AFB_TABLE_BREAKPOINTS, run->first_breakpoint, run->n_breakpoints, sizeof(double),
                         out->breakpoints));
  return afb_store_read(store, AFB_TABLE_COEFFICIENTS, run->first_coefficient, n_coefficients, sizeof(double),
                        out->coefficients);
}

afb_status afb_store_read_orbitals(afb_store *store, int64_t run, afb_store_orbitals *out)
{
  afb_store_run row;
  memset(out, 0, sizeof *out);
  AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, run, 1, sizeof row, &row));
  if (row.n_orbitals < 0 || row.n_breakpoints < 0 || row.n_p < 0 || row.n_q < 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: row %lld of runs", store->path, (long long)run);
  if (row.n_orbitals == 0)
    return AFB_OK;
  afb_status status = read_radial(store, &row, out);
  if (status != AFB_OK) {
    afb_store_orbitals_clear(out);
    return status;
  }
  out->n_orbitals = row.n_orbitals;
  out->n_breakpoints = row.n_breakpoints;
  out->n_p = row.n_p;
  out->n_q = row.n_q;
  return AFB_OK;
}

void afb_store_orbitals_clear(afb_store_orbitals *orbitals)
{
  free(orbitals->orbitals);
  free(orbitals->breakpoints);
  free(orbitals->coefficients);
  memset(orbitals, 0, sizeof *orbitals);
}

afb_status afb_store_read_text(afb_store *store, int64_t first, int64_t count, char **text)
{
  if (count < 0)
    return AFB_FAIL(AFB_E_LIMIT, "a text of %lld bytes", (long long)count);
  *text = calloc((size_t)count + 1, 1);
  if (!*text)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a text of %lld bytes", (long long)count);
  afb_status status = afb_store_read(store, AFB_TABLE_TEXT, first, count, 1, *text);
  if (status != AFB_OK) {
    free(*text);
    *text = NULL;
  }
  return status;
}
