/* What `aufbau describe` does, and `aufbau bench describe` measures. */
#ifndef AFB_APP_DESCRIBE_H
#define AFB_APP_DESCRIBE_H

#include <mpi.h>

#include "app/descriptor_input.h"
#include "app/inputs.h"
#include "materials/describe.h"

typedef struct {
  MPI_Comm comm;               /* whose ranks do it */
  const char *output;
  const afb_arguments *arguments;
  afb_config *config;
  afb_describe_input input;
  afb_bispectrum_settings settings;
  unsigned quantities;
  int grid[3];
  afb_structures structures;   /* while it runs */
  double reading;              /* wall seconds, summed over ranks */
  int64_t rows;                /* of the output, afterwards */
} afb_describe_job;

/* Collective on MPI_COMM_WORLD, the same status on every rank: reads and checks the input operand[0]. The caller clears, also after a failure. */
afb_status afb_describe_read(const afb_arguments *arguments, afb_describe_job *job);
/* Collective on job->comm: from the structures to the closed file. As often as wanted. */
afb_status afb_describe_run(afb_describe_job *job);
void afb_describe_clear(afb_describe_job *job);

#endif
