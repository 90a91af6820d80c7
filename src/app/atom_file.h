/* The HDF5 file of `aufbau atom`. Collective on MPI_COMM_WORLD; every rank returns the same. */
#ifndef AFB_APP_ATOM_FILE_H
#define AFB_APP_ATOM_FILE_H

#include "app/inputs.h"
#include "store/store.h"

/* Opens or creates `path` for the calculation of *config. *outcome is AFB_OUTCOME_NONE, or that of the finished
 * calculation of the same input that the file holds already. Statuses of afb_store_open: AFB_E_FOREIGN when the file is not
 * this program's or was made from another input; it is then unchanged. */
afb_status afb_atom_file_open(const char *path, const afb_config *config, afb_store **store, afb_outcome *outcome);

/* Stores the result of `engine` and makes it durable. AFB_E_IO (disk full ...), AFB_E_MEMORY. */
afb_status afb_atom_file_write(afb_store *store, const afb_config *config, const afb_engine *engine, const afb_mcdhf_request *request,
                               const afb_mcdhf_result *result, double start);

/* Makes the folder in which GRASP's files are to come. AFB_E_INPUT: it cannot be made; AFB_E_FOREIGN: one of the files is there. */
afb_status afb_atom_grasp_open(const char *directory);
/* Writes them. AFB_E_IO. */
afb_status afb_atom_grasp_write(const char *directory, const afb_mcdhf_request *request, const afb_mcdhf_result *result);

/* Orbitals of the last run of this element in the file `path` that has some, or those of an rwfn file of GRASP; a mistake of the input at the key `start` when
 * there are none or the file cannot be read: AFB_E_INPUT. The caller clears *out. */
afb_status afb_atom_file_start(const char *path, afb_config *config, const afb_mcdhf_request *request, afb_orbitals *out);

#endif
