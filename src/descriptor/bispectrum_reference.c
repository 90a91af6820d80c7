/* The bispectrum in plain loops, equation by equation: what the fast kernels are tested against. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor/bispectrum_plan.h"

static const double pi = 3.14159265358979323846;

typedef struct {
  double complex *U;           /* [n_channels][n_u] of the centre */
  double complex *Y;           /* [n_channels][n_u]: change of an energy is Re sum conj(Y) dU */
  double complex *y;           /* [3][n_u] the same of one component, for its three factors */
  double complex *u, *du[3];   /* [n_u] of one neighbour and its derivatives, with weight and switching */
} reference_work;

static int available(void) { return 1; }

static void destroy(void **work)
{
  reference_work *w = *work;
  if (!w)
    return;
  free(w->U);
  free(w);
  *work = NULL;
}

static afb_status create(const struct afb_bispectrum *plan, void **work)
{
  size_t n = (size_t)plan->n_u, all = n * (size_t)plan->n_channels;
  reference_work *w = calloc(1, sizeof *w);
  *work = w;
  if (w)
    w->U = calloc(2 * all + 7 * n, sizeof *w->U);
  if (!w || !w->U) {
    destroy(work);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the work space of the bispectrum");
  }
  w->Y = w->U + all;
  w->y = w->Y + all;
  w->u = w->y + 3 * n;
  for (int k = 0; k < 3; k++)
    w->du[k] = w->u + (size_t)(k + 1) * n;
  return AFB_OK;
}

/* Weight of a neighbour, w_j fc(r), and its derivative by r. */
static double weight_of(const struct afb_bispectrum *plan, int row, int element, double r, double cutoff, double *slope)
{
  const afb_bispectrum_settings *s = &plan->settings;
  double f = 1, df = 0;
  *slope = 0;
  if (!(r < cutoff))
    return 0;
  if (s->switching && r > s->rmin0) {
    double k = pi / (cutoff - s->rmin0);
    f = (cos(k * (r - s->rmin0)) + 1) / 2;
    df = -k * sin(k * (r - s->rmin0)) / 2;
  }
  if (s->inner_switching) {
    int i = row * s->n_elements + element;
    double from = plan->inner_s[i], d = plan->inner_d[i], g = 1, dg = 0;
    if (r <= from - d) {
      g = 0;
    } else if (r < from + d) {
      double k = pi / (2 * d);
      g = (1 - cos(pi / 2 + k * (r - from))) / 2;
      dg = k * sin(pi / 2 + k * (r - from)) / 2;
    }
    df = df * g + f * dg;
    f *= g;
  }
  *slope = s->weight[element] * df;
  return s->weight[element] * f;
}

/* u^j and, where du is not NULL, its derivatives by x, y, z from those of the Cayley-Klein parameters a, b:
 *   u^j[mb][ma] = sqrt((j-ma)/(j-mb)) a* u^{j-1}[mb][ma] - sqrt(ma/(j-mb)) b* u^{j-1}[mb][ma-1],   2 mb <= j,
 * and the other rows by symmetry (Varshalovich, Moskalev, Khersonskii, Quantum Theory of Angular Momentum, 4.8.2). */
static void recursion(int j_top, double complex a, double complex b, const double complex da[3], const double complex db[3],
                      double complex *u, double complex *du[3])
{
  double complex ac = conj(a), bc = conj(b);
  u[0] = 1;
  for (int k = 0; du && k < 3; k++)
    du[k][0] = 0;
  for (int j = 1; j <= j_top; j++)
    for (int mb = 0; mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++) {
        int to = afb_u_index(j, mb, ma);
        if (2 * mb > j) {
          int mirror = afb_u_index(j, j - mb, j - ma), sign = (ma - mb) & 1 ? -1 : 1;
          u[to] = sign * conj(u[mirror]);
          for (int k = 0; du && k < 3; k++)
            du[k][to] = sign * conj(du[k][mirror]);
          continue;
        }
        double same = ma < j ? sqrt((double)(j - ma) / (j - mb)) : 0, lower = ma > 0 ? sqrt((double)ma / (j - mb)) : 0;
        int from = ma < j ? afb_u_index(j - 1, mb, ma) : 0, below = ma > 0 ? afb_u_index(j - 1, mb, ma - 1) : 0;
        u[to] = same * ac * u[from] - lower * bc * u[below];
        for (int k = 0; du && k < 3; k++)
          du[k][to] = same * (conj(da[k]) * u[from] + ac * du[k][from]) - lower * (conj(db[k]) * u[below] + bc * du[k][below]);
      }
}

