#include "atomic/ladder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/scf_parts.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/units.h"
#include "numeric/lapack.h"

enum { HISTORY = 8, KRYLOV = 40, COARSE = 16, HALVINGS = 4 };
/* Residual down to which orbitals without inner companions are held on their branch, and levels shifted. */
#define HOLD 0.02
/* A state of a smaller residual than this that is as near to one that was rejected is on its way there. */
#define NEARBY 1e-2
/* Residual above which second order is coarse: few products, and in following downwards CI vectors do not respond. */
#define FAR 0.3
/* Residual from which on nodes no longer change. */
#define SETTLED 1e-3
/* Evaluations without a better residual after which a scheme gives up: first order, and second order that follows; first order astray;
 * second order otherwise; a scheme that only prepares another, and second order astray. Astray: levels keep changing, and the residual was never
 * below ASTRAY. */
enum { PATIENCE = 25, LOST = 16, FEWER = 12, LITTLE = 8 };
#define ASTRAY 0.01
/* Weighted number of changes of leading CSFs from which a standstill is one of roots: a change in every third evaluation. */
#define FLIPS 3.0

void afb_ladder_close(afb_ladder *s)
{
  free(s->y);
  free(s->gamma);
  free(s->dual);
  free(s->step);
  free(s->work);
  free(s->level);
  free(s->leading);
  s->leading = NULL;
  s->level = s->y = s->gamma = s->dual = s->step = s->work = NULL;
}

afb_status afb_ladder_open(afb_ladder *s, afb_scf *scf)
{
  size_t size = (size_t)scf->n_orbitals * (size_t)scf->n, n = (size_t)s->angular->n_integrals + 1;
  size_t levels = 1;
  for (int i = 0; i < s->ci->n_blocks; i++)
    levels += (size_t)s->ci->block[i].n_levels;
  afb_ladder_close(s);
  s->scf = scf;
  afb_scf_share(scf, s->comm);
  s->level = calloc(levels, sizeof(double));
  s->leading = calloc(levels, sizeof(int));
  s->flips = 0;
  s->y = malloc(n * sizeof(double));
  s->gamma = malloc(n * sizeof(double));
  s->dual = malloc(size * sizeof(double));
  s->step = malloc(size * sizeof(double));
  s->work = malloc((KRYLOV + 4) * size * sizeof(double));
  return s->level && s->leading && s->y && s->gamma && s->dual && s->step && s->work
           ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the iteration of %d orbitals", scf->n_orbitals);
}

void afb_ladder_reject(afb_ladder *s, afb_outcome outcome, const double *orbitals)
{
  size_t bytes = (size_t)s->scf->n_orbitals * (size_t)s->scf->n * sizeof *orbitals;
  double *copy = s->n_rejected < AFB_MOST_REJECTED ? malloc(bytes) : NULL;
  int have = copy != NULL;
  MPI_Allreduce(MPI_IN_PLACE, &have, 1, MPI_INT, MPI_MIN, s->comm);
  if (!copy || !have) {
    free(copy);
    return;
  }
  afb_rejected *r = s->rejected + s->n_rejected++;
  *r = (afb_rejected){.orbitals = memcpy(copy, orbitals, bytes), .verdict = outcome, .blamed = s->blamed};
  memcpy(r->reason, s->reason, sizeof r->reason);
}

void afb_ladder_forget(afb_ladder *s)
{
  for (int i = 0; i < s->n_rejected; i++)
    free(s->rejected[i].orbitals);
  s->n_rejected = 0;
}

/* Whether every varied orbital is that of `other`, or its negative, to NEARBY; closed ones up to rotations among themselves. */
static int is_near(const afb_scf *scf, const double *other)
{
  const uint8_t *closed = scf->list->closed;
  for (int a = 0; a < scf->n_orbitals; a++) {
    double square = 0;
    for (int b = 0; b < scf->n_orbitals && scf->varied[a]; b++) {
      if (b != a && (scf->orbital[a].kappa != scf->orbital[b].kappa || !closed[a] || !closed[b]))
        continue;
      double overlap = afb_band_form(scf->n, scf->radial->overlap, afb_const_row(scf->vector, a, scf->n), afb_const_row(other, b, scf->n));
      square += overlap * overlap;
    }
    if (scf->varied[a] && !(square > 1 - NEARBY * NEARBY))
      return 0;
  }
  return 1;
}

