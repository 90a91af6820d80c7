/* Derivatives of every column by every neighbour. The couplings Z of a batch are computed with one centre in each lane. Then, centre by centre
 * and layer by layer, dB = Z dU is a product of matrices: rows are the terms of the couplings, the inner dimension are the (j+1)^2 real numbers of half a
 * layer, columns are the neighbours in three directions, side by side in the lanes. For src/descriptor/bispectrum_w*.c only; not collective. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_VECTOR_DERIVATIVES_H
#define AFB_DESCRIPTOR_BISPECTRUM_VECTOR_DERIVATIVES_H

#include "descriptor/bispectrum_vector_slopes.h"

/* Rows and vectors of columns whose sums are in registers together. */
#if AFB_LANES == 8 || defined __aarch64__
enum { AFB_BLOCK_ROWS = 4, AFB_BLOCK_WIDTH = 6 };
#else
enum { AFB_BLOCK_ROWS = 4, AFB_BLOCK_WIDTH = 3 };
#endif

/* Bytes of Z of a batch up to which all layers are done at once; otherwise dU is made once more for each group of layers. */
enum { AFB_COUPLING_SPACE = 1 << 24 };

/* Columns of at most AFB_LANES neighbours: either three vectors, d/dt of the directions x, y, z of t with the radial part added, which `turn`
 * makes derivatives by the position; or, for a remainder, one vector whose lanes are coordinates of neighbours. */
typedef struct {
  int n_vectors;               /* 3 or 1 */
  afb_v c[2][2], d[2][2];      /* of the recursion: rows 2 mb < j; middle rows */
  afb_v part[4];               /* 3: factors of v that are added to Lx v, Ly v, Lz v; 1: factors of Lx v, Ly v, Lz v, v */
  afb_v turn[3][3];
  int64_t row[3][AFB_LANES];   /* of db, 3 pair + direction; -1: none */
  afb_v *v;                    /* rows of the layer in work */
} afb_columns;

/* Places in work->space. */
typedef struct {
  int from, to;                /* layers from <= j < to in work */
  afb_v *z;                    /* of couplings of these layers, each [(j + 1)^2] */
  double *a;                   /* [lane][...] rows of one channel in blocks of AFB_BLOCK_ROWS, [block][(j + 1)^2][row] */
  size_t a_size;               /* of a lane */
  afb_v *panel;                /* [(j + 1)^2][vector] of columns that are multiplied together */
  afb_v *v, *out;              /* out [n_linear][n_vectors] */
  double *norm, *nowhere;      /* nowhere [n_linear]: written for lanes without a neighbour */
  const int64_t *ahead, *ahead_end;   /* neighbours of the lane whose rows of db are still to be prefetched, from number ahead_at on */
  int ahead_at;
  int n_columns, n_vectors;
  afb_columns *columns;
  double number[2 * AFB_BISPECTRUM_MAX_TWOJ + 2];   /* k at AFB_BISPECTRUM_MAX_TWOJ + k */
} afb_slopes;

/* Vectors of a row of v: a zero stands before and after the elements. */
static inline int afb_columns_stride(int j_top) { return 2 * (j_top + 3); }
static inline int afb_columns_size(int j_top) { return (j_top / 2 + 1) * afb_columns_stride(j_top); }

/* Vectors of Z of layer j. */
static size_t afb_layer_couplings(const afb_couplings *c, int j)
{
  return (size_t)(c->coupling_first[j + 1] - c->coupling_first[j]) * (size_t)((j + 1) * (j + 1));
}

/* First layer that no longer fits with layer `from` into the space for Z. */
static int afb_layers_end(const struct afb_bispectrum *plan, const afb_couplings *couplings, int from, size_t *size)
{
  int to = from;
  *size = 0;
  for (; to <= plan->j_top; to++) {
    size_t layer = afb_layer_couplings(couplings, to);
    if (to > from && (*size + layer) * sizeof(afb_v) > AFB_COUPLING_SPACE)
      break;
    *size += layer;
  }
  return to;
}