/* w fc u of a pair into w->u; with `derivatives` its derivatives by the neighbour's position into w->du. */
static void neighbour_u(const struct afb_bispectrum *plan, reference_work *w, const afb_neighbours *list, int64_t c, int64_t pair,
                        int derivatives)
{
  const afb_bispectrum_settings *s = &plan->settings;
  double d[3] = {list->x[pair], list->y[pair], list->z[pair]}, slope;
  double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), cutoff = afb_plan_cutoff(plan, list, c, pair);
  double weight = weight_of(plan, afb_plan_row(plan, list->centre_element[c]), list->element[pair], r, cutoff, &slope);
  double dtheta = s->rfac0 * pi / (cutoff - s->rmin0), theta = dtheta * (r - s->rmin0);
  double cosine = cos(theta), sine = sin(theta), q = sine / r, dq = (cosine * dtheta - q) / r;
  double complex a = cosine - I * q * d[2], b = q * (d[1] - I * d[0]), da[3], db[3];
  for (int k = 0; k < 3; k++) {
    double e = d[k] / r;
    da[k] = -sine * dtheta * e - I * (dq * e * d[2] + (k == 2 ? q : 0));
    db[k] = dq * e * d[1] + (k == 1 ? q : 0) - I * (dq * e * d[0] + (k == 0 ? q : 0));
  }
  recursion(plan->j_top, a, b, da, db, w->u, derivatives ? w->du : NULL);
  for (int i = 0; i < plan->n_u; i++) {
    for (int k = 0; derivatives && k < 3; k++)
      w->du[k][i] = weight * w->du[k][i] + slope * d[k] / r * w->u[i];
    w->u[i] *= weight;
  }
}

/* U of a centre: self 1 + sum over neighbours. */
static void total_u(const struct afb_bispectrum *plan, reference_work *w, const afb_neighbours *list, int64_t c)
{
  memset(w->U, 0, (size_t)(plan->n_channels * plan->n_u) * sizeof *w->U);
  for (int channel = 0; channel < plan->n_channels; channel++)
    for (int j = 0; j <= plan->j_top; j++)
      for (int m = 0; m <= j; m++)
        w->U[channel * plan->n_u + afb_u_index(j, m, m)] = afb_plan_self(plan, list->centre_element[c], channel);
  for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
    neighbour_u(plan, w, list, c, p, 0);
    double complex *U = w->U + afb_plan_channel(plan, list->element[p]) * plan->n_u;
    for (int i = 0; i < plan->n_u; i++)
      U[i] += w->u[i];
  }
}

/* B = sum over all projections of Re(conj(u3) C C u1 u2), the factors from three channels (all three the same without chem).
 * Where y is not NULL: y[k] such that dB = sum_k Re sum conj(y[k]) du_k; y [3][n_u], only the layers of the triple are set. */
static double component(const struct afb_bispectrum *plan, const afb_triple *t, const double complex *u1, const double complex *u2,
                        const double complex *u3, double complex *y)
{
  int shift = (t->j1 + t->j2 - t->j) / 2, j1 = t->j1, j2 = t->j2, n_u = plan->n_u;
  const double *cg = plan->cg + t->cg;
  double sum = 0;
  int layer[3] = {j1, j2, t->j};
  for (int k = 0; y && k < 3; k++)
    memset(y + k * n_u + afb_u_block(layer[k]), 0, (size_t)((layer[k] + 1) * (layer[k] + 1)) * sizeof *y);
  for (int mb1 = 0; mb1 <= j1; mb1++)
    for (int mb2 = 0; mb2 <= j2; mb2++)
      for (int ma1 = 0; ma1 <= j1; ma1++)
        for (int ma2 = 0; ma2 <= j2; ma2++) {
          int mb = mb1 + mb2 - shift, ma = ma1 + ma2 - shift;
          if (mb < 0 || mb > t->j || ma < 0 || ma > t->j)
            continue;
          int i1 = afb_u_index(j1, mb1, ma1), i2 = afb_u_index(j2, mb2, ma2), i3 = afb_u_index(t->j, mb, ma);
          double c = t->scale * cg[mb1 * (j2 + 1) + mb2] * cg[ma1 * (j2 + 1) + ma2];
          double complex product = u1[i1] * u2[i2];
          sum += c * creal(conj(u3[i3]) * product);
          if (y) {
            y[i1] += c * u3[i3] * conj(u2[i2]);
            y[n_u + i2] += c * u3[i3] * conj(u1[i1]);
            y[2 * n_u + i3] += c * product;
          }
        }
  return sum;
}

static double real_product(int n, const double complex *y, const double complex *du)
{
  double sum = 0;
  for (int i = 0; i < n; i++)
    sum += creal(y[i]) * creal(du[i]) + cimag(y[i]) * cimag(du[i]);
  return sum;
}

