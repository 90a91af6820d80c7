#include "descriptor/bispectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor/bispectrum_plan.h"
#include "numeric/racah.h"

/* From the widest to the plainest: AFB_KERNEL_AUTO takes the first that the processor has. */
static const struct {
  afb_kernel kernel;
  const afb_bispectrum_kernel_ops *ops;
} kernels[] = {
  {AFB_KERNEL_8, &afb_kernel_8},
  {AFB_KERNEL_4, &afb_kernel_4},
  {AFB_KERNEL_2, &afb_kernel_2},
  {AFB_KERNEL_REFERENCE, &afb_kernel_reference},
};

enum { N_KERNELS = sizeof kernels / sizeof kernels[0], MAX_COLUMNS = 1 << 26 };

void afb_bispectrum_settings_default(afb_bispectrum_settings *settings)
{
  memset(settings, 0, sizeof *settings);
  settings->rfac0 = 0.99363;
  settings->switching = 1;
  settings->bzero = 1;
  settings->self = 1;
  for (int e = 0; e < AFB_MAX_ELEMENTS; e++) {
    settings->weight[e] = 1;
    settings->channel[e] = e;
  }
}

void afb_clebsch_gordan(int j1, int j2, int j, double *table)
{
  for (int a = 0; a <= j1; a++)
    for (int b = 0; b <= j2; b++) {
      int m1 = 2 * a - j1, m2 = 2 * b - j2, m = m1 + m2;
      double symbol = abs(m) > j ? 0 : sqrt(j + 1.0) * afb_wigner_3j(j1, j2, j, m1, m2, -m);
      table[a * (j2 + 1) + b] = ((j1 - j2 + m) / 2) & 1 ? -symbol : symbol;
    }
}

static afb_status check_elements(const afb_bispectrum_settings *s)
{
  if (s->n_elements < 1 || s->n_elements > AFB_MAX_ELEMENTS)
    return AFB_FAIL(AFB_E_INPUT, "%d elements: between 1 and %d can be described", s->n_elements, AFB_MAX_ELEMENTS);
  for (int e = 0; e < s->n_elements; e++) {
    double smallest = 2 * s->radius[e] * s->rcutfac;
    if (!(s->radius[e] > 0) || !isfinite(smallest))
      return AFB_FAIL(AFB_E_INPUT, "radius of element %d is %g: give a positive one", e + 1, s->radius[e]);
    if (!isfinite(s->weight[e]))
      return AFB_FAIL(AFB_E_INPUT, "weight of element %d is %g: give a finite one", e + 1, s->weight[e]);
    if (!(s->rmin0 >= 0) || !(2 * s->rmin0 <= smallest))
      return AFB_FAIL(AFB_E_INPUT, "rmin0 is %g angstrom: give at least 0 and at most half of the cut-off of element %d with itself, %g",
                      s->rmin0, e + 1, smallest);
    if (s->chem && (s->channel[e] < 0 || s->channel[e] >= AFB_MAX_ELEMENTS))
      return AFB_FAIL(AFB_E_INPUT, "channel of element %d is %d: give 0 to %d", e + 1, s->channel[e], AFB_MAX_ELEMENTS - 1);
    if (s->inner_switching && !(isfinite(s->inner_s[e]) && s->inner_d[e] > 0 && isfinite(s->inner_d[e])))
      return AFB_FAIL(AFB_E_INPUT, "inner_switch of element %d has s %g and d %g: give a finite s and a positive d", e + 1, s->inner_s[e],
                      s->inner_d[e]);
  }
  return AFB_OK;
}

