/* "Did you mean ...": the known word nearest to a mistyped one. Not collective. */
#ifndef AFB_CONFIG_NEAREST_H
#define AFB_CONFIG_NEAREST_H

#include <stddef.h>

/* Least number of insertions, deletions, changes and swaps of neighbouring letters that turn a into b
 * (optimal string alignment; capital and small letters are the same). Words longer than 63 letters are as far as their
 * lengths. Cost: the product of the lengths. */
int afb_word_distance(const char *a, const char *b);

/* The candidate nearest to `word` when it is near enough to be meant, otherwise NULL: one that `word` begins with
 * (min, minutes), or a distance of at most a third of the longer word (1 up to five letters, 0 up to two).
 * `candidate` ends with NULL; the first of equals wins. */
const char *afb_nearest(const char *word, const char *const *candidate);

/* Writes `; did you mean "x"?` for the nearest candidate, or the empty string; returns `buffer`. */
char *afb_did_you_mean(const char *word, const char *const *candidate, char *buffer, size_t size);

#endif
