/* Pieces: what one rank evaluates at a time. Either a batch of whole frames, or this rank's domain of one big frame, or
 * a part of a grid over a frame.
 *
 * A piece is an open cloud of points: its own atoms first, then images of atoms (periodic images and atoms of
 * neighbouring domains) as far as the largest cut-off reaches. No periodicity is left: a cell smaller than the cut-off
 * just has several images of an atom, also of the centre itself. Positions of images are position + integer combination
 * of cell vectors, computed in one way whatever the number of ranks; the cells of the cell list are those of the frame,
 * so that the order of neighbours is the same on any number of ranks. */
#ifndef AFB_DESCRIPTOR_PIECE_H
#define AFB_DESCRIPTOR_PIECE_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "descriptor/structure.h"

typedef struct afb_piece_work afb_piece_work;   /* private: cell lists, communication plan */

typedef struct {
  int n_frames;                /* 1 for a domain or a grid */
  int64_t *frame_own;          /* [n_frames + 1] own points of frame f: frame_own[f] ... frame_own[f+1] - 1 */
  int64_t n_own, n_points;
  double *position;            /* [n_points][3]; atoms are moved into the cell along its periodic directions */
  int32_t *element;            /* [n_points] */
  int64_t *atom;               /* [n_points] number of the atom in its frame, from 0 */
  int64_t *owner;              /* [n_points] own point that it is (an image of); -1: of another rank's atom */
  double cutoff;
  int64_t n_grid;              /* grid points of this piece: its centres; own points are then the atoms that they see */
  int64_t grid_first;          /* number of its first grid point; ix fastest */
  int grid[3];                 /* points of the whole grid along a, b, c */
  afb_piece_work *work;
} afb_piece;

/* Whole frames on one rank; arrays are copied. Own points are in the order of the atoms. Not collective. AFB_E_MEMORY.
 * AFB_E_LIMIT: more than 2^31 points. AFB_E_INPUT: no positive cut-off, a cell without volume along a periodic
 * direction, a position that is not finite, an atom with a million images; *bad is then the number of the frame in this
 * call, from 0, else -1. Cost: 0.1 microsecond and 85 bytes an atom, 0.01 microsecond and 80 bytes an image. */
afb_status afb_piece_frames(int n_frames, const afb_structure *frame, double cutoff, afb_piece *piece, int *bad);

/* This rank's domain of one frame. Every rank of `comm` brings a contiguous slice of the frame's atoms: slice->n_atoms
 * atoms from number `first` on, in the order of ranks; cell and periodicity as everywhere. The cell is divided into one
 * box a rank with equal numbers of atoms as nearly as cells of the cut-off's size allow (bisection.h); a rank may have
 * none. Atoms are sent to the rank in whose box they lie, images to all whose box is nearer than the cut-off, be it
 * many boxes away. Own points are in order of cells, not of atom numbers: see afb_piece_return. `comm` must live as
 * long as the piece. Collective on `comm`; the same status on all ranks: as above. Cost: 0.15 microsecond an own atom,
 * 0.01 an image, and 170 bytes an own atom while it is made, 85 afterwards. */
afb_status afb_piece_domain(MPI_Comm comm, const afb_structure *slice, int64_t first, double cutoff, afb_piece *piece);

/* Grid points grid_first ... grid_first + n_grid - 1 (ix fastest) of a grid[3] over a frame that this rank has whole;
 * point (ix, iy, iz) lies at ix/nx a + iy/ny b + iz/nz c. Images are kept only where these points see them. Not
 * collective. Statuses as afb_piece_frames; AFB_E_INPUT: no cell, points that the grid does not have. Cost: 0.06
 * microsecond an atom of the frame, so best one piece for all of a rank's points; the search is then independent of the
 * number of atoms. */
afb_status afb_piece_grid(const afb_structure *frame, const int grid[3], int64_t grid_first, int64_t n_grid, double cutoff,
                          afb_piece *piece);

void afb_piece_clear(afb_piece *piece);

/* Adds what stands at images to their owners: value [n_points][width]; own rows are then complete, rows of images
 * undefined. The order of summation is fixed: the same bits in every run on the same number of ranks. Collective on the
 * communicator of afb_piece_domain, otherwise local. AFB_E_MEMORY. */
afb_status afb_piece_fold(const afb_piece *piece, int width, double *value);

/* Sends rows [n_own][width] to where the atoms came from: out [slice atoms][width] in the order of the slices given to
 * afb_piece_domain. For other pieces a copy. Collective likewise. AFB_E_MEMORY. Works in slabs of columns: 128 bytes of
 * memory an atom, or 32 megabytes. */
afb_status afb_piece_return(const afb_piece *piece, int width, const double *value, double *out);

#endif
