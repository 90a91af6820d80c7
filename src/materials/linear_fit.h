/* Fits of interatomic potentials that are linear in the descriptors: E = sum_i (constant_e(i) + sum_k beta_e(i),k B_k(i)).
 *
 * Unknowns: for each element its constant (left out with bzero: an isolated atom then has the energy 0), then its beta. Rows, what
 * they are compared with and units:
 *   energy   one a frame: of the counts of elements and sums of B, divided by the number of atoms; eV per atom
 *   force    three an atom: -sum_i dB_k(i)/dr_a; eV/angstrom
 *   stress   six a frame, xx yy zz xy xz yz: the virial of each B_k by the volume, times AFB_BAR; bar, positive under compression
 * What a frame does not give has no row. From what it gives the reference potential's share is subtracted.
 *
 * Thompson, Swiler, Trott, Foiles, Tucker, J. Comput. Phys. 285, 316 (2015). */
#ifndef AFB_MATERIALS_LINEAR_FIT_H
#define AFB_MATERIALS_LINEAR_FIT_H

#include <mpi.h>
#include <stdint.h>

#include "descriptor/potential.h"
#include "materials/structures.h"

enum { AFB_LINEAR_ENERGY, AFB_LINEAR_FORCE, AFB_LINEAR_STRESS, AFB_LINEAR_KINDS };

typedef struct {
  char name[AFB_FRAME_NAME];
  double weight[AFB_LINEAR_KINDS];   /* factors of its rows, by kind */
} afb_linear_group;

/* This rank's rows: those of the frames and atoms that it evaluated. */
typedef struct {
  int64_t m, capacity;
  int n;                       /* unknowns */
  double *a, *b, *weight;      /* [m][n], [m], [m] */
  int32_t *group;              /* [m] */
  int8_t *kind;                /* [m] AFB_LINEAR_ENERGY ... */
} afb_linear_rows;

/* Frames of other groups are left out. element and whole as in afb_evaluate, which this calls, and whose statuses it has;
 * `reference` or NULL.
 * AFB_E_INPUT also: the group of the number given has no frame. Collective on `comm`. Memory: 8 (n + 3) bytes a row, spread over
 * the ranks. The caller clears *out. */
afb_status afb_linear_rows_make(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_bispectrum *bispectrum,
                                const afb_zbl *reference, int n_groups, const afb_linear_group *group, int64_t whole,
                                int skip_bad, afb_linear_rows *out);
void afb_linear_rows_clear(afb_linear_rows *rows);

/* The unknowns x [rows->n] into potential->constant and ->beta, which it allocates; its bispectrum is the one of the fit. Not
 * collective. AFB_E_MEMORY. */
afb_status afb_linear_potential(const double *x, afb_potential *potential);

/* Of the rows of one kind: their number, and mean absolute, root of mean squared and explained share of errors. NaN without rows.
 * Weighted ones are those of weight times row, over rows whose weight is not 0. */
typedef struct {
  int64_t count;
  double mae, rmse, rsq;
} afb_linear_error;

/* error [n_groups + 1][2][AFB_LINEAR_KINDS]: all groups together first; unweighted, weighted. The same on all ranks. Collective. AFB_E_MEMORY. */
afb_status afb_linear_errors(MPI_Comm comm, const afb_linear_rows *rows, const double *x, int n_groups,
                             afb_linear_error *error);

#endif
