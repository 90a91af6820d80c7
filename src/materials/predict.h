/* Energies, forces and stresses of structures by an interatomic potential. */
#ifndef AFB_MATERIALS_PREDICT_H
#define AFB_MATERIALS_PREDICT_H

#include <mpi.h>

#include "descriptor/potential.h"
#include "materials/structures.h"
#include "store/arrays.h"

/* Of frames, the same on all ranks; of atoms, for those that this rank has in the collection afterwards: structures->n of them. What
 * belongs to a bad frame is NaN. */
typedef struct {
  double *energy;              /* [n_frames] eV */
  double *stress;              /* [n_frames][6] bar (AFB_BAR), xx yy zz xy xz yz, positive under compression; NaN without a cell */
  double *atom_energy;         /* [n] eV */
  double *force;               /* [n][3] eV/angstrom */
} afb_forces;

/* element, whole, skip_bad: as in afb_evaluate, which this calls: the atoms may change ranks. Statuses of that. Collective on `comm`. The caller
 * clears *out. Memory: 32 bytes an atom of this rank's, 56 a frame. */
afb_status afb_predict_forces(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_potential *potential,
                              int64_t whole, int skip_bad, afb_forces *out);
void afb_forces_clear(afb_forces *forces);

/* Mean absolute deviations from what the structures bring with them. NaN: they bring nothing of the kind. */
typedef struct {
  double energy;               /* eV per atom */
  double force;                /* eV/angstrom, of components */
  double stress;               /* bar, of components */
} afb_deviations;

/* Collective on `comm`; the same on all ranks. */
afb_deviations afb_forces_compare(MPI_Comm comm, const afb_structures *structures, const afb_forces *forces);

/* A file of the kind AFB_FORCES_KIND: what afb_tables_structures writes, and /predictions/energy [n_frames] eV, stress [n_frames][6] bar;
 * /atoms/energy [atoms] eV, force [atoms][3] eV/angstrom. Collective; the same status on all ranks. */
#define AFB_FORCES_KIND "forces"
afb_status afb_forces_write(MPI_Comm comm, const afb_structures *structures, int n_elements, const char *const *name,
                            const int32_t *element, const afb_forces *forces, afb_arrays *arrays);

#endif
