#include "core/account.h"

#include <string.h>

#include "core/clock.h"
#include "core/energy.h"

static struct {
  int begun;
  afb_spent now;
  double start, start_cpu, since, waited;
  double spent[AFB_N_SPENT], waiting[AFB_N_SPENT];
} account;

void afb_account_begin(void)
{
  memset(&account, 0, sizeof account);
  account.begun = 1;
  account.now = AFB_SPENT_STARTUP;
  account.start = account.since = afb_wall_seconds();
  account.start_cpu = afb_cpu_seconds();
  account.waited = afb_phase_waited();
}

afb_spent afb_account_enter(afb_spent kind)
{
  if (!account.begun)
    afb_account_begin();
  afb_spent before = account.now;
  double now = afb_wall_seconds(), waited = afb_phase_waited();
  account.spent[before] += now - account.since;
  account.waiting[before] += waited - account.waited;
  account.since = now;
  account.waited = waited;
  account.now = kind;
  afb_energy_watch(now);
  return before;
}

void afb_account_move(afb_spent from, afb_spent to, double seconds)
{
  account.spent[from] -= seconds;
  account.spent[to] += seconds;
}

void afb_account_read(afb_account *out)
{
  afb_account_enter(account.now);
  out->wall = account.since - account.start;
  out->cpu = afb_cpu_seconds() - account.start_cpu;
  memcpy(out->spent, account.spent, sizeof out->spent);
  memcpy(out->waiting, account.waiting, sizeof out->waiting);
}

double afb_account_spent(afb_spent kind)
{
  afb_account_enter(account.now);
  return account.spent[kind];
}
