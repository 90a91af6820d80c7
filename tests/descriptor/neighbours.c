/* Neighbours in whole frames and around grid points against a search over all atoms and images without cell lists. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "tests/descriptor/brute.h"

enum { N_ELEMENTS = 3, MAX_FRAMES = 64 };

/* Pairs of elements have each their own cut-off, the largest of which is `most`. */
static double pair_table(double most, double *cutoff, double *grid_cutoff)
{
  static const double part[N_ELEMENTS * N_ELEMENTS] = {0.6, 0.8, 0.7, 0.8, 1.0, 0.5, 0.7, 0.5, 0.9};
  for (int i = 0; i < N_ELEMENTS * N_ELEMENTS; i++)
    cutoff[i] = most * part[i];
  for (int i = 0; i < N_ELEMENTS; i++)
    grid_cutoff[i] = most * part[4 * i];
  return most;
}

static int64_t check_frames(int n_frames, const afb_structure *frame, double most)
{
  double cutoff[N_ELEMENTS * N_ELEMENTS], grid_cutoff[N_ELEMENTS];
  afb_piece piece;
  afb_neighbours list = {0};
  int bad;
  int64_t n_atoms = 0, n_pairs;
  pair_table(most, cutoff, grid_cutoff);
  for (int f = 0; f < n_frames; f++)
    n_atoms += frame[f].n_atoms;
  check_ok(afb_piece_frames(n_frames, frame, most, &piece, &bad));
  check_true(bad == -1 && piece.n_own == n_atoms && piece.frame_own[n_frames] == n_atoms);
  check_ok(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, 0, piece.n_own, &list));
  check_true(list.n_centres == n_atoms);
  check_true(brute_differences(frame, &piece, &list, N_ELEMENTS, cutoff, NULL) == 0);
  n_pairs = list.first[n_atoms];
  afb_neighbours_clear(&list);
  afb_piece_clear(&piece);
  return n_pairs;
}

static void every_periodicity(void **state)
{
  (void)state;
  int64_t n_pairs = 0;
  for (int p = 0; p < 8; p++)
    for (uint64_t seed = 1; seed <= 3; seed++) {
      const int periodic[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
      brute_frame f = brute_random(60, 9, 0.6, periodic, seed == 1 ? 0 : 1.7, N_ELEMENTS, seed);
      n_pairs += check_frames(1, &f.s, 4.0);
      for (int k = 0; k < 3; k++) /* vectors that are not needed may be missing */
        if (!periodic[k])
          memset(f.s.cell[k], 0, sizeof f.s.cell[k]);
      n_pairs += check_frames(1, &f.s, 4.0);
      brute_free(&f);
    }
  check_true(n_pairs > 5000);
}

/* The cut-off reaches over up to 15 cells: many images of one neighbour and of the atom itself. */
static void cells_smaller_than_the_cutoff(void **state)
{
  (void)state;
  for (int p = 1; p < 8; p++) {
    const int periodic[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
    brute_frame one = brute_random(1, 0.6, 0.3, periodic, 3, N_ELEMENTS, 5),
                few = brute_random(4, 2.2, 1.2, periodic, 0, N_ELEMENTS, 6);
    check_true(check_frames(1, &one.s, 5.0) > 5);
    check_true(check_frames(1, &few.s, 5.0) > 20);
    brute_free(&one);
    brute_free(&few);
  }
}

static void no_cell_and_dilute(void **state)
{
  (void)state;
  static const int none[3] = {0, 0, 0}, all[3] = {1, 1, 1};
  brute_frame f = brute_random(80, -8, 0, none, 0, N_ELEMENTS, 9),
              dilute = brute_random(12, 3000, 0.1, all, 0, N_ELEMENTS, 2);
  check_true(check_frames(1, &f.s, 3.0) > 100);
  dilute.position[3] = dilute.position[0] + 1.0;
  dilute.position[4] = dilute.position[1];
  dilute.position[5] = dilute.position[2] + 1.0;
  check_true(check_frames(1, &dilute.s, 3.0) > 0);
  dilute.s.periodic[0] = dilute.s.periodic[2] = 0;
  dilute.position[12] = 4e8;
  check_true(check_frames(1, &dilute.s, 3.0) > 0);
  brute_free(&f);
  brute_free(&dilute);
}

/* Positions on planes between cells and on the cell's faces, neighbours at exactly a cell's width. */
static void a_perfect_lattice(void **state)
{
  (void)state;
  enum { N = 6 };
  double position[N * N * N][3];
  int32_t element[N * N * N] = {0};
  for (int i = 0; i < N * N * N; i++)
    for (int k = 0, j = i; k < 3; k++, j /= N)
      position[i][k] = 2.0 * (j % N) - (i % 7 == 0 && k == 1 ? 12.0 : 0.0);
  afb_structure s = {.cell = {{12, 0, 0}, {0, 12, 0}, {0, 0, 12}},
                     .periodic = {1, 1, 1},
                     .n_atoms = N * N * N,
                     .position = position[0],
                     .element = element};
  static const double cutoff[] = {1.9, 2.1, 4.0 * 1.0000001, 8.0 * 1.0000001, 17.0};
  static const int neighbours[] = {0, 6, 32, 256, 2552};
  for (size_t i = 0; i < 4; i++) {
    afb_piece piece;
    afb_neighbours list = {0};
    int bad;
    check_ok(afb_piece_frames(1, &s, cutoff[i], &piece, &bad));
    check_ok(afb_neighbours_find(&piece, 1, &cutoff[i], NULL, 0, piece.n_own, &list));
    int wrong = 0;
    for (int64_t c = 0; c < list.n_centres; c++)
      wrong += list.first[c + 1] - list.first[c] != neighbours[i];
    check_true(wrong == 0);
    afb_neighbours_clear(&list);
    afb_piece_clear(&piece);
  }
}

/* Batches of all kinds of frames, an empty one among them; a list by blocks is the whole list. */
static void batches_and_blocks(void **state)
{
  (void)state;
  brute_frame f[MAX_FRAMES];
  afb_structure s[MAX_FRAMES];
  for (int i = 0; i < MAX_FRAMES; i++) {
    const int periodic[3] = {i & 1, i >> 1 & 1, i >> 2 & 1};
    f[i] = brute_random(i % 9 == 4 ? 0 : 1 + i % 13, i % 8 ? 4 : -4, i % 5 * 0.3, periodic, i % 3, N_ELEMENTS,
                        100 + (uint64_t)i);
    s[i] = f[i].s;
  }
  check_true(check_frames(MAX_FRAMES, s, 3.5) > 1000);
  double cutoff[N_ELEMENTS * N_ELEMENTS], grid_cutoff[N_ELEMENTS];
  afb_piece piece;
  afb_neighbours whole = {0}, block = {0};
  int bad, wrong = 0;
  pair_table(3.5, cutoff, grid_cutoff);
  check_ok(afb_piece_frames(MAX_FRAMES, s, 3.5, &piece, &bad));
  check_ok(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, 0, piece.n_own, &whole));
  for (int64_t first = 0; first < piece.n_own; first += 7) {
    int64_t n = piece.n_own - first < 7 ? piece.n_own - first : 7;
    check_ok(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, first, n, &block));
    int64_t begin = whole.first[first], pairs = whole.first[first + n] - begin;
    wrong += block.first[n] != pairs || memcmp(block.x, whole.x + begin, (size_t)pairs * sizeof *block.x) != 0;
    wrong += memcmp(block.point, whole.point + begin, (size_t)pairs * sizeof *block.point) != 0;
    wrong += memcmp(block.centre, whole.centre + first, (size_t)n * sizeof *block.centre) != 0;
  }
  check_true(wrong == 0);
  afb_neighbours_clear(&whole);
  afb_neighbours_clear(&block);
  afb_piece_clear(&piece);
  for (int i = 0; i < MAX_FRAMES; i++)
    brute_free(&f[i]);
}

