#include "training/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { STREAM_PART = 9400, STREAM_BLOCKS = 9500, BLOCK_BYTES = 1 << 18, MOST_BLOCKS = 1 << 16, BCAST = 1 << 27 };

/* ---- Rows ---- */

static int is_usable(const afb_dataset *d, const double *row)
{
  const afb_data_table *t = d->table;
  int known = 0;
  for (int j = 0; j < t->n_in; j++)
    if (!isfinite(row[j]))
      return 0;
  for (int k = 0; k < t->n_out; k++)
    known += isfinite(row[t->n_in + k]) != 0;
  if (t->names.mask && !(fabs(row[t->width - 1]) > 0))
    return 0;
  return d->options.loss == AFB_LOSS_LIKELIHOOD ? known == t->n_out : known > 0;
}

static afb_part part_of(const afb_dataset *d, int64_t number, const double *row)
{
  uint64_t key = (uint64_t)number;
  const afb_data_table *t = d->table;
  if (!is_usable(d, row))
    return AFB_PART_NONE;
  if (t->names.group)
    memcpy(&key, &row[t->n_in + t->n_out], sizeof key);
  double u = afb_random_uniform(d->options.seed, STREAM_PART, key);
  if (u < d->fraction[AFB_PART_TEST])
    return AFB_PART_TEST;
  return u < d->fraction[AFB_PART_TEST] + d->fraction[AFB_PART_JUDGE] ? AFB_PART_JUDGE : AFB_PART_FIT;
}

static int64_t block_rows(const afb_dataset *d, int64_t b)
{
  return b + 1 < d->n_blocks ? d->block : d->table->n - b * d->block;
}

static afb_status read_block(afb_dataset *d, int64_t b)
{
  return afb_data_table_read(d->table, b * d->block, block_rows(d, b), d->buffer);
}

/* Input and target, which is scaled unless it is a class; what is not finite becomes NaN, unknown. */
static void take(const afb_dataset *d, const double *row, double *input, double *target)
{
  const afb_data_table *t = d->table;
  const double *y = row + t->n_in, *mean = d->mean + t->n_in, *deviation = d->deviation + t->n_in;
  memcpy(input, row, (size_t)t->n_in * sizeof *input);
  for (int k = 0; k < t->n_out; k++)
    target[k] = !isfinite(y[k]) ? NAN : d->options.loss == AFB_LOSS_CROSS_ENTROPY ? y[k] : (y[k] - mean[k]) / deviation[k];
}

/* ---- Survey ---- */

/* Count, mean and sum of squared differences from it, of each column. */
typedef struct {
  double *n, *mean, *square;
} moments;

static void add_row(const afb_dataset *d, const double *row, moments *m)
{
  int columns = d->table->n_in + d->table->n_out;
  for (int j = 0; j < columns; j++) {
    if (!isfinite(row[j]))
      continue;
    m->n[j] += 1;
    double off = row[j] - m->mean[j];
    m->mean[j] += off / m->n[j];
    m->square[j] += off * (row[j] - m->mean[j]);
  }
}

/* Chan, Golub, LeVeque, The American Statistician 37, 242 (1983). */
static void merge(int columns, moments *into, const moments *from)
{
  for (int j = 0; j < columns; j++) {
    double n = into->n[j] + from->n[j], off = from->mean[j] - into->mean[j];
    if (!(from->n[j] > 0))
      continue;
    into->square[j] += from->square[j] + off * off * into->n[j] * from->n[j] / n;
    into->mean[j] += off * from->n[j] / n;
    into->n[j] = n;
  }
}

static afb_status check_classes(const afb_dataset *d, int64_t number, const double *row)
{
  const afb_data_table *t = d->table;
  for (int k = 0; k < t->n_out && d->options.loss == AFB_LOSS_CROSS_ENTROPY; k++) {
    double y = row[t->n_in + k];
    if (isfinite(y) && fabs(y) > 0 && fabs(y - 1) > 0)
      return AFB_FAIL(AFB_E_INPUT, "target %d of row %lld is %g: cross_entropy learns from 0 and 1 (NaN: unknown)", k, (long long)number, y);
  }
  return AFB_OK;
}

static afb_status survey_blocks(afb_dataset *d, int64_t first, int64_t last, moments *m)
{
  const afb_data_table *t = d->table;
  for (int64_t b = first; b < last; b++) {
    int64_t rows = block_rows(d, b);
    AFB_TRY(read_block(d, b));
    uint64_t hash = afb_hash(AFB_HASH_START, &b, sizeof b);
    d->hash += afb_hash(hash, d->buffer, (size_t)rows * (size_t)t->width * sizeof(double));
    for (int64_t i = 0; i < rows; i++) {
      const double *row = d->buffer + i * t->width;
      int64_t number = b * d->block + i;
      afb_part part = part_of(d, number, row);
      d->count[part][b]++;
      if (part == AFB_PART_FIT)
        add_row(d, row, m);
      if (part != AFB_PART_NONE)
        AFB_TRY(check_classes(d, number, row));
    }
  }
  return AFB_OK;
}

