#include "descriptor/piece.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor/piece_work.h"

void *afb_piece_array(int64_t n, size_t size)
{
  return n >= 0 && (uint64_t)n < SIZE_MAX / size - 1 ? malloc(((size_t)n + 1) * size) : NULL;
}

void afb_piece_clear(afb_piece *piece)
{
  afb_piece_work *work = piece->work;
  free(piece->frame_own);
  free(piece->position);
  free(piece->element);
  free(piece->atom);
  free(piece->owner);
  if (work) {
    for (int f = 0; work->list && f < work->n_lists; f++)
      free(work->list[f].begin);
    free(work->list);
    free(work->x);
    free(work->y);
    free(work->z);
    free(work->element);
    free(work->point);
    free(work->cell);
    free(work->to_owner);
    free(work->place);
    free(work->arrival);
    free(work->halo_own);
    free(work);
  }
  *piece = (afb_piece){0};
}

afb_status afb_piece_allocate(afb_piece *piece)
{
  afb_piece_work *work = piece->work;
  int64_t n = piece->n_points;
  if (n >= INT32_MAX)
    return AFB_FAIL(AFB_E_LIMIT, "%lld atoms and images in one piece, more than 2^31: use more ranks", (long long)n);
  piece->position = afb_piece_array(n, 3 * sizeof *piece->position);
  piece->element = afb_piece_array(n, sizeof *piece->element);
  piece->atom = afb_piece_array(n, sizeof *piece->atom);
  piece->owner = afb_piece_array(n, sizeof *piece->owner);
  work->x = afb_piece_array(n, sizeof *work->x);
  work->y = afb_piece_array(n, sizeof *work->y);
  work->z = afb_piece_array(n, sizeof *work->z);
  work->element = afb_piece_array(n, sizeof *work->element);
  work->point = afb_piece_array(n, sizeof *work->point);
  if (!piece->position || !piece->element || !piece->atom || !piece->owner || !work->x || !work->y || !work->z ||
      !work->element || !work->point)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms and images", (long long)n);
  return AFB_OK;
}

afb_status afb_piece_sort(afb_piece *piece, int f, const int32_t *cell, int64_t own, int64_t n_own, int64_t image,
                          int64_t n_image, int64_t slot)
{
  afb_piece_work *work = piece->work;
  afb_cell_list *list = &work->list[f];
  double size = (double)list->box.n[0] * list->box.n[1] * list->box.n[2];
  if (!(size < 2147483646.0))
    return AFB_FAIL(AFB_E_LIMIT, "%.3g cells of a cell list, more than 2^31: use more ranks", size);
  int64_t n_cells = afb_cell_box_size(&list->box);
  list->begin = calloc((size_t)n_cells + 2, sizeof *list->begin);
  if (!list->begin)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld cells", (long long)n_cells);
  int32_t *next = list->begin + 1; /* while points are placed: where the next of a cell goes */
  const int64_t first[2] = {own, image}, n[2] = {n_own, n_image};
  for (int part = 0; part < 2; part++)
    for (int64_t p = first[part]; p < first[part] + n[part]; p++)
      next[cell[p] + 1]++;
  next[0] = (int32_t)slot;
  for (int64_t c = 0; c < n_cells; c++)
    next[c + 1] += next[c];
  for (int part = 0; part < 2; part++)
    for (int64_t p = first[part]; p < first[part] + n[part]; p++) {
      int32_t s = next[cell[p]]++;
      work->x[s] = piece->position[3 * p];
      work->y[s] = piece->position[3 * p + 1];
      work->z[s] = piece->position[3 * p + 2];
      work->element[s] = piece->element[p];
      work->point[s] = (int32_t)p;
    }
  list->begin[0] = (int32_t)slot;
  return AFB_OK;
}

/* What of a frame's atoms comes into a piece: the images whose s lies between low and high, and all atoms themselves
 * unless only_seen. */
typedef struct {
  double low[3], high[3];
  int only_seen;
} view;

void afb_piece_put(afb_piece *piece, int64_t point, const double *x, const double *shift, int32_t element, int64_t atom,
                   int64_t owner)
{
  for (int l = 0; l < 3; l++)
    piece->position[3 * point + l] = shift ? x[l] + shift[l] : x[l];
  piece->element[point] = element;
  piece->atom[point] = atom;
  piece->owner[point] = owner;
}

/* An atom that is being taken: where it is, and the shifts by which it is seen. */
typedef struct {
  double x[3];
  int cell[3], first[3], last[3];
  int home; /* seen without a shift */
  int64_t n_images;
} candidate;

static candidate look(const afb_cell_list *list, const double *position, const view *seen)
{
  candidate a = {.home = 1, .n_images = 1};
  double s[3];
  afb_cells_place(&list->cells, position, a.x, s, a.cell);
  for (int k = 0; k < 3; k++) {
    int n = list->cells.n[k], begin = list->box.first[k], end = begin + list->box.n[k];
    afb_cells_images(&list->cells, k, s[k], seen->low[k], seen->high[k], &a.first[k], &a.last[k]);
    while (a.first[k] <= a.last[k] && a.cell[k] + a.first[k] * n < begin) /* a margin too far */
      a.first[k]++;
    while (a.first[k] <= a.last[k] && a.cell[k] + a.last[k] * n >= end)
      a.last[k]--;
    a.home &= a.first[k] <= 0 && a.last[k] >= 0;
    a.n_images *= a.last[k] - a.first[k] + 1;
  }
  a.n_images -= a.home;
  return a;
}