static afb_outcome stop(afb_ladder *s, afb_outcome outcome, const char *text)
{
  s->blamed = outcome == AFB_OUTCOME_LIMIT_CYCLE || outcome == AFB_OUTCOME_MAX_ITERATIONS ? s->worst : -1;
  snprintf(s->reason, sizeof s->reason, "%s", text);
  return outcome;
}

static int is_flipping(const afb_ladder *s) { return s->flips >= FLIPS; }

/* The end of a scheme that does not get on: a root flip when levels keep changing what they are. */
static afb_outcome give_up(afb_ladder *s, afb_outcome outcome, const char *text)
{
  char flip[120];
  int at = 0;
  if (!is_flipping(s))
    return stop(s, outcome, text);
  for (int i = 0; i < s->ci->n_blocks; i++)
    for (int l = 0; l < s->ci->block[i].n_levels; l++, at++)
      if (at == s->flipped)
        snprintf(flip, sizeof flip, "level %d of block %d keeps changing its leading CSF (now %d)", l + 1, i + 1, s->leading[at] + 1);
  stop(s, AFB_OUTCOME_ROOT_FLIP, flip);
  s->blamed = s->worst;
  return AFB_OUTCOME_ROOT_FLIP;
}

static void record(afb_ladder *s, afb_rung rung)
{
  if (s->n_trace == s->room) {
    int room = s->room ? 2 * s->room : 64;
    afb_trace *trace = realloc(s->trace, (size_t)room * sizeof *trace);
    if (!trace)
      return;
    s->trace = trace;
    s->room = room;
  }
  s->trace[s->n_trace++] = (afb_trace){rung, s->iterations, s->energy, s->residual, s->residual, afb_cpu_seconds() - s->cpu_start,
                                         AFB_OUTCOME_NONE};
  char label[8];
  if (afb_log_enabled(AFB_LOG_TRACE))
    afb_log(AFB_LOG_TRACE, "%-8s %3d  E = %.10f  residual = %.2e (%s)", afb_rung_name(rung), s->iterations, s->energy,
            s->residual, afb_orbital_label(s->scf->orbital[s->worst], label));
}

static afb_outcome check_occupations(afb_ladder *s, double least)
{
  char label[8], text[120];
  for (int a = 0; a < s->scf->n_orbitals; a++)
    if (s->scf->varied[a] && s->scf->occupation[a] < least) {
      snprintf(text, sizeof text, "%s is empty in the optimised levels (occupation %.1e)",
               afb_orbital_label(s->scf->orbital[a], label), s->scf->occupation[a]);
      stop(s, AFB_OUTCOME_EMPTY_ORBITAL, text);
      s->blamed = a;
      return AFB_OUTCOME_EMPTY_ORBITAL;
    }
  return AFB_OUTCOME_NONE;
}

static int leading_csf(const afb_ci_block *b, int level)
{
  const double *v = b->vector + (size_t)level * (size_t)b->n;
  int best = 0;
  for (int r = 1; r < b->n; r++)
    if (fabs(v[r]) > fabs(v[best]))
      best = r;
  return best;
}

static void note_levels(afb_ladder *s, double closed)
{
  int at = 0, changed = -1;
  s->moved = 0;
  for (int i = 0; i < s->ci->n_blocks && !s->ci->average; i++)
    for (int l = 0; l < s->ci->block[i].n_levels; l++, at++) {
      double now = closed + s->ci->block[i].value[l];
      int leading = leading_csf(s->ci->block + i, l);
      changed = leading != s->leading[at] ? at : changed;
      s->leading[at] = leading;
      s->moved = fmax(s->moved, fabs(now - s->level[at]));
      s->level[at] = now;
    }
  s->flips = 0.9 * s->flips + (changed >= 0);
  s->flipped = changed >= 0 ? changed : s->flipped;
}

