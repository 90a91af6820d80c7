/* Work on rows of an array dealt out to the ranks of a communicator: everyone does a range of rows, then all get all. */
#ifndef AFB_ATOMIC_SHARE_H
#define AFB_ATOMIC_SHARE_H

#include <mpi.h>

/* Rows first ... end - 1 of n are this rank's; cost[n], or NULL: all alike. bound[ranks + 1]: where each rank's begin. Not collective; the
 * same bounds on all ranks. */
void afb_share_rows(MPI_Comm comm, int n, const int *cost, int *bound, int *first, int *end);
/* Collective. x[n][stride]: the rows of each rank from that rank. */
void afb_share_gather(MPI_Comm comm, const int *bound, int stride, double *x);
int afb_share_ranks(MPI_Comm comm);

#endif
