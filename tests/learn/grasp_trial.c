#include "tests/learn/grasp_trial.h"

#include <math.h>
#include <stdlib.h>

#include "atomic/ladder.h"
#include "atomic/start.h"
#include "numeric/band.h"

enum { MOST_CSF = 1600 };

typedef struct {
  afb_csf_list csfs;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci;
  afb_radial *radial;
  afb_scf *scf;
  afb_ladder ladder;
} trial;

static void clear(trial *t)
{
  afb_ladder_close(&t->ladder);
  free(t->ladder.trace);
  afb_scf_destroy(&t->scf);
  afb_radial_destroy(&t->radial);
  afb_ci_clear(&t->ci);
  afb_expression_clear(&t->expression);
  afb_angular_clear(&t->angular);
  afb_csf_list_clear(&t->csfs);
}

static afb_status begin(int z, int charge, int n_levels, trial *t)
{
  afb_nucleus nucleus;
  uint8_t vary[AFB_MAX_ORBITALS];
  for (int a = 0; a < AFB_MAX_ORBITALS; a++)
    vary[a] = 1;
  AFB_TRY(afb_angular_create(MPI_COMM_SELF, &t->csfs, NULL, &t->angular));
  AFB_TRY(afb_expression_create(&t->csfs, &t->angular, &t->expression));
  AFB_TRY(afb_ci_create(&t->csfs, AFB_OPTIMISE_LEVELS, n_levels, &t->ci));
  AFB_TRY(afb_nucleus_create(z, 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  double box = afb_start_box(charge, t->csfs.n_orbitals, t->csfs.orbital);
  AFB_TRY(afb_radial_create(&nucleus, &(afb_radial_options){.r_max = box, .growth = 0.25}, &t->radial));
  AFB_TRY(afb_scf_create(t->radial, &t->csfs, &t->expression, vary, &t->scf));
  AFB_TRY(afb_start_thomas_fermi(t->radial, z - charge, t->csfs.n_orbitals, t->csfs.orbital, t->scf->vector));
  t->ladder = (afb_ladder){.comm = MPI_COMM_SELF, .ci = &t->ci, .angular = &t->angular, .blamed = -1,
                           .max_iterations = GRASP_TRIAL + 1};
  return afb_ladder_open(&t->ladder, t->scf);
}

static afb_status take_step(trial *t)
{
  double norm[AFB_MAX_ORBITALS];
  afb_scf *s = t->scf;
  afb_scf_norms(s, t->ladder.step, norm);
  for (int a = 0; a < s->n_orbitals; a++) {
    double scale = norm[a] > 0.3 ? 0.3 / norm[a] : 1;
    for (int i = a * s->n; i < (a + 1) * s->n; i++)
      s->vector[i] += scale * t->ladder.step[i];
  }
  return afb_scf_orthonormalise(s);
}

afb_status grasp_trial(int z, int charge, int n, const afb_configuration *set, int n_levels, float log_step[GRASP_TRIAL])
{
  trial t = {.radial = NULL};
  for (int k = 0; k < GRASP_TRIAL; k++)
    log_step[k] = logf(10);
  afb_status status = afb_csf_list_create(n, set, 0, -1, MOST_CSF, &t.csfs);
  if (status == AFB_OK)
    status = begin(z, charge, n_levels, &t);
  for (int k = 0; k < GRASP_TRIAL && status == AFB_OK; k++) {
    if (k > 0 && take_step(&t) != AFB_OK)
      break;
    if (afb_ladder_evaluate(&t.ladder, AFB_RUNG_DIIS, 0, 0) != AFB_OUTCOME_NONE)
      break;
    log_step[k] = (float)log(t.ladder.residual + 1e-7);
  }
  clear(&t);
  return status == AFB_E_MEMORY ? status : AFB_OK;
}
