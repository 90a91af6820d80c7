#include "materials/potential_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "materials/tables.h"
#include "training/network_file.h"

enum { N_INTEGERS = 9, N_REALS = 8 };

void afb_potential_model_clear(afb_potential_model *model)
{
  afb_potential_net_clear(&model->net);
  free(model->feature);
  model->feature = NULL;
}

/* ---- Settings ---- */

static void integers_of(afb_bispectrum_settings *s, int *at[N_INTEGERS])
{
  int *all[N_INTEGERS] = {&s->two_jmax, &s->switching, &s->inner_switching, &s->bzero, &s->bnorm, &s->self_all, &s->chem, &s->quadratic,
                          &s->n_pairs};
  memcpy(at, all, sizeof all);
}

static void reals_of(afb_bispectrum_settings *s, double *at[N_REALS])
{
  double *all[N_REALS] = {&s->weight[0], &s->rfac0, &s->rmin0, &s->inner_s[0], &s->inner_d[0], &s->self, &s->adaptive_number,
                          &s->adaptive_delta};
  memcpy(at, all, sizeof all);
}

static afb_status write_settings(MPI_Comm comm, const afb_potential_model *model, afb_arrays *arrays)
{
  afb_bispectrum_settings s = model->settings;
  int *integer[N_INTEGERS];
  double *real[N_REALS], reals[N_REALS];
  int32_t integers[N_INTEGERS + 1], pairs[64][2];
  integers_of(&s, integer);
  reals_of(&s, real);
  for (int i = 0; i < N_INTEGERS; i++)
    integers[i] = *integer[i];
  integers[N_INTEGERS] = (int32_t)s.adaptive;
  for (int i = 0; i < N_REALS; i++)
    reals[i] = *real[i];
  for (int i = 0; i < s.n_pairs; i++)
    for (int k = 0; k < 2; k++)
      pairs[i][k] = s.pair[i][k];
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"inputs/cutoff", AFB_F64, 0, 1, {0}, "angstrom", "cut-offs of the bispectra"},
                           model->n_cutoffs, model->cutoff));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"inputs/features", AFB_I32, 0, 2, {0, 5}, "1",
                           "columns out of files of features: file, two_j1, two_j2, two_j, other column of a product; none: evaluated"},
                           model->n_features, model->feature));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"inputs/pairs", AFB_I32, 0, 2, {0, 2}, "1", "two_j1, two_j2 of chosen components"},
                           s.n_pairs, pairs));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"inputs/integers", AFB_I32, 0, 1, {0}, "1",
                           "two_jmax, switching, inner_switching, bzero, bnorm, self_all, chem, quadratic, n_pairs, adaptive"},
                           N_INTEGERS + 1, integers));
  return afb_tables_small(comm, arrays, (afb_array){"inputs/reals", AFB_F64, 0, 1, {0}, "angstrom, 1",
                          "weight, rfac0, rmin0, inner_s, inner_d, self, adaptive_number, adaptive_delta"}, N_REALS, reals);
}

static afb_status read_settings(MPI_Comm comm, afb_arrays *arrays, afb_potential_model *model)
{
  afb_bispectrum_settings *s = &model->settings;
  int *integer[N_INTEGERS];
  double *real[N_REALS], reals[N_REALS];
  int32_t integers[N_INTEGERS + 1], pairs[64][2];
  int64_t n = 0;
  afb_bispectrum_settings_default(s);
  integers_of(s, integer);
  reals_of(s, real);
  AFB_TRY(afb_tables_rows(arrays, "inputs/cutoff", AFB_SITE_MAX_CUTOFFS, &n));
  model->n_cutoffs = (int)n;
  AFB_TRY(afb_tables_read(arrays, "inputs/cutoff", AFB_F64, n, 1, model->cutoff));
  AFB_TRY(afb_tables_rows(arrays, "inputs/features", 1 << 24, &n));
  model->n_features = (int)n;
  model->feature = malloc(((size_t)n + 1) * sizeof *model->feature);
  AFB_TRY(afb_agree(comm, model->feature ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld columns", (long long)n)));
  AFB_TRY(afb_tables_read(arrays, "inputs/features", AFB_I32, n, 5, model->feature));
  AFB_TRY(afb_tables_read(arrays, "inputs/integers", AFB_I32, N_INTEGERS + 1, 1, integers));
  AFB_TRY(afb_tables_read(arrays, "inputs/reals", AFB_F64, N_REALS, 1, reals));
  for (int i = 0; i < N_INTEGERS; i++)
    *integer[i] = integers[i];
  s->adaptive = (afb_adaptive)integers[N_INTEGERS];
  for (int i = 0; i < N_REALS; i++)
    *real[i] = reals[i];
  if (s->n_pairs < 0 || s->n_pairs > 64)
    return AFB_FAIL(AFB_E_FOREIGN, "the file has %d pairs of components: it is damaged", s->n_pairs);
  AFB_TRY(afb_tables_read(arrays, "inputs/pairs", AFB_I32, s->n_pairs, 2, pairs));
  for (int i = 0; i < s->n_pairs; i++)
    for (int k = 0; k < 2; k++)
      s->pair[i][k] = pairs[i][k];
  s->n_elements = 1;
  return AFB_OK;
}

afb_status afb_potential_model_write(MPI_Comm comm, const afb_potential_model *model, afb_arrays *arrays)
{
  const afb_potential_basis *b = &model->net.basis;
  const char *element = model->element;
  AFB_TRY(write_settings(comm, model, arrays));
  AFB_TRY(afb_tables_texts(comm, arrays, "potential/element", "species as the structures name it", 1, &element));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"potential/alpha", AFB_F64, 0, 1, {0}, "bohr^-2", "exponents"}, b->n, b->alpha));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"potential/mean", AFB_F64, 0, 1, {0}, "hartree", "mean coefficients"}, b->n, b->mean));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"potential/axis", AFB_F64, 0, 2, {0, b->n}, "bohr^-1.5",
                           "principal axes, orthonormal in the overlap of the Gaussians"}, b->n_parts, b->axis));
  return afb_network_write(comm, model->net.mdn, "hartree bohr^1.5", arrays);
}