/* Numbers of the rows of a channel's terms in layers from ... to - 1. */
static size_t afb_row_numbers(const struct afb_bispectrum *plan, const afb_couplings *c, int channel, int from, int to)
{
  size_t n = 0;
  const int *first = c->row_first + channel * (plan->j_top + 1);
  for (int j = from; j < to; j++)
    n += (size_t)(first[j + 1] - first[j]) * (size_t)((j + 1) * (j + 1));
  return n;
}

static afb_status afb_slopes_reserve(const struct afb_bispectrum *plan, afb_vector_work *work, const afb_neighbours *list, afb_slopes *s)
{
  *s = (afb_slopes){0};
  AFB_TRY(afb_vector_reserve(plan, work, 0));
  size_t layers = (size_t)plan->j_top + 1, z = 0, a = 0, longest = 0;
  for (int from = 0, to; from <= plan->j_top; from = to) {
    size_t size;
    to = afb_layers_end(plan, work->couplings, from, &size);
    z = size > z ? size : z;
    for (int channel = 0; channel < plan->n_channels; channel++) {
      size_t rows = afb_row_numbers(plan, work->couplings, channel, from, to);
      a = rows > a ? rows : a;
    }
  }
  for (int64_t c = 0; c < list->n_centres; c++)
    longest = (size_t)(list->first[c + 1] - list->first[c]) > longest ? (size_t)(list->first[c + 1] - list->first[c]) : longest;
  size_t columns = longest / AFB_LANES + 2, vectors = 3 * columns, v = columns * (size_t)afb_columns_size(plan->j_top);
  size_t panel = AFB_BLOCK_WIDTH * layers * layers;
  size_t norm = (size_t)afb_half_block(plan->j_top + 1) / AFB_LANES + 1, lists = columns * sizeof(afb_columns) / sizeof(afb_v) + 1;
  size_t n_linear = (size_t)plan->n_linear, nowhere = n_linear / AFB_LANES + 1;
  AFB_TRY(afb_vector_reserve(plan, work, z + a + panel + v + n_linear * vectors + norm + lists + nowhere));
  s->z = work->space;
  s->a = (double *)(s->z + z);
  s->panel = s->z + z + a;
  s->v = s->panel + panel;
  s->out = s->v + v;
  s->norm = (double *)(s->out + n_linear * vectors);
  s->columns = (afb_columns *)(s->out + n_linear * vectors + norm);
  s->nowhere = (double *)(s->out + n_linear * vectors + norm + lists);
  memset(s->nowhere, 0, nowhere * sizeof(afb_v));
  for (int k = 0; k < 2 * AFB_BISPECTRUM_MAX_TWOJ + 2; k++)
    s->number[k] = k - AFB_BISPECTRUM_MAX_TWOJ;
  afb_vector_norm(plan->j_top, s->norm);
  return AFB_OK;
}

/* Z of the layers in work, times norm and twice where an element stands for its mirror too; values of the columns that they complete. */
static void afb_vector_couplings(const struct afb_bispectrum *plan, const afb_vector_work *work, const afb_slopes *s, double *b)
{
  const afb_couplings *couplings = work->couplings;
  afb_v column[AFB_BISPECTRUM_MAX_TWOJ + 2], *z = s->z;
  for (int i = couplings->coupling_first[s->from]; i < couplings->coupling_first[s->to]; i++) {
    const afb_coupling *c = &couplings->coupling[i];
    int j = c->j;
    const double *norm = s->norm + afb_half_block(j);
    for (int ma = 0; ma <= j; ma++) {
      int top = afb_vector_top(j, ma);
      afb_vector_coupling(plan, couplings, c, work->u, ma, top, column);
      for (int mb = 0; mb <= top; mb++) {
        int at = mb * (j + 1) + ma, middle = 2 * mb == j && 2 * ma == j;
        afb_v factor = afb_all((middle ? 1 : 2) * norm[at]);
        z[2 * at] = factor * column[2 * mb];
        if (!middle)
          z[2 * at + 1] = factor * column[2 * mb + 1];
      }
    }
    for (int t = c->first_term; b && t < c->first_term + c->n_terms; t++) {
      const afb_coupling_term *term = &couplings->term[t];
      if (term->value == 0)
        continue;
      const afb_v *u = work->u + 2 * (term->channel * plan->n_u + afb_u_block(j));
      afb_v sum = afb_all(0);
      for (int k = 0; k < (j + 1) * (j + 1); k++)
        sum = afb_fma(afb_all(1 / norm[k / 2]) * u[k], z[k], sum);
      for (int lane = 0; lane < work->batch.n_centres; lane++)
        b[work->batch.centre[lane] * plan->n_linear + term->column] = term->value * sum[lane];
    }
    z += (j + 1) * (j + 1);
  }
}

