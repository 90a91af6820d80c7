#include "tests/check.h"

#include <string.h>

#include "materials/density_fit.h"
#include "materials/site_inputs.h"

/* The fit of one frame of silicon-like atoms. */
static void fit(const double cell[3][3], int64_t n, const double *position, int m, const double *exponent, double *c)
{
  static const int periodic[3] = {1, 1, 1};
  int32_t *element = calloc((size_t)n, sizeof *element);
  afb_structure s = {.periodic = {1, 1, 1}, .n_atoms = n, .position = position, .element = element};
  memcpy(s.cell, cell, sizeof s.cell);
  afb_piece piece;
  afb_neighbours list = {0};
  int bad;
  double cutoff = afb_density_cutoff(exponent[0]);
  check_ok(afb_piece_frames(1, &s, cutoff, &piece, &bad));
  check_ok(afb_neighbours_find(&piece, 1, &cutoff, NULL, 0, n, &list));
  check_ok(afb_density_fit(cell, periodic, &piece, &list, 0, n, m, exponent, c));
  afb_neighbours_clear(&list);
  afb_piece_clear(&piece);
  free(element);
}

/* Powers of one Gaussian are Gaussians: exp(-0.2 r^2)^(1/3) and ^(2/3) are the functions themselves. */
static void powers_of_one_atom(void **state)
{
  (void)state;
  const double cell[3][3] = {{18, 0, 0}, {1, 17, 0}, {0, 2, 19}}, at[3] = {3, 30, -4}, exponent[2] = {0.2 / 3, 0.4 / 3};
  double c[4];
  fit(cell, 1, at, 2, exponent, c);
  check_close(c[0], 1, 1e-5);
  check_close(c[1], 0, 1e-5);
  check_close(c[2], 0, 1e-5);
  check_close(c[3], 1, 1e-5);
}

/* Diamond in its primitive cell, as a cube of eight atoms, and moved: the same coefficients for every atom. */
static void cells_do_not_matter(void **state)
{
  (void)state;
  enum { M = 3, ALL = AFB_DENSITY_POWERS * M };
  double a = 5.43, exponent[M] = {0.15, 0.4275811081, 1.21883736}, c[2 * ALL], d[8 * ALL], position[24];
  const double primitive[3][3] = {{0, a / 2, a / 2}, {a / 2, 0, a / 2}, {a / 2, a / 2, 0}}, cube[3][3] = {{a, 0, 0}, {0, a, 0}, {0, 0, a}};
  double two[6] = {0.3, -0.2, 11, 0.3 + a / 4, -0.2 + a / 4, 11 + a / 4};
  static const double corner[4][3] = {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}};
  for (int i = 0; i < 8; i++)
    for (int k = 0; k < 3; k++)
      position[3 * i + k] = a * (corner[i / 2][k] + 0.25 * (i % 2));
  fit(primitive, 2, two, M, exponent, c);
  fit(cube, 8, position, M, exponent, d);
  check_true(fabs(c[0]) > 0.1);
  for (int k = 0; k < ALL; k++) {
    check_close(c[k], c[ALL + k], 1e-5);
    for (int i = 0; i < 8; i++)
      check_close(c[k], d[i * ALL + k], 1e-5);
  }
}

/* Rows of inputs: one for each atom on every rank, whatever rank computed them; the mean of the fits in its columns. */
static void inputs_of_sites(void **state)
{
  (void)state;
  afb_site_inputs inputs;
  afb_bispectrum_settings settings;
  double cutoff[2] = {3, 5}, exponent[4] = {0.15, 0.43, 1.2, 9}, *value;
  afb_bispectrum_settings_default(&settings);
  settings.n_elements = 1;
  settings.weight[0] = 1;
  settings.two_jmax = 2;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    FILE *f = fopen("sites.extxyz", "wb");
    for (int m = 0; f && m < 3; m++)
      fprintf(f, "2\nLattice=\"0 2.7 2.7 2.7 0 2.7 2.7 2.7 0\" Properties=species:S:1:pos:R:3 pbc=\"T T T\" model=m%d kind=k\nSi 0 0 0\nSi 1.3%d 1.35 1.4\n", m, m);
    if (f)
      fclose(f);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const char *pattern = "sites.extxyz";
  afb_structures s;
  afb_structures_options o = {0};
  check_ok(afb_structures_read(MPI_COMM_WORLD, 1, &pattern, &o, &s));
  check_ok(afb_site_inputs_create(&settings, 2, cutoff, NULL, 4, exponent, &inputs));
  int fits = AFB_DENSITY_POWERS * 3, components = afb_bispectrum_n_columns(inputs.bispectrum[0]);
  check_true(inputs.n_gaussians == 3 && inputs.n_columns == 3 * fits + 2 * components);
  int32_t element[AFB_MAX_SPECIES] = {0};
  check_ok(afb_site_inputs_compute(MPI_COMM_WORLD, &inputs, &s, element, 0, &value));
  for (int64_t i = 0; i < 6; i++) {
    const double *row = value + i * inputs.n_columns, *pair = value + (i ^ 1) * inputs.n_columns;
    for (int k = 0; k < fits; k++)
      check_close(row[fits + k], (row[k] + pair[k]) / 2, 1e-12);
    check_true(fabs(row[0]) > 1e-3 && fabs(row[3 * fits]) > 1e-3);
  }
  free(value);
  afb_structures_clear(&s);
  afb_site_inputs_clear(&inputs);
  check_true(afb_site_inputs_create(&settings, AFB_SITE_MAX_CUTOFFS + 1, cutoff, NULL, 4, exponent, &inputs) == AFB_E_INPUT);
  check_true(afb_site_inputs_create(&settings, 2, cutoff, NULL, 1, exponent + 3, &inputs) == AFB_E_INPUT);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    remove("sites.extxyz");
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(powers_of_one_atom),
  cmocka_unit_test(cells_do_not_matter),
  cmocka_unit_test(inputs_of_sites),
};
CHECK_MAIN(tests)