/* Residual, step and what they say, from the gradient. NOT_FINITE when the local operators cannot be inverted; all ranks see that alike. */
static afb_outcome make_step(afb_ladder *s, double shift)
{
  afb_scf *scf = s->scf;
  double norm[AFB_MAX_ORBITALS];
  if (s->holding)
    s->short_of_memory |= afb_scf_hold(scf) == AFB_E_MEMORY;
  afb_scf_residual(scf, s->dual);
  afb_status status = afb_scf_invert(scf, shift);
  s->short_of_memory |= status == AFB_E_MEMORY;
  if (status == AFB_OK)
    status = afb_scf_precondition(scf, s->dual, s->step);
  if (status != AFB_OK && status != AFB_E_MEMORY)
    return stop(s, AFB_OUTCOME_NOT_FINITE, afb_error_text());
  afb_scf_norms(scf, s->step, norm);
  s->residual = s->distance = 0;
  for (int a = 0; a < scf->n_orbitals; a++) {
    s->distance += scf->occupation[a] * norm[a] * norm[a];
    if (!(norm[a] <= s->residual)) {
      s->residual = norm[a];
      s->worst = a;
    }
  }
  return isfinite(s->energy) && isfinite(s->residual) ? AFB_OUTCOME_NONE
                                                      : stop(s, AFB_OUTCOME_NOT_FINITE, "the energy or an orbital is not finite");
}

/* To which CI vectors are wanted: what they add to the error of the orbitals of the evaluation before is small beside it. */
static double vector_tolerance(const afb_ladder *s)
{
  return isfinite(s->residual) ? fmin(1e-4, fmax(1e-11, 1e-3 * s->residual)) : 0;
}

/* The verdict on a state that was rejected before and is met again. */
static afb_outcome recognise(afb_ladder *s)
{
  for (int i = 0; i < s->n_rejected && s->residual < NEARBY && !s->ci->average; i++) {
    const afb_rejected *r = s->rejected + i;
    if (!is_near(s->scf, r->orbitals))
      continue;
    stop(s, r->verdict, r->reason);
    s->blamed = r->blamed;
    return r->verdict;
  }
  return AFB_OUTCOME_NONE;
}

/* Why a run ends, the more urgent the higher. */
enum { GO_ON, STOPPED, LATE, SHORT_OF_MEMORY };
static const char *const ending[] = {NULL, "stopped", "time limit of the run", "no memory for an orbital step"};

static int limit_reached(const afb_ladder *s)
{
  if (s->max_seconds > 0 && afb_cpu_seconds() - s->cpu_start > s->max_seconds)
    return LATE;
  return s->poll && s->poll(s->poll_context) ? STOPPED : GO_ON;
}

const char *afb_ladder_over(void *ladder) { return ending[limit_reached(ladder)]; }

afb_outcome afb_ladder_evaluate(afb_ladder *s, afb_rung rung, double shift, int whole_spectrum)
{
  afb_scf *scf = s->scf;
  const afb_expression *e = scf->expression;
  s->distance = INFINITY;   /* of these orbitals nothing is known yet */
  int end = limit_reached(s);
  if (s->short_of_memory)
    end = SHORT_OF_MEMORY;
  MPI_Allreduce(MPI_IN_PLACE, &end, 1, MPI_INT, MPI_MAX, s->comm);
  if (end != GO_ON)
    return stop(s, AFB_OUTCOME_RESOURCE_LIMIT, ending[end]);
  if (s->iterations >= s->max_iterations)
    return stop(s, AFB_OUTCOME_MAX_ITERATIONS, "iteration limit");
  s->iterations++;
  afb_phase_enter(AFB_PHASE_COULOMB);
  afb_scf_refresh(scf);
  afb_phase_enter(AFB_PHASE_CI);
  afb_expression_to_angular(e, scf->x, s->y);
  for (int i = 0; i < s->angular->n_integrals; i++)
    if (!isfinite(s->y[i]))
      return stop(s, AFB_OUTCOME_NOT_FINITE, "a radial integral is not finite");
  s->ci->tolerance = vector_tolerance(s);
  afb_status solved = s->ci->average ? AFB_OK : afb_ci_solve(s->comm, s->angular, s->y, whole_spectrum, s->ci);
  if (solved != AFB_OK)
    return stop(s, solved == AFB_E_MEMORY ? AFB_OUTCOME_RESOURCE_LIMIT : AFB_OUTCOME_CI_FAILURE, afb_error_text());
  if (afb_ci_density(s->ci, s->angular, s->gamma) != AFB_OK)
    return stop(s, AFB_OUTCOME_RESOURCE_LIMIT, afb_error_text());
  afb_expression_coefficients(e, 1, s->gamma, scf->coefficient);
  double closed = afb_dot(e->n_one + e->n_terms, e->base, scf->x);
  s->energy = afb_ci_energy(s->ci, s->angular, s->gamma, s->y) + closed;
  note_levels(s, closed);
  afb_phase_enter(AFB_PHASE_ORBITAL);
  afb_scf_gradient(scf);
  afb_outcome empty = check_occupations(s, 1e-14);
  if (empty != AFB_OUTCOME_NONE)
    return empty;
  afb_outcome outcome = make_step(s, shift);
  record(s, rung);
  return outcome == AFB_OUTCOME_NONE ? recognise(s) : outcome;
}

