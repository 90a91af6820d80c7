/* Files of structures: every format, any number of ranks, everything that can be wrong with a file. Oracles: the C library's numbers, the
 * same structure written in several formats, the collection that one rank reads alone. */
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "core/random.h"
#include "materials/lines.h"
#include "materials/number.h"
#include "materials/structures.h"
#include "tests/materials/structure_files.h"

static double uniform(uint64_t stream, uint64_t at) { return afb_random_uniform(23, stream, at); }

static afb_status read_one(MPI_Comm comm, const char *path, const char *format, int64_t divided, int skip_bad,
                           afb_structures *out)
{
  afb_structures_options options = {.skip_bad = skip_bad, .format = format, .divided = divided};
  return afb_structures_read(comm, 1, &path, &options, out);
}

static int same_double(double a, double b) { return (isnan(a) && isnan(b)) || a == b; }

static int same_frame(const afb_frame *a, const afb_frame *b)
{
  int same = strcmp(a->name, b->name) == 0 && strcmp(a->group, b->group) == 0 && a->file == b->file &&
             a->line == b->line && a->n_atoms == b->n_atoms && a->first_atom == b->first_atom &&
             same_double(a->energy, b->energy) && a->bad == b->bad && strcmp(a->reason, b->reason) == 0 &&
             memcmp(a->periodic, b->periodic, sizeof a->periodic) == 0;
  for (int i = 0; i < 9; i++)
    same &= a->cell[i / 3][i % 3] == b->cell[i / 3][i % 3];
  for (int i = 0; i < 6; i++)
    same &= same_double(a->stress[i], b->stress[i]);
  return same;
}

