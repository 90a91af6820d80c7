#include "atomic/radial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"
#include "numeric/bspline.h"

enum { MAX_CELLS = 1000, PTS = AFB_CELL_POINTS };

static int make_breakpoints(const afb_nucleus *nucleus, const afb_radial_options *options, double *breakpoint)
{
  double growth = options->growth > 0 ? options->growth : 0.16;
  double widest = options->max_width > 0 ? options->max_width : 4.0;
  double first = nucleus->c > 0 ? 0.25 * nucleus->c : 1e-7 / nucleus->z;
  int n = 1;
  breakpoint[0] = 0;
  breakpoint[1] = first;
  while (breakpoint[n] < options->r_max && n < MAX_CELLS) {
    double width = fmin(fmax(growth * breakpoint[n], first), widest);
    breakpoint[n + 1] = breakpoint[n] + width;
    n++;
  }
  return n;
}

static void make_points(afb_radial *R)
{
  double node[PTS], weight[PTS];
  afb_gauss_legendre(PTS, node, weight);
  for (int c = 0; c < R->n_cells; c++) {
    double a = R->breakpoint[c], b = R->breakpoint[c + 1];
    for (int i = 0; i < PTS; i++) {
      int x = c * PTS + i;
      R->r[x] = 0.5 * (a + b) + 0.5 * (b - a) * node[i];
      R->weight[x] = 0.5 * (b - a) * weight[i];
      afb_bspline_evaluate(AFB_P_ORDER, R->n_cells + 1, R->breakpoint, c, R->r[x], R->p_spline + (size_t)x * AFB_P_ORDER, NULL);
      afb_bspline_evaluate(AFB_Q_ORDER, R->n_cells + 1, R->breakpoint, c, R->r[x], R->q_spline + (size_t)x * AFB_Q_ORDER, NULL);
    }
  }
}

static inline double *element(double *band, int i, int j)
{
  return i >= j ? band + (size_t)j * AFB_BAND_LD + (i - j) : band + (size_t)i * AFB_BAND_LD + (j - i);
}

/* Adds sum over the cell's points of pp B_P B_P + qq B_Q B_Q, slots 2i+1 and 2i. */
static void add_diagonal_blocks(const afb_radial *R, int cell, const double *pp, const double *qq, double *band)
{
  double block_p[AFB_P_ORDER][AFB_P_ORDER] = {{0}}, block_q[AFB_Q_ORDER][AFB_Q_ORDER] = {{0}};
  for (int x = 0; x < PTS; x++) {
    const double *bp = R->p_spline + (size_t)(cell * PTS + x) * AFB_P_ORDER;
    const double *bq = R->q_spline + (size_t)(cell * PTS + x) * AFB_Q_ORDER;
    for (int i = 0; i < AFB_P_ORDER; i++)
      for (int j = 0; j < AFB_P_ORDER; j++)
        block_p[i][j] += pp[x] * bp[i] * bp[j];
    for (int i = 0; i < AFB_Q_ORDER; i++)
      for (int j = 0; j < AFB_Q_ORDER; j++)
        block_q[i][j] += qq[x] * bq[i] * bq[j];
  }
  for (int j = 0; j < AFB_P_ORDER; j++)
    for (int i = j; i < AFB_P_ORDER; i++)
      *element(band, 2 * (cell + i) + 1, 2 * (cell + j) + 1) += block_p[i][j];
  for (int j = 0; j < AFB_Q_ORDER; j++)
    for (int i = j; i < AFB_Q_ORDER; i++)
      *element(band, 2 * (cell + i), 2 * (cell + j)) += block_q[i][j];
}