/* Z of a block of rows of layer j to a of every lane: AFB_LANES numbers of each at a time. */
AFB_INLINE void afb_vector_pack_block(int rows, int n, const afb_v *const z[], const double *factor, size_t a_size, double *a)
{
  int whole = n * rows / AFB_LANES * AFB_LANES;
  for (int at = 0; at < whole; at += AFB_LANES) {
    afb_v tile[AFB_LANES];
    AFB_UNROLL
    for (int i = 0; i < AFB_LANES; i++)
      tile[i] = afb_all(factor[(at + i) % rows]) * z[(at + i) % rows][(at + i) / rows];
    afb_transpose(tile);
    AFB_UNROLL
    for (int lane = 0; lane < AFB_LANES; lane++)
      memcpy(a + (size_t)lane * a_size + at, &tile[lane], sizeof *tile);
  }
  for (int at = whole; at < n * rows; at++)
    for (int lane = 0; lane < AFB_LANES; lane++)
      a[(size_t)lane * a_size + (size_t)at] = factor[at % rows] * z[at % rows][at / rows][lane];
}

/* a of all rows of a channel. */
static void afb_vector_pack(const struct afb_bispectrum *plan, const afb_couplings *couplings, int channel, afb_slopes *s)
{
  const int *first = couplings->row_first + channel * (plan->j_top + 1);
  const afb_v *layer = s->z;
  double *a = s->a;
  s->a_size = afb_row_numbers(plan, couplings, channel, s->from, s->to);
  for (int j = s->from; j < s->to; j++) {
    int n = (j + 1) * (j + 1);
    for (int row = first[j], rows; row < first[j + 1]; row += rows, a += rows * n) {
      const afb_v *z[AFB_BLOCK_ROWS] = {NULL};
      double factor[AFB_BLOCK_ROWS] = {0};
      rows = first[j + 1] - row < AFB_BLOCK_ROWS ? first[j + 1] - row : AFB_BLOCK_ROWS;
      for (int r = 0; r < rows; r++) {
        const afb_coupling_term *term = &couplings->term[couplings->row[row + r]];
        z[r] = layer + (size_t)(term->coupling - couplings->coupling_first[j]) * (size_t)n;
        factor[r] = term->factor;
      }
      if (rows == AFB_BLOCK_ROWS)
        afb_vector_pack_block(AFB_BLOCK_ROWS, n, z, factor, s->a_size, a);
      else
        afb_vector_pack_block(rows, n, z, factor, s->a_size, a);
    }
    layer += afb_layer_couplings(couplings, j);
  }
}

/* out[column of row r][w] += sum over k of a[k][r] panel[k][w]. */
AFB_INLINE void afb_vector_block(int rows, int width, int n, const double *a, const afb_v *panel, afb_v *const out[])
{
  afb_v sum[AFB_BLOCK_ROWS][AFB_BLOCK_WIDTH];
  AFB_UNROLL
  for (int r = 0; r < rows; r++) {
    AFB_UNROLL
    for (int w = 0; w < width; w++)
      sum[r][w] = afb_all(0);
  }
  for (int k = 0; k < n; k++, a += rows, panel += width) {
    AFB_UNROLL
    for (int r = 0; r < rows; r++) {
      AFB_UNROLL
      for (int w = 0; w < width; w++)
        sum[r][w] = afb_fma(afb_all(a[r]), panel[w], sum[r][w]);
    }
  }
  AFB_UNROLL
  for (int r = 0; r < rows; r++) {
    AFB_UNROLL
    for (int w = 0; w < width; w++)
      out[r][w] += sum[r][w];
  }
}

