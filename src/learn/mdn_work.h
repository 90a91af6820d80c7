/* The private side of mixture density networks: layout, passes, the density of one row. For src/learn/mdn*.c and tests. */
#ifndef AFB_LEARN_MDN_WORK_H
#define AFB_LEARN_MDN_WORK_H

#include "learn/descent.h"
#include "learn/mdn.h"
#include "learn/model_kind.h"

struct afb_mdn_work {
  int64_t capacity;            /* rows */
  int ld;                      /* of the last forward pass: rows of a feature in head, d_head and residual; see afb_mdn_row_head */
  double *input;               /* [rows][n_in] standardised, and the same in single precision: */
  float *x;
  float *slope, *hidden;       /* [layers][rows][width] slope of the activation, and h after each layer */
  float *head, *d_head;        /* [head size][ld], without the last layer's constants */
  float *d_hidden, *d_before;  /* [rows][width] */
  double *base;                /* [rows][n_out] m(x) */
  float *residual;             /* [n_out][ld] (y - m(x)) / deviation */
  float *nll, *scratch;        /* [ld]; of the densities */
  float *row;                  /* [head size] one row of head, and the gradient by it: */
  double *by_row;
};

/* What the last layer gives for a row: a number for each target, or, with the likelihood, [components] ln pi, [components][n_out] mu, [components][covariance parameters]. */
int afb_mdn_cov_size(const afb_mdn_spec *spec);
int afb_mdn_head_size(const afb_mdn_spec *spec);
int64_t afb_mdn_member_weights(const afb_mdn_spec *spec);
/* As the member of afb_model_kind. */
int afb_mdn_matrices(const afb_mdn_spec *spec, afb_extent *out);

/* Parts of `fixed`: input mean [n_in], its inverse deviation times prior [n_in], target mean [n_out], target scale, temperature. */
double *afb_mdn_input_mean(const afb_mdn *mdn);
double *afb_mdn_input_inverse(const afb_mdn *mdn);
double *afb_mdn_target_mean(const afb_mdn *mdn);
double *afb_mdn_target_scale(const afb_mdn *mdn);
double *afb_mdn_temperature(const afb_mdn *mdn);
/* Of a member, scaled units: [n_out][n_in + 2] coefficients, constant, ln deviation. */
double *afb_mdn_linear(const afb_mdn *mdn, int member);

/* Room for n rows. AFB_E_MEMORY. */
afb_status afb_mdn_reserve(afb_mdn *mdn, int64_t n);
/* Rows of raw inputs, row[i] or i when row is NULL, to work->input and work->x. */
void afb_mdn_standardise(afb_mdn *mdn, int64_t n, const int64_t *row, const double *input);
/* work->x to work->head, n <= capacity. */
void afb_mdn_forward(afb_mdn *mdn, int member, int n);
/* work->d_head to gradient [member weights], which is added to. */
void afb_mdn_backward(afb_mdn *mdn, int member, int n, float *gradient, const afb_gradient_sink *sink);

/* After a forward pass of n rows: the sum over them of -ln p(y), or of the mean over targets of another loss, in scaled units, floor in scaled units too; y = target + n_out row[i], or
 * n_out i when row is NULL. share != 0: work->d_head becomes share times the gradient. Residuals y - m(x) are taken in double precision,
 * as are sums over rows; densities of full and diagonal covariances are single, those of low rank double. */
double afb_mdn_nll(afb_mdn *mdn, int member, int n, double floor, const double *target, const int64_t *row, double share);

/* -ln p(y) of a row of low-rank covariances, base = m(x); gradient [head size] with respect to `head`, or NULL. */
double afb_mdn_row_nll(const afb_mdn_spec *spec, double floor, const float *head, const double *base, const double *deviation,
                       const double *y, double *gradient);

/* What the last layer says of row i: [head size]. */
void afb_mdn_row_head(const afb_mdn *mdn, int member, int64_t i, float *head);
/* The mixture of what the last layer says of a row, m(x) = base, in scaled units: weight [components], mean [components][n_out], covariance [components][n_out][n_out]. */
void afb_mdn_row_mixture(const afb_mdn_spec *spec, double floor, const float *head, const double *base,
                         const double *deviation, double *weight, double *mean, double *covariance);
/* work->base = m(x) of n rows. */
void afb_mdn_base(afb_mdn *mdn, int member, int n);
/* [n_out] exp of the linear model's ln deviations, which multiply mu_i, exp(s_i) and F's rows. */
void afb_mdn_deviation(const afb_mdn *mdn, int member, double *deviation);
double afb_mdn_deviation_of(const afb_mdn *mdn, int member, int target);

/* The part of a batch that this rank has, in pieces that the cache holds: as `gradient` of afb_descent_task. input, target: of the rows that
 * the batch numbers; targets and floor in scaled units. */
void afb_mdn_batch_gradient(afb_mdn *mdn, double floor, const double *input, const double *target, const afb_descent_batch *batch,
                            float *gradient, double *loss, const afb_gradient_sink *sink);
/* The mean loss of n rows row[0 ... n-1] (NULL: 0 ... n-1). Collective on `comm`: each rank computes its share. */
double afb_mdn_mean_loss(MPI_Comm comm, afb_mdn *mdn, int member, double floor, const double *input, const double *target, int64_t n,
                         const int64_t *row);

#endif
