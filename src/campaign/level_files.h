/* Levels of stored runs in the formats that others read. Not collective: rank 0. Statuses: those of afb_run_levels_visit. */
#ifndef AFB_CAMPAIGN_LEVEL_FILES_H
#define AFB_CAMPAIGN_LEVEL_FILES_H

#include <stdio.h>

#include "atomic/ion.h"
#include "campaign/transfer.h"
#include "core/status.h"
#include "store/store.h"

/* Comma-separated values: the columns of afb_level_record, one row a level. *n levels. */
afb_status afb_export_levels(afb_store *store, FILE *out, int64_t *n);

/* {"runs":[{"run","ion","z","charge","configurations":["..."],"levels":[{"two_j","parity","index","energy_hartree",
 * "energy_cm-1","label","label_weight","second_label","second_weight"}]}]}; what is not known is null. */
afb_status afb_export_levels_json(afb_store *store, FILE *out, int64_t *n);

/* The run of an ion whose levels a file of its own gets: the one with most levels, and of several the one with the lowest. */
afb_status afb_levels_choose(afb_store *store, afb_ion ion, int64_t *run);   /* -1: none converged */

/* One run as a file XX_Y.txt of the Japan-Lithuania Opacity Database for Kilonova (http://dpc.nifs.ac.jp/DB/Opacity-Database;
 * Tanaka et al., MNRAS 496, 1369 (2020)): XX the atomic number, Y the stage (1 neutral); heading, levels by energy with number, 2J+1,
 * parity, eV above the lowest, configuration and LS label; transitions follow there, of which this program computes none. The
 * ionisation potential is not known and written as nan. */
afb_status afb_export_levels_jlodk(afb_store *store, int64_t run, FILE *out, int64_t *n);

#endif
