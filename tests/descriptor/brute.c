#include "tests/descriptor/brute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

brute_frame brute_random(int64_t n, double edge, double skew, const int periodic[3], double outside, int n_elements,
                         uint64_t seed)
{
  brute_frame f = {.s = {.n_atoms = n}};
  double h[3][3];
  f.position = malloc((size_t)(n + 1) * 3 * sizeof *f.position);
  f.element = malloc((size_t)(n + 1) * sizeof *f.element);
  for (int k = 0; k < 3; k++) {
    f.s.periodic[k] = periodic[k];
    for (int l = 0; l < 3; l++) {
      double random = afb_random_uniform(seed, 1, (uint64_t)(3 * k + l));
      h[k][l] = fabs(edge) * ((k == l ? 0.75 + 0.5 * random : 0) + (k != l ? skew * (random - 0.5) : 0));
    }
  }
  for (int64_t i = 0; i < n; i++) {
    double s[3];
    for (int k = 0; k < 3; k++)
      s[k] = 0.5 + (1 + 2 * outside) * (afb_random_uniform(seed, 2, (uint64_t)(3 * i + k)) - 0.5);
    for (int l = 0; l < 3; l++)
      f.position[3 * i + l] = s[0] * h[0][l] + s[1] * h[1][l] + s[2] * h[2][l];
    f.element[i] = (int32_t)afb_random_below((uint64_t)n_elements, seed, 3, (uint64_t)i);
  }
  if (edge > 0)
    memcpy(f.s.cell, h, sizeof h);
  f.s.position = f.position;
  f.s.element = f.element;
  return f;
}

void brute_free(brute_frame *frame)
{
  free(frame->position);
  free(frame->element);
}

/* Lengths of the vectors dual to the periodic ones; 0 along the others. By the inverse of their Gram matrix. */
static void dual_lengths(const afb_structure *frame, double *length)
{
  double g[3][3] = {{0}};
  for (int k = 0; k < 3; k++)
    for (int m = 0; m < 3; m++)
      for (int l = 0; l < 3; l++)
        g[k][m] += frame->periodic[k] && frame->periodic[m] ? frame->cell[k][l] * frame->cell[m][l]
                   : k == m                                 ? 1.0 / 3
                                                            : 0;
  double determinant = g[0][0] * (g[1][1] * g[2][2] - g[1][2] * g[2][1]) -
                       g[0][1] * (g[1][0] * g[2][2] - g[1][2] * g[2][0]) +
                       g[0][2] * (g[1][0] * g[2][1] - g[1][1] * g[2][0]);
  for (int k = 0; k < 3; k++) {
    int a = (k + 1) % 3, b = (k + 2) % 3;
    length[k] = frame->periodic[k] ? sqrt((g[a][a] * g[b][b] - g[a][b] * g[b][a]) / determinant) : 0;
  }
}

brute_pair *brute_find(const afb_structure *frame, const double *centre, const double *cutoff, int64_t *n)
{
  int64_t capacity = 64;
  brute_pair *pair = malloc((size_t)capacity * sizeof *pair);
  double dual[3];
  dual_lengths(frame, dual);
  *n = 0;
  for (int64_t j = 0; j < frame->n_atoms; j++) {
    const double *x = frame->position + 3 * j;
    double R = cutoff[frame->element[j]], away = hypot(hypot(x[0] - centre[0], x[1] - centre[1]), x[2] - centre[2]);
    int most[3];
    for (int k = 0; k < 3; k++)
      most[k] = (int)ceil((R + away) * dual[k]);
    for (int p = -most[0]; p <= most[0]; p++)
      for (int q = -most[1]; q <= most[1]; q++)
        for (int r = -most[2]; r <= most[2]; r++) {
          brute_pair one = {.atom = j};
          for (int l = 0; l < 3; l++)
            one.r[l] = x[l] + p * frame->cell[0][l] + q * frame->cell[1][l] + r * frame->cell[2][l] - centre[l];
          double r2 = one.r[0] * one.r[0] + one.r[1] * one.r[1] + one.r[2] * one.r[2];
          if (r2 >= R * R || r2 <= 1e-20)
            continue;
          if (*n == capacity)
            pair = realloc(pair, (size_t)(capacity *= 2) * sizeof *pair);
          pair[(*n)++] = one;
        }
  }
  return pair;
}

/* Whether pairs begin ... end - 1 of the list are those of the oracle, which is used up. */
static int same(const afb_structure *frame, const afb_piece *piece, const afb_neighbours *list, int64_t begin,
                int64_t end, const double *centre, brute_pair *pair, int64_t n)
{
  for (int64_t i = begin; i < end; i++) {
    int64_t point = list->point[i], owner = piece->owner[point], atom = piece->atom[point];
    const double r[3] = {list->x[i], list->y[i], list->z[i]};
    if (list->element[i] != frame->element[atom] || piece->element[point] != list->element[i])
      return 0;
    if (owner >= 0 && (owner >= piece->n_own || piece->atom[owner] != atom || (point < piece->n_own && owner != point)))
      return 0;
    for (int l = 0; l < 3; l++)
      if (piece->position[3 * point + l] - centre[l] != r[l])
        return 0;
    int64_t j = 0;
    while (j < n && (pair[j].atom != atom ||
                     fabs(pair[j].r[0] - r[0]) + fabs(pair[j].r[1] - r[1]) + fabs(pair[j].r[2] - r[2]) > 1e-9))
      j++;
    if (j == n)
      return 0;
    pair[j] = pair[--n];
  }
  return n == 0;
}

int64_t brute_differences(const afb_structure *frame, const afb_piece *piece, const afb_neighbours *list,
                          int n_elements, const double *cutoff, const double *grid_cutoff)
{
  int64_t different = 0, n;
  int f = 0;
  for (int64_t i = 0; i < list->n_centres; i++) {
    double grid[3] = {0};
    const double *centre = grid, *row = grid_cutoff;
    if (piece->n_grid > 0) {
      int64_t point = list->centre[i], above = point / piece->grid[0];
      const double s[3] = {(double)(point % piece->grid[0]) / piece->grid[0],
                           (double)(above % piece->grid[1]) / piece->grid[1],
                           (double)(above / piece->grid[1]) / piece->grid[2]};
      for (int l = 0; l < 3; l++)
        grid[l] = s[0] * frame->cell[0][l] + s[1] * frame->cell[1][l] + s[2] * frame->cell[2][l];
    } else {
      while (list->centre[i] >= piece->frame_own[f + 1])
        f++;
      centre = piece->position + 3 * list->centre[i];
      row = cutoff + list->centre_element[i] * n_elements;
      different += list->centre_element[i] != frame[f].element[piece->atom[list->centre[i]]];
    }
    brute_pair *pair = brute_find(&frame[f], centre, row, &n);
    different += !same(&frame[f], piece, list, list->first[i], list->first[i + 1], centre, pair, n);
    free(pair);
  }
  return different;
}
