/* Observed levels from a table of comma-separated values, and how calculated ones compare. Not collective: rank 0.
 *
 * Columns (*: must be there; names in any case, others are passed over); those of the NIST Atomic Spectra Database are understood:
 *   J*               "3/2", "1.5", "2"
 *   energy_cm-1*     or "Level (cm-1)": above the ground level; brackets, question marks and ="..." around it are passed over
 *   label            "3d6(5D).4s 6D"; or "configuration" and "term": "3d6.(5D).4s", "a 6D"
 *   parity           + - even odd e o 1 -1; where there is none, a term with "*" is odd and one without is even
 *   ion              "Fe I"; rows of other ions than a run's are passed over. Without it the file must hold one ion
 * Rows without a single J or without an energy (series limits ...) are counted and left out. */
#ifndef AFB_CAMPAIGN_OBSERVED_H
#define AFB_CAMPAIGN_OBSERVED_H

#include <stdint.h>
#include <stdio.h>

#include "atomic/ion.h"
#include "core/status.h"
#include "store/store.h"

enum { AFB_OBSERVED_LABEL = 96 };

/* What labels are compared by: open shells with the terms of parents, and the term; numbers of terms, closed shells and, where
 * one shell is open, its term are left out, so that "3d6.4s2 a 5D", "3d6(5D).4s2 5D" and "3d6.4s2 5D" are the same. */
typedef struct {
  char configuration[AFB_OBSERVED_LABEL], term[8];   /* "" where unknown */
} afb_level_key;
void afb_level_key_make(const char *configuration, const char *term, afb_level_key *key);

typedef struct {
  afb_ion ion;                 /* z = 0: not said */
  int two_j, parity;           /* parity 0: unknown */
  double energy;               /* cm^-1 */
  char label[AFB_OBSERVED_LABEL];   /* as it stands there, for people */
  afb_level_key key;
} afb_observed_level;

/* Whether the row says nothing of its ion, or this one. */
int afb_observed_is_of(const afb_observed_level *level, afb_ion ion);

typedef struct {
  int n, n_left_out;
  afb_observed_level *level;   /* by energy */
} afb_observed;

/* AFB_E_INPUT "path:line:column: ..."; AFB_E_NOT_FOUND, AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. The caller clears in every case. */
afb_status afb_observed_read(const char *path, afb_observed *out);
void afb_observed_clear(afb_observed *observed);

typedef enum { AFB_MATCH_NONE, AFB_MATCH_LABEL, AFB_MATCH_TERM, AFB_MATCH_ORDER } afb_match;

/* Deviations calculated - observed, cm^-1, both measured from `reference`, the lowest observed level that has a partner, which
 * counts as 0 and is left out of the means. NaN with fewer than two. */
typedef struct {
  int n, n_by[AFB_MATCH_ORDER + 1];
  int reference, worst;        /* numbers of observed levels, -1: none */
  double mean, mean_absolute, largest;
} afb_deviation;

/* Pairs levels of equal J and parity: first those of equal configuration and term, then of equal term, then what is left; each time
 * in the order of their energies. partner[observed->n]: number of a calculated level, -1; by[observed->n]. Rows of another `ion`
 * get none. AFB_E_MEMORY. */
afb_status afb_observed_match(const afb_observed *observed, afb_ion ion, int n, const afb_store_level *level, int *partner,
                              afb_match *by, afb_deviation *out);

/* Compares every run that converged and prints one line for each, and all pairs for the one that agrees best: most pairs, then
 * smallest mean absolute deviation. *n is the number of runs. AFB_E_INPUT: no row is of an ion of the file, or the table does not say
 * which of several ions it is of; and as afb_run_levels_visit. */
afb_status afb_compare_levels(afb_store *store, const afb_observed *observed, FILE *out, int64_t *n);

#endif