static afb_status check_components(const afb_bispectrum_settings *s)
{
  int most = (int)(sizeof s->pair / sizeof s->pair[0]);
  if (s->n_pairs < 0 || s->n_pairs > most)
    return AFB_FAIL(AFB_E_INPUT, "%d pairs (2j1, 2j2): at most %d can be given", s->n_pairs, most);
  if (!s->n_pairs && (s->two_jmax < 0 || s->two_jmax > AFB_BISPECTRUM_MAX_TWOJ))
    return AFB_FAIL(AFB_E_INPUT, "twojmax is %d: give 0 to %d", s->two_jmax, AFB_BISPECTRUM_MAX_TWOJ);
  for (int p = 0; p < s->n_pairs; p++) {
    int j1 = s->pair[p][0], j2 = s->pair[p][1];
    if (j2 < 0 || j2 > j1 || j1 + j2 > AFB_BISPECTRUM_MAX_TWOJ)
      return AFB_FAIL(AFB_E_INPUT, "pair %d is (2j1, 2j2) = (%d, %d): give 2j1 >= 2j2 >= 0 with a sum of at most %d", p + 1, j1, j2,
                      AFB_BISPECTRUM_MAX_TWOJ);
  }
  return AFB_OK;
}

static afb_status check_settings(const afb_bispectrum_settings *s)
{
  if (!(s->rcutfac > 0) || !isfinite(s->rcutfac))
    return AFB_FAIL(AFB_E_INPUT, "rcutfac is %g: give a positive length in angstrom", s->rcutfac);
  if (!(s->rfac0 > 0 && s->rfac0 <= 1))
    return AFB_FAIL(AFB_E_INPUT, "rfac0 is %g: give more than 0 and at most 1", s->rfac0);
  if (!isfinite(s->self))
    return AFB_FAIL(AFB_E_INPUT, "the weight of the centre itself is %g: give a finite one", s->self);
  AFB_TRY(check_elements(s));
  AFB_TRY(check_components(s));
  if (s->adaptive != AFB_ADAPTIVE_NONE) {
    if (!(s->adaptive_number > 0) || !isfinite(s->adaptive_number))
      return AFB_FAIL(AFB_E_INPUT, "the adaptive cut-off aims at %g neighbours: give a positive number", s->adaptive_number);
    if (s->adaptive == AFB_ADAPTIVE_SMOOTH && !(s->adaptive_delta > 0 && isfinite(s->adaptive_delta)))
      return AFB_FAIL(AFB_E_INPUT, "the adaptive cut-off has the width delta %g: give a positive length in angstrom", s->adaptive_delta);
    if (s->rmin0 > 0)
      return AFB_FAIL(AFB_E_INPUT, "rmin0 is %g angstrom with an adaptive cut-off, which may become smaller than that: give rmin0 0", s->rmin0);
  }
  return AFB_OK;
}

/* Triples in the order of columns; only counted where `triple` is NULL. The offsets of their tables follow each other. */
static int list_triples(const afb_bispectrum_settings *s, afb_triple *triple, int64_t *cg_size)
{
  int n = 0, n_outer = s->n_pairs ? s->n_pairs : (s->two_jmax + 1) * (s->two_jmax + 1);
  *cg_size = 0;
  for (int p = 0; p < n_outer; p++) {
    int j1 = s->n_pairs ? s->pair[p][0] : p / (s->two_jmax + 1);
    int j2 = s->n_pairs ? s->pair[p][1] : p % (s->two_jmax + 1);
    for (int k = 0; k <= j2; k++) {
      int j = s->n_pairs ? j1 + j2 - 2 * k : j1 - j2 + 2 * k;
      if (!s->n_pairs && (j2 > j1 || j < j1 || j > s->two_jmax))
        continue;
      if (triple)
        triple[n] = (afb_triple){.j1 = j1, .j2 = j2, .j = j, .cg = *cg_size, .scale = s->bnorm ? 1.0 / (j + 1) : 1};
      *cg_size += (j1 + 1) * (j2 + 1);
      n++;
    }
  }
  return n;
}

