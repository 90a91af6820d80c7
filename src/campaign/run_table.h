/* Tables of runs as comma-separated values: what `import runs` reads and `export runs`, `export levels` write. Not
 * collective: call on one rank.
 *
 * Columns of runs, one row a run (any order when read; *: must be there):
 *   ion*                   "Sr II"
 *   configurations*        canonical when written, any notation when read; ";" between: "[He] 2s2;[He] 2p2"
 *   parent                 set whose converged orbitals started the run; empty: start potential
 *   added                  configuration by which the set grew in this run; empty: none or unknown
 *   outcome*               afb_outcome_name: converged, max_iterations ...
 *   iterations, n_csf      whole numbers; empty: unknown
 *   core_seconds           seconds of one core; empty: unknown
 *   energy_hartree         weighted mean that was optimised; empty: none
 *   round                  empty: none
 *   strategy               a word; empty: none
 *   predicted_probability  of convergence, 0 ... 1; empty: none
 *
 * Data of GRASP2018 (reference/grasp/dataset.csv, campaign.csv) are known by their columns and converted:
 *   ion                    sym, charge
 *   configurations         core (0 none, 1 He, 2 Ne, 3 Ar, 4 Kr, 5 Xe, 6 Rn) and configs ("3s(2,i)3p(2,i);...", in the order in
 *                          which they were added)
 *   parent                 start = cold: empty; warm: configs without the last warm_depth. Where there is no column
 *                          start: variant = A: empty; D: configs without the last
 *   added                  the last of configs where there are several
 *   outcome                converged = 1: converged; 0: by status, or reason where there is no status: maxiter -> max_iterations,
 *                          orbital_fail (an orbital cannot be solved with its number of nodes) -> orbital_collapse,
 *                          timeout -> resource_limit; empty (capped or skipped there): the row is left out and counted
 *   the orbital that failed  fail_orb
 *   iterations, n_csf, core_seconds, energy_hartree   iterations, ncsf, cpu_total, E_wavg_last
 *   rows of other variants than A and D were run with other settings: left out and counted. */
#ifndef AFB_CAMPAIGN_RUN_TABLE_H
#define AFB_CAMPAIGN_RUN_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "atomic/configuration.h"
#include "atomic/ion.h"
#include "atomic/mcdhf.h"
#include "core/status.h"

enum { AFB_STRATEGY_LENGTH = 32 };

typedef struct {
  afb_ion ion;
  int n_set, n_parent;          /* n_parent = 0: from the start potential */
  int64_t set, parent;          /* first of their members in afb_run_table.member */
  int added;                    /* number of a configuration, -1: none */
  afb_outcome outcome;          /* AFB_OUTCOME_NONE in a list of sets */
  int iterations, round;        /* -1: unknown, none */
  int64_t n_csf;                /* -1: unknown */
  double core_seconds, energy, probability;   /* NaN: unknown, none */
  char strategy[AFB_STRATEGY_LENGTH];
  char failed[8];               /* orbital that a failure was put down to, "4d-" (GRASP's fail_orb); empty: unknown */
  int line;                     /* of the file it was read from */
} afb_run_row;

typedef struct {
  int n_configurations;
  afb_configuration *configuration;   /* distinct */
  int64_t n_members;
  int *member;                        /* numbers of configurations; a set's in canonical order (afb_set_canonical) */
  int64_t n_rows;
  afb_run_row *row;
  int64_t n_unlabelled, n_duplicates, n_other_settings;   /* rows of the file that were left out */
  struct afb_run_index *index;        /* private */
} afb_run_table;

void afb_run_table_clear(afb_run_table *table);

/* Adds a row; set and parent are sorted first, `row` gives everything but set, parent, added, n_set, n_parent. A second row
 * of the same ion, set and parent is not added but counted in n_duplicates. `added` may be NULL.
 * AFB_E_INPUT: set, parent or `added` are not configurations of the ion, or `added` is not in the set; AFB_E_LIMIT: more
 * than AFB_MAX_SET members; AFB_E_MEMORY. A table begins as {0}. Cost: a few hash look-ups. */
afb_status afb_run_table_add(afb_run_table *table, const afb_run_row *row, int n_set, const afb_configuration *set,
                             int n_parent, const afb_configuration *parent, const afb_configuration *added);

typedef enum {
  AFB_RUNS_WITH_OUTCOME,        /* `import runs` */
  AFB_RUNS_SETS_ONLY            /* strategy `list`: ion and configurations, no other column is wanted */
} afb_runs_kind;

/* Reads a file of either kind of columns; the caller clears *table in every case. AFB_E_INPUT "path:line:column: what
 * is wrong (found "...")"; AFB_E_NOT_FOUND, AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. Cost: linear. */
afb_status afb_run_table_read(const char *path, afb_runs_kind kind, afb_run_table *table);

/* One row of text to write; NULL is an empty field, as are -1 and NaN. */
typedef struct {
  const char *ion, *configurations, *parent, *added;
  afb_outcome outcome;
  int iterations, round;
  int64_t n_csf;
  double core_seconds, energy, probability;
  const char *strategy;
} afb_run_record;

/* Real numbers are written with 17 digits, so that they are read back exactly. AFB_E_IO. */
afb_status afb_runs_write_header(FILE *file);
afb_status afb_runs_write(FILE *file, const afb_run_record *record);
/* All rows of a table, header included. */
afb_status afb_run_table_write(FILE *file, const afb_run_table *table);

/* One level; columns ion, configurations, two_j, parity (+1, -1), index (from 1 within J and parity),
 * energy_hartree, energy_cm-1 (above `lowest`, the lowest level of the same ion and set), leading: CSFs with the squares of their
 * mixing coefficients, "0.92 ...; 0.05 ...", and label, label_weight, second_label, second_weight: LS states (atomic/lsj.h). */
typedef struct {
  const char *ion, *configurations;
  int two_j, parity, index;
  double energy, lowest;        /* hartree */
  const char *leading;
  const char *label, *second_label;
  double label_weight, second_weight;
} afb_level_record;

afb_status afb_levels_write_header(FILE *file);
afb_status afb_levels_write(FILE *file, const afb_level_record *record);

#endif
