/* The structures of the reference data, where these are there: the same in several formats, and what is known of the data sets. */
#include "tests/check.h"

#include <string.h>

#include "materials/structures.h"

/* Reads patterns below the shared folder; skips the test where there is none. */
static void read_shared(MPI_Comm comm, int n, const char *const *name, int64_t divided, afb_structures *out)
{
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  static char text[4][1024];
  const char *pattern[4];
  for (int i = 0; i < n; i++) {
    snprintf(text[i], sizeof text[i], "%s%s/%s", shared ? shared : source ? source : ".", shared ? "" : "/../shared", name[i]);
    pattern[i] = text[i];
  }
  afb_status status = afb_structures_read(comm, n, pattern, &(afb_structures_options){.divided = divided}, out);
  if (status == AFB_E_INPUT && strstr(afb_error_text(), "no file matches")) {
    print_message("# skipped: %s (set AUFBAU_SHARED to the folder that has the reference data)\n", afb_error_text());
    skip();
  }
  check_ok(status);
}

/* Largest difference of positions and cells of two frames; infinite when they have different atoms. */
static double difference(const afb_structures *a, int64_t f, const afb_structures *b, int64_t g)
{
  const afb_frame *p = &a->frame[f], *q = &b->frame[g];
  double worst = p->n_atoms == q->n_atoms ? 0 : INFINITY;
  for (int i = 0; i < 9; i++)
    worst = fmax(worst, fabs(p->cell[i / 3][i % 3] - q->cell[i / 3][i % 3]));
  for (int64_t i = 0; worst < INFINITY && i < 3 * p->n_atoms; i++)
    worst = fmax(worst, fabs(a->position[3 * p->first_atom + i] - b->position[3 * q->first_atom + i]));
  return worst;
}

static void data_files_are_the_extended_xyz(void **state)
{
  (void)state;
  static const char *const pattern[2] = {"reference/snap/structures/*.data", "reference/snap/structures/*.extxyz"};
  afb_structures data, xyz;
  read_shared(MPI_COMM_SELF, 1, pattern, 0, &data);
  read_shared(MPI_COMM_SELF, 1, pattern + 1, 0, &xyz);
  check_true(xyz.n_frames == 10 && xyz.n_atoms == 340 && data.n_frames == 3 && data.n_atoms == 85);
  for (int64_t d = 0; d < data.n_frames; d++) {
    int found = 0;
    for (int64_t x = 0; x < xyz.n_frames; x++) {
      size_t n = strlen(xyz.frame[x].name);
      if (strncmp(data.frame[d].name, xyz.frame[x].name, n) != 0 || data.frame[d].name[n] != '.')
        continue;
      found = 1;
      check_close(difference(&data, d, &xyz, x), 0, 2e-15);
      check_true(memcmp(data.frame[d].periodic, xyz.frame[x].periodic, sizeof xyz.frame[x].periodic) == 0);
    }
    check_true(found);
  }
  afb_structures_clear(&data);
  afb_structures_clear(&xyz);
}

/* Sites are printed to 1e-10 of a cell, and the programs' values of the bohr differ by 1.3e-8. */
static void olcao_files_are_the_extended_xyz(void **state)
{
  (void)state;
  static const char *const model[2] = {"c8_r1", "int9_2"};
  for (int m = 0; m < 2; m++) {
    char name[3][64];
    snprintf(name[0], 64, "reference/olcao_si/models/%s.xyz", model[m]);
    snprintf(name[1], 64, "reference/olcao_si/formats/%s/structure.dat", model[m]);
    snprintf(name[2], 64, "reference/olcao_si/formats/%s/olcao.skl", model[m]);
    const char *const pattern[3] = {name[0], name[1], name[2]};
    afb_structures s;
    read_shared(MPI_COMM_SELF, 3, pattern, 1, &s);
    check_true(s.n_frames == 3 && s.n_species == 1 && strcmp(s.species[0], "Si") == 0);
    check_close(difference(&s, 0, &s, 1), 0, 5e-9);
    check_close(difference(&s, 0, &s, 2), 0, 1e-7);
    check_true(strcmp(s.frame[0].name, model[m]) == 0 && strcmp(s.frame[2].group, model[m]) == 0);
    afb_structures_clear(&s);
  }
}

static void silicon_models_are_complete(void **state)
{
  (void)state;
  static const char *const pattern[1] = {"reference/olcao_si/models/*.xyz"};
  afb_structures s;
  read_shared(MPI_COMM_WORLD, 1, pattern, 100, &s);
  check_true(s.n_frames == 28 && s.n_atoms == 312 && s.n_species == 1);
  int amorphous = 0;
  for (int64_t f = 0; f < s.n_frames; f++)
    amorphous += strcmp(s.frame[f].group, "amorphous") == 0;
  check_true(amorphous > 0 && strcmp(s.frame[0].name, "am16_1") == 0);
  afb_structures_clear(&s);
}

/* 363 configurations in 12 folders; what the first file says. */
static void tantalum_configurations_are_complete(void **state)
{
  (void)state;
  static const char *const pattern[1] = {"datasets/fitsnap_ta/JSON/*/*.json"};
  afb_structures s;
  read_shared(MPI_COMM_WORLD, 1, pattern, 0, &s);
  int groups = 0, complete = 1;
  for (int64_t f = 0; f < s.n_frames; f++) {
    groups += f == 0 || strcmp(s.frame[f].group, s.frame[f - 1].group) != 0;
    complete &= isfinite(s.frame[f].energy) && isfinite(s.frame[f].stress[5]) && s.frame[f].periodic[2];
  }
  for (int64_t i = 0; i < 3 * s.n; i++)
    complete &= isfinite(s.force[i]);
  check_true(s.n_frames == 363 && s.n_atoms == 4224 && groups == 12 && complete);
  check_true(strcmp(s.species[0], "Ta") == 0 && s.n_species == 1);
  check_true(strcmp(s.frame[0].group, "Displaced_A15") == 0 && strcmp(s.frame[0].name, "A15_1.json") == 0);
  check_close(s.frame[0].energy, -754.0221, 0);
  check_close(s.frame[0].stress[0], 26594.42, 0);
  afb_structures_clear(&s);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(data_files_are_the_extended_xyz),
  cmocka_unit_test(olcao_files_are_the_extended_xyz),
  cmocka_unit_test(silicon_models_are_complete),
  cmocka_unit_test(tantalum_configurations_are_complete),
};
CHECK_MAIN(tests)
