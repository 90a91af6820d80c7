/* Order, signs and bases that every solver's result is brought to. Plain C without BLAS: the same bits on every rank. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/eigen_solver.h"

static const double cluster_width = 1e-13; /* of the scale: below, rounding alone decides the vectors */
static const double sign_tie = 1e-8;

typedef struct {
  double value;
  int index;
} keyed;

static int by_value(const void *left, const void *right)
{
  const keyed *a = left, *b = right;
  if (a->value != b->value)
    return a->value < b->value ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

/* Solvers deliver ascending values nearly always, so that copying is rare. */
static afb_status sort_pairs(int n, int count, double *value, double *vector)
{
  int sorted = 1;
  for (int k = 1; k < count; k++)
    sorted &= value[k - 1] <= value[k];
  if (sorted)
    return AFB_OK;
  size_t length = (size_t)n, total = (size_t)count;
  keyed *key = malloc(total * sizeof *key);
  double *copy = vector ? malloc(total * length * sizeof *copy) : NULL;
  if (!key || (vector && !copy)) {
    free(key);
    free(copy);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to order %d eigenvectors of length %d", count, n);
  }
  for (int k = 0; k < count; k++)
    key[k] = (keyed){value[k], k};
  qsort(key, total, sizeof *key, by_value);
  if (vector)
    memcpy(copy, vector, total * length * sizeof *copy);
  for (size_t k = 0; k < total; k++) {
    value[k] = key[k].value;
    if (vector)
      memcpy(vector + k * length, copy + (size_t)key[k].index * length, length * sizeof *copy);
  }
  free(key);
  free(copy);
  return AFB_OK;
}

static double dot(int n, const double *x, const double *y)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

/* The first index whose x is within the tie of the largest, so that rounding does not choose. */
static int first_largest(int n, const double *x)
{
  double largest = 0;
  for (int i = 0; i < n; i++)
    largest = fmax(largest, fabs(x[i]));
  for (int i = 0; i < n; i++)
    if (fabs(x[i]) >= largest * (1 - sign_tie))
      return i;
  return 0;
}

/* Pivoted Cholesky factor of P = V V', columns of V being the n_vectors of the space: the column of P at the largest
 * diagonal, deflate, repeat. With row i of V as a vector c_i, P_ii = |c_i|^2 and the column is V c_i. The c_i chosen,
 * made orthonormal, are the columns of a rotation q, so that the new basis is V q. */
static afb_status rotate_cluster(int n, int n_vectors, double *vector)
{
  size_t length = (size_t)n, k = (size_t)n_vectors;
  double *q = calloc(k * k, sizeof *q), *left = malloc(length * sizeof *left), *row = malloc(2 * k * sizeof *row);
  afb_status status = AFB_OK;
  if (!q || !left || !row) {
    status = AFB_FAIL(AFB_E_MEMORY, "no memory to rotate %d eigenvectors of length %d", n_vectors, n);
    goto done;
  }
  for (size_t i = 0; i < length; i++) {
    left[i] = 0;
    for (size_t a = 0; a < k; a++)
      left[i] += vector[a * length + i] * vector[a * length + i];
  }
  for (size_t s = 0; s < k; s++) {
    size_t pivot = (size_t)first_largest(n, left);
    double *c = q + s * k;
    for (size_t a = 0; a < k; a++)
      c[a] = vector[a * length + pivot];
    for (int twice = 0; twice < 2; twice++)
      for (size_t t = 0; t < s; t++) {
        double overlap = dot(n_vectors, c, q + t * k);
        for (size_t a = 0; a < k; a++)
          c[a] -= overlap * q[t * k + a];
      }
    double norm = sqrt(dot(n_vectors, c, c));
    if (!(norm > DBL_EPSILON)) {
      status = AFB_FAIL(AFB_E_NUMERIC, "eigenvectors of a degenerate level are not independent");
      goto done;
    }
    for (size_t a = 0; a < k; a++)
      c[a] /= norm;
    for (size_t i = 0; i < length; i++) {
      double projection = 0;
      for (size_t a = 0; a < k; a++)
        projection += vector[a * length + i] * c[a];
      left[i] = fmax(0, left[i] - projection * projection);
    }
  }
  for (size_t i = 0; i < length; i++) {
    for (size_t a = 0; a < k; a++)
      row[a] = vector[a * length + i];
    for (size_t s = 0; s < k; s++)
      vector[s * length + i] = dot(n_vectors, row, q + s * k);
  }
done:
  free(q);
  free(left);
  free(row);
  return status;
}

afb_status afb_eigen_canonical(int n, int n_vectors, double scale, double *value, double *vector)
{
  AFB_TRY(sort_pairs(n, n_vectors, value, vector));
  if (!vector)
    return AFB_OK;
  size_t length = (size_t)n;
  for (int first = 0, end; first < n_vectors; first = end) {
    for (end = first + 1; end < n_vectors && value[end] - value[end - 1] <= cluster_width * scale;)
      end++;
    if (end - first > 1)
      AFB_TRY(rotate_cluster(n, end - first, vector + (size_t)first * length));
  }
  for (int k = 0; k < n_vectors; k++) {
    double *x = vector + (size_t)k * length;
    if (x[first_largest(n, x)] < 0)
      for (int i = 0; i < n; i++)
        x[i] = -x[i];
  }
  return AFB_OK;
}
