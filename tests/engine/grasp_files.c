/* GRASP2018's files: read as they were recorded, written and read back, and taken for what they are when damaged. */
#include "engine/grasp_files.h"

#include "tests/check.h"
#include "tests/engine/grasp_data.h"

#include "atomic/radial.h"
#include "atomic/start.h"
#include "core/random.h"
#include "core/units.h"

/* ---- isodata ---- */

static void isodata_is_read_and_written(void **state)
{
  (void)state;
  char path[PATH_ROOM];
  afb_grasp_isodata found, again;
  afb_nucleus nucleus;
  check_ok(afb_grasp_read_isodata(recorded("carbon/isodata", path), &found));
  check_true(found.z == 6 && found.mass_number == 12);
  check_ok(afb_nucleus_create(6, 12, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  afb_grasp_isodata ours = afb_grasp_isodata_of(&nucleus, 12);
  check_close(ours.c_fm, found.c_fm, 1e-7);
  check_close(ours.a_fm, found.a_fm, 1e-12);
  check_ok(afb_grasp_write_isodata("written.isodata", &ours));
  check_ok(afb_grasp_read_isodata("written.isodata", &again));
  check_true(again.z == 6 && again.mass_number == 12 && again.c_fm == ours.c_fm && again.a_fm == ours.a_fm);
  check_true(write_bytes("written.isodata", "Atomic number:\n 6\n", 18));
  check_true(afb_grasp_read_isodata("written.isodata", &again) == AFB_E_FOREIGN);
  check_true(strstr(afb_error_text(), "written.isodata:2: \"Mass number") != NULL);
  remove("written.isodata");
}

/* ---- rcsf ---- */

static void a_list_is_read_and_written_as_it_was(void **state)
{
  (void)state;
  char path[PATH_ROOM];
  afb_csf_list list;
  int n;
  afb_configuration *configuration;
  check_ok(afb_grasp_read_csfs(recorded("yttrium.rcsf", path), &list, &n, &configuration));
  static const int n_csf[] = {3, 5, 5, 3, 2};
  check_true(list.n_csf == 18 && list.n_blocks == 5 && list.n_orbitals == 15 && n == 2 && afb_grasp_electrons(&list) == 39);
  for (int b = 0; b < 5; b++)
    check_true(list.block[b].two_j == 2 * b + 1 && list.block[b].parity == 1 && list.block[b].n_csf == n_csf[b]);
  check_ok(afb_grasp_write_csfs("written.rcsf", &list));
  check_true(same_bytes(path, "written.rcsf"));
  remove("written.rcsf");
  free(configuration);
  afb_csf_list_clear(&list);
}

/* Lists that this program makes, all terms of p^w, d^w and f^w among them, come back row by row. */
static void lists_come_back(void **state)
{
  (void)state;
  static const char *const sets[][3] = {
    {"[He] 2s2 2p3", "[He] 2s1 2p3 3d1", "[He] 2p5"}, {"[Ar] 3d5 4s1 4p1", NULL, NULL}, {"[Xe] 4f4 6s1", "[Xe] 4f3 5d1 6s1", NULL},
    {"[Xe] 4f7", NULL, NULL}, {"[Xe] 4f10 5d1", NULL, NULL}, {"[Ne]", NULL, NULL}, {"[Xe] 5g2 6h1", NULL, NULL}, {"1s1 10s1", NULL, NULL}};
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    afb_configuration in[3], *out;
    int n_in = 0, n_out;
    afb_csf_list made, found;
    for (; n_in < 3 && sets[s][n_in]; n_in++)
      check_ok(afb_configuration_parse(sets[s][n_in], in + n_in));
    check_ok(afb_csf_list_create(n_in, in, 0, -1, 0, &made));
    check_ok(afb_grasp_write_csfs("written.rcsf", &made));
    check_ok(afb_grasp_read_csfs("written.rcsf", &found, &n_out, &out));
    size_t table = (size_t)made.n_csf * (size_t)made.n_orbitals;
    check_true(found.n_csf == made.n_csf && found.n_orbitals == made.n_orbitals && found.n_blocks == made.n_blocks && n_out == n_in);
    check_true(memcmp(found.occupation, made.occupation, table) == 0 && memcmp(found.term, made.term, table) == 0 &&
               memcmp(found.two_x, made.two_x, table) == 0 &&
               memcmp(found.closed, made.closed, (size_t)made.n_orbitals * sizeof *made.closed) == 0 &&
               memcmp(found.block, made.block, (size_t)made.n_blocks * sizeof *made.block) == 0);
    for (int i = 0; i < made.n_csf; i++)
      if (afb_configuration_compare(in + made.configuration[i], out + found.configuration[i]) != 0)
        fail_msg("CSF %d of set %zu has another configuration", i, s);
    free(out);
    afb_csf_list_clear(&made);
    afb_csf_list_clear(&found);
  }
  remove("written.rcsf");
}

static void a_list_with_a_mistake_says_where(void **state)
{
  (void)state;
  static const char head[] = "Core subshells:\n  1s\nPeel subshells:\n  2s   2p-  2p\nCSF(s):\n";
  static const struct {
    const char *body, *text;
  } wrong[] = {
    {"", ":5: there is no CSF"},
    {"  2p ( 2)\n        1\n         1+\n", ":7: such a subshell has no 2J = 2"},
    {"  2p ( 2)\n        2\n         2-\n", ":8: the parity is not that"},
    {"  2p ( 2)\n        2\n         0+\n", ":8: the total J and the parity"},
    {"  2s ( 1)  2p ( 1)\n      1/2      3/2\n                  3-\n", ":8: a coupling that is missing"},
    {"  2s ( 1)  2p ( 1)\n      1/2\n                  1-\n", ":7: an angular momentum for each open subshell"},
    {"  2p ( 5)\n\n         0+\n", ":6: 5 electrons in a subshell of 4"},
    {"  2p ( 2\n        2\n         2+\n", ":6: \" ( 2\" is no occupation"},
    {"  2p (99999999999999999999)\n        2\n         2+\n", " is no occupation"},
    {"  3d ( 1)\n      5/2\n       5/2+\n", ":6: \"  3d ( 1)\": a subshell that is no peel subshell"},
    {"  2p ( 1)  2s ( 1)\n      3/2      1/2\n                  1-\n", "out of their order"},
    {"  2s ( 2)\n\n         0+\n *\n  2p ( 1)\n      3/2\n       3/2-\n", ":12: a CSF of 3 electrons"},
    {"  2s ( 2)\n\n         0+\n  2p ( 2)\n        2\n         2+\n", ":11: J or parity changes within a block"},
    {"  2s ( 2)\n\n         0+\n *\n  2p ( 2)\n        0\n         0+\n", ":12: 2J = 0, parity + comes in two places"},
    {"  2s ( 2)\n\n", ":7: the file ends within a CSF"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char text[512];
    afb_csf_list list;
    int n;
    afb_configuration *configuration;
    int length = snprintf(text, sizeof text, "%s%s", head, wrong[i].body);
    check_true(write_bytes("wrong.rcsf", text, (size_t)length));
    afb_status status = afb_grasp_read_csfs("wrong.rcsf", &list, &n, &configuration);
    if (status != AFB_E_FOREIGN || !strstr(afb_error_text(), wrong[i].text))
      fail_msg("%s: status %d, %s", wrong[i].text, (int)status, afb_error_text());
    check_true(list.n_csf == 0 && configuration == NULL);
  }
  check_true(write_bytes("wrong.rcsf", "not a list\n", 11));
  afb_csf_list list;
  int n;
  afb_configuration *configuration;
  check_true(afb_grasp_read_csfs("wrong.rcsf", &list, &n, &configuration) == AFB_E_FOREIGN);
  check_true(afb_grasp_read_csfs("absent.rcsf", &list, &n, &configuration) == AFB_E_INPUT);
  remove("wrong.rcsf");
}

/* ---- rwfn ---- */

/* Of orbital i of a and orbital j of b, each on its own knots, on the points of a fine basis. */
static double overlap(const afb_orbitals *a, int i, const afb_orbitals *b, int j)
{
  afb_radial *radial;
  afb_nucleus nucleus;
  double sum = 0;
  const afb_orbitals *set[2] = {a, b};
  const int number[2] = {i, j};
  assert_int_equal(afb_nucleus_create(6, 12, AFB_NUCLEUS_FERMI, 0, 0, &nucleus), AFB_OK);
  assert_int_equal(afb_radial_create(&nucleus, &(afb_radial_options){.r_max = 60, .growth = 0.04, .max_width = 0.5}, &radial), AFB_OK);
  int cell[2][2] = {{0}};
  for (int x = 0; x < radial->n_points; x++) {
    double value[2][2];
    for (int k = 0; k < 2; k++) {
      const double *c = set[k]->coefficient + (size_t)number[k] * (size_t)(set[k]->n_p + set[k]->n_q);
      value[k][0] = afb_start_spline_value(AFB_P_ORDER, set[k], c, radial->r[x], &cell[k][0]);
      value[k][1] = afb_start_spline_value(AFB_Q_ORDER, set[k], c + set[k]->n_p, radial->r[x], &cell[k][1]);
    }
    sum += radial->weight[x] * (value[0][0] * value[1][0] + value[0][1] * value[1][1]);
  }
  afb_radial_destroy(&radial);
  return sum;
}

static void carbon(afb_mcdhf_request *request, afb_configuration configuration[2])
{
  check_ok(afb_configuration_parse("[He] 2s2 2p2", configuration));
  check_ok(afb_configuration_parse("1s2 2p4", configuration + 1));
  *request = (afb_mcdhf_request){.z = 6, .mass_number = 12, .n_configurations = 2, .configuration = configuration, .two_j_max = -1,
                                 .n_levels = 3, .n_vary = -1, .keep_mixing = 1};
}

/* GRASP's orbitals in splines: norm, orthogonality, and the energies that GRASP found, with no orbital varied. */
static void orbitals_of_grasp_have_its_energies(void **state)
{
  (void)state;
  char path[PATH_ROOM];
  afb_grasp_orbitals grasp;
  afb_orbitals orbitals;
  afb_grasp_mixing mixing;
  afb_nucleus nucleus;
  afb_configuration configuration[2];
  afb_mcdhf_request request;
  afb_mcdhf_result fixed, varied;
  check_ok(afb_nucleus_create(6, 12, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  check_ok(afb_grasp_read_orbitals(recorded("carbon/rwfn.out", path), &grasp));
  check_true(grasp.n_orbitals == 4 && grasp.orbital[3].orbital.n == 2 && grasp.orbital[3].orbital.kappa == -2);
  for (int i = 0; i < 4; i++) {
    static const int nodes[] = {0, 1, 0, 0};
    check_true(grasp.orbital[i].energy < 0 && afb_grasp_nodes(grasp.orbital + i) == nodes[i]);
  }
  check_ok(afb_grasp_to_splines(&grasp, &nucleus, &orbitals));
  for (int i = 0; i < 4; i++)
    check_close(overlap(&orbitals, i, &orbitals, i), 1, 1e-8);
  check_close(overlap(&orbitals, 0, &orbitals, 1), 0, 1e-8);
  check_ok(afb_grasp_read_mixing(recorded("carbon/rmix.out", path), &mixing));
  carbon(&request, configuration);
  request.start = &orbitals;
  request.n_vary = 0;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &fixed));
  check_true(fixed.n_levels == 8 && mixing.n_blocks == 3);
  int level = 0;
  for (int b = 0; b < 3; b++)
    for (int i = 0; i < mixing.block[b].n_levels; i++, level++)
      check_close(fixed.level[level].energy / mixing.block[b].energy[i], 1, 1e-8);
  request.n_vary = -1;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &varied));
  check_true(varied.outcome == AFB_OUTCOME_CONVERGED && varied.iterations <= 6);
  check_close(varied.energy / fixed.energy, 1, 1e-9);
  afb_mcdhf_result_clear(&fixed);
  afb_mcdhf_result_clear(&varied);
  afb_grasp_mixing_clear(&mixing);
  afb_orbitals_clear(&orbitals);
  afb_grasp_orbitals_clear(&grasp);
}

