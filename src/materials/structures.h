/* Files of atomic structures, read in parallel.
 *
 * Formats: extended XYZ (many frames), LAMMPS data, POSCAR, OLCAO `olcao.skl` and `structure.dat`, and JSON of labelled
 * configurations ("Dataset": "Data": [...], as fitting programs use). Positions in angstrom whatever the file's unit.
 * Rank r reads the r-th part of a file's bytes; what is the same for all atoms of a frame is then known everywhere. */
#ifndef AFB_MATERIALS_STRUCTURES_H
#define AFB_MATERIALS_STRUCTURES_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "descriptor/structure.h"

/* 1 eV/angstrom^3, from the exact value of the elementary charge. */
#define AFB_EV_PER_A3_IN_BAR 1.602176634e6

enum { AFB_FRAME_NAME = 64, AFB_SPECIES_NAME = 16, AFB_MAX_SPECIES = 256 };

typedef struct {
  char name[AFB_FRAME_NAME];   /* name=, model= or config= of the comment line, else the file's name; "#k" behind it in a file of several frames without names */
  char group[AFB_FRAME_NAME];  /* kind= or group= of the comment line, else the name of the file's folder */
  int32_t file;                /* number of the file */
  int64_t line;                /* of the frame's beginning, from 1 */
  double cell[3][3];           /* angstrom */
  int periodic[3];
  int64_t n_atoms, first_atom; /* number of the first atom in the collection */
  double energy;               /* eV; NaN: not given */
  double stress[6];            /* bar, xx yy zz xy xz yz, pressure positive under compression; NaN: not given */
  int bad;                     /* 1: left out (skip_bad), n_atoms is 0 */
  char reason[160];            /* of that: "file:line: what is wrong" */
} afb_frame;

typedef struct {
  int n_files;
  char **file;
  int64_t n_frames;
  afb_frame *frame;            /* [n_frames], the same on all ranks */
  int n_species;
  char species[AFB_MAX_SPECIES][AFB_SPECIES_NAME];   /* as the files name them; sorted; the same on all ranks */
  int64_t n_atoms;             /* of all frames */
  /* This rank's atoms: first ... first + n - 1 of the collection. After reading they are where their text was; after
   * afb_structures_deal as it says. */
  int64_t first, n;
  double *position;            /* [n][3] */
  int32_t *kind;               /* [n] number of the species */
  double *force;               /* [n][3] eV/angstrom; NULL when no file has forces; NaN where not given */
} afb_structures;

typedef struct {
  int skip_bad;                /* bad frames are left out and recorded in place of being an error */
  const char *format;          /* NULL: by name and content; else "extxyz", "lammps", "poscar", "skl", "structure", "json" */
  int64_t divided;             /* files of more bytes than this may be read by several ranks; 0: 1 MiB */
} afb_structures_options;

/* Reads the files that match the patterns (glob), in the order given and sorted within a pattern. Collective on `comm`; the same status on
 * all ranks. AFB_E_INPUT: no file matches; truncated, inconsistent, not finite: "file:line: what is wrong", the first such of
 * all ranks. AFB_E_IO, AFB_E_MEMORY. Cost: each byte is read once; about 200 bytes of memory for each atom of this rank's. */
afb_status afb_structures_read(MPI_Comm comm, int n_patterns, const char *const *pattern, const afb_structures_options *options,
                               afb_structures *out);
void afb_structures_clear(afb_structures *structures);

/* Moves the atoms so that rank r has atom_first[r] ... atom_first[r+1] - 1 of the collection ([ranks + 1], the same on all
 * ranks). Collective. AFB_E_MEMORY; AFB_E_LIMIT: more than 2^31 on one rank. */
afb_status afb_structures_deal(MPI_Comm comm, const int64_t *atom_first, afb_structures *structures);

/* Writes extended XYZ with names, cell, periodicity, energy and forces where there are any. Collective: every rank formats and
 * writes its atoms (MPI-IO, offsets by an exclusive scan). AFB_E_IO. */
afb_status afb_structures_write_xyz(MPI_Comm comm, const char *path, const afb_structures *structures);

#endif
