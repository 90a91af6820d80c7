#include "campaign/channel.h"

#include <limits.h>
#include <stdlib.h>

enum { AT_ONCE = 1024 };       /* messages that are taken in at a time: what is done with one grows with their number */

static afb_status grow(afb_transits *list)
{
  if (list->n < list->capacity)
    return AFB_OK;
  int capacity = 2 * list->capacity + 8;
  afb_transit *grown = realloc(list->item, (size_t)capacity * sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d messages", capacity);
  list->item = grown;
  list->capacity = capacity;
  return AFB_OK;
}

static void take_out(afb_transits *list, int index)
{
  for (int i = index + 1; i < list->n; i++)
    list->item[i - 1] = list->item[i];
  list->n--;
}

afb_status afb_channel_send(afb_channel *channel, int to, int tag, afb_bytes *bytes)
{
  if (bytes->size > INT_MAX)
    return AFB_FAIL(AFB_E_LIMIT, "a message of %zu bytes is too long", bytes->size);
  AFB_TRY(grow(&channel->out));
  afb_transit *item = &channel->out.item[channel->out.n++];
  *item = (afb_transit){.peer = to, .tag = tag, .bytes = *bytes};
  *bytes = (afb_bytes){0};
  MPI_Isend(item->bytes.data, (int)item->bytes.size, MPI_BYTE, to, tag, channel->comm, &item->request);
  return AFB_OK;
}

/* Begins to receive what has been announced. A long message needs its sender's processor to move, and the sender may
 * be computing: so no blocking receive. */
static afb_status take_in(afb_channel *channel, int tag)
{
  while (channel->in.n < AT_ONCE) {
    int there, size;
    MPI_Status found;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, channel->comm, &there, &found);
    if (!there)
      return AFB_OK;
    AFB_TRY(grow(&channel->in));
    MPI_Get_count(&found, MPI_BYTE, &size);
    afb_transit item = {.peer = found.MPI_SOURCE, .tag = tag};
    item.bytes.data = malloc(size > 0 ? (size_t)size : 1);
    if (!item.bytes.data)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for a message of %d bytes", size);
    item.bytes.size = item.bytes.capacity = (size_t)size;
    /* One thread: what the probe found is what this receive matches. */
    MPI_Irecv(item.bytes.data, size, MPI_BYTE, item.peer, tag, channel->comm, &item.request);
    channel->in.item[channel->in.n++] = item;
  }
  return AFB_OK;
}

static int overtakes(const afb_transits *list, int index)
{
  for (int i = 0; i < index; i++)
    if (list->item[i].peer == list->item[index].peer)
      return 1;
  return 0;
}

afb_status afb_channel_receive(afb_channel *channel, int tag, int *from, afb_bytes *bytes)
{
  *from = -1;
  *bytes = (afb_bytes){0};
  afb_status status = take_in(channel, tag);
  for (int i = 0; i < channel->in.n; i++) {
    int arrived = 0;
    if (!overtakes(&channel->in, i))
      MPI_Test(&channel->in.item[i].request, &arrived, MPI_STATUS_IGNORE);
    if (!arrived)
      continue;
    *from = channel->in.item[i].peer;
    *bytes = channel->in.item[i].bytes;
    take_out(&channel->in, i);
    return AFB_OK;
  }
  return status;
}

void afb_channel_reap(afb_channel *channel)
{
  for (int i = channel->out.n - 1; i >= 0; i--) {
    int gone;
    MPI_Test(&channel->out.item[i].request, &gone, MPI_STATUS_IGNORE);
    if (!gone)
      continue;
    afb_bytes_clear(&channel->out.item[i].bytes);
    take_out(&channel->out, i);
  }
}

void afb_channel_flush(afb_channel *channel)
{
  for (int i = 0; i < channel->out.n; i++) {
    MPI_Wait(&channel->out.item[i].request, MPI_STATUS_IGNORE);
    afb_bytes_clear(&channel->out.item[i].bytes);
  }
  free(channel->out.item);
  free(channel->in.item);
  channel->out = channel->in = (afb_transits){0};
}
