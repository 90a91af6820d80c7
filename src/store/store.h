/* The result file: tables in HDF5 with a journal beside it.
 *
 * Content. Tables of rows; table T with column C is the dataset /T/C, all columns of a table share the leading
 * dimension, rows are only ever appended. Plain numbers and fixed-length UTF-8 strings; NaN for a missing real number, -1
 * for a missing index. A row refers to rows of another table by their number; "first" and "count" name a contiguous
 * range. The row structures below are the tables; src/store/schema.c has unit and description of every column.
 *
 * Writers. A store that is open for writing belongs to rank 0 of its communicator (the writer). The writer adds rows to a
 * batch in memory, and commits the batch. Neither is collective: no rank waits for another to store a result.
 *
 * Durability. HDF5 1.10 does not journal its metadata: an HDF5 file that is written in place can be lost as a whole by a
 * kill. Hence FILE.h5 is never written in place.
 *  1. A commit appends one record (length, sequence number, checksum, rows) to FILE.h5.journal and calls fdatasync: from then
 *     on the batch is durable. A kill during it leaves a tail whose length or checksum is wrong, which the next open cuts
 *     off: a batch is there as a whole or not at all.
 *  2. A fold copies FILE.h5 to FILE.h5.tmp, appends the journal's rows to the copy with collective writes, notes there the
 *     number of the last record that it holds, closes it, calls fsync, and renames it to FILE.h5, which is atomic. A kill before the
 *     rename leaves the old file and the whole journal (and a FILE.h5.tmp that the next writer removes).
 *  3. Then an empty journal replaces the old one, by rename as well. A kill between 2 and 3 leaves records that FILE.h5 already
 *     holds; they are known by their numbers and passed over.
 * So at every moment FILE.h5 is a complete, closed HDF5 file, and FILE.h5 with its journal holds every committed batch. Who
 * has either file open while it is replaced goes on reading the old one. The journal is removed at the clean close.
 * Folds copy the file, so they are due at intervals that grow with it (afb_store_fold_due): all copies of a campaign
 * together are about three times its final size.
 *
 * One writer at a time: an fcntl lock on the journal, which the system releases when a process ends in whatever way.
 *
 * Everything that is read is what was committed; rows in an uncommitted batch cannot be read. */
#ifndef AFB_STORE_STORE_H
#define AFB_STORE_STORE_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* Files of older versions are read, and continued after the columns that they lack have been added: strings are then empty, whole
 * numbers 0 (references -1), real numbers NaN. 2: labels of levels. 3: estimated_cost, predicted_bytes, peak_bytes of runs.
 * 4: first_rank of runs, and usage. */
enum { AFB_SCHEMA_VERSION = 4 };

/* Number of a table, and its row structure. */
typedef enum {
  AFB_TABLE_SESSIONS,        /* afb_store_session */
  AFB_TABLE_TEXT,            /* char: the text that other tables refer to */
  AFB_TABLE_IONS,            /* afb_store_ion */
  AFB_TABLE_CONFIGURATIONS,  /* afb_store_configuration */
  AFB_TABLE_SETS,            /* afb_store_set */
  AFB_TABLE_SET_MEMBERS,     /* int64_t: number of a configuration; ascending within a set */
  AFB_TABLE_RUNS,            /* afb_store_run */
  AFB_TABLE_LEVELS,          /* afb_store_level */
  AFB_TABLE_TRACES,          /* afb_store_trace */
  AFB_TABLE_ORBITALS,        /* afb_store_orbital */
  AFB_TABLE_BREAKPOINTS,     /* double: of the radial splines of a run, bohr */
  AFB_TABLE_COEFFICIENTS,    /* double: [orbital][n_p + n_q] of a run, P then Q */
  AFB_TABLE_MODELS,          /* afb_store_model */
  AFB_TABLE_PARAMETERS,      /* float: of models */
  AFB_TABLE_OPTIMISER,       /* float: state of the optimiser of models */
  AFB_TABLE_METRICS,         /* afb_store_metric */
  AFB_TABLE_LOSSES,          /* afb_store_loss */
  AFB_TABLE_ROUNDS,          /* afb_store_round */
  AFB_TABLE_PREDICTIONS,     /* afb_store_prediction */
  AFB_TABLE_USAGE,           /* afb_store_usage */
  AFB_N_TABLES
} afb_table;

