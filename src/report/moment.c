#include "report/moment.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "core/number.h"

/* Days of the Gregorian calendar, the year beginning in March. */
double afb_moment_of(const char *text)
{
  static const char behind[] = "--T::Z";
  int part[6];
  for (int k = 0; k < 6; k++) {
    text = afb_number_int(text, &part[k]);
    if (!text || *text++ != behind[k])
      return NAN;
  }
  int year = part[0], month = part[1], day = part[2];
  int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
  int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
  return 86400.0 * (double)days + 3600.0 * part[3] + 60.0 * part[4] + part[5];
}

char *afb_moment_text(double seconds, char buffer[AFB_MOMENT])
{
  struct tm parts;
  time_t t = isnan(seconds) ? 0 : (time_t)seconds;
  buffer[0] = '\0';
  if (!isnan(seconds) && gmtime_r(&t, &parts))
    strftime(buffer, AFB_MOMENT, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer;
}

double afb_moment_now(void)
{
  struct timespec t = {0, 0};
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
