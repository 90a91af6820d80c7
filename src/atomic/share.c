#include "atomic/share.h"

#include <stdint.h>

#include "core/clock.h"

int afb_share_ranks(MPI_Comm comm)
{
  int size;
  MPI_Comm_size(comm, &size);
  return size;
}

void afb_share_rows(MPI_Comm comm, int n, const int *cost, int *bound, int *first, int *end)
{
  int rank, size = afb_share_ranks(comm);
  int64_t total = 0, before = 0;
  MPI_Comm_rank(comm, &rank);
  for (int i = 0; i < n; i++)
    total += cost ? cost[i] : 1;
  bound[0] = 0;
  for (int i = 0, r = 1; r <= size; r++) {
    for (; i < n && (r == size || before * size < total * r); i++)
      before += cost ? cost[i] : 1;
    bound[r] = i;
  }
  *first = bound[rank];
  *end = bound[rank + 1];
}

void afb_share_gather(MPI_Comm comm, const int *bound, int stride, double *x)
{
  int size = afb_share_ranks(comm), count[size], offset[size];
  if (size == 1)
    return;
  for (int r = 0; r < size; r++) {
    offset[r] = bound[r] * stride;
    count[r] = (bound[r + 1] - bound[r]) * stride;
  }
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, count, offset, MPI_DOUBLE, comm);
  afb_phase_enter(phase);
}
