/* Batches: centres side by side, one in each lane of a vector. For src/descriptor/bispectrum*.c only; not collective.
 *
 * The neighbours of the centres stand in slots: number [slot][lane]. A centre with fewer neighbours than its batch has slots
 * ends with neighbours of weight 0, so that centres are taken in the order of their number of neighbours. With chem, the
 * slots are those of channel 0 first, then 1 ...; within a channel a centre's neighbours keep the order of the list. What is
 * computed of a centre therefore depends neither on its lane nor on what stands beside it. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_BATCH_H
#define AFB_DESCRIPTOR_BISPECTRUM_BATCH_H

#include "descriptor/bispectrum_plan.h"

enum { AFB_BATCH_LANES = 8 };

typedef struct {
  int lanes;
  int n_centres;                     /* of this batch, at most lanes; further lanes are filled with weight 0 */
  int64_t centre[AFB_BATCH_LANES];
  int *first_slot;                   /* [n_channels + 1]; every channel has an even number of slots */
  /* [slot][lane], on 64 bytes */
  double *x, *y, *z;
  double *weight;                    /* of the neighbour's element; 0: none here, x y z are then (0, 0, 1) */
  double *rate;                      /* pi/(R - rmin0) */
  double *inner_s, *inner_rate;      /* with inner switching: s and pi/(2 d) */
  int64_t *pair;                     /* of the list; -1: none */
  double *self;                      /* [n_channels][lane] */
  /* private */
  int capacity;                      /* slots */
  int *used;                         /* [n_channels] */
  void *block;
  int64_t *order;                    /* [n_centres of the list] */
  int64_t order_capacity;
} afb_bispectrum_batch;

/* `lanes` is at most AFB_BATCH_LANES. AFB_E_MEMORY. */
afb_status afb_bispectrum_batch_create(const struct afb_bispectrum *plan, int lanes, afb_bispectrum_batch *batch);
void afb_bispectrum_batch_clear(afb_bispectrum_batch *batch);

/* Orders the centres of a list. Then afb_bispectrum_batch_fill for first = 0, lanes, 2 lanes ... below list->n_centres. AFB_E_MEMORY. */
afb_status afb_bispectrum_batch_order(afb_bispectrum_batch *batch, const afb_neighbours *list);
afb_status afb_bispectrum_batch_fill(const struct afb_bispectrum *plan, const afb_neighbours *list, int64_t first, afb_bispectrum_batch *batch);

#endif
