/* `aufbau train` with model.type linear: an interatomic potential. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "app/potential_input.h"
#include "app/structures_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "core/log.h"
#include "materials/linear_fit.h"
#include "materials/snap_file.h"
#include "materials/tables.h"

#define TOLERANCE 1e-13        /* singular values up to this times the largest count as zero */

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_train_input *input;
  afb_bispectrum_settings settings;
  afb_zbl zbl;
  afb_potential potential;     /* its bispectrum is that of the fit */
  afb_structures structures;
  int n_groups;
  afb_linear_group *group;
  double *x;
  afb_least_squares_result result;
  afb_linear_error *error;     /* [n_groups + 1][2][AFB_LINEAR_KINDS] */
} job;

afb_status afb_train_linear_check(afb_config *config, const afb_train_input *input, afb_bispectrum_settings *settings,
                                  afb_zbl *zbl)
{
  const afb_input_descriptor *descriptor = &input->descriptor;
  if (descriptor->adaptive == 1)
    afb_config_mistake(config, "descriptor.adaptive", -1, 0, "forces need a cut-off that does not depend on the neighbours");
  if (input->potential && descriptor->convention != AFB_INPUT_CONVENTION_SNAP)
    afb_config_mistake(config, "model.potential", -1, 0, ".snapcoeff and .snapparam can only express the convention snap");
  AFB_TRY(afb_zbl_input(config, &input->zbl, descriptor->elements.n, descriptor->elements.name, zbl));
  AFB_TRY(afb_descriptor_settings(config, descriptor, settings));
  return afb_config_verdict(config);
}

/* ---- Groups ---- */

static int by_name(const void *a, const void *b)
{
  return strcmp(((const afb_linear_group *)a)->name, ((const afb_linear_group *)b)->name);
}

/* All that the structures have, with the weights of a group whose weights are not given. */
static afb_status all_groups(job *j)
{
  const afb_structures *s = &j->structures;
  j->group = malloc(((size_t)s->n_frames + 1) * sizeof *j->group);
  if (!j->group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for groups");
  for (int64_t f = 0; f < s->n_frames; f++) {
    afb_linear_group group = {.weight = {1, 1, 0}};
    snprintf(group.name, sizeof group.name, "%s", s->frame[f].group);
    if (!bsearch(&group, j->group, (size_t)j->n_groups, sizeof group, by_name)) {
      j->group[j->n_groups++] = group;
      qsort(j->group, (size_t)j->n_groups, sizeof group, by_name);
    }
  }
  return AFB_OK;
}

static afb_status choose_groups(job *j)
{
  const afb_named *named = &j->input->groups;
  const afb_input_group *row = named->row;
  if (named->n == 0)
    return all_groups(j);
  j->group = calloc((size_t)named->n, sizeof *j->group);
  if (!j->group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for groups");
  j->n_groups = named->n;
  for (int g = 0; g < named->n; g++) {
    snprintf(j->group[g].name, sizeof j->group[g].name, "%s", named->name[g]);
    j->group[g].weight[AFB_LINEAR_ENERGY] = row[g].energy;
    j->group[g].weight[AFB_LINEAR_FORCE] = row[g].force;
    j->group[g].weight[AFB_LINEAR_STRESS] = row[g].stress;
  }
  return AFB_OK;
}

/* ---- The fit ---- */

static afb_status solve(job *j, const afb_linear_data *data)
{
  int n = afb_linear_unknowns(data->bispectrum);
  j->x = malloc((size_t)n * sizeof *j->x);
  j->error = malloc((size_t)(j->n_groups + 1) * 2 * AFB_LINEAR_KINDS * sizeof *j->error);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, j->x && j->error ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d coefficients", n)));
  AFB_TRY(afb_linear_solve(MPI_COMM_WORLD, data, j->input->ridge, TOLERANCE, j->x, &j->result));
  if (j->result.rank < n && !(j->input->ridge > 0))
    afb_log(AFB_LOG_WARNING, "the rows determine %d of %d coefficients (condition number %.3g): of all solutions the one of smallest norm is "
            "taken; more structures, a smaller twojmax or model.ridge make it unique", j->result.rank, n, j->result.condition);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_linear_potential(j->x, &j->potential)));
  return afb_linear_errors(MPI_COMM_WORLD, data, j->x, j->error);
}