/* Every rank adds up all ranks' moments in the same order. */
static afb_status merge_ranks(afb_dataset *d, moments *mine)
{
  int columns = d->table->n_in + d->table->n_out, n_ranks;
  MPI_Comm_size(d->comm, &n_ranks);
  size_t bytes = 3 * (size_t)columns * sizeof(double);
  double *all = malloc(bytes * (size_t)n_ranks);
  afb_status status = afb_agree(d->comm, all ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for means of %d columns", columns));
  if (status != AFB_OK) {
    free(all);
    return status;
  }
  MPI_Allgather(mine->n, 3 * columns, MPI_DOUBLE, all, 3 * columns, MPI_DOUBLE, d->comm);
  memset(mine->n, 0, bytes);
  for (int r = 0; r < n_ranks; r++) {
    double *at = all + (size_t)r * 3 * (size_t)columns;
    merge(columns, mine, &(moments){at, at + columns, at + 2 * columns});
  }
  free(all);
  return AFB_OK;
}

static void set_scales(afb_dataset *d, const moments *m)
{
  int n_in = d->table->n_in, columns = n_in + d->table->n_out;
  d->complete = 1;
  for (int j = 0; j < columns; j++) {
    double n = m->n[j] > 0 ? m->n[j] : 1;
    d->mean[j] = m->mean[j];
    d->deviation[j] = sqrt(m->square[j] / n);
    if (j < n_in)
      continue;
    d->complete &= (int64_t)m->n[j] == d->n[AFB_PART_FIT];
    int constant = !(d->deviation[j] > 1e-12 * (1e-12 + fabs(d->mean[j])));
    if (constant || d->options.loss == AFB_LOSS_CROSS_ENTROPY)
      d->deviation[j] = 1;
  }
}

static afb_status survey(afb_dataset *d)
{
  int rank, n_ranks, columns = d->table->n_in + d->table->n_out;
  MPI_Comm_rank(d->comm, &rank);
  MPI_Comm_size(d->comm, &n_ranks);
  double *sums = calloc(3 * (size_t)columns, sizeof *sums);
  moments m = {sums, sums + columns, sums + 2 * columns};
  afb_status status = sums ? survey_blocks(d, d->n_blocks * rank / n_ranks, d->n_blocks * (rank + 1) / n_ranks, &m)
                           : AFB_FAIL(AFB_E_MEMORY, "no memory for means of %d columns", columns);
  status = afb_agree(d->comm, status);
  for (int p = 0; p < AFB_N_PARTS && status == AFB_OK; p++) {
    MPI_Allreduce(MPI_IN_PLACE, d->count[p], (int)d->n_blocks, MPI_INT32_T, MPI_SUM, d->comm);
    for (int64_t b = 0; b < d->n_blocks; b++)
      d->n[p] += d->count[p][b];
  }
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, &d->hash, 1, MPI_UINT64_T, MPI_SUM, d->comm);
    status = merge_ranks(d, &m);
  }
  if (status == AFB_OK)
    set_scales(d, &m);
  free(sums);
  return status;
}

/* ---- Loading ---- */

/* Every rank's pieces, which lie one after the other, on all ranks. */
static void share(MPI_Comm comm, int width, const int64_t *first, double *data)
{
  int n_ranks;
  MPI_Comm_size(comm, &n_ranks);
  for (int r = 0; r < n_ranks && n_ranks > 1; r++)
    for (int64_t at = first[r] * width, end = first[r + 1] * width; at < end; at += BCAST)
      MPI_Bcast(data + at, (int)(end - at < BCAST ? end - at : BCAST), MPI_DOUBLE, r, comm);
}