/* Sets the images of an atom of the frame as points from `point` on. */
static void put_images(afb_piece *piece, const afb_cell_list *list, const candidate *a, int32_t element, int64_t atom,
                       int64_t owner, int32_t *cell, int64_t point)
{
  const int *n = list->cells.n;
  int shift[3];
  double vector[3];
  for (shift[2] = a->first[2]; shift[2] <= a->last[2]; shift[2]++)
    for (shift[1] = a->first[1]; shift[1] <= a->last[1]; shift[1]++)
      for (shift[0] = a->first[0]; shift[0] <= a->last[0]; shift[0]++) {
        if (!shift[0] && !shift[1] && !shift[2])
          continue;
        afb_cells_shift(&list->cells, shift, vector);
        afb_piece_put(piece, point, a->x, vector, element, atom, owner);
        cell[point++] = (int32_t)afb_cell_box_index(&list->box, a->cell[0] + shift[0] * n[0],
                                                    a->cell[1] + shift[1] * n[1], a->cell[2] + shift[2] * n[2]);
      }
}

/* Takes the atoms of a frame: own points from *own on, images from *image on; both move on. With cell NULL they are
 * only counted. */
static void take(afb_piece *piece, const afb_cell_list *list, const afb_structure *frame, const view *seen,
                 int32_t *cell, int64_t *own, int64_t *image)
{
  for (int64_t i = 0; i < frame->n_atoms; i++) {
    candidate a = look(list, frame->position + 3 * i, seen);
    int64_t mine = a.home || !seen->only_seen ? (*own)++ : -1;
    if (cell && mine >= 0) {
      afb_piece_put(piece, mine, a.x, NULL, frame->element[i], i, mine);
      cell[mine] = (int32_t)afb_cell_box_index(&list->box, a.cell[0], a.cell[1], a.cell[2]);
    }
    if (cell && a.n_images > 0)
      put_images(piece, list, &a, frame->element[i], i, mine, cell, *image);
    *image += a.n_images;
  }
}

/* Cells of one frame; low and high receive the range of its atoms. */
static afb_status cells_of(const afb_structure *frame, double cutoff, afb_cells *cells)
{
  double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
  AFB_TRY(afb_cells_init(frame->cell, frame->periodic, cutoff, cells));
  int64_t bad = afb_cells_range(cells, frame->n_atoms, frame->position, low, high);
  if (bad >= 0) {
    const double *x = frame->position + 3 * bad;
    return AFB_FAIL(AFB_E_INPUT, "atom %lld is at (%g %g %g): not finite or too far away", (long long)bad + 1, x[0],
                    x[1], x[2]);
  }
  return afb_cells_divide(cells, low, high, frame->n_atoms);
}

static view view_of_cell(const afb_cells *cells)
{
  view v = {.only_seen = 0};
  for (int k = 0; k < 3; k++) {
    v.low[k] = cells->periodic[k] ? -cells->reach[k] : -INFINITY;
    v.high[k] = cells->periodic[k] ? 1 + cells->reach[k] : INFINITY;
  }
  return v;
}

afb_status afb_piece_begin(int n_frames, double cutoff, afb_piece *piece)
{
  *piece = (afb_piece){.n_frames = n_frames, .cutoff = cutoff};
  piece->work = calloc(1, sizeof *piece->work);
  piece->frame_own = afb_piece_array(n_frames, sizeof *piece->frame_own);
  if (!piece->work || !piece->frame_own)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d frames", n_frames);
  piece->work->comm = MPI_COMM_NULL;
  piece->work->n_lists = n_frames;
  piece->work->list = calloc((size_t)n_frames + 1, sizeof *piece->work->list);
  return piece->work->list ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d frames", n_frames);
}

/* Points and cell lists, from frames whose cells and boxes are set. n_image [n_frames] is work space. */
static afb_status fill(const afb_structure *frame, const view *seen, afb_piece *piece, int64_t *n_image)
{
  int64_t own = 0, image = 0, slot = 0;
  for (int f = 0; f < piece->n_frames; f++) {
    int64_t before = image;
    piece->frame_own[f] = own;
    take(piece, &piece->work->list[f], &frame[f], &seen[f], NULL, &own, &image);
    n_image[f] = image - before;
  }
  piece->frame_own[piece->n_frames] = piece->n_own = own;
  piece->n_points = own + image;
  AFB_TRY(afb_piece_allocate(piece));
  int32_t *cell = afb_piece_array(piece->n_points, sizeof *cell);
  if (!cell)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms and images", (long long)piece->n_points);
  piece->work->cell = cell;
  own = 0;
  image = piece->n_own;
  for (int f = 0; f < piece->n_frames; f++) {
    int64_t own_first = own, image_first = image;
    take(piece, &piece->work->list[f], &frame[f], &seen[f], cell, &own, &image);
    AFB_TRY(afb_piece_sort(piece, f, cell, own_first, own - own_first, image_first, n_image[f], slot));
    slot += own - own_first + n_image[f];
  }
  int32_t *less = realloc(cell, ((size_t)piece->n_own + 1) * sizeof *cell);
  piece->work->cell = less ? less : cell;
  return AFB_OK;
}

