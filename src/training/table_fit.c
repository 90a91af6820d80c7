#include "training/table_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "learn/mdn_linear.h"
#include "store/file.h"
#include "training/network_file.h"
#include "training/progress_file.h"

enum { SLICE = 10, LOGISTIC_ROWS = 1 << 16 };
static const double SAVE_SECONDS = 120, TELL_SECONDS = 10;

typedef struct {
  MPI_Comm comm;
  afb_dataset *dataset;
  const afb_table_fit_options *options;
  afb_table_model *model;
  afb_pool_trainer *trainer;
  afb_descent_progress progress;
  int64_t identity;
} job;

/* ---- What training begins with ---- */

static afb_status add_rows(void *context, int64_t n, const double *input, const double *target)
{
  return afb_linear_sums_add(context, n, input, target);
}

static afb_status fit_linear(job *j)
{
  afb_linear_sums *sums;
  afb_mdn *m = j->model->mdn;
  afb_status status = afb_agree(j->comm, afb_linear_sums_create(m, j->dataset->complete, &sums));
  if (status == AFB_OK)
    status = afb_dataset_visit(j->dataset, add_rows, sums);
  if (status == AFB_OK)
    status = afb_linear_sums_solve(j->comm, sums, j->options->ridge, m);
  afb_linear_sums_destroy(&sums);
  return status;
}

static afb_status fit_logistic(job *j)
{
  afb_rows rows;
  afb_pools *pools = &j->dataset->pools;
  AFB_TRY(pools->load(pools->owner, 0, 0, &rows));
  double ridge = j->options->ridge > 0 ? j->options->ridge : 1e-3;
  return afb_agree(j->comm, afb_mdn_set_logistic(j->model->mdn, rows.n < LOGISTIC_ROWS ? rows.n : LOGISTIC_ROWS, rows.input, rows.target, ridge));
}

static afb_status take_start(job *j, const afb_table_model *start)
{
  afb_mdn *m = j->model->mdn, *from = start->mdn;
  const afb_mdn_spec *a = &m->spec, *b = &from->spec;
  if (a->n_in != b->n_in || a->n_out != b->n_out)
    return AFB_FAIL(AFB_E_INPUT, "the model has %d inputs and %d targets, the table %d and %d", b->n_in, b->n_out, a->n_in, a->n_out);
  if (a->loss != b->loss || a->width != b->width || a->layers != b->layers || a->members != b->members || a->components != b->components ||
      a->covariance != b->covariance || a->rank != b->rank)
    return AFB_FAIL(AFB_E_INPUT, "the model has loss %s, %d layers of width %d, %d members and %d components: say the same here",
                    afb_loss_name(b->loss), b->layers, b->width, b->members, b->components);
  memcpy(m->weight, from->weight, (size_t)m->n_weights * sizeof *m->weight);
  memcpy(m->fixed, from->fixed, (size_t)m->n_fixed * sizeof *m->fixed);
  memcpy(j->model->mean, start->mean, (size_t)a->n_out * sizeof *start->mean);
  memcpy(j->model->deviation, start->deviation, (size_t)a->n_out * sizeof *start->deviation);
  /* Targets are scaled as they were. */
  memcpy(j->dataset->mean + a->n_in, start->mean, (size_t)a->n_out * sizeof *start->mean);
  memcpy(j->dataset->deviation + a->n_in, start->deviation, (size_t)a->n_out * sizeof *start->deviation);
  return AFB_OK;
}

static afb_status begin(job *j, const afb_table_model *start)
{
  if (start)
    AFB_TRY(take_start(j, start));
  AFB_TRY(afb_dataset_load(j->dataset));
  if (start)
    return AFB_OK;
  return j->model->mdn->spec.loss == AFB_LOSS_CROSS_ENTROPY ? fit_logistic(j) : fit_linear(j);
}

/* ---- Checkpoints ---- */

static afb_status write_state(job *j, afb_arrays *arrays)
{
  afb_descent_progress_of(afb_pool_trainer_descent(j->trainer), &j->progress);
  AFB_TRY(afb_progress_write(j->comm, j->identity, &j->progress, arrays));
  return afb_network_write(j->comm, j->model->mdn, "deviations of the target", arrays);
}

static afb_status save(job *j)
{
  afb_arrays *arrays;
  afb_store_writer writer = {.input = "", .identity = ""};
  AFB_TRY(afb_arrays_create(j->comm, j->options->checkpoint, AFB_CHECKPOINT_KIND, &writer, &arrays));
  return afb_arrays_close(&arrays, write_state(j, arrays));
}

