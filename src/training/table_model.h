/* A network that was trained on a table: what it is, what it was trained on, how good it is; its file, and what it predicts.
 *
 * Predictions are in the targets' units; with cross_entropy they are probabilities. */
#ifndef AFB_TRAINING_TABLE_MODEL_H
#define AFB_TRAINING_TABLE_MODEL_H

#include <mpi.h>

#include "learn/mdn.h"
#include "store/arrays.h"
#include "training/dataset.h"

/* Kinds of files of arrays. */
#define AFB_MODEL_KIND "model"
#define AFB_PREDICTIONS_KIND "predictions"

/* What is compared on rows that were not trained on. */
typedef enum { AFB_BASE_CONSTANT, AFB_BASE_LINEAR, AFB_BASE_NETWORK, AFB_N_BASES } afb_base;
/* Regression: root of the mean square and mean of the absolute value of the error, 1 - square error / variance, mean -ln p (NaN without a likelihood).
 * Probabilities: log loss, accuracy, area under the curve, calibration error (learn/metrics.h). */
enum { AFB_N_SCORES = 4 };

typedef struct {
  int64_t rows[AFB_N_PARTS];   /* of the table, by part */
  uint64_t hash;               /* of its numbers */
  int tested;                  /* 1: scores are of rows that were used for nothing else; 0: of those that decided when to stop; -1: there are none */
  double *score;               /* [AFB_N_BASES][n_out][AFB_N_SCORES] */
} afb_table_card;

typedef struct {
  afb_mdn *mdn;
  double *mean, *deviation;    /* [n_out] of the targets; 0 and 1 with cross_entropy */
  int n_inputs, n_targets, n_files;
  char **input, **target, **file;          /* names of the columns, and the files that it learned from */
  int32_t *input_width, *target_width;
  afb_table_card card;
} afb_table_model;

void afb_table_model_clear(afb_table_model *model);

/* Takes names and widths from a table, the scale of targets from a surveyed dataset, whose inputs it standardises; the network is new. AFB_E_INPUT: spec,
 * AFB_E_MEMORY. Not collective. */
afb_status afb_table_model_init(const afb_dataset *dataset, const afb_mdn_spec *spec, afb_table_model *model);

/* Collective on the arrays' communicator `comm`. The caller clears *model. AFB_E_FOREIGN, AFB_E_MEMORY, AFB_E_IO. */
afb_status afb_table_model_write(MPI_Comm comm, const afb_table_model *model, afb_arrays *arrays);
afb_status afb_table_model_read(MPI_Comm comm, const char *path, afb_table_model *model);

/* Of n rows of inputs [n][n_in]: mean over the members, their standard deviation, and (NULL unless the network learns a likelihood) the deviation
 * of the whole distribution, [n][n_out] each. Rows with an input that is not finite get NaN. Not collective. AFB_E_MEMORY. */
afb_status afb_table_model_predict(afb_table_model *model, int64_t n, const double *input, double *mean, double *spread, double *deviation);

/* Fills the card: the scores on the rows that test, else on those that judge, beside the constant mean (or rate) and the linear model that the network
 * began with. Not collective: every rank has the rows. AFB_E_MEMORY. */
afb_status afb_table_model_judge(afb_table_model *model, const afb_dataset *dataset);

#endif