/* Whether this rank's part of `s` is what stands there in `all`, which one rank holds, and whether the parts are complete. */
static int same_collection(const afb_structures *s, const afb_structures *all)
{
  int same = s->n_frames == all->n_frames && s->n_species == all->n_species && s->n_atoms == all->n_atoms &&
             all->n == all->n_atoms && s->n_files == all->n_files && s->first + s->n <= all->n &&
             !s->force == !all->force;
  for (int64_t f = 0; same && f < s->n_frames; f++)
    same = same_frame(&s->frame[f], &all->frame[f]);
  same = same && memcmp(s->species, all->species, sizeof s->species) == 0;
  for (int64_t i = 0; same && i < s->n; i++)
    same = s->kind[i] == all->kind[s->first + i];
  for (int64_t i = 0; same && i < 3 * s->n; i++)
    same = s->position[i] == all->position[3 * s->first + i] &&
           (!s->force || same_double(s->force[i], all->force[3 * s->first + i]));
  int64_t n = s->n, first = 0, total;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Exscan(&n, &first, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(&n, &total, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  return same && total == all->n && s->first == (rank ? first : 0);
}

/* All ranks together, with files divided anywhere, come to what one rank reads alone. */
static void check_any_ranks(int n_patterns, const char *const *pattern, int skip_bad)
{
  static const int64_t divided[] = {0, 1, 100, 1000};
  afb_structures all, s;
  afb_structures_options options = {.skip_bad = skip_bad};
  check_ok(afb_structures_read(MPI_COMM_SELF, n_patterns, pattern, &options, &all));
  for (int i = 0; i < 4; i++) {
    options.divided = divided[i];
    check_ok(afb_structures_read(MPI_COMM_WORLD, n_patterns, pattern, &options, &s));
    check_true(same_collection(&s, &all));
    afb_structures_clear(&s);
  }
  afb_structures_clear(&all);
}

static void numbers_are_those_of_the_c_library(void **state)
{
  (void)state;
  int good = 1;
  for (uint64_t i = 0; i < 20000; i++) {
    static const char *const form[] = {"%.17g", "%.16g", "%.3f", "%.20f", "%.12e", "%.17e", "%.25g", "%g", "%.0f", "%.19g"};
    double x = (uniform(1, i) - 0.5) * pow(10, floor(40 * uniform(2, i) - 20)), read;
    char text[400];
    snprintf(text, sizeof text, form[i % 10], x);
    const char *at = text;
    good &= afb_number_real(&at, &read) && *at == '\0' && read == strtod(text, NULL);
  }
  static const char *const special[] = {"9007199254740993", "9007199254740992.5", "18446744073709551615",
                                        "1.7976931348623157e308", "5e-324", "2.2250738585072011e-308", "-.5", "+5.",
                                        "000000000000000000000000.1", "0.000000000000000000000000000001", "1e22", "1e23",
                                        "123456789012345678901234567890", "-0", "1e999", "-Infinity", "9999999999999999.9",
                                        "0.9999999999999999999"};
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    const char *at = special[i];
    double read;
    good &= afb_number_real(&at, &read) && read == strtod(special[i], NULL);
  }
  static const char *const none[] = {"", " ", "-", ".", "e5", "1.2.3", "1e", "0x10", "12a", "--1", "1,5", "nano"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    const char *at = none[i];
    double read;
    good &= !afb_number_real(&at, &read) && at == none[i];
  }
  const char *fortran = " -.1337D+01\t2d0", *nan = "NaN";
  double a = 0, b = 0, c = 0;
  good &= afb_number_real(&fortran, &a) && afb_number_real(&fortran, &b) && a == -1.337 && b == 2;
  good &= afb_number_real(&nan, &c) && isnan(c);
  check_true(good);
}

static void integers_keep_their_range(void **state)
{
  (void)state;
  int64_t n = 0;
  const char *a = " 9223372036854775807\n", *b = "9223372036854775808", *c = "-12 ", *d = "1.0", *e = "";
  check_true(afb_number_integer(&a, &n) && n == INT64_MAX && *a == '\n');
  check_true(!afb_number_integer(&b, &n) && !afb_number_integer(&d, &n) && !afb_number_integer(&e, &n));
  check_true(afb_number_integer(&c, &n) && n == -12);
}

/* However a text is cut into ranges, each of its lines is in one of them. */
static void every_line_is_in_one_part(void **state)
{
  (void)state;
  static const char *const texts[] = {"one\ntwo\n\n\nthree\r\nfour", "\n", "a long line without an end", "x\ny\nz\n"};
  for (int t = 0; t < 4; t++) {
    const char *path = write_text("lines", texts[t]), *at = texts[t];
    int64_t size = (int64_t)strlen(texts[t]);
    int good = 1;
    for (int64_t step = 1; step <= size; step++) {
      int64_t n = 0, expected = 0;
      char joined[64] = "";
      for (int64_t begin = 0; begin < size; begin += step) {
        afb_lines lines;
        good &= afb_lines_read(path, begin, begin + step < size ? begin + step : size, size, &lines) == AFB_OK;
        for (int64_t i = 0; i < lines.n; i++)
          strncat(joined, lines.text + lines.start[i], strcspn(lines.text + lines.start[i], "\n") + 1);
        n += lines.n;
        afb_lines_clear(&lines);
      }
      for (at = texts[t]; *at; at++)
        expected += at[0] == '\n' || at[1] == '\0';
      good &= n == expected && strncmp(joined, texts[t], (size_t)size) == 0;
    }
    check_true(good);
    remove_text(path);
  }
}

/* The triclinic cell of two elements in every format. */
static const double cell[3][3] = {{4.1, 0, 0}, {1.3, 4.6, 0}, {-0.9, 0.7, 5.2}};
static const double atoms[5][3] = {
  {0.112, 0.145, 0.052}, {2.83, 2.19, 0.208}, {0.44, 2.735, 2.548}, {1.565, 0.594, 2.704}, {0.945, 1.905, 3.9}};
static const char *const names[5] = {"W", "W", "W", "Be", "Be"};

static void check_triclinic(const char *name, const char *text, const char *format, double close)
{
  const char *path = write_text(name, text);
  afb_structures s;
  for (int64_t divided = 0; divided < 2; divided++) {
    check_ok(read_one(MPI_COMM_WORLD, path, format, divided, 0, &s));
    check_true(s.n_frames == 1 && s.n_atoms == 5 && s.n_species == 2);
    check_true(s.frame[0].periodic[0] && s.frame[0].periodic[1] && s.frame[0].periodic[2]);
    double worst = 0;
    int same = 1;
    for (int i = 0; i < 9; i++)
      worst = fmax(worst, fabs(s.frame[0].cell[i / 3][i % 3] - cell[i / 3][i % 3]));
    for (int64_t i = 0; i < s.n; i++)
      for (int k = 0; k < 3; k++)
        worst = fmax(worst, fabs(s.position[3 * i + k] - atoms[s.first + i][k]));
    for (int64_t i = 0; i < s.n; i++)
      same &= strcmp(s.species[s.kind[i]], names[s.first + i]) == 0;
    check_close(worst, 0, close);
    check_true(same);
    afb_structures_clear(&s);
  }
  remove_text(path);
}

static void xyz_is_read_whatever_its_columns(void **state)
{
  (void)state;
  check_triclinic("t.xyz",
                  "5\nLattice=\"4.1 0 0 1.3 4.6 0 -0.9 0.7 5.2\" Properties=species:S:1:pos:R:3\n"
                  "W .112 .145 .052\nW 2.83 2.19 .208\nW .44 2.735 2.548\nBe 1.565 .594 2.704\nBe .945 1.905 3.9\n",
                  NULL, 0);
  check_triclinic("t.any",
                  "  5 \r\nnote='a = b' flag lattice=[4.1, 0, 0, 1.3, 4.6, 0, -0.9, 0.7, 5.2] pbc=\"1 1 1\" "
                  "Properties=id:I:1:pos:R:3:Z:I:1:mass:R:1:tag:S:2\r\n"
                  "1 .112 .145 .052 74 183 a b\r\n2 2.83 2.19 .208 74 183 a b\r\n3 .44 2.735 2.548 74 183 a b\r\n"
                  "4 1.565 .594 2.704 4 9 a b\r\n5\t.945\t1.905\t3.9\t4\t9\ta\tb\r\n\r\n",
                  NULL, 0);
  afb_structures s;
  const char *path = write_text("plain.xyz", "2\nwater = wet \"and\nO 0 0 0 0.5\nH 1 0 0\n");
  check_ok(read_one(MPI_COMM_WORLD, path, NULL, 0, 0, &s));
  check_true(s.n_atoms == 2 && !s.frame[0].periodic[0] && s.frame[0].cell[0][0] == 0 && isnan(s.frame[0].energy));
  check_true(strcmp(s.frame[0].name, path) == 0 && strcmp(s.frame[0].group, ".") == 0);
  afb_structures_clear(&s);
  remove_text(path);
}

static void labels_of_xyz_are_read(void **state)
{
  (void)state;
  const char *path = write_text(
    "labels.xyz", "1\nLattice=\"2 0 0 0 2 0 0 0 2\" pbc=\"T F T\" Properties=forces:R:3:species:S:1:pos:R:3 energy=-3.5 "
                  "stress=\"1 2 3 2 4 5 3 5 6\" name=\"a \\\"b\\\"\" kind=bulk\n0.5 -1 2 Si 0 0 0\n"
                  "1\nLattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3 virial=\"8 0 0 0 16 0 0 0 24\"\nSi 0 0 0\n");
  afb_structures s;
  check_ok(read_one(MPI_COMM_SELF, path, NULL, 0, 0, &s));
  check_true(s.n_frames == 2 && strcmp(s.frame[0].name, "a \"b\"") == 0 && strcmp(s.frame[0].group, "bulk") == 0);
  check_true(s.frame[0].periodic[0] && !s.frame[0].periodic[1] && s.frame[0].periodic[2]);
  check_true(s.frame[0].energy == -3.5 && s.force[0] == 0.5 && s.force[2] == 2 && isnan(s.force[3]));
  static const double tension[6] = {1, 4, 6, 2, 3, 5}, virial[6] = {1, 2, 3, 0, 0, 0};
  for (int i = 0; i < 6; i++) {
    check_close(s.frame[0].stress[i], -1.602176634e6 * tension[i], 1e-6);
    check_close(s.frame[1].stress[i], 1.602176634e6 * virial[i], 1e-6);
  }
  afb_structures_clear(&s);
  remove_text(path);
}

#define BOX "0 4.1 xlo xhi\n0 4.6 ylo yhi\n0 5.2 zlo zhi\n1.3 -0.9 0.7 xy xz yz\n"
#define MASSES "\nMasses\n\n1 183.84 # W\n2 9.012 # Be\n\n"

static void lammps_data_have_several_styles(void **state)
{
  (void)state;
  check_triclinic("t.data",
                  "title\n\n5 atoms\n2 atom types\n0 bonds\n" BOX MASSES "Pair Coeffs # snap\n\n1 3\n2 4\n\nAtoms # atomic\n\n"
                  "1 1 .112 .145 .052\n2 1 2.83 2.19 .208\n3 1 .44 2.735 2.548\n4 2 1.565 .594 2.704\n5 2 .945 1.905 3.9\n"
                  "\nVelocities\n\n1 0 0 0\n",
                  NULL, 1e-15);
  check_triclinic("t.lmp",
                  "title\n5 atoms # five\n2 atom types\n10 14.1 xlo xhi\n-1 3.6 ylo yhi\n1 6.2 zlo zhi\n1.3 -0.9 0.7 xy xz "
                  "yz\n" MASSES "Atoms\n\n1 0 1 -.5 10.112 -.855 1.052 0 0 0\n2 0 1 0 12.83 1.19 1.208 0 1 0 # x\n"
                  "3 0 1 0 10.44 1.735 3.548 0 0 0\n4 0 2 1 11.565 -.406 3.704 0 0 0\n5 0 2 1 10.945 .905 4.9 0 0 -1\n",
                  NULL, 1e-14);
  check_triclinic("t2.lmp",
                  "title\n5 atoms\n2 atom types\n4.1 0 0 avec\n1.3 4.6 0 bvec\n-0.9 0.7 5.2 cvec\n0 0 0 abc origin\n"
                  "Atom Type Labels\n\n1 W\n2 Be\n\nAtoms # charge\n\n"
                  "1 W 0 .112 .145 .052\n2 W 0 2.83 2.19 .208\n3 W 0 .44 2.735 2.548\n4 Be 0 1.565 .594 2.704\n"
                  "5 Be 0 .945 1.905 3.9\n",
                  NULL, 1e-15);
  check_triclinic("t3.lmp",
                  "title\n5 atoms\n2 atom types\n" BOX MASSES "Atoms\n\n1 7 1 .112 .145 .052\n2 7 1 2.83 2.19 .208\n"
                  "3 7 1 .44 2.735 2.548\n4 7 2 1.565 .594 2.704\n5 7 2 .945 1.905 3.9\n",
                  NULL, 1e-15);
  afb_structures s;
  const char *path = write_text("t4.any", "title\n1 atoms\n3 atom types\n" BOX "\nAtoms\n\n1 3 0 0 0\n");
  check_ok(read_one(MPI_COMM_WORLD, path, NULL, 1, 0, &s));
  check_true(s.n_species == 1 && strcmp(s.species[0], "3") == 0);
  afb_structures_clear(&s);
  remove_text(path);
}

static void poscar_scales_and_selects(void **state)
{
  (void)state;
  check_triclinic("POSCAR",
                  "title\n2.0\n2.05 0 0\n0.65 2.3 0\n-0.45 0.35 2.6\nW_sv Be/1a2b\n3 2\nSelective dynamics\nCartesian\n"
                  ".056 .0725 .026 T T T\n1.415 1.095 .104 F F F\n.22 1.3675 1.274 T T F W\n.7825 .297 1.352 T T T\n"
                  ".4725 .9525 1.95 T T T\n\n0 0 0\n0 0 0\n",
                  NULL, 1e-15);
  check_triclinic("negative.vasp",
                  "title\n-98.072\n2.05 0 0\n0.65 2.3 0\n-0.45 0.35 2.6\nW Be\n3 2\nkartesian\n"
                  ".056 .0725 .026\n1.415 1.095 .104\n.22 1.3675 1.274\n.7825 .297 1.352\n.4725 .9525 1.95\n",
                  NULL, 1e-14);
  char text[800], *to = text;
  to += sprintf(to, "2 W and a fraction\n1 1 1\n4.1 0 0\n1.3 4.6 0\n-.9 .7 5.2\nW W Be\n2 1 2\nDirect\n");
  for (int i = 0; i < 5; i++) {
    double c = atoms[i][2] / 5.2, b = (atoms[i][1] - 0.7 * c) / 4.6, a = (atoms[i][0] - 1.3 * b + 0.9 * c) / 4.1;
    to += sprintf(to, "%.17g %.17g %.17g\n", a, b, c);
  }
  check_triclinic("direct.any", text, NULL, 1e-14);
}

static void olcao_files_are_in_bohr_or_fractions(void **state)
{
  (void)state;
  char text[1600], *to = text;
  const double bohr = 0.52917721067;
  to += sprintf(to, "CELL_VECTORS\n");
  for (int i = 0; i < 3; i++)
    to += sprintf(to, "%.17g %.17g %.17g\n", cell[i][0] / bohr, cell[i][1] / bohr, cell[i][2] / bohr);
  to += sprintf(to, "NUM_ATOM_SITES\n5    \nNUM_TYPE_X_Y_Z_ELEM\n");
  for (int i = 0; i < 5; i++)
    to += sprintf(to, " %d %d %.17g %.17g %.17g %s\n", i + 1, i + 1, atoms[i][0] / bohr, atoms[i][1] / bohr,
                  atoms[i][2] / bohr, i < 3 ? "w" : "be");
  sprintf(to, "NUM_POTENTIAL_SITES\n5\nNUM_TYPE_X_Y_Z_ELEM\n1 1 0 0 0 w\n");
  check_triclinic("structure.dat", text, NULL, 1e-14);
  for (int fractional = 0; fractional < 2; fractional++) {
    double length[3], angle[3];
    for (int i = 0; i < 3; i++)
      length[i] = sqrt(cell[i][0] * cell[i][0] + cell[i][1] * cell[i][1] + cell[i][2] * cell[i][2]);
    for (int i = 0; i < 3; i++) {
      const double *u = cell[(i + 1) % 3], *v = cell[(i + 2) % 3];
      angle[i] = acos((u[0] * v[0] + u[1] * v[1] + u[2] * v[2]) / length[(i + 1) % 3] / length[(i + 2) % 3]) * 180 / acos(-1);
    }
    to = text + sprintf(text, "title\ncell of two\nend\ncell\n%.17g %.17g %.17g %.17g %.17g %.17g\n%s 5\n", length[0],
                        length[1], length[2], angle[0], angle[1], angle[2], fractional ? "fract" : "cart");
    for (int i = 0; i < 5; i++) {
      double x[3] = {atoms[i][0], atoms[i][1], atoms[i][2]};
      if (fractional) {
        x[2] /= 5.2;
        x[1] = (x[1] - 0.7 * x[2]) / 4.6;
        x[0] = (x[0] - 1.3 * x[1] + 0.9 * x[2]) / 4.1;
      }
      to += sprintf(to, "%s%d %.17g %.17g %.17g\n", i < 3 ? "W" : "be", i + 1, x[0], x[1], x[2]);
    }
    sprintf(to, "space 1_a\nsupercell 1 1 1\nfull\n");
    check_triclinic("olcao.skl", text, NULL, 1e-13);
  }
}

/* Every cell of a supercell has each atom once: positions modulo the small cell are those of the cell, and all differ. */
static void supercells_are_filled(void **state)
{
  (void)state;
  const char *path = write_text("super.skl", "title\nx\nend\ncell\n4 5 6 90 90 90\nfract 2\nSi1 0.1 0.2 0.3\nSi2 0.6 0.7 0.8\n"
                                             "space 1_a\nsupercell 2 1 3\nprim\n");
  afb_structures s;
  check_ok(read_one(MPI_COMM_SELF, path, NULL, 0, 0, &s));
  check_true(s.n_atoms == 12 && s.frame[0].cell[0][0] == 8 && s.frame[0].cell[1][1] == 5 && s.frame[0].cell[2][2] == 18);
  int seen[12] = {0}, good = 1;
  for (int i = 0; i < 12; i++) {
    const double *x = s.position + 3 * i;
    int site = fmod(x[0], 4) > 2, a = (int)(x[0] / 4), c = (int)(x[2] / 6);
    good &= fabs(fmod(x[0], 4) - (site ? 2.4 : 0.4)) < 1e-13 && fabs(x[1] - (site ? 3.5 : 1)) < 1e-13 &&
            fabs(fmod(x[2], 6) - (site ? 4.8 : 1.8)) < 1e-13;
    seen[site * 6 + a * 3 + c]++;
  }
  for (int i = 0; i < 12; i++)
    good &= seen[i] == 1;
  check_true(good);
  afb_structures_clear(&s);
  remove_text(path);
}

static const char json_text[] =
  "# a comment\n{\"Dataset\": {\"Data\": [{\"Stress\": [[1, 4, 5], [4, 2, 6], [5, 6, 3]],\n\"Positions\": [[0.112, 0.145, 0.052],"
  "[2.83, 2.19, 0.208],\n[0.44, 2.735, 2.548], [1.565, 0.594, 2.704], [0.945, 1.905, 3.9]], \"Energy\": -1.5e1,\n"
  "\"AtomTypes\": [\"W\", \"W\", \"W\", \"Be\", \"Be\"], \"Other\": {\"a\": [true, null, \"]\"]}, "
  "\"Lattice\": [[4.1, 0, 0], [1.3, 4.6, 0], [-0.9, 0.7, 5.2]], \"NumAtoms\": 5,\n"
  "\"Forces\": [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12], [13, 14, 15]]}], \"Label\": \"x\", "
  "\"StressStyle\": \"bar\", \"PositionsStyle\": \"angstrom\"}}\n";

static void json_has_labels(void **state)
{
  (void)state;
  check_triclinic("t.json", json_text, NULL, 0);
  const char *path = write_text("t.any", json_text);
  afb_structures s;
  check_ok(read_one(MPI_COMM_SELF, path, NULL, 0, 0, &s));
  check_true(s.frame[0].energy == -15 && s.force[0] == 1 && s.force[14] == 15 && s.frame[0].line == 2);
  for (int i = 0; i < 6; i++)
    check_true(s.frame[0].stress[i] == i + 1);
  afb_structures_clear(&s);
  remove_text(path);
}

/* Frames of 1 to 9 atoms, some with an integer as comment, some with forces. */
static const char *many_frames(const char *name, int n)
{
  char *text = malloc((size_t)n * 900), *to = text;
  for (int f = 0; f < n; f++) {
    int atoms_here = 1 + (int)(9 * uniform(10, (uint64_t)f)), forces = f % 3 == 1;
    to += sprintf(to, "%d\n", atoms_here);
    to += f % 4 == 0 ? sprintf(to, "%d\n", f)
                     : sprintf(to, "Lattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3%s energy=%d name=f%d\n",
                               forces ? ":forces:R:3" : "", -f, f);
    for (int i = 0; i < atoms_here; i++) {
      uint64_t at = (uint64_t)(1000 * f + 10 * i);
      to += sprintf(to, "%s %.17g %.10f %g", (i + f) % 2 ? "Ge" : (i + f) % 5 ? "Si" : "C", 9 * uniform(11, at), uniform(12, at),
                    uniform(13, at));
      to += forces && f % 4 ? sprintf(to, " %.9f %.9f %.9f\n", uniform(14, at), uniform(15, at), uniform(16, at))
                            : sprintf(to, "\n");
    }
  }
  const char *path = write_text(name, text);
  free(text);
  return path;
}

static void any_number_of_ranks_reads_the_same(void **state)
{
  (void)state;
  const char *pattern[4] = {many_frames("many-a.xyz", 60), write_text("many-b.json", json_text),
                            write_text("many-c.xyz", "1\n\nH 0 0 0"), many_frames("many-d.xyz", 7)};
  check_any_ranks(4, pattern, 0);
  check_any_ranks(1, pattern + 2, 0);
  char all[64];
  snprintf(all, sizeof all, "structures-%d-many-?.*", world_size());
  const char *one = all;
  check_any_ranks(1, &one, 0);
  for (int i = 0; i < 4; i++)
    remove_text(pattern[i]);
}

typedef struct {
  const char *name, *text;
  int line;
  const char *phrase;
} mistake;

#define HEAD_2 "2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3\n"

static const mistake mistakes[] = {
  {"a.xyz", "", 1, "no frame"},
  {"a.xyz", "two\nx\nH 0 0 0\n", 1, "number of atoms is expected here, not 'two'"},
  {"a.xyz", "0\nx\n", 1, "number of atoms"},
  {"a.xyz", "-3\nx\n", 1, "number of atoms"},
  {"a.xyz", "3\n", 1, "3 atoms are missing"},
  {"a.xyz", HEAD_2 "H 0 0 0\n", 1, "says 2 atoms, but 1 row follows before the end of the file"},
  {"a.xyz", HEAD_2 "H 0 0 0\n1\nx\nH 0 0 0\n", 1, "says 2 atoms, but 1 row follows before the next frame"},
  {"a.xyz", HEAD_2 "H 0 0 0\nH 0 0 0\nH 0 0 0\n", 5, "the frame of line 1 says 2 atoms, but more rows follow"},
  {"a.xyz", HEAD_2 "H 0 0 0\nH 0 zero 0\n", 4, "column 3, 'zero', is not a number"},
  {"a.xyz", HEAD_2 "H 0 0 nan\nH 0 0 0\n", 3, "column 4, 'nan', is not a finite number"},
  {"a.xyz", HEAD_2 "H 0 0 0\nH 0 0 1e400\n", 4, "'1e400', is not a finite number"},
  {"a.xyz", HEAD_2 "H 0 0\nH 0 0 0\n", 3, "4 columns, this line has 3"},
  {"a.xyz", HEAD_2 "H 0 0 0\nH 0 0 0 5\n", 4, "4 columns, this line has 5"},
  {"a.xyz", HEAD_2 "H 0 0 0\nAnAtomWithALongName 0 0 0\n", 4, "a name of at most 15 characters"},
  {"a.xyz", "1\nLattice=\"9 0 0 0 9 0 0 0\"\nH 0 0 0\n", 2, "nine finite numbers"},
  {"a.xyz", "1\nLattice=\"9 0 0 0 9 0 9 9 0\"\nH 0 0 0\n", 2, "no volume"},
  {"a.xyz", "1\npbc=\"T T\"\nH 0 0 0\n", 2, "pbc is not three"},
  {"a.xyz", "1\npbc=\"T T T\"\nH 0 0 0\n", 2, "there is no Lattice"},
  {"a.xyz", "1\nProperties=species:S:1:position:R:3\nH 0 0 0\n", 2, "no pos:R:3"},
  {"a.xyz", "1\nProperties=pos:R:3\n0 0 0\n", 2, "no species:S:1"},
  {"a.xyz", "1\nProperties=pos:R:3:species\n0 0 0\n", 2, "not of the form"},
  {"a.xyz", "1\nProperties=pos:R:3:Z:I:1\n0 0 0 119\n", 3, "the number of an element"},
  {"a.xyz", "1\nenergy=low\nH 0 0 0\n", 2, "energy is not a finite number"},
  {"a.data", "t\n2 atoms\n1 atom types\n" BOX "\nAtoms # atomic\n\n1 1 0 0 0\n", 11, "behind 1 of 2 atoms"},
  {"a.data", "t\n1 atoms\n1 atom types\n" BOX "\nAtoms # atomic\n\n1 1 0 0 0\n2 1 1 0 0\n", 12, "more rows of Atoms than the 1"},
  {"a.data", "t\n2 atoms\n1 atom types\n" BOX "\nAtoms # atomic\n\n1 1 0 0 0\n2 2 1 0 0\n", 12, "the number of an atom type"},
  {"a.data", "t\n2 atoms\n1 atom types\n" BOX "\nAtoms # atomic\n\n1 1 0 0 0\n\nVelocities\n", 12, "at least 5 columns"},
  {"a.data", "t\n2 atoms\n1 atom types\n\nAtoms # atomic\n\n1 1 0 0 0\n", 5, "no complete box"},
  {"a.data", "t\n1 atom types\n" BOX "\nAtoms # atomic\n\n1 1 0 0 0\n", 8, "no line 'N atoms'"},
  {"a.data", "t\n1 atoms\n1 atom types\n" BOX "\nAtoms # ellipsoid\n\n1 1 0 0 0\n", 9, "atom style is none of"},
  {"a.data", "t\n1 atoms\n1 atom types\n5 4 xlo xhi\n", 4, "wrong numbers"},
  {"a.data", "t\n1 atoms\n1 atom types\n" BOX "\nMasses\n\n2 1.0\n", 11, "an atom type of the header"},
  {"a.data", "t\n1 atoms\n1 atom types\n" BOX, 7, "no section Atoms"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n0 0 1\n1\nDirect\n0 0 0\n", 6, "VASP 5"},
  {"POSCAR", "t\n0\n1 0 0\n0 1 0\n0 0 1\nH\n1\nDirect\n0 0 0\n", 2, "one scale other than 0"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 x\n0 0 1\nH\n1\nDirect\n0 0 0\n", 4, "three numbers of a cell vector"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n1 1 0\nH\n1\nDirect\n0 0 0\n", 5, "a cell with a volume"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n0 0 1\nH O\n1\nDirect\n0 0 0\n", 7, "one number of atoms for each element"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n0 0 1\nH\n2\nDirect\n0 0 0\n", 9, "behind 1 of 2 atoms"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n0 0 1\nH\n2\nDirect\n0 0 0\n0 0 y\n", 10, "column 3, 'y', is not a number"},
  {"POSCAR", "t\n1\n1 0 0\n0 1 0\n", 4, "before the positions"},
  {"a.skl", "title\nx\nend\ncell\n4 4 4 90 90 90\nfract 1\nSi1 0 0 0\nspace 227_a\nsupercell 1 1 1\nfull\n", 8, "no other space group"},
  {"a.skl", "title\nx\nend\ncell\n4 4 4 90 90\nfract 1\nSi1 0 0 0\nspace 1_a\n", 5, "three angles"},
  {"a.skl", "title\nx\nend\ncell\n4 4 4 90 90 90\nfract 2\nSi1 0 0 0\n", 7, "behind 1 of 2 atoms"},
  {"a.skl", "title\nx\nend\ncell\n4 4 4 90 90 90\nspace 1_a\n", 6, "without fract or cart"},
  {"a.skl", "title\nx\nend\ncell\n4 4 4 90 90 90\nfract 1\n14 0 0 0\nspace 1_a\n", 7, "a name with a number behind it"},
  {"structure.dat", "CELL_VECTORS\n9 0 0\n0 9 0\n0 0 9\nNUM_ATOM_SITES\n1\nNUM_TYPE_X_Y_Z_ELEM\n1 1 0 0 0\n", 8, "6 columns"},
  {"structure.dat", "CELL_VECTORS\n9 0 0\n0 9 0\n0 0 9\nNUM_SITES\n1\n", 5, "NUM_ATOM_SITES expected"},
  {"a.json", "{\"Dataset\": {\"Data\": [\n{\"Positions\": [[0, 0, 0]],\n\"AtomTypes\": [\"H\", \"H\"]}]}}\n", 3, "not as many"},
  {"a.json", "{\"Dataset\": {\"Data\": [\n{\"Positions\": [[0, 0,\n\"x\"]],\n\"AtomTypes\": [\"H\"]}]}}\n", 3, "finite number"},
  {"a.json", "{\"Dataset\": {\"Data\": [\n{\"Positions\": [[0, 0, 0]]}]}}\n", 2, "no AtomTypes"},
  {"a.json", "{\"Dataset\": {\"Data\": [\n{\"Positions\": [[0, 0, 0]], \"AtomTypes\": [\"H\"]\n", 2, "the file ends"},
  {"a.json", "{\"Dataset\": {\n\"StressStyle\": \"kbar\", \"Data\": []}}\n", 2, "StressStyle is not bar"},
  {"a.json", "{\"Data\": []}\n", 1, "there is no"},
  {"a.json", "", 1, "no configuration"},
};

/* Each is an error with its place, on all ranks, also when the file is divided; with skip_bad it is recorded. */
static void whatever_is_wrong_has_a_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    const mistake *m = &mistakes[i];
    const char *path = write_text(m->name, m->text);
    char place[128];
    snprintf(place, sizeof place, "%s:%d: ", path, m->line);
    afb_structures s;
    for (int64_t divided = 0; divided < 2; divided++) {
      afb_status status = read_one(MPI_COMM_WORLD, path, NULL, divided, 0, &s);
      int good = status == AFB_E_INPUT && strncmp(afb_error_text(), place, strlen(place)) == 0 &&
                 strstr(afb_error_text(), m->phrase) && !s.frame && !s.position && !s.file;
      if (!good)
        fprintf(stderr, "# wanted %s... %s\n# found %s\n", place, m->phrase, afb_error_text());
      check_true(good);
      check_ok(read_one(MPI_COMM_WORLD, path, NULL, divided, 1, &s));
      good = 0;
      for (int64_t f = 0; f < s.n_frames; f++)
        good |= s.frame[f].bad && s.frame[f].n_atoms == 0 && strncmp(s.frame[f].reason, place, strlen(place)) == 0;
      check_true(good);
      afb_structures_clear(&s);
    }
    remove_text(path);
  }
}

/* The first in the order of files and lines, whatever rank met it. */
static void the_first_mistake_is_reported(void **state)
{
  (void)state;
  const char *path[3] = {many_frames("first-a.xyz", 30),
                         write_text("first-b.xyz", "1\nx\nH 0 0 0\n2\nx\nH 0 0 0\nH 0 a 0\n1\nx\nH 0 0 b\nx\n"),
                         write_text("first-c.xyz", "none\n")};
  char place[128];
  snprintf(place, sizeof place, "%s:7: ", path[1]);
  afb_structures s;
  for (int64_t divided = 0; divided < 2; divided++) {
    check_true(afb_structures_read(MPI_COMM_WORLD, 3, path, &(afb_structures_options){.divided = divided}, &s) == AFB_E_INPUT);
    check_true(strncmp(afb_error_text(), place, strlen(place)) == 0);
  }
  for (int i = 0; i < 3; i++)
    remove_text(path[i]);
}

/* Frames with every kind of mistake among good ones: those are named, the others are there. */
static void bad_frames_are_left_out(void **state)
{
  (void)state;
  static const char text[] = "1\nname=good1\nH 1 0 0\n"
                             "2\nname=few\nH 0 0 0\n"                            /* 4: one row too few */
                             "1\nname=good2\nH 2 0 0\n"
                             "1\nname=many\nH 0 0 0\nH 0 0 1\n"                  /* 10: one row too many */
                             "1\nname=good3\nSi 3 0 0\n"
                             "x1\nname=header\nH 0 0 0\n"                        /* 17: no number of atoms */
                             "2\nname=good4\nH 4 0 0\nH 5 0 0\n"
                             "2\nname=word\nH 4 0 0\nXx 5 zero 0\n"              /* 24: not a number */
                             "1\nname=cell Lattice=\"1 2\"\nH 0 0 0\n"           /* 28: no cell */
                             "1\n7\nH 6 0 0\n"
                             "50\nname=end\nH 6 0 0\n";                          /* 34: the file ends */
  static const int line[] = {1, 4, 7, 10, 14, 17, 20, 24, 28, 31, 34}, bad[] = {0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1},
                   where[] = {0, 4, 0, 13, 0, 17, 0, 27, 29, 0, 34};
  enum { N = sizeof line / sizeof *line };
  const char *path[2] = {write_text("skip.xyz", text), write_text("skip.json", "{")};
  afb_structures s;
  check_ok(afb_structures_read(MPI_COMM_SELF, 2, path, &(afb_structures_options){.skip_bad = 1}, &s));
  check_true(s.n_frames == N + 1 && s.frame[N].bad);
  for (int f = 0; f < N; f++) {
    char place[128];
    snprintf(place, sizeof place, "%s:%d: ", path[0], where[f]);
    check_true(s.frame[f].line == line[f] && s.frame[f].bad == bad[f]);
    check_true(!bad[f] || strncmp(s.frame[f].reason, place, strlen(place)) == 0);
  }
  check_true(strcmp(s.frame[1].name, "few") == 0 && strstr(s.frame[9].name, "skip.xyz#10"));
  check_true(s.n_atoms == 6 && s.n_species == 2 && strcmp(s.species[1], "Si") == 0);
  for (int i = 0; i < 6; i++)
    check_true(s.position[3 * i] == i + 1);
  afb_structures_clear(&s);
  check_any_ranks(2, path, 1);
  remove_text(path[0]);
  remove_text(path[1]);
}

static void files_that_cannot_be_read_are_refused(void **state)
{
  (void)state;
  afb_structures s;
  check_true(read_one(MPI_COMM_WORLD, "no-such-*.xyz", NULL, 0, 0, &s) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "no file matches no-such-*.xyz"));
  check_true(read_one(MPI_COMM_WORLD, ".", NULL, 0, 0, &s) == AFB_E_INPUT && strstr(afb_error_text(), "is no file"));
  const char *path = write_text("strange", "what is this\nnobody knows\n");
  check_true(read_one(MPI_COMM_WORLD, path, NULL, 0, 0, &s) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "no known format") && strstr(afb_error_text(), "poscar"));
  check_true(read_one(MPI_COMM_WORLD, path, "cif", 0, 0, &s) == AFB_E_INPUT && strstr(afb_error_text(), "'cif' is no format"));
  remove_text(path);
  char text[8192], *to = text;
  to += sprintf(to, "300\nx\n");
  for (int i = 0; i < 300; i++)
    to += sprintf(to, "A%d 0 0 %d\n", i, i);
  path = write_text("species.xyz", text);
  for (int64_t divided = 0; divided < 2; divided++)
    check_true(read_one(MPI_COMM_WORLD, path, NULL, divided, 0, &s) == AFB_E_LIMIT && strstr(afb_error_text(), "256"));
  remove_text(path);
}

