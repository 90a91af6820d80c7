#include "atomic/radial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"
#include "core/vector.h"
#include "numeric/bspline.h"

/* ROW: numbers that a cell's points, or its nine splines, take in a table: whole vectors of four. */
enum { MAX_CELLS = 1000, PTS = AFB_CELL_POINTS, P = AFB_P_ORDER, Q = AFB_Q_ORDER, ROW = 12 };

/* Width of a cell that begins at r, over r. Inside 0.1/Z orbitals are a power times a short series, which cells twice as wide hold as well; the
 * nucleus and its skin, 6 a deep, take narrower ones. */
static double growth_at(const afb_nucleus *nucleus, double growth, double r)
{
  return r < nucleus->c + 6 * nucleus->a ? 0.75 * growth : r * nucleus->z < 0.1 ? 2 * growth : growth;
}

static int make_breakpoints(const afb_nucleus *nucleus, const afb_radial_options *options, double *breakpoint)
{
  double growth = options->growth > 0 ? options->growth : 0.16;
  double widest = options->max_width > 0 ? options->max_width : 4.0;
  double first = nucleus->c > 0 ? 0.25 * nucleus->c : 1e-7 / nucleus->z;
  int n = 1;
  breakpoint[0] = 0;
  breakpoint[1] = first;
  while (breakpoint[n] < options->r_max && n < MAX_CELLS) {
    double width = fmin(fmax(growth_at(nucleus, growth, breakpoint[n]) * breakpoint[n], first), widest), end = breakpoint[n] + width;
    if (nucleus->a > 0 && width > 2.4 * nucleus->a && fabs(end - 0.5 * width - nucleus->c) < 4 * nucleus->a + 0.5 * width) {
      breakpoint[n + 1] = end - 0.5 * width;   /* the skin of a heavy nucleus: whole cells leave a relative error of 2e-11 in uranium */
      n++;
    }
    breakpoint[n + 1] = end;
    n++;
  }
  return n;
}

/* slope[n_points][8]: of the splines of P. */
static void make_points(afb_radial *R, double *slope)
{
  double node[PTS], weight[PTS];
  afb_gauss_legendre(PTS, node, weight);
  for (int c = 0; c < R->n_cells; c++) {
    double a = R->breakpoint[c], b = R->breakpoint[c + 1];
    for (int i = 0; i < PTS; i++) {
      int x = c * PTS + i;
      double *p = R->p_spline + (size_t)x * P, *q = R->q_spline + (size_t)x * ROW;
      R->r[x] = 0.5 * (a + b) + 0.5 * (b - a) * node[i];
      R->weight[x] = 0.5 * (b - a) * weight[i];
      afb_bspline_evaluate(P, R->n_cells + 1, R->breakpoint, c, R->r[x], p, slope + (size_t)x * P);
      afb_bspline_evaluate(Q, R->n_cells + 1, R->breakpoint, c, R->r[x], q, NULL);
      for (int j = 0; j < P; j++)
        R->p_column[(size_t)(c * P + j) * ROW + (size_t)i] = p[j];
      for (int j = 0; j < Q; j++)
        R->q_column[(size_t)(c * Q + j) * ROW + (size_t)i] = q[j];
    }
  }
}

static inline double *element(double *band, int i, int j)
{
  return i >= j ? band + (size_t)j * AFB_BAND_LD + (i - j) : band + (size_t)i * AFB_BAND_LD + (j - i);
}

/* Products B_j B_i, i >= j, of a point: for every j a row of whole vectors of four, zeros behind i = 7 (P) or 8 (Q). */
enum { P_FOURS = 12, Q_FOURS = 15, PRODUCTS = 4 * (P_FOURS + Q_FOURS) };

/* The vectors of four of row j of n. */
static inline int fours(int n, int j) { return (n - j + 3) / 4; }

