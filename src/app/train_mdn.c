/* `aufbau train` with model.type mdn: a network for atom-centred potentials. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "app/potential_scfv.h"
#include "app/structures_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "core/log.h"
#include "materials/potential_data.h"
#include "materials/potential_file.h"
#include "materials/scfv.h"
#include "materials/tables.h"
#include "store/file.h"

static const double CHECKPOINT_SECONDS = 30;

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_train_input *input;
  afb_structures structures;
  int32_t element[AFB_MAX_SPECIES];
  int n_gaussians;
  double alpha[AFB_POTENTIAL_MAX_GAUSSIANS];
  double *a, *value, *prior, *start;       /* start: NULL, or [n_gaussians] of the default start */
  const double *bulk;                      /* NULL, or the reference atom's row of a */
  int64_t *model;
  int n_kinds, *kind;                      /* kind [n_frames] */
  const char **kind_name;
  afb_potential_table table;
  afb_potential_options options;
  afb_potential_model trained;
  afb_potential_validation validation;
  char checkpoint[1100];
  int interrupted;
} job;

static void need(afb_config *config, const char *path, const char *value, const char *what)
{
  if (!value)
    afb_config_mistake(config, path, -1, 0, "%s is missing: %s", strrchr(path, '.') + 1, what);
}

afb_status afb_train_mdn_check(afb_config *config, const afb_train_input *in, afb_bispectrum_settings *settings)
{
  need(config, "model.targets", in->targets, "a mixture density network learns from a table of known potentials");
  need(config, "model.exponents", in->exponents, "a table of the potentials' exponents");
  if (in->descriptor.elements.n != 1)
    afb_config_mistake(config, "descriptor.elements", -1, 0, "potentials of one element are learned at a time");
  if (in->cutoffs.n > AFB_SITE_MAX_CUTOFFS)
    afb_config_mistake(config, "model.cutoffs", -1, 0, "at most %d cut-offs can be used", AFB_SITE_MAX_CUTOFFS);
  if (in->features.n > AFB_SITE_MAX_FILES)
    afb_config_mistake(config, "model.features", -1, 0, "at most %d files can be used", AFB_SITE_MAX_FILES);
  if (in->features.n > 0 && in->cutoffs.n > 0)
    afb_config_mistake(config, "model.features", -1, 0, "features take the place of what is evaluated at cutoffs: give one of the two");
  AFB_TRY(afb_descriptor_settings(config, &in->descriptor, settings));
  return afb_config_verdict(config);
}

static void choose_options(job *j)
{
  const afb_train_input *in = j->input;
  j->options = (afb_potential_options){(int)in->components, in->covariance == AFB_INPUT_COVARIANCE_LOW_RANK ? AFB_MDN_LOW_RANK : AFB_MDN_FULL,
                                       (int)in->rank, (int)in->width, (int)in->layers, (int)in->members, in->steps, (uint64_t)in->seed};
}

/* ---- Data ---- */

/* The inputs' cut-offs, or the descriptor's own. */
static void choose_cutoffs(job *j)
{
  const afb_numbers *given = &j->input->cutoffs;
  const afb_bispectrum_settings *s = &j->trained.settings;
  j->trained.n_cutoffs = given->n > 0 ? given->n : 1;
  j->trained.cutoff[0] = 2 * s->radius[0] * s->rcutfac;
  for (int k = 0; k < given->n; k++)
    j->trained.cutoff[k] = given->item[k];
}

/* The model keeps by what its features can be told from others. */
static afb_status remember_features(job *j, const afb_site_features *features)
{
  afb_potential_model *m = &j->trained;
  size_t bytes = (size_t)features->n_columns * sizeof *m->feature;
  m->feature = malloc(bytes + 1);
  if (!m->feature)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d columns", features->n_columns);
  m->n_features = features->n_columns;
  m->n_cutoffs = features->n_files;
  memcpy(m->feature, features->column, bytes);
  memcpy(m->cutoff, features->cutoff, (size_t)features->n_files * sizeof *m->cutoff);
  return AFB_OK;
}

