#include "config/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b) { return a < b ? a : b; }
static int lower(char c) { return tolower((unsigned char)c); }

int afb_word_distance(const char *a, const char *b)
{
  size_t length_a = strlen(a), length_b = strlen(b);
  if (length_a > LONGEST || length_b > LONGEST)
    return (int)(length_a > length_b ? length_a : length_b);
  int na = (int)length_a, nb = (int)length_b;
  int d[LONGEST + 1][LONGEST + 1];
  for (int i = 0; i <= na; i++)
    d[i][0] = i;
  for (int j = 0; j <= nb; j++)
    d[0][j] = j;
  for (int i = 1; i <= na; i++)
    for (int j = 1; j <= nb; j++) {
      int change = lower(a[i - 1]) != lower(b[j - 1]);
      d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[na][nb];
}

const char *afb_nearest(const char *word, const char *const *candidate)
{
  const char *best = NULL;
  int best_distance = 0;
  for (const char *const *c = candidate; *c; c++)
    if (strlen(*c) >= 3 && strncmp(word, *c, strlen(*c)) == 0)
      best = *c;
  if (best)
    return best;
  for (; *candidate; candidate++) {
    size_t longer = strlen(word) > strlen(*candidate) ? strlen(word) : strlen(*candidate);
    int distance = afb_word_distance(word, *candidate), limit = longer < 3 ? 0 : longer < 6 ? 1 : (int)(longer / 3);
    if (distance <= limit && (!best || distance < best_distance)) {
      best = *candidate;
      best_distance = distance;
    }
  }
  return best;
}

char *afb_did_you_mean(const char *word, const char *const *candidate, char *buffer, size_t size)
{
  const char *best = afb_nearest(word, candidate);
  buffer[0] = '\0';
  if (best)
    snprintf(buffer, size, "; did you mean \"%s\"?", best);
  return buffer;
}