/* n_linear and n_columns; the memory of a row is what limits them. */
static afb_status count_columns(afb_bispectrum *plan)
{
  const afb_bispectrum_settings *s = &plan->settings;
  plan->n_channels = 1;
  for (int e = 0; s->chem && e < s->n_elements; e++)
    if (s->channel[e] >= plan->n_channels)
      plan->n_channels = s->channel[e] + 1;
  double n = (double)plan->n_triples * plan->n_channels * plan->n_channels * plan->n_channels;
  double all = s->quadratic ? n + n * (n + 1) / 2 : n;
  if (all > MAX_COLUMNS)
    return AFB_FAIL(AFB_E_LIMIT,
                    "the bispectrum would have %.0f columns, %.3g GiB for each atom; at most %d can be: take a smaller twojmax%s%s", all,
                    all * 8 / 1073741824, (int)MAX_COLUMNS, s->chem ? ", fewer elements or no chem" : "", s->quadratic ? ", or not quadratic" : "");
  plan->n_linear = (int)n;
  plan->n_columns = (int)all;
  return AFB_OK;
}

static afb_status make_tables(afb_bispectrum *plan)
{
  const afb_bispectrum_settings *s = &plan->settings;
  int64_t cg_size;
  plan->n_triples = list_triples(s, NULL, &cg_size);
  AFB_TRY(count_columns(plan));
  size_t n_pairs = (size_t)(s->n_elements + 1) * (size_t)s->n_elements;
  plan->triple = malloc((size_t)plan->n_triples * sizeof *plan->triple);
  plan->zero = malloc((size_t)plan->n_triples * sizeof *plan->zero);
  plan->cg = malloc((size_t)cg_size * sizeof *plan->cg);
  plan->cutoff = malloc(3 * n_pairs * sizeof *plan->cutoff);
  if (!plan->triple || !plan->zero || !plan->cg || !plan->cutoff)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the tables of the bispectrum");
  list_triples(s, plan->triple, &cg_size);
  plan->j_top = 0;
  for (int t = 0; t < plan->n_triples; t++) {
    const afb_triple *triple = &plan->triple[t];
    afb_clebsch_gordan(triple->j1, triple->j2, triple->j, plan->cg + triple->cg);
    plan->zero[t] = s->bzero ? s->self * s->self * s->self * (triple->j + 1) * triple->scale : 0;
    plan->j_top = triple->j1 > plan->j_top ? triple->j1 : plan->j_top;
    plan->j_top = triple->j > plan->j_top ? triple->j : plan->j_top;
  }
  plan->n_u = afb_u_block(plan->j_top + 1);
  plan->inner_s = plan->cutoff + n_pairs;
  plan->inner_d = plan->inner_s + n_pairs;
  for (int row = 0; row <= s->n_elements; row++)
    for (int e = 0; e < s->n_elements; e++) {
      int i = row * s->n_elements + e, centre = row < s->n_elements ? row : e;
      plan->cutoff[i] = (s->radius[centre] + s->radius[e]) * s->rcutfac;
      plan->inner_s[i] = (s->inner_s[centre] + s->inner_s[e]) / 2;
      plan->inner_d[i] = (s->inner_d[centre] + s->inner_d[e]) / 2;
    }
  return AFB_OK;
}

static afb_status choose_kernel(afb_bispectrum *plan)
{
  afb_kernel wanted = plan->settings.kernel;
  for (int k = 0; k < N_KERNELS; k++)
    if ((wanted == AFB_KERNEL_AUTO || wanted == kernels[k].kernel) && kernels[k].ops->available()) {
      plan->ops = kernels[k].ops;
      return plan->ops->create(plan, &plan->work);
    }
  char names[128] = "";
  for (int k = 0; k < N_KERNELS; k++)
    if (kernels[k].ops->available()) {
      strcat(names, names[0] ? ", " : "");
      strcat(names, kernels[k].ops->name);
    }
  return AFB_FAIL(AFB_E_INPUT, "this processor has not the vectors of the wanted kernel: take one of auto, %s", names);
}

