/* Taking structures through descriptors and potentials over all ranks.
 *
 * Frames of at most `whole` atoms are dealt as whole frames, in their order, balanced by predicted cost, and evaluated in
 * batches of some thousand atoms; larger ones are decomposed over all ranks one after the other, and so are frames without
 * which the ranks would not be busy alike. In either case what a visitor computes arrives in the order of the collection.
 *
 * The rows of a frame are its atoms, or the points of a grid over it (ix fastest). */
#ifndef AFB_MATERIALS_EVALUATE_H
#define AFB_MATERIALS_EVALUATE_H

#include <mpi.h>
#include <stdint.h>

#include "descriptor/neighbours.h"
#include "descriptor/piece.h"
#include "materials/structures.h"

/* What is done with a piece, which holds the frames `frame`, frame + 1 ... of the collection. own values: [rows][width] are filled for the atoms of the piece
 * (in the order of its own points) or its grid points; they come as zeros. For a domain there is room for n_points rows, so that
 * afb_piece_fold can work there. frame values [n_frames][frame_width] come as zeros and are summed over ranks for decomposed frames.
 *
 * Called on all ranks of `comm` for a domain (then it may call afb_piece_fold), with comm = MPI_COMM_SELF for batches and grids. A visit
 * that fails with AFB_E_INPUT may be repeated for each of its frames alone: until it knows that it succeeds, it changes nothing
 * but `own` and `frames`. Any other failure ends the traversal on all ranks. */
typedef struct {
  void *owner;
  int width, frame_width;
  double cutoff;               /* for the pieces */
  double cost_atom, cost_pair; /* predicted cost of a row and of one neighbour of it: relative */
  int grid[3];                 /* points of the grid along a, b, c; zeros: rows are atoms */
  double *piece_seconds;       /* what making pieces took on this rank is added; NULL: nobody wants to know */
  afb_status (*visit)(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames);
} afb_visitor;

/* Where rows arrive: rows first ... first + n - 1 of the collection, n > 0, and likewise values of frames, those of a divided frame on rank 0. Not collective: each
 * rank calls for its own rows when it has them, in their order. A failure on one rank ends the traversal on all, though the others may meanwhile go on with some tens
 * of MiB of rows. Either may be NULL. */
typedef struct {
  void *owner;
  afb_status (*rows)(void *owner, int64_t first, int64_t n, const double *own);
  afb_status (*frames)(void *owner, int64_t first, int64_t n, const double *frames);
} afb_sink;

/* element [n_species]: number of the element of each species (element numbers of the descriptor). Deals `structures`: each rank then
 * has the whole frames that it evaluates, and a slice of each decomposed one. whole: 0 or less, the default; INT64_MAX: no frame is divided. Collective on `comm`, the same
 * status everywhere. AFB_E_INPUT "file:line: frame NAME: what is wrong": a frame whose piece cannot be made or whose visit
 * fails so; with skip_bad it is marked bad in structures->frame on all ranks, and its rows are NaN. AFB_E_MEMORY, and what visitor
 * and sink fail with. Memory: one copy of a domain's rows; 8 MiB of rows of whole frames, or one frame's; 32 MiB of points. */
afb_status afb_evaluate(MPI_Comm comm, afb_structures *structures, const int32_t *element, int64_t whole, int skip_bad,
                        const afb_visitor *visitor, const afb_sink *sink);

/* Rows of the collection: all atoms, or the points of all frames. */
int64_t afb_evaluate_rows(const afb_structures *structures, const afb_visitor *visitor);

#endif
