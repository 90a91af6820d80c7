#include "store/usage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/energy.h"
#include "store/tables.h"

static double useful(const afb_account *a)
{
  static const afb_spent kind[] = {AFB_SPENT_RUN, AFB_SPENT_TRAINING, AFB_SPENT_VALIDATION};
  double sum = 0.0;
  for (size_t k = 0; k < sizeof kind / sizeof *kind; k++)
    sum += a->spent[kind[k]] - a->waiting[kind[k]];
  return sum;
}

/* Collective. Number of this rank's host: hosts in the order of their lowest ranks. */
static int number_node(MPI_Comm comm)
{
  MPI_Comm node;
  int rank, within, number = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &within);
  int leads = within == 0;
  MPI_Scan(&leads, &number, 1, MPI_INT, MPI_SUM, comm);
  number--;
  MPI_Bcast(&number, 1, MPI_INT, 0, node);
  MPI_Comm_free(&node);
  return number;
}

afb_status afb_usage_gather(MPI_Comm comm, double failed, int *n, afb_store_usage **rows)
{
  int rank, size;
  afb_account a;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  *n = 0;
  *rows = rank == 0 ? malloc((size_t)size * sizeof **rows) : NULL;
  afb_status status = afb_agree(comm, rank != 0 || *rows ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the usage of %d ranks", size));
  if (status != AFB_OK) {
    free(*rows);
    *rows = NULL;
    return status;
  }
  afb_store_usage row;
  memset(&row, 0, sizeof row);
  row.rank = rank;
  row.node = number_node(comm);
  row.energy_joule = afb_energy_read(row.energy_source);
  afb_account_read(&a);
  row.wall = a.wall;
  row.cpu = a.cpu;
  row.startup = a.spent[AFB_SPENT_STARTUP];
  row.run = a.spent[AFB_SPENT_RUN];
  row.failed = failed;
  row.training = a.spent[AFB_SPENT_TRAINING];
  row.validation = a.spent[AFB_SPENT_VALIDATION];
  row.storing = a.spent[AFB_SPENT_STORING];
  row.service = a.spent[AFB_SPENT_SERVICE];
  row.idle = a.spent[AFB_SPENT_IDLE];
  row.drain = a.spent[AFB_SPENT_DRAIN];
  row.useful = useful(&a);
  MPI_Gather(&row, (int)sizeof row, MPI_BYTE, *rows, (int)sizeof row, MPI_BYTE, 0, comm);
  *n = rank == 0 ? size : 0;
  return AFB_OK;
}

afb_status afb_usage_of_store(afb_store *store, int64_t *n, afb_store_usage **rows)
{
  *n = afb_store_count(store, AFB_TABLE_USAGE);
  *rows = malloc((size_t)*n * sizeof **rows + 1);
  if (!*rows)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of usage", (long long)*n);
  return afb_store_read(store, AFB_TABLE_USAGE, 0, *n, sizeof **rows, *rows);
}

static size_t column_width(const afb_column *column)
{
  return (size_t)(column->type == AFB_STRING ? column->length : column->type == AFB_I32 ? 4 : 8);
}

static afb_status read_column(afb_arrays *arrays, const afb_column *column, int64_t n, char *buffer, afb_store_usage *rows)
{
  char name[64];
  afb_array found;
  snprintf(name, sizeof name, "usage/%s", column->name);
  size_t width = column_width(column);
  if (afb_arrays_find(arrays, name, &found) != AFB_OK || found.type != column->type || found.rank != 1 || found.dim[0] != n ||
      (column->type == AFB_STRING && found.length != column->length))
    return AFB_FAIL(AFB_E_FOREIGN, "the file has no %s as it should: it is damaged", name);
  AFB_TRY(afb_arrays_read(arrays, name, 0, n, buffer));
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)&rows[i] + column->offset, buffer + (size_t)i * width, width);
  for (int64_t i = 0; i < n && column->type == AFB_STRING; i++)
    ((char *)&rows[i])[column->offset + width - 1] = '\0';
  return AFB_OK;
}

