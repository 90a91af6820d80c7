/* What stands behind a piece: its cell lists and, for a domain, who exchanges what. For src/descriptor only; the two of
 * afb_domain_ are collective. */
#ifndef AFB_DESCRIPTOR_PIECE_WORK_H
#define AFB_DESCRIPTOR_PIECE_WORK_H

#include "descriptor/cells.h"
#include "descriptor/piece.h"

/* The cell list of one frame: the points of cell c of the box are in slots begin[c] ... begin[c + 1] - 1, by atom
 * number. */
typedef struct {
  afb_cells cells;
  afb_cell_box box;
  int32_t *begin;              /* [cells of the box + 1] */
} afb_cell_list;

struct afb_piece_work {
  int n_lists;
  afb_cell_list *list;         /* one a frame */
  /* [n_points] of each slot. A copy in order of cells: the search reads it in runs */
  double *x, *y, *z;
  int32_t *element, *point;
  int32_t *cell;               /* [n_own] cell in the box of the list */
  /* A domain's exchanges, comm is MPI_COMM_NULL otherwise. Counts are of atoms, [n_ranks]. */
  MPI_Comm comm;
  int n_ranks;
  int64_t n_slice;             /* atoms that this rank brought */
  int *to_owner, *from_slice;  /* atoms sent to, received from each rank */
  int *to_halo, *from_halo;    /* the same for images; those received are the points from n_own on, by rank */
  int32_t *place;              /* [n_slice] place of a slice's atom in the message to the owners */
  int32_t *arrival;            /* [n_own] place of an own point in what came from the slices */
  int32_t *halo_own;           /* own points in the order in which they were sent as images */
  int64_t n_halo_own;
  int64_t most_rows;           /* the largest n_own and n_slice of all ranks */
};

/* malloc of n elements, never of nothing; NULL: no memory. */
void *afb_piece_array(int64_t n, size_t size);

/* An empty piece and its work. AFB_E_MEMORY; afb_piece_clear afterwards in any case. */
afb_status afb_piece_begin(int n_frames, double cutoff, afb_piece *piece);

/* Allocates the arrays of n_own and n_points rows of a piece and its work. AFB_E_MEMORY. */
afb_status afb_piece_allocate(afb_piece *piece);

/* Sets a point: position x, or x + shift. */
void afb_piece_put(afb_piece *piece, int64_t point, const double *x, const double *shift, int32_t element, int64_t atom,
                   int64_t owner);

/* Sorts points into list f, whose cells and box are set: n_own from `own` on and n_image from `image` on, their cells
 * being cell [n_points]; their slots are from `slot` on. Within a cell the order of points stays. AFB_E_MEMORY,
 * AFB_E_LIMIT: too many cells. */
afb_status afb_piece_sort(afb_piece *piece, int f, const int32_t *cell, int64_t own, int64_t n_own, int64_t image,
                          int64_t n_image, int64_t slot);

/* Fold and return of a domain. */
afb_status afb_domain_fold(const afb_piece *piece, int width, double *value);
afb_status afb_domain_return(const afb_piece *piece, int width, const double *value, double *out);

#endif
