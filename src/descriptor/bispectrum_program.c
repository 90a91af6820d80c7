#include "descriptor/bispectrum_program.h"

#include <math.h>
#include <stdlib.h>

/* sqrt(n! (n+p+q)! / ((n+p)! (n+q)!)) times the leading coefficient of P_n^(q,p), binomial(2n+p+q, n)/2^n. */
static double scale_of(int n, int p, int q)
{
  double square = 1, leading = 1;
  for (int k = 1; k <= q; k++)
    square *= (double)(n + p + k) / (n + k);
  for (int k = 1; k <= n; k++)
    leading *= (double)(n + p + q + k) / (2.0 * k);
  return sqrt(square) * leading;
}

/* Of the monic P_n^(alpha,beta) (Gautschi, Orthogonal Polynomials, table 1.1). */
static double recursion_beta(int n, int alpha, int beta)
{
  double s = 2.0 * n + alpha + beta;
  return alpha == beta ? 0 : n == 0 ? (beta - alpha) / (s + 2) : (double)(beta * beta - alpha * alpha) / (s * (s + 2));
}

static double recursion_gamma(int n, int alpha, int beta)
{
  double s = 2.0 * n + alpha + beta;
  if (n == 0)
    return 0;
  if (n == 1)
    return 4.0 * (1 + alpha) * (1 + beta) / (s * s * (s + 1));
  return 4.0 * n * (n + alpha) * (n + beta) * (n + alpha + beta) / (s * s * (s + 1) * (s - 1));
}

static afb_place place_of(int n, int p, int q, int with_b)
{
  int j = 2 * n + p + q, mb = with_b ? n + q : n, ma = with_b ? n : n + q;
  double scale = scale_of(n, p, q), sign = q & 1 ? -1 : 1;
  return (afb_place){.index = afb_u_index(j, mb, ma), .mirror = afb_u_index(j, j - mb, j - ma),
                     .scale = with_b ? scale : sign * scale, .mirror_scale = with_b ? sign * scale : scale};
}

static void list_places(afb_program *program)
{
  int top = program->j_top;
  afb_place *place = program->place;
  double (*recursion)[2] = program->recursion;
  for (int p = 0; p <= top; p++)
    for (int q = 0; q <= top - p; q++)
      for (int n = 0; n <= (top - p - q) / 2; n++) {
        *place++ = place_of(n, p, q, 0);
        if (p > 0 && q > 0)
          *place++ = place_of(n, p, q, 1);
        if (n > 0) {
          (*recursion)[0] = recursion_beta(n - 1, q, p);
          (*recursion)[1] = recursion_gamma(n - 1, q, p);
          recursion++;
        }
      }
  program->n_places = (int)(place - program->place);
}

/* A way to sum a component: layers of the factors and c(m1, m2) for m = m1 + m2 - shift. */
typedef struct {
  int layer[3], factor[3], shift, equal;
  double c[AFB_BISPECTRUM_MAX_TWOJ + 1][AFB_BISPECTRUM_MAX_TWOJ + 1];
} way;

/* The six ways: factor `out` is the third, the other two in either order. A factor that was conj(u3) and is now one of the first two, or
 * the reverse, is turned over together with the one that remains: a sign (-1)^m and m -> layer - m. */
static way way_of(const struct afb_bispectrum *plan, const afb_triple *t, int out, int swap)
{
  const int layer[3] = {t->j1, t->j2, t->j};
  const double *cg = plan->cg + t->cg;
  int first = out == 2 ? 0 : 2, second = out == 2 ? 1 : 1 - out;
  way w = {.factor = {swap ? second : first, swap ? first : second, out}};
  for (int k = 0; k < 3; k++)
    w.layer[k] = layer[w.factor[k]];
  w.shift = (w.layer[0] + w.layer[1] - w.layer[2]) / 2;
  w.equal = w.layer[0] == w.layer[1];
  for (int m1 = 0; m1 <= t->j1; m1++)
    for (int m2 = 0; m2 <= t->j2; m2++) {
      int m[3] = {m1, m2, m1 + m2 - (t->j1 + t->j2 - t->j) / 2}, sign = 1;
      if (m[2] < 0 || m[2] > t->j)
        continue;
      if (out != 2) {
        sign = m[second] & 1 ? -1 : 1;
        m[second] = layer[second] - m[second];
      }
      w.c[m[w.factor[0]]][m[w.factor[1]]] = sign * cg[m1 * (t->j2 + 1) + m2];
    }
  return w;
}