static afb_status compute_inputs(job *j, const afb_site_features *features)
{
  afb_site_inputs inputs;
  const afb_potential_model *m = &j->trained;
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_site_inputs_create(&m->settings, m->n_cutoffs, m->cutoff, features, j->n_gaussians, j->alpha,
                                                           &inputs)));
  afb_status status = afb_site_inputs_compute(MPI_COMM_WORLD, &inputs, &j->structures, j->element, j->arguments->skip_bad, &j->value);
  int64_t n = j->structures.n_atoms;
  j->prior = malloc((size_t)inputs.n_columns * sizeof *j->prior);
  j->model = malloc(((size_t)n + 1) * sizeof *j->model);
  if (status == AFB_OK && (!j->prior || !j->model))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)n);
  if (j->prior)
    afb_site_inputs_prior(&inputs, j->prior);
  for (int64_t f = 0; f < j->structures.n_frames && j->model; f++)
    for (int64_t i = 0; i < j->structures.frame[f].n_atoms; i++)
      j->model[j->structures.frame[f].first_atom + i] = j->structures.frame[f].bad ? -1 : f;
  j->table = (afb_potential_table){n, inputs.n_columns, j->n_gaussians, j->value, j->prior, j->alpha, j->a, j->model,
                                   j->structures.n_frames};
  afb_site_inputs_clear(&inputs);
  return afb_agree(MPI_COMM_WORLD, status);
}

static afb_status read_inputs(job *j)
{
  afb_site_features features;
  const afb_strings *files = &j->input->features;
  if (files->n == 0) {
    choose_cutoffs(j);
    return compute_inputs(j, NULL);
  }
  afb_status status = afb_site_features_open(MPI_COMM_WORLD, files->n, files->item, &j->structures, &features);
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, remember_features(j, &features));
  if (status == AFB_OK)
    status = compute_inputs(j, &features);
  afb_site_features_close(&features);
  return status;
}

static int64_t frame_named(const afb_structures *s, const char *name)
{
  for (int64_t f = 0; f < s->n_frames; f++)
    if (strcmp(s->frame[f].name, name) == 0 && s->frame[f].n_atoms > 0)
      return f;
  return -1;
}

/* The first type of an scfV file with the exponents of the table. */
static afb_status read_start(job *j, const char *path)
{
  int rank;
  afb_scfv scfv = {0};
  afb_status status = AFB_OK;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  j->start = calloc((size_t)j->n_gaussians, sizeof *j->start);
  if (!j->start)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the default start");
  if (status == AFB_OK && rank == 0)
    status = afb_scfv_read(path, &scfv);
  if (status == AFB_OK && rank == 0) {
    int same = scfv.first[1] == j->n_gaussians;
    for (int k = 0; k < j->n_gaussians && same; k++)
      same = fabs(scfv.alpha[k] - j->alpha[k]) <= 1e-6 * j->alpha[k];
    if (same)
      memcpy(j->start, scfv.up, (size_t)j->n_gaussians * sizeof *j->start);
    else
      status = AFB_FAIL(AFB_E_INPUT, "%s: its first type has other exponents than %s", path, j->input->exponents);
  }
  afb_scfv_clear(&scfv);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, status));
  MPI_Bcast(j->start, j->n_gaussians, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  return AFB_OK;
}

static afb_status baselines(job *j)
{
  const afb_train_input *in = j->input;
  if (in->reference_model) {
    int64_t f = frame_named(&j->structures, in->reference_model);
    if (f < 0) {
      afb_config_mistake(j->config, "model.reference_model", -1, 0, "no structure is called \"%.60s\"", in->reference_model);
      return afb_config_verdict(j->config);
    }
    j->bulk = j->a + j->structures.frame[f].first_atom * j->n_gaussians;
  }
  return in->start ? read_start(j, in->start) : AFB_OK;
}

static afb_status number_kinds(job *j)
{
  const afb_structures *s = &j->structures;
  j->kind = malloc(((size_t)s->n_frames + 1) * sizeof *j->kind);
  j->kind_name = malloc(((size_t)s->n_frames + 1) * sizeof *j->kind_name);
  if (!j->kind || !j->kind_name)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld structures", (long long)s->n_frames);
  j->n_kinds = 0;
  for (int64_t f = 0; f < s->n_frames; f++) {
    int k = 0;
    while (k < j->n_kinds && strcmp(j->kind_name[k], s->frame[f].group) != 0)
      k++;
    j->kind[f] = k;
    if (k == j->n_kinds)
      j->kind_name[j->n_kinds++] = s->frame[f].group;
  }
  return AFB_OK;
}