afb_status afb_bispectrum_create(const afb_bispectrum_settings *settings, afb_bispectrum **out)
{
  *out = NULL;
  AFB_TRY(check_settings(settings));
  afb_bispectrum *plan = calloc(1, sizeof *plan);
  if (!plan)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the tables of the bispectrum");
  plan->settings = *settings;
  afb_status status = make_tables(plan);
  if (status == AFB_OK)
    status = choose_kernel(plan);
  if (status != AFB_OK) {
    afb_bispectrum_destroy(&plan);
    return status;
  }
  *out = plan;
  return AFB_OK;
}

void afb_bispectrum_destroy(afb_bispectrum **bispectrum)
{
  afb_bispectrum *plan = *bispectrum;
  if (!plan)
    return;
  if (plan->work)
    plan->ops->destroy(&plan->work);
  free(plan->triple);
  free(plan->zero);
  free(plan->cg);
  free(plan->cutoff);
  free(plan->scratch);
  free(plan);
  *bispectrum = NULL;
}

const afb_bispectrum_settings *afb_bispectrum_get(const afb_bispectrum *bispectrum) { return &bispectrum->settings; }
int afb_bispectrum_n_linear(const afb_bispectrum *bispectrum) { return bispectrum->n_linear; }
int afb_bispectrum_n_columns(const afb_bispectrum *bispectrum) { return bispectrum->n_columns; }
const char *afb_bispectrum_kernel(const afb_bispectrum *bispectrum) { return bispectrum->ops->name; }

afb_bispectrum_component afb_bispectrum_column(const afb_bispectrum *bispectrum, int column)
{
  int other = -1, n = bispectrum->n_linear;
  if (column >= n) {
    int row = 0, rest = column - n;
    for (; rest >= n - row; row++)
      rest -= n - row;
    other = row + rest;
    column = row;
  }
  const afb_triple *triple = &bispectrum->triple[column % bispectrum->n_triples];
  int elements = column / bispectrum->n_triples, channels = bispectrum->n_channels, chem = bispectrum->settings.chem;
  return (afb_bispectrum_component){.two_j1 = triple->j1,
                                    .two_j2 = triple->j2,
                                    .two_j = triple->j,
                                    .element1 = chem ? elements / channels / channels : -1,
                                    .element2 = chem ? elements / channels % channels : -1,
                                    .element3 = chem ? elements % channels : -1,
                                    .other = other};
}

double afb_bispectrum_cutoffs(const afb_bispectrum *bispectrum, double *cutoff, double *grid_cutoff)
{
  int n = bispectrum->settings.n_elements;
  double largest = 0;
  memcpy(cutoff, bispectrum->cutoff, (size_t)(n * n) * sizeof *cutoff);
  memcpy(grid_cutoff, bispectrum->cutoff + n * n, (size_t)n * sizeof *grid_cutoff);
  for (int i = 0; i < (n + 1) * n; i++)
    largest = fmax(largest, bispectrum->cutoff[i]);
  return largest;
}

static afb_status reserve(afb_bispectrum *plan, int64_t size)
{
  if (size <= plan->scratch_size)
    return AFB_OK;
  free(plan->scratch);
  plan->scratch_size = 0;
  plan->scratch = malloc((size_t)size * sizeof *plan->scratch);
  if (!plan->scratch)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %.3g MiB of work space of the bispectrum", (double)size * 8 / 1048576);
  plan->scratch_size = size;
  return AFB_OK;
}

/* How many more than the wanted number of neighbours a cut-off takes in: each at a distance r counts 1 up to the cut-off, or
 * (1 - tanh((r - cutoff)/delta))/2. */
static double adaptive_excess(const afb_bispectrum_settings *s, const double *r, int64_t n, double cutoff)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += s->adaptive == AFB_ADAPTIVE_STEP ? r[i] <= cutoff : (1 - tanh((r[i] - cutoff) / s->adaptive_delta)) / 2;
  return sum - s->adaptive_number;
}

/* Bisection between 0.1 angstrom and `largest`, up to an exact hit or until the interval was at most 1e-8 angstrom before its last
 * halving. A step function has an interval of solutions and this takes the first that it meets: start and end are part of the definition,
 * those of the program that brought it. */