/* Ours on GRASP's grid, through a file, and back: the same functions. */
static void our_orbitals_come_back(void **state)
{
  (void)state;
  afb_configuration configuration[2];
  afb_mcdhf_request request;
  afb_mcdhf_result result, again;
  afb_nucleus nucleus;
  afb_grasp_orbitals grasp, read;
  afb_orbitals back;
  carbon(&request, configuration);
  check_ok(afb_nucleus_create(6, 12, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &result));
  check_ok(afb_grasp_from_splines(&result.orbitals, &nucleus, &grasp));
  check_ok(afb_grasp_write_orbitals("written.rwfn", &grasp));
  check_true(afb_grasp_is_rwfn("written.rwfn") && !afb_grasp_is_rwfn("absent"));
  check_ok(afb_grasp_read_orbitals("written.rwfn", &read));
  check_true(read.n_orbitals == grasp.n_orbitals);
  for (int i = 0; i < read.n_orbitals; i++) {
    const afb_grasp_orbital *a = read.orbital + i, *b = grasp.orbital + i;
    check_true(a->n_points == b->n_points && a->energy == b->energy && a->p0 == b->p0 &&
               memcmp(a->r, b->r, 3 * (size_t)a->n_points * sizeof *a->r) == 0);
    /* the grid is GRASP's, and P or Q starts as p0 says */
    check_close(a->r[a->n_points - 1], 2e-6 / 6 * expm1(0.05 * (a->n_points - 1)), 1e-9);
    int kappa = a->orbital.kappa;
    check_close(kappa < 0 ? a->p[1] / pow(a->r[1], -kappa) / a->p0
                          : a->q[1] / pow(a->r[1], kappa) * 6 / AFB_SPEED_OF_LIGHT / (2 * kappa) / a->p0, 1, 1e-12);
  }
  check_ok(afb_grasp_to_splines(&read, &nucleus, &back));
  for (int i = 0; i < back.n_orbitals; i++) {
    check_close(overlap(&back, i, &back, i), 1, 1e-8);
    check_close(overlap(&back, i, &result.orbitals, i), 1, 1e-8);
    check_close(back.r_mean[i], result.orbitals.r_mean[i], 1e-8);
  }
  check_close(overlap(&back, 0, &back, 1), 0, 1e-8);
  request.start = &back;
  request.n_vary = 0;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &again));
  check_close(again.energy / result.energy, 1, 1e-11);
  for (int i = 0; i < again.n_levels; i++)
    check_close(again.level[i].energy / result.level[i].energy, 1, 1e-9);
  remove("written.rwfn");
  afb_orbitals_clear(&back);
  afb_grasp_orbitals_clear(&read);
  afb_grasp_orbitals_clear(&grasp);
  afb_mcdhf_result_clear(&again);
  afb_mcdhf_result_clear(&result);
}

