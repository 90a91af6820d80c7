#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor/bisection.h"
#include "descriptor/piece.h"
#include "descriptor/piece_work.h"

/* An atom or an image on its way. */
typedef struct {
  double position[3]; /* in the cell */
  int64_t atom;
  int32_t element, cell; /* number in the receiver's box of cells, own or with the halo */
  int32_t shift[3];
} traveller;

/* What a domain is made from; all of it is gone when the piece is ready. */
typedef struct {
  MPI_Comm comm;
  int rank, n_ranks;
  afb_cell_box *box; /* [n_ranks] own cells */
  int32_t *slice_cell, *rank_of;
  traveller *sent, *received;
  int64_t n_sent, n_received;
  traveller *own; /* in order of cells: those of cell c of the own box from begin[c] to begin[c + 1] - 1 */
  int64_t n_own;
  int32_t *begin;
} making;

static afb_status no_memory(int64_t n)
{
  return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms of a domain", (long long)n);
}

static int64_t total(int n, const int *count)
{
  int64_t sum = 0;
  for (int r = 0; r < n; r++)
    sum += count[r];
  return sum;
}

/* Rows of `size` bytes, in the order of ranks on both sides. Collective. Counts of rows of a rank stay below 2^31. */
static afb_status exchange(MPI_Comm comm, size_t size, const void *sent, const int *n_sent, void *received,
                           const int *n_received)
{
  int n_ranks;
  MPI_Comm_size(comm, &n_ranks);
  int *from = calloc(2 * (size_t)n_ranks, sizeof *from);
  afb_status status = afb_agree(comm, from ? AFB_OK : no_memory(n_ranks));
  if (status != AFB_OK) {
    free(from);
    return status;
  }
  int *to = from + n_ranks;
  for (int r = 1; r < n_ranks; r++) {
    from[r] = from[r - 1] + n_sent[r - 1];
    to[r] = to[r - 1] + n_received[r - 1];
  }
  MPI_Datatype row;
  MPI_Type_contiguous((int)size, MPI_BYTE, &row);
  MPI_Type_commit(&row);
  MPI_Alltoallv(sent, n_sent, from, row, received, n_received, to, row, comm);
  MPI_Type_free(&row);
  free(from);
  return AFB_OK;
}

/* Sends m->sent by counts n_sent; m->received and counts n_received. Frees what was sent. Collective. */
static afb_status travel(making *m, const int *n_sent, int *n_received)
{
  MPI_Alltoall(n_sent, 1, MPI_INT, n_received, 1, MPI_INT, m->comm);
  m->n_received = total(m->n_ranks, n_received);
  afb_status status = AFB_OK;
  m->received = NULL;
  if (m->n_received >= INT32_MAX || m->n_sent >= INT32_MAX)
    status = AFB_FAIL(AFB_E_LIMIT, "more than 2^31 atoms and images in one domain: use more ranks");
  else if (!(m->received = afb_piece_array(m->n_received, sizeof *m->received)))
    status = no_memory(m->n_received);
  AFB_TRY(afb_agree(m->comm, status));
  AFB_TRY(exchange(m->comm, sizeof *m->sent, m->sent, n_sent, m->received, n_received));
  free(m->sent);
  m->sent = NULL;
  return AFB_OK;
}

/* The frame's cells, from the ranges of all slices. Collective. */
static afb_status common_cells(MPI_Comm comm, const afb_structure *slice, int64_t first, double cutoff,
                               afb_cells *cells)
{
  double low[6] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY},
         high[3] = {-INFINITY, -INFINITY, -INFINITY};
  int64_t n_atoms = slice->n_atoms;
  afb_status status = afb_cells_init(slice->cell, slice->periodic, cutoff, cells);
  if (status == AFB_OK) {
    int64_t bad = afb_cells_range(cells, slice->n_atoms, slice->position, low, high);
    if (bad >= 0) {
      const double *x = slice->position + 3 * bad;
      status = AFB_FAIL(AFB_E_INPUT, "atom %lld is at (%g %g %g): not finite or too far away",
                        (long long)(first + bad + 1), x[0], x[1], x[2]);
    } else if (slice->n_atoms >= INT32_MAX) {
      status = AFB_FAIL(AFB_E_LIMIT, "more than 2^31 atoms of a frame on one rank: use more ranks");
    }
  }
  AFB_TRY(afb_agree(comm, status));
  for (int k = 0; k < 3; k++)
    low[3 + k] = -high[k];
  MPI_Allreduce(MPI_IN_PLACE, low, 6, MPI_DOUBLE, MPI_MIN, comm);
  MPI_Allreduce(MPI_IN_PLACE, &n_atoms, 1, MPI_INT64_T, MPI_SUM, comm);
  for (int k = 0; k < 3; k++)
    high[k] = -low[3 + k];
  return afb_agree(comm, afb_cells_divide(cells, low, high, n_atoms));
}

