/* jj-coupled configuration state functions (CSFs). Not collective.
 *
 * Relativistic subshells (orbitals) n kappa are ordered by n, then l, then l- before l+ (kappa = l > 0 before
 * kappa = -l-1 < 0): 1s 2s 2p- 2p 3s 3p- 3p 3d- 3d ... A CSF couples the subshell states (term index, J_p) one after another in
 * this order: X_1 = J_1, X_p in X_(p-1) x J_p, last X = J. Terms of j^w: numeric labels of atomic/subshell.h. */
#ifndef AFB_ATOMIC_CSF_H
#define AFB_ATOMIC_CSF_H

#include <stdint.h>

#include "atomic/configuration.h"
#include "core/status.h"

enum {
  AFB_MAX_ORBITALS = 64,
  AFB_LARGEST_TWO_J = 150     /* that the open subshells of a configuration can reach */
};

typedef struct {
  int n, kappa;
} afb_orbital;

static inline int afb_kappa_l(int kappa) { return kappa > 0 ? kappa : -kappa - 1; }
static inline int afb_kappa_two_j(int kappa) { return kappa > 0 ? 2 * kappa - 1 : -2 * kappa - 1; }

/* "4d-" for kappa > 0, "4d" for kappa < 0; buffer of at least 8 bytes; returns it. */
char *afb_orbital_label(afb_orbital orbital, char *buffer);

typedef struct {
  int two_j, parity;       /* parity +1 or -1 */
  int first, n_csf;        /* the CSFs first ... first + n_csf - 1 of the list */
} afb_block;

typedef struct {
  int n_orbitals;
  afb_orbital orbital[AFB_MAX_ORBITALS];
  uint8_t closed[AFB_MAX_ORBITALS];   /* 1: full in every CSF (core); the angular part leaves these out */
  int n_blocks;
  afb_block *block;                   /* ordered by J, then parity, + before -, as in GRASP's lists; one read from a file: its order */
  int n_csf;
  /* [n_csf][n_orbitals] each */
  uint8_t *occupation;
  uint8_t *term;                      /* index into the terms of j^w (0 for empty and full subshells) */
  uint8_t *two_x;                     /* 2 X_p after coupling orbital p */
  int32_t *configuration;             /* [n_csf] index of the configuration that it came from */
} afb_csf_list;

/* All CSFs of the configurations with 2J in two_j_min ... two_j_max (two_j_max < 0: no limits). Duplicated configurations are an
 * AFB_E_INPUT. j >= 9/2 subshells with more than two electrons (and fewer than 2j-1): AFB_E_LIMIT. More than max_csf
 * CSFs (0: 10^7), 2J beyond AFB_LARGEST_TWO_J or too many orbitals: AFB_E_LIMIT. No CSF at all in the J range, different numbers of
 * electrons: AFB_E_INPUT. Orbitals that no CSF occupies are not in the list. Within a block the CSFs keep the order of the
 * configurations; those of one relativistic configuration follow each other.
 * The caller clears *out with afb_csf_list_clear. Cost: linear in what comes out. */
afb_status afb_csf_list_create(int n_configurations, const afb_configuration *configurations, int two_j_min,
                               int two_j_max, int64_t max_csf, afb_csf_list *out);
void afb_csf_list_clear(afb_csf_list *list);
/* AFB_E_MEMORY; the caller clears *to. */
afb_status afb_csf_list_copy(const afb_csf_list *from, afb_csf_list *to);

/* Number of CSFs that afb_csf_list_create would make, without making them (by counting determinants). */
afb_status afb_csf_count(int n_configurations, const afb_configuration *configurations, int two_j_min, int two_j_max,
                         int64_t *count);

#endif
