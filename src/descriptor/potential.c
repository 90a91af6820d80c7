/* Both parts give their energies by centre and the gradients of these by neighbour; what follows from them is one and the
 * same for both. */
#include "descriptor/potential.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 };         /* centres whose neighbours are held at a time */

void afb_potential_clear(afb_potential *potential)
{
  afb_bispectrum_destroy(&potential->bispectrum);
  afb_zbl_clear(&potential->zbl);
  free(potential->constant);
  free(potential->beta);
  *potential = (afb_potential){0};
}

double afb_potential_cutoffs(const afb_potential *potential, double *cutoff)
{
  size_t n = (size_t)potential->n_elements * (size_t)potential->n_elements;
  double largest = 0, grid[AFB_MAX_ELEMENTS];
  for (size_t k = 0; k < n; k++)
    cutoff[k] = 0;
  if (potential->bispectrum)
    afb_bispectrum_cutoffs(potential->bispectrum, cutoff, grid);
  for (size_t k = 0; k < n; k++) {
    if (potential->zbl.n_elements > 0)
      cutoff[k] = fmax(cutoff[k], potential->zbl.outer);
    largest = fmax(largest, cutoff[k]);
  }
  return largest;
}

typedef struct {
  afb_neighbours near;         /* the pairs within the bispectrum's cut-offs; arrays of centres are borrowed but for `first` */
  int64_t *pair;               /* number of each in the whole list */
  double *cutoff, *energy, *near_gradient, *gradient;
} work;

static void work_clear(work *w)
{
  free(w->near.first);
  free(w->near.x);
  free(w->near.element);
  free(w->pair);
  free(w->cutoff);
  free(w->energy);
  free(w->near_gradient);
  free(w->gradient);
}

static afb_status no_memory(const afb_neighbours *list)
{
  return AFB_FAIL(AFB_E_MEMORY, "no memory for the forces of %lld atoms", (long long)list->n_centres);
}

static afb_status allocate(const afb_potential *potential, const afb_neighbours *list, work *w)
{
  size_t centres = (size_t)list->n_centres, pairs = (size_t)list->first[list->n_centres];
  size_t n = (size_t)potential->n_elements;
  w->energy = calloc(centres + 1, sizeof *w->energy);
  w->gradient = calloc(3 * pairs + 1, sizeof *w->gradient);
  if (!w->energy || !w->gradient)
    return no_memory(list);
  if (!potential->bispectrum)
    return AFB_OK;
  w->near = (afb_neighbours){.n_centres = list->n_centres, .centre_element = list->centre_element, .centre = list->centre};
  w->near.first = malloc((centres + 1) * sizeof *w->near.first);
  w->near.x = malloc((3 * pairs + 1) * sizeof *w->near.x);
  w->near.y = w->near.x + pairs;
  w->near.z = w->near.y + pairs;
  w->near.element = malloc((pairs + 1) * sizeof *w->near.element);
  w->pair = malloc((pairs + 1) * sizeof *w->pair);
  w->near_gradient = malloc((3 * pairs + 1) * sizeof *w->near_gradient);
  w->cutoff = malloc(n * n * sizeof *w->cutoff);
  if (!w->near.first || !w->near.x || !w->near.element || !w->pair || !w->near_gradient || !w->cutoff)
    return no_memory(list);
  return AFB_OK;
}

/* The list may reach further than the bispectrum, which has no other bound than its list. */
static void select_near(const afb_potential *potential, const afb_neighbours *list, work *w)
{
  int64_t n = 0;
  double grid[AFB_MAX_ELEMENTS];
  afb_bispectrum_cutoffs(potential->bispectrum, w->cutoff, grid);
  for (int64_t c = 0; c < list->n_centres; c++) {
    const double *cutoff = w->cutoff + (size_t)list->centre_element[c] * (size_t)potential->n_elements;
    w->near.first[c] = n;
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      double r2 = list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p];
      double R = cutoff[list->element[p]];
      if (r2 >= R * R)
        continue;
      w->near.x[n] = list->x[p];
      w->near.y[n] = list->y[p];
      w->near.z[n] = list->z[p];
      w->near.element[n] = list->element[p];
      w->pair[n++] = p;
    }
  }
  w->near.first[list->n_centres] = n;
}