afb_status afb_piece_frames(int n_frames, const afb_structure *frame, double cutoff, afb_piece *piece, int *bad)
{
  *bad = -1;
  afb_status status = afb_piece_begin(n_frames, cutoff, piece);
  view *seen = afb_piece_array(n_frames, sizeof *seen);
  int64_t *n_image = afb_piece_array(n_frames, sizeof *n_image);
  if (status == AFB_OK && (!seen || !n_image))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %d frames", n_frames);
  for (int f = 0; status == AFB_OK && f < n_frames; f++) {
    afb_cell_list *list = &piece->work->list[f];
    status = cells_of(&frame[f], cutoff, &list->cells);
    if (status == AFB_E_INPUT) {
      *bad = f;
    } else if (status == AFB_OK) {
      const int first[3] = {0, 0, 0}, last[3] = {list->cells.n[0] - 1, list->cells.n[1] - 1, list->cells.n[2] - 1};
      list->box = afb_cells_around(&list->cells, first, last);
      seen[f] = view_of_cell(&list->cells);
    }
  }
  if (status == AFB_OK)
    status = fill(frame, seen, piece, n_image);
  free(seen);
  free(n_image);
  if (status != AFB_OK)
    afb_piece_clear(piece);
  return status;
}

/* Numbers of grid points along direction k between the first and the last of a range. */
static void grid_range(const int grid[3], int64_t from, int64_t to, int k, int *first, int *last)
{
  int64_t below = k == 0 ? 1 : k == 1 ? grid[0] : (int64_t)grid[0] * grid[1], n = grid[k];
  int one_turn = from / (below * n) == to / (below * n);
  *first = one_turn ? (int)(from / below % n) : 0;
  *last = one_turn ? (int)(to / below % n) : grid[k] - 1;
}

afb_status afb_piece_grid(const afb_structure *frame, const int grid[3], int64_t grid_first, int64_t n_grid,
                          double cutoff, afb_piece *piece)
{
  view seen = {.only_seen = 1};
  int64_t n_image = 0, n_all = (int64_t)grid[0] * grid[1] * grid[2];
  afb_status status = afb_piece_begin(1, cutoff, piece);
  afb_cell_list *list = status == AFB_OK ? &piece->work->list[0] : NULL;
  if (status == AFB_OK &&
      (grid[0] < 1 || grid[1] < 1 || grid[2] < 1 || grid_first < 0 || n_grid < 0 || grid_first + n_grid > n_all))
    status = AFB_FAIL(AFB_E_INPUT, "a grid of %d %d %d points does not have points %lld to %lld", grid[0], grid[1],
                      grid[2], (long long)grid_first + 1, (long long)(grid_first + n_grid));
  if (status == AFB_OK)
    status = cells_of(frame, cutoff, &list->cells);
  if (status == AFB_OK && memcmp(list->cells.h, frame->cell, sizeof frame->cell) != 0)
    status = AFB_FAIL(AFB_E_INPUT, "a grid lies in the cell, and the cell has no volume: give three cell vectors");
  if (status == AFB_OK) {
    int first[3], last[3];
    for (int k = 0; k < 3; k++) {
      int from, to;
      grid_range(grid, grid_first, grid_first + (n_grid > 0 ? n_grid - 1 : 0), k, &from, &to);
      double low = (double)from / grid[k], high = (double)to / grid[k];
      first[k] = afb_cells_number(&list->cells, k, low);
      last[k] = afb_cells_number(&list->cells, k, high);
      seen.low[k] = low - list->cells.reach[k];
      seen.high[k] = high + list->cells.reach[k];
      piece->grid[k] = grid[k];
    }
    list->box = afb_cells_around(&list->cells, first, last);
    piece->n_grid = n_grid;
    piece->grid_first = grid_first;
    status = fill(frame, &seen, piece, &n_image);
  }
  if (status != AFB_OK)
    afb_piece_clear(piece);
  return status;
}

afb_status afb_piece_fold(const afb_piece *piece, int width, double *value)
{
  if (piece->work->comm != MPI_COMM_NULL)
    return afb_domain_fold(piece, width, value);
  for (int64_t p = piece->n_own; p < piece->n_points; p++)
    for (int w = 0; piece->owner[p] >= 0 && w < width; w++)
      value[piece->owner[p] * width + w] += value[p * width + w];
  return AFB_OK;
}

afb_status afb_piece_return(const afb_piece *piece, int width, const double *value, double *out)
{
  if (piece->work->comm != MPI_COMM_NULL)
    return afb_domain_return(piece, width, value, out);
  memcpy(out, value, (size_t)piece->n_own * (size_t)width * sizeof *out);
  return AFB_OK;
}
