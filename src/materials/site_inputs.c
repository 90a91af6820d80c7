#include "materials/site_inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"
#include "materials/evaluate.h"

static const double BOHR_IN_ANGSTROM = AFB_BOHR_IN_CM * 1e8;
static const double LARGEST_EXPONENT = 2, POOL_EXPONENT = 0.075;         /* bohr^-2 */
static const double PRIOR_FIT = 1, PRIOR_POOLED = 0.1, PRIOR_LOCAL = 0.01;

static int fit_width(const afb_site_inputs *s)
{
  return AFB_DENSITY_POWERS * s->n_gaussians;
}

afb_status afb_site_inputs_create(const afb_bispectrum_settings *settings, int n_cutoffs, const double *cutoff,
                                  const afb_site_features *features, int n_exponents, const double *exponent, afb_site_inputs *out)
{
  *out = (afb_site_inputs){.n_elements = settings->n_elements, .features = features};
  if (n_cutoffs > AFB_SITE_MAX_CUTOFFS)
    return AFB_FAIL(AFB_E_INPUT, "at most %d cut-offs can be used, not %d", AFB_SITE_MAX_CUTOFFS, n_cutoffs);
  for (int k = 0; k < n_exponents && out->n_gaussians < AFB_DENSITY_MAX_GAUSSIANS; k++)
    if (exponent[k] <= LARGEST_EXPONENT)
      out->exponent[out->n_gaussians++] = exponent[k];
  if (out->n_gaussians == 0)
    return AFB_FAIL(AFB_E_INPUT, "no exponent of the potential is below %g bohr^-2: nothing reaches the neighbours", LARGEST_EXPONENT);
  out->n_columns = 3 * fit_width(out) + (features ? features->n_columns : 0);
  for (int k = 0; k < n_cutoffs && !features; k++) {
    afb_bispectrum_settings s = *settings;
    for (int e = 0; e < s.n_elements; e++)
      s.radius[e] = 0.5;
    s.rcutfac = cutoff[k];
    afb_status status = afb_bispectrum_create(&s, &out->bispectrum[k]);
    if (status != AFB_OK) {
      afb_site_inputs_clear(out);
      return status;
    }
    out->n_cutoffs++;
    out->n_columns += afb_bispectrum_n_columns(out->bispectrum[k]);
  }
  return AFB_OK;
}

void afb_site_inputs_clear(afb_site_inputs *s)
{
  for (int k = 0; k < s->n_cutoffs; k++)
    afb_bispectrum_destroy(&s->bispectrum[k]);
  *s = (afb_site_inputs){0};
}

void afb_site_inputs_prior(const afb_site_inputs *s, double *prior)
{
  int fit = fit_width(s);
  for (int k = 0; k < s->n_columns; k++)
    prior[k] = k < 2 * fit ? PRIOR_FIT : k < 3 * fit ? PRIOR_POOLED : PRIOR_LOCAL;
}

typedef struct {
  afb_site_inputs *inputs;
  const afb_structures *structures;
  double reach;                /* of the fit, angstrom */
  double *value;               /* [n_atoms][n_columns], of all ranks */
} job;

/* Means over the structure and over neighbours of the fit that stands at the beginning of each row. */
static void pool(const afb_site_inputs *s, const afb_piece *piece, const afb_neighbours *list, int64_t first, int64_t n,
                 double *own)
{
  int fit = fit_width(s), width = s->n_columns;
  double mean[AFB_DENSITY_POWERS * AFB_DENSITY_MAX_GAUSSIANS] = {0};
  for (int64_t i = first; i < first + n; i++)
    for (int k = 0; k < fit; k++)
      mean[k] += own[i * width + k] / (double)n;
  double scale = POOL_EXPONENT / (BOHR_IN_ANGSTROM * BOHR_IN_ANGSTROM);
  for (int64_t i = first; i < first + n; i++) {
    double *pooled = own + i * width + 2 * fit, sum = 0;
    memcpy(own + i * width + fit, mean, (size_t)fit * sizeof *mean);
    for (int64_t p = list->first[i]; p < list->first[i + 1]; p++) {
      double w = exp(-scale * (list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p]));
      const double *other = own + piece->owner[list->point[p]] * width;
      sum += w;
      for (int k = 0; k < fit; k++)
        pooled[k] += w * other[k];
    }
    for (int k = 0; k < fit && sum > 0; k++)
      pooled[k] /= sum;
  }
}