/* What convergence looks back on. */
typedef struct {
  double energy, best;
  int quiet, since_best;
} watch;

static int is_astray(const afb_ladder *s, const watch *w) { return is_flipping(s) && w->best > ASTRAY; }

/* Whether the last evaluation fulfils every condition. */
static int converged(const afb_ladder *s, watch *w, double tolerance)
{
  int quiet = fabs(s->energy - w->energy) <= 1e-11 * fabs(s->energy);
  w->quiet = quiet ? w->quiet + 1 : 0;
  w->energy = s->energy;
  if (s->residual < 0.7 * w->best) {
    w->best = s->residual;
    w->since_best = 0;
  } else {
    w->since_best++;
  }
  if (tolerance > AFB_RESIDUAL_TOLERANCE)
    return s->residual <= tolerance;
  return s->residual <= tolerance && w->quiet >= 2 && s->moved <= 1e-3 / AFB_HARTREE_IN_INVERSE_CM;
}

/* DIIS on orbitals x with errors f: x_new = sum c_i (x_i + f_i), |sum c_i f_i| least, sum c_i = 1. */
typedef struct {
  int held, next;
  size_t size;
  double *x, *f, *dual;       /* [HISTORY][size] each; dual = weighted S f */
  double product[HISTORY][HISTORY];   /* f_i . dual_j */
} history;

static void history_push(const afb_scf *scf, const double *step, history *h)
{
  double *f = h->f + (size_t)h->next * h->size, *dual = h->dual + (size_t)h->next * h->size;
  memcpy(h->x + (size_t)h->next * h->size, scf->vector, h->size * sizeof *f);
  memcpy(f, step, h->size * sizeof *f);
  for (int a = 0; a < scf->n_orbitals; a++) {
    double weight = fmax(scf->occupation[a], 1e-2);
    afb_band_multiply(scf->n, scf->radial->overlap, afb_row(f, a, scf->n), afb_row(dual, a, scf->n));
    for (int x = 0; x < scf->n; x++)
      afb_row(dual, a, scf->n)[x] *= weight;
  }
  if (h->held < HISTORY)
    h->held++;
  for (int i = 0; i < h->held; i++) {
    h->product[i][h->next] = afb_dot((int)h->size, h->f + (size_t)i * h->size, dual);
    h->product[h->next][i] = afb_dot((int)h->size, f, h->dual + (size_t)i * h->size);
  }
  h->next = (h->next + 1) % HISTORY;
}

static void history_extrapolate(const history *h, double *x)
{
  int m = h->held, n = m + 1, one = 1, rank, info, lwork = 512, pivot[HISTORY + 1] = {0};
  double b[(HISTORY + 1) * (HISTORY + 1)], right[HISTORY + 1] = {0}, work[512], rcond = 1e-13, scale = 0;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++)
      b[i * n + j] = h->product[i][j];
  for (int i = 0; i < m; i++)
    scale = i == 0 ? b[0] : fmin(scale, b[i * n + i]);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++)
      b[i * n + j] /= scale > 0 ? scale : 1;
  for (int i = 0; i < m; i++)
    b[i * n + m] = b[m * n + i] = 1;
  b[m * n + m] = 0;
  right[m] = 1;
  dgelsy_(&n, &n, &one, b, &n, right, &n, pivot, &rcond, &rank, work, &lwork, &info);
  memset(x, 0, h->size * sizeof *x);
  for (int i = 0; i < m; i++) {
    afb_axpy((int)h->size, right[i], h->x + (size_t)i * h->size, x);
    afb_axpy((int)h->size, right[i], h->f + (size_t)i * h->size, x);
  }
}

