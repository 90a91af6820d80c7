#include "report/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

enum { BAR = 24 };

char *afb_duration(double seconds, char *buffer)
{
  if (!(seconds < 3.6e8)) {
    snprintf(buffer, 32, "unknown time");
    return buffer;
  }
  long s = lround(fmax(seconds, 0.0));
  if (s >= 3600)
    snprintf(buffer, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
  else if (s >= 60)
    snprintf(buffer, 32, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(buffer, 32, "%ld s", s);
  return buffer;
}

void afb_progress_init(afb_progress *progress, int off)
{
  double now = afb_wall_seconds();
  *progress = (afb_progress){.off = off, .terminal = isatty(STDERR_FILENO), .shown_at = now, .started_at = now};
  progress->interval = progress->terminal ? 0.2 : 2.0;
}

int afb_progress_due(const afb_progress *progress)
{
  return !progress->off && afb_wall_seconds() - progress->shown_at >= progress->interval;
}

static void draw_bar(afb_progress *progress, const char *text, double fraction)
{
  char bar[BAR + 1];
  int full = (int)lround(fraction * BAR);
  for (int i = 0; i < BAR; i++)
    bar[i] = i < full ? '#' : '.';
  bar[BAR] = '\0';
  int length = fprintf(stderr, "\r[%s] %s", bar, text);
  for (int i = length; i < progress->drawn; i++)
    fputc(' ', stderr);
  progress->drawn = length;
  fflush(stderr);
}

void afb_progress_show(afb_progress *progress, const afb_progress_state *state)
{
  if (!afb_progress_due(progress))
    return;
  double now = afb_wall_seconds(), elapsed = now - progress->started_at;
  double fraction = fmin(fmax(state->fraction, 0.0), 1.0), gained = fraction - state->fraction_at_start;
  char left[32], passed[32], text[256];
  afb_duration(gained > 0.0 ? elapsed * (1.0 - fraction) / gained : INFINITY, left);
  snprintf(text, sizeof text, "%3.0f %%, %s, %s gone, %s left", 100.0 * fraction, state->text,
           afb_duration(elapsed, passed), left);
  if (progress->terminal) {
    draw_bar(progress, text, fraction);
  } else {
    fprintf(stderr, "%s\n", text);
    progress->interval = fmin(60.0, fmax(2.0, 0.2 * elapsed));
  }
  progress->shown_at = now;
}

void afb_progress_end(afb_progress *progress)
{
  if (progress->drawn > 0)
    fprintf(stderr, "\r%*s\r", progress->drawn, "");
  progress->drawn = 0;
}
