/* Numbers and words in a text. Not collective.
 *
 * Every function needs a text that ends with a zero byte, and moves *at over what it took; blanks are space, tab and
 * carriage return, so that a line ends at its line feed. */
#ifndef AFB_MATERIALS_NUMBER_H
#define AFB_MATERIALS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *text;            /* not ended by a zero byte */
  size_t size;
} afb_word;

/* The next word of the line; 0 where the line ends. A word ends at a blank, a line feed or the text's end. */
int afb_word_next(const char **at, afb_word *word);
/* Whether the word is `text`, upper and lower case alike. */
int afb_word_is(afb_word word, const char *text);
/* Words from *at to the end of the line; *at stays. */
int afb_word_count(const char *at);

/* A decimal number with a point, an exponent (e or, as Fortran writes, d), "nan" or "inf", as a whole word. The value is the double nearest to
 * the decimal number, as strtod rounds. 0, and *at stays, where the next word is none. Cost: about 1 ns a character
 * for up to 19 digits. */
int afb_number_real(const char **at, double *value);
/* The same, but anything may follow, as a comma does in JSON. */
int afb_number_leading(const char **at, double *value);
/* A decimal integer as a whole word. 0 where the next word is none or is beyond 64 bits. */
int afb_number_integer(const char **at, int64_t *value);

#endif
