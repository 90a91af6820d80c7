#include "descriptor/bisection.h"

#include <stdlib.h>
#include <string.h>

/* A box for the ranks first ... first + n - 1, kept at the first of them. */
typedef struct {
  int n, axis, cut; /* axis -1: not to be cut */
  int64_t offset;   /* of its atoms by cell along the axis, in the common array */
} part;

/* Chooses the axes; returns the length of the common array. */
static int64_t choose_axes(const afb_cells *cells, int n_ranks, const afb_cell_box *box, part *parts)
{
  int64_t length = 0;
  for (int r = 0; r < n_ranks; r += parts[r].n) {
    double longest = 0;
    parts[r].axis = -1;
    parts[r].offset = length;
    for (int k = 0; k < 3 && parts[r].n > 1; k++) {
      double edge = box[r].n[k] * cells->height[k] / cells->scale[k];
      if (box[r].n[k] > 1 && edge > longest * (1 + 1e-9)) {
        longest = edge;
        parts[r].axis = k;
      }
    }
    length += parts[r].axis < 0 ? 0 : box[r].n[parts[r].axis];
  }
  return length;
}

/* Where `wanted` of the atoms are on the lower side, as nearly as cells allow; both sides keep a cell. */
static int choose_cut(int n, const int64_t *count, double share)
{
  double total = 0, below = 0;
  int cut = 1;
  for (int c = 0; c < n; c++)
    total += (double)count[c];
  if (total <= 0)
    return n / 2;
  below = (double)count[0];
  while (cut < n - 1 && share * total - below > below + (double)count[cut] - share * total)
    below += (double)count[cut++];
  return cut;
}

static void cut_boxes(int n_ranks, const int64_t *count, afb_cell_box *box, part *parts)
{
  for (int r = 0, n; r < n_ranks; r += n) {
    n = parts[r].n;
    if (n == 1)
      continue;
    int axis = parts[r].axis, half = n / 2;
    afb_cell_box upper = box[r];
    if (axis < 0) { /* one cell or none: all to the lower half */
      memset(upper.n, 0, sizeof upper.n);
    } else {
      int cut = choose_cut(box[r].n[axis], count + parts[r].offset, (double)half / n);
      parts[r].cut = box[r].first[axis] + cut;
      upper.first[axis] += cut;
      upper.n[axis] -= cut;
      box[r].n[axis] = cut;
    }
    box[r + half] = upper;
    parts[r + half].n = n - half;
    parts[r].n = half;
  }
}

static int undivided(int n_ranks, const part *parts)
{
  int more = 0;
  for (int r = 0; r < n_ranks; r += parts[r].n)
    more |= parts[r].n > 1;
  return more;
}

afb_status afb_bisect(MPI_Comm comm, const afb_cells *cells, int64_t n_atoms, const int32_t *cell, afb_cell_box *box,
                      int32_t *rank_of)
{
  int n_ranks;
  MPI_Comm_size(comm, &n_ranks);
  part *parts = calloc((size_t)n_ranks, sizeof *parts);
  int64_t *count = NULL;
  afb_status status = parts ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the boxes of %d ranks", n_ranks);
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    parts[0].n = n_ranks;
    box[0] = (afb_cell_box){{0, 0, 0}, {cells->n[0], cells->n[1], cells->n[2]}};
    memset(rank_of, 0, (size_t)n_atoms * sizeof *rank_of);
  }
  while (status == AFB_OK && undivided(n_ranks, parts)) {
    int64_t length = choose_axes(cells, n_ranks, box, parts);
    free(count);
    count = calloc((size_t)length + 1, sizeof *count);
    status = afb_agree(comm, count ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld cells", (long long)length));
    if (status != AFB_OK)
      break;
    for (int64_t i = 0; i < n_atoms; i++) {
      const part *p = &parts[rank_of[i]];
      if (p->axis >= 0)
        count[p->offset + cell[3 * i + p->axis] - box[rank_of[i]].first[p->axis]]++;
    }
    MPI_Allreduce(MPI_IN_PLACE, count, (int)length, MPI_INT64_T, MPI_SUM, comm);
    cut_boxes(n_ranks, count, box, parts);
    for (int64_t i = 0; i < n_atoms; i++) {
      const part *p = &parts[rank_of[i]];
      if (p->axis >= 0 && cell[3 * i + p->axis] >= p->cut)
        rank_of[i] += p->n;
    }
  }
  free(parts);
  free(count);
  return status;
}
