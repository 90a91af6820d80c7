#include "training/progress_file.h"

#include "store/tables.h"

afb_status afb_progress_write(MPI_Comm comm, int64_t identity, const afb_descent_progress *p, afb_arrays *arrays)
{
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"training/identity", AFB_I64, 0, 1, {0}, "1", "hash of input and table"}, 1, &identity));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"training/best", AFB_F32, 0, 1, {0}, "1", "weights of least loss"}, p->n_weights, p->best));
  AFB_TRY(afb_tables_small(comm, arrays, (afb_array){"training/best_loss", AFB_F64, 0, 1, {0}, "1", "of each member"}, p->members, p->best_loss));
  return afb_tables_small(comm, arrays, (afb_array){"training/stale", AFB_I64, 0, 1, {0}, "1", "evaluations since then"}, p->members, p->stale);
}

afb_status afb_progress_read(afb_arrays *arrays, int64_t identity, afb_descent_progress *p, int *same)
{
  int64_t found;
  AFB_TRY(afb_tables_read(arrays, "training/identity", AFB_I64, 1, 1, &found));
  *same = found == identity;
  if (!*same)
    return AFB_OK;
  AFB_TRY(afb_tables_read(arrays, "training/best", AFB_F32, p->n_weights, 1, p->best));
  AFB_TRY(afb_tables_read(arrays, "training/best_loss", AFB_F64, p->members, 1, p->best_loss));
  return afb_tables_read(arrays, "training/stale", AFB_I64, p->members, 1, p->stale);
}
