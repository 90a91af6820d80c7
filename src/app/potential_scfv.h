/* Folders of OLCAO's scfV files, one for each structure. */
#ifndef AFB_APP_POTENTIAL_SCFV_H
#define AFB_APP_POTENTIAL_SCFV_H

#include "materials/potential_net.h"
#include "materials/structures.h"

/* Makes the folder unless it is there. Collective on MPI_COMM_WORLD: AFB_E_INPUT. */
afb_status afb_scfv_folder(const char *folder);

/* FOLDER/NAME.scfV of each structure whose rows are known: one type for each atom, in the order of the atoms. Where several have
 * one name it is GROUP_NAME, and GROUP_NAME_k with the number k of the structure where that is not enough. Structures are dealt to ranks.
 * Collective on MPI_COMM_WORLD: AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_scfv_folder_write(const char *folder, const afb_structures *structures, int n_gaussians, const double *alpha,
                                 const afb_potential_prediction *prediction);

#endif