static double adaptive_cutoff(const afb_bispectrum_settings *s, const double *r, int64_t n, double largest)
{
  double low = 0.1, high = largest, excess_low = adaptive_excess(s, r, n, low), width;
  do {
    double middle = (low + high) / 2, excess = adaptive_excess(s, r, n, middle);
    width = fabs(high - low);
    if (excess == 0)
      return middle;
    if (excess * excess_low > 0) {
      low = middle;
      excess_low = excess;
    } else {
      high = middle;
    }
  } while (width > 1e-8);
  return (low + high) / 2;
}

/* The pairs of a list that lie below the adaptive cut-off of their centre. */
typedef struct {
  afb_neighbours list;
  double *cutoff;
} adaptive_list;

static void adaptive_clear(adaptive_list *a)
{
  free(a->list.first);
  free(a->list.x);
  free(a->list.element);
  free(a->cutoff);
}

static afb_status adaptive_find(const afb_bispectrum *plan, const afb_neighbours *list, adaptive_list *a)
{
  const afb_bispectrum_settings *s = &plan->settings;
  int64_t n_centres = list->n_centres, n_pairs = list->first[n_centres], longest = 0, n = 0;
  for (int64_t c = 0; c < n_centres; c++)
    longest = list->first[c + 1] - list->first[c] > longest ? list->first[c + 1] - list->first[c] : longest;
  double *r = malloc((size_t)(longest + 1) * sizeof *r);
  *a = (adaptive_list){.list = {.n_centres = n_centres, .centre_element = list->centre_element},
                       .cutoff = malloc((size_t)(n_centres + 1) * sizeof(double))};
  a->list.first = malloc((size_t)(n_centres + 1) * sizeof *a->list.first);
  a->list.x = malloc((size_t)(3 * n_pairs + 1) * sizeof *a->list.x);
  a->list.element = malloc((size_t)(n_pairs + 1) * sizeof *a->list.element);
  if (!r || !a->cutoff || !a->list.first || !a->list.x || !a->list.element) {
    free(r);
    adaptive_clear(a);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the neighbours below the adaptive cut-off");
  }
  a->list.y = a->list.x + n_pairs;
  a->list.z = a->list.y + n_pairs;
  a->list.first[0] = 0;
  for (int64_t c = 0; c < n_centres; c++) {
    const double *cutoff = plan->cutoff + afb_plan_row(plan, list->centre_element[c]) * s->n_elements;
    double largest = 0;
    for (int e = 0; e < s->n_elements; e++)
      largest = fmax(largest, cutoff[e]);
    int64_t first = list->first[c], in_reach = 0;
    for (int64_t p = first; p < list->first[c + 1]; p++) {
      double distance = sqrt(list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p]);
      if (distance < cutoff[list->element[p]])
        r[in_reach++] = distance;
    }
    a->cutoff[c] = adaptive_cutoff(s, r, in_reach, largest);
    for (int64_t p = first; p < list->first[c + 1]; p++) {
      double square = list->x[p] * list->x[p] + list->y[p] * list->y[p] + list->z[p] * list->z[p];
      if (square < a->cutoff[c] * a->cutoff[c] && sqrt(square) < cutoff[list->element[p]]) {
        a->list.x[n] = list->x[p];
        a->list.y[n] = list->y[p];
        a->list.z[n] = list->z[p];
        a->list.element[n++] = list->element[p];
      }
    }
    a->list.first[c + 1] = n;
  }
  free(r);
  return AFB_OK;
}

/* Linear columns of the kernel, with an adaptive cut-off where there is one. */
static afb_status linear_values(afb_bispectrum *plan, const afb_neighbours *list, double *b)
{
  if (plan->settings.adaptive == AFB_ADAPTIVE_NONE)
    return plan->ops->values(plan, plan->work, list, b);
  adaptive_list a;
  AFB_TRY(adaptive_find(plan, list, &a));
  plan->centre_cutoff = a.cutoff;
  afb_status status = plan->ops->values(plan, plan->work, &a.list, b);
  plan->centre_cutoff = NULL;
  adaptive_clear(&a);
  return status;
}

