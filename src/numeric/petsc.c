#include "numeric/petsc.h"

#include <slepcsys.h>
#include <stdio.h>

static enum { NOT_STARTED, RUNNING, ENDED } state;
static char text[1024];

/* The first call of a failure carries its text, those of the functions that it passes through carry none. */
static PetscErrorCode keep_text(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                                PetscErrorType type, const char *message, void *context)
{
  (void)comm;
  (void)line;
  (void)file;
  (void)context;
  if (type == PETSC_ERROR_INITIAL)
    snprintf(text, sizeof text, "%s: %s", function, message ? message : "no further text");
  return code;
}

static PetscErrorCode start(void)
{
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  PetscCall(PetscOptionsSetValue(NULL, "-no_signal_handler", "true"));
  PetscCall(PetscOptionsSetValue(NULL, "-skip_petscrc", "true"));
  PetscCall(SlepcInitializeNoArguments());
  return PetscPushErrorHandler(keep_text, NULL);
}

afb_status afb_petsc_begin(void)
{
  if (state == RUNNING)
    return AFB_OK;
  if (state == ENDED)
    return AFB_FAIL(AFB_E_NUMERIC, "PETSc was ended and cannot start again");
  AFB_TRY(afb_petsc_status((int)start(), "PETSc did not start"));
  state = RUNNING;
  return AFB_OK;
}

void afb_petsc_end(void)
{
  if (state != RUNNING)
    return;
  state = ENDED;
  (void)PetscPopErrorHandler();
  (void)SlepcFinalize();
}

afb_status afb_petsc_status(int code, const char *what)
{
  if (code == 0)
    return AFB_OK;
  return AFB_FAIL(code == PETSC_ERR_MEM ? AFB_E_MEMORY : AFB_E_NUMERIC, "%s (PETSc error %d: %s)", what, code, text);
}