typedef void afb_vector_block_function(int n, const double *a, const afb_v *panel, afb_v *const out[]);

#define AFB_BLOCK(R, C)                                                                                                    \
  static __attribute__((noinline)) void afb_vector_block_##R##C(int n, const double *a, const afb_v *panel, afb_v *const out[]) \
  {                                                                                                                        \
    afb_vector_block(R, C, n, a, panel, out);                                                                              \
  }
#define AFB_BLOCKS(C) AFB_BLOCK(1, C) AFB_BLOCK(2, C) AFB_BLOCK(3, C) AFB_BLOCK(4, C)
AFB_BLOCKS(1)
AFB_BLOCKS(2)
AFB_BLOCKS(3)
#define AFB_BLOCK_LIST(C) {NULL, afb_vector_block_1##C, afb_vector_block_2##C, afb_vector_block_3##C, afb_vector_block_4##C}
#if AFB_LANES == 8 || defined __aarch64__
AFB_BLOCKS(4)
AFB_BLOCKS(5)
AFB_BLOCKS(6)
#endif

/* A few more lines of db into the cache. They will be written at last, and waiting for all of them then costs a sixth of the time. */
static void afb_vector_ahead(const struct afb_bispectrum *plan, const double *db, afb_slopes *s)
{
  for (int lines = 0; lines < 8 && s->ahead < s->ahead_end; lines++) {
    __builtin_prefetch(db + 3 * *s->ahead * plan->n_linear + s->ahead_at, 1, 2);
    s->ahead_at += 8;
    if (s->ahead_at >= 3 * plan->n_linear) {
      s->ahead_at = 0;
      s->ahead += AFB_LANES;
    }
  }
}

/* All rows of layer j times the panel of the vectors from ... from + width - 1. */
static void afb_vector_layer(const struct afb_bispectrum *plan, const afb_couplings *couplings, int channel, int j, const double *a, const double *db,
                             int from, int width, afb_slopes *s)
{
  static afb_vector_block_function *const block_of[AFB_BLOCK_WIDTH + 1][AFB_BLOCK_ROWS + 1] = {
    {NULL}, AFB_BLOCK_LIST(1), AFB_BLOCK_LIST(2), AFB_BLOCK_LIST(3),
#if AFB_LANES == 8 || defined __aarch64__
    AFB_BLOCK_LIST(4), AFB_BLOCK_LIST(5), AFB_BLOCK_LIST(6),
#endif
  };
  const int *first = couplings->row_first + channel * (plan->j_top + 1) + j;
  int n = (j + 1) * (j + 1);
  for (int row = first[0], rows; row < first[1]; row += rows) {
    afb_v *out[AFB_BLOCK_ROWS];
    rows = first[1] - row < AFB_BLOCK_ROWS ? first[1] - row : AFB_BLOCK_ROWS;
    for (int r = 0; r < rows; r++)
      out[r] = s->out + couplings->term[couplings->row[row + r]].column * s->n_vectors + from;
    afb_vector_ahead(plan, db, s);
    block_of[width][rows](n, a + (row - first[0]) * n, s->panel, out);
  }
}
#undef AFB_BLOCK_LIST
#undef AFB_BLOCKS
#undef AFB_BLOCK

/* Lane `from` of a slot to lane `to` of v. */
AFB_INLINE void afb_vector_take(const afb_bispectrum_batch *batch, int slot, int from, afb_place_vector *v, int to)
{
  int at = slot * AFB_LANES + from;
  v->x[to] = batch->x[at];
  v->y[to] = batch->y[at];
  v->z[to] = batch->z[at];
  v->weight[to] = batch->weight[at];
  v->rate[to] = batch->rate[at];
  v->inner_s[to] = batch->inner_s[at];
  v->inner_rate[to] = batch->inner_rate[at];
}