static afb_status read_basis(afb_arrays *arrays, afb_potential_basis *b)
{
  int64_t n = 0, parts = 0;
  AFB_TRY(afb_tables_rows(arrays, "potential/alpha", AFB_POTENTIAL_MAX_GAUSSIANS, &n));
  AFB_TRY(afb_tables_rows(arrays, "potential/axis", AFB_MDN_MAX_OUT, &parts));
  b->n = (int)n;
  b->n_parts = (int)parts;
  b->mean = malloc((size_t)(n + 1) * sizeof *b->mean);
  b->axis = malloc((size_t)(n * parts + 1) * sizeof *b->axis);
  if (!b->mean || !b->axis)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for principal axes");
  return AFB_OK;
}

static afb_status read_model(MPI_Comm comm, afb_arrays *arrays, afb_potential_model *model)
{
  afb_potential_basis *b = &model->net.basis;
  afb_array a;
  AFB_TRY(afb_agree(comm, read_basis(arrays, b)));
  AFB_TRY(afb_tables_read(arrays, "potential/alpha", AFB_F64, b->n, 1, b->alpha));
  AFB_TRY(afb_tables_read(arrays, "potential/mean", AFB_F64, b->n, 1, b->mean));
  AFB_TRY(afb_tables_read(arrays, "potential/axis", AFB_F64, b->n_parts, b->n, b->axis));
  if (afb_arrays_find(arrays, "potential/element", &a) != AFB_OK || a.type != AFB_STRING || a.dim[0] != 1 ||
      a.length >= AFB_SPECIES_NAME)
    return AFB_FAIL(AFB_E_FOREIGN, "the file does not say for which element its network is: it is damaged");
  AFB_TRY(afb_arrays_read(arrays, "potential/element", 0, 1, model->element));
  AFB_TRY(read_settings(comm, arrays, model));
  AFB_TRY(afb_network_read(arrays, &model->net.mdn));
  if (model->net.mdn->spec.n_out != b->n_parts)
    return AFB_FAIL(AFB_E_FOREIGN, "the file's network has %d targets for %d axes: it is damaged", model->net.mdn->spec.n_out, b->n_parts);
  return AFB_OK;
}

afb_status afb_potential_model_read(MPI_Comm comm, afb_arrays *arrays, afb_potential_model *model)
{
  *model = (afb_potential_model){0};
  afb_status status = afb_agree(comm, read_model(comm, arrays, model));
  if (status != AFB_OK)
    afb_potential_model_clear(model);
  return status;
}

/* ---- Predictions ---- */

afb_status afb_potential_prediction_write(MPI_Comm comm, const afb_potential_prediction *p, const char *group, afb_arrays *arrays)
{
  char name[64];
  snprintf(name, sizeof name, "%s/a", group);
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){name, AFB_F64, 0, 2, {0, p->n_gaussians}, "hartree", "Gaussian coefficients"}, p->n, p->a));
  snprintf(name, sizeof name, "%s/deviation", group);
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){name, AFB_F64, 0, 2, {0, p->n_gaussians}, "hartree",
                           "their standard deviations; they are strongly correlated"}, p->n, p->deviation));
  snprintf(name, sizeof name, "%s/distance", group);
  return afb_tables_small(comm, arrays, (afb_array){name, AFB_F64, 0, 1, {0}, "hartree bohr^1.5",
                          "root of the expected integral of |dV|^2"}, p->n, p->distance);
}

