#include "materials/density_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"

static const double BOHR_IN_ANGSTROM = AFB_BOHR_IN_CM * 1e8, PI = 3.141592653589793;
static const double DENSITY_EXPONENT = 0.2, SPACING = 0.6;   /* bohr^-2, bohr: b converges as exp(-pi^2/(alpha h^2)) */
static const double REACH = 18.4;                            /* exp(-18.4) = 1e-8 */
const double afb_density_power[AFB_DENSITY_POWERS] = {1.0 / 3, 2.0 / 3};

double afb_density_cutoff(double least_exponent)
{
  return sqrt(2 * REACH / least_exponent) * BOHR_IN_ANGSTROM;
}

typedef struct {
  double cell[3][3], inverse[3][3];        /* bohr; fractional = position inverse */
  double height[3], volume;
  int n[3];                                /* points along a, b, c */
  int64_t size;
} grid;

static double cross(const double a[3], const double b[3], double c[3])
{
  for (int i = 0; i < 3; i++)
    c[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
  return sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
}

static afb_status grid_make(const double cell[3][3], const int periodic[3], grid *g)
{
  double normal[3][3], area[3];
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++)
      g->cell[i][k] = cell[i][k] / BOHR_IN_ANGSTROM;
  for (int i = 0; i < 3; i++)
    area[i] = cross(g->cell[(i + 1) % 3], g->cell[(i + 2) % 3], normal[i]);
  g->volume = fabs(g->cell[0][0] * normal[0][0] + g->cell[0][1] * normal[0][1] + g->cell[0][2] * normal[0][2]);
  if (!periodic[0] || !periodic[1] || !periodic[2] || !(g->volume > 0))
    return AFB_FAIL(AFB_E_INPUT, "atom-centred potentials are learned in cells that are periodic in three dimensions");
  double signed_volume = g->cell[0][0] * normal[0][0] + g->cell[0][1] * normal[0][1] + g->cell[0][2] * normal[0][2];
  g->size = 1;
  for (int i = 0; i < 3; i++) {
    const double *a = g->cell[i];
    g->height[i] = g->volume / area[i];
    g->n[i] = (int)ceil(sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]) / SPACING);
    g->size *= g->n[i];
    for (int k = 0; k < 3; k++)
      g->inverse[k][i] = normal[i][k] / signed_volume;
  }
  return AFB_OK;
}

/* What is done with a grid point at squared distance r2 from an atom. */
typedef struct {
  int n;                       /* exponents */
  const double *exponent, *reach2;
  double *density;             /* exp(-exponent[0] r2) is added here; NULL: */
  const double *value[AFB_DENSITY_POWERS];   /* products with these are summed */
  double sum[AFB_DENSITY_POWERS][AFB_DENSITY_MAX_GAUSSIANS];
} action;

static void act(action *a, int64_t point, double r2)
{
  for (int k = 0; k < a->n; k++) {
    if (r2 > a->reach2[k])
      continue;
    double e = exp(-a->exponent[k] * r2);
    if (a->density)
      a->density[point] += e;
    else
      for (int p = 0; p < AFB_DENSITY_POWERS; p++)
        a->sum[p][k] += e * a->value[p][point];
  }
}

static int wrap(int i, int n)
{
  int m = i % n;
  return m < 0 ? m + n : m;
}

