#include "campaign/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void afb_queue_clear(afb_queue *queue)
{
  free(queue->item);
  *queue = (afb_queue){0};
}

static afb_status reserve(afb_queue *queue)
{
  if (queue->n < queue->capacity)
    return AFB_OK;
  int64_t capacity = 2 * queue->capacity + 64;
  afb_planned *grown = realloc(queue->item, (size_t)capacity * sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld planned runs", (long long)capacity);
  queue->item = grown;
  queue->capacity = capacity;
  return AFB_OK;
}

afb_status afb_queue_push(afb_queue *queue, const afb_planned *planned)
{
  if (queue->first > 0 && queue->first == queue->n)
    queue->first = queue->n = 0;
  AFB_TRY(reserve(queue));
  queue->item[queue->n++] = *planned;
  return AFB_OK;
}

afb_status afb_queue_push_front(afb_queue *queue, const afb_planned *planned)
{
  if (queue->first == 0) {
    AFB_TRY(reserve(queue));
    if (queue->n > 0)
      memmove(queue->item + 1, queue->item, (size_t)queue->n * sizeof *queue->item);
    queue->n++;
  } else {
    queue->first--;
  }
  queue->item[queue->first] = *planned;
  return AFB_OK;
}

int afb_queue_take(afb_queue *queue, double longest, double bound, afb_planned *planned, int *too_long)
{
  *too_long = 0;
  for (int64_t i = queue->first; i < queue->n; i++) {
    if (queue->item[i].bound > bound) {
      *too_long = 1;
      continue;
    }
    if (queue->item[i].seconds > longest || (queue->item[i].ranks > 1 && !isinf(longest)))
      continue;
    *planned = queue->item[i];
    memmove(queue->item + queue->first + 1, queue->item + queue->first, (size_t)(i - queue->first) * sizeof *planned);
    queue->first++;
    return 1;
  }
  return 0;
}
