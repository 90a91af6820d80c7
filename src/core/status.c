#include "core/status.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

static char error_text[AFB_ERROR_LENGTH];
static char error_trail[AFB_ERROR_LENGTH];

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

afb_status afb_trail_at(afb_status status, const char *function, const char *file, int line)
{
  size_t used = strlen(error_trail);
  snprintf(error_trail + used, sizeof error_trail - used, "%s%s (%s:%d)", used ? " < " : "", function,
           base_name(file), line);
  return status;
}

afb_status afb_fail_at(afb_status status, const char *function, const char *file, int line,
                       const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vsnprintf(error_text, sizeof error_text, format, args);
  va_end(args);
  error_trail[0] = '\0';
  return afb_trail_at(status, function, file, line);
}

const char *afb_error_text(void) { return error_text; }
const char *afb_error_trail(void) { return error_trail; }

afb_status (afb_agree)(MPI_Comm comm, afb_status status)
{
  int rank, lowest;
  MPI_Comm_rank(comm, &rank);
  int mine = status == AFB_OK ? INT_MAX : rank;
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, comm);
  afb_phase_enter(phase);
  if (lowest == INT_MAX)
    return AFB_OK;
  int code = (int)status;
  MPI_Bcast(&code, 1, MPI_INT, lowest, comm);
  MPI_Bcast(error_text, sizeof error_text, MPI_CHAR, lowest, comm);
  MPI_Bcast(error_trail, sizeof error_trail, MPI_CHAR, lowest, comm);
  return (afb_status)code;
}
