#include "numeric/bspline.h"

#include <math.h>

void afb_bspline_evaluate(int order, int n_breakpoints, const double *breakpoint, int cell, double x,
                          double *value, double *derivative)
{
  double left[AFB_BSPLINE_MAX_ORDER], right[AFB_BSPLINE_MAX_ORDER], around[2 * AFB_BSPLINE_MAX_ORDER];
  const double *knot = around + order - 1;   /* knot[0]: the cell's left end; -order+1 ... order of them are looked at */
  for (int i = 0; i < 2 * order; i++) {
    int b = cell + i - (order - 1);
    around[i] = breakpoint[b < 0 ? 0 : b > n_breakpoints - 1 ? n_breakpoints - 1 : b];
  }
  value[0] = 1;
  for (int k = 1; k < order; k++) {
    if (derivative && k == order - 1) {
      /* The values hold order - 1 now: D B_i = (order-1) [B_i'/(t_(i+k)-t_i) - B_(i+1)'/(t_(i+k+1)-t_(i+1))]. */
      for (int j = 0; j <= k; j++) {
        double d = 0;
        if (j > 0)
          d += value[j - 1] / (knot[j] - knot[j - k]);
        if (j < k)
          d -= value[j] / (knot[j + 1] - knot[j + 1 - k]);
        derivative[j] = k * d;
      }
    }
    left[k] = x - knot[1 - k];
    right[k] = knot[k] - x;
    double saved = 0;
    for (int j = 0; j < k; j++) {
      double term = value[j] / (right[j + 1] + left[k - j]);
      value[j] = saved + right[j + 1] * term;
      saved = left[k - j] * term;
    }
    value[k] = saved;
  }
}

void afb_gauss_legendre(int n, double *node, double *weight)
{
  for (int i = 0; i < n; i++) {
    double x = -cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5)), slope = 1;
    for (int it = 0; it < 100; it++) {
      double p0 = 1, p1 = x;
      for (int k = 2; k <= n; k++) {
        double p2 = ((2 * k - 1) * x * p1 - (k - 1) * p0) / k;
        p0 = p1;
        p1 = p2;
      }
      if (n == 1)
        p0 = 1;
      slope = n * (x * p1 - p0) / (x * x - 1);
      double dx = p1 / slope;
      x -= dx;
      if (fabs(dx) < 1e-16)
        break;
    }
    node[i] = x;
    weight[i] = 2 / ((1 - x * x) * slope * slope);
  }
}