static void atoms_are_dealt(void **state)
{
  (void)state;
  const char *path = many_frames("deal.xyz", 40);
  afb_structures all, s;
  int ranks = world_size(), rank = world_rank();
  int64_t first[65] = {0};
  check_ok(read_one(MPI_COMM_SELF, path, NULL, 0, 0, &all));
  check_ok(read_one(MPI_COMM_WORLD, path, NULL, 1, 0, &s));
  for (int way = 0; way < 3; way++) {
    /* Equal parts, which cut frames in two; all to the last rank; all to the first. */
    for (int r = 0; r <= ranks; r++)
      first[r] = way == 0 ? all.n_atoms * r / ranks : way == 1 ? (r < ranks ? 0 : all.n_atoms) : (r > 0 ? all.n_atoms : 0);
    check_ok(afb_structures_deal(MPI_COMM_WORLD, first, &s));
    check_true(same_collection(&s, &all));
    check_true(s.first == first[rank] && s.n == first[rank + 1] - first[rank]);
  }
  afb_structures_clear(&all);
  afb_structures_clear(&s);
  remove_text(path);
}

static void what_is_written_is_read_again(void **state)
{
  (void)state;
  const char *path[2] = {many_frames("out-a.xyz", 30), write_text("out-b.json", json_text)};
  char written[64];
  snprintf(written, sizeof written, "structures-%d-written.xyz", world_size());
  afb_structures s, again;
  check_ok(afb_structures_read(MPI_COMM_WORLD, 2, path, &(afb_structures_options){.divided = 1}, &s));
  for (int repeat = 0; repeat < 2; repeat++)
    check_ok(afb_structures_write_xyz(MPI_COMM_WORLD, written, &s));
  check_ok(read_one(MPI_COMM_WORLD, written, NULL, 0, 0, &again));
  check_true(again.n_frames == s.n_frames && again.n_atoms == s.n_atoms);
  int same = 1;
  for (int64_t f = 0; f < s.n_frames; f++) {
    afb_frame *a = &s.frame[f], *b = &again.frame[f];
    for (int k = 0; k < 6; k++) {
      same &= isnan(a->stress[k]) ? isnan(b->stress[k]) : fabs(a->stress[k] - b->stress[k]) < 1e-14 * fabs(a->stress[k]);
      b->stress[k] = a->stress[k];
    }
    b->file = a->file;
    b->line = a->line;
  }
  check_true(same);
  again.n_files = s.n_files;
  afb_structures all;
  check_ok(afb_structures_read(MPI_COMM_SELF, 2, path, &(afb_structures_options){.divided = 0}, &all));
  check_true(same_collection(&again, &all));
  again.n_files = 1;
  check_true(afb_structures_write_xyz(MPI_COMM_WORLD, "no/such/folder.xyz", &s) == AFB_E_IO);
  afb_structures_clear(&all);
  afb_structures_clear(&again);
  afb_structures_clear(&s);
  remove_text(path[0]);
  remove_text(path[1]);
  remove_text(written);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(numbers_are_those_of_the_c_library),
  cmocka_unit_test(integers_keep_their_range),
  cmocka_unit_test(every_line_is_in_one_part),
  cmocka_unit_test(xyz_is_read_whatever_its_columns),
  cmocka_unit_test(labels_of_xyz_are_read),
  cmocka_unit_test(lammps_data_have_several_styles),
  cmocka_unit_test(poscar_scales_and_selects),
  cmocka_unit_test(olcao_files_are_in_bohr_or_fractions),
  cmocka_unit_test(supercells_are_filled),
  cmocka_unit_test(json_has_labels),
  cmocka_unit_test(any_number_of_ranks_reads_the_same),
  cmocka_unit_test(whatever_is_wrong_has_a_line),
  cmocka_unit_test(the_first_mistake_is_reported),
  cmocka_unit_test(bad_frames_are_left_out),
  cmocka_unit_test(files_that_cannot_be_read_are_refused),
  cmocka_unit_test(atoms_are_dealt),
  cmocka_unit_test(what_is_written_is_read_again),
};
CHECK_MAIN(tests)
