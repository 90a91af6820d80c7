#include "materials/potential_net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JUDGED_PARTS = 3 };
static const double NOISE = 2e-3;          /* least deviation of a coordinate, hartree bohr^1.5: a third of what converged data scatter */

void afb_potential_net_clear(afb_potential_net *net)
{
  afb_potential_basis_clear(&net->basis);
  afb_mdn_destroy(&net->mdn);
}

/* Rows of the models that train. */
static int64_t choose(const afb_potential_table *t, int64_t without, int64_t *row)
{
  int64_t n = 0;
  for (int64_t i = 0; i < t->n; i++)
    if (t->model[i] >= 0 && t->model[i] != without)
      row[n++] = i;
  return n;
}

typedef struct {
  double *input, *target;
  int64_t *group;
} copied;

static afb_status copy_rows(const afb_potential_table *t, int64_t n, const int64_t *row, const afb_potential_basis *basis, copied *c)
{
  size_t width = (size_t)t->n_columns, parts = (size_t)basis->n_parts;
  *c = (copied){malloc(((size_t)n * width + 1) * sizeof(double)), malloc(((size_t)n * parts + 1) * sizeof(double)),
                malloc(((size_t)n + 1) * sizeof(int64_t))};
  if (!c->input || !c->target || !c->group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms to learn from", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    memcpy(c->input + (size_t)i * width, t->input + (size_t)row[i] * width, width * sizeof(double));
    afb_potential_to_parts(basis, t->a + row[i] * t->n_gaussians, c->target + (size_t)i * parts);
    c->group[i] = t->model[row[i]];
  }
  return AFB_OK;
}

static afb_status make(const afb_potential_table *t, const afb_potential_options *o, int64_t n, const int64_t *row,
                       afb_potential_net *net, copied *c)
{
  if (n < 1 || t->model[row[0]] == t->model[row[n - 1]])
    return AFB_FAIL(AFB_E_INPUT, "potentials of at least two models are needed to learn from");
  AFB_TRY(afb_potential_basis_fit(t->n_gaussians, t->alpha, n, row, t->a, AFB_MDN_MAX_OUT, &net->basis));
  AFB_TRY(copy_rows(t, n, row, &net->basis, c));
  afb_mdn_spec spec = {.n_in = t->n_columns, .n_out = net->basis.n_parts, .components = o->components, .members = o->members,
                       .width = o->width, .layers = o->layers, .covariance = o->covariance,
                       .rank = o->rank < net->basis.n_parts ? o->rank : net->basis.n_parts, .floor = NOISE, .seed = o->seed};
  return afb_mdn_create(&spec, &net->mdn);
}

afb_status afb_potential_net_fit(MPI_Comm comm, const afb_potential_table *t, const afb_potential_options *o, int64_t without,
                                 afb_potential_net *net)
{
  *net = (afb_potential_net){0};
  copied c = {0};
  int64_t *row = malloc(((size_t)t->n + 1) * sizeof *row), n = row ? choose(t, without, row) : 0;
  afb_status status = row ? make(t, o, n, row, net, &c) : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)t->n);
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    afb_mdn_table table = {n, c.input, c.target, c.group, t->prior};
    afb_mdn_options options;
    afb_mdn_options_default(n, &options);
    options.steps = o->steps;
    options.seed = o->seed;
    status = afb_mdn_train(comm, net->mdn, &table, &options);
  }
  free(row);
  free(c.input);
  free(c.target);
  free(c.group);
  if (status != AFB_OK)
    afb_potential_net_clear(net);
  return status;
}

void afb_potential_prediction_clear(afb_potential_prediction *p)
{
  free(p->a);
  free(p->deviation);
  free(p->distance);
  *p = (afb_potential_prediction){0};
}

static afb_status prediction_init(int64_t n, int n_gaussians, afb_potential_prediction *p)
{
  size_t size = (size_t)n * (size_t)n_gaussians + 1;
  *p = (afb_potential_prediction){n, n_gaussians, malloc(size * sizeof(double)), malloc(size * sizeof(double)),
                                  malloc(((size_t)n + 1) * sizeof(double))};
  if (p->a && p->deviation && p->distance)
    return AFB_OK;
  afb_potential_prediction_clear(p);
  return AFB_FAIL(AFB_E_MEMORY, "no memory for the potentials of %lld atoms", (long long)n);
}

