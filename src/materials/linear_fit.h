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
#include "numeric/least_squares.h"

enum { AFB_LINEAR_ENERGY, AFB_LINEAR_FORCE, AFB_LINEAR_STRESS, AFB_LINEAR_KINDS };

typedef struct {
  char name[AFB_FRAME_NAME];
  double weight[AFB_LINEAR_KINDS];   /* factors of its rows, by kind */
} afb_linear_group;

/* The same on all ranks; what it points to is the caller's. */
typedef struct {
  afb_structures *structures;
  const int32_t *element;      /* and `whole` and skip_bad: as in afb_evaluate */
  afb_bispectrum *bispectrum;
  const afb_zbl *reference;    /* NULL: none */
  int n_groups;
  const afb_linear_group *group;   /* frames of other groups are left out */
  int64_t whole;
  int skip_bad;
} afb_linear_data;

typedef struct {
  const double *a;             /* [afb_linear_unknowns] */
  double b, weight;
  int group, kind;             /* kind: AFB_LINEAR_ENERGY ... */
} afb_linear_row;

int afb_linear_unknowns(const afb_bispectrum *bispectrum);

/* Calls `take` with each row of the frames and atoms that this rank evaluates, one after the other; rows are not kept. It calls afb_evaluate, has its
 * statuses, and those of `take`, which is not collective. AFB_E_INPUT also: the group of the number given has no frame. Collective on
 * `comm`, the same status on all ranks. Memory: that of afb_evaluate with 24 (n + 1) bytes an atom, whatever the number of frames. */
afb_status afb_linear_rows(MPI_Comm comm, const afb_linear_data *data, void *owner,
                           afb_status (*take)(void *owner, const afb_linear_row *row));

/* x [afb_linear_unknowns], the same on all ranks: the rows go into a numeric/least_squares.h as they come. Collective on `comm`, the same status
 * on all ranks: those of afb_linear_rows and afb_least_squares_solve; AFB_E_INPUT: no structure has anything to fit to. */
afb_status afb_linear_solve(MPI_Comm comm, const afb_linear_data *data, double ridge, double tolerance, double *x,
                            afb_least_squares_result *result);

/* The unknowns x into potential->constant and ->beta, which it allocates; its bispectrum is the one of the fit. Not
 * collective. AFB_E_MEMORY. */
afb_status afb_linear_potential(const double *x, afb_potential *potential);

/* Of the rows of one kind: their number, and mean absolute, root of mean squared and explained share of errors. NaN without rows.
 * Weighted ones are those of weight times row, over rows whose weight is not 0. */
typedef struct {
  int64_t count;
  double mae, rmse, rsq;
} afb_linear_error;

/* error [n_groups + 1][2][AFB_LINEAR_KINDS]: all groups together first; unweighted, weighted. The same on all ranks. The rows are evaluated again.
 * Collective, statuses of afb_linear_rows. */
afb_status afb_linear_errors(MPI_Comm comm, const afb_linear_data *data, const double *x, afb_linear_error *error);

#endif
