/* The private side of mixture density networks: layout, passes, the density of one row. For src/learn/mdn*.c and tests. */
#ifndef AFB_LEARN_MDN_WORK_H
#define AFB_LEARN_MDN_WORK_H

#include "learn/mdn.h"
#include "learn/model_kind.h"

struct afb_mdn_work {
  int64_t capacity;            /* rows */
  float *x;                    /* [rows][n_in] standardised */
  float *before, *hidden;      /* [layers][rows][width] before the activation, and h after each layer */
  float *head, *d_head;        /* [rows][head width] */
  float *d_hidden, *d_before;  /* [rows][width] */
};

/* What the last layer gives for a row: [components] ln pi, [components][n_out] mu, [components][covariance parameters]. */
int afb_mdn_cov_size(const afb_mdn_spec *spec);
int afb_mdn_head_size(const afb_mdn_spec *spec);
int64_t afb_mdn_member_weights(const afb_mdn_spec *spec);

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
/* Rows of raw inputs, row[i] or i when row is NULL, to work->x. */
void afb_mdn_standardise(afb_mdn *mdn, int64_t n, const int64_t *row, const double *input);
/* work->x to work->head. */
void afb_mdn_forward(afb_mdn *mdn, int member, int n);
/* work->d_head to gradient [member weights], which is added to. */
void afb_mdn_backward(afb_mdn *mdn, int member, int n, float *gradient, const afb_gradient_sink *sink);

/* -ln p(y) in scaled units of a row: `base` [n_out] = m(x), `deviation` [n_out] = exp of the linear model's ln deviation, which
 * multiplies mu_i, exp(s_i) and F's rows; floor in scaled units. gradient [head size] with respect to `head`, or NULL. */
double afb_mdn_row_nll(const afb_mdn_spec *spec, double floor, const float *head, const double *base,
                       const double *deviation, const double *y, double *gradient);
/* The row's mixture in scaled units: weight [components], mean [components][n_out], covariance [components][n_out][n_out]. */
void afb_mdn_row_mixture(const afb_mdn_spec *spec, double floor, const float *head, const double *base,
                         const double *deviation, double *weight, double *mean, double *covariance);
/* m(x) [n_out] of row i of work->x. */
void afb_mdn_base(const afb_mdn *mdn, int member, int64_t i, double *base);
void afb_mdn_deviation(const afb_mdn *mdn, int member, double *deviation);

#endif
