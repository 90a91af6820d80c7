#include "core/pool.h"

#include <stdlib.h>

static int level_of(int size)
{
  int level = 0;
  while ((1 << level) < size)
    level++;
  return level;
}

/* Orders the ranks by node: nodes by their lowest rank, so that rank 0 stays where it is. */
static void order_by_node(MPI_Comm comm, MPI_Comm *ordered)
{
  int rank, lowest;
  MPI_Comm node;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Allreduce(&rank, &lowest, 1, MPI_INT, MPI_MIN, node);
  MPI_Comm_free(&node);
  /* Ranks of equal key keep their order, so that (lowest) alone as key groups the nodes. */
  MPI_Comm_split(comm, 0, lowest, ordered);
}

static void describe_nodes(afb_pool *pool)
{
  MPI_Comm node;
  MPI_Comm_split_type(pool->comm, MPI_COMM_TYPE_SHARED, pool->rank, MPI_INFO_NULL, &node);
  int mine[2] = {pool->rank, 0};
  MPI_Bcast(&mine[0], 1, MPI_INT, 0, node);
  MPI_Comm_size(node, &mine[1]);
  MPI_Comm_free(&node);
  MPI_Allgather(&mine[0], 1, MPI_INT, pool->node_start, 1, MPI_INT, pool->comm);
  MPI_Allgather(&mine[1], 1, MPI_INT, pool->node_size, 1, MPI_INT, pool->comm);
}

int afb_pool_first(const afb_pool *pool, int rank, int size)
{
  if (size < 1 || rank < 0 || rank >= pool->size || level_of(size) >= pool->n_levels)
    return -1;
  int position = (rank - pool->node_start[rank]) / size * size;
  return position + size <= pool->node_size[rank] ? pool->node_start[rank] + position : -1;
}

MPI_Comm afb_pool_group(const afb_pool *pool, int size)
{
  return size < 1 || level_of(size) >= pool->n_levels ? MPI_COMM_NULL : pool->group[level_of(size)];
}

afb_status afb_pool_create(MPI_Comm comm, int largest, afb_pool **out)
{
  *out = NULL;
  int size;
  MPI_Comm_size(comm, &size);
  afb_pool *pool = calloc(1, sizeof *pool);
  int *nodes = calloc(2 * (size_t)size, sizeof *nodes);
  afb_status status = afb_agree(comm, pool && nodes ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ranks", size));
  if (status != AFB_OK) {
    free(pool);
    free(nodes);
    return status;
  }
  order_by_node(comm, &pool->comm);
  MPI_Comm_rank(pool->comm, &pool->rank);
  pool->size = size;
  pool->node_start = nodes;
  pool->node_size = nodes + size;
  describe_nodes(pool);
  int most = 1;
  for (int r = 0; r < size; r++)
    most = pool->node_size[r] > most ? pool->node_size[r] : most;
  if (largest > 0 && largest < most)
    most = largest;
  for (pool->n_levels = 0; pool->n_levels < AFB_POOL_LEVELS && (1 << pool->n_levels) <= most; pool->n_levels++)
    ;
  for (int k = 0; k < pool->n_levels; k++) {
    int first = afb_pool_first(pool, pool->rank, 1 << k);
    MPI_Comm_split(pool->comm, first < 0 ? MPI_UNDEFINED : first, pool->rank, &pool->group[k]);
  }
  *out = pool;
  return AFB_OK;
}

void afb_pool_destroy(afb_pool **pool)
{
  if (!*pool)
    return;
  for (int k = 0; k < (*pool)->n_levels; k++)
    if ((*pool)->group[k] != MPI_COMM_NULL)
      MPI_Comm_free(&(*pool)->group[k]);
  MPI_Comm_free(&(*pool)->comm);
  free((*pool)->node_start);
  free(*pool);
  *pool = NULL;
}
