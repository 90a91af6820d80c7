#include "learn/patience.h"

#include <time.h>

#include "core/clock.h"

static const double PART = 0.125, MOST = 0.02 /* s */;

void afb_patience_begin(afb_patience *p)
{
  p->now = afb_wall_seconds();
  p->left += p->since > 0 ? PART * (p->now - p->since) : 0;
  p->left = p->left < MOST ? p->left : MOST;
  p->nap = 50000;
}

static void relax(void)
{
#if defined __x86_64__
  __builtin_ia32_pause();
#endif
}

void afb_patience_pause(afb_patience *p)
{
  enum { LONGEST = 800000 };
  if (p->left > 0) {
    relax();
    double now = afb_wall_seconds();
    p->left -= now - p->now;
    p->now = now;
  } else {
    nanosleep(&(struct timespec){0, p->nap}, NULL);
    p->nap = p->nap < LONGEST ? 2 * p->nap : p->nap;
  }
}

void afb_patience_end(afb_patience *p) { p->since = afb_wall_seconds(); }
