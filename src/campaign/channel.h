/* Messages that are on their way while the sender goes on. Every call is local; none waits for another rank, except
 * afb_channel_flush, which waits for receivers. */
#ifndef AFB_CAMPAIGN_CHANNEL_H
#define AFB_CAMPAIGN_CHANNEL_H

#include <mpi.h>

#include "campaign/message.h"
#include "core/status.h"

typedef struct {
  MPI_Request request;
  int peer, tag;
  afb_bytes bytes;
} afb_transit;

typedef struct {
  int n, capacity;
  afb_transit *item;           /* in the order in which they set out */
} afb_transits;

typedef struct {
  MPI_Comm comm;
  afb_transits out, in;
} afb_channel;

/* Starts to send; takes the bytes over and leaves *bytes empty. AFB_E_MEMORY (nothing sent, *bytes as before),
 * AFB_E_LIMIT beyond 2 GiB. */
afb_status afb_channel_send(afb_channel *channel, int to, int tag, afb_bytes *bytes);
/* One message that has arrived completely, if there is one: *from is its sender, -1 when there was none; the caller
 * clears *bytes. Messages of one sender come in the order in which they were sent. A channel receives one tag only.
 * AFB_E_MEMORY: a message could not be taken in yet and stays where it is; *from is then -1. */
afb_status afb_channel_receive(afb_channel *channel, int tag, int *from, afb_bytes *bytes);
/* Lets go of the memory of what has arrived. */
void afb_channel_reap(afb_channel *channel);
/* Waits until everything that was sent has been received, then frees. Nothing may be on its way to this rank. */
void afb_channel_flush(afb_channel *channel);

#endif