static afb_status read_data(job *j)
{
  const afb_train_input *in = j->input;
  AFB_TRY(afb_structures_input_read(MPI_COMM_WORLD, &in->structures, j->arguments->skip_bad, &j->structures, NULL));
  AFB_TRY(afb_descriptor_elements(MPI_COMM_WORLD, j->config, &in->descriptor.elements, &j->structures, j->element));
  snprintf(j->trained.element, sizeof j->trained.element, "%s", in->descriptor.elements.name[0]);
  AFB_TRY(afb_potential_read_exponents(MPI_COMM_WORLD, in->exponents, &j->n_gaussians, j->alpha));
  AFB_TRY(afb_potential_read_targets(MPI_COMM_WORLD, in->targets, &j->structures, j->n_gaussians, &j->a));
  AFB_TRY(baselines(j));
  AFB_TRY(read_inputs(j));
  return afb_agree(MPI_COMM_WORLD, number_kinds(j));
}

/* ---- Validation and training ---- */

static int of_any_rank(int mine)
{
  int any;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return any;
}

static int is_time_to_save(void *since)
{
  return afb_signal_received() != 0 || afb_wall_seconds() - *(double *)since > CHECKPOINT_SECONDS;
}

static int64_t count_done(const job *j)
{
  int64_t n = 0;
  for (int64_t m = 0; m < j->table.n_models; m++)
    n += j->validation.done[m] != 0;
  return n;
}

/* What is done is kept in the checkpoint. */
static afb_status validate(job *j)
{
  int rank;
  int64_t n = j->table.n_models, identity = afb_potential_identity(&j->table, &j->options);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Bcast(&identity, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  snprintf(j->checkpoint, sizeof j->checkpoint, "%.1080s.validation", j->arguments->output);
  AFB_TRY(afb_potential_checkpoint_load(MPI_COMM_WORLD, j->checkpoint, identity, &j->table, &j->validation));
  while (count_done(j) < n && !j->interrupted) {
    double begin = afb_wall_seconds();
    AFB_TRY(afb_potential_leave_out(MPI_COMM_WORLD, &j->table, &j->options, 0, n, is_time_to_save, &begin, &j->validation));
    int64_t done = count_done(j);
    j->interrupted = of_any_rank(done < n && afb_signal_received() != 0);
    if (done < n)
      AFB_TRY(afb_potential_checkpoint_save(MPI_COMM_WORLD, j->checkpoint, identity, &j->table, &j->validation));
    if (done < n && rank == 0 && !j->arguments->quiet)
      afb_log(AFB_LOG_INFO, "%lld of %lld models left out and predicted", (long long)done, (long long)n);
  }
  return AFB_OK;
}

/* ---- Output ---- */

static afb_potential_score score(const job *j, int kind)
{
  return afb_potential_score_kind(&j->table, &j->validation, j->kind, kind, j->start, j->bulk);
}

static afb_status write_scores(const job *j, afb_arrays *arrays)
{
  int n = j->n_kinds;
  double *value = malloc(7 * (size_t)n * sizeof *value);
  afb_status status = value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for scores");
  for (int k = 0; k < n && status == AFB_OK; k++) {
    afb_potential_score s = score(j, k);
    double row[7] = {(double)s.n_models, (double)s.n_atoms, s.start, s.bulk, s.error, s.inside[0], s.inside[1]};
    memcpy(value + 7 * k, row, sizeof row);
  }
  status = afb_agree(MPI_COMM_WORLD, status);
  if (status == AFB_OK)
    status = afb_tables_texts(MPI_COMM_WORLD, arrays, "scores/kind", "kinds of models", n, j->kind_name);
  if (status == AFB_OK)
    status = afb_tables_small(MPI_COMM_WORLD, arrays, (afb_array){"scores/score", AFB_F64, 0, 2, {0, 7}, "1, hartree bohr^1.5",
                              "models, atoms; ||dV|| of the default start, of every atom like the reference, of the network without the model; "
                              "part of coordinates inside their 50 % and 90 % intervals"}, n, value);
  free(value);
  return status;
}

static afb_status write_file(const job *j, afb_arrays *arrays)
{
  const afb_named *elements = &j->input->descriptor.elements;
  AFB_TRY(afb_tables_structures(MPI_COMM_WORLD, arrays, &j->structures, elements->n, elements->name, j->element));
  AFB_TRY(afb_potential_model_write(MPI_COMM_WORLD, &j->trained, arrays));
  if (!j->input->leave_one_out)
    return AFB_OK;
  AFB_TRY(afb_potential_validation_write(MPI_COMM_WORLD, &j->table, &j->validation, arrays));
  return write_scores(j, arrays);
}

static void print_score(const char *kind, const afb_potential_score *s)
{
  printf("%-14.14s %6lld %6lld %9.3f %9.3f %9.4f %9.2f %8.2f %8.2f\n", kind, (long long)s->n_models, (long long)s->n_atoms, s->start,
         s->bulk, s->error, s->error / s->bulk, s->inside[0], s->inside[1]);
}

/* Deviations ||dV|| by kind; the rows of the table in docs/silicon.md. */
static void report(const job *j, double seconds)
{
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank != 0)
    return;
  afb_structures_input_warn(&j->structures);
  if (j->arguments->quiet)
    return;
  if (j->input->leave_one_out) {
    printf("Models left out one at a time: root of the integral of |dV|^2 (hartree bohr^1.5), mean over atoms\n"
           "%-14s %6s %6s %9s %9s %9s %9s %8s %8s\n", "kind", "models", "atoms", "start", "reference", "network", "/reference", "in 50 %",
           "in 90 %");
    for (int k = 0; k < j->n_kinds; k++) {
      afb_potential_score s = score(j, k);
      print_score(j->kind_name[k], &s);
    }
    afb_potential_score all = score(j, -1);
    print_score("all", &all);
  }
  printf("%s: %lld structures, %lld atoms, %d inputs, %lld weights; %.2f s on %d rank%s\n", j->arguments->output,
         (long long)j->structures.n_frames, (long long)j->structures.n_atoms, j->table.n_columns,
         (long long)j->trained.net.mdn->n_weights, seconds, ranks, ranks > 1 ? "s" : "");
}

