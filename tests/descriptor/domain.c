/* A frame decomposed over all ranks against the same frame whole on one: the same neighbours in the same order, bit for bit;
 * sums at images arrive at their owners, rows where the atoms came from. Also on more ranks than cells. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "tests/descriptor/brute.h"

enum { N_ELEMENTS = 3 };

static int rank, n_ranks;

/* This rank's part of a frame: uneven, and nothing for the second of three or more ranks. */
static afb_structure slice_of(const afb_structure *frame, int64_t *first)
{
  int64_t begin[2];
  for (int i = 0; i < 2; i++) {
    int r = n_ranks > 2 && rank + i == 2 ? 1 : rank + i;
    begin[i] = r == n_ranks ? frame->n_atoms : frame->n_atoms * r * r / (n_ranks * n_ranks);
  }
  afb_structure slice = *frame;
  *first = begin[0];
  slice.n_atoms = begin[1] - begin[0];
  slice.position = frame->position + 3 * begin[0];
  slice.element = frame->element + begin[0];
  return slice;
}

typedef struct {
  afb_piece piece;
  afb_neighbours list;
} found;

static void find(found *f, const double *cutoff)
{
  f->list = (afb_neighbours){0};
  check_ok(afb_neighbours_find(&f->piece, N_ELEMENTS, cutoff, NULL, 0, f->piece.n_own, &f->list));
}

static void found_clear(found *f)
{
  afb_neighbours_clear(&f->list);
  afb_piece_clear(&f->piece);
}

/* Own points whose lists are not those of the whole frame, which has its atoms as own points in their order. */
static int different(const found *whole, const found *mine)
{
  int wrong = 0;
  for (int64_t i = 0; i < mine->list.n_centres; i++) {
    int64_t atom = mine->piece.atom[mine->list.centre[i]], a = whole->list.first[atom], b = mine->list.first[i];
    int64_t n = mine->list.first[i + 1] - b;
    size_t bytes = (size_t)n * sizeof(double);
    wrong += n != whole->list.first[atom + 1] - a || mine->list.centre_element[i] != whole->list.centre_element[atom] ||
             memcmp(mine->list.x + b, whole->list.x + a, bytes) != 0 ||
             memcmp(mine->list.y + b, whole->list.y + a, bytes) != 0 ||
             memcmp(mine->list.z + b, whole->list.z + a, bytes) != 0;
    for (int64_t k = 0; !wrong && k < n; k++)
      wrong += mine->piece.atom[mine->list.point[b + k]] != whole->piece.atom[whole->list.point[a + k]] ||
               mine->list.element[b + k] != whole->list.element[a + k];
  }
  return wrong;
}

/* Two integers for a pair, exact in any order of summation. */
static void spread(const found *f, double *value)
{
  memset(value, 0, (size_t)f->piece.n_points * 2 * sizeof *value);
  for (int64_t i = 0; i < f->list.n_centres; i++)
    for (int64_t k = f->list.first[i]; k < f->list.first[i + 1]; k++) {
      int64_t point = f->list.point[k], centre = f->piece.atom[f->list.centre[i]];
      value[2 * point] += 1;
      value[2 * point + 1] += (double)(1 + centre) * rint(1000 * f->list.x[k]);
    }
}

static void check_sums(const found *whole, const found *mine)
{
  double *all = malloc((size_t)(whole->piece.n_points + 1) * 2 * sizeof *all);
  double *part = malloc((size_t)(mine->piece.n_points + 1) * 2 * sizeof *part);
  int wrong = 0;
  spread(whole, all);
  spread(mine, part);
  check_ok(afb_piece_fold(&whole->piece, 2, all));
  check_ok(afb_piece_fold(&mine->piece, 2, part));
  for (int64_t i = 0; i < mine->piece.n_own; i++)
    wrong += memcmp(part + 2 * i, all + 2 * mine->piece.atom[i], 2 * sizeof *all) != 0;
  check_true(wrong == 0);
  free(all);
  free(part);
}

static void check_return(const found *mine, int64_t first, int64_t n, int width)
{
  const afb_piece *piece = &mine->piece;
  double *value = malloc((size_t)(piece->n_own + 1) * (size_t)width * sizeof *value);
  double *out = malloc((size_t)(n + 1) * (size_t)width * sizeof *out);
  int wrong = 0;
  for (int64_t i = 0; i < piece->n_own; i++)
    for (int w = 0; w < width; w++)
      value[i * width + w] = (double)(piece->atom[i] * width + w);
  check_ok(afb_piece_return(piece, width, value, out));
  for (int64_t i = 0; i < n; i++)
    for (int w = 0; w < width; w++)
      wrong += out[i * width + w] != (double)((first + i) * width + w);
  check_true(wrong == 0);
  free(value);
  free(out);
}

