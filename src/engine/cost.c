#include "engine/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

enum { MOST_COLUMNS = 8, ROUNDS = 3, REWEIGHTINGS = 60 };
/* Residuals below this part of the mean of |y| count as small alike. */
static const double SMALL = 0.02;
/* Of ln(seconds): residuals beyond it hardly count any more. */
static const double WIDTH = 0.8;

const afb_cost_model afb_cost_fitted = {
  .effort = {0.00114, 0, 0, 0.00151, 4.17e-05, 0.00531, 0.000407},
  .hardness = {1.8, 0.0213, -0.0906, 0.118, -0.17, -0.0407, 0.0621, 0.441},
  .kept = {1.01e+06, 23.9, 286, 40.5, 0},
  .spread = {38.1},
};

/* Of one iteration: steps of the orbitals, potentials, matrix elements, blocks (matrices, eigenpairs), vectors, companions. */
static void efforts(const afb_work *w, double e[AFB_COST_EFFORTS])
{
  e[0] = 1e-4 * w->n_orbitals * w->n_points;
  e[1] = 1e-5 * w->n_potentials * w->n_points;
  e[2] = 1e-4 * w->n_entries;
  e[3] = 1e-5 * w->squares;
  e[4] = 1e-7 * w->cubes;
  e[5] = 1e-4 * w->vectors;
  e[6] = 1e-3 * w->n_alone * w->n_points;
}

static void hardness(const afb_work *w, double h[AFB_COST_HARDNESS])
{
  h[0] = 1.0;
  h[1] = fmin(w->n_configurations, 8);
  h[2] = fmin(w->n_alone, 4);
  h[3] = fmin(w->n_alike, 8);
  h[4] = w->warm;
  h[5] = log(w->charge);
  h[6] = log(fmax(w->n_csf, 1.0));
  h[7] = log(w->n_orbitals + 1.0);
}

static void kept(const afb_work *w, double b[AFB_COST_KEPT])
{
  b[0] = 1.0;
  b[1] = w->n_potentials * w->n_points;
  b[2] = w->n_orbitals * w->n_points;
  b[3] = w->n_csf * w->n_orbitals + w->vectors;
  b[4] = pow(fmin(w->largest, 2000.0), 2);   /* larger blocks have no dense matrix */
}

static void spread(const afb_work *w, double s[AFB_COST_SPREAD]) { s[0] = w->n_entries; }

static double dot(int n, const double *x, const double *y)
{
  double sum = 0.0;
  for (int i = 0; i < n; i++)
    sum += x[i] * y[i];
  return sum;
}

static double iterations(const afb_cost_model *m, const afb_work *work)
{
  double h[AFB_COST_HARDNESS];
  hardness(work, h);
  /* No set takes less, nor more: the ladder ends. */
  return fmin(fmax(exp(dot(AFB_COST_HARDNESS, m->hardness, h)), 1.0), 1e4);
}

void afb_cost_predict(const afb_cost_model *m, const afb_work *work, afb_engine_cost *cost)
{
  double e[AFB_COST_EFFORTS], b[AFB_COST_KEPT], s[AFB_COST_SPREAD];
  efforts(work, e);
  kept(work, b);
  spread(work, s);
  *cost = (afb_engine_cost){.core_seconds = iterations(m, work) * dot(AFB_COST_EFFORTS, m->effort, e),
                            .bytes = dot(AFB_COST_KEPT, m->kept, b), .spread_bytes = dot(AFB_COST_SPREAD, m->spread, s)};
}

