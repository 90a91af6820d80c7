#include "campaign/loads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 2 };
static const double LEAST_HORIZON = 0.1, MOST_HORIZON = 2.0;   /* seconds of work ahead of a rank */

static double key_of(const afb_loads *loads, int rank) { return loads->held[rank] > 0 ? loads->load[rank] : -1.0; }

static int before(const afb_loads *loads, int a, int b)
{
  double key_a = key_of(loads, a), key_b = key_of(loads, b);
  return key_a < key_b || (key_a == key_b && a > b);
}

static void put(afb_loads *loads, int h, int at, int rank)
{
  loads->heap[h][at] = rank;
  loads->place[rank] = at;
}

/* Moves what lies at `at` up or down to where it belongs. */
static void settle(afb_loads *loads, int h, int at)
{
  int *heap = loads->heap[h], rank = heap[at];
  for (; at > 0 && before(loads, rank, heap[(at - 1) / 2]); at = (at - 1) / 2)
    put(loads, h, at, heap[(at - 1) / 2]);
  for (int child; (child = 2 * at + 1) < loads->size[h]; at = child) {
    if (child + 1 < loads->size[h] && before(loads, heap[child + 1], heap[child]))
      child++;
    if (!before(loads, heap[child], rank))
      break;
    put(loads, h, at, heap[child]);
  }
  put(loads, h, at, rank);
}

/* The heap to which a rank belongs by what it holds; -1: it may hold no more. */
static int heap_of(const afb_loads *loads, int rank)
{
  return rank < loads->first ? -1 : loads->held[rank] < FEW ? 0 : loads->held[rank] < AFB_MOST_AHEAD ? 1 : -1;
}

static void take_out(afb_loads *loads, int h, int rank)
{
  int at = loads->place[rank], last = loads->heap[h][--loads->size[h]];
  loads->place[rank] = -1;
  if (last != rank) {
    put(loads, h, at, last);
    settle(loads, h, at);
  }
}

static void change(afb_loads *loads, int rank, int runs, double seconds)
{
  int from = heap_of(loads, rank);
  if (from >= 0)
    take_out(loads, from, rank);
  loads->held[rank] += runs;
  loads->load[rank] = loads->held[rank] > 0 ? loads->load[rank] + seconds : 0.0;
  int to = heap_of(loads, rank);
  if (to >= 0) {
    put(loads, to, loads->size[to]++, rank);
    settle(loads, to, loads->place[rank]);
  }
}

void afb_loads_add(afb_loads *loads, int rank, double seconds) { change(loads, rank, 1, seconds); }

void afb_loads_remove(afb_loads *loads, int rank, double seconds) { change(loads, rank, -1, -seconds); }

int afb_loads_hungriest(const afb_loads *loads, double gap)
{
  double horizon = fmin(fmax(4.0 * gap, LEAST_HORIZON), MOST_HORIZON);
  int few = loads->size[0] > 0 ? loads->heap[0][0] : -1, more = loads->size[1] > 0 ? loads->heap[1][0] : -1;
  if (more >= 0 && loads->load[more] >= horizon)
    more = -1;
  if (few < 0 || more < 0)
    return few >= 0 ? few : more;
  return before(loads, few, more) ? few : more;
}

afb_status afb_loads_init(afb_loads *loads, int n, int first)
{
  size_t count = (size_t)n;
  *loads = (afb_loads){.n = n, .first = first, .held = calloc(count, sizeof *loads->held), .load = calloc(count, sizeof *loads->load),
                       .heap = {malloc(count * sizeof(int)), malloc(count * sizeof(int))}, .place = malloc(count * sizeof(int))};
  if (!loads->held || !loads->load || !loads->heap[0] || !loads->heap[1] || !loads->place)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d ranks", n);
  /* Equal keys: descending ranks are a heap. */
  for (int at = 0; at < n - first; at++)
    put(loads, 0, at, n - 1 - at);
  loads->size[0] = n - first;
  return AFB_OK;
}

void afb_loads_clear(afb_loads *loads)
{
  free(loads->held);
  free(loads->load);
  free(loads->heap[0]);
  free(loads->heap[1]);
  free(loads->place);
  memset(loads, 0, sizeof *loads);
}