static afb_motion afb_columns_begin(const struct afb_bispectrum *plan, const afb_place_vector *place, afb_v *space, afb_columns *c)
{
  memset(space, 0, (size_t)afb_columns_size(plan->j_top) * sizeof *space);
  c->v = space + 2;
  afb_motion m = afb_vector_motion(&plan->settings, place);
  c->c[0][0] = c->d[1][0] = m.cosine;
  c->c[0][1] = m.n[2] * m.sine;
  c->d[1][1] = -c->c[0][1];
  c->c[1][0] = m.n[1] * m.sine;
  c->d[0][0] = -c->c[1][0];
  c->c[1][1] = c->d[0][1] = -m.n[0] * m.sine;
  c->v[0] = afb_all(1);
  c->v[1] = afb_all(0);
  return m;
}

/* Three vectors of the n neighbours in slots slot ... of a lane. The radial part slope n is brought into the form weight part[] theta' n; where the weight
 * vanishes and its slope does not, a tiny weight stands for it. */
static void afb_columns_three(const struct afb_bispectrum *plan, const afb_bispectrum_batch *batch, int lane, int slot, int n, afb_v *space, afb_columns *c)
{
  afb_place_vector place;
  for (int i = 0; i < AFB_LANES; i++) {
    int at = slot + (i < n ? i : 0);
    afb_vector_take(batch, at, lane, &place, i);
    for (int k = 0; k < 3; k++)
      c->row[k][i] = i < n ? 3 * batch->pair[at * AFB_LANES + lane] + k : -1;
  }
  c->n_vectors = 3;
  afb_motion m = afb_columns_begin(plan, &place, space, c);
  afb_mask bare = (m.weight == afb_all(0)) & (m.slope != afb_all(0));
  afb_v weight = afb_select(bare, afb_all(1e-150), m.weight);
  afb_v part = m.slope / (m.rate * afb_select(weight == afb_all(0), afb_all(1), weight));
  afb_v bend = m.cosine * m.sine * m.inverse, twist = weight * m.sine * m.sine * m.inverse;
  for (int k = 0; k < 3; k++) {
    int k1 = (k + 1) % 3, k2 = (k + 2) % 3;
    c->part[k] = part * m.n[k];
    for (int i = 0; i < 3; i++)
      c->turn[k][i] = weight * (m.rate - bend) * m.n[k] * m.n[i];
    c->turn[k][k] += weight * bend;
    c->turn[k][k1] += twist * m.n[k2];
    c->turn[k][k2] -= twist * m.n[k1];
  }
}

/* One vector: its lanes are the coordinates first ... first + AFB_LANES - 1 of the n neighbours in slots slot ... of a lane. */
static void afb_columns_one(const struct afb_bispectrum *plan, const afb_bispectrum_batch *batch, int lane, int slot, int n, int first, afb_v *space,
                            afb_columns *c)
{
  afb_place_vector place;
  afb_v e[3] = {afb_all(0), afb_all(0), afb_all(0)};
  for (int i = 0; i < AFB_LANES; i++) {
    int inside = first + i < 3 * n, at = inside ? slot + (first + i) / 3 : slot;
    afb_vector_take(batch, at, lane, &place, i);
    c->row[0][i] = inside ? 3 * batch->pair[at * AFB_LANES + lane] + (first + i) % 3 : -1;
    e[(first + i) % 3][i] = 1;
  }
  c->n_vectors = 1;
  afb_motion m = afb_columns_begin(plan, &place, space, c);
  afb_v along = afb_fma(m.n[0], e[0], afb_fma(m.n[1], e[1], m.n[2] * e[2]));
  afb_v bend = m.cosine * m.sine * m.inverse, twist = m.sine * m.sine * m.inverse;
  for (int k = 0; k < 3; k++) {
    int k1 = (k + 1) % 3, k2 = (k + 2) % 3;
    afb_v cross = afb_fnma(m.n[k2], e[k1], m.n[k1] * e[k2]);
    c->part[k] = m.weight * afb_fma((m.rate - bend) * along, m.n[k], afb_fma(bend, e[k], twist * cross));
  }
  c->part[3] = m.slope * along;
}