/* c[k] of the least sum w (y - x c)^2 over the columns with used[k], zero for the others. */
static afb_status solve_weighted(int n, int k, const double *x, const double *y, const double *w, const int *used, double *c)
{
  double matrix[MOST_COLUMNS * MOST_COLUMNS] = {0};
  memset(c, 0, (size_t)k * sizeof *c);
  for (int i = 0; i < n; i++)
    for (int a = 0; a < k; a++)
      for (int b = 0; b <= a && used[a]; b++)
        matrix[a * k + b] += used[b] ? w[i] * x[i * k + a] * x[i * k + b] : 0.0;
  for (int i = 0; i < n; i++)
    for (int a = 0; a < k; a++)
      c[a] += used[a] ? w[i] * y[i] * x[i * k + a] : 0.0;
  /* What columns have in common alone is shared out among them; a column of zeros gets zero. */
  for (int a = 0; a < k; a++)
    matrix[a * k + a] += used[a] ? 1e-9 * matrix[a * k + a] + 1e-30 : 1.0;
  int one = 1, info;
  dposv_("U", &k, &one, matrix, &k, c, &k, &info);   /* the lower triangle by rows is the upper one by columns */
  return info == 0 ? AFB_OK : AFB_FAIL(AFB_E_NUMERIC, "the runs do not determine the coefficients of the cost model");
}

/* The same with c >= 0: the most negative one is left out until there is none. */
static afb_status solve_positive(int n, int k, const double *x, const double *y, const double *w, int positive, double *c)
{
  int used[MOST_COLUMNS], worst = 0;
  for (int a = 0; a < k; a++)
    used[a] = 1;
  while (worst >= 0) {
    AFB_TRY(solve_weighted(n, k, x, y, w, used, c));
    worst = -1;
    for (int a = 0; a < k && positive; a++)
      if (c[a] < 0.0 && (worst < 0 || c[a] < c[worst]))
        worst = a;
    if (worst >= 0)
      used[worst] = 0;
  }
  return AFB_OK;
}

/* Columns of x[n][k] get the norm 1; norm[k] is what they had. */
static void scale_columns(int n, int k, double *x, double *norm)
{
  for (int a = 0; a < k; a++) {
    double squares = 0.0;
    for (int i = 0; i < n; i++)
      squares += x[i * k + a] * x[i * k + a];
    norm[a] = squares > 0.0 ? sqrt(squares) : 1.0;
    for (int i = 0; i < n; i++)
      x[i * k + a] /= norm[a];
  }
}

/* c[k] of the least sum |y - x c|, by weighted least squares; x[n][k] is changed. With `bounded`, of the least sum 1 - exp(-((y - x c)/WIDTH)^2) near it:
 * what is far off counts as one that is missed, however far. */
static afb_status fit_robust(int n, int k, double *x, const double *y, int positive, int bounded, double *c)
{
  double norm[MOST_COLUMNS], least = 1e-9, *w = malloc(((size_t)n + 1) * sizeof *w);
  afb_status status = w ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d runs", n);
  scale_columns(n, k, x, norm);
  for (int i = 0; i < n; i++)
    least += SMALL * fabs(y[i]) / n;
  for (int i = 0; i < n && w; i++)
    w[i] = 1.0;
  for (int round = 0; round < REWEIGHTINGS && status == AFB_OK; round++) {
    status = solve_positive(n, k, x, y, w, positive, c);
    for (int i = 0; i < n; i++)
      w[i] = 1.0 / fmax(fabs(y[i] - dot(k, x + i * k, c)), least);
  }
  for (int round = 0; round < REWEIGHTINGS && bounded && status == AFB_OK; round++) {
    double width = WIDTH * fmax(1.0, 3.0 - 6.0 * round / REWEIGHTINGS);   /* narrower step by step */
    for (int i = 0; i < n; i++)
      w[i] = exp(-pow((y[i] - dot(k, x + i * k, c)) / width, 2));
    status = solve_positive(n, k, x, y, w, positive, c);
  }
  for (int a = 0; a < k; a++)
    c[a] /= norm[a];
  free(w);
  return status;
}