/* Row i of the mixtures to row `to`. The axes are orthonormal: the trace of the covariance is the expected squared distance. */
static void put(const afb_potential_basis *b, const afb_mixtures *x, int64_t i, int64_t to, afb_potential_prediction *out)
{
  double mean[AFB_MDN_MAX_OUT], c[AFB_MDN_MAX_OUT * AFB_MDN_MAX_OUT], trace = 0;
  int parts = b->n_parts;
  afb_mixture_moments(x, i, mean, c);
  afb_potential_from_parts(b, mean, out->a + to * b->n);
  for (int k = 0; k < b->n; k++) {
    double variance = 0;
    for (int p = 0; p < parts; p++)
      for (int q = 0; q < parts; q++)
        variance += b->axis[p * b->n + k] * c[p * parts + q] * b->axis[q * b->n + k];
    out->deviation[to * b->n + k] = sqrt(variance);
  }
  for (int p = 0; p < parts; p++)
    trace += c[p * parts + p];
  out->distance[to] = sqrt(trace);
}

afb_status afb_potential_net_predict(const afb_potential_net *net, int64_t n, int n_columns, const double *input,
                                     afb_potential_prediction *out)
{
  afb_mixtures x;
  if (n_columns != net->mdn->spec.n_in)
    return AFB_FAIL(AFB_E_INPUT, "the network has %d inputs, not %d", net->mdn->spec.n_in, n_columns);
  AFB_TRY(prediction_init(n, net->basis.n, out));
  afb_status status = afb_mdn_predict(net->mdn, n, input, -1, &x);
  if (status != AFB_OK) {
    afb_potential_prediction_clear(out);
    return status;
  }
  for (int64_t i = 0; i < n; i++)
    put(&net->basis, &x, i, i, out);
  afb_mixtures_clear(&x);
  return AFB_OK;
}

afb_status afb_potential_validation_init(const afb_potential_table *t, afb_potential_validation *v)
{
  *v = (afb_potential_validation){0};
  AFB_TRY(prediction_init(t->n, t->n_gaussians, &v->prediction));
  v->done = calloc((size_t)t->n_models + 1, sizeof *v->done);
  v->error = malloc(((size_t)t->n + 1) * sizeof *v->error);
  v->inside = malloc((2 * (size_t)t->n + 1) * sizeof *v->inside);
  if (!v->done || !v->error || !v->inside) {
    afb_potential_validation_clear(v);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to validate on %lld atoms", (long long)t->n);
  }
  for (int64_t i = 0; i < t->n * t->n_gaussians; i++)
    v->prediction.a[i] = v->prediction.deviation[i] = NAN;
  for (int64_t i = 0; i < t->n; i++)
    v->prediction.distance[i] = v->error[i] = v->inside[2 * i] = v->inside[2 * i + 1] = NAN;
  return AFB_OK;
}

void afb_potential_validation_clear(afb_potential_validation *v)
{
  afb_potential_prediction_clear(&v->prediction);
  free(v->done);
  free(v->error);
  free(v->inside);
  *v = (afb_potential_validation){0};
}

static void judge(const afb_potential_table *t, const afb_potential_basis *b, const afb_mixtures *x, int64_t i, int64_t row,
                  afb_potential_validation *v)
{
  double da[AFB_POTENTIAL_MAX_GAUSSIANS], z[AFB_MDN_MAX_OUT];
  int parts = b->n_parts < JUDGED_PARTS ? b->n_parts : JUDGED_PARTS;
  for (int k = 0; k < t->n_gaussians; k++)
    da[k] = v->prediction.a[row * t->n_gaussians + k] - t->a[row * t->n_gaussians + k];
  v->error[row] = afb_potential_distance(t->n_gaussians, t->alpha, da);
  afb_potential_to_parts(b, t->a + row * t->n_gaussians, z);
  v->inside[2 * row] = v->inside[2 * row + 1] = 0;
  for (int p = 0; p < parts; p++) {
    double off = fabs(afb_mixture_below(x, i, p, z[p]) - 0.5);
    v->inside[2 * row] += (off < 0.25) / (double)parts;
    v->inside[2 * row + 1] += (off < 0.45) / (double)parts;
  }
}

/* One model, on this rank alone. */
static afb_status leave_out(const afb_potential_table *t, const afb_potential_options *o, int64_t model, afb_potential_validation *v)
{
  afb_potential_net net;
  afb_mixtures x;
  int64_t first = 0, n = 0;
  while (first < t->n && t->model[first] != model)
    first++;
  while (first + n < t->n && t->model[first + n] == model)
    n++;
  AFB_TRY(afb_potential_net_fit(MPI_COMM_SELF, t, o, model, &net));
  afb_status status = afb_mdn_predict(net.mdn, n, t->input + first * t->n_columns, -1, &x);
  for (int64_t i = 0; i < n && status == AFB_OK; i++) {
    put(&net.basis, &x, i, first + i, &v->prediction);
    judge(t, &net.basis, &x, i, first + i, v);
  }
  if (status == AFB_OK)
    afb_mixtures_clear(&x);
  afb_potential_net_clear(&net);
  return status;
}

