/* What the files of the store share; not for other modules. */
#ifndef AFB_STORE_INTERNAL_H
#define AFB_STORE_INTERNAL_H

#include "store/hdf.h"
#include "store/journal.h"
#include "store/store.h"

/* Rows that wait for the next commit, column by column, the columns as long as `capacity` rows. */
typedef struct {
  int64_t n, capacity;
  char *column[AFB_MAX_COLUMNS];
} afb_store_batch;

/* Open addressing, linear probing; a slot holds a number + 1, 0 when it is free. */
typedef struct {
  int64_t n, capacity;
  uint64_t *key;
  int64_t *value;
} afb_hash_table;

/* Look-up of interned rows and of content hashes; the rows of an uncommitted batch are in it as well. */
typedef struct {
  int ready;
  int64_t n_ions, n_configurations, n_sets, n_members;
  int64_t ions_capacity, configurations_capacity, sets_capacity, members_capacity;
  afb_store_ion *ion;
  afb_store_configuration *configuration;
  afb_store_set *set;
  int64_t *member;
  afb_hash_table configurations, sets, runs;
} afb_index;

struct afb_store {
  MPI_Comm comm;
  int rank, size;
  afb_store_mode mode;
  int writes;                       /* this rank is the writer */
  char *path, *journal_path, *temporary_path;
  hid_t file;                       /* FILE.h5 for reading; invalid: not opened yet */
  hid_t column[AFB_N_TABLES][AFB_MAX_COLUMNS];   /* of `file`, opened at their first use; 0: not yet */
  uint64_t id, folded_sequence;
  int64_t folded[AFB_N_TABLES];     /* rows in FILE.h5 */
  int64_t count[AFB_N_TABLES];      /* and with the journal, where this rank knows it */
  afb_journal journal;
  afb_store_batch batch[AFB_N_TABLES];
  afb_index index;
  afb_store_legend legend;          /* copies */
  int legends_written;
  char *input, *identity;           /* to be written by the next fold, where the file has no identity; else NULL */
  int32_t session;
  int session_added;
  double zero;                      /* afb_wall_seconds at the session's start */
  int64_t file_size;
};

/* Rows of a batch. Reserving may fail with AFB_E_MEMORY and changes nothing; pushing reserved rows cannot fail. */
afb_status afb_store_batch_reserve(afb_store *store, afb_table table, int64_t n);
/* Returns the number of the first row. */
int64_t afb_store_batch_push(afb_store *store, afb_table table, int64_t n, const void *rows);
void afb_store_batch_clear(afb_store *store);
/* The session's row and its input, once. */
afb_status afb_session_add(afb_store *store, const afb_store_writer *writer);

/* Reads what look-ups need, once; the rows of the batch are not among them: build before the first one is added. */
afb_status afb_index_build(afb_store *store);
void afb_index_clear(afb_index *index);
afb_status afb_index_reserve_run(afb_store *store);
void afb_index_note_run(afb_store *store, uint64_t content_hash, int64_t run);

/* Not collective: opens FILE.h5 on this rank if it is not open. */
afb_status afb_store_ensure_file(afb_store *store);
void afb_store_release_file(afb_store *store);

#endif