/* Columns of the neighbours of one lane and channel. A remainder of neighbours is spread over the lanes where that saves a vector. */
static void afb_vector_list_columns(const struct afb_bispectrum *plan, const afb_bispectrum_batch *batch, int lane, int channel, afb_slopes *s)
{
  int slot = batch->first_slot[channel], n = 0, size = afb_columns_size(plan->j_top);
  while (slot + n < batch->first_slot[channel + 1] && batch->pair[(slot + n) * AFB_LANES + lane] >= 0)
    n++;
  s->n_columns = s->n_vectors = 0;
  s->ahead = batch->pair + (slot * AFB_LANES + lane);
  s->ahead_end = s->ahead + n * AFB_LANES;
  s->ahead_at = 0;
  while (n > 0) {
    afb_columns *c = &s->columns[s->n_columns];
    if (3 * n > 2 * AFB_LANES) {
      int taken = n < AFB_LANES ? n : AFB_LANES;
      afb_columns_three(plan, batch, lane, slot, taken, s->v + s->n_columns++ * size, c);
      s->n_vectors += 3;
      slot += taken;
      n -= taken;
    } else {
      for (int first = 0; first < 3 * n; first += AFB_LANES) {
        c = &s->columns[s->n_columns];
        afb_columns_one(plan, batch, lane, slot, n, first, s->v + s->n_columns++ * size, c);
        s->n_vectors++;
      }
      n = 0;
    }
  }
}

/* A row of v of layer j from one of layer j - 1; v may be `from`. */
AFB_INLINE void afb_columns_row(int j, const afb_v c[2], const afb_v d[2], const afb_v *from, afb_v *v)
{
  afb_v carried_r = afb_all(0), carried_i = afb_all(0);
  for (int ma = 0; ma < j; ma++, from += 2, v += 2) {
    afb_v pr = from[0], pi = from[1];
    afb_v r = afb_fma(c[0], pr, afb_fnma(c[1], pi, carried_r)), i = afb_fma(c[0], pi, afb_fma(c[1], pr, carried_i));
    carried_r = afb_fnma(d[1], pi, d[0] * pr);
    carried_i = afb_fma(d[1], pr, d[0] * pi);
    v[0] = r;
    v[1] = i;
  }
  v[0] = carried_r;
  v[1] = carried_i;
}

static void afb_columns_recursion(int j, int j_top, const afb_columns *c)
{
  int stride = afb_columns_stride(j_top), rows = (j + 1) / 2;
  if (j % 2 == 0)
    afb_columns_row(j, c->c[1], c->d[1], c->v + (rows - 1) * stride, c->v + rows * stride);
  for (int mb = 0; mb < rows; mb++)
    afb_columns_row(j, c->c[0], c->d[0], c->v + mb * stride, c->v + mb * stride);
}

/* Lx v and Ly v of an element, without the -i of Lx. number[k] = k. */
AFB_INLINE void afb_columns_ladder(int j, int ma, const double *number, const afb_v *v, afb_v x[2], afb_v y[2])
{
  const afb_v down = afb_all(number[j - ma + 1]), up = afb_all(number[ma + 1]);
  AFB_UNROLL
  for (int k = 0; k < 2; k++) {
    afb_v p = down * v[k - 2];
    x[k] = afb_fma(up, v[2 + k], p);
    y[k] = afb_fma(up, v[2 + k], -p);
  }
}