/* All grid points, with their images, within `reach` (bohr) of a position in angstrom. */
static void around(const grid *g, const double *position, double reach, action *a)
{
  double x[3], f[3];
  int low[3], high[3];
  for (int i = 0; i < 3; i++)
    x[i] = position[i] / BOHR_IN_ANGSTROM;
  for (int i = 0; i < 3; i++) {
    f[i] = x[0] * g->inverse[0][i] + x[1] * g->inverse[1][i] + x[2] * g->inverse[2][i];
    low[i] = (int)ceil((f[i] - reach / g->height[i]) * g->n[i]);
    high[i] = (int)floor((f[i] + reach / g->height[i]) * g->n[i]);
  }
  for (int i = low[0]; i <= high[0]; i++)
    for (int j = low[1]; j <= high[1]; j++) {
      int64_t row = ((int64_t)wrap(i, g->n[0]) * g->n[1] + wrap(j, g->n[1])) * g->n[2];
      double at[3], step[3];
      for (int k = 0; k < 3; k++) {
        step[k] = g->cell[2][k] / g->n[2];
        at[k] = g->cell[0][k] * i / g->n[0] + g->cell[1][k] * j / g->n[1] + step[k] * low[2] - x[k];
      }
      for (int k = low[2], w = wrap(low[2], g->n[2]); k <= high[2]; k++, w = w + 1 == g->n[2] ? 0 : w + 1) {
        double r2 = at[0] * at[0] + at[1] * at[1] + at[2] * at[2];
        if (r2 < reach * reach)
          act(a, row + w, r2);
        for (int c = 0; c < 3; c++)
          at[c] += step[c];
      }
    }
}

/* b [powers][n][n_gaussians]. */
static afb_status right_sides(const grid *g, const afb_piece *piece, int64_t first, int64_t n, int n_gaussians,
                              const double *exponent, double *b)
{
  double *density = calloc((size_t)g->size, sizeof *density), *value = malloc((size_t)g->size * AFB_DENSITY_POWERS * sizeof *value);
  afb_status status = density && value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a grid of %lld points", (long long)g->size);
  if (status == AFB_OK) {
    /* A cube root makes three times as much of a tail. */
    double reach2 = 3 * REACH / DENSITY_EXPONENT, reach2_of[AFB_DENSITY_MAX_GAUSSIANS], least = exponent[0];
    for (int64_t i = 0; i < n; i++) {
      action a = {.n = 1, .exponent = &DENSITY_EXPONENT, .reach2 = &reach2, .density = density};
      around(g, piece->position + 3 * (first + i), sqrt(reach2), &a);
    }
    for (int64_t i = 0; i < g->size; i++)
      for (int p = 0; p < AFB_DENSITY_POWERS; p++)
        value[p * g->size + i] = pow(density[i], afb_density_power[p]);
    for (int k = 0; k < n_gaussians; k++) {
      reach2_of[k] = REACH / exponent[k];
      least = exponent[k] < least ? exponent[k] : least;
    }
    for (int64_t i = 0; i < n; i++) {
      action a = {.n = n_gaussians, .exponent = exponent, .reach2 = reach2_of, .value = {value, value + g->size}};
      around(g, piece->position + 3 * (first + i), sqrt(REACH / least), &a);
      for (int p = 0; p < AFB_DENSITY_POWERS; p++)
        for (int k = 0; k < n_gaussians; k++)
          b[(p * n + i) * n_gaussians + k] = a.sum[p][k] * g->volume / (double)g->size;
    }
  }
  free(density);
  free(value);
  return status;
}

typedef struct {
  const afb_piece *piece;
  const afb_neighbours *list;
  int64_t first, n;
  int m;                       /* Gaussians of a site */
  double prefactor[AFB_DENSITY_MAX_GAUSSIANS][AFB_DENSITY_MAX_GAUSSIANS], reduced[AFB_DENSITY_MAX_GAUSSIANS][AFB_DENSITY_MAX_GAUSSIANS];
  double *overlap;             /* [pairs of the frame][m][m] */
} overlaps;

static afb_status overlaps_make(overlaps *s, const double *exponent)
{
  const int64_t *start = s->list->first + s->first;
  int64_t pairs = start[s->n] - start[0];
  for (int k = 0; k < s->m; k++)
    for (int l = 0; l < s->m; l++) {
      double sum = exponent[k] + exponent[l];
      s->prefactor[k][l] = pow(PI / sum, 1.5);
      s->reduced[k][l] = exponent[k] * exponent[l] / sum / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM);
    }
  s->overlap = malloc(((size_t)pairs * (size_t)(s->m * s->m) + 1) * sizeof *s->overlap);
  if (!s->overlap)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the overlaps of %lld pairs of atoms", (long long)pairs);
  double *at = s->overlap;
  for (int64_t p = start[0]; p < start[s->n]; p++) {
    const afb_neighbours *list = s->list;
    double r2 = list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p];
    for (int k = 0; k < s->m; k++)
      for (int l = 0; l < s->m; l++)
        *at++ = s->prefactor[k][l] * exp(-s->reduced[k][l] * r2);
  }
  return AFB_OK;
}