static afb_status fit(job *j)
{
  int32_t element[AFB_MAX_SPECIES];
  const afb_named *elements = &j->input->descriptor.elements;
  const afb_input_structures *files = &j->input->structures;
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_bispectrum_create(&j->settings, &j->potential.bispectrum)));
  AFB_TRY(afb_structures_input_read(MPI_COMM_WORLD, files, j->arguments->skip_bad, &j->structures, NULL));
  AFB_TRY(afb_descriptor_elements(MPI_COMM_WORLD, j->config, elements, &j->structures, element));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, choose_groups(j)));
  const afb_linear_data data = {.structures = &j->structures, .element = element, .bispectrum = j->potential.bispectrum,
                                .reference = j->zbl.n_elements > 0 ? &j->zbl : NULL, .n_groups = j->n_groups, .group = j->group,
                                .whole = files->divide_above, .skip_bad = j->arguments->skip_bad};
  return solve(j, &data);
}

/* ---- What is written ---- */

static afb_status write_potential(const job *j, afb_arrays *arrays)
{
  const afb_bispectrum *bispectrum = j->potential.bispectrum;
  const afb_bispectrum_settings *s = afb_bispectrum_get(bispectrum);
  const afb_array radius = {"elements/radius", AFB_F64, 1, 1, {0}, "1", "the cut-off of a pair is rcutfac times the sum of these"};
  const afb_array weight = {"elements/weight", AFB_F64, 1, 1, {0}, "1", "weight as a neighbour"};
  const afb_array constant = {"coefficients/constant", AFB_F64, 1, 1, {0}, "eV", "energy of an atom of each element without the descriptors"};
  const afb_array beta = {"coefficients/beta", AFB_F64, 1, 2, {0, afb_bispectrum_n_columns(bispectrum)}, "eV",
                          "of each element, in the order of /components"};
  AFB_TRY(afb_tables_texts(MPI_COMM_WORLD, arrays, "elements/name", "names in the input", s->n_elements,
                           j->input->descriptor.elements.name));
  AFB_TRY(afb_tables_small(MPI_COMM_WORLD, arrays, radius, s->n_elements, s->radius));
  AFB_TRY(afb_tables_small(MPI_COMM_WORLD, arrays, weight, s->n_elements, s->weight));
  AFB_TRY(afb_tables_components(MPI_COMM_WORLD, arrays, bispectrum));
  AFB_TRY(afb_tables_small(MPI_COMM_WORLD, arrays, constant, s->n_elements, j->potential.constant));
  return afb_tables_small(MPI_COMM_WORLD, arrays, beta, s->n_elements, j->potential.beta);
}