/* Equal to rounding on all points of both cells: those of cells in a geometric or an arithmetic series. */
static int same_splines(const afb_radial *R, int a, int b)
{
  double most = 0;
  for (int i = 0; i < PTS * P; i++)
    most = fmax(most, fabs(R->p_spline[a * PTS * P + i] - R->p_spline[b * PTS * P + i]));
  for (int i = 0; i < PTS * ROW; i++)
    most = fmax(most, fabs(R->q_spline[a * PTS * ROW + i] - R->q_spline[b * PTS * ROW + i]));
  return most < 1e-14;
}

static afb_status make_products(afb_radial *R)
{
  int n = 0;
  for (int cell = 0; cell < R->n_cells; cell++)
    R->shape[cell] = cell > 0 && same_splines(R, cell - 1, cell) ? n - 1 : n++;
  R->product = calloc((size_t)n * PTS * PRODUCTS, sizeof(double));
  if (!R->product)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the radial grid of %d cells", R->n_cells);
  for (int cell = 0; cell < R->n_cells; cell++)
    for (int x = 0; x < PTS && (cell == 0 || R->shape[cell] != R->shape[cell - 1]); x++) {
      double *to = R->product + (size_t)(R->shape[cell] * PTS + x) * PRODUCTS;
      const double *p = R->p_spline + (size_t)(cell * PTS + x) * P, *q = R->q_spline + (size_t)(cell * PTS + x) * ROW;
      for (int j = 0; j < P; to += 4 * fours(P, j++))
        for (int i = j; i < P; i++)
          to[i - j] = p[j] * p[i];
      for (int j = 0; j < Q; to += 4 * fours(Q, j++))
        for (int i = j; i < Q; i++)
          to[i - j] = q[j] * q[i];
    }
  return AFB_OK;
}

/* sum[count] of products over a cell's points, row by row onto those of its n splines in window[n][ROW]. Constants but f and product. */
static inline void add_products_of(int n, int count, const double *f, const double *product, double window[][ROW])
{
  afb_four sum[Q_FOURS] = {{0}};
  for (int x = 0; x < PTS; x++)
    for (int v = 0; v < count; v++)
      sum[v] += f[x] * AFB_FOUR(product + x * PRODUCTS + 4 * v);
  for (int j = 0, v = 0; j < n; j++)
    for (int i = 0; i < fours(n, j); i++)
      *(afb_four *)(window[j] + 4 * i) += sum[v++];
}

/* What is complete of a window, its first spline, goes to `column` of the band; the window moves on by one. */
static inline void move_window(int n, double window[][ROW], double *column)
{
  for (int d = 0; d < n; d++)
    column[2 * d] += window[0][d];
  memmove(window[0], window[1], (size_t)n * sizeof window[0]);
}

/* Adds the integrals of up B_P B_P, slots 2i+1, and uq B_Q B_Q, slots 2i. */
AFB_CLONES static void add_potentials(const afb_radial *R, double scale, const double *up, const double *uq, double *band)
{
  double p_window[P + 1][ROW] = {{0}}, q_window[Q + 1][ROW] = {{0}}, wp[PTS], wq[PTS];
  for (int cell = 0; cell < R->n_cells; cell++) {
    for (int i = 0; i < PTS; i++) {
      wp[i] = scale * R->weight[cell * PTS + i] * up[cell * PTS + i];
      wq[i] = scale * R->weight[cell * PTS + i] * uq[cell * PTS + i];
    }
    const double *product = R->product + (size_t)R->shape[cell] * PTS * PRODUCTS;
    add_products_of(P, P_FOURS, wp, product, p_window);
    add_products_of(Q, Q_FOURS, wq, product + 4 * P_FOURS, q_window);
    move_window(P, p_window, band + (size_t)(2 * cell + 1) * AFB_BAND_LD);
    move_window(Q, q_window, band + (size_t)(2 * cell) * AFB_BAND_LD);
  }
  for (int i = R->n_cells; i < R->n_cells + Q - 1; i++) {
    if (i < R->n_cells + P - 1)
      move_window(P, p_window, band + (size_t)(2 * i + 1) * AFB_BAND_LD);
    move_window(Q, q_window, band + (size_t)(2 * i) * AFB_BAND_LD);
  }
}