/* An element of three columns to their panels, the first real number or both. */
AFB_INLINE void afb_columns_put_three(int j, int ma, int both, const double *number, const afb_columns *c, const afb_v *v, int width, afb_v *to)
{
  afb_v lx[2], ly[2], m = afb_all(number[j - 2 * ma]);
  afb_columns_ladder(j, ma, number, v, lx, ly);
  to[0] = afb_fma(c->part[0], v[0], lx[1]);
  to[1] = afb_fma(c->part[1], v[0], ly[0]);
  to[2] = afb_fnma(m, v[1], c->part[2] * v[0]);
  if (both) {
    to[width] = afb_fma(c->part[0], v[1], -lx[0]);
    to[width + 1] = afb_fma(c->part[1], v[1], ly[1]);
    to[width + 2] = afb_fma(m, v[0], c->part[2] * v[1]);
  }
}

AFB_INLINE void afb_columns_put_one(int j, int ma, int both, const double *number, const afb_columns *c, const afb_v *v, int width, afb_v *to)
{
  afb_v lx[2], ly[2], m = afb_all(number[j - 2 * ma]) * c->part[2];
  afb_columns_ladder(j, ma, number, v, lx, ly);
  to[0] = afb_fma(c->part[0], lx[1], afb_fma(c->part[1], ly[0], afb_fnma(m, v[1], c->part[3] * v[0])));
  if (both)
    to[width] = afb_fnma(c->part[0], lx[0], afb_fma(c->part[1], ly[1], afb_fma(c->part[3], v[1], m * v[0])));
}

AFB_INLINE void afb_columns_write_rows(int n_vectors, int j, int j_top, const double *number, const afb_columns *columns, int width, afb_v *to)
{
  const afb_columns c = *columns;
  for (int mb = 0; 2 * mb <= j; mb++) {
    const afb_v *v = c.v + mb * afb_columns_stride(j_top);
    int middle = 2 * mb == j, end = middle ? j / 2 : j + 1;
    for (int ma = 0; ma < end; ma++, v += 2, to += 2 * width)
      if (n_vectors == 3)
        afb_columns_put_three(j, ma, 1, number, &c, v, width, to);
      else
        afb_columns_put_one(j, ma, 1, number, &c, v, width, to);
    if (middle && n_vectors == 3)
      afb_columns_put_three(j, end, 0, number, &c, v, width, to);
    else if (middle)
      afb_columns_put_one(j, end, 0, number, &c, v, width, to);
  }
}

/* Layer j of columns to their place in a panel of `width` vectors. */
static void afb_columns_write(int j, int j_top, const double *number, const afb_columns *c, int width, afb_v *to)
{
  if (c->n_vectors == 3)
    afb_columns_write_rows(3, j, j_top, number, c, width, to);
  else
    afb_columns_write_rows(1, j, j_top, number, c, width, to);
}

/* n of AFB_LANES columns, the lanes of which are rows of db, to where the rows begin. */
AFB_INLINE void afb_vector_store(afb_v *tile, double *const *to, int column, int n, int add)
{
  afb_transpose(tile);
  if (n == AFB_LANES && !add) {
    AFB_UNROLL
    for (int lane = 0; lane < AFB_LANES; lane++)
      memcpy(to[lane] + column, &tile[lane], sizeof *tile);
    return;
  }
  for (int lane = 0; lane < AFB_LANES; lane++)
    for (int k = 0; k < n; k++)
      to[lane][column + k] = (add ? to[lane][column + k] : 0) + tile[lane][k];
}

/* out, turned into derivatives by positions, to db: neighbour by neighbour, so that db is written in the order of memory. The last columns of
 * a row are written together with as many before them as a vector needs. */
