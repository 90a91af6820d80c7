#include "materials/predict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "materials/evaluate.h"
#include "materials/reader.h"
#include "materials/tables.h"

enum { WIDTH = 4, FRAME_WIDTH = 7 };   /* energy and force; energy and virial */

typedef struct {
  afb_structures *structures;
  afb_potential *potential;
  afb_forces *out;
} predictor;

void afb_forces_clear(afb_forces *forces)
{
  free(forces->energy);
  free(forces->stress);
  free(forces->atom_energy);
  free(forces->force);
  *forces = (afb_forces){0};
}

/* After the fold: all is with the own points. */
static void sum_frames(const afb_piece *piece, const double *energy, const double *virial, double *frames)
{
  for (int f = 0; f < piece->n_frames; f++)
    for (int64_t i = piece->frame_own[f]; i < piece->frame_own[f + 1]; i++) {
      frames[f * FRAME_WIDTH] += energy[i];
      for (int v = 0; v < 6; v++)
        frames[f * FRAME_WIDTH + 1 + v] += virial[6 * i + v];
    }
}

static afb_status visit(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  predictor *p = owner;
  size_t n = (size_t)piece->n_points;
  double *energy = calloc(10 * n + 1, sizeof *energy), *force = energy + n, *virial = energy + 4 * n;
  (void)frame;
  afb_status status = energy ? afb_potential_piece(p->potential, piece, energy, force, virial)
                             : AFB_FAIL(AFB_E_MEMORY, "no memory for the forces of %lld atoms", (long long)piece->n_own);
  if (comm != MPI_COMM_SELF)
    status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = afb_piece_fold(piece, 3, force);
  if (status == AFB_OK)
    status = afb_piece_fold(piece, 6, virial);
  if (status == AFB_OK) {
    sum_frames(piece, energy, virial, frames);
    for (int64_t i = 0; i < piece->n_own; i++) {
      own[WIDTH * i] = energy[i];
      memcpy(own + WIDTH * i + 1, force + 3 * i, 3 * sizeof *force);
    }
  }
  free(energy);
  return status;
}

static afb_status take_atoms(void *owner, int64_t first, int64_t n, const double *own)
{
  predictor *p = owner;
  const afb_structures *s = p->structures;
  /* The atoms are dealt by now. */
  if (!p->out->force) {
    p->out->atom_energy = malloc(((size_t)s->n + 1) * sizeof(double));
    p->out->force = malloc(((size_t)s->n + 1) * 3 * sizeof(double));
    if (!p->out->atom_energy || !p->out->force)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the forces of %lld atoms", (long long)s->n);
  }
  for (int64_t i = 0; i < n; i++) {
    int64_t at = first - s->first + i;
    p->out->atom_energy[at] = own[WIDTH * i];
    memcpy(p->out->force + 3 * at, own + WIDTH * i + 1, 3 * sizeof(double));
  }
  return AFB_OK;
}

static afb_status take_frames(void *owner, int64_t first, int64_t n, const double *frames)
{
  predictor *p = owner;
  for (int64_t f = 0; f < n; f++) {
    double V = fabs(afb_cell_volume(p->structures->frame[first + f].cell[0]));
    p->out->energy[first + f] = frames[f * FRAME_WIDTH];
    for (int v = 0; v < 6; v++)
      p->out->stress[6 * (first + f) + v] = V > 0 ? frames[f * FRAME_WIDTH + 1 + v] * AFB_BAR / V : NAN;
  }
  return AFB_OK;
}

/* Every frame came to one rank; NaN of a bad one must not be lost in the sum. */
static void spread(MPI_Comm comm, const afb_structures *s, afb_forces *out)
{
  MPI_Allreduce(MPI_IN_PLACE, out->energy, (int)s->n_frames, MPI_DOUBLE, MPI_SUM, comm);
  for (int64_t f = 0; f < s->n_frames; f += 1 << 20) {
    int64_t left = s->n_frames - f, count = left < 1 << 20 ? left : 1 << 20;
    MPI_Allreduce(MPI_IN_PLACE, out->stress + 6 * f, (int)(6 * count), MPI_DOUBLE, MPI_SUM, comm);
  }
  for (int64_t f = 0; f < s->n_frames; f++)
    if (s->frame[f].bad)
      for (int v = -1; v < 6; v++)
        *(v < 0 ? &out->energy[f] : &out->stress[6 * f + v]) = NAN;
}

