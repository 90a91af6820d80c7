/* Taking structures through descriptors and potentials over all ranks.
 *
 * Frames of at most `whole` atoms are dealt as whole frames, in their order, balanced by predicted cost, and handed out in
 * batches that fill vectors; larger ones are decomposed over all ranks one after the other. In either case what a
 * visitor computes for atoms comes back in the order of the collection. */
#ifndef AFB_MATERIALS_EVALUATE_H
#define AFB_MATERIALS_EVALUATE_H

#include <mpi.h>
#include <stdint.h>

#include "descriptor/neighbours.h"
#include "descriptor/piece.h"
#include "materials/structures.h"

/* What is done with a piece. `frame` is the collection's number of the piece's first frame. own values: [n_own][width]
 * are filled for the atoms of the piece (in the order of its own points); frame values [n_frames][frame_width] are added to and are
 * summed over ranks for decomposed frames. Called on all ranks of `comm` for a domain (then it may call afb_piece_fold), with comm =
 * MPI_COMM_SELF for batches. A failure ends the traversal on all ranks. */
typedef struct {
  void *owner;
  int width, frame_width;
  double cutoff;               /* for the pieces */
  double cost_atom, cost_pair; /* predicted cost: relative */
  afb_status (*visit)(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames);
} afb_visitor;

/* Where rows arrive: rows of atoms first ... first + n - 1 of the collection. Called on all ranks equally often and collective (n may be 0). */
typedef struct {
  void *owner;
  afb_status (*rows)(void *owner, int64_t first, int64_t n, const double *own);
  afb_status (*frames)(void *owner, int64_t first, int64_t n, const double *frames);
} afb_sink;

/* element [n_species]: number of the element of each species (element numbers of the descriptor). Deals `structures` (they are
 * rearranged). Collective on `comm`, the same status everywhere. skip_bad: a frame whose piece cannot be made or whose visit fails with
 * AFB_E_INPUT is marked bad in structures->frame on all ranks, its rows are NaN. */
afb_status afb_evaluate(MPI_Comm comm, afb_structures *structures, const int32_t *element, int64_t whole, int skip_bad,
                        const afb_visitor *visitor, const afb_sink *sink);

#endif