static void afb_vector_scatter(const struct afb_bispectrum *plan, const afb_slopes *s, int add, double *db)
{
  const int n_linear = plan->n_linear, overlap = n_linear >= AFB_LANES && !add;
  const afb_v *out = s->out;
  for (int i = 0; i < s->n_columns; out += s->columns[i++].n_vectors) {
    const afb_columns *c = &s->columns[i];
    double *to[3][AFB_LANES];
    for (int e = 0; e < c->n_vectors; e++)
      for (int lane = 0; lane < AFB_LANES; lane++)
        to[e][lane] = c->row[e][lane] < 0 ? s->nowhere : db + c->row[e][lane] * n_linear;
    for (int next = 0; next < n_linear; next += AFB_LANES) {
      int column = overlap && next > n_linear - AFB_LANES ? n_linear - AFB_LANES : next;
      int n = n_linear - column < AFB_LANES ? n_linear - column : AFB_LANES;
      afb_v tile[AFB_LANES];
      for (int e = 0; e < c->n_vectors; e++) {
        const afb_v *from = out + column * s->n_vectors;
        const afb_v t0 = c->turn[e][0], t1 = c->turn[e][1], t2 = c->turn[e][2];
        int step = s->n_vectors;
        for (int k = 0; k < AFB_LANES; k++, from += k < n ? step : 0)
          tile[k] = c->n_vectors == 1 ? from[0] : afb_fma(t0, from[0], afb_fma(t1, from[1], t2 * from[2]));
        afb_vector_store(tile, to[e], column, n, add);
      }
    }
  }
}

/* Derivatives of one lane's centre by its neighbours of one channel, the part of the layers in work. */
static void afb_vector_centre(const struct afb_bispectrum *plan, const afb_vector_work *work, int lane, int channel, afb_slopes *s, double *db)
{
  const afb_couplings *couplings = work->couplings;
  const int *first = couplings->row_first + channel * (plan->j_top + 1);
  const double *a = s->a + (size_t)lane * s->a_size;
  afb_vector_list_columns(plan, &work->batch, lane, channel, s);
  if (!s->n_vectors)
    return;
  memset(s->out, 0, (size_t)plan->n_linear * (size_t)s->n_vectors * sizeof *s->out);
  for (int j = 0; j < s->to; j++) {
    int needed = j >= s->from && first[j + 1] > first[j];
    for (int i = 0, from = 0, width; i < s->n_columns; from += width) {
      int end = i;
      for (width = 0; end < s->n_columns && width + s->columns[end].n_vectors <= AFB_BLOCK_WIDTH; end++)
        width += s->columns[end].n_vectors;
      for (int at = 0; i < end; at += s->columns[i++].n_vectors) {
        if (j > 0)
          afb_columns_recursion(j, plan->j_top, &s->columns[i]);
        if (needed)
          afb_columns_write(j, plan->j_top, s->number + AFB_BISPECTRUM_MAX_TWOJ, &s->columns[i], width, s->panel + at);
      }
      if (needed)
        afb_vector_layer(plan, couplings, channel, j, a, db, from, width, s);
    }
    if (j >= s->from)
      a += (first[j + 1] - first[j]) * (j + 1) * (j + 1);
  }
  afb_vector_scatter(plan, s, s->from > 0, db);
}

static void afb_vector_batch_derivatives(const struct afb_bispectrum *plan, const afb_vector_work *work, afb_slopes *s, double *b, double *db)
{
  for (s->from = 0; s->from <= plan->j_top; s->from = s->to) {
    size_t size;
    s->to = afb_layers_end(plan, work->couplings, s->from, &size);
    afb_vector_couplings(plan, work, s, b);
    for (int channel = 0; channel < plan->n_channels; channel++) {
      if (work->batch.first_slot[channel] == work->batch.first_slot[channel + 1])
        continue;
      afb_vector_pack(plan, work->couplings, channel, s);
      for (int lane = 0; lane < work->batch.n_centres; lane++)
        afb_vector_centre(plan, work, lane, channel, s, db);
    }
  }
}

static afb_status afb_vector_derivatives(const struct afb_bispectrum *plan, void *handle, const afb_neighbours *list, double *b, double *db)
{
  afb_vector_work *work = handle;
  afb_slopes s;
  AFB_TRY(afb_slopes_reserve(plan, work, list, &s));
  AFB_TRY(afb_bispectrum_batch_order(&work->batch, list));
  for (int64_t first = 0; first < list->n_centres; first += AFB_LANES) {
    AFB_TRY(afb_bispectrum_batch_fill(plan, list, first, &work->batch));
    afb_vector_u(plan, work);
    afb_vector_batch_derivatives(plan, work, &s, b, db);
  }
  return AFB_OK;
}

#endif