/* Moves the orbitals to x, but no orbital by more than `radius`; then orthonormalises. */
static afb_outcome move_to(afb_ladder *s, const double *x, double radius)
{
  afb_scf *scf = s->scf;
  int n = scf->n;
  for (int a = 0; a < scf->n_orbitals; a++) {
    if (!scf->varied[a])
      continue;
    double *v = afb_row(scf->vector, a, n), *move = afb_row(s->step, a, n);
    for (int i = 0; i < n; i++)
      move[i] = afb_const_row(x, a, n)[i] - v[i];
    double norm = sqrt(fmax(0, afb_band_form(n, scf->radial->overlap, move, move)));
    afb_axpy(n, norm > radius ? radius / norm : 1, move, v);
  }
  afb_scf_drop_companions(scf);
  return afb_scf_orthonormalise(scf) == AFB_OK ? AFB_OUTCOME_NONE : stop(s, AFB_OUTCOME_ORBITAL_COLLAPSE, afb_error_text());
}

afb_outcome afb_ladder_diis(afb_ladder *s, afb_rung rung, double tolerance, int max_iterations)
{
  history h = {.size = (size_t)s->scf->n_orbitals * (size_t)s->scf->n};
  watch w = {.energy = NAN, .best = INFINITY};
  afb_outcome outcome = AFB_OUTCOME_NONE;
  h.x = s->work;
  h.f = h.x + HISTORY * h.size;
  h.dual = h.f + HISTORY * h.size;
  double *x = h.dual + HISTORY * h.size;
  double shift = rung == AFB_RUNG_SHIFTED ? 0.5 : 0.0;
  int judged = 0;
  s->holding = afb_scf_can_fall(s->scf);
  for (int it = 0; outcome == AFB_OUTCOME_NONE; it++) {
    if (it == max_iterations) {
      outcome = give_up(s, AFB_OUTCOME_MAX_ITERATIONS, "iteration limit of the scheme");
      break;
    }
    outcome = afb_ladder_evaluate(s, rung, shift, 0);
    if (outcome != AFB_OUTCOME_NONE)
      break;
    if (s->residual < HOLD && rung != AFB_RUNG_HELD && (s->holding || shift > 0)) {
      s->holding = h.held = h.next = 0;
      shift = 0;
      afb_scf_release(s->scf);
      outcome = make_step(s, shift);
      if (outcome != AFB_OUTCOME_NONE)
        break;
    }
    if (converged(s, &w, tolerance)) {
      outcome = AFB_OUTCOME_CONVERGED;
      break;
    }
    if (w.since_best >= (tolerance > AFB_RESIDUAL_TOLERANCE ? LITTLE : is_astray(s, &w) ? LOST : PATIENCE)) {
      outcome = give_up(s, AFB_OUTCOME_LIMIT_CYCLE, "the residual no longer falls");
      break;
    }
    if (!judged && s->judge && !s->ci->average && s->residual < SETTLED) {
      judged = 1;
      outcome = s->judge(s->judge_context);
      if (outcome != AFB_OUTCOME_NONE)
        break;
      if (s->distance == INFINITY)
        continue;
    }
    if (s->residual > 0.3)
      h.held = h.next = 0;
    history_push(s->scf, s->step, &h);
    history_extrapolate(&h, x);
    outcome = move_to(s, x, rung == AFB_RUNG_SHIFTED && it < 10 ? 0.1 : 0.3);
  }
  s->holding = 0;
  afb_scf_release(s->scf);
  return outcome;
}