enum {
  AFB_STORE_CONFIGURATION = 192,   /* bytes of a configuration's text, the NUL included; so for all lengths here */
  AFB_STORE_REASON = 160,
  AFB_STORE_CSF = 96,
  AFB_STORE_LABEL = 64,
  AFB_STORE_NAME = 48,
  AFB_STORE_LEADING = 4
};

/* One opening of the file for writing that stored something. Filled by the store. */
typedef struct {
  char started[32];                /* UTC, "2025-01-31T12:00:00Z"; the zero of `start`, `finish` and `time` below */
  char version[AFB_STORE_NAME], revision[AFB_STORE_NAME];
  char compiler[128], mpi[128], hdf5[AFB_STORE_NAME], libraries[128], host[AFB_STORE_NAME];
  int32_t ranks;
  int64_t input_first, input_count;   /* into TEXT: the resolved input of this session */
} afb_store_session;

typedef struct {
  int32_t z, charge;
  char label[16];                  /* "Y I" */
} afb_store_ion;

typedef struct {
  char text[AFB_STORE_CONFIGURATION];   /* canonical */
} afb_store_configuration;

typedef struct {
  int32_t ion;
  int32_t count;
  int64_t first;                   /* into SET_MEMBERS */
} afb_store_set;

/* One calculation. The fields under "by the store" are filled by afb_store_add_run and ignored there. */
typedef struct {
  int32_t ion, engine;             /* engine, outcome, rung, strategy: numbers with a legend, see afb_store_legend */
  int64_t set;
  int64_t parent;                  /* run whose orbitals started it; -1: start potential */
  int64_t added;                   /* configuration by which the set differs from the parent's; -1: none */
  int32_t outcome, rung, iterations, strategy;
  int32_t round;                   /* -1: outside of rounds */
  int32_t ranks;                   /* that computed it */
  int32_t first_rank;              /* the first of them, numbered as in usage; -1: unknown */
  int64_t n_csf;                   /* -1: unknown */
  double energy;                   /* weighted mean that was optimised, hartree */
  double gradient;                 /* largest orbital residual at the end */
  double core_seconds;             /* sum over its ranks of wall seconds */
  double cpu_seconds;              /* sum over its ranks of CPU seconds */
  double start, finish;            /* seconds since the session's start */
  double probability;              /* predicted before the run; NaN: no model was asked */
  double probability_cheapest;     /* of converging on the cheapest rung */
  double predicted_cost;           /* core seconds */
  double estimated_cost;           /* the same from the input alone, without what earlier runs took */
  double predicted_bytes, peak_bytes;   /* memory on the rank that needs most, beyond what it holds between runs; NaN: unknown */
  uint64_t content_hash;           /* of everything that decides the result; afb_store_find_run looks it up */
  int32_t blamed_n, blamed_l;      /* shell that a failure is put down to; blamed_n 0: none known */
  char reason[AFB_STORE_REASON];   /* for people */
  /* by the store */
  int32_t session;
  int32_t n_levels, n_traces, n_orbitals, n_breakpoints;
  int32_t n_p, n_q;                /* coefficients of P and of Q of each orbital */
  int64_t first_level, first_trace, first_orbital, first_breakpoint, first_coefficient;
} afb_store_run;

typedef struct {
  int64_t run;                     /* by the store */
  int32_t two_j, parity, index;    /* parity +1 or -1; index from 1 within J^pi */
  int32_t n_leading;
  double energy, weight;           /* hartree; weight in the optimisation */
  int32_t leading_csf[AFB_STORE_LEADING];   /* number in the run's CSF list, from 0; -1 beyond n_leading */
  double leading_mixing[AFB_STORE_LEADING]; /* NaN beyond n_leading */
  char leading[AFB_STORE_CSF];     /* the first of them as text */
  char label[AFB_STORE_LABEL], second_label[AFB_STORE_LABEL];   /* leading states in LS coupling, atomic/lsj.h; "" where unknown */
  double label_weight, second_weight;                           /* NaN there */
} afb_store_level;