/* one, vp, vq: room, [n_points]. */
static void make_operators(afb_radial *R, const double *slopes, double *one, double *vp, double *vq)
{
  const double c = R->speed_of_light;
  for (int x = 0; x < R->n_points; x++) {
    const double *value = R->p_spline + (size_t)x * P, *slope = slopes + (size_t)x * P, *bq = R->q_spline + (size_t)x * ROW;
    int cell = x / PTS;
    one[x] = 1;
    vp[x] = afb_nucleus_rv(&R->nucleus, R->r[x]) / R->r[x];
    vq[x] = vp[x] - 2 * c * c;
    for (int a = 0; a < Q; a++)
      for (int b = 0; b < P; b++) {
        *element(R->dirac_fixed, 2 * (cell + a), 2 * (cell + b) + 1) += R->weight[x] * c * bq[a] * slope[b];
        *element(R->dirac_kappa, 2 * (cell + a), 2 * (cell + b) + 1) += R->weight[x] * c / R->r[x] * bq[a] * value[b];
      }
  }
  add_potentials(R, 1, one, one, R->overlap);
  add_potentials(R, 1, vp, vq, R->dirac_fixed);
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
  R->p_spline = malloc(points * P * sizeof(double));
  R->q_spline = calloc(points * ROW, sizeof(double));
  R->p_column = calloc((size_t)n_cells * P * ROW, sizeof(double));
  R->q_column = calloc((size_t)n_cells * Q * ROW, sizeof(double));
  R->overlap = calloc(band, sizeof(double));
  R->dirac_fixed = calloc(band, sizeof(double));
  R->dirac_kappa = calloc(band, sizeof(double));
  R->shape = malloc((size_t)n_cells * sizeof *R->shape);
  double *slope = malloc(points * (P + 3) * sizeof *slope), *room = slope ? slope + points * P : NULL;
  if (!slope || !R->shape || !R->breakpoint || !R->r || !R->weight || !R->p_spline || !R->q_spline || !R->p_column || !R->q_column ||
      !R->overlap || !R->dirac_fixed || !R->dirac_kappa) {
    free(slope);
    afb_radial_destroy(&R);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the radial grid of %d cells", n_cells);
  }
  memcpy(R->breakpoint, breakpoint, (size_t)(n_cells + 1) * sizeof(double));
  make_points(R, slope);
  afb_status status = make_products(R);
  if (status == AFB_OK)
    make_operators(R, slope, room, room + points, room + 2 * points);
  free(slope);
  if (status != AFB_OK) {
    afb_radial_destroy(&R);
    return status;
  }
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
  free(R->p_column);
  free(R->q_column);
  free(R->shape);
  free(R->product);
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
  add_potentials(R, scale, u, u, band);
  for (int i = 0; i < R->n; i++)
    if (is_end(R, i))
      for (int j = i - AFB_BAND < 0 ? 0 : i - AFB_BAND; j <= i + AFB_BAND && j < R->n; j++)
        *element(band, i, j) = 0;
}

/* values[ROW] of a cell: sum over its n splines of coefficient[2 i]. */
static inline void cell_values(int n, const double *column, const double *coefficient, double *values)
{
  afb_four sum[3] = {{0}};
  for (int i = 0; i < n; i++)
    for (int v = 0; v < 3; v++)
      sum[v] += coefficient[2 * i] * AFB_FOUR(column + i * ROW + 4 * v);
  for (int v = 0; v < 3; v++)
    *(afb_four *)(values + 4 * v) = sum[v];
}

AFB_CLONES void afb_radial_values(const afb_radial *R, const double *vector, double *p, double *q)
{
  double values[ROW];
  for (int cell = 0; cell < R->n_cells; cell++) {
    cell_values(P, R->p_column + (size_t)(cell * P) * ROW, vector + 2 * cell + 1, values);
    memcpy(p + cell * PTS, values, PTS * sizeof *p);
    cell_values(Q, R->q_column + (size_t)(cell * Q) * ROW, vector + 2 * cell, values);
    memcpy(q + cell * PTS, values, PTS * sizeof *q);
  }
}

