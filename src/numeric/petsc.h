/* PETSc and SLEPc within this program: started at first use, silent, and without a hand on signals, the command line, a file
 * of options or the job. PETSC_COMM_WORLD is MPI_COMM_SELF, so that starting is not collective and ranks that never solve
 * never wait; objects live on the communicator that they are created on. */
#ifndef AFB_NUMERIC_PETSC_H
#define AFB_NUMERIC_PETSC_H

#include "core/status.h"

/* Starts PETSc and SLEPc unless they run. Not collective. AFB_E_NUMERIC when they do not start or were ended. */
afb_status afb_petsc_begin(void);
/* Ends them; nothing when they were never started. Before MPI_Finalize. Not collective. */
void afb_petsc_end(void);
/* Turns PETSc's error code into a status: AFB_OK for 0, otherwise AFB_E_MEMORY or AFB_E_NUMERIC with PETSc's own text.
 * The libraries leave an object that failed in an unknown state: destroy it. Not collective. */
afb_status afb_petsc_status(int code, const char *what);

#endif