/* Triple of a linear column and the channels of its factors. */
static const afb_triple *column_of(const struct afb_bispectrum *plan, int column, int channel[3])
{
  int elements = column / plan->n_triples, n = plan->n_channels;
  channel[0] = elements / n / n;
  channel[1] = elements / n % n;
  channel[2] = elements % n;
  return &plan->triple[column % plan->n_triples];
}

static double column_value(const struct afb_bispectrum *plan, const reference_work *w, int column, double complex *y)
{
  int channel[3];
  const afb_triple *t = column_of(plan, column, channel);
  return component(plan, t, w->U + channel[0] * plan->n_u, w->U + channel[1] * plan->n_u, w->U + channel[2] * plan->n_u, y);
}

static afb_status values(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b)
{
  reference_work *w = work;
  for (int64_t c = 0; c < list->n_centres; c++) {
    total_u(plan, w, list, c);
    for (int k = 0; k < plan->n_linear; k++)
      b[c * plan->n_linear + k] = column_value(plan, w, k, NULL);
  }
  return AFB_OK;
}

/* Derivatives of one column by the pairs of a centre; `all` holds du of all of them, [n][3][n_u]. */
static void column_derivatives(const struct afb_bispectrum *plan, const reference_work *w, const afb_neighbours *list, int64_t c,
                               const double complex *all, int column, double *db)
{
  int channel[3], n_u = plan->n_u;
  const afb_triple *t = column_of(plan, column, channel);
  int layer[3] = {t->j1, t->j2, t->j};
  for (int64_t p = list->first[c]; p < list->first[c + 1]; p++)
    for (int k = 0; k < 3; k++) {
      const double complex *du = all + (3 * (p - list->first[c]) + k) * n_u;
      double sum = 0;
      for (int f = 0; f < 3; f++) {
        int at = afb_u_block(layer[f]);
        if (channel[f] == afb_plan_channel(plan, list->element[p]))
          sum += real_product((layer[f] + 1) * (layer[f] + 1), w->y + f * n_u + at, du + at);
      }
      db[(3 * p + k) * plan->n_linear + column] = sum;
    }
}

static afb_status derivatives(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, double *b, double *db)
{
  reference_work *w = work;
  int64_t longest = 0;
  for (int64_t c = 0; c < list->n_centres; c++)
    longest = list->first[c + 1] - list->first[c] > longest ? list->first[c + 1] - list->first[c] : longest;
  double complex *all = malloc((size_t)(longest * 3 * plan->n_u + 1) * sizeof *all);
  if (!all)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the derivatives of %lld neighbours", (long long)longest);
  for (int64_t c = 0; c < list->n_centres; c++) {
    total_u(plan, w, list, c);
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      neighbour_u(plan, w, list, c, p, 1);
      for (int k = 0; k < 3; k++)
        memcpy(all + (3 * (p - list->first[c]) + k) * plan->n_u, w->du[k], (size_t)plan->n_u * sizeof *all);
    }
    for (int column = 0; column < plan->n_linear; column++) {
      double value = column_value(plan, w, column, w->y);
      if (b)
        b[c * plan->n_linear + column] = value;
      column_derivatives(plan, w, list, c, all, column, db);
    }
  }
  free(all);
  return AFB_OK;
}

static afb_status gradients(const struct afb_bispectrum *plan, void *work, const afb_neighbours *list, const double *beta,
                            double *energy, double *gradient)
{
  reference_work *w = work;
  int n_u = plan->n_u, channel[3];
  for (int64_t c = 0; c < list->n_centres; c++) {
    total_u(plan, w, list, c);
    memset(w->Y, 0, (size_t)(plan->n_channels * n_u) * sizeof *w->Y);
    double sum = 0;
    for (int column = 0; column < plan->n_linear; column++) {
      double factor = beta[c * plan->n_linear + column];
      sum += factor * column_value(plan, w, column, w->y);
      const afb_triple *t = column_of(plan, column, channel);
      int layer[3] = {t->j1, t->j2, t->j};
      for (int f = 0; f < 3; f++)
        for (int i = afb_u_block(layer[f]); i < afb_u_block(layer[f] + 1); i++)
          w->Y[channel[f] * n_u + i] += factor * w->y[f * n_u + i];
    }
    if (energy)
      energy[c] = sum;
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      neighbour_u(plan, w, list, c, p, 1);
      const double complex *Y = w->Y + afb_plan_channel(plan, list->element[p]) * n_u;
      for (int k = 0; k < 3; k++)
        gradient[3 * p + k] = real_product(n_u, Y, w->du[k]);
    }
  }
  return AFB_OK;
}

const afb_bispectrum_kernel_ops afb_kernel_reference = {"reference", 1, available, create, destroy, values, derivatives, gradients};