/* A point nucleus: P and Q behave as r^gamma with gamma below 1. */
static void orbitals_of_a_point_nucleus_come_back(void **state)
{
  (void)state;
  afb_configuration configuration;
  afb_nucleus nucleus;
  afb_mcdhf_result result, again;
  afb_grasp_orbitals grasp;
  afb_orbitals back;
  check_ok(afb_configuration_parse("1s2 2s2 2p6", &configuration));
  afb_mcdhf_request request = {.z = 26, .charge = 16, .nucleus = AFB_NUCLEUS_POINT, .n_configurations = 1, .configuration = &configuration,
                               .two_j_max = -1, .n_levels = 1, .n_vary = -1};
  check_ok(afb_nucleus_create(26, 0, AFB_NUCLEUS_POINT, 0, 0, &nucleus));
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &result));
  check_ok(afb_grasp_from_splines(&result.orbitals, &nucleus, &grasp));
  check_ok(afb_grasp_to_splines(&grasp, &nucleus, &back));
  request.start = &back;
  request.n_vary = 0;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &again));
  check_close(again.energy / result.energy, 1, 1e-9);
  afb_orbitals_clear(&back);
  afb_grasp_orbitals_clear(&grasp);
  afb_mcdhf_result_clear(&again);
  afb_mcdhf_result_clear(&result);
}