typedef struct {
  int64_t run;                     /* by the store */
  int32_t rung, iteration;
  double energy, residual, step, seconds;
  int32_t outcome;                 /* of the attempt that ends with this iteration; 0: it goes on */
} afb_store_trace;

typedef struct {
  int64_t run;                     /* by the store */
  int32_t n, kappa;
  char label[8];                   /* "4d-" */
  double energy, occupation, r_mean;   /* hartree, -, bohr */
} afb_store_orbital;

typedef struct {
  char name[AFB_STORE_NAME];       /* kind of model */
  int32_t round, session;          /* session by the store */
  int64_t step;                    /* of the optimiser */
  double time;                     /* seconds since the session's start */
  /* by the store */
  int64_t first_parameter, n_parameters, first_optimiser, n_optimiser;
  int64_t first_metric, n_metrics, spec_first, spec_count;   /* spec: into TEXT */
} afb_store_model;

typedef struct {
  char name[AFB_STORE_NAME];       /* "log_loss/validation", ... */
  double value;
} afb_store_metric;

typedef struct {
  int64_t step;
  double training, validation;
} afb_store_loss;

typedef struct {
  int32_t round, session;          /* session by the store */
  double start, finish;            /* seconds since the session's start */
  int64_t n_runs;                  /* runs known when the round began */
  int64_t n_training, n_validation;
  int64_t model;                   /* -1: none */
  double training_seconds;
  /* by the store */
  int64_t first_metric, n_metrics, first_loss, n_losses;
} afb_store_round;

typedef struct {
  int32_t round, ion;
  int64_t model, parent, added;    /* candidate: set of run `parent` plus configuration `added` */
  double probability, probability_cheapest, predicted_cost, score;
  int32_t chosen;                  /* 1: queued in this round */
} afb_store_prediction;

/* What one rank spent in one session, seconds: wall = startup + run + training + validation + storing + service + idle + drain. Written when
 * the session ends in order: a killed one has no rows. store/usage.h makes sums and efficiencies of them. */
typedef struct {
  int32_t session;                 /* by the store */
  int32_t rank, node;              /* number of the host among those of the session */
  double wall;                     /* from the start of the command to this row */
  double startup, run;
  double failed;                   /* of run: in runs that did not converge */
  double training;                 /* of the model, and ranking with it */
  double validation, storing;
  double service;                  /* queue and messages */
  double idle, drain;              /* waiting for work; after the last of it until the last rank is done */
  double cpu;                      /* CPU seconds of the process */
  double useful;                   /* run + training + validation without the waits of their ranks for one another */
  double energy_joule;             /* of the node, on the rank that reads it; NaN: elsewhere, or no source */
  char energy_source[AFB_STORE_NAME];   /* "" there */
} afb_store_usage;

/* What the numbers in enumerated columns mean: "0 none, 1 converged, ...". Written to the attribute `legend` of each. */
typedef struct {
  const char *outcome, *rung, *strategy, *engine;
} afb_store_legend;

/* What a writer says of itself. Texts are UTF-8 and copied. */
typedef struct {
  const char *input;               /* resolved input of this session */
  const char *identity;            /* the lines of it that decide results: a file is continued only where these are equal.
                                      A file written with "" belongs to nobody yet: it takes the next writer's */
  const char *revision;            /* of the program; may be NULL, as may `libraries` */
  const char *libraries;           /* versions of PETSc, SLEPc ... */
  afb_store_legend legend;
} afb_store_writer;

typedef enum {
  AFB_STORE_READ,     /* FILE.h5 and its journal, neither changed; also while another process writes */
  AFB_STORE_CREATE,   /* for writing; the file must not exist */
  AFB_STORE_RESUME    /* for writing; creates the file, or continues it when its identity is the same */
} afb_store_mode;

typedef struct afb_store afb_store;

