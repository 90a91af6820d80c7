#include "tests/atomic/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_line(const char *line, reference_case *c)
{
  char text[200];
  if (sscanf(line, "conf %199[^\n]", text) == 1)
    return c->n_configurations < CASE_CONFIGURATIONS &&
           afb_configuration_parse(text, c->configuration + c->n_configurations++) == AFB_OK;
  if (sscanf(line, "grasp %19s", c->grasp) == 1)
    return 1;
  if (strncmp(line, "block ", 6) == 0 && c->n_blocks < CASE_BLOCKS) {
    case_level *b = c->block + c->n_blocks++;
    return sscanf(line, "block %d %d %d", &b->two_j, &b->parity, &b->index) == 3;
  }
  if (strncmp(line, "level ", 6) == 0 && c->n_reference < CASE_LEVELS) {
    case_level *l = c->reference + c->n_reference++;
    l->refined = NAN;
    return sscanf(line, "level %d %d %d %lf %lf", &l->two_j, &l->parity, &l->index, &l->energy, &l->refined) >= 4;
  }
  if (strncmp(line, "orbital ", 8) == 0 && c->n_orbitals < CASE_ORBITALS) {
    int i = c->n_orbitals++;
    return sscanf(line, "orbital %d %d %lf", &c->orbital[i].n, &c->orbital[i].kappa, c->orbital_energy + i) == 3;
  }
  return 0;
}

int read_cases(const char *name, reference_case **cases)
{
  char path[1024], line[256];
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, sizeof path, "%s/tests/atomic/data/%s", source ? source : ".", name);
  FILE *file = fopen(path, "r");
  int n = 0, good = file != NULL;
  *cases = NULL;
  while (good && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '#' || line[0] == '\0')
      continue;
    if (strncmp(line, "case ", 5) != 0) {
      good = n > 0 && read_line(line, *cases + n - 1);
      continue;
    }
    reference_case *more = realloc(*cases, (size_t)(n + 1) * sizeof *more);
    good = more != NULL;
    if (!good)
      break;
    *cases = more;
    reference_case *c = *cases + n++;
    *c = (reference_case){.z = 0};
    good = sscanf(line, "case %63s %d %d %d %7s %15s %d %d %d", c->name, &c->z, &c->charge, &c->mass, c->nucleus, c->quality,
                  &c->n_levels, &c->two_j_min, &c->two_j_max) == 9;
  }
  if (file)
    fclose(file);
  return good ? n : -1;
}

afb_mcdhf_request case_request(const reference_case *c)
{
  return (afb_mcdhf_request){.z = c->z, .charge = c->charge, .mass_number = c->mass,
                             .nucleus = strcmp(c->nucleus, "point") == 0 ? AFB_NUCLEUS_POINT : AFB_NUCLEUS_FERMI,
                             .n_configurations = c->n_configurations, .configuration = c->configuration,
                             .two_j_min = c->two_j_min, .two_j_max = c->two_j_max, .n_levels = c->n_levels, .n_vary = -1};
}

int case_same_blocks(const reference_case *c, const afb_mcdhf_result *r)
{
  if (r->csfs.n_blocks != c->n_blocks)
    return 0;
  for (int i = 0; i < c->n_blocks; i++)
    if (r->csfs.block[i].two_j != c->block[i].two_j || r->csfs.block[i].parity != c->block[i].parity ||
        r->csfs.block[i].n_csf != c->block[i].index)
      return 0;
  return 1;
}

double case_mean_difference(const reference_case *c, const afb_mcdhf_result *r)
{
  double sum = 0, weights = 0;
  for (int i = 0; i < c->n_reference; i++) {
    sum += (c->reference[i].two_j + 1) * c->reference[i].energy;
    weights += c->reference[i].two_j + 1;
  }
  return c->n_reference > 0 && c->n_reference == r->n_levels ? (r->energy - sum / weights) / fabs(r->energy) : NAN;
}

static void keep_larger(double difference, double *largest)
{
  if (isnan(difference) || fabs(difference) > fabs(*largest))   /* NaN stays */
    *largest = difference;
}

static double largest_level(const reference_case *c, const afb_mcdhf_result *r, int refined)
{
  double largest = c->n_reference > 0 ? 0 : NAN;
  for (int i = 0; i < c->n_reference; i++) {
    const case_level *want = c->reference + i;
    double found = NAN, energy = refined ? want->refined : want->energy;
    for (int l = 0; l < r->n_levels; l++)
      if (r->level[l].two_j == want->two_j && r->level[l].parity == want->parity && r->level[l].index == want->index)
        found = r->level[l].energy;
    keep_larger((found - energy) / fabs(energy), &largest);
  }
  return largest;
}

double case_largest_difference(const reference_case *c, const afb_mcdhf_result *r) { return largest_level(c, r, 0); }
double case_largest_refined(const reference_case *c, const afb_mcdhf_result *r) { return largest_level(c, r, 1); }

double case_largest_orbital(const reference_case *c, const afb_mcdhf_result *r)
{
  double largest = c->n_orbitals > 0 ? 0 : NAN;
  for (int i = 0; i < c->n_orbitals; i++) {
    double found = NAN;
    for (int a = 0; a < r->orbitals.n_orbitals; a++)
      if (r->orbitals.orbital[a].n == c->orbital[i].n && r->orbitals.orbital[a].kappa == c->orbital[i].kappa)
        found = r->orbitals.energy[a];
    keep_larger((found - c->orbital_energy[i]) / fabs(c->orbital_energy[i]), &largest);
  }
  return largest;
}
