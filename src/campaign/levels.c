#include "campaign/levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Determinants by 2M: index 2M + OFFSET, |2M| <= OFFSET; what lies beyond is dropped. */
enum { OFFSET = AFB_LEVELS_TWO_J, WIDTH = 2 * OFFSET + 1, MOST_Q = 2 * AFB_MAX_L + 1 };

static int least(int a, int b) { return a < b ? a : b; }

/* to[2M + two_m] += from[2M] for |2M| <= bound. */
static void shift_add(const double *from, int two_m, int bound, double *to)
{
  bound = least(bound, OFFSET - abs(two_m));
  for (int i = OFFSET - bound; i <= OFFSET + bound; i++)
    to[i + two_m] += from[i];
}

/* q electrons or q holes in l: the same distribution. */
static void shell_distribution(int l, int q, double out[WIDTH])
{
  double d[MOST_Q + 1][WIDTH];
  int two_l = 2 * l;
  q = least(q, 4 * l + 2 - q);
  memset(d, 0, ((size_t)q + 1) * sizeof *d);
  d[0][OFFSET] = 1;
  for (int two_ml = -two_l; two_ml <= two_l; two_ml += 2)
    for (int two_ms = -1; two_ms <= 1; two_ms += 2)
      for (int k = q; k > 0; k--)
        shift_add(d[k - 1], two_ml + two_ms, (k - 1) * (two_l + 1), d[k]);
  memcpy(out, d[q], WIDTH * sizeof *out);
}

void afb_level_counts_of(const afb_configuration *configuration, afb_level_counts *out)
{
  double all[WIDTH] = {0}, shell[WIDTH], product[WIDTH];
  int bound = 0;
  memset(out, 0, sizeof *out);
  all[OFFSET] = 1;
  for (int k = 0; k < configuration->n_shells; k++) {
    afb_shell s = configuration->shell[k];
    if (s.q == 4 * s.l + 2)
      continue;
    out->open_shells++;
    out->open_electrons += s.q;
    shell_distribution(s.l, s.q, shell);
    memset(product, 0, sizeof product);
    int own = least(OFFSET, least(s.q, 4 * s.l + 2 - s.q) * (2 * s.l + 1));
    for (int i = -own; i <= own; i++)
      if (shell[OFFSET + i] > 0)
        for (int m = -bound; m <= bound; m++)
          if (abs(m + i) <= OFFSET)
            product[OFFSET + m + i] += shell[OFFSET + i] * all[OFFSET + m];
    memcpy(all, product, sizeof all);
    bound = least(OFFSET, bound + own);
  }
  for (int two_j = 0; two_j + 2 <= OFFSET; two_j++) {
    out->of_two_j[two_j] = (int64_t)llround(all[OFFSET + two_j] - all[OFFSET + two_j + 2]);
    out->total += out->of_two_j[two_j];
  }
}

typedef struct {
  double energy;
  int group;
} placed;

static int by_energy(const void *a, const void *b)
{
  const placed *x = a, *y = b;
  if (x->energy != y->energy)
    return x->energy < y->energy ? -1 : 1;
  return x->group - y->group;
}

/* The levels of one block, at most `lowest` of each group: no others can be among the lowest. */
static int block_levels(int n_groups, const afb_level_group *group, int two_j, int parity, int lowest, placed *out)
{
  int n = 0;
  for (int g = 0; g < n_groups; g++) {
    if (group[g].parity != parity)
      continue;
    int64_t levels = group[g].counts->of_two_j[two_j];
    for (int64_t k = 0; k < levels && k < lowest; k++)
      out[n++] = (placed){group[g].energy + group[g].width * (((double)k + 0.5) / (double)levels - 0.5), g};
  }
  qsort(out, (size_t)n, sizeof *out, by_energy);
  return n;
}

afb_status afb_levels_share(int n_groups, afb_level_group *group, int lowest, int *n_blocks, int *n_levels)
{
  placed *level = malloc(((size_t)n_groups * (size_t)lowest + 1) * sizeof *level);
  double sum = 0;
  if (!level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory to rank the levels of %d configurations", n_groups);
  *n_blocks = *n_levels = 0;
  for (int g = 0; g < n_groups; g++)
    group[g].weight = group[g].wanted = 0;
  for (int two_j = 0; two_j < AFB_LEVELS_TWO_J; two_j++) {
    for (int parity = -1; parity <= 1; parity += 2) {
      int n = block_levels(n_groups, group, two_j, parity, lowest, level);
      *n_blocks += n > 0;
      for (int k = 0; k < n && k < lowest; k++) {
        group[level[k].group].weight += two_j + 1;
        group[level[k].group].wanted += 1;
        sum += two_j + 1;
        ++*n_levels;
      }
    }
  }
  for (int g = 0; g < n_groups && sum > 0; g++)
    group[g].weight /= sum;
  free(level);
  return AFB_OK;
}