static void make_operators(afb_radial *R)
{
  const double c = R->speed_of_light;
  for (int cell = 0; cell < R->n_cells; cell++) {
    double one[PTS], vp[PTS], vq[PTS];
    for (int i = 0; i < PTS; i++) {
      int x = cell * PTS + i;
      double v = afb_nucleus_rv(&R->nucleus, R->r[x]) / R->r[x];
      one[i] = R->weight[x];
      vp[i] = R->weight[x] * v;
      vq[i] = R->weight[x] * (v - 2 * c * c);
      double value[AFB_P_ORDER], slope[AFB_P_ORDER];
      afb_bspline_evaluate(AFB_P_ORDER, R->n_cells + 1, R->breakpoint, cell, R->r[x], value, slope);
      const double *bq = R->q_spline + (size_t)x * AFB_Q_ORDER;
      for (int a = 0; a < AFB_Q_ORDER; a++)
        for (int b = 0; b < AFB_P_ORDER; b++) {
          *element(R->dirac_fixed, 2 * (cell + a), 2 * (cell + b) + 1) += R->weight[x] * c * bq[a] * slope[b];
          *element(R->dirac_kappa, 2 * (cell + a), 2 * (cell + b) + 1) += R->weight[x] * c / R->r[x] * bq[a] * value[b];
        }
    }
    add_diagonal_blocks(R, cell, one, one, R->overlap);
    add_diagonal_blocks(R, cell, vp, vq, R->dirac_fixed);
  }
}

static int is_end(const afb_radial *R, int i)
{
  return i < 2 || i >= R->n - 3;
}

static void clear_ends(const afb_radial *R, double diagonal, double *band)
{
  for (int i = 0; i < R->n; i++) {
    if (!is_end(R, i))
      continue;
    for (int j = i - AFB_BAND < 0 ? 0 : i - AFB_BAND; j <= i + AFB_BAND && j < R->n; j++)
      *element(band, i, j) = 0;
    *element(band, i, i) = diagonal;
  }
}

void afb_radial_fix_ends(const afb_radial *radial, double *band) { clear_ends(radial, 1, band); }

afb_status afb_radial_create(const afb_nucleus *nucleus, const afb_radial_options *options, afb_radial **out)
{
  double breakpoint[MAX_CELLS + 2];
  int n_cells = make_breakpoints(nucleus, options, breakpoint);
  *out = NULL;
  if (n_cells >= MAX_CELLS)
    return AFB_FAIL(AFB_E_LIMIT, "the radial grid needs more than %d cells", MAX_CELLS);
  afb_radial *R = calloc(1, sizeof *R);
  if (!R)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the radial grid");
  R->nucleus = *nucleus;
  R->speed_of_light = options->speed_of_light > 0 ? options->speed_of_light : AFB_SPEED_OF_LIGHT;
  R->n_cells = n_cells;
  R->n_points = n_cells * PTS;
  R->n = 2 * (n_cells + AFB_Q_ORDER - 1);
  size_t points = (size_t)R->n_points, band = (size_t)R->n * AFB_BAND_LD;
  R->breakpoint = malloc((size_t)(n_cells + 1) * sizeof(double));
  R->r = malloc(points * sizeof(double));
  R->weight = malloc(points * sizeof(double));
  R->p_spline = malloc(points * AFB_P_ORDER * sizeof(double));
  R->q_spline = malloc(points * AFB_Q_ORDER * sizeof(double));
  R->overlap = calloc(band, sizeof(double));
  R->dirac_fixed = calloc(band, sizeof(double));
  R->dirac_kappa = calloc(band, sizeof(double));
  if (!R->breakpoint || !R->r || !R->weight || !R->p_spline || !R->q_spline || !R->overlap || !R->dirac_fixed ||
      !R->dirac_kappa) {
    afb_radial_destroy(&R);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the radial grid of %d cells", n_cells);
  }
  memcpy(R->breakpoint, breakpoint, (size_t)(n_cells + 1) * sizeof(double));
  make_points(R);
  make_operators(R);
  clear_ends(R, 0, R->overlap);
  clear_ends(R, 0, R->dirac_fixed);
  clear_ends(R, 0, R->dirac_kappa);
  *out = R;
  return AFB_OK;
}

