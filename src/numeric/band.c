#include "numeric/band.h"

#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

void afb_band_multiply(int n, const double *a, const double *x, double *y)
{
  memset(y, 0, (size_t)n * sizeof *y);
  for (int i = 0; i < n; i++) {
    const double *column = a + (size_t)i * AFB_BAND_LD;
    double xi = x[i], sum = column[0] * xi;
    int most = n - 1 - i < AFB_BAND ? n - 1 - i : AFB_BAND;
    for (int d = 1; d <= most; d++) {
      sum += column[d] * x[i + d];
      y[i + d] += column[d] * xi;
    }
    y[i] += sum;
  }
}

double afb_band_form(int n, const double *a, const double *x, const double *y)
{
  double total = 0;
  for (int i = 0; i < n; i++) {
    const double *column = a + (size_t)i * AFB_BAND_LD;
    double down = 0, across = 0;
    int most = n - 1 - i < AFB_BAND ? n - 1 - i : AFB_BAND;
    for (int d = 1; d <= most; d++) {
      down += column[d] * y[i + d];
      across += column[d] * x[i + d];
    }
    total += x[i] * (column[0] * y[i] + down) + y[i] * across;
  }
  return total;
}

afb_status afb_band_factor(int n, const double *a, double *factors, int *pivots)
{
  memset(factors, 0, (size_t)n * AFB_BAND_FACTOR_LD * sizeof *factors);
  for (int j = 0; j < n; j++) {
    int most = n - 1 - j < AFB_BAND ? n - 1 - j : AFB_BAND;
    for (int d = 0; d <= most; d++) {
      double v = a[(size_t)j * AFB_BAND_LD + (size_t)d];
      factors[(size_t)j * AFB_BAND_FACTOR_LD + 2 * AFB_BAND + (size_t)d] = v;
      factors[(size_t)(j + d) * AFB_BAND_FACTOR_LD + 2 * AFB_BAND - (size_t)d] = v;
    }
  }
  int band = AFB_BAND, ld = AFB_BAND_FACTOR_LD, info;
  dgbtrf_(&n, &n, &band, &band, factors, &ld, pivots, &info);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "singular band matrix (pivot %d)", info);
}

afb_status afb_band_solve(int n, const double *factors, const int *pivots, int n_rhs, double *x)
{
  int band = AFB_BAND, ld = AFB_BAND_FACTOR_LD, info;
  dgbtrs_("N", &n, &band, &band, &n_rhs, factors, &ld, pivots, x, &n, &info);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "band solve failed (%d)", info);
}

static void expand(int n, const double *band, double *dense)
{
  memset(dense, 0, (size_t)n * (size_t)n * sizeof *dense);
  for (int j = 0; j < n; j++)
    for (int d = 0; d <= AFB_BAND && j + d < n; d++)
      dense[(size_t)j * (size_t)n + (size_t)(j + d)] = band[(size_t)j * AFB_BAND_LD + (size_t)d];
}

afb_status afb_band_eigen(int n, const double *h, const double *a, int first, int last, double *value, double *vector)
{
  size_t nn = (size_t)n * (size_t)n;
  int lwork = 40 * n, found, info, il = first + 1, iu = last + 1, itype = 1;
  double *dense = malloc((2 * nn + (size_t)n + (size_t)lwork) * sizeof *dense);
  int *iwork = malloc(6 * (size_t)n * sizeof *iwork);
  if (!dense || !iwork) {
    free(dense);
    free(iwork);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for an eigenproblem of dimension %d", n);
  }
  double *metric = dense + nn, *all = metric + nn, *work = all + n;
  double zero = 0, tolerance = 0;
  expand(n, h, dense);
  expand(n, a, metric);
  dsygvx_(&itype, "V", "I", "L", &n, dense, &n, metric, &n, &zero, &zero, &il, &iu, &tolerance, &found, all, vector, &n,
          work, &lwork, iwork, iwork + 5 * n, &info);
  if (info == 0)
    memcpy(value, all, (size_t)(last - first + 1) * sizeof *value);
  free(dense);
  free(iwork);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "generalised eigenproblem failed (LAPACK info %d)", info);
}
