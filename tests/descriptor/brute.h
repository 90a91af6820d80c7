/* Structures at random and neighbours without any cell list: the oracle of what finds neighbours. */
#ifndef AFB_TESTS_DESCRIPTOR_BRUTE_H
#define AFB_TESTS_DESCRIPTOR_BRUTE_H

#include "descriptor/neighbours.h"

/* A structure that owns its arrays; brute_free(). */
typedef struct {
  afb_structure s;
  double *position;
  int32_t *element;
} brute_frame;

/* n atoms of n_elements elements at random in and, by up to `outside` cells, around the cell (of edges about `edge`,
 * skewed by `skew`). Vectors of directions that are not periodic are kept; with no periodic direction and edge < 0
 * there is no cell. */
brute_frame brute_random(int64_t n, double edge, double skew, const int periodic[3], double outside, int n_elements, uint64_t seed);
void brute_free(brute_frame *frame);

typedef struct {
  int64_t atom;
  double r[3];
} brute_pair;

/* All (atom, image) with 1e-20 < |r| < cutoff[element] around `centre`, in no order; the caller frees. */
brute_pair *brute_find(const afb_structure *frame, const double *centre, const double *cutoff, int64_t *n);

/* How many of the centres' lists differ from those of brute_find by more than 1e-9 angstrom or otherwise; frame
 * [n_frames] as given to the piece, or one frame of a grid or domain. Points, owners and displacements are compared
 * too, those bit for bit with the points'. */
int64_t brute_differences(const afb_structure *frame, const afb_piece *piece, const afb_neighbours *list, int n_elements,
                          const double *cutoff, const double *grid_cutoff);

#endif