static afb_status add_snap(afb_potential *potential, const afb_neighbours *list, work *w)
{
  select_near(potential, list, w);
  AFB_TRY(afb_bispectrum_energies(potential->bispectrum, &w->near, potential->beta, w->energy, w->near_gradient));
  for (int64_t c = 0; c < list->n_centres; c++)
    w->energy[c] += potential->constant[list->centre_element[c]];
  for (int64_t n = 0; n < w->near.first[list->n_centres]; n++)
    for (int a = 0; a < 3; a++)
      w->gradient[3 * w->pair[n] + a] = w->near_gradient[3 * n + a];
  return AFB_OK;
}

static void add_zbl(const afb_zbl *zbl, const afb_neighbours *list, work *w)
{
  for (int64_t c = 0; c < list->n_centres; c++)
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      double r = sqrt(list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p]), slope;
      w->energy[c] += afb_zbl_energy(zbl, list->centre_element[c], list->element[p], r, &slope) / 2;
      w->gradient[3 * p] += slope / 2 * list->x[p] / r;
      w->gradient[3 * p + 1] += slope / 2 * list->y[p] / r;
      w->gradient[3 * p + 2] += slope / 2 * list->z[p] / r;
    }
}

static void add_pair(const double r[3], const double g[3], double *force_i, double *force_j, double *virial_i,
                     double *virial_j)
{
  static const int row[6] = {0, 1, 2, 0, 0, 1}, column[6] = {0, 1, 2, 1, 2, 2};
  for (int a = 0; a < 3; a++) {
    force_i[a] += g[a];
    force_j[a] -= g[a];
  }
  for (int k = 0; k < 6; k++) {
    double half = -r[row[k]] * g[column[k]] / 2;
    virial_i[k] += half;
    virial_j[k] += half;
  }
}

static void add_forces(const afb_neighbours *list, const work *w, double *energy, double *force, double *virial)
{
  for (int64_t c = 0; c < list->n_centres; c++) {
    int64_t i = list->centre[c];
    energy[i] += w->energy[c];
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      int64_t j = list->point[p];
      double r[3] = {list->x[p], list->y[p], list->z[p]};
      add_pair(r, w->gradient + 3 * p, force + 3 * i, force + 3 * j, virial + 6 * i, virial + 6 * j);
    }
  }
}

afb_status afb_potential_add(afb_potential *potential, const afb_neighbours *list, double *energy, double *force,
                             double *virial)
{
  work w = {0};
  afb_status status = allocate(potential, list, &w);
  if (status == AFB_OK && potential->bispectrum)
    status = add_snap(potential, list, &w);
  if (status == AFB_OK && potential->zbl.n_elements > 0)
    add_zbl(&potential->zbl, list, &w);
  if (status == AFB_OK)
    add_forces(list, &w, energy, force, virial);
  work_clear(&w);
  return status;
}

afb_status afb_potential_piece(afb_potential *potential, const afb_piece *piece, double *energy, double *force,
                               double *virial)
{
  int n = potential->n_elements;
  double *cutoff = malloc((size_t)n * (size_t)n * sizeof *cutoff);
  afb_neighbours list = {0};
  afb_status status = cutoff ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for cut-offs of %d elements", n);
  if (status == AFB_OK)
    afb_potential_cutoffs(potential, cutoff);
  for (int64_t first = 0; status == AFB_OK && first < piece->n_own; first += BLOCK) {
    int64_t count = piece->n_own - first < BLOCK ? piece->n_own - first : BLOCK;
    status = afb_neighbours_find(piece, n, cutoff, NULL, first, count, &list);
    if (status == AFB_OK)
      status = afb_potential_add(potential, &list, energy, force, virial);
  }
  afb_neighbours_clear(&list);
  free(cutoff);
  return status;
}