static void subtract_zero(const afb_bispectrum *plan, int32_t element, double *b)
{
  if (!plan->settings.bzero)
    return;
  int all = !plan->settings.chem || plan->settings.self_all, n = plan->n_channels;
  int own = afb_plan_channel(plan, element), only = (own * n + own) * n + own;
  for (int e = all ? 0 : only; e < (all ? n * n * n : only + 1); e++)
    for (int t = 0; t < plan->n_triples; t++)
      b[e * plan->n_triples + t] -= plan->zero[t];
}

/* Rows of n_linear numbers at the beginning of `rows` become rows of n_columns: from the last to the first in place. `row` holds one. */
static void spread_values(const afb_bispectrum *plan, int64_t n, double *rows, double *row)
{
  int linear = plan->n_linear;
  for (int64_t c = n - 1; c >= 0; c--) {
    double *out = rows + c * plan->n_columns;
    memcpy(row, rows + c * linear, (size_t)linear * sizeof *row);
    memcpy(out, row, (size_t)linear * sizeof *row);
    out += linear;
    for (int i = 0; i < linear; i++) {
      *out++ = row[i] * row[i] / 2;
      for (int k = i + 1; k < linear; k++)
        *out++ = row[i] * row[k];
    }
  }
}

/* The same for derivatives: d(B_i B_k) = B_i dB_k + B_k dB_i; b [n_centres][n_columns]. */
static void spread_derivatives(const afb_bispectrum *plan, const afb_neighbours *list, const double *b, double *rows, double *row)
{
  int linear = plan->n_linear;
  for (int64_t c = list->n_centres - 1; c >= 0; c--) {
    const double *value = b + c * plan->n_columns;
    for (int64_t r = 3 * list->first[c + 1] - 1; r >= 3 * list->first[c]; r--) {
      double *out = rows + r * plan->n_columns;
      memcpy(row, rows + r * linear, (size_t)linear * sizeof *row);
      memcpy(out, row, (size_t)linear * sizeof *row);
      out += linear;
      for (int i = 0; i < linear; i++) {
        *out++ = value[i] * row[i];
        for (int k = i + 1; k < linear; k++)
          *out++ = value[i] * row[k] + value[k] * row[i];
      }
    }
  }
}

afb_status afb_bispectrum_values(afb_bispectrum *bispectrum, const afb_neighbours *list, double *B)
{
  afb_bispectrum *plan = bispectrum;
  AFB_TRY(linear_values(plan, list, B));
  for (int64_t c = 0; c < list->n_centres; c++)
    subtract_zero(plan, list->centre_element[c], B + c * plan->n_linear);
  if (plan->settings.quadratic) {
    AFB_TRY(reserve(plan, plan->n_linear));
    spread_values(plan, list->n_centres, B, plan->scratch);
  }
  return AFB_OK;
}

afb_status afb_bispectrum_derivatives(afb_bispectrum *bispectrum, const afb_neighbours *list, double *B, double *dB)
{
  afb_bispectrum *plan = bispectrum;
  if (plan->settings.adaptive != AFB_ADAPTIVE_NONE)
    return AFB_FAIL(AFB_E_INPUT, "an adaptive cut-off has values only: take quantities B alone, or a fixed cut-off");
  const int quadratic = plan->settings.quadratic;
  double *b = B;
  if (!B && quadratic) {
    AFB_TRY(reserve(plan, plan->n_linear + list->n_centres * plan->n_columns));
    b = plan->scratch + plan->n_linear;
  }
  AFB_TRY(plan->ops->derivatives(plan, plan->work, list, b, dB));
  if (b)
    for (int64_t c = 0; c < list->n_centres; c++)
      subtract_zero(plan, list->centre_element[c], b + c * plan->n_linear);
  if (quadratic) {
    if (b == B)
      AFB_TRY(reserve(plan, plan->n_linear));
    spread_values(plan, list->n_centres, b, plan->scratch);
    spread_derivatives(plan, list, b, dB, plan->scratch);
  }
  return AFB_OK;
}