static void overlaps_apply(const overlaps *s, const double *x, double *y)
{
  const int64_t *start = s->list->first + s->first;
  int m = s->m;
  const double *at = s->overlap;
  for (int64_t i = 0; i < s->n; i++) {
    for (int k = 0; k < m; k++) {
      y[i * m + k] = 0;
      for (int l = 0; l < m; l++)
        y[i * m + k] += s->prefactor[k][l] * x[i * m + l];
    }
    for (int64_t p = start[i]; p < start[i + 1]; p++, at += m * m) {
      int64_t j = s->piece->owner[s->list->point[p]] - s->first;
      for (int k = 0; k < m; k++)
        for (int l = 0; l < m; l++)
          y[i * m + k] += at[k * m + l] * x[j * m + l];
    }
  }
}

static double dot(int64_t n, const double *a, const double *b)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Conjugate gradients with the diagonal as preconditioner (Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952)).
 * work [4][n m]. */
static afb_status solve(const overlaps *s, const double *b, double *c, double *work)
{
  enum { MOST_STEPS = 5000 };
  int64_t n = s->n * s->m;
  double *r = work, *z = work + n, *d = work + 2 * n, *sd = work + 3 * n, norm = dot(n, b, b), rz = 0;
  memset(c, 0, (size_t)n * sizeof *c);
  memcpy(r, b, (size_t)n * sizeof *r);
  memset(d, 0, (size_t)n * sizeof *d);
  for (int step = 0; step < MOST_STEPS; step++) {
    if (dot(n, r, r) <= 1e-20 * norm)
      return AFB_OK;
    for (int64_t i = 0; i < n; i++)
      z[i] = r[i] / s->prefactor[i % s->m][i % s->m];
    double now = dot(n, r, z), beta = step ? now / rz : 0;
    rz = now;
    for (int64_t i = 0; i < n; i++)
      d[i] = z[i] + beta * d[i];
    overlaps_apply(s, d, sd);
    double length = rz / dot(n, d, sd);
    for (int64_t i = 0; i < n; i++) {
      c[i] += length * d[i];
      r[i] -= length * sd[i];
    }
  }
  return AFB_FAIL(AFB_E_INPUT, "the Gaussians of the atoms overlap too much for a fit: atoms lie too close to each other");
}

afb_status afb_density_fit(const double cell[3][3], const int periodic[3], const afb_piece *piece, const afb_neighbours *list,
                           int64_t first, int64_t n, int m, const double *exponent, double *out)
{
  grid g;
  overlaps s = {.piece = piece, .list = list, .first = first, .n = n, .m = m};
  AFB_TRY(grid_make(cell, periodic, &g));
  size_t size = (size_t)(n * m);
  double *b = calloc(size * (AFB_DENSITY_POWERS + 5) + 1, sizeof *b);
  afb_status status = b ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a fit of %lld atoms", (long long)n);
  if (status == AFB_OK)
    status = right_sides(&g, piece, first, n, m, exponent, b);
  if (status == AFB_OK)
    status = overlaps_make(&s, exponent);
  for (int p = 0; p < AFB_DENSITY_POWERS && status == AFB_OK; p++) {
    double *c = b + size * AFB_DENSITY_POWERS;
    status = solve(&s, b + (size_t)p * size, c, c + size);
    for (int64_t i = 0; i < n && status == AFB_OK; i++)
      memcpy(out + (i * AFB_DENSITY_POWERS + p) * m, c + i * m, (size_t)m * sizeof *c);
  }
  free(b);
  free(s.overlap);
  return status;
}
