#include "core/number.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

const char *afb_number_int(const char *text, int *value)
{
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (end == text || errno != 0 || number < INT_MIN || number > INT_MAX)
    return NULL;
  *value = (int)number;
  return end;
}
