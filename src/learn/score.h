/* How good predictions of yes-or-no outcomes, classes and numbers are, with intervals. Not collective.
 *
 * Every number is the mean over several predictors (seeds); the interval is that of resamples of whole groups (ions) with replacement, each with the
 * predictions of one of the seeds (B. Efron, Annals of Statistics 7, 1 (1979)): it contains how much groups and seeds differ. */
#ifndef AFB_LEARN_SCORE_H
#define AFB_LEARN_SCORE_H

#include <stdint.h>

#include "core/status.h"

typedef struct {
  double value, half;          /* half: half of the interval that holds 95 % of 200 resamples; NaN where it cannot be had */
} afb_score;

/* Rows that are scored. p[s] of seed s has `width` numbers a row: one probability, `width` class probabilities, or one number. */
typedef struct {
  int64_t n;
  int n_groups, n_seeds, width;
  const int *group;            /* [n] 0 ... n_groups-1 */
  const float *label;          /* [n] known */
  const float *const *p;       /* [n_seeds][n][width] */
} afb_scored;

/* Yes or no, and classes. calibration_error: expected calibration error in 10 bins, of classes that of the probability of the most likely one. auc: for
 * classes the mean over those with at least 20 rows, each against the others, weighted by their rows. AFB_E_MEMORY. Cost: n log n, 200 n. */
typedef struct {
  int64_t n, n_positive;
  afb_score accuracy, auc, log_loss, calibration_error;
} afb_probability_scores;
afb_status afb_score_yes_no(const afb_scored *rows, afb_probability_scores *out);
afb_status afb_score_classes(const afb_scored *rows, afb_probability_scores *out);

/* Numbers: errors |p - label|. */
typedef struct {
  int64_t n;
  afb_score median, within, mean, r2;   /* within: fraction of errors up to `tolerance`; r2: 1 - squares / squares about the labels' mean */
} afb_number_scores;
afb_status afb_score_numbers(const afb_scored *rows, double tolerance, afb_number_scores *out);

/* Spearman's rank correlation of a[n] and b[n]; NaN for fewer than 3. AFB_E_MEMORY. */
afb_status afb_rank_correlation(int64_t n, const double *a, const double *b, double *out);

#endif