void afb_radial_destroy(afb_radial **radial)
{
  afb_radial *R = *radial;
  if (!R)
    return;
  for (int k = 0; k < AFB_MAX_RANK; k++) {
    free(R->kernel[k]);
    free(R->inner[k]);
    free(R->outer[k]);
  }
  free(R->breakpoint);
  free(R->r);
  free(R->weight);
  free(R->p_spline);
  free(R->q_spline);
  free(R->overlap);
  free(R->dirac_fixed);
  free(R->dirac_kappa);
  free(R);
  *radial = NULL;
}

void afb_radial_dirac(const afb_radial *radial, int kappa, double *band)
{
  size_t size = (size_t)radial->n * AFB_BAND_LD;
  for (size_t i = 0; i < size; i++)
    band[i] = radial->dirac_fixed[i] + kappa * radial->dirac_kappa[i];
}

void afb_radial_add_potential(const afb_radial *R, double scale, const double *u, double *band)
{
  for (int cell = 0; cell < R->n_cells; cell++) {
    double wu[PTS];
    for (int i = 0; i < PTS; i++)
      wu[i] = scale * R->weight[cell * PTS + i] * u[cell * PTS + i];
    add_diagonal_blocks(R, cell, wu, wu, band);
  }
  for (int i = 0; i < R->n; i++)
    if (is_end(R, i))
      for (int j = i - AFB_BAND < 0 ? 0 : i - AFB_BAND; j <= i + AFB_BAND && j < R->n; j++)
        *element(band, i, j) = 0;
}

void afb_radial_values(const afb_radial *R, const double *vector, double *p, double *q)
{
  for (int cell = 0; cell < R->n_cells; cell++) {
    double cp[AFB_P_ORDER], cq[AFB_Q_ORDER];
    for (int i = 0; i < AFB_P_ORDER; i++)
      cp[i] = vector[2 * (cell + i) + 1];
    for (int i = 0; i < AFB_Q_ORDER; i++)
      cq[i] = vector[2 * (cell + i)];
    for (int x = cell * PTS; x < (cell + 1) * PTS; x++) {
      const double *bp = R->p_spline + (size_t)x * AFB_P_ORDER, *bq = R->q_spline + (size_t)x * AFB_Q_ORDER;
      double sp = 0, sq = 0;
      for (int i = 0; i < AFB_P_ORDER; i++)
        sp += bp[i] * cp[i];
      for (int i = 0; i < AFB_Q_ORDER; i++)
        sq += bq[i] * cq[i];
      p[x] = sp;
      q[x] = sq;
    }
  }
}

void afb_radial_project(const afb_radial *R, const double *fp, const double *fq, double *vector)
{
  memset(vector, 0, (size_t)R->n * sizeof *vector);
  for (int cell = 0; cell < R->n_cells; cell++) {
    double sp[AFB_P_ORDER] = {0}, sq[AFB_Q_ORDER] = {0};
    for (int x = cell * PTS; x < (cell + 1) * PTS; x++) {
      const double *bp = R->p_spline + (size_t)x * AFB_P_ORDER, *bq = R->q_spline + (size_t)x * AFB_Q_ORDER;
      double wp = R->weight[x] * fp[x], wq = R->weight[x] * fq[x];
      for (int i = 0; i < AFB_P_ORDER; i++)
        sp[i] += bp[i] * wp;
      for (int i = 0; i < AFB_Q_ORDER; i++)
        sq[i] += bq[i] * wq;
    }
    for (int i = 0; i < AFB_P_ORDER; i++)
      vector[2 * (cell + i) + 1] += sp[i];
    for (int i = 0; i < AFB_Q_ORDER; i++)
      vector[2 * (cell + i)] += sq[i];
  }
  for (int i = 0; i < R->n; i++)
    if (is_end(R, i))
      vector[i] = 0;
}

/* Value at s of the Lagrange polynomial of node j on the cell's points. */
static double lagrange(const double *node, int j, double s)
{
  double v = 1;
  for (int i = 0; i < PTS; i++)
    if (i != j)
      v *= (s - node[i]) / (node[j] - node[i]);
  return v;
}