static afb_status allocate(making *m, int64_t n_slice, afb_piece_work *work)
{
  size_t n = (size_t)m->n_ranks;
  work->n_ranks = m->n_ranks;
  work->n_slice = n_slice;
  work->to_owner = calloc(4 * n, sizeof *work->to_owner);
  work->from_slice = work->to_owner + n;
  work->to_halo = work->from_slice + n;
  work->from_halo = work->to_halo + n;
  work->place = afb_piece_array(n_slice, sizeof *work->place);
  m->box = calloc(n, sizeof *m->box);
  m->slice_cell = afb_piece_array(n_slice, 3 * sizeof *m->slice_cell);
  m->rank_of = afb_piece_array(n_slice, sizeof *m->rank_of);
  m->sent = afb_piece_array(n_slice, sizeof *m->sent);
  m->n_sent = n_slice;
  if (!work->to_owner || !work->place || !m->box || !m->slice_cell || !m->rank_of || !m->sent)
    return no_memory(n_slice);
  work->comm = m->comm;
  return AFB_OK;
}

/* Messages to the owners, in the order of the slice. `next` [n_ranks] is work space. */
static void pack_slice(const afb_cells *cells, const afb_structure *slice, int64_t first, making *m,
                       afb_piece_work *work, int *next)
{
  for (int64_t i = 0; i < slice->n_atoms; i++)
    work->to_owner[m->rank_of[i]]++;
  for (int r = 0, sum = 0; r < m->n_ranks; r++) {
    next[r] = sum;
    sum += work->to_owner[r];
  }
  for (int64_t i = 0; i < slice->n_atoms; i++) {
    int owner = m->rank_of[i];
    traveller *t = &m->sent[work->place[i] = next[owner]++];
    const int32_t *c = m->slice_cell + 3 * i;
    double s[3];
    int again[3];
    *t = (traveller){.atom = first + i, .element = slice->element[i]};
    afb_cells_place(cells, slice->position + 3 * i, t->position, s, again);
    t->cell = (int32_t)afb_cell_box_index(&m->box[owner], c[0], c[1], c[2]);
  }
}

/* What a box of cells with its halo takes in: cells, and coordinates that are within the cut-off. */
typedef struct {
  afb_cell_box box;
  double low[3], high[3];
} halo;

static halo halo_of(const afb_cells *cells, const afb_cell_box *own)
{
  halo h = {0};
  if (afb_cell_box_size(own) == 0)
    return h;
  int last[3];
  for (int k = 0; k < 3; k++) {
    int end = own->first[k] + own->n[k], open = !cells->periodic[k];
    last[k] = end - 1;
    h.low[k] =
      open && own->first[k] == 0 ? -INFINITY : cells->low[k] + own->first[k] / cells->scale[k] - cells->reach[k];
    h.high[k] = open && end == cells->n[k] ? INFINITY : cells->low[k] + end / cells->scale[k] + cells->reach[k];
  }
  h.box = afb_cells_around(cells, own->first, last);
  return h;
}

