#include "app/structures_input.h"

#include "core/clock.h"
#include "core/log.h"

afb_status afb_structures_input_read(MPI_Comm comm, const afb_input_structures *files, int skip_bad, afb_structures *structures,
                                     double *seconds)
{
  afb_structures_options options = {.skip_bad = skip_bad, .format = files->format};
  double start = afb_wall_seconds();
  AFB_TRY(afb_structures_read(comm, files->file.n, files->file.item, &options, structures));
  if (seconds) {
    *seconds = afb_wall_seconds() - start;
    MPI_Allreduce(MPI_IN_PLACE, seconds, 1, MPI_DOUBLE, MPI_SUM, comm);
  }
  return AFB_OK;
}

void afb_structures_input_warn(const afb_structures *structures)
{
  enum { SHOWN = 10 };
  int64_t n_bad = 0;
  for (int64_t f = 0; f < structures->n_frames; f++)
    if (structures->frame[f].bad && n_bad++ < SHOWN)
      afb_log(AFB_LOG_WARNING, "left out: %s", structures->frame[f].reason);
  if (n_bad > SHOWN)
    afb_log(AFB_LOG_WARNING, "left out: %lld more, see /frames/bad and /frames/reason in the file", (long long)(n_bad - SHOWN));
}