/* Product integration of r<^k/r>^(k+1) against the interpolant of rho on the points of one cell, divided by the
 * weights and symmetrised, so that the discrete energy has an exact derivative. */
static void make_cell_kernel(const afb_radial *R, int cell, int k, double *kernel)
{
  enum { SUB = 16 };
  double node[SUB], weight[SUB], raw[PTS][PTS];
  afb_gauss_legendre(SUB, node, weight);
  const double *r = R->r + cell * PTS, *w = R->weight + cell * PTS;
  double ends[2] = {R->breakpoint[cell], R->breakpoint[cell + 1]};
  for (int x = 0; x < PTS; x++) {
    for (int j = 0; j < PTS; j++)
      raw[x][j] = 0;
    for (int side = 0; side < 2; side++) {
      double a = side ? r[x] : ends[0], b = side ? ends[1] : r[x];
      for (int g = 0; g < SUB; g++) {
        double s = 0.5 * (a + b) + 0.5 * (b - a) * node[g];
        double factor = 0.5 * (b - a) * weight[g] * (side ? pow(r[x] / s, k) / s : pow(s / r[x], k) / r[x]);
        for (int j = 0; j < PTS; j++)
          raw[x][j] += factor * lagrange(r, j, s);
      }
    }
  }
  for (int x = 0; x < PTS; x++)
    for (int j = 0; j < PTS; j++)
      kernel[x * PTS + j] = 0.5 * (raw[x][j] / w[j] + raw[j][x] / w[x]);
}

afb_status afb_radial_prepare_rank(afb_radial *R, int k)
{
  if (k >= AFB_MAX_RANK)
    return AFB_FAIL(AFB_E_LIMIT, "multipole rank %d is beyond %d", k, AFB_MAX_RANK - 1);
  if (R->kernel[k])
    return AFB_OK;
  R->inner[k] = malloc((size_t)R->n_points * sizeof(double));
  R->outer[k] = malloc((size_t)R->n_points * sizeof(double));
  R->kernel[k] = malloc((size_t)R->n_points * PTS * sizeof(double));
  if (!R->inner[k] || !R->outer[k] || !R->kernel[k])
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the Coulomb kernel of rank %d", k);
  for (int x = 0; x < R->n_points; x++) {
    R->inner[k][x] = pow(R->r[x], k);
    R->outer[k][x] = pow(R->r[x], -k - 1);
  }
  /* Cells of equal shape, b/a the same, have kernels that differ by their scale alone. */
  for (int cell = 0; cell < R->n_cells; cell++) {
    double *kernel = R->kernel[k] + (size_t)cell * PTS * PTS;
    const double *b = R->breakpoint + cell;
    if (cell > 1 && fabs(b[1] / b[0] - b[0] / b[-1]) < 1e-13)
      for (int i = 0; i < PTS * PTS; i++)
        kernel[i] = kernel[i - PTS * PTS] * (b[-1] / b[0]);
    else
      make_cell_kernel(R, cell, k, kernel);
  }
  return AFB_OK;
}

void afb_radial_coulomb(const afb_radial *R, int k, const double *weighted_rho, double *v)
{
  const double *inner = R->inner[k], *outer = R->outer[k], *kernel = R->kernel[k];
  double below = 0, above = 0;
  for (int cell = 0; cell < R->n_cells; cell++) {
    const double *block = kernel + (size_t)cell * PTS * PTS;
    double moment = 0;
    for (int x = 0; x < PTS; x++) {
      int g = cell * PTS + x;
      double sum = 0;
      for (int j = 0; j < PTS; j++)
        sum += block[x * PTS + j] * weighted_rho[cell * PTS + j];
      v[g] = sum + below * outer[g];
      moment += weighted_rho[g] * inner[g];
    }
    below += moment;
  }
  for (int cell = R->n_cells - 1; cell >= 0; cell--) {
    double moment = 0;
    for (int x = 0; x < PTS; x++) {
      int g = cell * PTS + x;
      v[g] += above * inner[g];
      moment += weighted_rho[g] * outer[g];
    }
    above += moment;
  }
}
