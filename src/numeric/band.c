#include "numeric/band.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/vector.h"
#include "numeric/lapack.h"

enum { BAND = AFB_BAND, LD = AFB_BAND_LD };

/* a . b of BAND numbers in four partial sums. */
static inline double dot_band(const double *a, const double *b)
{
  afb_four sum = AFB_FOUR(a) * AFB_FOUR(b);
  for (int d = 4; d < BAND; d += 4)
    sum += AFB_FOUR(a + d) * AFB_FOUR(b + d);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* y -= f x of BAND numbers. */
static inline void subtract_band(double f, const double *x, double *y)
{
  for (int d = 0; d < BAND; d += 4)
    *(afb_four *)(y + d) -= f * AFB_FOUR(x + d);
}

AFB_CLONES void afb_band_multiply(int n, const double *a, const double *restrict x, double *restrict y)
{
  int inner = n - BAND > 0 ? n - BAND : 0;
  memset(y, 0, (size_t)n * sizeof *y);
  for (int i = 0; i < inner; i++) {
    const double *column = a + (size_t)i * LD;
    double xi = x[i];
    y[i] += column[0] * xi + dot_band(column + 1, x + i + 1);
    subtract_band(-xi, column + 1, y + i + 1);
  }
  for (int i = inner; i < n; i++) {
    const double *column = a + (size_t)i * LD;
    double xi = x[i], sum = column[0] * xi;
    for (int d = 1; d < n - i; d++) {
      sum += column[d] * x[i + d];
      y[i + d] += column[d] * xi;
    }
    y[i] += sum;
  }
}

AFB_CLONES double afb_band_form(int n, const double *a, const double *x, const double *y)
{
  double total = 0;
  int inner = n - BAND > 0 ? n - BAND : 0;
  for (int i = 0; i < inner; i++) {
    const double *column = a + (size_t)i * LD;
    double down = dot_band(column + 1, y + i + 1), across = x == y ? down : dot_band(column + 1, x + i + 1);
    total += x[i] * (column[0] * y[i] + down) + y[i] * across;
  }
  for (int i = inner; i < n; i++) {
    const double *column = a + (size_t)i * LD;
    double down = 0, across = 0;
    for (int d = 1; d < n - i; d++) {
      down += column[d] * y[i + d];
      across += column[d] * x[i + d];
    }
    total += x[i] * (column[0] * y[i] + down) + y[i] * across;
  }
  return total;
}

/* The columns 4 group + 1 ... 4 group + 4 behind `own` lose what column L and D L have to do with them: number d its first BAND - d numbers. */
static inline void subtract_outer(int group, int rows, double *own, const double *column)
{
  for (int d = 4 * group; d < 4 * group + 4; d++) {
    double *to = own + (size_t)(d + 1) * LD, f = own[d + 1];
    if (d < rows)
      for (int v = 0; v < BAND / 4 - group; v++)
        *(afb_four *)(to + 4 * v) -= f * AFB_FOUR(column + d + 4 * v);
  }
}

/* A = L D L^T, columns of L below 1/D: number d of column j is L(j+d, j). Without exchanges of rows this is not safe for an indefinite
 * matrix: returns 0 when what is subtracted from a row is much larger than the row was. */
AFB_CLONES static int symmetric_factors(int n, const double *a, double *f)
{
  int grown = 0;
  double *most = f + (size_t)n * LD;           /* [n + BAND]: what may be subtracted from a row; LU factors need more room */
  memcpy(f, a, (size_t)n * LD * sizeof *f);
  for (int j = 0; j < n; j++)
    most[j] = 1e6 * (fabs(a[(size_t)j * LD]) + fabs(a[(size_t)j * LD + 1]));
  memset(most + n, 0, BAND * sizeof *most);
  for (int j = 0; j < n; j++) {
    double *own = f + (size_t)j * LD, column[2 * BAND] = {0}, inverse = 1 / own[0];
    int rows = n - 1 - j < BAND ? n - 1 - j : BAND;
    own[0] = inverse;
    memcpy(column, own + 1, BAND * sizeof *column);
    for (int d = 0; d < BAND; d++)
      own[d + 1] *= inverse;
    for (int d = 0; d < BAND; d++)
      grown |= !(fabs(own[d + 1] * column[d]) <= most[j + 1 + d]);
    subtract_outer(0, rows, own, column);
    subtract_outer(1, rows, own, column);
    subtract_outer(2, rows, own, column);
    subtract_outer(3, rows, own, column);
  }
  return !grown;
}

/* LU factors with exchanges of rows, as LAPACK keeps them. */
static afb_status general_factors(int n, const double *a, double *factors, int *pivots)
{
  memset(factors, 0, (size_t)n * AFB_BAND_FACTOR_LD * sizeof *factors);
  for (int j = 0; j < n; j++) {
    int most = n - 1 - j < BAND ? n - 1 - j : BAND;
    for (int d = 0; d <= most; d++) {
      double v = a[(size_t)j * LD + (size_t)d];
      factors[(size_t)j * AFB_BAND_FACTOR_LD + 2 * BAND + (size_t)d] = v;
      factors[(size_t)(j + d) * AFB_BAND_FACTOR_LD + 2 * BAND - (size_t)d] = v;
    }
  }
  int band = BAND, ld = AFB_BAND_FACTOR_LD, info;
  dgbtrf_(&n, &n, &band, &band, factors, &ld, pivots, &info);
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "singular band matrix (pivot %d)", info);
}

/* No pivot of LAPACK is 0. */
enum { SYMMETRIC = 0 };

afb_status afb_band_factor(int n, const double *a, double *factors, int *pivots)
{
  pivots[0] = SYMMETRIC;
  return symmetric_factors(n, a, factors) ? AFB_OK : general_factors(n, a, factors, pivots);
}

int afb_band_negative(int n, const double *factors, const int *pivots)
{
  int count = 0;
  for (int j = 0; j < n && pivots[0] == SYMMETRIC; j++)
    count += factors[(size_t)j * LD] < 0;
  return pivots[0] == SYMMETRIC ? count : -1;
}

/* Right-hand sides side by side, so that one's operations fill the waits of another's. */
AFB_CLONES static void symmetric_solve(int n, const double *f, int n_rhs, double *x)
{
  size_t size = (size_t)n;
  for (int j = 0; j < n; j++) {
    const double *own = f + (size_t)j * LD;
    int rows = n - 1 - j;
    for (int r = 0; r < n_rhs; r++) {
      double *y = x + (size_t)r * size + j, value = y[0];
      if (rows >= BAND)
        subtract_band(value, own + 1, y + 1);
      else
        for (int d = 1; d <= rows; d++)
          y[d] -= own[d] * value;
    }
  }
  for (int j = n - 1; j >= 0; j--) {
    const double *own = f + (size_t)j * LD;
    int rows = n - 1 - j;
    for (int r = 0; r < n_rhs; r++) {
      double *y = x + (size_t)r * size + j, sum = 0;
      if (rows >= BAND)
        sum = dot_band(own + 1, y + 1);
      else
        for (int d = 1; d <= rows; d++)
          sum += own[d] * y[d];
      y[0] = y[0] * own[0] - sum;
    }
  }
}

afb_status afb_band_solve(int n, const double *factors, const int *pivots, int n_rhs, double *x)
{
  int band = BAND, ld = AFB_BAND_FACTOR_LD, info = 0;
  if (pivots[0] == SYMMETRIC)
    symmetric_solve(n, factors, n_rhs, x);
  else
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
