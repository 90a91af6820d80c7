/* Components of the bispectrum out of files that `aufbau describe` wrote for the same structures, as inputs of materials/site_inputs.h in place of
 * evaluating them. Collective on `comm`; the same status on all ranks: AFB_E_INPUT (what is wrong with which file), AFB_E_FOREIGN, AFB_E_NOT_FOUND,
 * AFB_E_IO, AFB_E_MEMORY. */
#ifndef AFB_MATERIALS_SITE_FEATURES_H
#define AFB_MATERIALS_SITE_FEATURES_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "materials/structures.h"
#include "store/arrays.h"

enum { AFB_SITE_MAX_FILES = 8 };

/* By which the columns of files are told apart: number of the file; two_j1, two_j2, two_j, and the other column of a product (-1: none). */
typedef struct {
  int32_t file, component[4];
} afb_site_column;

typedef struct {
  int n_files, n_columns;
  const char *const *path;     /* the caller's */
  afb_arrays *file[AFB_SITE_MAX_FILES];
  int width[AFB_SITE_MAX_FILES];       /* columns of each */
  double cutoff[AFB_SITE_MAX_FILES];   /* the largest of a pair, angstrom */
  afb_site_column *column;     /* [n_columns] */
} afb_site_features;

/* Refuses what is not an atom-wise file of these structures: frames are compared by name and number of atoms. The caller closes *out in every case. */
afb_status afb_site_features_open(MPI_Comm comm, int n_files, const char *const *path, const afb_structures *structures,
                                  afb_site_features *out);
void afb_site_features_close(afb_site_features *features);

/* Each rank reads the rows of its atoms (structures->first, n) and no others: cube roots to value[atom * width], atom counted in the
 * collection. Positions are compared on the way. Memory: 8 bytes a number of one file's rows. */
afb_status afb_site_features_read(MPI_Comm comm, const afb_site_features *features, const afb_structures *structures, int width,
                                  double *value);

/* Whether these are the columns and cut-offs of others (n_files cutoffs, n_columns columns), those of a trained network. Not collective. */
afb_status afb_site_features_compare(const afb_site_features *features, int n_files, const double *cutoff, int n_columns,
                                     const afb_site_column *column);

#endif
