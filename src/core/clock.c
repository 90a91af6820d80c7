#include "core/clock.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t received;

static double seconds(clockid_t id)
{
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double afb_wall_seconds(void) { return seconds(CLOCK_MONOTONIC); }
double afb_cpu_seconds(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

static struct {
  afb_phase now;
  double since, total[AFB_N_PHASES];
  double wait_began, waited;    /* of the clock on the wall */
} phases;

afb_phase afb_phase_enter(afb_phase phase)
{
  afb_phase before = phases.now;
  double now = afb_cpu_seconds();
  phases.total[before] += now - phases.since;
  phases.since = now;
  phases.now = phase;
  if (phase == AFB_PHASE_WAIT && before != AFB_PHASE_WAIT)
    phases.wait_began = afb_wall_seconds();
  if (before == AFB_PHASE_WAIT && phase != AFB_PHASE_WAIT)
    phases.waited += afb_wall_seconds() - phases.wait_began;
  return before;
}

double afb_phase_waited(void) { return phases.waited; }

void afb_phase_seconds(double total[AFB_N_PHASES])
{
  afb_phase_enter(phases.now);
  for (int i = 0; i < AFB_N_PHASES; i++)
    total[i] = phases.total[i];
}

static void on_signal(int number) { received = number; }

void afb_signals_catch(void)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int afb_signal_received(void) { return received; }