/* ---- rmix ---- */

/* Our CI vectors from GRASP's orbitals are GRASP's, sign by sign (up to one for each level). */
static void compare_vectors(const char *rcsf, const char *isodata, const char *rwfn, const char *rmix, int n_levels)
{
  afb_csf_list list;
  int n;
  afb_configuration *configuration;
  afb_grasp_isodata nuclear;
  afb_grasp_orbitals grasp;
  afb_orbitals orbitals;
  afb_grasp_mixing mixing;
  afb_nucleus nucleus;
  afb_mcdhf_result result;
  check_ok(afb_grasp_read_csfs(rcsf, &list, &n, &configuration));
  check_ok(afb_grasp_read_isodata(isodata, &nuclear));
  check_ok(afb_grasp_read_orbitals(rwfn, &grasp));
  check_ok(afb_grasp_read_mixing(rmix, &mixing));
  check_ok(afb_nucleus_create(nuclear.z, nuclear.mass_number, AFB_NUCLEUS_GIVEN, nuclear.c_fm, nuclear.a_fm, &nucleus));
  check_ok(afb_grasp_to_splines(&grasp, &nucleus, &orbitals));
  afb_mcdhf_request request = {.z = nuclear.z, .charge = nuclear.z - afb_grasp_electrons(&list), .mass_number = nuclear.mass_number,
                               .nucleus = AFB_NUCLEUS_GIVEN, .nucleus_c_fm = nuclear.c_fm, .nucleus_a_fm = nuclear.a_fm,
                               .n_configurations = n, .configuration = configuration, .csfs = &list, .two_j_max = -1,
                               .n_levels = n_levels, .start = &orbitals, .keep_mixing = 1};
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &result));
  const double *ours = result.mixing;
  int level = 0;
  for (int b = 0; b < mixing.n_blocks; b++)
    for (int i = 0; i < mixing.block[b].n_levels; i++, level++) {
      const double *theirs = mixing.block[b].vector + i * mixing.block[b].n_csf;
      double dot = 0;
      for (int k = 0; k < mixing.block[b].n_csf; k++)
        dot += theirs[k] * afb_grasp_csf_sign(&list, list.block[b].first + k) * ours[k];
      check_close(fabs(dot), 1, 2e-6);
      check_close(result.level[level].energy / mixing.block[b].energy[i], 1, 1e-8);
      ours += mixing.block[b].n_csf;
    }
  check_ok(afb_grasp_write_all(".", &nucleus, nuclear.mass_number, &result));
  afb_grasp_mixing written;
  check_ok(afb_grasp_read_mixing("rmix.out", &written));
  check_true(written.n_blocks == mixing.n_blocks && written.n_electrons == mixing.n_electrons && written.n_orbitals == mixing.n_orbitals);
  for (int b = 0; b < mixing.n_blocks; b++)
    for (int i = 0; i < mixing.block[b].n_levels; i++) {
      double dot = 0;
      for (int k = 0; k < mixing.block[b].n_csf; k++)
        dot += written.block[b].vector[i * mixing.block[b].n_csf + k] * mixing.block[b].vector[i * mixing.block[b].n_csf + k];
      check_close(fabs(dot), 1, 2e-6);
      check_true(written.block[b].index[i] == i + 1 && written.block[b].two_j == mixing.block[b].two_j);
      check_close(written.block[b].energy[i] / mixing.block[b].energy[i], 1, 1e-8);
    }
  static const char *const names[] = {"isodata", "rcsf.inp", "rwfn.inp", "rmix.out"};
  for (int i = 0; i < 4; i++)
    check_true(remove(names[i]) == 0);
  afb_grasp_mixing_clear(&written);
  afb_grasp_mixing_clear(&mixing);
  afb_grasp_orbitals_clear(&grasp);
  afb_orbitals_clear(&orbitals);
  afb_mcdhf_result_clear(&result);
  afb_csf_list_clear(&list);
  free(configuration);
}

