/* GRASP2018's files: isodata (nucleus), rcsf (list of CSFs), rwfn (radial functions on its exponential grid), rmix (mixing
 * coefficients). Not collective. Froese Fischer, Gaigalas, Jonsson and Bieron, Comput. Phys. Commun. 237, 184 (2019).
 *
 * Binary files are Fortran sequential records, little endian. Readers take whatever a file holds for suspect: what is cut off, too long
 * or inconsistent is AFB_E_FOREIGN with the file's name and what is wrong in it (and the line, in a text); AFB_E_INPUT when it cannot
 * be opened; AFB_E_LIMIT when this program cannot represent what it says; AFB_E_MEMORY. *out is then empty. Writers: AFB_E_IO, AFB_E_MEMORY.
 *
 * Signs. GRASP's states of a subshell and its order of electrons differ from ours by signs alone, so that CI vectors differ by a sign
 * per CSF: afb_grasp_csf_sign. */
#ifndef AFB_ENGINE_GRASP_FILES_H
#define AFB_ENGINE_GRASP_FILES_H

#include "atomic/csf.h"
#include "atomic/mcdhf.h"
#include "atomic/nucleus.h"
#include "core/status.h"

/* ---- isodata ---- */

typedef struct {
  int z, mass_number;       /* mass_number 0: a point nucleus */
  double c_fm, a_fm;        /* Fermi distribution; both 0: a point */
} afb_grasp_isodata;
afb_status afb_grasp_read_isodata(const char *path, afb_grasp_isodata *out);
afb_status afb_grasp_write_isodata(const char *path, const afb_grasp_isodata *in);
/* What isodata has to say of this nucleus. */
afb_grasp_isodata afb_grasp_isodata_of(const afb_nucleus *nucleus, int mass_number);

/* ---- rcsf ---- */

/* Reads a list of CSFs with its configurations, in the order in which they first occur; list->configuration[i] is the number of CSF i's.
 * Each J^pi must be one block, blocks separated by " *" lines (GRASP's rcsfblock makes them so). Orbitals come in this program's
 * order where the file's order of the peel subshells, and so the coupling, allows it, else in the file's. Subshells that no
 * CSF occupies are left out. AFB_E_LIMIT: j >= 9/2 with more than two electrons, n, l or their number beyond this program's.
 * *configurations is malloc'ed, the caller frees; the caller clears *list. Cost: linear in the file. */
afb_status afb_grasp_read_csfs(const char *path, afb_csf_list *list, int *n_configurations, afb_configuration **configurations);
/* Subshells that are closed in every CSF become the core. */
afb_status afb_grasp_write_csfs(const char *path, const afb_csf_list *list);
/* Electrons of every CSF of the list. */
int afb_grasp_electrons(const afb_csf_list *list);
/* +1 or -1: GRASP's state of CSF number `csf` is this times ours. */
int afb_grasp_csf_sign(const afb_csf_list *list, int csf);

/* ---- rwfn ---- */

/* One table per orbital: r[i], p[i], q[i], i = 0 ... n_points - 1, from r = 0. */
typedef struct {
  afb_orbital orbital;
  double energy;            /* hartree, negative when bound (the file has the opposite sign) */
  double p0;                /* P (kappa < 0) or Q (Z/c)/(2 kappa) (kappa > 0) over r^gamma at the origin */
  int n_points;
  double *r, *p, *q;        /* one allocation, at r */
} afb_grasp_orbital;
typedef struct {
  int n_orbitals;
  afb_grasp_orbital orbital[AFB_MAX_ORBITALS];
} afb_grasp_orbitals;
void afb_grasp_orbitals_clear(afb_grasp_orbitals *orbitals);
/* Whether the file begins as an rwfn file does. */
int afb_grasp_is_rwfn(const char *path);
afb_status afb_grasp_read_orbitals(const char *path, afb_grasp_orbitals *out);
afb_status afb_grasp_write_orbitals(const char *path, const afb_grasp_orbitals *in);

/* On the grid that GRASP would choose for this nucleus, R_i = RNT (exp((i-1) H) - 1). The caller clears *out. */
afb_status afb_grasp_from_splines(const afb_orbitals *from, const afb_nucleus *nucleus, afb_grasp_orbitals *out);
/* In splines, by interpolation of order 11 in the grid's own variable and projection; overlaps are kept to about 1e-9. Occupations are 0,
 * <r> is computed. The functions have GRASP's norm and orthogonality, to some 1e-9. The caller clears *out. */
afb_status afb_grasp_to_splines(const afb_grasp_orbitals *from, const afb_nucleus *nucleus, afb_orbitals *out);
/* Nodes of P, counted as afb_scf_nodes does. */
int afb_grasp_nodes(const afb_grasp_orbital *orbital);

/* ---- rmix ---- */

typedef struct {
  int two_j, parity, n_csf, n_levels;      /* two_j and parity are 0 for a block without levels */
  int *index;               /* [n_levels] number within the block, from 1 */
  double *energy;           /* [n_levels] hartree */
  double *vector;           /* [n_levels][n_csf], GRASP's signs */
} afb_grasp_mixing_block;
typedef struct {
  int n_electrons, n_csf, n_orbitals, n_blocks;
  afb_grasp_mixing_block *block;
} afb_grasp_mixing;
void afb_grasp_mixing_clear(afb_grasp_mixing *mixing);
afb_status afb_grasp_read_mixing(const char *path, afb_grasp_mixing *out);
afb_status afb_grasp_write_mixing(const char *path, const afb_grasp_mixing *in);

/* ---- all of them ---- */

/* Writes isodata, rcsf.inp, rwfn.inp and, when the result has CI vectors, rmix.out into an existing directory: what GRASP's programs read.
 * Files of these names are replaced. AFB_E_INPUT: the result has no orbitals. */
afb_status afb_grasp_write_all(const char *directory, const afb_nucleus *nucleus, int mass_number, const afb_mcdhf_result *result);

#endif
