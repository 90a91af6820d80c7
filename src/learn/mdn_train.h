/* Training of mixture density networks in data parallel (learn/descent.h): least mean of -ln p over rows.
 *
 * Rows come in groups (the structure that an atom belongs to) which are never divided. Groups are dealt to folds; each member is
 * trained without one fold, which decides when it stops and which weights it keeps; the linear models begin as ridge
 * regressions of the rows that fit, their deviations as those of the rows that judge; the temperature is fitted to what
 * members say of the rows that they had not seen. Every rank holds the same table and the same network. */
#ifndef AFB_LEARN_MDN_TRAIN_H
#define AFB_LEARN_MDN_TRAIN_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "learn/mdn.h"

typedef struct {
  int64_t n;
  const double *input;         /* [n][n_in] any scale */
  const double *target;        /* [n][n_out] */
  const int64_t *group;        /* [n] */
  /* [n_in] deviation that an input is given, or NULL: 1 for all. The smaller, the less of the target it explains before the ridge
   * resists. */
  const double *prior;
} afb_mdn_table;

typedef struct {
  int64_t batch, steps, warmup;
  double rate, weight_decay, clip;
  const char *optimiser, *schedule;        /* as afb_descent_options */
  int64_t patience, evaluate_every;        /* as afb_train_options */
  double ridge;                /* of the linear models, with scaled inputs and targets */
  int64_t first_step;          /* mdn->step at which this training began, to resume it on the same table; < 0: a new start */
  uint64_t seed;               /* order of rows, folds */
} afb_mdn_options;

/* Sensible for n rows. */
void afb_mdn_options_default(int64_t n, afb_mdn_options *options);

typedef struct afb_mdn_trainer afb_mdn_trainer;

/* As afb_trainer_create, _advance, _finish, _destroy and afb_train (learn/train.h). Collective on `comm`; the same status on all ranks. The table
 * must outlive the trainer. A new start draws the network afresh from its spec. AFB_E_INPUT: no rows, a number that is not finite, options out of
 * range. AFB_E_MEMORY. AFB_E_NUMERIC: a gradient that is not finite. */
afb_status afb_mdn_trainer_create(MPI_Comm comm, afb_mdn *mdn, const afb_mdn_table *table, const afb_mdn_options *options,
                                  afb_mdn_trainer **out);
afb_status afb_mdn_trainer_advance(afb_mdn_trainer *trainer, int64_t n_steps, double *loss, int *finished);
/* Best weights and temperature. */
afb_status afb_mdn_trainer_finish(afb_mdn_trainer **trainer);
void afb_mdn_trainer_destroy(afb_mdn_trainer **trainer);
afb_status afb_mdn_train(MPI_Comm comm, afb_mdn *mdn, const afb_mdn_table *table, const afb_mdn_options *options);

#endif
