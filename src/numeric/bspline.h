/* B-splines on a set of breakpoints with full multiplicity at both ends. Not collective.
 * de Boor, A Practical Guide to Splines (2001), ch. X. */
#ifndef AFB_NUMERIC_BSPLINE_H
#define AFB_NUMERIC_BSPLINE_H

enum { AFB_BSPLINE_MAX_ORDER = 16 };

/* Values and first derivatives at x of the `order` splines that do not vanish on cell `cell`, breakpoint[cell] <= x <=
 * breakpoint[cell+1]: splines number cell ... cell + order - 1 of the n_breakpoints + order - 2.
 * `derivative` may be NULL. Cost: order^2. */
void afb_bspline_evaluate(int order, int n_breakpoints, const double *breakpoint, int cell, double x,
                          double *value, double *derivative);

/* Gauss-Legendre nodes and weights on [-1, 1], ascending; n <= 64. */
void afb_gauss_legendre(int n, double *node, double *weight);

#endif