/* integral[4 vectors] of the cell's splines with f. */
static inline void cell_integrals(int vectors, int stride, const double *spline, const double *weight, const double *f, double *integral)
{
  afb_four sum[3] = {{0}};
  for (int x = 0; x < PTS; x++)
    for (int v = 0; v < vectors; v++)
      sum[v] += weight[x] * f[x] * AFB_FOUR(spline + x * stride + 4 * v);
  for (int v = 0; v < vectors; v++)
    *(afb_four *)(integral + 4 * v) = sum[v];
}

AFB_CLONES void afb_radial_project(const afb_radial *R, const double *fp, const double *fq, double *vector)
{
  double integral[ROW];
  memset(vector, 0, (size_t)R->n * sizeof *vector);
  for (int cell = 0; cell < R->n_cells; cell++) {
    size_t x = (size_t)(cell * PTS);
    cell_integrals(2, P, R->p_spline + x * P, R->weight + x, fp + x, integral);
    for (int i = 0; i < P; i++)
      vector[2 * (cell + i) + 1] += integral[i];
    cell_integrals(3, ROW, R->q_spline + x * ROW, R->weight + x, fq + x, integral);
    for (int i = 0; i < Q; i++)
      vector[2 * (cell + i)] += integral[i];
  }
  for (int i = 0; i < R->n; i++)
    if (is_end(R, i))
      vector[i] = 0;
}

/* From the points of a cell to those of its two parts on either side of each point: nodes and weights in units of the cell, and the
 * Lagrange polynomials of the points there. The same for all cells. */
enum { SUB = 16 };
typedef struct {
  double s[PTS][2][SUB], weight[PTS][2][SUB], lagrange[PTS][2][SUB][ROW];
} cell_parts;

static void make_cell_parts(cell_parts *part)
{
  double node[PTS], weight[PTS], sub_node[SUB], sub_weight[SUB];
  afb_gauss_legendre(PTS, node, weight);
  afb_gauss_legendre(SUB, sub_node, sub_weight);
  memset(part, 0, sizeof *part);
  for (int x = 0; x < PTS; x++)
    for (int side = 0; side < 2; side++)
      for (int g = 0; g < SUB; g++) {
        double a = side ? node[x] : -1, b = side ? 1 : node[x], s = 0.5 * (a + b) + 0.5 * (b - a) * sub_node[g];
        part->s[x][side][g] = 0.5 * (1 + s);
        part->weight[x][side][g] = 0.25 * (b - a) * sub_weight[g];
        for (int j = 0; j < PTS; j++) {
          double v = 1;
          for (int i = 0; i < PTS; i++)
            if (i != j)
              v *= (s - node[i]) / (node[j] - node[i]);
          part->lagrange[x][side][g][j] = v;
        }
      }
}

static double power(double x, int k)
{
  double value = 1;
  for (int i = 0; i < k; i++)
    value *= x;
  return value;
}

/* Product integration of r<^k/r>^(k+1) against the interpolant of rho on the points of one cell, divided by the
 * weights and symmetrised, so that the discrete energy has an exact derivative. */
AFB_CLONES static void make_cell_kernel(const afb_radial *R, const cell_parts *part, int cell, int k, double *kernel)
{
  double raw[PTS][ROW], width = R->breakpoint[cell + 1] - R->breakpoint[cell];
  const double *r = R->r + cell * PTS, *w = R->weight + cell * PTS;
  for (int x = 0; x < PTS; x++) {
    afb_four sum[3] = {{0}};
    for (int side = 0; side < 2; side++)
      for (int g = 0; g < SUB; g++) {
        double s = R->breakpoint[cell] + width * part->s[x][side][g];
        double factor = width * part->weight[x][side][g] * (side ? power(r[x] / s, k) / s : power(s / r[x], k) / r[x]);
        for (int v = 0; v < 3; v++)
          sum[v] += factor * AFB_FOUR(part->lagrange[x][side][g] + 4 * v);
      }
    for (int v = 0; v < 3; v++)
      *(afb_four *)(raw[x] + 4 * v) = sum[v];
  }
  for (int x = 0; x < PTS; x++)
    for (int j = 0; j < PTS; j++)
      kernel[x * ROW + j] = 0.5 * (raw[x][j] / w[j] + raw[j][x] / w[x]);
}