/* A grid in parts of any size: against the oracle, and all parts together bit for bit the whole. */
static void grids_in_parts(void **state)
{
  (void)state;
  static const int grid[3] = {5, 4, 7}, part[] = {140, 33, 3, 1};
  double cutoff[N_ELEMENTS * N_ELEMENTS], grid_cutoff[N_ELEMENTS];
  pair_table(3.0, cutoff, grid_cutoff);
  for (int p = 0; p < 8; p++) {
    const int periodic[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
    brute_frame f = brute_random(30, p % 3 ? 7 : 2.5, 0.8, periodic, 0.4, N_ELEMENTS, 40 + (uint64_t)p);
    uint64_t expected[2] = {0};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
      uint64_t hash[2] = {AFB_HASH_START, AFB_HASH_START};
      int64_t different = 0;
      for (int first = 0; first < 140; first += part[i]) {
        int n = 140 - first < part[i] ? 140 - first : part[i];
        afb_piece piece;
        afb_neighbours list = {0};
        check_ok(afb_piece_grid(&f.s, grid, first, n, 3.0, &piece));
        check_ok(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, grid_cutoff, 0, n, &list));
        different += brute_differences(&f.s, &piece, &list, N_ELEMENTS, cutoff, grid_cutoff);
        different += list.centre[0] != first || list.centre_element[0] != AFB_GRID_POINT || list.n_centres != n;
        hash[0] = afb_hash(hash[0], list.x, (size_t)list.first[n] * sizeof *list.x);
        hash[1] = afb_hash(hash[1], list.z, (size_t)list.first[n] * sizeof *list.z);
        afb_neighbours_clear(&list);
        afb_piece_clear(&piece);
      }
      check_true(different == 0);
      check_true(i == 0 || memcmp(hash, expected, sizeof hash) == 0);
      memcpy(expected, hash, sizeof hash);
    }
    brute_free(&f);
  }
}