/* Collective on `comm`, which is duplicated; `path` and `mode` as on rank 0. `writer` is read on rank 0 and may be NULL for
 * AFB_STORE_READ. RESUME folds what the journal holds. *store is NULL on failure, and no file was changed then except
 * that a journal's torn tail may be cut off.
 * AFB_E_IO: cannot be opened or created (permission, directory, full disk), or another process writes to it.
 * AFB_E_FOREIGN: not HDF5, not this program's, damaged, a newer schema, a journal of an older one, or (RESUME) of another identity: the message names the first
 * line that differs. AFB_E_INPUT: the file exists (CREATE). AFB_E_NOT_FOUND: it does not (READ). AFB_E_MEMORY.
 * Cost: reads what the indices need: configurations, sets, content hashes. */
afb_status afb_store_open(MPI_Comm comm, const char *path, afb_store_mode mode, const afb_store_writer *writer,
                          afb_store **store);

/* Collective. Folds (the uncommitted batch is lost), removes the journal, and releases everything, also on failure. On failure of a
 * fold the journal stays and AFB_E_IO says so: nothing that was committed is lost. */
afb_status afb_store_close(afb_store **store);

/* Not collective. Releases without folding, as a kill would: for ways out on which a collective call is not possible. The
 * communicator's duplicate stays with MPI. */
void afb_store_abandon(afb_store **store);

/* ---- Writing: rank 0 only; not collective. AFB_E_INTERNAL elsewhere or when the store is open for reading. ---- */

/* Number of the row, added to the batch if it is new. Cost: one look-up in a hash table. AFB_E_MEMORY; AFB_E_LIMIT
 * when a text is too long; AFB_E_INPUT when a set is empty or names a configuration twice. */
afb_status afb_store_intern_ion(afb_store *store, int z, int charge, const char *label, int32_t *ion);
afb_status afb_store_intern_configuration(afb_store *store, const char *text, int64_t *configuration);
/* `members` in any order. */
afb_status afb_store_intern_set(afb_store *store, int32_t ion, int count, const int64_t *members, int64_t *set);

/* What belongs to a run; any count may be 0. */
typedef struct {
  int n_levels, n_traces, n_orbitals, n_breakpoints, n_p, n_q;
  const afb_store_level *levels;
  const afb_store_trace *traces;
  const afb_store_orbital *orbitals;
  const double *breakpoints;       /* [n_breakpoints] */
  const double *coefficients;      /* [n_orbitals][n_p + n_q] */
} afb_store_run_data;
/* Adds one run to the batch; *id is its number (may be NULL). `data` may be NULL. AFB_E_MEMORY: nothing was added. */
afb_status afb_store_add_run(afb_store *store, const afb_store_run *run, const afb_store_run_data *data, int64_t *id);

typedef struct {
  int64_t n_parameters, n_optimiser, n_metrics;
  const float *parameters, *optimiser;
  const afb_store_metric *metrics;
  const char *spec;                /* layers and sizes, as text */
} afb_store_model_data;
afb_status afb_store_add_model(afb_store *store, const afb_store_model *model, const afb_store_model_data *data,
                               int64_t *id);
afb_status afb_store_add_round(afb_store *store, const afb_store_round *round, int64_t n_metrics,
                               const afb_store_metric *metrics, int64_t n_losses, const afb_store_loss *losses,
                               int64_t *id);
afb_status afb_store_add_predictions(afb_store *store, int64_t n, const afb_store_prediction *predictions);

/* What the ranks spent, at the end of the session. Nothing is added when the session has stored nothing. */
afb_status afb_store_add_usage(afb_store *store, int64_t n, const afb_store_usage *usage);

/* Makes the batch durable and empties it. AFB_E_IO (disk full ...): the batch is kept, what was committed before is
 * untouched, and the call may be repeated. Cost: one write and one fdatasync. */
afb_status afb_store_commit(afb_store *store);

/* Whether the journal has grown to half the size of the file and beyond 32 MiB. */
int afb_store_fold_due(const afb_store *store);
/* Seconds since this session's start: the clock of `start`, `finish` and `time`. On every rank; equal to within the
 * time that afb_store_open took to return there. */