afb_status afb_predict_forces(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_potential *potential,
                              int64_t whole, int skip_bad, afb_forces *out)
{
  size_t n = (size_t)potential->n_elements, n_frames = (size_t)structures->n_frames;
  predictor p = {.structures = structures, .potential = potential, .out = out};
  double *cutoff = malloc(n * n * sizeof *cutoff);
  *out = (afb_forces){.energy = calloc(n_frames + 1, sizeof(double)), .stress = calloc(6 * n_frames + 1, sizeof(double))};
  afb_status status = cutoff && out->energy && out->stress ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for forces");
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    afb_visitor visitor = {.owner = &p, .width = WIDTH, .frame_width = FRAME_WIDTH, .visit = visit, .cost_pair = 1,
                           .cutoff = afb_potential_cutoffs(potential, cutoff)};
    afb_sink sink = {.owner = &p, .rows = take_atoms, .frames = take_frames};
    status = afb_evaluate(comm, structures, element, whole, skip_bad, &visitor, &sink);
  }
  if (status == AFB_OK)
    spread(comm, structures, out);
  free(cutoff);
  return status;
}

static void compare(double a, double b, double *sum, double *count)
{
  if (isnan(a) || isnan(b))
    return;
  *sum += fabs(a - b);
  *count += 1;
}

afb_deviations afb_forces_compare(MPI_Comm comm, const afb_structures *s, const afb_forces *forces)
{
  int rank;
  double sum[6] = {0};         /* deviations, counts */
  MPI_Comm_rank(comm, &rank);
  for (int64_t f = 0; rank == 0 && f < s->n_frames; f++) {
    double atoms = (double)s->frame[f].n_atoms;
    compare(forces->energy[f] / atoms, s->frame[f].energy / atoms, &sum[0], &sum[3]);
    for (int v = 0; v < 6; v++)
      compare(forces->stress[6 * f + v], s->frame[f].stress[v], &sum[2], &sum[5]);
  }
  for (int64_t i = 0; s->force && i < 3 * s->n; i++)
    compare(forces->force[i], s->force[i], &sum[1], &sum[4]);
  MPI_Allreduce(MPI_IN_PLACE, sum, 6, MPI_DOUBLE, MPI_SUM, comm);
  return (afb_deviations){sum[0] / sum[3], sum[1] / sum[4], sum[2] / sum[5]};
}

afb_status afb_forces_write(MPI_Comm comm, const afb_structures *s, int n_elements, const char *const *name,
                            const int32_t *element, const afb_forces *forces, afb_arrays *arrays)
{
  const afb_array energy = {"predictions/energy", AFB_F64, 1, 1, {0}, "eV", "energy of the frame; NaN: was left out"};
  const afb_array stress = {"predictions/stress", AFB_F64, 1, 2, {0, 6}, "bar",
                            "xx yy zz xy xz yz, positive under compression; NaN where there is no cell"};
  const afb_array atom_energy = {"atoms/energy", AFB_F64, 1, 1, {s->n_atoms}, "eV", "share of the atom in the energy"};
  const afb_array force = {"atoms/force", AFB_F64, 1, 2, {s->n_atoms, 3}, "eV/angstrom", "force on the atom"};
  AFB_TRY(afb_tables_structures(comm, arrays, s, n_elements, name, element));
  AFB_TRY(afb_tables_small(comm, arrays, energy, s->n_frames, forces->energy));
  AFB_TRY(afb_tables_small(comm, arrays, stress, s->n_frames, forces->stress));
  AFB_TRY(afb_arrays_add(arrays, &atom_energy));
  AFB_TRY(afb_arrays_add(arrays, &force));
  AFB_TRY(afb_arrays_write(arrays, atom_energy.name, s->first, s->n, forces->atom_energy));
  return afb_arrays_write(arrays, force.name, s->first, s->n, forces->force);
}