/* By what to raise ln(seconds) so that most runs are within a factor of two: most costs lie close together, and those that climb the ladder are above. */
static double best_shift(int n, const afb_cost_sample *sample, const afb_cost_model *m)
{
  double best = 0.0, most = -1.0;
  for (int step = -15; step <= 30; step++) {
    double within = 0.0, shift = 0.02 * step;
    for (int i = 0; i < n; i++) {
      afb_engine_cost cost;
      afb_cost_predict(m, &sample[i].work, &cost);
      double off = fabs(log(sample[i].seconds / cost.core_seconds) - shift) - log(2.0);
      within += 1.0 / (1.0 + exp(off / 0.08));
    }
    if (within > most) {
      most = within;
      best = shift;
    }
  }
  return best;
}

/* Effort and hardness in turn; the measured iterations are where it begins. x: [n][8], y: [n]. */
static afb_status fit_seconds(int n, const afb_cost_sample *sample, double *x, double *y, afb_cost_model *m)
{
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < n; i++) {
      double times = round == 0 ? sample[i].iterations : iterations(m, &sample[i].work);
      efforts(&sample[i].work, x + i * AFB_COST_EFFORTS);
      for (int k = 0; k < AFB_COST_EFFORTS; k++)
        x[i * AFB_COST_EFFORTS + k] *= times / sample[i].seconds;
      y[i] = 1.0;
    }
    AFB_TRY(fit_robust(n, AFB_COST_EFFORTS, x, y, 1, 0, m->effort));
    for (int i = 0; i < n; i++) {
      double e[AFB_COST_EFFORTS];
      efforts(&sample[i].work, e);
      hardness(&sample[i].work, x + i * AFB_COST_HARDNESS);
      y[i] = log(sample[i].seconds / dot(AFB_COST_EFFORTS, m->effort, e));
    }
    AFB_TRY(fit_robust(n, AFB_COST_HARDNESS, x, y, 0, 1, m->hardness));
  }
  m->hardness[0] += best_shift(n, sample, m);   /* hardness[0] is the constant */
  return AFB_OK;
}

static afb_status fit_bytes(int n, const afb_cost_sample *sample, double *x, double *y, afb_cost_model *m)
{
  enum { COLUMNS = AFB_COST_KEPT + AFB_COST_SPREAD };
  double c[COLUMNS];
  int rows = 0;
  for (int i = 0; i < n; i++) {
    if (!(sample[i].bytes > 0.0))
      continue;
    double *row = x + rows * COLUMNS;
    kept(&sample[i].work, row);
    spread(&sample[i].work, row + AFB_COST_KEPT);
    /* Between absolute and relative errors: the large runs are few, but it is for them that memory matters. */
    double root = sqrt(sample[i].bytes);
    for (int k = 0; k < COLUMNS; k++)
      row[k] /= root;
    y[rows++] = root;
  }
  if (rows < COLUMNS)
    return AFB_OK;
  AFB_TRY(fit_robust(rows, COLUMNS, x, y, 1, 0, c));
  memcpy(m->kept, c, sizeof m->kept);
  memcpy(m->spread, c + AFB_COST_KEPT, sizeof m->spread);
  return AFB_OK;
}

afb_status afb_cost_fit(int n, const afb_cost_sample *sample, afb_cost_model *model)
{
  afb_cost_sample *timed = calloc((size_t)n + 1, sizeof *timed);
  double *x = malloc(((size_t)n + 1) * MOST_COLUMNS * sizeof *x), *y = malloc(((size_t)n + 1) * sizeof *y);
  int m = 0;
  for (int i = 0; i < n && timed; i++)
    if (sample[i].seconds > 0.0 && sample[i].iterations > 0)
      timed[m++] = sample[i];
  afb_status status = timed && x && y ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d runs", n);
  if (status == AFB_OK && m < 2 * MOST_COLUMNS)
    status = AFB_FAIL(AFB_E_INPUT, "%d runs with an iteration are too few for the coefficients of the cost model: %d at least", m, 2 * MOST_COLUMNS);
  if (status == AFB_OK)
    status = fit_seconds(m, timed, x, y, model);
  if (status == AFB_OK)
    status = fit_bytes(n, sample, x, y, model);
  free(timed);
  free(x);
  free(y);
  return status;
}
