#include "campaign/acquisition.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/random.h"

enum { STREAM_DRAW = 0x61637175 };

void afb_acquisition_default(afb_acquisition *options)
{
  *options = (afb_acquisition){.exploration = 0.5, .overhead = 0.01, .same_ion = 0.95, .same_growth = 0.6,
    .random_fraction = 1.0 / 32.0, .seed = 1};
}

/* A binary heap of candidates by score. Scores only fall, so that a stale one at the top is brought up to date and put
 * back; what stays on top is the best. */
typedef struct {
  double score;
  int64_t prospect;
} entry;

typedef struct {
  int64_t n;
  entry *heap;
  int *ion, *growth;            /* how often each has been chosen */
} selection;

static int before(entry a, entry b) { return a.score > b.score || (a.score == b.score && a.prospect < b.prospect); }

static void sink(selection *s, int64_t at)
{
  for (;;) {
    int64_t best = at;
    for (int64_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->n; child++)
      if (before(s->heap[child], s->heap[best]))
        best = child;
    if (best == at)
      return;
    entry kept = s->heap[at];
    s->heap[at] = s->heap[best];
    s->heap[best] = kept;
    at = best;
  }
}

double afb_acquisition_worth(const afb_acquisition *options, const afb_prospect *p)
{
  return (p->probability + options->exploration * p->spread) / (fmax(p->cost, 0.0) + options->overhead);
}

static double crowding(const afb_acquisition *options, const selection *s, const afb_prospect *p)
{
  double factor = 1.0;
  if (p->ion >= 0)
    factor *= pow(options->same_ion, s->ion[p->ion]);
  if (p->growth >= 0)
    factor *= pow(options->same_growth, s->growth[p->growth]);
  return factor;
}

static void count(selection *s, const afb_prospect *p)
{
  if (p->ion >= 0)
    s->ion[p->ion]++;
  if (p->growth >= 0)
    s->growth[p->growth]++;
}

static int64_t best_of(const afb_acquisition *options, selection *s, const afb_prospect *prospect, double *score)
{
  for (;;) {
    const afb_prospect *top = &prospect[s->heap[0].prospect];
    double now = afb_acquisition_worth(options, top) * crowding(options, s, top);
    if (now >= s->heap[0].score)
      break;
    s->heap[0].score = now;
    sink(s, 0);
  }
  entry chosen = s->heap[0];
  s->heap[0] = s->heap[--s->n];
  sink(s, 0);
  *score = chosen.score;
  return chosen.prospect;
}

/* Draws `wanted` of n without repetition (a partial Fisher-Yates shuffle), into the end of `order`. */
static void draw(const afb_acquisition *options, int64_t n, int wanted, int64_t *order)
{
  for (int k = 0; k < wanted; k++) {
    uint64_t left = (uint64_t)(n - k);
    uint64_t pick = afb_random_below(left, options->seed, STREAM_DRAW + (options->round << 32), (uint64_t)k);
    int64_t kept = order[pick];
    order[pick] = order[left - 1];
    order[left - 1] = kept;
  }
}

static void choose(const afb_acquisition *options, int64_t n, const afb_prospect *prospect, int wanted, int random,
                   selection *s, int64_t *order, afb_choice *choice)
{
  draw(options, n, random, order);
  s->n = n - random;
  for (int64_t i = 0; i < s->n; i++)
    s->heap[i] = (entry){afb_acquisition_worth(options, &prospect[order[i]]), order[i]};
  for (int64_t i = s->n / 2 - 1; i >= 0; i--)
    sink(s, i);
  for (int k = 0, drawn = 0; k < wanted; k++) {
    /* The share of random ones among the first k+1 never lags behind by more than one. */
    if ((int64_t)(k + 1) * random > (int64_t)drawn * wanted && drawn < random) {
      choice[k] = (afb_choice){order[n - 1 - drawn], 1, NAN};
      drawn++;
    } else {
      choice[k].random = 0;
      choice[k].prospect = best_of(options, s, prospect, &choice[k].score);
    }
    count(s, &prospect[choice[k].prospect]);
  }
}

static int largest(int64_t n, const afb_prospect *prospect, size_t offset)
{
  int most = 0;
  for (int64_t i = 0; i < n; i++) {
    int value = *(const int *)((const char *)&prospect[i] + offset);
    most = value > most ? value : most;
  }
  return most;
}

afb_status afb_acquire(const afb_acquisition *options, int64_t n, const afb_prospect *prospect, int wanted,
                       afb_choice *choice, int *n_chosen)
{
  *n_chosen = n < wanted ? (int)n : wanted;
  if (*n_chosen <= 0) {
    *n_chosen = 0;
    return AFB_OK;
  }
  int random = (int)lround(options->random_fraction * *n_chosen);
  selection s = {0};
  int64_t *order = calloc((size_t)n, sizeof *order);
  s.heap = calloc((size_t)n, sizeof *s.heap);
  s.ion = calloc((size_t)largest(n, prospect, offsetof(afb_prospect, ion)) + 1, sizeof *s.ion);
  s.growth = calloc((size_t)largest(n, prospect, offsetof(afb_prospect, growth)) + 1, sizeof *s.growth);
  afb_status status = AFB_OK;
  if (order && s.heap && s.ion && s.growth) {
    for (int64_t i = 0; i < n; i++)
      order[i] = i;
    choose(options, n, prospect, *n_chosen, random, &s, order, choice);
  } else {
    status = AFB_FAIL(AFB_E_MEMORY, "no memory to choose among %lld candidates", (long long)n);
  }
  free(order);
  free(s.heap);
  free(s.ion);
  free(s.growth);
  return status;
}
