#include "config/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"

enum { SHOWN = 60 };

int afb_value_word(const afb_key *key, const char *text)
{
  char buffer[AFB_WORDS_LENGTH];
  const char *list[AFB_MAX_WORDS];
  int n = afb_key_words(key, buffer, list);
  for (int i = 0; i < n; i++)
    if (strcmp(list[i], text) == 0)
      return i;
  return -1;
}

char *afb_value_format(double value, char buffer[AFB_VALUE_LENGTH])
{
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(buffer, AFB_VALUE_LENGTH, "%.*g", digits, value);
    if (strtod(buffer, NULL) == value)
      break;
  }
  return buffer;
}

static int in_range(const afb_key *key, double value)
{
  if (key->min == 0 && key->max == 0)
    return 1;
  return (key->flags & AFB_KEY_ABOVE_MIN ? value > key->min : value >= key->min) && value <= key->max;
}

static int refuse_range(char *why, const char *text)
{
  snprintf(why, AFB_VALUE_LENGTH, "%.*s is out of range", SHOWN, text);
  return 0;
}

static int read_integer(const afb_key *key, const char *text, int64_t *value, char *canonical, char *why)
{
  char *end;
  errno = 0;
  long long read = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || strspn(text, " \t")) {
    snprintf(why, AFB_VALUE_LENGTH, "\"%.*s\" is no whole number", SHOWN, text);
    return 0;
  }
  if (errno == ERANGE || !in_range(key, (double)read))
    return refuse_range(why, text);
  *value = read;
  snprintf(canonical, AFB_VALUE_LENGTH, "%lld", read);
  return 1;
}

static int read_half(const afb_key *key, const char *text, int *value, char *canonical, char *why)
{
  char *end;
  long n = strtol(text, &end, 10);
  int half = end != text && strcmp(end, "/2") == 0;
  if (end == text || (*end != '\0' && !half) || labs(n) > 1000) {
    snprintf(why, AFB_VALUE_LENGTH, "\"%.*s\" is no whole or half number", SHOWN, text);
    return 0;
  }
  int two = (int)(half ? n : 2 * n);
  if (!in_range(key, 0.5 * two))
    return refuse_range(why, text);
  *value = two;
  snprintf(canonical, AFB_VALUE_LENGTH, two % 2 ? "%d/2" : "%d", two % 2 ? two : two / 2);
  return 1;
}

static int refuse_unit(const afb_key *key, const char *name, char *why)
{
  const char *list[8];
  char meant[AFB_VALUE_LENGTH] = "";
  double factor;
  if (!key->unit) {
    snprintf(why, AFB_VALUE_LENGTH, "it has no unit, but \"%.*s\" follows the number", SHOWN, name);
    return 0;
  }
  if (afb_unit_factor(name, key->unit, &factor) < 0) {
    snprintf(why, AFB_VALUE_LENGTH, "%.*s is a unit of something else", SHOWN, name);
    return 0;
  }
  afb_unit_list(key->unit, list, 8);
  snprintf(why, AFB_VALUE_LENGTH, "unknown unit \"%.*s\"%s", SHOWN, name,
           afb_did_you_mean(name, list, meant, sizeof meant));
  return 0;
}

static int read_number(const afb_key *key, const char *text, double *value, char *canonical, char *why)
{
  char number[AFB_VALUE_LENGTH], *end;
  double factor = 1.0;
  double read = strtod(text, &end);
  /* strtod also takes hexadecimal numbers, "inf" and "nan" */
  if (end == text || strspn(text, "+-.0123456789eE") < (size_t)(end - text) || !isfinite(read)) {
    snprintf(why, AFB_VALUE_LENGTH, "\"%.*s\" is no number", SHOWN, text);
    return 0;
  }
  const char *name = end + strspn(end, " ");
  if (*name && (!key->unit || afb_unit_factor(name, key->unit, &factor) <= 0))
    return refuse_unit(key, name, why);
  if (!*name && (key->flags & AFB_KEY_UNIT)) {
    snprintf(why, AFB_VALUE_LENGTH, "%.*s has no unit", SHOWN, text);
    return 0;
  }
  if (!in_range(key, read * factor))
    return refuse_range(why, text);
  *value = read * factor;
  snprintf(canonical, AFB_VALUE_LENGTH, "%.200s%s%.20s", afb_value_format(*value, number),
           key->flags & AFB_KEY_UNIT ? " " : "", key->flags & AFB_KEY_UNIT ? key->unit : "");
  return 1;
}

static int read_boolean(const char *text, int *value, char *canonical, char *why)
{
  int yes = strcmp(text, "true") == 0, no = strcmp(text, "false") == 0;
  if (!yes && !no) {
    snprintf(why, AFB_VALUE_LENGTH, "\"%.*s\" is neither true nor false", SHOWN, text);
    return 0;
  }
  *value = yes;
  snprintf(canonical, AFB_VALUE_LENGTH, "%s", text);
  return 1;
}

static int refuse_word(const afb_key *key, const char *text, char *why)
{
  char buffer[AFB_WORDS_LENGTH], meant[AFB_VALUE_LENGTH];
  const char *list[AFB_MAX_WORDS];
  afb_key_words(key, buffer, list);
  snprintf(why, AFB_VALUE_LENGTH, "unknown word \"%.*s\"%s", SHOWN, text,
           afb_did_you_mean(text, list, meant, sizeof meant));
  return 0;
}

int afb_value_read(const afb_key *key, const char *text, void *field, char canonical[AFB_VALUE_LENGTH],
                   char why[AFB_VALUE_LENGTH])
{
  if (key->forms & AFB_FORM_INTEGER)
    return read_integer(key, text, field, canonical, why);
  if (key->forms & AFB_FORM_NUMBER)
    return read_number(key, text, field, canonical, why);
  if (key->forms & AFB_FORM_HALF)
    return read_half(key, text, field, canonical, why);
  if (key->forms & AFB_FORM_BOOLEAN)
    return read_boolean(text, field, canonical, why);
  return refuse_word(key, text, why);
}