/* Every atom to the rank whose box its cell lies in. Collective. */
static afb_status send_to_owners(const afb_cells *cells, const afb_structure *slice, int64_t first, making *m,
                                 afb_piece_work *work)
{
  for (int64_t i = 0; i < slice->n_atoms; i++) {
    double x[3], s[3];
    int c[3];
    afb_cells_place(cells, slice->position + 3 * i, x, s, c);
    for (int k = 0; k < 3; k++)
      m->slice_cell[3 * i + k] = c[k];
  }
  AFB_TRY(afb_bisect(m->comm, cells, slice->n_atoms, m->slice_cell, m->box, m->rank_of));
  for (int r = 0; r < m->n_ranks; r++) { /* the same on all ranks */
    afb_cell_box box = halo_of(cells, &m->box[r]).box;
    if (!((double)box.n[0] * box.n[1] * box.n[2] < 2147483646.0))
      return AFB_FAIL(AFB_E_LIMIT, "more than 2^31 cells in one domain: use more ranks");
  }
  pack_slice(cells, slice, first, m, work, work->from_slice);
  free(m->slice_cell);
  free(m->rank_of);
  m->slice_cell = m->rank_of = NULL;
  return travel(m, work->to_owner, work->from_slice);
}

/* Own points in order of cells and, as they arrived so, of atoms. work->arrival keeps where each was. */
static afb_status sort_own(making *m, afb_piece_work *work)
{
  int64_t n = m->n_own = m->n_received, n_cells = afb_cell_box_size(&m->box[m->rank]);
  m->own = afb_piece_array(n, sizeof *m->own);
  m->begin = calloc((size_t)n_cells + 2, sizeof *m->begin);
  work->arrival = afb_piece_array(n, sizeof *work->arrival);
  if (!m->own || !m->begin || !work->arrival)
    return no_memory(n);
  int32_t *next = m->begin + 1; /* while atoms are placed: where the next of a cell goes */
  for (int64_t i = 0; i < n; i++)
    next[m->received[i].cell + 1]++;
  for (int64_t c = 0; c < n_cells; c++)
    next[c + 1] += next[c];
  for (int64_t i = 0; i < n; i++) {
    int32_t own = next[m->received[i].cell]++;
    m->own[own] = m->received[i];
    work->arrival[own] = (int32_t)i;
  }
  free(m->received);
  m->received = NULL;
  return AFB_OK;
}

/* Images of own atoms by one shift of the cell for rank q: from m->sent + *n on, with their own points in `own`;
 * m->sent NULL: counts. */
static void send_shifted(const afb_cells *cells, const making *m, const halo *h, const int *shift, int32_t *own,
                         int64_t *n)
{
  const afb_cell_box *mine = &m->box[m->rank];
  int low[3], high[3];
  for (int k = 0; k < 3; k++) {
    int first = h->box.first[k] - shift[k] * cells->n[k] - mine->first[k], end = first + h->box.n[k];
    low[k] = first > 0 ? first : 0;
    high[k] = end < mine->n[k] ? end : mine->n[k];
  }
  for (int z = low[2]; z < high[2]; z++)
    for (int y = low[1]; y < high[1]; y++)
      for (int x = low[0]; x < high[0]; x++) {
        int64_t c = ((int64_t)z * mine->n[1] + y) * mine->n[0] + x;
        int64_t cell =
          afb_cell_box_index(&h->box, mine->first[0] + x + shift[0] * cells->n[0],
                             mine->first[1] + y + shift[1] * cells->n[1], mine->first[2] + z + shift[2] * cells->n[2]);
        for (int32_t i = m->begin[c]; i < m->begin[c + 1]; i++) {
          double s[3];
          int inside = 1;
          afb_cells_coordinates(cells, m->own[i].position, s);
          for (int k = 0; k < 3; k++)
            inside &= s[k] + shift[k] >= h->low[k] && s[k] + shift[k] <= h->high[k];
          if (!inside)
            continue;
          if (m->sent) {
            traveller *t = &m->sent[*n];
            *t = m->own[i];
            t->cell = (int32_t)cell;
            memcpy(t->shift, shift, sizeof t->shift);
            own[*n] = i;
          }
          ++*n;
        }
      }
}

