#include <string.h>

#include "campaign/learner_parts.h"
#include "campaign/pretrained.h"
#include "core/clock.h"
#include "core/random.h"
#include "training/progress_file.h"

static const double SAVE_SECONDS = 120;

void afb_learner_keep(afb_learner *learner, const afb_learner_keeping *keeping) { learner->keeping = *keeping; }
int afb_learner_interrupted(const afb_learner *learner) { return learner->interrupted; }

static uint64_t hash_table(const afb_set_table *t)
{
  size_t n = (size_t)t->n, tokens = (size_t)t->offset[t->n];
  uint64_t hash = afb_hash(AFB_HASH_START, t->offset, (n + 1) * sizeof *t->offset);
  hash = afb_hash(hash, t->token, tokens * (size_t)t->n_token * sizeof *t->token);
  hash = afb_hash(hash, t->global, n * (size_t)t->n_global * sizeof *t->global);
  return afb_hash(hash, t->label, n * (size_t)t->n_target * sizeof *t->label);
}

static int64_t identity_of(const afb_learner *l) { return l->keeping.identity ^ (int64_t)hash_table(&l->table); }

static afb_status write(afb_learner *l, afb_arrays *arrays)
{
  AFB_TRY(afb_progress_write(l->comm, identity_of(l), &l->progress, arrays));
  return afb_pretrained_write_model(l->comm, l, l->first_step, arrays);
}

afb_status afb_learner_save(afb_learner *l, afb_trainer *trainer)
{
  afb_arrays *arrays;
  afb_store_writer writer = {.input = "", .identity = ""};
  afb_descent_progress_of(afb_trainer_descent(trainer), &l->progress);
  l->saved = afb_wall_seconds();
  AFB_TRY(afb_arrays_create(l->comm, l->keeping.path, AFB_CHECKPOINT_KIND, &writer, &arrays));
  return afb_arrays_close(&arrays, write(l, arrays));
}

int afb_learner_save_is_due(const afb_learner *l) { return afb_wall_seconds() - l->saved > SAVE_SECONDS; }

static afb_status read(afb_learner *l, afb_arrays *arrays, int *same)
{
  int64_t first_step;
  AFB_TRY(afb_progress_read(arrays, identity_of(l), &l->progress, same));
  if (!*same)
    return AFB_OK;
  AFB_TRY(afb_pretrained_take_model(l->comm, arrays, l, &first_step));
  l->first_step = first_step;
  return AFB_OK;
}

afb_status afb_learner_resume(afb_learner *l, int *resumed)
{
  afb_arrays *arrays;
  const afb_model *m = l->model;
  *resumed = 0;
  l->saved = afb_wall_seconds();
  AFB_TRY(afb_agree(l->comm, afb_descent_progress_init(m->n_weights, m->spec.members, &l->progress)));
  afb_status status = afb_arrays_open(l->comm, l->keeping.path, AFB_CHECKPOINT_KIND, &arrays);
  if (status == AFB_E_NOT_FOUND)
    return AFB_OK;
  AFB_TRY(status);
  status = afb_agree(l->comm, read(l, arrays, resumed));
  afb_status closed = afb_arrays_close(&arrays, AFB_OK);
  return status != AFB_OK ? status : closed;
}
