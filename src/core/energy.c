#include "core/energy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

enum { MOST_COUNTERS = 16, PATH = 256 };
static const double INTERVAL = 60.0;   /* seconds between looks */

typedef struct {
  char path[PATH];
  double joule;                 /* of its unit */
  double range;                 /* at which it begins again; 0: never */
  double last;
} counter;

static struct {
  int n;
  counter counter[MOST_COUNTERS];
  char source[AFB_ENERGY_SOURCE];
  double looked_at, total;
} energy;

static int read_number(const char *path, double *value)
{
  FILE *file = fopen(path, "r");
  char line[64], *end = line;
  if (!file)
    return 0;
  double number = fgets(line, sizeof line, file) ? strtod(line, &end) : 0.0;
  fclose(file);
  if (end == line)
    return 0;
  *value = number;
  return 1;
}

static int add(const char *path, double joule, double range)
{
  counter *c = &energy.counter[energy.n];
  if (energy.n == MOST_COUNTERS || !read_number(path, &c->last))
    return 0;
  snprintf(c->path, sizeof c->path, "%s", path);
  c->joule = joule;
  c->range = range;
  energy.n++;
  return 1;
}

static void find_packages(const char *root)
{
  char folder[PATH - 64], path[PATH], name[32];
  for (int i = 0; i < MOST_COUNTERS; i++) {
    double range = 0.0;
    snprintf(folder, sizeof folder, "%s/class/powercap/intel-rapl:%d", root, i);
    snprintf(path, sizeof path, "%s/name", folder);
    FILE *file = fopen(path, "r");
    if (!file)
      return;
    int named = fscanf(file, "%31s", name) == 1;
    fclose(file);
    if (!named || strncmp(name, "package", 7) != 0)
      continue;
    snprintf(path, sizeof path, "%s/max_energy_range_uj", folder);
    read_number(path, &range);
    snprintf(path, sizeof path, "%s/energy_uj", folder);
    if (!add(path, 1e-6, range))
      continue;
    size_t used = strlen(energy.source);
    snprintf(energy.source + used, sizeof energy.source - used, "%s%s", used ? ", " : "powercap ", name);
  }
}

static void look(void)
{
  for (int i = 0; i < energy.n; i++) {
    counter *c = &energy.counter[i];
    double value;
    if (!read_number(c->path, &value))
      continue;
    energy.total += c->joule * (value - c->last + (value < c->last ? c->range : 0.0));
    c->last = value;
  }
}

void afb_energy_begin(MPI_Comm comm, const char *root)
{
  int rank;
  MPI_Comm node;
  char path[PATH];
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &rank);
  MPI_Comm_free(&node);
  memset(&energy, 0, sizeof energy);
  if (rank != 0)
    return;
  snprintf(path, sizeof path, "%s/cray/pm_counters/energy", root);
  if (add(path, 1.0, 0.0))
    snprintf(energy.source, sizeof energy.source, "pm_counters node");
  else
    find_packages(root);
  energy.looked_at = afb_wall_seconds();
}

void afb_energy_watch(double now)
{
  if (energy.n == 0 || now - energy.looked_at < INTERVAL)
    return;
  look();
  energy.looked_at = now;
}

double afb_energy_read(char source[AFB_ENERGY_SOURCE])
{
  look();
  memcpy(source, energy.source, AFB_ENERGY_SOURCE);
  return energy.n > 0 ? energy.total : NAN;
}