static int floor_ratio(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/* All images for rank q. */
static void send_images(const afb_cells *cells, const making *m, int q, int32_t *own, int64_t *n)
{
  const afb_cell_box *mine = &m->box[m->rank];
  halo h = halo_of(cells, &m->box[q]);
  int first[3], last[3], shift[3];
  if (afb_cell_box_size(mine) == 0 || afb_cell_box_size(&m->box[q]) == 0)
    return;
  for (int k = 0; k < 3; k++) { /* a cell c of mine is seen as c + shift n */
    first[k] = cells->periodic[k] ? -floor_ratio(mine->first[k] + mine->n[k] - 1 - h.box.first[k], cells->n[k]) : 0;
    last[k] = cells->periodic[k] ? floor_ratio(h.box.first[k] + h.box.n[k] - 1 - mine->first[k], cells->n[k]) : 0;
  }
  for (shift[2] = first[2]; shift[2] <= last[2]; shift[2]++)
    for (shift[1] = first[1]; shift[1] <= last[1]; shift[1]++)
      for (shift[0] = first[0]; shift[0] <= last[0]; shift[0]++)
        if (q != m->rank || shift[0] || shift[1] || shift[2])
          send_shifted(cells, m, &h, shift, own, n);
}

/* Images to every rank whose halo holds them, this one among them. Collective. */
static afb_status send_halo(const afb_cells *cells, making *m, afb_piece_work *work)
{
  afb_status status = AFB_OK;
  int64_t n = 0;
  for (int q = 0; q < m->n_ranks; q++) {
    int64_t before = n;
    send_images(cells, m, q, NULL, &n);
    if (n - before >= INT32_MAX)
      status = AFB_FAIL(AFB_E_LIMIT, "more than 2^31 images for one domain: use more ranks");
    work->to_halo[q] = (int)(n - before);
  }
  work->n_halo_own = m->n_sent = n;
  work->halo_own = afb_piece_array(n, sizeof *work->halo_own);
  m->sent = afb_piece_array(n, sizeof *m->sent);
  if (status == AFB_OK && (!work->halo_own || !m->sent))
    status = no_memory(n);
  AFB_TRY(afb_agree(m->comm, status));
  n = 0;
  for (int q = 0; q < m->n_ranks; q++)
    send_images(cells, m, q, work->halo_own, &n);
  return travel(m, work->to_halo, work->from_halo);
}

/* The points and their cell list. */
static afb_status settle(making *m, afb_piece *piece)
{
  afb_piece_work *work = piece->work;
  afb_cell_list *list = &work->list[0];
  const afb_cell_box *mine = &m->box[m->rank];
  list->box = halo_of(&list->cells, mine).box;
  piece->n_own = m->n_own;
  piece->n_points = m->n_own + m->n_received;
  piece->frame_own[0] = 0;
  piece->frame_own[1] = m->n_own;
  AFB_TRY(afb_piece_allocate(piece));
  int32_t *cell = work->cell = afb_piece_array(piece->n_points, sizeof *cell);
  if (!cell)
    return no_memory(piece->n_points);
  const int32_t *begin = m->begin;
  for (int z = 0; z < mine->n[2]; z++)
    for (int y = 0; y < mine->n[1]; y++)
      for (int x = 0; x < mine->n[0]; x++, begin++)
        for (int32_t i = begin[0]; i < begin[1]; i++) {
          cell[i] = (int32_t)afb_cell_box_index(&list->box, mine->first[0] + x, mine->first[1] + y, mine->first[2] + z);
          afb_piece_put(piece, i, m->own[i].position, NULL, m->own[i].element, m->own[i].atom, i);
        }
  int64_t from_me = m->n_own + total(m->rank, work->from_halo), sent_me = total(m->rank, work->to_halo);
  for (int64_t i = 0; i < m->n_received; i++) {
    const traveller *t = &m->received[i];
    double vector[3];
    int64_t point = m->n_own + i, self = point - from_me;
    int shifted = t->shift[0] || t->shift[1] || t->shift[2];
    afb_cells_shift(&list->cells, t->shift, vector);
    afb_piece_put(piece, point, t->position, shifted ? vector : NULL, t->element, t->atom,
                  self >= 0 && self < work->from_halo[m->rank] ? work->halo_own[sent_me + self] : -1);
    cell[point] = t->cell;
  }
  AFB_TRY(afb_piece_sort(piece, 0, cell, 0, piece->n_own, piece->n_own, m->n_received, 0));
  int32_t *less = realloc(cell, ((size_t)piece->n_own + 1) * sizeof *cell);
  work->cell = less ? less : cell;
  return AFB_OK;
}

/* The stages; each is agreed before the next. Collective. */
static afb_status make(const afb_structure *slice, int64_t first, double cutoff, making *m, afb_piece *piece)
{
  afb_status status = afb_piece_begin(1, cutoff, piece);
  if (status == AFB_OK)
    status = allocate(m, slice->n_atoms, piece->work);
  AFB_TRY(afb_agree(m->comm, status));
  afb_piece_work *work = piece->work;
  afb_cells *cells = &work->list[0].cells;
  AFB_TRY(common_cells(m->comm, slice, first, cutoff, cells));
  AFB_TRY(send_to_owners(cells, slice, first, m, work));
  AFB_TRY(afb_agree(m->comm, sort_own(m, work)));
  AFB_TRY(send_halo(cells, m, work));
  AFB_TRY(afb_agree(m->comm, settle(m, piece)));
  work->most_rows = piece->n_own > work->n_slice ? piece->n_own : work->n_slice;
  MPI_Allreduce(MPI_IN_PLACE, &work->most_rows, 1, MPI_INT64_T, MPI_MAX, m->comm);
  return AFB_OK;
}

afb_status afb_piece_domain(MPI_Comm comm, const afb_structure *slice, int64_t first, double cutoff, afb_piece *piece)
{
  making m = {.comm = comm};
  MPI_Comm_rank(comm, &m.rank);
  MPI_Comm_size(comm, &m.n_ranks);
  afb_status status = make(slice, first, cutoff, &m, piece);
  free(m.box);
  free(m.slice_cell);
  free(m.rank_of);
  free(m.sent);
  free(m.received);
  free(m.own);
  free(m.begin);
  if (status != AFB_OK)
    afb_piece_clear(piece);
  return status;
}

afb_status afb_domain_fold(const afb_piece *piece, int width, double *value)
{
  const afb_piece_work *work = piece->work;
  size_t row = (size_t)width;
  double *received = afb_piece_array(work->n_halo_own, row * sizeof *received);
  AFB_TRY(afb_agree(work->comm, received ? AFB_OK : no_memory(work->n_halo_own)));
  afb_status status = exchange(work->comm, row * sizeof *value, value + (size_t)piece->n_own * row, work->from_halo,
                               received, work->to_halo);
  for (int64_t i = 0; status == AFB_OK && i < work->n_halo_own; i++)
    for (size_t w = 0; w < row; w++)
      value[(size_t)work->halo_own[i] * row + w] += received[(size_t)i * row + w];
  free(received);
  return status;
}

/* Columns from ... from + width - 1 of rows; `place` says where each row stands in the message. */
static void gather_columns(int64_t n, const int32_t *place, int from, int width, int all, const double *rows,
                           double *message)
{
  for (int64_t i = 0; i < n; i++)
    memcpy(message + (size_t)place[i] * (size_t)width, rows + (size_t)i * (size_t)all + from,
           (size_t)width * sizeof *rows);
}

static void scatter_columns(int64_t n, const int32_t *place, int from, int width, int all, const double *message,
                            double *rows)
{
  for (int64_t i = 0; i < n; i++)
    memcpy(rows + (size_t)i * (size_t)all + from, message + (size_t)place[i] * (size_t)width,
           (size_t)width * sizeof *rows);
}

afb_status afb_domain_return(const afb_piece *piece, int width, const double *value, double *out)
{
  const afb_piece_work *work = piece->work;
  int64_t columns = (INT64_C(1) << 21) / (work->most_rows + 1); /* messages of 16 megabytes, or of 8 columns */
  int slab = columns < 8 ? 8 : columns > width ? width : (int)columns;
  double *sent = afb_piece_array(piece->n_own, (size_t)slab * sizeof *sent);
  double *received = afb_piece_array(work->n_slice, (size_t)slab * sizeof *received);
  afb_status status = afb_agree(work->comm, sent && received ? AFB_OK : no_memory(piece->n_own));
  for (int from = 0; status == AFB_OK && from < width; from += slab) {
    int some = width - from < slab ? width - from : slab;
    gather_columns(piece->n_own, work->arrival, from, some, width, value, sent);
    status = exchange(work->comm, (size_t)some * sizeof *sent, sent, work->from_slice, received, work->to_owner);
    if (status == AFB_OK)
      scatter_columns(work->n_slice, work->place, from, some, width, received, out);
  }
  free(sent);
  free(received);
  return status;
}