static void our_vectors_are_grasps(void **state)
{
  (void)state;
  char a[PATH_ROOM], b[PATH_ROOM], c[PATH_ROOM], d[PATH_ROOM];
  compare_vectors(recorded("carbon/rcsf.inp", a), recorded("carbon/isodata", b), recorded("carbon/rwfn.out", c),
                  recorded("carbon/rmix.out", d), 3);
}

/* d^6, and f^4 with all terms of f-, f. */
static void our_vectors_are_grasps_in_open_d_and_f_shells(void **state)
{
  (void)state;
  static const struct {
    const char *set;
    int n_levels;
  } sets[] = {{"DF_Fe_low1perJ", 1}, {"MR_Y_4d5s2_4d25s", 0}, {"DF_NdII_4f46s_all", 0}};
  char a[PATH_ROOM], b[PATH_ROOM], c[PATH_ROOM], d[PATH_ROOM];
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    if (!shared(sets[s].set, "rcsf.inp", a)) {
      print_message("the shared reference is not there\n");
      skip();
    }
    shared(sets[s].set, "isodata", b);
    shared(sets[s].set, "rwfn.out", c);
    shared(sets[s].set, "rmix.out", d);
    compare_vectors(a, b, c, d, sets[s].n_levels);
  }
}

/* ---- damage ---- */