afb_status afb_radial_prepare_rank(afb_radial *R, int k)
{
  static cell_parts part;
  if (k >= AFB_MAX_RANK)
    return AFB_FAIL(AFB_E_LIMIT, "multipole rank %d is beyond %d", k, AFB_MAX_RANK - 1);
  if (R->kernel[k])
    return AFB_OK;
  if (part.weight[0][0][0] == 0)
    make_cell_parts(&part);
  R->inner[k] = malloc((size_t)R->n_points * sizeof(double));
  R->outer[k] = malloc((size_t)R->n_points * sizeof(double));
  R->kernel[k] = calloc((size_t)R->n_points * ROW, sizeof(double));
  if (!R->inner[k] || !R->outer[k] || !R->kernel[k])
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the Coulomb kernel of rank %d", k);
  for (int x = 0; x < R->n_points; x++) {
    R->inner[k][x] = power(R->r[x], k);
    R->outer[k][x] = 1 / (R->inner[k][x] * R->r[x]);
  }
  /* Cells of equal shape, b/a the same, have kernels that differ by their scale alone. */
  for (int cell = 0; cell < R->n_cells; cell++) {
    double *kernel = R->kernel[k] + (size_t)cell * PTS * ROW;
    const double *b = R->breakpoint + cell;
    if (cell > 1 && fabs(b[1] / b[0] - b[0] / b[-1]) < 1e-13)
      for (int i = 0; i < PTS * ROW; i++)
        kernel[i] = kernel[i - PTS * ROW] * (b[-1] / b[0]);
    else
      make_cell_kernel(R, &part, cell, k, kernel);
  }
  return AFB_OK;
}

/* a . b over the points of a cell. */
static inline double dot_points(const double *a, const double *b)
{
  afb_four sum = AFB_FOUR(a) * AFB_FOUR(b) + AFB_FOUR(a + 4) * AFB_FOUR(b + 4);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]) + (a[8] * b[8] + a[9] * b[9]);
}

/* The kernel is symmetric: its rows are added up, so that all points are worked on together. */
AFB_CLONES void afb_radial_coulomb(const afb_radial *R, int k, const double *weighted_rho, double *v)
{
  double below = 0, above = 0, sum[ROW];
  for (int cell = 0; cell < R->n_cells; cell++) {
    const double *block = R->kernel[k] + (size_t)cell * PTS * ROW, *rho = weighted_rho + cell * PTS;
    const double *inner = R->inner[k] + cell * PTS, *outer = R->outer[k] + cell * PTS;
    afb_four part[3] = {{0}};
    for (int j = 0; j < PTS; j++)
      for (int i = 0; i < 3; i++)
        part[i] += rho[j] * AFB_FOUR(block + j * ROW + 4 * i);
    for (int i = 0; i < 3; i++)
      *(afb_four *)(sum + 4 * i) = part[i];
    for (int x = 0; x < PTS; x++)
      v[cell * PTS + x] = sum[x] + below * outer[x];
    below += dot_points(rho, inner);
  }
  for (int cell = R->n_cells - 1; cell >= 0; cell--) {
    const double *inner = R->inner[k] + cell * PTS;
    for (int x = 0; x < PTS; x++)
      v[cell * PTS + x] += above * inner[x];
    above += dot_points(weighted_rho + cell * PTS, R->outer[k] + cell * PTS);
  }
}