static double metric_dot(const afb_scf *scf, const double *a, const double *b)
{
  double sum = 0;
  for (int o = 0; o < scf->n_orbitals; o++)
    if (scf->varied[o])
      sum += fmax(scf->occupation[o], 1e-2) *
             afb_band_form(scf->n, scf->radial->overlap, afb_const_row(a, o, scf->n), afb_const_row(b, o, scf->n));
  return sum;
}

/* y = f(H) g e_1 with f(theta) = 1/theta, but 1/max(|theta|, least) where theta has the wrong sign or nearly vanishes. */
static int follow(int m, double h[KRYLOV + 1][KRYLOV], double g, double least, double *y)
{
  double complex a[KRYLOV * KRYLOV], value[KRYLOV], vector[KRYLOV * KRYLOV], copy[KRYLOV * KRYLOV], c[KRYLOV] = {0}, work[8 * KRYLOV];
  double real[2 * KRYLOV];
  int lwork = 8 * KRYLOV, one = 1, pivot[KRYLOV], info;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++)
      a[j * m + i] = h[i][j];
  zgeev_("N", "V", &m, a, &m, value, NULL, &one, vector, &m, work, &lwork, real, &info);
  if (info != 0)
    return 0;
  memcpy(copy, vector, (size_t)m * (size_t)m * sizeof *copy);
  c[0] = g;
  zgesv_(&m, &one, copy, &m, pivot, c, &m, &info);
  if (info != 0)
    return 0;
  for (int k = 0; k < m; k++)
    c[k] *= creal(value[k]) > least ? 1 / value[k] : 1 / fmax(cabs(value[k]), least);
  for (int i = 0; i < m; i++) {
    double complex sum = 0;
    for (int k = 0; k < m; k++)
      sum += vector[k * m + i] * c[k];
    y[i] = creal(sum);
  }
  return 1;
}

/* out = (weighted metric) v: metric_dot is a product with it. */
static void apply_metric(const afb_scf *scf, const double *v, double *out)
{
  for (int o = 0; o < scf->n_orbitals; o++) {
    double weight = scf->varied[o] ? fmax(scf->occupation[o], 1e-2) : 0;
    afb_band_multiply(scf->n, scf->radial->overlap, afb_const_row(v, o, scf->n), afb_row(out, o, scf->n));
    for (int x = 0; x < scf->n; x++)
      afb_row(out, o, scf->n)[x] *= weight;
  }
}

/* Solves -M H p = step by GMRES in at most `most` dimensions, M the preconditioner; p is returned in x. basis: [KRYLOV + 2][size]. */
static void gmres(afb_ladder *s, const double *step, int most, double tolerance, double least, double *basis, double *x)
{
  size_t size = (size_t)s->scf->n_orbitals * (size_t)s->scf->n;
  double h[KRYLOV + 1][KRYLOV] = {{0}}, plain[KRYLOV + 1][KRYLOV] = {{0}}, g[KRYLOV + 2] = {0}, cosine[KRYLOV], sine[KRYLOV], y[KRYLOV];
  double *dual = basis + (KRYLOV + 1) * size, start = sqrt(metric_dot(s->scf, step, step));
  int m = 0;
  g[0] = start;
  for (size_t i = 0; i < size; i++)
    basis[i] = start > 0 ? step[i] / start : 0;
  while (m < most && fabs(g[m]) > tolerance * start) {
    double *v = basis + (size_t)m * size, *w = v + size;
    s->short_of_memory |= afb_scf_hessian(s->scf, least > 0 && s->residual > FAR ? NULL : s->ci, s->angular, v, dual) == AFB_E_MEMORY;
    if (afb_scf_precondition(s->scf, dual, w) != AFB_OK)
      break;
    for (size_t i = 0; i < size; i++)
      w[i] = -w[i];
    for (int pass = 0; pass < 2; pass++) {
      double overlap[KRYLOV + 1];
      apply_metric(s->scf, w, dual);
      for (int i = 0; i <= m; i++)
        h[i][m] += overlap[i] = afb_dot((int)size, basis + (size_t)i * size, dual);
      for (int i = 0; i <= m; i++)
        afb_axpy((int)size, -overlap[i], basis + (size_t)i * size, w);
    }
    double norm = sqrt(metric_dot(s->scf, w, w));
    h[m + 1][m] = norm;
    for (size_t i = 0; i < size; i++)
      w[i] /= norm > 0 ? norm : 1;
    for (int i = 0; i <= m + 1; i++)
      plain[i][m] = h[i][m];
    for (int i = 0; i < m; i++) {
      double t = cosine[i] * h[i][m] + sine[i] * h[i + 1][m];
      h[i + 1][m] = -sine[i] * h[i][m] + cosine[i] * h[i + 1][m];
      h[i][m] = t;
    }
    double r = hypot(h[m][m], h[m + 1][m]);
    if (!(r > 0))
      break;
    cosine[m] = h[m][m] / r;
    sine[m] = h[m + 1][m] / r;
    h[m][m] = r;
    g[m + 1] = -sine[m] * g[m];
    g[m] *= cosine[m];
    m++;
  }
  memset(x, 0, size * sizeof *x);
  for (int i = m - 1; i >= 0; i--) {
    y[i] = g[i];
    for (int j = i + 1; j < m; j++)
      y[i] -= h[i][j] * y[j];
    y[i] /= h[i][i];
  }
  if (least > 0 && m > 0)
    follow(m, plain, start, least, y);
  for (int i = 0; i < m; i++)
    afb_axpy((int)size, y[i], basis + (size_t)i * size, x);
}