static afb_status read_state(job *j, afb_arrays *arrays)
{
  afb_mdn *m = j->model->mdn, *kept = NULL;
  int same;
  AFB_TRY(afb_progress_read(arrays, j->identity, &j->progress, &same));
  if (!same)
    return AFB_OK;
  afb_status status = afb_network_read(arrays, &kept);
  if (status == AFB_OK && (kept->n_weights != m->n_weights || kept->n_fixed != m->n_fixed))
    status = AFB_FAIL(AFB_E_FOREIGN, "%s holds another network: remove it", j->options->checkpoint);
  if (status == AFB_OK) {
    memcpy(m->weight, kept->weight, (size_t)m->n_weights * sizeof *m->weight);
    memcpy(m->moment1, kept->moment1, (size_t)m->n_weights * sizeof *m->moment1);
    memcpy(m->moment2, kept->moment2, (size_t)m->n_weights * sizeof *m->moment2);
    memcpy(m->fixed, kept->fixed, (size_t)m->n_fixed * sizeof *m->fixed);
    m->step = kept->step;
  }
  afb_mdn_destroy(&kept);
  if (status == AFB_OK)
    afb_descent_progress_take(afb_pool_trainer_descent(j->trainer), &j->progress);
  return status;
}

/* What an earlier run of the same input left. */
static afb_status resume(job *j)
{
  afb_arrays *arrays;
  afb_status status = afb_arrays_open(j->comm, j->options->checkpoint, AFB_CHECKPOINT_KIND, &arrays);
  if (status == AFB_E_NOT_FOUND)
    return AFB_OK;
  AFB_TRY(status);
  status = afb_agree(j->comm, read_state(j, arrays));
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  return status != AFB_OK ? status : closed;
}

/* ---- Descent ---- */

static int is_due(MPI_Comm comm, double *since, double seconds)
{
  double now = afb_wall_seconds();
  MPI_Bcast(&now, 1, MPI_DOUBLE, 0, comm);
  if (now - *since < seconds)
    return 0;
  *since = now;
  return 1;
}

static afb_status descend(job *j, int64_t steps, int *interrupted)
{
  const afb_table_fit_options *o = j->options;
  int finished = 0;
  double saved = 0, told = 0, loss;
  (void)is_due(j->comm, &saved, 0);
  told = saved;
  while (!finished) {
    AFB_TRY(afb_pool_trainer_advance(j->trainer, SLICE, &loss, &finished));
    *interrupted = !finished && o->stop && o->stop(o->context);
    if (*interrupted || is_due(j->comm, &saved, SAVE_SECONDS))
      AFB_TRY(save(j));
    if (*interrupted)
      return AFB_OK;
    if (o->progress && is_due(j->comm, &told, TELL_SECONDS))
      o->progress(o->context, j->model->mdn->step, steps, loss);
  }
  return AFB_OK;
}

static afb_status train(job *j, int *interrupted)
{
  afb_descent_options d = j->options->descent;
  const afb_dataset *data = j->dataset;
  if (j->options->linear_only && j->model->mdn->spec.loss == AFB_LOSS_MSE)
    return AFB_OK;
  if (j->options->epochs > 0)
    d.steps = j->options->epochs * afb_pools_steps(&data->pools, d.batch);
  d.first_step = 0;
  d.evaluate_every = 0;
  const afb_mdn *m = j->model->mdn;
  AFB_TRY(afb_agree(j->comm, afb_descent_progress_init(m->n_weights, m->spec.members, &j->progress)));
  AFB_TRY(afb_pool_trainer_create(j->comm, j->model->mdn, &data->pools, &data->judge, &d, &j->trainer));
  afb_status status = resume(j);
  if (status == AFB_OK)
    status = descend(j, d.steps, interrupted);
  if (status == AFB_OK && !*interrupted)
    afb_pool_trainer_finish(&j->trainer);
  else
    afb_pool_trainer_destroy(&j->trainer);
  return status;
}

afb_status afb_table_fit(MPI_Comm comm, afb_dataset *dataset, const afb_table_fit_options *options, const afb_table_model *start,
                         afb_table_model *model, int *interrupted)
{
  int rank;
  job j = {.comm = comm, .dataset = dataset, .options = options, .model = model,
           .identity = options->identity ^ (int64_t)dataset->hash};
  *interrupted = 0;
  MPI_Comm_rank(comm, &rank);
  afb_status status = begin(&j, start);
  if (status == AFB_OK)
    status = train(&j, interrupted);
  afb_descent_progress_clear(&j.progress);
  if (status != AFB_OK || *interrupted)
    return status;
  if (rank == 0)
    afb_file_drop(options->checkpoint);
  return afb_agree(comm, afb_table_model_judge(model, dataset));
}
