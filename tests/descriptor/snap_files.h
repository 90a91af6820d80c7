/* Reference outputs (LAMMPS as JSON, OLCAO as tables), structures (extended XYZ of one frame) for tests. */
#ifndef AFB_TESTS_DESCRIPTOR_SNAP_FILES_H
#define AFB_TESTS_DESCRIPTOR_SNAP_FILES_H

#include "descriptor/bispectrum.h"

/* $AUFBAU_SHARED, or shared/ beside the source; NULL when it is not there. */
const char *shared_folder(void);

/* Whole file, zero-terminated; NULL when it cannot be read. free. */
char *read_text(const char *path);

/* A frame; elements are numbered as they first appear. 0 on success. */
int structure_read(const char *path, afb_structure *s);
void structure_clear(afb_structure *s);

/* Pairs of all atoms, or of all points of a grid (grid[0] > 0), below the cut-offs of `plan`; centre and point are numbers of atoms. To be cleared
 * with afb_neighbours_clear. */
void neighbours_make(const afb_structure *s, const afb_bispectrum *plan, const int grid[3], afb_neighbours *list);

typedef struct {
  char name[80], structure[40], compute[16];
  afb_bispectrum_settings settings;
  int dgrad, bik;
  int grid[3];
  int n_rows, n_columns;
  double *data;                /* [n_rows][n_columns] */
} snap_output;

/* 0 on success. */
int snap_output_read(const char *path, snap_output *out);
void snap_output_clear(snap_output *out);

#endif