afb_status afb_usage_of_arrays(afb_arrays *arrays, int64_t *n, afb_store_usage **rows)
{
  const afb_table_schema *schema = afb_store_schema(AFB_TABLE_USAGE);
  afb_array wall;
  *n = 0;
  if (afb_arrays_find(arrays, "usage/wall", &wall) == AFB_OK)
    *n = wall.dim[0];
  *rows = calloc((size_t)*n + 1, sizeof **rows);
  char *buffer = malloc((size_t)*n * AFB_STORE_NAME + 1);
  afb_status status = *rows && buffer ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of usage", (long long)*n);
  for (int c = 0; c < schema->n_columns && *n > 0 && status == AFB_OK; c++)
    status = read_column(arrays, &schema->column[c], *n, buffer, *rows);
  free(buffer);
  return status;
}

static afb_status write_column(MPI_Comm comm, afb_arrays *arrays, const afb_column *column, int n, const afb_store_usage *rows, char *buffer)
{
  char name[64];
  snprintf(name, sizeof name, "usage/%s", column->name);
  size_t width = column_width(column);
  for (int i = 0; i < n && rows; i++)
    memcpy(buffer + (size_t)i * width, (const char *)&rows[i] + column->offset, width);
  const afb_array array = {name, column->type, column->length, 1, {0}, column->unit, column->description};
  return afb_tables_small(comm, arrays, array, n, buffer);
}

afb_status afb_usage_write(MPI_Comm comm, afb_arrays *arrays)
{
  const afb_table_schema *schema = afb_store_schema(AFB_TABLE_USAGE);
  int n, size;
  afb_store_usage *rows;
  MPI_Comm_size(comm, &size);
  AFB_TRY(afb_usage_gather(comm, 0.0, &n, &rows));
  char *buffer = malloc((size_t)size * AFB_STORE_NAME);
  afb_status status = afb_agree(comm, buffer ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the usage of %d ranks", size));
  for (int c = 0; c < schema->n_columns && status == AFB_OK; c++)
    status = write_column(comm, arrays, &schema->column[c], size, rows, buffer);
  free(buffer);
  free(rows);
  return status;
}

void afb_usage_add(afb_store_usage *sum, const afb_store_usage *row)
{
  sum->wall += row->wall;
  sum->startup += row->startup;
  sum->run += row->run;
  sum->failed += row->failed;
  sum->training += row->training;
  sum->validation += row->validation;
  sum->storing += row->storing;
  sum->service += row->service;
  sum->idle += row->idle;
  sum->drain += row->drain;
  sum->cpu += row->cpu;
  sum->useful += row->useful;
}

void afb_usage_sum_up(int64_t n, const afb_store_usage *rows, int32_t session, afb_usage_sum *out)
{
  double most = 0.0;
  int sources = 0;
  memset(out, 0, sizeof *out);
  for (int64_t i = 0; i < n; i++) {
    const afb_store_usage *row = &rows[i];
    if (row->session != session)
      continue;
    out->ranks++;
    out->nodes = row->node + 1 > out->nodes ? row->node + 1 : out->nodes;
    out->wall = fmax(out->wall, row->wall);
    most = fmax(most, row->useful);
    afb_usage_add(&out->sum, row);
    if (row->energy_source[0] == '\0' || !isfinite(row->energy_joule))
      continue;
    sources++;
    out->energy_joule += row->energy_joule;
    memcpy(out->energy_source, row->energy_source, sizeof out->energy_source);
  }
  out->load_balance = most > 0.0 ? out->sum.useful / out->ranks / most : NAN;
  out->communication = out->wall > 0.0 ? most / out->wall : NAN;
  out->parallel = out->load_balance * out->communication;
  out->allocation = out->ranks > 0 && out->wall > 0.0 ? out->sum.run / (out->ranks * out->wall) : NAN;
  if (sources == 0 || sources != out->nodes) {
    out->energy_joule = NAN;
    out->energy_source[0] = '\0';
  }
}