/* Columns of the errors as arrays of their own. */
static afb_status write_errors(const job *j, afb_arrays *arrays)
{
  static const afb_array column[] = {
    {"errors/count", AFB_F64, 1, 3, {0, 2, AFB_LINEAR_KINDS}, "1",
     "rows: all groups, then each of /groups; unweighted, weighted; energy, force, stress"},
    {"errors/mae", AFB_F64, 1, 3, {0, 2, AFB_LINEAR_KINDS}, "eV per atom, eV/angstrom, bar", "mean absolute error"},
    {"errors/rmse", AFB_F64, 1, 3, {0, 2, AFB_LINEAR_KINDS}, "eV per atom, eV/angstrom, bar", "root of the mean squared error"},
    {"errors/rsq", AFB_F64, 1, 3, {0, 2, AFB_LINEAR_KINDS}, "1", "1 - squared error / spread of the reference"}};
  const afb_array name = {"groups/name", AFB_STRING, AFB_FRAME_NAME, 1, {0}, "1", "group of configurations"};
  const afb_array weight = {"groups/weight", AFB_F64, 1, 2, {0, AFB_LINEAR_KINDS}, "1", "of its energies, forces and stresses"};
  size_t n = (size_t)j->n_groups, n_errors = (n + 1) * 2 * AFB_LINEAR_KINDS;
  double *value = malloc((n_errors + 1) * sizeof *value);
  char *names = malloc((n + 1) * AFB_FRAME_NAME);
  afb_status status = afb_agree(MPI_COMM_WORLD, value && names ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for errors"));
  for (int c = 0; status == AFB_OK && c < 4; c++) {
    for (size_t k = 0; k < n_errors; k++) {
      const afb_linear_error *e = &j->error[k];
      value[k] = c == 0 ? (double)e->count : c == 1 ? e->mae : c == 2 ? e->rmse : e->rsq;
    }
    status = afb_tables_small(MPI_COMM_WORLD, arrays, column[c], j->n_groups + 1, value);
  }
  for (size_t g = 0; status == AFB_OK && g < n; g++) {
    memcpy(names + g * AFB_FRAME_NAME, j->group[g].name, AFB_FRAME_NAME);
    memcpy(value + g * AFB_LINEAR_KINDS, j->group[g].weight, sizeof j->group[g].weight);
  }
  if (status == AFB_OK)
    status = afb_tables_small(MPI_COMM_WORLD, arrays, name, j->n_groups, names);
  if (status == AFB_OK)
    status = afb_tables_small(MPI_COMM_WORLD, arrays, weight, j->n_groups, value);
  free(value);
  free(names);
  return status;
}

static afb_status write_notes(const job *j, afb_arrays *arrays)
{
  AFB_TRY(afb_arrays_note(arrays, "rows", (double)j->result.rows));
  AFB_TRY(afb_arrays_note(arrays, "rank", j->result.rank));
  AFB_TRY(afb_arrays_note(arrays, "condition", j->result.condition));
  return afb_arrays_note(arrays, "residual", j->result.residual);
}

/* Rank 0. */
static afb_status write_files(const job *j)
{
  const afb_named *named = &j->input->descriptor.elements;
  char coefficients[4096], parameters[4096], comment[256];
  afb_snap_elements elements = {.n = named->n};
  snprintf(coefficients, sizeof coefficients, "%s.snapcoeff", j->input->potential);
  snprintf(parameters, sizeof parameters, "%s.snapparam", j->input->potential);
  snprintf(comment, sizeof comment, "aufbau %s, %lld rows%s; units metal", afb_version_revision(), (long long)j->result.rows,
           j->zbl.n_elements > 0 ? ", to be used with the screened repulsion that was subtracted" : "");
  for (int e = 0; e < named->n; e++)
    if (snprintf(elements.name[e], AFB_SNAP_NAME, "%s", named->name[e]) >= AFB_SNAP_NAME)
      return AFB_FAIL(AFB_E_INPUT, "the element's name %s is too long for .snapcoeff", named->name[e]);
  return afb_snap_write(coefficients, parameters, comment, &elements, &j->potential);
}

/* ---- What is printed ---- */

static void print_errors(const job *j)
{
  static const char *const kind[] = {"energy", "force", "stress"};
  printf("| group | rows | of | ncount | mae | rmse | rsq |\n|:--|:--|:--|--:|--:|--:|--:|\n");
  for (int g = 0; g <= j->n_groups; g++)
    for (int weighted = 0; weighted < 2; weighted++)
      for (int k = 0; k < AFB_LINEAR_KINDS; k++) {
        const afb_linear_error *e = &j->error[(2 * g + weighted) * AFB_LINEAR_KINDS + k];
        if (e->count > 0)
          printf("| %s | %s | %s | %lld | %.6g | %.6g | %.6g |\n", g > 0 ? j->group[g - 1].name : "all",
                 weighted ? "weighted" : "unweighted", kind[k], (long long)e->count, e->mae, e->rmse, e->rsq);
      }
}

static void report(const job *j, double seconds)
{
  int ranks;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  afb_structures_input_warn(&j->structures);
  if (!j->arguments->quiet)
    printf("%s: %d coefficients from %lld rows of %lld structures; rank %d, condition number %.6g, residual %.6g; %.2f s on %d rank%s\n\n",
           j->arguments->output, afb_linear_unknowns(j->potential.bispectrum), (long long)j->result.rows, (long long)j->structures.n_frames, j->result.rank, j->result.condition,
           j->result.residual, seconds, ranks, ranks > 1 ? "s" : "");
  print_errors(j);
}

/* ---- All together ---- */

static afb_status fit_into(job *j, afb_arrays *arrays)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  AFB_TRY(fit(j));
  AFB_TRY(write_potential(j, arrays));
  AFB_TRY(write_errors(j, arrays));
  AFB_TRY(write_notes(j, arrays));
  return afb_agree(MPI_COMM_WORLD, j->input->potential && rank == 0 ? write_files(j) : AFB_OK);
}

static afb_status run(job *j)
{
  int rank;
  afb_arrays *arrays;
  double start = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(j->config);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, "potential", &writer, &arrays));
  AFB_TRY(afb_arrays_finish(&arrays, fit_into(j, arrays)));
  if (rank == 0)
    report(j, afb_wall_seconds() - start);
  return AFB_OK;
}

afb_status afb_train_linear(const afb_arguments *arguments, afb_config *config, const afb_train_input *input)
{
  job *j = calloc(1, sizeof *j);
  afb_status status = afb_agree(MPI_COMM_WORLD, j ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a fit"));
  if (status != AFB_OK) {
    free(j);
    return status;
  }
  *j = (job){.arguments = arguments, .config = config, .input = input};
  status = afb_agree(MPI_COMM_WORLD, afb_train_linear_check(config, input, &j->settings, &j->zbl));
  if (status == AFB_OK)
    status = run(j);
  afb_potential_clear(&j->potential);
  afb_zbl_clear(&j->zbl);
  afb_structures_clear(&j->structures);
  free(j->group);
  free(j->x);
  free(j->error);
  free(j);
  return status;
}