/* Energy of one centre from its linear columns, and dE/dB_i = beta_i + sum_k alpha_ik B_k where `effective` is not NULL. */
static double energy_of(const afb_bispectrum *plan, const double *b, const double *beta, double *effective)
{
  int linear = plan->n_linear;
  double energy = 0;
  for (int i = 0; i < linear; i++)
    energy += beta[i] * b[i];
  if (effective)
    memcpy(effective, beta, (size_t)linear * sizeof *beta);
  if (!plan->settings.quadratic)
    return energy;
  const double *alpha = beta + linear;
  for (int i = 0; i < linear; i++, alpha += linear - i + 1) {
    double sum = alpha[0] * b[i] / 2;
    for (int k = i + 1; k < linear; k++)
      sum += alpha[k - i] * b[k];
    energy += b[i] * sum;
    if (!effective)
      continue;
    effective[i] += sum + alpha[0] * b[i] / 2;
    for (int k = i + 1; k < linear; k++)
      effective[k] += alpha[k - i] * b[i];
  }
  return energy;
}

/* Linear and fixed cut-off: energies come with the gradients. bzero subtracts a constant of each element. */
static afb_status linear_gradients(afb_bispectrum *plan, const afb_neighbours *list, const double *beta, double *energy,
                                   double *gradient)
{
  int linear = plan->n_linear, n_elements = plan->settings.n_elements;
  AFB_TRY(reserve(plan, list->n_centres * linear + linear + n_elements));
  double *effective = plan->scratch, *zero = effective + list->n_centres * linear, *offset = zero + linear;
  for (int e = 0; e < n_elements; e++) {
    memset(zero, 0, (size_t)linear * sizeof *zero);
    subtract_zero(plan, e, zero);
    offset[e] = energy_of(plan, zero, beta + (int64_t)e * linear, NULL);
  }
  for (int64_t c = 0; c < list->n_centres; c++)
    memcpy(effective + c * linear, beta + (int64_t)list->centre_element[c] * linear, (size_t)linear * sizeof *beta);
  AFB_TRY(plan->ops->gradients(plan, plan->work, list, effective, energy, gradient));
  for (int64_t c = 0; c < list->n_centres; c++)
    energy[c] += offset[list->centre_element[c]];
  return AFB_OK;
}

afb_status afb_bispectrum_energies(afb_bispectrum *bispectrum, const afb_neighbours *list, const double *beta, double *energy,
                                   double *gradient)
{
  afb_bispectrum *plan = bispectrum;
  if (gradient && plan->settings.adaptive != AFB_ADAPTIVE_NONE)
    return AFB_FAIL(AFB_E_INPUT, "an adaptive cut-off has energies but no gradients: take a fixed cut-off");
  for (int64_t c = 0; c < list->n_centres; c++)
    if (list->centre_element[c] < 0)
      return AFB_FAIL(AFB_E_INPUT, "a potential was asked for the energy of grid points: it has energies of atoms only");
  if (gradient && !plan->settings.quadratic)
    return linear_gradients(plan, list, beta, energy, gradient);
  int64_t size = list->n_centres * plan->n_linear;
  AFB_TRY(reserve(plan, 2 * size));
  double *b = plan->scratch, *effective = b + size;
  AFB_TRY(linear_values(plan, list, b));
  for (int64_t c = 0; c < list->n_centres; c++) {
    double *row = b + c * plan->n_linear;
    subtract_zero(plan, list->centre_element[c], row);
    energy[c] = energy_of(plan, row, beta + (int64_t)list->centre_element[c] * plan->n_columns,
                          gradient ? effective + c * plan->n_linear : NULL);
  }
  return gradient ? plan->ops->gradients(plan, plan->work, list, effective, NULL, gradient) : AFB_OK;
}
