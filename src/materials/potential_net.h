/* The network for the Gaussian coefficients of atom-centred potentials (Hoang and Rulis, PEARC '23, doi:10.1145/3569951.3603638): from the inputs of
 * materials/site_inputs.h a mixture density network (learn/mdn.h) gives the distribution of the principal coordinates of V(r)
 * (materials/potential_metric.h). Data are divided by model (structure), never by atom. */
#ifndef AFB_MATERIALS_POTENTIAL_NET_H
#define AFB_MATERIALS_POTENTIAL_NET_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "learn/mdn_train.h"
#include "materials/potential_metric.h"

/* Atoms with known potentials; the same on all ranks, owned by the caller. */
typedef struct {
  int64_t n;
  int n_columns, n_gaussians;
  const double *input;         /* [n][n_columns] */
  const double *prior;         /* [n_columns] */
  const double *alpha;         /* [n_gaussians] bohr^-2 */
  const double *a;             /* [n][n_gaussians] hartree */
  const int64_t *model;        /* [n] rising: 0 ... n_models - 1; or -1: not to be used */
  int64_t n_models;
} afb_potential_table;

typedef struct {
  int components, covariance, rank, width, layers, members;   /* as afb_mdn_spec */
  int64_t steps;
  uint64_t seed;
} afb_potential_options;

typedef struct {
  afb_potential_basis basis;
  afb_mdn *mdn;
} afb_potential_net;
void afb_potential_net_clear(afb_potential_net *net);

/* Trains on all models but `without` (-1: on all). Collective on `comm`, the same status on all ranks: AFB_E_INPUT (fewer than two models,
 * options), AFB_E_MEMORY, AFB_E_NUMERIC. The caller clears *net. */
afb_status afb_potential_net_fit(MPI_Comm comm, const afb_potential_table *table, const afb_potential_options *options,
                                 int64_t without, afb_potential_net *net);

/* Rows that were not learned from, or new ones. */
typedef struct {
  int64_t n;
  int n_gaussians;
  double *a, *deviation;       /* [n][n_gaussians] means and standard deviations */
  double *distance;            /* [n] root of the expected ||dV||_S^2 */
} afb_potential_prediction;
void afb_potential_prediction_clear(afb_potential_prediction *prediction);
/* Not collective. AFB_E_INPUT: other columns than the network's. AFB_E_MEMORY. */
afb_status afb_potential_net_predict(const afb_potential_net *net, int64_t n, int n_columns, const double *input,
                                     afb_potential_prediction *out);

/* What is found on models that are left out one at a time. */
typedef struct {
  int32_t *done;                  /* [n_models] */
  afb_potential_prediction prediction;     /* of the table's rows; NaN where not done */
  double *error;               /* [n] ||dV||_S of the mean */
  double *inside;              /* [n][2] part of the first three coordinates inside their 50 % and 90 % intervals */
} afb_potential_validation;
/* AFB_E_MEMORY. */
afb_status afb_potential_validation_init(const afb_potential_table *table, afb_potential_validation *validation);
void afb_potential_validation_clear(afb_potential_validation *validation);
/* Leaves out the models first ... first + n - 1 that are not done, dealt to the ranks in turn: the same numbers on any number of ranks. `enough` (or
 * NULL) is called on each rank after each of its models, of which it begins no more once that returns 1; `done` tells which were made. Collective on
 * `comm`; the same status and numbers on all ranks. Statuses of afb_potential_net_fit. */
afb_status afb_potential_leave_out(MPI_Comm comm, const afb_potential_table *table, const afb_potential_options *options, int64_t first, int64_t n,
                                   int (*enough)(void *context), void *context, afb_potential_validation *validation);

/* Means over the models of a kind. */
typedef struct {
  int64_t n_models, n_atoms;
  double start, bulk, error;   /* ||dV||_S of the default start, of every atom like the reference atom, of the network; NaN: unknown */
  double inside[2];
} afb_potential_score;
/* Over the atoms that are done and of models whose kind[model] is `kind`; kind -1: all. start and bulk [n_gaussians] or NULL. Not collective. */
afb_potential_score afb_potential_score_kind(const afb_potential_table *table, const afb_potential_validation *validation,
                                             const int *kind_of, int kind, const double *start, const double *bulk);

#endif