double afb_store_time(const afb_store *store);

/* ---- Folding ---- */

/* Brings FILE.h5 up to date with what is committed. With the communicator of the store: collective, all ranks take their share
 * of the writing. With MPI_COMM_SELF: on rank 0 alone, not collective; other ranks then see new rows after
 * afb_store_refresh. AFB_E_IO, AFB_E_MEMORY: what was committed is still in the file or its journal. Cost: copying the file once, and some
 * tenths of a second for its hundred and forty datasets. */
afb_status afb_store_fold(afb_store *store, MPI_Comm comm);
/* Not collective. This rank reads FILE.h5 anew. AFB_E_IO, AFB_E_FOREIGN. */
afb_status afb_store_refresh(afb_store *store);

/* ---- Reading: not collective ----
 * A store open for reading gives the same on every rank. In one open for writing, rank 0 reads all that is committed, the
 * other ranks what was folded when they last opened, folded or refreshed. */

/* Rows of a table. */
int64_t afb_store_count(const afb_store *store, afb_table table);
/* Rows first ... first + n - 1 into the caller's array of the table's row structure, whose size is given as a check.
 * AFB_E_LIMIT: outside of the table. AFB_E_IO, AFB_E_MEMORY. Cost: one read per column and contiguous piece. */
afb_status afb_store_read(afb_store *store, afb_table table, int64_t first, int64_t n, size_t row_size, void *rows);

/* Look-ups; for the writer, rows of the uncommitted batch are among what is found.
 * Cost: the first look-up reads the tables it needs, except on the writer, which did that when it opened.
 * Number of the first run with this content hash, -1 when there is none. */
afb_status afb_store_find_run(afb_store *store, uint64_t content_hash, int64_t *run);
/* Number of a configuration by its canonical text, -1 when there is none. */
afb_status afb_store_find_configuration(afb_store *store, const char *text, int64_t *configuration);
/* Number of a set, -1 when there is none. `members` in any order. */
afb_status afb_store_find_set(afb_store *store, int32_t ion, int count, const int64_t *members, int64_t *set);

/* Orbitals of a run, for a start from them. */
typedef struct {
  int n_orbitals, n_breakpoints, n_p, n_q;
  afb_store_orbital *orbitals;
  double *breakpoints, *coefficients;   /* shapes as in afb_store_run_data */
} afb_store_orbitals;
/* n_orbitals is 0 when the run has none. The caller clears *out. AFB_E_LIMIT: no such run. AFB_E_IO, AFB_E_MEMORY. */
afb_status afb_store_read_orbitals(afb_store *store, int64_t run, afb_store_orbitals *out);
void afb_store_orbitals_clear(afb_store_orbitals *orbitals);

/* Text `first`, `count` of table TEXT with a NUL behind it; the caller frees. */
afb_status afb_store_read_text(afb_store *store, int64_t first, int64_t count, char **text);

/* Copies `text` into `buffer` of `size` bytes, cut at a character's boundary if it is too long, zeros behind; returns `buffer`. */
char *afb_store_text(char *buffer, size_t size, const char *text);

/* ---- The schema, for those who list or document it; not collective ---- */

typedef enum { AFB_I32, AFB_I64, AFB_U64, AFB_F32, AFB_F64, AFB_STRING, AFB_BYTE } afb_column_type;
typedef struct {
  const char *name;
  afb_column_type type;
  int length;                      /* numbers in a row (1, or the second dimension), or bytes of a string */
  size_t offset;                   /* in the row structure */
  const char *unit, *description;
  int legend;                      /* 0: none; 1 ... 4: the member of afb_store_legend in its order */
  int since;                       /* schema version of the first files that have it; 0: all have */
  int absent;                      /* what older files are taken to hold where it is a whole number */
} afb_column;
typedef struct {
  const char *name, *description;
  size_t row_size;
  int n_columns;
  const afb_column *column;
} afb_table_schema;
const afb_table_schema *afb_store_schema(afb_table table);

#endif