/* The rows of a part in blocks block[0 ... n-1] (NULL: 0 ... n-1), in that order, on all ranks. */
static afb_status load(afb_dataset *d, afb_part part, int64_t n, const int32_t *block, double *input, double *target)
{
  int rank, n_ranks;
  const afb_data_table *t = d->table;
  MPI_Comm_rank(d->comm, &rank);
  MPI_Comm_size(d->comm, &n_ranks);
  int64_t *first = calloc((size_t)n_ranks + 1, sizeof *first), at;
  afb_status status = first ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to read rows");
  for (int r = 0; r < n_ranks && first; r++) {
    first[r + 1] = first[r];
    for (int64_t j = n * r / n_ranks; j < n * (r + 1) / n_ranks; j++)
      first[r + 1] += d->count[part][block ? block[j] : j];
  }
  at = first ? first[rank] : 0;
  for (int64_t j = n * rank / n_ranks; j < n * (rank + 1) / n_ranks && status == AFB_OK; j++) {
    int64_t b = block ? block[j] : j;
    if (d->count[part][b] > 0)
      status = read_block(d, b);
    for (int64_t i = 0; i < block_rows(d, b) && d->count[part][b] > 0 && status == AFB_OK; i++) {
      const double *row = d->buffer + i * t->width;
      if (part_of(d, b * d->block + i, row) != part)
        continue;
      take(d, row, input + at * t->n_in, target + at * t->n_out);
      at++;
    }
  }
  if (status == AFB_OK && at != first[rank + 1])
    status = AFB_FAIL(AFB_E_IO, "%s changed while it was read", t->names.file[0]);
  status = afb_agree(d->comm, status);
  if (status == AFB_OK) {
    share(d->comm, t->n_in, first, input);
    share(d->comm, t->n_out, first, target);
  }
  free(first);
  return status;
}

static afb_status allocate_rows(afb_dataset *d, afb_part part, int64_t n)
{
  size_t width = (size_t)(d->table->n_in + d->table->n_out);
  d->memory[part] = malloc(((size_t)n * width + 1) * sizeof(double));
  return d->memory[part] ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows: give a smaller data.memory", (long long)n);
}

afb_status afb_dataset_load(afb_dataset *d)
{
  afb_rows *rows[AFB_N_PARTS] = {[AFB_PART_JUDGE] = &d->judge, [AFB_PART_TEST] = &d->test};
  afb_status status = allocate_rows(d, AFB_PART_FIT, d->pools.largest);
  for (int p = AFB_PART_JUDGE; p <= AFB_PART_TEST && status == AFB_OK; p++)
    status = allocate_rows(d, (afb_part)p, d->n[p]);
  AFB_TRY(afb_agree(d->comm, status));
  for (int p = AFB_PART_JUDGE; p <= AFB_PART_TEST; p++) {
    double *target = d->memory[p] + d->n[p] * d->table->n_in;
    if (d->n[p] > 0)
      AFB_TRY(load(d, (afb_part)p, d->n_blocks, NULL, d->memory[p], target));
    *rows[p] = (afb_rows){d->n[p], d->memory[p], target};
  }
  return AFB_OK;
}

afb_status afb_dataset_visit(afb_dataset *d, afb_status (*visit)(void *context, int64_t n, const double *input, const double *target),
                             void *context)
{
  int rank, n_ranks;
  const afb_data_table *t = d->table;
  MPI_Comm_rank(d->comm, &rank);
  MPI_Comm_size(d->comm, &n_ranks);
  double *input = malloc((size_t)d->block * (size_t)(t->n_in + t->n_out) * sizeof *input), *target = input + d->block * t->n_in;
  afb_status status = input ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to read rows");
  for (int64_t b = d->n_blocks * rank / n_ranks; b < d->n_blocks * (rank + 1) / n_ranks && status == AFB_OK; b++) {
    int64_t n = 0;
    status = read_block(d, b);
    for (int64_t i = 0; i < block_rows(d, b) && status == AFB_OK; i++) {
      const double *row = d->buffer + i * t->width;
      if (part_of(d, b * d->block + i, row) != AFB_PART_FIT)
        continue;
      take(d, row, input + n * t->n_in, target + n * t->n_out);
      n++;
    }
    if (status == AFB_OK && n > 0)
      status = visit(context, n, input, target);
  }
  free(input);
  return afb_agree(d->comm, status);
}

/* ---- Pools ---- */

/* Blocks in the order of an epoch; where there is one pool, in that of the file. */
static void order_blocks(afb_dataset *d, int64_t epoch)
{
  if (epoch == d->epoch)
    return;
  d->epoch = epoch;
  for (int64_t i = 0; i < d->n_blocks; i++) {
    int64_t j = d->pools.n_pools == 1 ? i : (int64_t)afb_random_below((uint64_t)i + 1, d->options.seed, STREAM_BLOCKS + ((uint64_t)epoch << 16),
                                                                      (uint64_t)i);
    d->order[i] = d->order[j];
    d->order[j] = (int32_t)i;
  }
}

static int64_t pool_blocks(const afb_dataset *d, int64_t pool)
{
  int64_t first = pool * d->blocks_per_pool;
  return d->n_blocks - first < d->blocks_per_pool ? d->n_blocks - first : d->blocks_per_pool;
}

static int64_t count_pool(void *owner, int64_t epoch, int64_t pool)
{
  afb_dataset *d = owner;
  int64_t rows = 0;
  order_blocks(d, epoch);
  for (int64_t j = 0; j < pool_blocks(d, pool); j++)
    rows += d->count[AFB_PART_FIT][d->order[pool * d->blocks_per_pool + j]];
  return rows;
}

