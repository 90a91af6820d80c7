/* Training of a network on a table, and its checkpoints. Collective on `comm`, the same status on all ranks. */
#ifndef AFB_TRAINING_TABLE_FIT_H
#define AFB_TRAINING_TABLE_FIT_H

#include "training/table_model.h"

typedef struct {
  afb_descent_options descent; /* first_step, evaluate_every: not read */
  int64_t epochs;              /* in place of descent.steps; 0: steps count */
  double ridge;                /* of the linear models that the network begins with */
  int linear_only;             /* 1: the linear model is what is wanted, and a loss of mse has it solved */
  /* Kept where a training is interrupted; made by the same identity it is gone on with, and removed at the end. */
  const char *checkpoint;
  int64_t identity;            /* of the input; that of the table's numbers is added */
  /* Asked between slices of steps: non-zero ends the training in order. The same on all ranks. */
  int (*stop)(void *context);
  /* NULL, or told now and then: steps made, mean loss of the last ones. */
  void (*progress)(void *context, int64_t step, int64_t steps, double loss);
  void *context;
} afb_table_fit_options;

/* Sets the linear models and trains; the model is new (afb_table_model_init), or, with `start`, takes weights, standardisation and linear models
 * from there. *interrupted = 1: the checkpoint holds what was done. Then the card is filled. AFB_E_INPUT: start does not fit; options. AFB_E_NUMERIC,
 * AFB_E_MEMORY, AFB_E_IO. Interrupted or not, the same input ends with the same weights, bit for bit, on the same number of ranks. */
afb_status afb_table_fit(MPI_Comm comm, afb_dataset *dataset, const afb_table_fit_options *options, const afb_table_model *start,
                         afb_table_model *model, int *interrupted);

#endif