static afb_status read_either(const char *path, int orbitals)
{
  afb_grasp_orbitals o = {0};
  afb_grasp_mixing m = {0};
  afb_status status = orbitals ? afb_grasp_read_orbitals(path, &o) : afb_grasp_read_mixing(path, &m);
  if (status != AFB_OK && (o.n_orbitals != 0 || m.block != NULL))
    fail_msg("something is left after a failure");
  afb_grasp_orbitals_clear(&o);
  afb_grasp_mixing_clear(&m);
  return status;
}

static void damaged_files_are_refused(void **state)
{
  (void)state;
  static const char *const names[] = {"carbon/rmix.out", "carbon/rwfn.out"};
  char path[PATH_ROOM];
  for (int which = 0; which < 2; which++) {
    size_t size;
    unsigned char *data = contents(recorded(names[which], path), &size);
    check_true(data != NULL);
    /* cut off anywhere; for orbitals, a cut between two of them leaves a file of fewer */
    for (size_t n = 0; n < size; n += which ? 997 : 1) {
      check_true(write_bytes("damaged", data, n));
      check_true(read_either("damaged", which) == AFB_E_FOREIGN);
    }
    /* any byte changed: refused or read, never more */
    int refused = 0;
    for (uint64_t i = 0; i < 400; i++) {
      size_t at = (size_t)(afb_random_uniform(7, (uint64_t)which, 2 * i) * (double)size);
      unsigned char keep = data[at];
      data[at] ^= (unsigned char)(1 + 254 * afb_random_uniform(7, (uint64_t)which, 2 * i + 1));
      check_true(write_bytes("damaged", data, size));
      afb_status status = read_either("damaged", which);
      if (status != AFB_OK && status != AFB_E_FOREIGN && status != AFB_E_LIMIT)
        fail_msg("byte %zu: status %d, %s", at, (int)status, afb_error_text());
      refused += status != AFB_OK;
      data[at] = keep;
    }
    check_true(refused > 0);
    free(data);
  }
  remove("damaged");
  check_true(read_either("absent", 0) == AFB_E_INPUT && read_either("absent", 1) == AFB_E_INPUT);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(isodata_is_read_and_written),
  cmocka_unit_test(a_list_is_read_and_written_as_it_was),
  cmocka_unit_test(lists_come_back),
  cmocka_unit_test(a_list_with_a_mistake_says_where),
  cmocka_unit_test(orbitals_of_grasp_have_its_energies),
  cmocka_unit_test(our_orbitals_come_back),
  cmocka_unit_test(orbitals_of_a_point_nucleus_come_back),
  cmocka_unit_test(our_vectors_are_grasps),
  cmocka_unit_test(our_vectors_are_grasps_in_open_d_and_f_shells),
  cmocka_unit_test(damaged_files_are_refused),
};
CHECK_MAIN(tests)