static afb_status train_into(job *j, afb_arrays *arrays)
{
  AFB_TRY(read_data(j));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_potential_validation_init(&j->table, &j->validation)));
  if (j->input->leave_one_out)
    AFB_TRY(validate(j));
  if (j->interrupted)
    return AFB_OK;
  AFB_TRY(afb_potential_net_fit(MPI_COMM_WORLD, &j->table, &j->options, -1, &j->trained.net));
  AFB_TRY(write_file(j, arrays));
  if (j->input->scfv && j->input->leave_one_out)
    return afb_scfv_folder_write(j->input->scfv, &j->structures, j->n_gaussians, j->alpha, &j->validation.prediction);
  return AFB_OK;
}

/* The output is opened first: whatever is wrong with it is told before the work. */
static afb_status run(job *j, int *exit_status)
{
  int rank;
  afb_arrays *arrays;
  double start = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(j->config);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (j->input->scfv)
    AFB_TRY(afb_scfv_folder(j->input->scfv));
  afb_signals_catch();
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_NETWORK_KIND, &writer, &arrays));
  afb_status status = train_into(j, arrays);
  if (status == AFB_OK && j->interrupted) {
    /* No file is made of what is not complete. */
    afb_arrays_close(&arrays, AFB_E_INTERNAL);
    *exit_status = AFB_EXIT_RESUMABLE;
    return AFB_OK;
  }
  AFB_TRY(afb_arrays_finish(&arrays, status));
  if (rank == 0 && j->checkpoint[0])
    afb_file_drop(j->checkpoint);
  report(j, afb_wall_seconds() - start);
  return AFB_OK;
}

afb_status afb_train_mdn(const afb_arguments *arguments, afb_config *config, const afb_train_input *input, int *exit_status)
{
  job *j = calloc(1, sizeof *j);
  afb_status status = afb_agree(MPI_COMM_WORLD, j ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for training"));
  if (status != AFB_OK) {
    free(j);
    return status;
  }
  *j = (job){.arguments = arguments, .config = config, .input = input};
  status = afb_agree(MPI_COMM_WORLD, afb_train_mdn_check(config, input, &j->trained.settings));
  choose_options(j);
  if (status == AFB_OK)
    status = run(j, exit_status);
  afb_potential_model_clear(&j->trained);
  afb_potential_validation_clear(&j->validation);
  afb_structures_clear(&j->structures);
  free(j->a);
  free(j->value);
  free(j->prior);
  free(j->start);
  free(j->model);
  free(j->kind);
  free(j->kind_name);
  free(j);
  return status;
}