/* Scales the whole step so that no orbital moves by more than `radius`. */
static void shorten(const afb_ladder *s, double *step, double radius)
{
  double norm[AFB_MAX_ORBITALS], most = radius;
  afb_scf_norms(s->scf, step, norm);
  for (int a = 0; a < s->scf->n_orbitals; a++)
    most = fmax(most, norm[a]);
  for (size_t i = 0; i < (size_t)s->scf->n_orbitals * (size_t)s->scf->n; i++)
    step[i] *= radius / most;
}

afb_outcome afb_ladder_newton(afb_ladder *s, afb_rung rung, int following, double tolerance, int max_iterations)
{
  size_t size = (size_t)s->scf->n_orbitals * (size_t)s->scf->n;
  double *p = s->work, *back = p + size, *basis = back + size, last = INFINITY;
  int halved = 0;
  watch w = {.energy = NAN, .best = INFINITY};
  afb_outcome outcome = AFB_OUTCOME_NONE;
  for (int it = 0; outcome == AFB_OUTCOME_NONE; it++) {
    if (it == max_iterations)
      return give_up(s, AFB_OUTCOME_MAX_ITERATIONS, "iteration limit of the second-order scheme");
    outcome = afb_ladder_evaluate(s, rung, 0, 1);
    if (outcome != AFB_OUTCOME_NONE)
      break;
    if (converged(s, &w, tolerance))
      return AFB_OUTCOME_CONVERGED;
    if (w.since_best >= (is_astray(s, &w) ? LITTLE : following ? PATIENCE : FEWER))
      return give_up(s, AFB_OUTCOME_LIMIT_CYCLE, "the residual no longer falls in second order");
    if (!following && s->residual > 0.7 * last && halved == HALVINGS)
      return give_up(s, AFB_OUTCOME_LIMIT_CYCLE, "no step lowers the residual in second order");
    if (s->residual > (following ? 5 : 1) * last && halved < HALVINGS) {
      halved++;
      memcpy(s->scf->vector, back, size * sizeof *back);
      for (size_t i = 0; i < size; i++)
        p[i] *= 0.4;
    } else {
      last = s->residual;
      halved = 0;
      memcpy(back, s->scf->vector, size * sizeof *back);
      double forcing = fmax(fmin(s->residual > 0.1 ? 0.3 : 0.1, s->residual), fmax(1e-4, 1e-2 * AFB_RESIDUAL_TOLERANCE / s->residual));
      gmres(s, s->step, s->residual > FAR ? COARSE : KRYLOV, forcing, following ? 0.02 : 0, basis, p);
      shorten(s, p, 0.3);
    }
    double *target = s->dual;
    for (size_t i = 0; i < size; i++)
      target[i] = s->scf->vector[i] + p[i];
    outcome = move_to(s, target, 0.3);
  }
  return outcome;
}
