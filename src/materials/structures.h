/* Files of atomic structures, read in parallel.
 *
 * Positions in angstrom and energies in eV whatever the file's units. Atoms are in the order of the file. Where nothing else is
 * said all three directions are periodic. Formats, by the file's name or else by its first bytes:
 *
 *   extxyz     *.xyz, *.extxyz: any number of frames. Of the comment line: Lattice, Properties (pos and species, element or Z
 *              wanted; force or forces; other columns are passed over), pbc, energy (eV), stress (eV/angstrom^3, tension positive)
 *              or virial (eV, -volume times stress), and names (below). Without Properties the columns are species x y z;
 *              without Lattice nothing is periodic.
 *   lammps     *.data, *.lmp, *.lammps: boxes of all kinds; atom styles atomic, charge, bond, angle, molecular, full, which are told by
 *              the number of columns where the file does not say. The box's lower corner becomes the origin. Image flags are left
 *              alone. Species are named by Atom Type Labels or by the comment behind a mass (1 180.95 # Ta), else by the
 *              number of the type: "1".
 *   poscar     POSCAR*, CONTCAR*, *.poscar, *.vasp: as VASP 5 and 6 write them.
 *   skl        *.skl: OLCAO's input with all atoms written out (space 1_a); of a supercell each atom's copies follow each other. a lies
 *              along x, b in the xy plane.
 *   structure  structure*.dat: OLCAO's, in bohr.
 *   json       *.json: "Dataset": {"Data": [{"Positions", "AtomTypes", "Lattice", "Energy", "Forces", "Stress"}]}, in angstrom, eV
 *              and bar, pressure positive, as in public sets of labelled configurations; a comment line with # may come first.
 *
 * All files one after the other are divided among the ranks by bytes; small files and the formats skl and json are not
 * divided. What is the same for all atoms of a frame is then known everywhere. */
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
  char name[AFB_FRAME_NAME];   /* name, model or config of the comment line, else the file's name, and then "#k" behind it, k from 1, in a file of several frames */
  char group[AFB_FRAME_NAME];  /* kind, group or config_type of the comment line, else the name of the file's folder */
  int32_t file;                /* number of the file */
  int64_t line;                /* of the frame's beginning, from 1 */
  double cell[3][3];           /* angstrom */
  int periodic[3];
  int64_t n_atoms, first_atom; /* number of the first atom in the collection */
  double energy;               /* eV; NaN: not given */
  double stress[6];            /* bar, xx yy zz xy xz yz, positive under compression; NaN: not given */
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
 * all ranks. AFB_E_INPUT: no file matches; truncated, inconsistent, not finite: "file:line: what is wrong", the first such in the order of
 * files and lines. With skip_bad a frame that anything is wrong with is recorded and left out, and the reading goes on at the next line
 * that can begin a frame; of the other formats the whole file is such a frame. AFB_E_IO, AFB_E_MEMORY; AFB_E_LIMIT: more than
 * AFB_MAX_SPECIES species. On failure *out is empty; else the caller clears it.
 * Cost: each byte is read once, at 150 to 300 MB/s on each rank; at most about 200 bytes of memory for each atom of this rank's and 1.5 kB
 * for each frame. */
afb_status afb_structures_read(MPI_Comm comm, int n_patterns, const char *const *pattern, const afb_structures_options *options,
                               afb_structures *out);
void afb_structures_clear(afb_structures *structures);

/* Moves the atoms so that rank r has atom_first[r] ... atom_first[r+1] - 1 of the collection ([ranks + 1], the same on all
 * ranks). Collective. AFB_E_MEMORY; AFB_E_LIMIT: more than 2^31 on one rank. */
afb_status afb_structures_deal(MPI_Comm comm, const int64_t *atom_first, afb_structures *structures);

/* Writes extended XYZ with names, cell, periodicity, energy, stress and forces where there are any, with 17 digits; bad frames are left
 * out. Collective: every rank formats and writes its atoms (MPI-IO, offsets by an exclusive scan). AFB_E_IO, AFB_E_MEMORY. Memory: the
 * text of this rank's atoms. */
afb_status afb_structures_write_xyz(MPI_Comm comm, const char *path, const afb_structures *structures);

#endif
