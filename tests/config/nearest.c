#include "config/nearest.h"

#include <string.h>

#include "tests/check.h"

static void distances_are_edits(void **state)
{
  (void)state;
  check_true(afb_word_distance("charge", "charge") == 0);
  check_true(afb_word_distance("Charge", "charge") == 0);
  check_true(afb_word_distance("chrage", "charge") == 1);    /* swap */
  check_true(afb_word_distance("charg", "charge") == 1);     /* insertion */
  check_true(afb_word_distance("chaarge", "charge") == 1);   /* deletion */
  check_true(afb_word_distance("kitten", "sitting") == 3);   /* Levenshtein's example */
  check_true(afb_word_distance("", "abc") == 3);
}

static void only_near_words_are_meant(void **state)
{
  (void)state;
  static const char *const words[] = {"J", "atom", "optimise", "min", NULL};
  char text[64];
  check_true(strcmp(afb_nearest("optimize", words), "optimise") == 0);
  check_true(strcmp(afb_nearest("minutes", words), "min") == 0);
  check_true(strcmp(afb_nearest("j", words), "J") == 0);
  check_true(afb_nearest("x", words) == NULL);
  check_true(afb_nearest("nucleus", words) == NULL);
  check_true(strcmp(afb_did_you_mean("atmo", words, text, sizeof text), "; did you mean \"atom\"?") == 0);
  check_true(strcmp(afb_did_you_mean("nucleus", words, text, sizeof text), "") == 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(distances_are_edits),
  cmocka_unit_test(only_near_words_are_meant),
};
CHECK_MAIN(tests)