static afb_status write_done(MPI_Comm comm, const afb_potential_table *t, const afb_potential_validation *v, afb_arrays *arrays)
{
  return afb_tables_small(comm, arrays, (afb_array){"validation/done", AFB_I32, 0, 1, {0}, "1", "1: the model was left out and predicted"},
                          t->n_models, v->done);
}

afb_status afb_potential_validation_write(MPI_Comm comm, const afb_potential_table *t, const afb_potential_validation *v,
                                          afb_arrays *arrays)
{
  AFB_TRY(afb_potential_prediction_write(comm, &v->prediction, "validation", arrays));
  AFB_TRY(write_done(comm, t, v, arrays));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"validation/error", AFB_F64, 0, 1, {0}, "hartree bohr^1.5",
                           "root of the integral of |dV|^2 of the prediction without the atom's model"}, t->n, v->error));
  return afb_tables_small(comm, arrays, (afb_array){"validation/inside", AFB_F64, 0, 2, {0, 2}, "1",
                          "part of the first three coordinates inside their 50 % and 90 % intervals"}, t->n, v->inside);
}

/* ---- Checkpoints ---- */

int64_t afb_potential_identity(const afb_potential_table *t, const afb_potential_options *o)
{
  size_t n = (size_t)t->n;
  int parts[6] = {o->components, o->covariance, o->rank, o->width, o->layers, o->members};
  uint64_t hash = afb_hash(AFB_HASH_START, parts, sizeof parts);
  hash = afb_hash(hash, &o->steps, sizeof o->steps);
  hash = afb_hash(hash, &o->seed, sizeof o->seed);
  hash = afb_hash(hash, t->input, n * (size_t)t->n_columns * sizeof(double));
  hash = afb_hash(hash, t->a, n * (size_t)t->n_gaussians * sizeof(double));
  return (int64_t)afb_hash(hash, t->model, n * sizeof *t->model);
}

static afb_status save(MPI_Comm comm, int64_t identity, const afb_potential_table *t, const afb_potential_validation *v,
                       afb_arrays *arrays)
{
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"validation/identity", AFB_I64, 0, 1, {0}, "1", "hash of table and options"}, 1, &identity));
  return afb_potential_validation_write(comm, t, v, arrays);
}

afb_status afb_potential_checkpoint_save(MPI_Comm comm, const char *path, int64_t identity, const afb_potential_table *t,
                                         const afb_potential_validation *v)
{
  afb_arrays *arrays;
  afb_store_writer writer = {.input = "", .identity = ""};
  AFB_TRY(afb_arrays_create(comm, path, AFB_VALIDATION_KIND, &writer, &arrays));
  return afb_arrays_close(&arrays, save(comm, identity, t, v, arrays));
}

static afb_status load(afb_arrays *arrays, int64_t identity, const afb_potential_table *t, afb_potential_validation *v)
{
  int64_t found;
  AFB_TRY(afb_tables_read(arrays, "validation/identity", AFB_I64, 1, 1, &found));
  if (found != identity)
    return AFB_OK;
  AFB_TRY(afb_tables_read(arrays, "validation/a", AFB_F64, t->n, t->n_gaussians, v->prediction.a));
  AFB_TRY(afb_tables_read(arrays, "validation/deviation", AFB_F64, t->n, t->n_gaussians, v->prediction.deviation));
  AFB_TRY(afb_tables_read(arrays, "validation/distance", AFB_F64, t->n, 1, v->prediction.distance));
  AFB_TRY(afb_tables_read(arrays, "validation/error", AFB_F64, t->n, 1, v->error));
  AFB_TRY(afb_tables_read(arrays, "validation/inside", AFB_F64, t->n, 2, v->inside));
  return afb_tables_read(arrays, "validation/done", AFB_I32, t->n_models, 1, v->done);
}

afb_status afb_potential_checkpoint_load(MPI_Comm comm, const char *path, int64_t identity, const afb_potential_table *t,
                                         afb_potential_validation *v)
{
  afb_arrays *arrays;
  afb_status status = afb_arrays_open(comm, path, AFB_VALIDATION_KIND, &arrays);
  if (status == AFB_E_NOT_FOUND)
    return AFB_OK;
  AFB_TRY(status);
  status = load(arrays, identity, t, v);
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  return status != AFB_OK ? status : closed;
}