static int larger(int a, int b) { return a > b ? a : b; }
static int smaller(int a, int b) { return a < b ? a : b; }

/* mb2 that go with mb1 to the rows mb <= mb_top. */
static void row_range(const way *w, int mb_top, int mb1, int *from, int *to)
{
  *from = larger(0, w->shift - mb1);
  if (w->equal)
    *from = larger(*from, mb1);
  *to = smaller(w->layer[1], mb_top + w->shift - mb1);
}

/* Half of the elements of the third layer: ma < j/2, and of the middle column mb <= j/2. */
static int last_row(const way *w, int ma) { return 2 * ma < w->layer[2] ? w->layer[2] : w->layer[2] / 2; }

/* Instructions of a way. */
static int64_t cost_of(const way *w)
{
  int64_t cost = 0;
  for (int ma = 0; 2 * ma <= w->layer[2]; ma++) {
    int length = smaller(w->layer[0], ma + w->shift) - larger(0, ma + w->shift - w->layer[1]) + 1, from, to;
    for (int mb1 = 0; mb1 <= w->layer[0]; mb1++) {
      row_range(w, last_row(w, ma), mb1, &from, &to);
      if (to >= from)
        cost += 2 * length + 25 + (to - from + 1) * (4 * length + 5);
    }
  }
  return cost;
}

static way cheapest_way(const struct afb_bispectrum *plan, const afb_triple *t)
{
  way best = way_of(plan, t, 2, 0);
  for (int k = 1; k < 6; k++) {
    way w = way_of(plan, t, k / 2 == 0 ? 2 : k / 2 - 1, k % 2);
    if (cost_of(&w) < cost_of(&best))
      best = w;
  }
  return best;
}

/* Room for n more of an array. */
static afb_status extend(void **array, size_t size, int used, int n, int *capacity)
{
  if (used + n <= *capacity)
    return AFB_OK;
  int wanted = 2 * (used + n);
  void *larger_array = realloc(*array, (size_t)wanted * size);
  if (!larger_array)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the tables of the bispectrum");
  *array = larger_array;
  *capacity = wanted;
  return AFB_OK;
}

/* Rows and outer coefficients of the columns with a last row mb_top; `middle`: the column of the middle element, which counts half. The two halves of
 * the layer and the component's scale are in the coefficients. */
static afb_status add_rows(const way *w, int mb_top, int middle, double scale, afb_program *program)
{
  int n1 = w->layer[0] + 1, n2 = w->layer[1] + 1;
  void *rows = program->rows, *coefficient = program->coefficient;
  afb_status status = extend(&rows, sizeof *program->rows, program->n_rows, n1, &program->rows_capacity);
  program->rows = rows;
  if (status == AFB_OK)
    status = extend(&coefficient, sizeof *program->coefficient, program->n_coefficients, n1 * n2, &program->coefficient_capacity);
  program->coefficient = coefficient;
  AFB_TRY(status);
  for (int mb1 = 0; mb1 < n1; mb1++) {
    int from, to;
    row_range(w, mb_top, mb1, &from, &to);
    if (to < from)
      continue;
    program->rows[program->n_rows++] = (afb_rows){.u1 = mb1 * n1, .u2 = from * n2, .u3 = (mb1 + from - w->shift) * (w->layer[2] + 1),
                                                  .n = to - from + 1};
    for (int mb2 = from; mb2 <= to; mb2++) {
      int at_middle = middle && 2 * (mb1 + mb2 - w->shift) == w->layer[2];
      double weight = scale * (at_middle ? 1 : 2) * (w->equal && mb2 > mb1 ? 2 : 1);
      program->coefficient[program->n_coefficients++] = weight * w->c[mb1][mb2];
    }
  }
  return AFB_OK;
}

