/* `aufbau predict` with model.type snap: what an interatomic potential says of structures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "app/potential_input.h"
#include "app/structures_input.h"
#include "app/train.h"
#include "core/clock.h"
#include "materials/predict.h"
#include "materials/snap_file.h"

enum { SHOWN = 20 };           /* structures in the table that is printed */

typedef struct {
  const afb_arguments *arguments;
  afb_config *config;
  const afb_predict_input *input;
  afb_snap_elements elements;
  const char *name[AFB_MAX_ELEMENTS];
  afb_potential potential;
  afb_structures structures;
  afb_forces forces;
} job;

/* Largest force on an atom of each of the first structures; collective. */
static void largest_forces(const job *j, double largest[SHOWN])
{
  const afb_structures *s = &j->structures;
  for (int f = 0; f < SHOWN; f++)
    largest[f] = 0;
  for (int64_t f = 0; f < s->n_frames && f < SHOWN; f++)
    for (int64_t a = s->frame[f].first_atom; a < s->frame[f].first_atom + s->frame[f].n_atoms; a++)
      if (a >= s->first && a < s->first + s->n) {
        const double *force = j->forces.force + 3 * (a - s->first);
        largest[f] = fmax(largest[f], sqrt(force[0] * force[0] + force[1] * force[1] + force[2] * force[2]));
      }
  MPI_Allreduce(MPI_IN_PLACE, largest, SHOWN, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
}

static void print_table(const job *j, const double largest[SHOWN])
{
  const afb_structures *s = &j->structures;
  printf("%-24s %8s %18s %16s %16s\n", "structure", "atoms", "energy/atom (eV)", "max force (eV/A)", "pressure (bar)");
  for (int64_t f = 0; f < s->n_frames && f < SHOWN; f++) {
    const double *stress = j->forces.stress + 6 * f;
    if (s->frame[f].bad)
      continue;
    printf("%-24.24s %8lld %18.8f %16.6f %16.2f\n", s->frame[f].name, (long long)s->frame[f].n_atoms,
           j->forces.energy[f] / (double)s->frame[f].n_atoms, largest[f], (stress[0] + stress[1] + stress[2]) / 3);
  }
  if (s->n_frames > SHOWN)
    printf("... and %lld more\n", (long long)(s->n_frames - SHOWN));
}

static void print_deviations(const afb_deviations *d)
{
  if (!isnan(d->energy))
    printf("mean absolute deviation from the energies of the files: %g eV/atom\n", d->energy);
  if (!isnan(d->force))
    printf("mean absolute deviation from the forces of the files: %g eV/angstrom\n", d->force);
  if (!isnan(d->stress))
    printf("mean absolute deviation from the stresses of the files: %g bar\n", d->stress);
}

static void report(const job *j, double seconds)
{
  int rank, ranks;
  double largest[SHOWN];
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  largest_forces(j, largest);
  afb_deviations deviations = afb_forces_compare(MPI_COMM_WORLD, &j->structures, &j->forces);
  if (rank != 0)
    return;
  afb_structures_input_warn(&j->structures);
  if (j->arguments->quiet)
    return;
  print_table(j, largest);
  print_deviations(&deviations);
  printf("%s: %lld structures, %lld atoms; %.2f s on %d rank%s, kernel %s\n", j->arguments->output, (long long)j->structures.n_frames,
         (long long)j->structures.n_atoms, seconds, ranks, ranks > 1 ? "s" : "", afb_bispectrum_kernel(j->potential.bispectrum));
}

/* With what was predicted in place of what the files said. */
static afb_status write_xyz(job *j)
{
  afb_structures s = j->structures;
  s.force = j->forces.force;
  for (int64_t f = 0; f < s.n_frames; f++) {
    s.frame[f].energy = j->forces.energy[f];
    for (int v = 0; v < 6; v++)
      s.frame[f].stress[v] = j->forces.stress[6 * f + v];
  }
  return afb_structures_write_xyz(MPI_COMM_WORLD, j->input->xyz, &s);
}

static afb_status read_potential(job *j)
{
  const afb_predict_input *in = j->input;
  AFB_TRY(afb_snap_read(MPI_COMM_WORLD, in->coefficients, in->parameters, &j->elements, &j->potential));
  for (int e = 0; e < j->elements.n; e++)
    j->name[e] = j->elements.name[e];
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_zbl_input(j->config, &in->zbl, j->elements.n, j->name, &j->potential.zbl)));
  return afb_config_verdict(j->config);
}

static afb_status predict_into(job *j, afb_arrays *arrays)
{
  int32_t element[AFB_MAX_SPECIES];
  const afb_input_structures *files = &j->input->structures;
  const afb_named names = {.n = j->elements.n, .name = j->name};
  AFB_TRY(afb_structures_input_read(MPI_COMM_WORLD, files, j->arguments->skip_bad, &j->structures, NULL));
  AFB_TRY(afb_species_elements(MPI_COMM_WORLD, j->config, "model.coefficients", &names, &j->structures, element));
  AFB_TRY(afb_predict_forces(MPI_COMM_WORLD, &j->structures, element, &j->potential, files->divide_above, j->arguments->skip_bad,
                             &j->forces));
  return afb_forces_write(MPI_COMM_WORLD, &j->structures, j->elements.n, j->name, element, &j->forces, arrays);
}

static afb_status run(job *j)
{
  afb_arrays *arrays;
  double start = afb_wall_seconds();
  afb_store_writer writer = afb_input_writer(j->config);
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, j->arguments->output, AFB_FORCES_KIND, &writer, &arrays));
  AFB_TRY(afb_arrays_finish(&arrays, predict_into(j, arrays)));
  report(j, afb_wall_seconds() - start);
  return j->input->xyz ? write_xyz(j) : AFB_OK;
}

afb_status afb_predict_snap_check(afb_config *config, const afb_predict_input *input)
{
  if (!input->coefficients)
    afb_config_mistake(config, "model.coefficients", -1, 0, "coefficients are missing: the .snapcoeff file of the potential");
  if (!input->parameters)
    afb_config_mistake(config, "model.parameters", -1, 0, "parameters are missing: the .snapparam file of the potential");
  return afb_config_verdict(config);
}

afb_status afb_predict_snap(const afb_arguments *arguments, afb_config *config, const afb_predict_input *input)
{
  job *j = calloc(1, sizeof *j);
  afb_status status = afb_agree(MPI_COMM_WORLD, j ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a potential"));
  if (status != AFB_OK) {
    free(j);
    return status;
  }
  *j = (job){.arguments = arguments, .config = config, .input = input};
  status = afb_predict_snap_check(config, input);
  if (status == AFB_OK)
    status = read_potential(j);
  if (status == AFB_OK)
    status = run(j);
  afb_potential_clear(&j->potential);
  afb_structures_clear(&j->structures);
  afb_forces_clear(&j->forces);
  free(j);
  return status;
}
