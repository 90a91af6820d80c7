/* The account of wall time adds up, and counters of energy are read as they stand in /sys. */
#include "tests/check.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/account.h"
#include "core/clock.h"
#include "core/energy.h"

static void pass(double seconds)
{
  double end = afb_wall_seconds() + seconds;
  while (afb_wall_seconds() < end)
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void kinds_add_up(void **state)
{
  (void)state;
  afb_account a;
  afb_account_begin();
  pass(0.01);
  afb_spent before = afb_account_enter(AFB_SPENT_RUN);
  check_true(before == AFB_SPENT_STARTUP);
  pass(0.03);
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  pass(0.02);
  afb_phase_enter(phase);
  check_true(afb_account_enter(AFB_SPENT_IDLE) == AFB_SPENT_RUN);
  pass(0.02);
  afb_account_move(AFB_SPENT_IDLE, AFB_SPENT_DRAIN, 0.005);
  afb_account_read(&a);
  double sum = 0;
  for (int k = 0; k < AFB_N_SPENT; k++)
    sum += a.spent[k];
  check_close(sum, a.wall, 1e-12);
  check_true(a.spent[AFB_SPENT_STARTUP] >= 0.01 && a.spent[AFB_SPENT_RUN] >= 0.05 && a.spent[AFB_SPENT_IDLE] >= 0.015);
  check_close(a.spent[AFB_SPENT_DRAIN], 0.005, 1e-12);
  check_true(a.waiting[AFB_SPENT_RUN] >= 0.02 && a.waiting[AFB_SPENT_RUN] <= a.spent[AFB_SPENT_RUN] - 0.03);
  check_true(a.waiting[AFB_SPENT_IDLE] == 0 && a.cpu > 0 && a.cpu <= 1.5 * a.wall);
}

static void write_file(const char *folder, const char *name, const char *text)
{
  char path[320];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  if (file) {
    fputs(text, file);
    fclose(file);
  }
}

static void make_package(const char *root, int i, const char *name, const char *energy)
{
  char folder[256];
  snprintf(folder, sizeof folder, "%s/class/powercap/intel-rapl:%d", root, i);
  mkdir(folder, 0777);
  write_file(folder, "name", name);
  write_file(folder, "max_energy_range_uj", "1000000000\n");
  write_file(folder, "energy_uj", energy);
}

static void counters_are_read(void **state)
{
  (void)state;
  char root[64], path[128], source[AFB_ENERGY_SOURCE];
  static const char *const folder[] = {"", "/class", "/class/powercap", "/cray", "/cray/pm_counters"};
  snprintf(root, sizeof root, "energy-%d", (int)getpid());
  afb_energy_begin(MPI_COMM_WORLD, root);
  check_true(isnan(afb_energy_read(source)) && source[0] == 0);
  for (int i = 0; i < 5; i++) {
    snprintf(path, sizeof path, "%s%s", root, folder[i]);
    mkdir(path, 0777);
  }
  make_package(root, 0, "package-0\n", "999000000\n");
  make_package(root, 1, "package-1\n", "500\n");
  make_package(root, 2, "psys\n", "7\n");
  afb_energy_begin(MPI_COMM_WORLD, root);
  make_package(root, 0, "package-0\n", "2000000\n");   /* it began again */
  make_package(root, 1, "package-1\n", "1000500\n");
  check_close(afb_energy_read(source), 4.0, 1e-9);
  check_true(strcmp(source, "powercap package-0, package-1") == 0);
  make_package(root, 1, "package-1\n", "2000500\n");
  check_close(afb_energy_read(source), 5.0, 1e-9);
  /* The counter of the whole node is preferred. */
  snprintf(path, sizeof path, "%s/cray/pm_counters", root);
  write_file(path, "energy", "1000 J\n");
  afb_energy_begin(MPI_COMM_WORLD, root);
  write_file(path, "energy", "1250 J\n");
  check_close(afb_energy_read(source), 250.0, 1e-9);
  check_true(strcmp(source, "pm_counters node") == 0);
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", root);
  check_true(system(command) == 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(kinds_add_up),
  cmocka_unit_test(counters_are_read),
};
CHECK_MAIN(tests)