static afb_status load_pool(void *owner, int64_t epoch, int64_t pool, afb_rows *rows)
{
  afb_dataset *d = owner;
  int64_t n = count_pool(d, epoch, pool);
  double *input = d->memory[AFB_PART_FIT], *target = input + d->pools.largest * d->table->n_in;
  *rows = (afb_rows){n, input, target};
  return load(d, AFB_PART_FIT, pool_blocks(d, pool), d->order + pool * d->blocks_per_pool, input, target);
}

/* How many blocks the rows of a pool are, and whether memory holds them. */
static afb_status choose_pools(afb_dataset *d)
{
  const afb_dataset_options *o = &d->options;
  double row = 8.0 * (d->table->n_in + d->table->n_out) + 4.0 * o->members, rows = o->memory / 2 / row;
  if (o->shuffle > 0 && (double)o->shuffle > rows && d->table->n > (int64_t)rows)
    return AFB_FAIL(AFB_E_INPUT, "%lld rows of %.0f bytes are more than half of data.memory holds: %lld", (long long)o->shuffle, row,
                    (long long)rows);
  if (rows < 1)
    return AFB_FAIL(AFB_E_INPUT, "data.memory does not hold two rows of %.0f bytes", row);
  int64_t wanted = o->shuffle > 0 ? o->shuffle : rows < 1e18 ? (int64_t)rows : INT64_MAX;
  d->blocks_per_pool = wanted >= d->table->n ? d->n_blocks : wanted / d->block > 0 ? wanted / d->block : 1;
  int64_t all = d->blocks_per_pool * d->block < d->table->n ? d->blocks_per_pool * d->block : d->table->n;
  d->pools = (afb_pools){(d->n_blocks + d->blocks_per_pool - 1) / d->blocks_per_pool, all, count_pool, load_pool, d};
  double held = o->memory / 8 / row / (double)(d->table->n > 0 ? d->table->n : 1);
  d->fraction[AFB_PART_JUDGE] = o->validation < held ? o->validation : held;
  d->fraction[AFB_PART_TEST] = o->test < held ? o->test : held;
  return AFB_OK;
}

static afb_status prepare(afb_dataset *d)
{
  const afb_data_table *t = d->table;
  int64_t row = 8 * t->width, many = (t->n + MOST_BLOCKS - 1) / MOST_BLOCKS;
  size_t columns = (size_t)(t->n_in + t->n_out);
  d->block = BLOCK_BYTES / row > many ? BLOCK_BYTES / row : many > 0 ? many : 1;
  /* Small pools are of small blocks. */
  if (d->options.shuffle > 0 && d->block > d->options.shuffle / 8 && t->n > d->options.shuffle)
    d->block = d->options.shuffle / 8 > many ? d->options.shuffle / 8 : many;
  d->n_blocks = (t->n + d->block - 1) / d->block;
  d->epoch = -1;
  d->order = calloc((size_t)d->n_blocks + 1, sizeof *d->order);
  d->mean = calloc(2 * columns, sizeof *d->mean);
  d->deviation = d->mean ? d->mean + columns : NULL;
  d->buffer = malloc(((size_t)d->block * (size_t)t->width + 1) * sizeof *d->buffer);
  int good = d->order && d->mean && d->buffer;
  for (int p = 0; p < AFB_N_PARTS; p++) {
    d->count[p] = calloc((size_t)d->n_blocks + 1, sizeof *d->count[p]);
    good = good && d->count[p];
  }
  return good ? choose_pools(d) : AFB_FAIL(AFB_E_MEMORY, "no memory for a table of %lld rows", (long long)t->n);
}

afb_status afb_dataset_survey(MPI_Comm comm, afb_data_table *table, const afb_dataset_options *options, afb_dataset *d)
{
  *d = (afb_dataset){.comm = comm, .table = table, .options = *options};
  afb_status status = afb_agree(comm, prepare(d));
  if (status == AFB_OK)
    status = survey(d);
  if (status == AFB_OK && d->n[AFB_PART_FIT] == 0)
    status = AFB_FAIL(AFB_E_INPUT, "of %lld rows %lld are incomplete or masked, and none is left to train on", (long long)table->n,
                      (long long)d->n[AFB_PART_NONE]);
  if (status != AFB_OK)
    afb_dataset_clear(d);
  return status;
}

void afb_dataset_clear(afb_dataset *d)
{
  for (int p = 0; p < AFB_N_PARTS; p++) {
    free(d->count[p]);
    free(d->memory[p]);
  }
  free(d->order);
  free(d->mean);
  free(d->buffer);
  *d = (afb_dataset){0};
}