/* All ranks get what was found by those that made[model] says: its rank + 1, 0 if none. */
static afb_status share(MPI_Comm comm, const afb_potential_table *t, const int *made, afb_potential_validation *v)
{
  int rank, g = t->n_gaussians;
  int64_t width = 2 * g + 4, n = 0;
  MPI_Comm_rank(comm, &rank);
  for (int64_t i = 0; i < t->n; i++)
    n += made[t->model[i]] > 0;
  double *all = calloc((size_t)(n * width) + 1, sizeof *all);
  afb_status status = afb_agree(comm, all ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for what was found on %lld atoms", (long long)n));
  for (int turn = 0; turn < 2 && status == AFB_OK; turn++) {
    double *to = all;
    for (int64_t i = 0; i < t->n; i++) {
      double *part[] = {v->prediction.a + i * g, v->prediction.deviation + i * g, v->prediction.distance + i, v->error + i, v->inside + 2 * i};
      int count[] = {g, g, 1, 1, 2};
      if (made[t->model[i]] == 0)
        continue;
      for (int p = 0; p < 5; to += count[p++])
        if (turn == 1)
          memcpy(part[p], to, (size_t)count[p] * sizeof *to);
        else if (made[t->model[i]] == rank + 1)
          memcpy(to, part[p], (size_t)count[p] * sizeof *to);
    }
    /* All but one are zero. */
    if (turn == 0)
      MPI_Allreduce(MPI_IN_PLACE, all, (int)(n * width), MPI_DOUBLE, MPI_SUM, comm);
  }
  free(all);
  return status;
}

afb_status afb_potential_leave_out(MPI_Comm comm, const afb_potential_table *t, const afb_potential_options *o, int64_t first, int64_t n,
                                   int (*enough)(void *context), void *context, afb_potential_validation *v)
{
  int rank, n_ranks, *made = calloc((size_t)t->n_models + 1, sizeof *made);
  int64_t dealt = 0;
  afb_status status = made ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld models", (long long)t->n_models);
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &n_ranks);
  for (int64_t m = first, over = 0; m < first + n && status == AFB_OK && !over; m++) {
    if (v->done[m] || dealt++ % n_ranks != rank)
      continue;
    status = leave_out(t, o, m, v);
    made[m] = rank + 1;
    over = enough && enough(context);
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Allreduce(MPI_IN_PLACE, made, (int)t->n_models, MPI_INT, MPI_MAX, comm);
    status = share(comm, t, made, v);
  }
  for (int64_t m = first; m < first + n && status == AFB_OK; m++)
    v->done[m] |= made[m] > 0;
  free(made);
  return status;
}

static double distance_to(const afb_potential_table *t, int64_t row, const double *to)
{
  double da[AFB_POTENTIAL_MAX_GAUSSIANS];
  for (int k = 0; to && k < t->n_gaussians; k++)
    da[k] = to[k] - t->a[row * t->n_gaussians + k];
  return to ? afb_potential_distance(t->n_gaussians, t->alpha, da) : NAN;
}

afb_potential_score afb_potential_score_kind(const afb_potential_table *t, const afb_potential_validation *v, const int *kind_of,
                                             int kind, const double *start, const double *bulk)
{
  afb_potential_score s = {0};
  int64_t last = -1;
  for (int64_t i = 0; i < t->n; i++) {
    if (t->model[i] < 0 || !v->done[t->model[i]] || (kind >= 0 && kind_of[t->model[i]] != kind))
      continue;
    s.n_models += t->model[i] != last;
    last = t->model[i];
    s.n_atoms++;
    s.start += distance_to(t, i, start);
    s.bulk += distance_to(t, i, bulk);
    s.error += v->error[i];
    s.inside[0] += v->inside[2 * i];
    s.inside[1] += v->inside[2 * i + 1];
  }
  double n = s.n_atoms > 0 ? (double)s.n_atoms : NAN;
  s.start /= n;
  s.bulk /= n;
  s.error /= n;
  s.inside[0] /= n;
  s.inside[1] /= n;
  return s;
}