/* Owners of own points' images are named, of other ranks' they are not. */
static int wrong_owners(const afb_piece *piece)
{
  int wrong = 0;
  for (int64_t i = 0; i < piece->n_points; i++) {
    int64_t owner = piece->owner[i];
    wrong +=
      i < piece->n_own ? owner != i : owner >= 0 && (owner >= piece->n_own || piece->atom[owner] != piece->atom[i]);
  }
  for (int64_t i = piece->n_own; i < piece->n_points; i++)
    for (int64_t own = 0; piece->owner[i] < 0 && own < piece->n_own; own++)
      wrong += piece->atom[own] == piece->atom[i];
  return wrong;
}

/* Returns the pairs of the whole frame. */
static int64_t compare(const brute_frame *frame, double most)
{
  static const double part[N_ELEMENTS * N_ELEMENTS] = {0.6, 0.8, 0.7, 0.8, 1.0, 0.5, 0.7, 0.5, 0.9};
  double cutoff[N_ELEMENTS * N_ELEMENTS];
  found whole, mine;
  int bad;
  int64_t first, n_pairs;
  for (int i = 0; i < N_ELEMENTS * N_ELEMENTS; i++)
    cutoff[i] = most * part[i];
  check_ok(afb_piece_frames(1, &frame->s, most, &whole.piece, &bad));
  find(&whole, cutoff);
  afb_structure slice = slice_of(&frame->s, &first);
  check_ok(afb_piece_domain(MPI_COMM_WORLD, &slice, first, most, &mine.piece));
  int64_t n_own = mine.piece.n_own;
  MPI_Allreduce(MPI_IN_PLACE, &n_own, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  check_true(n_own == frame->s.n_atoms && wrong_owners(&mine.piece) == 0);
  find(&mine, cutoff);
  check_true(brute_differences(&frame->s, &mine.piece, &mine.list, N_ELEMENTS, cutoff, NULL) == 0);
  check_true(different(&whole, &mine) == 0);
  check_sums(&whole, &mine);
  check_return(&mine, first, slice.n_atoms, 1);
  check_return(&mine, first, slice.n_atoms, 55);
  n_pairs = whole.list.first[whole.list.n_centres];
  found_clear(&whole);
  found_clear(&mine);
  return n_pairs;
}

static void every_periodicity(void **state)
{
  (void)state;
  for (int p = 0; p < 8; p++) {
    const int periodic[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
    brute_frame f = brute_random(250, 14, 0.7, periodic, p % 2 ? 0 : 0.4, N_ELEMENTS, 11 + (uint64_t)p);
    check_true(compare(&f, 4.5) > 300);
    for (int k = 0; k < 3; k++)
      if (!periodic[k])
        memset(f.s.cell[k], 0, sizeof f.s.cell[k]);
    check_true(compare(&f, 4.5) > 300);
    brute_free(&f);
  }
}

/* Domains much thinner than the cut-off, cells smaller than it, fewer atoms and cells than ranks. */
static void thin_domains(void **state)
{
  (void)state;
  for (int p = 1; p < 8; p += 2) {
    const int periodic[3] = {p & 1, p >> 1 & 1, p >> 2 & 1};
    brute_frame small = brute_random(40, 5, 0.9, periodic, 1, N_ELEMENTS, 31),
                tiny = brute_random(2, 1.7, 0.4, periodic, 2, N_ELEMENTS, 32),
                one = brute_random(1, 2.1, 0.4, periodic, 0, N_ELEMENTS, 33),
                empty = brute_random(0, 4, 0, periodic, 0, N_ELEMENTS, 34);
    check_true(compare(&small, 7.0) > 40);
    compare(&tiny, 6.0);
    compare(&one, 6.0);
    check_true(compare(&empty, 6.0) == 0);
    brute_free(&small);
    brute_free(&tiny);
    brute_free(&one);
    brute_free(&empty);
  }
}

/* A lattice whose neighbours lie just within the cut-off along the axes: a halo that is a little too thin loses some. */
static void neighbours_at_the_cutoff(void **state)
{
  (void)state;
  enum { N = 7 };
  static const int all[3] = {1, 1, 1};
  brute_frame f = brute_random(N * N * N, 14, 0, all, 0, 1, 71);
  memset(f.s.cell, 0, sizeof f.s.cell);
  for (int k = 0; k < 3; k++)
    f.s.cell[k][k] = 2 * N;
  for (int offset = 0; offset < 10; offset++) {
    for (int i = 0; i < N * N * N; i++) {
      f.element[i] = 1;
      for (int k = 0, j = i; k < 3; k++, j /= N)
        f.position[3 * i + k] = 2.0 * (j % N) + 0.2 * offset;
    }
    check_true(compare(&f, 2.0001) == 6 * N * N * N);
    check_true(compare(&f, 4.0001) == 32 * N * N * N);
  }
  brute_free(&f);
}

/* Atoms in one corner of a large cell: the boxes follow them. */
static void uneven_atoms(void **state)
{
  (void)state;
  static const int all[3] = {1, 1, 1};
  brute_frame f = brute_random(400, 10, 0, all, 0, N_ELEMENTS, 51);
  afb_piece piece;
  int64_t first, most;
  for (int k = 0; k < 3; k++)
    f.s.cell[k][k] = 30;
  check_true(compare(&f, 2.5) > 300);
  afb_structure slice = slice_of(&f.s, &first);
  check_ok(afb_piece_domain(MPI_COMM_WORLD, &slice, first, 2.5, &piece));
  MPI_Allreduce(&piece.n_own, &most, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
  check_true(most * n_ranks < 2 * f.s.n_atoms);
  afb_piece_clear(&piece);
  brute_free(&f);
}

/* Rows so wide that they travel in parts. */
static void wide_rows(void **state)
{
  (void)state;
  static const int all[3] = {1, 1, 1};
  brute_frame f = brute_random(6, 9, 0, all, 0, N_ELEMENTS, 61);
  found mine;
  int64_t first;
  afb_structure slice = slice_of(&f.s, &first);
  check_ok(afb_piece_domain(MPI_COMM_WORLD, &slice, first, 3, &mine.piece));
  check_return(&mine, first, slice.n_atoms, 600001);
  afb_piece_clear(&mine.piece);
  brute_free(&f);
}

static void wrong_input_is_named(void **state)
{
  (void)state;
  static const int all[3] = {1, 1, 1};
  static const double cutoff[N_ELEMENTS * N_ELEMENTS] = {3, 3, 3, 3, 3, 3, 3, 3, 3};
  brute_frame f = brute_random(50, 12, 0, all, 0, N_ELEMENTS, 41);
  afb_piece piece;
  afb_neighbours list = {0};
  int64_t first;
  afb_structure slice = slice_of(&f.s, &first);
  double kept = f.position[3 * 48 + 1];
  f.position[3 * 48 + 1] = INFINITY;
  check_true(afb_piece_domain(MPI_COMM_WORLD, &slice, first, 3, &piece) == AFB_E_INPUT && piece.n_points == 0);
  check_true(strstr(afb_error_text(), "atom 49"));
  f.position[3 * 48 + 1] = kept;
  for (int l = 0; l < 3; l++)
    f.position[3 * 40 + l] = f.position[3 * 4 + l] - f.s.cell[2][l];
  check_ok(afb_piece_domain(MPI_COMM_WORLD, &slice, first, 3, &piece));
  afb_status status = afb_neighbours_find(&piece, N_ELEMENTS, cutoff, NULL, 0, piece.n_own, &list);
  check_true(status == AFB_OK || (status == AFB_E_INPUT && list.bad_frame == 0));
  check_true(afb_agree(MPI_COMM_WORLD, status) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "atoms 5 and 41 are on top of each other"));
  afb_piece_clear(&piece);
  memset(slice.cell[1], 0, sizeof slice.cell[1]);
  check_true(afb_piece_domain(MPI_COMM_WORLD, &slice, first, 3, &piece) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "volume"));
  afb_neighbours_clear(&list);
  brute_free(&f);
}

static int begin(void **state)
{
  (void)state;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  return 0;
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test_setup(every_periodicity, begin),
  cmocka_unit_test(thin_domains),
  cmocka_unit_test(uneven_atoms),
  cmocka_unit_test(neighbours_at_the_cutoff),
  cmocka_unit_test(wide_rows),
  cmocka_unit_test(wrong_input_is_named),
};
CHECK_MAIN(tests)
