/* Moving atoms of a collection between ranks. */
#include <stdlib.h>
#include <string.h>

#include "materials/structures.h"

/* What this rank sends to and receives from each of the others. */
typedef struct {
  int *send, *send_at, *receive, *receive_at;
} exchange;

static int64_t overlap(int64_t a, int64_t a_end, int64_t b, int64_t b_end)
{
  int64_t begin = a > b ? a : b, end = a_end < b_end ? a_end : b_end;
  return end > begin ? end - begin : 0;
}

/* have, want: [ranks + 1] atoms of every rank before and after. */
static void plan(int rank, int ranks, const int64_t *have, const int64_t *want, exchange *e)
{
  int sent = 0, received = 0;
  for (int r = 0; r < ranks; r++) {
    e->send[r] = (int)overlap(have[rank], have[rank + 1], want[r], want[r + 1]);
    e->receive[r] = (int)overlap(want[rank], want[rank + 1], have[r], have[r + 1]);
    e->send_at[r] = sent;
    e->receive_at[r] = received;
    sent += e->send[r];
    received += e->receive[r];
  }
}

/* Takes the place of *array, whose elements have `bytes` bytes. */
static void move(MPI_Comm comm, const exchange *e, int bytes, void **array, void *room)
{
  MPI_Datatype type;
  MPI_Type_contiguous(bytes, MPI_BYTE, &type);
  MPI_Type_commit(&type);
  MPI_Alltoallv(*array, e->send, e->send_at, type, room, e->receive, e->receive_at, type, comm);
  MPI_Type_free(&type);
  free(*array);
  *array = room;
}

static afb_status move_all(MPI_Comm comm, const exchange *e, int64_t first, int64_t n, afb_structures *s)
{
  size_t rows = (size_t)n + 1;
  void *position = malloc(rows * 3 * sizeof *s->position), *kind = malloc(rows * sizeof *s->kind);
  void *force = s->force ? malloc(rows * 3 * sizeof *s->force) : NULL;
  afb_status status = AFB_OK;
  if (!position || !kind || (s->force && !force))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)n);
  status = afb_agree(comm, status);
  if (status != AFB_OK) {
    free(position);
    free(kind);
    free(force);
    return status;
  }
  void *old[3] = {s->position, s->kind, s->force};
  move(comm, e, 3 * (int)sizeof *s->position, &old[0], position);
  move(comm, e, (int)sizeof *s->kind, &old[1], kind);
  if (s->force)
    move(comm, e, 3 * (int)sizeof *s->force, &old[2], force);
  s->position = old[0];
  s->kind = old[1];
  s->force = old[2];
  s->first = first;
  s->n = n;
  return AFB_OK;
}

afb_status afb_structures_deal(MPI_Comm comm, const int64_t *atom_first, afb_structures *s)
{
  int rank, ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  int64_t *have = malloc((size_t)(ranks + 1) * sizeof *have);
  int *counts = malloc(4 * (size_t)ranks * sizeof *counts);
  afb_status status = afb_agree(comm, have && counts ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to deal atoms"));
  if (status == AFB_OK) {
    /* Ranks hold atoms in their order: where each begins follows from how many each has. */
    MPI_Allgather(&s->n, 1, MPI_INT64_T, have + 1, 1, MPI_INT64_T, comm);
    have[0] = 0;
    for (int r = 0; r < ranks; r++)
      have[r + 1] += have[r];
  }
  if (status == AFB_OK && memcmp(have, atom_first, (size_t)(ranks + 1) * sizeof *have) != 0) {
    exchange e = {counts, counts + ranks, counts + 2 * ranks, counts + 3 * ranks};
    plan(rank, ranks, have, atom_first, &e);
    status = move_all(comm, &e, atom_first[rank], atom_first[rank + 1] - atom_first[rank], s);
  }
  free(have);
  free(counts);
  return status;
}