/* Steps of column ma, at most `longest` of ma1 in each and all of nearly the same length. */
static afb_status add_column(const way *w, int ma, int longest, afb_step step, afb_program *program)
{
  int total = ma + w->shift, low = larger(0, total - w->layer[1]), n = smaller(w->layer[0], total) - low + 1;
  int parts = (n + longest - 1) / longest;
  void *array = program->step, *coefficient = program->coefficient;
  afb_status status = extend(&array, sizeof *program->step, program->n_steps, parts, &program->step_capacity);
  program->step = array;
  if (status == AFB_OK)
    status = extend(&coefficient, sizeof *program->coefficient, program->n_coefficients, n, &program->coefficient_capacity);
  program->coefficient = coefficient;
  AFB_TRY(status);
  for (int part = 0; part < parts; part++) {
    int from = low + n * part / parts, to = low + n * (part + 1) / parts;
    step.length = to - from;
    step.u1 = afb_u_block(w->layer[0]) + from;
    step.u2 = afb_u_block(w->layer[1]) + total - from;
    step.u3 = afb_u_block(w->layer[2]) + ma;
    step.inner = program->n_coefficients;
    for (int ma1 = from; ma1 < to; ma1++)
      program->coefficient[program->n_coefficients++] = w->c[ma1][total - ma1];
    program->step[program->n_steps++] = step;
  }
  return AFB_OK;
}

static afb_status add_product(const way *w, double scale, int longest, afb_program *program, afb_product *product)
{
  int j = w->layer[2];
  *product = (afb_product){.step = program->n_steps, .stride2 = w->layer[1] + 1, .stride3 = j + 1,
                           .factor = {w->factor[0], w->factor[1], w->factor[2]}};
  afb_step step = {0};
  for (int ma = 0; 2 * ma <= j; ma++) {
    int middle = 2 * ma == j;
    if (ma == 0 || middle) {
      step.rows = program->n_rows;
      step.outer = program->n_coefficients;
      AFB_TRY(add_rows(w, last_row(w, ma), middle, scale, program));
      step.n_rows = program->n_rows - step.rows;
    }
    if (step.n_rows)
      AFB_TRY(add_column(w, ma, longest, step, program));
  }
  product->n_steps = program->n_steps - product->step;
  return AFB_OK;
}

static afb_status add_components(const struct afb_bispectrum *plan, int longest, afb_program *program)
{
  for (int t = 0; t < plan->n_triples; t++) {
    const afb_triple *triple = &plan->triple[t];
    way w = cheapest_way(plan, triple);
    AFB_TRY(add_product(&w, triple->scale, longest, program, &program->component[t].same));
    program->component[t].any = program->component[t].same;
    if (!w.equal || plan->n_channels == 1)
      continue;
    w.equal = 0;
    AFB_TRY(add_product(&w, triple->scale, longest, program, &program->component[t].any));
  }
  return AFB_OK;
}

afb_status afb_program_create(const struct afb_bispectrum *plan, int longest, afb_program *program)
{
  size_t n = (size_t)plan->n_u;
  *program = (afb_program){.j_top = plan->j_top};
  program->place = malloc(n * sizeof *program->place);
  program->recursion = malloc(n * sizeof *program->recursion);
  program->component = malloc((size_t)(plan->n_triples + 1) * sizeof *program->component);
  afb_status status = AFB_OK;
  if (!program->place || !program->recursion || !program->component)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the tables of the bispectrum");
  if (status == AFB_OK) {
    list_places(program);
    status = add_components(plan, longest, program);
  }
  if (status != AFB_OK)
    afb_program_clear(program);
  return status;
}

void afb_program_clear(afb_program *program)
{
  free(program->place);
  free(program->recursion);
  free(program->component);
  free(program->step);
  free(program->rows);
  free(program->coefficient);
  *program = (afb_program){0};
}
