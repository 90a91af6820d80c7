/* The linear models that perceptrons begin with (learn/mdn.h), from sums over rows that may come in any number of pieces and on any number of
 * ranks, in double precision. */
#ifndef AFB_LEARN_MDN_LINEAR_H
#define AFB_LEARN_MDN_LINEAR_H

#include <mpi.h>

#include "learn/mdn.h"

/* Standardisation of inputs: mean and standard deviation [n_in]; an input that never changes counts as 0. */
void afb_mdn_set_inputs(afb_mdn *mdn, const double *mean, const double *deviation);

typedef struct afb_linear_sums afb_linear_sums;

/* The normal equations of the network's targets. complete: no target of a row is ever unknown (NaN), so that all have the same matrix.
 * AFB_E_MEMORY. Cost: 8 (n_in + 1)^2 bytes, times n_out unless complete. */
afb_status afb_linear_sums_create(const afb_mdn *mdn, int complete, afb_linear_sums **out);
void afb_linear_sums_destroy(afb_linear_sums **sums);
/* Rows: raw inputs [n][n_in], targets [n][n_out] in scaled units. AFB_E_MEMORY. */
afb_status afb_linear_sums_add(afb_linear_sums *sums, int64_t n, const double *input, const double *target);
/* Collective. Adds up over ranks and sets the linear model of every member: least squares, ridge times the squared coefficients of standardised
 * inputs being added; and the deviations of its residuals. AFB_E_NUMERIC: no solution. */
afb_status afb_linear_sums_solve(MPI_Comm comm, afb_linear_sums *sums, double ridge, afb_mdn *mdn);

/* The same for probabilities: logistic regression (learn/logistic.h) on n rows that every rank has. Not collective. AFB_E_MEMORY. */
afb_status afb_mdn_set_logistic(afb_mdn *mdn, int64_t n, const double *input, const double *target, double ridge);

/* What the linear model of a member says alone: out [n][n_out], scaled; of cross_entropy the logit. AFB_E_MEMORY. */
afb_status afb_mdn_linear_points(afb_mdn *mdn, int64_t n, const double *input, int member, double *out);

#endif
