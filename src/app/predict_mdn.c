/* `aufbau predict` with model.type mdn: atom-centred potentials of structures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "app/potential_scfv.h"
#include "app/structures_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "materials/potential_file.h"
#include "materials/tables.h"

enum { SHOWN = 20 };           /* structures in the table that is printed */

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_predict_input *input;
  afb_potential_model model;
  afb_structures structures;
  int32_t element[AFB_MAX_SPECIES];
  afb_potential_prediction prediction;
} job;

static afb_status read_model(job *j)
{
  afb_arrays *arrays;
  AFB_TRY(afb_arrays_open(MPI_COMM_WORLD, j->input->file, AFB_NETWORK_KIND, &arrays));
  afb_status status = afb_potential_model_read(MPI_COMM_WORLD, arrays, &j->model);
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  return status != AFB_OK ? status : closed;
}

static afb_status predict(job *j, const afb_site_features *features)
{
  afb_site_inputs inputs;
  afb_potential_model *m = &j->model;
  double *value = NULL;
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_site_inputs_create(&m->settings, m->n_cutoffs, m->cutoff, features, m->net.basis.n, m->net.basis.alpha,
                                                           &inputs)));
  afb_status status = afb_site_inputs_compute(MPI_COMM_WORLD, &inputs, &j->structures, j->element, j->arguments->skip_bad, &value);
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, afb_potential_net_predict(&m->net, j->structures.n_atoms, inputs.n_columns, value, &j->prediction));
  free(value);
  afb_site_inputs_clear(&inputs);
  return status;
}

static afb_status predict_with_features(job *j)
{
  const afb_potential_model *m = &j->model;
  const afb_strings *files = &j->input->features;
  afb_site_features features;
  if (m->n_features == 0)
    return predict(j, NULL);
  afb_status status = afb_site_features_open(MPI_COMM_WORLD, files->n, files->item, &j->structures, &features);
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, afb_site_features_compare(&features, m->n_cutoffs, m->cutoff, m->n_features, m->feature));
  if (status == AFB_OK)
    status = predict(j, &features);
  afb_site_features_close(&features);
  return status;
}

/* What the network was trained with tells whether features are wanted. */
static afb_status check_features(const job *j)
{
  int given = j->input->features.n;
  if ((given > 0) == (j->model.n_features > 0))
    return AFB_OK;
  afb_config_mistake(j->config, given > 0 ? "model.features" : "model", -1, 0,
                     given > 0 ? "the network of %.200s evaluates its inputs: it takes no features"
                               : "the network of %.200s was trained with files of features: name those of the new structures as `features`",
                     j->input->file);
  return afb_config_verdict(j->config);
}

static afb_status predict_into(job *j, afb_arrays *arrays)
{
  const char *name = j->model.element;
  const afb_named names = {.n = 1, .name = &name};
  const afb_potential_basis *b = &j->model.net.basis;
  AFB_TRY(afb_structures_input_read(MPI_COMM_WORLD, &j->input->structures, j->arguments->skip_bad, &j->structures, NULL));
  AFB_TRY(afb_species_elements(MPI_COMM_WORLD, j->config, "model.file", &names, &j->structures, j->element));
  AFB_TRY(predict_with_features(j));
  AFB_TRY(afb_tables_structures(MPI_COMM_WORLD, arrays, &j->structures, 1, &name, j->element));
  AFB_TRY(afb_tables_small(MPI_COMM_WORLD, arrays, (afb_array){"predictions/alpha", AFB_F64, 0, 1, {0}, "bohr^-2", "exponents"}, b->n, b->alpha));
  AFB_TRY(afb_potential_prediction_write(MPI_COMM_WORLD, &j->prediction, "predictions", arrays));
  return j->input->scfv ? afb_scfv_folder_write(j->input->scfv, &j->structures, b->n, b->alpha, &j->prediction) : AFB_OK;
}

static void report(const job *j, double seconds)
{
  int rank, ranks;
  const afb_structures *s = &j->structures;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank != 0)
    return;
  afb_structures_input_warn(s);
  if (j->arguments->quiet)
    return;
  printf("%-24s %8s %36s\n", "structure", "atoms", "expected ||dV|| (hartree bohr^1.5)");
  for (int64_t f = 0; f < s->n_frames && f < SHOWN; f++) {
    double sum = 0;
    for (int64_t i = 0; i < s->frame[f].n_atoms; i++)
      sum += j->prediction.distance[s->frame[f].first_atom + i];
    if (s->frame[f].n_atoms > 0 && !s->frame[f].bad)
      printf("%-24.24s %8lld %36.4f\n", s->frame[f].name, (long long)s->frame[f].n_atoms, sum / (double)s->frame[f].n_atoms);
  }
  if (s->n_frames > SHOWN)
    printf("... and %lld more\n", (long long)(s->n_frames - SHOWN));
  printf("%s: %lld structures, %lld atoms; %.2f s on %d rank%s\n", j->arguments->output, (long long)s->n_frames, (long long)s->n_atoms,
         seconds, ranks, ranks > 1 ? "s" : "");
}

static afb_status run(job *j)
{
  afb_arrays *arrays;
  double start = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(j->config);
  AFB_TRY(read_model(j));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, check_features(j)));
  if (j->input->scfv)
    AFB_TRY(afb_scfv_folder(j->input->scfv));
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_POTENTIALS_KIND, &writer, &arrays));
  AFB_TRY(afb_arrays_finish(&arrays, predict_into(j, arrays)));
  report(j, afb_wall_seconds() - start);
  return AFB_OK;
}

afb_status afb_predict_mdn_check(afb_config *config, const afb_predict_input *input)
{
  if (!input->file)
    afb_config_mistake(config, "model.file", -1, 0, "file is missing: what `aufbau train` wrote");
  return afb_config_verdict(config);
}

afb_status afb_predict_mdn(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input)
{
  job *j = calloc(1, sizeof *j);
  afb_status status = afb_agree(MPI_COMM_WORLD, j ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a network"));
  if (status != AFB_OK) {
    free(j);
    return status;
  }
  *j = (job){.arguments = arguments, .config = config, .input = input};
  status = afb_predict_mdn_check(config, input);
  if (status == AFB_OK)
    status = run(j);
  afb_potential_model_clear(&j->model);
  afb_structures_clear(&j->structures);
  afb_potential_prediction_clear(&j->prediction);
  free(j);
  return status;
}