static afb_status fits(job *j, const afb_piece *piece, int64_t frame, afb_neighbours *list, double *own)
{
  afb_site_inputs *s = j->inputs;
  int fit = fit_width(s), width = s->n_columns;
  double cutoff[AFB_MAX_ELEMENTS * AFB_MAX_ELEMENTS];
  for (int k = 0; k < s->n_elements * s->n_elements; k++)
    cutoff[k] = j->reach;
  AFB_TRY(afb_neighbours_find(piece, s->n_elements, cutoff, NULL, 0, piece->n_own, list));
  for (int f = 0; f < piece->n_frames; f++) {
    int64_t first = piece->frame_own[f], n = piece->frame_own[f + 1] - first;
    const afb_frame *of = &j->structures->frame[frame + f];
    double *c = malloc(((size_t)(n * fit) + 1) * sizeof *c);
    afb_status status = c ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the inputs of %lld atoms", (long long)n);
    if (status == AFB_OK)
      status = afb_density_fit(of->cell, of->periodic, piece, list, first, n, s->n_gaussians, s->exponent, c);
    for (int64_t i = 0; i < n && status == AFB_OK; i++)
      memcpy(own + (first + i) * width, c + i * fit, (size_t)fit * sizeof *c);
    free(c);
    AFB_TRY(status);
    pool(s, piece, list, first, n, own);
  }
  return AFB_OK;
}

static afb_status local(job *j, int k, const afb_piece *piece, afb_neighbours *list, int column, double *own)
{
  afb_bispectrum *bispectrum = j->inputs->bispectrum[k];
  int n = afb_bispectrum_n_columns(bispectrum);
  double cutoff[AFB_MAX_ELEMENTS * AFB_MAX_ELEMENTS], grid_cutoff[AFB_MAX_ELEMENTS];
  afb_bispectrum_cutoffs(bispectrum, cutoff, grid_cutoff);
  AFB_TRY(afb_neighbours_find(piece, j->inputs->n_elements, cutoff, NULL, 0, piece->n_own, list));
  double *b = malloc((size_t)(piece->n_own * n + 1) * sizeof *b);
  if (!b)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the components of %lld atoms", (long long)piece->n_own);
  afb_status status = afb_bispectrum_values(bispectrum, list, b);
  for (int64_t i = 0; i < piece->n_own && status == AFB_OK; i++)
    for (int c = 0; c < n; c++)
      own[i * j->inputs->n_columns + column + c] = cbrt(b[i * n + c]);
  free(b);
  return status;
}

static afb_status visit(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  job *j = owner;
  afb_neighbours list = {0};
  int column = 3 * fit_width(j->inputs);
  (void)comm;
  (void)frames;
  afb_status status = fits(j, piece, frame, &list, own);
  for (int k = 0; k < j->inputs->n_cutoffs && status == AFB_OK; k++) {
    status = local(j, k, piece, &list, column, own);
    column += afb_bispectrum_n_columns(j->inputs->bispectrum[k]);
  }
  afb_neighbours_clear(&list);
  return status;
}

static afb_status take_rows(void *owner, int64_t first, int64_t n, const double *own)
{
  job *j = owner;
  size_t width = (size_t)j->inputs->n_columns;
  memcpy(j->value + (size_t)first * width, own, (size_t)n * width * sizeof *own);
  return AFB_OK;
}

/* The sum over ranks of arrays of which each has its rows and zeros, in pieces that MPI can count. */
static void gather(MPI_Comm comm, int64_t size, double *value)
{
  for (int64_t at = 0, most = 1 << 24; at < size; at += most)
    MPI_Allreduce(MPI_IN_PLACE, value + at, (int)(size - at < most ? size - at : most), MPI_DOUBLE, MPI_SUM, comm);
}

afb_status afb_site_inputs_compute(MPI_Comm comm, afb_site_inputs *s, afb_structures *structures, const int32_t *element,
                                   int skip_bad, double **value)
{
  int64_t size = structures->n_atoms * s->n_columns;
  job j = {s, structures, 0, calloc((size_t)size + 1, sizeof(double))};
  double largest = 0, cutoff[AFB_MAX_ELEMENTS * AFB_MAX_ELEMENTS], grid_cutoff[AFB_MAX_ELEMENTS];
  for (int k = 0; k < s->n_gaussians; k++)
    largest = fmax(largest, afb_density_cutoff(s->exponent[k]));
  j.reach = largest;
  for (int k = 0; k < s->n_cutoffs; k++)
    largest = fmax(largest, afb_bispectrum_cutoffs(s->bispectrum[k], cutoff, grid_cutoff));
  afb_visitor visitor = {.owner = &j, .width = s->n_columns, .cutoff = largest, .cost_atom = 1, .visit = visit};
  afb_sink sink = {.owner = &j, .rows = take_rows};
  *value = j.value;
  afb_status status = afb_agree(comm, j.value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the inputs of %lld atoms",
                                                                  (long long)structures->n_atoms));
  if (status == AFB_OK)
    status = afb_evaluate(comm, structures, element, INT64_MAX, skip_bad, &visitor, &sink);
  if (status == AFB_OK && s->features)
    status = afb_site_features_read(comm, s->features, structures, s->n_columns, j.value + 3 * fit_width(s));
  if (status == AFB_OK) {
    gather(comm, size, j.value);
  } else {
    free(*value);
    *value = NULL;
  }
  return status;
}
