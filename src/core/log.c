#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

static afb_log_level threshold = AFB_LOG_INFO;
static int own_rank = 0;

void afb_log_setup(afb_log_level level, int rank)
{
  threshold = level;
  own_rank = rank;
}

int afb_log_enabled(afb_log_level level)
{
  return level <= threshold && (own_rank == 0 || level == AFB_LOG_ERROR);
}

void afb_log(afb_log_level level, const char *format, ...)
{
  if (!afb_log_enabled(level))
    return;
  static const char *const prefix[] = {"error: ", "warning: ", "", "", ""};
  char text[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fprintf(stderr, "%s%s\n", prefix[level], text);
}