/* An atom at a grid point is skipped, its images are not. */
static void an_atom_at_a_grid_point(void **state)
{
  (void)state;
  static const int grid[3] = {2, 2, 2};
  double position[3] = {2, 2, 0}, cutoff = 4.5;
  int32_t element = 0;
  afb_structure s = {.cell = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}},
                     .periodic = {1, 1, 1},
                     .n_atoms = 1,
                     .position = position,
                     .element = &element};
  afb_piece piece;
  afb_neighbours list = {0};
  check_ok(afb_piece_grid(&s, grid, 3, 1, cutoff, &piece));
  check_ok(afb_neighbours_find(&piece, 1, &cutoff, &cutoff, 0, 1, &list));
  check_true(list.first[1] == 6 && list.centre[0] == 3);
  afb_neighbours_clear(&list);
  afb_piece_clear(&piece);
}

static void images_fold_to_their_owners(void **state)
{
  (void)state;
  static const int all[3] = {1, 1, 0};
  brute_frame f[2] = {brute_random(7, 3, 0.5, all, 1, N_ELEMENTS, 71), brute_random(5, 4, 0, all, 0, N_ELEMENTS, 72)};
  afb_structure s[2] = {f[0].s, f[1].s};
  afb_piece piece;
  int bad, wrong = 0;
  check_ok(afb_piece_frames(2, s, 5.0, &piece, &bad));
  double *value = malloc((size_t)piece.n_points * 2 * sizeof *value),
         *out = malloc((size_t)piece.n_own * 2 * sizeof *out);
  for (int64_t i = 0; i < piece.n_points; i++) {
    value[2 * i] = 1;
    value[2 * i + 1] = (double)i;
  }
  check_ok(afb_piece_fold(&piece, 2, value));
  check_ok(afb_piece_return(&piece, 2, value, out));
  for (int64_t own = 0; own < piece.n_own; own++) {
    double count = 0, sum = 0;
    for (int64_t i = 0; i < piece.n_points; i++)
      if (piece.owner[i] == own) {
        count++;
        sum += (double)i;
      }
    wrong += out[2 * own] != count || out[2 * own + 1] != sum || count < 9;
  }
  check_true(wrong == 0);
  free(value);
  free(out);
  afb_piece_clear(&piece);
  brute_free(&f[0]);
  brute_free(&f[1]);
}

static void wrong_input_is_named(void **state)
{
  (void)state;
  static const int all[3] = {1, 1, 1}, grid[3] = {2, 2, 2};
  static const double cutoff[N_ELEMENTS * N_ELEMENTS] = {3, 3, 3, 3, 3, 3, 3, 3, 3};
  brute_frame f[3];
  afb_structure s[3];
  afb_piece piece;
  afb_neighbours list = {0};
  int bad;
  for (int i = 0; i < 3; i++) {
    f[i] = brute_random(9, 8, 0, all, 0, N_ELEMENTS, 80 + (uint64_t)i);
    s[i] = f[i].s;
  }
  for (int l = 0; l < 3; l++)
    f[1].position[3 * 6 + l] = f[1].position[3 * 2 + l] + s[1].cell[0][l] + 2e-4 * (l == 0);
  check_ok(afb_piece_frames(3, s, 3, &piece, &bad));
  check_true(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, 0, piece.n_own, &list) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "atoms 3 and 7 are on top of each other") && list.bad_frame == 1);
  check_ok(afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, 0, 9, &list));
  check_true(list.bad_frame == -1);
  afb_piece_clear(&piece);
  s[1].cell[2][0] = s[1].cell[1][0];
  s[1].cell[2][1] = s[1].cell[1][1];
  s[1].cell[2][2] = s[1].cell[1][2];
  check_true(afb_piece_frames(3, s, 3, &piece, &bad) == AFB_E_INPUT && bad == 1 && piece.n_points == 0);
  check_true(strstr(afb_error_text(), "volume"));
  f[2].position[3] = NAN;
  check_true(afb_piece_frames(1, &s[2], 3, &piece, &bad) == AFB_E_INPUT && bad == 0);
  check_true(strstr(afb_error_text(), "atom 2"));
  check_true(afb_piece_frames(1, s, 1e5, &piece, &bad) == AFB_E_INPUT && bad == 0);
  check_true(strstr(afb_error_text(), "too small"));
  check_true(afb_piece_frames(1, s, 0, &piece, &bad) == AFB_E_INPUT);
  check_true(afb_piece_grid(s, grid, 7, 2, 3, &piece) == AFB_E_INPUT);
  s[0].periodic[0] = s[0].periodic[1] = s[0].periodic[2] = 0;
  memset(s[0].cell, 0, sizeof s[0].cell);
  check_true(afb_piece_grid(s, grid, 0, 8, 3, &piece) == AFB_E_INPUT && piece.n_points == 0);
  afb_neighbours_clear(&list);
  for (int i = 0; i < 3; i++)
    brute_free(&f[i]);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(every_periodicity),       cmocka_unit_test(cells_smaller_than_the_cutoff),
  cmocka_unit_test(no_cell_and_dilute),      cmocka_unit_test(a_perfect_lattice),
  cmocka_unit_test(batches_and_blocks),      cmocka_unit_test(grids_in_parts),
  cmocka_unit_test(an_atom_at_a_grid_point), cmocka_unit_test(images_fold_to_their_owners),
  cmocka_unit_test(wrong_input_is_named),
};
CHECK_MAIN(tests)
