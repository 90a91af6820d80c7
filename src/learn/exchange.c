#include "learn/exchange.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "learn/patience.h"

enum { LINES = 128 /* bytes of two lines of the cache, which some processors fetch in pairs */ };

struct afb_exchange {
  MPI_Win window;
  int rank, n_ranks;
  unsigned turn;
  afb_patience patience;
  size_t numbers_at, floats_at;
  char **segment;              /* [n_ranks]: turn that the rank has reached, its numbers, its floats */
};

static int share_memory(MPI_Comm comm)
{
  MPI_Comm node;
  int size, all;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &size);
  MPI_Comm_free(&node);
  MPI_Comm_size(comm, &all);
  size = size == all;
  MPI_Allreduce(MPI_IN_PLACE, &size, 1, MPI_INT, MPI_MIN, comm);
  return size;
}

/* 0 unless all ranks have their segments, filled with zeros. */
static int allocate(MPI_Comm comm, size_t size, afb_exchange *e)
{
  void *mine;
  MPI_Errhandler handler;
  MPI_Comm_get_errhandler(comm, &handler);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  int good = MPI_Win_allocate_shared((MPI_Aint)size, 1, MPI_INFO_NULL, comm, &mine, &e->window) == MPI_SUCCESS, all;
  MPI_Comm_set_errhandler(comm, handler);
  MPI_Errhandler_free(&handler);
  MPI_Allreduce(&good, &all, 1, MPI_INT, MPI_MIN, comm);
  if (all) {
    MPI_Win_lock_all(MPI_MODE_NOCHECK, e->window);
    memset(mine, 0, size);
    for (int r = 0; r < e->n_ranks; r++)
      MPI_Win_shared_query(e->window, r, &(MPI_Aint){0}, &(int){0}, &e->segment[r]);
    MPI_Barrier(comm);
  } else if (good) {
    MPI_Win_free(&e->window);
  }
  return all;
}

static size_t whole_lines(size_t bytes) { return (bytes + LINES - 1) / LINES * LINES; }

afb_status afb_exchange_create(MPI_Comm comm, int64_t n_floats, int64_t n_numbers, afb_exchange **out)
{
  size_t numbers = whole_lines((size_t)n_numbers * sizeof(double)), floats = whole_lines((size_t)n_floats * sizeof(float));
  *out = NULL;
  if (!share_memory(comm))
    return AFB_OK;
  afb_exchange *e = calloc(1, sizeof *e);
  if (e) {
    *e = (afb_exchange){.numbers_at = LINES, .floats_at = LINES + numbers};
    MPI_Comm_rank(comm, &e->rank);
    MPI_Comm_size(comm, &e->n_ranks);
    e->segment = calloc((size_t)e->n_ranks, sizeof *e->segment);
  }
  afb_status status = afb_agree(comm, e && e->segment ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to share with other ranks"));
  if (status == AFB_OK && allocate(comm, LINES + numbers + floats, e)) {
    *out = e;
    return AFB_OK;
  }
  if (e)
    free(e->segment);
  free(e);
  return status;
}

void afb_exchange_destroy(afb_exchange **exchange)
{
  afb_exchange *e = *exchange;
  *exchange = NULL;
  if (!e)
    return;
  MPI_Win_unlock_all(e->window);
  MPI_Win_free(&e->window);
  free(e->segment);
  free(e);
}

double *afb_exchange_numbers(const afb_exchange *e, int rank) { return (double *)(void *)(e->segment[rank] + e->numbers_at); }
float *afb_exchange_floats(const afb_exchange *e, int rank) { return (float *)(void *)(e->segment[rank] + e->floats_at); }

static atomic_uint *turn_of(const afb_exchange *e, int rank) { return (atomic_uint *)(void *)e->segment[rank]; }

/* Turns that overflow stay in order, as no rank is more than one ahead. */
static int is_behind(const afb_exchange *e, int rank)
{
  return (int)(atomic_load_explicit(turn_of(e, rank), memory_order_acquire) - e->turn) < 0;
}

void afb_exchange_wait(afb_exchange *e)
{
  e->turn++;
  atomic_store_explicit(turn_of(e, e->rank), e->turn, memory_order_release);
  afb_patience_begin(&e->patience);
  for (int r = 0; r < e->n_ranks; r++)
    while (is_behind(e, r))
      afb_patience_pause(&e->patience);
  afb_patience_end(&e->patience);
}
