#include "learn/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

enum { RESAMPLES = 200, STREAM = 0x626f6f74, BINS = 10, MOST_VALUES = 4, LEAST_OF_CLASS = 20 };

typedef struct {
  double key;
  int64_t row;
} sorted;

static int by_key(const void *a, const void *b)
{
  double x = ((const sorted *)a)->key, y = ((const sorted *)b)->key;
  return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Numbers of one seed under weights of the groups: value[MOST_VALUES]. */
typedef void (*evaluate)(const afb_scored *rows, const sorted *order, int seed, const double *weight, const double *parameter,
                         double *value);

static double half_width(double *value, int n)
{
  int known = 0;
  for (int i = 0; i < n; i++)
    if (!isnan(value[i]))
      value[known++] = value[i];
  if (known < RESAMPLES / 2)
    return NAN;
  qsort(value, (size_t)known, sizeof *value, by_value);
  return 0.5 * (value[known - 1 - known / 40] - value[known / 40]);
}

/* order: [n_seeds] arrays one after another, each as long as one evaluation needs. */
static afb_status resample(const afb_scored *rows, const sorted *order, int64_t stride, evaluate f, const double *parameter, afb_score *out)
{
  double *weight = malloc((size_t)rows->n_groups * sizeof *weight + 1), (*value)[RESAMPLES] = malloc(MOST_VALUES * sizeof *value);
  if (!weight || !value) {
    free(weight);
    free(value);
    return AFB_FAIL(AFB_E_MEMORY, "no memory to resample %d groups", rows->n_groups);
  }
  for (int k = 0; k < MOST_VALUES; k++)
    out[k] = (afb_score){0, NAN};
  for (int g = 0; g < rows->n_groups; g++)
    weight[g] = 1;
  for (int s = 0; s < rows->n_seeds; s++) {
    double one[MOST_VALUES];
    f(rows, order + s * stride, s, weight, parameter, one);
    for (int k = 0; k < MOST_VALUES; k++)
      out[k].value += one[k] / rows->n_seeds;
  }
  for (int r = 0; r < RESAMPLES; r++) {
    double one[MOST_VALUES];
    memset(weight, 0, (size_t)rows->n_groups * sizeof *weight);
    for (int g = 0; g < rows->n_groups; g++)
      weight[afb_random_below((uint64_t)rows->n_groups, 1, STREAM + (uint64_t)r, (uint64_t)g)] += 1;
    int s = r % rows->n_seeds;
    f(rows, order + s * stride, s, weight, parameter, one);
    for (int k = 0; k < MOST_VALUES; k++)
      value[k][r] = one[k];
  }
  for (int k = 0; k < MOST_VALUES; k++)
    out[k].half = half_width(value[k], RESAMPLES);
  free(weight);
  free(value);
  return AFB_OK;
}

/* Area under the curve of rows in the order of their score, `positive` being the label that counts; ties count 1/2. */
static double weighted_auc(const afb_scored *rows, const sorted *order, float positive, const double *weight)
{
  double below = 0, area = 0, all_positive = 0;
  for (int64_t i = 0, end; i < rows->n; i = end) {
    double yes = 0, no = 0;
    for (end = i; end < rows->n && order[end].key == order[i].key; end++) {
      double w = weight[rows->group[order[end].row]];
      if (rows->label[order[end].row] == positive)
        yes += w;
      else
        no += w;
    }
    area += yes * (below + 0.5 * no);
    below += no;
    all_positive += yes;
  }
  return all_positive > 0 && below > 0 ? area / (all_positive * below) : NAN;
}

typedef struct {
  double weight, right, loss, p[BINS], y[BINS];
} tally;

/* A prediction made with probability p, which came true or did not. */
static void count(tally *t, double w, double p, int came, double p_of_label)
{
  int bin = p >= 1 ? BINS - 1 : p <= 0 ? 0 : (int)(p * BINS);
  t->weight += w;
  t->loss -= w * log(fmax(p_of_label, 1e-7));
  t->p[bin] += w * p;
  t->y[bin] += w * came;
}

static double calibration_error(const tally *t)
{
  double sum = 0;
  for (int b = 0; b < BINS; b++)
    sum += fabs(t->p[b] - t->y[b]);
  return sum / t->weight;
}

static void yes_no(const afb_scored *rows, const sorted *order, int seed, const double *weight, const double *parameter, double *value)
{
  tally t = {0};
  (void)parameter;
  for (int64_t i = 0; i < rows->n; i++) {
    double p = rows->p[seed][i], w = weight[rows->group[i]];
    int y = rows->label[i] > 0.5f;
    t.right += w * ((p >= 0.5) == y);
    count(&t, w, p, y, y ? p : 1 - p);
  }
  value[0] = t.right / t.weight;
  value[1] = weighted_auc(rows, order, 1, weight);
  value[2] = t.loss / t.weight;
  value[3] = calibration_error(&t);
}

/* In the order in which yes_no and classes give them. */
static void keep(const afb_score *score, afb_probability_scores *out)
{
  out->accuracy = score[0];
  out->auc = score[1];
  out->log_loss = score[2];
  out->calibration_error = score[3];
}

afb_status afb_score_yes_no(const afb_scored *rows, afb_probability_scores *out)
{
  afb_score score[MOST_VALUES];
  sorted *order = malloc((size_t)(rows->n * rows->n_seeds) * sizeof *order + 1);
  *out = (afb_probability_scores){.n = rows->n};
  if (!order)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to score %lld rows", (long long)rows->n);
  for (int s = 0; s < rows->n_seeds; s++) {
    for (int64_t i = 0; i < rows->n; i++)
      order[s * rows->n + i] = (sorted){rows->p[s][i], i};
    qsort(order + s * rows->n, (size_t)rows->n, sizeof *order, by_key);
  }
  for (int64_t i = 0; i < rows->n; i++)
    out->n_positive += rows->label[i] > 0.5f;
  afb_status status = resample(rows, order, rows->n, yes_no, NULL, score);
  if (status == AFB_OK)
    keep(score, out);
  free(order);
  return status;
}

static void classes(const afb_scored *rows, const sorted *order, int seed, const double *weight, const double *parameter, double *value)
{
  tally t = {0};
  double area = 0, of_classes = 0;
  for (int64_t i = 0; i < rows->n; i++) {
    const float *p = rows->p[seed] + i * rows->width;
    double w = weight[rows->group[i]];
    int best = 0, label = (int)rows->label[i];
    for (int k = 1; k < rows->width; k++)
      best = p[k] > p[best] ? k : best;
    t.right += w * (best == label);
    count(&t, w, p[best], best == label, p[label]);
  }
  /* parameter: rows of each class; the order of each class's probabilities follows that of the one before. */
  for (int k = 0; k < rows->width; k++) {
    double auc = parameter[k] >= LEAST_OF_CLASS ? weighted_auc(rows, order + k * rows->n, (float)k, weight) : NAN;
    area += isnan(auc) ? 0 : auc * parameter[k];
    of_classes += isnan(auc) ? 0 : parameter[k];
  }
  value[0] = t.right / t.weight;
  value[1] = of_classes > 0 ? area / of_classes : NAN;
  value[2] = t.loss / t.weight;
  value[3] = calibration_error(&t);
}

afb_status afb_score_classes(const afb_scored *rows, afb_probability_scores *out)
{
  afb_score score[MOST_VALUES];
  int64_t stride = rows->n * rows->width;
  sorted *order = malloc((size_t)(stride * rows->n_seeds) * sizeof *order + 1);
  double *of_class = calloc((size_t)rows->width, sizeof *of_class);
  *out = (afb_probability_scores){.n = rows->n};
  afb_status status = order && of_class ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to score %lld rows", (long long)rows->n);
  for (int s = 0; status == AFB_OK && s < rows->n_seeds; s++)
    for (int k = 0; k < rows->width; k++) {
      sorted *mine = order + s * stride + k * rows->n;
      for (int64_t i = 0; i < rows->n; i++)
        mine[i] = (sorted){rows->p[s][i * rows->width + k], i};
      qsort(mine, (size_t)rows->n, sizeof *mine, by_key);
    }
  for (int64_t i = 0; status == AFB_OK && i < rows->n; i++)
    of_class[(int)rows->label[i]] += 1;
  if (status == AFB_OK)
    status = resample(rows, order, stride, classes, of_class, score);
  if (status == AFB_OK)
    keep(score, out);
  free(order);
  free(of_class);
  return status;
}

/* Rows in the order of their errors; parameter: the tolerance. */
static void numbers(const afb_scored *rows, const sorted *order, int seed, const double *weight, const double *parameter, double *value)
{
  double all = 0, within = 0, sum = 0, squares = 0, mean = 0, about = 0, half = 0;
  (void)seed;
  for (int64_t i = 0; i < rows->n; i++) {
    double w = weight[rows->group[order[i].row]], e = order[i].key;
    all += w;
    within += e <= *parameter ? w : 0;
    sum += w * e;
    squares += w * e * e;
    mean += w * rows->label[order[i].row];
  }
  mean /= all;
  value[0] = NAN;
  for (int64_t i = 0; i < rows->n; i++) {
    double w = weight[rows->group[order[i].row]], off = rows->label[order[i].row] - mean;
    about += w * off * off;
    half += w;
    if (isnan(value[0]) && half >= 0.5 * all)
      value[0] = order[i].key;
  }
  value[1] = within / all;
  value[2] = sum / all;
  value[3] = about > 0 ? 1 - squares / about : NAN;
}

afb_status afb_score_numbers(const afb_scored *rows, double tolerance, afb_number_scores *out)
{
  afb_score score[MOST_VALUES];
  sorted *order = malloc((size_t)(rows->n * rows->n_seeds) * sizeof *order + 1);
  *out = (afb_number_scores){.n = rows->n};
  if (!order)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to score %lld rows", (long long)rows->n);
  for (int s = 0; s < rows->n_seeds; s++) {
    for (int64_t i = 0; i < rows->n; i++)
      order[s * rows->n + i] = (sorted){fabs((double)rows->p[s][i] - (double)rows->label[i]), i};
    qsort(order + s * rows->n, (size_t)rows->n, sizeof *order, by_key);
  }
  afb_status status = resample(rows, order, rows->n, numbers, &tolerance, score);
  if (status == AFB_OK) {
    out->median = score[0];
    out->within = score[1];
    out->mean = score[2];
    out->r2 = score[3];
  }
  free(order);
  return status;
}

/* Ranks from 1, tied values sharing their mean rank. */
static void ranks_of(int64_t n, const double *x, sorted *order, double *rank)
{
  for (int64_t i = 0; i < n; i++)
    order[i] = (sorted){x[i], i};
  qsort(order, (size_t)n, sizeof *order, by_key);
  for (int64_t i = 0, end; i < n; i = end) {
    for (end = i; end < n && order[end].key == order[i].key; end++)
      ;
    for (int64_t k = i; k < end; k++)
      rank[order[k].row] = 0.5 * (double)(i + 1 + end);
  }
}

afb_status afb_rank_correlation(int64_t n, const double *a, const double *b, double *out)
{
  *out = NAN;
  if (n < 3)
    return AFB_OK;
  sorted *order = malloc((size_t)n * sizeof *order);
  double *x = malloc(2 * (size_t)n * sizeof *x), xy = 0, xx = 0, yy = 0, mean = 0.5 * (double)(n + 1);
  if (order && x) {
    double *y = x + n;
    ranks_of(n, a, order, x);
    ranks_of(n, b, order, y);
    for (int64_t i = 0; i < n; i++) {
      xy += (x[i] - mean) * (y[i] - mean);
      xx += (x[i] - mean) * (x[i] - mean);
      yy += (y[i] - mean) * (y[i] - mean);
    }
    *out = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
  }
  free(order);
  free(x);
  return order && x ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld ranks", (long long)n);
}
