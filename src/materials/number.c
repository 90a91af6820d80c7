#include "materials/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static int is_end(char c) { return c == '\n' || c == '\0'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

int afb_word_next(const char **at, afb_word *word)
{
  const char *p = *at;
  while (is_blank(*p))
    p++;
  word->text = p;
  while (!is_blank(*p) && !is_end(*p))
    p++;
  word->size = (size_t)(p - word->text);
  *at = p;
  return word->size > 0;
}

int afb_word_is(afb_word word, const char *text)
{
  size_t i = 0;
  while (i < word.size && text[i] && lower(word.text[i]) == lower(text[i]))
    i++;
  return i == word.size && text[i] == '\0';
}

int afb_word_count(const char *at)
{
  int n = 0;
  afb_word word;
  while (afb_word_next(&at, &word))
    n++;
  return n;
}

static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { LARGEST_EXACT_POWER = 22, LARGEST_POWER_IN_64_BITS = 19, LARGEST_DIGITS_IN_64_BITS = 19 };

__extension__ typedef unsigned __int128 wide;

static int leading_zeros(uint64_t x)
{
  int n = 0;
  for (int step = 32; step > 0; step /= 2)
    if (x >> (64 - step) == 0) {
      n += step;
      x <<= step;
    }
  return n;
}

/* The double nearest to mantissa / 10^power. Both are shifted to have their top bit, so that the integer quotient has 63 or 64
 * bits; whatever remains is kept in its lowest bit, far below the place where the conversion to double rounds. */
static double divide(uint64_t mantissa, int power)
{
  uint64_t divisor = 1;
  for (int i = 0; i < power; i++)
    divisor *= 10;
  int up = leading_zeros(mantissa), down = leading_zeros(divisor);
  divisor <<= down;
  wide numerator = (wide)(mantissa << up) << 63;
  uint64_t quotient = (uint64_t)(numerator / divisor);
  quotient |= (wide)quotient * divisor != numerator;
  uint64_t bits = (uint64_t)(1023 + down - up - 63) << 52;
  double scale;
  memcpy(&scale, &bits, sizeof scale);
  return (double)quotient * scale;
}

/* Through strtod, from a copy: it knows no Fortran exponents. */
static double slowly(const char *text, size_t size)
{
  char copy[512];
  if (size >= sizeof copy)
    return NAN;
  for (size_t i = 0; i < size; i++)
    copy[i] = lower(text[i]) == 'd' ? 'e' : text[i];
  copy[size] = '\0';
  return strtod(copy, NULL);
}

typedef struct {
  uint64_t mantissa;
  int n_digits, exponent; /* digits counted from the first that is not zero */
} decimal;

static const char *digits(const char *p, decimal *d, int fraction)
{
  for (; is_digit(*p); p++) {
    if (d->n_digits < LARGEST_DIGITS_IN_64_BITS)
      d->mantissa = 10 * d->mantissa + (uint64_t)(*p - '0');
    d->n_digits += d->mantissa != 0;
    d->exponent -= fraction;
  }
  return p;
}

/* "nan", "inf", "infinity" in any case. */
static const char *not_finite(const char *p, double *value)
{
  afb_word word;
  const char *end = p;
  if (!afb_word_next(&end, &word) || word.text != p)
    return NULL;
  *value = afb_word_is(word, "nan") ? NAN : INFINITY;
  return afb_word_is(word, "nan") || afb_word_is(word, "inf") || afb_word_is(word, "infinity") ? end : NULL;
}

static const char *exponent(const char *p, int *power)
{
  if (lower(*p) != 'e' && lower(*p) != 'd')
    return p;
  const char *q = p + 1;
  int negative = *q == '-', value = 0;
  q += *q == '-' || *q == '+';
  if (!is_digit(*q))
    return p;
  for (; is_digit(*q); q++)
    if (value < 100000)
      value = 10 * value + (*q - '0');
  *power += negative ? -value : value;
  return q;
}

int afb_number_leading(const char **at, double *value)
{
  const char *begin = *at;
  while (is_blank(*begin))
    begin++;
  const char *p = begin;
  int negative = *p == '-';
  p += *p == '-' || *p == '+';
  decimal d = {0, 0, 0};
  const char *from = p;
  p = digits(p, &d, 0);
  ptrdiff_t count = p - from;
  if (*p == '.') {
    from = ++p;
    p = digits(p, &d, 1);
    count += p - from;
  }
  double x;
  if (count > 0) {
    p = exponent(p, &d.exponent);
    int fits = d.n_digits <= LARGEST_DIGITS_IN_64_BITS && d.exponent <= LARGEST_EXACT_POWER && d.exponent >= -LARGEST_EXACT_POWER;
    if (d.mantissa == 0)
      x = 0;
    else if (fits && d.exponent == 0)
      x = (double)d.mantissa;
    else if (fits && d.mantissa <= UINT64_C(1) << 53)
      x =
        d.exponent > 0 ? (double)d.mantissa * power_of_ten[d.exponent] : (double)d.mantissa / power_of_ten[-d.exponent];
    else if (fits && d.exponent < 0 && d.exponent >= -LARGEST_POWER_IN_64_BITS)
      x = divide(d.mantissa, -d.exponent);
    else
      x = fabs(slowly(begin, (size_t)(p - begin)));
  } else if (!(p = not_finite(from, &x))) {
    return 0;
  }
  *value = negative ? -x : x;
  *at = p;
  return 1;
}

int afb_number_real(const char **at, double *value)
{
  const char *end = *at;
  if (!afb_number_leading(&end, value) || (!is_blank(*end) && !is_end(*end)))
    return 0;
  *at = end;
  return 1;
}

int afb_number_integer(const char **at, int64_t *value)
{
  const char *p = *at;
  while (is_blank(*p))
    p++;
  int negative = *p == '-';
  p += *p == '-' || *p == '+';
  if (!is_digit(*p))
    return 0;
  int64_t x = 0;
  for (; is_digit(*p); p++) {
    int digit = *p - '0';
    if (x > (INT64_MAX - digit) / 10)
      return 0;
    x = 10 * x + digit;
  }
  if (!is_blank(*p) && !is_end(*p))
    return 0;
  *value = negative ? -x : x;
  *at = p;
  return 1;
}
