/* The journal: committed batches that the HDF5 file does not hold yet. Not collective; one process writes.
 *
 * A header of 64 bytes, then records one behind the other, in the byte order of the machine:
 *   header  magic, byte order and version, store, base (number of the last record before this journal), 3 x 0, hash
 *   record  magic, number (1 more than the one before), length, hash of the payload, hash of these 32 bytes; payload
 * in uint64_t. The payload is a sequence of pieces: uint32_t table, uint32_t 0, int64_t first row, int64_t rows, then the columns one after the
 * other, without padding. A record is durable once fdatasync has returned; the first one that is cut short or whose hashes
 * are wrong ends the journal. */
#ifndef AFB_STORE_JOURNAL_H
#define AFB_STORE_JOURNAL_H

#include "store/store.h"

typedef struct {
  int64_t first, n;        /* rows of a table */
  int64_t offset;          /* of its first column in the journal */
} afb_piece;

typedef struct {
  int64_t offset, length;  /* of the record, its header included */
} afb_record;

typedef struct {
  int fd;                  /* -1: none */
  char *path;
  uint64_t store;
  uint64_t base, last;     /* number of the last record before this journal, and of the last one in it */
  int64_t tail;            /* where the next record goes */
  int64_t dropped;         /* bytes of a torn tail that were found */
  int n_records, records_capacity;
  afb_record *record;      /* those that the HDF5 file does not hold */
  int n_pieces[AFB_N_TABLES], pieces_capacity[AFB_N_TABLES];
  afb_piece *piece[AFB_N_TABLES];   /* of those records, by ascending first row */
} afb_journal;

enum { AFB_JOURNAL_HEADER = 64, AFB_RECORD_HEADER = 40, AFB_PIECE_HEADER = 24 };

void afb_journal_init(afb_journal *journal);
/* Closes and frees, and with that releases the lock. */
void afb_journal_clear(afb_journal *journal);

/* Opens for writing, creating it if need be, and takes the lock; nothing is read yet. *fresh: it is empty.
 * AFB_E_IO: cannot be opened, or another process (or this one) holds it; the message names it. */
afb_status afb_journal_lock(afb_journal *journal, const char *path, const char *file, int *fresh);
/* Opens for reading. AFB_E_NOT_FOUND when there is none. */
afb_status afb_journal_open(afb_journal *journal, const char *path);

/* Replaces the locked journal by an empty one of `store` whose records begin behind number `base`, by an atomic rename; the
 * new one is locked before it is visible. AFB_E_IO: the old one is as before. */
afb_status afb_journal_renew(afb_journal *journal, uint64_t store, uint64_t base);

/* Drops all records and pieces from memory: the HDF5 file holds them now. */
void afb_journal_forget(afb_journal *journal);

/* Reads the header and all records, remembers those with a number beyond `folded`; `count` are the rows of each table in the
 * HDF5 file, increased to those with the journal. A torn tail is noted in `dropped` and otherwise passed over.
 * AFB_E_FOREIGN: not a journal of `store`, or records between `folded` and the journal's first are missing. */
afb_status afb_journal_replay(afb_journal *journal, uint64_t store, uint64_t folded, int64_t count[AFB_N_TABLES]);

/* Appends a record with the payload at data + AFB_RECORD_HEADER (the header is filled in here) and makes it durable.
 * AFB_E_IO: the journal is as before. */
afb_status afb_journal_append(afb_journal *journal, char *data, size_t size);
/* Notes the pieces of a record's payload that lies in memory. AFB_E_FOREIGN when it is malformed or does not continue `count`. */
afb_status afb_journal_note(afb_journal *journal, int64_t offset, const char *data, size_t size,
                            int64_t count[AFB_N_TABLES]);

/* Bytes of one row of a column, and of all columns of a table. */
size_t afb_column_width(const afb_column *column);
size_t afb_table_width(afb_table table);

/* Steps through the pieces of a payload: returns the columns of the piece at *at and moves *at behind it; NULL at the end and,
 * with *at < size, when it is malformed. */
const char *afb_piece_next(const char *payload, size_t size, size_t *at, afb_table *table, int64_t *first, int64_t *n);

#endif
