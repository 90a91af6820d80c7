#include "descriptor/cells.h"

#include <math.h>
#include <string.h>

/* Long rows of narrow cells: a row is one run of memory for the distance test. */
static const double cell_width[3] = {0.25, 1, 1}; /* of the cut-off */
static const double margin = 1e-9;

static double dot(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static void cross(const double *a, const double *b, double *c)
{
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

/* Volume over the product of lengths: 1 for a box, 0 without volume. */
static double fullness(const double h[3][3])
{
  double c[3], lengths = sqrt(dot(h[0], h[0])) * sqrt(dot(h[1], h[1])) * sqrt(dot(h[2], h[2]));
  cross(h[1], h[2], c);
  return lengths > 0 ? fabs(dot(h[0], c)) / lengths : 0;
}

/* Replaces the vectors that are not periodic by unit vectors normal to the others. */
static void complete(const int *periodic, double h[3][3])
{
  int n_kept = 0, kept[3];
  for (int k = 0; k < 3; k++)
    if (periodic[k])
      kept[n_kept++] = k;
  for (int k = 0; k < 3; k++) {
    if (periodic[k])
      continue;
    double best = -1, normal[3] = {0, 0, 0};
    for (int axis = 0; axis < 3; axis++) { /* the axis most normal to those kept, made normal to them */
      double v[3] = {axis == 0, axis == 1, axis == 2};
      if (n_kept == 2)
        cross(h[kept[0]], h[kept[1]], v);
      else if (n_kept == 1)
        for (int l = 0; l < 3; l++)
          v[l] -= h[kept[0]][axis] * h[kept[0]][l] / dot(h[kept[0]], h[kept[0]]);
      double size = sqrt(dot(v, v));
      if (size > best * (1 + 1e-6)) {
        best = size;
        for (int l = 0; l < 3; l++)
          normal[l] = size > 0 ? v[l] / size : 0;
      }
    }
    memcpy(h[k], normal, sizeof normal);
    kept[n_kept++] = k;
  }
}

afb_status afb_cells_init(const double cell[3][3], const int periodic[3], double cutoff, afb_cells *cells)
{
  *cells = (afb_cells){.cutoff = cutoff};
  if (!(cutoff > 0) || !isfinite(cutoff))
    return AFB_FAIL(AFB_E_INPUT, "the cut-off is %g angstrom: give a positive number", cutoff);
  int any = 0, all = 1;
  for (int k = 0; k < 3; k++) {
    cells->periodic[k] = periodic[k] != 0;
    any |= cells->periodic[k];
    all &= cells->periodic[k];
    for (int l = 0; l < 3; l++) {
      cells->h[k][l] = cell[k][l];
      if (!isfinite(cell[k][l]))
        return AFB_FAIL(AFB_E_INPUT, "cell vector %c is not finite", "abc"[k]);
    }
  }
  if (!(fullness((const double(*)[3])cells->h) > 1e-6) && !all)
    complete(cells->periodic, cells->h);
  if (!(fullness((const double(*)[3])cells->h) > 1e-9))
    return AFB_FAIL(
      AFB_E_INPUT,
      "the cell has no volume along its periodic directions: its vectors are (%g %g %g), (%g %g %g) and (%g "
      "%g %g) angstrom",
      cell[0][0], cell[0][1], cell[0][2], cell[1][0], cell[1][1], cell[1][2], cell[2][0], cell[2][1], cell[2][2]);
  for (int k = 0; k < 3; k++) {
    double normal[3];
    cross(cells->h[(k + 1) % 3], cells->h[(k + 2) % 3], normal);
    double volume = dot(cells->h[k], normal);
    for (int l = 0; l < 3; l++)
      cells->inverse[l][k] = normal[l] / volume;
    cells->height[k] = fabs(volume) / sqrt(dot(normal, normal));
    cells->reach[k] = cutoff / cells->height[k] * (1 + margin) + 1e-3 * margin;
  }
  return AFB_OK;
}

void afb_cells_coordinates(const afb_cells *cells, const double *x, double *s)
{
  for (int k = 0; k < 3; k++)
    s[k] = x[0] * cells->inverse[0][k] + x[1] * cells->inverse[1][k] + x[2] * cells->inverse[2][k];
}

int64_t afb_cells_range(const afb_cells *cells, int64_t n, const double *position, double *low, double *high)
{
  for (int64_t i = 0; i < n; i++) {
    double s[3];
    afb_cells_coordinates(cells, position + 3 * i, s);
    for (int k = 0; k < 3; k++) {
      if (!(fabs(s[k]) < 1e9))
        return i;
      low[k] = s[k] < low[k] ? s[k] : low[k];
      high[k] = s[k] > high[k] ? s[k] : high[k];
    }
  }
  return -1;
}

afb_status afb_cells_divide(afb_cells *cells, const double *low, const double *high, int64_t n_atoms)
{
  double images = 1, limit = 16.0 * (double)n_atoms + 256, length[3], n[3], width[3];
  for (int k = 0; k < 3; k++) {
    images *= cells->periodic[k] ? 1 + 2 * cells->reach[k] : 1;
    length[k] = cells->height[k] * (cells->periodic[k] ? 1 : high[k] > low[k] ? high[k] - low[k] : 0);
  }
  if (!(images < 1e6))
    return AFB_FAIL(
      AFB_E_INPUT,
      "a cut-off of %g angstrom reaches over %.3g images of an atom, more than a million: the cell is too "
      "small for it",
      cells->cutoff, images);
  for (double wider = 1 + 2 * margin;; wider *= 1.25) { /* a dilute frame has fewer cells */
    for (int k = 0; k < 3; k++) {
      width[k] = cell_width[k] * cells->cutoff * wider;
      n[k] = fmax(1, floor(length[k] / width[k]));
    }
    if (n[0] * n[1] * n[2] <= limit)
      break;
  }
  for (int k = 0; k < 3; k++) {
    width[k] = cells->periodic[k] ? length[k] / n[k] : fmax(width[k], length[k] / n[k]);
    cells->n[k] = (int)n[k];
    cells->m[k] = (int)ceil(cells->cutoff / width[k] * (1 + margin));
    cells->low[k] = cells->periodic[k] || n_atoms == 0 ? 0 : low[k];
    cells->scale[k] = cells->height[k] / width[k];
  }
  return AFB_OK;
}

void afb_cells_place(const afb_cells *cells, const double *x, double *out, double *s, int *cell)
{
  int shift[3] = {0, 0, 0};
  afb_cells_coordinates(cells, x, s);
  for (int k = 0; k < 3; k++)
    if (cells->periodic[k] && (s[k] < 0 || s[k] >= 1)) {
      double whole = floor(s[k]);
      shift[k] = (int)-whole;
      s[k] -= whole;
    }
  memcpy(out, x, 3 * sizeof *out);
  if (shift[0] || shift[1] || shift[2]) {
    double vector[3];
    afb_cells_shift(cells, shift, vector);
    for (int l = 0; l < 3; l++)
      out[l] = x[l] + vector[l];
  }
  for (int k = 0; k < 3; k++) {
    int c = (int)((s[k] - cells->low[k]) * cells->scale[k]);
    cell[k] = c < 0 ? 0 : c < cells->n[k] ? c : cells->n[k] - 1;
  }
}

int afb_cells_number(const afb_cells *cells, int k, double s)
{
  double c = floor((s - cells->low[k]) * cells->scale[k]), beyond = cells->periodic[k] ? 0 : cells->m[k] + 1;
  return (int)fmin(fmax(c, -beyond), cells->n[k] - 1 + beyond);
}

void afb_cells_shift(const afb_cells *cells, const int *shift, double *vector)
{
  for (int l = 0; l < 3; l++)
    vector[l] = shift[0] * cells->h[0][l] + shift[1] * cells->h[1][l] + shift[2] * cells->h[2][l];
}

afb_cell_box afb_cells_around(const afb_cells *cells, const int *first, const int *last)
{
  afb_cell_box box;
  for (int k = 0; k < 3; k++) {
    int begin = first[k] - cells->m[k], end = last[k] + 1 + cells->m[k];
    if (!cells->periodic[k]) {
      begin = begin > 0 ? begin : 0;
      end = end < cells->n[k] ? end : cells->n[k];
    }
    box.first[k] = begin;
    box.n[k] = end > begin ? end - begin : 0;
  }
  return box;
}
